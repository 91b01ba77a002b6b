//! What a batch is answered, and where it and its messages go.

use proptest::prelude::*;

use super::reception_tests::{codes, destinations, good, moment, reception};
use super::{Answer, Received};
use crate::store::{
    Accepted, AcceptedBatch, Incoming, IncomingBatch, MessageId, StoreError, Verdict,
};

/// A batch as it goes to the store, what is wrong with it, and what its sender is told once it is there.
fn receive(source: &str, frame: &str) -> (IncomingBatch, String, Answer) {
    match reception(source).receive_frame(frame.as_bytes(), "10.0.0.1", &moment()) {
        Received::Batch(incoming, exchange) => {
            let findings = exchange.findings().to_owned();
            let stored = stored(incoming.messages.len());
            (incoming, findings, exchange.answer(&Ok(stored)))
        }
        Received::Message(..) => panic!("no batch: {frame}"),
    }
}

fn stored(messages: usize) -> AcceptedBatch {
    let new = |id| Accepted::New { id: MessageId(id), reused_control_id: false };
    AcceptedBatch { batch: new(1), messages: (2..).take(messages).map(new).collect() }
}

fn message(source: &str, frame: &str) -> Incoming {
    match reception(source).receive_frame(frame.as_bytes(), "10.0.0.1", &moment()) {
        Received::Message(incoming, _) => incoming,
        Received::Batch(..) => panic!("a batch: {frame}"),
    }
}

/// Good messages with control ids, the one at `bad` with an error.
fn messages(count: usize, bad: Option<usize>) -> Vec<String> {
    let message = |number: usize| {
        let message = good().replace("|77|", &format!("|M{number}|"));
        if bad == Some(number) { message.replace("OBR|1|||GLU", "OBR|1") } else { message }
    };
    (1..=count).map(message).collect()
}

fn wrapped(messages: &[String], count: usize) -> String {
    let inside = messages.concat();
    format!(
        "FHS|^~\\&|LAB|HARBOUR|EHR|MAIN|20260211||F.hl7||F1\r\
         BHS|^~\\&|LAB|HARBOUR|EHR|MAIN|20260211||||B1\r{inside}BTS|{count}\rFTS|1\r"
    )
}

const SPLIT: &str = "batches = \"split\"\n";
const CHECKED: &str = "check = \"reject\"\n";
const SET_ASIDE: &str = "batches = \"whole\"\nset_aside = true\ncheck = \"reject\"\n";
const WHOLE: &str = "batches = \"whole\"\ncheck = \"reject\"\n";

/// Messages of a batch are answered as they are stored, also where others wait for what destinations say.
#[test]
fn messages_of_a_batch_wait_for_no_destination() {
    let delivered = "ack = { when = \"delivered\", wait_for = [\"lab\"] }\n";
    for (source, count) in [(SPLIT, 3), (WHOLE, 3)] {
        let frame = wrapped(&messages(count, None), count);
        let (batch, _, answer) = receive(&format!("{source}{delivered}"), &frame);
        let said: Vec<_> = answer.replies.iter().map(|reply| reply.bytes()).collect();
        let said = String::from_utf8(said.concat()).expect("text");
        assert_eq!((said.matches("MSA|AA|M").count(), answer.close), (count, false), "{said}");
        let all = batch.messages.iter().map(|member| &member.message).chain([&batch.batch]);
        let kept: usize = all.map(|message| message.replies.len()).sum();
        assert_eq!(kept, answer.replies.len(), "a repeated one gets the same");
    }
}

#[test]
fn statement_24_each_message_is_judged_routed_and_answered_for_itself() {
    let mut inside = messages(3, Some(2));
    inside[2] = inside[2].replace("ORU^R01", "ADT^A01");
    for frame in [wrapped(&inside, 3), inside.concat()] {
        let (batch, findings, answer) = receive(&format!("{SPLIT}{CHECKED}"), &frame);
        assert_eq!(findings, "");
        assert_eq!(batch.batch.payload.bytes(), frame.as_bytes());
        assert_eq!((batch.batch.verdict, batch.batch.deliveries.len()), (Verdict::Batch, 0));
        let bytes: Vec<_> = batch.messages.iter().map(|m| m.message.payload.bytes()).collect();
        assert_eq!(bytes, inside.iter().map(String::as_bytes).collect::<Vec<_>>());
        let places: Vec<_> = batch.messages.iter().map(|member| member.ordinal).collect();
        assert_eq!(places, [1, 2, 3]);
        let routed: Vec<_> = batch.messages.iter().map(|m| destinations(&m.message)).collect();
        assert_eq!(routed, [vec!["lab", "ris"], vec!["errors"], vec!["errors"]]);
        assert_eq!(codes(&answer), ["AA", "AE", "AE"]);
        let text = String::from_utf8_lossy(answer.replies[1].bytes()).into_owned();
        assert!(text.contains("|H1.2|P|2.4\rMSA|AE|M2\rERR|OBR^1^4^101"), "{text}");
    }
}

#[test]
fn statement_24_wrong_counts_and_missing_trailers_are_reported_and_messages_pass() {
    let inside = messages(2, None);
    let whole = wrapped(&inside, 2);
    for (frame, finding) in [
        (wrapped(&inside, 3), "[batch-count]"),
        (whole.replace("BTS|2\rFTS|1\r", ""), "[missing-batch-trailer]"),
        (whole.replace("FTS|1\r", ""), "[missing-file-trailer]"),
        (whole.replace("FTS|1\r", "FTS|7\r"), "[file-count]"),
    ] {
        for mode in [SPLIT, WHOLE] {
            let (batch, findings, answer) = receive(mode, &frame);
            assert!(findings.contains(finding), "{findings}");
            assert!(batch.batch.decided.contains(finding), "{}", batch.batch.decided);
            let acks: usize = answer
                .replies
                .iter()
                .map(|r| String::from_utf8_lossy(r.bytes()).matches("MSA|AA").count())
                .sum();
            assert_eq!(acks, 2, "{frame}");
        }
    }
}

#[test]
fn statement_24_acknowledgments_in_a_batch_of_their_own() {
    let frame = wrapped(&messages(3, Some(2)), 3);
    let of = |which: &str| {
        let source = format!("{SPLIT}{CHECKED}ack = {{ batch = \"{which}\" }}");
        let (_, _, answer) = receive(&source, &frame);
        assert_eq!(answer.replies.len(), 1);
        String::from_utf8_lossy(answer.replies[0].bytes()).into_owned()
    };
    let all = of("all");
    let head = "BHS|^~\\&|EHR|MAIN|LAB|HARBOUR|20260211140114+0000||||H1|F1\r";
    assert!(all.starts_with(head) && all.ends_with("\rBTS|3\r"), "{all}");
    assert_eq!(all.matches("MSA|A").count(), 3);
    let negative = of("negative");
    assert!(negative.contains("MSA|AE|M2") && negative.ends_with("\rBTS|1\r"), "{negative}");
    // Who wants no acknowledgments gets no batch of none; all well is said by an empty batch.
    let never = good().replace("|P|2.4", "|P|2.4|||NE|NE");
    let (_, _, answer) = receive(&format!("{SPLIT}ack = {{ batch = \"all\" }}"), &never.repeat(2));
    assert_eq!(answer.replies, []);
    let (_, _, answer) =
        receive(&format!("{SPLIT}ack = {{ batch = \"negative\" }}"), &messages(2, None).concat());
    assert!(answer.replies[0].bytes().ends_with(b"BTS|0\r"));
}

#[test]
fn statement_25_a_batch_goes_out_as_it_came() {
    let inside = messages(3, None);
    for frame in [wrapped(&inside, 3), inside.concat(), format!("\r\n\r\n{}x", wrapped(&inside, 9))]
    {
        let (batch, _, answer) = receive(WHOLE, &frame);
        assert_eq!((batch.batch.verdict, batch.messages.len()), (Verdict::Accepted, 0));
        assert_eq!(destinations(&batch.batch), ["lab", "ris"]);
        assert_eq!(batch.batch.deliveries[0].outgoing, None);
        // J4: a batch of acknowledgments, the first of which is for the first message.
        assert_eq!((answer.replies.len(), codes(&answer)), (1, vec!["AA".to_owned()]));
        let text = String::from_utf8_lossy(answer.replies[0].bytes()).into_owned();
        assert!(text.contains("MSA|AA|M1\r") && text.ends_with("MSA|AA|M3\rBTS|3\r"), "{text}");
        assert_eq!(batch.batch.replies, answer.replies);
        // 14: a destination that wants other headers gets them in every message.
        let sent = batch.batch.deliveries[1].outgoing.as_ref().expect("changed headers");
        assert_eq!(String::from_utf8_lossy(sent.bytes()).matches("MSH|^~\\&|HUB|").count(), 3);
    }
}

#[test]
fn statement_25_one_bad_message_refuses_its_batch() {
    let frame = wrapped(&messages(3, Some(2)), 3);
    let (batch, _, answer) = receive(WHOLE, &frame);
    assert_eq!((batch.batch.verdict, batch.messages.len()), (Verdict::Error, 0));
    assert_eq!((destinations(&batch.batch), &batch.batch.dedupe), (vec!["errors"], &None));
    assert!(batch.batch.decided.contains("is refused for message 2;"), "{}", batch.batch.decided);
    let text = String::from_utf8_lossy(answer.replies[0].bytes()).into_owned();
    for ack in ["MSA|AR|M1", "MSA|AE|M2\rERR|OBR^1^4^101", "MSA|AR|M3"] {
        assert!(text.contains(ack), "{text}");
    }
}

#[test]
fn statement_25_one_bad_message_of_ten_is_set_aside_and_nine_go_on() {
    let inside = messages(10, Some(7));
    let (batch, _, answer) = receive(SET_ASIDE, &wrapped(&inside, 10));
    assert_eq!(
        (batch.batch.verdict, destinations(&batch.batch)),
        (Verdict::Accepted, vec!["lab", "ris"])
    );
    let mut left = inside.clone();
    left.remove(6);
    let sent = batch.batch.deliveries[0].outgoing.as_ref().expect("nine messages");
    assert_eq!(String::from_utf8_lossy(sent.bytes()), wrapped(&left, 9));
    let aside: Vec<_> = batch.messages.iter().map(|m| (m.ordinal, m.message.verdict)).collect();
    assert_eq!(aside, [(7, Verdict::Error)]);
    assert_eq!(batch.messages[0].message.payload.bytes(), inside[6].as_bytes());
    assert_eq!(destinations(&batch.messages[0].message), ["errors"]);
    let text = String::from_utf8_lossy(answer.replies[0].bytes()).into_owned();
    assert_eq!((text.matches("MSA|AA").count(), text.matches("MSA|AE|M7").count()), (9, 1));
    // Its answer goes with the others, wherever they go.
    let source = format!("{SET_ASIDE}ack = {{ by_routes = true }}\n");
    let (batch, _, _) = receive(&source, &wrapped(&inside, 10));
    assert_eq!(destinations(&batch.messages[0].message), ["errors"]);
    // Nothing is left of it: then it is refused.
    let (batch, _, _) = receive(SET_ASIDE, &wrapped(&messages(1, Some(1)), 1));
    assert_eq!((batch.batch.verdict, batch.messages.len()), (Verdict::Error, 0));
}

#[test]
fn a_whole_batch_is_routed_by_its_headers_and_its_first_message() {
    let route = |when: &str| format!("{WHOLE}[[route]]\nwhen = '{when}'\nto = [\"errors\"]\n");
    let adt = messages(2, None).concat().replace("ORU^R01", "ADT^A01");
    let frame = wrapped(&[adt], 2);
    let check_off = |source: String| source.replace("\"reject\"", "\"off\"");
    for (when, holds) in [
        ("batch == true", true),
        ("FHS-3 == \"LAB\" and BHS-11 == \"B1\"", true),
        ("MSH-10 == \"M1\"", true),
        ("MSH-10 == \"M2\"", false),
    ] {
        let (batch, _, _) = receive(&check_off(route(when)), &frame);
        assert_eq!(destinations(&batch.batch).contains(&"errors"), holds, "{when}");
    }
}

#[test]
fn application_acknowledgments_of_a_whole_batch_go_by_their_own_way() {
    let asked = good().replace("|P|2.4", "|P|2.4|||AL|AL");
    let source = format!("{WHOLE}ack = {{ application_to = \"errors\" }}");
    let (batch, _, answer) = receive(&source, &asked.repeat(2));
    assert_eq!(destinations(&batch.batch), ["lab", "ris", "errors"]);
    let count = |bytes: &[u8], text: &str| String::from_utf8_lossy(bytes).matches(text).count();
    assert_eq!(count(answer.replies[0].bytes(), "MSA|CA|77"), 2);
    let sent = batch.batch.deliveries[2].outgoing.as_ref().expect("acknowledgments");
    assert_eq!((count(sent.bytes(), "MSA|AA|77"), count(sent.bytes(), "MSA|CA")), (2, 0));
}

#[test]
fn the_answer_to_a_whole_batch_may_go_by_the_routes_too() {
    let source = format!(
        "{WHOLE}ack = {{ by_routes = true }}\n[[route]]\nwhen = 'batch == true and not exists MSH-9'\nto = \"errors\"\n"
    );
    let (batch, _, answer) = receive(&source, &wrapped(&messages(2, None), 2));
    assert_eq!(
        (answer.replies.len(), destinations(&batch.batch)),
        (0, vec!["lab", "ris", "errors"])
    );
    let sent = batch.batch.deliveries[2].outgoing.as_ref().expect("acknowledgments");
    assert!(sent.bytes().starts_with(b"BHS|") && sent.bytes().ends_with(b"MSA|AA|M2\rBTS|2\r"));
}

#[test]
fn fixed_texts_answer_batches_too() {
    let fixed = "ack = { mode = \"static\", success = \"OK\", failure = \"NO\" }";
    let texts = |source: &str, frame: &str| -> Vec<String> {
        let (_, _, answer) = receive(&format!("{source}{fixed}"), frame);
        answer.replies.iter().map(|r| String::from_utf8_lossy(r.bytes()).into_owned()).collect()
    };
    let (good, bad) = (messages(2, None).concat(), messages(2, Some(2)).concat());
    assert_eq!(texts(&format!("{SPLIT}{CHECKED}"), &bad), ["OK", "NO"]);
    assert_eq!((texts(WHOLE, &good), texts(WHOLE, &bad)), (vec!["OK".into()], vec!["NO".into()]));
    assert_eq!(texts(SET_ASIDE, &bad), ["NO"]);
}

#[test]
fn a_repeated_batch_is_known() {
    let key = |frame: &str| receive(SPLIT, frame).0.batch.dedupe;
    let frame = wrapped(&messages(2, None), 2);
    assert!(key(&frame).is_some_and(|key| key.control_id == b"batch F1"));
    assert_ne!(key(&frame), key(&wrapped(&messages(1, None), 1)));
    let id =
        |frame: &str| key(frame).map(|key| String::from_utf8_lossy(&key.control_id).into_owned());
    assert_eq!(id(&frame.replace("||F1", "")).as_deref(), Some("batch B1"));
    assert_eq!(id(&messages(2, None).concat()).as_deref(), Some("batch M1"));
    assert_eq!(id(&good().replace("|77|", "||").repeat(2)), None);
    let (incoming, exchange) =
        match reception(SPLIT).receive_frame(frame.as_bytes(), "10.0.0.1", &moment()) {
            Received::Batch(incoming, exchange) => (incoming, exchange),
            Received::Message(..) => panic!("a batch"),
        };
    // One of its messages came before: it gets the answer that it got then.
    let old = crate::Payload::from(*b"MSH|^~\\&|\rMSA|AA|old\r");
    let mut stored = stored(incoming.messages.len());
    stored.messages[0] = Accepted::Duplicate { id: MessageId(1), replies: vec![old.clone()] };
    let answer = exchange.answer(&Ok(stored));
    assert_eq!((&answer.replies[0], answer.replies.len()), (&old, 2));
}

#[test]
fn without_the_setting_a_frame_is_one_message() {
    let (frame, bare) = (wrapped(&messages(2, None), 2), messages(2, None).concat());
    let incoming = message("", &frame);
    assert_eq!(
        (incoming.verdict, incoming.payload.bytes()),
        (Verdict::Unreadable, frame.as_bytes())
    );
    assert!(incoming.decided.starts_with("a batch, and `batches` is off;"), "{}", incoming.decided);
    assert_eq!(message("", &bare).payload.bytes(), bare.as_bytes());
    // With it, one message alone stays what it was, byte for byte.
    for frame in ["\r\nMSH|^~\\&|A\r\r\n", "hello", ""] {
        assert_eq!(message(SPLIT, frame).payload.bytes(), frame.as_bytes());
    }
}

#[test]
fn more_messages_than_may_be_are_kept_and_refused_as_one() {
    let frame = "MSH|^~\\&|LAB|H|||||ORU^R01|1|P|2.4\r".repeat(crate::config::MOST_MESSAGES + 1);
    for mode in [SPLIT, WHOLE] {
        let (batch, findings, answer) = receive(mode, &frame);
        assert_eq!((batch.messages.len(), batch.batch.verdict), (0, Verdict::Partial));
        assert_eq!(batch.batch.payload.bytes().len(), frame.len());
        assert_eq!(codes(&answer), ["AR"]);
        assert!(batch.batch.decided.len() < 2_000 && findings.len() < 2_000);
    }
}

proptest! {
    /// I1 for batches, and no byte of one is lost, whatever it holds.
    #[test]
    fn statement_9_no_batch_is_acknowledged_without_the_store(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "FHS|^~\\&|A\r", "BHS|^~\\&|B\r", "BTS|1\r", "FTS|1\r", "\r\n", "MSH|", "x\r",
                "MSH|^~\\&|LAB|H|EHR|M|1||ORU^R01|77|P|2.4|||AL|AL\rPID|1\r",
                "MSH|^~\\&|LAB|H|EHR|M|1||ORU^R01|78|P|2.4\rPID|1\r",
            ]),
            0..12,
        ),
        mode in prop::sample::select(vec![SPLIT, WHOLE, SET_ASIDE]),
        acks in prop::sample::select(vec!["each", "all", "negative"]),
        failure in prop::sample::select(vec!["nak", "close"]),
    ) {
        let frame = parts.concat();
        let source = format!("{mode}on_store_failure = \"{failure}\"\nack = {{ batch = \"{acks}\" }}");
        let peer = "10.0.0.1";
        let answer = match reception(&source).receive_frame(frame.as_bytes(), peer, &moment()) {
            Received::Message(incoming, exchange) => {
                prop_assert_eq!(incoming.payload.bytes(), frame.as_bytes());
                exchange.answer(&Err(StoreError::Full))
            }
            Received::Batch(incoming, exchange) => {
                prop_assert_eq!(incoming.batch.payload.bytes(), frame.as_bytes());
                exchange.answer(&Err(StoreError::Full))
            }
        };
        let positive = ["MSA|AA", "MSA|CA", "BTS|0"];
        for reply in &answer.replies {
            let text = String::from_utf8_lossy(reply.bytes());
            prop_assert!(!positive.iter().any(|code| text.contains(code)), "{}", text);
        }
        prop_assert!(failure == "nak" || answer.close && answer.replies.is_empty());
    }
}
