//! The time, and numbers that no two moments share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use jiff::Timestamp;

use crate::engine::Moment;

/// Tells the time and counts control ids.
#[derive(Debug)]
pub struct Clock {
    next: AtomicU64,
    /// What the system's clock said at the start.
    began: i64,
    started: Instant,
    system: fn() -> Timestamp,
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock {
    /// A clock whose control ids go on from the time: they differ from those before a restart.
    #[must_use]
    pub fn new() -> Self {
        Self::over(Timestamp::now)
    }

    fn over(system: fn() -> Timestamp) -> Self {
        let now = system();
        let next = AtomicU64::new(u64::try_from(now.as_microsecond()).unwrap_or_default());
        Self { next, began: now.as_millisecond(), started: Instant::now(), system }
    }

    /// Milliseconds since 1970, as the system's clock has them: for what people read. It may jump.
    #[must_use]
    pub fn now(&self) -> i64 {
        (self.system)().as_millisecond()
    }

    /// Milliseconds since 1970, as the system's clock had them at the start, and what has gone by since: for what is due at
    /// some time. It goes on evenly when somebody sets the system's clock.
    #[must_use]
    pub fn steady(&self) -> i64 {
        let gone = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.began.saturating_add(gone)
    }

    /// Now, for a message that came.
    #[must_use]
    pub fn moment(&self) -> Moment {
        let now = (self.system)();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Moment {
            at: now.as_millisecond(),
            time: now.strftime("%Y%m%d%H%M%S+0000").to_string(),
            control_id: base36(number),
        }
    }
}

/// A number in digits and capitals: eleven of them hold microseconds since 1970, MSH-10 has room for twenty.
fn base36(mut number: u64) -> String {
    const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut digits = Vec::new();
    loop {
        digits.push(DIGITS[(number % 36) as usize]);
        number /= 36;
        if number == 0 {
            break;
        }
    }
    digits.iter().rev().map(|&digit| char::from(digit)).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use jiff::Timestamp;

    use super::{Clock, base36};

    static TURNED_TO: AtomicI64 = AtomicI64::new(1_000_000_000);

    /// A clock that the test turns.
    fn turned() -> Timestamp {
        let seconds = TURNED_TO.load(Ordering::SeqCst);
        Timestamp::from_second(seconds).expect("a time")
    }

    // I15
    #[test]
    fn a_clock_that_jumps_moves_nothing_that_is_due() {
        let clock = Clock::over(turned);
        let (due, first) = (clock.steady() + 5, clock.moment());
        for jump in [-3_600, 86_400, -1_000_000] {
            TURNED_TO.fetch_add(jump, Ordering::SeqCst);
            let steady = clock.steady();
            assert!((due - 5..due + 60_000).contains(&steady), "{jump}: {steady}");
        }
        while clock.steady() < due {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        // What people read is what the clock of the wall says; control ids never come again.
        let second = clock.moment();
        assert_eq!(second.at, turned().as_millisecond());
        assert!(second.at < first.at && second.control_id > first.control_id);
    }

    #[test]
    fn control_ids_are_short_and_differ() {
        assert_eq!([0, 35, 36, 36 * 36 + 1].map(base36), ["0", "Z", "10", "101"]);
        let clock = Clock::new();
        let (a, b) = (clock.moment(), clock.moment());
        assert_ne!(a.control_id, b.control_id);
        assert!(a.control_id.len() <= 15 && a.time.len() == 19, "{a:?}");
    }
}
