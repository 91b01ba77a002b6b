//! What is wrong with a configuration, and where.

use std::fmt;
use std::ops::Range;

use hl7_core::policy::line_and_column;

/// How alike two keys must be for one to be suggested for the other.
const ALIKE: f64 = 0.75;

/// One mistake in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Line of the file, from one.
    pub line: usize,
    /// Character of the line, from one.
    pub column: usize,
    /// Where it stands, as a dotted key; empty for the file itself.
    pub place: String,
    /// What is wrong, and what would be right.
    pub reason: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: ", self.line, self.column)?;
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(&self.reason)
    }
}

/// All mistakes in a configuration, in the order of the file; one at least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// The mistakes.
    #[must_use]
    pub fn list(&self) -> &[ConfigError] {
        &self.0
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let line_break = if index == 0 { "" } else { "\n" };
            write!(f, "{line_break}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// A mistake at a stretch of the file.
#[derive(Debug)]
pub(super) struct Mistake {
    pub(super) span: Range<usize>,
    pub(super) place: String,
    pub(super) reason: String,
}

/// Gives mistakes the lines and columns of a text.
pub(super) fn located(text: &str, mut mistakes: Vec<Mistake>) -> ConfigErrors {
    mistakes.sort_by_key(|mistake| mistake.span.start);
    let locate = |mistake: Mistake| {
        let (line, column) = line_and_column(text, mistake.span.start);
        ConfigError { line, column, place: mistake.place, reason: mistake.reason }
    };
    ConfigErrors(mistakes.into_iter().map(locate).collect())
}

/// `; did you mean ..?`, where something known is near.
pub(super) fn suggestion<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    let alike = |known| (strsim::jaro_winkler(written, known), known);
    let nearest = known.into_iter().map(alike).max_by(|(a, _), (b, _)| a.total_cmp(b));
    match nearest {
        Some((likeness, known)) if likeness >= ALIKE => format!("; did you mean `{known}`?"),
        _ => String::new(),
    }
}
