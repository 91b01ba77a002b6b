//! How facts are written in a change: as the standard's tables do.

use std::fmt;

use crate::desc::{ElementDesc, Length, MANY, MemberDesc};

/// How often something may and must stand: `1..*`.
///
/// ```
/// use hl7_core::desc::MANY;
/// use hl7_core::diff::Cardinality;
///
/// assert_eq!(Cardinality { min: 1, max: MANY }.to_string(), "1..*");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cardinality {
    /// At least this often.
    pub min: u16,
    /// At most this often, [`MANY`] for no limit.
    pub max: u16,
}

impl From<&ElementDesc> for Cardinality {
    fn from(element: &ElementDesc) -> Self {
        Self { min: element.min, max: element.max }
    }
}

impl From<&MemberDesc> for Cardinality {
    fn from(member: &MemberDesc) -> Self {
        Self { min: member.min, max: member.max }
    }
}

impl fmt::Display for Cardinality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.max {
            MANY => write!(f, "{}..*", self.min),
            max => write!(f, "{}..{max}", self.min),
        }
    }
}

/// `1..4 20#`: from one to four characters, twenty to be stored, longer ones truncated. What is not stated is not
/// written; of a length that states nothing, nothing is left.
///
/// ```
/// use hl7_core::desc::Length;
///
/// assert_eq!(Length { min: 1, max: 4, conformance: 20, truncatable: true }.to_string(), "1..4 20#");
/// assert_eq!(Length { max: 250, ..Length::default() }.to_string(), "250");
/// assert_eq!(Length::default().to_string(), "");
/// ```
impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.min, self.max) {
            (0, 0) => {}
            (0, max) => write!(f, "{max}")?,
            (min, 0) => write!(f, "{min}..")?,
            (min, max) => write!(f, "{min}..{max}")?,
        }
        let blank = if self.min == 0 && self.max == 0 { "" } else { " " };
        match (self.conformance, self.truncatable) {
            (0, _) => Ok(()),
            (stored, true) => write!(f, "{blank}{stored}#"),
            (stored, false) => write!(f, "{blank}{stored}="),
        }
    }
}

/// A text, or `none` for an empty one.
pub(super) fn or_none(text: String) -> String {
    if text.is_empty() { "none".to_owned() } else { text }
}
