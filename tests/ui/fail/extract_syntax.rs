//! Paths that are none.

use hl7_types::FromHl7;
use hl7_types::v2_5_1::VERSION;

#[derive(FromHl7)]
#[hl7(version = VERSION)]
struct Patient {
    #[hl7("pid-3.1")]
    lower_case: String,
    #[hl7("PID-3.")]
    no_component: String,
    #[hl7("PID.3.1", unchecked)]
    dot_for_dash: String,
    #[hl7("PID-0")]
    from_zero: String,
    #[hl7("PID-3[*.1")]
    not_closed: Vec<String>,
    #[hl7("PID-5.1.1.1")]
    too_deep: String,
    #[hl7("PID-99999999999")]
    too_large: String,
    #[hl7("")]
    empty: String,
}

fn main() {}
