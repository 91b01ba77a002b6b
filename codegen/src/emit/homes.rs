//! Which module defines a group.
//!
//! The standard repeats its groups: `INSURANCE` of ADT_A01 is `INSURANCE` of ADT_A04. A group with the same name, members
//! and cardinalities is one type, in the module of the first structure that has it; the others re-export it. So a function
//! over the group serves all of them, and a version compiles in little more than half the time.

use std::collections::BTreeMap;

use crate::model::{Member, MemberKind, Structure, Version};

/// A group, with the structures that have it in the version's order; the first one defines it.
pub(super) struct Home<'m> {
    kind: &'m MemberKind,
    pub(super) structures: Vec<&'m Structure>,
}

/// The homes of all groups and choices of a version, by type name.
pub(super) struct Homes<'m>(BTreeMap<&'m str, Vec<Home<'m>>>);

impl<'m> Homes<'m> {
    pub(super) fn of(version: &'m Version) -> Self {
        let mut homes = Self(BTreeMap::new());
        for structure in &version.structures {
            homes.add(structure, &structure.members);
        }
        homes
    }

    fn add(&mut self, structure: &'m Structure, members: &'m [Member]) {
        for member in members {
            let Some((rust_type, members)) = parts(&member.kind) else { continue };
            let same_name = self.0.entry(rust_type).or_default();
            match same_name.iter_mut().find(|home| *home.kind == member.kind) {
                Some(home) => home.structures.push(structure),
                None => same_name.push(Home { kind: &member.kind, structures: vec![structure] }),
            }
            self.add(structure, members);
        }
    }

    /// The home of a group; none for a segment.
    pub(super) fn find(&self, kind: &MemberKind) -> Option<&Home<'m>> {
        let (rust_type, _) = parts(kind)?;
        self.0.get(rust_type)?.iter().find(|home| home.kind == kind)
    }
}

impl<'m> Home<'m> {
    /// The structure whose module defines it.
    pub(super) fn structure(&self) -> &'m Structure {
        self.structures[0]
    }
}

fn parts(kind: &MemberKind) -> Option<(&str, &[Member])> {
    match kind {
        MemberKind::Group { rust_type, members, .. }
        | MemberKind::Choice { rust_type, members, .. } => Some((rust_type, members)),
        MemberKind::Segment(_) | MemberKind::AnySegment(_) => None,
    }
}
