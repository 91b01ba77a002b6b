//! `hl7 check --summary`: how often each kind of finding occurs over all messages of a version.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Write};

use anstyle::Style;
use hl7_types::{Path, Rule, Severity, VERSIONS};

use super::{Checked, Report, style};
use crate::console::{Console, DIM};
use crate::segments::nth;
use crate::text::{count, pad, printable};

/// Findings by version and kind.
#[derive(Debug)]
pub(super) struct Summary {
    /// How many kinds are shown for each version; zero for all.
    top: usize,
    /// By the index in [`VERSIONS`].
    versions: BTreeMap<usize, OfVersion>,
}

/// What the messages of one version have.
#[derive(Debug, Default)]
struct OfVersion {
    messages: usize,
    kinds: HashMap<(Rule, String), Kind>,
}

/// Findings of one rule at one place of the standard.
#[derive(Debug)]
struct Kind {
    severity: Severity,
    findings: usize,
    messages: usize,
    /// What the first one says, and where it is.
    first: String,
    label: String,
}

/// A path without occurrences and repetitions: the place in the standard.
fn place(path: Path) -> String {
    nth(path.with_repetition(0), 1).to_string()
}

impl Summary {
    pub(super) fn new(top: usize) -> Self {
        Self { top, versions: BTreeMap::new() }
    }
}

impl Report for Summary {
    fn checked(&mut self, checked: &Checked<'_>, _console: &mut Console) -> io::Result<()> {
        let id = checked.version.desc().id;
        let index = VERSIONS.iter().position(|version| version.desc().id == id);
        let version = self.versions.entry(index.unwrap_or(VERSIONS.len())).or_default();
        version.messages += 1;
        let mut seen = BTreeSet::new();
        for finding in &checked.shown {
            let key = (finding.rule, place(finding.path));
            let kind = version.kinds.entry(key.clone()).or_insert_with(|| Kind {
                severity: finding.severity,
                findings: 0,
                messages: 0,
                first: finding.message.clone(),
                label: checked.message.label(),
            });
            kind.findings += 1;
            kind.messages += usize::from(seen.insert(key));
        }
        Ok(())
    }

    fn end(&mut self, console: &mut Console) -> io::Result<()> {
        let bold = Style::new().bold();
        for (&index, version) in &self.versions {
            let id = VERSIONS.get(index).map_or("", |version| version.desc().id);
            let findings = version.kinds.values().map(|kind| kind.findings).sum();
            let (messages, findings) =
                (count(version.messages, "message"), count(findings, "finding"));
            let kinds = count(version.kinds.len(), "kind");
            writeln!(console, "{bold}{id}{bold:#}: {messages}, {findings} of {kinds}")?;
            version.write(self.top, console)?;
        }
        Ok(())
    }
}

impl OfVersion {
    fn write(&self, top: usize, console: &mut Console) -> io::Result<()> {
        let mut kinds: Vec<_> = self.kinds.iter().collect();
        kinds.sort_by_key(|((rule, path), kind)| {
            (Reverse(kind.findings), Reverse(kind.severity), *rule, path.as_str())
        });
        let shown = if top == 0 { kinds.len() } else { kinds.len().min(top) };
        for ((rule, path), kind) in &kinds[..shown] {
            let style = style(kind.severity);
            let head = format!("{}[{}]", kind.severity.word(), rule.id());
            writeln!(
                console,
                "{:>7}x {style}{head}{style:#}{} {path}{}  {}",
                kind.findings,
                pad(&head, 29),
                pad(path, 10),
                kind.first,
            )?;
            writeln!(
                console,
                "{:>9}{DIM}in {}, first in {}{DIM:#}",
                "",
                count(kind.messages, "message"),
                printable(&kind.label)
            )?;
        }
        if shown < kinds.len() {
            let more = count(kinds.len() - shown, "more kind");
            writeln!(console, "{:>9}{DIM}and {more}; show them with --top 0{DIM:#}", "")?;
        }
        Ok(())
    }
}
