//! Groups, and what stands in them.

use std::fmt;
use std::marker::PhantomData;

use crate::decode::Entry;
use crate::desc::VersionDesc;
use crate::tree::Tree;

use super::Segment;
use super::outline::Kept;

/// A group of a message, or the message itself; one that is absent has nothing in it.
#[derive(Clone, Copy)]
pub struct Group<'m> {
    kept: &'m Kept,
    /// The entries that stand in it.
    first: u32,
    end: u32,
    present: bool,
}

/// Where an occurrence of a member stands, or that there is none.
#[derive(Clone, Copy)]
pub struct Occurrence<'m> {
    kept: &'m Kept,
    entry: Option<u32>,
}

/// What may stand as a member of a group: a view of a segment, a group or a choice.
pub trait Member<'m>: Sized {
    /// The view of an occurrence; of one that is absent, an empty view.
    fn of(occurrence: Occurrence<'m>) -> Self;
}

/// The occurrences of a member that repeats.
#[must_use]
pub struct Members<'m, T> {
    group: Group<'m>,
    member: u16,
    of: PhantomData<fn() -> T>,
}

/// Goes through [`Members`].
#[derive(Debug)]
pub struct MembersIter<'m, T> {
    members: Members<'m, T>,
    /// The entry from which on the next one is looked for.
    next: u32,
}

impl<'m> Group<'m> {
    pub(super) fn whole(kept: &'m Kept) -> Self {
        let end = u32::try_from(kept.entries.len()).unwrap_or(u32::MAX);
        Self { kept, first: 0, end, present: true }
    }

    /// Whether something stands in it.
    #[must_use]
    pub fn is_present(self) -> bool {
        self.present
    }

    /// A required member that does not repeat, by its index among the members: an empty one if it is absent.
    #[inline]
    #[must_use]
    pub fn required<T: Member<'m>>(self, member: u16) -> T {
        T::of(Occurrence { kept: self.kept, entry: self.find(member, self.first) })
    }

    /// An optional member that does not repeat, by its index.
    #[inline]
    #[must_use]
    pub fn optional<T: Member<'m>>(self, member: u16) -> Option<T> {
        let entry = Some(self.find(member, self.first)?);
        Some(T::of(Occurrence { kept: self.kept, entry }))
    }

    /// A member that repeats, by its index.
    #[inline]
    pub fn members<T: Member<'m>>(self, member: u16) -> Members<'m, T> {
        Members { group: self, member, of: PhantomData }
    }

    /// The segments that stand in this group, not in one below it, where the structure has no place for them. A view of
    /// one is made from it: `adt.0.strays().find(|stray| stray.id() == Some("ZBD")).map(Zbd)`.
    pub fn strays(self) -> impl Iterator<Item = Segment<'m>> {
        let mut next = self.first;
        let entries = std::iter::from_fn(move || {
            let entry = self.entry(next)?;
            next = entry.end;
            Some(entry)
        });
        entries
            .filter(|entry| entry.member == Entry::STRAY)
            .map(move |entry| Segment::at(self.kept, Some(entry.segment)))
    }

    /// The whole message that it stands in, without types.
    #[must_use]
    pub fn tree(self) -> &'m Tree {
        &self.kept.tree
    }

    /// The index of the message's structure among those of a version, which stand in the order of their ids; `None` where
    /// it is a structure of another one.
    #[doc(hidden)]
    #[must_use]
    pub fn structure_index(self, version: &VersionDesc) -> Option<usize> {
        let structure = self.kept.structure.ok()?;
        if structure.version.is_none_or(|of| of.id != version.id) {
            return None;
        }
        version.structures.binary_search_by(|other| other.id.cmp(structure.id)).ok()
    }

    fn entry(self, index: u32) -> Option<&'m Entry> {
        if index < self.end { self.kept.entries.get(index as usize) } else { None }
    }

    /// The first occurrence of a member from an entry on.
    fn find(self, member: u16, from: u32) -> Option<u32> {
        if member == Entry::STRAY {
            return None;
        }
        let mut index = from;
        loop {
            let entry = self.entry(index)?;
            if entry.member == member {
                return Some(index);
            }
            // Members stand in the order of the structure.
            if entry.member > member && entry.member != Entry::STRAY {
                return None;
            }
            index = entry.end;
        }
    }
}

impl<'m> Member<'m> for Segment<'m> {
    fn of(occurrence: Occurrence<'m>) -> Self {
        occurrence.segment()
    }
}

impl<'m> Member<'m> for Group<'m> {
    fn of(occurrence: Occurrence<'m>) -> Self {
        occurrence.group()
    }
}

impl<'m> Member<'m> for Occurrence<'m> {
    fn of(occurrence: Occurrence<'m>) -> Self {
        occurrence
    }
}

impl<'m> Occurrence<'m> {
    fn entry(self) -> Option<&'m Entry> {
        self.kept.entries.get(self.entry? as usize)
    }

    /// The segment that stands here.
    #[inline]
    #[must_use]
    pub fn segment(self) -> Segment<'m> {
        Segment::at(self.kept, self.entry().map(|entry| entry.segment))
    }

    /// The group that stands here.
    #[inline]
    #[must_use]
    pub fn group(self) -> Group<'m> {
        let (first, end) = match (self.entry, self.entry()) {
            (Some(index), Some(entry)) => (index + 1, entry.end),
            _ => (0, 0),
        };
        Group { kept: self.kept, first, end, present: self.entry.is_some() }
    }

    /// Of a choice, the index of the alternative that stands here; 0 where nothing does.
    #[inline]
    #[must_use]
    pub fn alternative(self) -> u16 {
        self.entry().map_or(0, |entry| entry.variant)
    }
}

impl<'m, T: Member<'m>> Members<'m, T> {
    /// The occurrences in order.
    #[inline]
    pub fn iter(self) -> MembersIter<'m, T> {
        MembersIter { members: self, next: self.group.first }
    }

    /// The first of them; an empty one if there is none.
    #[inline]
    #[must_use]
    pub fn first(self) -> T {
        self.group.required(self.member)
    }

    /// The occurrence at an index, which is found by counting.
    #[must_use]
    pub fn get(self, index: usize) -> Option<T> {
        self.iter().nth(index)
    }

    /// How many there are; they are counted.
    #[must_use]
    pub fn len(self) -> usize {
        self.iter().count()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.group.find(self.member, self.group.first).is_none()
    }
}

impl<'m, T: Member<'m>> IntoIterator for Members<'m, T> {
    type Item = T;
    type IntoIter = MembersIter<'m, T>;

    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'m, T: Member<'m>> Iterator for MembersIter<'m, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let Members { group, member, .. } = self.members;
        let index = group.find(member, self.next)?;
        self.next = group.entry(index)?.end;
        Some(T::of(Occurrence { kept: group.kept, entry: Some(index) }))
    }
}

impl<T> Clone for Members<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Members<'_, T> {}

impl fmt::Debug for Group<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.present {
            return f.write_str("absent");
        }
        write!(f, "{} segments and groups", self.end - self.first)
    }
}

impl fmt::Debug for Occurrence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.entry.is_some() { "present" } else { "absent" })
    }
}

impl<T> fmt::Debug for Members<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "member {} of {:?}", self.member, self.group)
    }
}
