//! Types that are no row of named fields.

extern crate hl7_core as hl7_types;

use hl7_macros::{Datatype, Group, Message, Segment};
use hl7_types::Extra;
use hl7_types::primitives::St;

#[derive(Segment)]
#[hl7(id = "ZTU")]
struct Tuple(St, Extra);

#[derive(Segment)]
#[hl7(id = "ZUN")]
struct Unit;

#[derive(Segment)]
#[hl7(id = "ZEN")]
enum Enum {
    A(St),
}

#[derive(Message)]
#[hl7(id = "ZZZ_Z01")]
enum Messages {
    A(St),
}

#[derive(Datatype)]
#[hl7(id = "ZU")]
union Union {
    number: u8,
}

#[derive(Group)]
#[hl7(name = "EMPTY")]
struct NoMembers {
    #[hl7(extra)]
    extra: Extra,
}

#[derive(Segment)]
#[hl7(id = "ZGE")]
struct Generic<T> {
    #[hl7(seq = 1)]
    value: T,
    #[hl7(extra)]
    extra: Extra,
}

fn main() {}
