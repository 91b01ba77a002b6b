//! How many connections the hub makes to an address, over all destinations that have it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;

/// Deliveries that a destination may send before it makes room for another that waits for the same address.
const TURN: u32 = 16;

/// The connections that the hub makes, by address. Some peers allow one session only: then destinations take turns.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<HashMap<String, Weak<Line>>>);

/// The connections to one address.
#[derive(Debug, Default)]
struct Line {
    counts: Mutex<Counts>,
    /// Told when one is closed.
    closed: Notify,
    /// Told when somebody begins to wait.
    wanted: Notify,
}

#[derive(Debug, Default)]
struct Counts {
    open: usize,
    waiting: usize,
}

/// The right to a connection; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Session {
    line: Arc<Line>,
    sent: u32,
}

/// Somebody who waits.
struct Waiting<'l>(&'l Line);

impl Sessions {
    /// Waits until there are fewer than `most` connections to an address; not at all, where there is no such number.
    pub(super) async fn open(&self, address: &str, most: Option<usize>) -> Session {
        let line = self.line(address);
        let mut waiting = None;
        loop {
            let closed = line.closed.notified();
            {
                let mut counts = line.counts();
                if most.is_none_or(|most| counts.open < most) {
                    counts.open += 1;
                    break;
                }
                if waiting.is_none() {
                    counts.waiting += 1;
                    waiting = Some(Waiting(&line));
                    line.wanted.notify_waiters();
                }
            }
            closed.await;
        }
        drop(waiting);
        Session { line, sent: 0 }
    }

    fn line(&self, address: &str) -> Arc<Line> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that nobody uses are forgotten, so that there are no more of them than destinations.
        lines.retain(|_, line| line.strong_count() > 0);
        let known = lines.get(address).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let line = Arc::default();
            lines.insert(address.to_owned(), Arc::downgrade(&line));
            line
        })
    }
}

impl Line {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// Notes that something was sent.
    pub(super) fn sent(&mut self) {
        self.sent = self.sent.saturating_add(1);
    }

    /// Whether another waits and this one had its turn.
    pub(super) fn gives_way(&self) -> bool {
        self.sent >= TURN && self.line.counts().waiting > 0
    }

    /// Waits until another waits.
    pub(super) async fn wanted(&self) {
        loop {
            let wanted = self.line.wanted.notified();
            if self.line.counts().waiting > 0 {
                return;
            }
            wanted.await;
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.line.counts().open -= 1;
        self.line.closed.notify_waiters();
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.counts().waiting -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const SOON: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn whoever_comes_later_waits_until_there_is_room() {
        let sessions = Arc::new(Sessions::default());
        let mut first = sessions.open("lab:1", Some(1)).await;
        assert!(timeout(SOON, first.wanted()).await.is_err());
        // Another address, or no limit, is not kept waiting.
        drop((sessions.open("ris:1", Some(1)).await, sessions.open("lab:1", None).await));
        let waits = Arc::clone(&sessions);
        let second = tokio::spawn(async move { waits.open("lab:1", Some(1)).await });
        first.wanted().await;
        assert!(!first.gives_way(), "it has not had its turn");
        (0..TURN).for_each(|_| first.sent());
        assert!(first.gives_way());
        assert!(!second.is_finished());
        drop(first);
        let second = second.await.expect("it gets it");
        // Whoever gives up waiting keeps nobody.
        assert!(timeout(SOON, sessions.open("lab:1", Some(1))).await.is_err());
        assert!(timeout(SOON, second.wanted()).await.is_err());
    }
}
