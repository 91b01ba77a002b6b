//! Commands that tell the hub that runs what to do with a message.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use super::client::By;
use super::orders::done;
use super::{Failure, Status};

/// Send messages once more: as they are, or edited
///
/// Without more, to the destinations that have not got it: where it is dead, parked or cancelled. They get the same bytes as
/// before. An edited message is a new one with a link to the first, which stays as it came; it goes wherever the routes send it.
#[derive(Debug, clap::Args)]
pub(super) struct Resubmit {
    /// Their numbers, as `hl7-hub search` shows them
    #[arg(required = true)]
    messages: Vec<i64>,

    /// To these destinations, whatever the routes say
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    to: Vec<String>,

    /// To all destinations that it was for, also those that have it
    #[arg(long, conflicts_with_all = ["to", "reroute"])]
    all: bool,

    /// Wherever the routes send it now, with the headers that destinations want now
    #[arg(long, conflicts_with = "to")]
    reroute: bool,

    /// Change it before: PID-3.1=4711, as often as needed
    #[arg(long, value_name = "PATH=VALUE", value_parser = leaf, conflicts_with_all = ["all", "reroute"])]
    set: Vec<(String, String)>,

    /// Send what stands in a file in its place
    #[arg(long, value_name = "FILE", conflicts_with_all = ["set", "all", "reroute"])]
    file: Option<PathBuf>,

    #[command(flatten)]
    by: By,
}

/// Take messages out of their queues, to wait until somebody resubmits or dismisses them
#[derive(Debug, clap::Args)]
pub(super) struct Park {
    /// Their numbers
    #[arg(required = true)]
    messages: Vec<i64>,

    /// Dismiss them at once
    #[arg(long)]
    discard: bool,

    #[command(flatten)]
    by: By,
}

/// Decide that messages need nothing more: dead or parked ones, and those that have no route or were refused
#[derive(Debug, clap::Args)]
pub(super) struct Dismiss {
    /// Their numbers
    #[arg(required = true)]
    messages: Vec<i64>,

    #[command(flatten)]
    by: By,
}

fn leaf(text: &str) -> Result<(String, String), &'static str> {
    let (path, value) = text.split_once('=').ok_or("expected PATH=VALUE, as in PID-3.1=4711")?;
    Ok((path.to_owned(), value.to_owned()))
}

pub(super) fn resubmit(args: &Resubmit, out: &mut impl Write) -> Result<Status, Failure> {
    let content = match &args.file {
        None => None,
        Some(file) => {
            let bytes = fs::read(file)
                .map_err(|error| Failure(format!("{}: cannot be read: {error}", file.display())))?;
            Some(BASE64_STANDARD.encode(bytes))
        }
    };
    if content.is_some() && args.messages.len() > 1 {
        return Err(Failure("a file takes the place of one message, not of several".to_owned()));
    }
    let set: BTreeMap<_, _> = args.set.iter().cloned().collect();
    let what = json!({
        "to": args.to, "all": args.all, "reroute": args.reroute, "set": set, "base64": content,
    });
    for message in &args.messages {
        let answer = args.by.order(&format!("messages/{message}/resubmit"), what.clone())?;
        writeln!(out, "{}", done(&answer))?;
    }
    Ok(Status::Well)
}

pub(super) fn park(args: &Park, out: &mut impl Write) -> Result<Status, Failure> {
    for message in &args.messages {
        let answer = args.by.order(&format!("messages/{message}/park"), json!({}))?;
        writeln!(out, "{}", done(&answer))?;
        if args.discard {
            let answer = args.by.order(&format!("messages/{message}/dismiss"), json!({}))?;
            writeln!(out, "{}", done(&answer))?;
        }
    }
    Ok(Status::Well)
}

pub(super) fn dismiss(args: &Dismiss, out: &mut impl Write) -> Result<Status, Failure> {
    for message in &args.messages {
        let answer = args.by.order(&format!("messages/{message}/dismiss"), json!({}))?;
        writeln!(out, "{}", done(&answer))?;
    }
    Ok(Status::Well)
}
