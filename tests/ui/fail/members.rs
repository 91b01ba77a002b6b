//! Members of groups and messages.

extern crate hl7_core as hl7_types;

use hl7_macros::{Group, Segment};
use hl7_types::{Extra, Part};

#[derive(Segment)]
#[hl7(id = "ZAA")]
struct Zaa {
    #[hl7(extra)]
    extra: Extra,
}

#[derive(Group)]
#[hl7(name = "GROUP")]
struct Members {
    bare: Zaa,
    unboxed: Option<Zaa>,
    #[hl7(min = 0)]
    required: Part<Zaa>,
    #[hl7(min = 1)]
    optional: Option<Box<Zaa>>,
    #[hl7(max = 3)]
    single: Part<Zaa>,
    #[hl7(min = 3, max = 2)]
    crossed: Vec<Zaa>,
    #[hl7(extra)]
    extra: Extra,
}

fn main() {}
