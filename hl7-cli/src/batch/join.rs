//! `hl7 batch join`: one batch from many messages.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::PathBuf;

use hl7_types::batch::{BatchError, BatchHeader, BatchWriter, Content};

use super::Pieces;
use crate::clock;
use crate::console::{Console, Status};
use crate::input::{self, VisitStream};
use crate::text::printable;

/// Write all messages of files as one batch in one file, with right counts
///
/// Inputs may be batches themselves: their messages are taken, their headers and trailers are not.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// Files or folders; - or nothing for standard input
    files: Vec<PathBuf>,

    /// The file to write, which must not be there; standard output where none is named
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Leave out FHS and FTS: a batch alone
    #[arg(long)]
    no_file: bool,

    /// Sending application and facility (fields 3 and 4)
    #[arg(long, value_name = "APPLICATION[|FACILITY]", default_value = "")]
    from: String,

    /// Receiving application and facility (fields 5 and 6)
    #[arg(long, value_name = "APPLICATION[|FACILITY]", default_value = "")]
    to: String,

    /// Control id (field 11)
    #[arg(long, value_name = "ID", default_value = "")]
    control_id: String,

    /// Creation time (field 7), as HL7 writes times [default: now]
    #[arg(long, value_name = "TIME")]
    time: Option<String>,

    /// Longest message in MiB; a longer one is an error
    #[arg(long, default_value_t = 16, value_name = "MIB")]
    limit: usize,
}

const HELP: &str = "\
Messages are written byte for byte; a carriage return is put behind one that does not end in a \
line end. When something goes wrong the batch ends with what was written so far, and its counts are \
right for that.

Examples:
  hl7 batch join outbox/ --from LAB --to 'EHR|HARBOUR' --control-id 77 -o night.hl7
  hl7 batch join --no-file a.hl7 b.hl7 > batch.hl7

Exit status:
  0  all messages are in the batch
  2  something could not be read or written";

/// Runs the command.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn run(args: &Args, console: &mut Console) -> io::Result<Status> {
    let sink: Box<dyn Write> = match &args.output {
        None => Box::new(BufWriter::new(io::stdout())),
        Some(path) => match File::create_new(path) {
            Ok(file) => Box::new(BufWriter::new(file)),
            Err(error) => {
                let path = path.display().to_string();
                console.complain(&format!("{}: {}", printable(&path), input::reason(&error)));
                return Ok(Status::Unreadable);
            }
        },
    };
    let writer = match begin(args, sink) {
        Ok(writer) => writer,
        Err(error) => return failed(error, console),
    };
    let mut join = Join { args, writer };
    let status = input::visit_streams(&args.files, console, &mut join)?;
    match join.writer.finish() {
        Ok(_) => Ok(status),
        Err(error) => failed(error, console),
    }
}

/// An output that is closed is no error: whoever reads has seen enough.
fn failed(error: BatchError, console: &mut Console) -> io::Result<Status> {
    match error {
        BatchError::Io(error) => Err(error),
        error => {
            console.complain(&error.to_string());
            Ok(Status::Unreadable)
        }
    }
}

fn begin(args: &Args, sink: Box<dyn Write>) -> Result<BatchWriter<Box<dyn Write>>, BatchError> {
    let parts = |text: &str| {
        let (application, facility) = text.split_once('|').unwrap_or((text, ""));
        (application.to_owned(), facility.to_owned())
    };
    let ((from, from_facility), (to, to_facility)) = (parts(&args.from), parts(&args.to));
    let header = BatchHeader {
        sending_application: from,
        sending_facility: from_facility,
        receiving_application: to,
        receiving_facility: to_facility,
        time: args.time.clone().unwrap_or_else(clock::now),
        control_id: args.control_id.clone(),
        ..BatchHeader::default()
    };
    let mut writer = BatchWriter::new(sink);
    if !args.no_file {
        writer.begin_file(&header)?;
    }
    writer.begin_batch(&header)?;
    Ok(writer)
}

struct Join<'a> {
    args: &'a Args,
    writer: BatchWriter<Box<dyn Write>>,
}

impl VisitStream for Join<'_> {
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
            let reason = match piece.content {
                Content::Message => match self.writer.message(piece.bytes) {
                    Ok(()) => continue,
                    Err(BatchError::Io(error)) => return Err(error),
                    Err(error) => error.to_string(),
                },
                Content::LongMessage if !piece.findings.is_empty() => {
                    format!("the message is longer than {} MiB", self.args.limit)
                }
                Content::Text if !piece.findings.is_empty() => {
                    "text that belongs to no message is left out".to_owned()
                }
                _ => continue,
            };
            let (message, offset) = (piece.place.message, piece.place.offset);
            console.complain(&format!("{}#{message}, byte {offset}: {reason}", printable(file)));
            status = Status::Unreadable;
        }
    }
}
