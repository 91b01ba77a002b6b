//! Where messages come from, how they are told apart, and how a run ends.

mod common;

use std::io::Read;

use common::{ADT, FAULTY, Folder, ORU};

/// Runs `roundtrip`, which names every message that was found, and compares what it prints.
#[track_caller]
fn check(folder: &Folder, args: &[&str], input: &[u8], expected: &[&str], status: i32) {
    let args = [&["roundtrip"], args].concat();
    let run = folder.run_with(&args, input);
    let lines: Vec<_> = run.stdout.lines().collect();
    assert_eq!((lines.as_slice(), run.stderr.as_str(), run.status), (expected, "", status));
}

#[test]
fn one_file() {
    let folder = Folder::new().with("a.hl7", ADT);
    check(&folder, &["a.hl7"], b"", &["same  a.hl7", "1 same, 0 different, 0 not readable"], 0);
    check(&folder, &["-q", "a.hl7"], b"", &["1 same, 0 different, 0 not readable"], 0);
}

#[test]
fn standard_input() {
    let folder = Folder::new();
    let expected = ["same  (standard input)", "1 same, 0 different, 0 not readable"];
    check(&folder, &[], ADT.as_bytes(), &expected, 0);
    check(&folder, &["-"], ADT.as_bytes(), &expected, 0);
}

#[test]
fn folders_with_folders_in_order() {
    let folder = Folder::new()
        .with("in/b/2.hl7", ADT)
        .with("in/b/1.hl7", ADT)
        .with("in/a.hl7", ORU)
        .with("in/c.txt", ORU);
    let expected = [
        "same  in/a.hl7",
        "same  in/b/1.hl7",
        "same  in/b/2.hl7",
        "same  in/c.txt",
        "4 same, 0 different, 0 not readable",
    ];
    check(&folder, &["in"], b"", &expected, 0);
}

#[test]
fn several_messages_in_a_file() {
    let many = format!("\u{feff}\r\n{ADT}\r\n{ORU}\n\u{b}{FAULTY}\u{1c}\r\u{b}{ADT}\u{1c}\r");
    let expected = [
        "same  (standard input)#1",
        "same  (standard input)#2",
        "same  (standard input)#3",
        "same  (standard input)#4",
        "4 same, 0 different, 0 not readable",
    ];
    check(&Folder::new(), &[], many.as_bytes(), &expected, 0);
}

#[test]
fn batches() {
    let batch = format!("FHS|^~\\&\rBHS|^~\\&\r{ADT}{ORU}BTS|2\rFTS|1\r");
    let folder = Folder::new().with("batch.hl7", batch).with("head.hl7", "BHS|^~\\&\r");
    let expected = [
        "same  batch.hl7#1",
        "same  batch.hl7#2",
        "not readable  head.hl7: a file or batch header without a message behind it",
        "2 same, 0 different, 1 not readable",
    ];
    check(
        &folder,
        &["."],
        b"",
        &expected.map(|line| line.replace("  ", "  ./")).each_ref().map(|line| line.as_str()),
        1,
    );
}

#[test]
fn line_ends_and_what_stands_around_a_message() {
    let folder = Folder::new();
    for text in [
        ADT.to_owned(),
        ADT.replace('\r', "\n"),
        ADT.replace('\r', "\r\n"),
        ADT.trim_end().to_owned(),
        format!("\u{feff}{ADT}"),
        format!("\r\n \r\n{ADT}\r\n\r\n"),
        format!("\u{b}{ADT}\u{1c}\r"),
    ] {
        let expected = ["same  (standard input)", "1 same, 0 different, 0 not readable"];
        check(&folder, &[], text.as_bytes(), &expected, 0);
        // The same in ISO 8859-1, which is no UTF-8.
        let latin1 = [text.as_bytes(), b"NTE|1||M\xfcller\r"].concat();
        check(&folder, &[], &latin1, &expected, 0);
    }
}

#[test]
fn what_is_no_message() {
    let folder = Folder::new();
    let header = "not an HL7 message: it does not start with the segment MSH; check that the file holds ER7 \
                  (\"pipes and hats\") and is not empty, XML or text in UTF-16";
    for (input, reason) in [
        ("", "the input is empty"),
        ("hello\n", header),
        ("<ADT_A01/>", header),
        ("MSH", header),
        (
            "log line\rMSH|^~\\&|A\r",
            "not an HL7 message: 9 bytes of other text stand before the segment MSH; remove them",
        ),
    ] {
        let run = folder.run_with(&["roundtrip"], input.as_bytes());
        let (line, rest) = run.stdout.split_once('\n').expect("two lines");
        assert_eq!(rest, "0 same, 0 different, 1 not readable\n", "{input}");
        assert_eq!(run.status, 1, "{input}");
        let found = line.strip_prefix("not readable  (standard input): ").expect("the reason");
        if input != "MSH" {
            assert_eq!(found, reason, "{input}");
        }
    }
}

#[test]
fn exit_statuses() {
    let folder = Folder::new().with("good", ORU).with("bad", FAULTY).with("no", "no");
    for (args, status) in [
        (&["show", "good"][..], 0),
        (&["show", "no"], 2),
        (&["show", "missing"], 2),
        (&["check", "good"], 0),
        (&["check", "bad"], 1),
        (&["check", "bad", "good", "no"], 2),
        (&["check", "missing"], 2),
        (&["get", "MSH-10", "good"], 0),
        (&["get", "NK1-2", "good"], 1),
        (&["get", "MSH-10", "good", "no"], 2),
        (&["get", "MSH-10", "missing"], 2),
        (&["get", "msh", "good"], 2),
        (&["describe", "PID"], 0),
        (&["describe", "XYZZY"], 1),
        (&["describe", "PID", "--version", "9.9"], 2),
        (&["roundtrip", "good", "bad"], 0),
        (&["roundtrip", "no"], 1),
        (&["roundtrip", "missing"], 1),
        (&["unknown"], 2),
    ] {
        assert_eq!(folder.run(args).status, status, "{args:?}");
    }
}

#[test]
fn colour_is_asked_for_or_left_out() {
    let folder = Folder::new().with("a.hl7", FAULTY);
    for command in ["show", "check", "roundtrip"] {
        let coloured = folder.run(&[command, "a.hl7", "--color", "always"]);
        assert!(coloured.stdout.contains("\u{1b}["), "{command}");
        for plain in [&[command, "a.hl7"][..], &[command, "a.hl7", "--color", "never"]] {
            assert!(!folder.run(plain).stdout.contains('\u{1b}'), "{command}");
        }
    }
}

#[test]
fn values_cannot_command_the_terminal() {
    let folder = Folder::new().with("a.hl7", "MSH|^~\\&|\u{1b}]0;x\u{7}\rPID|\u{1b}[2J\r");
    for args in [&["show", "a.hl7"][..], &["check", "a.hl7"], &["get", "MSH-3", "a.hl7"]] {
        let run = folder.run(args);
        assert!(!run.all().contains(['\u{1b}', '\u{7}']), "{args:?}");
        assert!(run.all().contains("\\x1b"), "{args:?}");
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    let folder = Folder::new().with("many.hl7", ADT.repeat(5_000));
    for command in
        [&["show"][..], &["show", "--json"], &["check", "-v"], &["get", "PID"], &["roundtrip"]]
    {
        let args = [command, &["many.hl7"]].concat();
        let mut child = folder.command(&args).spawn().expect("the command starts");
        let mut output = child.stdout.take().expect("an output");
        output.read_exact(&mut [0; 20]).expect("a beginning");
        drop(output);
        let ended = child.wait_with_output().expect("the command ends");
        assert_eq!(ended.status.code(), Some(0), "{command:?}");
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{command:?}");
    }
}
