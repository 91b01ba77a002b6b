//! The types of fields that are taken from messages.

use hl7_types::v2_5_1::VERSION;
use hl7_types::v2_5_1::datatypes::Cx;
use hl7_types::FromHl7;

#[derive(FromHl7)]
#[hl7(version = VERSION)]
struct Patient {
    #[hl7("PID-3")]
    composite: Cx,
    #[hl7("PID-3[*].1")]
    characters: Vec<char>,
    #[hl7(segment = "NTE")]
    text_for_a_segment: Vec<String>,
    #[hl7("NTE-3")]
    struct_for_a_path: Note,
    #[hl7(raw)]
    whole: String,
}

#[derive(FromHl7)]
#[hl7(version = VERSION)]
struct Note {
    #[hl7("NTE-3")]
    text: String,
}

#[derive(FromHl7)]
#[hl7(message = Note)]
struct NoMessage {
    #[hl7("NTE-3")]
    text: String,
}

fn main() {}
