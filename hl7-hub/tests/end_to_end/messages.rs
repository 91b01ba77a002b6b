//! Messages that the tests send.

/// What stands in every message where patient data stands. It must turn up in no log.
pub(crate) const CANARY: &str = "CANARYBIRD";

/// A message with a control id.
pub(crate) fn adt(control_id: &str) -> String {
    format!(
        "MSH|^~\\&|ADT1|HARBOUR|HUB|HARBOUR|20260211||ADT^A01^ADT_A01|{control_id}|P|2.5.1\r\
         EVN||20260211\rPID|1||{CANARY}^^^H^MR||{CANARY}^{CANARY}\rPV1|1|I\r"
    )
}

/// A field of the first segment with an id.
pub(crate) fn field(message: &[u8], segment: &str, seq: usize) -> String {
    let text = String::from_utf8_lossy(message).into_owned();
    let line = text.split('\r').find(|line| line.starts_with(segment)).unwrap_or_default();
    // The field separator is MSH-1 itself.
    let seq = if segment == "MSH" { seq - 1 } else { seq };
    line.split('|').nth(seq).unwrap_or_default().to_owned()
}
