//! Updates: what is absent stays, a null clears, a value replaces its field, what repeats is a snapshot.

use hl7_types::node::Field;
use hl7_types::v2_5_1::messages::{AdtA01, OruR01};
use hl7_types::v2_5_1::segments::Pid;
use hl7_types::{Message, Path, Presence, RawSegment, Tree, apply_update, encode_segment};
use proptest::prelude::*;

mod damage;

fn pid(line: &str) -> Pid {
    RawSegment::from_er7(line).decode().expect("a PID").message
}

/// What a record is after an update.
#[track_caller]
fn check_segment(old: &str, new: &str, expected: &str) {
    let mut record = pid(old);
    apply_update(&mut record, &pid(new));
    assert_eq!(String::from_utf8_lossy(&encode_segment(&record)), expected, "{old} + {new}");
}

#[test]
fn a_segment_is_updated_field_by_field() {
    // Absent keeps, null clears, a value replaces.
    check_segment("PID|1||7||EVE^A|X|19610615|F", "PID|1||||||\"\"|M", "PID|1||7||EVE^A|X||M");
    check_segment("PID|1||7", "PID", "PID|1||7");
    check_segment("PID|1||7", "PID|||||||||||", "PID|1||7");
    check_segment("PID|1||7|||||", "PID|2", "PID|2||7|||||");
    check_segment("PID", "PID|1||\"\"", "PID|1");
    // The whole field: repetitions and components that were not sent are gone.
    check_segment("PID|||1^^^A~2^^^B", "PID|||3", "PID|||3");
    check_segment("PID|||||EVERYMAN^ADAM^A", "PID|||||EVERYMAN", "PID|||||EVERYMAN");
    check_segment("PID|||||EVERYMAN^ADAM^A", "PID|||||EVERYMAN^^B", "PID|||||EVERYMAN^^B");
    // Separators alone say nothing.
    check_segment("PID|||1^^^A", "PID|||^^~", "PID|||1^^^A");
    // A null within a field that has a value.
    check_segment("PID|||||EVERYMAN^ADAM^A", "PID|||||EVERYMAN^\"\"^B", "PID|||||EVERYMAN^^B");
    check_segment("PID|||1~2", "PID|||\"\"~3", "PID|||~3");
    check_segment("PID|||||A&B", "PID|||||\"\"&C", "PID|||||&C");
    // What only looks like a null.
    check_segment("PID|1", "PID|\"\"x", "PID|\"\"x");
    check_segment("PID|1", "PID|\\X2222\\", "PID|\\X2222\\");
    // Surplus of a field goes with it; surplus fields are fields.
    check_segment("PID|1^x~y", "PID|2", "PID|2");
    check_segment("PID|1^x~y||7", "PID|||8", "PID|1^x~y||8");
    check_segment("PID|1", "PID|~2^\"\"&x", "PID|~2^&x");
    check_segment(
        "PID|1||1^2^3^4^5^6^7^8^9^10^11^12",
        "PID|2",
        "PID|2||1^2^3^4^5^6^7^8^9^10^11^12",
    );
    let behind = "|".repeat(40);
    check_segment(
        &format!("PID{behind}a|b|c"),
        &format!("PID{behind}|\"\"|d|e"),
        &format!("PID{behind}a||d|e"),
    );
    check_segment("PID|1", &format!("PID{behind}|x^\"\""), &format!("PID|1{}|x^", "|".repeat(39)));
    check_segment(&format!("PID{behind}|x"), "PID|1", &format!("PID|1{}|x", "|".repeat(39)));
}

const MSH: &str = "MSH|^~\\&|A|B|C|D|20260211||ADT^A08^ADT_A01|1|P|2.5.1";

fn message(lines: &[&str]) -> Vec<u8> {
    let mut lines = lines.to_vec();
    lines.insert(0, MSH);
    (lines.join("\r") + "\r").into_bytes()
}

/// What is on record after an update, below MSH.
#[track_caller]
fn check_message<T: Message>(old: &[&str], new: &[&str], expected: &[&str]) {
    let read = |lines| T::decode(&message(lines)).expect("a message").message;
    let mut record = read(old);
    apply_update(&mut record, &read(new));
    let found = String::from_utf8_lossy(&record.encode()).replace('\r', "\n");
    let expected = String::from_utf8_lossy(&message(expected)).replace('\r', "\n");
    assert_eq!(found, expected, "{old:?} + {new:?}");
}

#[test]
fn a_message_is_updated_segment_by_segment() {
    let check = check_message::<AdtA01>;
    check(&["PID|1||7", "PV1||I|A"], &["PID|||8"], &["PID|1||8", "PV1||I|A"]);
    check(&["PID|1||7"], &["PID|||8", "PV1||I"], &["PID|1||8", "PV1||I"]);
    // What repeats is a snapshot.
    let old = &["PID|1", "PV1||I", "AL1|1|DA|X", "AL1|2|DA|Y", "DG1|1"];
    check(old, &["PID|1"], old);
    check(old, &["AL1|1|FA|Z"], &["PID|1", "PV1||I", "AL1|1|FA|Z", "DG1|1"]);
    check(old, &["AL1|\"\""], &["PID|1", "PV1||I", "DG1|1"]);
    check(old, &["AL1||\"\"|"], &["PID|1", "PV1||I", "DG1|1"]);
    check(old, &["AL1|1|\"\""], &["PID|1", "PV1||I", "AL1|1", "DG1|1"]);
    check(old, &["AL1||||"], old);
    check(old, &["AL1|\"\"", "AL1|2|DA"], &["PID|1", "PV1||I", "AL1", "AL1|2|DA", "DG1|1"]);
    // So is a group.
    check(
        &["PID|1", "PR1|1||A", "ROL|1", "PR1|2||B", "GT1|1"],
        &["PID|1", "PR1|3||C", "ROL|3|\"\"|X"],
        &["PID|1", "PR1|3||C", "ROL|3||X", "GT1|1"],
    );
    check(&["PID|1", "PR1|1||A", "ROL|1", "GT1|1"], &["PR1|\"\""], &["PID|1", "GT1|1"]);
    // Segments without a place are replaced by name, in their group.
    let old = &["PID|1", "ZPI|1|A", "ZPI|2|B", "ZPJ|1", "PV1||I"];
    check(old, &["PID|2"], &["PID|2", "ZPI|1|A", "ZPI|2|B", "ZPJ|1", "PV1||I"]);
    check(old, &["PID|1", "ZPI|3|\"\"|C"], &["PID|1", "ZPI|3||C", "ZPJ|1", "PV1||I"]);
    check(
        old,
        &["ZPI|3", "ZPI|4", "PV1||I", "ZPI|5"],
        &["PID|1", "ZPI|3", "ZPI|4", "ZPJ|1", "PV1||I", "ZPI|5"],
    );
    check(old, &["PID|1", "ZPI|\"\""], &["PID|1", "ZPJ|1", "PV1||I"]);
    check(old, &["PID|1", "garbage"], old);
    check(&["PID|1", "garbage"], &["PID|2"], &["PID|2", "garbage"]);
    check_message::<OruR01>(
        &["PID|1", "OBR|1", "OBX|1|NM|A||5", "OBX|2|CE|B||x^y"],
        &["PID|1", "OBR|1", "OBX|1|ST|A||high^\"\""],
        &["PID|1", "OBR|1", "OBX|1|ST|A||high^"],
    );
}

/// The record keeps its delimiters; what comes with others is rewritten.
#[test]
fn an_update_under_other_delimiters() {
    let mut record =
        AdtA01::decode(&message(&["PID|1||7^x||EVE", "ZPI|1"])).expect("a message").message;
    let new = b"MSH#$%@*#A#B#C#D#20260211##ADT$A08$ADT_A01#2#P#2.5.1\rPID###8$y|#\"\"#R@F@D*E|^\rZPI#2$\"\"%|\r";
    apply_update(&mut record, &AdtA01::decode(new).expect("a message").message);
    let expected = "MSH|^~\\&|A|B|C|D|20260211||ADT^A08^ADT_A01|2|P|2.5.1\rPID|1||8^y\\F\\||R#D&E\\F\\\\S\\\rZPI|2^~\\F\\\r";
    assert_eq!(String::from_utf8_lossy(&record.encode()), expected);
}

#[test]
fn presence_of_fields() {
    let lines = ["PID|1|\"\"|\"\"~7||^^|~|\"\"^\"\"|\"\"~|x\\F\\y", "ZPI|\"\"||a&b^"];
    let message = AdtA01::decode(&message(&lines)).expect("a message").message;
    let value = |text: &str| Presence::Value(text.to_owned().into());
    for (path, expected) in [
        ("PID-1", value("1")),
        ("PID-2", Presence::Null),
        ("PID-3", value("\"\"~7")),
        ("PID-3[1]", Presence::Null),
        ("PID-3[2]", value("7")),
        ("PID-3[3]", Presence::Absent),
        ("PID-4", Presence::Absent),
        ("PID-5", Presence::Absent),
        ("PID-6", Presence::Absent),
        ("PID-7", value("\"\"^\"\"")),
        ("PID-7.1", Presence::Null),
        ("PID-8", value("\"\"~")),
        ("PID-9", value("x|y")),
        ("PID-99", Presence::Absent),
        ("ZPI-1", Presence::Null),
        ("ZPI-2", Presence::Absent),
        ("ZPI-3", value("a&b^")),
        ("ZPI-3.1.2", value("b")),
        ("ZPX-1", Presence::Absent),
        ("MSH-2", value("^~\\&")),
    ] {
        let path: Path = path.parse().expect("a path");
        assert_eq!(message.presence(&path), expected, "{path}");
    }
    let pid = &message.pid;
    assert_eq!(pid.patient_id.slot().presence(), Presence::Null);
    assert_eq!(pid.patient_identifier_list.slot().presence(), value("\"\"~7"));
    assert_eq!(pid.patient_name.slot().presence(), Presence::Absent);
    assert_eq!(pid.phone_number_home.slot().presence(), Presence::Absent);
}

#[test]
fn a_null_behind_a_switch_of_character_sets_is_one() {
    let header = "MSH|^~\\&|||||||ADT^A01^ADT_A01|1|P|2.5.1||||||~ISO IR87";
    let bytes = format!("{header}\rPID|1|\u{1b}(B|||\u{1b}(B\"\"|\u{1b}(Bx\r");
    let tree = Tree::parse(&*bytes).expect("a message");
    let message = AdtA01::decode(bytes.as_bytes()).expect("a message").message;
    for (path, expected) in [
        ("PID-2", Presence::Absent),
        ("PID-2.1", Presence::Absent),
        ("PID-5", Presence::Null),
        ("PID-5.1.1", Presence::Null),
        ("PID-6.1.1", Presence::Value("x".into())),
    ] {
        let path: Path = path.parse().expect("a path");
        assert_eq!(tree.presence(&path), expected, "{path}");
        assert_eq!(message.presence(&path), expected, "{path}");
    }
}

/// The segments of a message, as they are written.
fn content(message: &impl Message) -> Vec<String> {
    message.segments().iter().map(|segment| segment.er7().escape_ascii().to_string()).collect()
}

fn check_laws<T: Message + Clone + PartialEq>(old: &[u8], new: &[u8]) {
    let (Ok(old), Ok(new)) = (T::decode(old), T::decode(new)) else { return };
    let (old, new) = (old.message, new.message);
    let mut record = old.clone();
    apply_update(&mut record, &T::EMPTY);
    assert!(record == old && record.encode() == old.encode(), "nothing sent, nothing changed");

    let has_nulls = old.encode().windows(2).any(|pair| pair == b"\"\"");
    apply_update(&mut record, &old);
    if !has_nulls {
        assert_eq!(content(&record), content(&old), "itself sent, nothing changed");
    }

    // Once more changes nothing more; what is written of it can be read.
    apply_update(&mut record, &new);
    let once = content(&record);
    let again = T::decode(&record.encode()).expect("a message").message;
    let (written, once_more) = (record.encode(), again.encode());
    assert_eq!(once_more.escape_ascii().to_string(), written.escape_ascii().to_string());
    let null_sent = new.encode().windows(2).any(|pair| pair == b"\"\"");
    apply_update(&mut record, &new);
    if !null_sent {
        assert_eq!(content(&record), once, "the same update once more");
    }
}

/// After an update no field of a segment that the update valued differs from what it said.
fn check_valued(old: &[u8], new: &[u8]) {
    let of = |bytes: &[u8]| {
        let message = AdtA01::decode(bytes).ok()?.message;
        message.pid.is_present().then(|| (*message.pid).clone())
    };
    let (Some(mut record), Some(new)) = (of(old), of(new)) else { return };
    apply_update(&mut record, &new);
    let fields = |pid: &Pid| {
        let line = RawSegment::from_typed(pid);
        (1..60)
            .map(|field| {
                let path = Path::of_segment("PID").expect("an id").with_field(field);
                line.get(&path).map(std::borrow::Cow::into_owned)
            })
            .collect::<Vec<_>>()
    };
    for (index, (is, said)) in fields(&record).into_iter().zip(fields(&new)).enumerate() {
        let Some(said) = said else { continue };
        if said == "\"\"" {
            assert_eq!(is.unwrap_or_default().trim_matches('|'), "", "PID-{}", index + 1);
        } else if !said.contains("\"\"") && said.bytes().any(|byte| !b"^~&".contains(&byte)) {
            assert_eq!(is.as_deref(), Some(&*said), "PID-{}", index + 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn laws_of_updates((_, old) in damage::message(), (_, new) in damage::message()) {
        check_laws::<AdtA01>(&old.0, &new.0);
        check_laws::<OruR01>(&old.0, &new.0);
        check_valued(&old.0, &new.0);
    }
}
