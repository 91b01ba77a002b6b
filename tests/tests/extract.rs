//! Structs that are checked against one version, taken from messages of all of them.

mod damage;

use std::fs;

use hl7_types::date_time::DateTime;
use hl7_types::extract::Source;
use hl7_types::v2_5_1::{AnyMessage, VERSION};
use hl7_types::{FromHl7, Path, Presence, Tree, Value, v2_5_1};
use proptest::prelude::*;

/// What a master patient index keeps.
#[derive(Debug, PartialEq, FromHl7)]
#[hl7(version = v2_5_1::VERSION)]
struct Patient {
    #[hl7("MSH-7.1")]
    sent: Option<DateTime>,
    #[hl7("PID-3[*].1")]
    identifiers: Vec<String>,
    #[hl7("PID-3[*].4.1")]
    authorities: Vec<Option<String>>,
    #[hl7("PID-5.1.1")]
    family_name: Option<String>,
    #[hl7("PID-33.1")]
    updated: Option<DateTime>,
    #[hl7("PID-39.1")]
    tribe: Option<String>,
    #[hl7(group = "INSURANCE")]
    insurance: Vec<Insurance>,
}

#[derive(Debug, PartialEq, FromHl7)]
#[hl7(message = v2_5_1::messages::AdtA01)]
struct Insurance {
    #[hl7("IN1-2.1")]
    plan: String,
    #[hl7("IN2-25.1")]
    payor: Option<String>,
}

#[test]
fn a_message_of_any_version() {
    let taken: Vec<_> = hl7_types::VERSIONS
        .iter()
        .map(|version| {
            let id = version.desc().id;
            let message = format!(
                "MSH|^~\\&|ADT||||202602111401||ADT^A01|1|P|{id}\rEVN|A01|2026\r\
                 PID|||4711^^^HARBOUR~0815||EVERYMAN&VON^ADAM{}20260101{}tribe^of Adam\rPV1||I\r\
                 IN1|1|basic\rIN2|||{}payor\rIN1|2|extra\r",
                "|".repeat(28),
                "|".repeat(6),
                "|".repeat(22),
            );
            let decoded = hl7_types::decode(message.as_bytes()).expect("a message").message;
            assert_eq!(decoded.version().id, id);
            let patient = Patient::from_message(&decoded).expect("a patient");
            let untyped = Patient::from_hl7(message.as_bytes()).expect("a patient");
            assert_eq!(patient.authorities, untyped.authorities, "{id}");
            assert_eq!((patient.identifiers.len(), untyped.insurance.len()), (2, 2), "{id}");
            (id, patient)
        })
        .collect();
    // What a version does not define is read all the same, groups are those that it has.
    for (id, patient) in &taken {
        assert_eq!(patient.identifiers, ["4711", "0815"], "{id}");
        assert_eq!(patient.authorities, [Some("HARBOUR".to_owned()), None], "{id}");
        assert_eq!(patient.family_name.as_deref(), Some("EVERYMAN"), "{id}");
        assert_eq!(patient.sent, DateTime::parse("202602111401"), "{id}");
        assert_eq!(patient.updated, DateTime::parse("20260101"), "{id}");
        assert_eq!(patient.tribe.as_deref(), Some("tribe"), "{id}");
        let payors: Vec<_> =
            patient.insurance.iter().map(|plan| (&*plan.plan, plan.payor.as_deref())).collect();
        if !patient.insurance.is_empty() {
            assert_eq!(payors, [("basic", Some("payor")), ("extra", None)], "{id}");
        }
    }
    let grouped = taken.iter().filter(|(_, patient)| !patient.insurance.is_empty());
    let grouped: Vec<_> = grouped.map(|(id, _)| *id).collect();
    assert_eq!(
        grouped,
        [
            "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.1",
            "2.8.2", "2.9"
        ]
    );
}

/// What stands at some paths that most messages have.
#[derive(Debug, PartialEq, FromHl7)]
#[hl7(version = v2_5_1::VERSION)]
struct Header {
    #[hl7("MSH-9.1")]
    code: Option<String>,
    #[hl7("MSH-10")]
    control_id: Option<String>,
    #[hl7("PID-3.1")]
    patient: Option<String>,
    #[hl7("PID-5.2")]
    given_name: Option<String>,
    #[hl7("OBX[2]-3.2")]
    second: Option<String>,
    #[hl7(raw)]
    whole: Tree,
}

#[test]
fn the_messages_in_examples() {
    for folder in ["messages", "faulty"] {
        let folder = format!("{}/../examples/{folder}", env!("CARGO_MANIFEST_DIR"));
        for entry in fs::read_dir(folder).expect("the folder can be read") {
            let bytes = fs::read(entry.expect("an entry").path()).expect("the file can be read");
            let Ok(tree) = Tree::parse(&bytes[..]) else {
                assert!(Header::from_hl7(&bytes).is_err());
                continue;
            };
            let get = |path: &str| {
                let path: Path = path.parse().expect("a path");
                tree.get(&path).map(String::from).filter(|text| text != "\"\"")
            };
            let expected = Header {
                code: get("MSH-9.1"),
                control_id: get("MSH-10"),
                patient: get("PID-3.1"),
                given_name: get("PID-5.2"),
                second: get("OBX[2]-3.2"),
                whole: tree.clone(),
            };
            assert_eq!(Header::from_hl7(&bytes).as_ref(), Ok(&expected));
            let decoded = hl7_types::decode(&bytes).expect("a message").message;
            assert_eq!(decoded.members().is_err(), decoded.group().is_none());
            assert_eq!(Header::from_message(&decoded), Ok(expected));
        }
    }
}

/// Of any message: what paths name, what stands in groups, and what stands behind them.
#[derive(Debug, PartialEq, FromHl7)]
#[hl7(version = VERSION)]
struct Anything {
    #[hl7("MSH-9")]
    kind: Value,
    #[hl7("PID-3[*].1")]
    identifiers: Vec<Presence<'static>>,
    #[hl7("OBX[*]-5[*]")]
    values: Vec<Value>,
    #[hl7("ZZZ-2", unchecked)]
    site: Option<String>,
    #[hl7(group = "PATIENT")]
    patients: Vec<Part>,
    #[hl7(group = "ORDER")]
    orders: Vec<Part>,
    #[hl7(group = "PATIENT_RESULT.ORDER_OBSERVATION")]
    results: Vec<Part>,
    #[hl7(group = "PROCEDURE")]
    procedures: Vec<Part>,
    #[hl7(segment = "OBX", direct)]
    outside: Vec<Lines>,
    #[hl7(raw)]
    whole: Tree,
}

#[derive(Debug, PartialEq, FromHl7)]
#[hl7(version = VERSION)]
struct Part {
    #[hl7(raw)]
    lines: Vec<u8>,
    #[hl7(raw)]
    message: Tree,
    #[hl7(group = "OBSERVATION")]
    observations: Vec<Lines>,
    #[hl7(segment = "NTE", direct)]
    notes: Vec<Lines>,
}

#[derive(Debug, PartialEq, FromHl7)]
#[hl7(version = VERSION)]
struct Lines {
    #[hl7(raw)]
    lines: Vec<u8>,
}

/// A struct is the same whether the message has structs or not.
fn check_extraction(bytes: &[u8]) {
    let untyped = Anything::from_hl7(bytes);
    let Ok(decoded) = AnyMessage::decode(bytes) else {
        assert!(untyped.is_err());
        return;
    };
    assert_eq!(Anything::from_message(&decoded.message), untyped);
    if let Ok(anything) = untyped {
        assert_eq!(anything.whole.bytes(), bytes);
        let parts = [&anything.patients, &anything.orders, &anything.results, &anything.procedures];
        for part in parts.into_iter().flatten() {
            assert!(part.message.bytes().ends_with(&part.lines));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_struct_is_taken_the_same_with_structs_and_without((_, bytes) in damage::message()) {
        check_extraction(&bytes.0);
    }
}
