//! Acknowledgments and batches with the definitions of real versions: what was checked is what is answered.

use hl7_types::ack::{
    AckCode, AckMode, AckSettings, Asked, Condition, Inbound, Kind, Outcome, Stamp, Supported,
    acknowledge, check_header, judge, owed,
};
use hl7_types::batch::{BatchHeader, BatchReader, BatchWriter, Content};
use hl7_types::desc::VersionDesc;
use hl7_types::{DecodeOptions, Findings, Rules, Tree, VERSIONS, Version};

/// Checks a message against all rules of its version.
fn findings(tree: &Tree) -> Findings {
    let options = DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() };
    let version = Version::of(tree).expect("a version").desc();
    match tree.structure(version) {
        Some(structure) => tree.check(structure, &options),
        None => tree.check_segments(version, &options),
    }
}

fn versions() -> Vec<&'static VersionDesc> {
    VERSIONS.iter().map(|version| version.desc()).collect()
}

/// The acknowledgments that a message gets, each without its header and with `/` for the carriage return.
fn answers(message: &str, mode: AckMode) -> Vec<String> {
    let versions = versions();
    let tree = Tree::parse(message).expect("a message");
    let inbound = Inbound::of_tree(&tree).expect("a header");
    let supported = Supported::versions(&versions);
    let (outcome, faults) = judge(inbound.header(), &findings(&tree), &supported);
    let stamp = Stamp { control_id: "1", time: "2026" };
    let asked = Asked::by(inbound.header());
    let built = owed(mode, asked, Kind::of(&tree), outcome).codes().map(|code| {
        let reported = if code == AckCode::Ca { &[][..] } else { &faults };
        let ack = acknowledge(&inbound, code, reported, stamp, &AckSettings::default());
        let ack = String::from_utf8(ack).expect("text");
        ack.split_once('\r').expect("segments").1.replace('\r', "/")
    });
    built.collect()
}

#[track_caller]
fn check(message: &str, mode: AckMode, expected: &[&str]) {
    assert_eq!(answers(message, mode), expected, "{message:?}");
}

const ADT: &str = "MSH|^~\\&|REG|HARBOUR|EHR|HARBOUR|20260211140114||ADT^A01^ADT_A01|42|P|2.5.1\r\
    EVN||20260211140114\rPID|1||4711^^^HARBOUR^MR||EVERYMAN^ADAM\rPV1|1|I\r";

fn older(message: &str) -> String {
    message.replace("|2.5.1", "|2.3.1").replace("^ADT_A01", "")
}

// statement 3
#[test]
fn statement_3_one_acknowledgment_after_full_validation() {
    check(ADT, AckMode::Original, &["MSA|AA|42/"]);
    check(&older(ADT), AckMode::Original, &["MSA|AA|42/"]);
    let nameless = ADT.replace("EVERYMAN^ADAM", "");
    check(
        &nameless,
        AckMode::Original,
        &[
            "MSA|AE|42/ERR||PID^1^5|101^Required field missing^HL70357|E|||Patient Name is required and empty/",
        ],
    );
    check(
        &older(&nameless),
        AckMode::Original,
        &["MSA|AE|42/ERR|PID^1^5^101&Required field missing&HL70357/"],
    );
    // The second of its name is the one that is wrong.
    let second = format!("{ADT}OBX|1|ST|1^A||x||||||F\rOBX|2|ST|||x||||||F\r");
    check(
        &second,
        AckMode::Original,
        &[
            "MSA|AE|42/ERR||OBX^2^3|101^Required field missing^HL70357|E|||Observation Identifier is required and empty/",
        ],
    );
}

// statement 7
#[test]
fn statement_7_what_the_header_cannot_have_rejects() {
    let err = |field: u32, code: &str, said: &str| {
        format!("ERR||MSH^1^{field}|{code}^HL70357|E|||{said}/")
    };
    let event =
        err(9, "201^Unsupported event code", "not a message of the version that MSH-12 names");
    let message =
        err(9, "200^Unsupported message type", "not a message of the version that MSH-12 names");
    let processing =
        err(11, "202^Unsupported processing id", "not a processing id that is supported");
    let version = err(12, "203^Unsupported version id", "not a version that is supported");
    for (from, to, err) in [
        ("ADT^A01^ADT_A01", "ADT^A99", &event),
        ("ADT^A01^ADT_A01", "ADT^A99^ADT_A01", &event),
        ("ADT^A01^ADT_A01", "XXX^A01", &message),
        ("|P|", "|X|", &processing),
        ("|2.5.1", "|2.99", &version),
    ] {
        let message = ADT.replace(from, to);
        check(&message, AckMode::Original, &[&format!("MSA|AR|42/{err}")]);
        let commit = format!("{}|||AL|AL\r", message.split_once('\r').expect("a line").0);
        let commit = format!("{commit}{}", message.split_once('\r').expect("a line").1);
        check(&commit, AckMode::Original, &[&format!("MSA|CR|42/{err}")]);
        check(
            &commit.replace("|AL|AL", "|NE|AL"),
            AckMode::Original,
            &[&format!("MSA|AR|42/{err}")],
        );
    }
    // What sites define is theirs to know, and an unknown event of a known version is no unknown version.
    check(&ADT.replace("ADT^A01^ADT_A01", "ZAD^Z01^ZAD_Z01"), AckMode::Original, &["MSA|AA|42/"]);
    check(
        &ADT.replace("|42|", "||"),
        AckMode::Original,
        &[&format!("MSA|AE/{}", err(10, "101^Required field missing", "no control id"))],
    );
}

// statement 20
#[test]
fn statement_20_five_faults_of_a_message() {
    // PID-5 is empty, PV1 is missing, OBX-1 is no number, OBX-3 is empty, and OBX-11 is no code of its table.
    let message = "MSH|^~\\&|REG|HARBOUR|EHR|HARBOUR|20260211140114||ADT^A01^ADT_A01|42|P|2.5.1\r\
        EVN||20260211140114\rPID|1||4711^^^HARBOUR^MR||||19610615\r\
        OBX|x|ST|||x||||||J\r";
    let codes = |message: &str| {
        let acks = answers(message, AckMode::Original);
        let [ack] = acks.as_slice() else { panic!("one acknowledgment") };
        let tree =
            Tree::parse(format!("MSH|^~\\&\r{}", ack.replace('/', "\r"))).expect("a message");
        let faults = hl7_types::ack::read_faults(&tree);
        let place = |fault: &hl7_types::ack::Fault| {
            format!("{} {}[{}]-{}", fault.code.code(), fault.segment, fault.sequence, fault.field)
        };
        (ack.matches("ERR|").count(), faults.iter().map(place).collect::<Vec<_>>())
    };
    let five = ["101 PID[1]-5", "100 PV1[1]-0", "102 OBX[1]-1", "101 OBX[1]-3", "103 OBX[1]-11"];
    assert_eq!(codes(message), (5, five.map(str::to_owned).to_vec()));
    assert_eq!(codes(&older(message)), (1, five.map(str::to_owned).to_vec()));
}

// statement 23, but for the subscriber: what cannot be parsed is kept as it came and rejected; the next is not held up
#[test]
fn statement_23_what_cannot_be_parsed_is_kept_and_rejected() {
    let broken = ADT.replace("MSH|^~\\&|", "MSH||").replace("|42|", "|41|");
    let input = format!("\x0b{broken}\x1c\r\x0b{ADT}\x1c\r");
    let mut reader = BatchReader::new(input.as_bytes());
    let (mut kept, mut answered) = (Vec::new(), Vec::new());
    while let Some(piece) = reader.next_piece().expect("memory does not fail") {
        if piece.content != Content::Message {
            continue;
        }
        let message = std::str::from_utf8(piece.bytes).expect("text");
        if Tree::parse(message).is_ok() {
            answered.extend(answers(message, AckMode::Original));
            continue;
        }
        kept.extend_from_slice(piece.bytes);
        let versions = versions();
        let inbound = Inbound::of_broken(piece.bytes).expect("a header");
        let faults = check_header(inbound.header(), &Supported::versions(&versions));
        let asked = Asked::by(inbound.header());
        for code in owed(AckMode::Original, asked, Kind::Message, Outcome::Rejected).codes() {
            let stamp = Stamp { control_id: "1", time: "2026" };
            let ack = acknowledge(&inbound, code, &faults, stamp, &AckSettings::default());
            let ack = String::from_utf8(ack).expect("text");
            answered.push(ack.split_once('\r').expect("segments").1.replace('\r', "/"));
        }
    }
    assert_eq!(kept, broken.as_bytes());
    let [rejected, accepted] = answered.as_slice() else { panic!("two answers: {answered:?}") };
    assert!(rejected.starts_with("MSA|AR|41/ERR||MSH^1^2|102"), "{rejected}");
    assert_eq!(accepted, "MSA|AA|42/");
}

// statement 24
#[test]
fn statement_24_each_message_of_a_batch_is_checked_and_answered() {
    let wrong = ADT.replace("EVERYMAN^ADAM", "").replace("|42|", "|43|");
    let wrapped = format!("FHS|^~\\&\rBHS|^~\\&\r{ADT}{wrong}{ADT}BTS|3\rFTS|1\r");
    for input in [wrapped, format!("{ADT}{wrong}{ADT}")] {
        let mut reader = BatchReader::new(input.as_bytes());
        let mut found = Vec::new();
        while let Some(piece) = reader.next_piece().expect("memory does not fail") {
            if piece.content == Content::Message {
                let message = std::str::from_utf8(piece.bytes).expect("text");
                found.extend(answers(message, AckMode::Original));
            }
        }
        let short: Vec<_> = found.iter().map(|answer| &answer[..9]).collect();
        assert_eq!(short, ["MSA|AA|42", "MSA|AE|43", "MSA|AA|42"]);
    }
}

// statement 25
#[test]
fn statement_25_one_bad_message_of_ten_is_set_aside() {
    let message = |id: u32| {
        let name = if id == 7 { "" } else { "EVERYMAN^ADAM" };
        ADT.replace("EVERYMAN^ADAM", name).replace("|42|", &format!("|{id}|"))
    };
    let messages: String = (1..=10).map(message).collect();
    let input = format!("BHS|^~\\&|REG\r{messages}BTS|10\r");
    let mut reader = BatchReader::new(input.as_bytes());
    let mut forwarded = BatchWriter::new(Vec::new());
    let (mut copy, mut aside) = (Vec::new(), Vec::new());
    while let Some(piece) = reader.next_piece().expect("memory does not fail") {
        copy.extend_from_slice(piece.bytes);
        match piece.content {
            Content::BatchHeader => {
                forwarded.begin_batch(&BatchHeader::default()).expect("a batch")
            }
            Content::BatchTrailer => forwarded.end_batch().expect("its end"),
            Content::Message => {
                let message = std::str::from_utf8(piece.bytes).expect("text");
                match answers(message, AckMode::Original)[0].starts_with("MSA|AA") {
                    true => forwarded.message(piece.bytes).expect("a message"),
                    false => aside.push(piece.place.ordinal),
                }
            }
            _ => {}
        }
    }
    // Without a look into it the batch goes out as it came in.
    assert_eq!(copy, input.as_bytes());
    assert_eq!(aside, [7]);
    let written = forwarded.finish().expect("the end");
    assert!(written.ends_with(b"\rBTS|9\r"));
    assert_eq!(written.windows(4).filter(|bytes| bytes == b"MSH|").count(), 9);
}

#[test]
fn party_rule_and_outcomes_of_real_messages() {
    let always = AckMode::Enhanced { accept: Condition::Always, application: Condition::Always };
    check(ADT, always, &["MSA|CA|42/", "MSA|AA|42/"]);
    assert_eq!(Outcome::Error.application_code(), AckCode::Ae);
    let wrong = ADT.replace("EVERYMAN^ADAM", "");
    let answers = answers(&wrong, always);
    assert_eq!(answers.len(), 2);
    assert!(answers[0] == "MSA|CA|42/" && answers[1].starts_with("MSA|AE|42/ERR||PID^1^5|101"));
}

/// An acknowledgment of any version is itself a message without findings.
#[test]
fn acknowledgments_conform_to_their_versions() {
    for version in VERSIONS {
        let id = version.desc().id;
        let message =
            format!("MSH|^~\\&|A|B|C|D|20260211||ADT^A01|42|P|{id}|||AL|AL\rSFT|Maker|1|Name|b\r");
        let tree = Tree::parse(message.as_str()).expect("a message");
        let inbound = Inbound::of_tree(&tree).expect("a header");
        let fault = hl7_types::ack::Fault::at("PID", 5, hl7_types::ack::ErrorCode::RequiredField);
        let settings = AckSettings {
            text: Some("no".to_owned()),
            software: if id < "2.5" {
                hl7_types::ack::SoftwareEcho::None
            } else {
                Default::default()
            },
            ..AckSettings::default()
        };
        // Accept acknowledgments came with 2.2.
        let codes = AckCode::ALL.into_iter().filter(|code| id != "2.1" || !code.is_accept_level());
        for code in codes {
            let stamp = Stamp { control_id: "1", time: "20260211" };
            let ack = acknowledge(&inbound, code, std::slice::from_ref(&fault), stamp, &settings);
            let tree = Tree::parse(ack).expect("a message");
            let found: Vec<_> = findings(&tree)
                .iter()
                .filter(|finding| finding.severity == hl7_types::Severity::Error)
                .map(ToString::to_string)
                .collect();
            assert_eq!(found, Vec::<String>::new(), "{id} {code}");
        }
    }
}
