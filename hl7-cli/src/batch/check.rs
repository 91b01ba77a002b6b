//! `hl7 batch check`: whether headers, trailers, counts and control ids are right.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use anstyle::Style;
use hl7_types::Severity;
use hl7_types::batch::{BatchFinding, Content};

use super::Pieces;
use crate::console::{BAD, Console, NOTE, Status, WARN};
use crate::input::{self, VisitStream};
use crate::text::{count, printable};

/// Check headers, trailers, counts and control ids of batches; messages themselves are not checked
///
/// Files may be longer than memory: one message is held at a time.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// Files or folders; - or nothing for standard input
    files: Vec<PathBuf>,

    /// Longest message in MiB; a longer one is reported and counted
    #[arg(long, default_value_t = 16, value_name = "MIB")]
    limit: usize,

    /// Print only findings
    #[arg(short, long)]
    quiet: bool,
}

const HELP: &str = "\
What is recognised: files [FHS] {[BHS] {messages} [BTS]} [FTS], messages one after the other \
without any of that, both also as MLLP blocks. BTS-1 and FTS-1 are compared with what is there; \
of MSH-10 and BHS-11 each value may stand once in its batch or file.

Examples:
  hl7 batch check night.hl7
  hl7 batch check -q inbox/

Exit status:
  0  everything is right
  1  something was found
  2  something could not be read";

/// Runs the command.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn run(args: &Args, console: &mut Console) -> io::Result<Status> {
    input::visit_streams(&args.files, console, &mut Check { args })
}

struct Check<'a> {
    args: &'a Args,
}

/// What a file holds.
#[derive(Default)]
struct Totals {
    files: usize,
    batches: usize,
    messages: u64,
    findings: usize,
}

impl VisitStream for Check<'_> {
    fn stream(
        &mut self,
        file: &str,
        stream: &mut dyn Read,
        console: &mut Console,
    ) -> io::Result<Status> {
        let mut pieces = Pieces::of(file, stream, self.args.limit);
        let mut totals = Totals::default();
        loop {
            match pieces.next(console) {
                Ok(None) => break,
                Ok(Some(piece)) => {
                    totals.files += usize::from(piece.content == Content::FileHeader);
                    totals.batches += usize::from(piece.content == Content::BatchHeader);
                    totals.messages = piece.place.message;
                    totals.findings += piece.findings.len();
                    for finding in piece.findings {
                        print(file, finding, console)?;
                    }
                }
                Err(status) => return Ok(status),
            }
        }
        if !self.args.quiet {
            let Totals { files, batches, messages, findings } = totals;
            let messages = usize::try_from(messages).unwrap_or(usize::MAX);
            let parts = [
                count(files, "file"),
                if batches == 1 { "1 batch".to_owned() } else { format!("{batches} batches") },
                count(messages, "message"),
                count(findings, "finding"),
            ];
            writeln!(console, "{}: {}", printable(file), parts.join(", "))?;
        }
        Ok(if totals.findings == 0 { Status::Clean } else { Status::Found })
    }
}

fn print(file: &str, finding: &BatchFinding, console: &mut Console) -> io::Result<()> {
    let (style, word) = style(finding.rule.severity());
    let BatchFinding { rule, offset, message } = finding;
    let (file, rule) = (printable(file), rule.id());
    writeln!(console, "{style}{word}[{rule}]{style:#} {file}, byte {offset}: {message}")
}

fn style(severity: Severity) -> (Style, &'static str) {
    let style = match severity {
        Severity::Error => BAD,
        Severity::Warning => WARN,
        Severity::Note => NOTE,
    };
    (style, severity.word())
}
