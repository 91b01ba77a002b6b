//! Statement 40: `send` and `listen`, the two ends to test with, against each other and against a hub.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Output;

use crate::certificates::Authority;
use crate::commands::Ended;
use crate::hub::Hub;
use crate::sender::Sender;
use crate::{adt, eventually};

/// A listener in a process of its own, and where it listens.
fn listen(hub: &Hub, arguments: &[&str]) -> (Ended, String) {
    let mut listener = Ended(hub.spawn(&[&["listen", "127.0.0.1:0"], arguments].concat()));
    let mut lines = BufReader::new(listener.0.stdout.take().expect("a pipe")).lines();
    let address = lines.next().expect("a line").expect("a line").replace("listening on ", "");
    // Whoever prints must find somebody who reads.
    std::thread::spawn(move || lines.for_each(drop));
    (listener, address)
}

fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}

#[test]
fn statement_40_what_is_wrong_with_answers_is_seen_by_who_sends() {
    let hub = Hub::configure("");
    for id in ["M1", "M2", "M3", "M4"] {
        fs::write(hub.path().join(format!("{id}.hl7")), adt(id)).expect("a file");
    }
    for (fault, expected, status) in [
        ("close", &["2 AA", "2 no answer"][..], 1),
        ("delay", &["4 AA"], 0),
        ("wrong-id", &["2 AA", "2 AA for another message", "2 no answer"], 1),
        ("garbage", &["2 AA", "2 no acknowledgment"], 1),
        ("half", &["2 AA", "2 no answer"], 1),
        ("nak", &["2 AA", "2 AE"], 1),
        ("hang", &["2 AA", "2 no answer"], 1),
    ] {
        let (_listener, address) =
            listen(&hub, &["--fault", fault, "--every", "2", "--delay", "5"]);
        let send = ["send", &address, "M1.hl7", "M2.hl7", "M3.hl7", "M4.hl7", "--timeout", "1"];
        let sent = hub.run(&send);
        let report = text(&sent);
        assert_eq!(sent.status.code(), Some(status), "{fault}: {report}");
        for line in expected {
            assert!(report.lines().any(|found| found.trim() == *line), "{fault}, {line}: {report}");
        }
    }
    // Behind an answer the next message may be on its way before the end of the connection is seen.
    let (_listener, address) = listen(&hub, &["--fault", "close-after", "--every", "2"]);
    let sent =
        hub.run(&["send", &address, "M1.hl7", "M2.hl7", "M3.hl7", "M4.hl7", "--timeout", "1"]);
    let report = text(&sent);
    assert!(report.contains("4 AA\n") || report.contains("3 AA\n"), "{report}");
}

#[test]
fn statement_40_folders_texts_pieces_and_fixed_answers() {
    let hub = Hub::configure("");
    fs::create_dir(hub.path().join("out")).expect("a folder");
    for (name, id) in [("2.hl7", "M2"), ("1.hl7", "M1"), (".3.hl7.part", "M3")] {
        fs::write(hub.path().join("out").join(name), adt(id)).expect("a file");
    }
    fs::write(hub.path().join("out/README"), "What this folder is.").expect("a file");
    let canned = "MSH|^~\\&|LAB||HUB||1||ACK|1|P|2.5.1\rMSA|AA|M1\r";
    fs::write(hub.path().join("ack.hl7"), canned).expect("a file");
    let save = ["--save", "in", "--answer", "ack.hl7", "--no-start", "--no-trailer"];
    let (_listener, address) = listen(&hub, &save);
    let typed = adt("M0").replace('\r', "\\r");
    let send = [
        "send", &address, "out", "--text", &typed, "--split", "40", "--pause", "1", "--save",
        "back",
    ];
    let sent = hub.run(&[&send[..], &["--no-start", "--no-trailer", "--timeout", "1"]].concat());
    let report = text(&sent);
    assert!(report.starts_with("3 sent"), "{report}");
    let received: Vec<_> =
        hub.files("in").iter().map(|file| fs::read(file).expect("a file")).collect();
    assert_eq!(received, ["M0", "M1", "M2"].map(|id| adt(id).into_bytes()));
    // The fixed answer is for one of them.
    assert!(report.contains("1 AA\n") && report.contains("2 AA for another message"), "{report}");
    assert_eq!(fs::read(&hub.files("back")[0]).expect("a file"), canned.as_bytes());
    fs::create_dir(hub.path().join("empty")).expect("a folder");
    assert_eq!(hub.run(&["send", &address, "empty"]).status.code(), Some(2));
}

#[test]
fn statement_40_both_acknowledgments_are_waited_for_over_tls() {
    let authority = Authority::new();
    let mut hub = Hub::configure(
        "[tls.main]\ncert = \"hub.pem\"\nkey = \"hub.key\"\nca = \"ca.pem\"\nclient_auth = \"required\"\n\
         [source.adt]\nmllp = { listen = \"127.0.0.1:0\", tls = \"main\" }\n",
    );
    authority.issue(&["hub.hosp"]).write(hub.path(), "hub");
    authority.issue(&["tester.hosp"]).write(hub.path(), "tester");
    fs::write(hub.path().join("ca.pem"), authority.pem()).expect("a file");
    fs::write(hub.path().join("other.pem"), Authority::new().pem()).expect("a file");
    let asks = adt("M1").replace("|2.5.1\r", "|2.5.1|||AL|AL\r");
    fs::write(hub.path().join("M1.hl7"), asks).expect("a file");
    hub.restart();
    let address = hub.address("adt");
    let send = |more: &[&str]| hub.run(&[&["send", &address, "M1.hl7", "--tls"], more].concat());
    let name = ["--server-name", "hub.hosp"];
    let own = ["--cert", "tester.pem", "--key", "tester.key"];
    let whole = [&["--ca", "ca.pem"], &name[..], &own[..]].concat();
    let sent = send(&[&whole[..], &["--two-way"]].concat());
    assert!(sent.status.success(), "{}", text(&sent));
    assert!(text(&sent).contains("1 AA\n") && text(&sent).contains("1 CA\n"), "{}", text(&sent));
    for (wrong, said) in [
        (&["--server-name", "hub.hosp"][..], "--tls needs --ca"),
        (&[&["--ca", "other.pem"], &name[..], &own[..]].concat(), "cannot be secured"),
        (&[&["--ca", "ca.pem"], &own[..]].concat(), "cannot be secured"),
        (&[&["--ca", "ca.pem"], &name[..]].concat(), "CertificateRequired"),
        (&["--ca", "none.pem"], "none.pem: cannot be read"),
        (&["--ca", "M1.hl7"], "there is no certificate in it"),
    ] {
        let sent = send(wrong);
        assert_eq!(sent.status.code(), Some(2), "{wrong:?}: {}", text(&sent));
        assert!(text(&sent).contains(said), "{wrong:?}: {}", text(&sent));
    }
    // The other end.
    let tls = ["--tls", "--cert", "hub.pem", "--key", "hub.key", "--ca", "ca.pem"];
    let (_listener, listening) = listen(&hub, &tls);
    let sent = hub.run(&[&["send", &listening, "M1.hl7", "--tls"], &whole[..]].concat());
    assert!(sent.status.success(), "{}", text(&sent));
    let plain = hub.run(&["send", &listening, "M1.hl7", "--timeout", "1"]);
    assert!(!plain.status.success());
}

/// I6, and the use of it: a hub delivers all the same, each message once it is answered as it should be, in order.
#[test]
fn i6_a_hub_takes_only_answers_to_what_it_sent_for_delivery() {
    for fault in ["close", "half", "garbage", "wrong-id", "hang", "twice", "close-after"] {
        let hub = Hub::configure("");
        let (_listener, address) =
            listen(&hub, &["--fault", fault, "--every", "2", "--save", "in"]);
        let config = format!(
            "[source.adt]\nmllp = {{ listen = \"127.0.0.1:0\" }}\n\
             [destination.lab]\nmllp = {{ connect = \"{address}\", ack_timeout = \"300ms\" }}\n\
             retry = {{ first = \"10ms\", most = \"20ms\", attempts = 1000 }}\n[[route]]\nto = \"lab\"\n"
        );
        fs::write(hub.path().join("hub.toml"), config).expect("the configuration");
        let mut hub = hub;
        hub.restart();
        let mut sender = Sender::connect(&hub.address("adt"));
        let ids = ["M1", "M2", "M3"];
        ids.iter().for_each(|id| assert_eq!(sender.code(&adt(id)), "AA"));
        eventually(fault, || hub.status().destinations[0].done == 3);
        let mut received: Vec<_> = hub
            .files("in")
            .iter()
            .map(|file| String::from_utf8(fs::read(file).expect("a file")).expect("a text"))
            .collect();
        // Each as often as it was not answered, none before the one before it was.
        received.dedup();
        assert_eq!(received, ids.map(adt), "{fault}");
    }
}
