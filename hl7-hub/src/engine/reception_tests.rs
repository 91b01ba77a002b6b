//! What a message is answered, and where it goes.

use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use super::{Answer, Moment, Reception};
use crate::Payload;
use crate::config::Config;
use crate::store::{Accepted, Incoming, MessageId, StoreError, Verdict};

const ROUTES: &str = r#"
[destination.lab]
file = { folder = "lab" }
[destination.ris]
file = { folder = "ris" }
set = { "MSH-3" = "HUB", "MSH-8" = "\\", "MSH-16" = "NE" }
[destination.errors]
file = { folder = "errors" }
[[route]]
when = 'MSH-9.1 == "ORU"'
to = ["lab", "ris"]
[[route]]
when = 'MSH-9.2 == "R01"'
to = ["ris"]
[[route]]
when = 'parse_error == true'
to = ["errors"]
"#;

pub(super) fn reception(source: &str) -> Reception {
    let text = format!("[source.in]\nmllp = {{ listen = \"127.0.0.1:0\" }}\n{source}\n{ROUTES}");
    let config = Config::parse(&text, Path::new(".")).unwrap_or_else(|errors| panic!("{errors}"));
    Reception::new(Arc::new(config), 0).expect("a source")
}

pub(super) fn moment() -> Moment {
    Moment { at: 1_000, time: "20260211140114+0000".to_owned(), control_id: "H1".to_owned() }
}

/// What goes to the store, and what the sender is told once it is there.
fn receive(source: &str, message: &str) -> (Incoming, Answer) {
    let (incoming, exchange) = reception(source).receive(message.as_bytes(), "10.0.0.1", &moment());
    let stored = Ok(Accepted::New { id: MessageId(1), reused_control_id: false });
    (incoming, exchange.answer(&stored))
}

pub(super) fn oru(asked: &str) -> String {
    format!("MSH|^~\\&|LAB|HARBOUR|EHR|MAIN|20260211||ORU^R01|77|P|2.4|||{asked}\rPID|1||4711\r")
}

/// The codes of the answers.
pub(super) fn codes(answer: &Answer) -> Vec<String> {
    let texts = answer.replies.iter().map(|reply| String::from_utf8_lossy(reply.bytes()));
    texts
        .map(|text| {
            text.split("MSA|")
                .nth(1)
                .unwrap_or("")
                .split(['|', '\r'])
                .next()
                .unwrap_or("")
                .to_owned()
        })
        .collect()
}

pub(super) fn destinations(incoming: &Incoming) -> Vec<&str> {
    incoming.deliveries.iter().map(|delivery| delivery.destination.as_str()).collect()
}

#[test]
fn without_a_control_id_a_message_is_taken_unless_errors_are_refused() {
    let message = oru("").replace("|77|", "||");
    for (check, code, verdict) in [
        ("", "AA", Verdict::Accepted),
        ("check = \"off\"", "AA", Verdict::Accepted),
        ("check = \"warn\"", "AA", Verdict::Accepted),
        ("check = \"reject\"", "AE", Verdict::Error),
    ] {
        let (incoming, answer) = receive(check, &message);
        assert_eq!((codes(&answer), incoming.verdict), (vec![code.to_owned()], verdict), "{check}");
        assert!(incoming.dedupe.is_none(), "nobody can tell whether it comes again");
        let expected = if verdict == Verdict::Accepted { 2 } else { 1 };
        assert_eq!(incoming.deliveries.len(), expected, "{check}");
    }
    // What else is wrong with the header counts.
    let (incoming, answer) = receive("", &message.replace("|P|2.4|", "|P|9.9|"));
    assert_eq!((codes(&answer), incoming.verdict), (vec!["AR".to_owned()], Verdict::Rejected));
}

#[test]
fn statement_1_an_accept_acknowledgment_alone() {
    let (incoming, answer) = receive("", &oru("AL|NE"));
    let expected =
        b"MSH|^~\\&|EHR|MAIN|LAB|HARBOUR|20260211140114+0000||ACK^R01^ACK|H1|P|2.4\rMSA|CA|77\r";
    assert_eq!(answer, Answer { replies: vec![Payload::from(*expected)], close: false });
    assert_eq!(destinations(&incoming), ["lab", "ris"]);
    assert_eq!(incoming.decided, "route 1, 2 to lab, ris; answer CA");
}

#[test]
fn statement_2_both_acknowledgments_and_the_second_by_another_way() {
    let (_, answer) = receive("", &oru("AL|AL"));
    assert_eq!(codes(&answer), ["CA", "AA"]);
    let (incoming, answer) = receive("ack = { application_to = \"errors\" }", &oru("AL|AL"));
    assert_eq!(codes(&answer), ["CA"]);
    assert_eq!(destinations(&incoming), ["lab", "ris", "errors"]);
    let sent = incoming.deliveries[2].outgoing.as_ref().expect("an acknowledgment");
    assert!(String::from_utf8_lossy(sent.bytes()).contains("MSA|AA|77"));
}

#[test]
fn statement_3_one_answer_after_the_check() {
    assert_eq!(codes(&receive("check = \"reject\"", &good()).1), ["AA"]);
    let bad = good().replace("OBR|1|||GLU", "OBR|1");
    let (incoming, answer) = receive("check = \"reject\"", &bad);
    let text = String::from_utf8_lossy(answer.replies[0].bytes()).into_owned();
    assert!(text.contains("MSA|AE|77\rERR|OBR^1^4^101"), "{text}");
    assert_eq!((incoming.verdict, destinations(&incoming)), (Verdict::Error, vec!["errors"]));
    // A message that was refused may come again as it is: its partner's configuration may have been mended.
    assert_eq!(incoming.dedupe, None);
    let (incoming, answer) = receive("check = \"warn\"", &bad);
    assert_eq!((incoming.verdict, codes(&answer)), (Verdict::Accepted, vec!["AA".to_owned()]));
    assert!(incoming.decided.ends_with("; 1 errors noted"), "{}", incoming.decided);
}

pub(super) fn good() -> String {
    "MSH|^~\\&|LAB|HARBOUR|EHR|MAIN|20260211||ORU^R01|77|P|2.4\rPID|1||4711||EVERYMAN^ADAM\r\
     OBR|1|||GLU\rOBX|1|NM|GLU||5.4||||||F\r"
        .to_owned()
}

#[test]
fn statement_5_silence_and_fixed_texts() {
    assert_eq!(receive("ack = { mode = \"none\" }", &oru("AL|AL")).1.replies, []);
    let fixed = "ack = { mode = \"static\", success = \"OK\", failure = \"NO\" }";
    let text = |message: &str| receive(fixed, message).1.replies;
    assert_eq!(text(&oru("")), [Payload::from(*b"OK")]);
    assert_eq!(text(&oru("").replace("2.4", "7.7")), [Payload::from(*b"NO")]);
}

#[test]
fn statement_7_what_is_not_supported_is_rejected() {
    for (from, to, code) in [("R01", "R99", 201), ("|P|", "|X|", 202), ("2.4", "7.7", 203)] {
        let (incoming, answer) = receive("", &oru("").replace(from, to));
        let text = String::from_utf8_lossy(answer.replies[0].bytes()).into_owned();
        assert!(text.contains("MSA|AR|77") && text.contains(&code.to_string()), "{text}");
        assert_eq!(
            (incoming.verdict, destinations(&incoming)),
            (Verdict::Rejected, vec!["errors"])
        );
        assert_eq!(codes(&receive("", &oru("AL|NE").replace(from, to)).1), ["CR"]);
        assert_eq!(
            receive("check = \"off\"", &oru("").replace(from, to)).0.verdict,
            Verdict::Accepted
        );
    }
}

#[test]
fn statement_8_an_unknown_sender_is_kept() {
    let known = "senders = [\"ADT1\"]\n";
    let (incoming, answer) = receive(known, &oru(""));
    assert_eq!((incoming.verdict, codes(&answer)), (Verdict::Rejected, vec!["AR".to_owned()]));
    let silent = format!("{known}ack = {{ unknown_sender = \"silence\" }}");
    let (incoming, answer) = receive(&silent, &oru(""));
    assert_eq!((incoming.verdict, answer.replies.len()), (Verdict::Rejected, 0));
    assert_eq!(codes(&receive("senders = [\"LAB\"]", &oru("")).1), ["AA"]);
}

#[test]
fn statement_14_header_overrides_by_destination() {
    let (incoming, _) = receive("", &oru("AL|AL").replace("20260211||", "20260211|secret|"));
    assert_eq!(incoming.deliveries[0].outgoing, None);
    let sent = incoming.deliveries[1].outgoing.as_ref().expect("a changed header");
    let expected = oru("AL|NE").replace("LAB|HARBOUR", "HUB|HARBOUR");
    assert_eq!(String::from_utf8_lossy(sent.bytes()), expected);
}

#[test]
fn statement_10_acknowledgments_go_by_the_routes() {
    let source = "ack = { mode = \"enhanced\", by_routes = true }\non_store_failure = \"nak\"";
    let routed = format!(
        "{source}\n[[route]]\nwhen = 'MSH-9.1 == \"ACK\" and MSH-5.1 == \"LAB\"'\nto = [\"ris\", \"errors\"]\n"
    );
    let (incoming, answer) = receive(&routed, &oru(""));
    assert_eq!((answer.replies.len(), incoming.replies.len()), (0, 0));
    // The message itself, then each of the two acknowledgments; headers as each destination wants them.
    let to = destinations(&incoming);
    assert_eq!(to[to.len() - 4..], ["ris", "errors", "ris", "errors"]);
    let sent: Vec<_> = incoming.deliveries[to.len() - 4..]
        .iter()
        .map(|delivery| delivery.outgoing.as_ref().expect("an acknowledgment").bytes())
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .collect();
    assert!(sent[0].starts_with("MSH|^~\\&|HUB|") && sent[0].contains("MSA|CA|77"), "{sent:?}");
    assert!(sent[3].starts_with("MSH|^~\\&|EHR|") && sent[3].contains("MSA|AA|77"), "{sent:?}");
    // What no route takes is said.
    let (incoming, _) = receive(source, &oru("").replace("ORU^R01", "ADT^A01"));
    assert!(incoming.decided.contains("by no route"), "{}", incoming.decided);
    // What cannot be stored has no way at all.
    let (_, exchange) = reception(source).receive(oru("").as_bytes(), "10.0.0.1", &moment());
    let answer = exchange.answer(&Err(StoreError::Full));
    assert_eq!((answer.replies, answer.close), (Vec::new(), true));
}

#[test]
fn statement_11_a_destination_gets_a_text_about_a_message() {
    let notes = "[destination.notes]\nfile.folder = \"n\"\ntext = \"{PID-3}: {OBX-5}, {ZZZ-1}.\"\n\
                 [[route]]\nto = \"notes\"\n[[route]]\nwhen = 'parse_error == true'\nto = \"notes\"\n";
    let text = |message: &str| {
        let (incoming, _) = receive(notes, message);
        let note = incoming.deliveries.into_iter().find(|to| to.destination == "notes");
        let outgoing = note.expect("a note").outgoing.expect("a text");
        String::from_utf8_lossy(outgoing.bytes()).into_owned()
    };
    assert_eq!(text(&good()), "4711: 5.4, .");
    assert_eq!(text("hello"), ": , .");
}

/// A facility whose name has the field separator as half of a character, in front of the field that says so.
#[test]
fn statement_22_a_header_is_read_in_its_character_set() {
    let message = b"MSH|^~\\&|LAB|\x83|\x81\x5b\x83\x67|EHR|MAIN|1||ORU^R01|77|P|2.4||||||SHIFT_JIS\rPID|1||7\r";
    let (incoming, exchange) = reception("").receive(message, "10.0.0.1", &moment());
    assert_eq!(
        (incoming.verdict, destinations(&incoming)),
        (Verdict::Accepted, vec!["lab", "ris"])
    );
    let facts = &incoming.facts;
    assert_eq!((facts.message_type.as_str(), facts.control_id.as_str()), ("ORU^R01", "77"));
    assert_eq!(facts.sending_facility, "\u{30dd}\u{30fc}\u{30c8}");
    let sent = incoming.deliveries[1].outgoing.as_ref().expect("a changed header").bytes();
    assert!(sent.starts_with(
        b"MSH|^~\\&|HUB|\x83|\x81\x5b\x83\x67|EHR|MAIN|1||ORU^R01|77|P|2.4||||NE||SHIFT_JIS\r"
    ));
    let stored = Ok(Accepted::New { id: MessageId(1), reused_control_id: false });
    let reply = exchange.answer(&stored).replies.remove(0);
    assert!(reply.bytes().starts_with(b"MSH|^~\\&|EHR|MAIN|LAB|\x83|\x81\x5b\x83\x67|2026"));
}

#[test]
fn statement_23_what_cannot_be_read_is_kept_and_routed_by_name() {
    let broken = "MSH|^|LAB|HARBOUR|EHR|MAIN|20260211||ORU^R01|77|P|2.4\r";
    let cases = [("hello", 0, true), ("", 0, true), ("MSH", 1, false), (broken, 1, false)];
    for (message, answers, close) in cases {
        let (incoming, answer) = receive("", message);
        assert_eq!(incoming.payload.bytes(), message.as_bytes());
        if incoming.verdict == Verdict::Unreadable {
            assert_eq!((answer.replies.len(), answer.close), (answers, close), "{message:?}");
            assert_eq!(destinations(&incoming), ["errors"]);
        }
    }
    let partial = reception("").receive_partial(b"MSH|^~\\&|A", "10.0.0.1", "broken off", 1);
    assert_eq!((partial.verdict, destinations(&partial)), (Verdict::Partial, vec!["errors"]));
}

#[test]
fn what_no_route_takes_goes_nowhere_and_says_so() {
    let adt = oru("").replace("ORU^R01", "ADT^A01");
    let (incoming, answer) = receive("", &adt);
    assert_eq!((incoming.deliveries.len(), codes(&answer)), (0, vec!["AA".to_owned()]));
    assert!(incoming.decided.starts_with("no route;"));
    let (incoming, _) = receive("[[route]]\ndefault = true\nto = [\"errors\"]\n", &adt);
    assert_eq!(destinations(&incoming), ["errors"]);
}

#[test]
fn an_acknowledgment_is_not_answered_unless_it_asks() {
    let ack = "MSH|^~\\&|LAB|H|EHR|M|1||ACK^R01|9|P|2.4|||ASKED\rMSA|AA|77\r";
    assert_eq!(receive("", &ack.replace("ASKED", "")).1.replies, []);
    assert_eq!(codes(&receive("", &ack.replace("ASKED", "AL")).1), ["CA"]);
}

#[test]
fn a_repeated_message_is_known_by_its_content_without_its_time() {
    let key = |message: &str| receive("", message).0.dedupe;
    let first = key(&oru("")).expect("a key");
    assert_eq!(key(&oru("").replace("20260211", "20270101")), Some(first.clone()));
    let other = key(&oru("").replace("4711", "4712")).expect("a key");
    assert_ne!(other.content, first.content);
    assert_eq!((other.sender, other.control_id), (first.sender, first.control_id));
    assert_eq!(first.since, 1_000 - 604_800_000);
    assert_eq!(key(&oru("").replace("|77|", "||")), None);
    assert_eq!(receive("dedupe = \"off\"", &oru("")).0.dedupe, None);
}

/// What says that a message was taken.
fn is_positive(reply: &Payload) -> bool {
    let text = String::from_utf8_lossy(reply.bytes()).into_owned();
    text.contains("MSA|AA") || text.contains("MSA|CA") || text == "OK"
}

proptest! {
    /// I1: no message is acknowledged positively that the store does not have.
    #[test]
    fn statement_9_nothing_is_positive_without_the_store(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        asked in prop::sample::select(vec!["", "AL|NE", "AL|AL", "NE|SU", "ER|ER", "SU|SU"]),
        mode in prop::sample::select(vec!["original", "enhanced", "deferred", "static"]),
        failure in prop::sample::select(vec!["nak", "close"]),
    ) {
        let mut bytes = oru(asked).into_bytes();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let source = format!(
            "on_store_failure = \"{failure}\"\n\
             ack = {{ mode = \"{mode}\", success = \"OK\", failure = \"NO\" }}"
        );
        let (incoming, exchange) = reception(&source).receive(&bytes, "10.0.0.1", &moment());
        prop_assert_eq!(incoming.payload.bytes(), &bytes[..]);
        let answer = exchange.answer(&Err(StoreError::Full));
        prop_assert!(!answer.replies.iter().any(is_positive));
        prop_assert!(failure == "nak" || answer.close && answer.replies.is_empty());
    }

    #[test]
    fn any_bytes_are_received(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let (incoming, exchange) = reception("").receive(&bytes, "10.0.0.1", &moment());
        prop_assert_eq!(incoming.payload.bytes(), &bytes[..]);
        let _ = exchange.answer(&Err(StoreError::Full));
    }
}
