//! The chain of the audit: what a line's hash is over, and what its digest covers.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest as _, Sha256};

use crate::{Digest, Payload};

/// The last line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tip {
    pub(super) id: i64,
    pub(super) hash: Digest,
}

/// The digest of a line that is about nothing outside of it.
pub(super) const NOTHING: Digest = Digest([0; 32]);

/// A line as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) at: i64,
    pub(super) actor: String,
    pub(super) action: String,
    pub(super) message: Option<i64>,
    pub(super) attempt: Option<i64>,
    pub(super) detail: String,
    pub(super) digest: Digest,
}

impl Line {
    /// Its hash behind another line.
    pub(super) fn hash_behind(&self, tip: &Tip) -> Digest {
        let number = |value: Option<i64>| value.map_or_else(Vec::new, |id| id.to_be_bytes().into());
        Digest::of_parts([
            &tip.hash.0[..],
            &(tip.id + 1).to_be_bytes(),
            &self.at.to_be_bytes(),
            self.actor.as_bytes(),
            self.action.as_bytes(),
            &number(self.message),
            &number(self.attempt),
            self.detail.as_bytes(),
            &self.digest.0,
        ])
    }

    /// Adds it behind the last line.
    pub(super) fn append(&self, db: &Connection, tip: &mut Tip) -> rusqlite::Result<()> {
        let next = Tip { id: tip.id + 1, hash: self.hash_behind(tip) };
        db.prepare_cached(
            "INSERT INTO audit (id, at, actor, action, message, attempt, detail, digest, hash) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            next.id,
            self.at,
            self.actor,
            self.action,
            self.message,
            self.attempt,
            self.detail,
            self.digest.0,
            next.hash.0,
        ])?;
        *tip = next;
        Ok(())
    }
}

/// What stands before the first line that is there.
pub(super) fn start(db: &Connection) -> rusqlite::Result<Tip> {
    db.query_row("SELECT line, hash FROM audit_start", [], |row| {
        Ok(Tip { id: row.get(0)?, hash: Digest(row.get(1)?) })
    })
}

/// The last line of a database.
pub(super) fn tip(db: &Connection) -> rusqlite::Result<Tip> {
    let last = db
        .query_row("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1", [], |row| {
            Ok(Tip { id: row.get(0)?, hash: Digest(row.get(1)?) })
        })
        .optional()?;
    last.map_or_else(|| start(db), Ok)
}

/// What stands in a message's rows: its own row, its body, its acknowledgments, its deliveries with what they send, the batch
/// that it came in. Read back from the database both when it is written and when it is verified, so that the two cannot differ.
pub(super) fn digest_of_message(db: &Connection, id: i64) -> rusqlite::Result<Digest> {
    let mut parts = rows(
        db,
        "SELECT at, source, peer, control_id, message_type, sending_application, \
             sending_facility, receiving_application, receiving_facility, version, patient_id, \
             verdict, bytes, parent, body, pruned.digest AS pruned \
         FROM messages LEFT JOIN bodies ON message = messages.id \
             LEFT JOIN pruned ON kind = 'body' AND pruned.id = messages.id AND number = 0 \
         WHERE messages.id = ?1",
        id,
    )?;
    parts.push(b"replies".to_vec());
    parts.extend(rows(
        db,
        "SELECT number, body, NULL AS pruned FROM replies WHERE message = ?1 \
         UNION ALL SELECT number, NULL, digest FROM pruned WHERE kind = 'reply' AND id = ?1 \
         ORDER BY number",
        id,
    )?);
    parts.push(b"deliveries".to_vec());
    parts.extend(deliveries(db, "message = ?1 AND parent IS NULL AND ordered IS NULL", id)?);
    // Nothing where it came by itself.
    parts.extend(rows(db, "SELECT batch, ordinal FROM batch_members WHERE message = ?1", id)?);
    Ok(Digest::of_parts(parts.iter().map(Vec::as_slice)))
}

/// What stands in an attempt's row, and in those of the delivery that takes the place of its own, if it was the last.
pub(super) fn digest_of_attempt(db: &Connection, id: i64) -> rusqlite::Result<Digest> {
    let mut parts = rows(
        db,
        "SELECT delivery, began, ended, outcome, reply, digest AS pruned FROM attempts \
             LEFT JOIN pruned ON kind = 'attempt' AND pruned.id = attempts.id AND number = 0 \
         WHERE attempts.id = ?1",
        id,
    )?;
    parts.extend(deliveries(
        db,
        "parent = (SELECT delivery FROM attempts WHERE attempts.id = ?1 \
             AND NOT EXISTS (SELECT 1 FROM attempts AS later \
                 WHERE later.delivery = attempts.delivery AND later.id > ?1))",
        id,
    )?);
    Ok(Digest::of_parts(parts.iter().map(Vec::as_slice)))
}

/// What stands in the rows of deliveries that somebody ordered, by the number of the order's line.
pub(super) fn digest_of_order(db: &Connection, line: i64) -> rusqlite::Result<Digest> {
    let parts = deliveries(db, "ordered = ?1", line)?;
    Ok(Digest::of_parts(parts.iter().map(Vec::as_slice)))
}

/// Deliveries with what they send.
fn deliveries(db: &Connection, which: &str, id: i64) -> rusqlite::Result<Vec<Vec<u8>>> {
    let sql = format!(
        "SELECT deliveries.id, destination, body, digest AS pruned \
         FROM deliveries LEFT JOIN outgoing ON delivery = deliveries.id \
             LEFT JOIN pruned ON kind = 'outgoing' AND pruned.id = deliveries.id AND number = 0 \
         WHERE {which} ORDER BY deliveries.id"
    );
    rows(db, &sql, id)
}

/// The values of all rows that a query gives for a number, one after the other, each with its kind before it. Bytes enter by
/// their hash. A column `pruned` has the hash of what stood in the column before it, if that was pruned: the digest over a row
/// is the same before and after.
fn rows(db: &Connection, sql: &str, id: i64) -> rusqlite::Result<Vec<Vec<u8>>> {
    let mut statement = db.prepare_cached(sql)?;
    let hashes: Vec<bool> = statement.column_names().map(|column| column == "pruned").collect();
    let mut rows = statement.query([id])?;
    let mut values: Vec<Vec<u8>> = Vec::new();
    while let Some(row) = rows.next()? {
        for (column, &is_hash) in hashes.iter().enumerate() {
            let (kind, bytes) = match row.get::<_, Value>(column)? {
                Value::Null if is_hash => continue,
                Value::Null => (b'n', Vec::new()),
                Value::Integer(number) => (b'i', number.to_be_bytes().to_vec()),
                Value::Real(number) => (b'r', number.to_be_bytes().to_vec()),
                Value::Text(text) => (b't', text.into_bytes()),
                Value::Blob(hash) if is_hash => {
                    // Where there is content as well, somebody put it there: it stays, and the digest is another.
                    values.pop_if(|before| before == b"n");
                    (b'b', hash)
                }
                Value::Blob(bytes) => (b'b', Sha256::digest(&bytes).to_vec()),
            };
            values.push([&[kind], &bytes[..]].concat());
        }
    }
    Ok(values)
}

/// A column of bytes.
pub(super) fn payload(bytes: Vec<u8>) -> Payload {
    Payload::from(bytes)
}
