//! `hl7 check`: where messages depart from the standard.

mod diagnostics;
mod json;
mod snippet;
mod summary;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use anstyle::Style;
use clap::ValueEnum;
use hl7_types::desc::StructureDesc;
use hl7_types::{DecodeOptions, Finding, Findings, Limits, Rule, Rules, Severity, Tree, Version};

use crate::console::{BAD, Console, NOTE, Status, WARN};
use crate::input::{self, Message, Visit};
use crate::json::List;
use crate::text::{count, printable};
use crate::versions::{self, declared};

/// Findings kept of one message; more than this is no message anybody reads the findings of.
const MOST_FINDINGS: usize = 1_000_000;

/// Find where messages depart from the standard: what, where, and what to do
///
/// Segments, fields, components, lengths, formats and codes are checked against the structure that MSH-9 names. If it
/// names none, each segment is checked by itself. Nothing is changed.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// Files or folders; - or nothing for standard input
    files: Vec<PathBuf>,

    /// The least severity that is shown and counts for the exit status
    #[arg(long, value_enum, default_value_t = Least::Warning, value_name = "note|warning|error")]
    #[arg(hide_possible_values = true)]
    min_severity: Least,

    /// Show notes too, as --min-severity note does
    #[arg(short, long, conflicts_with = "min_severity")]
    verbose: bool,

    /// Check segments and what is required, not lengths, formats and codes
    #[arg(long)]
    structure_only: bool,

    /// Count findings of a kind over all messages of a version instead of showing each
    #[arg(long, conflicts_with = "json")]
    summary: bool,

    /// How many kinds of findings a summary shows for each version, the most frequent first; 0 for all
    #[arg(long, requires = "summary", default_value_t = 10, value_name = "N")]
    top: usize,

    /// Hide values: letters become x, digits 9
    #[arg(long)]
    redact: bool,

    /// Print an array with an object for each message as JSON (see below)
    #[arg(long)]
    json: bool,

    /// Check against this version of the standard, whatever MSH-12 says
    #[arg(long, value_parser = versions::parse)]
    version: Option<&'static Version>,
}

const HELP: &str = "\
A finding shows its segment with the piece in question underlined. That is what the file says, \
patient data included: use --redact before you pass it on. Findings themselves, --summary and \
JSON hold no values.

Examples:
  hl7 check adt.hl7
  hl7 check --summary inbox/         which deviations each version has, and how often
  hl7 check --structure-only --redact adt.hl7
  hl7 check --json inbox/ | jq -r '.[] | select(.findings[]?.rule == \"unknown-code\").file'

JSON:
  [{\"file\": \"adt.hl7\", \"index\": 1, \"offset\": 0, \"version\": \"2.5.1\",
    \"structure\": \"ADT_A01\", \"hidden\": 0,
    \"findings\": [{\"rule\": \"bad-format\", \"severity\": \"error\",
                  \"path\": \"PID-7.1\", \"segment\": 3, \"span\": [91, 101],
                  \"message\": \"Time: expected a date…\", \"hint\": \"correct…\"}]}]

segment counts from 1. span counts bytes from the start of the message, its end not included; \
offset is where the message starts in the file. hidden counts findings below --min-severity. \
structure is null if MSH-9 names none. allowed says what the version of MSH-12 allows there, if it \
is not the one checked against and has no such finding. What could not be read has error instead of findings.

Exit status:
  0  nothing was found of the least severity
  1  something was found
  2  something could not be read";

/// The answer to `--min-severity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Least {
    /// Worth knowing; allowed.
    Note,
    /// Allowed, but a receiver may stumble.
    Warning,
    /// Not what the standard allows.
    Error,
}

impl Args {
    /// The least severity that is shown.
    fn least(&self) -> Severity {
        match self.min_severity {
            _ if self.verbose => Severity::Note,
            Least::Note => Severity::Note,
            Least::Warning => Severity::Warning,
            Least::Error => Severity::Error,
        }
    }

    fn options(&self) -> DecodeOptions {
        let rules = if self.structure_only { Rules::STRUCTURE } else { Rules::ALL };
        let asked = self.version.is_some();
        DecodeOptions {
            limits: Limits { findings: MOST_FINDINGS, ..Limits::DEFAULT },
            rules: if asked { rules.without(Rule::OtherVersion) } else { rules },
            versions: Version::descriptors(),
            ..DecodeOptions::default()
        }
    }
}

/// A message that was checked.
struct Checked<'a> {
    message: &'a Message<'a>,
    tree: &'a Tree,
    version: &'static Version,
    structure: Option<&'static StructureDesc>,
    /// Of the least severity.
    shown: Vec<&'a Finding>,
    /// How many are below it.
    hidden: usize,
}

/// How findings are printed.
trait Report {
    /// A message was checked.
    fn checked(&mut self, checked: &Checked<'_>, console: &mut Console) -> io::Result<()>;
    /// Something could not be read.
    fn unreadable(
        &mut self,
        file: &str,
        message: Option<&Message<'_>>,
        reason: &str,
        console: &mut Console,
    ) -> io::Result<()> {
        let label = message.map_or_else(|| file.to_owned(), Message::label);
        console.complain(&format!("{}: {reason}", printable(&label)));
        Ok(())
    }
    /// All is read.
    fn end(&mut self, _console: &mut Console) -> io::Result<()> {
        Ok(())
    }
}

/// Runs the command.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn run(args: &Args, console: &mut Console) -> io::Result<Status> {
    let report: Box<dyn Report> = match args {
        Args { json: true, .. } => Box::new(json::Json(List::start(console)?)),
        Args { summary: true, .. } => Box::new(summary::Summary::new(args.top)),
        _ => Box::new(diagnostics::Diagnostics { redact: args.redact }),
    };
    let mut check = Check { args, options: args.options(), report, totals: Totals::default() };
    let mut status = input::visit(&args.files, console, &mut check)?;
    check.report.end(console)?;
    console.finish()?;
    let totals = &check.totals;
    totals.say(args, console);
    if totals.unreadable > 0 {
        status.worsen(Status::Unreadable);
    } else if totals.shown > 0 {
        status.worsen(Status::Found);
    }
    Ok(status)
}

/// Checks one message after the other.
struct Check<'a> {
    args: &'a Args,
    options: DecodeOptions,
    report: Box<dyn Report>,
    totals: Totals,
}

/// What the closing lines say.
#[derive(Debug, Default)]
struct Totals {
    messages: usize,
    errors: usize,
    warnings: usize,
    notes: usize,
    shown: usize,
    unreadable: usize,
    /// Files with headers and trailers of files or batches.
    envelopes: usize,
    /// Versions that messages declare and this build has not, with the one used instead.
    other_versions: BTreeMap<(String, &'static str), usize>,
}

impl Check<'_> {
    fn findings(
        &self,
        tree: &Tree,
        version: &'static Version,
    ) -> (Option<&'static StructureDesc>, Findings) {
        match tree.structure(version.desc()) {
            Some(structure) => (Some(structure), tree.check(structure, &self.options)),
            None => (None, tree.check_segments(version.desc(), &self.options)),
        }
    }
}

impl Visit for Check<'_> {
    fn message(&mut self, message: &Message<'_>, console: &mut Console) -> io::Result<()> {
        let tree = match message.tree() {
            Ok(tree) => tree,
            Err(reason) => {
                self.totals.unreadable += 1;
                return self.report.unreadable(message.file, Some(message), &reason, console);
            }
        };
        let version = versions::of(&tree, self.args.version);
        let (structure, findings) = self.findings(&tree, version);
        self.totals.add(&findings);
        let said = declared(&tree);
        if self.args.version.is_none() && said != version.desc().id {
            *self.totals.other_versions.entry((said, version.desc().id)).or_default() += 1;
        }
        let least = self.args.least();
        let shown: Vec<_> = findings.iter().filter(|finding| finding.severity >= least).collect();
        let hidden = findings.len() - shown.len();
        self.totals.shown += shown.len();
        let checked = Checked { message, tree: &tree, version, structure, shown, hidden };
        self.report.checked(&checked, console)
    }

    fn unreadable(&mut self, file: &str, reason: &str, console: &mut Console) -> io::Result<()> {
        self.totals.unreadable += 1;
        self.report.unreadable(file, None, reason, console)
    }

    fn envelope(&mut self, _file: &str, _lines: usize, _console: &mut Console) {
        self.totals.envelopes += 1;
    }
}

impl Totals {
    fn add(&mut self, findings: &Findings) {
        self.messages += 1;
        for finding in findings {
            match finding.severity {
                Severity::Error => self.errors += 1,
                Severity::Warning => self.warnings += 1,
                Severity::Note => self.notes += 1,
            }
        }
    }

    /// The closing lines, the summary last.
    fn say(&self, args: &Args, console: &mut Console) {
        for ((said, used), messages) in &self.other_versions {
            let said = match said.as_str() {
                "" => "names no version".to_owned(),
                said => format!("says {}", printable(said)),
            };
            console.say(&format!(
                "MSH-12 {said} in {}: checked as {used}",
                count(*messages, "message")
            ));
        }
        if self.envelopes > 0 {
            let files = count(self.envelopes, "file");
            console.say(&format!(
                "{files} with file or batch headers (FHS, BHS, BTS, FTS): these are not checked yet"
            ));
        }
        let all = self.errors + self.warnings + self.notes;
        let hidden = all - self.shown;
        if hidden > 0 {
            let below = if args.least() == Severity::Warning { "; show them with -v" } else { "" };
            let what = if args.least() == Severity::Warning { "note" } else { "finding" };
            console.say(&format!("{} hidden{below}", count(hidden, what)));
        }
        if self.unreadable > 0 {
            console.say(&format!("{} not readable", self.unreadable));
        }
        console.say(&format!(
            "{}, {} ({}, {}, {})",
            count(self.messages, "message"),
            count(all, "finding"),
            count(self.errors, "error"),
            count(self.warnings, "warning"),
            count(self.notes, "note"),
        ));
    }
}

/// The colour of a severity.
fn style(severity: Severity) -> Style {
    match severity {
        Severity::Error => BAD,
        Severity::Warning => WARN,
        Severity::Note => NOTE,
    }
}
