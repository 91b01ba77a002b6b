//! Fields of types that are no HL7 fields, and a repeating field whose type holds one value.

extern crate hl7_core as hl7_types;

use hl7_macros::Segment;
use hl7_types::Extra;
use hl7_types::primitives::St;

#[derive(Segment)]
#[hl7(id = "ZTY")]
struct Zty {
    #[hl7(seq = 1)]
    text: String,
    #[hl7(seq = 2)]
    maybe: Option<St>,
    #[hl7(extra)]
    extra: Extra,
}

#[derive(Segment)]
#[hl7(id = "ZMX")]
struct Zmx {
    #[hl7(seq = 1, max = "*")]
    single: St,
    #[hl7(extra)]
    extra: Extra,
}

fn main() {}
