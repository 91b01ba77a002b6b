//! `hl7 check --json`: findings as data.

use std::io;

use serde::Serialize;

use super::{Checked, Report};
use crate::console::Console;
use crate::input::Message;
use crate::json::List;

/// One message.
#[derive(Serialize)]
struct JsonMessage<'a> {
    file: &'a str,
    index: usize,
    offset: usize,
    version: &'static str,
    structure: Option<&'static str>,
    findings: Vec<JsonFinding<'a>>,
    hidden: usize,
}

/// One finding.
#[derive(Serialize)]
struct JsonFinding<'a> {
    rule: &'static str,
    severity: &'static str,
    path: String,
    segment: u32,
    span: [u32; 2],
    message: &'a str,
    hint: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed: Option<&'a str>,
}

/// Prints one object after the other.
pub(super) struct Json(pub(super) List);

impl Report for Json {
    fn checked(&mut self, checked: &Checked<'_>, console: &mut Console) -> io::Result<()> {
        let findings = checked.shown.iter().map(|finding| JsonFinding {
            rule: finding.rule.id(),
            severity: finding.severity.word(),
            path: finding.path.to_string(),
            segment: finding.segment,
            span: [finding.span.start, finding.span.end],
            message: &finding.message,
            hint: finding.hint,
            allowed: finding.allowed.as_deref(),
        });
        let item = JsonMessage {
            file: checked.message.file,
            index: checked.message.index,
            offset: checked.message.offset,
            version: checked.version.desc().id,
            structure: checked.structure.map(|structure| structure.id),
            findings: findings.collect(),
            hidden: checked.hidden,
        };
        self.0.item(&item, console)
    }

    fn unreadable(
        &mut self,
        file: &str,
        message: Option<&Message<'_>>,
        reason: &str,
        console: &mut Console,
    ) -> io::Result<()> {
        self.0.unreadable(file, message, reason, console)
    }

    fn end(&mut self, console: &mut Console) -> io::Result<()> {
        self.0.end(console)
    }
}
