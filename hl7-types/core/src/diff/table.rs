//! Differences between tables.

use std::fmt;

use super::{Change, by_key, renamed};
use crate::desc::{Code, TableDesc, TableKind};

/// One difference between a table of two versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableChange {
    /// The table has another name.
    Renamed(Change<&'static str>),
    /// Somebody else maintains it.
    Kind(Change<TableKind>),
    /// A code, or the form of codes, is new.
    Added(Code),
    /// A code, or the form of codes, is no longer there.
    Removed(Code),
    /// A code has another label.
    Relabelled(Change<Code>),
}

impl fmt::Display for TableChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Renamed(change) => write!(f, "renamed: {change}"),
            Self::Kind(change) => write!(f, "maintained: {}", change.map(kind)),
            Self::Added(code) => write!(f, "added: {} ({})", code.code, code.label),
            Self::Removed(code) => write!(f, "removed: {} ({})", code.code, code.label),
            Self::Relabelled(change) => {
                write!(f, "relabelled: {} ({})", change.new.code, change.map(|code| code.label))
            }
        }
    }
}

fn kind(kind: TableKind) -> &'static str {
    match kind {
        TableKind::Hl7 => "HL7",
        TableKind::User => "user",
        TableKind::Other => "other",
    }
}

/// What changed in a table. A label written in other capitals is no change.
///
/// ```
/// use hl7_core::desc::{Code, TableDesc, TableKind};
/// use hl7_core::diff;
///
/// const CAT: Code = Code::new("C", "Cat");
/// const DOG: Code = Code::new("D", "Dog");
/// static OLD: TableDesc = table(&[CAT]);
/// static NEW: TableDesc = table(&[CAT, DOG]);
///
/// const fn table(codes: &'static [Code]) -> TableDesc {
///     TableDesc { id: "9001", name: "Species", kind: TableKind::User, codes, patterns: &[] }
/// }
///
/// assert_eq!(diff::table(&OLD, &NEW)[0].to_string(), "added: D (Dog)");
/// ```
#[must_use]
pub fn table(old: &'static TableDesc, new: &'static TableDesc) -> Vec<TableChange> {
    let all = |table: &'static TableDesc| table.codes.iter().chain(table.patterns).copied();
    let codes = by_key(all(old), all(new), |code| code.code);
    [
        renamed(old.name, new.name).map(TableChange::Renamed),
        Change::of(old.kind, new.kind).map(TableChange::Kind),
    ]
    .into_iter()
    .flatten()
    .chain(codes.filter_map(|(old, new)| code(old, new)))
    .collect()
}

fn code(old: Option<Code>, new: Option<Code>) -> Option<TableChange> {
    match (old, new) {
        (Some(old), Some(new)) => {
            renamed(old.label, new.label)?;
            Some(TableChange::Relabelled(Change { old, new }))
        }
        (Some(old), None) => Some(TableChange::Removed(old)),
        (None, new) => new.map(TableChange::Added),
    }
}
