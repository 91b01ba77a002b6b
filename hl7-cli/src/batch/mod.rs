//! `hl7 batch`: files of many messages, checked, taken apart, put together.

mod check;
mod join;
mod split;

use std::io;

use clap::Subcommand;

use crate::console::{Console, Status};

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
