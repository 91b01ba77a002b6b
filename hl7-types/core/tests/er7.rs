//! ER7: where segments end, what delimiters mean, what a value says.

use hl7_core::{DecodeErrorKind, Delimiters, Limits, Path, Presence, Tree, Value};

/// The segments of a message, joined by ` / `.
#[track_caller]
fn segments(message: &str, expected: &str) {
    let tree = Tree::parse(message).expect("a message");
    let found: Vec<_> = tree
        .segments()
        .map(|segment| String::from_utf8_lossy(segment.raw()).into_owned())
        .collect();
    assert_eq!(found.join(" / "), expected, "{message:?}");
    assert_eq!(tree.bytes(), message.as_bytes());
}

#[test]
fn segments_end_where_a_line_ends() {
    segments("MSH|^~\\&|A\rPID|1\r", "MSH|^~\\&|A / PID|1");
    segments("MSH|^~\\&|A\nPID|1\n", "MSH|^~\\&|A / PID|1");
    segments("MSH|^~\\&|A\r\nPID|1\r\n", "MSH|^~\\&|A / PID|1");
    segments("MSH|^~\\&|A\rPID|1", "MSH|^~\\&|A / PID|1");
    segments("\u{b}MSH|^~\\&|A\rPID|1\r\u{1c}\r", "MSH|^~\\&|A / PID|1");
    segments("\u{feff}\r\n  MSH|^~\\&|A\r\r\n\r  PID|1\r", "MSH|^~\\&|A / PID|1");
    segments("MSH|^~\\&|A\rline of text\rPID|1\r", "MSH|^~\\&|A / line of text / PID|1");
    segments("MSH|^~\\&", "MSH|^~\\&");
}

#[test]
fn a_line_feed_among_carriage_returns_is_text() {
    segments(
        "MSH|^~\\&|A\rOBX|1|first\nsecond\n\nthird|F\rPID|1\r",
        "MSH|^~\\&|A / OBX|1|first\nsecond\n\nthird|F / PID|1",
    );
    segments("MSH|^~\\&|A\rOBX|1\nPID|1\r", "MSH|^~\\&|A / OBX|1 / PID|1");
    segments("MSH|^~\\&|A\rOBX|1\n\rPID|1\n", "MSH|^~\\&|A / OBX|1 / PID|1");
}

#[test]
fn what_is_no_message_says_why() {
    let limits = Limits { bytes: 40, segments: 2, ..Limits::DEFAULT };
    let cases: [(&[u8], DecodeErrorKind); 11] = [
        (b"", DecodeErrorKind::NoHeader),
        (b"hello", DecodeErrorKind::NoHeader),
        (b"<xml/>", DecodeErrorKind::NoHeader),
        (b"PID|1\r", DecodeErrorKind::NoHeader),
        (b"FHS|^~\\&|A\r", DecodeErrorKind::Batch),
        (b"MSH", DecodeErrorKind::ImpossibleDelimiters),
        (b"MSH|", DecodeErrorKind::ImpossibleDelimiters),
        (b"MSH||A", DecodeErrorKind::ImpossibleDelimiters),
        (b"MSHabcd|", DecodeErrorKind::ImpossibleDelimiters),
        (
            b"MSH|^~\\&|01234567890123456789012345678901",
            DecodeErrorKind::TooLong { bytes: 41, limit: 40 },
        ),
        (b"MSH|^~\\&|A\rPID|1\rPV1|1\r", DecodeErrorKind::TooManySegments { limit: 2 }),
    ];
    for (bytes, expected) in cases {
        let error = Tree::parse_within(bytes, &limits).expect_err("no message");
        assert_eq!(*error.kind(), expected, "{}", bytes.escape_ascii());
    }
}

#[test]
fn delimiters_are_what_the_header_declares() {
    let standard = Delimiters::STANDARD;
    let cases = [
        ("MSH|^~\\&|", standard),
        ("MSH|^~\\\\&|", standard),
        ("MSH|^~\\&#|", Delimiters { truncation: Some(b'#'), ..standard }),
        ("MSH|^~\\|", Delimiters { subcomponent: None, ..standard }),
        ("MSH|^~|", Delimiters { escape: None, subcomponent: None, ..standard }),
        (
            "MSH#*%@+#",
            Delimiters {
                field: b'#',
                component: b'*',
                repetition: Some(b'%'),
                escape: Some(b'@'),
                subcomponent: Some(b'+'),
                truncation: None,
            },
        ),
    ];
    for (header, expected) in cases {
        assert_eq!(*Tree::parse(header).expect("a message").delimiters(), expected, "{header}");
    }
}

const ADT: &str = "MSH|^~\\&|ADT|A&B\rPID|1||4711^^^HARBOUR&1.2.3&ISO^MR~0815||EVERY\\T\\MAN^ADAM|\"\"\r\
    OBX|1|ST|A||first\rOBX|2|ST|B||second~again|x\r";

#[test]
fn paths_read_pieces() {
    let tree = Tree::parse(ADT).expect("a message");
    let cases = [
        ("PID-1", Some("1")),
        ("PID-2", None),
        ("PID-3", Some("4711^^^HARBOUR&1.2.3&ISO^MR~0815")),
        ("PID-3[1]", Some("4711^^^HARBOUR&1.2.3&ISO^MR")),
        ("PID-3[2]", Some("0815")),
        ("PID-3[2].1", Some("0815")),
        ("PID-3[3]", None),
        ("PID-3.4", Some("HARBOUR&1.2.3&ISO")),
        ("PID-3.4.2", Some("1.2.3")),
        ("PID-3.4.4", None),
        ("PID-5.1", Some("EVERY&MAN")),
        ("PID-5.1.1", Some("EVERY&MAN")),
        ("PID-6", Some("\"\"")),
        ("OBX-5", Some("first")),
        ("OBX[2]-5[2]", Some("again")),
        ("OBX[3]-5", None),
        ("MSH-1", Some("|")),
        ("MSH-2", Some("^~\\&")),
        ("MSH-4.2", None),
        ("MSH-4.1.2", Some("B")),
        ("ZZZ-1", None),
    ];
    for (path, expected) in cases {
        let path: Path = path.parse().expect("a path");
        assert_eq!(tree.get(&path).as_deref(), expected, "{path}");
    }
}

#[test]
fn setting_a_piece_changes_nothing_else() {
    let cases = [
        ("PID-1", "2", "PID|2||"),
        ("PID-3.4.2", "9", "4711^^^HARBOUR&9&ISO^MR~0815"),
        ("PID-3[4].2", "x", "0815~~^x||EVERY"),
        ("PID-8.2", "x|y", "|\"\"||^x\\F\\y\r"),
        ("OBX[2]-5[2]", "", "second~|x"),
        ("OBX[2]-5.1.2", "s", "second&s~again"),
        ("PID-5.1", "A&B", "||A\\T\\B^ADAM|"),
    ];
    for (path, text, expected) in cases {
        let mut tree = Tree::parse(ADT).expect("a message");
        let path: Path = path.parse().expect("a path");
        tree.set(&path, text).expect("it can be set");
        let bytes = String::from_utf8_lossy(tree.bytes()).into_owned();
        assert!(bytes.contains(expected), "{path}: {bytes:?}");
    }
    let mut tree = Tree::parse(ADT).expect("a message");
    for path in ["ZZZ-1", "MSH-2", "PID", "PID-99999"] {
        assert!(tree.set(&path.parse().expect("a path"), "x").is_err(), "{path}");
    }
    assert_eq!(tree.bytes(), ADT.as_bytes());
}

#[test]
fn what_cannot_be_escaped_is_not_set() {
    let mut tree = Tree::parse("MSH|[|A\rPID|1\r").expect("a message");
    assert!(tree.set(&"PID-1".parse().expect("a path"), "A|B").is_err());
    assert_eq!(tree.bytes(), b"MSH|[|A\rPID|1\r");
}

#[test]
fn what_is_no_path_says_why() {
    for text in [
        "",
        "PI",
        "pid-3",
        "PID-",
        "PID-0",
        "PID-3[",
        "PID-3[0]",
        "PID-3.1.2.3",
        "PID-3 ",
        "PID.3",
        "PID-99999999999",
    ] {
        let error = text.parse::<Path>().expect_err("no path").to_string();
        assert!(error.contains("PID-5[2].1.1"), "{text}: {error}");
    }
}

#[test]
fn values_say_what_they_mean() {
    let cases = [
        ("EVERY\\T\\MAN", "EVERY&MAN"),
        ("\\F\\\\S\\\\R\\\\E\\\\T\\", "|^~\\&"),
        ("line\\.br\\line", "line\nline"),
        ("\\H\\loud\\N\\", "loud"),
        ("\\X48692E\\", "Hi."),
        ("\\X4G\\", "\\X4G\\"),
        ("\\Zsite\\", "\\Zsite\\"),
        ("open \\F end", "open \\F end"),
        ("100\\", "100\\"),
        ("C:\\temp\\T\\x", "C:\\temp&x"),
    ];
    for (raw, text) in cases {
        assert_eq!(Value::from_raw(raw).text(), text, "{raw}");
    }
    for text in ["plain", "a|b^c~d\\e&f", "two\rlines\n", "\u{b}\u{1c}", "C:\\temp\\T\\", "Ärzte"]
    {
        assert_eq!(Value::from(text).text(), text);
        assert!(!Value::from(text).raw().contains(['|', '^', '~', '&', '\r', '\n']), "{text}");
    }
}

#[test]
fn absent_null_and_value_are_three_things() {
    assert_eq!(Value::from("").presence(), Presence::Absent);
    assert_eq!(Value::from("\"\"").presence(), Presence::Null);
    assert_eq!(Value::null().presence(), Presence::Null);
    assert_eq!(Value::from("x").presence(), Presence::Value("x".into()));
    assert_eq!(format!("{:?}", Value::from("secret")), "6 bytes");
}
