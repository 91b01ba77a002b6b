//! The hub as a whole: the real binary, on loopback, with ports that the system chooses.
//!
//! Every wait here has an end, and whatever a test starts ends with the test.

mod commands;
mod connections;
mod delivery;
mod hub;
mod kill;
mod receiver;
mod sender;

use std::time::{Duration, Instant};

/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until something holds.
#[track_caller]
fn eventually(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "it never came about: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What stands in every message where patient data stands. It must turn up in no log.
const CANARY: &str = "CANARYBIRD";

/// A message with a control id.
fn adt(control_id: &str) -> String {
    format!(
        "MSH|^~\\&|ADT1|HARBOUR|HUB|HARBOUR|20260211||ADT^A01^ADT_A01|{control_id}|P|2.5.1\r\
         EVN||20260211\rPID|1||{CANARY}^^^H^MR||{CANARY}^{CANARY}\rPV1|1|I\r"
    )
}

/// A field of the first segment with an id.
fn field(message: &[u8], segment: &str, seq: usize) -> String {
    let text = String::from_utf8_lossy(message).into_owned();
    let line = text.split('\r').find(|line| line.starts_with(segment)).unwrap_or_default();
    // The field separator is MSH-1 itself.
    let seq = if segment == "MSH" { seq - 1 } else { seq };
    line.split('|').nth(seq).unwrap_or_default().to_owned()
}
