//! A struct that is taken from messages says what each field takes, and what its paths are checked against.

use hl7_types::{FromHl7, Tree};

#[derive(FromHl7)]
struct NoVersion {
    #[hl7("PID-3.1")]
    patient: String,
}

#[derive(FromHl7)]
#[hl7(verison = hl7_types::v2_5_1::VERSION)]
struct MisspelledVersion {
    #[hl7("PID-3.1")]
    patient: String,
}

#[derive(FromHl7)]
#[hl7(version = "2.5.1", id = "ADT_A01")]
struct Keys {
    nothing: String,
    #[hl7("PID-3.1", "PID-3.2")]
    two_paths: String,
    #[hl7("PID-3.1", segment = "PID")]
    two_sources: String,
    #[hl7(path = 3)]
    number: String,
    #[hl7(PID)]
    no_quotes: String,
    #[hl7(grop = "PATIENT")]
    misspelled: String,
    #[hl7(group = "PATIENT", direct)]
    needless: Option<Inner>,
    #[hl7(raw, unchecked)]
    needless_too: Tree,
    #[hl7("ZPV-1", unchecked, site = Inner)]
    both: String,
    #[hl7("PID-3[*].1")]
    one_for_several: String,
    #[hl7("PID-3.1")]
    several_for_one: Vec<String>,
    #[hl7(segment = "NTE-3")]
    path_for_a_segment: Vec<Inner>,
    #[hl7(group = "PATIENT..VISIT")]
    name_missing: Vec<Inner>,
    #[hl7(seq = 3)]
    of_another_derive: String,
}

#[derive(FromHl7)]
#[hl7(version = hl7_types::v2_5_1::VERSION)]
struct Inner;

#[derive(FromHl7)]
#[hl7(version = hl7_types::v2_5_1::VERSION)]
struct Generic<T> {
    #[hl7("PID-3.1")]
    patient: T,
}

fn main() {}
