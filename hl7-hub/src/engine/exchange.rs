//! What a sender is owed, until the store has answered.

use super::delivered::Awaited;
use crate::Payload;
use crate::store::{Accepted, StoreError};

/// A message that was judged and is on its way to the store. Its acknowledgments are in here until the store has answered.
#[derive(Debug)]
pub struct Exchange {
    pub(super) replies: Vec<Payload>,
    /// The answer to a message that was not stored, where there is to be one.
    pub(super) not_stored: Vec<Payload>,
    /// Whether whoever sends this is better met by silence.
    pub(super) close: bool,
    /// What is waited for before the rest of the answer.
    pub(super) awaited: Option<Awaited>,
}

/// What to do on the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What to send, in order.
    pub replies: Vec<Payload>,
    /// Whether to close the connection behind it.
    pub close: bool,
}

impl Exchange {
    /// Whether the connection is closed behind the answer, whatever the store says.
    #[must_use]
    pub fn closes(&self) -> bool {
        self.close
    }

    /// What is waited for, behind what [`answer`](Self::answer) gives, before the rest of the answer.
    #[must_use]
    pub fn awaited(&self) -> Option<&Awaited> {
        self.awaited.as_ref()
    }

    /// What the sender is told, now that the store has answered. No acknowledgment that says "stored" comes from anywhere
    /// else.
    #[must_use]
    pub fn answer(self, stored: &Result<Accepted, StoreError>) -> Answer {
        match stored {
            Ok(Accepted::New { .. }) => Answer { replies: self.replies, close: self.close },
            Ok(Accepted::Duplicate { replies, .. }) => {
                Answer { replies: replies.clone(), close: self.close }
            }
            Err(_) => Answer { close: self.not_stored.is_empty(), replies: self.not_stored },
        }
    }
}
