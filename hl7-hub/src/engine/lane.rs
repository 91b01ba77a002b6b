//! The deliveries of one destination, one after the other.

use std::collections::VecDeque;
use std::time::Duration;

use hl7_core::ack::{Decision, Reply, ReplyKind, ReplyRules};

use super::Backoff;
use super::reply::read_reply;
use crate::Payload;
use crate::store::{AttemptEnd, AttemptId, Delivery, DeliveryId, Settlement};

/// Deliveries that are read ahead: memory does not grow with what is queued.
const AHEAD: usize = 32;

/// Sends the deliveries of one destination in their order.
///
/// It is told what happened ([`Event`]) and says what to do next ([`Action`]); one action is under way at a time. A delivery
/// is begun only when the one before it is settled for good, so nothing overtakes.
///
/// What a failure means: a destination that cannot be reached is tried for ever, without an attempt being counted, as no
/// byte was sent. One that does not answer is not well; its message is sent again for ever unless `lost_attempts` says
/// otherwise, and marked, as it may have it. An answer that says "later" is about the message; it is given up after
/// [`Backoff::attempts`].
#[derive(Debug)]
pub struct Lane {
    rules: ReplyRules,
    backoff: Backoff,
    /// Attempts without an answer until a delivery is given up.
    lost_attempts: Option<u32>,
    /// Where a delivery goes instead that is given up.
    backup: Option<String>,
    ahead: VecDeque<Delivery>,
    /// The last one that is settled.
    last: Option<DeliveryId>,
    connected: bool,
    /// Failures in a row to reach the destination or the store.
    failures: u32,
    /// The attempt under way.
    attempt: Option<AttemptId>,
    /// What is to be settled, until the store has it.
    unsettled: Option<AttemptEnd>,
}

/// What happened.
#[derive(Debug)]
pub enum Event<'e> {
    /// A delivery may be there, or a pause is over.
    Woken,
    /// Somebody changed what is queued.
    Changed,
    /// What was fetched.
    Fetched(Vec<Delivery>),
    /// The destination was reached.
    Connected,
    /// It was not.
    Unreachable,
    /// The connection that was there is gone, and nothing was under way on it.
    Disconnected,
    /// The attempt is in the store; its first byte may go out.
    Began(AttemptId),
    /// The destination replied.
    Replied(&'e [u8]),
    /// The destination took it, and gives no replies: a file is on disk, or a commit block says so.
    Taken,
    /// The attempt ended without a reply.
    Lost(Lost),
    /// What was to be settled is; and the next attempt is in the store, if one was named.
    Settled(Option<AttemptId>),
    /// The store did not do what was asked for.
    StoreFailed,
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
    /// It can never be written this way: it holds the marks of a frame.
    Unsendable,
}

/// What to do next.
#[derive(Debug, Clone)]
pub enum Action {
    /// Fetch deliveries behind one; answer with [`Event::Fetched`] or [`Event::StoreFailed`].
    Fetch {
        /// Behind which.
        behind: Option<DeliveryId>,
        /// So many at most.
        most: usize,
    },
    /// Wait until a delivery may be there; then [`Event::Woken`].
    Rest,
    /// Wait so long; then [`Event::Woken`].
    Pause(Duration),
    /// Reach the destination; answer with [`Event::Connected`] or [`Event::Unreachable`].
    Connect,
    /// Make sure that the connection is as it was left, then note that an attempt begins; answer with [`Event::Began`],
    /// [`Event::Disconnected`] or [`Event::StoreFailed`].
    Begin(DeliveryId),
    /// Send it and wait for the reply; answer with [`Event::Replied`], [`Event::Taken`] or [`Event::Lost`].
    Send(Delivery),
    /// Settle an attempt, having closed the connection first if it is not to be trusted any more; answer with
    /// [`Event::Settled`] or [`Event::StoreFailed`].
    Settle {
        /// How it ended.
        end: AttemptEnd,
        /// What to begin in the same commit, if the connection is still there: a commit for each message, not two.
        next: Option<DeliveryId>,
        /// Whether to close the connection.
        close: bool,
    },
}

impl Lane {
    /// A lane that is told [`Event::Woken`] next.
    #[must_use]
    pub fn new(
        rules: ReplyRules,
        backoff: Backoff,
        lost_attempts: Option<u32>,
        backup: Option<String>,
    ) -> Self {
        Self {
            rules,
            backoff,
            lost_attempts,
            backup,
            ahead: VecDeque::new(),
            last: None,
            connected: false,
            failures: 0,
            attempt: None,
            unsettled: None,
        }
    }

    /// What to do next, after something happened; `now` in milliseconds since 1970, `random` from 0 to 1.
    pub fn handle(&mut self, event: Event<'_>, now: i64, random: f64) -> Action {
        match event {
            Event::Woken => self.next(now),
            Event::Changed => {
                // What is to be settled is; what was read ahead may not be queued any more.
                if self.unsettled.is_none() {
                    self.ahead.clear();
                }
                self.next(now)
            }
            Event::Fetched(deliveries) if deliveries.is_empty() => Action::Rest,
            Event::Fetched(deliveries) => {
                self.failures = 0;
                self.ahead.extend(deliveries);
                self.next(now)
            }
            Event::Connected => {
                self.connected = true;
                self.next(now)
            }
            Event::Unreachable => {
                self.connected = false;
                self.pause(random)
            }
            Event::Disconnected => {
                self.connected = false;
                // A peer that closes between messages is called at once; one that closes whatever is opened, less and less.
                match self.failures {
                    0 => {
                        self.failures = 1;
                        self.next(now)
                    }
                    _ => self.pause(random),
                }
            }
            Event::Began(attempt) => self.send(attempt),
            Event::Replied(reply) => self.replied(reply, now, random),
            Event::Taken => {
                self.failures = 0;
                self.ended("taken", None, Settlement::Done, now)
            }
            Event::Lost(lost) => self.lost(lost, now, random),
            Event::Settled(began) => self.settled(began, now),
            Event::StoreFailed => {
                if self.unsettled.is_none() {
                    // What was read ahead may be out of date.
                    self.ahead.clear();
                }
                self.pause(random)
            }
        }
    }

    fn next(&self, now: i64) -> Action {
        if let Some(end) = &self.unsettled {
            return Action::Settle { end: end.clone(), next: None, close: !self.connected };
        }
        let Some(head) = self.ahead.front() else {
            return Action::Fetch { behind: self.last, most: AHEAD };
        };
        // A clock that was set back does not make a pause longer than the longest.
        let longest = self.backoff.most.mul_f64(1.0 + self.backoff.jitter);
        match u64::try_from(head.due.saturating_sub(now)) {
            Ok(wait) if wait > 0 => Action::Pause(Duration::from_millis(wait).min(longest)),
            _ if !self.connected => Action::Connect,
            _ => Action::Begin(head.id),
        }
    }

    fn pause(&mut self, random: f64) -> Action {
        self.failures = self.failures.saturating_add(1);
        Action::Pause(self.backoff.pause(self.failures, random))
    }

    fn send(&mut self, attempt: AttemptId) -> Action {
        let Some(head) = self.ahead.front_mut() else { return Action::Rest };
        head.attempts = head.attempts.saturating_add(1);
        self.attempt = Some(attempt);
        Action::Send(head.clone())
    }

    fn replied(&mut self, reply: &[u8], now: i64, random: f64) -> Action {
        let Some(head) = self.ahead.front() else { return Action::Rest };
        let read = read_reply(&self.rules, head.payload.bytes(), reply);
        let answers = answers(&read);
        let settlement = match read.decision {
            Decision::Accepted => Settlement::Done,
            Decision::Reject => Settlement::Dead,
            Decision::Retry if head.attempts >= self.backoff.attempts => Settlement::Dead,
            Decision::Retry => self.retry(now, random, !answers),
        };
        // What does not answer this message may be followed by what does, too late: the next message must not get it.
        self.connected &= answers;
        self.failures = 0;
        self.ended(&outcome(&read), Some(Payload::from(reply)), settlement, now)
    }

    fn lost(&mut self, lost: Lost, now: i64, random: f64) -> Action {
        // A refusal is an answer, to this message; whatever else happened, the next one must not get what may still come.
        self.connected &= lost == Lost::Refused;
        let attempts = self.ahead.front().map_or(0, |head| head.attempts);
        let most = match lost {
            Lost::Refused => Some(self.backoff.attempts),
            _ => self.lost_attempts,
        };
        let given_up = most.is_some_and(|most| attempts >= most);
        let (outcome, ambiguous) = match lost {
            Lost::Unsent => ("not sent", false),
            Lost::Timeout => ("timeout", true),
            Lost::Closed => ("closed", true),
            Lost::NotWritten => ("not written", true),
            Lost::Refused => ("not stored", false),
            Lost::Unsendable => ("holds the marks of a frame", false),
        };
        let settlement = match lost {
            Lost::Unsendable => Settlement::Dead,
            Lost::Unsent => {
                self.failures = self.failures.saturating_add(1);
                let pause = match self.failures {
                    1 => Duration::ZERO,
                    failures => self.backoff.pause(failures, random),
                };
                Settlement::Retry { due: later(now, pause), ambiguous }
            }
            _ if given_up => Settlement::Dead,
            _ => self.retry(now, random, ambiguous),
        };
        self.ended(outcome, None, settlement, now)
    }

    fn retry(&self, now: i64, random: f64, ambiguous: bool) -> Settlement {
        let attempts = self.ahead.front().map_or(1, |head| head.attempts);
        Settlement::Retry { due: later(now, self.backoff.pause(attempts, random)), ambiguous }
    }

    fn ended(
        &mut self,
        outcome: &str,
        reply: Option<Payload>,
        settlement: Settlement,
        at: i64,
    ) -> Action {
        let Some(attempt) = self.attempt.take() else { return Action::Rest };
        let outcome = outcome.to_owned();
        let backup = self.backup.clone().filter(|_| settlement == Settlement::Dead);
        let end = AttemptEnd { attempt, at, outcome, reply, settlement, backup };
        self.unsettled = Some(end.clone());
        let moves_on = self.connected && matches!(settlement, Settlement::Done | Settlement::Dead);
        let next = self.ahead.get(1).filter(|next| moves_on && next.due <= at);
        Action::Settle { end, next: next.map(|next| next.id), close: !self.connected }
    }

    fn settled(&mut self, began: Option<AttemptId>, now: i64) -> Action {
        match self.unsettled.take().map(|end| end.settlement) {
            Some(Settlement::Retry { due, ambiguous }) => {
                if let Some(head) = self.ahead.front_mut() {
                    (head.due, head.maybe_duplicate) = (due, head.maybe_duplicate | ambiguous);
                }
            }
            Some(Settlement::Done | Settlement::Dead) => {
                self.last = self.ahead.pop_front().map(|head| head.id).or(self.last);
            }
            None => {}
        }
        match began {
            Some(attempt) => self.send(attempt),
            None => self.next(now),
        }
    }
}

fn later(now: i64, pause: Duration) -> i64 {
    now.saturating_add(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX))
}

/// Whether a reply is one to the message that was sent.
fn answers(reply: &Reply) -> bool {
    match reply.kind {
        ReplyKind::Ack(_) | ReplyKind::SiteCode | ReplyKind::Text { .. } => true,
        ReplyKind::OtherMessage(_) | ReplyKind::NoAck | ReplyKind::Blank => false,
    }
}

/// What a reply was, without its content.
fn outcome(reply: &Reply) -> String {
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
