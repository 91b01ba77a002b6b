//! Structs of an application, taken from messages of structs, of any version and of none.

use hl7_types::date_time::{Date, DateTime};
use hl7_types::extract::FieldError;
use hl7_types::primitives::Nm;
use hl7_types::v2_5_1::messages::OruR01;
use hl7_types::v2_5_1::tables::AdministrativeSex;
use hl7_types::v2_5_1::{self, VERSION};
use hl7_types::{
    Coded, Extra, FromHl7, Message, Presence, RawSegment, Segment, Tree, Value, extract::Problem,
};

/// What our laboratory adds to an order.
#[derive(Segment)]
#[hl7(id = "ZLB", name = "Laboratory")]
struct Zlb {
    #[hl7(seq = 1)]
    bench: hl7_types::primitives::St,
    #[hl7(extra)]
    extra: Extra,
}

#[derive(Debug, PartialEq, FromHl7)]
#[hl7(version = v2_5_1::VERSION)]
struct Report {
    #[hl7("PID-3.1")]
    patient: String,
    #[hl7("PID-3[*].1")]
    identifiers: Vec<String>,
    #[hl7("PID-3[*].5")]
    identifier_types: Vec<Option<String>>,
    #[hl7("PID-3[2]")]
    second: Option<String>,
    #[hl7("PID-5.1.1")]
    family_name: Option<String>,
    #[hl7("PID-7.1")]
    born: Option<Date>,
    #[hl7("PID-8")]
    sex: Option<AdministrativeSex>,
    #[hl7("PID-30")]
    dead: Presence<'static>,
    #[hl7("PID-33.1")]
    changed: Option<DateTime>,
    #[hl7("PV1-2")]
    class: Coded<v2_5_1::tables::PatientClass>,
    #[hl7("NTE[*]-3")]
    all_comments: Vec<String>,
    #[hl7("ZPV-2", unchecked)]
    wristband: Option<String>,
    #[hl7(group = "PATIENT_RESULT.PATIENT")]
    header: Option<Header>,
    #[hl7(group = "PATIENT_RESULT.ORDER_OBSERVATION")]
    orders: Vec<Order>,
    #[hl7(segment = "NTE")]
    notes: Vec<Note>,
    #[hl7(raw)]
    whole: Tree,
}

#[derive(Debug, PartialEq, FromHl7)]
#[hl7(message = OruR01)]
struct Header {
    #[hl7("PID-2", unchecked)]
    r#type: Option<String>,
    #[hl7(group = "VISIT")]
    visit: Option<Visit>,
}

#[derive(Debug, PartialEq, FromHl7)]
#[hl7(message = OruR01)]
struct Visit {
    #[hl7("PV1-2")]
    class: String,
}

#[derive(Debug, PartialEq, FromHl7)]
#[hl7(message = OruR01, version = VERSION, crate = hl7_types)]
struct Order {
    #[hl7("OBR-2.1")]
    placer: String,
    #[hl7("NTE-3", direct)]
    comment: Option<String>,
    #[hl7(segment = "NTE", direct)]
    comments: Vec<Note>,
    #[hl7("ZLB-1", site = Zlb)]
    bench: Option<String>,
    #[hl7(group = "OBSERVATION")]
    observations: Vec<Observation>,
    #[hl7(raw)]
    lines: Vec<u8>,
}

#[derive(Debug, PartialEq, FromHl7)]
#[hl7(version = VERSION)]
struct Observation {
    #[hl7("OBX-1")]
    number: u8,
    #[hl7("OBX-3.1")]
    code: String,
    #[hl7("OBX-5")]
    value: Result<f64, FieldError>,
    #[hl7("OBX-5[*]")]
    values: Vec<Nm>,
    #[hl7("NTE-3")]
    comment: Value,
}

#[derive(Debug, PartialEq, FromHl7)]
#[hl7(version = VERSION)]
struct Note {
    #[hl7("NTE-3")]
    text: Option<String>,
    #[hl7(raw)]
    line: Tree,
}

const REPORT: &str = "MSH|^~\\&|LAB|HARBOUR|EHR|HARBOUR|20260211140114||ORU^R01^ORU_R01|42|P|2.5.1\r\
    PID|1||4711^^^HARBOUR^MR~0815~^^^^SS||D\\T\\A^ADAM||196106150930|M||||||||||||||||||||||\"\"\r\
    PV1||I\r\
    ZPV||W77\r\
    OBR|1|A1\r\
    ZLB|bench 3\r\
    NTE|1||of the order\r\
    OBX|1|NM|GLU||5.40~6.1||||||F\r\
    NTE|1||of the value\r\
    OBX|2|ST|K||high||||||F\r\
    OBR|2|A2\r\
    OBX|1|NM|NA||140||||||F\r";

/// Takes a report from its bytes, from an untyped message, from its structs, and from the enums over them.
fn each_way(bytes: &[u8]) -> Vec<Report> {
    let tree = Tree::parse(bytes).expect("a message");
    let message = OruR01::decode(bytes).expect("a message").message;
    let any = v2_5_1::AnyMessage::decode(bytes).expect("a message").message;
    let of_any_version = hl7_types::decode(bytes).expect("a message").message;
    [
        Report::from_hl7(bytes),
        Report::from_message(&tree),
        Report::from_message(&message),
        Report::from_message(&any),
        Report::from_message(&of_any_version),
    ]
    .map(|report| report.expect("a report"))
    .into()
}

#[test]
fn a_report_is_the_same_from_wherever_it_is_taken() {
    let reports = each_way(REPORT.as_bytes());
    assert!(reports.windows(2).all(|pair| pair[0] == pair[1]), "{reports:#?}");

    let report = &reports[0];
    assert_eq!(report.patient, "4711");
    assert_eq!(report.identifiers, ["4711", "0815"]);
    let types: Vec<_> = report.identifier_types.iter().map(Option::as_deref).collect();
    assert_eq!(types, [Some("MR"), None, Some("SS")]);
    assert_eq!(report.second.as_deref(), Some("0815"));
    assert_eq!(report.family_name.as_deref(), Some("D&A"));
    assert_eq!(report.born, Date::new(1961, Some(6), Some(15)));
    assert_eq!(report.sex, Some(AdministrativeSex::Male));
    assert_eq!((&report.dead, report.changed), (&Presence::Null, None));
    assert_eq!(report.class, "I");
    assert_eq!(report.all_comments, ["of the order", "of the value"]);
    assert_eq!(report.wristband.as_deref(), Some("W77"));
    let header = report.header.as_ref().expect("a patient");
    assert_eq!(header.r#type, None);
    assert_eq!(header.visit.as_ref().map(|visit| &*visit.class), Some("I"));
    assert_eq!(report.whole.bytes(), REPORT.as_bytes());

    let notes: Vec<_> = report.notes.iter().map(|note| note.text.as_deref()).collect();
    assert_eq!(notes, [Some("of the order"), Some("of the value")]);
    assert_eq!(report.notes[1].line.bytes(), b"MSH|^~\\&\rNTE|1||of the value\r");
}

#[test]
fn groups_and_what_stands_in_them() {
    let report = Report::from_hl7(REPORT.as_bytes()).expect("a report");
    let [first, second] = &report.orders[..] else { panic!("two orders") };

    assert_eq!((&*first.placer, first.bench.as_deref()), ("A1", Some("bench 3")));
    assert_eq!(first.comment.as_deref(), Some("of the order"));
    assert_eq!((first.comments.len(), second.comments.len()), (1, 0));
    assert_eq!((&*second.placer, &second.comment, &second.bench), ("A2", &None, &None));
    assert_eq!(second.lines, b"OBR|2|A2\rOBX|1|NM|NA||140||||||F\r");

    let [glucose, potassium] = &first.observations[..] else { panic!("two observations") };
    assert_eq!((glucose.number, &*glucose.code), (1, "GLU"));
    // A value that is a list is no number; each of its repetitions is one.
    assert!(glucose.value.is_err());
    assert_eq!(glucose.values, [Nm::from("5.40"), Nm::from("6.1")]);
    assert_eq!(glucose.comment, "of the value");
    assert!(potassium.comment.is_empty());
    let wrong = potassium.value.as_ref().map_err(ToString::to_string);
    assert_eq!(
        wrong,
        Err("expected a number: an optional sign, digits, an optional decimal point, found `xxxx`"
            .to_owned())
    );
    assert_eq!(second.observations[0].value, Ok(140.0));
}

#[test]
fn a_message_of_structs_is_taken_as_it_is_now() {
    let mut message = OruR01::decode(REPORT.as_bytes()).expect("a message").message;
    let orders = &mut message.patient_result[0].order_observation;
    let mut zlb = Zlb::new();
    zlb.bench = "R&D".into();
    // Behind the OBR, the second member of an order.
    orders[1].extra.insert_stray(1, 1, RawSegment::from_typed(&zlb));
    orders[0].observation.clear();
    orders.swap(0, 1);

    let orders = Report::from_message(&message).expect("a report").orders;
    let taken: Vec<_> = orders
        .iter()
        .map(|order| (&*order.placer, order.bench.as_deref(), order.observations.len()))
        .collect();
    assert_eq!(taken, [("A2", Some("R&D"), 1), ("A1", Some("bench 3"), 0)]);
    assert_eq!(orders[0].lines, b"OBR|2|A2\rZLB|R\\T\\D\rOBX|1|NM|NA||140||||||F\r");
}

#[test]
fn what_is_missing_or_wrong_is_named_by_path_and_field() {
    let check = |from: &str, to: &str, expected: &str| {
        let bytes = REPORT.replace(from, to);
        let error = Report::from_hl7(bytes.as_bytes()).expect_err(expected);
        assert_eq!(error.to_string(), expected);
        let message = hl7_types::decode(bytes.as_bytes()).expect("a message").message;
        assert_eq!(Report::from_message(&message), Err(error));
    };
    check("4711^", "^", "PID-3.1 (`patient`): expected a value, found nothing");
    check("4711^", "\"\"^", "PID-3.1 (`patient`): expected a value, found a null");
    check("|M|", "|Q|", "PID-8 (`sex`): expected a code of the table, found `x`");
    check(
        "196106150930",
        "15.6.61",
        "PID-7.1 (`born`): expected a date, YYYY[MM[DD]], found `99.9.99`",
    );
    check("PV1||I", "PV1", "PV1-2 (`header.visit.class`): expected a value, found nothing");
    check("OBR|2|A2", "OBR|2", "OBR-2.1 (`orders[2].placer`): expected a value, found nothing");
    check(
        "OBX|2|",
        "OBX|second|",
        "OBX-1 (`orders[1].observations[2].number`): expected a whole number within u8, found `xxxxxx`",
    );

    // Nobody knows the groups of a message that no structure is known of; its paths are read all the same.
    let unknown = REPORT.replace("ORU^R01^ORU_R01", "ZZZ^Z01");
    let error = Report::from_hl7(unknown.as_bytes()).expect_err("no structure");
    assert_eq!((error.field().as_str(), error.problem()), ("header", &Problem::NoStructure));
    let note = Note::from_hl7(unknown.as_bytes()).expect("a note");
    assert_eq!(note.text.as_deref(), Some("of the order"));
}
