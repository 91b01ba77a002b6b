//! The example of a hospital, as its reader runs it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hl7_hub::store::{Reader, SqliteReader};

use crate::field;

/// How long the script may take; it has limits of its own.
const LIMIT: Duration = Duration::from_secs(120);

/// The ports of the example.
const PORTS: [&str; 8] = ["11000", "11001", "11002", "11003", "12001", "12002", "12003", "14000"];

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/hospital")
}

/// Copies a folder, with other ports in the configuration and the script.
fn copy(from: &Path, to: &Path, ports: &[(&str, String)]) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the example") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        if name == "out" {
            continue;
        }
        if path.is_dir() {
            copy(&path, &to.join(name), ports);
            continue;
        }
        let mut text = std::fs::read_to_string(&path).expect("a text");
        if matches!(path.extension().and_then(|end| end.to_str()), Some("toml" | "sh")) {
            for (port, free) in ports {
                text = text.replace(port, free);
            }
        }
        std::fs::write(to.join(name), text).expect("a copy");
    }
}

/// Runs the example, on ports that are free, and gives the folder that it left behind.
fn run() -> tempfile::TempDir {
    let listeners = PORTS.map(|port| (port, TcpListener::bind("127.0.0.1:0").expect("a port")));
    let ports = listeners.each_ref().map(|(port, listener)| {
        (*port, listener.local_addr().expect("an address").port().to_string())
    });
    let folder = tempfile::tempdir().expect("a folder");
    copy(&example(), folder.path(), &ports);
    drop(listeners);
    let log = folder.path().join("log");
    let file = std::fs::File::create(&log).expect("a file");
    let mut script = Command::new("bash")
        .arg(folder.path().join("run.sh"))
        .env("HL7_HUB", env!("CARGO_BIN_EXE_hl7-hub"))
        .stdin(Stdio::null())
        .stdout(file.try_clone().expect("a file"))
        .stderr(file)
        .spawn()
        .expect("the script starts");
    let began = Instant::now();
    let status = loop {
        if let Some(status) = script.try_wait().expect("a state") {
            break Some(status);
        }
        if began.elapsed() > LIMIT {
            let asked = Command::new("kill").args(["-TERM", &script.id().to_string()]).status();
            assert!(asked.is_ok_and(|asked| asked.success()), "the script is stopped");
            let _ = script.wait();
            break None;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let log = std::fs::read_to_string(log).expect("the log");
    assert!(status.is_some_and(|status| status.success()), "{log}");
    folder
}

/// What came to a system, in order, as text with line feeds.
fn came(folder: &Path, system: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder.join("out").join(system)).expect("it got something");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let text = |file| std::fs::read_to_string(file).expect("a text").replace('\r', "\n");
    files.into_iter().map(text).collect()
}

/// An acknowledgment of the hub without what makes it unlike the next.
fn without_stamp(text: &str) -> String {
    let field = |seq| field(text.replace('\n', "\r").as_bytes(), "MSH", seq);
    if !field(9).starts_with("ACK") {
        return text.to_owned();
    }
    let text = text.replacen(&format!("|{}|", field(7)), "|TIME|", 1);
    text.replacen(&format!("|{}|", field(10)), "|ID|", 1)
}

#[test]
fn statements_10_and_11_the_example_of_a_hospital() {
    let folder = run();
    let came = |system: &str| -> Vec<String> {
        came(folder.path(), system).iter().map(|text| without_stamp(text)).collect()
    };
    let sent = |name: &str| {
        let path = example().join("messages").join(name);
        std::fs::read_to_string(path).expect("a message").replace('\r', "\n")
    };
    let discharge = sent("adt_a03.hl7");
    let body = discharge.split_once('\n').expect("a header").1;

    // 10: both acknowledgments, and both subscribers.
    let head =
        "MSH|^~\\&|BTAHL7InterfaceEngine||Tutorial_ADTSystem|MCM|TIME||ACK^A03^ACK|ID|P|2.3.1";
    let acks = [format!("{head}\nMSA|CA|000001\n"), format!("{head}|||AL\nMSA|AA|000001\n")];
    assert_eq!(came("acks"), acks);
    let pharmacy = "MSH|^~\\&|BTAHL7|MCM|Tutorial_RXSystem||20260211080000||ADT^A03|000001|P|2.3.1";
    assert_eq!(came("pharmacy"), [format!("{pharmacy}\n{body}")]);
    let his =
        "MSH|^~\\&|BTAHL7^IE^UUID|MCM|HI^System^GUID||20260211080000||ADT^A04|000001|P|2.4|||SU|NE";
    assert_eq!(came("his"), [format!("{his}\n{body}")]);

    // 11: fan-out, an order that is checked, its confirmation, a result for two and a notice.
    let [registration, order, unsigned, confirmation, result] =
        ["adt_a04.hl7", "orm_o01.hl7", "orm_o01_unsigned.hl7", "orr_o02.hl7", "oru_r01.hl7"]
            .map(sent);
    assert_eq!(came("coe"), [registration.clone(), confirmation, result.clone()]);
    assert_eq!(came("laboratory"), [registration, order]);
    assert_eq!(came("review"), [unsigned]);
    assert_eq!(came("billing"), [result]);
    let notice = "Subject: result for order ORD-9001\n\nGlucose: 6.1 mmol/L (3.9-5.6) H\n\
                  The whole report is in the order entry system.\n";
    assert_eq!(came("physician"), [notice]);

    // What the reader is told is what came.
    let everything: String = ["acks", "pharmacy", "his", "coe", "review", "physician"]
        .iter()
        .flat_map(|s| came(s))
        .collect();
    let everything = everything + &discharge;
    let readme = std::fs::read_to_string(example().join("README.md")).expect("the text");
    let blocks = readme.split("```text\n").skip(1).filter_map(|block| block.split("```").next());
    let told: Vec<&str> = blocks.flat_map(str::lines).collect();
    assert_eq!(told.len(), 12);
    for line in told {
        assert!(everything.lines().any(|found| found == line), "README.md: {line}");
    }
    let reader = SqliteReader::open(&folder.path().join("out/data")).expect("the store");
    assert_eq!(reader.verify().expect("it is read").faults, [""; 0]);
}
