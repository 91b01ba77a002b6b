//! Positions that are missing, taken, skipped, out of order or zero.

extern crate hl7_core as hl7_types;

use hl7_macros::Segment;
use hl7_types::Extra;
use hl7_types::primitives::St;

#[derive(Segment)]
#[hl7(id = "ZPO")]
struct Zpo {
    missing: St,
    #[hl7(seq = 1)]
    taken: St,
    #[hl7(seq = 2)]
    second: St,
    #[hl7(seq = 5)]
    behind_a_gap: St,
    #[hl7(seq = 4)]
    out_of_order: St,
    #[hl7(seq = 0)]
    zero: St,
    #[hl7(extra)]
    extra: Extra,
}

fn main() {}
