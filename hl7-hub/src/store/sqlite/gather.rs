//! Deliveries that wait for others, and the batches that are made of them.

use rusqlite::{Connection, OptionalExtension, params};

use super::audit::payload;
use super::failure;
use super::ledger::{Ledger, Result};
use crate::Payload;
use crate::store::{
    AuditEvent, DeliveryId, DeliveryState, Gathered, MessageId, Release, StoreError,
};

impl Ledger<'_> {
    /// A batch, and everything in it.
    pub(super) fn release(&mut self, release: &Release) -> Result<Option<MessageId>> {
        for &delivery in &release.alone {
            self.take(delivery, DeliveryState::Queued)?;
        }
        let batch = match &release.batch {
            Some(batch) => Some(self.accept(batch)?.id()),
            None => None,
        };
        for &delivery in batch.iter().flat_map(|_| &release.deliveries) {
            let message = self.take(delivery, DeliveryState::Batched)?;
            let batch = batch.map_or(0, |batch| batch.0);
            self.db
                .prepare_cached("INSERT INTO gathered (delivery, batch) VALUES (?1, ?2)")
                .and_then(|mut insert| insert.execute(params![delivery.0, batch]))
                .map_err(failure)?;
            let detail = format!("{} delivery {delivery}: in batch {batch}", release.destination);
            self.line(release.at, "batched", Some(message), &detail)?;
        }
        self.db
            .prepare_cached(
                "DELETE FROM send_now WHERE destination = ?1 AND NOT EXISTS \
                     (SELECT 1 FROM deliveries WHERE destination = ?1 AND state = 'gathering' \
                         AND id <= last)",
            )
            .and_then(|mut delete| delete.execute([&release.destination]))
            .map_err(failure)?;
        Ok(batch)
    }

    /// Takes a delivery from those that gather. Its message.
    fn take(&self, delivery: DeliveryId, state: DeliveryState) -> Result<i64> {
        let message = self
            .db
            .prepare_cached(
                "UPDATE deliveries SET state = ?2 WHERE id = ?1 AND state = 'gathering' \
                 RETURNING message",
            )
            .and_then(|mut update| {
                update.query_row(params![delivery.0, state.word()], |row| row.get(0)).optional()
            })
            .map_err(failure)?;
        message.ok_or(StoreError::Unknown("delivery that gathers"))
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
