//! `hl7 convert`: what comes out, byte for byte.

mod common;

use std::fs;
use std::process::Stdio;

use common::Folder;

/// A message in Latin-1, with a file header and a second message around it.
const LATIN: &[u8] =
    b"FHS|^~\\&|A\rMSH|^~\\&|A|B|C|D|1||ADT^A01|1|P|2.5.1||||||8859/1\rPID|1||7||M\xdcLLER\r\
MSH|^~\\&|A|B|C|D|1||ADT^A01|2|P|2.5.1\rPID|1||8||K\xc3\xb6nig\rFTS|2\r";

/// Runs a command over a file `in.hl7` and compares standard output, standard error and the exit status.
#[track_caller]
fn check(args: &[&str], input: &[u8], expected: &[u8], errors: &str, status: i32) {
    let folder = Folder::new().with("in.hl7", input);
    let args = [&["convert"], args, &["in.hl7"]].concat();
    let output = folder.command(&args).stdin(Stdio::null()).output().expect("the command runs");
    assert_eq!(output.stdout.escape_ascii().to_string(), expected.escape_ascii().to_string());
    assert_eq!(String::from_utf8_lossy(&output.stderr), errors);
    assert_eq!(output.status.code(), Some(status));
}

#[test]
fn to_utf8_with_the_lines_around_the_messages() {
    let expected = "FHS|^~\\&|A\rMSH|^~\\&|A|B|C|D|1||ADT^A01|1|P|2.5.1||||||UNICODE UTF-8\rPID|1||7||MÜLLER\r\
        MSH|^~\\&|A|B|C|D|1||ADT^A01|2|P|2.5.1||||||UNICODE UTF-8\rPID|1||8||König\rFTS|2\r";
    check(&[], LATIN, expected.as_bytes(), "", 0);
    check(&["--charset", "UTF-8"], LATIN, expected.as_bytes(), "", 0);
}

#[test]
fn what_the_new_one_lacks_is_reported() {
    check(
        &["--charset", "8859/1"],
        "MSH|^~\\&|Łódź\rPID|1\r\n".as_bytes(),
        b"MSH|^~\\&|\\XC581\\\xf3d\\XC5BA\\|||||||||||||||8859/1\rPID|1\r\n",
        "warning: in.hl7 MSH-3: 8859/1 lacks a character; written as hexadecimal data\n",
        1,
    );
}

#[test]
fn what_is_no_text_is_reported() {
    let errors = "warning: in.hl7 MSH-3: the bytes are not UNICODE UTF-8; read as ISO 8859-1\n";
    check(
        &[],
        b"MSH|^~\\&|\xdc\r",
        "MSH|^~\\&|Ü|||||||||||||||UNICODE UTF-8\r".as_bytes(),
        errors,
        1,
    );
    let read = "MSH|^~\\&|Š|||||||||||||||UNICODE UTF-8\r";
    check(&["--from", "8859/2"], b"MSH|^~\\&|\xa9\r", read.as_bytes(), "", 0);
}

#[test]
fn utf16_with_a_mark_is_read() {
    let text: Vec<u8> =
        "\u{feff}MSH|^~\\&|山\r".encode_utf16().flat_map(u16::to_le_bytes).collect();
    check(&[], &text, "MSH|^~\\&|山|||||||||||||||UNICODE UTF-8\r".as_bytes(), "", 0);
}

#[test]
fn no_message_stays_as_it_is() {
    let folder = Folder::new().with("text.txt", "just text\n");
    let run = folder.run(&["convert", "text.txt"]);
    assert_eq!((run.stdout.as_str(), run.status), ("just text\n", 2));
    assert!(run.stderr.starts_with("error: text.txt: not an HL7 message"), "{}", run.stderr);
    let run = folder.run(&["convert", "--charset", "klingon", "text.txt"]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("no character set of that name"), "{}", run.stderr);
}

#[test]
fn into_a_folder() {
    let folder = Folder::new().with("in/a.hl7", LATIN).with("in/b/c.hl7", LATIN);
    let run = folder.run(&["convert", "--charset", "8859/1", "-o", "out", "in"]);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str(), run.status), ("", "", 0));
    for file in ["out/in/a.hl7", "out/in/b/c.hl7"] {
        let written = fs::read(folder.path(file)).expect("the file was written");
        assert!(written.windows(6).any(|part| part == b"M\xdcLLER"), "{file}");
        assert!(written.windows(5).any(|part| part == b"K\xf6nig"), "{file}");
    }
}
