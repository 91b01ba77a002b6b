//! The deliveries of one destination, one after the other.

use std::collections::VecDeque;
use std::time::Duration;

use hl7_core::Header;
use hl7_core::ack::{Decision, ReplyRules};

use super::Backoff;
use super::ending::{Failure, Lost, Meaning, answers, outcome};
use super::reply::{control_ids, read_reply};
use crate::Payload;
use crate::store::{
    AttemptEnd, AttemptId, Delivery, DeliveryId, MessageId, PENDING_BYTES, SentAs, Settlement,
    Step, WITHDRAWN,
};

/// Deliveries that are read ahead: memory does not grow with what is queued.
const AHEAD: usize = 64;

/// How a lane works.
#[derive(Debug, Clone)]
pub struct LaneSettings {
    /// What replies mean.
    pub rules: ReplyRules,
    /// When to try again.
    pub backoff: Backoff,
    /// Attempts without an answer until a delivery is given up; `None` for never.
    pub lost_attempts: Option<u32>,
    /// Where a delivery goes instead that is given up.
    pub backup: Option<String>,
    /// Most deliveries between the commit that says that they begin and the one that says how they ended.
    pub window: usize,
    /// Whether a delivery that would be given up holds up those behind it, until somebody has looked.
    pub hold: bool,
    /// How long the application's acknowledgment is waited for behind one that only says "stored"; `None` where that is enough.
    pub application: Option<Duration>,
    /// Whether the destination has other lanes, with which this one shares what all of them wait for.
    pub keyed: bool,
    /// Whether all that were begun are handed over at once: files, that are synced together.
    pub burst: bool,
}

/// Sends the deliveries of one destination in their order.
///
/// It is told what happened ([`Event`]) and says what to do next: one thing at a time with the destination ([`Wire`]) and one
/// with the store ([`Book`]), side by side. While one delivery waits for its reply, the ends of those before it are
/// written down together with the beginnings of those behind it: a commit for many messages, and none while the
/// destination is waited for. What is sent was begun in the store before, and is sent when the one before it was answered
/// for good, so nothing overtakes; what was begun and may not be sent after all is withdrawn. The window opens with each
/// success and closes with each failure.
///
/// What a failure means: a destination that cannot be reached is tried for ever, without an attempt being counted, as no
/// byte was sent. One that does not answer is not well; its message is sent again for ever unless `lost_attempts` says
/// otherwise, and marked, as it may have it. An answer that says "later" is about the message; it is given up after
/// [`Backoff::attempts`].
#[derive(Debug)]
pub struct Lane {
    settings: LaneSettings,
    /// Read, and not begun, in order.
    ahead: VecDeque<Delivery>,
    /// Being begun by the step that is under way.
    beginning: VecDeque<Delivery>,
    /// Begun, and not sent.
    begun: VecDeque<Begun>,
    /// Sent, and not answered.
    sent: VecDeque<Begun>,
    /// Ended, and not settled in the store.
    ended: VecDeque<(MessageId, AttemptEnd)>,
    /// How many of those the step that is under way settles.
    settling: usize,
    /// The last one that was read.
    read: Option<DeliveryId>,
    /// Whether there may be more to read.
    more: bool,
    /// Whether what was read ahead may be out of date.
    stale: bool,
    connected: bool,
    /// What is under way with the destination, and with the store.
    wire: bool,
    book: bool,
    stopping: bool,
    /// Whether somebody has paused the destination.
    closed: bool,
    /// How far the window is open.
    open: usize,
    /// Failures in a row to reach the destination, and the store.
    failures: u32,
    store_failures: u32,
}

/// A delivery with the attempt to send it.
#[derive(Debug)]
struct Begun {
    delivery: Delivery,
    attempt: AttemptId,
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// A delivery may be there.
    Arrived,
    /// Somebody changed what is queued: a delivery is let go, or comes again. Where the lane was closed it is open again.
    Changed,
    /// Somebody paused the destination: nothing more is begun until the next [`Event::Changed`].
    Closed,
    /// The hub stops: what is under way is finished, nothing new is begun.
    Stop,
    /// The destination was reached.
    Connected,
    /// It was not.
    Unreachable,
    /// The connection that was there is gone, and nothing was under way on it.
    Disconnected,
    /// The destination replied.
    Replied(Payload),
    /// The destination took what was sent, and gives no replies: files are on disk, or a commit block says so.
    Taken,
    /// The attempt ended without a reply.
    Lost(Lost),
    /// A pause of the wire is over.
    Paused,
    /// What was fetched.
    Fetched(Vec<Delivery>),
    /// What was to be settled is; and these attempts are in the store, for the first of what was to begin.
    Stepped(Vec<AttemptId>),
    /// The store did not do what was asked for.
    StoreFailed,
    /// A pause of the book is over.
    BookPaused,
}

/// What to do next. What is `None` goes on as it does, or has nothing to do.
#[derive(Debug, Default)]
pub struct Actions {
    /// Whether to close the connection first, which is not to be trusted any more.
    pub close: bool,
    /// What to do with the destination.
    pub wire: Option<Wire>,
    /// What to do with the store.
    pub book: Option<Book>,
}

/// Something to do with the destination.
#[derive(Debug)]
pub enum Wire {
    /// Reach it; answer with [`Event::Connected`] or [`Event::Unreachable`].
    Connect,
    /// Wait so long; then [`Event::Paused`].
    Pause(Duration),
    /// Send these and wait for the reply; answer with [`Event::Replied`], [`Event::Taken`] or [`Event::Lost`]. More than one
    /// only for a lane that bursts.
    Send(Vec<Delivery>),
}

/// Something to do with the store.
#[derive(Debug)]
pub enum Book {
    /// Fetch deliveries behind one; answer with [`Event::Fetched`] or [`Event::StoreFailed`].
    Fetch {
        /// Behind which.
        behind: Option<DeliveryId>,
        /// So many at most.
        most: usize,
    },
    /// Take a step; answer with [`Event::Stepped`] or [`Event::StoreFailed`]. Where the connection is found to be gone before,
    /// tell [`Event::Disconnected`] first and begin nothing.
    Step {
        /// What ends and what begins.
        step: Step,
        /// The messages of what ends.
        messages: Vec<MessageId>,
    },
    /// Wait so long; then [`Event::BookPaused`].
    Pause(Duration),
}

impl LaneSettings {
    fn given_up(&self) -> Settlement {
        if self.hold { Settlement::Held } else { Settlement::Dead }
    }
}

impl Lane {
    /// A lane that is told [`Event::Arrived`] next.
    #[must_use]
    pub fn new(settings: LaneSettings) -> Self {
        Self {
            settings,
            ahead: VecDeque::new(),
            beginning: VecDeque::new(),
            begun: VecDeque::new(),
            sent: VecDeque::new(),
            ended: VecDeque::new(),
            settling: 0,
            read: None,
            more: false,
            stale: false,
            connected: false,
            wire: false,
            book: false,
            stopping: false,
            closed: false,
            open: 1,
            failures: 0,
            store_failures: 0,
        }
    }

    /// Whether a lane that was stopped has nothing to finish any more.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.stopping && !self.wire && !self.book && self.ended.is_empty()
    }

    /// What to do next, after something happened; `now` in milliseconds since 1970, `random` from 0 to 1.
    pub fn handle(&mut self, event: Event, now: i64, random: f64) -> Actions {
        let was_connected = self.connected;
        let mut pause = None;
        match event {
            Event::Arrived => self.more = true,
            Event::Changed => (self.stale, self.closed) = (true, false),
            Event::Closed => {
                self.closed = true;
                self.withdraw(now);
            }
            Event::Stop => {
                self.stopping = true;
                self.withdraw(now);
            }
            Event::Connected => (self.wire, self.connected) = (false, true),
            Event::Unreachable => {
                self.wire = false;
                self.connected = false;
                pause = Some(self.fail(random));
            }
            Event::Disconnected => {
                self.connected = false;
                // A peer that closes between messages is called at once; one that closes whatever is opened, less and less.
                match self.failures {
                    0 => self.failures = 1,
                    _ => pause = Some(self.fail(random)),
                }
                self.withdraw(now);
            }
            Event::Replied(reply) => self.replied(reply, now, random),
            Event::Taken => self.ended_all("taken", None, |_| Settlement::Done, now),
            Event::Lost(lost) => self.lost(lost, now, random),
            Event::Paused => self.wire = false,
            Event::BookPaused => self.book = false,
            Event::Fetched(deliveries) => self.fetched(deliveries),
            Event::Stepped(began) => self.stepped(began, now),
            Event::StoreFailed => return self.store_failed(random),
        }
        let close = was_connected && !self.connected;
        let wire = match pause.filter(|_| !self.wire) {
            Some(pause) => Some(Wire::Pause(pause)),
            None => self.next_wire(now),
        };
        self.wire |= wire.is_some();
        let book = self.next_book(now);
        self.book |= book.is_some();
        Actions { close, wire, book }
    }

    fn next_wire(&mut self, now: i64) -> Option<Wire> {
        if self.wire || self.begins_nothing() {
            return None;
        }
        if !self.begun.is_empty() && self.connected {
            let count = if self.settings.burst { self.begun.len() } else { 1 };
            self.sent.extend(self.begun.drain(..count));
            return Some(Wire::Send(self.sent.iter().map(|sent| sent.delivery.clone()).collect()));
        }
        // What may be out of date is nothing to wait for: the next one may be due at once.
        let head = self.ahead.front().filter(|head| !head.held && !self.stale)?;
        // A clock that was set back does not make a pause longer than the longest.
        let longest = self.settings.backoff.most.mul_f64(1.0 + self.settings.backoff.jitter);
        match u64::try_from(head.due.saturating_sub(now)) {
            Ok(wait) if wait > 0 => Some(Wire::Pause(Duration::from_millis(wait).min(longest))),
            _ => (!self.connected).then_some(Wire::Connect),
        }
    }

    fn next_book(&mut self, now: i64) -> Option<Book> {
        if self.book {
            return None;
        }
        self.forget_what_is_stale();
        let wants = self.more && !self.stale && !self.begins_nothing();
        let hungry = self.ahead.len() < self.settings.window;
        if wants && hungry {
            // What arrives from now on may be too late to be seen.
            self.more = false;
            return Some(Book::Fetch { behind: self.read, most: AHEAD });
        }
        self.beginning = self.take_ready(now);
        if self.ended.is_empty() && self.beginning.is_empty() {
            return None;
        }
        self.settling = self.ended.len();
        let (messages, ends) = self.ended.iter().cloned().unzip();
        let begin = self.beginning.iter().map(|delivery| delivery.id).collect();
        Some(Book::Step { step: Step { ends, begin, at: now }, messages })
    }

    /// Reads anew what may be out of date, once nothing is under way.
    fn forget_what_is_stale(&mut self) {
        let idle = self.begun.is_empty() && self.sent.is_empty() && self.ended.is_empty();
        if self.stale && idle {
            self.ahead.clear();
            (self.stale, self.more, self.read) = (false, true, None);
        }
    }

    /// Takes what may begin now from what was read ahead.
    fn take_ready(&mut self, now: i64) -> VecDeque<Delivery> {
        let under_way = self.begun.len() + self.sent.len();
        let room = match self.connected && !self.stale && !self.begins_nothing() {
            true => self.open.saturating_sub(under_way),
            false => 0,
        };
        let is_ready = |delivery: &&Delivery| delivery.due <= now && !delivery.held;
        let ready = self.ahead.iter().take(room).take_while(is_ready).count();
        self.ahead.drain(..ready).collect()
    }

    fn fetched(&mut self, deliveries: Vec<Delivery>) {
        self.book = false;
        self.store_failures = 0;
        let bytes: usize = deliveries.iter().map(|next| next.payload.bytes().len()).sum();
        self.more |= deliveries.len() >= AHEAD || bytes >= PENDING_BYTES;
        self.read = deliveries.last().map(|last| last.id).or(self.read);
        self.ahead.extend(deliveries);
    }

    fn stepped(&mut self, began: Vec<AttemptId>, now: i64) {
        self.book = false;
        self.store_failures = 0;
        let settled = self.ended.drain(..std::mem::take(&mut self.settling)).count();
        // What all lanes wait for may be this one's now.
        self.more |= self.settings.keyed && settled > 0 && self.ahead.is_empty();
        let mut attempts = began.into_iter();
        for mut delivery in std::mem::take(&mut self.beginning) {
            match attempts.next() {
                Some(attempt) => {
                    delivery.attempts = delivery.attempts.saturating_add(1);
                    self.begun.push_back(Begun { delivery, attempt });
                }
                None => self.put_back(delivery),
            }
        }
        // Meanwhile one before them came back, or the connection went.
        if !self.connected || self.begins_nothing() || self.would_overtake() {
            self.withdraw(now);
        }
    }

    fn store_failed(&mut self, random: f64) -> Actions {
        for delivery in std::mem::take(&mut self.beginning) {
            self.put_back(delivery);
        }
        (self.settling, self.stale) = (0, true);
        self.store_failures = self.store_failures.saturating_add(1);
        // A lane that stops does not wait for a store that is gone: what was not settled is ambiguous at the next start.
        if self.stopping {
            self.book = false;
            self.ended.clear();
            return Actions::default();
        }
        self.book = true;
        let pause = self.settings.backoff.pause(self.store_failures, random);
        Actions { book: Some(Book::Pause(pause)), ..Actions::default() }
    }

    /// A failure to reach the destination, and how long to wait.
    fn fail(&mut self, random: f64) -> Duration {
        self.failures = self.failures.saturating_add(1);
        self.settings.backoff.pause(self.failures, random)
    }

    /// Takes back what was begun and not sent.
    fn withdraw(&mut self, at: i64) {
        for Begun { mut delivery, attempt } in std::mem::take(&mut self.begun) {
            let outcome = WITHDRAWN.to_owned();
            let settlement = Settlement::Withdrawn;
            let (reply, sent, backup) = (None, None, None);
            let end = AttemptEnd { attempt, at, outcome, reply, settlement, sent, backup };
            self.ended.push_back((delivery.message, end));
            delivery.attempts = delivery.attempts.saturating_sub(1);
            self.put_back(delivery);
        }
    }

    /// Puts a delivery back to its place in what is ahead.
    fn put_back(&mut self, delivery: Delivery) {
        let place = self.ahead.partition_point(|other| other.id < delivery.id);
        self.ahead.insert(place, delivery);
    }

    fn replied(&mut self, reply: Payload, now: i64, random: f64) {
        let Some(Begun { delivery, .. }) = self.sent.front() else { return };
        let read = read_reply(&self.settings.rules, delivery.payload.bytes(), reply.bytes());
        let answers = answers(&read);
        let backoff = self.settings.backoff;
        let settlement = match read.decision {
            Decision::Accepted => {
                match self.settings.application.filter(|_| read.application_ack_due) {
                    Some(limit) => Settlement::Awaiting { until: later(now, limit) },
                    None => Settlement::Done,
                }
            }
            Decision::Reject => self.settings.given_up(),
            Decision::Retry if delivery.attempts >= backoff.attempts => self.settings.given_up(),
            Decision::Retry => retry(&backoff, delivery, now, random, !answers),
        };
        // What does not answer this message may be followed by what does, too late: the next message must not get it.
        self.connected &= answers;
        self.failures = 0;
        self.ended_all(&outcome(&read), Some(reply), |_| settlement, now);
    }

    fn lost(&mut self, lost: Lost, now: i64, random: f64) {
        // A refusal is an answer, to this message; whatever else happened, the next one must not get what may still come.
        self.connected &= matches!(lost, Lost::Refused | Lost::Status { .. });
        if lost == Lost::Unsent {
            self.failures = self.failures.saturating_add(1);
        }
        let (backoff, given_up) = (self.settings.backoff, self.settings.given_up());
        let unsent = match self.failures {
            0 | 1 => Duration::ZERO,
            failures => backoff.pause(failures, random),
        };
        let Failure { outcome, meaning, ambiguous } = Failure::of(lost);
        let most = match meaning {
            Meaning::Message => Some(backoff.attempts),
            Meaning::Unwell | Meaning::Never => self.settings.lost_attempts,
        };
        let settlement = |delivery: &Delivery| match lost {
            _ if meaning == Meaning::Never => given_up,
            Lost::Unsent => Settlement::Retry { due: later(now, unsent), ambiguous },
            _ if most.is_some_and(|most| delivery.attempts >= most) => given_up,
            Lost::Status { after: Some(after), .. } => {
                let pause = backoff.pause(delivery.attempts, random);
                let due = later(now, pause.max(after.min(backoff.most)));
                Settlement::Retry { due, ambiguous }
            }
            _ => retry(&backoff, delivery, now, random, ambiguous),
        };
        self.ended_all(&outcome, None, settlement, now);
    }

    /// Whatever was sent ended so.
    fn ended_all(
        &mut self,
        outcome: &str,
        reply: Option<Payload>,
        settlement: impl Fn(&Delivery) -> Settlement,
        at: i64,
    ) {
        self.wire = false;
        for Begun { mut delivery, attempt } in std::mem::take(&mut self.sent) {
            let settlement = settlement(&delivery);
            let backup = self.settings.backup.clone().filter(|_| settlement == Settlement::Dead);
            let (outcome, reply) = (outcome.to_owned(), reply.clone());
            let sent =
                matches!(settlement, Settlement::Awaiting { .. }).then(|| sent_as(&delivery));
            let sent = sent.flatten();
            let end = AttemptEnd { attempt, at, outcome, reply, settlement, sent, backup };
            self.ended.push_back((delivery.message, end));
            if let Settlement::Retry { due, ambiguous } = settlement {
                delivery.due = due;
                delivery.maybe_duplicate |= ambiguous;
            }
            if !settlement.lets_pass() {
                delivery.held = settlement == Settlement::Held;
                self.put_back(delivery);
            }
            self.open = match settlement {
                Settlement::Done | Settlement::Awaiting { .. } => {
                    self.failures = 0;
                    (self.open * 2).min(self.settings.window)
                }
                _ => 1,
            };
        }
        // Nothing goes out before what is to be sent again, nor over a connection that is to be closed.
        if !self.connected || self.begins_nothing() || self.would_overtake() {
            self.withdraw(at);
        }
    }

    fn begins_nothing(&self) -> bool {
        self.stopping || self.closed
    }

    /// Whether what was begun stands behind something that was not.
    fn would_overtake(&self) -> bool {
        let (head, begun) = (self.ahead.front(), self.begun.front());
        head.zip(begun).is_some_and(|(head, begun)| head.id < begun.delivery.id)
    }
}

/// By what a later acknowledgment of a delivery is known.
fn sent_as(delivery: &Delivery) -> Option<SentAs> {
    let receiver = Header::of(delivery.payload.bytes())?.component(5, 1).to_vec();
    let control_id = control_ids(delivery.payload.bytes()).into_iter().next()?;
    Some(SentAs { control_id, receiver })
}

fn retry(
    backoff: &Backoff,
    delivery: &Delivery,
    now: i64,
    random: f64,
    ambiguous: bool,
) -> Settlement {
    Settlement::Retry { due: later(now, backoff.pause(delivery.attempts, random)), ambiguous }
}

fn later(now: i64, pause: Duration) -> i64 {
    now.saturating_add(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX))
}
