//! Peers that do what they should not, and what becomes of everybody else.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::thread::{scope, sleep};
use std::time::Duration;

use hl7_hub::store::{MessageState, Query, Reader, Verdict};

use crate::hub::Hub;
use crate::receiver::{Reaction, Receiver};
use crate::sender::Sender;
use crate::{adt, eventually, field};

fn hub(hub: &str, mllp: &str, more: &str) -> Hub {
    Hub::start(&format!(
        "[hub]\n{hub}\n[source.adt]\n{more}\nmllp = {{ listen = \"127.0.0.1:0\"{mllp} }}\n\
         [destination.a]\nfile = {{ folder = \"a\" }}\n[[route]]\nto = \"a\"\n"
    ))
}

fn framed(message: &str) -> Vec<u8> {
    format!("\u{b}{message}\u{1c}\r").into_bytes()
}

/// I8, I9: who never reads its acknowledgments is let go when the time to write one is over; nobody else waits for it.
#[test]
fn i8_who_never_reads_its_acknowledgments_keeps_nobody_waiting() {
    let text = "x".repeat(60_000);
    let more = format!("ack = {{ mode = \"static\", success = \"{text}\", failure = \"-\" }}");
    let hub = hub("", ", write_timeout = \"500ms\"", &more);
    let address = hub.address("adt");
    let mut deaf = Sender::connect(&address);
    let mut sent = 0;
    // The buffers of both systems have an end.
    while !hub.logged("the connection failed") {
        sent += 1;
        assert!(sent < 2_000, "it is never let go");
        if deaf.raw(&framed(&adt(&format!("D{sent}")))).is_err() {
            break;
        }
        if sent % 20 == 0 {
            let mut other = Sender::connect(&address);
            assert_eq!(other.send(&adt(&format!("O{sent}"))).len(), text.len());
        }
        // So that the time to write one is over before so many are sent, however fast both are.
        sleep(Duration::from_millis(1));
    }
    eventually("it is let go", || hub.logged("the connection failed"));
    assert_eq!(Sender::connect(&address).send(&adt("LAST")).len(), text.len());
}

/// I13 and the patience of whoever reads logs: a load balancer that looks whether somebody is there leaves no trace.
#[test]
fn connections_without_a_byte_leave_no_trace() {
    let hub = Hub::start_logging(
        "[source.adt]\nmllp = { listen = \"127.0.0.1:0\" }\n\
         [destination.a]\nfile = { folder = \"a\" }\n[[route]]\nto = \"a\"\n",
        "info",
    );
    let address = hub.address("adt");
    let before = (hub.lines().len(), hub.status().audit_lines);
    (0..50).for_each(|_| drop(Sender::connect(&address)));
    eventually("there is room for others", || {
        let sender = Sender::try_connect(&address);
        sender.and_then(|mut sender| sender.try_send(&adt("M1"))).is_ok_and(|reply| reply.is_some())
    });
    eventually("it is delivered", || hub.is_drained());
    // Refusals of the limit for one address may be in the log; they are one line each.
    let refused = hub.lines().iter().filter(|line| line.contains("as many as may be")).count();
    assert_eq!(hub.lines().len() - refused, before.0);
    // A message that came, its attempt, and one line for all refusals, if there were any.
    let more = u64::from(refused > 0);
    eventually("the audit has that", || hub.status().audit_lines == before.1 + 2 + more);
}

/// I8: connections that break off inside a message are kept as what they are, and keep nobody waiting.
#[test]
fn i8_many_that_break_off_keep_nobody_waiting() {
    const BROKEN: usize = 100;
    let hub = hub("", ", max_connections = 200, max_per_peer = 200", "");
    let address = hub.address("adt");
    let mut good = Sender::connect(&address);
    for number in 0..BROKEN {
        let mut broken = Sender::connect(&address);
        let frame = framed(&adt(&format!("B{number}")));
        broken.raw(&frame[..30 + number % 60]).expect("it is sent");
        drop(broken);
        if number % 10 == 0 {
            assert_eq!(good.code(&adt(&format!("G{number}"))), "AA");
        }
    }
    eventually("what came of them is kept", || {
        let all = Query { most: 1_000, ..Query::default() };
        let found = hub.reader().search(&all).expect("it is read");
        found.iter().filter(|message| message.verdict == Verdict::Partial).count() == BROKEN
    });
    eventually("the others are delivered", || hub.files("a").len() == BROKEN / 10);
}

/// I9: what is held of messages that are not complete has a limit, over which nothing is read. Long messages come all the
/// same, one after the other, and short ones do not wait for them.
#[test]
fn i9_long_messages_share_what_may_be_held_and_short_ones_do_not_wait() {
    let hub = hub("buffer_limit = \"64KiB\"", "", "");
    let address = hub.address("adt");
    let long = |id: &str| format!("{}NTE|1||{}\r", adt(id), "x".repeat(1 << 20));
    let frame = framed(&long("HALF"));
    let mut half = Sender::connect(&address);
    half.raw(&frame[..frame.len() / 2]).expect("it is sent");
    // Of a second long one nothing more is read: its own system takes what fits there, and no more.
    let mut second = TcpStream::connect(&address).expect("a connection");
    second.set_write_timeout(Some(Duration::from_millis(500))).expect("a setting");
    second.write_all(&framed(&"x".repeat(24 << 20))).expect_err("nobody reads it");
    drop(second);
    let mut short = Sender::connect(&address);
    (0..5).for_each(|number| assert_eq!(short.code(&adt(&format!("S{number}"))), "AA"));
    half.raw(&frame[frame.len() / 2..]).expect("it is sent");
    let reply = half.reply().expect("the connection holds").expect("a reply");
    assert_eq!(field(&reply, "MSA", 1), "AA");
    scope(|scope| {
        for number in 0..6 {
            let (address, message) = (&address, long(&format!("L{number}")));
            scope.spawn(move || assert_eq!(Sender::connect(address).code(&message), "AA"));
        }
    });
    eventually("all is delivered", || hub.files("a").len() == 12);
}

/// A peer that allows one session only is called by one destination at a time; each gets its turn, in its own order.
#[test]
fn destinations_with_one_address_take_turns_where_it_allows_one_session() {
    let peer = Receiver::start();
    let address = peer.address();
    let names = ["ONE", "TWO", "THREE", "FOUR"];
    let destinations: String = names
        .iter()
        .map(|name| {
            // What one of them says of the address holds for all.
            let most = if *name == "TWO" { ", max_connections = 1" } else { "" };
            format!(
                "[destination.{name}]\nmllp = {{ connect = \"{address}\"{most} }}\n\
                 set = {{ \"MSH-5\" = \"{name}\" }}\n"
            )
        })
        .collect();
    let hub = Hub::start(&format!(
        "[source.adt]\nmllp = {{ listen = \"127.0.0.1:0\" }}\n{destinations}[[route]]\nto = {names:?}\n"
    ));
    let mut sender = Sender::connect(&hub.address("adt"));
    let mut ids: Vec<_> = (0..60).map(|number| format!("M{number}")).collect();
    ids.iter().for_each(|id| assert_eq!(sender.code(&adt(id)), "AA"));
    eventually("all get all", || peer.messages().len() == 240);
    // An idle one makes room as well.
    assert_eq!(sender.code(&adt("LAST")), "AA");
    ids.push("LAST".to_owned());
    eventually("all get what comes later", || peer.messages().len() == 244);
    for name in names {
        let of_one = peer.messages().into_iter().filter(|message| field(message, "MSH", 5) == name);
        let found: Vec<_> = of_one.map(|message| field(&message, "MSH", 10)).collect();
        assert_eq!(found, ids);
    }
    // The peer may notice that one is closed behind the next one that is opened.
    assert!(peer.most_connected() <= 2, "{}", peer.most_connected());
    // Turns are long enough for some messages.
    assert!((5..60).contains(&peer.connections()), "{}", peer.connections());
}

/// I14: a hub that is asked to stop does so within its time, whatever hangs.
#[test]
fn i14_a_stop_ends_in_time_though_everybody_hangs() {
    let lab = Receiver::reacting("127.0.0.1:0", |_, _| Reaction::Silence);
    let mut hub = Hub::start(&format!(
        "[hub]\nshutdown = \"1s\"\n[source.adt]\nmllp = {{ listen = \"127.0.0.1:0\" }}\n\
         [destination.lab]\nmllp = {{ connect = \"{}\" }}\n[[route]]\nto = \"lab\"\n",
        lab.address()
    ));
    let mut sender = Sender::connect(&hub.address("adt"));
    assert_eq!(sender.code(&adt("M1")), "AA");
    let mut half = Sender::connect(&hub.address("adt"));
    half.raw(&framed(&adt("M2"))[..40]).expect("it is sent");
    eventually("it is sent", || lab.messages().len() == 1);
    assert!(hub.stop().success());
    assert_eq!(hub.status().destinations[0].queued, 1);
}

/// A hub that cannot keep anything does not listen.
#[test]
fn a_data_folder_that_cannot_be_written_ends_the_start() {
    let config = |data: &str| {
        format!(
            "[hub]\ndata = \"{data}\"\n[source.adt]\nmllp = {{ listen = \"127.0.0.1:0\" }}\n\
             [destination.a]\nfile = {{ folder = \"a\" }}\n[[route]]\nto = \"a\"\n"
        )
    };
    // Nobody may make a folder there, not even root.
    for data in ["/proc/hub", "hub.toml/data"] {
        let hub = Hub::configure(&config(data));
        let output = hub.run(&["run"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("the store cannot be written"), "{said}");
        assert!(said.contains("check the permissions of the data folder"), "{said}");
        assert!(!said.contains("listening"), "{said}");
        assert!(fs::read_dir(hub.path()).expect("the folder").count() == 1);
    }
}

#[test]
fn start_blocks_with_nothing_behind_them_are_no_messages() {
    let hub = Hub::start("[source.adt]\nmllp.listen = \"127.0.0.1:0\"");
    let mut sender = Sender::connect(&hub.address("adt"));
    sender.raw(&[0x0b; 1_000]).expect("the connection holds");
    assert_eq!(sender.code(&adt("M1")), "AA");
    assert_eq!(hub.status().messages, [(MessageState::NoRoute, 1)]);
}
