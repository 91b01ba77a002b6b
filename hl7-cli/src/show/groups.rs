//! Which groups of its structure each segment of a message stands in.

use hl7_types::node::{Element, GroupNode};
use hl7_types::{DecodeOptions, Limits, Rule, Rules, Version};

/// Names of the groups around each segment, outermost first: `PATIENT_RESULT[1]`. Empty if the structure is not known.
pub(crate) fn of(bytes: &[u8], version: &Version) -> Vec<Vec<String>> {
    let limits = Limits { findings: usize::MAX, ..Limits::DEFAULT };
    let options = DecodeOptions { limits, rules: Rules::STRUCTURE, ..DecodeOptions::default() };
    let Ok(decoded) = version.decode(bytes, &options) else { return Vec::new() };
    let Some(root) = decoded.message.group() else { return Vec::new() };
    let mut placed = Vec::new();
    collect(root, &mut Vec::new(), &mut placed);
    // Segments without a place have a finding each; they stay inside the group that they follow.
    let has_no_place = |rule| {
        matches!(
            rule,
            Rule::MisplacedSegment
                | Rule::SiteSegment
                | Rule::UnexpectedSegment
                | Rule::NotASegment
        )
    };
    let mut strays: Vec<_> = decoded
        .findings
        .iter()
        .filter(|finding| has_no_place(finding.rule) && finding.path.field == 0)
        .map(|finding| finding.segment as usize - 1)
        .collect();
    strays.dedup();
    let mut groups: Vec<Vec<String>> = Vec::with_capacity(placed.len() + strays.len());
    let mut strays = strays.into_iter().peekable();
    for inside in placed {
        keep_strays(&mut groups, &mut strays);
        groups.push(inside);
    }
    keep_strays(&mut groups, &mut strays);
    groups
}

/// Gives strays that come next the groups of the segment before them.
fn keep_strays(
    groups: &mut Vec<Vec<String>>,
    strays: &mut std::iter::Peekable<impl Iterator<Item = usize>>,
) {
    while strays.next_if(|&stray| stray <= groups.len()).is_some() {
        groups.push(groups.last().cloned().unwrap_or_default());
    }
}

/// Walks the members of a group in the order of the message.
fn collect(group: &dyn GroupNode, inside: &mut Vec<String>, placed: &mut Vec<Vec<String>>) {
    for member in group.members() {
        for occurrence in 0..member.count() {
            match member.occurrence(occurrence) {
                Some(Element::Group(inner)) => {
                    inside.push(format!("{}[{}]", inner.desc().name, occurrence + 1));
                    collect(inner, inside, placed);
                    inside.pop();
                }
                Some(Element::Segment(_) | Element::Raw(_)) => placed.push(inside.clone()),
                None => {}
            }
        }
    }
}
