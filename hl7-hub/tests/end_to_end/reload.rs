//! Another configuration while the hub runs.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use hl7_hub::store::{DeliveryState, Query, Reader};

use crate::hub::Hub;
use crate::receiver::{Reaction, Receiver};
use crate::sender::Sender;
use crate::{adt, eventually, field};

/// A source, with some more settings.
fn source(more: &str) -> String {
    format!("[source.adt]\nmllp = {{ listen = \"127.0.0.1:0\" }}\n{more}\n")
}

fn destination(name: &str, address: &str) -> String {
    format!("[destination.{name}]\nmllp = {{ connect = \"{address}\" }}\nretry.most = \"1s\"\n")
}

fn route(to: &[&str]) -> String {
    format!("[[route]]\nto = {to:?}\n")
}

/// What the audit says about the configuration: who did what, and what changed.
fn reloads(hub: &Hub) -> Vec<(String, String, String)> {
    let db = rusqlite::Connection::open(hub.path().join("data/hub.sqlite")).expect("the store");
    let mut lines = db
        .prepare(
            "SELECT actor, action, detail FROM audit WHERE action LIKE '%reloaded' ORDER BY id",
        )
        .expect("a query");
    let lines = lines.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    lines.expect("the lines").map(|line| line.expect("a line")).collect()
}

#[test]
fn statement_12_a_third_subscriber_joins_while_the_hub_runs() {
    let (one, two, three) = (Receiver::start(), Receiver::start(), Receiver::start());
    let old = source("") + &destination("one", one.address()) + &destination("two", two.address());
    let hub = Hub::start(&(old.clone() + &route(&["one", "two"])));
    let mut sender = Sender::connect(&hub.address("adt"));
    assert_eq!(sender.code(&adt("M1")), "AA");
    eventually("the first is delivered", || one.messages().len() + two.messages().len() == 2);

    let new = old + &destination("three", three.address()) + &route(&["one", "two", "three"]);
    assert!(hub.reload(&new));
    assert_eq!(sender.code(&adt("M2")), "AA");
    eventually("the third gets it too", || three.control_ids() == ["M2"]);
    eventually("so do the others", || one.messages().len() + two.messages().len() == 4);
    // Nobody had to connect again: neither the sender above, nor the destinations.
    assert_eq!((one.connections(), two.connections(), three.connections()), (1, 1, 1));
    let changed = "added: destination.three; changed: route".to_owned();
    let line = ("SIGHUP".to_owned(), "reloaded".to_owned(), changed);
    eventually("it is in the audit", || reloads(&hub) == [line.clone()]);
}

#[test]
fn mistakes_leave_what_runs_untouched() {
    let lab = Receiver::start();
    let good = source("") + &destination("lab", lab.address()) + &route(&["lab"]);
    let hub = Hub::start(&good);
    let mut sender = Sender::connect(&hub.address("adt"));
    assert!(!hub.reload(&good.replace("[[route]]", "[[rout]]")));
    eventually("it is said", || hub.logged("there is no key `rout` here; did you mean `route`?"));
    // An address that cannot be had is as bad as a mistake: nothing of the new file holds.
    let taken = good.replace("[[route]]", "[source.two]\nmllp.listen = \"192.0.2.1:9\"\n[[route]]");
    assert!(!hub.reload(&taken.replace("to = [\"lab\"]", "to = []\ndefault = true")));
    assert!(!hub.reload(&taken));
    eventually("it is said", || hub.logged("source two: cannot listen on 192.0.2.1:9"));
    assert_eq!(sender.code(&adt("M1")), "AA");
    eventually("it is delivered by the old rules", || lab.control_ids() == ["M1"]);
    eventually("it is in the audit", || {
        reloads(&hub).iter().filter(|(_, action, _)| action == "not reloaded").count() == 3
    });
}

#[test]
fn what_cannot_change_while_it_runs_is_said_and_the_rest_changes() {
    let hub =
        Hub::start(&(source("") + "[destination.a]\nfile = { folder = \"a\" }\n" + &route(&["a"])));
    let other = "[hub]\ndata = \"elsewhere\"\n".to_owned()
        + &source("")
        + "[destination.a]\nfile = { folder = \"b\" }\n"
        + &route(&["a"]);
    assert!(hub.reload(&other));
    assert_eq!(Sender::connect(&hub.address("adt")).code(&adt("M1")), "AA");
    eventually("the folder of the destination is another", || hub.files("b").len() == 1);
    eventually("it is said", || hub.logged("keys=\"hub.data\""));
    assert!(!hub.path().join("elsewhere").exists());
    eventually("it is in the audit", || {
        let lines = reloads(&hub);
        lines.first().is_some_and(|line| line.2.ends_with("not before the next start: hub.data"))
    });
}

/// I10: a sender in lock step notices nothing, whatever changes meanwhile; nothing is lost, nothing comes twice, and order
/// holds, also at a destination that comes and goes.
#[test]
fn i10_reload_under_load_loses_and_repeats_nothing() {
    const RELOADS: usize = 20;
    let (lab, ris) = (Receiver::start(), Receiver::start());
    let alone = source("") + &destination("lab", lab.address()) + &route(&["lab"]);
    let both = source("dedupe = \"1h\"")
        + &destination("lab", lab.address()).replace("\"1s\"", "\"2s\"")
        + &destination("ris", ris.address())
        + &route(&["lab", "ris"]);
    let hub = Hub::start_logging(&both, "info");
    let (address, done) = (hub.address("adt"), AtomicBool::new(false));
    let sent = std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let (mut sender, mut ids) = (Sender::connect(&address), Vec::new());
            while !done.load(Ordering::SeqCst) {
                let id = format!("M{}", ids.len());
                assert_eq!(sender.code(&adt(&id)), "AA");
                ids.push(id);
            }
            ids
        });
        for round in 0..RELOADS {
            assert!(hub.reload(if round % 2 == 0 { &alone } else { &both }));
            sleep(Duration::from_millis(30));
        }
        done.store(true, Ordering::SeqCst);
        sending.join().expect("it sends to the end")
    });
    eventually("all is delivered", || hub.is_drained());
    assert_eq!(lab.control_ids(), sent);
    // What was routed to the other one, and only that, in the order in which it came.
    let reader = hub.reader();
    let all = Query { most: 1_000_000, ..Query::default() };
    let mut messages = reader.search(&all).expect("it is read");
    messages.reverse();
    messages.retain(|message| {
        let deliveries = reader.deliveries(message.id).expect("it is read");
        assert!(
            deliveries.iter().all(|to| to.state == DeliveryState::Done && to.attempts.len() == 1)
        );
        deliveries.iter().any(|to| to.destination == "ris")
    });
    let routed: Vec<_> = messages.iter().map(|message| message.facts.control_id.clone()).collect();
    assert!(!routed.is_empty() && routed.len() < sent.len(), "{} of {}", routed.len(), sent.len());
    assert_eq!(ris.control_ids(), routed);
    assert_eq!(reader.verify().expect("it is read").faults, [""; 0]);
}

#[test]
fn a_destination_that_is_removed_keeps_what_is_queued_for_when_it_comes_back() {
    let gone = Receiver::start().address().to_owned();
    let with = source("") + &destination("lab", &gone) + &route(&["lab"]);
    let without = source("") + "[destination.a]\nfile = { folder = \"a\" }\n" + &route(&["a"]);
    let hub = Hub::start(&with);
    let mut sender = Sender::connect(&hub.address("adt"));
    ["M1", "M2"].iter().for_each(|id| assert_eq!(sender.code(&adt(id)), "AA"));
    assert!(hub.reload(&without));
    eventually("it is said", || hub.logged("what is queued for it waits until it comes back"));
    assert_eq!(sender.code(&adt("M3")), "AA");
    eventually("the new one goes elsewhere", || hub.files("a").len() == 1);
    let queued =
        || hub.status().destinations.iter().find(|to| to.name == "lab").map(|to| to.queued);
    assert_eq!(queued(), Some(2));
    let lab = Receiver::reacting(&gone, |_, _| Reaction::Code("AA"));
    sleep(Duration::from_millis(300));
    assert_eq!(lab.messages().len(), 0, "nobody sends to what is not there");
    assert!(hub.reload(&with));
    assert_eq!(sender.code(&adt("M4")), "AA");
    eventually("it goes on", || lab.control_ids() == ["M1", "M2", "M4"]);
}

#[test]
fn a_destination_whose_settings_change_gets_the_delivery_in_hand_once() {
    let (old, new) = (
        Receiver::reacting("127.0.0.1:0", |_, _| {
            sleep(Duration::from_millis(500));
            Reaction::Code("AA")
        }),
        Receiver::start(),
    );
    let config = |to: &Receiver| source("") + &destination("lab", to.address()) + &route(&["lab"]);
    let hub = Hub::start(&config(&old));
    let mut sender = Sender::connect(&hub.address("adt"));
    ["M1", "M2"].iter().for_each(|id| assert_eq!(sender.code(&adt(id)), "AA"));
    eventually("the first is being sent", || old.messages().len() == 1);
    assert!(hub.reload(&config(&new)));
    eventually("the next goes to the new address", || new.control_ids() == ["M2"]);
    assert_eq!(old.control_ids(), ["M1"]);
}

#[test]
fn a_source_that_is_removed_finishes_the_message_in_hand() {
    let rest = "[destination.a]\nfile = { folder = \"a\" }\n".to_owned() + &route(&["a"]);
    let two = "[source.two]\nmllp = { listen = \"127.0.0.1:0\" }\n";
    let hub = Hub::start(&(source("") + two + &rest));
    let address = hub.address("two");
    let (mut idle, mut busy, mut stays) = (
        Sender::connect(&address),
        Sender::connect(&address),
        Sender::connect(&hub.address("adt")),
    );
    for (number, sender) in [&mut idle, &mut busy, &mut stays].into_iter().enumerate() {
        assert_eq!(sender.code(&adt(&format!("A{number}"))), "AA");
    }
    let frame = format!("\u{b}{}\u{1c}\r", adt("M1")).into_bytes();
    let (half, other_half) = frame.split_at(50);
    busy.raw(half).expect("it is sent");
    sleep(Duration::from_millis(200));
    assert!(hub.reload(&(source("") + &rest)));
    assert!(idle.is_closed());
    busy.raw(other_half).expect("it is sent");
    let reply = busy.reply().expect("the connection holds").expect("a reply");
    assert_eq!(field(&reply, "MSA", 1), "AA");
    assert!(busy.is_closed());
    eventually("nobody listens there", || Sender::try_connect(&address).is_err());
    assert_eq!(stays.code(&adt("M2")), "AA");
    // And it comes back, under another name and with the same address as somebody else had.
    let again = format!("[source.three]\nmllp = {{ listen = \"{address}\" }}\n");
    assert!(hub.reload(&(source("") + &again + &rest)));
    assert!(hub.reload(&(source("") + &again.replace("three", "four") + &rest)));
    assert_eq!(Sender::connect(&address).code(&adt("M3")), "AA");
}

/// What each setting does is shown elsewhere; here, that it does so from the next message on, over the connection that is
/// there.
#[test]
fn statement_35_settings_take_effect_without_a_restart() {
    let rest = "[destination.a]\nfile = { folder = \"a\" }\n".to_owned() + &route(&["a"]);
    let hub = Hub::start(&(source("") + &rest));
    let mut sender = Sender::connect(&hub.address("adt"));
    let bad_version = |id: &str| adt(id).replace("|2.5.1\r", "|9.9\r");
    let long = |id: &str| format!("{}NTE|1||{}\r", adt(id), "x".repeat(5_000));
    assert_eq!(sender.code(&adt("M0")), "AA");
    let listen = "mllp = { listen = \"127.0.0.1:0\"";
    for (number, (from, to, message, code)) in [
        ("", "senders = [\"OTHER\"]\n", adt("M1"), "AR"),
        ("", "check = \"off\"\n", bad_version("M2"), "AA"),
        ("", "check = \"header\"\n", bad_version("M3"), "AR"),
        ("", "check = \"reject\"\n", adt("M4").replace("PV1|1|I", "PV1|1|"), "AE"),
        ("", "ack = { mode = \"enhanced\" }\n", adt("M5"), "CA"),
        ("", "ack = { set = { \"MSH-3\" = \"SET\" } }\n", adt("M6"), "AA"),
        (listen, "mllp = { frame_limit = \"4096B\", listen = \"127.0.0.1:0\"", long("M7"), "AR"),
        (listen, "mllp = { frame_limit = \"9216B\", listen = \"127.0.0.1:0\"", long("M8"), "AA"),
        ("", "", adt("M9"), "AA"),
    ]
    .into_iter()
    .enumerate()
    {
        let changed = match from {
            "" => source(to),
            from => source("").replace(from, to),
        };
        assert!(hub.reload(&(changed + &rest)), "{number}");
        let reply = sender.send(&message);
        assert_eq!(field(&reply, "MSA", 1), code, "{number}: {to}");
        if to.contains("SET") {
            assert_eq!(field(&reply, "MSH", 3), "SET");
        }
        if code == "CA" {
            assert_eq!(field(&sender.reply().expect("a reply").expect("a reply"), "MSA", 1), "AA");
        }
    }
    // The bytes around a message.
    assert!(
        hub.reload(&(source("").replace(listen, &format!("{listen}, start = 2, end = 3")) + &rest))
    );
    sender.raw(format!("\u{2}{}\u{3}\r", adt("M10")).as_bytes()).expect("it is sent");
    eventually("it is read by the new marks", || {
        let query = Query { control_id: Some("M10".into()), most: 1, ..Query::default() };
        hub.reader().search(&query).expect("it is read").len() == 1
    });
    // How long a connection may be idle, also of one that waits already.
    assert!(hub.reload(
        &(source("").replace(listen, &format!("{listen}, idle_timeout = \"200ms\"")) + &rest)
    ));
    sleep(Duration::from_millis(100));
    let mut sender = Sender::connect(&hub.address("adt"));
    assert!(sender.is_closed());
    // Who may connect; whoever may not any more is not left connected.
    assert!(hub.reload(&(source("") + &rest)));
    let mut sender = Sender::connect(&hub.address("adt"));
    assert_eq!(sender.code(&adt("M11")), "AA");
    assert!(hub.reload(&(source("allow = [\"10.0.0.0/8\"]") + &rest)));
    assert!(sender.is_closed());
}

#[test]
fn statement_35_a_full_store_is_given_room_without_a_restart() {
    let config = |limit: &str| {
        format!("[hub]\nstore_limit = \"{limit}\"\n")
            + &source("")
            + "[destination.a]\nfile = { folder = \"a\" }\n"
            + &route(&["a"])
    };
    let hub = Hub::start(&config("400KiB"));
    let address = hub.address("adt");
    let large =
        |number: u32| format!("{}NTE|1||{}\r", adt(&format!("M{number}")), "x".repeat(20_000));
    let mut sender = Sender::connect(&address);
    let mut acked = 0;
    while let Ok(Some(reply)) = sender.try_send(&large(acked)) {
        assert_eq!(field(&reply, "MSA", 1), "AA");
        acked += 1;
        assert!(acked < 100, "it is never full");
    }
    eventually("nobody is taken", || hub.logged("sources take no connections until there is room"));
    // What else is new needs room itself, which is there before.
    let other = |number: u32| {
        let name = format!("{}{number}", "a_long_name_".repeat(20));
        format!("[destination.{name}]\nfile = {{ folder = \"{name}\" }}\n")
    };
    let others: String = (0..60).map(other).collect();
    assert!(hub.reload(&(config("1GiB") + &others)));
    eventually("everybody is", || hub.logged("sources take connections again"));
    eventually("there is room", || {
        let reply =
            Sender::try_connect(&address).and_then(|mut sender| sender.try_send(&large(acked)));
        matches!(reply, Ok(Some(reply)) if field(&reply, "MSA", 1) == "AA")
    });
    eventually("all is delivered", || hub.files("a").len() == acked as usize + 1);
}

/// What gathers for a destination goes by the rules that hold now, and by its name in the new file.
#[test]
fn a_destination_gathers_by_the_new_rules() {
    let config = |name: &str, batch: &str| {
        let file = format!("[destination.files]\nfile = {{ folder = \"files\"{batch} }}\n");
        format!("[hub]\nname = \"{name}\"\n") + &source("") + &file + &route(&["files"])
    };
    let hub = Hub::start(&config("north", ", batch = { count = 100 }"));
    let mut sender = Sender::connect(&hub.address("adt"));
    let mut send = |ids: std::ops::Range<usize>| {
        for id in ids {
            assert_eq!(sender.code(&adt(&format!("M{id}"))), "AA");
        }
    };
    // The headers of each file, and the control ids in it.
    let files = || -> Vec<(String, usize)> {
        let read =
            |file| String::from_utf8_lossy(&std::fs::read(file).expect("a file")).into_owned();
        let told = |text: String| {
            let header = text.split('\r').next().unwrap_or_default();
            let sender = header.split('|').nth(2).unwrap_or_default().to_owned();
            (sender, text.matches("\rEVN|").count())
        };
        hub.files("files").iter().map(read).map(told).collect()
    };
    send(0..3);
    let gathering = || hub.status().destinations[0].gathering;
    assert_eq!((gathering(), files().len()), (3, 0));
    // Fewer are enough now.
    assert!(hub.reload(&config("north", ", batch = { count = 3 }")));
    eventually("they go", || files() == [("north".to_owned(), 3)]);
    // The hub has another name.
    assert!(hub.reload(&config("south", ", batch = { count = 3 }")));
    send(3..6);
    eventually("they go", || files().get(1) == Some(&("south".to_owned(), 3)));
    send(6..8);
    assert_eq!(gathering(), 2);
    // One by one, what gathered too, and before what comes now.
    assert!(hub.reload(&config("south", "")));
    eventually("they go", || files().len() == 4);
    send(8..9);
    eventually("it goes", || files().len() == 5 && hub.is_drained());
    assert_eq!(files()[2..], vec![("ADT1".to_owned(), 1); 3]);
    // And back.
    assert!(hub.reload(&config("south", ", batch = { count = 2 }")));
    send(9..11);
    eventually("they go", || files().get(5) == Some(&("south".to_owned(), 2)));
    assert!(hub.run(&["audit", "verify"]).status.success());
}

/// I5: what gathered does not overtake batches that were made before, nor does what comes by the new rules overtake it.
#[test]
fn i5_order_holds_where_a_destination_takes_no_batches_any_more() {
    let config = |batch: &str| {
        let file = format!("[destination.files]\nfile = {{ folder = \"files\"{batch} }}\n");
        "[api]\nlisten = \"127.0.0.1:0\"\n".to_owned() + &source("") + &file + &route(&["files"])
    };
    let mut hub = Hub::start(&config(", batch = { count = 3 }"));
    assert!(hub.run(&["pause", "destination", "files", "--why", "a test"]).status.success());
    let send = |hub: &Hub, ids: std::ops::Range<usize>| {
        let mut sender = Sender::connect(&hub.address("adt"));
        ids.for_each(|id| assert_eq!(sender.code(&adt(&format!("M{id}"))), "AA"));
    };
    send(&hub, 0..8);
    let counts = |hub: &Hub| {
        let to = &hub.status().destinations[0];
        (to.queued, to.gathering)
    };
    eventually("two batches are made", || counts(&hub) == (2, 2));
    assert!(hub.reload(&config("")));
    send(&hub, 8..10);
    eventually("nothing gathers", || counts(&hub) == (6, 0));
    hub.stop();
    hub.restart();
    assert!(hub.run(&["resume", "destination", "files", "--why", "a test"]).status.success());
    eventually("all has gone", || hub.is_drained());
    let sent: Vec<_> = hub.files("files").iter().map(|file| ids(file)).collect();
    let expected: [&[&str]; 6] =
        [&["M0", "M1", "M2"], &["M3", "M4", "M5"], &["M6"], &["M7"], &["M8"], &["M9"]];
    assert_eq!(sent, expected);
    assert!(hub.run(&["audit", "verify"]).status.success());
}

/// The control ids in a file, in order.
fn ids(file: &Path) -> Vec<String> {
    let text = String::from_utf8_lossy(&std::fs::read(file).expect("a file")).into_owned();
    let messages = text.split('\r').filter(|line| line.starts_with("MSH"));
    messages.map(|line| line.split('|').nth(9).unwrap_or_default().to_owned()).collect()
}

/// I5, whatever is under way when the configuration changes, and nobody is forgotten.
#[test]
fn i5_order_holds_while_batches_come_and_go() {
    let config = |batch: &str| {
        let file = format!("[destination.files]\nfile = {{ folder = \"files\"{batch} }}\n");
        source("") + &file + &route(&["files"])
    };
    let hub = Hub::start(&config(""));
    let address = hub.address("adt");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut sender = Sender::connect(&address);
            (0..400).for_each(|id| assert_eq!(sender.code(&adt(&format!("M{id}"))), "AA"));
            done.store(true, Ordering::SeqCst);
        });
        let kinds = [", batch = { count = 5 }", "", ", batch = { count = 3 }"];
        for kind in kinds.iter().cycle().take_while(|_| !done.load(Ordering::SeqCst)) {
            hub.begin_reload(&config(kind));
            sleep(Duration::from_millis(20));
        }
    });
    assert!(hub.reload(&config("")));
    eventually("all has gone", || hub.is_drained());
    let sent: Vec<_> = hub.files("files").iter().flat_map(|file| ids(file)).collect();
    let expected: Vec<_> = (0..400).map(|id| format!("M{id}")).collect();
    assert_eq!(sent, expected);
    assert!(hub.run(&["audit", "verify"]).status.success());
}
