//! What people order, and what a store does about it.

use std::fmt;

use super::{DeliveryId, Incoming, MessageId};
use crate::Payload;

/// Something that a person decided. The store does it and notes who and why, in one commit and one line of the audit.
#[derive(Debug, Clone)]
pub struct Order {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Who.
    pub who: String,
    /// Why, in that person's words; may be empty.
    pub why: String,
    /// What.
    pub act: Act,
}

/// What is to be done.
#[derive(Debug, Clone)]
pub enum Act {
    /// Sources take nothing, or destinations get nothing, until they are resumed; over restarts too.
    Pause {
        /// Which side.
        side: Side,
        /// Their names.
        names: Vec<String>,
    },
    /// The end of that.
    Resume {
        /// Which side.
        side: Side,
        /// Their names.
        names: Vec<String>,
    },
    /// The delivery that a destination is to get next is cancelled.
    Skip {
        /// The destination.
        destination: String,
        /// Which delivery somebody looked at; refused where that is not the next one.
        delivery: Option<DeliveryId>,
    },
    /// The queued deliveries of a message wait until somebody resubmits or dismisses it.
    Park(MessageId),
    /// A message that waits for somebody needs nothing more: its dead and parked deliveries are cancelled.
    Dismiss(MessageId),
    /// A message is sent once more, as deliveries of its own.
    Requeue {
        /// Which.
        message: MessageId,
        /// Where to, and what.
        deliveries: Vec<Requeued>,
    },
    /// A message takes the place of another that waits for somebody. The other stays as it came.
    Edit {
        /// The other.
        parent: MessageId,
        /// The message.
        edited: Box<Incoming>,
    },
    /// Nothing in the store, but something that is to be noted.
    Note {
        /// What, in a word: `backup`.
        action: &'static str,
        /// About which message.
        message: Option<MessageId>,
        /// More, without content of messages.
        detail: String,
    },
}

/// A destination that gets a message once more.
#[derive(Debug, Clone)]
pub struct Requeued {
    /// Its name.
    pub destination: String,
    /// What it gets.
    pub outgoing: Outgoing,
}

/// What is sent when a message is sent once more.
#[derive(Debug, Clone)]
pub enum Outgoing {
    /// What another delivery of the message was to send, byte for byte.
    As(DeliveryId),
    /// The message as it came.
    AsItCame,
    /// The message as its destination wants it now.
    Anew(Payload),
}

/// A side of the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Where messages come from.
    Source,
    /// Where messages go.
    Destination,
}

impl Side {
    /// The word for it, in the store and in paths of the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Destination => "destination",
        }
    }

    /// The one that a word says.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Source, Self::Destination].into_iter().find(|side| side.word() == word)
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordered {
    /// The number of its line in the audit.
    pub line: i64,
    /// What was done, as the audit says it.
    pub done: String,
    /// The message that it was about, or that it made.
    pub message: Option<MessageId>,
    /// Destinations whose queue is another now.
    pub destinations: Vec<String>,
}

/// A source or destination that somebody paused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paused {
    /// Which side.
    pub side: Side,
    /// Its name.
    pub name: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Who.
    pub who: String,
    /// Why.
    pub why: String,
}

/// What is old enough to go, each as a time in milliseconds since 1970; what is `None` is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Clocks {
    /// Content: what came, was sent and was answered.
    pub content: Option<i64>,
    /// Whatever else is known of messages.
    pub metadata: Option<i64>,
    /// Lines of the audit.
    pub audit: Option<i64>,
    /// Keys of messages that are not looked for any more.
    pub dedupe: Option<i64>,
}

/// How far a round of pruning is. It starts with the default and ends with `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PruneFrom {
    pub(super) content: i64,
    pub(super) metadata: i64,
}

/// What one step of pruning did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    /// Messages that lost their content.
    pub contents: u64,
    /// Messages of which nothing is left but their lines in the audit.
    pub messages: u64,
    /// Lines of the audit.
    pub lines: u64,
    /// Where to go on; `None` when nothing more is old enough.
    pub next: Option<PruneFrom>,
}
