//! Commands that tell the hub that runs what to do with sources, destinations and its store.

use std::io::Write;
use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};

use super::client::By;
use super::{Failure, Status};

/// What is paused or resumed.
#[derive(Debug, Subcommand)]
pub(super) enum Which {
    /// Sources: while they are paused their ports are closed, and whoever connects is refused
    Source(Names),
    /// Destinations: while they are paused their messages are queued
    Destination(Names),
}

#[derive(Debug, clap::Args)]
pub(super) struct Names {
    /// Their names, as the configuration has them
    #[arg(required = true)]
    names: Vec<String>,

    #[command(flatten)]
    by: By,
}

/// Pause sources or destinations, also over restarts of the hub
///
/// A source closes its port, finishes the message in hand and closes its connections. A destination gets nothing more behind
/// the message in hand; its messages are queued.
#[derive(Debug, clap::Args)]
pub(super) struct Pause {
    #[command(subcommand)]
    which: Which,
}

/// Resume what was paused
#[derive(Debug, clap::Args)]
pub(super) struct Resume {
    #[command(subcommand)]
    which: Which,
}

/// Cancel what a destination is to get next
///
/// The message stays in the store; the delivery is shown as cancelled, and can be resubmitted. What is being sent just now
/// cannot be skipped: pause the destination, and try again when it has its reply or gave up waiting.
#[derive(Debug, clap::Args)]
pub(super) struct Skip {
    /// The destination
    destination: String,

    /// Only if this delivery is the next one
    #[arg(long, value_name = "N")]
    delivery: Option<i64>,

    #[command(flatten)]
    by: By,
}

/// Have a destination that gathers messages send what it has
#[derive(Debug, clap::Args)]
pub(super) struct SendNow {
    /// The destination
    destination: String,

    #[command(flatten)]
    by: By,
}

/// Pause all sources and wait until every destination has got what is queued for it
#[derive(Debug, clap::Args)]
pub(super) struct Drain {
    /// The longest that it waits, in seconds
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    wait: u64,

    #[command(flatten)]
    by: By,
}

/// Take away now what is older than `[keep]` says, instead of at the next round
#[derive(Debug, clap::Args)]
pub(super) struct Prune {
    #[command(flatten)]
    by: By,
}

/// Copy the store into a file while the hub runs, and verify the copy
///
/// To go back to it: stop the hub, put the file into the data folder as hub.sqlite, and remove hub.sqlite-wal and
/// hub.sqlite-shm there.
#[derive(Debug, clap::Args)]
pub(super) struct Backup {
    /// The file; it must not be there yet
    file: PathBuf,

    #[command(flatten)]
    by: By,
}

/// Have the hub read its configuration again
#[derive(Debug, clap::Args)]
pub(super) struct Reload {
    #[command(flatten)]
    by: By,
}

pub(super) fn pause(args: &Pause, out: &mut impl Write) -> Result<Status, Failure> {
    sides("pause", "paused", &args.which, out)
}

pub(super) fn resume(args: &Resume, out: &mut impl Write) -> Result<Status, Failure> {
    sides("resume", "resumed", &args.which, out)
}

fn sides(path: &str, word: &str, which: &Which, out: &mut impl Write) -> Result<Status, Failure> {
    let (side, Names { names, by }) = match which {
        Which::Source(names) => ("source", names),
        Which::Destination(names) => ("destination", names),
    };
    let answer = by.order(path, json!({ "side": side, "names": names }))?;
    writeln!(out, "{word}: {}", done(&answer))?;
    Ok(Status::Well)
}

pub(super) fn skip(args: &Skip, out: &mut impl Write) -> Result<Status, Failure> {
    let Skip { destination, delivery, by } = args;
    let what = json!({ "destination": destination, "delivery": delivery });
    let answer = by.order("skip", what)?;
    writeln!(out, "{} (message {})", done(&answer), answer["message"])?;
    Ok(Status::Well)
}

pub(super) fn send_now(args: &SendNow, out: &mut impl Write) -> Result<Status, Failure> {
    let answer = args.by.order("send-now", json!({ "destination": args.destination }))?;
    writeln!(out, "{} sends what it has", done(&answer))?;
    Ok(Status::Well)
}

pub(super) fn drain(args: &Drain, out: &mut impl Write) -> Result<Status, Failure> {
    let answer = args.by.order("drain", json!({ "wait_seconds": args.wait }))?;
    writeln!(out, "paused: {}", done(&answer))?;
    if answer["empty"] == json!(true) {
        writeln!(out, "everything is delivered; `hl7-hub resume source` goes on")?;
        return Ok(Status::Well);
    }
    for (name, queued) in answer["queued"].as_object().into_iter().flatten() {
        writeln!(out, "{name}: {queued} still queued")?;
    }
    Ok(Status::Found)
}

pub(super) fn prune(args: &Prune, out: &mut impl Write) -> Result<Status, Failure> {
    let answer = args.by.order("prune", json!({}))?;
    writeln!(
        out,
        "pruned the content of {} messages, {} messages as a whole, {} lines of the audit",
        answer["contents"], answer["messages"], answer["audit_lines"]
    )?;
    Ok(Status::Well)
}

pub(super) fn backup(args: &Backup, out: &mut impl Write) -> Result<Status, Failure> {
    // The hub may work in another folder.
    let file = std::path::absolute(&args.file)?;
    let answer = args.by.order("backup", json!({ "file": file }))?;
    writeln!(
        out,
        "{} has {} messages and {} lines of audit",
        file.display(),
        answer["messages"],
        answer["audit_lines"]
    )?;
    let faults = answer["faults"].as_array().map_or(&[][..], Vec::as_slice);
    for fault in faults {
        writeln!(out, "{}", fault.as_str().unwrap_or_default())?;
    }
    Ok(if faults.is_empty() { Status::Well } else { Status::Found })
}

pub(super) fn reload(args: &Reload, out: &mut impl Write) -> Result<Status, Failure> {
    let answer = args.by.order("reload", json!({}))?;
    writeln!(out, "{}", done(&answer))?;
    Ok(Status::Well)
}

pub(super) fn done(answer: &Value) -> &str {
    answer["done"].as_str().unwrap_or_default()
}
