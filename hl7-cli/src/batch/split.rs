//! `hl7 batch split`: each message of a batch as a file.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::PathBuf;

use hl7_types::batch::Content;

use super::Pieces;
use crate::console::{Console, Status};
use crate::input::{self, VisitStream};
use crate::text::{count, printable};

/// Write each message of batches to a file of its own, byte for byte
///
/// Files are numbered over all inputs: 000001.hl7, 000002.hl7. None is overwritten. What is wrong with headers, trailers
/// and counts is said, and the messages are written all the same.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// Files or folders; - or nothing for standard input
    files: Vec<PathBuf>,

    /// The folder to write to; it is made where it is not there
    #[arg(short, long, value_name = "FOLDER")]
    to: PathBuf,

    /// Longest message in MiB; a longer one is not written
    #[arg(long, default_value_t = 16, value_name = "MIB")]
    limit: usize,

    /// Print a line for each message: its file, input, file and batch, place in the batch, and first byte
    #[arg(short, long)]
    verbose: bool,
}

const HELP: &str = "\
Lines of headers and trailers, marks of MLLP blocks and text between messages are not written.

Examples:
  hl7 batch split night.hl7 --to messages/
  hl7 batch split -v capture.bin --to messages/

Exit status:
  0  all messages are written, and the batches are as they should be
  1  all messages are written; something was found about headers, trailers or counts
  2  something could not be read or written";

/// Runs the command.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn run(args: &Args, console: &mut Console) -> io::Result<Status> {
    if let Err(error) = fs::create_dir_all(&args.to) {
        let folder = args.to.display().to_string();
        console.complain(&format!("{}: {}", printable(&folder), input::reason(&error)));
        return Ok(Status::Unreadable);
    }
    let mut split = Split { args, written: 0, status: Status::Clean };
    let mut status = input::visit_streams(&args.files, console, &mut split)?;
    status.worsen(split.status);
    let folder = args.to.display().to_string();
    writeln!(console, "{} to {}", count(split.written, "message"), printable(&folder))?;
    Ok(status)
}

struct Split<'a> {
    args: &'a Args,
    written: usize,
    status: Status,
}

impl Split<'_> {
    /// Writes a message to the next file; gives the name of that.
    fn write(&mut self, message: &[u8]) -> Result<String, String> {
        let path = self.args.to.join(format!("{:06}.hl7", self.written + 1));
        let name = path.display().to_string();
        let fail = |error: io::Error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                format!("{}: the file is there already; choose another folder", printable(&name))
            }
            _ => format!("{}: {}", printable(&name), input::reason(&error)),
        };
        let mut file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(fail)?;
        file.write_all(message).map_err(fail)?;
        self.written += 1;
        Ok(name)
    }
}

impl VisitStream for Split<'_> {
    fn stream(
        &mut self,
        file: &str,
        stream: &mut dyn Read,
        console: &mut Console,
    ) -> io::Result<Status> {
        let mut pieces = Pieces::of(file, stream, self.args.limit);
        let mut status = Status::Clean;
        loop {
            let piece = match pieces.next(console) {
                Ok(Some(piece)) => piece,
                Ok(None) => return Ok(status),
                Err(status) => return Ok(status),
            };
            for finding in piece.findings {
                status.worsen(Status::Found);
                console.say(&format!("{}: {finding}", printable(file)));
            }
            match piece.content {
                Content::Message => match self.write(piece.bytes) {
                    Ok(name) if self.args.verbose => {
                        let place = piece.place;
                        writeln!(
                            console,
                            "{}  {}  file {}, batch {}, message {}  byte {}",
                            printable(&name),
                            printable(file),
                            place.file,
                            place.batch,
                            place.ordinal,
                            place.offset
                        )?;
                    }
                    Ok(_) => {}
                    Err(reason) => {
                        console.complain(&reason);
                        return Ok(Status::Unreadable);
                    }
                },
                Content::LongMessage => status = Status::Unreadable,
                _ => {}
            }
        }
    }
}
