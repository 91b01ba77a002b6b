//! From a message and its findings to how it fared: what is rejected by its header, what is wrong, what is accepted.

use crate::desc::VersionDesc;
use crate::finding::{Findings, Severity};
use crate::header::Header;
use crate::indexed::is_site_defined;

use super::err::{ErrorCode, Fault};
use super::mode::Outcome;

/// What a receiver supports, as far as MSH says it.
#[derive(Debug, Clone)]
pub struct Supported<'a> {
    /// The versions that MSH-12 may name.
    pub versions: &'a [&'static VersionDesc],
    /// The processing ids that MSH-11.1 may have; table 0103 is `P`, `D`, `T`.
    pub processing: &'a [&'a str],
}

impl<'a> Supported<'a> {
    /// Some versions, and all processing ids of table 0103.
    #[must_use]
    pub fn versions(versions: &'a [&'static VersionDesc]) -> Self {
        Self { versions, processing: &["P", "D", "T"] }
    }
}

/// What is wrong in a header for an acknowledgment to say: codes 101 and 200 to 203.
#[must_use]
pub fn check_header(header: &Header<'_>, supported: &Supported<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault =
        |field, code, text: &str| faults.push(Fault::at("MSH", field, code).saying(text));
    if !header.is_sound() {
        fault(2, ErrorCode::DataType, "MSH-1 and MSH-2 declare no usable delimiters");
    }
    let part = |field, component| header.component(field, component).trim_ascii();
    let version = supported.versions.iter().find(|known| known.id.as_bytes() == part(12, 1));
    let (code, trigger) = (part(9, 1), part(9, 2));
    match version {
        _ if code.is_empty() => fault(9, ErrorCode::RequiredField, "no message type"),
        Some(version) => {
            if let Some(code) = unsupported_type(version, code, trigger) {
                fault(9, code, "not a message of the version that MSH-12 names");
            }
        }
        None => {}
    }
    if header.field(10).is_empty() {
        fault(10, ErrorCode::RequiredField, "no control id");
    }
    match part(11, 1) {
        b"" => fault(11, ErrorCode::RequiredField, "no processing id"),
        id if supported.processing.iter().any(|known| known.as_bytes() == id) => {}
        _ => fault(11, ErrorCode::ProcessingId, "not a processing id that is supported"),
    }
    match version {
        None if part(12, 1).is_empty() => fault(12, ErrorCode::RequiredField, "no version"),
        None => fault(12, ErrorCode::VersionId, "not a version that is supported"),
        Some(_) => {}
    }
    faults
}

/// What of MSH-9 a version does not have. What sites define (`Z..`) is theirs to know.
fn unsupported_type(version: &VersionDesc, code: &[u8], trigger: &[u8]) -> Option<ErrorCode> {
    if is_site_defined(code) || is_site_defined(trigger) {
        return None;
    }
    let text = |bytes| std::str::from_utf8(bytes).unwrap_or_default();
    if version.structure_of_message(text(code), text(trigger), "").is_some() {
        return None;
    }
    let of_code = |id: &str| id.as_bytes().split(|&byte| byte == b'_').next() == Some(code);
    let known = version.events.iter().any(|event| event.message.as_bytes() == code)
        || version.structures.iter().any(|structure| of_code(structure.id));
    Some(match known {
        false => ErrorCode::MessageType,
        true if trigger.is_empty() => ErrorCode::RequiredField,
        true => ErrorCode::EventCode,
    })
}

/// How a message fared, and the faults to report.
///
/// A header whose MSH-9, 11 or 12 is missing or not supported rejects the message, and only its own faults are reported:
/// what the rest means is not known. Otherwise each finding that is an error makes the message wrong.
#[must_use]
pub fn judge(
    header: &Header<'_>,
    findings: &Findings,
    supported: &Supported<'_>,
) -> (Outcome, Vec<Fault>) {
    let mut faults = check_header(header, supported);
    if faults.iter().any(|fault| fault.field != 10) {
        return (Outcome::Rejected, faults);
    }
    let told = !faults.is_empty();
    let errors = findings.iter().filter(|finding| {
        // What the sender's own version allows is no error of the sender.
        finding.severity == Severity::Error && finding.allowed.is_none()
    });
    let errors = errors.map(Fault::from);
    faults.extend(errors.filter(|fault| !(told && fault.segment == "MSH" && fault.field == 10)));
    let outcome = if faults.is_empty() { Outcome::Accepted } else { Outcome::Error };
    (outcome, faults)
}
