//! Tables, the steps from one version of them to the next, and the settings that durability needs.

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::failure;
use crate::store::StoreError;

/// A step from each version to the next; the number of steps is the version of the schema. A step that was released never
/// changes.
const STEPS: &[&str] = &[
    include_str!("v1.sql"),
    include_str!("lanes.sql"),
    include_str!("batches.sql"),
    include_str!("operating.sql"),
    include_str!("queue.sql"),
];

/// SQLite before this one may lose what was committed while a checkpoint ran (its WAL reset fault).
const OLDEST: i32 = 3_051_003;

/// As many as SQLite can count.
const MOST_PAGES: i64 = 4_294_967_294;

/// Sets a connection up for writing and brings its tables up to date.
pub(super) fn prepare(db: &mut Connection, limit: Option<u64>) -> Result<(), StoreError> {
    if rusqlite::version_number() < OLDEST {
        return Err(StoreError::NotDurable("SQLite is older than 3.51.3".into()));
    }
    // Before anything is set: settings stay in the file.
    version(db)?;
    set_up(db).map_err(failure)?;
    check_durability(db)?;
    self::limit(db, limit)?;
    migrate(db)
}

/// Statements that the writer keeps prepared: more than it has.
const STATEMENTS: usize = 64;
/// Pages of the database that are kept in memory, in KiB. It does not grow with what is queued.
const CACHE: i64 = 32 << 10;
/// Pages of the write-ahead log behind which a commit takes them to the database: 32 MiB.
const CHECKPOINT: i64 = 8_000;
/// Sets the most bytes of the file, in pages; SQLite takes no less than it has.
pub(super) fn limit(db: &Connection, bytes: Option<u64>) -> Result<(), StoreError> {
    let page: i64 = db.query_row("PRAGMA page_size", [], |row| row.get(0)).map_err(failure)?;
    let pages = |bytes| (i64::try_from(bytes).unwrap_or(i64::MAX) / page.max(1)).max(1);
    db.pragma_update(None, "max_page_count", bytes.map_or(MOST_PAGES, pages)).map_err(failure)
}

/// A statement is planned once, not anew for values that are bound to it: that took a third of the hub's time. Where a partial
/// index is to be used, the statement says so itself.
pub(super) fn plan_once(db: &Connection) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(|_| ())
}

fn set_up(db: &Connection) -> rusqlite::Result<()> {
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    plan_once(db)?;
    db.busy_timeout(std::time::Duration::from_secs(5))?;
    // Only a new file takes this: pages that pruning frees can be given back to the system.
    db.pragma_update(None, "auto_vacuum", "incremental")?;
    // These give back what was set; a setting that is refused is no error, hence `check_durability`.
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "synchronous", "full")?;
    db.pragma_update(None, "foreign_keys", "on")?;
    db.pragma_update(None, "temp_store", "memory")?;
    db.pragma_update(None, "cache_size", -CACHE)?;
    db.pragma_update(None, "wal_autocheckpoint", CHECKPOINT)
}

/// Reads back what was set: an answer behind a commit is worth nothing where a commit is not synced.
pub(super) fn check_durability(db: &Connection) -> Result<(), StoreError> {
    let mode: String =
        db.query_row("PRAGMA journal_mode", [], |row| row.get(0)).map_err(failure)?;
    let sync: i64 = db.query_row("PRAGMA synchronous", [], |row| row.get(0)).map_err(failure)?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(StoreError::NotDurable(format!("journal_mode is {mode}, not wal").into()));
    }
    if sync < 2 {
        return Err(StoreError::NotDurable(format!("synchronous is {sync}, not full").into()));
    }
    Ok(())
}

/// What says in a file that it is a store of ours: `HL7H`.
const OURS: i64 = 0x484c_3748;
/// The version from which on it stands there.
const SIGNED: i64 = 5;

/// The version of what is in a file, 0 where nothing is; an error where it is not ours, or of a later hub.
fn version(db: &Connection) -> Result<i64, StoreError> {
    let known = STEPS.len() as i64;
    let read = |what: &str| db.query_row(what, [], |row| row.get::<_, i64>(0)).map_err(failure);
    let found = read("PRAGMA user_version")?;
    let is_ours = match read("PRAGMA application_id")? {
        OURS => true,
        0 if found == 0 => read("SELECT count(*) FROM sqlite_schema")? == 0,
        0 if found < SIGNED => {
            let tables = "SELECT count(*) FROM sqlite_schema \
                 WHERE name IN ('messages', 'deliveries', 'audit')";
            read(tables)? == 3
        }
        _ => false,
    };
    match is_ours {
        false => Err(StoreError::Foreign("".into())),
        true if found > known => Err(StoreError::TooNew { found, known }),
        true => Ok(found),
    }
}

/// Whether a store can be read: a hub has brought it up to date.
pub(super) fn check_version(db: &Connection) -> Result<(), StoreError> {
    let (found, known) = (version(db)?, STEPS.len() as i64);
    if found < known { Err(StoreError::TooOld { found, known }) } else { Ok(()) }
}

/// Brings the tables to the latest version, each step in a transaction of its own.
fn migrate(db: &mut Connection) -> Result<(), StoreError> {
    let found = version(db)?;
    for (version, step) in (1_i64..).zip(STEPS) {
        if version > found {
            let step_transaction = db.transaction().map_err(failure)?;
            step_transaction.execute_batch(step).map_err(failure)?;
            step_transaction.pragma_update(None, "user_version", version).map_err(failure)?;
            step_transaction.commit().map_err(failure)?;
        }
    }
    Ok(())
}
