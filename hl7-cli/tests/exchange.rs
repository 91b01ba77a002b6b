//! What `hl7 ack` answers, and what `hl7 batch` reads and writes.

mod common;

use std::fs;

use common::{ADT, FAULTY, Folder, ORU};

const STAMP: [&str; 4] = ["--time", "20260212", "--control-id", "A1"];
const HEADER: &str = "MSH|^~\\&|EHR|HARBOUR|REG|HARBOUR|20260212||ACK^A01^ACK|A1|P|2.5.1";

/// Runs `hl7 ack` and compares what it prints, with `/` for the carriage return.
#[track_caller]
fn check_ack(message: &str, args: &[&str], expected: &str, status: i32) {
    let args = [&["ack"], &STAMP[..], args].concat();
    let run = Folder::new().run_with(&args, message.as_bytes());
    let found = (run.stdout.replace('\r', "/"), run.stderr.as_str(), run.status);
    assert_eq!(found, (expected.to_owned(), "", status), "{args:?}");
}

/// A message without findings that are errors.
fn clean() -> String {
    ADT.replace("|M||2106-3|", "|M|||")
        .replace("ZBD|3|^x\r", "")
        .replace("OBX|1|FT|1^NOTE|", "OBX|1|FT|1^NOTE^L|")
        .replace("47.09\r", "47.09||20260211\r")
        .replace("51.23\r", "51.23||20260211\r")
}

#[test]
fn an_accepted_message() {
    check_ack(&clean(), &["--accept"], &format!("{HEADER}/MSA|AA|42/"), 0);
    check_ack(&clean(), &["--mode", "none", "--accept"], "", 0);
    let texts = ["--mode", "static", "--success-text", "OK", "--failure-text", "NO"];
    check_ack(&clean(), &[&texts[..], &["--accept"]].concat(), "OK", 0);
    check_ack(&clean(), &[&texts[..], &["--reject"]].concat(), "NO", 1);
    check_ack(
        &clean(),
        &["--mode", "enhanced", "--application-ack", "ER", "--accept"],
        &format!("{HEADER}/MSA|CA|42/"),
        0,
    );
    let both = clean().replace("|P|2.5.1\r", "|P|2.5.1|||AL|AL\r");
    let second = HEADER.replace("|A1|P|2.5.1", "|A1-2|P|2.5.1||||NE");
    check_ack(&both, &["--accept"], &format!("{HEADER}/MSA|CA|42/{second}/MSA|AA|42/"), 0);
    check_ack(&both, &["--reject"], &format!("{HEADER}/MSA|CR|42/"), 1);
}

#[test]
fn a_wrong_message_is_answered_with_what_is_wrong() {
    let nameless = "MSH|^~\\&|REG|H|EHR|H|20260211||ADT^A01^ADT_A01|42|P|2.5.1\r\
                    EVN||20260211\rPID|1||4711^^^H^MR||^ADAM||1961-06-15\rPV1|1|I\r";
    let header = HEADER.replace("HARBOUR", "H");
    let date = "Time: expected a date and time, YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]";
    let err =
        |value: &str| format!("ERR||PID^1^7^1^1|102^Data type error^HL70357|E||{value}|{date}/");
    check_ack(nameless, &[], &format!("{header}/MSA|AE|42/{}", err("")), 1);
    check_ack(nameless, &["--values"], &format!("{header}/MSA|AE|42/{}", err("1961-06-15")), 1);
    check_ack(
        &nameless.replace("|2.5.1", "|2.3.1").replace("^ADT_A01", "").replace("|^ADAM|", "||"),
        &[],
        "MSH|^~\\&|EHR|H|REG|H|20260212||ACK|A1|P|2.3.1/MSA|AE|42/ERR|PID^1^5^101&Required field missing&HL70357/",
        1,
    );
}

#[test]
fn headers_as_asked() {
    check_ack(
        &clean(),
        &[
            "--accept",
            "--set",
            "MSH-3=HUB^1.2^ISO",
            "--set",
            "MSH-6=\\",
            "--text",
            "R&D",
            "--ack-type",
            "code",
        ],
        "MSH|^~\\&|HUB^1.2^ISO|HARBOUR|REG||20260212||ACK|A1|P|2.5.1/MSA|AA|42|R\\T\\D/",
        0,
    );
    for bad in ["MSH-10=1", "MSH-3", "PID-3=1", "MSH-x=1", "MSH-3=a|b"] {
        let run = Folder::new().run_with(&["ack", "--set", bad], clean().as_bytes());
        assert_eq!((run.stdout.as_str(), run.status), ("", 2), "{bad}");
        assert!(run.stderr.starts_with(&format!("error: --set {bad}: ")), "{}", run.stderr);
    }
}

#[test]
fn what_cannot_be_read_gets_the_best_answer_there_is() {
    for (input, answer, complaint) in [
        ("text", "", "error: (standard input): there is no HL7 message in it\n"),
        (
            "MSH||REG||EHR||||ADT^A01|42|P|2.5.1\r",
            "MSH|^~\\&|EHR||REG||20260212||ACK^A01^ACK|A1|P|2.5.1/MSA|AR|42/\
             ERR||MSH^1^2|102^Data type error^HL70357|E|||MSH-1 and MSH-2 declare no usable delimiters/",
            "error: (standard input)#1: MSH-1 and MSH-2 declare no usable delimiters",
        ),
    ] {
        let run = Folder::new().run_with(&[&["ack"], &STAMP[..]].concat(), input.as_bytes());
        assert_eq!((run.stdout.replace('\r', "/").as_str(), run.status), (answer, 2));
        assert!(run.stderr.starts_with(complaint), "{}", run.stderr);
    }
}

#[test]
fn a_batch_is_answered_by_a_batch() {
    let batch = format!("BHS|^~\\&|REG|R|EHR|E|1||||B7\r{}{FAULTY}BTS|2\r", clean());
    let folder = Folder::new().with("batch.hl7", batch.replace('\u{fc}', "ue"));
    let run = |which: &str| {
        let args = [&["ack"], &STAMP[..], &["--batch", which, "batch.hl7"]].concat();
        let run = folder.run(&args);
        assert_eq!((run.stderr.as_str(), run.status), ("", 1));
        let lines: Vec<_> = run.stdout.split_terminator('\r').map(str::to_owned).collect();
        let of = |id: &str| {
            lines.iter().filter(|line| line.starts_with(id)).cloned().collect::<Vec<_>>()
        };
        (lines[0].clone(), of("MSA"), lines[lines.len() - 1].clone())
    };
    let text = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let header = |id: &str| format!("BHS|^~\\&|EHR|E|REG|R|20260212||||{id}|B7");
    assert_eq!(run("all"), (header("A1-3"), text(&["MSA|AA|42", "MSA|AE|44"]), "BTS|2".to_owned()));
    assert_eq!(run("negative"), (header("A1-3"), text(&["MSA|AE|44"]), "BTS|1".to_owned()));
}

// --- batches -------------------------------------------------------------------------------------------------------------

fn batches() -> Folder {
    let oru = ORU.replace('\n', "\r");
    Folder::new()
        .with("good.hl7", format!("FHS|^~\\&|LAB\rBHS|^~\\&|LAB\r{ADT}{oru}BTS|2\rFTS|1\r"))
        .with("bad.hl7", format!("log\rFHS|^~\\&|LAB\rBHS|^~\\&|LAB\r{ADT}{ADT}BTS|3\r{oru}"))
        .with("frames.bin", format!("\u{b}{ADT}\u{1c}\r\u{b}{ORU}\u{1c}\r"))
}

#[test]
fn batches_are_split_byte_for_byte() {
    let folder = batches();
    let run = folder.run(&["batch", "split", "good.hl7", "frames.bin", "--to", "out/in", "-v"]);
    assert_eq!((run.stderr.as_str(), run.status), ("", 0));
    assert_eq!(
        run.stdout,
        "out/in/000001.hl7  good.hl7  file 1, batch 1, message 1  byte 26\n\
         out/in/000002.hl7  good.hl7  file 1, batch 1, message 2  byte 366\n\
         out/in/000003.hl7  frames.bin  file 0, batch 0, message 1  byte 1\n\
         out/in/000004.hl7  frames.bin  file 0, batch 0, message 2  byte 344\n\
         4 messages to out/in\n"
    );
    let written = |number: u32| {
        let path = folder.path(&format!("out/in/{number:06}.hl7"));
        fs::read_to_string(path).expect("a file")
    };
    assert_eq!(
        [1, 2, 3, 4].map(written),
        [ADT.to_owned(), ORU.replace('\n', "\r"), ADT.to_owned(), ORU.to_owned()]
    );
    // Nothing is overwritten.
    let again = folder.run(&["batch", "split", "good.hl7", "--to", "out/in"]);
    assert_eq!((again.stdout.as_str(), again.status), ("0 messages to out/in\n", 2));
    assert!(again.stderr.contains("000001.hl7: the file is there already"), "{}", again.stderr);
}

#[test]
fn what_is_joined_can_be_split() {
    let folder = batches();
    let args = [
        "batch",
        "join",
        "good.hl7",
        "frames.bin",
        "--time",
        "2026",
        "--from",
        "LAB^1|L",
        "--to",
        "EHR",
        "--control-id",
        "7",
    ];
    let run = folder.run(&args);
    assert_eq!((run.stderr.as_str(), run.status), ("", 0));
    let oru = ORU.replace('\n', "\r");
    let head = "|^~\\&|LAB^1|L|EHR||2026||||7\r";
    assert_eq!(run.stdout, format!("FHS{head}BHS{head}{ADT}{oru}{ADT}{ORU}BTS|4\rFTS|1\r"));
    let run = folder.run(&[&args[..], &["--no-file", "-o", "new.hl7"]].concat());
    assert_eq!((run.all().as_str(), run.status), ("--- standard error\n--- exit status 0\n", 0));
    let new = fs::read_to_string(folder.path("new.hl7")).expect("a file");
    assert_eq!(new, format!("BHS{head}{ADT}{oru}{ADT}{ORU}BTS|4\r"));
    let run = folder.run(&[&args[..], &["-o", "new.hl7"]].concat());
    assert_eq!(run.status, 2);
}

#[test]
fn text_beside_messages_is_not_joined_in_silence() {
    let run = batches().run(&["batch", "join", "bad.hl7", "--time", "2026"]);
    assert_eq!(run.status, 2);
    assert_eq!(
        run.stderr,
        "error: bad.hl7#0, byte 0: text that belongs to no message is left out\n"
    );
    assert!(run.stdout.ends_with("BTS|3\rFTS|1\r"));
}
