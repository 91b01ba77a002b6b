//! `hl7 batch`: files of many messages, checked, taken apart, put together.

mod check;
mod join;
mod split;

use std::io::{self, Read};

use clap::Subcommand;
use hl7_types::batch::{BatchReader, Piece};

use crate::console::{Console, Status};
use crate::input;
use crate::text::printable;

/// Check, split and join batches: files with many messages, with or without FHS, BHS, BTS and FTS
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Args),
    Split(split::Args),
    Join(join::Args),
}

/// Runs the command.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn run(args: &Args, console: &mut Console) -> io::Result<Status> {
    match &args.command {
        Command::Check(args) => check::run(args, console),
        Command::Split(args) => split::run(args, console),
        Command::Join(args) => join::run(args, console),
    }
}

/// The pieces of a stream, one after the other.
pub(crate) struct Pieces<'a> {
    file: &'a str,
    reader: BatchReader<&'a mut dyn Read>,
}

impl<'a> Pieces<'a> {
    /// Of a stream; a message is held up to so many MiB.
    pub(crate) fn of(file: &'a str, stream: &'a mut dyn Read, limit: usize) -> Self {
        Self { file, reader: BatchReader::with_limit(stream, limit.saturating_mul(1 << 20)) }
    }

    /// The next one.
    ///
    /// # Errors
    /// How the command ends when the stream cannot be read; that is said already.
    pub(crate) fn next(&mut self, console: &mut Console) -> Result<Option<Piece<'_>>, Status> {
        self.reader.next_piece().map_err(|error| {
            let reason = input::reason(&error);
            console.complain(&format!("{}: {reason}", printable(self.file)));
            Status::Unreadable
        })
    }
}
