//! What is wrong with a policy, and where.

use std::fmt;
use std::ops::Range;

use crate::extract::near::Near;

/// One mistake in a policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    /// Line of the file, from one.
    pub line: usize,
    /// Character of the line, from one.
    pub column: usize,
    /// Where it stands, as a dotted key: `fields."PID-3".usage`; empty for the file itself.
    pub place: String,
    /// What was found.
    pub found: String,
    /// What was expected.
    pub expected: String,
    /// What may have been meant.
    pub nearest: Option<String>,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: ", self.line, self.column)?;
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        write!(f, "found {}, expected {}", self.found, self.expected)?;
        match &self.nearest {
            Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
            None => Ok(()),
        }
    }
}

/// All mistakes in a policy file, in the order of the file; one at least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyErrors(Vec<PolicyError>);

impl PolicyErrors {
    /// The mistakes.
    #[must_use]
    pub fn list(&self) -> &[PolicyError] {
        &self.0
    }
}

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let line_break = if index == 0 { "" } else { "\n" };
            write!(f, "{line_break}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for PolicyErrors {}

/// A mistake at a stretch of the file.
#[derive(Debug)]
pub(super) struct Mistake {
    pub(super) span: Range<usize>,
    pub(super) place: String,
    pub(super) found: String,
    pub(super) expected: String,
    pub(super) nearest: Option<String>,
}

/// The line of a byte of a text and the character of that line, both from one; a place that is no byte of it is its end.
#[must_use]
pub fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line..].chars().count() + 1)
}

/// Gives mistakes the lines and columns of a text.
pub(super) fn located(text: &str, mut mistakes: Vec<Mistake>) -> PolicyErrors {
    mistakes.sort_by_key(|mistake| mistake.span.start);
    let locate = |mistake: Mistake| {
        let (line, column) = line_and_column(text, mistake.span.start);
        PolicyError {
            line,
            column,
            place: mistake.place,
            found: mistake.found,
            expected: mistake.expected,
            nearest: mistake.nearest,
        }
    };
    PolicyErrors(mistakes.into_iter().map(locate).collect())
}

/// The known name that is nearest to a written one, if one is near; upper and lower case are the same.
pub(super) fn nearest<'n>(
    written: &str,
    known: impl IntoIterator<Item = &'n str>,
) -> Option<String> {
    let written = written.to_ascii_lowercase();
    let mut best: Option<(Near, &str)> = None;
    for name in known {
        let Some(near) = Near::of(written.as_bytes(), name.to_ascii_lowercase().as_bytes()) else {
            continue;
        };
        if best.is_none_or(|(other, _)| near.is_nearer(other)) {
            best = Some((near, name));
        }
    }
    best.map(|(_, name)| name.to_owned())
}
