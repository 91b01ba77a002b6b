//! How much of messages the hub holds that are not complete.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Bytes that all connections together may hold. Where they are used up, nothing is read: the sender's own system holds what
/// it sends. One connection may go over the limit, so that there is always one whose message gets complete.
#[derive(Debug)]
pub(super) struct Budget {
    used: Mutex<Used>,
    freed: Notify,
}

#[derive(Debug)]
struct Used {
    limit: usize,
    bytes: usize,
    /// Whether the one that may go over the limit does.
    over: bool,
}

/// What one connection holds; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Held {
    budget: Arc<Budget>,
    bytes: usize,
    over: bool,
}

impl Budget {
    pub(super) fn new(limit: usize) -> Self {
        Self { used: Mutex::new(Used { limit, bytes: 0, over: false }), freed: Notify::new() }
    }

    /// Sets another limit. What is held already stays.
    pub(super) fn limit(&self, limit: usize) {
        self.used().limit = limit;
        self.freed.notify_waiters();
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    pub(super) fn nothing(budget: Arc<Budget>) -> Self {
        Self { budget, bytes: 0, over: false }
    }

    /// Holds so many bytes, if there are as many.
    fn try_hold(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        if more == 0 {
            return true;
        }
        let mut used = self.budget.used();
        let fits = used.bytes.saturating_add(more) <= used.limit;
        if !fits && !self.over {
            if used.over {
                return false;
            }
            used.over = true;
            self.over = true;
        }
        used.bytes += more;
        self.bytes += more;
        true
    }

    /// Waits until it may hold so many bytes.
    pub(super) async fn hold(&mut self, bytes: usize) {
        let budget = Arc::clone(&self.budget);
        loop {
            let freed = budget.freed.notified();
            if self.try_hold(bytes) {
                return;
            }
            freed.await;
        }
    }

    /// Gives everything back.
    pub(super) fn release(&mut self) {
        if self.bytes == 0 && !self.over {
            return;
        }
        let mut used = self.budget.used();
        used.bytes -= self.bytes;
        used.over &= !self.over;
        drop(used);
        (self.bytes, self.over) = (0, false);
        self.budget.freed.notify_waiters();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_used_up_is_waited_for_but_by_one() {
        let budget = Arc::new(Budget::new(100));
        let [mut a, mut b, mut c] = [(); 3].map(|()| Held::nothing(Arc::clone(&budget)));
        assert!(a.try_hold(60) && b.try_hold(40));
        // One may go over the limit, and go on doing so; no other may.
        assert!(a.try_hold(90) && a.try_hold(500));
        assert!(!b.try_hold(41) && !c.try_hold(1));
        assert!(b.try_hold(40), "what it has it may keep");
        let waits = tokio::spawn(async move {
            c.hold(50).await;
            c
        });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        a.release();
        let c = waits.await.expect("it gets it");
        drop((a, b, c));
        let used = budget.used();
        assert_eq!((used.bytes, used.over), (0, false));
    }

    #[tokio::test]
    async fn a_higher_limit_helps_who_waits() {
        let budget = Arc::new(Budget::new(10));
        let [mut a, mut b] = [(); 2].map(|()| Held::nothing(Arc::clone(&budget)));
        assert!(a.try_hold(20) && !b.try_hold(5));
        let waits = tokio::spawn(async move { b.hold(5).await });
        tokio::task::yield_now().await;
        budget.limit(30);
        waits.await.expect("it gets it");
    }
}
