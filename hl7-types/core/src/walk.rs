//! A walk over the segments of a message, in its order, through the groups that they stand in.

use crate::extra::RawSegment;
use crate::node::{Element, GroupNode, SegmentNode};

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
    let mut strays = group.extra().strays().iter().peekable();
    for index in 0..group.desc().members.len() {
        let member = group.member(index);
        let of = member.count();
        for at in 0..=of {
            while let Some(stray) = strays.next_if(|stray| {
                let position = usize::from(stray.member);
                position < index
                    || position == index && (at == of || stray.occurrence as usize <= at)
            }) {
                visit(Visit::Stray(&stray.segment));
            }
            let occurrence = at + 1;
            match member.occurrence(at) {
                Some(Element::Segment(segment)) => {
                    visit(Visit::Segment { segment, occurrence, of });
                }
                Some(Element::Group(inner)) => {
                    visit(Visit::Enter { group: inner, occurrence, of });
                    walk(inner, visit);
                    visit(Visit::Leave);
                }
                Some(Element::Raw(raw)) => visit(Visit::Raw(raw)),
                None => {}
            }
        }
    }
    strays.for_each(|stray| visit(Visit::Stray(&stray.segment)));
}
