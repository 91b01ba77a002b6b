//! Character sets: what MSH-18 names, what the bytes are, how text comes out and goes in.

use hl7_core::{Charset, Path, Tree};

fn path(text: &str) -> Path {
    text.parse().expect("a path")
}

/// A message with a name in it.
fn message(charset: &str, name: &[u8]) -> Vec<u8> {
    let header = format!("MSH|^~\\&|A|B|C|D|1||ADT^A01|1|P|2.5.1||||||{charset}\rPID|1||7||");
    [header.as_bytes(), name, b"^ADAM|next\rZZZ|1\r"].concat()
}

/// The family name is read as text, the structure is whole, and setting the same text changes at most how it is written.
#[track_caller]
fn check(charset: &str, name: &[u8], expected: &str) {
    let bytes = message(charset, name);
    let mut tree = Tree::parse(bytes).expect("a message");
    assert_eq!(tree.get(&path("PID-5.1")).as_deref(), Some(expected), "{charset}");
    assert_eq!(tree.get(&path("PID-5.2")).as_deref(), Some("ADAM"), "{charset}");
    assert_eq!(tree.get(&path("PID-6")).as_deref(), Some("next"), "{charset}");
    assert_eq!(tree.segments().len(), 3);
    tree.set(&path("PID-5.1"), expected).expect("it can be set");
    assert_eq!(tree.get(&path("PID-5.1")).as_deref(), Some(expected), "{charset}, set");
    assert_eq!(tree.get(&path("PID-6")).as_deref(), Some("next"), "{charset}, set");
}

#[test]
fn names_of_table_0211() {
    for (name, expected) in [
        ("ASCII", Some("ASCII")),
        ("ISO IR6", Some("ASCII")),
        ("8859/1", Some("8859/1")),
        (" 8859/2 ", Some("8859/2")),
        ("8859/15", Some("8859/15")),
        ("iso-8859-15", Some("8859/15")),
        ("ISO 8859-1", Some("8859/1")),
        ("ISO8859/7", Some("8859/7")),
        ("windows-1252", Some("8859/1")),
        ("windows-1250", Some("windows-1250")),
        ("UNICODE", Some("UNICODE UTF-8")),
        ("UNICODE UTF-8", Some("UNICODE UTF-8")),
        ("UTF-8", Some("UNICODE UTF-8")),
        ("UTF8", Some("UNICODE UTF-8")),
        ("UNICODE UTF-16", Some("UNICODE UTF-8")),
        ("ISO IR14", Some("ISO IR14")),
        ("ISO IR87", Some("ISO IR87")),
        ("ISO-2022-JP", Some("ISO IR87")),
        ("GB 18030-2000", Some("GB 18030-2000")),
        ("KS X 1001", Some("KS X 1001")),
        ("BIG-5", Some("BIG-5")),
        ("Shift_JIS", Some("Shift_JIS")),
        ("CNS 11643-1992", None),
        ("UTF-16LE", None),
        ("nonsense", None),
        ("", None),
    ] {
        assert_eq!(Charset::named(name).map(Charset::name), expected, "{name:?}");
    }
}

#[test]
fn one_byte_a_character() {
    check("8859/1", b"M\xdcLLER", "MÜLLER");
    check("8859/1", b"O\x92NEILL", "O\u{2019}NEILL");
    check("8859/2", b"\xa9UK", "ŠUK");
    check("8859/5", b"\xb8\xd2\xd0\xdd", "Иван");
    check("8859/7", b"\xc3\xe9\xfe\xf1", "Γιώρ");
    check("8859/15", b"\xa4", "€");
    check("windows-1250", b"\x8aUK", "ŠUK");
}

/// The second byte of a character may be one that separates.
#[test]
fn two_bytes_a_character() {
    check("GB 18030-2000", b"\xcd\xf5", "王");
    check("GB 18030-2000", b"\x81\x7c\x81\x5e\x95\x32\x82\x36", "亅乛𠀀");
    check("BIG-5", b"\xa5\x5c\xaa\x7c", "功泜");
    check("KS X 1001", b"\xb1\xe8", "김");
    check("Shift_JIS", b"\x8e\x52\x83\x7c", "山ポ");
}

/// Raw escape sequences of ISO 2022, the way Japanese senders do it; `|` and `^` are halves of characters in between.
#[test]
fn escape_sequences_switch() {
    check("~ISO IR87", b"\x1b$B;3ED\x1b(B", "山田");
    check("ISO IR87", b"\x1b$B;3ED\x1b(J", "山田");
    check("ISO IR14~ISO IR87", b"\xd4\xcf\xc0\xde=\x1b$B;3ED\x1b(J", "ﾔﾏﾀﾞ=山田");
    check("~ISO IR87", b"\x1b$B0|;^E\\0&^~\\^\x1b(B", "淫枝怒愛滌權");
    check("~ISO IR87", b"a\x1b$BE^\x1b(Bb", "a党b");
    check("~ISO IR159", b"\x1b$(D0!\x1b(B", "丂");
    check("~KS X 1001", b"\x1b$)C\xb1\xe8", "김");
    check("~ISO IR14", b"\x1b(IOYZ\x1b(B", "ﾏﾙﾚ");
}

#[test]
fn what_hl7_escapes_switch_to_is_text() {
    check("~ISO IR87", b"\\M2442\\;3ED\\C2842\\", "山田");
    check("", b"\\M2442\\;3ED\\C2842\\!", "山田!");
    check("UNICODE UTF-8", b"a\\M2442\\;3ED\\C284A\\b", "a山田b");
    check("", b"\\M242843\\1h\\C2842\\", "김");
    // To nothing that anybody knows.
    check("", b"\\M9999\\;3", "\\M9999\\;3");
}

/// Senders declare one thing and send another.
#[test]
fn what_the_bytes_say_goes_before_what_is_declared() {
    check("8859/1", "MÜLLER".as_bytes(), "MÜLLER");
    check("ASCII", "MÜLLER".as_bytes(), "MÜLLER");
    check("GB 18030-2000", "你好".as_bytes(), "你好");
    check("", b"M\xdcLLER", "MÜLLER");
    check("UNICODE UTF-8", b"M\xdcLLER", "MÜLLER");
    check("CNS 11643-1992", b"M\xdcLLER", "MÜLLER");
    check("8859/6", b"\xa1\xa2", "\u{a1}\u{a2}");
}

/// What a character set lacks is written as hexadecimal data and reads as what was set.
#[test]
fn what_cannot_be_written_is_not_lost() {
    #[track_caller]
    fn check(charset: &str, name: &str, expected: &[u8]) {
        let mut tree = Tree::parse(message(charset, b"X")).expect("a message");
        tree.set(&path("PID-5.1"), name).expect("it can be set");
        assert_eq!(tree.get(&path("PID-5.1")).as_deref(), Some(name), "{charset}");
        assert_eq!(
            tree.bytes().escape_ascii().to_string(),
            message(charset, expected).escape_ascii().to_string()
        );
    }
    check("8859/1", "Ägypten, Łódź", b"\xc4gypten, \\XC581\\\xf3d\\XC5BA\\");
    check("ASCII", "Ü", b"\\XC39C\\");
    check("~ISO IR87", "\\M2442\\;3", b"\\E\\M2442\\E\\;3");
    check("~ISO IR87", "\u{1b}$B;3", b"\\X1B\\$B;3");
    check("", "\\M2442\\;3", b"\\E\\M2442\\E\\;3");
    check("~ISO IR87", "A山田 é", b"A\x1b$B;3ED\x1b(B \\XC3A9\\");
    check("ISO IR14~ISO IR87", "ﾔﾏ 山", b"\xd4\xcf \x1b$B;3\x1b(B");
    check("GB 18030-2000", "王 é", b"\xcd\xf5 \xa8\xa6");
    check("", "山", "山".as_bytes());
}

#[test]
fn every_set_writes_what_it_reads() {
    for name in [
        "8859/1",
        "8859/2",
        "8859/7",
        "8859/15",
        "GB 18030-2000",
        "BIG-5",
        "KS X 1001",
        "ISO IR87",
        "Shift_JIS",
    ] {
        let charset = Charset::named(name).expect("a name");
        for text in [
            "Ärger & Söhne",
            "Łódź",
            "Ελλάδα",
            "山田太郎",
            "김철수",
            "中华",
            "𠀀",
            "€ ’ﾔﾏ",
            "\u{80}\u{ff}",
        ] {
            let bytes = charset.encode(text);
            let plain = !bytes.windows(2).any(|pair| pair == b"\\X");
            if plain {
                assert_eq!(charset.decode(&bytes), (text.into(), true), "{name}");
            }
        }
    }
}

/// Converting to UTF-8 gives the same text in the same places, and declares it.
#[test]
fn conversion_keeps_everything_else() {
    #[track_caller]
    fn check(charset: &str, name: &[u8], expected: &str, findings: usize) {
        let tree = Tree::parse(message(charset, name)).expect("a message");
        let (utf8, found) = tree.to_charset(Charset::UTF_8);
        let wanted = message("UNICODE UTF-8", expected.as_bytes());
        assert_eq!(utf8.bytes().escape_ascii().to_string(), wanted.escape_ascii().to_string());
        assert_eq!(found.len(), findings, "{charset}");
        assert_eq!(utf8.get(&path("PID-6")).as_deref(), Some("next"));
    }
    check("8859/1", b"M\xdcLLER", "MÜLLER", 0);
    check("8859/1", "MÜLLER".as_bytes(), "MÜLLER", 0);
    check("~ISO IR87", b"\x1b$B0|;^E\\0&^~\\^\x1b(B", "淫枝怒愛滌權", 0);
    check("~ISO IR87", b"a\\M2442\\;3ED\\C2842\\b", "a山田b", 0);
    check("8859/1^x&y~8859/2", b"\xdc", "Ü", 0);
    check("BIG-5", b"\xa5\x5c", "功", 0);
    check("~ISO IR87", b"\\E\\M2442\\E\\;3", "\\E\\M2442\\E\\;3", 0);
    check("", b"\\E\\M2442\\E\\;3\\H\\", "\\E\\M2442\\E\\;3\\H\\", 0);
    check("", b"M\xdcLLER", "MÜLLER", 1);
    check("ASCII", b"M\xdcLLER", "MÜLLER", 1);

    let utf8 = Tree::parse("MSH|^~\\&|Łódź\rPID|1||7||MÜLLER\n\nNTE|x\\F\\&y").expect("a message");
    let latin = Charset::named("8859/1").expect("a name");
    let (latin, found) = utf8.to_charset(latin);
    let wanted = b"MSH|^~\\&|\\XC581\\\xf3d\\XC5BA\\|||||||||||||||8859/1\rPID|1||7||M\xdcLLER\n\nNTE|x\\F\\&y";
    assert_eq!(latin.bytes().escape_ascii().to_string(), wanted.escape_ascii().to_string());
    let places: Vec<_> = found.iter().map(|finding| finding.path.to_string()).collect();
    assert_eq!(places, ["MSH-3"]);
    assert_eq!(latin.get(&path("MSH-3")).as_deref(), Some("Łódź"));
}
