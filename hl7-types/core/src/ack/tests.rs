use super::*;
use crate::finding::Severity;
use crate::tree::Tree;

const STAMP: Stamp<'static> = Stamp { control_id: "900", time: "20260211120000" };
const ORU: &str = "MSH|^~\\&|LAB|LF|EHR|EF|20260211||ORU^R01^ORU_R01|MSG00001|P|2.5.1|||AL|NE||8859/1|||PROF^1\rPID|1\r";

// --- which are owed ------------------------------------------------------------------------------------------------------

/// What is owed by effective conditions for accept and application acknowledgments, by outcome: accepted, error, refused,
/// rejected, not stored.
const BY_CONDITION: [(&str, &str, [&str; 5]); 16] = [
    ("AL", "AL", ["CA AA", "CA AE", "CA AR", "CR", "CE"]),
    ("AL", "NE", ["CA", "CA", "CA", "CR", "CE"]),
    ("AL", "SU", ["CA AA", "CA", "CA", "CR", "CE"]),
    ("AL", "ER", ["CA", "CA AE", "CA AR", "CR", "CE"]),
    ("NE", "AL", ["AA", "AE", "AR", "AR", "AR"]),
    ("NE", "NE", ["", "", "", "", ""]),
    ("NE", "SU", ["AA", "", "", "", ""]),
    ("NE", "ER", ["", "AE", "AR", "AR", "AR"]),
    ("SU", "AL", ["CA AA", "CA AE", "CA AR", "AR", "AR"]),
    ("SU", "NE", ["CA", "CA", "CA", "", ""]),
    ("SU", "SU", ["CA AA", "CA", "CA", "", ""]),
    ("SU", "ER", ["CA", "CA AE", "CA AR", "AR", "AR"]),
    ("ER", "AL", ["AA", "AE", "AR", "CR", "CE"]),
    ("ER", "NE", ["", "", "", "CR", "CE"]),
    ("ER", "SU", ["AA", "", "", "CR", "CE"]),
    ("ER", "ER", ["", "AE", "AR", "CR", "CE"]),
];

/// The effective condition by what the party has and what the message says: nothing, AL, NE, SU, ER.
const PARTY_AND_MESSAGE: [(&str, [&str; 5]); 4] = [
    ("AL", ["AL", "AL", "AL", "SU", "ER"]),
    ("NE", ["NE", "AL", "NE", "SU", "ER"]),
    ("SU", ["SU", "AL", "SU", "SU", "ER"]),
    ("ER", ["ER", "AL", "ER", "SU", "ER"]),
];

const SAID: [&str; 5] = ["", "AL", "NE", "SU", "ER"];

fn condition(code: &str) -> Option<Condition> {
    Condition::of_code(code.as_bytes())
}

fn by_condition(accept: &str, application: &str, outcome: usize) -> &'static str {
    let row = BY_CONDITION.iter().find(|row| (row.0, row.1) == (accept, application));
    row.expect("a row for each pair").2[outcome]
}

fn party_and_message(party: &str, said: usize) -> &'static str {
    let row = PARTY_AND_MESSAGE.iter().find(|row| row.0 == party);
    row.expect("a row for each condition").1[said]
}

fn codes(owed: Owed) -> String {
    match owed {
        Owed::Text { success: true } => "success".to_owned(),
        Owed::Text { success: false } => "failure".to_owned(),
        Owed::Acks { .. } => owed.codes().map(AckCode::code).collect::<Vec<_>>().join(" "),
    }
}

/// What a message is owed, from the tables.
fn expected(mode: AckMode, accept: usize, application: usize, outcome: usize) -> &'static str {
    let is_nothing = accept == 0 && application == 0;
    let or_never = |said: usize| if said == 0 { "NE" } else { SAID[said] };
    match mode {
        AckMode::None => "",
        AckMode::Static => ["success", "failure", "failure", "failure", "failure"][outcome],
        AckMode::Deferred => by_condition("NE", "AL", outcome),
        AckMode::Unknown { reject } => {
            if reject && is_nothing {
                "AR"
            } else {
                ""
            }
        }
        AckMode::Original if is_nothing => by_condition("NE", "AL", outcome),
        AckMode::Original => by_condition(or_never(accept), or_never(application), outcome),
        AckMode::Enhanced { accept: a, application: b } => by_condition(
            party_and_message(a.code(), accept),
            party_and_message(b.code(), application),
            outcome,
        ),
    }
}

// statement 4: every party mode, MSH-15, MSH-16 and outcome; statement 5: no reply at all, or a fixed text;
// statement 6: deferred answers at once by the original mode; statement 8: unknown senders.
#[test]
fn statement_4_truth_table() {
    let mut modes = vec![
        AckMode::None,
        AckMode::Original,
        AckMode::Deferred,
        AckMode::Static,
        AckMode::Unknown { reject: true },
        AckMode::Unknown { reject: false },
    ];
    for accept in Condition::ALL {
        let enhanced = |application| AckMode::Enhanced { accept, application };
        modes.extend(Condition::ALL.map(enhanced));
    }
    let mut rows = 0;
    for mode in modes {
        for (accept, application) in (0..25).map(|pair| (pair / 5, pair % 5)) {
            let asked = Asked {
                accept: condition(SAID[accept]),
                application: condition(SAID[application]),
            };
            for (at, outcome) in Outcome::ALL.into_iter().enumerate() {
                let found = codes(owed(mode, asked, Kind::Message, outcome));
                let expected = expected(mode, accept, application, at);
                assert_eq!(found, expected, "{mode:?} {asked:?} {outcome:?}");
                rows += 1;
            }
        }
    }
    assert_eq!(rows, 22 * 25 * 5);
}

#[test]
fn an_acknowledgment_is_acknowledged_as_far_as_it_asks() {
    let check = |text: &str, mode, expected: &str| {
        let tree = Tree::parse(text).expect("a message");
        let inbound = Inbound::of_tree(&tree).expect("a header");
        let asked = Asked::by(inbound.header());
        assert_eq!(
            codes(owed(mode, asked, Kind::of(&tree), Outcome::Accepted)),
            expected,
            "{text}"
        );
    };
    let all = AckMode::Enhanced { accept: Condition::Always, application: Condition::Always };
    let ack = |asks: &str, code: &str| {
        format!("MSH|^~\\&|A|B|C|D|1||ACK^A04|1|P|2.5|||{asks}\rMSA|{code}|9\r")
    };
    // The chain of the reference: AA with MSH-15=AL is answered by a CA, and that by nothing.
    check(&ack("AL", "AA"), AckMode::Original, "CA");
    check(&ack("AL", "CA"), AckMode::Original, "");
    check(&ack("AL|AL", "AA"), all, "CA");
    check(&ack("|AL", "AA"), all, "");
    check(&ack("", "AE"), all, "");
    check(&ack("AL", "AA"), AckMode::None, "");
    check(&ack("AL", "AA"), AckMode::Unknown { reject: true }, "");
    check("MSH|^~\\&|A|B|C|D|1||ACK|1|P|2.5\r", all, "");
    check("MSH|^~\\&|A|B|C|D|1||MCF|1|P|2.1\r", all, "");
    // A response to a query is one too.
    check("MSH|^~\\&|A|B|C|D|1||RSP^K11|1|P|2.5|||AL|AL\rMSA|AA|9\rQAK|1|OK\r", all, "CA");
    check("MSH|^~\\&|A|B|C|D|1||ADT^A01|1|P|2.5\rPID|1\r", all, "CA AA");
}

// --- how they are built --------------------------------------------------------------------------------------------------

#[track_caller]
fn build(message: &str, code: AckCode, faults: &[Fault], settings: &AckSettings) -> String {
    let bytes = message.as_bytes();
    let tree = Tree::parse(bytes).ok();
    let inbound = tree.as_ref().and_then(Inbound::of_tree).or_else(|| Inbound::of_broken(bytes));
    let ack = acknowledge(&inbound.expect("a header"), code, faults, STAMP, settings);
    String::from_utf8(ack).expect("text")
}

#[track_caller]
fn check(message: &str, code: AckCode, settings: &AckSettings, expected: &str) {
    assert_eq!(build(message, code, &[], settings), expected);
}

// statement 1
#[test]
fn statement_1_a_commit_swaps_the_header_and_keeps_the_control_id() {
    let tree = Tree::parse(ORU).expect("a message");
    let inbound = Inbound::of_tree(&tree).expect("a header");
    let asked = Asked::by(inbound.header());
    let owed = owed(AckMode::Original, asked, Kind::of(&tree), Outcome::Accepted);
    assert_eq!(owed.codes().collect::<Vec<_>>(), [AckCode::Ca]);
    check(
        ORU,
        AckCode::Ca,
        &AckSettings::default(),
        "MSH|^~\\&|EHR|EF|LAB|LF|20260211120000||ACK^R01^ACK|900|P|2.5.1||||||8859/1|||PROF^1\rMSA|CA|MSG00001\r",
    );
}

// statement 2
#[test]
fn statement_2_commit_then_application_acknowledgment() {
    let both = ORU.replace("|AL|NE|", "|AL|AL|");
    let tree = Tree::parse(both.as_str()).expect("a message");
    let inbound = Inbound::of_tree(&tree).expect("a header");
    let owed =
        owed(AckMode::Original, Asked::by(inbound.header()), Kind::of(&tree), Outcome::Accepted);
    let acks: Vec<String> = owed
        .codes()
        .map(|code| build(&both, code, &[], &AckSettings::default()))
        .map(|ack| ack.split('\r').nth(1).unwrap_or_default().to_owned())
        .collect();
    assert_eq!(acks, ["MSA|CA|MSG00001", "MSA|AA|MSG00001"]);
    // The application acknowledgment is a message of its own: it may ask for a commit, never for more.
    let settings = AckSettings { ask_accept: Some(Condition::Always), ..AckSettings::default() };
    check(
        &both,
        AckCode::Aa,
        &settings,
        "MSH|^~\\&|EHR|EF|LAB|LF|20260211120000||ACK^R01^ACK|900|P|2.5.1|||AL|NE||8859/1|||PROF^1\rMSA|AA|MSG00001\r",
    );
}

#[test]
fn message_types_by_version() {
    let check = |version: &str, ack_type, message_type: &str, expected: &str| {
        let message = format!("MSH|^~\\&|||||||{message_type}|1|P|{version}\r");
        let settings = AckSettings { ack_type, ..AckSettings::default() };
        let ack = build(&message, AckCode::Aa, &[], &settings);
        assert_eq!(ack.split('|').nth(8), Some(expected), "{version} {ack_type:?}");
    };
    check("2.1", AckType::ByVersion, "ADT^A01", "ACK");
    check("2.3.1", AckType::ByVersion, "ADT^A01", "ACK");
    check("2.4", AckType::ByVersion, "ADT^A01^ADT_A01", "ACK^A01^ACK");
    check("2.10", AckType::ByVersion, "ADT^A01^ADT_A01", "ACK^A01^ACK");
    check("", AckType::ByVersion, "ADT^A01", "ACK^A01^ACK");
    check("2.5", AckType::ByVersion, "ADT", "ACK");
    check("2.3.1", AckType::Structure, "ADT^A03", "ACK^A03^ACK");
    check("2.3.1", AckType::Event, "ADT^A03", "ACK^A03");
    check("2.5", AckType::Code, "ADT^A03^ADT_A03", "ACK");
}

// statement 10: the acknowledgments of the tutorial. The control id of each is the caller's.
#[test]
fn statement_10_acknowledgments_of_the_end_to_end_scenario() {
    let message = "MSH|^~\\&|Tutorial_ADTSystem|MCM|BTAHL7InterfaceEngine||20260211||ADT^A03|000001|P|2.3.1\r";
    let mode = AckMode::Enhanced { accept: Condition::Always, application: Condition::Always };
    let owed = owed(mode, Asked::default(), Kind::Message, Outcome::Accepted);
    let mut overrides = HeaderOverrides::default();
    overrides.set(16, HeaderOverrides::CLEAR).expect("a field");
    let settings = AckSettings {
        ack_type: AckType::Structure,
        ask_accept: Some(Condition::Always),
        overrides,
        ..AckSettings::default()
    };
    let acks: Vec<String> = owed.codes().map(|code| build(message, code, &[], &settings)).collect();
    let header = "MSH|^~\\&|BTAHL7InterfaceEngine||Tutorial_ADTSystem|MCM|20260211120000||ACK^A03^ACK|900|P|2.3.1";
    assert_eq!(
        acks,
        [format!("{header}\rMSA|CA|000001\r"), format!("{header}|||AL\rMSA|AA|000001\r")]
    );
}

// statement 16
#[test]
fn statement_16_the_answer_uses_the_delimiters_of_the_message() {
    let settings = AckSettings::default();
    for (message, expected) in [
        (
            "MSH#*~!%#A*1#B###1##ADT*A01#4!T!2#P#2.5\r",
            "MSH#*~!%###A*1#B#20260211120000##ACK*A01*ACK#900#P#2.5\rMSA#AA#4!T!2\r",
        ),
        // Two or three encoding characters are completed.
        (
            "MSH|^~|A|B|||1||ADT^A01|42|P|2.3\r",
            "MSH|^~\\&|||A|B|20260211120000||ACK|900|P|2.3\rMSA|AA|42\r",
        ),
        (
            "MSH|&~|A|B|||1||ADT&A01|42|P|2.4\r",
            "MSH|&~\\^|||A|B|20260211120000||ACK&A01&ACK|900|P|2.4\rMSA|AA|42\r",
        ),
        (
            "MSH|^~\\&#|A|B|||1||ADT^A01|42|P|2.7\r",
            "MSH|^~\\&#|||A|B|20260211120000||ACK^A01^ACK|900|P|2.7\rMSA|AA|42\r",
        ),
        // Line ends are the standard's, whatever the message has.
        (
            "MSH|^~\\&|A|B|||1||ADT^A01|42|P|2.3\r\nPID|1\r\n",
            "MSH|^~\\&|||A|B|20260211120000||ACK|900|P|2.3\rMSA|AA|42\r",
        ),
    ] {
        check(message, AckCode::Aa, &settings, expected);
    }
}

#[test]
fn a_broken_header_gets_the_best_answer_there_is() {
    let settings = AckSettings::default();
    for (message, expected) in [
        (
            "MSH||LAB|LF|EHR|EF|1||ORU^R01|77|P|2.5",
            "MSH|^~\\&|EHR|EF|LAB|LF|20260211120000||ACK^R01^ACK|900|P|2.5\rMSA|AR|77\r",
        ),
        ("MSH", "MSH|^~\\&|||||20260211120000||ACK|900\rMSA|AR\r"),
        ("MSH|^~\\&|LAB", "MSH|^~\\&|||LAB||20260211120000||ACK|900\rMSA|AR\r"),
        (
            "\u{b}noise\rMSH|^^^^|LAB||||||^|7|\rPID",
            "MSH|^~\\&|||LAB||20260211120000||ACK|900\rMSA|AR|7\r",
        ),
    ] {
        check(message, AckCode::Ar, &settings, expected);
    }
    for nothing in ["", "PID|1\r", "<xml/>", "FHS|^~\\&|A\r"] {
        assert!(Inbound::of_broken(nothing.as_bytes()).is_none(), "{nothing}");
    }
}

#[test]
fn control_ids_come_back_byte_for_byte() {
    for id in [
        "42",
        " 42 ",
        "A\\T\\B",
        "A\\broken",
        "a^b~c",
        "\u{fc}\u{1f600}",
        "\"\"",
        "x".repeat(500).as_str(),
    ] {
        let message = format!("MSH|^~\\&|||||||ADT^A01|{id}|P|2.5\r");
        let ack = build(&message, AckCode::Aa, &[], &AckSettings::default());
        assert!(ack.ends_with(&format!("\rMSA|AA|{id}\r")), "{id}");
    }
    // Bytes that are no text.
    let tree = Tree::parse(*b"MSH|^~\\&|||||||ADT^A01|4\xff2|P|2.5\r").expect("a message");
    let inbound = Inbound::of_tree(&tree).expect("a header");
    let ack = acknowledge(&inbound, AckCode::Aa, &[], STAMP, &AckSettings::default());
    assert!(ack.ends_with(b"\rMSA|AA|4\xff2\r"));
}

#[test]
fn settings_of_a_party() {
    let mut overrides = HeaderOverrides::default();
    for (field, value) in [(3, "HUB^2.16.1^ISO"), (6, "\\"), (8, "key"), (18, "\\")] {
        overrides.set(field, value).expect("a field");
    }
    let settings = AckSettings {
        overrides,
        text: Some("R&D says hello".to_owned()),
        deferred: true,
        ..AckSettings::default()
    };
    check(
        ORU,
        AckCode::Aa,
        &settings,
        "MSH|^~\\&|HUB^2.16.1^ISO|EF|LAB||20260211120000|key|ACK^R01^ACK|900|P|2.5.1||||NE|||||PROF^1\r\
         MSA|AA|MSG00001|R\\T\\D says hello\r",
    );
    // MSA-3 was withdrawn with 2.7; MSA-5 says in 2.1 and 2.2 that the application answers later.
    let at = |version: &str| {
        let ack =
            build(&format!("MSH|^~\\&|||||||ADT^A01|1|P|{version}\r"), AckCode::Aa, &[], &settings);
        ack.split('\r').nth(1).unwrap_or_default().to_owned()
    };
    assert_eq!(at("2.7"), "MSA|AA|1");
    assert_eq!(at("2.2"), "MSA|AA|1|R\\T\\D says hello||D");
    assert_eq!(at("2.3"), "MSA|AA|1|R\\T\\D says hello");
}

#[test]
fn software_of_the_sender_comes_back_in_application_acknowledgments() {
    let message = "MSH|^~\\&|||||||ADT^A01|1|P|2.5\rSFT|Maker|1\rSFT|Other|2\rPID|1\r";
    let segments = |software, code| {
        let ack = build(message, code, &[], &AckSettings { software, ..AckSettings::default() });
        ack.split_terminator('\r').skip(1).collect::<Vec<_>>().join(" ")
    };
    let after_header = "SFT|Maker|1 SFT|Other|2 MSA|AA|1";
    assert_eq!(segments(SoftwareEcho::AfterHeader, AckCode::Aa), after_header);
    assert_eq!(segments(SoftwareEcho::AfterMsa, AckCode::Aa), "MSA|AA|1 SFT|Maker|1 SFT|Other|2");
    assert_eq!(segments(SoftwareEcho::None, AckCode::Aa), "MSA|AA|1");
    assert_eq!(segments(SoftwareEcho::AfterHeader, AckCode::Ca), "MSA|CA|1");
}

// --- ERR -----------------------------------------------------------------------------------------------------------------

fn five_faults() -> Vec<Fault> {
    let missing = Fault { field: 0, ..Fault::at("PV1", 0, ErrorCode::SegmentSequence) };
    let component = Fault {
        repetition: 2,
        component: 1,
        subcomponent: 3,
        ..Fault::at("PID", 5, ErrorCode::RequiredField)
    };
    let second = Fault { sequence: 2, ..Fault::at("OBX", 14, ErrorCode::DataType) };
    let table = Fault {
        severity: Severity::Warning,
        ..Fault::at("PID", 8, ErrorCode::TableValue).saying("not a code of table 0001")
    };
    vec![missing, component, second, table, Fault::new(ErrorCode::Internal)]
}

// statement 20
#[test]
fn statement_20_five_faults_give_five_entries_in_the_shape_of_the_version() {
    let err = |version: &str| {
        let message = format!("MSH|^~\\&|||||||ADT^A01|1|P|{version}\r");
        let ack = build(&message, AckCode::Ae, &five_faults(), &AckSettings::default());
        ack.split_terminator('\r').skip(2).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(err("2.2"), ["ERR|PV1^1^^100~PID^1^5^101~OBX^2^14^102~PID^1^8^103~^^^207"]);
    let located = [concat!(
        "ERR|PV1^1^^100&Segment sequence error&HL70357~PID^1^5^101&Required field missing&HL70357",
        "~OBX^2^14^102&Data type error&HL70357~PID^1^8^103&Table value not found&HL70357",
        "~^^^207&Application internal error&HL70357"
    )];
    assert_eq!(err("2.3"), located);
    assert_eq!(err("2.4"), located);
    let segments = [
        "ERR||PV1^1|100^Segment sequence error^HL70357|E",
        "ERR||PID^1^5^2^1^3|101^Required field missing^HL70357|E",
        "ERR||OBX^2^14|102^Data type error^HL70357|E",
        "ERR||PID^1^8|103^Table value not found^HL70357|W|||not a code of table 0001",
        "ERR|||207^Application internal error^HL70357|E",
    ];
    assert_eq!(err("2.5"), segments);
    assert_eq!(err("2.9"), segments);
    assert_eq!(err(""), segments);
}

#[test]
fn what_an_err_says_is_read_back() {
    for version in ["2.4", "2.5"] {
        let message = format!("MSH|^~\\&|||||||ADT^A01|1|P|{version}\r");
        let faults = five_faults();
        let ack = build(&message, AckCode::Ae, &faults, &AckSettings::default());
        let read = read_faults(&Tree::parse(ack).expect("a message"));
        let expected: Vec<Fault> = if version == "2.5" {
            faults
        } else {
            let place = |fault: Fault| Fault {
                repetition: 0,
                component: 0,
                subcomponent: 0,
                severity: Severity::Error,
                diagnostic: String::new(),
                ..fault
            };
            faults.into_iter().map(place).collect()
        };
        assert_eq!(read, expected, "{version}");
    }
    let odd = "MSH|^~\\&\rMSA|AE|1\rERR|\rERR\rERR|PID^x^-1^ABC\rERR||PID|\rERR|||999^Ours\r";
    let read = read_faults(&Tree::parse(odd).expect("a message"));
    let read: Vec<_> =
        read.iter().map(|fault| (fault.segment.as_str(), fault.code.code())).collect();
    assert_eq!(read, [("PID", "207"), ("", "207")]);
}

#[test]
fn offending_text_is_sent_back_when_asked_for_and_not_at_length() {
    let finding = |span| crate::Finding {
        rule: crate::Rule::BadFormat,
        severity: Severity::Error,
        path: "PID-7".parse().expect("a path"),
        segment: 2,
        span,
        message: "expected a date".to_owned(),
        hint: "",
        allowed: None,
    };
    let text = "\u{fc}".repeat(100);
    for (span, expected) in
        [(0..4, Some("\u{fc}\u{fc}")), (4..4, None), (0..200, Some(&text[..160])), (0..999, None)]
    {
        let finding = finding(span);
        assert_eq!(Fault::from(&finding).value, None);
        let fault = Fault::from(&finding).with_value(text.as_bytes(), &finding);
        assert_eq!(fault.value.as_deref(), expected);
    }
}

#[test]
fn faults_can_be_limited_and_name_a_help_desk() {
    let message = "MSH|^~\\&|||||||ADT^A01|1|P|2.5\r";
    let settings = AckSettings {
        most_faults: 1,
        help_desk: Some("call 555-0100".to_owned()),
        ..AckSettings::default()
    };
    let ack = build(message, AckCode::Ae, &five_faults(), &settings);
    let errors: Vec<_> = ack.split_terminator('\r').skip(2).collect();
    assert_eq!(errors, ["ERR||PV1^1|100^Segment sequence error^HL70357|E||||||||call 555-0100"]);
}

// --- continuation --------------------------------------------------------------------------------------------------------

fn cut(message: &str, limit: usize) -> Result<Vec<Vec<u8>>, FragmentError> {
    let tree = Tree::parse(message).expect("a message");
    fragment(&tree, limit, |number| format!("C{number}"))
}

fn join(fragments: &[Vec<u8>]) -> Result<Progress, ContinuationError> {
    let mut reassembler = Reassembler::new(1 << 20, 10_000);
    let mut progress = Progress::More;
    for fragment in fragments {
        assert_eq!(progress, Progress::More, "nothing comes behind the end");
        progress = reassembler.push(&Tree::parse(fragment.clone()).expect("a fragment"))?;
    }
    Ok(progress)
}

#[test]
fn fragments_of_a_message() {
    let message = "MSH|^~\\&|A|B|C|D|1||ORU^R01|7|P|2.5\rPID|1||4711\rOBX|1|TX|1||a long text that must be cut\r";
    let fragments = cut(message, 80).expect("fragments");
    let texts: Vec<_> = fragments.iter().map(|part| String::from_utf8_lossy(part)).collect();
    assert_eq!(
        texts,
        [
            "MSH|^~\\&|A|B|C|D|1||ORU^R01|7|P|2.5\rPID|1||4711\rDSC|C1|F\r",
            "MSH|^~\\&|A|B|C|D|1||ORU^R01|C1|P|2.5||C1\rOBX|1|TX|1||a long text t\rADD\rDSC|C2|F\r",
            "MSH|^~\\&|A|B|C|D|1||ORU^R01|C2|P|2.5||C2\rADD|hat must be cut\r",
        ]
    );
    assert_eq!(join(&fragments), Ok(Progress::Complete(message.as_bytes().to_vec())));
}

#[test]
fn what_is_cut_comes_together_again() {
    let long = "x".repeat(900);
    for message in [
        format!(
            "MSH|^~\\&|A|B|C|D|1||ORU^R01|7|P|2.5\rPID|1\rOBX|1|TX|{long}\rOBX|2|TX|{long}|\rZZZ\rZZZ|\r"
        ),
        format!("MSH|^~\\&|A\rOBX|{}\r", "\u{fc}\u{1f600}".repeat(300)),
        format!("MSH#*~!%#A\r{}", "NTE#1##text !F! more\r".repeat(60)),
    ] {
        for limit in [100, 101, 102, 103, 120, 150, 333, 1000] {
            let fragments = cut(&message, limit).expect("fragments");
            assert!(
                fragments.len() > 1 && fragments.iter().all(|part| part.len() <= limit),
                "{limit}"
            );
            assert!(fragments.iter().all(|part| std::str::from_utf8(part).is_ok()), "{limit}");
            assert_eq!(
                join(&fragments),
                Ok(Progress::Complete(message.clone().into_bytes())),
                "{limit}"
            );
        }
        assert_eq!(cut(&message, message.len()), Ok(vec![message.into_bytes()]));
    }
}

#[test]
fn what_cannot_be_cut() {
    let long = "NTE|1||some text\r".repeat(20);
    let header = "MSH|^~\\&|A|B|C|D|1||ORU^R01|7|P|2.5\r";
    assert_eq!(cut(&format!("{header}{long}DSC|1\r"), 100), Err(FragmentError::Fragment));
    for odd in [
        format!("{header}{long}").replace('\r', "\r\n"),
        format!("{header}{long}\r\r"),
        format!("{header}{long}NTE"),
    ] {
        assert_eq!(cut(&odd, 100), Err(FragmentError::LineEnds));
    }
    let Err(FragmentError::NoRoom { needed, .. }) = cut(&format!("{header}{long}"), 40) else {
        panic!("there is no room")
    };
    assert!(cut(&format!("{header}{long}"), needed + 8).is_ok(), "{needed}");
}

#[test]
fn fragments_that_do_not_follow() {
    let message = format!("MSH|^~\\&|A|B|C|D|1||ORU^R01|7|P|2.5\rOBX|1|TX|{}\r", "x".repeat(200));
    let fragments = cut(&message, 100).expect("fragments");
    let part = |at: usize| fragments[at].clone();
    assert!(fragments.len() >= 4);
    assert_eq!(join(&[part(1)]), Err(ContinuationError::NoBeginning));
    assert_eq!(join(&[part(0), part(2)]), Err(ContinuationError::OutOfOrder));
    assert_eq!(join(&[part(0), part(0)]), Err(ContinuationError::OutOfOrder));
    assert_eq!(join(&[part(0), part(1)]), Ok(Progress::More));
    let text = |text: &str| text.as_bytes().to_vec();
    let open = text("MSH|^~\\&|A\rOBX|1|te\rADD\rDSC|P|F\r");
    let next = |line: &str| text(&format!("MSH|^~\\&|A|||||||||||P\r{line}\r"));
    assert_eq!(join(&[open.clone(), next("OBX|2")]), Err(ContinuationError::Addendum));
    assert_eq!(
        join(&[open.clone(), next("ADD|xt|\rOBX|2")]),
        Ok(Progress::Complete(text("MSH|^~\\&|A\rOBX|1|text|\rOBX|2\r")))
    );
    let closed = text("MSH|^~\\&|A\rOBX|1|text\rDSC|P|F\r");
    assert_eq!(join(&[closed.clone(), next("ADD|xt")]), Err(ContinuationError::Addendum));
    // What introduced the first fragment and stands again is left out, anything else is data.
    let closed = text("MSH|^~\\&|A\rMSA|AA|1\rOBX|1|text\rDSC|P|F\r");
    for (again, more) in
        [("MSA|AA|1\rOBX|2", "OBX|2"), ("MSA|AA|2\rOBX|2", "MSA|AA|2\rOBX|2"), ("OBX|2", "OBX|2")]
    {
        assert_eq!(
            join(&[closed.clone(), next(again)]),
            Ok(Progress::Complete(text(&format!("MSH|^~\\&|A\rMSA|AA|1\rOBX|1|text\r{more}\r"))))
        );
    }
    let mut bounded = Reassembler::new(29, 10);
    let open = Tree::parse(open).expect("a fragment");
    assert_eq!(bounded.push(&open), Ok(Progress::More));
    let more = Tree::parse(next("ADD|0123456789")).expect("a fragment");
    assert_eq!(bounded.push(&more), Err(ContinuationError::TooLong { limit: 29 }));
    let mut bounded = Reassembler::new(1000, 1);
    assert_eq!(bounded.push(&open), Ok(Progress::More));
    assert_eq!(bounded.push(&more), Err(ContinuationError::TooManyParts { limit: 1 }));
}
