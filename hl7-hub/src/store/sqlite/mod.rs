//! The store in SQLite: one file, one writer.
//!
//! All writing is done by one thread over one connection ([`writer`]), which puts what waits into one transaction and answers
//! behind its commit: under load, one sync of the disk is shared by many. Readers have connections of their own and, in WAL
//! mode, neither wait for the writer nor keep it waiting. The writer also does the checkpoints, so that no other connection
//! ever writes.

mod audit;
mod backup;
mod gather;
mod later;
mod ledger;
mod operate;
mod prune;
mod reader;
mod schema;
#[cfg(test)]
mod tests;
mod verify;
mod views;
mod writer;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, ErrorCode};

use super::{
    Accepted, AcceptedBatch, AttemptId, AuditEvent, Clocks, Incoming, IncomingBatch, LateAck,
    LateRule, MessageId, Order, Ordered, Pending, Plan, PruneFrom, Pruned, Reader, Release,
    Settled, Step, Store, StoreError,
};
pub use reader::SqliteReader;
use writer::Writer;

/// The database in a data folder.
const FILE: &str = "hub.sqlite";
/// Held by the hub that uses a data folder; the system frees it when that ends, however it does.
const LOCK: &str = "hub.lock";

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// The folder. It is made if it is not there.
    pub folder: PathBuf,
    /// The most bytes that the database may take; `None` for as many as the disk has.
    pub limit: Option<u64>,
    /// The time, in milliseconds since 1970: when what was under way at the last end is noted as interrupted.
    pub now: i64,
}

/// The store in SQLite. Dropping it ends the writer once what was handed to it is done.
#[derive(Debug)]
pub struct SqliteStore {
    writer: Writer,
    reader: SqliteReader,
    recovered: u64,
    _lock: File,
}

impl SqliteStore {
    /// Opens the store of a folder, makes it if it is not there, and queues again what was being sent when the last hub ended.
    ///
    /// # Errors
    /// When the folder cannot be written, another hub has it, or the database does not sync each commit.
    pub fn open(options: &SqliteOptions) -> Result<Self, StoreError> {
        let lock = locked(&options.folder)?;
        let path = options.folder.join(FILE);
        let mut db = Connection::open(&path).map_err(failure)?;
        schema::prepare(&mut db, options.limit).map_err(|error| named(error, &path))?;
        let (writer, recovered) = Writer::start(db, options.now)?;
        let reader = SqliteReader::over(path)?;
        Ok(Self { writer, reader, recovered, _lock: lock })
    }

    /// How many deliveries were being sent when the last hub ended.
    #[must_use]
    pub fn recovered(&self) -> u64 {
        self.recovered
    }
}

/// Makes the folder and takes its lock.
fn locked(folder: &Path) -> Result<File, StoreError> {
    let refused = |error: std::io::Error| StoreError::ReadOnly(error.to_string().into());
    fs::create_dir_all(folder).map_err(refused)?;
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join(LOCK))
        .map_err(refused)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse),
        Err(TryLockError::Error(error)) => Err(refused(error)),
    }
}

impl Store for SqliteStore {
    fn accept(&self, incoming: Incoming) -> Pending<'_, Accepted> {
        self.writer.submit(move |ledger| ledger.accept(&incoming))
    }

    fn accept_all(&self, incoming: Arc<[Incoming]>) -> Pending<'_, Vec<Accepted>> {
        self.writer.submit(move |ledger| incoming.iter().map(|one| ledger.accept(one)).collect())
    }

    fn accept_batch(&self, incoming: IncomingBatch) -> Pending<'_, AcceptedBatch> {
        self.writer.submit(move |ledger| ledger.accept_batch(&incoming))
    }

    fn advance(&self, step: Step) -> Pending<'_, Vec<AttemptId>> {
        self.writer.submit(move |ledger| ledger.advance(&step))
    }

    fn acknowledge_late(&self, ack: LateAck) -> Pending<'_, Option<Settled>> {
        self.writer.submit(move |ledger| ledger.acknowledge_late(&ack))
    }

    fn expire(&self, now: i64, rule: LateRule) -> Pending<'_, Vec<Settled>> {
        self.writer.submit(move |ledger| ledger.expire(now, &rule))
    }

    fn arrange(&self, destination: String, layout: String, lanes: usize) -> Pending<'_, ()> {
        self.writer.submit(move |ledger| ledger.arrange(&destination, &layout, lanes))
    }

    fn announce(&self, plans: Vec<Plan>) -> Pending<'_, ()> {
        self.writer.submit(move |ledger| ledger.announce(&plans))
    }

    fn disband(&self, destination: String, at: i64, most: usize) -> Pending<'_, usize> {
        self.writer.submit(move |ledger| ledger.disband(&destination, at, most))
    }

    fn release(&self, release: Release) -> Pending<'_, Option<MessageId>> {
        self.writer.submit(move |ledger| ledger.release(&release))
    }

    fn send_now(&self, destination: &str, event: AuditEvent) -> Pending<'_, ()> {
        let destination = destination.to_owned();
        self.writer.submit(move |ledger| ledger.send_now(&destination, &event))
    }

    fn record(&self, event: AuditEvent) -> Pending<'_, ()> {
        self.writer.submit(move |ledger| ledger.record(&event))
    }

    fn order(&self, order: Order) -> Pending<'_, Ordered> {
        self.writer.submit(move |ledger| ledger.order(&order))
    }

    fn prune(&self, at: i64, clocks: Clocks, from: PruneFrom) -> Pending<'_, Pruned> {
        self.writer.submit(move |ledger| ledger.prune(at, &clocks, from))
    }

    fn limit(&self, bytes: Option<u64>) -> Pending<'_, ()> {
        self.writer.submit(move |ledger| schema::limit(ledger.db, bytes))
    }

    fn reader(&self) -> &dyn Reader {
        &self.reader
    }
}

/// A file that is no database at all is named.
fn named(error: StoreError, path: &Path) -> StoreError {
    match error {
        StoreError::Foreign(_) => StoreError::Foreign(path.display().to_string().into()),
        error => error,
    }
}

/// What an error of SQLite means here. Its messages name tables and files, never values.
fn failure(error: rusqlite::Error) -> StoreError {
    let text = || error.to_string().into();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            StoreError::ReadOnly(text())
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::InUse,
        Some(ErrorCode::NotADatabase) => StoreError::Foreign(text()),
        _ => StoreError::Failed(text()),
    }
}
