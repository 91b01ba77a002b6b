//! The sequence number protocol (section 2.10.1): MSH-13 counts messages on a link, MSA-4 says which one is expected.

use crate::header::Header;
use crate::tree::Tree;

/// The number of a message, MSH-13; `None` where it has none.
#[must_use]
pub fn sequence_number(header: &Header<'_>) -> Option<i64> {
    header.text(13).trim().parse().ok()
}

/// The number that an acknowledgment expects, MSA-4; `None` where it has none.
#[must_use]
pub fn expected_number(ack: &Tree) -> Option<i64> {
    let msa = ack.segments().find(|segment| segment.id() == Some("MSA"))?;
    msa.field(4)?.text().trim().parse().ok()
}

/// MSH-13 and MSA-4 that start a link, and that ask where it stands.
const START: i64 = 0;
/// MSH-13 that forgets where the link stood, and MSA-4 for "nothing is known".
const RESYNC: i64 = -1;

/// The receiving side of a link. Store [`last`](Self::last) before the acknowledgment goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SequenceReceiver {
    last: Option<i64>,
}

/// What a number on a message means; each says what MSA-4 answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Received {
    /// The message that was expected: take it.
    Next {
        /// Its number.
        answer: i64,
    },
    /// The message before: it was taken, and its acknowledgment was lost. Do not take it again.
    Again {
        /// The number expected next.
        answer: i64,
    },
    /// Not the number expected: do not take it.
    OutOfSequence {
        /// The number expected.
        answer: i64,
    },
    /// Zero: the sender asks where the link stands.
    Start {
        /// The number expected, or -1 where nothing is known: the next positive number starts the count.
        answer: i64,
    },
    /// -1: the count starts anew with the next positive number.
    Resync {
        /// -1.
        answer: i64,
    },
}

impl Received {
    /// MSA-4 of the acknowledgment.
    #[must_use]
    pub fn answer(self) -> i64 {
        match self {
            Self::Next { answer }
            | Self::Again { answer }
            | Self::OutOfSequence { answer }
            | Self::Start { answer }
            | Self::Resync { answer } => answer,
        }
    }
}

impl SequenceReceiver {
    /// A link where the last message taken had a number; `None` where nothing is known.
    #[must_use]
    pub fn new(last: Option<i64>) -> Self {
        Self { last }
    }

    /// The number of the last message taken.
    #[must_use]
    pub fn last(&self) -> Option<i64> {
        self.last
    }

    /// Takes a number from MSH-13. Numbers below -1 are never expected.
    #[must_use]
    pub fn receive(&mut self, number: i64) -> Received {
        let expected = self.last.map(|last| last.saturating_add(1));
        match (number, expected) {
            (RESYNC, _) => {
                self.last = None;
                Received::Resync { answer: RESYNC }
            }
            (START, expected) => Received::Start { answer: expected.unwrap_or(RESYNC) },
            (number, Some(expected)) if number == expected => {
                self.last = Some(number);
                Received::Next { answer: number }
            }
            (number, None) if number > 0 => {
                self.last = Some(number);
                Received::Next { answer: number }
            }
            (number, Some(expected)) if Some(number) == self.last => {
                Received::Again { answer: expected }
            }
            (_, expected) => Received::OutOfSequence { answer: expected.unwrap_or(RESYNC) },
        }
    }
}

/// The sending side of a link, one message at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SequenceSender {
    next: i64,
    frozen: bool,
}

/// What MSA-4 of an answer means for the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answered {
    /// The message was taken.
    Taken,
    /// The message was taken before, and that acknowledgment was lost.
    TakenBefore,
    /// The link starts with this number.
    Started {
        /// MSH-13 of the next message.
        next: i64,
    },
    /// The two sides do not agree, and somebody must look at it: nothing may be sent before
    /// [`SequenceSender::restart`].
    Frozen,
}

impl SequenceSender {
    /// A link whose next message has a number.
    #[must_use]
    pub fn new(next: i64) -> Self {
        Self { next: next.max(1), frozen: false }
    }

    /// MSH-13 of the next message; `None` while the link is frozen.
    #[must_use]
    pub fn next(&self) -> Option<i64> {
        (!self.frozen).then_some(self.next)
    }

    /// Reads MSA-4 of the answer to a message that had the number [`next`](Self::next), or, to start a link, to a message
    /// that had the number zero or -1 (`probe`).
    #[must_use]
    pub fn answered(&mut self, expected: Option<i64>, probe: bool) -> Answered {
        let answer = match expected {
            _ if self.frozen => Answered::Frozen,
            Some(RESYNC) if probe => Answered::Started { next: self.next },
            Some(number) if probe && number > 0 => Answered::Started { next: number },
            Some(number) if !probe && number == self.next => Answered::Taken,
            Some(number) if !probe && self.next.checked_add(1) == Some(number) => {
                Answered::TakenBefore
            }
            _ => Answered::Frozen,
        };
        match answer {
            Answered::Taken | Answered::TakenBefore => self.next = self.next.saturating_add(1),
            Answered::Started { next } => self.next = next,
            Answered::Frozen => self.frozen = true,
        }
        answer
    }

    /// Goes on with a number after somebody has looked.
    pub fn restart(&mut self, next: i64) {
        *self = Self::new(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(last: Option<i64>, number: i64, expected: Received, then: Option<i64>) {
        let mut receiver = SequenceReceiver::new(last);
        assert_eq!((receiver.receive(number), receiver.last()), (expected, then));
    }

    #[test]
    fn what_a_receiver_makes_of_a_number() {
        check(Some(7), 8, Received::Next { answer: 8 }, Some(8));
        check(Some(7), 7, Received::Again { answer: 8 }, Some(7));
        check(Some(7), 6, Received::OutOfSequence { answer: 8 }, Some(7));
        check(Some(7), 9, Received::OutOfSequence { answer: 8 }, Some(7));
        check(Some(7), 0, Received::Start { answer: 8 }, Some(7));
        check(Some(7), -1, Received::Resync { answer: -1 }, None);
        check(Some(7), -5, Received::OutOfSequence { answer: 8 }, Some(7));
        check(None, 0, Received::Start { answer: -1 }, None);
        check(None, 41, Received::Next { answer: 41 }, Some(41));
        check(None, -5, Received::OutOfSequence { answer: -1 }, None);
        check(Some(i64::MAX), i64::MAX, Received::Next { answer: i64::MAX }, Some(i64::MAX));
    }

    #[track_caller]
    fn sends(answer: Option<i64>, probe: bool, expected: Answered, next: Option<i64>) {
        let mut sender = SequenceSender::new(8);
        assert_eq!((sender.answered(answer, probe), sender.next()), (expected, next));
    }

    #[test]
    fn what_a_sender_makes_of_an_answer() {
        sends(Some(8), false, Answered::Taken, Some(9));
        sends(Some(9), false, Answered::TakenBefore, Some(9));
        sends(Some(7), false, Answered::Frozen, None);
        sends(Some(10), false, Answered::Frozen, None);
        sends(None, false, Answered::Frozen, None);
        sends(Some(-1), false, Answered::Frozen, None);
        sends(Some(31), true, Answered::Started { next: 31 }, Some(31));
        sends(Some(-1), true, Answered::Started { next: 8 }, Some(8));
        sends(Some(0), true, Answered::Frozen, None);
    }

    #[test]
    fn numbers_travel_in_headers_and_acknowledgments() {
        use crate::ack::{AckCode, AckSettings, Inbound, Stamp, acknowledge};

        let message = |number: &str| format!("MSH|^~\\&|A||B||1||ADT^A01|7|P|2.5|{number}\r");
        for (text, number) in [("8", Some(8)), ("-1", Some(-1)), ("", None), ("x", None)] {
            let message = message(text);
            let header = Header::of(message.as_bytes()).expect("a header");
            assert_eq!(sequence_number(&header), number, "{text}");
        }
        let tree = Tree::parse(message("8")).expect("a message");
        let inbound = Inbound::of_tree(&tree).expect("a header");
        for expected in [Some(8), Some(-1), None] {
            let settings = AckSettings { expected_sequence: expected, ..AckSettings::default() };
            let stamp = Stamp { control_id: "1", time: "2" };
            let ack = acknowledge(&inbound, AckCode::Aa, &[], stamp, &settings);
            assert_eq!(expected_number(&Tree::parse(ack).expect("a message")), expected);
        }
    }

    #[test]
    fn a_lost_acknowledgment_loses_no_message_and_doubles_none() {
        let (mut sender, mut receiver) = (SequenceSender::new(1), SequenceReceiver::default());
        let mut taken = Vec::new();
        let mut deliver = |sender: &SequenceSender| {
            let number = sender.next().expect("not frozen");
            let received = receiver.receive(number);
            if matches!(received, Received::Next { .. }) {
                taken.push(number);
            }
            received.answer()
        };
        for round in 0..20 {
            let answer = deliver(&sender);
            if round % 3 > 0 {
                assert_ne!(sender.answered(Some(answer), false), Answered::Frozen);
            }
        }
        let all: Vec<i64> = (1..).take(taken.len()).collect();
        assert_eq!((taken.len(), taken), (13, all));
    }
}
