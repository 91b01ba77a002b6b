//! `--json` is what the help says.

mod common;

use common::{ADT, FAULTY, Folder, ORU};
use serde_json::{Value, json};

/// The items that a command prints.
#[track_caller]
fn items(args: &[&str], input: &str) -> Vec<Value> {
    let run = Folder::new().run_with(args, input.as_bytes());
    serde_json::from_str(&run.stdout).expect("an array")
}

/// The repetitions of a field of the first message.
#[track_caller]
fn field(items: &[Value], path: &str) -> Value {
    let segments = items[0]["segments"].as_array().expect("segments");
    let mut fields =
        segments.iter().flat_map(|segment| segment["fields"].as_array().expect("fields"));
    fields.find(|field| field["path"] == path).expect(path)["repetitions"].clone()
}

#[test]
fn the_shape_of_a_field_follows_its_datatype() {
    let shown = items(&["show", "--json"], ADT);
    assert_eq!(field(&shown, "MSH-1"), json!(["|"]));
    assert_eq!(field(&shown, "MSH-2"), json!(["^~\\&"]));
    assert_eq!(field(&shown, "PID-1"), json!(["1"]));
    assert_eq!(
        field(&shown, "PID-3"),
        json!([
            ["4711", "", "", ["HARBOUR"], "MR"],
            ["998", "", "", ["STATE", "2.16.1", "ISO"], "SS"]
        ])
    );
    assert_eq!(field(&shown, "PID-5"), json!([[["EVERYMAN"], "ADAM", "B"], [["JONES"], "A"]]));
    assert_eq!(field(&shown, "PID-11"), json!([[["1 QUAY ST"], null, "PORT"]]));
    assert_eq!(field(&shown, "OBX-5"), json!(["first line\nR&D, second line"]));
    assert_eq!(field(&shown, "ZBD-2"), json!([["", "x"]]));
}

#[test]
fn segments_know_their_groups() {
    let shown = items(&["show", "--json"], ORU);
    let groups = |ordinal: usize| shown[0]["segments"][ordinal - 1]["groups"].clone();
    assert_eq!(groups(1), json!([]));
    assert_eq!(groups(2), json!(["PATIENT_RESULT[1]", "PATIENT[1]"]));
    assert_eq!(groups(8), json!(["PATIENT_RESULT[1]", "ORDER_OBSERVATION[2]", "OBSERVATION[2]"]));
}

#[test]
fn offsets_lead_to_the_messages() {
    let shown = items(&["show", "--json"], &format!("{ADT}{ORU}"));
    let numbers = |name: &str| shown.iter().map(|item| item[name].clone()).collect::<Vec<_>>();
    assert_eq!(numbers("index"), [1, 2]);
    assert_eq!(numbers("offset"), [0, ADT.len()]);
    assert_eq!(numbers("length"), [ADT.len(), ORU.len()]);
}

#[test]
fn empty_input_is_an_item_with_an_error() {
    for command in ["show", "check"] {
        let shown = items(&[command, "--json"], "");
        assert_eq!(shown[0]["error"], "the input is empty", "{command}");
    }
}

#[test]
fn spans_lead_to_the_pieces() {
    let checked = items(&["check", "--json", "-v"], FAULTY);
    let findings = checked[0]["findings"].as_array().expect("findings");
    let of = |rule: &str| findings.iter().find(|finding| finding["rule"] == rule).expect(rule);
    let span = &of("bad-format")["span"];
    let at =
        |index: usize| usize::try_from(span[index].as_u64().expect("a number")).expect("small");
    assert_eq!(&FAULTY[at(0)..at(1)], "2026021114011");
    assert_eq!(of("not-a-segment")["segment"], 5);
    assert_eq!(checked[0]["structure"], "ADT_A01");
    assert_eq!(checked[0]["hidden"], 0);
    assert!(findings.iter().all(|finding| finding["hint"].is_string()));
}

#[test]
fn hidden_findings_are_counted() {
    let all = items(&["check", "--json", "-v"], FAULTY);
    let some = items(&["check", "--json", "--min-severity", "error"], FAULTY);
    let count = |items: &[Value]| items[0]["findings"].as_array().expect("findings").len();
    assert!(count(&some) < count(&all));
    assert_eq!(some[0]["hidden"], count(&all) - count(&some));
}

#[test]
fn redacting_hides_values_everywhere() {
    for args in
        [&["show", "--redact"][..], &["show", "--redact", "--json"], &["check", "--redact", "-v"]]
    {
        let run = Folder::new().run_with(args, FAULTY.as_bytes());
        for value in ["4711", "LLER", "EVA", "1961", "HARBOUR"] {
            assert!(!run.stdout.contains(value), "{args:?} {value}");
        }
    }
}
