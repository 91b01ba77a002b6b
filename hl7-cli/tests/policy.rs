//! `hl7 check --policy`: by what is agreed with a partner.

mod common;

use common::{ADT, Folder};
use serde_json::Value;

/// An admission in which the standard finds a note at most.
fn clean() -> String {
    ADT.replace("||47.09", "||47.09||20260211").replace("||51.23", "||51.23||20260211")
}

/// What is found by a policy, as `severity[rule] path`, and the exit status.
#[track_caller]
fn check(policy: &str, message: &str, more: &[&str], expected: &[&str]) {
    let folder = Folder::new().with("partner.toml", policy).with("in.hl7", message);
    let args = ["check", "--policy", "partner.toml", "--json", "in.hl7"];
    let run = folder.run(&[&args, more].concat());
    assert_eq!(run.status, i32::from(!expected.is_empty()), "{}", run.stderr);
    let items: Vec<Value> = serde_json::from_str(&run.stdout).expect("an array");
    let findings = items[0]["findings"].as_array().expect(&run.stdout);
    let text = |finding: &Value, key: &str| finding[key].as_str().expect(key).to_owned();
    let found: Vec<_> = findings
        .iter()
        .map(|finding| {
            let [severity, rule, path] = ["severity", "rule", "path"].map(|key| text(finding, key));
            format!("{severity}[{rule}] {path}")
        })
        .collect();
    assert_eq!(found, expected, "{policy}");
}

#[test]
fn a_policy_says_what_matters() {
    let clean = &clean();
    check("", clean, &[], &[]);
    check("[rules]\nsite-segment = \"error\"", clean, &[], &["error[site-segment] ZBD"]);
    check(
        "[segments.ZBD]\nfields = [{ seq = 1, name = \"Set\", type = \"SI\", table = \"HW1\" }]\n[tables.HW1]\ncodes = [\"1\"]",
        clean,
        &[],
        &["error[unknown-code] ZBD-1", "warning[surplus-field] ZBD-2"],
    );
    check("[fields.\"PID-6\"]\nusage = \"R\"", clean, &[], &["error[required-field] PID-6"]);
    check("[fields.\"PID-6\"]\nusage = \"R\"\n[validation]\nbody = false", clean, &[], &[]);
}

#[test]
fn arguments_and_policy_stand_together() {
    let other = clean().replace("|2.5.1\r", "|2.4\r");
    let policy = "version = \"2.5.1\"\n[fields.\"PID-6\"]\nusage = \"R\"\n[tables.0001]\nclosed = true\ncodes = [\"F\"]";
    let (field, code) = ("error[required-field] PID-6", "error[unknown-code] PID-8");
    check(policy, &other, &[], &[field, code]);
    check(policy, &other, &["--structure-only"], &[field]);
    check("", &other, &["--version", "2.5.1"], &[]);
    // The policy judges under its own version; read as another, the rest of it still holds.
    let run = Folder::new().with("p.toml", policy).with("in.hl7", &other).run(&[
        "check",
        "--policy",
        "p.toml",
        "--version",
        "2.4",
        "--json",
        "in.hl7",
    ]);
    assert!(run.stdout.contains("\"version\":\"2.4\""));
    assert!(run.stdout.contains("\"path\":\"PID-6\""));
}

#[test]
fn bounds_are_those_of_the_policy() {
    let folder = Folder::new()
        .with("p.toml", "[limits]\nbytes = 100\n")
        .with("q.toml", "[limits]\nfindings = 2\n[rules]\nsite-code = \"error\"\n[tables.0001]\ncodes = [\"1\"]\n[tables.0004]\ncodes = [\"1\"]\n[tables.0203]\ncodes = [\"1\"]\n")
        .with("in.hl7", ADT);
    let run = folder.run(&["check", "--policy", "p.toml", "in.hl7"]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("100"), "{}", run.stderr);
    let run = folder.run(&["check", "--policy", "q.toml", "--json", "-v", "in.hl7"]);
    assert_eq!(run.stdout.matches("\"rule\"").count(), 2);
}

#[test]
fn mistakes_are_told_and_nothing_is_checked() {
    let folder = Folder::new()
        .with("bad.toml", "[validation]\nbodi = true\n[rules]\ntoo-long = \"of\"\n")
        .with("in.hl7", ADT);
    let run = folder.run(&["check", "--policy", "bad.toml", "--json", "in.hl7"]);
    assert_eq!((run.status, run.stdout.as_str()), (2, ""));
    let lines: Vec<_> = run.stderr.lines().collect();
    assert_eq!(
        lines,
        [
            "error: bad.toml: line 2, column 1: validation: found the key `bodi`, expected body, custom-datatypes or trailing-delimiters; did you mean `body`?",
            "error: bad.toml: line 4, column 12: rules.too-long: found `of`, expected off, note, warning or error; did you mean `off`?",
        ]
    );
    let run = folder.run(&["check", "--policy", "none.toml", "in.hl7"]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.starts_with("error: none.toml: there is no such file"), "{}", run.stderr);
}
