//! Senders that wait until a destination has answered.

use hl7_hub::store::{MessageState, Query, Reader};

use crate::hub::Hub;
use crate::receiver::{Reaction, Receiver};
use crate::sender::Sender;
use crate::{adt, eventually, field};

fn config(ack: &str, his: &str) -> String {
    format!(
        r#"
        [source.adt]
        mllp = {{ listen = "127.0.0.1:0" }}
        ack = {{ when = "delivered", wait_for = "his", {ack} }}
        [destination.his]
        mllp = {{ connect = "{his}", ack_timeout = "2s" }}
        retry = {{ first = "50ms", most = "100ms", attempts = 2 }}
        [destination.archive]
        file = {{ folder = "archive" }}
        [[route]]
        to = ["his", "archive"]
        "#
    )
}

const QUERY: &str = "MSH|^~\\&|ADT|MCM|HIS|MCM|20260211||QRY^Q01|MSG00001|P|2.4\r\
     QRD|20260211|R|I|Q1|||1^RD|77|DEM|ALL\r";

#[test]
fn statement_13_a_query_is_answered_with_the_response() {
    let response = |id: &str| {
        format!(
            "MSH|^~\\&|HIS|MCM|ADT|MCM|20260211||DSR^Q01|R1|P|2.4\rMSA|AA|{id}\r\
             QRD|20260211|R|I|Q1|||1^RD|77|DEM|ALL\rDSP|1||{}\r",
            crate::CANARY
        )
    };
    let his = Receiver::reacting("127.0.0.1:0", move |_, id| Reaction::Reply(response(id)));
    let mut hub = Hub::start(&config("answer = \"response\"", his.address()));
    let mut sender = Sender::connect(&hub.address("adt"));
    let expected = response("MSG00001").into_bytes();
    assert_eq!(sender.send(QUERY), expected);
    assert_eq!(his.messages(), [QUERY.as_bytes()]);
    // Sent again it is not asked again.
    assert_eq!(sender.send(QUERY), expected);
    assert_eq!(his.messages().len(), 1);
    // Where an accept acknowledgment is asked for it comes first, at once.
    let asking = QUERY.replacen("|MSG00001|P|2.4\r", "|MSG00002|P|2.4|||AL|NE\r", 1);
    assert_eq!(sender.code(&asking), "CA");
    let second = sender.reply().expect("the connection holds").expect("a reply");
    assert_eq!(second, response("MSG00002").into_bytes());
    assert!(hub.stop().success());
}

#[test]
fn the_code_of_the_destination_is_passed_on() {
    let his = Receiver::reacting("127.0.0.1:0", |_, id| match id {
        "E1" => Reaction::Code("AE"),
        "R1" => Reaction::Code("AR"),
        _ => Reaction::Code("AA"),
    });
    let hub = Hub::start(&config("answer = \"code\"", his.address()));
    let mut sender = Sender::connect(&hub.address("adt"));
    for (id, code) in [("A1", "AA"), ("E1", "AE"), ("R1", "AR"), ("A2", "AA")] {
        let reply = sender.send(&adt(id));
        assert_eq!(
            (field(&reply, "MSA", 1).as_str(), field(&reply, "MSA", 2).as_str()),
            (code, id)
        );
        assert_eq!(field(&reply, "MSH", 3), "HUB", "it is the hub's own");
    }
    let query = Query { control_id: Some("R1".to_owned()), most: 1, ..Query::default() };
    let id = hub.reader().search(&query).expect("it is read")[0].id;
    let actions: Vec<_> =
        hub.reader().audit(id).expect("it is read").into_iter().map(|line| line.action).collect();
    assert!(actions.contains(&"answered".to_owned()), "{actions:?}");
}

#[test]
fn a_destination_that_has_only_stored_a_message_has_not_answered_yet() {
    let his = Receiver::reacting("127.0.0.1:0", |_, _| Reaction::Code("CA"));
    let more = "[source.his_acks]\nmllp.listen = \"127.0.0.1:0\"";
    let config = config("answer = \"code\"", his.address())
        .replace("retry = {", "app_ack_timeout = \"10m\"\nretry = {")
        + more;
    let hub = Hub::start(&config);
    let mut sender = Sender::connect(&hub.address("adt"));
    assert_eq!(sender.code(&adt("M1").replacen("|P|2.5.1\r", "|P|2.5.1|||AL|AL\r", 1)), "CA");
    eventually("it is stored there", || {
        hub.status().destinations.iter().any(|destination| destination.awaiting == 1)
    });
    let ack = "MSH|^~\\&|HUB|HARBOUR|ADT1|HARBOUR|20260211||ACK^A01|L1|P|2.5.1\rMSA|AA|M1\r";
    let mut application = Sender::connect(&hub.address("his_acks"));
    application.raw(format!("\x0b{ack}\x1c\r").as_bytes()).expect("the connection holds");
    assert_eq!(sender.next_code(), "AA", "what the application says, not what it was before");
}

#[test]
fn without_an_answer_in_time_there_is_none_and_the_message_stays_queued() {
    let his = Receiver::reacting("127.0.0.1:0", |number, _| match number {
        1 => Reaction::Silence,
        _ => Reaction::Code("AA"),
    });
    let hub = Hub::start(&config("wait = \"300ms\"", his.address()));
    let mut sender = Sender::connect(&hub.address("adt"));
    let nothing = sender.try_send(&adt("M1"));
    assert!(matches!(nothing, Ok(None) | Err(_)), "{nothing:?}");
    assert_eq!(hub.status().messages, [(MessageState::Queued, 1)]);
    // Whoever sends it again waits for the same delivery.
    eventually("it is delivered", || hub.is_drained());
    assert_eq!(Sender::connect(&hub.address("adt")).code(&adt("M1")), "AA");
    assert_eq!(his.control_ids(), ["M1", "M1"], "the second is the hub's own attempt");
    assert_eq!(hub.status().messages, [(MessageState::Completed, 1)]);
}

#[test]
fn whoever_waits_is_told_when_somebody_decides_that_the_message_does_not_go() {
    let his = Receiver::reacting("127.0.0.1:0", |_, _| Reaction::Code("AA"));
    let config = config("wait = \"1h\"", his.address()) + "[api]\nlisten = \"127.0.0.1:0\"\n";
    let hub = Hub::start(&config);
    assert!(hub.run(&["pause", "destination", "his"]).status.success());
    let mut sender = Sender::connect(&hub.address("adt"));
    sender.raw(format!("\x0b{}\x1c\r", adt("M1")).as_bytes()).expect("the connection holds");
    eventually("it is queued", || hub.status().messages == [(MessageState::Queued, 1)]);
    assert!(hub.run(&["skip", "his"]).status.success());
    assert_eq!(sender.next_code(), "AE");
}

/// The sender hears what became of its message, wherever it went.
#[test]
fn what_goes_to_a_backup_is_answered_by_the_backup() {
    let his = Receiver::reacting("127.0.0.1:0", |_, _| Reaction::Code("AR"));
    let backup = Receiver::reacting("127.0.0.1:0", |_, id| match id {
        "M2" => Reaction::Code("AE"),
        _ => Reaction::Code("AA"),
    });
    let config = config("answer = \"code\"", his.address())
        .replace("[destination.archive]", "backup = \"second\"\n[destination.archive]")
        + &format!("[destination.second]\nmllp = {{ connect = \"{}\" }}\n", backup.address());
    let hub = Hub::start(&config);
    let mut sender = Sender::connect(&hub.address("adt"));
    for (id, code) in [("M1", "AA"), ("M2", "AE")] {
        assert_eq!(sender.code(&adt(id)), code);
    }
    assert_eq!(backup.control_ids(), ["M1", "M2"]);
    let shown = hub.run(&["show", "1"]);
    let shown = String::from_utf8_lossy(&shown.stdout);
    assert!(shown.contains("to second: done, for delivery 1\n"), "{shown}");
}
