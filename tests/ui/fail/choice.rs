//! Choices.

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
#[hl7(name = "CHOICE")]
enum Choice {
    Bare(Zaa),
    Boxed(Box<Zaa>),
    #[hl7(id = "ZAA")]
    Zaa(Part<Zaa>),
    Nothing,
}

#[derive(Group)]
#[hl7(name = "EMPTY")]
enum Empty {}

fn main() {}
