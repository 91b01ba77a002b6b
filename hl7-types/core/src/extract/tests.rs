//! What paths find and how it reads, which groups there are, and what is said where something is missing.

use std::fmt::Debug;

use super::*;
use crate::date_time::{Date, DateTime, Time};
use crate::desc::{
    DatatypeDesc, ElementDesc, GroupDesc, MANY, MemberDesc, MemberKind, SegmentDesc, StructureDesc,
};
use crate::primitives::{Ft, Nm};
use crate::value::{Presence, Value};

static ST: &DatatypeDesc = &crate::primitives::TEXT;
static MSH: SegmentDesc = SegmentDesc::new("MSH", "Message Header", &[]);
static PID: SegmentDesc =
    SegmentDesc::new("PID", "Patient", &[ElementDesc::new("Set ID", "set_id", ST)]);
static OBR: SegmentDesc = SegmentDesc::new("OBR", "Order", &[]);
static OBX: SegmentDesc = SegmentDesc::new("OBX", "Observation", &[]);
static NTE: SegmentDesc = SegmentDesc::new("NTE", "Note", &[]);
static OBSERVATION: GroupDesc =
    GroupDesc { name: "OBSERVATION", members: &[one("obx", &OBX), any("nte", &NTE)] };
static ORDER: GroupDesc = GroupDesc {
    name: "ORDER",
    members: &[
        one("obr", &OBR),
        any("nte", &NTE),
        MemberDesc::new("observation", 0, MANY, MemberKind::Group(&OBSERVATION)),
    ],
};
static PATIENT: GroupDesc = GroupDesc {
    name: "PATIENT",
    members: &[one("pid", &PID), MemberDesc::new("order", 0, MANY, MemberKind::Group(&ORDER))],
};
static ROOT: GroupDesc = GroupDesc {
    name: "ABC_A01",
    members: &[one("msh", &MSH), MemberDesc::new("patient", 0, MANY, MemberKind::Group(&PATIENT))],
};
static ABC_A01: StructureDesc = StructureDesc::new("ABC_A01", Some(&VERSION), &ROOT);
static VERSION: VersionDesc = VersionDesc {
    id: "9.9",
    segments: &[&MSH, &NTE, &OBR, &OBX, &PID],
    datatypes: &[],
    tables: &[],
    structures: &[&ABC_A01],
    events: &[],
};

const fn one(ident: &'static str, segment: &'static SegmentDesc) -> MemberDesc {
    MemberDesc::new(ident, 1, 1, MemberKind::Segment(segment))
}

const fn any(ident: &'static str, segment: &'static SegmentDesc) -> MemberDesc {
    MemberDesc::new(ident, 0, MANY, MemberKind::Segment(segment))
}

/// Reads a path in segments behind a header under the recommended delimiters.
pub(super) fn value<T: FromField>(segments: &str, path: &'static str) -> Result<T, ExtractError> {
    let tree = Tree::parse(format!("MSH|^~\\&|\r{segments}\r")).expect("a message");
    Scope::whole(&tree, None).value(&Pattern::new(path), "field")
}

fn values<T: FromField>(segments: &str, path: &'static str) -> Result<Vec<T>, ExtractError> {
    let tree = Tree::parse(format!("MSH|^~\\&|\r{segments}\r")).expect("a message");
    Scope::whole(&tree, None).values(&Pattern::new(path), "field")
}

#[test]
fn what_a_path_names() {
    const SEGMENTS: &str =
        "PID|1||A^B&C~D^E\\T\\F||\"\"|^&|G\\X41\\H\r???|1\rOBX|1\rPID|2\rZPV|3|4\rMSH|^~\\&|X";
    for (path, expected) in [
        ("PID-1", Some("1")),
        ("PID[2]-1", Some("2")),
        ("PID[3]-1", None),
        ("PID-3", Some("A^B&C~D^E\\T\\F")),
        ("PID-3[1]", Some("A^B&C")),
        ("PID-3.2", Some("B&C")),
        ("PID-3.2.2", Some("C")),
        ("PID-3[2].2", Some("E&F")),
        ("PID-3[3].2", None),
        ("PID-3.1.1", Some("A")),
        ("PID-5", None),
        ("PID-6", None),
        ("PID-6.2", None),
        ("PID-7.1", Some("GAH")),
        ("PID-99", None),
        ("ZPV-2", Some("4")),
        ("ZPV", Some("ZPV|3|4")),
        ("MSH-1", Some("|")),
        ("MSH-2", Some("^~\\&")),
        ("MSH[2]-3", Some("X")),
    ] {
        let found = value::<Option<String>>(SEGMENTS, path).expect("any text");
        assert_eq!(found.as_deref(), expected, "{path}");
    }
}

#[test]
fn each_of_several() {
    const SEGMENTS: &str = "PID|1||A^1~~^2~\"\"^3\rOBX|1|x\rOBX|2\rOBX|3|y~z";
    for (path, expected) in [
        ("PID-3[*].1", &["A"][..]),
        ("PID-3[*].2", &["1", "2", "3"]),
        ("PID-4[*]", &[]),
        ("PID[2]-3[*]", &[]),
        ("OBX[*]-2", &["x", "y~z"]),
        ("OBX[*]-2[*]", &["x", "y", "z"]),
        ("OBX[3]-2[*]", &["y", "z"]),
        ("NTE[*]-3", &[]),
    ] {
        assert_eq!(values::<String>(SEGMENTS, path).expect("text"), expected, "{path}");
    }
    let kept = |path| values::<Option<String>>(SEGMENTS, path).expect("text").into_iter();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(kept("PID-3[*].1").collect::<Vec<_>>(), [some("A"), None, None, None]);
    assert_eq!(kept("OBX[*]-2").collect::<Vec<_>>(), [some("x"), None, some("y~z")]);
    assert_eq!(kept("OBX[*]-2[*]").count(), 3);
    assert_eq!(kept("PID-4[*]").count(), 0);
}

#[test]
fn texts_of_each_type() {
    fn check<T: FromField + PartialEq + Debug>(raw: &str, expected: Result<T, &str>) {
        let found = value::<T>(&format!("PID|{raw}"), "PID-1");
        let found = found.map_err(|error| error.problem().to_string());
        assert_eq!(found, expected.map_err(str::to_owned), "{raw}");
    }
    const ABSENT: &str = "expected a value, found nothing";
    const NULL: &str = "expected a value, found a null";

    check::<String>("a\\F\\b", Ok("a|b".into()));
    check::<String>("", Err(ABSENT));
    check::<String>("\"\"", Err(NULL));
    check::<Value>("a\\F\\b", Ok(Value::from_raw("a\\F\\b")));
    check::<Value>("\"\"", Ok(Value::null()));
    check::<Value>("", Ok(Value::EMPTY));
    check::<Nm>("+1.50", Ok(Nm::from("+1.50")));
    check::<Ft>("a\\.br\\b", Ok(Ft::from(Value::from_raw("a\\.br\\b"))));
    check::<Presence<'static>>("x", Ok(Presence::Value("x".into())));
    check::<Presence<'static>>("\"\"", Ok(Presence::Null));
    check::<Presence<'static>>("", Ok(Presence::Absent));
    check::<Option<u8>>("", Ok(None));
    check::<Option<u8>>("\"\"", Ok(None));
    check::<Option<u8>>("7", Ok(Some(7)));
    check::<Option<u8>>("x7", Err("expected a whole number within u8, found `x9`"));
    check::<Result<u8, FieldError>>("", Ok(Err(FieldError::Absent)));
    check::<u8>("255", Ok(255));
    check::<u8>("256", Err("expected a whole number within u8, found `999`"));
    check::<u8>("-1", Err("expected a whole number within u8, found `-9`"));
    check::<i8>("-128", Ok(-128));
    check::<u64>("18446744073709551615", Ok(u64::MAX));
    check::<i64>("-9223372036854775808.0", Ok(i64::MIN));
    check::<i32>("1.5", Err("expected a whole number within i32, found `9.9`"));
    check::<usize>("", Err(ABSENT));
    check::<f64>("-0.25", Ok(-0.25));
    check::<f64>(
        "<5",
        Err("expected a number: an optional sign, digits, an optional decimal point, found `<9`"),
    );
    check::<bool>("Y", Ok(true));
    check::<bool>("N", Ok(false));
    check::<bool>("y", Err("expected Y or N, found `x`"));
    check::<Date>("196106", Ok(Date::new(1961, Some(6), None).expect("a month")));
    check::<Date>("196106150930+0100", Ok(Date::new(1961, Some(6), Some(15)).expect("a day")));
    check::<Date>("15.6.1961", Err("expected a date, YYYY[MM[DD]], found `99.9.9999`"));
    check::<Time>("0930", Ok(Time::parse("0930").expect("a time")));
    check::<Time>("2460", Err("expected a time, HH[MM[SS[.S[S[S[S]]]]]][+/-ZZZZ], found `9999`"));
    check::<DateTime>("2026", Ok(DateTime::parse("2026").expect("a year")));
    check::<DateTime>("", Err(ABSENT));
}

#[test]
fn other_delimiters_and_other_bytes() {
    let tree = |bytes: &[u8]| Tree::parse(bytes).expect("a message");
    let text = |tree: &Tree, path| {
        Scope::whole(tree, None)
            .value::<Option<String>>(&Pattern::new(path), "field")
            .expect("text")
    };
    // The message separates by $, : and so on, and says | and ^ as text.
    let odd = tree(b"MSH$:*!%$LAB\rPID$a^|b:c*d$x!C!y\r");
    assert_eq!(text(&odd, "PID-1.1").as_deref(), Some("a^|b"));
    assert_eq!(text(&odd, "PID-1").as_deref(), Some("a\\S\\\\F\\b^c~d"));
    assert_eq!(text(&odd, "MSH-1").as_deref(), Some("$"));
    assert_eq!(text(&odd, "MSH-2").as_deref(), Some(":*!%"));
    let latin = tree(b"MSH|^~\\&|\rPID|M\xfcller^\xe9\n");
    assert_eq!(text(&latin, "PID-1.1").as_deref(), Some("Müller"));
    assert_eq!(text(&latin, "PID-1").as_deref(), Some("Müller^é"));
}

/// A group or segment by the first field of each of its segments.
#[derive(Debug, PartialEq)]
struct Lines(String);

impl FromHl7 for Lines {
    fn from_scope(scope: &Scope<'_>) -> Result<Self, ExtractError> {
        let bytes: Vec<u8> = scope.raw("lines")?;
        let lines = bytes.split(|&byte| byte == b'\r').filter(|line| !line.is_empty());
        let short = |line: &[u8]| String::from_utf8_lossy(&line[4..]).into_owned();
        Ok(Self(lines.map(short).collect::<Vec<_>>().join(" ")))
    }
}

const GROUPS: &[u8] =
    b"MSH|^~\\&|||||||ABC^A01^ABC_A01\rZZZ|z0\rPID|p1\rOBR|o1\rNTE|n1\rOBX|x1\rNTE|n2\rZZZ|z1\r\
    OBX|x2\rOBR|o2\rMSH|stray\rPID|p2\rOBR|o3\rOBX|x3\r";

#[test]
fn groups_of_a_message_without_structs() {
    let tree = Tree::parse(GROUPS).expect("a message");
    let grouped = Grouped::untyped(&tree, Some(&VERSION));
    let scope = Scope::whole(&tree, grouped.groups.as_deref());
    for (chain, expected) in [
        ("PATIENT", &["p1 o1 n1 x1 n2 z1 x2 o2 stray", "p2 o3 x3"][..]),
        ("ORDER", &["o1 n1 x1 n2 z1 x2", "o2 stray", "o3 x3"]),
        ("PATIENT.ORDER", &["o1 n1 x1 n2 z1 x2", "o2 stray", "o3 x3"]),
        ("ORDER.OBSERVATION", &["x1 n2 z1", "x2", "x3"]),
        ("PATIENT.OBSERVATION", &[]),
        ("VISIT", &[]),
    ] {
        let found: Vec<Lines> = scope.groups(chain, "field").expect("lines");
        assert_eq!(found.iter().map(|lines| &*lines.0).collect::<Vec<_>>(), expected, "{chain}");
    }
    assert_eq!(scope.groups::<Option<Lines>>("VISIT", "field"), Ok(None));
    let missing = scope.groups::<Lines>("VISIT", "visit").expect_err("none");
    assert_eq!(missing.to_string(), "VISIT (`visit`): expected a value, found nothing");

    for (pattern, expected) in [
        (Pattern::new("NTE"), &["n1", "n2"][..]),
        (Pattern::new("NTE[2]"), &["n2"]),
        (Pattern::new("ZZZ"), &["z0", "z1"]),
        (Pattern::new("ZZZ").direct(), &["z0"]),
        (Pattern::new("MSH"), &["^~\\&|||||||ABC^A01^ABC_A01", "stray"]),
        (Pattern::new("QQQ"), &[]),
    ] {
        let found: Vec<Lines> = scope.segments(&pattern, "field").expect("lines");
        let found: Vec<_> = found.iter().map(|lines| &*lines.0).collect();
        assert_eq!(found, expected, "{}", pattern.as_str());
    }
}

/// Orders, each with what stands in it and not in its groups.
#[derive(Debug)]
struct Orders(Vec<Order>);

#[derive(Debug)]
struct Order {
    number: u8,
    note: Option<String>,
    notes: usize,
    itself: usize,
    tree: Tree,
}

impl FromHl7 for Orders {
    fn version() -> Option<&'static VersionDesc> {
        Some(&VERSION)
    }

    fn from_scope(scope: &Scope<'_>) -> Result<Self, ExtractError> {
        scope.groups("ORDER", "orders").map(Self)
    }
}

impl FromHl7 for Order {
    fn from_scope(scope: &Scope<'_>) -> Result<Self, ExtractError> {
        let direct = Pattern::new("NTE").direct();
        let segments: Vec<Itself> = scope.segments(&Pattern::new("OBR"), "itself")?;
        Ok(Self {
            number: scope.value(&Pattern::new("OBR-1"), "number")?,
            note: scope.value(&Pattern::new("NTE-1").direct(), "note")?,
            notes: scope.segments::<Vec<Lines>>(&direct, "notes")?.len(),
            itself: segments.iter().map(|segment| segment.0.len()).sum(),
            tree: scope.raw("tree")?,
        })
    }
}

/// A struct of a segment that asks for the same segment.
struct Itself(Vec<Itself>);

impl FromHl7 for Itself {
    fn from_scope(scope: &Scope<'_>) -> Result<Self, ExtractError> {
        scope.segments(&Pattern::new("OBR"), "itself").map(Self)
    }
}

#[test]
fn paths_in_groups() {
    let numbered = String::from_utf8_lossy(GROUPS).replace("OBR|o", "OBR|");
    let orders = Orders::from_hl7(numbered.as_bytes()).expect("orders").0;
    let found: Vec<_> =
        orders.iter().map(|order| (order.number, order.note.as_deref(), order.notes)).collect();
    assert_eq!(found, [(1, Some("n1"), 1), (2, None, 0), (3, None, 0)]);
    assert!(orders.iter().all(|order| order.itself == 0));
    assert_eq!(orders[2].tree.bytes(), b"MSH|^~\\&\rOBR|3\rOBX|x3\r");

    let wrong = Orders::from_hl7(GROUPS).expect_err("letters");
    assert_eq!((&*wrong.field(), wrong.place()), ("orders[1].number", "OBR-1"));
    assert_eq!(
        wrong.to_string(),
        "OBR-1 (`orders[1].number`): expected a whole number within u8, found `x9`"
    );
}

#[test]
fn what_cannot_be_taken() {
    let unknown = b"MSH|^~\\&|||||||QQQ^Q01\rOBR|1\r";
    let error = Orders::from_hl7(unknown).expect_err("no structure");
    assert_eq!(error.problem(), &Problem::NoStructure);
    assert_eq!(
        error.to_string(),
        "ORDER (`orders`): MSH-9 names no structure of this version, so the groups of the message are not known"
    );
    let error = Orders::from_hl7(b"BHS|").expect_err("a batch");
    assert!(matches!(error.problem(), Problem::Message(_)));
    assert_eq!((error.field().as_str(), error.place()), ("", ""));
    assert!(error.to_string().starts_with("a batch, not a message"), "{error}");

    let wrong = values::<u8>("OBX|1\rOBX|2~x~3", "OBX[*]-1[*]").expect_err("a letter");
    assert_eq!(wrong.place(), "OBX[2]-1[2]");
    let secret = value::<u8>("PID|EVERYMAN, 12 years", "PID-1").expect_err("text");
    let shown = format!("{secret} {secret:?}");
    assert!(shown.contains("xxxxxxxx, 99 xxxxx") && !shown.contains("EVERY"), "{shown}");
}
