//! What is wrong in a schema, where, and what to do about it.

use std::fmt;
use std::sync::Arc;

/// A place in a schema file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct At {
    /// The file, as it was named to the reader.
    pub file: Arc<str>,
    /// The line, counted from 1; 0 means the file as a whole.
    pub line: u32,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 { write!(f, ":{}", self.line) } else { Ok(()) }
    }
}

/// One mistake in a schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{at}: {what}\n  help: {help}")]
pub struct Error {
    /// Where it is.
    pub at: At,
    /// What was found, and what was expected instead.
    pub what: String,
    /// What to do about it.
    pub help: String,
}

/// Every mistake that was found, ordered by file and line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Errors(Vec<Error>);

impl Errors {
    /// Notes a mistake.
    pub fn push(&mut self, at: &At, what: impl Into<String>, help: impl Into<String>) {
        self.0.push(Error { at: at.clone(), what: what.into(), help: help.into() });
    }

    /// True when nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of mistakes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The mistakes, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Error> {
        self.0.iter()
    }

    /// `value` if nothing is wrong, else the mistakes in order.
    ///
    /// # Errors
    /// `self`, sorted and without repetitions, when it holds anything.
    pub fn or<T>(mut self, value: T) -> Result<T, Self> {
        if self.0.is_empty() {
            return Ok(value);
        }
        self.0.sort();
        self.0.dedup();
        Err(self)
    }
}

impl<'e> IntoIterator for &'e Errors {
    type Item = &'e Error;
    type IntoIter = std::slice::Iter<'e, Error>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for error in &self.0 {
            writeln!(f, "{error}")?;
        }
        let plural = if self.0.len() == 1 { "mistake" } else { "mistakes" };
        write!(f, "{} {plural} in the schema", self.0.len())
    }
}

impl std::error::Error for Errors {}

/// ", did you mean `x`?" with the candidate nearest to `wanted`, or nothing when none is near.
///
/// Of several at the same distance the first in the order of the alphabet wins, so that the text does
/// not depend on the order of the candidates.
#[must_use]
pub(crate) fn did_you_mean<'c>(
    wanted: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> String {
    let limit = 1 + wanted.chars().count() / 4;
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(wanted, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map_or_else(String::new, |(_, candidate)| format!(", did you mean `{candidate}`?"))
}

/// The number of characters to insert, remove or replace to come from `a` to `b`.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_single_edits() {
        for (a, b, want) in [("", "", 0), ("PID", "PID", 0), ("PID", "PV1", 2), ("CX", "CWE", 2)] {
            assert_eq!(edit_distance(a, b), want, "{a} to {b}");
        }
    }

    #[test]
    fn the_nearest_name_is_suggested_and_ties_go_by_alphabet() {
        assert_eq!(did_you_mean("CXX", ["XCN", "CX", "ST"]), ", did you mean `CX`?");
        assert_eq!(did_you_mean("CY", ["CZ", "CX"]), ", did you mean `CX`?");
        assert_eq!(did_you_mean("ADT_A99", ["ORU_R01"]), "");
    }
}
