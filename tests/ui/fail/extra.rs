//! The field for everything else: missing, twice, with other keys, of another type.

extern crate hl7_core as hl7_types;

use hl7_macros::{Datatype, Message, Segment};
use hl7_types::primitives::St;
use hl7_types::{Extra, Part};

#[derive(Segment)]
#[hl7(id = "ZNO")]
struct Zno {
    #[hl7(seq = 1)]
    value: St,
}

#[derive(Datatype)]
#[hl7(id = "ZZ")]
struct Zz {
    #[hl7(extra)]
    extra: Extra,
    #[hl7(seq = 1)]
    value: St,
    #[hl7(extra, usage = "O")]
    more: Extra,
}

#[derive(Message)]
#[hl7(id = "ZZZ_Z01")]
struct ZzzZ01 {
    zty: Part<Zty>,
}

#[derive(Segment)]
#[hl7(id = "ZTY")]
struct Zty {
    #[hl7(seq = 1)]
    value: St,
    #[hl7(extra)]
    extra: St,
}

fn main() {}
