//! `hl7-hub listen`.

use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use clap::ValueEnum;
use hl7_core::ack::{AckCode, AckSettings, Inbound, Stamp, acknowledge};
use hl7_core::{Path, Tree};
use hl7_hub::run::Clock;
use hl7_mllp::{Decoder, Kind};

use super::framing::{Frames, Marks};
use super::link::{Link, TlsArgs, take};
use super::{Failure, Status};

/// Receive messages over MLLP and answer them, to test what sends
///
/// Nothing is kept unless --save says where. A line is printed for each message: its number and its type. With --fault the
/// answers are what they should not be, to see what a sender makes of that.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// Where: host:port; port 0 for one that is free
    address: String,

    /// Save each message as a file in this folder
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,

    /// The code of the answers
    #[arg(long, default_value = "AA", value_name = "AA|AE|AR|CA|CE|CR", value_parser = code)]
    code: AckCode,

    /// Answer with this text instead
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["silent", "answer"])]
    text: Option<String>,

    /// Answer with what stands in this file instead
    #[arg(long, value_name = "FILE", conflicts_with = "silent")]
    answer: Option<PathBuf>,

    /// Answer nothing
    #[arg(long)]
    silent: bool,

    /// Milliseconds until an answer is sent
    #[arg(long, default_value_t = 0, value_name = "N")]
    delay: u64,

    /// What is wrong with the answers
    #[arg(long, value_enum, value_name = "FAULT")]
    fault: Option<Fault>,

    /// It is wrong with every so manieth only
    #[arg(long, default_value_t = 1, value_name = "N", requires = "fault", value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,

    /// End after so many messages
    #[arg(long, value_name = "N")]
    count: Option<u64>,

    #[command(flatten)]
    marks: Marks,

    #[command(flatten)]
    tls: TlsArgs,
}

/// What can be wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Fault {
    /// The connection is closed instead
    Close,
    /// The connection is closed behind it
    CloseAfter,
    /// It comes after --delay; the others come at once
    Delay,
    /// It is for another message: MSA-2 is not the control id
    WrongId,
    /// It is no HL7
    Garbage,
    /// Half of it comes, then the connection is closed
    Half,
    /// It comes twice
    Twice,
    /// It is negative: AE
    Nak,
    /// It never comes, and the connection stays open
    Hang,
}

fn code(text: &str) -> Result<AckCode, &'static str> {
    AckCode::of_code(text.as_bytes()).ok_or("expected AA, AE, AR, CA, CE or CR")
}

pub(super) fn run(args: &Args, out: &mut impl Write) -> Result<Status, Failure> {
    let unusable = |error| Failure(format!("cannot listen on {}: {error}", args.address));
    let answers = Arc::new(Answers::new(args)?);
    let tls = args.tls.listening()?;
    let listener = TcpListener::bind(&args.address).map_err(unusable)?;
    writeln!(out, "listening on {}", listener.local_addr()?)?;
    out.flush()?;
    // A connection waits until its message is printed and saved: there is one that counts.
    let (received, messages) = mpsc::sync_channel(0);
    std::thread::spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            let Ok(link) = take(stream, tls.as_ref()) else { continue };
            let decoder = answers.frames.decoder();
            let (answers, received) = (Arc::clone(&answers), received.clone());
            let peer = Peer { link, decoder, answers, received };
            std::thread::spawn(move || peer.serve());
        }
    });
    for (number, (message, done)) in (1_u64..).zip(messages) {
        let kind = hl7_core::Header::of(&message).map(|header| header.text(9).into_owned());
        let kind = kind.unwrap_or_else(|| "no HL7 message".to_owned());
        writeln!(out, "{number:>8} {} {} bytes", kind.escape_debug(), message.len())?;
        out.flush()?;
        if let Some(folder) = &args.save {
            fs::create_dir_all(folder)?;
            fs::write(folder.join(format!("{number:06}.hl7")), &message)?;
        }
        // Whoever waits for it sends the answer, and says so by ending the wait.
        let (answered, wait) = mpsc::sync_channel(0);
        let _ = done.send((number, answered));
        let _ = wait.recv();
        if args.count == Some(number) {
            break;
        }
    }
    Ok(Status::Well)
}

/// What to answer.
struct Answers {
    args: Args,
    frames: Frames,
    /// What is answered, whatever comes.
    fixed: Option<Vec<u8>>,
    clock: Clock,
}

impl Answers {
    fn new(args: &Args) -> Result<Self, Failure> {
        let file = args.answer.as_ref().map(|path| {
            let unreadable =
                |error| Failure(format!("{}: cannot be read: {error}", path.display()));
            fs::read(path).map_err(unreadable)
        });
        let text = args.text.as_ref().map(|text| text.as_bytes().to_vec());
        let fixed = file.transpose()?.or(text);
        Ok(Self { frames: args.marks.frames()?, fixed, clock: Clock::new(), args: args.clone() })
    }

    /// What is wrong with the answer to the message with a number.
    fn fault(&self, number: u64) -> Option<Fault> {
        self.args.fault.filter(|_| number.is_multiple_of(self.args.every))
    }

    /// How long the answer takes.
    fn delay(&self, fault: Option<Fault>) -> Duration {
        let delays = self.args.fault != Some(Fault::Delay) || fault == Some(Fault::Delay);
        Duration::from_millis(if delays { self.args.delay } else { 0 })
    }

    /// The answer; nothing to what is no message.
    fn reply(&self, message: &[u8], fault: Option<Fault>) -> Option<Vec<u8>> {
        if fault == Some(Fault::Garbage) {
            return Some(b"this is no HL7".to_vec());
        }
        if let Some(fixed) = &self.fixed {
            return Some(fixed.clone());
        }
        let inbound = Inbound::of_broken(message)?;
        let moment = self.clock.moment();
        let stamp = Stamp { control_id: &moment.control_id, time: &moment.time };
        let code = if fault == Some(Fault::Nak) { AckCode::Ae } else { self.args.code };
        let reply = acknowledge(&inbound, code, &[], stamp, &AckSettings::default());
        if fault == Some(Fault::WrongId) {
            return for_another(&reply);
        }
        Some(reply)
    }
}

/// A reply whose MSA-2 is that of no message.
fn for_another(reply: &[u8]) -> Option<Vec<u8>> {
    let mut tree = Tree::parse(reply).ok()?;
    let path = Path::of_segment("MSA").ok()?.with_field(2);
    let control_id = tree.get(&path).map(std::borrow::Cow::into_owned).unwrap_or_default();
    tree.set(&path, &format!("not-{control_id}")).ok()?;
    Some(tree.into_bytes())
}

/// A message, and where to say that it may be answered: its number, and through what the answer is reported back.
type Received = (Vec<u8>, mpsc::SyncSender<(u64, mpsc::SyncSender<()>)>);

struct Peer {
    link: Box<dyn Link>,
    decoder: Decoder,
    answers: Arc<Answers>,
    received: mpsc::SyncSender<Received>,
}

impl Peer {
    /// Until the other side closes, or does not take an answer.
    fn serve(mut self) {
        let mut buffer = [0; 4096];
        loop {
            let length = match self.link.read(&mut buffer) {
                Ok(0) | Err(_) => return,
                Ok(length) => length,
            };
            let mut rest = &buffer[..length];
            let mut messages = Vec::new();
            while let Some(event) = self.decoder.next_event(&mut rest) {
                if let Kind::Frame(message) = event.kind {
                    messages.push(message.to_vec());
                }
            }
            for message in messages {
                let (done, wait) = mpsc::sync_channel(1);
                if self.received.send((message.clone(), done)).is_err() {
                    return;
                }
                let Ok((number, answered)) = wait.recv() else { return };
                let fault = self.answers.fault(number);
                let goes_on = self.answer(&message, fault);
                drop(answered);
                if fault == Some(Fault::Hang) {
                    return self.hang();
                }
                if !matches!(goes_on, Ok(true)) {
                    return;
                }
            }
        }
    }

    /// Answers, and says whether the connection goes on.
    fn answer(&mut self, message: &[u8], fault: Option<Fault>) -> io::Result<bool> {
        if self.answers.args.silent || fault == Some(Fault::Hang) {
            return Ok(true);
        }
        std::thread::sleep(self.answers.delay(fault));
        if fault == Some(Fault::Close) {
            return Ok(false);
        }
        let Some(reply) = self.answers.reply(message, fault) else { return Ok(true) };
        let mut frame = self.answers.frames.around(&reply).map_err(io::Error::other)?;
        match fault {
            Some(Fault::Half) => frame.truncate(frame.len() / 2),
            Some(Fault::Twice) => frame.extend_from_within(..),
            _ => {}
        }
        self.link.write_all(&frame)?;
        self.link.flush()?;
        Ok(!matches!(fault, Some(Fault::Half | Fault::CloseAfter)))
    }

    /// Takes what comes and says nothing, until the other side has enough.
    fn hang(mut self) {
        let mut buffer = [0; 4096];
        while matches!(self.link.read(&mut buffer), Ok(length) if length > 0) {}
    }
}
