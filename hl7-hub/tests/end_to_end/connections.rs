//! What senders do to a connection.

use std::net::TcpListener;
use std::thread::sleep;
use std::time::{Duration, Instant};

use hl7_hub::store::{Query, Reader, Verdict};
use hl7_mllp::{Decoder, Kind};

use crate::hub::Hub;
use crate::sender::Sender;
use crate::{adt, eventually, field};

/// A source with some settings of its connection, and a folder for what is in order and one for what is not.
fn hub(mllp: &str, more: &str) -> Hub {
    Hub::start(&format!(
        r#"
        [source.adt]
        {more}
        [source.adt.mllp]
        listen = "127.0.0.1:0"
        {mllp}
        [destination.archive]
        file = {{ folder = "archive" }}
        [destination.errors]
        file = {{ folder = "errors" }}
        [[route]]
        to = ["archive"]
        [[route]]
        when = "parse_error == true"
        to = ["errors"]
        "#
    ))
}

fn verdicts(hub: &Hub) -> Vec<Verdict> {
    let all = Query { most: 1_000, ..Query::default() };
    let mut found = hub.reader().search(&all).expect("it is read");
    found.reverse();
    found.iter().map(|message| message.verdict).collect()
}

fn framed(control_id: &str) -> Vec<u8> {
    format!("\u{b}{}\u{1c}\r", adt(control_id)).into_bytes()
}

#[test]
fn statement_28_frames_in_one_read_and_a_frame_over_many() {
    let hub = hub("", "");
    let mut sender = Sender::connect(&hub.address("adt"));
    let together = [framed("M1"), b"\r\n".to_vec(), framed("M2"), framed("M3")].concat();
    sender.raw(&together).expect("it is sent");
    for id in ["M1", "M2", "M3"] {
        let reply = sender.reply().expect("the connection holds").expect("a reply");
        assert_eq!(field(&reply, "MSA", 2), id);
    }
    for piece in framed("M4").chunks(7) {
        sender.raw(piece).expect("it is sent");
        sleep(Duration::from_millis(1));
    }
    let reply = sender.reply().expect("the connection holds").expect("a reply");
    assert_eq!(field(&reply, "MSA", 2), "M4");
    eventually("all is delivered", || hub.files("archive").len() == 4);
}

#[test]
fn statement_27_half_a_frame_is_kept_and_noise_is_not() {
    let hub = hub("", "");
    let mut sender = Sender::connect(&hub.address("adt"));
    sender.raw(b"hello\r\n").expect("it is sent");
    assert_eq!(sender.code(&adt("M1")), "AA");
    let half = framed("M2")[..40].to_vec();
    sender.raw(&half).expect("it is sent");
    drop(sender);
    eventually("the half is kept", || verdicts(&hub) == [Verdict::Accepted, Verdict::Partial]);
    eventually("it is where it belongs", || hub.files("errors").len() == 1);
    assert_eq!(std::fs::read(&hub.files("errors")[0]).expect("a file"), half);
    // A probe that says nothing leaves no trace.
    drop(Sender::connect(&hub.address("adt")));
    assert_eq!(Sender::connect(&hub.address("adt")).code(&adt("M3")), "AA");
    assert_eq!(verdicts(&hub).len(), 3);
}

#[test]
fn statement_27_marks_of_ones_own_and_a_missing_start() {
    let mllp = "start = 2\nend = 3\nno_trailer = true\nmissing_start = true";
    let hub = hub(mllp, "");
    let mut sender = Sender::connect(&hub.address("adt"));
    for (id, start) in [("M1", "\u{2}"), ("M2", "")] {
        sender.raw(format!("{start}{}\u{3}", adt(id)).as_bytes()).expect("it is sent");
        eventually("it is stored", || {
            let query = Query { control_id: Some(id.into()), most: 1, ..Query::default() };
            hub.reader().search(&query).expect("it is read").len() == 1
        });
    }
    assert_eq!(verdicts(&hub), [Verdict::Accepted, Verdict::Accepted]);
}

#[test]
fn a_slow_sender_does_not_hold_a_connection_for_ever() {
    let hub = hub("frame_timeout = \"300ms\"", "");
    let address = hub.address("adt");
    let began = Instant::now();
    let mut slow = Sender::connect(&address);
    let mut other = Sender::connect(&address);
    for (number, byte) in framed("M1").into_iter().enumerate() {
        if slow.raw(&[byte]).is_err() || began.elapsed() > Duration::from_secs(5) {
            break;
        }
        // It keeps nobody else waiting.
        if number % 5 == 0 {
            assert_eq!(other.code(&adt(&format!("O{number}"))), "AA");
        }
        sleep(Duration::from_millis(20));
    }
    assert!(slow.is_closed());
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    eventually("what came is kept", || verdicts(&hub).contains(&Verdict::Partial));
}

#[test]
fn five_hundred_slow_senders_keep_nobody_else_waiting() {
    const SLOW: usize = 500;
    let mllp = "frame_timeout = \"4s\"\nmax_connections = 600\nmax_per_peer = 600";
    let hub = hub(mllp, "");
    let address = hub.address("adt");
    let mut slow: Vec<_> = (0..SLOW).map(|_| Sender::connect(&address)).collect();
    let mut other = Sender::connect(&address);
    for byte in &framed("M1")[..20] {
        slow.iter_mut().for_each(|sender| drop(sender.raw(&[*byte])));
    }
    let began = Instant::now();
    for number in 0..20 {
        assert_eq!(other.code(&adt(&format!("O{number}"))), "AA");
    }
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert!(slow.iter_mut().all(Sender::is_closed));
    let partial = || verdicts(&hub).iter().filter(|&&is| is == Verdict::Partial).count();
    eventually("what came is kept", || partial() == SLOW);
    assert_eq!(other.code(&adt("O20")), "AA");
}

#[test]
fn statement_28_idle_connections_and_too_many_are_closed() {
    let hub = hub("idle_timeout = \"300ms\"\nmax_per_peer = 2", "");
    let address = hub.address("adt");
    let (mut first, mut second) = (Sender::connect(&address), Sender::connect(&address));
    assert_eq!((first.code(&adt("M1")), second.code(&adt("M2"))), ("AA".into(), "AA".into()));
    assert!(Sender::connect(&address).is_closed(), "a third is too many");
    assert!(first.is_closed() && second.is_closed(), "nothing was sent for a while");
    eventually("there is room again", || {
        let sender = Sender::try_connect(&address);
        sender.and_then(|mut sender| sender.try_send(&adt("M3"))).is_ok_and(|reply| reply.is_some())
    });
}

#[test]
fn noise_does_not_keep_an_idle_connection_open() {
    let hub = hub("idle_timeout = \"300ms\"", "");
    let mut sender = Sender::connect(&hub.address("adt"));
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(3) && sender.raw(b"\r\n").is_ok() {
        sleep(Duration::from_millis(20));
    }
    assert!(sender.is_closed());
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[test]
fn only_those_who_may_connect() {
    let hub = hub("", "allow = [\"10.0.0.0/8\"]");
    assert!(Sender::connect(&hub.address("adt")).is_closed());
    // Each time in the log, once in the audit: whoever knocks all day does not fill the store.
    assert!(Sender::connect(&hub.address("adt")).is_closed());
    eventually("it is noted", || {
        hub.lines().iter().filter(|line| line.contains("the address is not allowed")).count() == 2
    });
    eventually("it is in the audit", || hub.status().audit_lines == 2);
}

#[test]
fn statement_23_what_is_no_message_delays_no_other() {
    let hub = hub("frame_limit = \"4096B\"", "");
    let mut sender = Sender::connect(&hub.address("adt"));
    // A header that can be answered, and is.
    assert_eq!(sender.code("MSH|^~\\&|A|B|C|D|1||ZZZ^Q99|M1|X|2.5.1\r"), "AR");
    // One that is too long.
    let long = format!("{}OBX|1|TX|||{}\r", adt("M2"), "x".repeat(8_000));
    assert_eq!(sender.code(&long), "AR");
    assert_eq!(sender.code(&adt("M3")), "AA");
    // None at all: kept, and nobody knows whom to answer.
    assert_eq!(sender.try_send("hello").expect("the connection holds"), None);
    assert_eq!(Sender::connect(&hub.address("adt")).code(&adt("M4")), "AA");
    let expected = [
        Verdict::Rejected,
        Verdict::Partial,
        Verdict::Accepted,
        Verdict::Unreadable,
        Verdict::Accepted,
    ];
    assert_eq!(verdicts(&hub), expected);
    eventually("they are where they belong", || {
        (hub.files("archive").len(), hub.files("errors").len()) == (2, 3)
    });
}

#[test]
fn statement_29_a_source_that_waits_is_called() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let config = format!(
        "[source.adt]\nmllp = {{ connect = \"{address}\", connect_retry = \"100ms\" }}\n\
         [destination.archive]\nfile = {{ folder = \"archive\" }}\n[[route]]\nto = \"archive\"\n"
    );
    let hub = Hub::start(&config);
    for id in ["M1", "M2"] {
        // It calls again each time.
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().expect("a call");
        stream.set_read_timeout(Some(crate::PATIENCE)).expect("a setting");
        stream.write_all(&framed(id)).expect("it is sent");
        let mut decoder = Decoder::new();
        let mut buffer = [0; 4096];
        let length = stream.read(&mut buffer).expect("a reply");
        let mut rest = &buffer[..length];
        let event = decoder.next_event(&mut rest).expect("a frame");
        let Kind::Frame(reply) = event.kind else { panic!("{event:?}") };
        assert_eq!(field(reply, "MSA", 2), id);
    }
    eventually("all is delivered", || hub.files("archive").len() == 2);
}

#[test]
fn a_full_store_closes_without_an_answer_and_takes_no_message_half() {
    let mut hub = Hub::configure("");
    let config = |limit: &str| {
        format!(
            "[hub]\nstore_limit = \"{limit}\"\n[source.adt]\nmllp = {{ listen = \"127.0.0.1:0\" }}\n\
             [destination.archive]\nfile = {{ folder = \"archive\" }}\n[[route]]\nto = \"archive\"\n"
        )
    };
    std::fs::write(hub.path().join("hub.toml"), config("400KiB")).expect("the configuration");
    hub.restart();
    let mut sender = Sender::connect(&hub.address("adt"));
    let large =
        |number: u32| format!("{}NTE|1||{}\r", adt(&format!("M{number}")), "x".repeat(20_000));
    let mut acked = 0;
    while let Ok(Some(reply)) = sender.try_send(&large(acked)) {
        assert_eq!(field(&reply, "MSA", 1), "AA");
        acked += 1;
        assert!(acked < 100, "it is never full");
    }
    assert!(acked > 0);
    std::fs::write(hub.path().join("hub.toml"), config("1GiB")).expect("the configuration");
    hub.restart();
    assert_eq!(Sender::connect(&hub.address("adt")).code(&large(acked)), "AA");
    eventually("all is delivered", || hub.files("archive").len() == acked as usize + 1);
    assert_eq!(hub.reader().verify().expect("it is read").faults, [""; 0]);
}
