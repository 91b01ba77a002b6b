//! A segment without its required fields does not compile.

use hl7_types::v2_5_1::segments::{Msa, Pid};

fn main() {
    let _ = Msa::new();
    let _ = Pid::new("4711");
}
