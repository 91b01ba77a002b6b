//! Pausing, skipping, draining, pruning, copying: a hub in the hands of its operators.

use serde_json::{Value, json};

use crate::api::{Api, CONFIG};
use crate::commands::text;
use crate::hub::Hub;
use crate::receiver::{Reaction, Receiver};
use crate::sender::Sender;
use crate::{adt, eventually};

fn to_lab(lab: &str, more: &str) -> String {
    format!(
        "[api]\nlisten = \"127.0.0.1:0\"\n[source.adt]\nmllp = {{ listen = \"127.0.0.1:0\" }}\n\
         [destination.lab]\nmllp = {{ connect = \"{lab}\" }}\n{more}[[route]]\nto = \"lab\"\n"
    )
}

fn error(output: &std::process::Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{}", text(output));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// I10: a pause loses nothing, repeats nothing, and outlives a restart.
#[test]
fn a_paused_destination_gets_nothing_until_it_is_resumed() {
    let lab = Receiver::start();
    let mut hub = Hub::start(&to_lab(lab.address(), ""));
    let mut sender = Sender::connect(&hub.address("adt"));
    sender.code(&adt("M1"));
    eventually("it is delivered", || lab.messages().len() == 1);
    let why = ["--who", "ann", "--why", "the lab is moved"];
    let paused = hub.run(&[&["pause", "destination", "lab"][..], &why].concat());
    assert_eq!(text(&paused), "paused: destination lab\n");
    assert!(error(&hub.run(&["pause", "destination", "lab"])).contains("is paused already"));
    assert!(error(&hub.run(&["pause", "destination", "bal"])).contains("no destination `bal`"));
    sender.code(&adt("M2"));
    for _ in 0..2 {
        let status = text(&hub.run(&["status"]));
        assert!(status.contains("destination lab is paused by ann since 20"), "{status}");
        assert!(status.contains(": the lab is moved"), "{status}");
        hub.stop();
        hub.restart();
    }
    Sender::connect(&hub.address("adt")).code(&adt("M3"));
    assert_eq!(hub.status().destinations[0].queued, 2);
    assert_eq!(lab.messages().len(), 1);
    assert!(hub.run(&["resume", "destination", "lab"]).status.success());
    eventually("the rest is delivered", || hub.is_drained());
    assert_eq!(lab.control_ids(), ["M1", "M2", "M3"]);
    assert!(error(&hub.run(&["resume", "destination", "lab"])).contains("is not paused"));
    // When nobody runs, nobody can be told.
    hub.stop();
    assert!(error(&hub.run(&["pause", "destination", "lab"])).contains("no hub answers at"));
    assert!(hub.run(&["status"]).status.success());
}

/// A paused source has no open port, so that whoever balances load goes elsewhere; connections end behind their message.
#[test]
fn a_paused_source_refuses_connections_until_it_is_resumed() {
    let mut hub = Hub::start(CONFIG);
    let address = hub.address("adt");
    let mut sender = Sender::connect(&address);
    sender.code(&adt("M1"));
    assert!(hub.run(&["pause", "source", "adt", "--why", "x"]).status.success());
    assert!(sender.is_closed());
    eventually("the port is closed", || Sender::try_connect(&address).is_err());
    let status = text(&hub.run(&["status"]));
    assert!(status.contains("source adt is paused"), "{status}");
    hub.stop();
    hub.restart();
    assert!(!hub.logged(" listening "), "also after a restart");
    assert!(hub.run(&["resume", "source", "adt"]).status.success());
    eventually("it listens", || hub.logged(" listening "));
    assert_eq!(Sender::connect(&hub.address("adt")).code(&adt("M4")), "AA");
    assert_eq!(hub.status().paused, []);
}

#[test]
fn a_source_whose_port_is_taken_stays_paused() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    drop(taken);
    let config = CONFIG
        .replace("mllp = { listen = \"127.0.0.1:0\"", &format!("mllp = {{ listen = \"{address}\""));
    let hub = Hub::start(&config);
    assert!(hub.run(&["pause", "source", "adt"]).status.success());
    eventually("the port is closed", || Sender::try_connect(&address).is_err());
    let taken = std::net::TcpListener::bind(&address).expect("the port is free");
    assert!(error(&hub.run(&["resume", "source", "adt"])).contains("cannot listen on"));
    assert_eq!(hub.status().paused.len(), 1);
    drop(taken);
    assert!(hub.run(&["resume", "source", "adt"]).status.success());
    assert_eq!(Sender::connect(&address).code(&adt("M1")), "AA");
}

#[test]
fn the_head_of_a_queue_is_skipped_and_the_next_one_goes_at_once() {
    // It never has the first message stored, and the pause behind that is longer than the test.
    let lab = Receiver::reacting("127.0.0.1:0", |_, id| match id {
        "M1" => Reaction::Code("AR"),
        _ => Reaction::Code("AA"),
    });
    let hub = Hub::start(&to_lab(lab.address(), "retry = { first = \"10m\", most = \"10m\" }\n"));
    let mut sender = Sender::connect(&hub.address("adt"));
    for id in ["M1", "M2"] {
        sender.code(&adt(id));
    }
    eventually("it was tried", || hub.logged("is sent again later"));
    let api = Api::of(&hub);
    let skip = |delivery: i64| json!({ "destination": "lab", "delivery": delivery, "why": "AR" });
    assert_eq!(api.post("/api/skip", &skip(2)).0, 409);
    let skipped = api.order("/api/skip", &skip(1));
    assert_eq!(
        (&skipped["done"], &skipped["message"]),
        (&json!("delivery 1 to lab: cancelled"), &json!(1))
    );
    eventually("the next one is delivered", || hub.is_drained());
    assert_eq!(lab.control_ids(), ["M1", "M2"]);
    let shown: Value = api.get("/api/messages/1").1;
    assert_eq!(
        (&shown["state"], &shown["deliveries"][0]["state"]),
        (&json!("resolved"), &json!("cancelled"))
    );
    assert!(hub.run(&["audit", "verify"]).status.success());
}

#[test]
fn what_holds_up_a_destination_is_sent_again_or_skipped() {
    let lab = Receiver::reacting("127.0.0.1:0", |number, _| match number {
        1 | 3 => Reaction::Code("AE"),
        _ => Reaction::Code("AA"),
    });
    let hub = Hub::start(&to_lab(lab.address(), "on_refusal = \"hold\"\n"));
    let mut sender = Sender::connect(&hub.address("adt"));
    for id in ["M1", "M2", "M3"] {
        sender.code(&adt(id));
    }
    let is_held_after =
        |count: usize| hub.status().destinations[0].held == 1 && lab.messages().len() == count;
    eventually("it is held up", || is_held_after(1));
    let status = text(&hub.run(&["status"]));
    assert!(status.contains("held"), "{status}");
    // Sent again it is taken; what comes behind it is refused, and given up.
    let again = hub.run(&["resume", "destination", "lab", "--who", "ann"]);
    assert!(text(&again).contains("delivery 1 to lab: queued"), "{again:?}");
    eventually("it is held up again", || is_held_after(3));
    let given_up = hub.run(&["skip", "lab"]);
    assert!(text(&given_up).contains("delivery 2 to lab: cancelled"), "{given_up:?}");
    eventually("the rest is delivered", || hub.is_drained());
    assert_eq!(lab.control_ids(), ["M1", "M1", "M2", "M3"]);
    assert!(error(&hub.run(&["resume", "destination", "lab"])).contains("lab is not paused"));
    assert!(hub.run(&["audit", "verify"]).status.success());
}

#[test]
fn a_drained_hub_has_nothing_queued_and_takes_nothing() {
    let lab = Receiver::start();
    let hub = Hub::start(&to_lab(lab.address(), ""));
    let mut sender = Sender::connect(&hub.address("adt"));
    for number in 0..20 {
        sender.code(&adt(&format!("M{number}")));
    }
    let drained = hub.run(&["drain", "--why", "an upgrade"]);
    assert!(drained.status.success(), "{}", error(&drained));
    assert!(text(&drained).contains("paused: source adt\neverything is delivered"));
    assert_eq!((lab.messages().len(), hub.is_drained()), (20, true));
    assert!(sender.is_closed());
    assert!(hub.run(&["drain"]).status.success(), "once more does no harm");
    // What cannot be delivered is said.
    assert!(hub.run(&["resume", "source", "adt"]).status.success());
    assert!(hub.run(&["pause", "destination", "lab"]).status.success());
    Sender::connect(&hub.address("adt")).code(&adt("M20"));
    let stuck = hub.run(&["drain", "--wait", "0"]);
    assert_eq!(stuck.status.code(), Some(1));
    assert!(text(&stuck).contains("lab: 1 still queued"), "{}", text(&stuck));
}

#[test]
fn old_messages_are_pruned_and_the_audit_holds() {
    let config = CONFIG.replace("[source.adt]\n", "[source.adt]\ndedupe = \"off\"\n");
    let keep = "[keep]\ncontent = \"1ms\"\nmetadata = \"1ms\"\naudit = \"1ms\"\n";
    let hub = Hub::start(&format!("{keep}{config}"));
    let mut sender = Sender::connect(&hub.address("adt"));
    for id in ["M1", "M2", "M3", "M4"] {
        sender.code(&adt(id));
    }
    eventually("they are delivered", || hub.is_drained());
    let pruned = hub.run(&["prune", "--who", "ann"]);
    // The last one has the last numbers; the one without a route waits for somebody.
    assert!(
        text(&pruned).starts_with("pruned the content of 3 messages, 2 messages as a whole, "),
        "{}",
        text(&pruned)
    );
    assert_eq!(hub.status().messages.iter().map(|(_, count)| count).sum::<u64>(), 2);
    assert_eq!(hub.run(&["show", "4", "--body"]).status.code(), Some(2));
    assert!(hub.run(&["show", "2", "--body"]).status.success());
    assert!(error(&hub.run(&["resubmit", "4", "--all"])).contains("has been pruned"));
    let verified = hub.run(&["audit", "verify"]);
    assert!(verified.status.success(), "{}", text(&verified));
}

#[test]
fn a_copy_made_while_it_runs_is_a_store() {
    let mut hub = Hub::start(CONFIG);
    let mut sender = Sender::connect(&hub.address("adt"));
    for id in ["M1", "M2"] {
        sender.code(&adt(id));
    }
    let copied = hub.run(&["backup", "copy.sqlite", "--who", "ann"]);
    assert!(copied.status.success(), "{}", error(&copied));
    assert!(text(&copied).contains("copy.sqlite has 2 messages and "), "{}", text(&copied));
    assert!(error(&hub.run(&["backup", "copy.sqlite"])).contains("cannot be written"));
    sender.code(&adt("M3"));
    // As the help says, to go back to it.
    hub.stop();
    let data = hub.path().join("data");
    for name in ["hub.sqlite-wal", "hub.sqlite-shm"] {
        let _ = std::fs::remove_file(data.join(name));
    }
    std::fs::copy(hub.path().join("copy.sqlite"), data.join("hub.sqlite")).expect("it is put back");
    hub.restart();
    assert_eq!(hub.status().messages.iter().map(|(_, count)| count).sum::<u64>(), 2);
    assert!(hub.run(&["audit", "verify"]).status.success());
    let left: Vec<_> = std::fs::read_dir(hub.path()).expect("the folder").flatten().collect();
    assert!(left.iter().all(|entry| !entry.file_name().to_string_lossy().ends_with(".part")));
}

#[test]
fn a_hub_is_told_to_read_its_file_again() {
    let hub = Hub::start(CONFIG);
    let file = hub.path().join("hub.toml");
    std::fs::write(&file, format!("{CONFIG}[[route]]\nto = \"spare\"\n")).expect("another file");
    let reloaded = hub.run(&["reload", "--who", "ann", "--why", "all to spare"]);
    assert_eq!(text(&reloaded), "changed: route\n");
    Sender::connect(&hub.address("adt")).code(&adt("M1"));
    eventually("it goes there too", || hub.files("spare").len() == 1);
    std::fs::write(&file, format!("{CONFIG}[[route]]\nto = \"nowhere\"\n")).expect("another file");
    // The command reads the file too, to find the hub, and says what is wrong with it.
    assert!(error(&hub.run(&["reload"])).contains("there is no destination `nowhere`"));
}

#[test]
fn statement_26_what_has_gathered_goes_when_somebody_says_so() {
    let config =
        CONFIG.replace("folder = \"archive\"", "folder = \"archive\", batch = { every = \"1h\" }");
    let hub = Hub::start(&config);
    let mut sender = Sender::connect(&hub.address("adt"));
    for id in ["M1", "M3"] {
        sender.code(&adt(id));
    }
    assert_eq!(hub.status().destinations[0].gathering, 2);
    let sent = hub.run(&["send-now", "archive", "--who", "ann", "--why", "the ward closes"]);
    assert_eq!(text(&sent), "archive sends what it has\n");
    eventually("it is delivered", || hub.files("archive").len() == 1);
    let batch = std::fs::read_to_string(&hub.files("archive")[0]).expect("a file");
    assert!(
        batch.starts_with("FHS|") && batch.contains("M1") && batch.contains("BTS|2"),
        "{batch}"
    );
    eventually("all is settled", || hub.is_drained());
    assert!(hub.run(&["audit", "verify"]).status.success());
}

#[test]
fn commands_need_an_api() {
    let hub = Hub::start("[source.adt]\nmllp = { listen = \"127.0.0.1:0\" }\n");
    assert!(error(&hub.run(&["drain"])).contains("has no [api]"));
    let hub = Hub::start(CONFIG);
    let sent = error(&hub.run(&["send-now", "archive"]));
    assert!(sent.contains("destination archive does not gather messages"), "{sent}");
    let named = error(&hub.run(&["pause", "source", "adt", "--who", "hub"]));
    assert!(named.contains("`hub` is the hub itself"), "{named}");
}

#[test]
fn what_is_read_is_read_as_json_too() {
    let mut hub = Hub::start(CONFIG);
    Sender::connect(&hub.address("adt")).code(&adt("M1"));
    eventually("it is delivered", || hub.is_drained());
    let of = |arguments: &[&str]| -> Value {
        serde_json::from_slice(&hub.run(arguments).stdout).expect("JSON")
    };
    let status = of(&["status", "--json"]);
    assert_eq!(
        (&status["messages"]["completed"], &status["running"]["name"]),
        (&json!(1), &json!("hub"))
    );
    assert_eq!(of(&["search", "--json"])["messages"][0]["control_id"], "M1");
    assert_eq!(of(&["show", "1", "--json"])["deliveries"][0]["destination"], "archive");
    hub.stop();
    let output = hub.run(&["status", "--json"]);
    let status: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&status["messages"]["completed"], &status["running"]), (&json!(1), &Value::Null));
}
