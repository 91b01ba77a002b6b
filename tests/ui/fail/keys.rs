//! Keys that do not exist, stand in the wrong place, come twice, or have the wrong kind of value.

extern crate hl7_core as hl7_types;

use hl7_macros::Segment;
use hl7_types::primitives::St;
use hl7_types::{Extra, Part};

#[derive(Segment)]
#[hl7(id = "ZKY", id = "ZKZ", seq = 1, colour = "red")]
struct Zky {
    #[hl7(seq = "1")]
    number_in_quotes: St,
    #[hl7(seq = 2, usage = R)]
    text_without_quotes: St,
    #[hl7(seq = 3, table = "TABLE_0001")]
    path_in_quotes: St,
    #[hl7(seq = 4, max = "many")]
    other_text_for_max: Vec<St>,
    #[hl7(seq = 5, item = 99999999999)]
    number_too_large: St,
    #[hl7(seq = 6, len = 20u32)]
    number_with_suffix: St,
    #[hl7(seq = 7, cardinality = 1)]
    key_of_no_place: St,
    #[hl7(seq = 8, version = VERSION)]
    key_of_another_place: St,
    #[hl7(seq = 9, open = true)]
    value_for_a_flag: St,
    #[hl7(seq 10)]
    no_attribute_at_all: St,
    #[hl7(extra = Extra)]
    extra: Extra,
}

#[derive(hl7_macros::Datatype)]
#[hl7(id = "ZD")]
struct Zd {
    #[hl7(seq = 1, max = 3)]
    components_do_not_repeat: St,
    #[hl7(extra)]
    extra: Extra,
}

#[derive(hl7_macros::Group)]
#[hl7(name = "ANY")]
struct AnyGroup {
    #[hl7(seq = 1)]
    members_have_no_number: Part<Zky>,
    #[hl7(extra)]
    extra: Extra,
}

fn main() {}
