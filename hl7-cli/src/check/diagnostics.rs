//! `hl7 check`: each finding with its segment, for people.

use std::io::{self, Write};

use hl7_types::{Finding, Rule};

use super::{Checked, snippet, style};
use crate::console::{Console, DIM};
use crate::leaves::table_at;
use crate::text::printable;

/// Prints each finding with its segment.
#[derive(Debug, Clone)]
pub(super) struct Diagnostics {
    /// Whether values are hidden.
    pub(super) redact: bool,
}

impl Diagnostics {
    pub(super) fn checked(&self, checked: &Checked<'_>, console: &mut Console) -> io::Result<()> {
        for finding in checked.findings {
            self.finding(checked, finding, console)?;
        }
        Ok(())
    }

    fn finding(
        &self,
        checked: &Checked<'_>,
        finding: &Finding,
        console: &mut Console,
    ) -> io::Result<()> {
        let style = style(finding.severity);
        let (word, rule) = (finding.severity.word(), finding.rule.id());
        writeln!(console, "{style}{word}[{rule}]{style:#} {}: {}", finding.path, finding.message)?;
        let label = checked.message.label();
        let label = printable(&label);
        let segment = checked.tree.segments().nth((finding.segment as usize).saturating_sub(1));
        let place = match segment {
            Some(segment) if finding.rule == Rule::MissingSegment => {
                format!("after segment {}, {}", finding.segment, segment.id().unwrap_or("no id"))
            }
            _ => {
                let byte = checked.message.offset + finding.span.start as usize;
                format!("segment {}, byte {byte}", finding.segment)
            }
        };
        writeln!(console, "  {DIM}-->{DIM:#} {label}: {place}")?;
        if let Some(segment) = segment.filter(|_| finding.rule != Rule::MissingSegment) {
            let width = console.width().saturating_sub(5);
            let shown = match (self.redact, segment.id()) {
                (false, _) => usize::MAX,
                (true, Some(id)) => id.len(),
                (true, None) => 0,
            };
            let cut = snippet::cut(
                (segment.raw(), checked.tree.charset()),
                segment.range(),
                finding.range(),
                width,
                shown,
            );
            writeln!(console, "   {DIM}|{DIM:#} {}", cut.text)?;
            writeln!(
                console,
                "   {DIM}|{DIM:#} {}{style}{}{style:#}",
                " ".repeat(cut.column),
                cut.underline
            )?;
        }
        write!(console, "   {DIM}= hint: {}", finding.hint)?;
        if matches!(finding.rule, Rule::UnknownCode | Rule::SiteCode)
            && let Some(table) = table_at(finding.path, checked.version.desc())
        {
            write!(console, ": hl7 describe {}", table.id)?;
        }
        if let Some(allowed) = &finding.allowed {
            write!(console, "\n   = note: {allowed}")?;
        }
        writeln!(console, "{DIM:#}\n")
    }
}
