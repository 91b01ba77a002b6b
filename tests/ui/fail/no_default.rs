//! Segments, groups and messages have no default: an empty one lacks what is required.

use hl7_types::v2_5_1::messages::AdtA01;
use hl7_types::v2_5_1::segments::Pid;

fn main() {
    let _ = Pid::default();
    let _ = AdtA01::default();
}
