//! Rows to what readers see.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::audit::payload;
use crate::store::{
    AttemptView, AuditView, Delivery, DeliveryId, DeliveryState, DeliveryView, DestinationStatus,
    Facts, MessageId, MessageState, MessageView, PENDING_BYTES, Query, Status, Verdict,
};

const MESSAGE: &str = "id, at, source, peer, control_id, message_type, sending_application, \
     sending_facility, receiving_application, receiving_facility, version, patient_id, verdict, \
     state, bytes";

/// Deliveries of a destination that are not settled, in order.
pub(super) fn pending(
    db: &Connection,
    destination: &str,
    behind: i64,
    most: usize,
) -> rusqlite::Result<Vec<Delivery>> {
    let mut select = db.prepare_cached(
        "SELECT deliveries.id, deliveries.message, coalesce(outgoing.body, bodies.body), attempts, \
             due, maybe_duplicate \
         FROM deliveries JOIN bodies ON bodies.message = deliveries.message \
             LEFT JOIN outgoing ON outgoing.delivery = deliveries.id \
         WHERE destination = ?1 AND state IN ('queued', 'sending') AND deliveries.id > ?2 \
         ORDER BY deliveries.id LIMIT ?3",
    )?;
    let mut rows = select.query(params![destination, behind, most as i64])?;
    let (mut found, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()?
        && bytes < PENDING_BYTES
    {
        let delivery = Delivery {
            id: DeliveryId(row.get(0)?),
            message: MessageId(row.get(1)?),
            payload: payload(row.get(2)?),
            attempts: row.get(3)?,
            due: row.get(4)?,
            maybe_duplicate: row.get(5)?,
        };
        bytes += delivery.payload.bytes().len();
        found.push(delivery);
    }
    Ok(found)
}

/// Counts of everything.
pub(super) fn status(db: &Connection) -> rusqlite::Result<Status> {
    let messages = db
        .prepare("SELECT state, count(*) FROM messages GROUP BY state")?
        .query_map([], |row| Ok((word(row, 0, MessageState::of_word)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let destinations = db
        .prepare(
            "SELECT destination, sum(state IN ('queued', 'sending')), sum(state = 'done'), \
                 sum(state = 'dead'), (SELECT at FROM messages WHERE messages.id = \
                     (SELECT message FROM deliveries AS oldest \
                      WHERE oldest.destination = deliveries.destination \
                          AND state IN ('queued', 'sending') ORDER BY id LIMIT 1)) \
             FROM deliveries GROUP BY destination",
        )?
        .query_map([], |row| {
            Ok(DestinationStatus {
                name: row.get(0)?,
                queued: row.get(1)?,
                done: row.get(2)?,
                dead: row.get(3)?,
                oldest: row.get(4)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let audit_lines =
        db.query_row("SELECT coalesce(max(id), 0) FROM audit", [], |row| row.get(0))?;
    Ok(Status { messages, destinations, audit_lines })
}

/// Messages that answer a query, the newest first.
pub(super) fn search(db: &Connection, query: &Query) -> rusqlite::Result<Vec<MessageView>> {
    let mut conditions = Vec::new();
    let mut values: Vec<Value> = Vec::new();
    let mut given = |condition: &str, value: Option<Value>| {
        if let Some(value) = value {
            values.push(value);
            conditions.push(condition.replace("{}", &format!("?{}", values.len())));
        }
    };
    let text = |text: &Option<String>| text.clone().map(Value::Text);
    given("control_id = {}", text(&query.control_id));
    given("patient_id = {}", text(&query.patient_id));
    given("substr(message_type, 1, length({})) = {}", text(&query.message_type));
    given("source = {}", text(&query.source));
    given("state = {}", query.state.map(|state| Value::Text(state.word().to_owned())));
    given("at >= {}", query.since.map(Value::Integer));
    given("at < {}", query.until.map(Value::Integer));
    let matching = match conditions.is_empty() {
        true => String::new(),
        false => format!("WHERE {}", conditions.join(" AND ")),
    };
    let sql =
        format!("SELECT {MESSAGE} FROM messages {matching} ORDER BY id DESC LIMIT {}", query.most);
    db.prepare(&sql)?.query_map(params_from_iter(values), view)?.collect()
}

/// One message.
pub(super) fn message(db: &Connection, id: i64) -> rusqlite::Result<Option<MessageView>> {
    db.query_row(&format!("SELECT {MESSAGE} FROM messages WHERE id = ?1"), [id], view).optional()
}

fn view(row: &Row<'_>) -> rusqlite::Result<MessageView> {
    Ok(MessageView {
        id: MessageId(row.get(0)?),
        at: row.get(1)?,
        source: row.get(2)?,
        peer: row.get(3)?,
        facts: Facts {
            control_id: row.get(4)?,
            message_type: row.get(5)?,
            sending_application: row.get(6)?,
            sending_facility: row.get(7)?,
            receiving_application: row.get(8)?,
            receiving_facility: row.get(9)?,
            version: row.get(10)?,
            patient_id: row.get(11)?,
        },
        verdict: word(row, 12, Verdict::of_word)?,
        state: word(row, 13, MessageState::of_word)?,
        bytes: row.get(14)?,
    })
}

/// Deliveries of a message with their attempts.
pub(super) fn deliveries(db: &Connection, message: i64) -> rusqlite::Result<Vec<DeliveryView>> {
    let mut found: Vec<DeliveryView> = db
        .prepare(
            "SELECT id, destination, state, maybe_duplicate FROM deliveries \
             WHERE message = ?1 ORDER BY id",
        )?
        .query_map([message], |row| {
            Ok(DeliveryView {
                id: DeliveryId(row.get(0)?),
                destination: row.get(1)?,
                state: word(row, 2, DeliveryState::of_word)?,
                maybe_duplicate: row.get(3)?,
                attempts: Vec::new(),
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut attempts = db.prepare(
        "SELECT began, ended, outcome, reply FROM attempts WHERE delivery = ?1 ORDER BY id",
    )?;
    for delivery in &mut found {
        delivery.attempts = attempts
            .query_map([delivery.id.0], |row| {
                Ok(AttemptView {
                    began: row.get(0)?,
                    ended: row.get(1)?,
                    outcome: row.get(2)?,
                    reply: row.get::<_, Option<Vec<u8>>>(3)?.map(payload),
                })
            })?
            .collect::<rusqlite::Result<_>>()?;
    }
    Ok(found)
}

/// Lines of the audit about a message.
pub(super) fn audit(db: &Connection, message: i64) -> rusqlite::Result<Vec<AuditView>> {
    db.prepare("SELECT at, actor, action, detail FROM audit WHERE message = ?1 ORDER BY id")?
        .query_map([message], |row| {
            Ok(AuditView {
                at: row.get(0)?,
                actor: row.get(1)?,
                action: row.get(2)?,
                detail: row.get(3)?,
            })
        })?
        .collect()
}

/// A column that holds a word of an enum.
fn word<T>(row: &Row<'_>, column: usize, of_word: fn(&str) -> Option<T>) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    of_word(&text).ok_or_else(|| {
        let unknown = "a word that this hub does not know".into();
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, unknown)
    })
}
