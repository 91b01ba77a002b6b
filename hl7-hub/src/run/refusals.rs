//! Who was refused, in the log each time and in the audit now and then.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::warn;

use super::Hub;

/// How long refusals of an address are the same line of the audit: whoever knocks all day does not fill the store.
const QUIET: Duration = Duration::from_secs(600);
/// Most addresses that are remembered.
const MOST: usize = 1_000;

/// Refusals of one source.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<HashMap<IpAddr, Instant>>);

impl Refusals {
    /// Notes that a connection from an address was refused.
    pub(super) async fn note(&self, hub: &Hub, source: &str, peer: IpAddr, reason: &str) {
        warn!(source, %peer, reason, "refused");
        if self.is_news(peer, Instant::now()) {
            hub.record(hub.event("refused", format!("{source} from {peer}: {reason}"))).await;
        }
    }

    /// Whether the last line about an address is old enough for another one.
    fn is_news(&self, peer: IpAddr, now: Instant) -> bool {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.retain(|_, at| now.duration_since(*at) < QUIET);
        if said.contains_key(&peer) || said.len() >= MOST {
            return false;
        }
        said.insert(peer, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_news_now_and_then_and_not_too_many_are() {
        let (refusals, now) = (Refusals::default(), Instant::now());
        let peer = |number: u16| IpAddr::from([10, 0, (number >> 8) as u8, number as u8]);
        assert!(refusals.is_news(peer(0), now));
        assert!(!refusals.is_news(peer(0), now + QUIET / 2));
        let all: Vec<_> =
            (1..2_000).filter(|&number| refusals.is_news(peer(number), now)).collect();
        assert_eq!(all.len(), MOST - 1);
        assert!(refusals.is_news(peer(0), now + QUIET));
    }
}
