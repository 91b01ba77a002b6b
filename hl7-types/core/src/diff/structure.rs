//! Differences between message structures.

use std::fmt;
use std::mem::discriminant;

use super::{Cardinality, Change, renamed};
use crate::desc::{GroupDesc, MemberDesc, MemberKind, StructureDesc};

/// One difference between two structures, and where it is.
#[derive(Debug, Clone)]
pub struct StructureChange {
    /// The groups around the member, outermost first, as the newer version names them; none at the top.
    pub groups: Vec<&'static str>,
    /// What became of the member.
    pub change: MemberChange,
}

/// What became of a member: a segment, a group, or a choice.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum MemberChange {
    /// It is new; of a group, with all that is in it.
    Added {
        /// The member.
        new: &'static MemberDesc,
        /// The member in front of it, if it is not the first.
        after: Option<&'static MemberDesc>,
    },
    /// It is no longer there; of a group, nor is anything that was in it.
    Removed {
        /// The member.
        old: &'static MemberDesc,
        /// The member that was in front of it, if it was not the first.
        after: Option<&'static MemberDesc>,
    },
    /// It stands at another place of its group.
    Moved {
        /// The member.
        member: Change<&'static MemberDesc>,
        /// The member that is in front of it now, if it is not the first.
        after: Option<&'static MemberDesc>,
    },
    /// A group or choice that starts with the same segment has another name. No message shows it: structs do.
    Renamed(Change<&'static MemberDesc>),
    /// It may or must stand more often or less often.
    Cardinality(Change<&'static MemberDesc>),
}

impl MemberChange {
    /// The member in the newer version; one that was removed, in the older.
    #[must_use]
    pub fn member(&self) -> &'static MemberDesc {
        match *self {
            Self::Added { new, .. } => new,
            Self::Removed { old, .. } => old,
            Self::Moved { member, .. } => member.new,
            Self::Renamed(change) | Self::Cardinality(change) => change.new,
        }
    }
}

impl StructureChange {
    /// The names of the groups and the member, with points: `PATIENT_RESULT.PATIENT.NK1`.
    #[must_use]
    pub fn path(&self) -> String {
        let mut names = self.groups.clone();
        names.push(self.change.member().name());
        names.join(".")
    }
}

impl fmt::Display for StructureChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path();
        match self.change {
            MemberChange::Added { new, after } => {
                write!(f, "added: {path} {}{}", Cardinality::from(new), After(after))
            }
            MemberChange::Removed { old, after } => {
                write!(f, "removed: {path} {}{}", Cardinality::from(old), After(after))
            }
            MemberChange::Moved { after, .. } => write!(f, "moved: {path}{}", After(after)),
            MemberChange::Renamed(change) => {
                write!(f, "renamed: {path}, was {}", change.old.name())
            }
            MemberChange::Cardinality(change) => {
                write!(f, "cardinality: {path} {}", change.map(Cardinality::from))
            }
        }
    }
}

/// `, after PID`
struct After(Option<&'static MemberDesc>);

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(member) => write!(f, ", after {}", member.name()),
            None => write!(f, ", first"),
        }
    }
}

/// What changed in a structure, in its order.
///
/// A group may hold a segment more than once (`ROL`), so members are matched by name *and* order: as many as possible
/// keep their place, and what is left over was added, removed, or moved. The ids of the structures may differ; what a
/// message of one event became is seen by comparing the structures that it has in each version.
///
/// ```
/// use hl7_core::desc::{GroupDesc, MANY, MemberDesc, MemberKind, SegmentDesc, StructureDesc};
/// use hl7_core::diff;
///
/// static MSH: SegmentDesc = SegmentDesc::new("MSH", "Header", &[]);
/// static ZPT: SegmentDesc = SegmentDesc::new("ZPT", "Pet", &[]);
/// const HEADER: MemberDesc = MemberDesc::new("msh", 1, 1, MemberKind::Segment(&MSH));
/// const PET: MemberDesc = MemberDesc::new("zpt", 1, 1, MemberKind::Segment(&ZPT));
/// const PETS: MemberDesc = MemberDesc::new("zpt", 1, MANY, MemberKind::Segment(&ZPT));
///
/// static ONE: GroupDesc = GroupDesc { name: "ZPA_Z01", members: &[HEADER, PET] };
/// static ALL: GroupDesc = GroupDesc { name: "ZPA_Z01", members: &[HEADER, PETS] };
/// static OLD: StructureDesc = StructureDesc::new("ZPA_Z01", None, &ONE);
/// static NEW: StructureDesc = StructureDesc::new("ZPA_Z01", None, &ALL);
///
/// assert_eq!(diff::structure(&OLD, &NEW)[0].to_string(), "cardinality: ZPT 1..1 → 1..*");
/// ```
#[must_use]
pub fn structure(old: &'static StructureDesc, new: &'static StructureDesc) -> Vec<StructureChange> {
    let mut changes = Vec::new();
    compare(Change { old: old.root, new: new.root }, &[], &mut changes);
    changes
}

/// Compares two groups and the groups in them.
fn compare(
    group: Change<&'static GroupDesc>,
    groups: &[&'static str],
    changes: &mut Vec<StructureChange>,
) {
    let members = group.map(|group| group.members);
    for row in rows(members) {
        let found = row.changes(members).into_iter();
        changes.extend(found.map(|change| StructureChange { groups: groups.to_vec(), change }));
        let inner = |side: Option<usize>, members: &'static [MemberDesc]| {
            side.and_then(|at| inner(&members[at]))
        };
        if let (Some(old), Some(new)) = (inner(row.old, members.old), inner(row.new, members.new)) {
            let mut groups = groups.to_vec();
            groups.push(new.name);
            compare(Change { old, new }, &groups, changes);
        }
    }
}

fn inner(member: &MemberDesc) -> Option<&'static GroupDesc> {
    match member.kind {
        MemberKind::Group(group) | MemberKind::Choice(group) => Some(group),
        MemberKind::Segment(_) | MemberKind::Any(_) => None,
    }
}

/// Where a member stands in each version.
struct Row {
    old: Option<usize>,
    new: Option<usize>,
    moved: bool,
}

impl Row {
    fn changes(&self, members: Change<&'static [MemberDesc]>) -> Vec<MemberChange> {
        let Change { old, new } = members;
        let before = |members: &'static [MemberDesc], at: usize| members[..at].last();
        match (self.old, self.new) {
            (Some(at), None) => {
                vec![MemberChange::Removed { old: &old[at], after: before(old, at) }]
            }
            (None, Some(at)) => {
                vec![MemberChange::Added { new: &new[at], after: before(new, at) }]
            }
            (Some(was), Some(is)) => {
                let member = Change { old: &old[was], new: &new[is] };
                let moved = MemberChange::Moved { member, after: before(new, is) };
                let other_name = renamed(member.old.name(), member.new.name()).is_some();
                let cardinality = member.map(Cardinality::from);
                let other = cardinality.old != cardinality.new;
                [
                    other_name.then_some(MemberChange::Renamed(member)),
                    self.moved.then_some(moved),
                    other.then_some(MemberChange::Cardinality(member)),
                ]
                .into_iter()
                .flatten()
                .collect()
            }
            (None, None) => Vec::new(),
        }
    }
}

/// Matches the members of two groups.
fn rows(members: Change<&'static [MemberDesc]>) -> Vec<Row> {
    let mut rows = align(members);
    join(&mut rows, |old, new| same(&members.old[old], &members.new[new]), true);
    join(&mut rows, |old, new| is_renamed(&members.old[old], &members.new[new]), false);
    rows
}

fn same(old: &MemberDesc, new: &MemberDesc) -> bool {
    old.name() == new.name() && discriminant(&old.kind) == discriminant(&new.kind)
}

/// Whether a group is another one by another name.
fn is_renamed(old: &MemberDesc, new: &MemberDesc) -> bool {
    let groups = inner(old).is_some() && discriminant(&old.kind) == discriminant(&new.kind);
    groups && old.first_segment() == new.first_segment()
}

/// Joins what is left over of the older version with what is left over of the newer.
fn join(rows: &mut Vec<Row>, fits: impl Fn(usize, usize) -> bool, moved: bool) {
    for index in 0..rows.len() {
        let Row { old: Some(old), new: None, .. } = rows[index] else { continue };
        let partner = rows.iter_mut().find(|row| match (row.old, row.new) {
            (None, Some(new)) => fits(old, new),
            _ => false,
        });
        if let Some(partner) = partner {
            partner.old = Some(old);
            partner.moved = moved;
            rows[index].old = None;
        }
    }
    rows.retain(|row| row.old.is_some() || row.new.is_some());
}

/// Matches as many members as possible without changing the order of either: the longest common subsequence.
fn align(members: Change<&'static [MemberDesc]>) -> Vec<Row> {
    let Change { old, new } = members;
    // How many can be matched from a pair of positions on.
    let mut most = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            most[i][j] = if same(&old[i], &new[j]) {
                most[i + 1][j + 1] + 1
            } else {
                most[i + 1][j].max(most[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut rows) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        let both = i < old.len() && j < new.len();
        let matched = both && same(&old[i], &new[j]);
        let gone = !matched && i < old.len() && (!both || most[i + 1][j] >= most[i][j + 1]);
        let (was, is) = (matched || gone, !gone);
        rows.push(Row { old: was.then_some(i), new: is.then_some(j), moved: false });
        i += usize::from(was);
        j += usize::from(is);
    }
    rows
}
