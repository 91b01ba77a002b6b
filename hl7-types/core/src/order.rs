//! What stands in a group, in the order of the message: its members' occurrences, and between them the segments that the
//! structure has no place for.

use crate::encode::write_segment;
use crate::er7::Notation;
use crate::extra::Stray;
use crate::node::{Element, GroupNode, Member};

/// Where something stands in its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    /// An occurrence of a member.
    Member {
        /// Which member.
        index: usize,
        /// Which of its occurrences, from zero.
        at: usize,
    },
    /// One of the segments without a place.
    Stray(usize),
}

/// What stands in a group, in the order of the message; see [`in_order`].
pub(crate) struct InOrder<'a> {
    group: &'a dyn GroupNode,
    strays: &'a [Stray],
    /// The stray segment ahead.
    stray: usize,
    /// The member ahead, and which of its occurrences.
    index: usize,
    at: usize,
    /// The member ahead with the number of its occurrences; `None` behind the last.
    member: Option<(&'a dyn Member, usize)>,
}

/// What stands in a group, in the order of the message; groups in it are not entered.
pub(crate) fn in_order(group: &dyn GroupNode) -> InOrder<'_> {
    let strays = group.extra().strays();
    InOrder { group, strays, stray: 0, index: 0, at: 0, member: member(group, 0) }
}

fn member(group: &dyn GroupNode, index: usize) -> Option<(&dyn Member, usize)> {
    let member = group.member(index)?;
    Some((member, member.count()))
}

impl InOrder<'_> {
    /// Whether the stray segment ahead stands before the occurrence ahead.
    fn is_before(&self, stray: &Stray) -> bool {
        let Some((_, count)) = self.member else { return true };
        let behind = usize::from(stray.member);
        behind < self.index
            || behind == self.index && (self.at == count || stray.occurrence as usize <= self.at)
    }
}

impl<'a> Iterator for InOrder<'a> {
    type Item = (Position, Element<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(stray) = self.strays.get(self.stray)
                && self.is_before(stray)
            {
                self.stray += 1;
                return Some((Position::Stray(self.stray - 1), Element::Raw(&stray.segment)));
            }
            let (member, _) = self.member?;
            if let Some(element) = member.occurrence(self.at) {
                self.at += 1;
                let position = Position::Member { index: self.index, at: self.at - 1 };
                return Some((position, element));
            }
            self.index += 1;
            self.at = 0;
            self.member = self::member(self.group, self.index);
        }
    }
}

/// All segments of a message or group in the order of the message: typed ones, those where the structure takes any, and
/// those that it has no place for. Groups are entered, not given.
///
/// [`walk`](crate::walk) tells also where groups begin and end, and which segments have a place.
#[must_use]
pub fn segments(group: &dyn GroupNode) -> Vec<Element<'_>> {
    let mut segments = Vec::new();
    collect(group, &mut segments);
    segments
}

fn collect<'a>(group: &'a dyn GroupNode, segments: &mut Vec<Element<'a>>) {
    for (_, element) in in_order(group) {
        match element {
            Element::Group(inner) => collect(inner, segments),
            segment => segments.push(segment),
        }
    }
}

impl Element<'_> {
    /// The id of a segment, if its line starts with one; the name of a group.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match *self {
            Element::Segment(segment) => Some(segment.desc().id),
            Element::Group(group) => Some(group.desc().name),
            Element::Raw(raw) => raw.id(),
        }
    }

    /// The ER7 of a segment under the recommended delimiters, without a line end; of a group its segments, each with a
    /// carriage return.
    #[must_use]
    pub fn er7(&self) -> Vec<u8> {
        match *self {
            Element::Segment(segment) => write_segment(segment, &Notation::STANDARD),
            Element::Raw(raw) => raw.er7(),
            Element::Group(group) => {
                let lines = segments(group).into_iter().map(|segment| segment.er7());
                lines
                    .flat_map(|mut line| {
                        line.push(b'\r');
                        line
                    })
                    .collect()
            }
        }
    }
}
