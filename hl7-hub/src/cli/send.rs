//! `hl7-hub send`.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::path::{self, PathBuf};
use std::time::{Duration, Instant};

use hl7_core::ack::{
    AckMode, Asked, Decision, Kind as MessageKind, Outcome, Owed, Reply, ReplyKind, ReplyRules,
    owed,
};
use hl7_core::batch::{BatchReader, Content};
use hl7_core::{Header, Path, Tree};
use hl7_mllp::{Decoder, Kind};

use super::framing::{Frames, Marks};
use super::link::{Calling, Link, TlsArgs, call};
use super::{Failure, Status};

/// Send the messages of files over MLLP, each when the one before it is answered
///
/// A file may hold many messages, with file and batch headers around them or without; of a folder all files are sent, in the
/// order of their names. What is printed is how often each
/// answer came and how long the answers took. A message that is owed no answer, such as an acknowledgment, is not waited
/// for; behind an answer that does not come, the connection is made anew.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to: host:port
    address: String,

    /// The files, and folders of files
    #[arg(required_unless_present = "text")]
    files: Vec<PathBuf>,

    /// A message to send, before those of the files; `\r` ends a segment
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,

    /// Send all of them so often
    #[arg(long, default_value_t = 1, value_name = "N")]
    repeat: u64,

    /// Put a number behind each control id, so that a repeated message is another one
    #[arg(long)]
    number: bool,

    /// So many messages a second at most
    #[arg(long, value_name = "N")]
    rate: Option<f64>,

    /// Do not wait for answers
    #[arg(long)]
    one_way: bool,

    /// Behind an accept acknowledgment wait for the application acknowledgment too, where the message asks for one
    #[arg(long, conflicts_with = "one_way")]
    two_way: bool,

    /// Write each message in pieces of so many bytes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    split: Option<u64>,

    /// Milliseconds between two pieces
    #[arg(long, default_value_t = 10, value_name = "N", requires = "split")]
    pause: u64,

    /// Save each answer as a file in this folder
    #[arg(long, value_name = "DIR", conflicts_with = "one_way")]
    save: Option<PathBuf>,

    /// Seconds until an answer counts as missing
    #[arg(long, default_value_t = 30, value_name = "N")]
    timeout: u64,

    #[command(flatten)]
    marks: Marks,

    #[command(flatten)]
    tls: TlsArgs,

    /// The name that the certificate of the other side must be for, if it is not the host
    #[arg(long, value_name = "NAME", requires = "tls", help_heading = "TLS")]
    server_name: Option<String>,
}

/// Ends of a connection, or of the time for an answer, that leave a message without one.
const NO_ANSWER: [ErrorKind; 4] = [
    ErrorKind::WouldBlock,
    ErrorKind::TimedOut,
    ErrorKind::UnexpectedEof,
    ErrorKind::ConnectionReset,
];

/// A connection, and what came over it.
struct Sending<'a> {
    args: &'a Args,
    link: Box<dyn Link>,
    calling: Option<Calling>,
    frames: Frames,
    decoder: Decoder,
    /// Frames that came and were not looked at.
    came: VecDeque<Vec<u8>>,
    sent: u64,
    began: Instant,
    answers: BTreeMap<String, u64>,
    waits: Vec<Duration>,
    accepted: bool,
}

pub(super) fn run(args: &Args, out: &mut impl Write) -> Result<Status, Failure> {
    let messages = messages(args)?;
    let frames = args.marks.frames()?;
    let calling = args.tls.calling(&args.address, args.server_name.as_deref())?;
    let mut sending = Sending {
        args,
        link: connect(args, calling.as_ref())?,
        calling,
        decoder: frames.decoder(),
        frames,
        came: VecDeque::new(),
        sent: 0,
        began: Instant::now(),
        answers: BTreeMap::new(),
        waits: Vec::new(),
        accepted: true,
    };
    let mut outcome = Ok(());
    for message in (0..args.repeat).flat_map(|_| &messages) {
        outcome = sending.send(message);
        if outcome.is_err() {
            break;
        }
    }
    sending.report(out)?;
    outcome.map(|()| if sending.accepted { Status::Well } else { Status::Found })
}

fn connect(args: &Args, calling: Option<&Calling>) -> Result<Box<dyn Link>, Failure> {
    let unreachable = |error| Failure(format!("{}: cannot be reached: {error}", args.address));
    let stream = TcpStream::connect(&args.address).map_err(unreachable)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(args.timeout.max(1))))?;
    call(stream, calling)
}

/// Whether whoever gets a message may answer it.
fn may_be_answered(message: &[u8]) -> bool {
    let Ok(tree) = Tree::parse(message) else { return true };
    let Some(header) = Header::of_tree(&tree) else { return true };
    let (asked, kind) = (Asked::by(&header), MessageKind::of(&tree));
    let owes = |outcome| owed(AckMode::Original, asked, kind, outcome) != Owed::NOTHING;
    Outcome::ALL.into_iter().any(owes)
}

/// The messages of the command line, of all files and of the files of all folders, where there may be others beside them.
fn messages(args: &Args) -> Result<Vec<Vec<u8>>, Failure> {
    let text = args.text.iter().map(|text| text.replace("\\r", "\r").into_bytes());
    let mut messages: Vec<_> = text.collect();
    for path in &args.files {
        let before = messages.len();
        for file in files(path)? {
            read(&file, &mut messages)?;
        }
        if messages.len() == before {
            return Err(Failure(format!("{}: there is no HL7 message in it", path.display())));
        }
    }
    Ok(messages)
}

/// Appends the messages of a file.
fn read(path: &path::Path, messages: &mut Vec<Vec<u8>>) -> Result<(), Failure> {
    let unreadable = |error| Failure(format!("{}: cannot be read: {error}", path.display()));
    let mut reader = BatchReader::new(File::open(path).map_err(unreadable)?);
    while let Some(piece) = reader.next_piece().map_err(unreadable)? {
        if piece.content == Content::Message {
            messages.push(piece.bytes.to_vec());
        }
    }
    Ok(())
}

/// A file, or the files of a folder in the order of their names; hidden ones are somebody else's.
fn files(path: &path::Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !is_hidden && entry.file_type()?.is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

impl Sending<'_> {
    fn send(&mut self, message: &[u8]) -> Result<(), Failure> {
        self.keep_rate();
        let numbered = if self.args.number { numbered(message, self.sent + 1) } else { None };
        let message = numbered.as_deref().unwrap_or(message);
        let frame = self.frames.around(message)?;
        let began = Instant::now();
        if self.write(&frame).is_err() {
            // The other side has closed behind its last answer.
            self.reconnect()?;
            self.write(&frame)?;
        }
        self.sent += 1;
        if self.args.one_way || !may_be_answered(message) {
            return Ok(());
        }
        let reply = loop {
            let Some(reply) = self.reply()? else {
                *self.answers.entry("no answer".to_owned()).or_default() += 1;
                self.accepted = false;
                return self.reconnect();
            };
            // An application acknowledgment may follow the one that was waited for, when the next message is out already.
            let Some(read) = self.count(message, &reply) else { break reply };
            let is_other = matches!(read.kind, ReplyKind::OtherMessage(_));
            let is_followed = self.args.two_way && read.application_ack_due;
            if !is_other && !is_followed {
                break reply;
            }
        };
        self.waits.push(began.elapsed());
        if let Some(folder) = &self.args.save {
            std::fs::create_dir_all(folder)?;
            std::fs::write(folder.join(format!("{:06}.hl7", self.sent)), &reply)?;
        }
        Ok(())
    }

    fn reconnect(&mut self) -> Result<(), Failure> {
        self.link = connect(self.args, self.calling.as_ref())?;
        self.decoder = self.frames.decoder();
        self.came.clear();
        Ok(())
    }

    /// In one piece, or in many.
    fn write(&mut self, frame: &[u8]) -> Result<(), Failure> {
        let whole = frame.len().max(1);
        let size = self.args.split.map_or(whole, |size| usize::try_from(size).unwrap_or(whole));
        for (number, piece) in frame.chunks(size).enumerate() {
            if number > 0 {
                std::thread::sleep(Duration::from_millis(self.args.pause));
            }
            self.link.write_all(piece)?;
            self.link.flush()?;
        }
        Ok(())
    }

    fn keep_rate(&self) {
        if let Some(rate) = self.args.rate.filter(|rate| *rate > 0.0) {
            let due = Duration::try_from_secs_f64(self.sent as f64 / rate).unwrap_or_default();
            std::thread::sleep(due.saturating_sub(self.began.elapsed()));
        }
    }

    /// The next frame that comes; `None` when none does.
    fn reply(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(reply) = self.came.pop_front() {
                return Ok(Some(reply));
            }
            let length = match self.link.read(&mut buffer) {
                Ok(0) => return Ok(None),
                Ok(length) => length,
                Err(error) if NO_ANSWER.contains(&error.kind()) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            let mut rest = &buffer[..length];
            while let Some(event) = self.decoder.next_event(&mut rest) {
                if let Kind::Frame(reply) = event.kind {
                    self.came.push_back(reply.to_vec());
                }
            }
        }
    }

    fn count(&mut self, message: &[u8], reply: &[u8]) -> Option<Reply> {
        let read = ReplyRules::hl7().classify(reply, &Header::of(message)?);
        let another = matches!(read.kind, ReplyKind::OtherMessage(_));
        self.accepted &= another || read.decision == Decision::Accepted;
        let answer = match read.kind {
            ReplyKind::Ack(code) => code.to_string(),
            ReplyKind::OtherMessage(code) => format!("{code} for another message"),
            ReplyKind::SiteCode => "a code of the site".to_owned(),
            _ => "no acknowledgment".to_owned(),
        };
        *self.answers.entry(answer).or_default() += 1;
        Some(read)
    }

    fn report(&mut self, out: &mut impl Write) -> Result<(), Failure> {
        let seconds = self.began.elapsed().as_secs_f64();
        let rate = self.sent as f64 / seconds.max(0.001);
        writeln!(out, "{} sent in {seconds:.1} s, {rate:.0} a second", self.sent)?;
        for (answer, count) in &self.answers {
            writeln!(out, "{count:>8} {answer}")?;
        }
        self.waits.sort();
        if let Some(last) = self.waits.len().checked_sub(1) {
            let at = |share: usize| self.waits[last * share / 100].as_secs_f64() * 1e3;
            let (p50, p99, most) = (at(50), at(99), at(100));
            writeln!(
                out,
                "answered in {p50:.2} ms (p50), {p99:.2} ms (p99), {most:.2} ms at most"
            )?;
        }
        Ok(())
    }
}

/// A message with a number behind its control id; `None` where it has none.
fn numbered(message: &[u8], number: u64) -> Option<Vec<u8>> {
    let mut tree = Tree::parse(message).ok()?;
    let path = Path::of_segment("MSH").ok()?.with_field(10);
    let control_id = tree.get(&path)?.into_owned();
    tree.set(&path, &format!("{control_id}-{number}")).ok()?;
    Some(tree.into_bytes())
}
