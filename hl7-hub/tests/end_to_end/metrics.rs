//! What monitoring sees, and what stands in the log.

use serde_json::Value;

use crate::api::Api;
use crate::commands::Ended;
use crate::hub::Hub;
use crate::receiver::{Reaction, Receiver};
use crate::sender::Sender;
use crate::{CANARY, adt, eventually};

fn config(lab: &str) -> String {
    format!(
        "[api]\nlisten = \"127.0.0.1:0\"\n[source.adt]\ncheck = \"reject\"\n\
         mllp = {{ listen = \"127.0.0.1:0\" }}\n\
         [destination.lab]\nmllp = {{ connect = \"{lab}\" }}\n\
         retry = {{ first = \"10ms\", most = \"10ms\" }}\n\
         [destination.down]\nmllp = {{ connect = \"127.0.0.1:1\" }}\n[[route]]\nto = [\"lab\", \"down\"]\n"
    )
}

/// The value of a line of metrics, by its name and labels.
fn value(text: &str, name: &str) -> f64 {
    let found = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    found.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {text}"))
}

#[test]
fn metrics_go_up_with_messages() {
    // The second one is dead, the third one comes through after a retry.
    let lab = Receiver::reacting("127.0.0.1:0", |number, id| match (number, id) {
        (_, "M2") => Reaction::Code("AE"),
        (3, "M3") => Reaction::Code("AR"),
        _ => Reaction::Code("AA"),
    });
    let hub = Hub::start(&config(lab.address()));
    let api = Api::of(&hub);
    let before = api.text("/metrics");
    let of_source = |outcome: &str| {
        format!("hl7_hub_source_messages_total{{source=\"adt\",outcome=\"{outcome}\"}}")
    };
    assert_eq!(value(&before, &of_source("accepted")), 0.0);
    assert_eq!(value(&before, "hl7_hub_source_connections{source=\"adt\"}"), 0.0);
    let mut sender = Sender::connect(&hub.address("adt"));
    let bytes: usize = ["M1", "M2", "M3", "M1"].map(adt).iter().map(String::len).sum();
    for id in ["M1", "M2", "M3", "M1"] {
        assert_eq!(sender.code(&adt(id)), "AA");
    }
    let faulty = adt("M4").replace("|20260211\rPID", "|not a time\rPID");
    assert_eq!(sender.code(&faulty), "AE");
    let settled = || hub.status().destinations.iter().any(|to| to.name == "lab" && to.queued == 0);
    eventually("the lab has them", settled);
    let of_lab = |outcome: &str| {
        format!("hl7_hub_destination_attempts_total{{destination=\"lab\",outcome=\"{outcome}\"}}")
    };
    eventually("all is counted", || value(&api.text("/metrics"), &of_lab("done")) == 2.0);
    let after = api.text("/metrics");
    for (name, expected) in [
        (of_source("accepted"), 3.0),
        (of_source("duplicate"), 1.0),
        (of_source("error"), 1.0),
        (
            "hl7_hub_source_received_bytes_total{source=\"adt\"}".into(),
            (bytes + faulty.len()) as f64,
        ),
        ("hl7_hub_source_connections{source=\"adt\"}".into(), 1.0),
        ("hl7_hub_source_acks_total{source=\"adt\",code=\"AA\"}".into(), 4.0),
        ("hl7_hub_source_acks_total{source=\"adt\",code=\"AE\"}".into(), 1.0),
        (of_lab("dead"), 1.0),
        (of_lab("retry"), 1.0),
        ("hl7_hub_destination_ack_seconds_count{destination=\"lab\"}".into(), 4.0),
        ("hl7_hub_destination_connected{destination=\"lab\"}".into(), 1.0),
        ("hl7_hub_destination_connected{destination=\"down\"}".into(), 0.0),
        ("hl7_hub_destination_dead{destination=\"lab\"}".into(), 1.0),
        ("hl7_hub_destination_queued{destination=\"lab\"}".into(), 0.0),
        ("hl7_hub_destination_queued{destination=\"down\"}".into(), 3.0),
        ("hl7_hub_messages{state=\"queued\"}".into(), 3.0),
        ("hl7_hub_store_accept_seconds_count".into(), 5.0),
    ] {
        assert_eq!(value(&after, &name), expected, "{name}");
    }
    assert!(value(&after, "hl7_hub_destination_oldest_seconds{destination=\"down\"}") > 0.0);
    assert!(value(&after, "hl7_hub_store_bytes") > 4_096.0);
    assert!(
        after.contains(&format!(
            "hl7_hub_build_info{{version=\"{}\"}} 1",
            env!("CARGO_PKG_VERSION")
        ))
    );
    assert!(after.ends_with("# EOF\n") && !after.contains(CANARY));
    assert!(hub.run(&["pause", "destination", "down"]).status.success());
    let paused = "hl7_hub_paused{side=\"destination\",name=\"down\"}";
    assert_eq!(value(&api.text("/metrics"), paused), 1.0);
    assert!(hub.run(&["resume", "destination", "down"]).status.success());
    assert!(!api.text("/metrics").contains(paused));
    drop(sender);
    let connections = "hl7_hub_source_connections{source=\"adt\"}";
    eventually("it is closed", || value(&api.text("/metrics"), connections) == 0.0);
}

#[test]
fn alerts_are_said_when_they_begin_and_when_they_end() {
    let lab = Receiver::start();
    let alerts = "[alert.lab_is_full]\nqueued = { destination = \"lab\", over = 1 }\n\
         [alert.never]\ndead = { destination = \"lab\", over = 9 }\n";
    let hub = Hub::start(&format!("{alerts}{}", config(lab.address())));
    assert!(hub.run(&["pause", "destination", "lab"]).status.success());
    let mut sender = Sender::connect(&hub.address("adt"));
    for id in ["M1", "M2"] {
        sender.code(&adt(id));
    }
    eventually("it begins", || hub.logged("an alert begins alert=\"lab_is_full\""));
    let api = Api::of(&hub);
    assert_eq!(value(&api.text("/metrics"), "hl7_hub_alert{alert=\"lab_is_full\"}"), 1.0);
    assert_eq!(value(&api.text("/metrics"), "hl7_hub_alert{alert=\"never\"}"), 0.0);
    let status = String::from_utf8(hub.run(&["status"]).stdout).expect("a text");
    assert!(status.contains("alert lab_is_full is raised"), "{status}");
    assert!(hub.run(&["resume", "destination", "lab"]).status.success());
    eventually("it ends", || hub.logged("an alert is over alert=\"lab_is_full\""));
    assert_eq!(value(&api.text("/metrics"), "hl7_hub_alert{alert=\"lab_is_full\"}"), 0.0);
}

/// I13: no byte of a message in the log, whatever came, at the level that says most; and each line is JSON.
#[test]
fn a_log_in_json_shows_no_patient() {
    let lab = Receiver::reacting("127.0.0.1:0", |number, _| match number {
        1 => Reaction::Close,
        2 => Reaction::CodeFor("AA", CANARY),
        3 => Reaction::Code("AE"),
        4 => Reaction::Code(CANARY),
        _ => Reaction::Code("AA"),
    });
    let config = format!(
        "[log]\nformat = \"json\"\nfile = \"hub.log\"\nlevel = \"error\"\n{}",
        config(lab.address())
    );
    let config = config.replace("[api]", "[hub]\nname = \"north\"\n[api]");
    let hub = Hub::configure(&config);
    let log = || std::fs::read_to_string(hub.path().join("hub.log")).unwrap_or_default();
    let mut running = Ended(hub.spawn(&["run", "--log", "trace"]));
    eventually("it listens", || log().contains("\"listening\"") && log().contains("\"started\""));
    let lines = || -> Vec<Value> {
        log().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    let listening = lines().into_iter().find(|line| line["message"] == "listening");
    let listening = listening.expect("a line");
    assert_eq!((&listening["source"], &listening["level"]), (&"adt".into(), &"INFO".into()));
    let address = listening["address"].as_str().expect("an address").to_owned();
    let mut sender = Sender::connect(&address);
    for id in ["M1", "M2", "M3"] {
        sender.code(&adt(id));
    }
    let _ = sender.send(&adt("M4").replace("20260211\rPID", &format!("{CANARY}\rPID")));
    let _ = sender.send(&adt("M5").replace("MSH|^~\\&|ADT1", &format!("MSH|^~\\&|{CANARY}")));
    let _ = sender.send(&adt("M6").replace("ADT^A01", CANARY));
    let noise = format!("{CANARY} noise \x0bMSH|{CANARY}");
    for bytes in [format!("\x0b{CANARY} no HL7\x1c\r"), noise] {
        let mut sender = Sender::connect(&address);
        sender.raw(bytes.as_bytes()).expect("it is sent");
    }
    drop(sender);
    eventually("it is kept", || {
        hub.status().messages.iter().map(|(_, count)| count).sum::<u64>() >= 8
    });
    let api = Api::of(&hub);
    api.order("/api/search", &serde_json::json!({ "patient_id": CANARY }));
    // What is just being sent cannot be parked.
    let why = serde_json::json!({ "why": "for a test" });
    eventually("it is parked", || api.post("/api/messages/1/park", &why).0 == 200);
    let edit = serde_json::json!({ "set": { "PID-5.1": CANARY }, "to": ["lab"] });
    api.order("/api/messages/1/resubmit", &edit);
    assert_eq!(api.get("/api/messages/1/content").0, 200);
    eventually("the lab has them", || lab.messages().len() >= 6);
    let _ = running.0.kill();
    let _ = running.0.wait();
    let levels: Vec<String> = lines().iter().map(|line| line["level"].to_string()).collect();
    assert!(levels.contains(&"\"DEBUG\"".to_owned()), "the level of the command comes first");
    assert!(!log().contains(CANARY), "{}", log());
}
