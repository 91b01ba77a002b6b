//! Acknowledgments of applications that come later than the reply.

use hl7_core::ack::{AckCode, Decision};
use hl7_core::{Header, Tree};

use crate::Payload;
use crate::config::{Config, Destination};
use crate::store::{LateAck, LateRule, SentAs, Settlement};

/// The control id that a message acknowledges for its application; `None` where it does no such thing.
#[must_use]
pub fn acknowledged(message: &[u8]) -> Option<Vec<u8>> {
    let tree = Tree::parse(message).ok()?;
    application_ack(&tree).map(|(_, control_id)| control_id)
}

fn application_ack(tree: &Tree) -> Option<(AckCode, Vec<u8>)> {
    let msa = tree.segments().find(|segment| segment.id() == Some("MSA"))?;
    let code = AckCode::of_code(msa.field(1)?.raw())?;
    let control_id = msa.field(2).map(|id| id.raw().to_vec()).filter(|id| !id.is_empty())?;
    matches!(code, AckCode::Aa | AckCode::Ae | AckCode::Ar).then_some((code, control_id))
}

/// The message as a late acknowledgment of an application to a delivery of one of some destinations, or of any, if none are
/// named; `None` where it is none, or none of them waits for any.
#[must_use]
pub fn late_ack(bytes: &[u8], config: &Config, from: &[String], at: i64) -> Option<LateAck> {
    let may_be_from = |destination: &&Destination| {
        destination.application.is_some() && (from.is_empty() || from.contains(&destination.name))
    };
    let mut destinations = config.destinations.iter().filter(may_be_from).peekable();
    destinations.peek()?;
    let tree = Tree::parse(bytes).ok()?;
    let header = Header::of_tree(&tree)?;
    let (code, control_id) = application_ack(&tree)?;
    // What was sent, as far as the rules look at it: its delimiters, and its MSH-10.
    let field = [header.delimiters().field];
    let start = bytes.trim_ascii_start().get(..8)?;
    let sent = [start, &field.repeat(8), &control_id].concat();
    let sent = Header::of(&sent)?;
    let rule = |destination: &Destination| {
        let read = destination.replies.classify(bytes, &sent);
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
        of: SentAs { control_id, receiver: header.component(3, 1).to_vec() },
        outcome: format!("{code} of the application"),
        reply: Payload::from(bytes),
        at,
    })
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
    fn what_is_none_is_told_too() {
        assert!(read(&ack("CA"), &[]).is_none(), "it says that something was stored");
        assert!(read(&ack("AA"), &["archive".to_owned()]).is_none(), "it waits for none");
        assert!(read("MSH|^~\\&|LAB\rMSA|AA\r", &[]).is_none(), "to nothing");
        assert!(read("MSH|^~\\&|LAB\rPID|1\r", &[]).is_none());
        assert!(read("hello", &[]).is_none());
    }
}
