//! A struct with five mistakes is told about all five.

extern crate hl7_core as hl7_types;

use hl7_macros::Segment;
use hl7_types::primitives::St;

#[derive(Segment)]
#[hl7(id = "zpv", nmae = "Visit Addendum")]
struct Zpv {
    #[hl7(seq = 1, uasge = "R")]
    first: St,
    #[hl7(seq = 3, len = "20")]
    third: St,
}

fn main() {}
