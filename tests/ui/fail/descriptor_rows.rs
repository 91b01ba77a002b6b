//! A struct and its descriptor have the same rows.

extern crate hl7_core as hl7_types;

use hl7_macros::{Datatype, Group, Message, Segment};
use hl7_types::desc::{
    DatatypeDesc, DatatypeKind, ElementDesc, GroupDesc, MemberDesc, MemberKind, SegmentDesc,
    StructureDesc,
};
use hl7_types::primitives::St;
use hl7_types::{Extra, Part};

static ST: DatatypeDesc =
    DatatypeDesc::new("ST", "String Data", DatatypeKind::Composite(&[]), 0);
static ZAA: SegmentDesc = SegmentDesc::new("ZAA", "Two", &[ElementDesc::new("A", "a", &ST), ElementDesc::new("B", "b", &ST)]);
static GROUP: GroupDesc = GroupDesc {
    name: "GROUP",
    members: &[
        MemberDesc::new("zaa", 1, 1, MemberKind::Segment(&ZAA)),
        MemberDesc::new("zaa2", 0, 1, MemberKind::Segment(&ZAA)),
    ],
};

#[derive(Segment)]
#[hl7(id = "ZAA", desc = ZAA)]
struct Zaa {
    #[hl7(seq = 1)]
    a: St,
    #[hl7(extra)]
    extra: Extra,
}

#[derive(Datatype)]
#[hl7(id = "ST", desc = ST)]
struct Zd {
    #[hl7(seq = 1)]
    a: St,
    #[hl7(extra)]
    extra: Extra,
}

#[derive(Group)]
#[hl7(desc = GROUP)]
struct OneMember {
    zaa: Part<Zaa>,
    #[hl7(extra)]
    extra: Extra,
}

#[derive(Group)]
#[hl7(desc = GROUP)]
enum OneAlternative {
    Zaa(Part<Zaa>),
}

static ZZZ_Z01: StructureDesc = StructureDesc::new("ZZZ_Z01", None, &GROUP);

#[derive(Message)]
#[hl7(id = "ZZZ_Z01", desc = ZZZ_Z01)]
struct ThreeMembers {
    zaa: Part<Zaa>,
    zaa2: Option<Box<Zaa>>,
    zaa3: Option<Box<Zaa>>,
    #[hl7(extra)]
    extra: Extra,
}

fn main() {}
