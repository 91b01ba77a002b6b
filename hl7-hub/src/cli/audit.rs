//! `hl7-hub audit`.

use std::io::Write;

use clap::Subcommand;
use hl7_hub::store::Reader;

use super::{Failure, Of, Status};

/// Look after the audit
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say whether the audit, and the messages and attempts that it covers, are as they were written
    ///
    /// Each line of the audit holds a hash over itself and the line before it. The hash of the last line is shown: noted
    /// elsewhere, it tells later whether lines were taken from the end.
    Verify {
        #[command(flatten)]
        of: Of,
    },
}

pub(super) fn run(args: &Args, out: &mut impl Write) -> Result<Status, Failure> {
    let Command::Verify { of } = &args.command;
    let found = of.reader()?.verify()?;
    writeln!(
        out,
        "{} lines over {} messages and {} attempts\nlast {}",
        found.lines, found.messages, found.attempts, found.tip
    )?;
    for fault in &found.faults {
        writeln!(out, "{fault}")?;
    }
    Ok(if found.faults.is_empty() { Status::Well } else { Status::Found })
}
