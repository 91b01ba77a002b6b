//! A lane against a destination and a store that fail whenever they may.

use std::collections::HashMap;
use std::time::Duration;

use hl7_core::ack::ReplyRules;
use proptest::prelude::*;

use super::{Action, Backoff, Event, Lane, Lost};
use crate::Payload;
use crate::store::{AttemptId, Delivery, DeliveryId, MessageId, Settlement};

fn delivery(id: i64) -> Delivery {
    let payload = format!("MSH|^~\\&|A|B|C|D|1||ADT^A01|{id}|P|2.5\r");
    Delivery {
        id: DeliveryId(id),
        message: MessageId(id),
        payload: Payload::from(payload.into_bytes()),
        attempts: 0,
        due: 0,
        maybe_duplicate: false,
    }
}

fn reply(code: &str, id: i64) -> Vec<u8> {
    format!("MSH|^~\\&|C|D|A|B|1||ACK|1|P|2.5\rMSA|{code}|{id}\r").into_bytes()
}

fn lane() -> Lane {
    let backoff = Backoff { jitter: 0.0, attempts: 3, ..Backoff::default() };
    Lane::new(ReplyRules::hl7(), backoff, None, None)
}

/// Brings a lane to where the first of some deliveries is sent.
fn sending(deliveries: &[Delivery]) -> Lane {
    let mut lane = lane();
    assert!(matches!(lane.handle(Event::Woken, 0, 0.5), Action::Fetch { behind: None, .. }));
    let fetched = Event::Fetched(deliveries.to_vec());
    assert!(matches!(lane.handle(fetched, 0, 0.5), Action::Connect));
    assert!(
        matches!(lane.handle(Event::Connected, 0, 0.5), Action::Begin(id) if id == deliveries[0].id)
    );
    assert!(matches!(lane.handle(Event::Began(AttemptId(1)), 0, 0.5), Action::Send(_)));
    lane
}

/// How an event settles the first delivery of attempt `attempts`, and whether the connection is closed.
#[track_caller]
fn check(attempts: u32, event: Event<'_>, outcome: &str, expected: Settlement, close: bool) {
    let mut lane = sending(&[Delivery { attempts: attempts - 1, ..delivery(1) }, delivery(2)]);
    let Action::Settle { end, close: closes, .. } = lane.handle(event, 10, 0.5) else {
        panic!("nothing is settled");
    };
    assert_eq!((end.outcome.as_str(), end.settlement, closes), (outcome, expected, close));
}

/// Somebody skipped or parked what was read ahead: it is fetched anew, and nobody waits for a pause that was about it.
#[test]
fn what_somebody_changed_is_fetched_anew() {
    let mut lane = sending(&[delivery(1), delivery(2)]);
    let again = lane.handle(Event::Replied(&reply("AR", 1)), 10, 0.5);
    assert!(matches!(again, Action::Settle { .. }));
    // What is to be settled is not forgotten for that.
    assert!(matches!(lane.handle(Event::Changed, 10, 0.5), Action::Settle { .. }));
    assert!(matches!(lane.handle(Event::Settled(None), 10, 0.5), Action::Pause(_)));
    assert!(matches!(lane.handle(Event::Changed, 10, 0.5), Action::Fetch { behind: None, .. }));
    let next = lane.handle(Event::Fetched(vec![delivery(2)]), 10, 0.5);
    assert!(matches!(next, Action::Begin(DeliveryId(2))));
}

#[test]
fn statement_30_what_answers_do() {
    let retry = |due| Settlement::Retry { due, ambiguous: false };
    check(1, Event::Replied(&reply("AA", 1)), "AA", Settlement::Done, false);
    check(1, Event::Replied(&reply("AE", 1)), "AE", Settlement::Dead, false);
    check(1, Event::Replied(&reply("AR", 1)), "AR", retry(1_010), false);
    check(2, Event::Replied(&reply("AR", 1)), "AR", retry(2_010), false);
    check(3, Event::Replied(&reply("AR", 1)), "AR", Settlement::Dead, false);
}

#[test]
fn statement_31_what_is_no_answer_closes_the_connection() {
    let maybe = |due| Settlement::Retry { due, ambiguous: true };
    check(1, Event::Replied(&reply("AA", 2)), "AA for another message", maybe(1_010), true);
    check(1, Event::Replied(b"hello"), "no acknowledgment", maybe(1_010), true);
    check(1, Event::Replied(b""), "a blank reply", maybe(1_010), true);
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
fn an_unreachable_destination_costs_no_attempts() {
    let mut lane = lane();
    lane.handle(Event::Woken, 0, 0.5);
    lane.handle(Event::Fetched(vec![delivery(1)]), 0, 0.5);
    for failures in 1..50 {
        let Action::Pause(pause) = lane.handle(Event::Unreachable, 0, 0.5) else {
            panic!("it does not wait");
        };
        assert!(pause <= Duration::from_secs(300), "{failures}");
        assert!(matches!(lane.handle(Event::Woken, 0, 0.5), Action::Connect));
    }
    assert!(matches!(lane.handle(Event::Connected, 0, 0.5), Action::Begin(_)));
}

#[test]
fn the_next_is_begun_with_the_end_of_the_last_and_a_failure_settles_alone() {
    let mut lane = sending(&[delivery(1), delivery(2)]);
    let action = lane.handle(Event::Replied(&reply("AA", 1)), 10, 0.5);
    assert!(matches!(action, Action::Settle { next: Some(DeliveryId(2)), .. }));
    lane.handle(Event::StoreFailed, 10, 0.5);
    let action = lane.handle(Event::Woken, 10, 0.5);
    assert!(matches!(action, Action::Settle { next: None, .. }));
    assert!(matches!(lane.handle(Event::Settled(None), 10, 0.5), Action::Begin(DeliveryId(2))));
    lane.handle(Event::Began(AttemptId(2)), 10, 0.5);
    // Behind a reply that is not to be trusted nothing goes out over the same connection.
    let action = lane.handle(Event::Replied(b"?"), 10, 0.5);
    assert!(matches!(action, Action::Settle { next: None, close: true, .. }));
}

#[test]
fn a_peer_that_closes_whatever_is_opened_is_called_less_and_less() {
    let mut lane = lane();
    lane.handle(Event::Woken, 0, 0.5);
    lane.handle(Event::Fetched(vec![delivery(1)]), 0, 0.5);
    lane.handle(Event::Connected, 0, 0.5);
    assert!(matches!(lane.handle(Event::Disconnected, 0, 0.5), Action::Connect));
    lane.handle(Event::Connected, 0, 0.5);
    assert!(matches!(lane.handle(Event::Disconnected, 0, 0.5), Action::Pause(_)));
}

#[test]
fn what_cannot_be_settled_is_settled_later_and_not_sent_again() {
    let mut lane = sending(&[delivery(1)]);
    let Action::Settle { end, .. } = lane.handle(Event::Replied(&reply("AA", 1)), 10, 0.5) else {
        panic!("nothing is settled");
    };
    assert!(matches!(lane.handle(Event::StoreFailed, 10, 0.5), Action::Pause(_)));
    let Action::Settle { end: again, .. } = lane.handle(Event::Woken, 99, 0.5) else {
        panic!("it is forgotten");
    };
    assert_eq!((again.attempt, again.at), (end.attempt, end.at));
    assert!(matches!(
        lane.handle(Event::Settled(None), 99, 0.5),
        Action::Fetch { behind: Some(_), .. }
    ));
}

// I15
#[test]
fn a_clock_that_is_set_back_does_not_stop_a_lane() {
    let mut lane = lane();
    lane.handle(Event::Woken, 0, 0.5);
    let due = Delivery { due: 10_000_000_000, ..delivery(1) };
    let action = lane.handle(Event::Fetched(vec![due]), -10_000_000_000, 0.5);
    assert!(matches!(action, Action::Pause(pause) if pause <= Duration::from_secs(300)));
}

/// A destination, a store and a clock that the test turns.
struct World {
    /// Not settled, in order.
    queued: Vec<Delivery>,
    sending: Option<(AttemptId, i64)>,
    attempts: i64,
    now: i64,
    /// What was sent for the first time, in order.
    first_sent: Vec<i64>,
    /// What the destination has answered positively.
    taken: Vec<i64>,
    settled: HashMap<i64, Settlement>,
}

impl World {
    /// Carries an action out, well or badly, and says what happened.
    fn carry_out(&mut self, action: Action, dice: u8, reply_bytes: &mut Vec<u8>) -> Event<'static> {
        match action {
            Action::Rest => Event::Woken,
            Action::Pause(pause) => {
                self.now += pause.as_millis() as i64 + 1;
                Event::Woken
            }
            _ if dice == 9 && !matches!(action, Action::Send(_) | Action::Connect) => {
                Event::StoreFailed
            }
            Action::Fetch { behind, most } => {
                let behind = behind.map_or(0, |id| id.0);
                let found = self.queued.iter().filter(|delivery| delivery.id.0 > behind);
                Event::Fetched(found.take(most).cloned().collect())
            }
            Action::Connect if dice.is_multiple_of(3) => Event::Unreachable,
            Action::Connect => Event::Connected,
            Action::Begin(_) if dice == 8 => Event::Disconnected,
            Action::Begin(id) => {
                assert!(self.sending.is_none(), "two at once");
                assert_eq!(self.queued.first().map(|head| head.id), Some(id), "out of order");
                self.attempts += 1;
                self.sending = Some((AttemptId(self.attempts), id.0));
                self.queued[0].attempts += 1;
                Event::Began(AttemptId(self.attempts))
            }
            Action::Send(delivery) => self.send(&delivery, dice, reply_bytes),
            Action::Settle { end, next, .. } => {
                let (attempt, id) = self.sending.take().expect("an attempt is under way");
                assert_eq!(attempt, end.attempt);
                match end.settlement {
                    Settlement::Retry { due, .. } => self.queued[0].due = due,
                    settled => {
                        self.queued.remove(0);
                        self.settled.insert(id, settled);
                    }
                }
                // Sometimes the connection is gone by then.
                let next = next.filter(|_| !dice.is_multiple_of(4));
                let began =
                    next.map(|next| match self.carry_out(Action::Begin(next), 1, reply_bytes) {
                        Event::Began(attempt) => attempt,
                        other => panic!("{other:?}"),
                    });
                Event::Settled(began)
            }
        }
    }

    fn send(&mut self, delivery: &Delivery, dice: u8, reply_bytes: &mut Vec<u8>) -> Event<'static> {
        let id = delivery.id.0;
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
            self.taken.push(id);
        }
        *reply_bytes = reply(code, of);
        Event::Replied(&[])
    }
}

proptest! {
    /// I5, I6: whatever fails, first sends are in order, one delivery at a time is under way, and what is done was answered.
    #[test]
    fn statement_32_nothing_overtakes(
        dice in prop::collection::vec((0_u8..10, 0.0..1.0_f64), 1..600),
        count in 1_i64..80,
    ) {
        let mut world = World {
            queued: (1..=count).map(delivery).collect(),
            sending: None,
            attempts: 0,
            now: 0,
            first_sent: Vec::new(),
            taken: Vec::new(),
            settled: HashMap::new(),
        };
        let mut lane = lane();
        let mut action = lane.handle(Event::Woken, 0, 0.5);
        let mut bytes = Vec::new();
        for (dice, random) in dice {
            let event = match world.carry_out(action, dice, &mut bytes) {
                Event::Replied(_) => Event::Replied(&bytes),
                other => other,
            };
            action = lane.handle(event, world.now, random);
        }
        prop_assert!(world.first_sent.is_sorted());
        for (id, settlement) in &world.settled {
            let taken = world.taken.contains(id);
            prop_assert_eq!(*settlement == Settlement::Done, taken, "delivery {}", id);
        }
        prop_assert_eq!(world.settled.len() + world.queued.len(), count as usize);
    }
}
