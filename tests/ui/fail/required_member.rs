//! A message without its required PID does not compile, and no struct literal gets around it.

use hl7_types::v2_5_1::messages::AdtA01;
use hl7_types::v2_5_1::segments::{Evn, Msh, Pv1};

fn admission(msh: Msh, evn: Evn, pv1: Pv1) -> AdtA01 {
    AdtA01::new(msh, evn, pv1)
}

fn main() {}
