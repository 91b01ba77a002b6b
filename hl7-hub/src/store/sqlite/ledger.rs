//! What the writer does inside its transaction: each call here is one unit of work, all of it or nothing.

use rusqlite::{Connection, OptionalExtension, params};

use super::audit::{self, Line, NOTHING, Tip};
use super::failure;
use crate::store::{
    Accepted, AcceptedBatch, AttemptEnd, AttemptId, AuditEvent, DedupeKey, DeliveryId,
    DeliveryState, Incoming, IncomingBatch, Member, MessageId, MessageState, NewDelivery, SentAs,
    Settlement, Step, StoreError, Verdict,
};
use crate::{Digest, Payload};

/// What the store's own work gives.
pub(super) type Result<T> = std::result::Result<T, StoreError>;

/// Who writes lines that no person asked for.
pub(super) const HUB: &str = "hub";

/// The states of a delivery that may still change by themselves. A list of so many would be made a table of each time.
macro_rules! open {
    () => {
        "(state = 'gathering' OR state = 'batched' OR state = 'queued' OR state = 'sending' \
             OR state = 'held' OR state = 'awaiting')"
    };
}

/// Where a message stands, from its deliveries and from what was decided about it; over a row of `messages`.
pub(super) const STATE: &str = concat!(
    "CASE WHEN EXISTS (SELECT 1 FROM deliveries WHERE message = messages.id AND ",
    open!(),
    ") THEN 'queued' \
     WHEN EXISTS (SELECT 1 FROM deliveries WHERE message = messages.id AND state = 'parked') \
         THEN 'parked' \
     WHEN EXISTS (SELECT 1 FROM deliveries WHERE message = messages.id AND state = 'dead') \
         THEN 'dead' \
     WHEN EXISTS (SELECT 1 FROM deliveries WHERE message = messages.id AND state = 'done') \
         THEN 'completed' \
     WHEN resolved IS NOT NULL \
         OR EXISTS (SELECT 1 FROM deliveries WHERE message = messages.id) THEN 'resolved' \
     WHEN verdict = 'accepted' THEN 'no-route' WHEN verdict = 'batch' THEN 'split' \
     ELSE 'refused' END"
);

/// The lane of a delivery to the destination `?2` that comes by another way than a message does: it goes alone, where there
/// are several.
pub(super) const ANY_LANE: &str =
    "iif(coalesce((SELECT lanes FROM layouts WHERE destination = ?2), 1) = 1, 0, -1)";

/// A delivery of the message `?1` to the destination `?2`, in the lane `?3`, to gather if `?4`, at once if `?5`. Where
/// something gathers, all that comes stands behind it. It may have been judged by other settings than those of now, while the
/// configuration changed: it does not gather where batches are not wanted any more, and goes alone where lanes are others.
const QUEUE: &str = "INSERT INTO deliveries (message, destination, state, lane) VALUES (?1, ?2, \
     iif(NOT ?5 AND (EXISTS (SELECT 1 FROM deliveries INDEXED BY deliveries_gathering \
             WHERE destination = ?2 AND state = 'gathering') \
         OR (?4 AND NOT EXISTS (SELECT 1 FROM one_by_one WHERE destination = ?2))), \
         'gathering', 'queued'), \
     iif(?3 < coalesce((SELECT lanes FROM layouts WHERE destination = ?2), ?3 + 1), ?3, -1))";

/// The tables inside the writer's transaction, and the end of the audit.
pub(super) struct Ledger<'w> {
    pub(super) db: &'w Connection,
    pub(super) tip: &'w mut Tip,
}

impl Ledger<'_> {
    /// A message with its dedupe key, acknowledgments, deliveries and audit line; or the message that it repeats.
    pub(super) fn accept(&mut self, incoming: &Incoming) -> Result<Accepted> {
        self.accept_in(incoming, None)
    }

    /// A batch and messages of it, each as [`accept`](Self::accept) takes it.
    pub(super) fn accept_batch(&mut self, incoming: &IncomingBatch) -> Result<AcceptedBatch> {
        let batch = self.accept(&incoming.batch)?;
        // What was set aside from a whole batch came with the first of them.
        let is_split = incoming.batch.verdict == Verdict::Batch;
        if !is_split && matches!(batch, Accepted::Duplicate { .. }) {
            return Ok(AcceptedBatch { batch, messages: Vec::new() });
        }
        let accept =
            |member: &Member| self.accept_in(&member.message, Some((batch.id(), member.ordinal)));
        let messages = incoming.messages.iter().map(accept).collect::<Result<_>>()?;
        Ok(AcceptedBatch { batch, messages })
    }

    /// A message, and which one of a batch it is.
    fn accept_in(
        &mut self,
        incoming: &Incoming,
        place: Option<(MessageId, u32)>,
    ) -> Result<Accepted> {
        let first = incoming.dedupe.as_ref().map(|key| self.first_of(incoming, key)).transpose()?;
        let first = first.unwrap_or(Known::Never);
        if let Known::Same(id) = first {
            let replies = self.replies(id).map_err(failure)?;
            self.line(incoming.at, "repeated", Some(id), &incoming.decided)?;
            return Ok(Accepted::Duplicate { id: MessageId(id), replies });
        }
        let id = self.insert(incoming).map_err(failure)?;
        if let Some((batch, ordinal)) = place {
            self.db
                .prepare_cached(
                    "INSERT INTO batch_members (message, batch, ordinal) VALUES (?1, ?2, ?3)",
                )
                .and_then(|mut insert| insert.execute(params![id, batch.0, ordinal]))
                .map_err(failure)?;
        }
        let digest = self.seal(id).map_err(failure)?;
        let reused = first == Known::Other;
        let mark = if reused { "; its control id came before with other content" } else { "" };
        let line = Line {
            at: incoming.at,
            actor: HUB.to_owned(),
            action: "received".to_owned(),
            message: Some(id),
            attempt: None,
            detail: format!(
                "{} from {}: {}; {}{mark}",
                incoming.source, incoming.peer, incoming.verdict, incoming.decided
            ),
            digest,
        };
        line.append(self.db, self.tip).map_err(failure)?;
        Ok(Accepted::New { id: MessageId(id), reused_control_id: reused })
    }

    pub(super) fn insert(&self, incoming: &Incoming) -> rusqlite::Result<i64> {
        let Incoming { facts, payload, .. } = incoming;
        let [control, kind, app, facility, to_app, to_facility, version, patient] = facts.texts();
        self.db
            .prepare_cached(
                "INSERT INTO messages (at, source, peer, control_id, message_type, \
                     sending_application, sending_facility, receiving_application, \
                     receiving_facility, version, patient_id, verdict, state, bytes, digest) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, x'')",
            )?
            .execute(params![
                incoming.at,
                incoming.source,
                incoming.peer,
                control,
                kind,
                app,
                facility,
                to_app,
                to_facility,
                version,
                patient,
                incoming.verdict.word(),
                first_state(incoming).word(),
                payload.bytes().len() as i64,
            ])?;
        let id = self.db.last_insert_rowid();
        self.db
            .prepare_cached("INSERT INTO bodies (message, body) VALUES (?1, ?2)")?
            .execute(params![id, payload.bytes()])?;
        for (number, reply) in (0_i64..).zip(&incoming.replies) {
            self.db
                .prepare_cached("INSERT INTO replies (message, number, body) VALUES (?1, ?2, ?3)")?
                .execute(params![id, number, reply.bytes()])?;
        }
        if let Some(key) = &incoming.dedupe {
            // Where the same came before the window, the key is this message's from now on.
            self.db
                .prepare_cached(
                    "INSERT OR REPLACE INTO dedupe (source, sender, control_id, content, at, message) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![
                    incoming.source,
                    key.sender,
                    key.control_id,
                    key.content.0,
                    incoming.at,
                    id
                ])?;
        }
        // A batch that was made here waits for nothing more.
        let at_once = incoming.verdict == Verdict::Batch;
        incoming.deliveries.iter().try_for_each(|delivery| self.queue(id, delivery, at_once))?;
        Ok(id)
    }

    /// Notes in a message's row what its rows are; for the line about it too.
    pub(super) fn seal(&self, message: i64) -> rusqlite::Result<Digest> {
        let digest = audit::digest_of_message(self.db, message)?;
        self.db
            .prepare_cached("UPDATE messages SET digest = ?2 WHERE id = ?1")?
            .execute(params![message, digest.0])?;
        Ok(digest)
    }

    fn queue(&self, message: i64, delivery: &NewDelivery, at_once: bool) -> rusqlite::Result<()> {
        let NewDelivery { destination, gather, lane, .. } = delivery;
        let values = params![message, destination, lane, gather, at_once];
        self.db.prepare_cached(QUEUE)?.execute(values)?;
        if let Some(outgoing) = &delivery.outgoing {
            let id = self.db.last_insert_rowid();
            self.db
                .prepare_cached("INSERT INTO outgoing (delivery, body) VALUES (?1, ?2)")?
                .execute(params![id, outgoing.bytes()])?;
        }
        Ok(())
    }

    /// Whether what is known as this key came before.
    fn first_of(&self, incoming: &Incoming, key: &DedupeKey) -> Result<Known> {
        let mut statement = self
            .db
            .prepare_cached(
                "SELECT message, content FROM dedupe \
                 WHERE source = ?1 AND sender = ?2 AND control_id = ?3 AND at >= ?4",
            )
            .map_err(failure)?;
        let rows = statement
            .query_map(params![incoming.source, key.sender, key.control_id, key.since], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?))
            })
            .map_err(failure)?;
        let mut known = Known::Never;
        for row in rows {
            let (message, content) = row.map_err(failure)?;
            if content == key.content.0 {
                return Ok(Known::Same(message));
            }
            known = Known::Other;
        }
        Ok(known)
    }

    fn replies(&self, message: i64) -> rusqlite::Result<Vec<Payload>> {
        self.db
            .prepare_cached("SELECT body FROM replies WHERE message = ?1 ORDER BY number")?
            .query_map([message], |row| row.get(0).map(audit::payload))?
            .collect()
    }

    /// The ends of attempts, then the attempts that begin.
    pub(super) fn advance(&mut self, step: &Step) -> Result<Vec<AttemptId>> {
        step.ends.iter().try_for_each(|end| self.settle(end))?;
        step.begin.iter().map(|&delivery| self.begin_attempt(delivery, step.at)).collect()
    }

    /// An attempt, and its delivery being sent.
    fn begin_attempt(&mut self, delivery: DeliveryId, at: i64) -> Result<AttemptId> {
        let changed = self
            .db
            .prepare_cached(
                "UPDATE deliveries SET state = 'sending', attempts = attempts + 1, changed = NULL \
                 WHERE id = ?1 AND state = 'queued'",
            )
            .and_then(|mut update| update.execute([delivery.0]))
            .map_err(failure)?;
        if changed == 0 {
            return Err(StoreError::Unknown("delivery that is queued"));
        }
        self.db
            .prepare_cached("INSERT INTO attempts (delivery, began) VALUES (?1, ?2)")
            .and_then(|mut insert| insert.execute(params![delivery.0, at]))
            .map_err(failure)?;
        Ok(AttemptId(self.db.last_insert_rowid()))
    }

    /// The end of an attempt, what becomes of its delivery and of the message. Nothing where it was settled before.
    pub(super) fn settle(&mut self, end: &AttemptEnd) -> Result<()> {
        let Some(delivery) = self.end_attempt(end).map_err(failure)? else { return Ok(()) };
        let mut counted = 1;
        let (state, due, ambiguous) = match end.settlement {
            Settlement::Done => (DeliveryState::Done, 0, false),
            Settlement::Retry { due, ambiguous } => (DeliveryState::Queued, due, ambiguous),
            Settlement::Withdrawn => {
                counted = 0;
                (DeliveryState::Queued, 0, false)
            }
            Settlement::Awaiting { until } => match &end.sent {
                Some(sent) => {
                    self.await_application(delivery, sent, until).map_err(failure)?;
                    (DeliveryState::Awaiting, until, false)
                }
                // Without a control id nothing can be known to answer it.
                None => (DeliveryState::Done, 0, false),
            },
            Settlement::Held => (DeliveryState::Held, 0, false),
            Settlement::Dead if self.moves(delivery, end.backup.as_deref()).map_err(failure)? => {
                (DeliveryState::Moved, 0, false)
            }
            Settlement::Dead => (DeliveryState::Dead, 0, false),
        };
        self.db
            .prepare_cached(
                "UPDATE deliveries SET state = ?2, due = ?3, maybe_duplicate = maybe_duplicate | ?4, \
                     attempts = attempts - 1 + ?5 WHERE id = ?1",
            )
            .and_then(|mut update| {
                update.execute(params![delivery, state.word(), due, ambiguous, counted])
            })
            .map_err(failure)?;
        let (message, destination): (i64, String) = self
            .db
            .prepare_cached("SELECT message, destination FROM deliveries WHERE id = ?1")
            .and_then(|mut select| {
                select.query_row([delivery], |row| Ok((row.get(0)?, row.get(1)?)))
            })
            .map_err(failure)?;
        let line = Line {
            at: end.at,
            actor: HUB.to_owned(),
            action: "attempt".to_owned(),
            message: Some(message),
            attempt: Some(end.attempt.0),
            detail: format!("{destination} delivery {delivery}: {}; {state}", end.outcome),
            digest: audit::digest_of_attempt(self.db, end.attempt.0).map_err(failure)?,
        };
        line.append(self.db, self.tip).map_err(failure)?;
        if state.is_settled() { self.conclude(message).map_err(failure) } else { Ok(()) }
    }

    /// Writes down how an attempt ended, and gives its delivery; `None` where it had ended before. (`RETURNING` would save a
    /// line here, and make a table for it each time.)
    fn end_attempt(&self, end: &AttemptEnd) -> rusqlite::Result<Option<i64>> {
        let open = self
            .db
            .prepare_cached("SELECT delivery FROM attempts WHERE id = ?1 AND ended IS NULL")?
            .query_row([end.attempt.0], |row| row.get(0))
            .optional()?;
        let reply = end.reply.as_ref().map(Payload::bytes);
        self.db
            .prepare_cached(
                "UPDATE attempts SET ended = ?2, outcome = ?3, reply = ?4 \
                 WHERE id = ?1 AND ended IS NULL",
            )?
            .execute(params![end.attempt.0, end.at, end.outcome, reply])?;
        Ok(open)
    }

    fn await_application(&self, delivery: i64, sent: &SentAs, until: i64) -> rusqlite::Result<()> {
        self.db
            .prepare_cached(
                "INSERT OR REPLACE INTO awaiting (delivery, destination, control_id, receiver, until) \
                 SELECT id, destination, ?2, ?3, ?4 FROM deliveries WHERE id = ?1",
            )?
            .execute(params![delivery, sent.control_id, sent.receiver, until])
            .map(|_| ())
    }

    /// Queues for a backup what a delivery was to send, unless that one took the place of another itself. Whether it did.
    fn moves(&self, delivery: i64, backup: Option<&str>) -> rusqlite::Result<bool> {
        let Some(backup) = backup else { return Ok(false) };
        let queued = self
            .db
            .prepare_cached(&format!(
                "INSERT INTO deliveries (message, destination, parent, state, lane) \
                     SELECT message, ?2, id, 'queued', {ANY_LANE} FROM deliveries \
                     WHERE id = ?1 AND parent IS NULL"
            ))?
            .execute(params![delivery, backup])?;
        if queued == 0 {
            return Ok(false);
        }
        self.copy_outgoing(delivery, self.db.last_insert_rowid())?;
        Ok(true)
    }

    /// Has a delivery send what another one does, where that is not the message as it came.
    pub(super) fn copy_outgoing(&self, from: i64, to: i64) -> rusqlite::Result<()> {
        self.db
            .prepare_cached(
                "INSERT INTO outgoing (delivery, body) \
                 SELECT ?2, body FROM outgoing WHERE delivery = ?1",
            )?
            .execute([from, to])
            .map(|_| ())
    }

    /// Moves a message on once none of its deliveries is queued, and what is in it, if it is a batch that was made here.
    fn conclude(&self, message: i64) -> rusqlite::Result<()> {
        let mut open = self.db.prepare_cached(concat!(
            "SELECT 1 FROM deliveries WHERE message = ?1 AND ",
            open!(),
            " LIMIT 1"
        ))?;
        if open.exists([message])? { Ok(()) } else { self.restate(message) }
    }

    /// Puts a message where its deliveries say that it stands, and what is in it where the batch stands.
    pub(super) fn restate(&self, message: i64) -> rusqlite::Result<()> {
        self.db
            .prepare_cached(&format!("UPDATE messages SET state = {STATE} WHERE id = ?1"))?
            .execute([message])?;
        self.conclude_members(message)
    }

    /// A line of the audit alone.
    pub(super) fn record(&mut self, event: &AuditEvent) -> Result<()> {
        let line = Line {
            at: event.at,
            actor: event.actor.clone(),
            action: event.action.clone(),
            message: event.message.map(|id| id.0),
            attempt: None,
            detail: event.detail.clone(),
            digest: NOTHING,
        };
        line.append(self.db, self.tip).map_err(failure)
    }

    /// Queues again what was being sent when the last hub ended. Nobody knows how those attempts ended.
    pub(super) fn recover(&mut self, at: i64) -> Result<u64> {
        let interrupted: Vec<i64> = self
            .db
            .prepare(
                "SELECT id FROM attempts INDEXED BY attempts_open WHERE ended IS NULL ORDER BY id",
            )
            .and_then(|mut select| select.query_map([], |row| row.get(0))?.collect())
            .map_err(failure)?;
        for &attempt in &interrupted {
            self.settle(&AttemptEnd {
                attempt: AttemptId(attempt),
                at,
                outcome: "interrupted".to_owned(),
                reply: None,
                sent: None,
                settlement: Settlement::Retry { due: 0, ambiguous: true },
                backup: None,
            })?;
        }
        Ok(interrupted.len() as u64)
    }

    pub(super) fn line(
        &mut self,
        at: i64,
        action: &str,
        message: Option<i64>,
        detail: &str,
    ) -> Result<()> {
        self.record(&AuditEvent {
            at,
            actor: HUB.to_owned(),
            action: action.to_owned(),
            message: message.map(MessageId),
            detail: detail.to_owned(),
        })
    }
}

/// Whether a message came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Never,
    Same(i64),
    /// Its control id came with other content.
    Other,
}

/// Where a message stands as it comes.
fn first_state(incoming: &Incoming) -> MessageState {
    match incoming.verdict {
        _ if !incoming.deliveries.is_empty() => MessageState::Queued,
        Verdict::Accepted => MessageState::NoRoute,
        Verdict::Batch => MessageState::Split,
        _ => MessageState::Refused,
    }
}
