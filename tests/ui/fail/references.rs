//! What one fact says about another.

extern crate hl7_core as hl7_types;

use hl7_macros::Segment;
use hl7_types::Extra;
use hl7_types::primitives::{Id, Raw, St};

#[derive(Segment)]
#[hl7(id = "ZRE")]
struct Zre {
    #[hl7(seq = 1)]
    value_type: Id,
    #[hl7(seq = 2, varies_by = 9)]
    nowhere: Raw,
    #[hl7(seq = 3, varies_by = 3)]
    itself: Raw,
    #[hl7(seq = 4, open)]
    not_last: Raw,
    #[hl7(seq = 5, min = 3, max = 2)]
    crossed: Vec<St>,
    #[hl7(seq = 6, max = 0)]
    none: St,
    #[hl7(extra)]
    extra: Extra,
}

fn main() {}
