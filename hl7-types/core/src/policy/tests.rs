//! What a mistaken file is told.

use super::Policy;
use crate::desc::{
    DatatypeDesc, DatatypeKind, ElementDesc, Format, SegmentDesc, TableDesc, TableKind, VersionDesc,
};

static ST: DatatypeDesc =
    DatatypeDesc::new("ST", "String Data", DatatypeKind::Primitive(Format::String), 0);
static CX: DatatypeDesc = DatatypeDesc::new("CX", "Id", DatatypeKind::Composite(PARTS), 0);
static VARIES: DatatypeDesc = DatatypeDesc::new("Varies", "Varies", DatatypeKind::Varies, 0);
static SEX: TableDesc =
    TableDesc { id: "0001", name: "Sex", kind: TableKind::User, codes: &[], patterns: &[] };
static PID: SegmentDesc = SegmentDesc::new("PID", "Patient", FIELDS);
static VERSION: VersionDesc = VersionDesc {
    id: "2.5.1",
    segments: &[&PID],
    datatypes: &[&CX, &ST, &VARIES],
    tables: &[&SEX],
    structures: &[],
    events: &[],
};
const PARTS: &[ElementDesc] = &[ElementDesc::new("ID", "id", &ST)];
const FIELDS: &[ElementDesc] =
    &[ElementDesc::new("Set ID", "set_id", &ST), ElementDesc::new("ID", "id", &CX)];

/// What is said about a file, a line each.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let errors = match Policy::parse(text, &[&VERSION]) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.to_string().lines().map(str::to_owned).collect(),
    };
    assert_eq!(errors, expected, "{text}");
}

#[test]
fn nothing_has_to_be_said() {
    check("", &[]);
    check("[validation]\n[rules]\n[tables]\n[segments]\n[fields]\n[limits]\n", &[]);
}

#[test]
fn keys_are_known() {
    check(
        "nmae = \"x\"\n",
        &[
            "line 1, column 1: found the key `nmae`, expected name, version, validation, rules, limits, tables, segments or fields; did you mean `name`?",
        ],
    );
    check(
        "[validation]\n  bodi = true\n",
        &[
            "line 2, column 3: validation: found the key `bodi`, expected body, custom-datatypes or trailing-delimiters; did you mean `body`?",
        ],
    );
    check(
        "[segments.ZPV]\nfields = [{ seq = 1, name = \"A\", type = \"ST\", lenght = 4 }]",
        &[
            "line 2, column 47: segments.ZPV.fields: found the key `lenght`, expected seq, name, type, usage, max, len or table",
        ],
    );
    check(
        "[tables.0001]\nadd = [{ code = \"X\", lable = \"Y\" }]",
        &[
            "line 2, column 22: tables.0001.add: found the key `lable`, expected code or label; did you mean `label`?",
        ],
    );
}

#[test]
fn values_are_of_their_kind() {
    for (text, expected) in [
        ("name = 1", "line 1, column 8: name: found an integer, expected a string"),
        ("rules = []", "line 1, column 9: rules: found an array, expected a table"),
        (
            "[validation]\nbody = \"no\"",
            "line 2, column 8: validation.body: found a string, expected true or false",
        ),
        (
            "[validation]\ntrailing-delimiters = \"allow\"",
            "line 2, column 23: validation.trailing-delimiters: found `allow`, expected allowed or error; did you mean `allowed`?",
        ),
        (
            "[rules]\ntoo-long = \"Warn\"",
            "line 2, column 12: rules.too-long: found `Warn`, expected off, note, warning or error; did you mean `warning`?",
        ),
        (
            "[limits]\nsegments = -5",
            "line 2, column 12: limits.segments: found -5, expected a whole number from 1 to 4294967294",
        ),
        (
            "[fields.\"PID-2\"]\nmax = 0",
            "line 2, column 7: fields.\"PID-2\".max: found 0, expected a whole number from 1 to 1000",
        ),
        (
            "[fields.\"PID-2\"]\nusage = \"r\"",
            "line 2, column 9: fields.\"PID-2\".usage: found `r`, expected R, RE, O, C, C(R/X), C(RE/X), B, X or W; did you mean `R`?",
        ),
        (
            "[tables.0001]\nadd = [1]",
            "line 2, column 8: tables.0001.add: found an integer, expected a code, or { code = \"..\", label = \"..\" }",
        ),
        (
            "[tables.0001]\nadd = [\"\"]",
            "line 2, column 8: tables.0001.add: found no code, expected a code",
        ),
    ] {
        check(text, &[expected]);
    }
}

#[test]
fn names_are_those_of_the_version() {
    for (text, expected) in [
        (
            "version = \"2.5\"",
            "line 1, column 11: version: found `2.5`, expected a version at hand: 2.5.1; did you mean `2.5.1`?",
        ),
        (
            "[segments.ZPV]\nfields = [{ seq = 1, name = \"A\", type = \"CXX\" }]",
            "line 2, column 41: segments.ZPV.fields.type: found `CXX`, expected a datatype of version 2.5.1; did you mean `CX`?",
        ),
        (
            "[segments.ZPV]\nfields = [{ seq = 1, name = \"A\", type = \"Varies\" }]",
            "line 2, column 41: segments.ZPV.fields.type: found `Varies`, expected a datatype of version 2.5.1",
        ),
        (
            "[fields.\"PID-2\"]\ntable = \"HW2\"\n[tables.HW1]\ncodes = []",
            "line 2, column 9: fields.\"PID-2\".table: found `HW2`, expected a table of version 2.5.1, or one with `codes` in this file; did you mean `HW1`?",
        ),
        (
            "[tables.0002]\nadd = [\"X\"]",
            "line 1, column 9: tables.0002: found `0002`, expected a table of version 2.5.1, or one with `codes` in this file",
        ),
        (
            "[fields.\"PIX-2\"]\nusage = \"R\"",
            "line 1, column 9: fields.\"PIX-2\": found the segment PIX, expected a field or component of version 2.5.1; did you mean `PID`?",
        ),
        (
            "[fields.\"PID-2.2\"]\nusage = \"R\"",
            "line 1, column 9: fields.\"PID-2.2\": found a path that leads to nothing, expected a field or component of version 2.5.1",
        ),
        (
            "[fields.\"PID-2[2]\"]\nusage = \"R\"",
            "line 1, column 9: fields: found `PID-2[2]`, expected a field or component as in \"PID-3\" or \"PID-3.4\", not MSH-1 or MSH-2",
        ),
        (
            "[segments.PID]\nfields = []",
            "line 1, column 11: segments.PID: found PID, which is a segment of version 2.5.1, expected a segment that the standard does not have; change fields of PID with [fields.\"PID-1\"]",
        ),
        (
            "[segments.zpv]\nfields = []",
            "line 1, column 11: segments: found `zpv`, expected a segment id: an upper-case letter, then two letters or digits",
        ),
    ] {
        let lines = match Policy::parse(text, &[&VERSION]) {
            Ok(_) => String::new(),
            Err(errors) => errors.to_string(),
        };
        assert_eq!(lines, expected, "{text}");
    }
}

#[test]
fn fields_of_a_segment_stand_once_and_say_what_they_are() {
    check(
        "[segments.ZPV]\nfields = [\n  { seq = 1, name = \"A\", type = \"ST\" },\n  { seq = 1, name = \"B\", type = \"ST\" },\n  { seq = 2, name = \"C\" },\n]",
        &[
            "line 4, column 3: segments.ZPV.fields: found field 1 once more, expected each field once",
            "line 5, column 3: segments.ZPV.fields: found a field without `type`, expected seq, name and type",
        ],
    );
}

#[test]
fn all_mistakes_are_told_in_their_order() {
    check(
        "version = \"2.5.1\"\n[validation]\nbody = 1\n[rules]\ntoo-lnog = \"off\"\n[fields.\"PID-9\"]\nmax = \"many\"\n# Ümläut\n[tables]\n0001 = { \"ädd\" = [] }\n",
        &[
            "line 3, column 8: validation.body: found an integer, expected true or false",
            "line 5, column 1: rules: found the key `too-lnog`, expected the id of a rule; did you mean `too-long`?",
            "line 6, column 9: fields.\"PID-9\": found a path that leads to nothing, expected a field or component of version 2.5.1",
            "line 7, column 7: fields.\"PID-9\".max: found a string, expected a whole number from 1 to 1000",
            "line 10, column 10: tables.0001: found the key `ädd`, expected name, add, codes or closed",
        ],
    );
}

#[test]
fn what_is_no_toml_is_told_as_such() {
    let errors = Policy::parse("name = \n[rules\n", &[&VERSION]).expect_err("no TOML");
    let lines: Vec<_> = errors.list().iter().map(|error| error.line).collect();
    assert_eq!(lines, [1, 2]);
    assert!(errors.list().iter().all(|error| error.found == "something that is no TOML"));
}

/// Every key stands in the reference page and in the example.
#[test]
fn every_key_is_documented() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");
    let read = |file: &str| std::fs::read_to_string(format!("{root}{file}")).expect(file);
    let (page, example) = (read("docs/policy.md"), read("examples/partner.toml"));
    for key in super::read::KEYS.iter().flat_map(|keys| keys.iter()) {
        let told = page.contains(&format!("`{key}`"))
            || page.contains(&format!("`[{key}]`"))
            || page.contains(&format!("`[{key}."))
            || page.contains(&format!("{key} = "));
        assert!(told, "docs/policy.md says nothing about {key}");
        let shown = example.contains(&format!("{key} = ")) || example.contains(&format!("[{key}"));
        assert!(shown, "examples/partner.toml does not have {key}");
    }
}
