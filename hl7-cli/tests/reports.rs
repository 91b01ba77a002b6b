//! Findings as data are what they are published to be, and do not depend on how many files are checked at once.

mod common;

use common::{ADT, FAULTY, Folder, ORU};
use serde_json::{Value, json};

/// A folder with all kinds of files, more of them than workers.
fn inbox() -> Folder {
    let mut folder = Folder::new();
    for index in 0..20 {
        let text = match index % 5 {
            0 => format!("{ADT}{FAULTY}"),
            1 => ORU.to_owned(),
            2 => "just text\n".to_owned(),
            3 => FAULTY.replace("2.5.1", "2.5.9"),
            _ => String::new(),
        };
        folder = folder.with(&format!("in/{index:02} ü.hl7"), text);
    }
    folder
}

#[track_caller]
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

// --- several files at once -------------------------------------------------------------------------------------------

#[test]
fn files_checked_at_once_come_in_their_order() {
    let folder = inbox();
    for format in [
        &["-v"][..],
        &["--redact"],
        &["--color", "always"],
        &["--json", "-v"],
        &["--format", "sarif"],
        &["--summary", "--top", "0"],
    ] {
        let run = |jobs: &str| {
            let args = [&["check", "--jobs", jobs], format, &["in", "missing.hl7"]].concat();
            let run = folder.run(&args);
            assert_eq!(run.status, 2);
            run.all()
        };
        let one = run("1");
        for jobs in ["2", "3", "64"] {
            assert_eq!(run(jobs), one, "{format:?} {jobs}");
        }
    }
}

#[test]
fn formats_are_asked_for_once() {
    let folder = inbox();
    for args in [
        &["check", "--json", "--format", "sarif", "in"][..],
        &["check", "--summary", "--format", "json", "in"],
        &["check", "--json", "--values", "--redact", "in"],
        &["check", "--jobs", "0", "in"],
    ] {
        let run = folder.run(args);
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{args:?}");
    }
    assert_eq!(
        folder.run(&["check", "--json", "in"]).stdout,
        folder.run(&["check", "--format", "json", "in"]).stdout
    );
}

// --- the published schema --------------------------------------------------------------------------------------------

/// What a value has against a schema: as much of JSON Schema as `docs/findings.schema.json` uses, and a mistake where it
/// uses more.
fn against(schema: &Value, root: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    for (keyword, rule) in schema.as_object().expect("a schema") {
        let mut fault = |wrong: bool| {
            if wrong {
                faults.push(format!("{at}: {keyword}"));
            }
        };
        match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" => {}
            "$ref" => {
                let name = rule.as_str().expect("a name").strip_prefix('#').expect("of this file");
                against(root.pointer(name).expect(name), root, value, at, faults);
            }
            "type" => {
                let kinds = rule.as_array().cloned().unwrap_or_else(|| vec![rule.clone()]);
                fault(!kinds.iter().any(|kind| is(kind.as_str().expect("a type"), value)));
            }
            "enum" => fault(!rule.as_array().expect("values").contains(value)),
            "minimum" => fault(value.as_i64() < rule.as_i64()),
            "minItems" => fault(length(value) < rule.as_u64()),
            "maxItems" => fault(length(value) > rule.as_u64()),
            "required" => {
                let missing = |key: &Value| value.get(key.as_str().expect("a key")).is_none();
                fault(rule.as_array().expect("keys").iter().any(missing));
            }
            "additionalProperties" => {
                assert_eq!(rule, false);
                let known = schema["properties"].as_object().expect("properties");
                let keys = value.as_object().into_iter().flat_map(|object| object.keys());
                keys.for_each(|key| fault(!known.contains_key(key)));
            }
            "properties" => {
                for (key, schema) in rule.as_object().expect("properties") {
                    if let Some(value) = value.get(key) {
                        against(schema, root, value, &format!("{at}/{key}"), faults);
                    }
                }
            }
            "items" => {
                for (index, value) in value.as_array().into_iter().flatten().enumerate() {
                    against(rule, root, value, &format!("{at}/{index}"), faults);
                }
            }
            "oneOf" => {
                let fits = |schema: &&Value| {
                    let mut faults = Vec::new();
                    against(schema, root, value, at, &mut faults);
                    faults.is_empty()
                };
                fault(rule.as_array().expect("schemas").iter().filter(fits).count() != 1);
            }
            other => panic!("the test does not know {other}"),
        }
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "array" => value.is_array(),
        "object" => value.is_object(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        other => panic!("the test does not know {other}"),
    }
}

fn length(value: &Value) -> Option<u64> {
    value.as_array().and_then(|list| list.len().try_into().ok())
}

fn faults(value: &Value) -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/findings.schema.json");
    let schema = parsed(&std::fs::read_to_string(path).expect("the schema"));
    let mut faults = Vec::new();
    against(&schema, &schema, value, "", &mut faults);
    faults
}

#[test]
fn json_is_what_the_schema_says() {
    let run = inbox().run(&["check", "--json", "-v", "--values", "in", "missing.hl7"]);
    let output = parsed(&run.stdout);
    assert_eq!(faults(&output), [""; 0]);
    for key in ["expected", "found", "error", "structure"] {
        assert!(run.stdout.contains(&format!("\"{key}\":")), "{key} should be there to be judged");
    }
    let other_version = inbox().run(&["check", "--json", "--version", "2.3", "in/00 ü.hl7"]);
    assert!(other_version.stdout.contains("\"allowed\":"));
    assert_eq!(faults(&parsed(&other_version.stdout)), [""; 0]);
}

#[test]
fn the_schema_refuses_what_is_not_so() {
    let run = inbox().run(&["check", "--json", "in/00 ü.hl7"]);
    let good = parsed(&run.stdout);
    let finding = "/1/findings/0";
    for (pointer, key, value) in [
        ("/0", "file", json!(1)),
        ("/0", "index", json!(0)),
        ("/0", "more", json!(true)),
        (finding, "severity", json!("fatal")),
        (finding, "span", json!([1])),
        (finding, "span", json!([1, -2])),
        (finding, "segment", Value::Null),
        (finding, "text", json!("EVERYMAN")),
    ] {
        let mut wrong = good.clone();
        wrong.pointer_mut(pointer).expect(pointer)[key] = value.clone();
        assert_ne!(faults(&wrong), [""; 0], "{key} {value}");
    }
    let mut wrong = good;
    wrong.pointer_mut("/0").and_then(Value::as_object_mut).expect("a message").remove("hidden");
    assert_ne!(faults(&wrong), [""; 0]);
}

#[test]
fn values_are_there_for_the_asking() {
    let folder = Folder::new().with("faulty.hl7", FAULTY);
    for (format, pointer) in [("json", "/0/findings"), ("sarif", "/runs/0/results")] {
        let plain = folder.run(&["check", "--format", format, "-v", "faulty.hl7"]).stdout;
        for value in ["4711", "LLER", "EVA", "1961", "2026021114011"] {
            assert!(!plain.contains(value), "{format} {value}");
        }
        let open =
            folder.run(&["check", "--format", format, "-v", "--values", "faulty.hl7"]).stdout;
        let open = parsed(&open);
        let findings = open.pointer(pointer).and_then(Value::as_array).expect("findings");
        let found = |finding: &Value| {
            let found = finding.get("found").or_else(|| finding.pointer("/properties/found"))?;
            Some(found.as_str()?.to_owned())
        };
        let found: Vec<_> = findings.iter().filter_map(found).collect();
        assert!(found.contains(&"2026021114011".to_owned()), "{found:?}");
        assert!(found.contains(&"|||extra".to_owned()), "{found:?}");
    }
}

// --- SARIF -----------------------------------------------------------------------------------------------------------

/// What SARIF 2.1.0 wants of a log (sections 3.13, 3.14, 3.18, 3.27, 3.28, 3.29, 3.30, 3.33, 3.49, 3.58).
#[test]
fn sarif_has_what_it_must_have() {
    let folder = inbox();
    let log =
        parsed(&folder.run(&["check", "--format", "sarif", "-v", "in", "missing.hl7"]).stdout);
    assert_eq!(log["version"], "2.1.0");
    assert_eq!(log["$schema"], "https://json.schemastore.org/sarif-2.1.0.json");
    assert_eq!(log["runs"].as_array().map(Vec::len), Some(1));
    let run = &log["runs"][0];
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "hl7");
    let rules = driver["rules"].as_array().expect("rules");
    let text = |value: &Value| value["text"].as_str().is_some_and(|text| !text.is_empty());
    let levels = [json!("note"), json!("warning"), json!("error")];
    for rule in rules {
        assert!(rule["id"].is_string() && text(&rule["shortDescription"]) && text(&rule["help"]));
        assert!(levels.contains(&rule["defaultConfiguration"]["level"]), "{rule}");
    }
    let results = run["results"].as_array().expect("results");
    assert!(results.len() > 20);
    for result in results {
        let index =
            usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(levels.contains(&result["level"]) && text(&result["message"]), "{result}");
        let location = &result["locations"][0];
        let place = &location["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().expect("a uri");
        assert!(uri.starts_with("in/") && uri.ends_with("%20%C3%BC.hl7"), "{uri}");
        let file = uri.replace("%20", " ").replace("%C3%BC", "ü");
        let length = std::fs::read(folder.path(&file)).expect("the file").len() as u64;
        let region = |key: &str| place["region"][key].as_u64().expect("a number");
        assert!(region("byteOffset") + region("byteLength") <= length, "{result}");
        let path = &location["logicalLocations"][0]["fullyQualifiedName"];
        assert!(path.as_str().is_some_and(|path| path.len() >= 3), "{result}");
    }
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let notifications = invocation["toolExecutionNotifications"].as_array().expect("a list");
    assert_eq!(notifications.len(), 9);
    assert!(notifications.iter().all(|note| text(&note["message"]) && note["level"] == "error"));
}

#[test]
fn sarif_leads_to_the_piece() {
    let folder = Folder::new().with("two.hl7", format!("{ADT}{FAULTY}"));
    let run = folder.run(&["check", "--format", "sarif", "two.hl7"]);
    assert_eq!(run.status, 1);
    let log = parsed(&run.stdout);
    let results = log["runs"][0]["results"].as_array().expect("results");
    let date = results.iter().find(|result| result["ruleId"] == "bad-format").expect("a date");
    let region = &date["locations"][0]["physicalLocation"]["region"];
    let offset = ADT.len() + FAULTY.find("2026021114011\r").expect("the date");
    assert_eq!(region, &json!({ "byteOffset": offset, "byteLength": 13 }));
    assert_eq!(date["properties"]["messageIndex"], 2);
    assert_eq!(date["properties"]["hl7Version"], "2.5.1");
    assert_eq!(log["runs"][0]["invocations"][0]["executionSuccessful"], true);
    let nothing = parsed(
        &Folder::new().with("oru.hl7", ORU).run(&["check", "--format", "sarif", "oru.hl7"]).stdout,
    );
    assert_eq!(nothing["runs"][0]["results"], json!([]));
}
