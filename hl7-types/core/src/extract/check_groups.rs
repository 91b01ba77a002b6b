//! Whether a message structure has the groups that a struct names.

use crate::desc::{GroupDesc, MemberKind, StructureDesc, VersionDesc};

use super::near::{Near, same};
use super::text::Text;

/// A chain of groups, if a message of a version has it; else it fails to compile.
///
/// # Panics
/// There; it says which group is not known, and the nearest that is.
#[track_caller]
pub const fn checked_group(version: &'static VersionDesc, chain: &'static str) -> &'static str {
    if let Some(wrong) = Search::of(version.structures, chain) {
        let text = Text::new().str("`").str(chain).str("`: no message of version ");
        let text = wrong.explain(text.str(version.id).str(" has a group "));
        panic!("{}", text.as_str());
    }
    chain
}

/// A chain of groups, if a message has it; else it fails to compile.
///
/// # Panics
/// There; it says which group is not known, and the nearest that is.
#[track_caller]
pub const fn checked_group_of(
    structure: &'static StructureDesc,
    chain: &'static str,
) -> &'static str {
    if let Some(wrong) = Search::of(&[structure], chain) {
        let text = Text::new().str("`").str(chain).str("`: ").str(structure.id);
        let text = wrong.explain(text.str(" has no group "));
        panic!("{}", text.as_str());
    }
    chain
}

/// The first name of a chain that no group has.
struct Unknown {
    /// The chain up to it.
    before: &'static [u8],
    name: &'static [u8],
    near: Option<(Near, &'static str)>,
}

impl Unknown {
    const fn explain(self, text: Text) -> Text {
        let text = text.bytes(self.name);
        let text = match self.before {
            [] => text,
            before => text.str(" directly in ").bytes(before),
        };
        let Some((_, near)) = self.near else { return text };
        let text = text.str("; did you mean `").bytes(self.before);
        let text = if self.before.is_empty() { text } else { text.str(".") };
        text.str(near).str("`?")
    }
}

/// Looks for a chain of groups in structures.
struct Search {
    chain: &'static [u8],
    /// How many names of the chain were found in a row.
    found: usize,
    /// The group that is nearest to the first name behind those.
    near: Option<(Near, &'static str)>,
}

impl Search {
    /// What is wrong with a chain, if something is.
    const fn of(structures: &[&'static StructureDesc], chain: &'static str) -> Option<Unknown> {
        let mut search = Self { chain: chain.as_bytes(), found: 0, near: None };
        let names = search.names();
        let mut at = 0;
        while at < structures.len() && search.found < names {
            search.anywhere(structures[at].root);
            at += 1;
        }
        if search.found == names {
            return None;
        }
        let name = search.name(search.found);
        let (before, _) = search.chain.split_at(search.start(search.found).saturating_sub(1));
        Some(Unknown { before, name, near: search.near })
    }

    const fn names(&self) -> usize {
        let (mut names, mut at) = (1, 0);
        while at < self.chain.len() {
            names += (self.chain[at] == b'.') as usize;
            at += 1;
        }
        names
    }

    /// Where a name of the chain starts.
    const fn start(&self, number: usize) -> usize {
        let (mut left, mut at) = (number, 0);
        while left > 0 && at < self.chain.len() {
            left -= (self.chain[at] == b'.') as usize;
            at += 1;
        }
        at
    }

    const fn name(&self, number: usize) -> &'static [u8] {
        let (_, name) = self.chain.split_at(self.start(number));
        let mut end = 0;
        while end < name.len() && name[end] != b'.' {
            end += 1;
        }
        name.split_at(end).0
    }

    /// Looks for the chain from each group that stands in this one, at any depth.
    const fn anywhere(&mut self, group: &'static GroupDesc) {
        let mut at = 0;
        while at < group.members.len() {
            match group.members[at].kind {
                MemberKind::Group(inner) => {
                    self.from(inner, 0);
                    self.anywhere(inner);
                }
                MemberKind::Choice(inner) => self.anywhere(inner),
                MemberKind::Segment(_) | MemberKind::Any(_) => {}
            }
            at += 1;
        }
    }

    /// Looks for a name of the chain in a group, and for those behind it in what stands there.
    const fn from(&mut self, group: &'static GroupDesc, number: usize) {
        if !same(group.name.as_bytes(), self.name(number)) {
            if number == self.found {
                self.offer(group.name);
            }
            return;
        }
        if self.found <= number {
            self.found = number + 1;
            self.near = None;
        }
        if number + 1 < self.names() {
            self.inside(group, number + 1);
        }
    }

    const fn inside(&mut self, group: &'static GroupDesc, number: usize) {
        let mut at = 0;
        while at < group.members.len() {
            match group.members[at].kind {
                MemberKind::Group(inner) => self.from(inner, number),
                MemberKind::Choice(inner) => self.inside(inner, number),
                MemberKind::Segment(_) | MemberKind::Any(_) => {}
            }
            at += 1;
        }
    }

    const fn offer(&mut self, name: &'static str) {
        let Some(near) = Near::of(self.name(self.found), name.as_bytes()) else { return };
        match self.near {
            Some((other, _)) if !near.is_nearer(other) => {}
            _ => self.near = Some((near, name)),
        }
    }
}
