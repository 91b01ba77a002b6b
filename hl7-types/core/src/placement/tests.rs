//! What readings look like, and that none has fewer deviations.

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
    members: &[one(&ORC, 0, 1), one(&OBR, 1, 1), one(&NTE, 0, MANY), group(&OBSERVATION, 0, MANY)],
};
static PATIENT: GroupDesc =
    GroupDesc { name: "PATIENT", members: &[one(&PID, 1, 1), one(&NTE, 0, MANY)] };
static RESULT: GroupDesc =
    GroupDesc { name: "RESULT", members: &[group(&PATIENT, 0, 1), group(&ORDER, 1, MANY)] };
static ORU: GroupDesc =
    GroupDesc { name: "ORU", members: &[one(&MSH, 1, 1), group(&RESULT, 1, MANY)] };

// An order may hold results of earlier orders, which are orders again.
static PRIOR_PATIENT: GroupDesc = GroupDesc { name: "PRIOR_PATIENT", members: &[one(&PID, 1, 1)] };
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
    let placement = grammar.place(ids.iter().copied());
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
