//! `hl7 check --json`: findings as data.

use std::io;

use serde::Serialize;

use super::Checked;
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
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<String>,
    hint: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed: Option<&'a str>,
}

/// Prints one object after the other.
#[derive(Debug)]
pub(super) struct Json(List);

impl Json {
    pub(super) fn start(console: &mut Console) -> io::Result<Self> {
        List::start(console).map(Self)
    }

    /// A part of the objects.
    pub(super) fn apart(&self) -> Self {
        Self(List::apart())
    }

    pub(super) fn join(&mut self, part: &Self, console: &mut Console) -> io::Result<()> {
        self.0.join(&part.0, console)
    }

    pub(super) fn checked(
        &mut self,
        checked: &Checked<'_>,
        console: &mut Console,
    ) -> io::Result<()> {
        let findings = checked.findings.iter().map(|finding| JsonFinding {
            rule: finding.rule.id(),
            severity: finding.severity.word(),
            path: finding.path.to_string(),
            segment: finding.segment,
            span: [finding.span.start, finding.span.end],
            message: &finding.message,
            expected: checked.expected(finding),
            found: checked.found(finding),
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

    pub(super) fn unreadable(
        &mut self,
        file: &str,
        message: Option<&Message<'_>>,
        reason: &str,
        console: &mut Console,
    ) -> io::Result<()> {
        self.0.unreadable(file, message, reason, console)
    }

    pub(super) fn end(&self, console: &mut Console) -> io::Result<()> {
        self.0.end(console)
    }
}
