//! `hl7 check --format sarif`: findings as SARIF 2.1.0, which code hosts and editors show.

use std::fmt::Write as _;
use std::io::{self, Write};

use hl7_types::{Finding, Rule};
use serde::Serialize;
use serde_json::{Value, json};

use super::Checked;
use crate::console::Console;
use crate::input::{Message, STDIN};
use crate::json::List;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Writes a log with one run, result by result.
#[derive(Debug)]
pub(super) struct Sarif {
    results: List,
    /// What could not be read.
    notifications: Vec<Value>,
}

/// One result.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'a> {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Value,
    locations: [Location; 1],
    properties: Properties<'a>,
}

/// Where it is: as bytes of the file, and as a path of the message.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: Value,
    logical_locations: Value,
}

/// What SARIF has no place for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties<'a> {
    /// Which message of the file, from one.
    message_index: usize,
    /// Which segment of the message, from one.
    segment: u32,
    hl7_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    structure: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed: Option<&'a str>,
}

impl Sarif {
    /// Writes what stands in front of the results.
    pub(super) fn start(out: &mut Console) -> io::Result<Self> {
        let rules: Vec<_> = Rule::ALL.iter().map(|&rule| descriptor(rule)).collect();
        let tool = json!({ "driver": {
            "name": env!("CARGO_BIN_NAME"),
            "version": env!("CARGO_PKG_VERSION"),
            "informationUri": env!("CARGO_PKG_REPOSITORY"),
            "rules": rules,
        } });
        write!(
            out,
            "{{\"$schema\":\"{SCHEMA}\",\"version\":\"2.1.0\",\"runs\":[{{\"tool\":{tool},\"results\":"
        )?;
        Ok(Self { results: List::start(out)?, notifications: Vec::new() })
    }

    /// A part of the results.
    pub(super) fn apart() -> Self {
        Self { results: List::apart(), notifications: Vec::new() }
    }

    /// Takes over what a part has.
    pub(super) fn join(&mut self, part: Self, out: &mut Console) -> io::Result<()> {
        self.notifications.extend(part.notifications);
        self.results.join(&part.results, out)
    }

    pub(super) fn checked(&mut self, checked: &Checked<'_>, out: &mut Console) -> io::Result<()> {
        for finding in checked.findings {
            self.results.item(&result(checked, finding), out)?;
        }
        Ok(())
    }

    pub(super) fn unreadable(&mut self, file: &str, message: Option<&Message<'_>>, reason: &str) {
        let mut place = json!({ "artifactLocation": { "uri": uri(file) } });
        if let Some(message) = message {
            place["region"] = json!({
                "byteOffset": message.offset,
                "byteLength": message.bytes.len(),
            });
        }
        self.notifications.push(json!({
            "level": "error",
            "message": { "text": reason },
            "locations": [{ "physicalLocation": place }],
        }));
    }

    pub(super) fn end(&mut self, out: &mut Console) -> io::Result<()> {
        self.results.end(out)?;
        let invocation = json!([{
            "executionSuccessful": self.notifications.is_empty(),
            "toolExecutionNotifications": self.notifications,
        }]);
        writeln!(out, ",\"invocations\":{invocation}}}]}}")
    }
}

/// What a rule is.
fn descriptor(rule: Rule) -> Value {
    json!({
        "id": rule.id(),
        "shortDescription": { "text": rule.summary() },
        "help": { "text": format!("What to do: {}.", rule.hint()) },
        "defaultConfiguration": { "level": rule.severity().word() },
    })
}

fn result<'a>(checked: &Checked<'a>, finding: &'a Finding) -> SarifResult<'a> {
    let message = checked.message;
    let text = format!("{}: {}", finding.path, finding.message);
    SarifResult {
        rule_id: finding.rule.id(),
        rule_index: Rule::ALL.iter().position(|rule| *rule == finding.rule).unwrap_or_default(),
        level: finding.severity.word(),
        message: json!({ "text": text }),
        locations: [Location {
            physical_location: json!({
                "artifactLocation": { "uri": uri(message.file) },
                "region": {
                    "byteOffset": message.offset + finding.span.start as usize,
                    "byteLength": finding.range().len(),
                },
            }),
            logical_locations: json!([{
                "fullyQualifiedName": finding.path.to_string(),
                "kind": "element",
            }]),
        }],
        properties: Properties {
            message_index: message.index,
            segment: finding.segment,
            hl7_version: checked.version.desc().id,
            structure: checked.structure.map(|structure| structure.id),
            expected: checked.expected(finding),
            found: checked.found(finding),
            allowed: finding.allowed.as_deref(),
        },
    }
}

/// A file as a URI: relative as it was named, or absolute.
fn uri(file: &str) -> String {
    if file == STDIN {
        return "stdin".to_owned();
    }
    let mut uri = String::with_capacity(file.len());
    if file.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in file.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                uri.push(char::from(byte));
            }
            b'\\' if cfg!(windows) => uri.push('/'),
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn files_are_uris() {
        for (file, expected) in [
            ("in/adt.hl7", "in/adt.hl7"),
            ("/in/a b.hl7", "file:///in/a%20b.hl7"),
            ("M\u{fc}ller#1?.hl7", "M%C3%BCller%231%3F.hl7"),
            ("(standard input)", "stdin"),
        ] {
            assert_eq!(uri(file), expected);
        }
    }
}
