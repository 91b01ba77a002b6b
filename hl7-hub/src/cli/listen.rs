//! `hl7-hub listen`.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use hl7_core::ack::{AckCode, AckSettings, Inbound, Stamp, acknowledge};
use hl7_hub::run::Clock;
use hl7_mllp::{Decoder, Encoder, Kind};

use super::framing::Marks;
use super::{Failure, Status};

/// Receive messages over MLLP and answer them, to test what sends
///
/// Nothing is kept unless --save says where. A line is printed for each message: its number and its type.
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
    #[arg(long, value_name = "TEXT", conflicts_with = "silent")]
    text: Option<String>,

    /// Answer nothing
    #[arg(long)]
    silent: bool,

    /// Milliseconds until an answer is sent
    #[arg(long, default_value_t = 0, value_name = "N")]
    delay: u64,

    /// End after so many messages
    #[arg(long, value_name = "N")]
    count: Option<u64>,

    #[command(flatten)]
    marks: Marks,
}

fn code(text: &str) -> Result<AckCode, &'static str> {
    AckCode::of_code(text.as_bytes()).ok_or("expected AA, AE, AR, CA, CE or CR")
}

pub(super) fn run(args: &Args, out: &mut impl Write) -> Result<Status, Failure> {
    let unusable = |error| Failure(format!("cannot listen on {}: {error}", args.address));
    let listener = TcpListener::bind(&args.address).map_err(unusable)?;
    writeln!(out, "listening on {}", listener.local_addr()?)?;
    out.flush()?;
    // A connection waits until its message is printed and saved: there is one that counts.
    let (received, messages) = mpsc::sync_channel(0);
    let (encoder, decoder) = args.marks.both()?;
    let answers = args.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            let peer = Peer {
                stream,
                encoder,
                decoder: decoder.clone(),
                args: answers.clone(),
                received: received.clone(),
            };
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
        let _ = done.send(answered);
        let _ = wait.recv();
        if args.count == Some(number) {
            break;
        }
    }
    Ok(Status::Well)
}

/// A message, and where to say that it may be answered; through what is sent there, the answer is reported back.
type Received = (Vec<u8>, mpsc::SyncSender<mpsc::SyncSender<()>>);

struct Peer {
    stream: TcpStream,
    encoder: Encoder,
    decoder: Decoder,
    args: Args,
    received: mpsc::SyncSender<Received>,
}

impl Peer {
    /// Until the other side closes, or does not take an answer.
    fn serve(mut self) {
        let clock = Clock::new();
        let mut buffer = [0; 4096];
        loop {
            let length = match self.stream.read(&mut buffer) {
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
                let Ok(answered) = wait.recv() else { return };
                let written = self.answer(&message, &clock);
                drop(answered);
                if written.is_err() {
                    return;
                }
            }
        }
    }

    fn answer(&mut self, message: &[u8], clock: &Clock) -> std::io::Result<()> {
        if self.args.silent {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(self.args.delay));
        let reply = match (&self.args.text, Inbound::of_broken(message)) {
            (Some(text), _) => text.as_bytes().to_vec(),
            (None, Some(inbound)) => {
                let moment = clock.moment();
                let stamp = Stamp { control_id: &moment.control_id, time: &moment.time };
                acknowledge(&inbound, self.args.code, &[], stamp, &AckSettings::default())
            }
            (None, None) => return Ok(()),
        };
        let mut frame = Vec::new();
        self.encoder.encode(&reply, &mut frame).map_err(std::io::Error::other)?;
        self.stream.write_all(&frame)
    }
}
