//! `hl7 ack`: the acknowledgments that messages are owed.

use std::io::{self, Read};
use std::path::PathBuf;

use clap::ValueEnum;
use hl7_types::ack::{
    AckCode, AckMode, AckSettings, AckType, Asked, Condition, Fault, HeaderOverrides, Inbound,
    Kind, Outcome, Owed, Stamp, Supported, acknowledge, check_header, judge, owed,
};
use hl7_types::batch::{AckBatch, BatchError, BatchHeader, Content, WhichAcks};
use hl7_types::desc::VersionDesc;
use hl7_types::{DecodeOptions, Findings, Header, Rules, Severity, Tree, VERSIONS, Version};

use crate::batch::Pieces;
use crate::clock;
use crate::console::{Console, Status};
use crate::input::{self, VisitStream};
use crate::text::printable;
use crate::versions;

/// Build the acknowledgments that messages are owed
///
/// Each message is checked as `hl7 check` does. One without errors is accepted (AA), one with errors is not (AE), one
/// whose MSH-9, MSH-11 or MSH-12 is unknown is rejected (AR); ERR says where and why, in the shape of the version.
/// Where MSH-15 or MSH-16 is filled, the message is acknowledged as it asks: CA, CE or CR when it is stored, AA, AE or
/// AR when it is processed.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// Files or folders; - or nothing for standard input
    files: Vec<PathBuf>,

    /// How the sender is acknowledged (see below)
    #[arg(long, value_enum, default_value_t = Mode::Original, hide_possible_values = true)]
    #[arg(value_name = "original|enhanced|deferred|static|none")]
    mode: Mode,

    /// Accept every message, whatever is wrong with it
    #[arg(long, group = "outcome")]
    accept: bool,

    /// Answer that every message is wrong (AE)
    #[arg(long, group = "outcome")]
    error: bool,

    /// Reject every message (AR, or CR where an accept acknowledgment is due)
    #[arg(long, group = "outcome")]
    reject: bool,

    /// The sender's own MSH-15 in enhanced mode
    #[arg(long, default_value = "AL", value_name = "AL|NE|SU|ER", value_parser = condition)]
    accept_ack: Condition,

    /// The sender's own MSH-16 in enhanced mode
    #[arg(long, default_value = "AL", value_name = "AL|NE|SU|ER", value_parser = condition)]
    application_ack: Condition,

    /// The answer to a message that is accepted, in static mode
    #[arg(long, value_name = "TEXT", required_if_eq("mode", "static"))]
    success_text: Option<String>,

    /// The answer to any other, in static mode
    #[arg(long, value_name = "TEXT", required_if_eq("mode", "static"))]
    failure_text: Option<String>,

    /// MSH-10 of the first acknowledgment; the others get -2, -3 and so on behind it [default: the time]
    #[arg(long, value_name = "ID")]
    control_id: Option<String>,

    /// MSH-7, as HL7 writes times [default: now]
    #[arg(long, value_name = "TIME")]
    time: Option<String>,

    /// What MSH-9 says: ACK^A01^ACK from 2.4 on and ACK before, ACK, ACK^A01, or ACK^A01^ACK
    #[arg(long, value_enum, default_value_t = Type::Version, hide_possible_values = true)]
    #[arg(value_name = "version|code|event|structure")]
    ack_type: Type,

    /// A field of MSH; \ alone clears it
    #[arg(long = "set", value_name = "MSH-N=VALUE")]
    overrides: Vec<String>,

    /// MSA-3, up to 2.6
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,

    /// ERR-12, from 2.5 on: whom to call
    #[arg(long, value_name = "CONTACT")]
    help_desk: Option<String>,

    /// Repeat the offending values in ERR-6, from 2.5 on: that is patient data
    #[arg(long)]
    values: bool,

    /// Write a batch of all acknowledgments, or of the negative ones
    #[arg(long, value_enum, value_name = "all|negative", hide_possible_values = true)]
    batch: Option<Which>,

    /// Check against this version of the standard, whatever MSH-12 says
    #[arg(long, value_parser = versions::parse)]
    version: Option<&'static Version>,
}

/// MiB of the longest message that is answered.
const LIMIT: usize = 16;

const HELP: &str = "\
Modes:
  original   one AA, AE or AR; a message that fills MSH-15 or MSH-16 gets what it asks for
  enhanced   CA, CE or CR and AA, AE or AR, as --accept-ack and --application-ack say; where the
             message says otherwise, whoever asks for an acknowledgment gets it, and if both ask,
             the message says when
  deferred   as original, whatever the message asks for
  static     one of two fixed texts
  none       nothing

Acknowledgments are messages in ER7 with carriage returns; on a terminal each segment is a line. \
A message whose header is broken gets the best AR that it allows; one without a header gets none.

Examples:
  hl7 ack adt.hl7
  hl7 ack --mode enhanced --accept-ack NE adt.hl7
  hl7 ack --reject --set MSH-3=HUB adt.hl7 > nak.hl7
  hl7 ack --batch negative batch.hl7

Exit status:
  0  every message is accepted
  1  a message is not
  2  something could not be read or answered";

/// The answer to `--mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// As the message asks.
    Original,
    /// As the party asks.
    Enhanced,
    /// At once, the application answers later.
    Deferred,
    /// Two texts.
    Static,
    /// Never.
    None,
}

/// The answer to `--ack-type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Type {
    /// As the version has it.
    Version,
    /// ACK.
    Code,
    /// ACK^A01.
    Event,
    /// ACK^A01^ACK.
    Structure,
}

/// The answer to `--batch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    /// Each.
    All,
    /// AE, AR, CE, CR.
    Negative,
}

fn condition(code: &str) -> Result<Condition, &'static str> {
    Condition::of_code(code.as_bytes()).ok_or("expected AL, NE, SU or ER")
}

impl Args {
    fn mode(&self) -> AckMode {
        match self.mode {
            Mode::Original => AckMode::Original,
            Mode::Enhanced => {
                AckMode::Enhanced { accept: self.accept_ack, application: self.application_ack }
            }
            Mode::Deferred => AckMode::Deferred,
            Mode::Static => AckMode::Static,
            Mode::None => AckMode::None,
        }
    }

    /// What was decided beforehand.
    fn outcome(&self) -> Option<Outcome> {
        match self {
            Self { accept: true, .. } => Some(Outcome::Accepted),
            Self { error: true, .. } => Some(Outcome::Error),
            Self { reject: true, .. } => Some(Outcome::Rejected),
            _ => None,
        }
    }

    fn settings(&self) -> Result<AckSettings, String> {
        let mut overrides = HeaderOverrides::default();
        for text in &self.overrides {
            let (path, value) = text.split_once('=').unwrap_or((text, ""));
            let field = path.strip_prefix("MSH-").and_then(|number| number.parse().ok());
            let field = field.filter(|_| text.contains('=')).ok_or_else(|| {
                format!("--set {text}: expected a field of MSH and a value, as in MSH-3=HUB")
            })?;
            overrides.set(field, value).map_err(|error| format!("--set {text}: {error}"))?;
        }
        let ack_type = match self.ack_type {
            Type::Version => AckType::ByVersion,
            Type::Code => AckType::Code,
            Type::Event => AckType::Event,
            Type::Structure => AckType::Structure,
        };
        Ok(AckSettings {
            ack_type,
            overrides,
            text: self.text.clone(),
            help_desk: self.help_desk.clone(),
            deferred: self.mode == Mode::Deferred,
            ..AckSettings::default()
        })
    }
}

/// Runs the command.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn run(args: &Args, console: &mut Console) -> io::Result<Status> {
    let settings = match args.settings() {
        Ok(settings) => settings,
        Err(reason) => {
            console.complain(&reason);
            return Ok(Status::Unreadable);
        }
    };
    let time = args.time.clone().unwrap_or_else(clock::now);
    let control_id = args
        .control_id
        .clone()
        .unwrap_or_else(|| time.chars().filter(char::is_ascii_digit).take(14).collect::<String>());
    let supported = VERSIONS.iter().map(|version| version.desc()).collect();
    let mut answers = Answers {
        args,
        settings,
        supported,
        stamps: Stamps { control_id, time, given: 0 },
        status: Status::Clean,
        batch: Vec::new(),
        header: None,
    };
    let mut status = input::visit_streams(&args.files, console, &mut answers)?;
    status.worsen(answers.status);
    if let Some(which) = args.batch {
        match answers.as_batch(which) {
            Ok(batch) => console.message(&batch)?,
            Err(error) => {
                console.complain(&error.to_string());
                status.worsen(Status::Unreadable);
            }
        }
    }
    Ok(status)
}

/// Where control ids and times come from.
struct Stamps {
    control_id: String,
    time: String,
    given: usize,
}

impl Stamps {
    fn next_id(&mut self) -> String {
        self.given += 1;
        match self.given {
            1 => self.control_id.clone(),
            number => format!("{}-{number}", self.control_id),
        }
    }
}

/// Answers one message after the other.
struct Answers<'a> {
    args: &'a Args,
    settings: AckSettings,
    supported: Vec<&'static VersionDesc>,
    stamps: Stamps,
    status: Status,
    /// Acknowledgments for the batch.
    batch: Vec<(AckCode, Vec<u8>)>,
    /// What the batch of acknowledgments says of itself.
    header: Option<BatchHeader>,
}

impl Answers<'_> {
    /// Writes what a message is owed.
    fn answer(
        &mut self,
        inbound: &Inbound<'_>,
        kind: Kind,
        (outcome, faults): (Outcome, Vec<Fault>),
        console: &mut Console,
    ) -> io::Result<()> {
        let outcome = self.args.outcome().unwrap_or(outcome);
        if outcome != Outcome::Accepted {
            self.status.worsen(Status::Found);
        }
        let asked = Asked::by(inbound.header());
        let owed = owed(self.args.mode(), asked, kind, outcome);
        if let Owed::Text { success } = owed {
            let text = if success { &self.args.success_text } else { &self.args.failure_text };
            return console.message(text.as_deref().unwrap_or_default().as_bytes());
        }
        for code in owed.codes() {
            let control_id = self.stamps.next_id();
            let stamp = Stamp { control_id: &control_id, time: &self.stamps.time };
            let reported = if code.is_positive() { &[][..] } else { &faults };
            let ack = acknowledge(inbound, code, reported, stamp, &self.settings);
            if self.args.batch.is_some() {
                self.batch.push((code, ack));
            } else {
                console.message(&ack)?;
            }
        }
        if self.header.is_none() {
            self.header = Some(BatchHeader::answering(inbound.header(), "", &self.stamps.time));
        }
        Ok(())
    }

    fn judge(&self, tree: &Tree, inbound: &Inbound<'_>) -> (Outcome, Vec<Fault>) {
        let supported = Supported::versions(&self.supported);
        let findings = self.findings(tree);
        let (outcome, faults) = judge(inbound.header(), &findings, &supported);
        if !self.args.values || outcome == Outcome::Rejected {
            return (outcome, faults);
        }
        let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
        let with_values =
            errors.map(|finding| Fault::from(finding).with_value(tree.bytes(), finding));
        let mut with_values: Vec<Fault> = with_values.collect();
        // What the check of the header added stands first.
        let added = faults.len().saturating_sub(with_values.len());
        with_values.splice(0..0, faults.into_iter().take(added));
        (outcome, with_values)
    }

    fn findings(&self, tree: &Tree) -> Findings {
        let version = versions::of(tree, self.args.version).desc();
        let options = DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() };
        match tree.structure(version) {
            Some(structure) => tree.check(structure, &options),
            None => tree.check_segments(version, &options),
        }
    }

    fn as_batch(&mut self, which: Which) -> Result<Vec<u8>, BatchError> {
        let which = match which {
            Which::All => WhichAcks::All,
            Which::Negative => WhichAcks::Negative,
        };
        let header = self.header.take().unwrap_or_default();
        let header = BatchHeader { control_id: self.stamps.next_id(), ..header };
        let mut batch = AckBatch::begin(Vec::new(), which, &header)?;
        for (code, ack) in &self.batch {
            batch.ack(*code, ack)?;
        }
        batch.finish()
    }
}

impl Answers<'_> {
    fn message(&mut self, label: &str, bytes: &[u8], console: &mut Console) -> io::Result<()> {
        match Tree::parse(bytes) {
            Ok(tree) => {
                let Some(inbound) = Inbound::of_tree(&tree) else { return Ok(()) };
                let judged = self.judge(&tree, &inbound);
                self.answer(&inbound, Kind::of(&tree), judged, console)
            }
            Err(error) => {
                self.complain(label, &error.to_string(), console);
                let Some(inbound) = Inbound::of_broken(bytes) else { return Ok(()) };
                let supported = Supported::versions(&self.supported);
                let faults = check_header(inbound.header(), &supported);
                let kind = Kind::of_header(inbound.header());
                self.answer(&inbound, kind, (Outcome::Rejected, faults), console)
            }
        }
    }

    fn complain(&mut self, label: &str, reason: &str, console: &mut Console) {
        self.status.worsen(Status::Unreadable);
        console.complain(&format!("{}: {reason}", printable(label)));
    }
}

impl VisitStream for Answers<'_> {
    fn stream(
        &mut self,
        file: &str,
        stream: &mut dyn Read,
        console: &mut Console,
    ) -> io::Result<Status> {
        let mut pieces = Pieces::of(file, stream, LIMIT);
        loop {
            let piece = match pieces.next(console) {
                Ok(Some(piece)) => piece,
                Ok(None) => return Ok(Status::Clean),
                Err(status) => {
                    self.status.worsen(status);
                    return Ok(Status::Clean);
                }
            };
            let label = format!("{file}#{}", piece.place.message);
            match piece.content {
                Content::Message => self.message(&label, piece.bytes, console)?,
                Content::BatchHeader | Content::FileHeader => {
                    let header = Header::of(piece.bytes);
                    let time = &self.stamps.time;
                    let answering = |header| BatchHeader::answering(&header, "", time);
                    self.header = header.map(answering).or(self.header.take());
                }
                Content::LongMessage => {
                    let is_new = !piece.findings.is_empty();
                    if is_new {
                        let reason = format!("the message is longer than {LIMIT} MiB");
                        self.complain(&label, &reason, console);
                    }
                }
                Content::End if piece.place.message == 0 => {
                    self.complain(file, "there is no HL7 message in it", console);
                }
                _ => {}
            }
        }
    }
}
