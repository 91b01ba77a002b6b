//! Usages that the standard does not have, and conformance lengths that say nothing.

extern crate hl7_core as hl7_types;

use hl7_macros::Segment;
use hl7_types::Extra;
use hl7_types::primitives::St;

#[derive(Segment)]
#[hl7(id = "ZUS")]
struct Zus {
    #[hl7(seq = 1, usage = "r")]
    lower_case: St,
    #[hl7(seq = 2, usage = "required")]
    word: St,
    #[hl7(seq = 3, usage = "M")]
    of_another_standard: St,
    #[hl7(seq = 4, conf_len = "20")]
    no_mark: St,
    #[hl7(extra)]
    extra: Extra,
}

fn main() {}
