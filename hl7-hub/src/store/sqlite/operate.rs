//! What people order: each order is one unit of work with one line in the audit.

use rusqlite::{OptionalExtension, params};

use super::audit::{self, Line, NOTHING};
use super::ledger::{ANY_LANE, Ledger, Result};
use super::{failure, views};
use crate::Digest;
use crate::store::{
    Act, DeliveryId, DeliveryState, Incoming, MessageId, MessageState, Order, Ordered, Outgoing,
    Requeued, Side, StoreError,
};

/// What stands between what was done and why, in a line of the audit.
pub(super) const WHY: &str = "; why: ";

/// What was done, for the audit and for whoever ordered it.
struct Deed {
    action: &'static str,
    message: Option<i64>,
    done: Vec<String>,
    digest: Digest,
    destinations: Vec<String>,
}

impl Deed {
    fn new(action: &'static str, message: Option<MessageId>, done: Vec<String>) -> Self {
        let message = message.map(|id| id.0);
        Self { action, message, done, digest: NOTHING, destinations: Vec::new() }
    }
}

/// States of what goes out by itself, sooner or later.
const TO_BE_SENT: [DeliveryState; 5] = [
    DeliveryState::Gathering,
    DeliveryState::Batched,
    DeliveryState::Queued,
    DeliveryState::Sending,
    DeliveryState::Held,
];

/// A delivery as an order finds it.
struct Found {
    id: i64,
    destination: String,
    state: DeliveryState,
}

impl Ledger<'_> {
    /// Does what was ordered and notes it.
    pub(super) fn order(&mut self, order: &Order) -> Result<Ordered> {
        // The number that the line of this order will have; what the order changes points at it.
        let line = self.tip.id + 1;
        let deed = match &order.act {
            Act::Pause { side, names } => self.pause(order, *side, names)?,
            Act::Resume { side, names } => self.resume(line, *side, names)?,
            Act::Skip { destination, delivery } => self.skip(line, destination, *delivery)?,
            Act::Park(message) => self.park(line, *message)?,
            Act::Dismiss(message) => self.dismiss(line, *message)?,
            Act::Requeue { message, deliveries } => self.requeue(line, *message, deliveries)?,
            Act::Edit { parent, edited } => self.edit(line, *parent, edited)?,
            Act::Note { action, message, detail } => {
                let done = Some(detail.clone()).filter(|detail| !detail.is_empty());
                Deed::new(action, *message, done.into_iter().collect())
            }
        };
        let done = deed.done.join("; ");
        let why = match order.why.as_str() {
            "" => String::new(),
            why => format!("{WHY}{why}"),
        };
        let entry = Line {
            at: order.at,
            actor: order.who.clone(),
            action: deed.action.to_owned(),
            message: deed.message,
            attempt: None,
            detail: format!("{done}{why}"),
            digest: deed.digest,
        };
        entry.append(self.db, self.tip).map_err(failure)?;
        let message = deed.message.map(MessageId);
        Ok(Ordered { line, done, message, destinations: deed.destinations })
    }

    fn pause(&self, order: &Order, side: Side, names: &[String]) -> Result<Deed> {
        let mut insert = self
            .db
            .prepare_cached(
                "INSERT OR IGNORE INTO pauses (side, name, at, who, why) VALUES (?1, ?2, ?3, ?4, ?5)",
            )
            .map_err(failure)?;
        let mut done = Vec::new();
        for name in names {
            let values = params![side.word(), name, order.at, order.who, order.why];
            if insert.execute(values).map_err(failure)? > 0 {
                done.push(format!("{side} {name}"));
            }
        }
        if done.is_empty() {
            return refuse(format!("{side} {} is paused already", names.join(", ")));
        }
        Ok(Deed::new("pause", None, done))
    }

    /// Opens what is paused, and lets go what a refusal holds up at a destination.
    fn resume(&self, line: i64, side: Side, names: &[String]) -> Result<Deed> {
        let mut delete = self
            .db
            .prepare_cached("DELETE FROM pauses WHERE side = ?1 AND name = ?2")
            .map_err(failure)?;
        let mut done = Vec::new();
        for name in names {
            if delete.execute(params![side.word(), name]).map_err(failure)? > 0 {
                done.push(format!("{side} {name}"));
            }
            if side == Side::Destination {
                done.extend(self.let_go(line, name)?);
            }
        }
        if done.is_empty() {
            return refuse(format!("{side} {} is not paused", names.join(", ")));
        }
        let destinations = if side == Side::Destination { names.to_vec() } else { Vec::new() };
        Ok(Deed { destinations, ..Deed::new("resume", None, done) })
    }

    /// Queues what is held at a destination, at its place. Its attempts are counted anew: whoever resumes has seen to the
    /// cause.
    fn let_go(&self, line: i64, destination: &str) -> Result<Vec<String>> {
        let held: Vec<(i64, i64)> = self
            .db
            .prepare_cached(
                "SELECT id, message FROM deliveries \
                 WHERE destination = ?1 AND state = 'held' ORDER BY id",
            )
            .and_then(|mut select| {
                let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
                select.query_map([destination], row)?.collect()
            })
            .map_err(failure)?;
        let mut done = Vec::new();
        for (id, message) in held {
            let (destination, state) = (destination.to_owned(), DeliveryState::Held);
            let found = Found { id, destination, state };
            done.extend(self.change(line, message, &[found], DeliveryState::Queued)?);
            self.db
                .prepare_cached("UPDATE deliveries SET due = 0, attempts = 0 WHERE id = ?1")
                .and_then(|mut update| update.execute([id]))
                .map_err(failure)?;
        }
        Ok(done)
    }

    fn skip(&self, line: i64, destination: &str, looked_at: Option<DeliveryId>) -> Result<Deed> {
        let head = views::oldest(self.db, destination).map_err(failure)?;
        let head: Option<(i64, i64, String)> = self
            .db
            .prepare_cached("SELECT id, message, state FROM deliveries WHERE id = ?1")
            .and_then(|mut select| {
                let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
                select.query_row([head], row).optional()
            })
            .map_err(failure)?;
        let Some((id, message, state)) = head else {
            return refuse(format!("nothing is queued for {destination}"));
        };
        if looked_at.is_some_and(|looked_at| looked_at.0 != id) {
            return refuse(format!("delivery {id} is the next one now; look at it first"));
        }
        let state = DeliveryState::of_word(&state).unwrap_or(DeliveryState::Queued);
        let head = Found { id, destination: destination.to_owned(), state };
        let done = self.change(line, message, &[head], DeliveryState::Cancelled)?;
        let destinations = vec![destination.to_owned()];
        Ok(Deed { destinations, ..Deed::new("skip", Some(MessageId(message)), done) })
    }

    fn park(&self, line: i64, message: MessageId) -> Result<Deed> {
        let queued = self.found(message, &TO_BE_SENT)?;
        if queued.is_empty() {
            return self.refuse_state(message, "only what is queued can be parked");
        }
        let done = self.change(line, message.0, &queued, DeliveryState::Parked)?;
        let destinations = queued.into_iter().map(|found| found.destination).collect();
        Ok(Deed { destinations, ..Deed::new("park", Some(message), done) })
    }

    fn dismiss(&self, line: i64, message: MessageId) -> Result<Deed> {
        let waiting = self.found(message, &[DeliveryState::Dead, DeliveryState::Parked])?;
        let done = match self.state(message)? {
            MessageState::NoRoute | MessageState::Refused => {
                self.resolve(line, message)?;
                vec![format!("message {message}: resolved")]
            }
            _ if !waiting.is_empty() => {
                self.change(line, message.0, &waiting, DeliveryState::Cancelled)?
            }
            _ => {
                return self.refuse_state(
                    message,
                    "only what is dead, parked, without a route or refused can be dismissed; \
                     what is queued can be parked first",
                );
            }
        };
        Ok(Deed::new("dismiss", Some(message), done))
    }

    fn requeue(&self, line: i64, message: MessageId, deliveries: &[Requeued]) -> Result<Deed> {
        self.state(message)?;
        // It may have gone since somebody looked; a delivery of nothing would wait for ever.
        let mut body =
            self.db.prepare_cached("SELECT 1 FROM bodies WHERE message = ?1").map_err(failure)?;
        if !body.exists([message.0]).map_err(failure)? {
            return refuse(format!("the content of message {message} has been pruned"));
        }
        let mut done = Vec::new();
        for Requeued { destination, outgoing } in deliveries {
            let of_destination = |states: &[DeliveryState]| -> Result<Vec<Found>> {
                let mut found = self.found(message, states)?;
                found.retain(|found| found.destination == *destination);
                Ok(found)
            };
            let queued = of_destination(&TO_BE_SENT)?;
            if let Some(Found { id, .. }) = queued.first() {
                return refuse(format!("delivery {id} to {destination} is queued already"));
            }
            // Whoever looks for what is dead shall not find what has been dealt with.
            let waiting = of_destination(&[DeliveryState::Dead, DeliveryState::Parked])?;
            done.extend(self.change(line, message.0, &waiting, DeliveryState::Moved)?);
            let id = self.queue_again(line, message, destination, outgoing).map_err(failure)?;
            done.push(format!("delivery {id} to {destination}: queued"));
        }
        if done.is_empty() {
            return refuse("no destination is named".to_owned());
        }
        self.restate(message.0).map_err(failure)?;
        let digest = audit::digest_of_order(self.db, line).map_err(failure)?;
        let destinations = deliveries.iter().map(|to| to.destination.clone()).collect();
        Ok(Deed { digest, destinations, ..Deed::new("resubmit", Some(message), done) })
    }

    /// Queues a delivery of a message by a line of the audit. Its number.
    pub(super) fn queue_again(
        &self,
        line: i64,
        message: MessageId,
        destination: &str,
        outgoing: &Outgoing,
    ) -> rusqlite::Result<i64> {
        self.db
            .prepare_cached(&format!(
                "INSERT INTO deliveries (message, destination, state, ordered, lane) \
                     VALUES (?1, ?2, 'queued', ?3, {ANY_LANE})"
            ))?
            .execute(params![message.0, destination, line])?;
        let id = self.db.last_insert_rowid();
        match outgoing {
            Outgoing::AsItCame => {}
            Outgoing::As(other) => self.copy_outgoing(other.0, id)?,
            Outgoing::Anew(payload) => {
                self.db
                    .prepare_cached("INSERT INTO outgoing (delivery, body) VALUES (?1, ?2)")?
                    .execute(params![id, payload.bytes()])?;
            }
        }
        Ok(id)
    }

    fn edit(&self, line: i64, parent: MessageId, edited: &Incoming) -> Result<Deed> {
        let queued = self.found(parent, &TO_BE_SENT)?;
        if !queued.is_empty() {
            return self.refuse_state(parent, "park it first, so that it is not sent as it is");
        }
        let waiting = self.found(parent, &[DeliveryState::Dead, DeliveryState::Parked])?;
        let mut done = self.change(line, parent.0, &waiting, DeliveryState::Moved)?;
        if matches!(self.state(parent)?, MessageState::NoRoute | MessageState::Refused) {
            self.resolve(line, parent)?;
            done.push(format!("message {parent}: resolved"));
        }
        let id = self.insert(edited).map_err(failure)?;
        self.db
            .prepare_cached("UPDATE messages SET parent = ?2 WHERE id = ?1")
            .and_then(|mut update| update.execute(params![id, parent.0]))
            .map_err(failure)?;
        let digest = self.seal(id).map_err(failure)?;
        done.insert(0, format!("message {id} in place of message {parent}; {}", edited.decided));
        let destinations = edited.deliveries.iter().map(|to| to.destination.clone()).collect();
        Ok(Deed { digest, destinations, ..Deed::new("edit", Some(MessageId(id)), done) })
    }

    /// Puts deliveries of a message into a state; says so of each, as [`verify`](super::verify) expects it.
    fn change(
        &self,
        line: i64,
        message: i64,
        found: &[Found],
        to: DeliveryState,
    ) -> Result<Vec<String>> {
        let mut done = Vec::new();
        for Found { id, destination, state } in found {
            match state {
                DeliveryState::Sending => {
                    return refuse(format!(
                        "delivery {id} is being sent to {destination}; try again when that has an end"
                    ));
                }
                DeliveryState::Batched => {
                    return refuse(format!(
                        "delivery {id} to {destination} is in a batch; decide about the batch"
                    ));
                }
                _ => {}
            }
            self.db
                .prepare_cached("UPDATE deliveries SET state = ?2, changed = ?3 WHERE id = ?1")
                .and_then(|mut update| update.execute(params![id, to.word(), line]))
                .map_err(failure)?;
            done.push(changed(*id, destination, to.word()));
        }
        self.restate(message).map_err(failure)?;
        Ok(done)
    }

    fn resolve(&self, line: i64, message: MessageId) -> Result<()> {
        self.db
            .prepare_cached("UPDATE messages SET state = 'resolved', resolved = ?2 WHERE id = ?1")
            .and_then(|mut update| update.execute(params![message.0, line]))
            .map_err(failure)?;
        Ok(())
    }

    fn state(&self, message: MessageId) -> Result<MessageState> {
        let state: Option<String> = self
            .db
            .prepare_cached("SELECT state FROM messages WHERE id = ?1")
            .and_then(|mut select| select.query_row([message.0], |row| row.get(0)).optional())
            .map_err(failure)?;
        let state = state.ok_or(StoreError::Unknown("message"))?;
        MessageState::of_word(&state).ok_or_else(|| StoreError::Failed("an unknown state".into()))
    }

    /// Deliveries of a message that stand in one of some states.
    fn found(&self, message: MessageId, states: &[DeliveryState]) -> Result<Vec<Found>> {
        let found = self
            .db
            .prepare_cached(
                "SELECT id, destination, state FROM deliveries WHERE message = ?1 ORDER BY id",
            )
            .and_then(|mut select| {
                let row = |row: &rusqlite::Row<'_>| {
                    let state: String = row.get(2)?;
                    let state = DeliveryState::of_word(&state).unwrap_or(DeliveryState::Done);
                    Ok(Found { id: row.get(0)?, destination: row.get(1)?, state })
                };
                select.query_map([message.0], row)?.collect::<rusqlite::Result<Vec<_>>>()
            })
            .map_err(failure)?;
        Ok(found.into_iter().filter(|found| states.contains(&found.state)).collect())
    }

    fn refuse_state<T>(&self, message: MessageId, reason: &str) -> Result<T> {
        refuse(format!("message {message} is {}; {reason}", self.state(message)?))
    }
}

/// What a line of the audit says of a delivery that an order changed.
pub(super) fn changed(id: i64, destination: &str, state: &str) -> String {
    format!("delivery {id} to {destination}: {state}")
}

fn refuse<T>(reason: String) -> Result<T> {
    Err(StoreError::Refused(reason.into()))
}
