//! The time, and numbers that no two moments share.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;

use crate::engine::Moment;

/// Tells the time and counts control ids.
#[derive(Debug)]
pub struct Clock {
    next: AtomicU64,
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
        let started = Timestamp::now().as_microsecond();
        Self { next: AtomicU64::new(u64::try_from(started).unwrap_or_default()) }
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        Timestamp::now().as_millisecond()
    }

    /// Now, for a message that came.
    #[must_use]
    pub fn moment(&self) -> Moment {
        let now = Timestamp::now();
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
    use super::{Clock, base36};

    #[test]
    fn control_ids_are_short_and_differ() {
        assert_eq!([0, 35, 36, 36 * 36 + 1].map(base36), ["0", "Z", "10", "101"]);
        let clock = Clock::new();
        let (a, b) = (clock.moment(), clock.moment());
        assert_ne!(a.control_id, b.control_id);
        assert!(a.control_id.len() <= 15 && a.time.len() == 19, "{a:?}");
    }
}
