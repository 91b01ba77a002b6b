//! The `hl7` command: what an integration engineer wants to know about a message, from the terminal.
//!
//! Each subcommand is a module with its arguments and one `run`. What they share: [`input`] finds and reads files,
//! [`split`] finds the messages in one, [`versions`] chooses the version of the standard, [`console`] writes.
#![allow(
    rustdoc::broken_intra_doc_links,
    reason = "the documentation of arguments is their help, where PID-5[2] is a path"
)]

mod ack;
mod batch;
mod check;
mod clock;
mod console;
mod convert;
mod describe;
mod diff_schema;
mod get;
mod input;
mod json;
mod leaves;
mod roundtrip;
mod segments;
mod show;
mod split;
mod text;
mod versions;

use std::process::ExitCode;

use clap::builder::Styles;
use clap::{Parser, Subcommand};

use console::{Colour, Console, Status};

/// Shows, checks, queries and round-trips HL7 v2 messages
#[derive(Debug, Parser)]
#[command(name = "hl7", version, styles = help_styles(), max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// When to colour: auto means on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto)]
    #[arg(value_name = "auto|always|never", hide_possible_values = true)]
    color: Colour,
}

/// Below the help of `hl7` itself.
const EXAMPLES: &str = "\
Inputs: files, folders (every file in them, and in the folders below), or - for standard input, which \
is also read when nothing is named and something is piped in. A file may hold many messages; \
file and batch headers around them (FHS, BHS, BTS, FTS) are recognised.

Examples:
  hl7 show adt.hl7                   what a message says, each value with its path and name
  hl7 check inbox/                   where the messages of a folder depart from the standard
  hl7 get MSH-10 PID-3.1 inbox/      control id and patient id of each, as a table
  hl7 describe PID-3                 what the standard says about a field
  hl7 diff-schema 2.3.1 2.5.1 PID    what changed between two versions
  hl7 roundtrip inbox/               whether decoding and encoding gives the same bytes
  hl7 convert --charset utf-8 x.hl7  the same messages in another character set
  hl7 ack adt.hl7                    the acknowledgment that a message is owed
  hl7 batch check batch.hl7          whether headers, trailers and counts are right";

/// The subcommands.
#[derive(Debug, Subcommand)]
enum Command {
    Show(show::Args),
    Check(check::Args),
    Get(get::Args),
    Describe(describe::Args),
    DiffSchema(diff_schema::Args),
    Roundtrip(roundtrip::Args),
    Convert(convert::Args),
    Ack(ack::Args),
    Batch(batch::Args),
}

/// Headings and literals of the help in the colours of the rest.
fn help_styles() -> Styles {
    Styles::styled()
        .header(console::BOLD)
        .usage(console::BOLD)
        .literal(console::NAME)
        .placeholder(console::DIM)
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut console = Console::new(cli.color);
    let result = match &cli.command {
        Command::Show(args) => show::run(args, &mut console),
        Command::Check(args) => check::run(args, &mut console),
        Command::Get(args) => get::run(args, &mut console),
        Command::Describe(args) => describe::run(args, &mut console),
        Command::DiffSchema(args) => diff_schema::run(args, &mut console),
        Command::Roundtrip(args) => roundtrip::run(args, &mut console),
        Command::Convert(args) => convert::run(args, &mut console),
        Command::Ack(args) => ack::run(args, &mut console),
        Command::Batch(args) => batch::run(args, &mut console),
    };
    match result.and_then(|status| console.finish().map(|()| status)) {
        Ok(status) => status.code(),
        // Whoever reads our output has seen enough: `hl7 show x | head`.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Status::Clean.code(),
        Err(error) => {
            console.complain(&format!("cannot write the output: {error}"));
            Status::Unreadable.code()
        }
    }
}
