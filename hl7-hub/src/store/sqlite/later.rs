//! What becomes of a delivery other than by the end of an attempt to send it: its application acknowledges it later or not at
//! all, or lanes are laid out anew.

use rusqlite::params;

use super::failure;
use super::ledger::{Ledger, Result};
use crate::Payload;
use crate::store::{
    AttemptEnd, AttemptId, DeliveryId, DeliveryState, EVERY_LANE, LateAck, LateRule, MessageId,
    Settled, Settlement,
};

/// Deliveries that are expired in one commit.
const EXPIRED: i64 = 100;

impl Ledger<'_> {
    /// Settles the delivery that a late acknowledgment is to, if it is exactly one.
    pub(super) fn acknowledge_late(&mut self, ack: &LateAck) -> Result<Option<Settled>> {
        let mut waiting: Vec<(i64, String, Vec<u8>)> = self
            .db
            .prepare_cached(
                "SELECT delivery, awaiting.destination, receiver \
                 FROM awaiting JOIN deliveries ON deliveries.id = delivery \
                 WHERE control_id = ?1 AND state = 'awaiting' ORDER BY delivery LIMIT 100",
            )
            .and_then(|mut select| {
                let rows = select.query_map([&ack.of.control_id], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })?;
                rows.collect()
            })
            .map_err(failure)?;
        waiting.retain(|(_, destination, _)| rule(&ack.rules, destination).is_some());
        if waiting.len() > 1 {
            waiting.retain(|(_, _, receiver)| *receiver == ack.of.receiver);
        }
        let [(delivery, destination, _)] = waiting.as_slice() else { return Ok(None) };
        let Some(rule) = rule(&ack.rules, destination) else { return Ok(None) };
        self.settle_later(*delivery, ack.at, &ack.outcome, Some(&ack.reply), rule).map(Some)
    }

    /// Settles deliveries whose acknowledgment did not come in time.
    pub(super) fn expire(&mut self, now: i64, rule: &LateRule) -> Result<Vec<Settled>> {
        let expired: Vec<i64> = self
            .db
            .prepare_cached(
                "SELECT delivery FROM awaiting JOIN deliveries ON deliveries.id = delivery \
                 WHERE awaiting.destination = ?1 AND until <= ?2 AND state = 'awaiting' \
                 ORDER BY until LIMIT ?3",
            )
            .and_then(|mut select| {
                let values = params![rule.destination, now, EXPIRED];
                select.query_map(values, |row| row.get(0))?.collect()
            })
            .map_err(failure)?;
        let outcome = "no application acknowledgment";
        let settle = |delivery| self.settle_later(delivery, now, outcome, None, rule);
        expired.into_iter().map(settle).collect()
    }

    /// As an attempt of its own, so that the reply is kept and the audit covers it; none that counts.
    fn settle_later(
        &mut self,
        delivery: i64,
        at: i64,
        outcome: &str,
        reply: Option<&Payload>,
        rule: &LateRule,
    ) -> Result<Settled> {
        self.db
            .prepare_cached("DELETE FROM awaiting WHERE delivery = ?1")
            .and_then(|mut delete| delete.execute([delivery]))
            .map_err(failure)?;
        let attempts: u32 = self
            .db
            .prepare_cached("SELECT attempts FROM deliveries WHERE id = ?1")
            .and_then(|mut select| select.query_row([delivery], |row| row.get(0)))
            .map_err(failure)?;
        let settlement = match rule.settlement {
            Settlement::Retry { .. } if attempts >= rule.attempts => rule.given_up,
            settlement => settlement,
        };
        self.db
            .prepare_cached("INSERT INTO attempts (delivery, began) VALUES (?1, ?2)")
            .and_then(|mut insert| insert.execute(params![delivery, at]))
            .map_err(failure)?;
        self.settle(&AttemptEnd {
            attempt: AttemptId(self.db.last_insert_rowid()),
            at,
            outcome: outcome.to_owned(),
            reply: reply.cloned(),
            settlement,
            sent: None,
            backup: rule.backup.clone(),
        })?;
        self.db
            .prepare_cached("SELECT message, state FROM deliveries WHERE id = ?1")
            .and_then(|mut select| {
                select.query_row([delivery], |row| {
                    let state: String = row.get(1)?;
                    Ok(Settled {
                        message: MessageId(row.get(0)?),
                        delivery: DeliveryId(delivery),
                        destination: rule.destination.clone(),
                        state: DeliveryState::of_word(&state).unwrap_or(DeliveryState::Dead),
                    })
                })
            })
            .map_err(failure)
    }

    /// Notes how a queue is divided from now on. What was divided in another way goes out one after the other.
    pub(super) fn arrange(&mut self, destination: &str, layout: &str, lanes: usize) -> Result<()> {
        let changed = self
            .db
            .execute(
                "INSERT INTO layouts (destination, layout, lanes) VALUES (?1, ?2, ?3) \
                 ON CONFLICT DO UPDATE SET layout = ?2, lanes = ?3 WHERE layout <> ?2",
                params![destination, layout, lanes as i64],
            )
            .map_err(failure)?;
        if changed == 0 {
            return Ok(());
        }
        let lane = if lanes > 1 { EVERY_LANE } else { 0 };
        self.db
            .execute(
                "UPDATE deliveries SET lane = ?2 WHERE destination = ?1 AND lane <> ?2 \
                 AND state IN ('queued', 'sending', 'held', 'gathering')",
                params![destination, lane],
            )
            .map(|_| ())
            .map_err(failure)
    }
}

fn rule<'r>(rules: &'r [LateRule], destination: &str) -> Option<&'r LateRule> {
    rules.iter().find(|rule| rule.destination == destination)
}
