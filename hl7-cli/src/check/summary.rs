//! `hl7 check --summary`: how often each kind of finding occurs over all messages.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::io::{self, Write};

use hl7_types::{Path, Rule, Severity};

use super::{Checked, Report, style};
use crate::console::{Console, DIM};
use crate::segments::nth;
use crate::text::{count, pad, printable};

/// Findings by kind.
#[derive(Debug, Default)]
pub(super) struct Summary {
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

impl Report for Summary {
    fn checked(&mut self, checked: &Checked<'_>, _console: &mut Console) -> io::Result<()> {
        let mut seen = BTreeSet::new();
        for finding in &checked.shown {
            let key = (finding.rule, place(finding.path));
            let kind = self.kinds.entry(key.clone()).or_insert_with(|| Kind {
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
        let mut kinds: Vec<_> = self.kinds.iter().collect();
        kinds.sort_by_key(|((rule, path), kind)| {
            (Reverse(kind.severity), Reverse(kind.findings), *rule, path.as_str())
        });
        for ((rule, path), kind) in kinds {
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
        Ok(())
    }
}
