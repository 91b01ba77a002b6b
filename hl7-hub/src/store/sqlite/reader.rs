//! Looking at the store, over connections that cannot write.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::{FILE, audit, backup, failure, gather, named, schema, verify, views};
use crate::Payload;
use crate::store::{
    AuditView, Delivery, DeliveryId, DeliveryView, Gathered, MessageId, MessageView, Paused, Query,
    Reader, Status, StoreError, Verified,
};

/// Connections that are kept for the next one who reads.
const KEPT: usize = 4;

/// Looks at a store in SQLite, also while a hub runs over it.
pub struct SqliteReader {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl SqliteReader {
    /// Opens the store of a folder to look at it.
    ///
    /// # Errors
    /// When there is none, it cannot be read, or no hub of this version has had it.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Err(StoreError::Missing(folder.display().to_string().into()));
        }
        Self::over(path)
    }

    pub(super) fn over(path: PathBuf) -> Result<Self, StoreError> {
        let db = connect(&path).map_err(failure)?;
        schema::check_version(&db).map_err(|error| named(error, &path))?;
        Ok(Self { path, idle: Mutex::new(vec![db]) })
    }

    /// Works with a connection that nobody else uses meanwhile.
    fn with<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle().pop();
        let db = kept.map_or_else(|| connect(&self.path), Ok).map_err(failure)?;
        let outcome = work(&db).map_err(failure);
        let mut idle = idle();
        if idle.len() < KEPT {
            idle.push(db);
        }
        outcome
    }
}

impl fmt::Debug for SqliteReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteReader").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A connection that only reads. It is opened for writing all the same: a reader of a WAL needs to write to its index.
fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(Duration::from_secs(5))?;
    db.pragma_update(None, "query_only", "on")?;
    schema::plan_once(&db)?;
    Ok(db)
}

impl Reader for SqliteReader {
    fn pending(
        &self,
        destination: &str,
        behind: Option<DeliveryId>,
        most: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let behind = behind.map_or(0, |id| id.0);
        self.with(|db| views::pending(db, destination, behind, most))
    }

    fn pending_in_lane(
        &self,
        destination: &str,
        lane: usize,
        behind: Option<DeliveryId>,
        most: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let behind = behind.map_or(0, |id| id.0);
        self.with(|db| views::pending_in_lane(db, destination, lane as i64, behind, most))
    }

    fn gathering(
        &self,
        destination: &str,
        behind: Option<DeliveryId>,
        most: usize,
    ) -> Result<Vec<Gathered>, StoreError> {
        let behind = behind.map_or(0, |id| id.0);
        self.with(|db| gather::gathering(db, destination, behind, most))
    }

    fn asked_to_send(&self, destination: &str) -> Result<Option<DeliveryId>, StoreError> {
        self.with(|db| gather::asked(db, destination))
    }

    fn payloads(&self, deliveries: &[DeliveryId]) -> Result<Vec<Payload>, StoreError> {
        self.with(|db| gather::payloads(db, deliveries))
    }

    fn status(&self) -> Result<Status, StoreError> {
        self.with(views::status)
    }

    fn search(&self, query: &Query) -> Result<Vec<MessageView>, StoreError> {
        self.with(|db| views::search(db, query))
    }

    fn message(&self, id: MessageId) -> Result<Option<MessageView>, StoreError> {
        self.with(|db| views::message(db, id.0))
    }

    fn body(&self, id: MessageId) -> Result<Option<Payload>, StoreError> {
        self.with(|db| {
            db.query_row("SELECT body FROM bodies WHERE message = ?1", [id.0], |row| {
                row.get(0).map(audit::payload)
            })
            .optional()
        })
    }

    fn deliveries(&self, id: MessageId) -> Result<Vec<DeliveryView>, StoreError> {
        self.with(|db| views::deliveries(db, id.0))
    }

    fn audit(&self, id: MessageId) -> Result<Vec<AuditView>, StoreError> {
        self.with(|db| views::audit(db, id.0))
    }

    fn edits(&self, id: MessageId) -> Result<Vec<MessageId>, StoreError> {
        self.with(|db| views::edits(db, id.0))
    }

    fn paused(&self) -> Result<Vec<Paused>, StoreError> {
        self.with(views::paused)
    }

    fn size(&self) -> Result<u64, StoreError> {
        self.with(|db| {
            let pragma = |name: &str| db.query_row(name, [], |row| row.get::<_, u64>(0));
            Ok(pragma("PRAGMA page_count")? * pragma("PRAGMA page_size")?)
        })
    }

    fn copy_to(&self, file: &Path) -> Result<Verified, StoreError> {
        // A connection of its own: it is at work for as long as the copy takes.
        let db = connect(&self.path).map_err(failure)?;
        backup::copy(&db, file)
    }

    fn verify(&self) -> Result<Verified, StoreError> {
        self.with(|db| {
            // One transaction, so that the whole is seen as it was at one moment.
            let transaction = db.unchecked_transaction()?;
            verify::verify(&transaction)
        })
    }
}
