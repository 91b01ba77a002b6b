//! Ids that are missing or malformed.

extern crate hl7_core as hl7_types;

use hl7_macros::{Datatype, Group, Message, Segment};
use hl7_types::primitives::St;
use hl7_types::{Extra, Part};

#[derive(Segment)]
struct Missing {
    #[hl7(seq = 1)]
    value: St,
    #[hl7(extra)]
    extra: Extra,
}

#[derive(Segment)]
#[hl7(id = "ZPVX")]
struct TooLong {
    #[hl7(seq = 1)]
    value: St,
    #[hl7(extra)]
    extra: Extra,
}

#[derive(Segment)]
#[hl7(id = "1PV")]
struct DigitFirst {
    #[hl7(seq = 1)]
    value: St,
    #[hl7(extra)]
    extra: Extra,
}

#[derive(Datatype)]
#[hl7(id = "Z-D")]
struct Dashed {
    #[hl7(seq = 1)]
    value: St,
    #[hl7(extra)]
    extra: Extra,
}

#[derive(Segment)]
#[hl7(id = "ZOK")]
struct Zok {
    #[hl7(extra)]
    extra: Extra,
}

#[derive(Group)]
struct NoName {
    zok: Part<Zok>,
    #[hl7(extra)]
    extra: Extra,
}

#[derive(Message)]
#[hl7(id = "ADT^A01")]
struct Caret {
    zok: Part<Zok>,
    #[hl7(extra)]
    extra: Extra,
}

fn main() {}
