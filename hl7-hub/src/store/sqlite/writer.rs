//! The thread that writes, with many units of work in one commit.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::audit::{self, Tip};
use super::failure;
use super::ledger::Ledger;
use crate::store::{Pending, StoreError};

/// Most units in one transaction.
const GROUP: usize = 64;
/// Most units that wait; whoever comes then waits to wait.
const QUEUE: usize = 256;

/// Something to be done in a transaction and answered behind it.
trait Unit: Send {
    /// Does it, and keeps what it gave. Fails with what it will answer. It is done again where a transaction was given up.
    fn work(&mut self, ledger: &mut Ledger<'_>) -> Result<(), StoreError>;
    /// Answers: what the work gave, unless the commit failed.
    fn answer(self: Box<Self>, committed: &Result<(), StoreError>);
}

/// A unit of work that gives a `T`.
struct Task<F, T> {
    work: F,
    outcome: Result<T, StoreError>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Unit for Task<F, T>
where
    F: Fn(&mut Ledger<'_>) -> Result<T, StoreError> + Send,
    T: Send,
{
    fn work(&mut self, ledger: &mut Ledger<'_>) -> Result<(), StoreError> {
        // A panic is a fault of ours: it costs its own unit, not the thread that everybody writes through.
        self.outcome = catch_unwind(AssertUnwindSafe(|| (self.work)(ledger)))
            .unwrap_or_else(|_| Err(StoreError::Failed("a unit of work panicked".into())));
        self.outcome.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    fn answer(self: Box<Self>, committed: &Result<(), StoreError>) {
        let outcome = match committed {
            Ok(()) => self.outcome,
            Err(error) => Err(error.clone()),
        };
        // Whoever asked may have gone.
        let _ = self.answer.send(outcome);
    }
}

/// The way to the thread that writes.
pub(super) struct Writer {
    units: Option<mpsc::Sender<Box<dyn Unit>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Recovers what the last writer left, then starts the thread.
    pub(super) fn start(mut db: Connection, now: i64) -> Result<(Self, u64), StoreError> {
        let mut tip = audit::tip(&db).map_err(failure)?;
        let transaction = db.transaction().map_err(failure)?;
        let recovered = Ledger { db: &transaction, tip: &mut tip }.recover(now)?;
        transaction.commit().map_err(failure)?;
        let (units, waiting) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || Commits { db, tip, stopped: None }.run(waiting))
            .map_err(|error| StoreError::Failed(error.to_string().into()))?;
        Ok((Self { units: Some(units), thread: Some(thread) }, recovered))
    }

    /// Hands over a unit of work; the answer comes behind the commit.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Ledger<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Pending<'_, T> {
        Box::pin(async move {
            let gone = || StoreError::Stopped("its writer is gone".into());
            let (answer, answered) = oneshot::channel();
            let unset = Err(StoreError::Failed("the work was not done".into()));
            let unit = Box::new(Task { work, outcome: unset, answer });
            let units = self.units.as_ref().ok_or_else(gone)?;
            units.send(unit).await.map_err(|_| gone())?;
            answered.await.map_err(|_| gone())?
        })
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writer")
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.units = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The thread's own state.
struct Commits {
    db: Connection,
    tip: Tip,
    /// Why nothing is written any more.
    stopped: Option<Arc<str>>,
}

impl Commits {
    fn run(mut self, mut waiting: mpsc::Receiver<Box<dyn Unit>>) {
        // While one group is synced to the disk the next one gathers; nobody waits for a group to fill.
        while let Some(first) = waiting.blocking_recv() {
            let mut group = vec![first];
            while group.len() < GROUP
                && let Ok(unit) = waiting.try_recv()
            {
                group.push(unit);
            }
            let committed = self.commit(&mut group);
            group.into_iter().for_each(|unit| unit.answer(&committed));
        }
    }

    /// One transaction around a group.
    fn commit(&mut self, group: &mut [Box<dyn Unit>]) -> Result<(), StoreError> {
        if let Some(reason) = &self.stopped {
            return Err(StoreError::Stopped(Arc::clone(reason)));
        }
        let before = self.tip;
        let outcome = self.attempt(group);
        if let Err(error) = &outcome {
            self.tip = before;
            // After a commit that failed for anything but room, what the disk holds is not known: a sync that failed once
            // may succeed the next time without having written. So nothing is promised any more until somebody restarts.
            if !matches!(error, StoreError::Full) {
                self.stopped = Some(error.to_string().into());
            }
        }
        outcome
    }

    fn attempt(&mut self, group: &mut [Box<dyn Unit>]) -> Result<(), StoreError> {
        // A savepoint around each unit costs as much as half of the unit does, and almost none ever fails.
        if self.all_at_once(group)? { Ok(()) } else { self.one_by_one(group) }
    }

    /// Whether every unit of a group was done; if one was not, nothing is.
    fn all_at_once(&mut self, group: &mut [Box<dyn Unit>]) -> Result<bool, StoreError> {
        let before = self.tip;
        let transaction =
            self.db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failure)?;
        for unit in group {
            if unit.work(&mut Ledger { db: &transaction, tip: &mut self.tip }).is_err() {
                self.tip = before;
                // Where SQLite has given up the transaction by itself there is nothing left to give up.
                if !transaction.is_autocommit() {
                    transaction.rollback().map_err(failure)?;
                }
                return Ok(false);
            }
        }
        transaction.commit().map_err(failure).map(|()| true)
    }

    /// The units of a group that can be done, each inside a savepoint; the others have their error.
    fn one_by_one(&mut self, group: &mut [Box<dyn Unit>]) -> Result<(), StoreError> {
        let mut transaction =
            self.db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failure)?;
        for unit in group {
            let before = self.tip;
            let mut savepoint = transaction.savepoint().map_err(failure)?;
            if let Err(error) = unit.work(&mut Ledger { db: &savepoint, tip: &mut self.tip }) {
                self.tip = before;
                // SQLite may have given up the whole transaction, as it does when the disk is full: then everybody is told.
                if savepoint.is_autocommit() {
                    return Err(error);
                }
                savepoint.rollback().map_err(failure)?;
            }
            savepoint.commit().map_err(failure)?;
        }
        transaction.commit().map_err(failure)
    }
}
