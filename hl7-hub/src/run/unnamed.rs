//! Who sends messages without a control id: they are taken, and it is not known when they come again.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use tracing::warn;

/// Most peers that are remembered.
const MOST: usize = 1_000;

/// Peers of sources of which the log has said so.
#[derive(Debug, Default)]
pub(super) struct Unnamed(Mutex<HashSet<(String, String)>>);

impl Unnamed {
    /// Says in the log that a peer of a source sends such messages, once.
    pub(super) fn note(&self, source: &str, peer: &str) {
        if self.is_news(source, peer) {
            warn!(
                source,
                peer,
                "sends messages without a control id: one that comes again is delivered again"
            );
        }
    }

    fn is_news(&self, source: &str, peer: &str) -> bool {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.len() < MOST && said.insert((source.to_owned(), peer.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_news_once_and_not_too_many_are() {
        let unnamed = Unnamed::default();
        assert!(unnamed.is_news("adt", "10.0.0.1"));
        assert!(!unnamed.is_news("adt", "10.0.0.1"));
        assert!(unnamed.is_news("lab", "10.0.0.1"));
        let news = (0..2_000).filter(|number| unnamed.is_news("adt", &number.to_string()));
        assert_eq!(news.count(), MOST - 2);
    }
}
