//! `hl7 check`: where messages depart from the standard.

mod diagnostics;
mod jobs;
mod json;
mod report;
mod sarif;
mod snippet;
mod summary;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anstyle::Style;
use clap::ValueEnum;
use hl7_types::desc::StructureDesc;
use hl7_types::policy::Policy;
use hl7_types::{
    DecodeOptions, Finding, Findings, Limits, Rule, Rules, Severity, Tree, VERSIONS, Version,
};

use crate::console::{BAD, Console, NOTE, Status, WARN};
use crate::input::{self, Message, Visit};
use crate::text::{count, printable};
use crate::versions::{self, declared};
use diagnostics::Diagnostics;
use json::Json;
use report::Report;
use sarif::Sarif;
use summary::Summary;

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
    #[arg(long, conflicts_with_all = ["json", "format"])]
    summary: bool,

    /// How many kinds of findings a summary shows for each version, the most frequent first; 0 for all
    #[arg(long, requires = "summary", default_value_t = 10, value_name = "N")]
    top: usize,

    /// Hide values: letters become x, digits 9
    #[arg(long)]
    redact: bool,

    /// How findings are printed: human, json (see below) or sarif
    #[arg(long, value_enum, default_value_t = Format::Human, value_name = "human|json|sarif")]
    #[arg(hide_possible_values = true)]
    format: Format,

    /// Print an array with an object for each message, as --format json does
    #[arg(long, conflicts_with = "format")]
    json: bool,

    /// Put the text that was found into JSON and SARIF: patient data
    #[arg(long, conflicts_with = "redact")]
    values: bool,

    /// Check by what is agreed with a partner: see docs/policy.md
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// How many files are checked at once; all cores unless said
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,

    /// Check against this version of the standard, whatever MSH-12 says
    #[arg(long, value_parser = versions::parse)]
    version: Option<&'static Version>,
}

const HELP: &str = "\
A finding shows its segment with the piece in question underlined. That is what the file says, \
patient data included: use --redact before you pass it on. Findings themselves, --summary and \
JSON hold no values, unless --values asks for them.

Examples:
  hl7 check adt.hl7
  hl7 check --summary inbox/         which deviations each version has, and how often
  hl7 check --structure-only --redact adt.hl7
  hl7 check --policy partner.toml inbox/
                                     by what is agreed with a partner
  hl7 check --json inbox/ | jq -r '.[] | select(.findings[]?.rule == \"unknown-code\").file'

JSON:
  [{\"file\": \"adt.hl7\", \"index\": 1, \"offset\": 0, \"version\": \"2.5.1\",
    \"structure\": \"ADT_A01\", \"hidden\": 0,
    \"findings\": [{\"rule\": \"bad-format\", \"severity\": \"error\",
                  \"path\": \"PID-7.1\", \"segment\": 3, \"span\": [91, 101],
                  \"message\": \"Time: expected a date…\",
                  \"expected\": \"a date…\", \"hint\": \"correct…\"}]}]

segment counts from 1. span counts bytes from the start of the message, its end not included; \
offset is where the message starts in the file. hidden counts findings below --min-severity. \
structure is null if MSH-9 names none. allowed says what the version of MSH-12 allows there, if it \
is not the one checked against and has no such finding. expected and found (with --values) are there \
where there is something to say. What could not be read has error instead of findings. \
docs/findings.schema.json is the JSON Schema.

Exit status:
  0  nothing was found of the least severity
  1  something was found
  2  something could not be read";

/// The answer to `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Each finding with its segment.
    Human,
    /// An array with an object for each message.
    Json,
    /// A log of SARIF 2.1.0.
    Sarif,
}

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

    /// How a message of a version is checked.
    fn options(&self, version: &Version, policy: Option<&Policy>) -> DecodeOptions {
        let rules = if self.structure_only { Rules::STRUCTURE } else { Rules::ALL };
        let asked = self.version.is_some();
        let options = DecodeOptions {
            limits: Limits { findings: MOST_FINDINGS, ..Limits::DEFAULT },
            rules: if asked { rules.without(Rule::OtherVersion) } else { rules },
            versions: Version::descriptors(),
            least: self.least(),
            ..DecodeOptions::default()
        };
        match policy {
            Some(policy) => policy.apply(options, version.desc()),
            None => options,
        }
    }

    /// How findings are printed.
    fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }

    /// How many files are checked at once.
    fn jobs(&self) -> usize {
        self.jobs.map_or_else(jobs::cores, usize::from)
    }
}

/// Reads a policy; says what is wrong with it.
fn policy(file: &Path, console: &mut Console) -> Option<Policy> {
    let label = file.display().to_string();
    let label = printable(&label);
    match fs::read_to_string(file) {
        Err(error) => console.complain(&format!("{label}: {}", input::reason(&error))),
        Ok(text) => match Policy::parse(&text, Version::descriptors()) {
            Ok(policy) => return Some(policy),
            Err(errors) => {
                for error in errors.list() {
                    console.complain(&format!("{label}: {}", printable(&error.to_string())));
                }
            }
        },
    }
    None
}

/// A message that was checked.
struct Checked<'a> {
    message: &'a Message<'a>,
    tree: &'a Tree,
    version: &'static Version,
    structure: Option<&'static StructureDesc>,
    options: &'a DecodeOptions,
    /// Whether the text that was found may be printed.
    values: bool,
    /// Those that are shown.
    findings: &'a Findings,
    /// How many are not.
    hidden: usize,
}

impl Checked<'_> {
    /// What was expected at a finding.
    fn expected(&self, finding: &Finding) -> Option<String> {
        self.tree.expected(finding, self.version.desc(), self.structure, self.options)
    }

    /// What was found there, if that was asked for.
    fn found(&self, finding: &Finding) -> Option<String> {
        self.values.then(|| self.tree.found(finding))?.map(Cow::into_owned)
    }
}

/// Runs the command.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn run(args: &Args, console: &mut Console) -> io::Result<Status> {
    let asked = match &args.policy {
        None => None,
        Some(file) => match policy(file, console) {
            Some(policy) => Some(policy),
            None => return Ok(Status::Unreadable),
        },
    };
    let report = match args.format() {
        _ if args.summary => Report::Summary(Summary::new(args.top)),
        Format::Human => Report::Diagnostics(Diagnostics { redact: args.redact }),
        Format::Json => Report::Json(Json::start(console)?),
        Format::Sarif => Report::Sarif(Sarif::start(console)?),
    };
    let options: Vec<_> =
        VERSIONS.iter().map(|version| args.options(version, asked.as_ref())).collect();
    let of_policy = asked.as_ref().and_then(|policy| Version::find(policy.version()?.id));
    let version = args.version.or(of_policy);
    let mut check = Check { args, version, options: &options, report, totals: Totals::default() };
    let found = input::sources(&args.files, console, |file, reason, console| {
        check.unreadable(file, reason, console)
    })?;
    let mut status = match found {
        None => Status::Unreadable,
        Some((sources, mut status)) => {
            status.worsen(jobs::run(&sources, args.jobs(), &mut check, console)?);
            status
        }
    };
    check.report.end(console)?;
    console.finish()?;
    let totals = &check.totals;
    totals.say(args, console);
    if totals.unreadable > 0 {
        status.worsen(Status::Unreadable);
    } else if totals.findings() > totals.hidden {
        status.worsen(Status::Found);
    }
    Ok(status)
}

/// Checks one message after the other.
struct Check<'a> {
    args: &'a Args,
    /// The version that messages are read as, whatever they say.
    version: Option<&'static Version>,
    /// By the index in [`VERSIONS`].
    options: &'a [DecodeOptions],
    report: Report,
    totals: Totals,
}

/// What the closing lines say.
#[derive(Debug, Default)]
struct Totals {
    messages: usize,
    errors: usize,
    warnings: usize,
    notes: usize,
    /// Findings that matter less than is shown.
    hidden: usize,
    unreadable: usize,
    /// Files with headers and trailers of files or batches.
    envelopes: usize,
    /// Versions that messages declare and this build has not, with the one used instead.
    other_versions: BTreeMap<(String, &'static str), usize>,
}

impl<'a> Check<'a> {
    /// The version that a message is read as, and how it is checked.
    fn version(&self, tree: &Tree) -> (&'static Version, &'a DecodeOptions) {
        let version = versions::of(tree, self.version);
        let index = VERSIONS.iter().position(|known| known.desc().id == version.desc().id);
        (version, &self.options[index.unwrap_or_default()])
    }

    /// The same check for a part of the files.
    fn apart(&self) -> Self {
        Self { report: self.report.apart(), totals: Totals::default(), ..*self }
    }

    /// Takes over what a part found, and prints it.
    fn join(&mut self, part: Self, page: Console, console: &mut Console) -> io::Result<()> {
        self.totals.join(part.totals);
        self.report.join(part.report, console)?;
        console.take(page)
    }
}

fn findings(
    tree: &Tree,
    version: &'static Version,
    options: &DecodeOptions,
) -> (Option<&'static StructureDesc>, Findings) {
    match tree.structure(version.desc()) {
        Some(structure) => (Some(structure), tree.check(structure, options)),
        None => (None, tree.check_segments(version.desc(), options)),
    }
}

impl Visit for Check<'_> {
    fn message(&mut self, message: &Message<'_>, console: &mut Console) -> io::Result<()> {
        let limits = &self.options[0].limits;
        let tree = match message.tree_within(limits) {
            Ok(tree) => tree,
            Err(reason) => {
                self.totals.unreadable += 1;
                return self.report.unreadable(message.file, Some(message), &reason, console);
            }
        };
        let (version, options) = self.version(&tree);
        let (structure, findings) = findings(&tree, version, options);
        self.totals.add(&findings);
        let said = declared(&tree);
        if self.version.is_none() && said != version.desc().id {
            *self.totals.other_versions.entry((said, version.desc().id)).or_default() += 1;
        }
        let passed_over = |severity| findings.passed_over(severity);
        let hidden = passed_over(Severity::Note) + passed_over(Severity::Warning);
        self.totals.hidden += hidden;
        let values = self.args.values;
        let (tree, findings) = (&tree, &findings);
        let checked =
            Checked { message, tree, version, structure, options, values, findings, hidden };
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
    /// Adds those of a part.
    fn join(&mut self, part: Self) {
        let Self {
            messages,
            errors,
            warnings,
            notes,
            hidden,
            unreadable,
            envelopes,
            other_versions,
        } = part;
        self.messages += messages;
        self.errors += errors;
        self.warnings += warnings;
        self.notes += notes;
        self.hidden += hidden;
        self.unreadable += unreadable;
        self.envelopes += envelopes;
        for (key, messages) in other_versions {
            *self.other_versions.entry(key).or_default() += messages;
        }
    }

    fn add(&mut self, findings: &Findings) {
        self.messages += 1;
        for finding in findings {
            match finding.severity {
                Severity::Error => self.errors += 1,
                Severity::Warning => self.warnings += 1,
                Severity::Note => self.notes += 1,
            }
        }
        self.warnings += findings.passed_over(Severity::Warning);
        self.notes += findings.passed_over(Severity::Note);
    }

    fn findings(&self) -> usize {
        self.errors + self.warnings + self.notes
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
        let all = self.findings();
        if self.hidden > 0 {
            let below = if args.least() == Severity::Warning { "; show them with -v" } else { "" };
            let what = if args.least() == Severity::Warning { "note" } else { "finding" };
            console.say(&format!("{} hidden{below}", count(self.hidden, what)));
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
