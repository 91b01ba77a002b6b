//! The messages in `examples/`: what they decode to and what is found in them, as snapshots to be judged; that each comes
//! back byte for byte; and that the clean ones are clean.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use hl7_types::v2_5_1::{AnyMessage, VERSION};
use hl7_types::{
    DecodeOptions, Decoded, Findings, Message as _, RawSegment, Rule, Rules, Severity, Tree, Visit,
    node::{Element, GroupNode},
    walk,
};

/// Clean messages that are there to show something which is worth a note.
const NOTED: [(&str, Rule); 2] =
    [("adt_a01_zpv.hl7", Rule::SiteSegment), ("oru_r01_z.hl7", Rule::SiteSegment)];

/// Files in `faulty` without a finding: what is wrong in them is kept, and nothing else.
const KEPT: [&str; 4] =
    ["bom.hl7", "mixed_line_ends.hl7", "mllp_frame.hl7", "no_last_terminator.hl7"];

/// The one faulty file that cannot be decoded.
const NO_MESSAGE: &str = "msh2_letters.hl7";

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name)
}

/// The messages of a folder, by name.
fn files(name: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder(name)).expect("the folder can be read");
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.expect("the entry can be read").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "hl7"));
    files.sort();
    assert!(!files.is_empty(), "there are no messages in {name}");
    files
}

fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).expect("the name is text")
}

fn options() -> DecodeOptions {
    DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() }
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).expect("the file can be read")
}

/// All messages but [`NO_MESSAGE`], decoded.
fn decoded(names: &[&str]) -> Vec<(PathBuf, Vec<u8>, Decoded<AnyMessage>)> {
    let files = names.iter().flat_map(|name| files(name));
    files
        .filter(|path| file_name(path) != NO_MESSAGE)
        .map(|path| {
            let bytes = read(&path);
            let decoded = AnyMessage::decode_with(&bytes, &options())
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (path, bytes, decoded)
        })
        .collect()
}

#[test]
fn what_matters_less_than_is_asked_for_is_counted_and_not_kept() {
    for (path, bytes, decoded) in decoded(&["messages", "faulty"]) {
        for least in [Severity::Note, Severity::Warning, Severity::Error] {
            let asked = DecodeOptions { least, ..options() };
            let found = AnyMessage::decode_with(&bytes, &asked).expect("it was decoded").findings;
            let (kept, others): (Vec<_>, Vec<_>) =
                decoded.findings.iter().partition(|finding| finding.severity >= least);
            assert_eq!(found.iter().collect::<Vec<_>>(), kept, "{}", path.display());
            assert_eq!(found.total, kept.len(), "{}", path.display());
            for severity in [Severity::Note, Severity::Warning, Severity::Error] {
                let count = others.iter().filter(|other| other.severity == severity).count();
                assert_eq!(found.passed_over(severity), count, "{}", path.display());
            }
        }
    }
}

/// A name with its number where there are several.
fn numbered(name: &str, occurrence: usize, of: usize) -> String {
    if of > 1 { format!("{name}[{occurrence}]") } else { name.to_owned() }
}

/// One line a segment, with the groups around it.
fn tree(root: &dyn GroupNode) -> String {
    let mut out = format!("{}\n", root.desc().name);
    let mut inside: Vec<String> = Vec::new();
    let mut line = |inside: &[String], name: &str, mark: &str| {
        let mut path = inside.join(".");
        if !path.is_empty() {
            path.push('.');
        }
        writeln!(out, "  {path}{name}{mark}").expect("a string takes text");
    };
    let id = |raw: &RawSegment| raw.id().unwrap_or("???").to_owned();
    walk(root, &mut |visit| match visit {
        Visit::Enter { group, occurrence, of } => {
            inside.push(numbered(group.desc().name, occurrence, of));
        }
        Visit::Leave => {
            inside.pop();
        }
        Visit::Segment { segment, occurrence, of } => {
            line(&inside, &numbered(segment.desc().id, occurrence, of), "");
        }
        Visit::Raw(raw) => line(&inside, &id(raw), " (any)"),
        Visit::Stray(raw) => line(&inside, &id(raw), " (stray)"),
    });
    out
}

fn report(bytes: &[u8]) -> String {
    let decoded = match AnyMessage::decode_with(bytes, &options()) {
        Ok(decoded) => decoded,
        Err(error) => return format!("cannot be decoded: {error}"),
    };
    let mut out = match decoded.message.group() {
        Some(root) => tree(root),
        None => "no structure\n".to_owned(),
    };
    for finding in &decoded.findings {
        writeln!(out, "{finding}").expect("a string takes text");
    }
    out
}

#[test]
fn trees_and_findings() {
    for name in ["messages", "faulty"] {
        let mut settings = insta::Settings::clone_current();
        settings.set_omit_expression(true);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_snapshot_path(format!("snapshots/{name}"));
        for path in files(name) {
            let stem = file_name(&path).trim_end_matches(".hl7");
            settings.bind(|| insta::assert_snapshot!(stem, report(&read(&path))));
        }
    }
}

#[test]
fn they_come_back_byte_for_byte() {
    for (path, bytes, decoded) in decoded(&["messages", "faulty"]) {
        assert_eq!(
            decoded.message.encode().escape_ascii().to_string(),
            bytes.escape_ascii().to_string(),
            "{}",
            path.display()
        );
    }
}

#[test]
fn values_read_the_same_under_other_delimiters() {
    let message = AnyMessage::decode(&read(&folder("messages/oru_r01_delimiters.hl7")))
        .expect("a message")
        .message;
    let get = |path: &str| message.get(&path.parse().expect("a path")).map(Cow::into_owned);
    assert_eq!(get("OBX[2]-5").as_deref(), Some("Straw & pale; 1 | 2; 50 %"));
    assert_eq!(get("OBX[3]-5[2]").as_deref(), Some("Ratio A^B."));
    assert_eq!(get("SPM-2.2.2").as_deref(), Some("LAB1"));
}

/// The checker without structs finds what decoding into structs finds.
#[test]
fn findings_are_the_same_without_types() {
    let lines = |findings: &Findings| findings.iter().map(ToString::to_string).collect::<Vec<_>>();
    for (path, bytes, decoded) in decoded(&["messages", "faulty"]) {
        let tree = Tree::parse(bytes).expect("it was decoded before");
        let findings = match tree.structure(&VERSION) {
            Some(structure) => tree.check(structure, &options()),
            None => tree.check_segments(&VERSION, &options()),
        };
        assert_eq!(lines(&findings), lines(&decoded.findings), "{}", file_name(&path));
    }
}

#[test]
fn the_clean_ones_are_clean() {
    let mut noted: Vec<(String, Rule)> = Vec::new();
    let mut faults = String::new();
    for (path, _, decoded) in decoded(&["messages"]) {
        for finding in &decoded.findings {
            noted.push((file_name(&path).to_owned(), finding.rule));
            if !NOTED.contains(&(file_name(&path), finding.rule)) {
                writeln!(faults, "{}: {finding}", file_name(&path)).expect("a string takes text");
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
    for (name, rule) in NOTED {
        assert!(
            noted.contains(&(name.to_owned(), rule)),
            "{name} does not show {}; take it off the list",
            rule.id()
        );
    }
}

#[test]
fn the_faulty_ones_are_faulty() {
    for (path, _, decoded) in decoded(&["faulty"]) {
        let name = file_name(&path);
        assert_eq!(decoded.findings.is_empty(), KEPT.contains(&name), "{name}");
    }
    assert!(AnyMessage::decode(&read(&folder("faulty").join(NO_MESSAGE))).is_err());
}

/// An order of any kind opens the detail of its ORC, and what follows is in it.
#[test]
fn any_member_of_the_choice_opens_the_order() {
    for id in ["OBR", "RQD", "RQ1", "RXO", "ODS", "ODT"] {
        let message = format!(
            "MSH|^~\\&|OE1||LAB1||20240311||ORM^O01^ORM_O01|1|P|2.5.1\rPID|1||1||FENWICK\r\
             ORC|NW|1\r{id}|1\rNTE|1||before\rORC|NW|2\r{id}|2\rOBX|1|ST|1||x||||||F\r"
        );
        let decoded = AnyMessage::decode(message.as_bytes()).expect("a message");
        let detail = "ORDER_DETAIL";
        let expected = format!(
            "ORM_O01\n  MSH\n  PATIENT.PID\n  ORDER[1].ORC\n  ORDER[1].{detail}.{id}\n  \
             ORDER[1].{detail}.NTE\n  ORDER[2].ORC\n  ORDER[2].{detail}.{id}\n  \
             ORDER[2].{detail}.OBSERVATION.OBX\n"
        );
        assert_eq!(tree(decoded.message.group().expect("a structure")), expected);
        let structural = |finding: &&hl7_types::Finding| finding.rule <= Rule::NotASegment;
        assert_eq!(decoded.findings.iter().find(structural), None, "{id}");
    }
}

/// A segment that the structure does not name is found by its name, and stands where it stood.
#[test]
fn strays_are_found_by_name_and_in_order() {
    let bytes = read(&folder("messages/oru_r01_z.hl7"));
    let message = AnyMessage::decode(&bytes).expect("a message").message;
    let get = |path: &str| message.get(&path.parse().expect("a path")).map(Cow::into_owned);
    assert_eq!(get("ZBR-2").as_deref(), Some("BENCH-4"));
    assert_eq!(get("ZEN-2").as_deref(), Some("END"));
    let AnyMessage::OruR01(oru) = &message else { panic!("{}", message.name()) };
    let order = &oru.patient_result[0].order_observation[0];
    let stray = |extra: &hl7_types::Extra| {
        extra.strays().iter().filter_map(|stray| stray.segment.id().map(str::to_owned)).collect()
    };
    let found: [Vec<String>; 2] = [stray(&order.extra), stray(&order.observation[0].extra)];
    assert_eq!(found, [["ZBR"], ["ZEN"]]);
    let mut order = Vec::new();
    oru.for_each_segment(|element| match element {
        Element::Segment(segment) => order.push(segment.desc().id.to_owned()),
        Element::Raw(raw) => order.extend(raw.id().map(str::to_owned)),
        Element::Group(_) => {}
    });
    assert_eq!(order, ["MSH", "PID", "ZPI", "OBR", "ZBR", "OBX", "ZEN"]);
}

/// `examples/README.md` has a row for every message, and no other.
#[test]
fn the_table_lists_every_message() {
    let readme = fs::read_to_string(folder("README.md")).expect("the file can be read");
    let rows = readme.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let mut listed: Vec<&str> =
        rows.map(|(name, _)| name).filter(|name| name.ends_with(".hl7")).collect();
    listed.sort_unstable();
    let mut there: Vec<String> = Vec::new();
    for name in ["messages", "faulty"] {
        there.extend(files(name).iter().map(|path| format!("{name}/{}", file_name(path))));
    }
    there.sort_unstable();
    assert_eq!(listed, there);
}
