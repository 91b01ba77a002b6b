//! Deliveries that wait for others, and the batches that are made of them.

use rusqlite::{Connection, OptionalExtension, params};

use super::audit::{self, Line, payload};
use super::failure;
use super::ledger::{HUB, Ledger, Result};
use super::operate::changed;
use crate::Payload;
use crate::store::{
    AuditEvent, DeliveryId, DeliveryState, Gathered, MessageId, Outgoing, Plan, Release, StoreError,
};

/// What a line of the audit says of a delivery that gathered and goes alone.
pub(super) const UNBATCHED: &str = "unbatched";

impl Ledger<'_> {
    /// A batch, and everything in it; nothing, where the destination takes no batches any more.
    pub(super) fn release(&mut self, release: &Release) -> Result<Option<MessageId>> {
        let destination = release.destination.as_str();
        if self.is_one_by_one(destination)? {
            return Ok(None);
        }
        let batch = match &release.batch {
            Some(batch) => Some(self.accept(batch)?.id()),
            None => None,
        };
        for &delivery in batch.iter().flat_map(|_| &release.deliveries) {
            let message = self.take(delivery, DeliveryState::Batched, None)?;
            let batch = batch.map_or(0, |batch| batch.0);
            self.db
                .prepare_cached("INSERT INTO gathered (delivery, batch) VALUES (?1, ?2)")
                .and_then(|mut insert| insert.execute(params![delivery.0, batch]))
                .map_err(failure)?;
            let detail = format!("{destination} delivery {delivery}: in batch {batch}");
            self.line(release.at, "batched", Some(message), &detail)?;
        }
        for &delivery in &release.alone {
            self.queue_alone(delivery, destination, release.at)?;
        }
        self.forget_asked(destination)?;
        Ok(batch)
    }

    /// Forgets what somebody asked for once it has gone.
    fn forget_asked(&self, destination: &str) -> Result<()> {
        self.db
            .prepare_cached(
                "DELETE FROM send_now WHERE destination = ?1 AND NOT EXISTS \
                     (SELECT 1 FROM deliveries WHERE destination = ?1 AND state = 'gathering' \
                         AND id <= last)",
            )
            .and_then(|mut delete| delete.execute([destination]))
            .map(|_| ())
            .map_err(failure)
    }

    /// Takes a delivery from those that gather; `line` of the audit says so, where it is not the batch that does. Its message.
    fn take(&self, delivery: DeliveryId, state: DeliveryState, line: Option<i64>) -> Result<i64> {
        let message = self
            .db
            .prepare_cached(
                "UPDATE deliveries SET state = ?2, changed = ?3 \
                 WHERE id = ?1 AND state = 'gathering' RETURNING message",
            )
            .and_then(|mut update| {
                let values = params![delivery.0, state.word(), line];
                update.query_row(values, |row| row.get(0)).optional()
            })
            .map_err(failure)?;
        message.ok_or(StoreError::Unknown("delivery that gathers"))
    }

    /// Queues a delivery that gathers by itself: another one in its place, behind all that is queued, since batches of what
    /// gathered before it may be. A line says so, as one about an order of somebody would.
    fn queue_alone(&mut self, delivery: DeliveryId, destination: &str, at: i64) -> Result<()> {
        let line = self.tip.id + 1;
        let message = self.take(delivery, DeliveryState::Moved, Some(line))?;
        let queued = self
            .queue_again(line, MessageId(message), destination, &Outgoing::As(delivery))
            .map_err(failure)?;
        let moved = changed(delivery.0, destination, DeliveryState::Moved.word());
        let queued = changed(queued, destination, DeliveryState::Queued.word());
        let entry = Line {
            at,
            actor: HUB.to_owned(),
            action: UNBATCHED.to_owned(),
            message: Some(message),
            attempt: None,
            detail: format!("{moved}; {queued}"),
            digest: audit::digest_of_order(self.db, line).map_err(failure)?,
        };
        entry.append(self.db, self.tip).map_err(failure)
    }

    /// Notes what destinations take from now on. What comes for one whose lanes will be others goes alone, behind all and
    /// before all, until they are there.
    pub(super) fn announce(&mut self, plans: &[Plan]) -> Result<()> {
        for Plan { destination, layout, gathers } in plans {
            let note = match gathers {
                true => "DELETE FROM one_by_one WHERE destination = ?1",
                false => "INSERT OR IGNORE INTO one_by_one (destination) VALUES (?1)",
            };
            self.db.execute(note, [destination]).map_err(failure)?;
            let unsettle = "UPDATE layouts SET layout = '', lanes = 0 \
                 WHERE destination = ?1 AND layout <> ?2 AND layout <> ''";
            self.db.execute(unsettle, [destination, layout]).map_err(failure)?;
        }
        Ok(())
    }

    fn is_one_by_one(&self, destination: &str) -> Result<bool> {
        self.db
            .prepare_cached("SELECT 1 FROM one_by_one WHERE destination = ?1")
            .and_then(|mut select| select.exists([destination]))
            .map_err(failure)
    }

    /// Queues what gathered first for a destination that takes no batches. How many they were.
    pub(super) fn disband(&mut self, destination: &str, at: i64, most: usize) -> Result<usize> {
        if !self.is_one_by_one(destination)? {
            return Ok(0);
        }
        let first = gathering(self.db, destination, i64::MIN, most).map_err(failure)?;
        first.iter().try_for_each(|gathered| self.queue_alone(gathered.id, destination, at))?;
        self.forget_asked(destination)?;
        Ok(first.len())
    }

    /// What gathers now is asked for.
    pub(super) fn send_now(&mut self, destination: &str, event: &AuditEvent) -> Result<()> {
        self.db
            .prepare_cached(
                "INSERT OR REPLACE INTO send_now (destination, last) \
                 SELECT ?1, max(id) FROM deliveries WHERE destination = ?1 AND state = 'gathering' \
                 HAVING count(*) > 0",
            )
            .and_then(|mut insert| insert.execute([destination]))
            .map_err(failure)?;
        self.record(event)
    }

    /// Where a batch stands, there stands what is in it. For any other message, one look into an index.
    pub(super) fn conclude_members(&self, batch: i64) -> rusqlite::Result<()> {
        let mut members = self.db.prepare_cached("SELECT 1 FROM gathered WHERE batch = ?1")?;
        if !members.exists([batch])? {
            return Ok(());
        }
        let messages: Vec<i64> = self
            .db
            .prepare_cached(
                "UPDATE deliveries SET state = CASE (SELECT state FROM messages WHERE id = ?1) \
                     WHEN 'completed' THEN 'done' WHEN 'dead' THEN 'dead' \
                     WHEN 'resolved' THEN 'cancelled' ELSE 'batched' END \
                 WHERE changed IS NULL AND id IN \
                     (SELECT delivery FROM gathered WHERE batch = ?1) RETURNING message",
            )?
            .query_map([batch], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        messages.into_iter().try_for_each(|message| self.restate(message))
    }
}

/// Deliveries that gather for a destination, in order.
pub(super) fn gathering(
    db: &Connection,
    destination: &str,
    behind: i64,
    most: usize,
) -> rusqlite::Result<Vec<Gathered>> {
    db.prepare_cached(
        "SELECT deliveries.id, at, coalesce(length(outgoing.body), bytes) \
         FROM deliveries JOIN messages ON messages.id = deliveries.message \
             LEFT JOIN outgoing ON outgoing.delivery = deliveries.id \
         WHERE destination = ?1 AND deliveries.state = 'gathering' AND deliveries.id > ?2 \
         ORDER BY deliveries.id LIMIT ?3",
    )?
    .query_map(params![destination, behind, most as i64], |row| {
        Ok(Gathered { id: DeliveryId(row.get(0)?), at: row.get(1)?, bytes: row.get(2)? })
    })?
    .collect()
}

/// The last of those that were asked for.
pub(super) fn asked(db: &Connection, destination: &str) -> rusqlite::Result<Option<DeliveryId>> {
    db.prepare_cached("SELECT last FROM send_now WHERE destination = ?1")?
        .query_row([destination], |row| row.get(0).map(DeliveryId))
        .optional()
}

/// What deliveries send.
pub(super) fn payloads(
    db: &Connection,
    deliveries: &[DeliveryId],
) -> rusqlite::Result<Vec<Payload>> {
    let mut select = db.prepare_cached(
        "SELECT coalesce(outgoing.body, bodies.body) \
         FROM deliveries JOIN bodies ON bodies.message = deliveries.message \
             LEFT JOIN outgoing ON outgoing.delivery = deliveries.id \
         WHERE deliveries.id = ?1",
    )?;
    deliveries.iter().map(|id| select.query_row([id.0], |row| row.get(0).map(payload))).collect()
}
