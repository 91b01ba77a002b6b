//! Differences between datatypes.

use std::fmt;
use std::mem::discriminant;

use super::notation::or_none;
use super::{Change, ElementChange, elements, renamed};
use crate::desc::{DatatypeDesc, DatatypeKind, Length};

/// One difference between a datatype of two versions.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum DatatypeChange {
    /// The datatype has another name.
    Renamed(Change<&'static str>),
    /// A primitive became a composite, or the reverse, or its text is formed in another way.
    Kind(Change<DatatypeKind>),
    /// The maximum length of the whole changed; zero where it is not stated.
    Length(Change<u32>),
    /// A component changed.
    Component {
        /// Its position, counted from one.
        seq: usize,
        /// What became of it.
        change: ElementChange,
    },
}

impl fmt::Display for DatatypeChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Renamed(change) => write!(f, "renamed: {change}"),
            Self::Kind(change) => write!(f, "kind: {}", change.map(kind)),
            Self::Length(change) => {
                let length = |max| Length { max, ..Length::default() };
                write!(f, "length: {}", change.map(|max| or_none(length(max).to_string())))
            }
            Self::Component { seq, change } => write!(f, "component {seq}, {change}"),
        }
    }
}

/// `composite`; of a primitive, how its text is formed.
fn kind(kind: DatatypeKind) -> String {
    match kind {
        DatatypeKind::Primitive(format) => format!("{format:?}").to_ascii_lowercase(),
        DatatypeKind::Composite(_) => "composite".to_owned(),
        DatatypeKind::Varies => "varies".to_owned(),
    }
}

/// What changed in a datatype.
///
/// ```
/// use hl7_core::desc::{DatatypeDesc, DatatypeKind, ElementDesc};
/// use hl7_core::diff;
/// use hl7_core::node::Field;
/// use hl7_core::primitives::St;
///
/// const NUMBER: ElementDesc = ElementDesc::new("Number", "number", St::DATATYPE);
/// const LAND: ElementDesc = ElementDesc::new("Land", "land", St::DATATYPE);
/// static OLD: DatatypeDesc =
///     DatatypeDesc::new("ZCH", "Chip", DatatypeKind::Composite(&[NUMBER]), 15);
/// static NEW: DatatypeDesc =
///     DatatypeDesc::new("ZCH", "Chip", DatatypeKind::Composite(&[NUMBER, LAND]), 18);
///
/// let lines: Vec<_> = diff::datatype(&OLD, &NEW).iter().map(ToString::to_string).collect();
/// assert_eq!(lines, ["length: 15 → 18", "component 2, added: Land (ST)"]);
/// ```
#[must_use]
pub fn datatype(old: &'static DatatypeDesc, new: &'static DatatypeDesc) -> Vec<DatatypeChange> {
    let other = discriminant(&old.kind) != discriminant(&new.kind) || old.format() != new.format();
    let kind = other.then_some(Change { old: old.kind, new: new.kind });
    let components = elements(old.components(), new.components()).into_iter();
    let components = components.map(|(seq, change)| DatatypeChange::Component { seq, change });
    [
        renamed(old.name, new.name).map(DatatypeChange::Renamed),
        kind.map(DatatypeChange::Kind),
        Change::of(old.max_len, new.max_len).map(DatatypeChange::Length),
    ]
    .into_iter()
    .flatten()
    .chain(components)
    .collect()
}
