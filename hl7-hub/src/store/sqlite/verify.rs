//! Whether the audit, and what its lines cover, is as it was written.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row};

use super::audit::{self, Line, START, Tip};
use crate::Digest;
use crate::store::Verified;

/// Most faults that are named.
const NAMED: usize = 100;

/// Goes over every line: its number, its hash behind the one before, and the digest of what it is about. Then over what no
/// line is about, which nobody but an intruder put there, and over numbers that were given and are gone.
///
/// Covered are messages with bytes, facts, acknowledgments, destinations and what was sent, attempts with replies, and where
/// deliveries and messages stand. Not covered is what only says when and how often to try again.
pub(super) fn verify(db: &Connection) -> rusqlite::Result<Verified> {
    let mut found =
        Verified { lines: 0, messages: 0, attempts: 0, tip: START.hash, faults: Vec::new() };
    let mut tip = START;
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
        check_subject(db, id, &line, &mut found)?;
    }
    found.tip = tip.hash;
    check_strays(db, &mut found)?;
    Ok(found)
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
        ("received", Some(message), _) => {
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
        ("attempt", _, Some(attempt)) => {
            found.attempts += 1;
            if audit::digest_of_attempt(db, attempt)? != line.digest {
                found.fault(format!("attempt {attempt} is not as it was settled (line {id})"));
            }
            let state = state_after(db, attempt, id)?;
            if state.is_some_and(|state| !line.detail.ends_with(&format!("; {state}"))) {
                found
                    .fault(format!("what attempt {attempt} was for does not stand as it was left"));
            }
        }
        _ => {}
    }
    Ok(())
}

/// Where a delivery stands, if an attempt was the last one for it and nobody has resumed it since.
fn state_after(db: &Connection, attempt: i64, line: i64) -> rusqlite::Result<Option<String>> {
    db.prepare_cached(
        "SELECT state FROM deliveries WHERE id = (SELECT delivery FROM attempts WHERE id = ?1) \
         AND NOT EXISTS (SELECT 1 FROM attempts WHERE delivery = deliveries.id AND id > ?1) \
         AND NOT EXISTS (SELECT 1 FROM audit WHERE audit.message = deliveries.message \
             AND audit.id > ?2 AND action IN ('resumed', 'gave up') \
             AND detail = destination || ' delivery ' || deliveries.id || '; ' || state)",
    )?
    .query_row([attempt, line], |row| row.get(0))
    .optional()
}

/// Messages and settled attempts that no line is about, and deliveries that stand where no attempt brought them.
fn check_strays(db: &Connection, found: &mut Verified) -> rusqlite::Result<()> {
    let strays = [
        (
            "message",
            "SELECT id FROM messages WHERE NOT EXISTS (SELECT 1 FROM audit \
             WHERE audit.message = messages.id AND action = 'received')",
        ),
        (
            "settled attempt",
            "SELECT attempts.id FROM attempts JOIN deliveries ON deliveries.id = delivery \
             WHERE ended IS NOT NULL AND NOT EXISTS (SELECT 1 FROM audit \
             WHERE audit.message = deliveries.message AND audit.attempt = attempts.id)",
        ),
        (
            "another state of message",
            "SELECT id FROM messages WHERE state <> CASE \
                 WHEN EXISTS (SELECT 1 FROM deliveries WHERE message = messages.id \
                     AND state IN ('queued', 'sending', 'held', 'awaiting')) THEN 'queued' \
                 WHEN EXISTS (SELECT 1 FROM deliveries WHERE message = messages.id \
                     AND state = 'dead') THEN 'dead' \
                 WHEN EXISTS (SELECT 1 FROM deliveries WHERE message = messages.id) \
                     THEN 'completed' \
                 WHEN verdict = 'accepted' THEN 'no-route' ELSE 'refused' END",
        ),
        (
            "settled delivery",
            "SELECT id FROM deliveries WHERE state IN ('done', 'dead', 'moved') AND NOT EXISTS \
             (SELECT 1 FROM attempts WHERE delivery = deliveries.id AND ended IS NOT NULL)",
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
