//! How deliveries are settled: by the end of an attempt, or by an acknowledgment that comes later.

use std::fmt;

use super::{AttemptId, DeliveryId, DeliveryState, MessageId};
use crate::Payload;

/// What becomes of a delivery after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settlement {
    /// The destination took it.
    Done,
    /// Once more.
    Retry {
        /// When, in milliseconds since 1970.
        due: i64,
        /// Whether the destination may have it all the same.
        ambiguous: bool,
    },
    /// It was begun and not sent: it is queued as if it had not been begun.
    Withdrawn,
    /// The destination has stored it; its application acknowledges it later.
    Awaiting {
        /// Until when that is waited for, in milliseconds since 1970.
        until: i64,
    },
    /// Given up, and nothing behind it goes out before somebody has looked.
    Held,
    /// Given up.
    Dead,
}

impl Settlement {
    /// Whether a lane goes on to the next behind it.
    #[must_use]
    pub fn lets_pass(self) -> bool {
        matches!(self, Self::Done | Self::Awaiting { .. } | Self::Dead)
    }
}

/// By what an application acknowledgment is told to be one to a delivery. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct SentAs {
    /// MSH-10 as it was sent.
    pub control_id: Vec<u8>,
    /// MSH-5.1 as it was sent.
    pub receiver: Vec<u8>,
}

impl fmt::Debug for SentAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SentAs(..)")
    }
}

/// What becomes of a delivery of some destination whose application answers later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateRule {
    /// The destination.
    pub destination: String,
    /// What becomes of the delivery.
    pub settlement: Settlement,
    /// What becomes of it, if it was to be sent again and was sent so often.
    pub given_up: Settlement,
    /// How often.
    pub attempts: u32,
    /// Where it goes instead, when it is given up.
    pub backup: Option<String>,
}

/// An application acknowledgment that came later than the reply.
#[derive(Debug, Clone)]
pub struct LateAck {
    /// What it is to, by MSA-2; and who sends it, by MSH-3.1.
    pub of: SentAs,
    /// The destinations that it may come from, with what it does there.
    pub rules: Vec<LateRule>,
    /// In a word or two, without content: `AA`.
    pub outcome: String,
    /// The acknowledgment.
    pub reply: Payload,
    /// When it came, in milliseconds since 1970.
    pub at: i64,
}

/// A delivery that was settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The message.
    pub message: MessageId,
    /// The delivery.
    pub delivery: DeliveryId,
    /// Its destination.
    pub destination: String,
    /// Where it stands.
    pub state: DeliveryState,
}

/// A step of a lane: what ended and what begins, in one commit.
#[derive(Debug, Clone, Default)]
pub struct Step {
    /// How attempts ended.
    pub ends: Vec<AttemptEnd>,
    /// Deliveries whose attempts begin, in their order.
    pub begin: Vec<DeliveryId>,
    /// When they begin, in milliseconds since 1970.
    pub at: i64,
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub struct AttemptEnd {
    /// Which.
    pub attempt: AttemptId,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// In a word or two, without content: `AA`, `timeout`.
    pub outcome: String,
    /// What the destination answered.
    pub reply: Option<Payload>,
    /// What becomes of the delivery.
    pub settlement: Settlement,
    /// By what a later acknowledgment is known, where one is waited for.
    pub sent: Option<SentAs>,
    /// Where it goes instead, with the same bytes, when it is given up; nowhere, if it took another's place itself.
    pub backup: Option<String>,
}
