//! `hl7-hub send`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use hl7_core::ack::{
    AckMode, Asked, Decision, Kind as MessageKind, Outcome, Owed, Reply, ReplyKind, ReplyRules,
    owed,
};
use hl7_core::batch::{BatchReader, Content};
use hl7_core::{Header, Path, Tree};
use hl7_mllp::{Decoder, Encoder, Kind};

use super::framing::Marks;
use super::{Failure, Status};

/// Send the messages of files over MLLP, each when the one before it is answered
///
/// A file may hold many messages, with file and batch headers around them or without. What is printed is how often each
/// answer came and how long the answers took. A message that is owed no answer, such as an acknowledgment, is not waited
/// for; behind an answer that does not come, the connection is made anew.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to: host:port
    address: String,

    /// The files
    #[arg(required = true)]
    files: Vec<PathBuf>,

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

    /// Save each answer as a file in this folder
    #[arg(long, value_name = "DIR", conflicts_with = "one_way")]
    save: Option<PathBuf>,

    /// Seconds until an answer counts as missing
    #[arg(long, default_value_t = 30, value_name = "N")]
    timeout: u64,

    #[command(flatten)]
    marks: Marks,
}

/// A connection, and what came over it.
struct Sending<'a> {
    args: &'a Args,
    stream: TcpStream,
    encoder: Encoder,
    decoder: Decoder,
    sent: u64,
    began: Instant,
    answers: BTreeMap<String, u64>,
    waits: Vec<Duration>,
    accepted: bool,
}

pub(super) fn run(args: &Args, out: &mut impl Write) -> Result<Status, Failure> {
    let messages = messages(&args.files)?;
    let (encoder, decoder) = args.marks.both()?;
    let stream = connect(args)?;
    let mut sending = Sending {
        args,
        stream,
        encoder,
        decoder,
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

fn connect(args: &Args) -> Result<TcpStream, Failure> {
    let unreachable = |error| Failure(format!("{}: cannot be reached: {error}", args.address));
    let stream = TcpStream::connect(&args.address).map_err(unreachable)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(args.timeout.max(1))))?;
    Ok(stream)
}

/// Whether whoever gets a message may answer it.
fn may_be_answered(message: &[u8]) -> bool {
    let Ok(tree) = Tree::parse(message) else { return true };
    let Some(header) = Header::of_tree(&tree) else { return true };
    let (asked, kind) = (Asked::by(&header), MessageKind::of(&tree));
    let owes = |outcome| owed(AckMode::Original, asked, kind, outcome) != Owed::NOTHING;
    Outcome::ALL.into_iter().any(owes)
}

/// The messages of all files.
fn messages(files: &[PathBuf]) -> Result<Vec<Vec<u8>>, Failure> {
    let mut messages = Vec::new();
    for path in files {
        let unreadable = |error| Failure(format!("{}: cannot be read: {error}", path.display()));
        let mut reader = BatchReader::new(File::open(path).map_err(unreadable)?);
        let before = messages.len();
        while let Some(piece) = reader.next_piece().map_err(unreadable)? {
            if piece.content == Content::Message {
                messages.push(piece.bytes.to_vec());
            }
        }
        if messages.len() == before {
            return Err(Failure(format!("{}: there is no HL7 message in it", path.display())));
        }
    }
    Ok(messages)
}

impl Sending<'_> {
    fn send(&mut self, message: &[u8]) -> Result<(), Failure> {
        self.keep_rate();
        self.sent += 1;
        let numbered = if self.args.number { numbered(message, self.sent) } else { None };
        let message = numbered.as_deref().unwrap_or(message);
        let mut frame = Vec::new();
        self.encoder.encode(message, &mut frame)?;
        let began = Instant::now();
        self.stream.write_all(&frame)?;
        if self.args.one_way || !may_be_answered(message) {
            return Ok(());
        }
        let reply = loop {
            let Some(reply) = self.reply()? else {
                *self.answers.entry("no answer".to_owned()).or_default() += 1;
                self.accepted = false;
                self.stream = connect(self.args)?;
                self.decoder = self.args.marks.both()?.1;
                return Ok(());
            };
            // An application acknowledgment may follow the one that was waited for, when the next message is out already.
            let read = self.count(message, &reply);
            if !matches!(read.map(|read| read.kind), Some(ReplyKind::OtherMessage(_))) {
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
            let length = match self.stream.read(&mut buffer) {
                Ok(0) => return Ok(None),
                Ok(length) => length,
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            };
            let mut rest = &buffer[..length];
            while let Some(event) = self.decoder.next_event(&mut rest) {
                if let Kind::Frame(reply) = event.kind {
                    return Ok(Some(reply.to_vec()));
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
