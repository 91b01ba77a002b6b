//! `hl7 diff-schema`: what changed between two versions of the standard.

mod compare;
mod json;
mod overview;
mod print;
mod rows;

use std::io::{self, Write};

use hl7_types::Version;
use hl7_types::desc::VersionDesc;
use hl7_types::diff::{self, Change};

use crate::console::{Console, Status};
use crate::versions;
use json::Json;

/// Say what changed between two versions of the standard
///
/// Fields and components are matched by their position, whatever they are called. A name with other capitals or
/// footnote marks is the same name.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// The version to start from, such as 2.3.1
    #[arg(value_name = "OLD", value_parser = versions::parse)]
    old: &'static Version,

    /// The version to arrive at, such as 2.5.1
    #[arg(value_name = "NEW", value_parser = versions::parse)]
    new: &'static Version,

    /// What to compare; without a name, an overview of all that changed
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// Print an array of comparisons as JSON; "kind" says what each compares, "status" how it ended
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
Names:
  PID             a segment: its fields
  PID-3, PID-3.4  a field or component: what is said about it, and its parts
  CX, CX.4        a datatype or its component
  0001            a table: its codes
  ADT_A01         a message structure: its segments and groups
  ADT^A04, ADT    an event: which structure it has in each; the events of a message

Output: + new, ~ changed, - gone or withdrawn. CX(17) stands for a datatype that has the same id \
in both versions and 17 changes; hl7 diff-schema OLD NEW CX shows them, and they do not count as \
differences of the segments that use it.

Examples:
  hl7 diff-schema 2.3.1 2.5.1
  hl7 diff-schema 2.3.1 2.5.1 PID
  hl7 diff-schema 2.5.1 2.9 CX 0203 ADT^A04
  hl7 diff-schema 2.5.1 2.8 OBX --json | jq -r '.[].changes[] | select(.change == \"added\").path'

Exit status:
  0  no difference
  1  differences
  2  neither version has anything of this name, or the arguments are wrong";

/// Runs the command.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn run(args: &Args, console: &mut Console) -> io::Result<Status> {
    let versions = Change { old: args.old.desc(), new: args.new.desc() };
    if args.names.is_empty() {
        overview(args, versions, console)
    } else {
        named(args, versions, console)
    }
}

/// Compares the versions as a whole.
fn overview(
    args: &Args,
    versions: Change<&'static VersionDesc>,
    console: &mut Console,
) -> io::Result<Status> {
    let diff = diff::version(versions.old, versions.new);
    if args.json {
        json(&[Json::of_versions(versions, &diff)], console)?;
    } else {
        overview::print(versions, &diff, console)?;
    }
    Ok(if diff.is_empty() { Status::Clean } else { Status::Found })
}

/// Compares what has the names that are asked for.
fn named(
    args: &Args,
    versions: Change<&'static VersionDesc>,
    console: &mut Console,
) -> io::Result<Status> {
    let mut status = Status::Clean;
    let mut compared = Vec::new();
    for name in &args.names {
        match compare::find(name, versions) {
            Ok(found) => compared.extend(found),
            Err(reason) => {
                status.worsen(Status::Unreadable);
                console.complain(&reason);
            }
        }
    }
    if compared.iter().any(|compared| compared.outcome.differs()) {
        status.worsen(Status::Found);
    }
    if args.json {
        let all: Vec<_> = compared.iter().map(|compared| Json::of(compared, versions)).collect();
        json(&all, console)?;
        return Ok(status);
    }
    for (index, compared) in compared.iter().enumerate() {
        if index > 0 {
            writeln!(console)?;
        }
        print::compared(compared, versions, console)?;
    }
    Ok(status)
}

fn json(all: &[Json], console: &mut Console) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *console, all)?;
    writeln!(console)
}
