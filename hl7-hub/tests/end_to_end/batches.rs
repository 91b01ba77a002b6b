//! Batches in: into their messages, or on as a whole.

use hl7_hub::store::{MessageState, Query, Reader, Verdict};

use crate::hub::Hub;
use crate::receiver::{Reaction, Receiver};
use crate::sender::Sender;
use crate::{adt, eventually, field};

/// A source that takes batches, a folder for what is in order and one for what is not.
fn hub(source: &str) -> Hub {
    Hub::start(&format!(
        r#"
        [source.adt]
        mllp = {{ listen = "127.0.0.1:0" }}
        check = "reject"
        {source}
        [destination.archive]
        file = {{ folder = "archive" }}
        [destination.errors]
        file = {{ folder = "errors" }}
        [[route]]
        when = 'MSH-9.2 == "A01"'
        to = ["archive"]
        [[route]]
        when = "parse_error == true"
        to = ["errors"]
        "#
    ))
}

fn wrapped(messages: &[String], count: usize) -> String {
    let inside = messages.concat();
    format!("FHS|^~\\&|ADT1\rBHS|^~\\&|ADT1||HUB||||||B1\r{inside}BTS|{count}\rFTS|1\r")
}

/// Messages; the one at `bad` is refused.
fn messages(count: usize, bad: usize) -> Vec<String> {
    let message = |number: usize| {
        let message = adt(&format!("M{number}"));
        if number == bad { message.replace("EVN||20260211\r", "") } else { message }
    };
    (1..=count).map(message).collect()
}

fn contents(hub: &Hub, folder: &str) -> Vec<String> {
    let read = |file| String::from_utf8_lossy(&std::fs::read(file).expect("a file")).into_owned();
    hub.files(folder).iter().map(read).collect()
}

fn frame(text: &str) -> Vec<u8> {
    format!("\u{b}{text}\u{1c}\r").into_bytes()
}

#[test]
fn statement_24_a_batch_is_taken_apart() {
    let mut hub = hub("batches = \"split\"");
    let inside = messages(4, 3);
    for (frame_text, missing) in [(wrapped(&inside, 5), "[batch-count]"), (inside.concat(), "")] {
        let mut sender = Sender::connect(&hub.address("adt"));
        sender.raw(&frame(&frame_text)).expect("it is sent");
        for (id, code) in [("M1", "AA"), ("M2", "AA"), ("M3", "AE"), ("M4", "AA")] {
            let reply = sender.reply().expect("the connection holds").expect("a reply");
            assert_eq!(
                (field(&reply, "MSA", 1), field(&reply, "MSA", 2)),
                (code.into(), id.into())
            );
        }
        let newest = Query { most: 1, state: Some(MessageState::Split), ..Query::default() };
        let batch = hub.reader().search(&newest).expect("it is read").remove(0);
        assert_eq!(batch.verdict, Verdict::Batch);
        let body = hub.reader().body(batch.id).expect("it is read").expect("it is kept");
        assert_eq!(body.bytes(), frame_text.as_bytes());
        let shown = hub.run(&["show", &batch.id.to_string()]);
        assert!(String::from_utf8_lossy(&shown.stdout).contains(missing), "{shown:?}");
    }
    assert!(hub.logged("a batch is not in order") && hub.logged("BTS-1 says 5, the batch has 4"));
    eventually("all is delivered", || hub.is_drained());
    let good: Vec<_> = [&inside[..2], &inside[3..]].concat();
    assert_eq!(contents(&hub, "archive"), good);
    // The one that is refused is not known again: it may be well with another configuration.
    assert_eq!(contents(&hub, "errors"), [inside[2].as_str(), &inside[2]]);
    // A message says which batch it came in, and a batch which messages came in it.
    let shown = hub.run(&["show", "2"]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("message 1 of batch 1"), "{shown:?}");
    let found = hub.run(&["search", "--batch", "1"]);
    assert_eq!(String::from_utf8_lossy(&found.stdout).lines().count(), 5);
    assert!(hub.stop().success());
    assert!(hub.run(&["audit", "verify"]).status.success());
}

#[test]
fn statement_25_a_batch_stays_whole_without_what_is_set_aside() {
    let hub = hub("batches = \"whole\"\nset_aside = true");
    let mut sender = Sender::connect(&hub.address("adt"));
    let (good, bad) = (wrapped(&messages(10, 0), 10), messages(10, 7));
    let reply = String::from_utf8_lossy(&sender.send(&good)).into_owned();
    assert!(reply.starts_with("BHS|") && reply.ends_with("BTS|10\r"), "{reply}");
    // The same once more gets the same answer, and goes nowhere.
    assert_eq!(String::from_utf8_lossy(&sender.send(&good)), reply);
    let reply = String::from_utf8_lossy(&sender.send(&wrapped(&bad, 10))).into_owned();
    assert_eq!((reply.matches("MSA|AA|").count(), reply.matches("MSA|AE|M7").count()), (9, 1));
    eventually("all is delivered", || hub.is_drained());
    let left: Vec<_> = [&bad[..6], &bad[7..]].concat();
    assert_eq!(contents(&hub, "archive"), [good, wrapped(&left, 9)]);
    assert_eq!(contents(&hub, "errors"), [bad[6].as_str()]);
}

#[test]
fn statement_25_a_batch_goes_over_mllp_as_it_came() {
    let lab = Receiver::start();
    let hub = Hub::start(&format!(
        r#"
        [source.adt]
        mllp = {{ listen = "127.0.0.1:0" }}
        batches = "whole"
        ack = {{ batch = "negative" }}
        [destination.lab]
        mllp = {{ connect = "{}" }}
        [[route]]
        when = 'batch == true and BHS-11 == "B1"'
        to = "lab"
        "#,
        lab.address()
    ));
    let sent = wrapped(&messages(3, 0), 3);
    let reply = Sender::connect(&hub.address("adt")).send(&sent);
    assert!(reply.ends_with(b"BTS|0\r"), "{}", String::from_utf8_lossy(&reply));
    eventually("it is delivered", || hub.is_drained() && hub.status().destinations[0].done == 1);
    assert_eq!(lab.messages(), [sent.into_bytes()]);
}

#[test]
fn a_hostile_batch_loses_no_byte() {
    let hub = hub("batches = \"split\"");
    let mut sender = Sender::connect(&hub.address("adt"));
    // A million empty lines, a batch in a batch, a text that looks like a header, a large message, and no end of lines.
    let large = adt("M2").replace("PV1|1|I", &format!("PV1|1|I||{}", "x".repeat(2 << 20)));
    let text = format!(
        "{}BHS|^~\\&|A\rBHS|^~\\&|B\r{}{large}MSH-3 is text\r\nBTS|9\rstray\r\n{}",
        "\r\n".repeat(1_000_000),
        adt("M1"),
        "\n".repeat(1_000_000),
    );
    sender.raw(&frame(&text)).expect("it is sent");
    let codes = [("M1", "AA"), ("M2", "AE")];
    for (id, code) in codes {
        let reply = sender.reply().expect("the connection holds").expect("a reply");
        assert_eq!((field(&reply, "MSA", 1), field(&reply, "MSA", 2)), (code.into(), id.into()));
    }
    let body = hub.reader().body(hl7_hub::store::MessageId(1)).expect("it is read");
    assert!(body.is_some_and(|body| body.bytes() == text.as_bytes()), "every byte is kept");
}

/// A destination that takes batches, and one that gets each message by itself.
fn batching(batch: &str) -> String {
    format!(
        r#"
        [hub]
        name = "north"
        [source.adt]
        mllp = {{ listen = "127.0.0.1:0" }}
        [destination.day]
        file = {{ folder = "day", batch = {{ name = "day", {batch} }} }}
        set = {{ "MSH-5" = "LAB" }}
        [destination.archive]
        file = {{ folder = "archive" }}
        [[route]]
        to = ["day", "archive"]
        "#
    )
}

/// The control ids in each batch, whose counts must be right.
fn batched(hub: &Hub, folder: &str) -> Vec<Vec<String>> {
    let ids = |text: &String| -> Vec<String> {
        let lines: Vec<_> = text.split('\r').collect();
        let messages = lines.iter().filter(|line| line.starts_with("MSH"));
        let ids: Vec<_> = messages.map(|line| field(line.as_bytes(), "MSH", 10)).collect();
        assert!(text.starts_with("FHS|^~\\&|north||day||"), "{text}");
        assert!(text.ends_with(&format!("BTS|{}\rFTS|1\r", ids.len())), "{text}");
        assert_eq!(text.matches("|LAB|").count(), ids.len());
        ids
    };
    contents(hub, folder).iter().map(ids).collect()
}

#[test]
fn statement_26_messages_gather_and_go_as_a_batch_and_a_restart_loses_nothing() {
    let mut hub = Hub::start(&batching("count = 4, every = \"1h\""));
    let mut sent = 0;
    // Killed wherever it is, again and again, while messages come.
    for _ in 0..3 {
        let mut sender = Sender::connect(&hub.address("adt"));
        for _ in 0..3 {
            sent += 1;
            assert_eq!(sender.code(&adt(&format!("M{sent}"))), "AA");
        }
        hub.restart();
    }
    eventually("two batches are written", || hub.files("day").len() == 2 && hub.is_drained());
    let expected: Vec<Vec<String>> =
        [1..=4, 5..=8].map(|ids| ids.map(|id| format!("M{id}")).collect()).into();
    assert_eq!(batched(&hub, "day"), expected);
    let name = hub.files("day")[0].file_name().map(|name| name.to_string_lossy().into_owned());
    assert!(name.is_some_and(|name| name.starts_with("day-0000")));
    let status = hub.status();
    let day = status.destinations.iter().find(|to| to.name == "day").expect("it has deliveries");
    assert_eq!((day.gathering, day.queued, day.done), (1, 0, 10));
    // Each message says which batch it went in.
    let all = Query { most: 100, control_id: Some("M5".into()), ..Query::default() };
    let message = hub.reader().search(&all).expect("it is read").remove(0);
    assert_eq!(message.state, MessageState::Completed);
    let shown = hub.run(&["show", &message.id.to_string()]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("to day: done, in batch"), "{shown:?}");
    assert!(hub.stop().success());
    assert!(hub.run(&["audit", "verify"]).status.success());
}

#[test]
fn statement_26_a_batch_goes_when_its_first_message_has_waited_long_enough() {
    let hub = Hub::start(&batching("count = 1000, every = \"200ms\""));
    assert_eq!(Sender::connect(&hub.address("adt")).code(&adt("M1")), "AA");
    eventually("a batch is written", || hub.files("day").len() == 1);
    assert_eq!(batched(&hub, "day"), [["M1"]]);
}

#[test]
fn statement_26_acknowledgments_gather_too_and_a_batch_goes_over_mllp() {
    let lab = Receiver::reacting("127.0.0.1:0", |_, _| Reaction::CodeFor("AA", "M1"));
    let hub = Hub::start(&format!(
        r#"
        [source.adt]
        mllp = {{ listen = "127.0.0.1:0" }}
        ack = {{ mode = "enhanced", application_to = "answers" }}
        [destination.lab]
        mllp = {{ connect = "{}", batch = {{ count = 2 }} }}
        [destination.answers]
        file = {{ folder = "answers", batch = {{ count = 2 }} }}
        [[route]]
        to = ["lab"]
        "#,
        lab.address()
    ));
    let mut sender = Sender::connect(&hub.address("adt"));
    assert_eq!((sender.code(&adt("M1")), sender.code(&adt("M2"))), ("CA".into(), "CA".into()));
    eventually("all is delivered", || hub.is_drained() && hub.files("answers").len() == 1);
    let frames = lab.messages();
    let text = String::from_utf8_lossy(&frames[0]).into_owned();
    let inside = format!("{}{}BTS|2\rFTS|1\r", adt("M1"), adt("M2"));
    assert!(frames.len() == 1 && text.ends_with(&inside), "{text}");
    let answers = contents(&hub, "answers").remove(0);
    assert_eq!((answers.matches("MSA|AA|M").count(), answers.matches("MSA|CA").count()), (2, 0));
}
