//! `hl7 check --summary`: how often each kind of finding occurs over all messages of a version.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use anstyle::Style;
use hl7_types::{Path, Rule, Severity, VERSIONS};

use super::{Checked, style};
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
    kinds: HashMap<(Rule, Path), Kind>,
}

/// Findings of one rule at one place of the standard.
#[derive(Debug)]
struct Kind {
    severity: Severity,
    findings: usize,
    messages: usize,
    /// The last message of the version that has one, counted from one.
    last: usize,
    /// What the first one says, and where it is.
    first: String,
    label: String,
}

/// A path without occurrences and repetitions: the place in the standard.
fn place(path: Path) -> Path {
    nth(path.with_repetition(0), 1)
}

impl Summary {
    pub(super) fn new(top: usize) -> Self {
        Self { top, versions: BTreeMap::new() }
    }
}

impl Summary {
    /// A summary of a part of the files.
    pub(super) fn apart(&self) -> Self {
        Self::new(self.top)
    }

    /// Adds what a later part has.
    pub(super) fn join(&mut self, part: Self) {
        for (index, other) in part.versions {
            let version = self.versions.entry(index).or_default();
            version.messages += other.messages;
            for (key, other) in other.kinds {
                match version.kinds.entry(key) {
                    Entry::Vacant(place) => {
                        place.insert(other);
                    }
                    Entry::Occupied(mut known) => {
                        known.get_mut().findings += other.findings;
                        known.get_mut().messages += other.messages;
                    }
                }
            }
        }
    }

    pub(super) fn checked(&mut self, checked: &Checked<'_>) {
        let id = checked.version.desc().id;
        let index = VERSIONS.iter().position(|version| version.desc().id == id);
        let version = self.versions.entry(index.unwrap_or(VERSIONS.len())).or_default();
        version.messages += 1;
        for finding in checked.findings {
            let key = (finding.rule, place(finding.path));
            let kind = version.kinds.entry(key).or_insert_with(|| Kind {
                severity: finding.severity,
                findings: 0,
                messages: 0,
                last: 0,
                first: finding.message.clone(),
                label: checked.message.label(),
            });
            kind.findings += 1;
            kind.messages += usize::from(kind.last != version.messages);
            kind.last = version.messages;
        }
    }

    pub(super) fn end(&mut self, console: &mut Console) -> io::Result<()> {
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
        let kinds = self.kinds.iter().map(|((rule, path), kind)| (*rule, path.to_string(), kind));
        let mut kinds: Vec<_> = kinds.collect();
        kinds.sort_by(|a, b| {
            let key = |(rule, _, kind): &(Rule, String, &Kind)| {
                (Reverse(kind.findings), Reverse(kind.severity), *rule)
            };
            key(a).cmp(&key(b)).then_with(|| a.1.cmp(&b.1))
        });
        let shown = if top == 0 { kinds.len() } else { kinds.len().min(top) };
        for (rule, path, kind) in &kinds[..shown] {
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
