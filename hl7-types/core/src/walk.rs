//! A walk over the segments of a message, in its order, through the groups that they stand in.

use crate::extra::RawSegment;
use crate::node::{Element, GroupNode, Member, SegmentNode};
use crate::order::{Position, in_order};

/// One step of [`walk`].
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "holds trait objects, lives for one expression")]
pub enum Visit<'a> {
    /// A group begins.
    Enter {
        /// The group.
        group: &'a dyn GroupNode,
        /// Which occurrence of its member, from one.
        occurrence: usize,
        /// How many occurrences of that member there are.
        of: usize,
    },
    /// The group that began last ends.
    Leave,
    /// A typed segment.
    Segment {
        /// The segment.
        segment: &'a dyn SegmentNode,
        /// Which occurrence of its member, from one.
        occurrence: usize,
        /// How many occurrences of that member there are.
        of: usize,
    },
    /// A segment where the structure takes any (`Hxx`, `Zxx`).
    Raw(&'a RawSegment),
    /// A segment that the structure has no place for; it stays in the group that it follows.
    Stray(&'a RawSegment),
}

/// Calls `visit` with everything that stands in a message or group, in the order of the message. The outermost group is
/// not entered.
pub fn walk<'a>(group: &'a dyn GroupNode, visit: &mut dyn FnMut(Visit<'a>)) {
    for (position, element) in in_order(group) {
        let (occurrence, of) = match position {
            Position::Member { index, at } => {
                (at + 1, group.member(index).map_or(0, Member::count))
            }
            Position::Stray(_) => (0, 0),
        };
        match element {
            Element::Segment(segment) => visit(Visit::Segment { segment, occurrence, of }),
            Element::Group(inner) => {
                visit(Visit::Enter { group: inner, occurrence, of });
                walk(inner, visit);
                visit(Visit::Leave);
            }
            Element::Raw(raw) if of == 0 => visit(Visit::Stray(raw)),
            Element::Raw(raw) => visit(Visit::Raw(raw)),
        }
    }
}
