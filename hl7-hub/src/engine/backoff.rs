//! When to try again.

use std::time::Duration;

/// Pauses that double from the first to the longest, and how often.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// The first pause.
    pub first: Duration,
    /// The longest pause.
    pub most: Duration,
    /// By how much of it a pause may be longer or shorter, from 0 to 1: lanes that failed together do not come back together.
    pub jitter: f64,
    /// Attempts until a delivery is given up.
    pub attempts: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            most: Duration::from_secs(300),
            jitter: 0.2,
            attempts: 10,
        }
    }
}

impl Backoff {
    /// The pause behind some failures in a row; `random` is from 0 to 1.
    #[must_use]
    pub fn pause(&self, failures: u32, random: f64) -> Duration {
        let doublings = failures.saturating_sub(1).min(30);
        let pause = self.first.saturating_mul(1 << doublings).min(self.most);
        let spread = self.jitter * (random.clamp(0.0, 1.0) * 2.0 - 1.0);
        pause.mul_f64((1.0 + spread).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let backoff = Backoff { jitter: 0.0, ..Backoff::default() };
        let seconds = |failures| backoff.pause(failures, 0.7).as_secs();
        assert_eq!([0, 1, 2, 3, 4].map(seconds), [1, 1, 2, 4, 8]);
        assert_eq!([9, 10, 1_000, u32::MAX].map(seconds), [256, 300, 300, 300]);
    }

    #[test]
    fn jitter_stays_within_its_share() {
        let backoff = Backoff::default();
        for (random, expected) in [(0.0, 800), (0.5, 1_000), (1.0, 1_200), (7.0, 1_200)] {
            assert_eq!(backoff.pause(1, random).as_millis(), expected);
        }
    }
}
