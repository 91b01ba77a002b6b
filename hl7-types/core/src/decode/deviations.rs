//! Deviations of structure: what a reading leaves out, what it found no place for, and what stands too often.

use std::collections::HashMap;

use crate::desc::{MANY, MemberDesc, StructureDesc};
use crate::finding::Rule;
use crate::grammar::{DEVIATION, Grammar, NodeId};
use crate::path::Path;
use crate::placement::{Place, Placement};

use super::Reader;

/// A message, its structure and its reading.
pub(super) struct Deviating<'r> {
    pub(super) structure: &'static StructureDesc,
    pub(super) grammar: &'r Grammar,
    pub(super) placement: &'r Placement,
    pub(super) ids: &'r [Option<[u8; 3]>],
}

impl Deviating<'_> {
    /// The first segment of each id that has no place, by its index.
    fn strays(&self) -> HashMap<[u8; 3], usize> {
        let mut strays = HashMap::new();
        for (index, (place, id)) in self.placement.places.iter().zip(self.ids).enumerate() {
            if let (Place::Stray, Some(id)) = (place, id) {
                strays.entry(*id).or_insert(index);
            }
        }
        strays
    }

    /// The place that the structure has for a segment, nearest to where it stands: the last one passed, or the first
    /// ahead.
    fn nearest(&self, id: [u8; 3], after: Option<NodeId>) -> Option<String> {
        let after = after.unwrap_or(0);
        let passed = self.grammar.positions(id).filter(|&node| node <= after).max();
        let node = passed.or_else(|| self.grammar.positions(id).min())?;
        let parent = self.grammar.node(node).parent;
        let group = self.grammar.group_path(parent);
        let siblings = || {
            let before = self.grammar.children(parent).take_while(|&sibling| sibling != node);
            before.filter_map(|sibling| self.grammar.node(sibling).member)
        };
        // What is required is there, so that it can be found; the rest only may be.
        let anchor = siblings().filter(|member| member.min > 0).last().or(siblings().last());
        Some(match (anchor.map(MemberDesc::name), group.is_empty()) {
            (Some(anchor), true) => format!("after {anchor}"),
            (Some(anchor), false) => format!("in {group}, after {anchor}"),
            (None, true) => "at the start".to_owned(),
            (None, false) => format!("at the start of {group}"),
        })
    }
}

impl Reader<'_> {
    /// Reports what a reading leaves out and what it found no place for.
    pub(super) fn report_placement(&mut self, deviating: &Deviating<'_>) {
        let Deviating { grammar, placement, .. } = *deviating;
        let strays = deviating.strays();
        let mut at: Option<NodeId> = None;
        for (index, place) in placement.places.iter().enumerate() {
            match *place {
                Place::Stray => self.report_stray(deviating, index, at),
                Place::At { node, .. } => {
                    let step = at.and_then(|at| grammar.step(at, node));
                    if step.is_none_or(|step| step.cost >= DEVIATION) {
                        let missing = grammar.missing(at, Some(node), step.as_ref());
                        self.report_missing(deviating, index, &missing, &strays);
                    }
                    at = Some(node);
                }
            }
        }
        let missing = grammar.missing(at, None, None);
        self.report_missing(deviating, placement.places.len(), &missing, &strays);
    }

    /// Reports required members that are missing before the segment at an index.
    fn report_missing(
        &mut self,
        deviating: &Deviating<'_>,
        before: usize,
        missing: &[NodeId],
        strays: &HashMap<[u8; 3], usize>,
    ) {
        let Deviating { structure, grammar, .. } = *deviating;
        for &node in missing {
            let Some(member) = grammar.node(node).member else { continue };
            let here =
                self.scan.segments.get(before).map_or(self.bytes.len(), |span| span.start as usize);
            let here = u32::try_from(here).unwrap_or(u32::MAX);
            self.segment = before.saturating_sub(1);
            let id = member.first_segment();
            let path = Path::at(id.as_bytes(), 1);
            let stray = id.as_bytes().try_into().ok().and_then(|id: [u8; 3]| strays.get(&id));
            self.report_at(Rule::MissingSegment, path, here..here, || {
                let group = grammar.group_path(grammar.node(node).parent);
                let inside = if group.is_empty() { group } else { format!(" in {group}") };
                let name = member.name();
                let instead = stray.map_or_else(String::new, |index| {
                    format!("; segment {} is {id}, out of its place", index + 1)
                });
                format!("{name} is required{inside} by {} and is not there{instead}", structure.id)
            });
        }
    }

    fn report_stray(&mut self, deviating: &Deviating<'_>, index: usize, after: Option<NodeId>) {
        let Deviating { structure, grammar, ids, .. } = *deviating;
        self.segment = index;
        (self.field, self.repetition, self.component, self.subcomponent) = (0, 0, 0, 0);
        let span = self.scan.segments[index];
        let Some(id) = ids[index] else {
            return self.report(Rule::NotASegment, span.start..span.end, || {
                format!("segment {} starts with no segment id", index + 1)
            });
        };
        let last = after.and_then(|after| grammar.node(after).member);
        let again = last.is_some_and(|last| last.max == 1 && last.name().as_bytes() == id);
        let rule = if again {
            Rule::TooManyOccurrences
        } else if grammar.has(id) {
            Rule::MisplacedSegment
        } else if self.options.site_segment(&id).is_some() {
            return;
        } else if id[0] == b'Z' {
            Rule::SiteSegment
        } else {
            Rule::UnexpectedSegment
        };
        self.report(rule, span.start..span.start + 3, || {
            let name = String::from_utf8_lossy(&id);
            let place = after
                .map_or_else(String::new, |after| format!(", after {}", grammar.group_path(after)));
            match rule {
                Rule::TooManyOccurrences => {
                    let path = after.map_or_else(String::new, |after| grammar.group_path(after));
                    format!("{path} may stand once in {}, this is one more", structure.id)
                }
                Rule::MisplacedSegment => {
                    let right = deviating.nearest(id, after).unwrap_or_default();
                    format!(
                        "{name} has no place here in {}{place}; its place is {right}",
                        structure.id
                    )
                }
                Rule::SiteSegment => {
                    format!("{name} is site-defined and not part of {}{place}", structure.id)
                }
                _ => format!("{name} is not part of {}{place}", structure.id),
            }
        });
    }

    /// Whether a member stands more often than a counted maximum allows.
    pub(super) fn check_occurrences(
        &mut self,
        grammar: &Grammar,
        member: NodeId,
        count: u32,
        segment: usize,
    ) {
        let Some(desc) = grammar.node(member).member else { return };
        if desc.max > 1 && desc.max < MANY && count == u32::from(desc.max) + 1 {
            self.segment = segment;
            (self.field, self.repetition, self.component, self.subcomponent) = (0, 0, 0, 0);
            let span = self.scan.segments[segment];
            self.report(Rule::TooManyOccurrences, span.start..span.start, || {
                format!("{} may stand {} times, this is one more", desc.name(), desc.max)
            });
        }
    }
}
