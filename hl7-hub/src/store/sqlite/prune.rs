//! Taking away what is old enough and needs nothing more.
//!
//! Only what is done, cancelled or resolved goes, by the age of its message. Content leaves its hash behind, in the table
//! `pruned`; of a message that goes as a whole, its number stays in a line of the audit. The audit itself is cut from its
//! start, up to the first line that is young or that something still there depends on.

use std::ops::RangeInclusive;

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest as _, Sha256};

use super::audit::{Line, NOTHING};
use super::failure;
use super::ledger::{HUB, Ledger, Result};
use crate::store::{Clocks, MessageState, PruneFrom, Pruned};

/// Most messages that one step looks at: it shares its commit with messages that come.
const STEP: i64 = 500;
/// Most bytes of content that one step goes over.
const BYTES: i64 = 16 << 20;
/// Pages that are given back to the system in one step.
const PAGES: i64 = 2_000;

/// The action of the line that says which messages went.
pub(super) const PRUNED: &str = "pruned";
/// How the detail of such a line begins.
pub(super) const MESSAGES: &str = "messages ";

/// What stands after a look at the next messages.
struct Looked {
    /// Those that may go.
    ids: Vec<i64>,
    /// The last one that was looked at; `None` where there was none.
    last: Option<i64>,
}

impl Ledger<'_> {
    /// One step: contents first, then messages, then lines of the audit, then the space that they took.
    pub(super) fn prune(&mut self, at: i64, clocks: &Clocks, from: PruneFrom) -> Result<Pruned> {
        let mut pruned = Pruned::default();
        if let Some(cutoff) = clocks.content {
            let looked = self.old_contents(cutoff, from.content).map_err(failure)?;
            for &id in &looked.ids {
                self.drop_content(id).map_err(failure)?;
            }
            self.note(at, "content of messages ", &looked.ids)?;
            pruned.contents = looked.ids.len() as u64;
            if let Some(last) = looked.last {
                pruned.next = Some(PruneFrom { content: last, ..from });
                return Ok(pruned);
            }
        }
        if let Some(cutoff) = clocks.metadata {
            let looked = self.old_messages(cutoff, from.metadata).map_err(failure)?;
            for &id in &looked.ids {
                self.drop_message(id).map_err(failure)?;
            }
            self.note(at, MESSAGES, &looked.ids)?;
            pruned.messages = looked.ids.len() as u64;
            if let Some(last) = looked.last {
                pruned.next = Some(PruneFrom { metadata: last, ..from });
                return Ok(pruned);
            }
        }
        if let Some(cutoff) = clocks.dedupe {
            self.drop_keys(cutoff).map_err(failure)?;
        }
        if let Some(cutoff) = clocks.audit {
            pruned.lines = self.cut_audit(at, cutoff)?;
        }
        // A pragma gives a row a page.
        let give_back = format!("PRAGMA incremental_vacuum({PAGES})");
        let freed = self.db.prepare(&give_back).and_then(|mut vacuum| {
            let mut rows = vacuum.query([])?;
            let mut freed = 0;
            while rows.next()?.is_some() {
                freed += 1;
            }
            Ok(freed)
        });
        let goes_on = pruned.lines > 0 || freed.map_err(failure)? >= PAGES;
        pruned.next = goes_on.then_some(from);
        Ok(pruned)
    }

    /// Messages behind one whose content may go.
    fn old_contents(&self, cutoff: i64, behind: i64) -> rusqlite::Result<Looked> {
        let sql = "SELECT id, at, state, bytes FROM bodies JOIN messages ON id = bodies.message \
             WHERE bodies.message > ?1 AND bodies.message < ?2 ORDER BY bodies.message LIMIT ?3";
        self.look(sql, cutoff, behind)
    }

    /// Messages behind one that may go as a whole. The last numbers that were given stay, so that it shows whether any
    /// are missing.
    fn old_messages(&self, cutoff: i64, behind: i64) -> rusqlite::Result<Looked> {
        let sql = "SELECT id, at, state, 0 FROM messages WHERE id > ?1 AND id < ?2 \
             ORDER BY id LIMIT ?3";
        let mut looked = self.look(sql, cutoff, behind)?;
        let last = [
            "SELECT max(id) FROM messages",
            "SELECT message FROM deliveries ORDER BY id DESC LIMIT 1",
            "SELECT message FROM deliveries WHERE id = \
                 (SELECT delivery FROM attempts ORDER BY id DESC LIMIT 1)",
        ];
        for sql in last {
            let keep: Option<Option<i64>> =
                self.db.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
            looked.ids.retain(|&id| Some(id) != keep.flatten());
        }
        Ok(looked)
    }

    fn look(&self, sql: &str, cutoff: i64, behind: i64) -> rusqlite::Result<Looked> {
        let bound = first_since(self.db, cutoff)?;
        let mut looked = Looked { ids: Vec::new(), last: None };
        let mut bytes = 0;
        let mut select = self.db.prepare_cached(sql)?;
        let mut rows = select.query(params![behind, bound, STEP])?;
        while let Some(row) = rows.next()?
            && bytes < BYTES
        {
            let (id, at, state): (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            looked.last = Some(id);
            if at < cutoff && MessageState::of_word(&state).is_some_and(MessageState::may_go) {
                looked.ids.push(id);
                bytes += row.get::<_, i64>(3)?;
            }
        }
        Ok(looked)
    }

    fn drop_content(&self, message: i64) -> rusqlite::Result<()> {
        let content = [
            (
                "body",
                "SELECT message, 0, body FROM bodies WHERE message = ?1",
                "DELETE FROM bodies WHERE message = ?1",
            ),
            (
                "reply",
                "SELECT message, number, body FROM replies WHERE message = ?1",
                "DELETE FROM replies WHERE message = ?1",
            ),
            (
                "outgoing",
                "SELECT delivery, 0, body FROM outgoing WHERE delivery IN \
                     (SELECT id FROM deliveries WHERE message = ?1)",
                "DELETE FROM outgoing WHERE delivery IN \
                     (SELECT id FROM deliveries WHERE message = ?1)",
            ),
            (
                "attempt",
                "SELECT id, 0, reply FROM attempts WHERE reply IS NOT NULL AND delivery IN \
                     (SELECT id FROM deliveries WHERE message = ?1)",
                "UPDATE attempts SET reply = NULL WHERE reply IS NOT NULL AND delivery IN \
                     (SELECT id FROM deliveries WHERE message = ?1)",
            ),
        ];
        for (kind, select, drop) in content {
            let mut select = self.db.prepare_cached(select)?;
            let mut rows = select.query([message])?;
            while let Some(row) = rows.next()? {
                let (id, number, body): (i64, i64, Vec<u8>) =
                    (row.get(0)?, row.get(1)?, row.get(2)?);
                self.db
                    .prepare_cached(
                        "INSERT INTO pruned (kind, id, number, digest) VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .execute(params![kind, id, number, &Sha256::digest(&body)[..]])?;
            }
            self.db.prepare_cached(drop)?.execute([message])?;
        }
        Ok(())
    }

    fn drop_message(&self, message: i64) -> rusqlite::Result<()> {
        const OF_DELIVERIES: &str = "IN (SELECT id FROM deliveries WHERE message = ?1)";
        for sql in [
            format!("DELETE FROM pruned WHERE kind = 'outgoing' AND id {OF_DELIVERIES}"),
            format!(
                "DELETE FROM pruned WHERE kind = 'attempt' AND id IN \
                     (SELECT id FROM attempts WHERE delivery {OF_DELIVERIES})"
            ),
            "DELETE FROM pruned WHERE kind IN ('body', 'reply') AND id = ?1".to_owned(),
            format!("DELETE FROM outgoing WHERE delivery {OF_DELIVERIES}"),
            format!("DELETE FROM attempts WHERE delivery {OF_DELIVERIES}"),
            "DELETE FROM deliveries WHERE message = ?1".to_owned(),
            "DELETE FROM replies WHERE message = ?1".to_owned(),
            "DELETE FROM bodies WHERE message = ?1".to_owned(),
            "DELETE FROM messages WHERE id = ?1".to_owned(),
        ] {
            self.db.prepare_cached(&sql)?.execute([message])?;
        }
        Ok(())
    }

    /// Keys that are too old to be looked for, some of them.
    fn drop_keys(&self, cutoff: i64) -> rusqlite::Result<()> {
        self.db
            .prepare_cached(
                "DELETE FROM dedupe WHERE (source, sender, control_id, content) IN \
                 (SELECT source, sender, control_id, content FROM dedupe WHERE at < ?1 LIMIT ?2)",
            )?
            .execute(params![cutoff, STEP])?;
        Ok(())
    }

    /// Takes lines from the start of the audit: old ones, that nothing points at which is still there.
    fn cut_audit(&mut self, at: i64, cutoff: i64) -> Result<u64> {
        let start: i64 = self
            .db
            .query_row("SELECT line FROM audit_start", [], |row| row.get(0))
            .map_err(failure)?;
        let last = self.last_to_cut(start, cutoff).map_err(failure)?;
        let Some((last, hash)) = last.filter(|(last, _)| *last > start) else { return Ok(0) };
        self.db
            .execute("UPDATE audit_start SET line = ?1, hash = ?2", params![last, hash])
            .and_then(|_| self.db.execute("DELETE FROM audit WHERE id <= ?1", [last]))
            .map_err(failure)?;
        let detail = format!("audit up to line {last}");
        self.line_about_nothing(at, PRUNED, detail)?;
        Ok((last - start) as u64)
    }

    fn last_to_cut(&self, start: i64, cutoff: i64) -> rusqlite::Result<Option<(i64, Vec<u8>)>> {
        // The line of the last order is kept too: it is what the next one is chained to.
        let stays: Option<i64> = self
            .db
            .prepare_cached(
                "SELECT id FROM audit WHERE id > ?1 AND (at >= ?2 OR id > ?1 + ?3 OR EXISTS \
                     (SELECT 1 FROM messages WHERE messages.id = audit.message) \
                     OR id >= (SELECT max(id) FROM audit)) ORDER BY id LIMIT 1",
            )?
            .query_row(params![start, cutoff, STEP], |row| row.get(0))
            .optional()?;
        let mut stays = stays.unwrap_or(start);
        for sql in [
            "SELECT min(changed) FROM deliveries WHERE changed IS NOT NULL",
            "SELECT min(ordered) FROM deliveries WHERE ordered IS NOT NULL",
            "SELECT min(resolved) FROM messages WHERE resolved IS NOT NULL",
        ] {
            let pointed_at: Option<i64> =
                self.db.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
            stays = pointed_at.map_or(stays, |line| stays.min(line));
        }
        self.db
            .prepare_cached("SELECT id, hash FROM audit WHERE id < ?1 ORDER BY id DESC LIMIT 1")?
            .query_row([stays], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
    }

    fn note(&mut self, at: i64, what: &str, ids: &[i64]) -> Result<()> {
        match ids {
            [] => Ok(()),
            ids => self.line_about_nothing(at, PRUNED, format!("{what}{}", written(ids))),
        }
    }

    fn line_about_nothing(&mut self, at: i64, action: &str, detail: String) -> Result<()> {
        let (actor, action) = (HUB.to_owned(), action.to_owned());
        let line =
            Line { at, actor, action, message: None, attempt: None, detail, digest: NOTHING };
        line.append(self.db, self.tip).map_err(failure)
    }
}

/// A number behind which, to within what a clock jumps, no message came before a time.
fn first_since(db: &Connection, time: i64) -> rusqlite::Result<i64> {
    let (mut low, mut high): (i64, i64) = db.query_row(
        "SELECT coalesce(min(id), 0), coalesce(max(id), 0) + 1 FROM messages",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let mut at_or_behind =
        db.prepare_cached("SELECT at FROM messages WHERE id >= ?1 ORDER BY id LIMIT 1")?;
    while low < high {
        let middle = low + (high - low) / 2;
        let at: Option<i64> = at_or_behind.query_row([middle], |row| row.get(0)).optional()?;
        match at.is_some_and(|at| at < time) {
            true => low = middle + 1,
            false => high = middle,
        }
    }
    Ok(low)
}

/// Numbers in order as `1-480, 482`.
fn written(ids: &[i64]) -> String {
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    for &id in ids {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == id => *last = id,
            _ => ranges.push((id, id)),
        }
    }
    let range = |(first, last): (i64, i64)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    ranges.into_iter().map(range).collect::<Vec<_>>().join(", ")
}

/// The other way round; what is none of it is left out.
pub(super) fn read(ranges: &str) -> Vec<RangeInclusive<i64>> {
    let range = |text: &str| {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        Some(first.parse().ok()?..=last.parse().ok()?)
    };
    ranges.split(", ").filter_map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::{read, written};

    #[test]
    fn numbers_are_written_as_ranges_and_read_again() {
        for (ids, text) in
            [(&[1, 2, 3, 5, 8, 9][..], "1-3, 5, 8-9"), (&[7], "7"), (&[1, 3], "1, 3")]
        {
            assert_eq!(written(ids), text);
            let again: Vec<i64> = read(text).into_iter().flatten().collect();
            assert_eq!(again, ids);
        }
        assert_eq!(read("x, 1-y"), []);
    }
}
