//! What the end of an attempt comes to.

use std::time::Duration;

use hl7_core::ack::{Reply, ReplyKind};

use crate::Payload;

/// What came of sending.
#[derive(Debug)]
pub enum Sent {
    /// A reply.
    Replied(Payload),
    /// It is there, and there will be no reply.
    Taken,
    /// Neither.
    Lost(Lost),
}

/// Why an attempt ended without a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// Nothing came for too long.
    Timeout,
    /// The connection ended.
    Closed,
    /// The connection was gone before a byte was written.
    Unsent,
    /// It could not be written as a whole.
    NotWritten,
    /// The destination says, below the level of acknowledgments, that it did not store it.
    Refused,
    /// It answered over HTTP with a status that is no success, and no acknowledgment that says more.
    Status {
        /// The status.
        status: u16,
        /// How long it asks to wait.
        after: Option<Duration>,
    },
    /// It can never be written this way: it holds the marks of a frame.
    Unsendable,
}

/// What an end without a reply comes to.
pub(super) struct Failure {
    /// In a word or two.
    pub(super) outcome: String,
    pub(super) meaning: Meaning,
    /// Whether the destination may have the message all the same.
    pub(super) ambiguous: bool,
}

/// What is not well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The destination: its messages are sent again, however often.
    Unwell,
    /// Perhaps the message: it is sent again so often.
    Message,
    /// The message, for good.
    Never,
}

impl Failure {
    pub(super) fn of(lost: Lost) -> Self {
        let (outcome, meaning, ambiguous) = match lost {
            Lost::Unsent => ("not sent", Meaning::Unwell, false),
            Lost::Timeout => ("timeout", Meaning::Unwell, true),
            Lost::Closed => ("closed", Meaning::Unwell, true),
            Lost::NotWritten => ("not written", Meaning::Unwell, true),
            Lost::Refused => ("not stored", Meaning::Message, false),
            Lost::Unsendable => ("holds the marks of a frame", Meaning::Never, false),
            Lost::Status { status, .. } => {
                let (meaning, ambiguous) = match status {
                    429 | 503 => (Meaning::Unwell, false),
                    // Somebody between us and it gave up; or it is not where it was.
                    408 | 502 | 504 => (Meaning::Unwell, true),
                    ..400 => (Meaning::Unwell, false),
                    400..500 => (Meaning::Never, false),
                    _ => (Meaning::Message, true),
                };
                return Self { outcome: format!("HTTP {status}"), meaning, ambiguous };
            }
        };
        Self { outcome: outcome.to_owned(), meaning, ambiguous }
    }
}

/// Whether a reply is one to the message that was sent.
pub(super) fn answers(reply: &Reply) -> bool {
    match reply.kind {
        ReplyKind::Ack(_) | ReplyKind::SiteCode | ReplyKind::Text { .. } => true,
        ReplyKind::OtherMessage(_) | ReplyKind::NoAck | ReplyKind::Blank => false,
    }
}

/// What a reply was, without its content.
pub(super) fn outcome(reply: &Reply) -> String {
    match reply.kind {
        ReplyKind::Ack(code) if reply.application_ack_due => {
            format!("{code}, an application acknowledgment is due")
        }
        ReplyKind::Ack(code) => code.to_string(),
        ReplyKind::SiteCode => "a code of the site".to_owned(),
        ReplyKind::OtherMessage(code) => format!("{code} for another message"),
        ReplyKind::Text { success: true } => "the text for success".to_owned(),
        ReplyKind::Text { success: false } => "the text for failure".to_owned(),
        ReplyKind::NoAck => "no acknowledgment".to_owned(),
        ReplyKind::Blank => "a blank reply".to_owned(),
    }
}
