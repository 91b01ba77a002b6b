//! What every engine between two systems must carry over: delimiters, escapes, names in any character set.

use std::thread;

use hl7_types::desc::StructureDesc;
use hl7_types::v2_5_1::messages::AdtA01;
use hl7_types::{
    DecodeErrorKind, DecodeOptions, Fill, Message, Path, Rules, Tree, VERSIONS, Version, sample,
};

fn path(text: &str) -> Path {
    text.parse().expect("a path")
}

/// Decodes under all rules, makes sure that it comes out byte for byte, and says what was found.
fn decode(bytes: &[u8]) -> (AdtA01, Vec<String>) {
    let options = DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() };
    let decoded = AdtA01::decode_with(bytes, &options).expect("a message");
    let written = decoded.message.encode();
    assert_eq!(written.escape_ascii().to_string(), bytes.escape_ascii().to_string());
    let told = |finding: &hl7_types::Finding| format!("{} {}", finding.rule.id(), finding.path);
    (decoded.message, decoded.findings.iter().map(told).collect())
}

/// An admission under delimiters of the sender's: MSH-1, then MSH-2.
fn under(field: char, encoding: &str, name: &str) -> String {
    let component = encoding.chars().next().unwrap_or('^');
    let lines = [
        format!("MSH|{encoding}|A|B|C|D|20260211||ADT^A01^ADT_A01|1|P|2.5.1"),
        "EVN||20260211".to_owned(),
        format!("PID|1||7^^^H^MR||{name}||19610615|M"),
        "PV1|1|I".to_owned(),
    ];
    let line = |(index, line): (usize, &String)| {
        // What MSH-2 declares stays as it is; the rest takes the component separator.
        let (head, rest) = line.split_at(if index == 0 { 4 + encoding.len() } else { 0 });
        let name = line.find(name).filter(|_| index == 2).map(|at| at..at + name.len());
        let rest: String = rest
            .char_indices()
            .map(|(at, c)| match c {
                _ if name.as_ref().is_some_and(|name| name.contains(&at)) => c,
                '|' => field,
                '^' => component,
                c => c,
            })
            .collect();
        format!("{}{rest}\r", head.replace('|', &field.to_string()))
    };
    lines.iter().enumerate().map(line).collect()
}

/// Statement 15: the samples of 2.1 to 2.6 come back byte for byte, whatever ends their segments, with separators behind
/// which nothing stands, and with segments of the site's. That they do as they are, `structures.rs` shows.
#[test]
fn statement_15_samples_of_2_1_to_2_6_come_back() {
    thread::scope(|scope| {
        for version in VERSIONS.iter().filter(|version| version.desc().id <= "2.6") {
            scope.spawn(|| version.desc().structures.iter().for_each(|of| comes_back(version, of)));
        }
    });
}

fn comes_back(version: &Version, structure: &'static StructureDesc) {
    let sample = String::from_utf8(sample(structure, Fill::Full)).expect("text");
    let unfinished = sample.trim_end_matches('\r');
    for written in [
        unfinished.replace('\r', "\n"),
        sample.replace('\r', "||\r\n").replacen("||\r\n", "\r\n", 1),
        format!("{}^&~\rZYY\r", unfinished.replace('\r', "\rZXX|a^b~c&d||\r")),
    ] {
        let decoded = version.decode(written.as_bytes(), &DecodeOptions::default());
        let encoded = decoded.expect("a message").message.encode();
        assert_eq!(
            encoded.escape_ascii().to_string(),
            written.as_bytes().escape_ascii().to_string()
        );
    }
}

/// Statement 16: MSH-1 and MSH-2 are the sender's, with two, three or four encoding characters; a character that cannot
/// separate is refused, one that stands for two things is reported.
#[test]
fn statement_16_delimiters_of_the_sender() {
    #[track_caller]
    fn check(field: char, encoding: &str, name: &str, expected: [&str; 2], findings: &[&str]) {
        let text = under(field, encoding, name);
        let (message, found) = decode(text.as_bytes());
        let name = &message.pid.patient_name[0];
        assert_eq!([name.family_name.surname.text(), name.given_name.text()], expected, "{text}");
        assert_eq!(found, findings, "{text}");
        let tree = Tree::parse(text.as_str()).expect("a message");
        assert_eq!(tree.get(&path("PID-5.2")).unwrap_or_default(), expected[1], "{text}");
    }
    check('|', "^~\\&", "EVERYMAN^ADAM", ["EVERYMAN", "ADAM"], &[]);
    check('#', "$~\\&", "EVERYMAN$ADAM", ["EVERYMAN", "ADAM"], &[]);
    check('*', "@!/%", "EVERY/F/MAN%VAN@AD/S/AM!X", ["EVERY*MAN", "AD@AM"], &[]);
    check('|', "^~\\&#", "EVERYMAN^ADAM", ["EVERYMAN", "ADAM"], &[]);
    // Three: nothing separates subcomponents. Two: there are no escapes either.
    let unusual = "unusual-delimiters MSH-2";
    check('|', "^~\\", "EVERY\\S\\&MAN^ADAM", ["EVERY^&MAN", "ADAM"], &[unusual]);
    check('|', "^~", "EVERY\\S\\&MAN^ADAM", ["EVERY\\S\\&MAN", "ADAM"], &[unusual]);
    // Twice the same: counts once.
    check('|', "^~\\\\&", "EVERY&MAN^ADAM", ["EVERY", "ADAM"], &[unusual]);
    check('|', "^^\\&", "EVERYMAN^ADAM", ["EVERYMAN", "ADAM"], &[unusual]);

    for header in ["MSH|", "MSHA^~\\&|", "MSH|a~\\&|", "MSH| ~\\&|", "MSH||"] {
        let error = Tree::parse(format!("{header}A|B\r")).expect_err(header);
        assert_eq!(*error.kind(), DecodeErrorKind::ImpossibleDelimiters, "{header}");
    }
}

/// Statement 17: escapes are read and written, and a separator that was meant as text is reported, not lost.
#[test]
fn statement_17_escapes() {
    #[track_caller]
    fn check(raw: &str, text: &str) {
        let sent = under('|', "^~\\&", &format!("{raw}^ADAM"));
        let (mut message, found) = decode(sent.as_bytes());
        assert_eq!(message.pid.patient_name[0].family_name.surname.text(), text, "{raw}");
        assert!(found.is_empty(), "{raw}: {found:?}");
        // Set as text, it is escaped again.
        message.pid.patient_name[0].family_name.surname = text.into();
        let (again, _) = decode(&message.encode());
        assert_eq!(again.pid.patient_name[0].family_name.surname.text(), text, "{raw}");
        assert_eq!(again.pid.patient_name[0].given_name.text(), "ADAM");
    }
    check("A\\F\\B", "A|B");
    check("A\\S\\B", "A^B");
    check("A\\T\\B", "A&B");
    check("A\\R\\B", "A~B");
    check("A\\E\\B", "A\\B");
    check("A\\X42\\C", "ABC");
    check("A\\XC39C\\B", "AÜB");
    check("\\F\\\\S\\\\T\\\\R\\\\E\\", "|^&~\\");

    #[track_caller]
    fn unescaped(raw: &str, findings: &[&str]) {
        let (message, found) = decode(under('|', "^~\\&", raw).as_bytes());
        assert_eq!(found, findings, "{raw}");
        assert_eq!(message.get(&path("PID-7")).as_deref(), Some("19610615"), "{raw}");
    }
    unescaped("O&NEILL&A&B&C&D", &["surplus-subcomponent PID-5.1.6"]);
    unescaped("A^B^^^^^^^^^^^^^P", &["surplus-component PID-5.15"]);
}

/// Statement 22: names survive in the character set that MSH-18 declares, and no character becomes a question mark.
#[test]
fn statement_22_names_in_their_character_set() {
    #[track_caller]
    fn check(charset: &str, name: &[u8], text: &str) {
        let sent = under('|', "^~\\&", "NAME^ADAM")
            .replace("|2.5.1\r", &format!("|2.5.1||||||{charset}\r"));
        let at = sent.find("NAME").expect("the name");
        let sent = [&sent.as_bytes()[..at], name, &sent.as_bytes()[at + 4..]].concat();
        let (mut message, found) = decode(&sent);
        assert_eq!(message.pid.patient_name[0].family_name.surname.text(), text, "{charset}");
        assert!(found.is_empty(), "{charset}: {found:?}");
        // Another field changes: the name goes out as it came.
        message.pid.patient_name[0].given_name = "EVE".into();
        let written = message.encode();
        let kept = written.windows(name.len()).any(|piece| piece == name);
        assert!(kept && !written.contains(&b'?'), "{charset}");
        // The name itself changes to what its character set may not have.
        message.pid.patient_name[0].family_name.surname = "Łódź 山".into();
        let (again, _) = decode(&message.encode());
        assert_eq!(again.pid.patient_name[0].family_name.surname.text(), "Łódź 山", "{charset}");
    }
    check("UNICODE UTF-8", "MÜLLER".as_bytes(), "MÜLLER");
    check("8859/1", b"M\xdcLLER", "MÜLLER");
    check("8859/2", b"\xa9UK", "ŠUK");
    check("8859/5", b"\xbc\xd8\xe0", "Мир");
    check("UNICODE UTF-8", "山田".as_bytes(), "山田");
}
