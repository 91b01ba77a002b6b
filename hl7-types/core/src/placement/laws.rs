//! No reading has fewer deviations than the one that placement gives: compared with an independent search through all
//! readings, over structures and messages made at random.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::desc::{GroupDesc, MANY, MemberDesc, MemberKind, SegmentDesc};

macro_rules! alphabet {
    ($($id:ident)*) => {
        $(static $id: SegmentDesc = SegmentDesc::new(stringify!($id), "", &[]);)*
        static ALPHABET: &[&SegmentDesc] = &[$(&$id),*];
    };
}
alphabet!(AAA BBB CCC DDD EEE);

const INFINITE: u64 = u64::MAX / 4;

/// What may stand in a structure.
#[derive(Debug, Clone)]
enum Part {
    Segment(usize),
    Sequence(Vec<(Part, u16, u16)>),
    Choice(Vec<Part>),
}

fn part() -> impl Strategy<Value = Part> {
    let segment = (0..ALPHABET.len()).prop_map(Part::Segment);
    segment.prop_recursive(3, 14, 4, |inner| {
        prop_oneof![
            4 => members(inner.clone(), 4).prop_map(Part::Sequence),
            1 => prop::collection::vec(inner, 2..4).prop_map(Part::Choice),
        ]
    })
}

fn members(
    part: impl Strategy<Value = Part>,
    most: usize,
) -> impl Strategy<Value = Vec<(Part, u16, u16)>> {
    let member = (part, 0..2_u16, prop::sample::select(vec![1, 1, MANY]));
    prop::collection::vec(member, 1..=most)
}

/// Descriptors live for ever; a test that makes them does not mind.
fn group(members: Vec<MemberDesc>) -> &'static GroupDesc {
    Box::leak(Box::new(GroupDesc { name: "", members: Vec::leak(members) }))
}

fn described(part: &Part, min: u16, max: u16) -> MemberDesc {
    let kind = match part {
        Part::Segment(at) => MemberKind::Segment(ALPHABET[*at]),
        Part::Sequence(parts) => MemberKind::Group(sequence(parts)),
        Part::Choice(parts) => {
            MemberKind::Choice(group(parts.iter().map(|part| described(part, 1, 1)).collect()))
        }
    };
    MemberDesc::new("", min, max, kind)
}

fn sequence(parts: &[(Part, u16, u16)]) -> &'static GroupDesc {
    group(parts.iter().map(|(part, min, max)| described(part, *min, *max)).collect())
}

fn structure() -> impl Strategy<Value = &'static GroupDesc> {
    members(part(), 6).prop_map(|parts| sequence(&parts))
}

/// Ids of the structure and, rarely, one that it does not have.
fn message(most: usize) -> impl Strategy<Value = Vec<Option<[u8; 3]>>> {
    let id = (0..=ALPHABET.len()).prop_map(|at| match ALPHABET.get(at) {
        Some(segment) => segment.id.as_bytes().try_into().ok(),
        None => Some(*b"XXX"),
    });
    prop::collection::vec(id, 0..=most)
}

/// The fewest deviations, found by trying every way to share the message among the members. It knows descriptors only:
/// nothing of positions, sums or moves.
struct Exhaustive<'m> {
    message: &'m [Option<[u8; 3]>],
    known: HashMap<(*const MemberDesc, usize, usize, usize), u64>,
}

impl Exhaustive<'_> {
    /// Of a group that is there and has the segments from `from` up to `to`.
    fn sequence(&mut self, members: &'static [MemberDesc], from: usize, to: usize) -> u64 {
        let Some((first, rest)) = members.split_first() else { return strays(from, to) };
        let key = (std::ptr::from_ref(first), members.len(), from, to);
        if let Some(&known) = self.known.get(&key) {
            return known;
        }
        let ways = |this: &mut Self, at| this.member(first, from, at) + this.sequence(rest, at, to);
        let least = (from..=to).map(|at| ways(self, at)).min().unwrap_or(INFINITE);
        self.known.insert(key, least);
        least
    }

    fn member(&mut self, member: &'static MemberDesc, from: usize, to: usize) -> u64 {
        let none = if member.min > 0 { left_out(member) } else { 0 };
        (none + strays(from, to)).min(self.occurrences(member, from, to))
    }

    /// One occurrence or more, none of them empty.
    fn occurrences(&mut self, member: &'static MemberDesc, from: usize, to: usize) -> u64 {
        let key = (std::ptr::from_ref(member), 0, from, to);
        if let Some(&known) = self.known.get(&key) {
            return known;
        }
        let mut least = self.one(member, from, to);
        if member.max > 1 {
            for at in from + 1..to {
                least = least.min(self.one(member, from, at) + self.occurrences(member, at, to));
            }
        }
        self.known.insert(key, least);
        least
    }

    fn one(&mut self, member: &'static MemberDesc, from: usize, to: usize) -> u64 {
        match member.kind {
            MemberKind::Segment(segment) => {
                let id = segment.id.as_bytes().try_into().ok();
                let there = self.message[from..to].contains(&id);
                if there { strays(from, to) - 3 } else { INFINITE }
            }
            MemberKind::Group(group) => self.sequence(group.members, from, to),
            MemberKind::Choice(group) => {
                let each = group.members.iter().map(|member| self.occurrences(member, from, to));
                each.min().unwrap_or(INFINITE)
            }
            MemberKind::Any(_) => INFINITE,
        }
    }
}

/// Three for each segment without a place.
fn strays(from: usize, to: usize) -> u64 {
    3 * (to - from) as u64
}

/// Two for each required segment of a member that is left out.
fn left_out(member: &MemberDesc) -> u64 {
    match member.kind {
        MemberKind::Segment(_) | MemberKind::Any(_) => 2,
        MemberKind::Group(group) => {
            group.members.iter().filter(|member| member.min > 0).map(left_out).sum()
        }
        MemberKind::Choice(group) => group.members.iter().map(left_out).min().unwrap_or(0),
    }
}

/// The deviations of a reading, as findings report them.
fn reported(grammar: &Grammar, placement: &Placement) -> u64 {
    let missing = |from, to, step: Option<&Move>| -> u64 {
        let nodes = grammar.missing(from, to, step);
        nodes.iter().filter_map(|node| grammar.node(*node).member).map(left_out).sum()
    };
    let mut at = None;
    let mut sum = 0;
    for place in &placement.places {
        match *place {
            Place::Stray => sum += 3,
            Place::At { node, .. } => {
                let step = at.map(|at| grammar.step(at, node).expect("a way to a placed segment"));
                sum += missing(at, Some(node), step.as_ref());
                at = Some(node);
            }
        }
    }
    sum + missing(at, None, None)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_reading_has_fewer_deviations(root in structure(), message in message(9)) {
        let grammar = Grammar::of(root);
        let placement = grammar.place(message.iter().copied());
        let mut exhaustive = Exhaustive { message: &message, known: HashMap::new() };
        let fewest = exhaustive.sequence(root.members, 0, message.len());
        prop_assert_eq!(reported(&grammar, &placement), fewest, "{:?}", placement.places);
        prop_assert!(placement.deviates || fewest == 0);
    }

    /// The reading of a message is the same whatever was read before, and whether or not a single pass could do it.
    #[test]
    fn the_search_finds_what_the_single_pass_finds(root in structure(), message in message(9)) {
        let grammar = Grammar::of(root);
        if let Some(placement) = grammar.place_conforming(message.iter().copied()) {
            let best = grammar.place_best(message.iter().copied());
            prop_assert_eq!(reported(&grammar, &placement), reported(&grammar, &best));
        }
    }
}

/// The longest row of optional segments in order, whatever stands before it: no state of the search may be given up.
#[test]
fn a_long_block_out_of_order_costs_no_more_than_itself() {
    let names: Vec<String> = (0..40).map(|at| format!("{}{:02}", 'S', at)).collect();
    let rows: Vec<MemberDesc> = names
        .iter()
        .map(|name| {
            let id: &'static str = String::leak(name.clone());
            let segment: &'static SegmentDesc = Box::leak(Box::new(SegmentDesc::new(id, "", &[])));
            MemberDesc::new("", 0, 1, MemberKind::Segment(segment))
        })
        .collect();
    let grammar = Grammar::of(group(rows));
    let order = (24..40).chain(0..24);
    let message: Vec<_> = order.map(|at| names[at].as_bytes().try_into().ok()).collect();
    let placement = grammar.place(message.iter().copied());
    let placed: Vec<bool> =
        placement.places.iter().map(|place| matches!(place, Place::At { .. })).collect();
    assert_eq!(placed, (0..40).map(|at| at >= 16).collect::<Vec<_>>());
}

/// However many preferences add up, they are worth less than one deviation.
#[test]
fn preferences_never_outweigh_a_deviation() {
    static OUTER: GroupDesc = GroupDesc {
        name: "OUTER",
        members: &[
            MemberDesc::new("", 0, 1, MemberKind::Segment(&AAA)),
            MemberDesc::new("", 0, 1, MemberKind::Segment(&BBB)),
        ],
    };
    // The other way to read BBB starts with a segment that is required, once.
    static OTHER: GroupDesc = GroupDesc {
        name: "OTHER",
        members: &[
            MemberDesc::new("", 1, 1, MemberKind::Segment(&CCC)),
            MemberDesc::new("", 0, MANY, MemberKind::Segment(&BBB)),
        ],
    };
    static ROOT: GroupDesc = GroupDesc {
        name: "ROOT",
        members: &[
            MemberDesc::new("", 0, MANY, MemberKind::Group(&OUTER)),
            MemberDesc::new("", 0, 1, MemberKind::Group(&OTHER)),
        ],
    };
    let grammar = Grammar::of(&ROOT);
    // A stray at the end, so that the search is needed.
    let mut message = vec![Some(*b"BBB"); 20_000];
    message.push(Some(*b"AAA"));
    message.push(Some(*b"CCC"));
    message.push(Some(*b"AAA"));
    let placement = grammar.place(message.iter().copied());
    assert_eq!(reported(&grammar, &placement), 3);
}
