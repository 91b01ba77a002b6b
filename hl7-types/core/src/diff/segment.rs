//! Differences between segments.

use std::fmt;

use super::{Change, ElementChange, elements, renamed};
use crate::desc::SegmentDesc;

/// One difference between a segment of two versions.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum SegmentChange {
    /// The segment has another name.
    Renamed(Change<&'static str>),
    /// A field changed.
    Field {
        /// Its position, counted from one.
        seq: usize,
        /// What became of it.
        change: ElementChange,
    },
}

impl fmt::Display for SegmentChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Renamed(change) => write!(f, "renamed: {change}"),
            Self::Field { seq, change } => write!(f, "field {seq}, {change}"),
        }
    }
}

/// What changed in a segment.
///
/// ```
/// use hl7_core::desc::{ElementDesc, SegmentDesc};
/// use hl7_core::diff;
/// use hl7_core::node::Field;
/// use hl7_core::primitives::{Nm, St};
///
/// static OLD: SegmentDesc =
///     SegmentDesc::new("ZPT", "Pet", &[ElementDesc::new("Age", "age", St::DATATYPE)]);
/// static NEW: SegmentDesc =
///     SegmentDesc::new("ZPT", "Pet", &[ElementDesc::new("Age", "age", Nm::DATATYPE)]);
///
/// assert_eq!(diff::segment(&OLD, &NEW)[0].to_string(), "field 1, datatype: ST → NM");
/// ```
#[must_use]
pub fn segment(old: &'static SegmentDesc, new: &'static SegmentDesc) -> Vec<SegmentChange> {
    let fields = elements(old.fields, new.fields).into_iter();
    let fields = fields.map(|(seq, change)| SegmentChange::Field { seq, change });
    renamed(old.name, new.name).map(SegmentChange::Renamed).into_iter().chain(fields).collect()
}
