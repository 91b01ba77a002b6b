//! What wakes the lanes of a destination, and those who wait for what becomes of a message.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::store::MessageId;

/// Wakes the lanes of a destination.
#[derive(Debug)]
pub(super) struct Wake {
    lanes: Vec<LaneWake>,
}

#[derive(Debug, Default)]
struct LaneWake {
    notify: Notify,
    changed: AtomicBool,
}

impl Wake {
    pub(super) fn new(lanes: usize) -> Self {
        Self { lanes: (0..lanes).map(|_| LaneWake::default()).collect() }
    }

    /// Says that a delivery may be there.
    pub(super) fn notify(&self) {
        self.lanes.iter().for_each(|lane| lane.notify.notify_one());
    }

    /// Says it to all lanes but one.
    pub(super) fn notify_others(&self, than: usize) {
        let others = self.lanes.iter().enumerate().filter(|(number, _)| *number != than);
        others.for_each(|(_, lane)| lane.notify.notify_one());
    }

    /// Says that what is queued was changed.
    pub(super) fn changed(&self) {
        self.lanes.iter().for_each(|lane| lane.changed.store(true, Ordering::Release));
        self.notify();
    }

    /// Waits for one or the other. Whether it was a change.
    pub(super) async fn wait(&self, lane: usize) -> bool {
        match self.lanes.get(lane) {
            Some(lane) => {
                lane.notify.notified().await;
                lane.changed.swap(false, Ordering::AcqRel)
            }
            None => std::future::pending().await,
        }
    }
}

/// Who waits for what becomes of which message.
#[derive(Debug, Default)]
pub(super) struct Outcomes(Mutex<HashMap<MessageId, Vec<Arc<Notify>>>>);

/// Is told when a delivery of a message is settled, until it is dropped.
#[derive(Debug)]
pub(super) struct Watch<'o> {
    outcomes: &'o Outcomes,
    message: MessageId,
    notify: Arc<Notify>,
}

impl Outcomes {
    /// Watches a message. What was settled before is not told: look at the store behind this call.
    pub(super) fn watch(&self, message: MessageId) -> Watch<'_> {
        let notify: Arc<Notify> = Arc::default();
        self.lock().entry(message).or_default().push(Arc::clone(&notify));
        Watch { outcomes: self, message, notify }
    }

    /// Says that a delivery of a message is settled.
    pub(super) fn settled(&self, message: MessageId) {
        if let Some(watchers) = self.lock().get(&message) {
            watchers.iter().for_each(|watcher| watcher.notify_one());
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<MessageId, Vec<Arc<Notify>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch<'_> {
    /// Waits until a delivery was settled since the last time.
    pub(super) async fn settled(&self) {
        self.notify.notified().await;
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let mut outcomes = self.outcomes.lock();
        if let Some(watchers) = outcomes.get_mut(&self.message) {
            watchers.retain(|watcher| !Arc::ptr_eq(watcher, &self.notify));
            if watchers.is_empty() {
                outcomes.remove(&self.message);
            }
        }
    }
}
