//! Differences between fields, and between components.

use std::fmt;

use super::notation::or_none;
use super::{Cardinality, Change, renamed};
use crate::desc::{DatatypeDesc, ElementDesc, Length, TableDesc, Usage};

/// One difference between the fields or components at a position of two versions.
///
/// ```
/// use hl7_core::desc::ElementDesc;
/// use hl7_core::diff::{self, Change, ElementChange};
/// use hl7_core::node::Field;
/// use hl7_core::primitives::St;
///
/// static OLD: ElementDesc = ElementDesc::new("Breed", "breed", St::DATATYPE);
/// static NEW: ElementDesc = ElementDesc::withdrawn("Breed", "breed");
///
/// let changes = diff::element(&OLD, &NEW);
/// assert!(matches!(changes[..], [ElementChange::Withdrawn(Change { .. })]));
/// assert_eq!(changes[0].to_string(), "withdrawn: Breed (ST)");
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum ElementChange {
    /// The position is new.
    Added(&'static ElementDesc),
    /// The position is no longer there.
    Removed(&'static ElementDesc),
    /// The position is kept and must stay empty: its usage became `W`, or it lost its datatype.
    Withdrawn(Change<&'static ElementDesc>),
    /// The position was withdrawn and is in use again.
    Restored(Change<&'static ElementDesc>),
    /// It has another name.
    Renamed(Change<&'static str>),
    /// It has another datatype.
    Retyped(Change<&'static DatatypeDesc>),
    /// It has another optionality.
    Usage(Change<Usage>),
    /// It may repeat more often or less often.
    Cardinality(Change<Cardinality>),
    /// Its length changed: the minimum, the maximum, or the conformance length.
    Length(Change<Length>),
    /// Its codes are of another table, or of one for the first time, or of none any more.
    Table(Change<Option<&'static TableDesc>>),
}

impl fmt::Display for ElementChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Added(new) => write!(f, "added: {}", Named(new)),
            Self::Removed(old) => write!(f, "removed: {}", Named(old)),
            Self::Withdrawn(change) => write!(f, "withdrawn: {}", Named(change.old)),
            Self::Restored(change) => write!(f, "restored: {}", Named(change.new)),
            Self::Renamed(change) => write!(f, "renamed: {change}"),
            Self::Retyped(change) => write!(f, "datatype: {}", change.map(|datatype| datatype.id)),
            Self::Usage(change) => write!(f, "usage: {}", change.map(Usage::code)),
            Self::Cardinality(change) => write!(f, "cardinality: {change}"),
            Self::Length(change) => {
                write!(f, "length: {}", change.map(|length| or_none(length.to_string())))
            }
            Self::Table(change) => {
                let id = |table: Option<&'static TableDesc>| table.map_or("none", |table| table.id);
                write!(f, "table: {}", change.map(id))
            }
        }
    }
}

/// `Breed (ST)`; without a datatype `Breed (withdrawn)`.
struct Named(&'static ElementDesc);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let make = self.0.datatype.map_or("withdrawn", |datatype| datatype.id);
        write!(f, "{} ({make})", self.0.name)
    }
}

/// What changed in a field or component.
///
/// Of one that was withdrawn or came back, nothing else is told: the change holds both descriptors.
///
/// ```
/// use hl7_core::desc::{ElementDesc, Usage};
/// use hl7_core::diff;
/// use hl7_core::node::Field;
/// use hl7_core::primitives::St;
///
/// static OLD: ElementDesc = ElementDesc::new("Breed", "breed", St::DATATYPE);
/// static NEW: ElementDesc = ElementDesc::new("Breed", "breed", St::DATATYPE).usage(Usage::B);
///
/// assert_eq!(diff::element(&OLD, &NEW)[0].to_string(), "usage: O → B");
/// assert!(diff::element(&OLD, &OLD).is_empty());
/// ```
#[must_use]
pub fn element(old: &'static ElementDesc, new: &'static ElementDesc) -> Vec<ElementChange> {
    match (is_withdrawn(old), is_withdrawn(new)) {
        (true, true) => Vec::new(),
        (false, true) => vec![ElementChange::Withdrawn(Change { old, new })],
        (true, false) => vec![ElementChange::Restored(Change { old, new })],
        (false, false) => facts(old, new),
    }
}

fn is_withdrawn(element: &ElementDesc) -> bool {
    element.usage == Usage::W || element.datatype.is_none()
}

fn facts(old: &'static ElementDesc, new: &'static ElementDesc) -> Vec<ElementChange> {
    let retyped = match (old.datatype, new.datatype) {
        (Some(old), Some(new)) if old.id != new.id => Some(Change { old, new }),
        _ => None,
    };
    let id = |table: Option<&TableDesc>| table.map(|table| table.id);
    let other_table = id(old.table) != id(new.table);
    let table = other_table.then_some(Change { old: old.table, new: new.table });
    let cardinality = Change::of(Cardinality::from(old), Cardinality::from(new));
    [
        renamed(old.name, new.name).map(ElementChange::Renamed),
        retyped.map(ElementChange::Retyped),
        Change::of(old.usage, new.usage).map(ElementChange::Usage),
        cardinality.map(ElementChange::Cardinality),
        Change::of(old.length, new.length).map(ElementChange::Length),
        table.map(ElementChange::Table),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What changed in a list of fields or components, each with its position, counted from one.
///
/// ```
/// use hl7_core::desc::ElementDesc;
/// use hl7_core::diff;
/// use hl7_core::node::Field;
/// use hl7_core::primitives::St;
///
/// static OLD: [ElementDesc; 1] = [ElementDesc::new("Name", "name", St::DATATYPE)];
/// static NEW: [ElementDesc; 2] = [
///     ElementDesc::new("Name", "name", St::DATATYPE),
///     ElementDesc::new("Breed", "breed", St::DATATYPE),
/// ];
///
/// let changes = diff::elements(&OLD, &NEW);
/// assert_eq!(changes[0].0, 2);
/// assert_eq!(changes[0].1.to_string(), "added: Breed (ST)");
/// ```
#[must_use]
pub fn elements(
    old: &'static [ElementDesc],
    new: &'static [ElementDesc],
) -> Vec<(usize, ElementChange)> {
    let at = |index: usize| match (old.get(index), new.get(index)) {
        (Some(old), Some(new)) => element(old, new),
        (Some(old), None) => vec![ElementChange::Removed(old)],
        (None, Some(new)) => vec![ElementChange::Added(new)],
        (None, None) => Vec::new(),
    };
    let numbered = |index: usize| at(index).into_iter().map(move |change| (index + 1, change));
    (0..old.len().max(new.len())).flat_map(numbered).collect()
}
