//! `docs/nothing-lost.md` says what is true: its messages come back byte for byte, and have the findings that it lists.

use hl7_types::{AnyMessage, DecodeOptions, Findings, Presence, Rules};

const PAGE: &str = include_str!("../../docs/nothing-lost.md");

/// The blocks of a language, in order.
fn blocks(language: &str) -> Vec<&'static str> {
    let opening = format!("\n```{language}\n");
    let behind = PAGE.split(opening.as_str()).skip(1);
    behind.map(|rest| rest.split("```").next().expect("a block ends")).collect()
}

fn decode(block: &str) -> (Vec<u8>, AnyMessage, Findings) {
    let bytes = block.replace('\n', "\r").into_bytes();
    let options = DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() };
    let decoded = hl7_types::decode_with(&bytes, &options).expect("a message");
    (bytes, decoded.message, decoded.findings)
}

#[test]
fn messages_come_back_and_findings_are_those_of_the_page() {
    let (messages, listed) = (blocks("er7"), blocks("findings"));
    assert_eq!((messages.len(), listed.len()), (10, 10));
    let mut shown = String::new();
    for block in &messages {
        let (bytes, message, findings) = decode(block);
        assert_eq!(String::from_utf8_lossy(&message.encode()), String::from_utf8_lossy(&bytes));
        assert!(message.group().is_some(), "it has a structure");
        shown.extend(findings.iter().map(|finding| format!("{finding}\n")));
        shown.push_str("--\n");
    }
    assert_eq!(shown, listed.iter().map(|block| format!("{block}--\n")).collect::<String>());
}

/// What the text beside the blocks says about values.
#[test]
fn values_are_those_of_the_page() {
    let messages = blocks("er7");
    for (number, path, value) in [
        (1, "ZBR-2", Some("BENCH-4")),
        (2, "OBX[2]-5", Some("4.4")),
        (5, "PID-7", Some("\"\"")),
        (6, "OBX-5", Some("<5")),
        (7, "OBX-5", Some("AP^A positive")),
        (8, "OBR[3]-2", Some("ORD-7302^HARBOUR")),
        (9, "PID-5.1", Some("FENWICK")),
    ] {
        let (_, message, _) = decode(messages[number - 1]);
        let path = path.parse().expect("a path");
        assert_eq!(message.get(&path).as_deref(), value, "{number}");
    }
    let (_, AnyMessage::V2_5_1(hl7_types::v2_5_1::AnyMessage::AdtA01(adt)), _) =
        decode(messages[4])
    else {
        panic!("an ADT_A01")
    };
    assert_eq!(adt.pid.date_time_of_birth.time.presence(), Presence::Null);
    let (_, AnyMessage::V2_5_1(hl7_types::v2_5_1::AnyMessage::OmlO21(orders)), _) =
        decode(messages[7])
    else {
        panic!("an OML_O21")
    };
    assert_eq!(orders.order.len(), 3);
}
