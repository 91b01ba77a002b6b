//! The outline of a message: its groups and the segments in them, and nothing inside a segment.

use crate::desc::StructureDesc;
use crate::finding::Findings;
use crate::grammar::{Descent, Grammar, NodeId};
use crate::placement::{Place, Placement};
use crate::tree::Tree;

use super::{DecodeOptions, Reader, named};

/// One occurrence of a member of a group, or a segment without a place. What stands in a group follows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    /// Its index among the members of its group; [`Entry::STRAY`] for a segment without a place.
    pub(crate) member: u16,
    /// Of a choice, the index of the alternative.
    pub(crate) variant: u16,
    /// Index of the segment; of a group, of the first one in it.
    pub(crate) segment: u32,
    /// The entry behind the last one that stands in it.
    pub(crate) end: u32,
}

impl Entry {
    /// No group has so many members.
    pub(crate) const STRAY: u16 = u16::MAX;
}

/// The outline of a message, and where its structure deviates from the standard.
pub(crate) fn outline(
    tree: &Tree,
    structure: &'static StructureDesc,
    options: &DecodeOptions,
) -> (Vec<Entry>, Findings) {
    let version = structure.version;
    let (bytes, scan) = (tree.bytes(), tree.scan());
    // Nothing looks at the text of a message here, so whether all of it is text need not be found out.
    let mut reader = Reader::of_text(bytes, None, scan, Some(structure), version, options);
    reader.check_header();
    let placement = reader.place(structure);
    let entries = reader.entries(structure.grammar(), &placement);
    let mut findings = reader.findings;
    named::explain(&mut findings, bytes, scan, Some(structure), version, options);
    findings.sort();
    (entries, findings)
}

/// A group that more segments may stand in.
struct Open {
    node: NodeId,
    /// Its entry; none for the message.
    entry: Option<usize>,
    /// Which member stood in it last, and how often it stands now.
    last: (u16, u32),
}

impl Reader<'_> {
    /// Writes down the groups and segments in the order of the message.
    fn entries(&mut self, grammar: &Grammar, placement: &Placement) -> Vec<Entry> {
        let mut entries = Vec::with_capacity(placement.places.len() + 8);
        let mut open = Vec::with_capacity(8);
        open.push(Open { node: 0, entry: None, last: (0, 0) });
        for (segment, place) in placement.places.iter().enumerate() {
            match *place {
                Place::Stray => entries.push(entry(Entry::STRAY, 0, segment, entries.len())),
                Place::At { node, within } => {
                    close_to(&mut open, within, &mut entries);
                    self.descend(grammar, node, segment, &mut open, &mut entries);
                }
            }
        }
        close_to(&mut open, 0, &mut entries);
        entries
    }

    /// Opens the groups on the way to the position of a segment, and writes down all of them.
    fn descend(
        &mut self,
        grammar: &Grammar,
        position: NodeId,
        segment: usize,
        open: &mut Vec<Open>,
        entries: &mut Vec<Entry>,
    ) {
        while let Some(group) = open.last_mut() {
            let descent = grammar.descend(group.node, position);
            group.last = descent.after(group.last);
            let Descent { slot, index, variant, target } = descent;
            self.check_occurrences(grammar, slot, group.last.1, segment);
            let at = entries.len();
            entries.push(entry(index, variant, segment, at));
            if target == position {
                return;
            }
            open.push(Open { node: target, entry: Some(at), last: (0, 0) });
        }
    }
}

/// Closes the groups that are open below one.
fn close_to(open: &mut Vec<Open>, within: NodeId, entries: &mut [Entry]) {
    let end = count(entries.len());
    let below = |group: &mut Open| group.entry.is_some() && group.node != within;
    while let Some(entry) = open.pop_if(below).and_then(|group| group.entry) {
        entries[entry].end = end;
    }
}

fn entry(member: u16, variant: u16, segment: usize, at: usize) -> Entry {
    Entry { member, variant, segment: count(segment), end: count(at + 1) }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a message of 512 MiB has no more segments than bytes, and fewer than eight groups for each"
)]
fn count(entries: usize) -> u32 {
    entries as u32
}
