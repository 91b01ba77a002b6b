//! What comes in goes out, in order, once, whatever the destinations do.

use std::time::{Duration, Instant};

use hl7_mllp::Commit;

use hl7_hub::store::{MessageState, Query, Reader};

use crate::hub::Hub;
use crate::receiver::{Reaction, Receiver};
use crate::sender::Sender;
use crate::{adt, eventually, field};

/// A source, two MLLP destinations that get everything, and a folder.
pub(crate) fn config(lab: &str, ris: &str) -> String {
    format!(
        r#"
        [source.adt]
        mllp = {{ listen = "127.0.0.1:0" }}
        [destination.lab]
        mllp = {{ connect = "{lab}", ack_timeout = "500ms" }}
        retry = {{ first = "50ms", most = "200ms", attempts = 3 }}
        set = {{ "MSH-5" = "LAB" }}
        [destination.ris]
        mllp = {{ connect = "{ris}", ack_timeout = "500ms" }}
        retry = {{ first = "50ms", most = "200ms", attempts = 3 }}
        [destination.archive]
        file = {{ folder = "archive" }}
        [[route]]
        to = ["lab", "ris", "archive"]
        "#
    )
}

fn ids(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| format!("M{number}")).collect()
}

#[test]
fn statement_11_what_comes_in_goes_to_every_destination() {
    let (lab, ris) = (Receiver::start(), Receiver::start());
    let mut hub = Hub::start(&config(lab.address(), ris.address()));
    let mut sender = Sender::connect(&hub.address("adt"));
    for id in ids(0..20) {
        assert_eq!(sender.code(&adt(&id)), "AA");
    }
    eventually("all is delivered", || hub.is_drained());
    assert_eq!((lab.control_ids(), ris.control_ids()), (ids(0..20), ids(0..20)));
    // 14: the header as the destination wants it, the body as it came.
    assert_eq!(lab.messages()[0], adt("M0").replace("|HUB|", "|LAB|").into_bytes());
    assert_eq!(ris.messages()[0], adt("M0").into_bytes());
    let files = hub.files("archive");
    assert_eq!(files.len(), 20);
    assert_eq!(std::fs::read(&files[19]).expect("a file"), adt("M19").into_bytes());
    assert_eq!(hub.status().messages, [(MessageState::Completed, 20)]);
    assert!(hub.stop().success());
}

#[test]
fn statement_37_a_duplicate_gets_the_same_answer_and_goes_nowhere() {
    let (lab, ris) = (Receiver::start(), Receiver::start());
    let mut hub = Hub::start(&config(lab.address(), ris.address()));
    let first = Sender::connect(&hub.address("adt")).send(&adt("M1"));
    // On another connection, with another time, and after a restart.
    let again = adt("M1").replacen("20260211", "20260212", 1);
    assert_eq!(Sender::connect(&hub.address("adt")).send(&again), first);
    // What is under way when the hub is killed may come twice; here nothing is.
    eventually("all is delivered", || hub.is_drained());
    hub.restart();
    let mut sender = Sender::connect(&hub.address("adt"));
    assert_eq!(sender.send(&again), first);
    // The same control id with other content is another message.
    assert_eq!(sender.code(&adt("M1").replace("PV1|1|I", "PV1|1|O")), "AA");
    eventually("all is delivered", || hub.is_drained());
    assert_eq!(ris.control_ids(), ["M1", "M1"]);
    assert!(String::from_utf8_lossy(&ris.messages()[1]).contains("PV1|1|O"));
    let found = hub.reader().search(&Query { most: 9, ..Query::default() }).expect("it is read");
    let lines = hub.reader().audit(found[1].id).expect("it is read");
    let actions: Vec<_> = lines.iter().map(|line| line.action.as_str()).collect();
    assert_eq!(actions.iter().filter(|action| **action == "repeated").count(), 2, "{actions:?}");
    assert_eq!(actions.iter().filter(|action| **action == "attempt").count(), 3, "{actions:?}");
}

#[test]
fn statement_32_a_destination_that_was_down_gets_everything_in_order() {
    let ris = Receiver::start();
    // A port that nobody listens on, until later.
    let down = Receiver::start().address().to_owned();
    let hub = Hub::start(&config(&down, ris.address()));
    let mut sender = Sender::connect(&hub.address("adt"));
    let began = Instant::now();
    for id in ids(0..30) {
        assert_eq!(sender.code(&adt(&id)), "AA");
    }
    // I8: the one that is down keeps neither the sender nor the others waiting.
    eventually("the others have everything", || {
        ris.control_ids().len() == 30 && hub.files("archive").len() == 30
    });
    assert!(began.elapsed() < Duration::from_secs(10));
    let queued = |name: &str| {
        let status = hub.status();
        status.destinations.iter().find(|to| to.name == name).map_or(0, |to| to.queued)
    };
    // What was taken is settled a moment later.
    eventually("only one is behind", || (queued("lab"), queued("ris")) == (30, 0));
    let lab = Receiver::reacting(&down, |_, _| Reaction::Code("AA"));
    eventually("the one that was down has everything", || hub.is_drained());
    assert_eq!(lab.control_ids(), ids(0..30));
    assert!(hub.logged("cannot be reached") && hub.logged("reached again"));
}

#[test]
fn statement_30_what_is_refused_is_parked_and_the_next_goes_on() {
    let ris = Receiver::start();
    let lab = Receiver::reacting("127.0.0.1:0", |_, id| match id {
        "M1" => Reaction::Code("AE"),
        "M3" => Reaction::Code("AR"),
        _ => Reaction::Code("CA"),
    });
    let hub = Hub::start(&config(lab.address(), ris.address()));
    let mut sender = Sender::connect(&hub.address("adt"));
    ids(0..5).iter().for_each(|id| assert_eq!(sender.code(&adt(id)), "AA"));
    eventually("all is settled", || hub.is_drained());
    // AE at once, AR after three attempts.
    assert_eq!(lab.control_ids(), ["M0", "M1", "M2", "M3", "M3", "M3", "M4"]);
    let dead = Query { state: Some(MessageState::Dead), most: 9, ..Query::default() };
    let dead = hub.reader().search(&dead).expect("it is read");
    let dead: Vec<_> = dead.iter().map(|message| message.facts.control_id.as_str()).collect();
    assert_eq!(dead, ["M3", "M1"]);
}

#[test]
fn statement_30_what_is_given_up_goes_to_the_backup() {
    let ris = Receiver::start();
    let lab = Receiver::reacting("127.0.0.1:0", |_, id| match id {
        "M1" => Reaction::Code("AE"),
        _ => Reaction::Code("AA"),
    });
    let config = config(lab.address(), ris.address()).replacen(
        "set = {",
        "replies = \"biztalk\"\nbackup = \"spare\"\nset = {",
        1,
    );
    let spare = "[destination.spare]\nfile = { folder = \"spare\" }\n";
    let hub = Hub::start(&format!("{config}{spare}"));
    let mut sender = Sender::connect(&hub.address("adt"));
    ids(0..3).iter().for_each(|id| assert_eq!(sender.code(&adt(id)), "AA"));
    eventually("all is settled", || hub.is_drained() && hub.files("spare").len() == 1);
    // Three attempts first, as BizTalk does, then the other way, with what the first one would have got.
    assert_eq!(lab.control_ids(), ["M0", "M1", "M1", "M1", "M2"]);
    let moved = std::fs::read(&hub.files("spare")[0]).expect("a file");
    assert_eq!(moved, adt("M1").replace("|HUB|", "|LAB|").into_bytes());
    eventually("it counts as delivered", || {
        hub.status().messages == [(MessageState::Completed, 3)]
    });
    assert_eq!(hub.reader().verify().expect("it is read").faults, [""; 0]);
}

#[test]
fn statement_31_a_late_or_wrong_answer_is_nobodys() {
    let ris = Receiver::start();
    let lab = Receiver::reacting("127.0.0.1:0", |number, _| match number {
        1 => Reaction::Silence,
        2 => Reaction::CodeFor("AA", "M0"),
        3 => Reaction::Close,
        _ => Reaction::Code("AA"),
    });
    let hub = Hub::start(&config(lab.address(), ris.address()));
    let mut sender = Sender::connect(&hub.address("adt"));
    ids(1..3).iter().for_each(|id| assert_eq!(sender.code(&adt(id)), "AA"));
    eventually("all is settled", || hub.is_drained());
    assert_eq!(lab.control_ids(), ["M1", "M1", "M1", "M1", "M2"]);
    // I4: the bytes of each attempt are the same.
    let sent = lab.messages();
    assert!(sent[..4].iter().all(|bytes| *bytes == sent[0]));
    let query = Query { control_id: Some("M1".into()), most: 1, ..Query::default() };
    let message = hub.reader().search(&query).expect("it is read")[0].id;
    let deliveries = hub.reader().deliveries(message).expect("it is read");
    let outcomes: Vec<_> =
        deliveries[0].attempts.iter().filter_map(|attempt| attempt.outcome.as_deref()).collect();
    assert_eq!(outcomes, ["timeout", "AA for another message", "closed", "AA"]);
    assert!(deliveries[0].maybe_duplicate && !deliveries[1].maybe_duplicate);
}

#[test]
fn statement_2_accept_and_application_acknowledgments_on_their_ways() {
    let config = r#"
        [source.adt]
        mllp = { listen = "127.0.0.1:0" }
        ack = { mode = "enhanced", application_to = "acks" }
        [destination.acks]
        file = { folder = "acks" }
        [destination.archive]
        file = { folder = "archive" }
        [[route]]
        to = "archive"
    "#;
    let hub = Hub::start(config);
    let reply = Sender::connect(&hub.address("adt")).send(&adt("M1"));
    assert_eq!(
        (field(&reply, "MSA", 1), field(&reply, "MSH", 9)),
        ("CA".into(), "ACK^A01^ACK".into())
    );
    eventually("the other acknowledgment is there", || hub.is_drained());
    let acks = hub.files("acks");
    let ack = std::fs::read(&acks[0]).expect("a file");
    assert_eq!((field(&ack, "MSA", 1), field(&ack, "MSA", 2)), ("AA".into(), "M1".into()));
    assert_eq!((acks.len(), hub.files("archive").len()), (1, 1));
}

#[test]
fn statement_33_commit_blocks_both_ways() {
    let lab = Receiver::reacting("127.0.0.1:0", |number, _| match number {
        1 => Reaction::Commit(Commit::Nak),
        _ => Reaction::Commit(Commit::Ack),
    });
    let config = format!(
        r#"
        [source.adt]
        mllp = {{ listen = "127.0.0.1:0", commits = true }}
        [destination.lab]
        mllp = {{ connect = "{}", commits = "only" }}
        retry = {{ first = "50ms" }}
        [[route]]
        to = "lab"
        "#,
        lab.address()
    );
    let hub = Hub::start(&config);
    let mut sender = Sender::connect(&hub.address("adt"));
    ids(0..2).iter().for_each(|id| assert_eq!(sender.code(&adt(id)), "AA"));
    assert_eq!(sender.commits, [Commit::Ack, Commit::Ack]);
    eventually("all is delivered", || hub.is_drained());
    assert_eq!(lab.control_ids(), ["M0", "M0", "M1"]);
    assert_eq!(hub.status().messages, [(MessageState::Completed, 2)]);
}

/// I8, with one that takes everything and says nothing.
#[test]
fn a_destination_that_hangs_slows_no_other() {
    let lab = Receiver::reacting("127.0.0.1:0", |_, _| Reaction::Silence);
    let ris = Receiver::start();
    let mut hub = Hub::start(&config(lab.address(), ris.address()).replace("500ms", "5s"));
    let mut sender = Sender::connect(&hub.address("adt"));
    let began = Instant::now();
    ids(0..50).iter().for_each(|id| assert_eq!(sender.code(&adt(id)), "AA"));
    eventually("the others have everything", || ris.control_ids().len() == 50);
    assert!(began.elapsed() < Duration::from_secs(5), "before the first time-out");
    assert_eq!(lab.control_ids(), ["M0"]);
    // I14: the attempt in hand is waited for, no longer than that.
    let stopping = Instant::now();
    assert!(hub.stop().success());
    assert!(stopping.elapsed() < Duration::from_secs(12), "{:?}", stopping.elapsed());
}

#[test]
fn statement_9_a_stop_finishes_what_is_in_hand_and_the_next_start_goes_on() {
    let ris = Receiver::start();
    let down = Receiver::start().address().to_owned();
    let mut hub = Hub::start(&config(&down, ris.address()));
    let mut sender = Sender::connect(&hub.address("adt"));
    ids(0..10).iter().for_each(|id| assert_eq!(sender.code(&adt(id)), "AA"));
    assert!(hub.stop().success());
    assert!(sender.is_closed());
    let lab = Receiver::reacting(&down, |_, _| Reaction::Code("AA"));
    hub.restart();
    eventually("all is delivered", || hub.is_drained());
    assert_eq!((lab.control_ids(), ris.control_ids()), (ids(0..10), ids(0..10)));
    let verified = hub.reader().verify().expect("it is read");
    assert_eq!(verified.faults, [""; 0]);
}
