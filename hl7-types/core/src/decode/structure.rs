//! Structure: which struct each placed segment goes into, and what stands where it has no place.

use crate::extra::{Piece, RawSegment, Stray};
use crate::grammar::{Descent, Grammar, NodeId};
use crate::node::{ElementMut, GroupNode};
use crate::placement::{Place, Placement};

use super::{Reader, lend};

/// How far a message has been walked.
pub(super) struct Walk<'w> {
    pub(super) grammar: &'w Grammar,
    pub(super) placement: &'w Placement,
    pub(super) next: usize,
}

impl Reader<'_> {
    /// Fills a group with the segments that were placed in it.
    pub(super) fn group(
        &mut self,
        walk: &mut Walk<'_>,
        node: NodeId,
        mut group: Option<&mut dyn GroupNode>,
    ) {
        let mut last = (0_u16, 0_u32);
        // The segment that made us enter stands in here, whatever stayed open on the way to it.
        let mut entering = true;
        while let Some(place) = walk.placement.places.get(walk.next) {
            let index = walk.next;
            match *place {
                Place::Stray => {
                    walk.next += 1;
                    let raw = self.stray(index, group.is_some());
                    if let (Some(group), Some(segment)) = (lend!(group), raw) {
                        let stray = Stray { member: last.0, occurrence: last.1, segment };
                        group.extra_mut().kept_mut().strays.push(stray);
                    }
                }
                Place::At { within, .. } if !entering && within != node => return,
                Place::At { node: position, .. } => {
                    entering = false;
                    last = self.member(walk, node, position, lend!(group), last);
                }
            }
        }
    }

    /// Opens the member on the way to a position and fills it; gives the member's index and how often it stands now.
    fn member(
        &mut self,
        walk: &mut Walk<'_>,
        node: NodeId,
        position: NodeId,
        group: Option<&mut dyn GroupNode>,
        last: (u16, u32),
    ) -> (u16, u32) {
        let grammar = walk.grammar;
        let descent = grammar.descend(node, position);
        let (index, count) = descent.after(last);
        let Descent { slot, variant, target, .. } = descent;
        self.check_occurrences(grammar, slot, count, walk.next);
        let opened = group
            .and_then(|group| group.member_mut(usize::from(index)))
            .map(|member| member.open(usize::from(variant)));
        if target == position {
            let segment = walk.next;
            walk.next += 1;
            match (opened, grammar.node(target).member.and_then(|member| member.segment())) {
                (Some(ElementMut::Segment(typed)), Some(desc)) => {
                    self.segment(segment, desc, Some(typed))
                }
                (Some(ElementMut::Raw(raw)), _) => {
                    if let Some(read) = self.stray_segment(segment) {
                        *raw = read;
                    }
                    self.check_known(segment);
                }
                (_, Some(desc)) => self.segment(segment, desc, None),
                _ => self.check_known(segment),
            }
        } else {
            match opened {
                Some(ElementMut::Group(inner)) => self.group(walk, target, Some(inner)),
                _ => self.group(walk, target, None),
            }
        }
        (index, count)
    }

    /// Reads a segment that has no place: checks it if it is known, and gives it raw if there is somebody to keep it.
    pub(super) fn stray(&mut self, index: usize, keep: bool) -> Option<RawSegment> {
        self.check_known(index);
        if keep { self.stray_segment(index) } else { None }
    }

    fn stray_segment(&self, index: usize) -> Option<RawSegment> {
        let span = self.scan.segments.get(index)?;
        let line = Piece::of_line(&self.bytes[span.range()], &self.scan.notation());
        Some(RawSegment { line, line_end: self.line_end(index) })
    }

    /// The bytes between this segment and the next, where they are not the usual line end.
    pub(super) fn line_end(&self, index: usize) -> Option<Box<[u8]>> {
        let from = self.scan.segments[index].end as usize;
        let gap = &self.bytes[from..self.scan.gap_end(index, self.bytes.len())];
        (gap != self.terminator.bytes()).then(|| gap.into())
    }

    /// Checks a segment by its id alone.
    fn check_known(&mut self, index: usize) {
        let Some(id) = self.id(index) else { return };
        let site = self.options.site_segment(&id);
        let known = || self.version?.segment(std::str::from_utf8(&id).ok()?);
        if let Some(desc) = site.or_else(known) {
            self.segment(index, desc, None);
        }
    }
}
