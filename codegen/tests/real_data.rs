//! The schema of 2.5.1 that is in the repository: counts, names, and independence of file order.

use std::path::{Path, PathBuf};

use hl7_codegen::emit::{Package, emit};
use hl7_codegen::model::{
    self, DatatypeKind, Format, Max, Member, MemberKind, Usage, VariesBy, Version,
};
use hl7_codegen::schema;

mod shuffle;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/v2_5_1")
}

fn v2_5_1() -> Version {
    let found = schema::read_version(&folder()).and_then(|source| model::build(&source));
    found.unwrap_or_else(|errors| panic!("{errors}"))
}

/// Every member of a structure, groups and choices included.
fn nodes(members: &[Member]) -> usize {
    let below = |member: &Member| match &member.kind {
        MemberKind::Group { members, .. } | MemberKind::Choice { members, .. } => nodes(members),
        MemberKind::Segment(_) | MemberKind::AnySegment(_) => 0,
    };
    members.iter().map(|member| 1 + below(member)).sum()
}

#[test]
fn nothing_is_missing() {
    let version = v2_5_1();
    let is_composite = |kind: &DatatypeKind| matches!(kind, DatatypeKind::Composite(_));
    let is_primitive = |kind: &DatatypeKind| matches!(kind, DatatypeKind::Primitive(_));
    let datatypes = &version.datatypes;
    for (what, found, expected) in [
        ("segments", version.segments.len(), 150),
        ("fields", version.segments.iter().map(|segment| segment.fields.len()).sum(), 2103),
        ("composites", datatypes.iter().filter(|it| is_composite(&it.kind)).count(), 78),
        ("primitives", datatypes.iter().filter(|it| is_primitive(&it.kind)).count(), 11),
        ("varies", datatypes.iter().filter(|it| it.kind == DatatypeKind::Varies).count(), 1),
        ("components", datatypes.iter().map(|it| it.components().len()).sum(), 431),
        ("tables", version.tables.len(), 477),
        (
            "tables with values",
            version.tables.iter().filter(|it| !it.values.is_empty()).count(),
            339,
        ),
        ("values", version.tables.iter().map(|table| table.values.len()).sum(), 4834),
        ("forms of values", version.tables.iter().map(|table| table.patterns.len()).sum(), 23),
        ("structures", version.structures.len(), 200),
        ("nodes", version.structures.iter().map(|structure| nodes(&structure.members)).sum(), 3525),
        ("events", version.events.len(), 379),
    ] {
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn facts_that_everybody_knows() {
    let version = v2_5_1();
    assert_eq!((version.id.as_str(), version.module.as_str()), ("2.5.1", "v2_5_1"));

    let pid = &version[version.find_segment("PID").expect("PID")];
    let field = &pid.fields[2];
    assert_eq!((pid.rust_type.as_str(), pid.module.as_str()), ("Pid", "pid"));
    assert_eq!((field.seq, field.ident.as_str()), (3, "patient_identifier_list"));
    assert_eq!((field.usage, field.min, field.max), (Usage::Required, 1, Max::Unbounded));
    assert_eq!((field.len.max, field.item), (Some(250), Some(106)));
    assert_eq!(version[field.datatype.expect("a datatype")].id, "CX");
    assert_eq!(pid.fields[0].ident, "set_id");

    let sex = &version[pid.fields[7].table.expect("PID-8 has a table")];
    assert_eq!((sex.id.as_str(), sex.rust_type.as_str()), ("0001", "AdministrativeSex"));
    assert_eq!(sex.values[1].variant, "Female");

    let obx = &version[version.find_segment("OBX").expect("OBX")];
    assert_eq!(obx.fields[4].varies_by, Some(VariesBy::Field(2)));
    let qpd = &version[version.find_segment("QPD").expect("QPD")];
    assert!(qpd.fields.last().is_some_and(|field| field.open));
    let msa = &version[version.find_segment("MSA").expect("MSA")];
    let withdrawn = &msa.fields[4];
    assert_eq!((withdrawn.datatype, withdrawn.max), (None, Max::Times(0)));
    assert_eq!(withdrawn.hist.as_deref(), Some("ID"));

    let st = &version[version.find_datatype("ST").expect("ST")];
    assert_eq!((&st.kind, st.leaves), (&DatatypeKind::Primitive(Format::String), 1));
    // HD has three texts; CX has ID, digit, scheme, HD, type, HD, two dates, two CWE of nine.
    let leaves = |id| version[version.find_datatype(id).expect("a datatype")].leaves;
    assert_eq!((leaves("HD"), leaves("CWE"), leaves("CX")), (3, 9, 3 + 3 + 1 + 3 + 2 + 9 + 9));

    let event = version.events.iter().find(|event| event.trigger.as_deref() == Some("A04"));
    let structure = &version[event.expect("ADT^A04").structure];
    assert_eq!((structure.id.as_str(), structure.rust_type.as_str()), ("ADT_A01", "AdtA01"));
    let idents: Vec<&str> =
        structure.members.iter().map(|member| member.ident.as_str()).take(10).collect();
    let expected = ["msh", "sft", "evn", "pid", "pd1", "rol", "nk1", "pv1", "pv2", "rol2"];
    assert_eq!(idents, expected);
}

#[test]
fn chosen_files() {
    let version = v2_5_1();
    for file in emit(&Package::of(&version)) {
        let path = file.path.to_str().expect("a plain name");
        let chosen = [
            "Cargo.toml",
            "src/datatypes/cx.rs",
            "src/segments/nte.rs",
            "src/segments/obx.rs",
            "src/messages/oml_o21.rs",
        ];
        if chosen.contains(&path) {
            insta::assert_snapshot!(path.replace(['/', '.'], "_"), file.text);
        }
    }
}

#[test]
fn the_order_in_the_files_does_not_matter() {
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    for name in schema::FILES {
        let path = folder().join(name).with_extension("xml");
        let text = std::fs::read_to_string(&path).expect("a schema file");
        let shuffled = shuffle::shuffled(&text, 1);
        assert_ne!(shuffled, text);
        files.push((path, shuffled));
    }
    // Errata are laid on in their order.
    let errata = folder().join(schema::ERRATA).with_extension("xml");
    let text = std::fs::read_to_string(&errata).expect("the version has errata");
    files.push((errata, text));
    files.reverse();
    let shuffled = schema::parse(&files).and_then(|source| model::build(&source));
    assert_eq!(shuffled, Ok(v2_5_1()));
}

#[test]
fn datatypes_may_contain_each_other_and_the_edge_is_boxed() {
    let datatypes = r#"<datatypes version="2.9">
        <primitive id="ST" format="string"/>
        <composite id="ZA">
          <component seq="1" name="Text" type="ST"/>
          <component seq="2" name="Other" type="ZB"/>
          <component seq="3" name="Plain" type="ZC"/>
        </composite>
        <composite id="ZB">
          <component seq="1" name="Text" type="ST"/>
          <component seq="2" name="Back" type="ZA"/>
        </composite>
        <composite id="ZC">
          <component seq="1" name="One" type="ST"/>
          <component seq="2" name="Two" type="ST"/>
        </composite>
      </datatypes>"#;
    let mut files = vec![(PathBuf::from("datatypes.xml"), datatypes.to_owned())];
    for name in ["segments", "messages", "tables"] {
        files.push((PathBuf::from(name), format!("<{name} version=\"2.9\"/>")));
    }
    let version = schema::parse(&files)
        .and_then(|source| model::build(&source))
        .unwrap_or_else(|errors| panic!("{errors}"));
    let za = &version[version.find_datatype("ZA").expect("ZA")];
    let boxed: Vec<bool> = za.components().iter().map(|component| component.boxed).collect();
    assert_eq!(boxed, [false, true, false]);
    assert_eq!(za.leaves, 1 + 1 + 2);
}
