//! What people type.

use std::io::{BufRead, BufReader};
use std::process::Output;

use crate::hub::Hub;
use crate::sender::Sender;
use crate::{CANARY, adt, eventually};

pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_example_of_init_is_right_and_runs() {
    let mut hub = Hub::configure("");
    std::fs::remove_file(hub.path().join("hub.toml")).expect("nothing is configured");
    assert!(hub.run(&["init"]).status.success());
    let checked = hub.run(&["check-config"]);
    assert_eq!(text(&checked), "hub.toml is right: 1 source, 1 destination, 3 routes\n");
    assert!(checked.status.success());
    assert_eq!(hub.run(&["init"]).status.code(), Some(2), "it replaces nothing");
    // As it is but for the port, which may be taken on this machine.
    let path = hub.path().join("hub.toml");
    let example = std::fs::read_to_string(&path).expect("the example");
    std::fs::write(
        &path,
        example.replace("127.0.0.1:2575", "127.0.0.1:0").replace("127.0.0.1:2580", "127.0.0.1:0"),
    )
    .expect("a port");
    hub.restart();
    assert_eq!(Sender::connect(&hub.address("adt_in")).code(&adt("M1")), "AA");
    eventually("it is delivered", || hub.files("archive").len() == 1);
    assert!(hub.stop().success());
}

#[test]
fn mistakes_are_said_with_their_places() {
    let hub = Hub::configure("[source.a]\nmllp = { listn = \"127.0.0.1:0\" }\n");
    let checked = hub.run(&["check-config"]);
    assert_eq!(checked.status.code(), Some(1));
    assert!(text(&checked).contains("line 2, column 10: source.a.mllp: there is no key `listn`"));
    let ran = hub.run(&["run"]);
    assert_eq!(ran.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&ran.stderr).contains("did you mean `listen`?"));
    assert_eq!(hub.run(&["status"]).status.code(), Some(2));
}

#[test]
fn statement_37_one_command_shows_what_became_of_a_message() {
    let config = "[source.adt]\nmllp = { listen = \"127.0.0.1:0\" }\n\
         [destination.archive]\nfile = { folder = \"archive\" }\n\
         [[route]]\nwhen = \"MSH-10 != 'M2'\"\nto = \"archive\"\n";
    let mut hub = Hub::start(config);
    let mut sender = Sender::connect(&hub.address("adt"));
    for id in ["M1", "M2"] {
        assert_eq!(sender.code(&adt(id)), "AA");
    }
    eventually("it is delivered", || hub.is_drained());
    // While the hub runs, and when it does not.
    for _ in 0..2 {
        let status = text(&hub.run(&["status"]));
        assert!(status.contains("no-route") && status.contains("completed"), "{status}");
        let found = text(&hub.run(&["search", "--control-id", "M1", "--type", "ADT"]));
        assert!(
            found.contains("M1") && !found.contains("M2") && !found.contains(CANARY),
            "{found}"
        );
        let patient = hub.run(&["search", "--patient-id", CANARY, "--state", "no-route"]);
        assert!(text(&patient).contains("M2"));
        assert_eq!(hub.run(&["search", "--control-id", "M9"]).status.code(), Some(1));
        let shown = text(&hub.run(&["show", "1"]));
        for part in ["received", "answer AA", "delivery 1 to archive: done", "taken; done"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(!shown.contains(CANARY), "{shown}");
        assert_eq!(hub.run(&["show", "1", "--body"]).stdout, adt("M1").into_bytes());
        assert_eq!(hub.run(&["show", "9"]).status.code(), Some(2));
        let verified = hub.run(&["audit", "verify"]);
        assert!(verified.status.success(), "{}", text(&verified));
        hub.kill();
    }
}

/// Ends a process with the test, however the test ends.
pub(crate) struct Ended(pub(crate) std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn statement_40_sending_and_listening_to_test_with() {
    let hub = Hub::configure("");
    let batch = format!("FHS|^~\\&|A\rBHS|^~\\&|A\r{}{}BTS|2\rFTS|1\r", adt("M1"), adt("M2"));
    std::fs::write(hub.path().join("batch.hl7"), batch).expect("a file");
    let listen = ["listen", "127.0.0.1:0", "--save", "in", "--count", "4", "--delay", "5"];
    let mut listener = Ended(hub.spawn(&[&listen[..], &["--end", "3"]].concat()));
    let mut lines = BufReader::new(listener.0.stdout.take().expect("a pipe")).lines();
    let mut line = || lines.next().expect("a line").expect("a line");
    let address = line().replace("listening on ", "");
    let send = ["send", &address, "batch.hl7", "--repeat", "2", "--number", "--save", "out"];
    let sent = hub.run(&[&send[..], &["--end", "3", "--rate", "200"]].concat());
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    let report = text(&sent);
    assert!(report.starts_with("4 sent") && report.contains("       4 AA\n"), "{report}");
    assert_eq!(line(), format!("{:>8} ADT^A01^ADT_A01 {} bytes", 1, adt("M1-1").len()));
    assert_eq!(hub.files("in").len(), 4);
    let last = std::fs::read(&hub.files("in")[3]).expect("a file");
    assert_eq!(last, adt("M2-4").into_bytes());
    assert_eq!(hub.files("out").len(), 4);
    assert!(listener.0.wait().expect("it ends").success());

    let mut refuser = Ended(hub.spawn(&["listen", "127.0.0.1:0", "--code", "AE"]));
    let mut lines = BufReader::new(refuser.0.stdout.take().expect("a pipe")).lines();
    let address = lines.next().expect("a line").expect("a line").replace("listening on ", "");
    let refused = hub.run(&["send", &address, "batch.hl7"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused).contains("       2 AE\n"), "{}", text(&refused));
    // What is owed no answer is not waited for; what gets none does not keep the others from being sent.
    std::fs::write(hub.path().join("ack.hl7"), "MSH|^~\\&|A||B||1||ACK|1|P|2.4\rMSA|AA|7\r")
        .expect("a file");
    assert!(hub.run(&["send", &address, "ack.hl7"]).status.success());
    let mut silent = Ended(hub.spawn(&["listen", "127.0.0.1:0", "--silent"]));
    let mut lines = BufReader::new(silent.0.stdout.take().expect("a pipe")).lines();
    let mute = lines.next().expect("a line").expect("a line").replace("listening on ", "");
    let unanswered = hub.run(&["send", &mute, "batch.hl7", "--timeout", "1"]);
    assert_eq!(unanswered.status.code(), Some(1));
    assert!(text(&unanswered).contains("       2 no answer\n"), "{}", text(&unanswered));
    assert_eq!(hub.run(&["send", "127.0.0.1:1", "batch.hl7"]).status.code(), Some(2));
    assert_eq!(hub.run(&["send", &address, "hub.toml"]).status.code(), Some(2));
}

#[test]
fn two_hubs_do_not_share_a_folder() {
    let hub = Hub::start("[source.adt]\nmllp = { listen = \"127.0.0.1:0\" }\n");
    let second = hub.run(&["run"]);
    assert_eq!(second.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&second.stderr).contains("another hub uses the data folder"));
}
