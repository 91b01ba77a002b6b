//! `hl7-hub search`.

use std::io::Write;

use hl7_hub::json;
use hl7_hub::store::{MessageId, MessageState, Query, Reader};

use super::{Failure, Of, Status, time};

/// Find messages by what their header says, the newest first
///
/// All that is given must hold. Nothing of a message's content is shown but its type and control id; `hl7-hub show N --body`
/// shows the rest.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    of: Of,

    /// MSH-10
    #[arg(long, value_name = "ID")]
    control_id: Option<String>,

    /// PID-3.1
    #[arg(long, value_name = "ID")]
    patient_id: Option<String>,

    /// The start of MSH-9: ADT, or ADT^A01
    #[arg(long = "type", value_name = "TYPE")]
    message_type: Option<String>,

    /// The source
    #[arg(long, value_name = "NAME")]
    source: Option<String>,

    /// Where it stands
    #[arg(long, value_name = "queued|parked|dead|no-route|refused|completed|resolved|split", value_parser = state)]
    state: Option<MessageState>,

    /// Came in this batch, or went out in it
    #[arg(long, value_name = "N")]
    batch: Option<i64>,

    /// Came at this time or later: 2026-02-11 or 2026-02-11T14:01:14Z
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    since: Option<i64>,

    /// Came before this time
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    until: Option<i64>,

    /// Has a lower number than this one: the next page
    #[arg(long, value_name = "N")]
    below: Option<i64>,

    /// So many at most
    #[arg(long, default_value_t = 50, value_name = "N")]
    most: u32,

    /// As JSON
    #[arg(long)]
    json: bool,
}

fn state(word: &str) -> Result<MessageState, &'static str> {
    MessageState::of_word(word)
        .ok_or("expected queued, parked, dead, no-route, refused, completed, resolved or split")
}

pub(super) fn run(args: &Args, out: &mut impl Write) -> Result<Status, Failure> {
    let query = Query {
        control_id: args.control_id.clone(),
        patient_id: args.patient_id.clone(),
        message_type: args.message_type.clone(),
        source: args.source.clone(),
        state: args.state,
        batch: args.batch.map(MessageId),
        since: args.since,
        until: args.until,
        below: args.below.map(MessageId),
        most: args.most as usize,
    };
    let found = args.of.reader()?.search(&query)?;
    if args.json {
        let messages: Vec<_> = found.iter().map(json::message).collect();
        writeln!(out, "{:#}", serde_json::json!({ "messages": messages }))?;
        return Ok(if found.is_empty() { Status::Found } else { Status::Well });
    }
    if found.is_empty() {
        return Ok(Status::Found);
    }
    writeln!(
        out,
        "{:>10}  {:<24}  {:<16} {:<16} {:<20} state",
        "message", "came", "source", "type", "control id"
    )?;
    for message in &found {
        writeln!(
            out,
            "{:>10}  {:<24}  {:<16} {:<16} {:<20} {}",
            message.id.0,
            time::shown(message.at),
            message.source,
            message.facts.message_type.escape_debug().to_string(),
            message.facts.control_id.escape_debug().to_string(),
            message.state
        )?;
    }
    Ok(Status::Well)
}
