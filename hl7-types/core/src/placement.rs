//! Which segment of a message stands at which position of its structure: the reading with the fewest deviations.
//!
//! A conforming message is read in one pass that only ever takes moves without a deviation. Where that pass gets stuck,
//! the best reading of the whole message is searched for: a shortest path over (segment, position of the last placed
//! segment), where a segment without a place costs [`STRAY`] and a required one that is missing costs [`MISSING`]. Only
//! the [`BEAM`] cheapest states are kept at each segment, so the time is linear in the number of segments.
//!
//! Of two readings with equal cost, the one that placed the earlier segment wins.

use crate::grammar::{DEVIATION, Grammar, MISSING, Move, NodeId, STRAY};

/// How many readings are followed side by side.
const BEAM: usize = 12;
/// Readings that are worse than the best by more than this are given up.
const GIVE_UP: u64 = 8 * MISSING;

/// Where one segment stands.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    /// At a position; `within` is the innermost group that stays open on the way there.
    At { node: NodeId, within: NodeId },
    /// Nowhere: it stays where it is, in the innermost group open at that point.
    Stray,
}

/// The reading of a message.
#[derive(Debug)]
pub(crate) struct Placement {
    pub(crate) places: Vec<Place>,
    /// Whether something is missing or has no place.
    pub(crate) deviates: bool,
}

/// A reading up to some segment.
#[derive(Debug, Clone, Copy)]
struct State {
    /// Position of the last placed segment; `None` before the first.
    at: Option<NodeId>,
    cost: u64,
    /// Index of the state before, among the states of the segment before.
    from: u32,
    /// The group that stayed open, where this segment was placed.
    placed: Option<NodeId>,
    /// Order among the readings of the same segments: one that placed the earlier segment comes first.
    rank: u32,
}

impl Grammar {
    /// Finds the place of each segment, given their ids; `None` stands for a line without an id.
    pub(crate) fn place(&self, ids: &[Option<[u8; 3]>]) -> Placement {
        self.place_conforming(ids).unwrap_or_else(|| self.place_best(ids))
    }

    fn moves(
        &self,
        from: Option<NodeId>,
        id: [u8; 3],
    ) -> impl Iterator<Item = (NodeId, Move)> + '_ {
        self.positions(id).filter_map(move |to| {
            let step = match from {
                None => self.first(to),
                Some(from) => self.step(from, to)?,
            };
            Some((to, step))
        })
    }

    /// One pass over a message that has no deviation but segments unknown to the structure.
    fn place_conforming(&self, ids: &[Option<[u8; 3]>]) -> Option<Placement> {
        let mut places = Vec::with_capacity(ids.len());
        let mut at = None;
        let mut deviates = false;
        for id in ids {
            let Some(id) = id.filter(|id| self.has(*id)) else {
                places.push(Place::Stray);
                deviates = true;
                continue;
            };
            let (node, step) = self.moves(at, id).min_by_key(|(_, step)| step.cost)?;
            if step.cost >= DEVIATION {
                return None;
            }
            places.push(Place::At { node, within: step.within });
            at = Some(node);
        }
        (self.last(at) < DEVIATION).then_some(Placement { places, deviates })
    }

    /// The cheapest reading of any message.
    fn place_best(&self, ids: &[Option<[u8; 3]>]) -> Placement {
        let mut layers: Vec<State> = Vec::with_capacity(ids.len() * 4);
        let mut bounds = Vec::with_capacity(ids.len() + 1);
        let mut states = vec![State { at: None, cost: 0, from: 0, placed: None, rank: 0 }];
        for id in ids {
            let next = self.advance(&states, *id);
            bounds.push(layers.len());
            layers.append(&mut states);
            states = next;
        }
        let end = |state: &State| state.cost + self.last(state.at);
        let best = states
            .iter()
            .enumerate()
            .min_by_key(|(_, state)| end(state))
            .map_or(0, |(index, _)| index);
        bounds.push(layers.len());
        layers.append(&mut states);

        let mut places = vec![Place::Stray; ids.len()];
        let mut index = best;
        for at in (0..ids.len()).rev() {
            let state = layers[bounds[at + 1] + index];
            if let (Some(node), Some(within)) = (state.at, state.placed) {
                places[at] = Place::At { node, within };
            }
            index = state.from as usize;
        }
        Placement { places, deviates: true }
    }

    /// The readings after one more segment, cheapest first.
    fn advance(&self, states: &[State], id: Option<[u8; 3]>) -> Vec<State> {
        let mut next: Vec<State> = Vec::with_capacity(states.len() * 2);
        for (from, state) in (0_u32..).zip(states) {
            offer(
                &mut next,
                State { from, placed: None, cost: state.cost + STRAY, ..*state },
                states,
            );
            for (node, step) in id.into_iter().flat_map(|id| self.moves(state.at, id)) {
                let cost = state.cost + step.cost;
                offer(
                    &mut next,
                    State { at: Some(node), cost, from, placed: Some(step.within), rank: 0 },
                    states,
                );
            }
        }
        next.sort_by_key(|state| history(state, states));
        for (rank, state) in (0..).zip(&mut next) {
            state.rank = rank;
        }
        next.sort_by_key(|state| state.cost);
        let limit = next.first().map_or(0, |best| best.cost + GIVE_UP);
        next.retain(|state| state.cost <= limit);
        next.truncate(BEAM);
        next
    }
}

/// Orders readings by what they did with the earliest segment that they read differently.
fn history(state: &State, before: &[State]) -> (u32, bool, Option<NodeId>) {
    (before[state.from as usize].rank, state.placed.is_none(), state.at)
}

/// Adds a reading, unless there is a better one that ends at the same position.
fn offer(next: &mut Vec<State>, state: State, before: &[State]) {
    match next.iter_mut().find(|other| other.at == state.at) {
        None => next.push(state),
        Some(other) => {
            if (state.cost, history(&state, before)) < (other.cost, history(other, before)) {
                *other = state;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desc::{GroupDesc, MANY, MemberDesc, MemberKind, SegmentDesc};

    macro_rules! segments {
        ($($id:ident)*) => { $(static $id: SegmentDesc = SegmentDesc::new(stringify!($id), "", &[]);)* };
    }
    segments!(MSH PID PD1 ORC OBR OBX NTE PV1 EVN ROL);

    const fn one(segment: &'static SegmentDesc, min: u16, max: u16) -> MemberDesc {
        MemberDesc::new("", min, max, MemberKind::Segment(segment))
    }
    const fn group(group: &'static GroupDesc, min: u16, max: u16) -> MemberDesc {
        MemberDesc::new("", min, max, MemberKind::Group(group))
    }

    static OBSERVATION: GroupDesc =
        GroupDesc { name: "OBSERVATION", members: &[one(&OBX, 1, 1), one(&NTE, 0, MANY)] };
    static ORDER: GroupDesc = GroupDesc {
        name: "ORDER",
        members: &[
            one(&ORC, 0, 1),
            one(&OBR, 1, 1),
            one(&NTE, 0, MANY),
            group(&OBSERVATION, 0, MANY),
        ],
    };
    static PATIENT: GroupDesc =
        GroupDesc { name: "PATIENT", members: &[one(&PID, 1, 1), one(&NTE, 0, MANY)] };
    static RESULT: GroupDesc =
        GroupDesc { name: "RESULT", members: &[group(&PATIENT, 0, 1), group(&ORDER, 1, MANY)] };
    static ORU: GroupDesc =
        GroupDesc { name: "ORU", members: &[one(&MSH, 1, 1), group(&RESULT, 1, MANY)] };

    // An order may hold results of earlier orders, which are orders again.
    static PRIOR_PATIENT: GroupDesc =
        GroupDesc { name: "PRIOR_PATIENT", members: &[one(&PID, 1, 1)] };
    static PRIOR_ORDER: GroupDesc = GroupDesc {
        name: "PRIOR_ORDER",
        members: &[one(&ORC, 0, 1), one(&OBR, 1, 1), one(&OBX, 0, MANY)],
    };
    static PRIOR: GroupDesc = GroupDesc {
        name: "PRIOR",
        members: &[group(&PRIOR_PATIENT, 0, 1), group(&PRIOR_ORDER, 1, MANY)],
    };
    static NEW_ORDER: GroupDesc = GroupDesc {
        name: "NEW_ORDER",
        members: &[one(&ORC, 1, 1), one(&OBR, 0, 1), one(&OBX, 0, MANY), group(&PRIOR, 0, MANY)],
    };
    static OML: GroupDesc =
        GroupDesc { name: "OML", members: &[one(&MSH, 1, 1), group(&NEW_ORDER, 1, MANY)] };

    static ADT: GroupDesc = GroupDesc {
        name: "ADT",
        members: &[
            one(&MSH, 1, 1),
            one(&EVN, 1, 1),
            one(&PID, 1, 1),
            one(&PD1, 0, 1),
            one(&ROL, 0, MANY),
            one(&PV1, 1, 1),
            one(&ROL, 0, MANY),
        ],
    };

    /// Each segment with its path; `?` for one without a place, then what is missing.
    fn check(root: &'static GroupDesc, message: &str, expected: &str) {
        let grammar = Grammar::of(root);
        let ids: Vec<_> = message.split(' ').map(|id| id.as_bytes().try_into().ok()).collect();
        let placement = grammar.place(&ids);
        let mut at: Option<NodeId> = None;
        let mut out = Vec::new();
        for (id, place) in message.split(' ').zip(&placement.places) {
            match *place {
                Place::Stray => out.push(format!("{id}?")),
                Place::At { node, .. } => {
                    let step =
                        at.map(|at| grammar.step(at, node).expect("a placed segment is reachable"));
                    for missing in grammar.missing(at, Some(node), step.as_ref()) {
                        out.push(format!("-{}", grammar.group_path(missing)));
                    }
                    let again =
                        step.and_then(|step| step.repeated).map(|node| grammar.group_path(node));
                    out.push(format!(
                        "{}{}",
                        grammar.group_path(node),
                        again.map_or(String::new(), |r| format!("*{r}"))
                    ));
                    at = Some(node);
                }
            }
        }
        out.extend(
            grammar
                .missing(at, None, None)
                .into_iter()
                .map(|missing| format!("-{}", grammar.group_path(missing))),
        );
        assert_eq!(out.join(" "), expected, "{message}");
    }

    #[test]
    fn conforming_messages_are_read_in_one_pass() {
        check(
            &ORU,
            "MSH PID OBR OBX",
            "MSH RESULT.PATIENT.PID RESULT.ORDER.OBR RESULT.ORDER.OBSERVATION.OBX",
        );
        check(
            &ORU,
            "MSH OBR OBX NTE OBX OBR",
            "MSH RESULT.ORDER.OBR RESULT.ORDER.OBSERVATION.OBX RESULT.ORDER.OBSERVATION.NTE \
             RESULT.ORDER.OBSERVATION.OBX*RESULT.ORDER.OBSERVATION RESULT.ORDER.OBR*RESULT.ORDER",
        );
    }

    #[test]
    fn a_segment_that_opens_the_current_group_opens_it_again() {
        check(
            &OML,
            "MSH ORC OBR ORC OBR",
            "MSH NEW_ORDER.ORC NEW_ORDER.OBR NEW_ORDER.ORC*NEW_ORDER NEW_ORDER.OBR",
        );
        check(
            &OML,
            "MSH ORC OBR PID ORC OBR OBX",
            "MSH NEW_ORDER.ORC NEW_ORDER.OBR NEW_ORDER.PRIOR.PRIOR_PATIENT.PID NEW_ORDER.PRIOR.PRIOR_ORDER.ORC \
             NEW_ORDER.PRIOR.PRIOR_ORDER.OBR NEW_ORDER.PRIOR.PRIOR_ORDER.OBX",
        );
    }

    #[test]
    fn deviations_are_the_fewest() {
        check(&ADT, "MSH EVN PID", "MSH EVN PID -PV1");
        check(&ADT, "MSH PID PV1", "MSH -EVN PID PV1");
        check(&ADT, "MSH PID EVN PV1", "MSH -EVN PID EVN? PV1");
        check(&ADT, "MSH EVN PID ZZZ ROL PV1 PV1 ROL", "MSH EVN PID ZZZ? ROL PV1 PV1? ROL");
        check(
            &ORU,
            "MSH PID OBX",
            "MSH RESULT.PATIENT.PID -RESULT.ORDER.OBR RESULT.ORDER.OBSERVATION.OBX",
        );
        check(
            &ORU,
            "MSH OBR PID OBR",
            "MSH RESULT.ORDER.OBR RESULT.PATIENT.PID*RESULT RESULT.ORDER.OBR",
        );
    }
}
