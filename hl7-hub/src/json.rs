//! What the store holds as JSON, in one form for the API and for commands with `--json`. Nothing of a message's content but
//! what stands in its header facts.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::store::{
    AuditView, DeliveryView, MessageId, MessageView, Paused, Reader, Status, StoreError,
};

/// Milliseconds since 1970 as a time.
#[must_use]
pub fn time(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds)
        .map_or_else(|_| "?".to_owned(), |time| time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}

/// Counts of everything.
#[must_use]
pub fn status(status: &Status) -> Value {
    let messages: Map<_, _> = status
        .messages
        .iter()
        .map(|(state, count)| (state.word().to_owned(), json!(count)))
        .collect();
    let destinations = status.destinations.iter().map(|to| {
        json!({
            "name": to.name,
            "gathering": to.gathering,
            "queued": to.queued,
            "done": to.done,
            "dead": to.dead,
            "parked": to.parked,
            "held": to.held,
            "awaiting": to.awaiting,
            "oldest": to.oldest.map(time),
        })
    });
    json!({
        "messages": messages,
        "destinations": destinations.collect::<Vec<_>>(),
        "paused": status.paused.iter().map(paused).collect::<Vec<_>>(),
        "audit_lines": status.audit_lines,
    })
}

fn paused(paused: &Paused) -> Value {
    let Paused { side, name, at, who, why } = paused;
    json!({ "side": side.word(), "name": name, "at": time(*at), "who": who, "why": why })
}

/// A message.
#[must_use]
pub fn message(view: &MessageView) -> Value {
    let facts = &view.facts;
    json!({
        "message": view.id.0,
        "came": time(view.at),
        "source": view.source,
        "peer": view.peer,
        "type": facts.message_type,
        "control_id": facts.control_id,
        "sending_application": facts.sending_application,
        "sending_facility": facts.sending_facility,
        "receiving_application": facts.receiving_application,
        "receiving_facility": facts.receiving_facility,
        "version": facts.version,
        "verdict": view.verdict.word(),
        "state": view.state.word(),
        "bytes": view.bytes,
        "edited_from": view.parent.map(|id| id.0),
        "batch": view.batch.map(|(id, ordinal)| json!({ "message": id.0, "ordinal": ordinal })),
    })
}

/// A message with its deliveries, their attempts, its edited copies and its lines of the audit; `None` where there is none.
///
/// # Errors
/// When the store cannot be read.
pub fn everything(reader: &dyn Reader, id: MessageId) -> Result<Option<Value>, StoreError> {
    let Some(view) = reader.message(id)? else { return Ok(None) };
    let mut value = message(&view);
    value["content"] = json!(reader.body(id)?.is_some());
    value["edited_as"] = reader.edits(id)?.iter().map(|id| id.0).collect();
    value["deliveries"] = reader.deliveries(id)?.iter().map(delivery).collect();
    value["audit"] = reader.audit(id)?.iter().map(line).collect();
    Ok(Some(value))
}

fn delivery(view: &DeliveryView) -> Value {
    let attempts = view.attempts.iter().map(|attempt| {
        json!({
            "began": time(attempt.began),
            "ended": attempt.ended.map(time),
            "outcome": attempt.outcome,
        })
    });
    json!({
        "delivery": view.id.0,
        "destination": view.destination,
        "state": view.state.word(),
        "maybe_duplicate": view.maybe_duplicate,
        "resubmitted": view.resubmitted,
        "replaces": view.replaces.map(|id| id.0),
        "batch": view.batch.map(|id| id.0),
        "attempts": attempts.collect::<Vec<_>>(),
    })
}

fn line(view: &AuditView) -> Value {
    let AuditView { at, actor, action, detail } = view;
    json!({ "at": time(*at), "who": actor, "action": action, "detail": detail })
}
