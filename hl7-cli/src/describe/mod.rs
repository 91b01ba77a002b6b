//! `hl7 describe`: what the standard says.

pub(crate) mod find;
pub(crate) mod json;
pub(crate) mod print;

use std::io::{self, Write};

use hl7_types::Version;

use crate::console::{Console, Status};
use crate::versions;

/// Say what the standard says about a segment, field, datatype, table, message structure or event
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// What to describe; several are described one after the other
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,

    /// The version of the standard [default: the newest of this build]
    #[arg(long, value_parser = versions::parse)]
    version: Option<&'static Version>,

    /// Print an array of descriptions as JSON; "kind" says what each is, a "max" of null means no limit
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
Names:
  PID             a segment and its fields
  PID-3, PID-3.4  a field or component and its parts
  CX, CX.4        a datatype or its component
  0001            a table and its codes
  ADT_A01         a message structure: [ ] optional, { } repeats, < | > one of
  ADT^A01, ADT    an event with its structure; the events of a message
  \"birth\"         anything else: what has these letters in its name

Examples:
  hl7 describe PID
  hl7 describe OBX-11
  hl7 describe ORU^R01 --version 2.5.1
  hl7 describe PID --json | jq -r '.[].fields[] | select(.usage == \"R\").path'

Exit status:
  0  it is described
  1  the standard has nothing of this name
  2  the arguments are wrong";

/// Runs the command.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn run(args: &Args, console: &mut Console) -> io::Result<Status> {
    let version = args.version.unwrap_or_else(versions::newest).desc();
    let mut status = Status::Clean;
    let mut found = Vec::new();
    for name in &args.names {
        match find::find(name, version) {
            Ok(subjects) => found.extend(subjects),
            Err(reason) => {
                status = Status::Found;
                console.complain(&reason);
            }
        }
    }
    if args.json {
        let all: Vec<_> = found.iter().map(|subject| json::of(subject, version)).collect();
        serde_json::to_writer_pretty(&mut *console, &all)?;
        writeln!(console)?;
        return Ok(status);
    }
    for (index, subject) in found.iter().enumerate() {
        if index > 0 {
            writeln!(console)?;
        }
        print::subject(subject, version, console)?;
    }
    Ok(status)
}
