//! Acknowledgments of applications that come later than the reply.

use hl7_core::ack::{AckCode, Decision};
use hl7_core::{Header, Tree};

use super::Reception;
use super::envelope::Envelope;
use super::reply::{self, read_application};
use crate::Payload;
use crate::config::{Config, Destination};
use crate::store::{Incoming, IncomingBatch, LateAck, LateRule, SentAs, Settlement, Verdict};

/// The control id that a frame acknowledges for an application; `None` where it does no such thing.
#[must_use]
pub fn acknowledged(frame: &[u8]) -> Option<Vec<u8>> {
    application_ack(frame).map(|(_, control_id)| control_id)
}

/// What a message acknowledges, or a batch of acknowledgments that names what it is to.
fn application_ack(frame: &[u8]) -> Option<(AckCode, Vec<u8>)> {
    match Header::of(frame)?.id() {
        "MSH" => of_message(frame),
        _ => of_batch(frame),
    }
}

/// FHS-12 or BHS-12, and the worst of what is said of the messages; nothing is said of those that are well, perhaps.
fn of_batch(frame: &[u8]) -> Option<(AckCode, Vec<u8>)> {
    let envelope = Envelope::of(frame);
    let headers = [&envelope.file, &envelope.batch].into_iter().flatten();
    let names = |range: &std::ops::Range<usize>| {
        Header::of(&frame[range.clone()]).map(|header| header.field(12).to_vec())
    };
    let control_id = headers.filter_map(names).find(|id| !id.is_empty())?;
    let code =
        |range: &std::ops::Range<usize>| of_message(&frame[range.clone()]).map(|(code, _)| code);
    let codes = envelope.messages.iter().map(code).collect::<Option<Vec<_>>>()?;
    let worst = [AckCode::Ar, AckCode::Ae].into_iter().find(|code| codes.contains(code));
    Some((worst.unwrap_or(AckCode::Aa), control_id))
}

fn of_message(message: &[u8]) -> Option<(AckCode, Vec<u8>)> {
    let tree = Tree::parse(message).ok()?;
    let code = reply::code(&tree)?;
    let control_id =
        reply::msa(&tree)?.field(2).map(|id| id.raw().to_vec()).filter(|id| !id.is_empty())?;
    matches!(code, AckCode::Aa | AckCode::Ae | AckCode::Ar).then_some((code, control_id))
}

/// A frame as a late acknowledgment of an application to a delivery of one of some destinations, or of any, if none are
/// named; `None` where it is none, or none of them waits for any.
#[must_use]
pub fn late_ack(bytes: &[u8], config: &Config, from: &[String], at: i64) -> Option<LateAck> {
    let may_be_from = |destination: &&Destination| {
        destination.application.is_some() && (from.is_empty() || from.contains(&destination.name))
    };
    let mut destinations = config.destinations.iter().filter(may_be_from).peekable();
    destinations.peek()?;
    let (code, control_id) = application_ack(bytes)?;
    let receiver = Header::of(bytes)?.component(3, 1).to_vec();
    let rule = |destination: &Destination| {
        let read = read_application(&destination.replies, bytes);
        let due = at.saturating_add(millis(destination.backoff.first));
        LateRule {
            settlement: match read.decision {
                Decision::Accepted => Settlement::Done,
                Decision::Retry => Settlement::Retry { due, ambiguous: false },
                Decision::Reject => given_up(destination),
            },
            ..missed_rule(destination)
        }
    };
    let rules = destinations.map(rule).collect();
    Some(LateAck {
        rules,
        of: SentAs { control_id, receiver },
        outcome: format!("{code} of the application"),
        reply: Payload::from(bytes),
        at,
    })
}

impl Reception {
    /// The message as a late acknowledgment of an application to something that was delivered, if it is one.
    #[must_use]
    pub fn late_ack(&self, bytes: &[u8], at: i64) -> Option<LateAck> {
        late_ack(bytes, &self.config, &self.source().acks_of, at)
    }

    /// The same for a batch: as a whole, if it names what it is to; else each of the messages that it was taken apart into.
    #[must_use]
    pub fn late_acks(&self, came: &IncomingBatch) -> Vec<LateAck> {
        let of = |message: &Incoming| match message.verdict {
            Verdict::Accepted | Verdict::Batch => {
                self.late_ack(message.payload.bytes(), message.at)
            }
            _ => None,
        };
        match of(&came.batch) {
            Some(whole) => vec![whole],
            None => came.messages.iter().filter_map(|member| of(&member.message)).collect(),
        }
    }
}

/// What becomes of the deliveries of a destination whose application does not answer in time.
#[must_use]
pub fn missed_rule(destination: &Destination) -> LateRule {
    LateRule {
        destination: destination.name.clone(),
        settlement: match destination.application_retry {
            true => Settlement::Retry { due: 0, ambiguous: true },
            false => given_up(destination),
        },
        given_up: given_up(destination),
        attempts: destination.backoff.attempts,
        backup: destination.backup.clone(),
    }
}

fn given_up(destination: &Destination) -> Settlement {
    if destination.hold { Settlement::Held } else { Settlement::Dead }
}

fn millis(time: std::time::Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const CONFIG: &str = r#"
        [source.a]
        mllp = { listen = "127.0.0.1:0" }
        [destination.lab]
        mllp = { connect = "lab:1" }
        app_ack_timeout = "1m"
        [destination.ris]
        mllp = { connect = "ris:1" }
        app_ack_timeout = "1m"
        on_refusal = "hold"
        retry = { first = "2s" }
        [destination.archive]
        file = { folder = "archive" }
    "#;

    fn read(message: &str, from: &[String]) -> Option<LateAck> {
        let config = Config::parse(CONFIG, Path::new(".")).expect("a configuration");
        late_ack(message.as_bytes(), &config, from, 1_000)
    }

    fn ack(code: &str) -> String {
        format!("MSH|^~\\&|LAB^X|H|HUB||1||ACK|9|P|2.5.1\rMSA|{code}|42\r")
    }

    #[test]
    fn an_acknowledgment_of_an_application_is_told_by_what_it_is_to() {
        let late = read(&ack("AE"), &[]).expect("it is one");
        assert_eq!((late.of.control_id, late.of.receiver), (b"42".to_vec(), b"LAB".to_vec()));
        let settlements: Vec<_> = late.rules.iter().map(|rule| rule.settlement).collect();
        assert_eq!(settlements, [Settlement::Dead, Settlement::Held]);
        let late = read(&ack("AR"), &["ris".to_owned()]).expect("it is one");
        let again = Settlement::Retry { due: 3_000, ambiguous: false };
        assert_eq!((late.rules.len(), late.rules[0].settlement), (1, again));
        assert_eq!(read(&ack("AA"), &[]).expect("it is one").rules[0].settlement, Settlement::Done);
    }

    #[test]
    fn a_batch_of_them_is_to_the_batch_that_it_names() {
        let of = |acks: &[String]| format!("FHS|^~\\&|LAB||||||||F1|42\r{}FTS|0\r", acks.concat());
        let late = read(&of(&[ack("AA"), ack("AA")]), &[]).expect("it is one");
        assert_eq!((late.of.control_id, late.of.receiver), (b"42".to_vec(), b"LAB".to_vec()));
        assert_eq!(
            (late.outcome.as_str(), late.rules[0].settlement),
            ("AA of the application", Settlement::Done)
        );
        let settled =
            |acks: &[String]| read(&of(acks), &[]).expect("it is one").rules[0].settlement;
        assert_eq!(settled(&[]), Settlement::Done, "nothing went wrong");
        assert_eq!(settled(&[ack("AA"), ack("AR")]), Settlement::Dead, "one was taken");
        let again = Settlement::Retry { due: 2_000, ambiguous: false };
        assert_eq!(settled(&[ack("AR"), ack("AR")]), again);
        assert!(read(&of(&[ack("CA")]), &[]).is_none(), "it says that something was stored");
        assert!(read(&of(&[]).replace("|42\r", "\r"), &[]).is_none(), "to nothing");
    }

    #[test]
    fn what_is_none_is_told_too() {
        assert!(read(&ack("CA"), &[]).is_none(), "it says that something was stored");
        assert!(read(&ack("AA"), &["archive".to_owned()]).is_none(), "it waits for none");
        assert!(read("MSH|^~\\&|LAB\rMSA|AA\r", &[]).is_none(), "to nothing");
        assert!(read("MSH|^~\\&|LAB\rPID|1\r", &[]).is_none());
        assert!(read("hello", &[]).is_none());
    }
}
