//! Character sets through structs: read as declared, told from the bytes, written back byte for byte, written anew as declared.

use hl7_types::v2_5_1::messages::AdtA01;
use hl7_types::{Charset, DecodeOptions, Message, Path, Rule, Rules, Tree, VERSIONS};
use proptest::prelude::*;

fn path(text: &str) -> Path {
    text.parse().expect("a path")
}

fn adt(charset: &str, name: &[u8]) -> Vec<u8> {
    let header = format!(
        "MSH|^~\\&|A|B|C|D|20260211||ADT^A01^ADT_A01|1|P|2.5.1||||||{charset}\rEVN||20260211\rPID|1||7^^^H^MR||"
    );
    [header.as_bytes(), name, b"^ADAM||19610615|M\rPV1|1|I\r"].concat()
}

/// The family name that is read, the rules of what is found about the text, and the bytes again.
#[track_caller]
fn check(charset: &str, name: &[u8], expected: &str, rules: &[Rule]) {
    let bytes = adt(charset, name);
    let options = DecodeOptions { rules: Rules::STRUCTURE, ..DecodeOptions::default() };
    let decoded = AdtA01::decode_with(&bytes, &options).expect("a message");
    let message = decoded.message;
    assert_eq!(message.pid.patient_name[0].family_name.surname.text(), expected, "{charset}");
    assert_eq!(message.pid.patient_name[0].given_name.text(), "ADAM", "{charset}");
    let found: Vec<Rule> = decoded.findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(found, rules, "{charset}");
    assert_eq!(message.encode().escape_ascii().to_string(), bytes.escape_ascii().to_string());
    let tree = Tree::parse(bytes).expect("a message");
    assert_eq!(tree.get(&path("PID-5.1")).as_deref(), Some(expected), "untyped");
    assert_eq!(tree.check(AdtA01::DESC, &options), decoded.findings, "without types");
}

#[test]
fn read_as_declared() {
    check("8859/1", b"M\xdcLLER", "MÜLLER", &[]);
    check("8859/2", b"\xa9UK", "ŠUK", &[]);
    check("UNICODE UTF-8", "ŠUK".as_bytes(), "ŠUK", &[]);
    check("GB 18030-2000", b"\xcd\xf5", "王", &[]);
    check("BIG-5", b"\xa5\x5c\xaa\x7c", "功泜", &[]);
    check("~ISO IR87", b"\x1b$B0|;^E\\0&^~\\^\x1b(B", "淫枝怒愛滌權", &[]);
    check("ISO IR14~ISO IR87", b"\xd4\xcf=\x1b$B;3ED\x1b(J", "ﾔﾏ=山田", &[]);
}

#[test]
fn read_as_the_bytes_are() {
    check("8859/1", "MÜLLER".as_bytes(), "MÜLLER", &[Rule::OtherCharset]);
    check("GB 18030-2000", "你好".as_bytes(), "你好", &[Rule::OtherCharset]);
    check("", b"M\xdcLLER", "MÜLLER", &[Rule::InvalidText]);
    check("ASCII", b"M\xdcLLER", "MÜLLER", &[Rule::InvalidText]);
    check("GB 18030-2000", b"\xff\xffM", "ÿÿM", &[Rule::InvalidText]);
    check("CNS 11643-1992", b"\xc4\xe3", "Äã", &[Rule::InvalidText]);
}

/// Found by a property test: text that does not switch back ate the separator behind it as soon as the next field said
/// something that made a character of it.
#[test]
fn text_that_does_not_switch_back_ends_at_a_separator() {
    for charset in ["~ISO IR87", "ASCII~x"] {
        check(charset, b"\\M2442\\;3", "山", &[]);
        let bytes = adt(charset, b"\\M2442\\|\"\"\x1b$B;3|E^|");
        let tree = Tree::parse(bytes).expect("a message");
        let fields: Vec<_> =
            (6..9).map(|field| tree.get(&path("PID-1").with_field(field))).collect();
        assert_eq!(
            fields,
            [Some("\"\"山".into()), Some("E^".into()), Some("^ADAM".into())],
            "{charset}"
        );
    }
}

/// What is set is written in the character set of the message, as long as that is the one that it declares.
#[test]
fn written_as_declared() {
    #[track_caller]
    fn check(charset: &str, sent: &[u8], set: &str, expected: &[u8]) {
        let mut message = AdtA01::decode(&adt(charset, sent)).expect("a message").message;
        message.pid.patient_name[0].family_name.surname = set.into();
        let written = message.encode();
        assert_eq!(
            written.escape_ascii().to_string(),
            adt(charset, expected).escape_ascii().to_string()
        );
        let again = AdtA01::decode(&written).expect("a message").message;
        assert_eq!(again.pid.patient_name[0].family_name.surname.text(), set, "{charset}");
    }
    check("8859/1", b"X", "MÜLLER", b"M\xdcLLER");
    check("8859/1", b"M\xdcLLER", "SÖHNE", b"S\xd6HNE");
    // It says that it is Latin and is not: then all of it is.
    check("8859/1", "MÜLLER".as_bytes(), "SÖHNE", "SÖHNE".as_bytes());
    check("8859/1", b"M\xdcLLER", "Łódź", b"\\XC581\\\xf3d\\XC5BA\\");
    check("~ISO IR87", b"X", "山田", b"\x1b$B;3ED\x1b(B");
    check("ASCII", b"X", "Ü|", b"\\XC39C\\\\F\\");
    check("", b"X", "Ü", "Ü".as_bytes());
}

#[test]
fn another_declaration_writes_another_character_set() {
    let mut message = AdtA01::decode(&adt("8859/1", b"M\xdcLLER")).expect("a message").message;
    message.msh.character_set[0] = "UNICODE UTF-8".into();
    assert_eq!(
        String::from_utf8(message.encode()).expect("UTF-8"),
        String::from_utf8(adt("UNICODE UTF-8", "MÜLLER".as_bytes())).expect("UTF-8")
    );
    let mut message =
        AdtA01::decode(&adt("8859/1", "MÜLLER".as_bytes())).expect("a message").message;
    message.msh.character_set[0] = "8859/2".into();
    assert_eq!(message.encode(), adt("8859/2", b"M\xdcLLER"));
    let mut message = AdtA01::decode(&adt("8859/1", b"M\xdcLLER^\xc4^\xd6^\xdc^^^^^^^^^^^\xc4"))
        .expect("a message")
        .message;
    message.msh.character_set[0] = "UNICODE UTF-8".into();
    assert_eq!(
        String::from_utf8(message.encode()).expect("the surplus is converted too"),
        String::from_utf8(adt("UNICODE UTF-8", "MÜLLER^Ä^Ö^Ü^^^^^^^^^^^Ä".as_bytes()))
            .expect("UTF-8")
    );
}

/// A value that was moved is written as its new message writes.
#[test]
fn a_segment_moves_between_character_sets() {
    let latin = AdtA01::decode(&adt("8859/1", b"M\xdcLLER")).expect("a message").message;
    let odd = AdtA01::decode(&adt("", b"M\xdcLLER")).expect("a message").message;
    for from in [latin, odd] {
        let mut to = AdtA01::decode(&adt("8859/2", b"X")).expect("a message").message;
        to.pid = from.pid;
        assert_eq!(
            to.encode().escape_ascii().to_string(),
            adt("8859/2", b"M\xdcLLER").escape_ascii().to_string()
        );
    }
}

fn charset() -> impl Strategy<Value = String> {
    let names = [
        "",
        "ASCII",
        "8859/1",
        "8859/6",
        "8859/15",
        "UNICODE UTF-8",
        "ISO IR14",
        "ISO IR87",
        "ISO IR159",
        "GB 18030-2000",
        "BIG-5",
        "KS X 1001",
        "Shift_JIS",
        "CNS 11643-1992",
        "EUC-JP",
        "x",
    ];
    prop::collection::vec(prop::sample::select(names.to_vec()), 0..4)
        .prop_map(|names| names.join("~"))
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&[u8]> = vec![
        b"A",
        b"|",
        b"^",
        b"~",
        b"&",
        b"\\",
        b"\r",
        b"\n",
        b" ",
        b"\"\"",
        b"\x1b$B",
        b"\x1b(B",
        b"\x1b(J",
        b"\x1b$(D",
        b"\x1b(I",
        b"\x1b$)C",
        b"\x1b",
        b"\\M2442\\",
        b"\\C2842\\",
        b"\\M2428\\",
        b"\\XC3\\",
        b";3",
        b"0|",
        b"E^",
        b"\\^",
        b"=",
        b"\xdc",
        b"\xc3\x9c",
        b"\xe5\xb1\xb1",
        b"\x81|",
        b"\xa5\\",
        b"\x8eR",
        b"\xff",
        b"\xb1\xe8",
        b"\x81\x5e\x95\x32\x82\x36",
    ];
    prop::collection::vec(prop::sample::select(pieces), 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_in_any_character_set_comes_back(charset in charset(), text in text(), delimiters in any::<bool>(), version in 0..VERSIONS.len()) {
        let mut bytes = adt(&charset, &text);
        if delimiters {
            for (from, to) in b"|^~\\&".iter().zip(b"#$%/*") {
                bytes.iter_mut().filter(|byte| *byte == from).for_each(|byte| *byte = *to);
            }
        }
        let options = DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() };
        let decoded = VERSIONS[version].decode(&bytes, &options).expect("a message");
        prop_assert_eq!(decoded.message.encode().escape_ascii().to_string(), bytes.escape_ascii().to_string());
        // Converted, every field says the same. A line feed in a value may become a line end.
        let tree = Tree::parse(bytes).expect("a message");
        let (utf8, _) = tree.to_charset(Charset::UTF_8);
        for field in (3..8).filter(|_| !text.contains(&b'\n')) {
            let field = path("PID-1").with_field(field);
            let said = |tree: &Tree| {
                let piece = tree.piece(&field).filter(|piece| piece.is_leaf())?;
                Some(piece.text().into_owned())
            };
            prop_assert_eq!(said(&utf8), said(&tree), "{}", field);
        }
    }
}
