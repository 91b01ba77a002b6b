//! What makes an extraction fail: where, and why, without what the message says there.

use std::fmt;

use crate::error::DecodeError;
use crate::reading::ValueError;

/// Why what a path names could not be read as the type of a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// There is nothing.
    #[error("expected a value, found nothing")]
    Absent,
    /// There is an explicit null, which deletes a value (section 2.10.1).
    #[error("expected a value, found a null")]
    Null,
    /// There is something else.
    #[error(transparent)]
    Wrong(#[from] ValueError),
}

/// Why a struct could not be taken from a message.
///
/// It names the field of the struct and the path in the message, and shows of what was found the shape only: letters as
/// `x`, digits as `9`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtractError {
    /// The field, and the fields and occurrences that it is nested in, outermost first.
    fields: Vec<(&'static str, Option<usize>)>,
    place: String,
    problem: Problem,
}

/// The kinds of [`ExtractError`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// What stands there is not what the field takes.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// A group was asked for, and MSH-9 names no structure that the version has, so nobody knows the groups.
    #[error("MSH-9 names no structure of this version, so the groups of the message are not known")]
    NoStructure,
    /// The bytes are no message.
    #[error(transparent)]
    Message(#[from] DecodeError),
}

impl ExtractError {
    pub(super) fn new(
        field: &'static str,
        place: impl Into<String>,
        problem: impl Into<Problem>,
    ) -> Self {
        Self { fields: vec![(field, None)], place: place.into(), problem: problem.into() }
    }

    /// The same, seen from the struct that has the struct with the error in a field.
    pub(super) fn within(mut self, field: &'static str, occurrence: Option<usize>) -> Self {
        self.fields.insert(0, (field, occurrence));
        self
    }

    /// The field of the struct, with those that it is nested in: `orders[2].placer`. Empty where the bytes are no
    /// message.
    #[must_use]
    pub fn field(&self) -> String {
        let mut out = String::new();
        for (field, occurrence) in &self.fields {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(field);
            if let Some(occurrence) = occurrence {
                out.push_str(&format!("[{occurrence}]"));
            }
        }
        out
    }

    /// The path, segment or group that the field names, within the innermost group or segment. Empty where the field
    /// takes all of the message.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What is wrong.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl From<DecodeError> for ExtractError {
    fn from(error: DecodeError) -> Self {
        Self { fields: Vec::new(), place: String::new(), problem: error.into() }
    }
}

impl fmt::Display for ExtractError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.fields[..], &self.place[..]) {
            ([], _) => {}
            (_, "") => write!(f, "`{}`: ", self.field())?,
            (_, place) => write!(f, "{place} (`{}`): ", self.field())?,
        }
        self.problem.fmt(f)
    }
}

impl std::error::Error for ExtractError {}
