//! Paths and groups that the version does not define.

use hl7_types::FromHl7;
use hl7_types::v2_5_1::messages::OruR01;
use hl7_types::v2_5_1::VERSION;

#[derive(hl7_types::Segment)]
#[hl7(id = "ZPV", name = "Visit Addendum")]
struct Zpv {
    #[hl7(seq = 1)]
    wristband: hl7_types::primitives::St,
    #[hl7(extra)]
    extra: hl7_types::Extra,
}

#[derive(FromHl7)]
#[hl7(version = VERSION)]
struct Patient {
    #[hl7("PIX-3.1")]
    unknown_segment: String,
    #[hl7("PDI-8")]
    swapped_letters: String,
    #[hl7("QQQ-1")]
    nothing_near: String,
    #[hl7("ZPV-2")]
    site_segment: String,
    #[hl7("PID-45")]
    too_few_fields: String,
    #[hl7("PID-3.11")]
    too_few_components: String,
    #[hl7("PID-3.4.4")]
    too_few_subcomponents: String,
    #[hl7("PID-8.2")]
    no_components: String,
    #[hl7("PID-3.1.2")]
    no_subcomponents: String,
    #[hl7("PID-7[*].1")]
    does_not_repeat: Vec<String>,
    #[hl7("UB1[2]-7[6]")]
    too_few_repetitions: String,
    #[hl7(segment = "NTA")]
    unknown_segments: Vec<Note>,
    #[hl7(group = "PATIENT_RESULT.ORDER_OBSERVATIONS")]
    unknown_group: Vec<Note>,
    #[hl7(group = "TURNIPS")]
    group_with_nothing_near: Vec<Note>,
    #[hl7("ZPV-2", site = Zpv)]
    too_few_site_fields: String,
    #[hl7("PID-2", site = Zpv)]
    other_site_segment: String,
    #[hl7("PID-5.1.1")]
    right: String,
}

#[derive(FromHl7)]
#[hl7(message = OruR01)]
struct Note {
    #[hl7("NTE-30")]
    text: String,
    #[hl7(group = "PROCEDURE")]
    group_of_other_messages: Vec<Right>,
    #[hl7(group = "PATIENT.ORDER_OBSERVATION")]
    group_elsewhere: Vec<Right>,
    #[hl7(group = "ORDER_OBS")]
    shortened: Vec<Right>,
}

#[derive(FromHl7)]
#[hl7(version = VERSION)]
struct Right {
    #[hl7("NTE-3[2]")]
    text: String,
}

fn main() {}
