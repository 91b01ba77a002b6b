//! `hl7-hub status`.

use std::io::Write;

use hl7_hub::store::Reader;

use super::{Failure, Of, Status, time};

/// Count messages by state and deliveries by destination
///
/// The hub may be running or not. `oldest` is when the oldest message came that a destination has not got.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    of: Of,
}

pub(super) fn run(args: &Args, out: &mut impl Write) -> Result<Status, Failure> {
    let status = args.of.reader()?.status()?;
    writeln!(out, "{:<16} {:>10}", "messages", "count")?;
    for (state, count) in &status.messages {
        writeln!(out, "{:<16} {count:>10}", state.word())?;
    }
    writeln!(
        out,
        "\n{:<16} {:>10} {:>10} {:>10} {:>10}  oldest",
        "destination", "gathering", "queued", "done", "dead"
    )?;
    for to in &status.destinations {
        let oldest = to.oldest.map_or_else(|| "-".to_owned(), time::shown);
        writeln!(
            out,
            "{:<16} {:>10} {:>10} {:>10} {:>10}  {oldest}",
            to.name, to.gathering, to.queued, to.done, to.dead
        )?;
    }
    writeln!(out, "\n{} lines of audit", status.audit_lines)?;
    Ok(Status::Well)
}
