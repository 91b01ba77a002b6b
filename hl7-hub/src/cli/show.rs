//! `hl7-hub show`.

use std::io::Write;

use hl7_hub::json;
use hl7_hub::store::{MessageId, Reader, Verdict};

use super::{Failure, Of, Status, time};

/// Show everything that is known about a message: how it came, what it was answered, each attempt to deliver it
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The number of the message, as `hl7-hub search` shows it
    message: i64,

    #[command(flatten)]
    of: Of,

    /// Write the message itself, byte for byte, and nothing else. That is patient data
    #[arg(long)]
    body: bool,

    /// As JSON; nothing of the message itself but its header facts
    #[arg(long, conflicts_with = "body")]
    json: bool,
}

pub(super) fn run(args: &Args, out: &mut impl Write) -> Result<Status, Failure> {
    let reader = args.of.reader()?;
    let id = MessageId(args.message);
    if args.json {
        let shown = json::everything(&reader, id)?;
        let shown = shown.ok_or_else(|| Failure(format!("there is no message {id}")))?;
        writeln!(out, "{shown:#}")?;
        return Ok(Status::Well);
    }
    let Some(message) = reader.message(id)? else {
        return Err(Failure(format!("there is no message {id}")));
    };
    if args.body {
        let body = reader.body(id)?;
        let body = body.ok_or_else(|| Failure(format!("the content of message {id} is pruned")))?;
        out.write_all(body.bytes())?;
        return Ok(Status::Well);
    }
    let facts = &message.facts;
    writeln!(out, "message     {id}, {} bytes", message.bytes)?;
    writeln!(
        out,
        "came        {} by {} from {}",
        time::shown(message.at),
        message.source,
        message.peer
    )?;
    if let Some((batch, ordinal)) = message.batch {
        writeln!(out, "batch       message {ordinal} of batch {batch}")?;
    }
    writeln!(out, "type        {}", facts.message_type.escape_debug())?;
    writeln!(out, "control id  {}", facts.control_id.escape_debug())?;
    writeln!(out, "version     {}", facts.version.escape_debug())?;
    writeln!(out, "verdict     {}", message.verdict)?;
    writeln!(out, "state       {}", message.state)?;
    if message.verdict == Verdict::Batch {
        writeln!(out, "messages    hl7-hub search --batch {id}")?;
    }
    if let Some(parent) = message.parent {
        writeln!(out, "edited from {parent}")?;
    }
    for edit in reader.edits(id)? {
        writeln!(out, "edited as   {edit}")?;
    }
    for delivery in reader.deliveries(id)? {
        let again = if delivery.resubmitted { ", resubmitted" } else { "" };
        let mark = if delivery.maybe_duplicate { ", may have come more than once" } else { "" };
        let batch = delivery.batch.map_or_else(String::new, |batch| format!(", in batch {batch}"));
        let place = delivery.replaces.map_or_else(String::new, |id| format!(", for delivery {id}"));
        writeln!(
            out,
            "\ndelivery {} to {}: {}{again}{place}{batch}{mark}",
            delivery.id, delivery.destination, delivery.state
        )?;
        for attempt in &delivery.attempts {
            let outcome = attempt.outcome.as_deref().unwrap_or("under way");
            writeln!(out, "  {}  {outcome}", time::shown(attempt.began))?;
        }
    }
    writeln!(out, "\naudit")?;
    for line in reader.audit(id)? {
        writeln!(
            out,
            "  {}  {:<8} {:<16} {}",
            time::shown(line.at),
            line.actor,
            line.action,
            line.detail
        )?;
    }
    Ok(Status::Well)
}
