//! A lane against a destination and a store that fail whenever they may.

use std::collections::HashMap;
use std::time::Duration;

use hl7_core::ack::ReplyRules;
use proptest::prelude::*;

use super::{Actions, Backoff, Book, Event, Lane, LaneSettings, Lost, Wire};
use crate::Payload;
use crate::store::{AttemptEnd, AttemptId, Delivery, DeliveryId, MessageId, Settlement, Step};

fn delivery(id: i64) -> Delivery {
    let payload = format!("MSH|^~\\&|A|B|C|D|1||ADT^A01|{id}|P|2.5\r");
    Delivery {
        id: DeliveryId(id),
        message: MessageId(id),
        payload: Payload::from(payload.into_bytes()),
        attempts: 0,
        due: 0,
        maybe_duplicate: false,
        held: false,
    }
}

fn reply(code: &str, id: i64) -> Payload {
    format!("MSH|^~\\&|C|D|A|B|1||ACK|1|P|2.5\rMSA|{code}|{id}\r").into_bytes().into()
}

fn settings(window: usize) -> LaneSettings {
    LaneSettings {
        rules: ReplyRules::hl7(),
        backoff: Backoff { jitter: 0.0, attempts: 3, ..Backoff::default() },
        lost_attempts: None,
        backup: None,
        window,
        hold: false,
        application: None,
        keyed: false,
        burst: false,
    }
}

fn tell(lane: &mut Lane, event: Event) -> Actions {
    lane.handle(event, 10, 0.5)
}

/// The step that the store is asked for.
#[track_caller]
fn step(actions: Actions) -> Step {
    match actions.book {
        Some(Book::Step { step, .. }) => step,
        other => panic!("{other:?}"),
    }
}

/// A lane that is connected and has read some deliveries, and what it does then.
fn connected(settings: LaneSettings, deliveries: &[Delivery]) -> (Lane, Actions) {
    let mut lane = Lane::new(settings);
    let actions = tell(&mut lane, Event::Arrived);
    assert!(matches!(actions.book, Some(Book::Fetch { behind: None, .. })), "{actions:?}");
    let actions = tell(&mut lane, Event::Fetched(deliveries.to_vec()));
    assert!(matches!(actions.wire, Some(Wire::Connect)) && actions.book.is_none(), "{actions:?}");
    let actions = tell(&mut lane, Event::Connected);
    (lane, actions)
}

/// Brings a lane to where the first of some deliveries is sent.
fn sending(deliveries: &[Delivery]) -> Lane {
    let (mut lane, actions) = connected(settings(16), deliveries);
    assert_eq!(step(actions).begin, [deliveries[0].id]);
    let actions = tell(&mut lane, Event::Stepped(vec![AttemptId(1)]));
    assert!(matches!(actions.wire, Some(Wire::Send(sent)) if sent.len() == 1));
    lane
}

/// How an event settles the first delivery of attempt `attempts`, and whether the connection is closed.
#[track_caller]
fn check(attempts: u32, event: Event, outcome: &str, expected: Settlement, close: bool) {
    let mut lane = sending(&[Delivery { attempts: attempts - 1, ..delivery(1) }, delivery(2)]);
    let actions = tell(&mut lane, event);
    let closes = actions.close;
    let end = &step(actions).ends[0];
    assert_eq!((end.outcome.as_str(), end.settlement, closes), (outcome, expected, close));
}

/// Somebody skipped or parked what was read ahead: it is fetched anew once what is to be settled is.
#[test]
fn what_somebody_changed_is_fetched_anew() {
    let mut lane = sending(&[delivery(1), delivery(2)]);
    let again = step(tell(&mut lane, Event::Replied(reply("AR", 1))));
    assert_eq!(again.ends.len(), 1);
    assert!(
        tell(&mut lane, Event::Changed).book.is_none(),
        "what is to be settled is not forgotten"
    );
    let actions = tell(&mut lane, Event::Stepped(Vec::new()));
    assert!(matches!(actions.book, Some(Book::Fetch { behind: None, .. })), "{actions:?}");
    tell(&mut lane, Event::Paused);
    assert_eq!(step(tell(&mut lane, Event::Fetched(vec![delivery(2)]))).begin, [DeliveryId(2)]);
}

/// The same while something is fetched, which may be out of date when it comes: no pause is begun for it.
#[test]
fn what_was_fetched_while_it_was_changed_is_not_waited_for() {
    let mut lane = sending(&[delivery(1)]);
    tell(&mut lane, Event::Replied(reply("AR", 1)));
    tell(&mut lane, Event::Stepped(Vec::new()));
    assert!(matches!(tell(&mut lane, Event::Arrived).book, Some(Book::Fetch { .. })));
    tell(&mut lane, Event::Changed);
    assert!(tell(&mut lane, Event::Paused).wire.is_none());
    let actions = tell(&mut lane, Event::Fetched(vec![delivery(2)]));
    assert!(matches!(actions.book, Some(Book::Fetch { behind: None, .. })), "{actions:?}");
    assert!(actions.wire.is_none(), "{actions:?}");
    assert_eq!(step(tell(&mut lane, Event::Fetched(vec![delivery(2)]))).begin, [DeliveryId(2)]);
    let actions = tell(&mut lane, Event::Stepped(vec![AttemptId(2)]));
    assert!(matches!(actions.wire, Some(Wire::Send(_))), "{actions:?}");
}

/// Somebody pauses the destination: what is on the wire gets its answer, what was begun behind it is taken back.
#[test]
fn a_lane_that_is_closed_begins_nothing_until_it_is_changed() {
    let deliveries: Vec<_> = (1..=9).map(delivery).collect();
    let mut lane = sending(&deliveries);
    tell(&mut lane, Event::Replied(reply("AA", 1)));
    tell(&mut lane, Event::Stepped([2, 3].map(AttemptId).to_vec()));
    let closed = step(tell(&mut lane, Event::Closed));
    assert_eq!((closed.ends[0].attempt, closed.begin.len()), (AttemptId(3), 0));
    tell(&mut lane, Event::Stepped(Vec::new()));
    let last = step(tell(&mut lane, Event::Replied(reply("AA", 2))));
    assert_eq!((last.ends[0].settlement, last.begin.len()), (Settlement::Done, 0));
    for event in [Event::Stepped(Vec::new()), Event::Arrived] {
        let actions = tell(&mut lane, event);
        assert!(actions.wire.is_none() && actions.book.is_none(), "{actions:?}");
    }
    let actions = tell(&mut lane, Event::Changed);
    assert!(matches!(actions.book, Some(Book::Fetch { behind: None, .. })), "{actions:?}");
}

#[test]
fn statement_30_what_answers_do() {
    let retry = |due| Settlement::Retry { due, ambiguous: false };
    check(1, Event::Replied(reply("AA", 1)), "AA", Settlement::Done, false);
    check(1, Event::Replied(reply("AE", 1)), "AE", Settlement::Dead, false);
    check(1, Event::Replied(reply("AR", 1)), "AR", retry(1_010), false);
    check(2, Event::Replied(reply("AR", 1)), "AR", retry(2_010), false);
    check(3, Event::Replied(reply("AR", 1)), "AR", Settlement::Dead, false);
}

#[test]
fn statement_31_what_is_no_answer_closes_the_connection() {
    let maybe = |due| Settlement::Retry { due, ambiguous: true };
    check(1, Event::Replied(reply("AA", 2)), "AA for another message", maybe(1_010), true);
    check(1, Event::Replied(b"hello"[..].into()), "no acknowledgment", maybe(1_010), true);
    check(1, Event::Replied(Payload::from([])), "a blank reply", maybe(1_010), true);
    check(1, Event::Lost(Lost::Timeout), "timeout", maybe(1_010), true);
    // However often: a destination that does not answer is not well, its messages are.
    check(99, Event::Lost(Lost::Closed), "closed", maybe(300_010), true);
    let refused = Settlement::Retry { due: 1_010, ambiguous: false };
    check(1, Event::Lost(Lost::Refused), "not stored", refused, false);
    check(3, Event::Lost(Lost::Refused), "not stored", Settlement::Dead, false);
    let unsent = Settlement::Retry { due: 10, ambiguous: false };
    check(1, Event::Lost(Lost::Unsent), "not sent", unsent, true);
    check(1, Event::Lost(Lost::NotWritten), "not written", maybe(1_010), true);
    check(1, Event::Lost(Lost::Unsendable), "holds the marks of a frame", Settlement::Dead, true);
    check(1, Event::Taken, "taken", Settlement::Done, false);
}

#[test]
fn what_statuses_of_http_do() {
    let later = |due, ambiguous| Settlement::Retry { due, ambiguous };
    let status = |status, after: Option<u64>| {
        Event::Lost(Lost::Status { status, after: after.map(Duration::from_secs) })
    };
    check(1, status(503, None), "HTTP 503", later(1_010, false), false);
    check(99, status(503, None), "HTTP 503", later(300_010, false), false);
    check(1, status(429, Some(20)), "HTTP 429", later(20_010, false), false);
    check(1, status(429, Some(86_400)), "HTTP 429", later(300_010, false), false);
    check(1, status(504, None), "HTTP 504", later(1_010, true), false);
    check(2, status(500, None), "HTTP 500", later(2_010, true), false);
    check(3, status(500, None), "HTTP 500", Settlement::Dead, false);
    check(9, status(302, None), "HTTP 302", later(256_010, false), false);
    check(1, status(400, None), "HTTP 400", Settlement::Dead, false);
    check(1, status(404, Some(5)), "HTTP 404", Settlement::Dead, false);
}

#[test]
fn an_unreachable_destination_costs_no_attempts() {
    let mut lane = Lane::new(settings(16));
    tell(&mut lane, Event::Arrived);
    tell(&mut lane, Event::Fetched(vec![delivery(1)]));
    for failures in 1..50 {
        let Some(Wire::Pause(pause)) = tell(&mut lane, Event::Unreachable).wire else {
            panic!("it does not wait");
        };
        assert!(pause <= Duration::from_secs(300), "{failures}");
        let actions = tell(&mut lane, Event::Paused);
        assert!(matches!(actions.wire, Some(Wire::Connect)) && actions.book.is_none());
    }
    assert_eq!(step(tell(&mut lane, Event::Connected)).begin, [DeliveryId(1)]);
}

/// While one waits for its reply, the store has the end of the one before it and the beginnings of those behind it.
#[test]
fn the_window_opens_with_success_and_closes_with_failure() {
    let deliveries: Vec<_> = (1..=9).map(delivery).collect();
    let mut lane = sending(&deliveries);
    let first = step(tell(&mut lane, Event::Replied(reply("AA", 1))));
    assert_eq!((first.ends.len(), first.begin.as_slice()), (1, &[2, 3].map(DeliveryId)[..]));
    let actions = tell(&mut lane, Event::Stepped(vec![AttemptId(2), AttemptId(3)]));
    assert!(matches!(actions.wire, Some(Wire::Send(sent)) if sent[0].id == DeliveryId(2)));
    assert!(actions.book.is_none(), "there is no room");
    let actions = tell(&mut lane, Event::Replied(reply("AA", 2)));
    assert!(matches!(&actions.wire, Some(Wire::Send(sent)) if sent[0].id == DeliveryId(3)));
    let second = step(actions);
    assert_eq!((second.ends.len(), second.begin.as_slice()), (1, &[4, 5, 6].map(DeliveryId)[..]));
    // Number 3 fails before those are begun: when they are, they are withdrawn, and 3 goes first.
    assert!(tell(&mut lane, Event::Lost(Lost::Timeout)).close);
    let third = step(tell(&mut lane, Event::Stepped([4, 5, 6].map(AttemptId).to_vec())));
    let settled: Vec<_> = third.ends.iter().map(|end| (end.attempt.0, end.settlement)).collect();
    let again = Settlement::Retry { due: 1_010, ambiguous: true };
    let [four, five, six] = [4, 5, 6].map(|attempt| (attempt, Settlement::Withdrawn));
    assert_eq!(settled, [(3, again), four, five, six]);
    assert_eq!(third.begin, []);
    lane.handle(Event::Stepped(Vec::new()), 2_000, 0.5);
    lane.handle(Event::Paused, 2_000, 0.5);
    let fourth = step(lane.handle(Event::Connected, 2_000, 0.5));
    assert_eq!(fourth.begin, [DeliveryId(3)], "one at a time again");
}

#[test]
fn a_lane_that_bursts_sends_all_that_was_begun_and_settles_it_in_one_commit() {
    let deliveries: Vec<_> = (1..=9).map(delivery).collect();
    let (mut lane, _) = connected(LaneSettings { burst: true, ..settings(4) }, &deliveries);
    tell(&mut lane, Event::Stepped(vec![AttemptId(1)]));
    tell(&mut lane, Event::Taken);
    let actions = tell(&mut lane, Event::Stepped([2, 3].map(AttemptId).to_vec()));
    assert!(matches!(&actions.wire, Some(Wire::Send(sent)) if sent.len() == 2));
    let next = step(tell(&mut lane, Event::Taken));
    assert!(next.ends.iter().all(|end| end.settlement == Settlement::Done));
    assert_eq!((next.ends.len(), next.begin.len()), (2, 4));
}

#[test]
fn a_peer_that_closes_whatever_is_opened_is_called_less_and_less() {
    let (mut lane, _) = connected(settings(16), &[delivery(1)]);
    assert!(tell(&mut lane, Event::Disconnected).close);
    assert!(matches!(tell(&mut lane, Event::Stepped(Vec::new())).wire, Some(Wire::Connect)));
    tell(&mut lane, Event::Connected);
    assert!(matches!(tell(&mut lane, Event::Disconnected).wire, Some(Wire::Pause(_))));
}

#[test]
fn what_cannot_be_settled_is_settled_later_and_not_sent_again() {
    let mut lane = sending(&[delivery(1)]);
    let first = step(tell(&mut lane, Event::Replied(reply("AA", 1))));
    let failed = tell(&mut lane, Event::StoreFailed);
    assert!(matches!(failed.book, Some(Book::Pause(_))) && failed.wire.is_none());
    let again = step(lane.handle(Event::BookPaused, 99, 0.5));
    let key = |end: &AttemptEnd| (end.attempt, end.at);
    assert_eq!(key(&again.ends[0]), key(&first.ends[0]));
    let actions = lane.handle(Event::Stepped(Vec::new()), 99, 0.5);
    assert!(matches!(actions.book, Some(Book::Fetch { behind: None, .. })), "it is read anew");
}

/// What is on the wire is waited for, what was begun behind it is taken back, then there is nothing left to do.
#[test]
fn a_lane_that_stops_leaves_nothing_ambiguous() {
    let deliveries: Vec<_> = (1..=9).map(delivery).collect();
    let mut lane = sending(&deliveries);
    tell(&mut lane, Event::Replied(reply("AA", 1)));
    tell(&mut lane, Event::Stepped([2, 3].map(AttemptId).to_vec()));
    let withdrawn = step(tell(&mut lane, Event::Stop));
    assert_eq!(withdrawn.ends[0].attempt, AttemptId(3));
    tell(&mut lane, Event::Stepped(Vec::new()));
    assert!(!lane.is_finished(), "number 2 is under way");
    let last = step(tell(&mut lane, Event::Replied(reply("AA", 2))));
    assert_eq!((last.ends[0].settlement, last.begin.len()), (Settlement::Done, 0));
    tell(&mut lane, Event::Stepped(Vec::new()));
    assert!(lane.is_finished());
}

/// Statement 32: a failure stops the port until somebody resumes it.
#[test]
fn statement_32_what_is_refused_holds_up_those_behind_it() {
    let holds = LaneSettings { hold: true, ..settings(16) };
    let (mut lane, _) = connected(holds, &[1, 2, 3].map(delivery));
    tell(&mut lane, Event::Stepped(vec![AttemptId(1)]));
    let actions = tell(&mut lane, Event::Replied(reply("AE", 1)));
    assert!(!actions.close && actions.wire.is_none());
    let held = step(actions);
    assert_eq!((held.ends[0].settlement, held.begin.len()), (Settlement::Held, 0));
    for event in [Event::Stepped(Vec::new()), Event::Arrived, Event::Fetched(Vec::new())] {
        let actions = tell(&mut lane, event);
        assert!(actions.wire.is_none() && !matches!(actions.book, Some(Book::Step { .. })));
    }
    let actions = tell(&mut lane, Event::Changed);
    assert!(matches!(actions.book, Some(Book::Fetch { behind: None, .. })), "{actions:?}");
    let actions = tell(&mut lane, Event::Fetched([1, 2, 3].map(delivery).to_vec()));
    assert_eq!(step(actions).begin, [DeliveryId(1)]);
}

#[test]
fn behind_a_commit_the_application_is_waited_for_and_the_next_goes_out() {
    let waits = LaneSettings { application: Some(Duration::from_secs(60)), ..settings(16) };
    let asks = |id: i64| {
        let payload = format!("MSH|^~\\&|A|B|C^X|D|1||ADT^A01|{id}|P|2.5|||AL|AL\r");
        Delivery { payload: Payload::from(payload.into_bytes()), ..delivery(id) }
    };
    let (mut lane, _) = connected(waits, &[asks(1), asks(2)]);
    tell(&mut lane, Event::Stepped(vec![AttemptId(1)]));
    let next = step(tell(&mut lane, Event::Replied(reply("CA", 1))));
    assert_eq!(next.ends[0].settlement, Settlement::Awaiting { until: 60_010 });
    let sent = next.ends[0].sent.as_ref().expect("it is known again by its control id");
    assert_eq!((sent.control_id.as_slice(), sent.receiver.as_slice()), (&b"1"[..], &b"C"[..]));
    assert_eq!(next.begin, [DeliveryId(2)]);
    // Where nobody waits for the application, stored is delivered.
    let (mut lane, _) = connected(settings(16), &[asks(1)]);
    tell(&mut lane, Event::Stepped(vec![AttemptId(1)]));
    let end = step(tell(&mut lane, Event::Replied(reply("CA", 1))));
    assert_eq!((end.ends[0].settlement, end.ends[0].sent.is_none()), (Settlement::Done, true));
}

// I15
#[test]
fn a_clock_that_is_set_back_does_not_stop_a_lane() {
    let mut lane = Lane::new(settings(16));
    lane.handle(Event::Arrived, 0, 0.5);
    let due = Delivery { due: 10_000_000_000, ..delivery(1) };
    let actions = lane.handle(Event::Fetched(vec![due]), -10_000_000_000, 0.5);
    assert!(matches!(actions.wire, Some(Wire::Pause(pause)) if pause <= Duration::from_secs(300)));
}

/// A destination, a store and a clock that the test turns.
struct World {
    /// Not settled, in order.
    queued: Vec<Delivery>,
    /// Attempts that were begun and are not settled.
    open: HashMap<AttemptId, i64>,
    attempts: i64,
    now: i64,
    window: usize,
    /// What was sent for the first time, in order.
    first_sent: Vec<i64>,
    /// What the destination has answered positively.
    taken: Vec<i64>,
    settled: HashMap<i64, Settlement>,
    wire: Option<Wire>,
    book: Option<Book>,
}

impl World {
    fn new(count: i64, window: usize) -> Self {
        Self {
            queued: (1..=count).map(delivery).collect(),
            open: HashMap::new(),
            attempts: 0,
            now: 0,
            window,
            first_sent: Vec::new(),
            taken: Vec::new(),
            settled: HashMap::new(),
            wire: None,
            book: None,
        }
    }

    /// Notes what the lane wants.
    fn take(&mut self, actions: Actions) {
        assert!(actions.wire.is_none() || self.wire.is_none(), "two at once with the destination");
        assert!(actions.book.is_none() || self.book.is_none(), "two at once with the store");
        self.wire = actions.wire.or(self.wire.take());
        self.book = actions.book.or(self.book.take());
    }

    /// Carries out what is under way with the destination or the store, well or badly, and says what happened.
    fn go_on(&mut self, dice: u8, with_store: bool) -> Option<Event> {
        match (with_store, self.wire.is_some(), self.book.is_some()) {
            (true, _, true) | (_, false, true) => {
                self.book.take().map(|book| self.do_book(book, dice))
            }
            (_, true, _) => self.wire.take().map(|wire| self.do_wire(wire, dice)),
            _ => None,
        }
    }

    fn do_book(&mut self, book: Book, dice: u8) -> Event {
        match book {
            Book::Pause(pause) => {
                self.now += pause.as_millis() as i64 + 1;
                Event::BookPaused
            }
            _ if dice == 9 => Event::StoreFailed,
            Book::Fetch { behind, most } => {
                let behind = behind.map_or(0, |id| id.0);
                let found = self.queued.iter().filter(|delivery| delivery.id.0 > behind);
                Event::Fetched(found.take(most).cloned().collect())
            }
            Book::Step { step, .. } => {
                step.ends.iter().for_each(|end| self.settle(end));
                // Sometimes only a part is begun, as the connection is gone.
                let most = if dice == 8 { 0 } else { step.begin.len() };
                let begun = step.begin.into_iter().take(most);
                let began = begun.map(|id| self.begin(id)).collect();
                assert!(self.open.len() <= self.window, "more than the window");
                Event::Stepped(began)
            }
        }
    }

    fn settle(&mut self, end: &AttemptEnd) {
        let id = self.open.remove(&end.attempt).expect("it was begun, and not settled");
        let at = self.queued.iter().position(|delivery| delivery.id.0 == id).expect("it is queued");
        match end.settlement {
            Settlement::Retry { due, .. } => self.queued[at].due = due,
            Settlement::Withdrawn => self.queued[at].attempts -= 1,
            settled => {
                self.queued.remove(at);
                self.settled.insert(id, settled);
            }
        }
    }

    fn begin(&mut self, id: DeliveryId) -> AttemptId {
        assert!(!self.open.values().any(|open| *open == id.0), "begun twice");
        let delivery = self.queued.iter_mut().find(|delivery| delivery.id == id);
        delivery.expect("it is queued").attempts += 1;
        self.attempts += 1;
        self.open.insert(AttemptId(self.attempts), id.0);
        AttemptId(self.attempts)
    }

    fn do_wire(&mut self, wire: Wire, dice: u8) -> Event {
        match wire {
            Wire::Pause(pause) => {
                self.now += pause.as_millis() as i64 + 1;
                Event::Paused
            }
            Wire::Connect if dice.is_multiple_of(3) => Event::Unreachable,
            Wire::Connect => Event::Connected,
            Wire::Send(deliveries) => self.send(&deliveries[0], dice),
        }
    }

    fn send(&mut self, delivery: &Delivery, dice: u8) -> Event {
        let id = delivery.id.0;
        assert!(self.open.values().any(|open| *open == id), "sent and not begun");
        if dice == 6 {
            return Event::Lost(Lost::Unsent);
        }
        if !self.first_sent.contains(&id) {
            self.first_sent.push(id);
        }
        let (code, of) = match dice {
            0 => return Event::Lost(Lost::Timeout),
            1 => return Event::Lost(Lost::Closed),
            2 => ("AR", id),
            3 => ("AE", id),
            4 => ("AA", id - 1),
            5 => ("", id),
            _ => ("AA", id),
        };
        if code == "AA" && of == id {
            assert!(!self.taken.contains(&id), "sent again though it was answered");
            self.taken.push(id);
        }
        Event::Replied(reply(code, of))
    }
}

proptest! {
    /// I5, I6: whatever fails, first sends are in order, no more than the window is open, nothing is sent that was not begun,
    /// what is done was answered, and what was answered is not sent again.
    #[test]
    fn statement_32_nothing_overtakes(
        dice in prop::collection::vec((0_u8..14, any::<bool>(), 0.0..1.0_f64), 1..600),
        count in 1_i64..80,
        window in 1_usize..9,
    ) {
        let mut world = World::new(count, window);
        let mut lane = Lane::new(settings(window));
        world.take(lane.handle(Event::Arrived, 0, 0.5));
        for (dice, with_store, random) in dice {
            let event = world.go_on(dice, with_store).unwrap_or(Event::Arrived);
            world.take(lane.handle(event, world.now, random));
        }
        prop_assert!(world.first_sent.is_sorted());
        // What is left is finished when the lane is told to stop.
        world.take(lane.handle(Event::Stop, world.now, 0.5));
        while let Some(event) = world.go_on(7, true) {
            world.take(lane.handle(event, world.now, 0.5));
        }
        prop_assert!(lane.is_finished());
        prop_assert!(world.open.is_empty(), "something is left ambiguous");
        for (id, settlement) in &world.settled {
            let taken = world.taken.contains(id);
            prop_assert_eq!(*settlement == Settlement::Done, taken, "delivery {}", id);
        }
        prop_assert_eq!(world.settled.len() + world.queued.len(), count as usize);
    }
}
