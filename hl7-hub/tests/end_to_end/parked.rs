//! Statement 36: messages that wait for somebody, and what somebody does about them.

use serde_json::{Value, json};

use crate::api::{Api, CONFIG};
use crate::commands::text;
use crate::hub::Hub;
use crate::receiver::{Reaction, Receiver};
use crate::sender::Sender;
use crate::{CANARY, adt, eventually, field};

/// What `hl7-hub show --json` says of a message.
fn shown(hub: &Hub, message: &str) -> Value {
    let output = hub.run(&["show", message, "--json"]);
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn state(hub: &Hub, message: &str) -> String {
    shown(hub, message)["state"].as_str().expect("a state").to_owned()
}

/// A hub that sends to one receiver, with an API.
fn config(lab: &Receiver) -> String {
    format!(
        "[api]\nlisten = \"127.0.0.1:0\"\n[source.adt]\nmllp = {{ listen = \"127.0.0.1:0\" }}\n\
         [destination.lab]\nmllp = {{ connect = \"{}\" }}\nset = {{ \"MSH-5\" = \"LAB\" }}\n\
         [destination.archive]\nfile = {{ folder = \"archive\" }}\n[[route]]\nto = \"lab\"\n",
        lab.address()
    )
}

#[test]
fn statement_36_a_dead_message_is_listed_viewed_edited_and_resubmitted() {
    // It wants another event, and says so with AE.
    let lab = Receiver::reacting("127.0.0.1:0", |number, id| match (number, id) {
        (1..=2, _) => Reaction::Code("AE"),
        _ => Reaction::Code("AA"),
    });
    let hub = Hub::start(&config(&lab));
    let mut sender = Sender::connect(&hub.address("adt"));
    for id in ["M1", "M2"] {
        assert_eq!(sender.code(&adt(id)), "AA");
    }
    eventually("they are dead", || state(&hub, "1") == "dead" && state(&hub, "2") == "dead");
    let listed = text(&hub.run(&["search", "--state", "dead"]));
    assert!(listed.contains("M1") && listed.contains("M2"), "{listed}");
    assert_eq!(hub.run(&["show", "1", "--body"]).stdout, adt("M1").into_bytes());

    // As it is: the same bytes once more, header changes included.
    let again = hub.run(&["resubmit", "1", "--who", "ann", "--why", "the lab was wrong"]);
    assert_eq!(text(&again), "delivery 1 to lab: moved; delivery 3 to lab: queued\n");
    eventually("the lab has it", || state(&hub, "1") == "completed");
    let received = lab.messages();
    assert_eq!((received.len(), &received[2]), (3, &received[0]));
    assert_eq!(field(&received[2], "MSH", 5), "LAB");

    // Edited: another message, and the first stays as it came.
    let set = ["--set", "EVN-1=A04", "--set", "MSH-10=M2b"];
    let edited =
        hub.run(&[&["resubmit", "2", "--who", "ann", "--why", "it was"][..], &set].concat());
    let said = text(&edited);
    assert!(
        said.starts_with("message 3 in place of message 2; accepted; route 1 to lab"),
        "{said}"
    );
    eventually("the lab has it", || state(&hub, "3") == "completed");
    let received = lab.messages();
    assert_eq!(
        (field(&received[3], "EVN", 1), field(&received[3], "MSH", 10)),
        ("A04".into(), "M2b".into())
    );
    assert_eq!(state(&hub, "2"), "resolved");
    assert_eq!(hub.run(&["show", "2", "--body"]).stdout, adt("M2").into_bytes());
    let (first, second) = (shown(&hub, "2"), shown(&hub, "3"));
    assert_eq!((&first["edited_as"], &second["edited_from"]), (&json!([3]), &json!(2)));
    for message in ["1", "2", "3"] {
        let shown = shown(&hub, message);
        let lines = shown["audit"].as_array().expect("lines");
        let by_ann: Vec<_> = lines.iter().filter(|line| line["who"] == "ann").collect();
        assert_eq!(by_ann.len(), 1, "{lines:?}");
        assert!(by_ann[0]["detail"].as_str().is_some_and(|it| it.contains("; why: ")));
        assert!(by_ann[0]["at"].as_str().is_some_and(|at| at.starts_with("20")));
    }
    // What all have is not sent again without being asked for.
    let nobody = hub.run(&["resubmit", "1"]);
    assert_eq!(nobody.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("no destination lacks message 1"));
    assert!(hub.run(&["resubmit", "1", "--all"]).status.success());
    eventually("the lab has it", || lab.messages().len() == 5 && hub.is_drained());
    assert!(hub.run(&["audit", "verify"]).status.success());
}

#[test]
fn statement_36_what_is_queued_is_parked_and_discarded_or_sent() {
    let lab = Receiver::start();
    let address = lab.address().to_owned();
    let hub = Hub::start(&config(&lab));
    // It cannot be reached, until it can.
    drop(lab);
    let mut sender = Sender::connect(&hub.address("adt"));
    for id in ["M1", "M2", "M3"] {
        assert_eq!(sender.code(&adt(id)), "AA");
    }
    assert!(hub.run(&["pause", "destination", "lab"]).status.success());
    let parked = hub.run(&["park", "1", "3", "--who", "ann"]);
    assert_eq!(text(&parked), "delivery 1 to lab: parked\ndelivery 3 to lab: parked\n");
    let status = hub.status();
    assert_eq!((status.destinations[0].queued, status.destinations[0].parked), (1, 2));
    let edit_queued = hub.run(&["resubmit", "2", "--set", "EVN-1=A04"]);
    assert!(String::from_utf8_lossy(&edit_queued.stderr).contains("park it first"));
    // One goes elsewhere, one is discarded, one is sent as it is once the lab is there.
    assert!(hub.run(&["resubmit", "1", "--to", "archive,lab"]).status.success());
    assert!(hub.run(&["dismiss", "3", "--why", "a test message"]).status.success());
    let lab = Receiver::reacting(&address, |_, _| Reaction::Code("AA"));
    assert!(hub.run(&["resume", "destination", "lab"]).status.success());
    eventually("all is delivered", || hub.is_drained());
    assert_eq!(lab.control_ids(), ["M2", "M1"], "what is sent again goes behind what was queued");
    assert_eq!(hub.files("archive").len(), 1);
    assert_eq!((state(&hub, "1"), state(&hub, "3")), ("completed".into(), "resolved".into()));
    assert_eq!(shown(&hub, "3")["deliveries"][0]["state"], "cancelled");
    let discarded = hub.run(&["park", "2"]);
    assert!(String::from_utf8_lossy(&discarded.stderr).contains("message 2 is completed"));
    assert!(hub.run(&["audit", "verify"]).status.success());
}

#[test]
fn statement_36_what_no_route_took_or_was_refused_is_mended_by_api() {
    let config = CONFIG.replace("[source.adt]\n", "[source.adt]\ncheck = \"reject\"\n");
    let mut hub = Hub::start_logging(&config, "trace");
    let mut sender = Sender::connect(&hub.address("adt"));
    assert_eq!(sender.code(&adt("M2")), "AA");
    let faulty = adt("M4").replace("|20260211\rPID", "|not a time\rPID");
    assert_eq!(sender.code(&faulty), "AE");
    let api = Api::of(&hub);
    let resubmit =
        |message: i64, body: Value| api.post(&format!("/api/messages/{message}/resubmit"), &body);
    // Without a route, by hand.
    assert_eq!(resubmit(1, json!({ "reroute": true })).0, 409);
    let (status, sent) = resubmit(1, json!({ "to": ["spare"], "why": "ask Jürgen" }));
    assert_eq!((status, &sent["done"]), (200, &json!("delivery 1 to spare: queued")));
    eventually("it is delivered", || hub.files("spare").len() == 1);
    // Refused: still faulty after an edit that does not mend it, then mended.
    let (status, refused) = resubmit(2, json!({ "text": faulty.replace("EVN|", "EVN|A01") }));
    assert_eq!(status, 409);
    assert!(
        refused["error"].as_str().is_some_and(|it| it.contains("judges it: error")),
        "{refused}"
    );
    let (status, mended) = resubmit(2, json!({ "set": { "EVN-2": "20260212" }, "why": "" }));
    assert_eq!((status, &mended["message"]), (200, &json!(3)), "{mended}");
    eventually("it is delivered", || hub.files("archive").len() == 1);
    let file = std::fs::read(&hub.files("archive")[0]).expect("a file");
    assert_eq!(file, adt("M4").replace("|20260211\rPID", "|20260212\rPID").into_bytes());
    let (_, first) = api.get("/api/messages/2");
    let last = first["audit"].as_array().and_then(|lines| lines.last()).expect("a line");
    assert_eq!((&last["who"], &last["action"]), (&json!("Jürgen"), &json!("edit")));
    assert_eq!(first["state"], "resolved");
    // Bytes that are no text come over too.
    assert_eq!(sender.code(&adt("M2").replace("EVN", "EVX")), "AE");
    let coded = "TVNIfF5+XCZ8QXxCfEN8RHwxfHxBRFReQTAxfEw5fFB8Mi41DVpaWnzkDQ==";
    let (status, sent) = resubmit(4, json!({ "base64": coded, "to": ["spare"] }));
    assert_eq!(status, 200, "{sent}");
    eventually("it is delivered", || hub.files("spare").len() == 2);
    assert!(std::fs::read(&hub.files("spare")[1]).expect("a file").ends_with(b"ZZZ|\xe4\r"));
    assert!(hub.run(&["audit", "verify"]).status.success());
    assert!(!hub.logged(CANARY));
    assert!(hub.stop().success());
}
