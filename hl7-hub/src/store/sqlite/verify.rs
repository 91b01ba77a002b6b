//! Whether the audit, and what its lines cover, is as it was written.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use rusqlite::{Connection, OptionalExtension, Row};

use super::audit::{self, Line, Tip};
use super::ledger::STATE;
use super::{gather, operate, prune};
use crate::Digest;
use crate::store::Verified;

/// Most faults that are named.
const NAMED: usize = 100;

/// Goes over every line: its number, its hash behind the one before, and the digest of what it is about. Then over what no
/// line is about, which nobody but an intruder put there, and over numbers that were given and are gone.
///
/// Of what was pruned, the audit says so: content is covered by its hash, which stays; lines about a message that went as a
/// whole are about nothing that is there.
///
/// Covered are messages with bytes, facts, acknowledgments, destinations and what was sent, attempts with replies, and where
/// deliveries and messages stand, as far as attempts and people brought them there. Not covered is what only says when, how often
/// and in which lane to send what is queued, and whether it may have come already.
pub(super) fn verify(db: &Connection) -> rusqlite::Result<Verified> {
    let mut tip = audit::start(db)?;
    let mut found =
        Verified { lines: 0, messages: 0, attempts: 0, tip: tip.hash, faults: Vec::new() };
    let gone = pruned_messages(db)?;
    let mut lines = db.prepare(
        "SELECT id, hash, at, actor, action, message, attempt, detail, digest FROM audit ORDER BY id",
    )?;
    let mut rows = lines.query([])?;
    while let Some(row) = rows.next()? {
        found.lines += 1;
        let id: i64 = row.get(0)?;
        let Some((hash, line)) = read(row) else {
            found.fault(format!("audit line {id} cannot be read"));
            tip.id = id;
            continue;
        };
        if id != tip.id + 1 {
            found.fault(format!("audit lines between {} and {id} are missing", tip.id));
            tip.id = id - 1;
        }
        if line.hash_behind(&tip) != hash {
            found.fault(format!("audit line {id} is not as it was written, or the one before it"));
        }
        tip = Tip { id, hash };
        let is_gone = |id: i64| gone.iter().any(|range| range.contains(&id));
        if !line.message.is_some_and(is_gone) {
            check_subject(db, id, &line, &mut found)?;
        }
    }
    found.tip = tip.hash;
    check_strays(db, &mut found)?;
    check_changes(db, &mut found)?;
    Ok(found)
}

/// The messages that the audit says went as a whole.
fn pruned_messages(db: &Connection) -> rusqlite::Result<Vec<RangeInclusive<i64>>> {
    let mut select = db.prepare("SELECT detail FROM audit WHERE action = ?1 ORDER BY id")?;
    let details = select.query_map([prune::PRUNED], |row| row.get::<_, String>(0))?;
    let mut ranges = Vec::new();
    for detail in details {
        if let Some(messages) = detail?.strip_prefix(prune::MESSAGES) {
            ranges.extend(prune::read(messages));
        }
    }
    Ok(ranges)
}

/// A line and its hash; `None` where a column is not of its kind any more.
fn read(row: &Row<'_>) -> Option<(Digest, Line)> {
    let read = || -> rusqlite::Result<_> {
        let line = Line {
            at: row.get(2)?,
            actor: row.get(3)?,
            action: row.get(4)?,
            message: row.get(5)?,
            attempt: row.get(6)?,
            detail: row.get(7)?,
            digest: Digest(row.get(8)?),
        };
        Ok((Digest(row.get(1)?), line))
    };
    read().ok()
}

/// What a line is about.
fn check_subject(
    db: &Connection,
    id: i64,
    line: &Line,
    found: &mut Verified,
) -> rusqlite::Result<()> {
    match (line.action.as_str(), line.message, line.attempt) {
        ("received" | "edit", Some(message), _) => {
            found.messages += 1;
            if audit::digest_of_message(db, message)? != line.digest {
                found.fault(format!("message {message} is not as it was received (line {id})"));
            }
            let kept: Option<Vec<u8>> = db
                .query_row("SELECT digest FROM messages WHERE id = ?1", [message], |row| row.get(0))
                .optional()?;
            if kept.is_some_and(|kept| kept != line.digest.0) {
                found.fault(format!("the digest of message {message} is another (line {id})"));
            }
        }
        ("resubmit" | gather::UNBATCHED, ..) if audit::digest_of_order(db, id)? != line.digest => {
            found.fault(format!("what line {id} queued is not as it was queued"));
        }
        ("attempt", _, Some(attempt)) => {
            found.attempts += 1;
            if audit::digest_of_attempt(db, attempt)? != line.digest {
                found.fault(format!("attempt {attempt} is not as it was settled (line {id})"));
            }
            let state = state_after(db, attempt)?;
            if state.is_some_and(|state| !line.detail.ends_with(&format!("; {state}"))) {
                found
                    .fault(format!("what attempt {attempt} was for does not stand as it was left"));
            }
        }
        _ => {}
    }
    match line.action.as_str() {
        "park" | "skip" | "dismiss" | "resubmit" | "edit" | gather::UNBATCHED => {
            check_named(db, id, line, found)
        }
        _ => Ok(()),
    }
}

/// What a line says that deliveries were put out of their queues stands as the last that was said of them. (Of those that it
/// queued, attempts say more.)
fn check_named(
    db: &Connection,
    id: i64,
    line: &Line,
    found: &mut Verified,
) -> rusqlite::Result<()> {
    let done = line.detail.split_once(operate::WHY).map_or(&*line.detail, |(done, _)| done);
    let named = done.split("; ").filter_map(|item| {
        let (delivery, to) = item.strip_prefix("delivery ")?.split_once(" to ")?;
        let (_, state) = to.rsplit_once(": ")?;
        delivery.parse::<i64>().ok().filter(|_| matches!(state, "moved" | "cancelled" | "parked"))
    });
    let mut changed =
        db.prepare_cached("SELECT coalesce(changed, 0) FROM deliveries WHERE id = ?1")?;
    for delivery in named {
        let by: Option<i64> = changed.query_row([delivery], |row| row.get(0)).optional()?;
        if by.is_some_and(|by| by < id) {
            found.fault(format!("delivery {delivery} does not stand where line {id} put it"));
        }
    }
    Ok(())
}

/// Where a delivery stands, if an attempt was the last one for it.
fn state_after(db: &Connection, attempt: i64) -> rusqlite::Result<Option<String>> {
    db.prepare_cached(
        "SELECT state FROM deliveries WHERE id = (SELECT delivery FROM attempts WHERE id = ?1) \
         AND changed IS NULL \
         AND NOT EXISTS (SELECT 1 FROM attempts WHERE delivery = deliveries.id AND id > ?1)",
    )?
    .query_row([attempt], |row| row.get(0))
    .optional()
}

/// Messages and settled attempts that no line is about, and deliveries that stand where no attempt brought them.
fn check_strays(db: &Connection, found: &mut Verified) -> rusqlite::Result<()> {
    let strays = [
        (
            "message",
            "SELECT id FROM messages WHERE NOT EXISTS (SELECT 1 FROM audit \
             WHERE audit.message = messages.id AND action IN ('received', 'edit'))",
        ),
        (
            "settled attempt",
            "SELECT attempts.id FROM attempts JOIN deliveries ON deliveries.id = delivery \
             WHERE ended IS NOT NULL AND NOT EXISTS (SELECT 1 FROM audit \
             WHERE audit.message = deliveries.message AND audit.attempt = attempts.id)",
        ),
        ("another state of message", &format!("SELECT id FROM messages WHERE state <> {STATE}")),
        (
            "settled delivery",
            "SELECT id FROM deliveries WHERE state IN ('done', 'dead', 'moved') AND NOT EXISTS \
             (SELECT 1 FROM attempts WHERE delivery = deliveries.id AND ended IS NOT NULL) \
             AND changed IS NULL \
             AND NOT EXISTS (SELECT 1 FROM gathered WHERE delivery = deliveries.id)",
        ),
        (
            "parked or cancelled delivery",
            "SELECT id FROM deliveries WHERE state IN ('parked', 'cancelled') AND changed IS NULL \
             AND NOT EXISTS (SELECT 1 FROM gathered WHERE delivery = deliveries.id)",
        ),
        (
            "delivery once more",
            "SELECT id FROM deliveries WHERE ordered IS NOT NULL AND NOT EXISTS \
             (SELECT 1 FROM audit WHERE audit.id = ordered AND action IN ('resubmit', 'unbatched') \
                 AND audit.message = deliveries.message)",
        ),
        (
            "waiting delivery",
            "SELECT id FROM deliveries WHERE state IN ('held', 'awaiting', 'sending') \
             AND NOT EXISTS (SELECT 1 FROM attempts WHERE delivery = deliveries.id)",
        ),
        (
            "gathering delivery once more",
            "SELECT id FROM deliveries WHERE state = 'gathering' \
             AND (ordered IS NOT NULL OR parent IS NOT NULL OR changed IS NOT NULL \
                 OR EXISTS (SELECT 1 FROM attempts WHERE delivery = deliveries.id))",
        ),
        (
            "resolved message",
            "SELECT id FROM messages WHERE resolved IS NOT NULL AND NOT EXISTS \
             (SELECT 1 FROM audit WHERE audit.id = resolved AND action IN ('dismiss', 'edit'))",
        ),
        (
            "batched delivery",
            "SELECT id FROM deliveries WHERE state = 'batched' AND NOT EXISTS \
             (SELECT 1 FROM gathered WHERE delivery = deliveries.id)",
        ),
        (
            "another state of batched delivery",
            "SELECT deliveries.id FROM gathered JOIN deliveries ON deliveries.id = delivery \
                 JOIN messages AS batches ON batches.id = batch \
             WHERE changed IS NULL AND deliveries.state <> CASE batches.state \
                 WHEN 'completed' THEN 'done' WHEN 'dead' THEN 'dead' \
                 WHEN 'resolved' THEN 'cancelled' ELSE 'batched' END",
        ),
        (
            "batch of delivery",
            "SELECT deliveries.id FROM gathered JOIN deliveries ON deliveries.id = delivery \
             WHERE NOT EXISTS (SELECT 1 FROM audit WHERE audit.message = deliveries.message \
                 AND action = 'batched' \
                 AND detail = destination || ' delivery ' || delivery || ': in batch ' || batch)",
        ),
    ];
    for (what, sql) in strays {
        let ids: Vec<i64> =
            db.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        ids.iter().for_each(|id| found.fault(format!("{what} {id} has no line in the audit")));
    }
    check_numbers(db, found)?;
    check_counts(db, found)
}

/// What is counted as it is written comes to what there is.
fn check_counts(db: &Connection, found: &mut Verified) -> rusqlite::Result<()> {
    let counted = [
        (
            "messages",
            "SELECT state, count FROM message_counts WHERE count <> 0",
            "SELECT state, count(*) FROM messages GROUP BY state",
        ),
        (
            "deliveries",
            "SELECT destination || ' ' || state, count FROM delivery_counts WHERE count <> 0",
            "SELECT destination || ' ' || replace(state, 'sending', 'queued'), count(*) \
             FROM deliveries GROUP BY 1",
        ),
    ];
    for (what, kept, there) in counted {
        let of = |sql: &str| -> rusqlite::Result<BTreeMap<String, i64>> {
            db.prepare(sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        if of(kept)? != of(there)? {
            found.fault(format!("the counts of {what} are not those that there are"));
        }
    }
    Ok(())
}

/// A delivery that somebody changed stands where the line about that says.
fn check_changes(db: &Connection, found: &mut Verified) -> rusqlite::Result<()> {
    let mut select = db.prepare(
        "SELECT deliveries.id, destination, state, coalesce(detail, '') FROM deliveries \
         LEFT JOIN audit ON audit.id = changed WHERE changed IS NOT NULL",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (id, destination, state, detail): (i64, String, String, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let done = detail.split_once(operate::WHY).map_or(detail.as_str(), |(done, _)| done);
        let said = operate::changed(id, &destination, &state);
        if !done.split("; ").any(|item| item == said) {
            found.fault(format!("delivery {id} does not stand where somebody put it"));
        }
    }
    Ok(())
}

/// Numbers only go up and are never given twice: the last one that was given must be there.
fn check_numbers(db: &Connection, found: &mut Verified) -> rusqlite::Result<()> {
    for table in ["messages", "deliveries", "attempts"] {
        let last: Option<i64> =
            db.query_row(&format!("SELECT max(id) FROM {table}"), [], |row| row.get(0))?;
        let given: Option<i64> = db
            .query_row("SELECT seq FROM sqlite_sequence WHERE name = ?1", [table], |row| row.get(0))
            .optional()?;
        if last != given {
            found.fault(format!("the last of the {table} are missing"));
        }
    }
    Ok(())
}

impl Verified {
    fn fault(&mut self, fault: String) {
        if self.faults.len() < NAMED {
            self.faults.push(fault);
        }
    }
}
