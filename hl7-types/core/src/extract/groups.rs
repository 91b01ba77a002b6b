//! Which segments of a message stand in which group.

use std::borrow::Cow;
use std::ops::Range;

use crate::desc::{StructureDesc, VersionDesc};
use crate::encode::write_with_groups;
use crate::error::DecodeError;
use crate::grammar::{Grammar, NodeId, Shape};
use crate::limits::Limits;
use crate::node::GroupNode;
use crate::placement::Place;
use crate::tree::Tree;

/// Of what was a message within the limits of whoever read it.
pub(super) const READ_BEFORE: Limits =
    Limits { bytes: usize::MAX, segments: usize::MAX, ..Limits::DEFAULT };

/// One occurrence of a group. A message has a list of them, outer ones before those in them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GroupSpan {
    pub(super) name: &'static str,
    /// Its segments, with those of the groups in it.
    pub(super) segments: Range<usize>,
    /// How many groups there are in it, at any depth; they follow in the list.
    pub(super) inside: usize,
}

/// A message with its groups, if they are known.
pub(super) struct Grouped<'a> {
    pub(super) tree: Cow<'a, Tree>,
    pub(super) groups: Option<Vec<GroupSpan>>,
}

impl<'a> Grouped<'a> {
    /// A message of structs has the groups that its structs have.
    pub(super) fn typed(root: &dyn GroupNode) -> Result<Self, DecodeError> {
        let (bytes, groups) = write_with_groups(root);
        let tree = Tree::parse_within(bytes, &READ_BEFORE)?;
        let segments = &tree.scan().segments;
        let before = |at: usize| segments.partition_point(|span| (span.start as usize) < at);
        let groups = groups
            .into_iter()
            .map(|group| GroupSpan {
                name: group.name,
                segments: before(group.bytes.start)..before(group.bytes.end),
                inside: group.inside,
            })
            .collect();
        Ok(Self { tree: Cow::Owned(tree), groups: Some(groups) })
    }

    /// A message without structs has the groups of the structure that its MSH-9 names in a version.
    pub(super) fn untyped(tree: &'a Tree, version: Option<&'static VersionDesc>) -> Self {
        let structure = version.and_then(|version| tree.structure(version));
        let groups = structure.map(|structure| placed(tree, structure));
        Self { tree: Cow::Borrowed(tree), groups }
    }
}

/// The groups of a message under a structure.
fn placed(tree: &Tree, structure: &'static StructureDesc) -> Vec<GroupSpan> {
    let grammar = structure.grammar();
    let places = grammar.place(tree.segment_ids()).places;
    let mut placed = Placed { grammar, places: &places, next: 0, groups: Vec::new() };
    placed.group(0);
    placed.groups
}

/// How far the places of a message have been walked; the same walk as the decoder's.
struct Placed<'a> {
    grammar: &'a Grammar,
    places: &'a [Place],
    next: usize,
    groups: Vec<GroupSpan>,
}

impl Placed<'_> {
    /// Goes over the segments that were placed in a group.
    fn group(&mut self, node: NodeId) {
        // The segment that made us enter stands in here, whatever stayed open on the way to it.
        let mut entering = true;
        while let Some(place) = self.places.get(self.next) {
            match *place {
                Place::Stray => self.next += 1,
                Place::At { within, .. } if !entering && within != node => return,
                Place::At { node: position, .. } => {
                    entering = false;
                    self.member(node, position);
                }
            }
        }
    }

    fn member(&mut self, node: NodeId, position: NodeId) {
        let mut target = self.grammar.ancestor_below(position, node);
        if self.grammar.node(target).shape == Shape::Choice {
            target = self.grammar.ancestor_below(position, target);
        }
        if target == position {
            self.next += 1;
            return;
        }
        let (at, first) = (self.groups.len(), self.next);
        let name = self.grammar.node(target).member.map_or("", |member| member.name());
        self.groups.push(GroupSpan { name, segments: first..first, inside: 0 });
        self.group(target);
        self.groups[at].segments.end = self.next;
        self.groups[at].inside = self.groups.len() - at - 1;
    }
}

/// The groups directly in a list of groups, as their indexes.
pub(super) fn outermost(groups: &[GroupSpan]) -> impl Iterator<Item = usize> {
    let mut next = 0;
    std::iter::from_fn(move || {
        let at = next;
        next += 1 + groups.get(at)?.inside;
        Some(at)
    })
}
