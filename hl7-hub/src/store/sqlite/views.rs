//! Rows to what readers see.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::audit::payload;
use crate::store::{
    AttemptView, AuditView, Delivery, DeliveryId, DeliveryState, DeliveryView, DestinationStatus,
    EVERY_LANE, Facts, MessageId, MessageState, MessageView, PENDING_BYTES, Paused, Query, Side,
    Status, Verdict, WITHDRAWN,
};

const MESSAGE: &str = "id, at, source, peer, control_id, message_type, sending_application, \
     sending_facility, receiving_application, receiving_facility, version, patient_id, verdict, \
     state, bytes, parent, (SELECT batch FROM batch_members WHERE message = id), \
     (SELECT ordinal FROM batch_members WHERE message = id)";

const PENDING: &str = "SELECT deliveries.id, deliveries.message, \
         coalesce(outgoing.body, bodies.body), attempts, due, maybe_duplicate, state \
     FROM deliveries INDEXED BY deliveries_queued \
         JOIN bodies ON bodies.message = deliveries.message \
         LEFT JOIN outgoing ON outgoing.delivery = deliveries.id \
     WHERE destination = ?1 AND (state = 'queued' OR state = 'sending' OR state = 'held')";

/// Deliveries of a destination that are not settled, in order.
pub(super) fn pending(
    db: &Connection,
    destination: &str,
    behind: i64,
    most: usize,
) -> rusqlite::Result<Vec<Delivery>> {
    let sql = format!("{PENDING} AND deliveries.id > ?2 ORDER BY deliveries.id LIMIT ?3");
    read_pending(db, &sql, params![destination, behind, most as i64])
}

/// The same for a lane: what is in front of the next one that every lane waits for; or that one, where nothing is in front
/// of it and the lane is the first.
pub(super) fn pending_in_lane(
    db: &Connection,
    destination: &str,
    lane: i64,
    behind: i64,
    most: usize,
) -> rusqlite::Result<Vec<Delivery>> {
    // One moment for the whole of it: else a delivery that is settled meanwhile is missed on both sides.
    let moment = db.unchecked_transaction()?;
    let barrier = first_in_lane(&moment, destination, EVERY_LANE)?;
    let sql = format!(
        "{PENDING} AND lane = ?2 AND deliveries.id > ?3 AND deliveries.id < ?4 \
         ORDER BY deliveries.id LIMIT ?5"
    );
    let end = barrier.unwrap_or(i64::MAX);
    let values = params![destination, lane, behind, end, most as i64];
    let found = read_pending(&moment, &sql, values)?;
    let Some(barrier) = barrier.filter(|id| lane == 0 && found.is_empty() && *id > behind) else {
        return Ok(found);
    };
    let oldest = oldest(&moment, destination)?;
    if oldest != Some(barrier) {
        return Ok(Vec::new());
    }
    let sql = format!("{PENDING} AND lane = {EVERY_LANE} AND deliveries.id = ?2");
    read_pending(&moment, &sql, params![destination, barrier])
}

fn read_pending(
    db: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
) -> rusqlite::Result<Vec<Delivery>> {
    let mut select = db.prepare_cached(sql)?;
    let mut rows = select.query(values)?;
    let (mut found, mut bytes) = (Vec::new(), 0);
    while bytes < PENDING_BYTES
        && let Some(row) = rows.next()?
    {
        let delivery = Delivery {
            id: DeliveryId(row.get(0)?),
            message: MessageId(row.get(1)?),
            payload: payload(row.get(2)?),
            attempts: row.get(3)?,
            due: row.get(4)?,
            maybe_duplicate: row.get(5)?,
            held: word(row, 6, DeliveryState::of_word)? == DeliveryState::Held,
        };
        bytes += delivery.payload.bytes().len();
        found.push(delivery);
    }
    Ok(found)
}

/// The first of a lane that is not settled.
fn first_in_lane(db: &Connection, destination: &str, lane: i64) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached(
        "SELECT id FROM deliveries INDEXED BY deliveries_queued \
         WHERE destination = ?1 AND lane = ?2 \
             AND (state = 'queued' OR state = 'sending' OR state = 'held') ORDER BY id LIMIT 1",
    )?
    .query_row(params![destination, lane], |row| row.get(0))
    .optional()
}

/// The first of a destination that is not settled: the least of the first of each lane, which the index gives at once.
pub(super) fn oldest(db: &Connection, destination: &str) -> rusqlite::Result<Option<i64>> {
    let last: Option<i64> = db
        .prepare_cached(
            "SELECT max(lane) FROM deliveries INDEXED BY deliveries_queued WHERE destination = ?1 \
             AND (state = 'queued' OR state = 'sending' OR state = 'held')",
        )?
        .query_row([destination], |row| row.get(0))?;
    let mut oldest = None;
    for lane in EVERY_LANE..=last.unwrap_or(EVERY_LANE - 1) {
        let first = first_in_lane(db, destination, lane)?;
        oldest = [oldest, first].into_iter().flatten().min();
    }
    Ok(oldest)
}

/// Counts of everything.
pub(super) fn status(db: &Connection) -> rusqlite::Result<Status> {
    let messages = db
        .prepare_cached("SELECT state, count FROM message_counts WHERE count <> 0 ORDER BY state")?
        .query_map([], |row| Ok((word(row, 0, MessageState::of_word)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut destinations: Vec<DestinationStatus> = Vec::new();
    let mut counts = db.prepare_cached(
        "SELECT destination, state, count FROM delivery_counts ORDER BY destination",
    )?;
    let mut rows = counts.query([])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        if destinations.last().is_none_or(|last| last.name != name) {
            destinations.push(DestinationStatus { name, ..DestinationStatus::default() });
        }
        let Some(of) = destinations.last_mut() else { continue };
        let count: u64 = row.get(2)?;
        match word(row, 1, DeliveryState::of_word)? {
            DeliveryState::Queued | DeliveryState::Sending => of.queued += count,
            DeliveryState::Awaiting => of.awaiting = count,
            DeliveryState::Held => of.held = count,
            DeliveryState::Done => of.done = count,
            DeliveryState::Dead => of.dead = count,
            DeliveryState::Parked => of.parked = count,
            DeliveryState::Gathering => of.gathering = count,
            DeliveryState::Batched | DeliveryState::Moved | DeliveryState::Cancelled => {}
        }
    }
    for of in &mut destinations {
        let Some(oldest) = oldest(db, &of.name)? else { continue };
        of.oldest = db
            .prepare_cached(
                "SELECT at FROM messages WHERE id = (SELECT message FROM deliveries WHERE id = ?1)",
            )?
            .query_row([oldest], |row| row.get(0))
            .optional()?;
    }
    let audit_lines =
        db.query_row("SELECT coalesce(max(id), 0) FROM audit", [], |row| row.get(0))?;
    Ok(Status { messages, destinations, audit_lines, paused: paused(db)? })
}

/// What is paused.
pub(super) fn paused(db: &Connection) -> rusqlite::Result<Vec<Paused>> {
    db.prepare("SELECT side, name, at, who, why FROM pauses ORDER BY side DESC, name")?
        .query_map([], |row| {
            Ok(Paused {
                side: word(row, 0, Side::of_word)?,
                name: row.get(1)?,
                at: row.get(2)?,
                who: row.get(3)?,
                why: row.get(4)?,
            })
        })?
        .collect()
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
    given(
        "id IN (SELECT message FROM batch_members WHERE batch = {} UNION ALL \
             SELECT message FROM gathered JOIN deliveries ON deliveries.id = delivery \
             WHERE batch = {})",
        query.batch.map(|batch| Value::Integer(batch.0)),
    );
    given("at >= {}", query.since.map(Value::Integer));
    given("at < {}", query.until.map(Value::Integer));
    given("id < {}", query.below.map(|id| Value::Integer(id.0)));
    if query.state.is_some_and(|state| state != MessageState::Completed) {
        // What the index of the states is about, so that it is used.
        conditions.push("state <> 'completed'".to_owned());
    }
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
        parent: row.get::<_, Option<i64>>(15)?.map(MessageId),
        batch: row.get::<_, Option<i64>>(16)?.map(MessageId).zip(row.get(17)?),
    })
}

/// Deliveries of a message with their attempts.
pub(super) fn deliveries(db: &Connection, message: i64) -> rusqlite::Result<Vec<DeliveryView>> {
    let mut found: Vec<DeliveryView> = db
        .prepare(
            "SELECT id, destination, state, maybe_duplicate, \
                 EXISTS (SELECT 1 FROM audit WHERE audit.id = ordered AND action = 'resubmit'), batch, \
                 parent \
             FROM deliveries LEFT JOIN gathered ON delivery = id WHERE message = ?1 ORDER BY id",
        )?
        .query_map([message], |row| {
            Ok(DeliveryView {
                id: DeliveryId(row.get(0)?),
                destination: row.get(1)?,
                state: word(row, 2, DeliveryState::of_word)?,
                maybe_duplicate: row.get(3)?,
                resubmitted: row.get(4)?,
                batch: row.get::<_, Option<i64>>(5)?.map(MessageId),
                replaces: row.get::<_, Option<i64>>(6)?.map(DeliveryId),
                attempts: Vec::new(),
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut attempts = db.prepare(
        "SELECT began, ended, outcome, reply FROM attempts \
         WHERE delivery = ?1 AND outcome IS NOT ?2 ORDER BY id",
    )?;
    for delivery in &mut found {
        delivery.attempts = attempts
            .query_map(params![delivery.id.0, WITHDRAWN], |row| {
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

/// Messages that are edited copies of one.
pub(super) fn edits(db: &Connection, message: i64) -> rusqlite::Result<Vec<MessageId>> {
    db.prepare("SELECT id FROM messages WHERE parent = ?1 ORDER BY id")?
        .query_map([message], |row| row.get(0).map(MessageId))?
        .collect()
}

/// Lines of the audit about a message; and those that say by whom it was edited, which are about the edited copies.
pub(super) fn audit(db: &Connection, message: i64) -> rusqlite::Result<Vec<AuditView>> {
    db.prepare(
        "SELECT at, actor, action, detail FROM audit WHERE message = ?1 OR action = 'edit' \
         AND message IN (SELECT id FROM messages WHERE parent = ?1) ORDER BY id",
    )?
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
