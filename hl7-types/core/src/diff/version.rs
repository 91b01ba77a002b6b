//! Differences between whole versions.

use super::{
    Change, DatatypeChange, SegmentChange, StructureChange, TableChange, by_key, datatype, segment,
    structure, table,
};
use crate::desc::{DatatypeDesc, EventDesc, SegmentDesc, StructureDesc, TableDesc, VersionDesc};

/// Everything that changed between two versions.
#[derive(Debug, Clone)]
pub struct VersionDiff {
    /// Segments.
    pub segments: Items<&'static SegmentDesc, SegmentChange>,
    /// Datatypes.
    pub datatypes: Items<&'static DatatypeDesc, DatatypeChange>,
    /// Tables.
    pub tables: Items<&'static TableDesc, TableChange>,
    /// Message structures.
    pub structures: Items<&'static StructureDesc, StructureChange>,
    /// Events; the only change of one is that it has another structure.
    pub events: Items<&'static EventDesc, Change<&'static str>>,
}

impl VersionDiff {
    /// Whether the versions say the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
            && self.datatypes.is_empty()
            && self.tables.is_empty()
            && self.structures.is_empty()
            && self.events.is_empty()
    }
}

/// What changed among things of one kind, each list sorted by id.
#[derive(Debug, Clone)]
pub struct Items<T, C> {
    /// What the newer version has and the older has not.
    pub added: Vec<T>,
    /// What the older version has and the newer has not.
    pub removed: Vec<T>,
    /// What both have and say different things about.
    pub changed: Vec<Changed<T, C>>,
}

/// Something that both versions have and say different things about.
#[derive(Debug, Clone)]
pub struct Changed<T, C> {
    /// As each describes it.
    pub item: Change<T>,
    /// What changed, one thing at least.
    pub changes: Vec<C>,
}

impl<T, C> Items<T, C> {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

impl<T: Copy, C> Items<T, C> {
    /// Compares what two versions have, by a key.
    fn of<K: Ord>(
        versions: Change<impl IntoIterator<Item = T>>,
        key: impl Fn(T) -> K,
        compare: impl Fn(T, T) -> Vec<C>,
    ) -> Self {
        let mut items = Self { added: Vec::new(), removed: Vec::new(), changed: Vec::new() };
        for sides in by_key(versions.old, versions.new, key) {
            match sides {
                (Some(old), Some(new)) => {
                    let changes = compare(old, new);
                    if !changes.is_empty() {
                        items.changed.push(Changed { item: Change { old, new }, changes });
                    }
                }
                (Some(old), None) => items.removed.push(old),
                (None, new) => items.added.extend(new),
            }
        }
        items
    }
}

/// What changed between two versions.
///
/// ```
/// use hl7_core::desc::{SegmentDesc, VersionDesc};
/// use hl7_core::diff;
///
/// static MSH: SegmentDesc = SegmentDesc::new("MSH", "Header", &[]);
/// static ZPT: SegmentDesc = SegmentDesc::new("ZPT", "Pet", &[]);
/// static OLD: VersionDesc = version("1", &[&MSH]);
/// static NEW: VersionDesc = version("2", &[&MSH, &ZPT]);
///
/// const fn version(
///     id: &'static str,
///     segments: &'static [&'static SegmentDesc],
/// ) -> VersionDesc {
///     VersionDesc { id, segments, datatypes: &[], tables: &[], structures: &[], events: &[] }
/// }
///
/// let diff = diff::version(&OLD, &NEW);
/// assert_eq!(diff.segments.added[0].id, "ZPT");
/// assert!(diff.segments.removed.is_empty() && diff.segments.changed.is_empty());
/// ```
#[must_use]
pub fn version(old: &'static VersionDesc, new: &'static VersionDesc) -> VersionDiff {
    let versions = Change { old, new };
    let all_segments = versions.map(|version| version.segments.iter().copied());
    let all_datatypes = versions.map(|version| version.datatypes.iter().copied());
    let all_tables = versions.map(|version| version.tables.iter().copied());
    let all_structures = versions.map(|version| version.structures.iter().copied());
    VersionDiff {
        segments: Items::of(all_segments, |segment| segment.id, segment),
        datatypes: Items::of(all_datatypes, |datatype| datatype.id, datatype),
        tables: Items::of(all_tables, |table| table.id, table),
        structures: Items::of(all_structures, |structure| structure.id, structure),
        events: events(versions.map(|version| version.events)),
    }
}

fn events(events: Change<&'static [EventDesc]>) -> Items<&'static EventDesc, Change<&'static str>> {
    Items::of(
        events,
        |event| (event.message, event.trigger),
        |old, new| Change::of(old.structure, new.structure).into_iter().collect(),
    )
}
