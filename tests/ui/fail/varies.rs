//! Enums of datatypes.

extern crate hl7_core as hl7_types;

use hl7_macros::Datatype;
use hl7_types::primitives::{Nm, Raw, St};

#[derive(Datatype)]
enum NoRaw {
    #[hl7(id = "NM")]
    Nm(Nm),
}

#[derive(Datatype)]
enum Value {
    #[hl7(raw)]
    Raw(Raw),
    #[hl7(raw)]
    AlsoRaw(Raw),
    #[hl7(id = "NM")]
    Nm(Nm),
    #[hl7(id = "NM")]
    AlsoNm(Nm),
    #[hl7(id = "S T")]
    Space(St),
    #[hl7(id = "ST")]
    Boxed(Box<St>),
    NoId(St),
    #[hl7(id = "TX")]
    Two(St, St),
    #[hl7(id = "FT")]
    None,
}

fn main() {}
