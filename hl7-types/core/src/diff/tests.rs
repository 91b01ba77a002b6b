//! What the comparison says about descriptors made by hand, as the lines that its changes print.

use std::iter::Peekable;
use std::str::Chars;

use super::*;
use crate::desc::{
    Code, DatatypeDesc, DatatypeKind, ElementDesc, EventDesc, GroupDesc, MANY, MemberDesc,
    MemberKind, SegmentDesc, StructureDesc, TableDesc, TableKind, Usage, VersionDesc,
};
use crate::node::Field;
use crate::primitives::{Nm, St};

const NAME: ElementDesc = ElementDesc::new("Name", "name", St::DATATYPE);
const AGE: ElementDesc = ElementDesc::new("Age", "age", Nm::DATATYPE);
const GONE: ElementDesc = ElementDesc::withdrawn("Name", "name");

static SPECIES: TableDesc = table_of("Species", &[], &[]);
static BREEDS: TableDesc = TableDesc { id: "9002", ..table_of("Breeds", &[], &[]) };

const fn table_of(
    name: &'static str,
    codes: &'static [Code],
    patterns: &'static [Code],
) -> TableDesc {
    TableDesc { id: "9001", name, kind: TableKind::User, codes, patterns }
}

fn lines(changes: &[impl ToString]) -> Vec<String> {
    changes.iter().map(ToString::to_string).collect()
}

/// A descriptor that lives as long as the tests.
fn kept<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

#[test]
fn facts_of_an_element() {
    let renamed = ElementDesc { name: "Full Name", ..NAME };
    let capitals = ElementDesc { name: "NA me*", ident: "na_me", ..NAME };
    let cases: &[(ElementDesc, ElementDesc, &[&str])] = &[
        (NAME, NAME, &[]),
        (NAME, capitals, &[]),
        (NAME, NAME.item(42), &[]),
        (NAME, renamed, &["renamed: Name → Full Name"]),
        (NAME, AGE, &["renamed: Name → Age", "datatype: ST → NM"]),
        (NAME, NAME.usage(Usage::R), &["usage: O → R"]),
        (NAME, NAME.usage(Usage::CrX), &["usage: O → C(R/X)"]),
        (NAME, NAME.repeats(1, MANY), &["cardinality: 0..1 → 1..*"]),
        (NAME.len(20), NAME.len(250), &["length: 20 → 250"]),
        (NAME.len(20), NAME, &["length: 20 → none"]),
        (NAME.len(20), NAME.min_len(1).len(20), &["length: 20 → 1..20"]),
        (NAME.len(20), NAME.conf_len(20, true), &["length: 20 → 20#"]),
        (NAME.conf_len(20, true), NAME.conf_len(20, false), &["length: 20# → 20="]),
        (NAME, NAME.table(&SPECIES), &["table: none → 9001"]),
        (NAME.table(&SPECIES), NAME.table(&BREEDS), &["table: 9001 → 9002"]),
        (NAME.table(&SPECIES), NAME.table(&SPECIES), &[]),
    ];
    for &(old, new, expected) in cases {
        assert_eq!(lines(&element(kept(old), kept(new))), expected, "{old:?} {new:?}");
    }
}

#[test]
fn names_that_are_the_same() {
    for (old, new, same) in [
        ("Date/Time Of Birth", "Date/Time of Birth", true),
        ("Result Status", "Result Status +", true),
        ("Collector's Comment *", "Collector's Comment", true),
        ("*Activity", "Activity", true),
        ("Pre-admit", "Preadmit", false),
        ("Rh+", "Rh", false),
        ("< 5", "> 5", false),
        ("", "*", true),
    ] {
        assert_eq!(super::renamed(old, new).is_none(), same, "{old} {new}");
    }
}

#[test]
fn withdrawn_and_restored() {
    let marked = ElementDesc { name: "Old Name", ..NAME }.usage(Usage::W).len(5);
    let untyped = ElementDesc { datatype: None, ..NAME };
    let cases: &[(ElementDesc, ElementDesc, &[&str])] = &[
        (NAME.len(20), GONE, &["withdrawn: Name (ST)"]),
        (NAME, marked, &["withdrawn: Name (ST)"]),
        (NAME, untyped, &["withdrawn: Name (ST)"]),
        (GONE, AGE, &["restored: Age (NM)"]),
        (GONE, marked, &[]),
        (NAME.usage(Usage::B), NAME.usage(Usage::X), &["usage: B → X"]),
    ];
    for &(old, new, expected) in cases {
        assert_eq!(lines(&element(kept(old), kept(new))), expected, "{old:?} {new:?}");
    }
}

#[test]
fn elements_are_matched_by_position() {
    let cases: &[(&'static [ElementDesc], &'static [ElementDesc], &[&str])] = &[
        (&[], &[], &[]),
        (&[NAME], &[NAME, AGE], &["field 2, added: Age (NM)"]),
        (&[NAME, AGE], &[NAME], &["field 2, removed: Age (NM)"]),
        (&[NAME], &[NAME, GONE], &["field 2, added: Name (withdrawn)"]),
        // A field that was put in front of another one: both positions mean something else now.
        (
            &[NAME],
            &[AGE, NAME],
            &[
                "field 1, renamed: Name → Age",
                "field 1, datatype: ST → NM",
                "field 2, added: Name (ST)",
            ],
        ),
    ];
    for &(old, new, expected) in cases {
        let segments = Change { old, new }.map(|fields| SegmentDesc::new("ZPT", "Pet", fields));
        let changes = segment(kept(segments.old), kept(segments.new));
        assert_eq!(lines(&changes), expected);
    }
    let (pet, animal) = (SegmentDesc::new("ZPT", "Pet", &[]), SegmentDesc::new("ZPT", "Cat", &[]));
    assert_eq!(lines(&segment(kept(pet), kept(animal))), ["renamed: Pet → Cat"]);
}

#[test]
fn datatypes() {
    let make = |name, kind, max_len| kept(DatatypeDesc::new("ZCH", name, kind, max_len));
    let one = DatatypeKind::Composite(&[NAME]);
    let cases: &[(&'static DatatypeDesc, &'static DatatypeDesc, &[&str])] = &[
        (make("Chip", one, 15), make("chip", one, 15), &[]),
        (make("Chip", one, 15), make("Tag", one, 0), &["renamed: Chip → Tag", "length: 15 → none"]),
        (
            make("Chip", St::DATATYPE.kind, 0),
            make("Chip", one, 0),
            &["kind: string → composite", "component 1, added: Name (ST)"],
        ),
        (
            make("Chip", St::DATATYPE.kind, 0),
            make("Chip", Nm::DATATYPE.kind, 0),
            &["kind: string → number"],
        ),
        (
            make("Chip", one, 0),
            make("Chip", DatatypeKind::Composite(&[GONE]), 0),
            &["component 1, withdrawn: Name (ST)"],
        ),
    ];
    for &(old, new, expected) in cases {
        assert_eq!(lines(&datatype(old, new)), expected);
    }
}

#[test]
fn tables() {
    const CAT: Code = Code::new("C", "Cat");
    const DOG: Code = Code::new("D", "Dog");
    const HOUND: Code = Code::new("D", "Hound");
    const CAPITALS: Code = Code::new("D", "DOG *");
    const LOCAL: Code = Code::new("99*", "Local");
    let cases: &[(TableDesc, TableDesc, &[&str])] = &[
        (table_of("Species", &[CAT], &[]), table_of("Species", &[CAT], &[]), &[]),
        (table_of("Species", &[DOG], &[]), table_of("SPECIES", &[CAPITALS], &[]), &[]),
        (
            table_of("Species", &[CAT, DOG], &[]),
            table_of("Animals", &[HOUND], &[LOCAL]),
            &[
                "renamed: Species → Animals",
                "added: 99* (Local)",
                "removed: C (Cat)",
                "relabelled: D (Dog → Hound)",
            ],
        ),
        (
            table_of("Species", &[], &[]),
            TableDesc { kind: TableKind::Hl7, ..table_of("Species", &[], &[]) },
            &["maintained: user → HL7"],
        ),
    ];
    for (old, new, expected) in cases {
        let copy = |table: &TableDesc| TableDesc { ..*table };
        assert_eq!(lines(&table(kept(copy(old)), kept(copy(new)))), *expected);
    }
}

/// A group from a line: `A B? C* G(D E*)? F<A B>`, the last a choice.
fn group(name: &'static str, text: &'static str) -> &'static GroupDesc {
    members(name, &mut text.chars().peekable())
}

fn members(name: &'static str, text: &mut Peekable<Chars<'static>>) -> &'static GroupDesc {
    let mut found = Vec::new();
    while let Some(letter) = text.next() {
        let name = letter.to_string().leak();
        match letter {
            ' ' => continue,
            ')' | '>' => break,
            _ => {}
        }
        let kind = match text.next_if(|next| matches!(next, '(' | '<')) {
            Some('(') => MemberKind::Group(members(name, text)),
            Some(_) => MemberKind::Choice(members(name, text)),
            None => MemberKind::Segment(kept(SegmentDesc::new(name, "", &[]))),
        };
        let (min, max) = match text.next_if(|next| matches!(next, '?' | '*')) {
            Some('?') => (0, 1),
            Some(_) => (0, MANY),
            None => (1, 1),
        };
        found.push(MemberDesc::new("", min, max, kind));
    }
    kept(GroupDesc { name, members: found.leak() })
}

#[track_caller]
fn check_structure(old: &'static str, new: &'static str, expected: &[&str]) {
    let make = |text| kept(StructureDesc::new("ZPA_Z01", None, group("ZPA_Z01", text)));
    assert_eq!(lines(&structure(make(old), make(new))), expected, "{old} to {new}");
}

#[test]
fn members_of_structures() {
    check_structure("A B? G(C D*)*", "A B? G(C D*)*", &[]);
    check_structure("A B", "A C B", &["added: C 1..1, after A"]);
    check_structure("A B*", "B*", &["removed: A 1..1, first"]);
    check_structure("A B", "A B*", &["cardinality: B 1..1 → 0..*"]);
    check_structure("", "G(A B)?", &["added: G 0..1, first"]);
    check_structure(
        "A G(B)",
        "A G(B C?)*",
        &["cardinality: G 1..1 → 0..*", "added: G.C 0..1, after B"],
    );
    check_structure("G(H(A B))", "G(H(A))", &["removed: G.H.B 1..1, after A"]);
}

#[test]
fn the_same_segment_twice() {
    // The new one is the first, and that is what is said.
    check_structure("A P R* B", "A R? P R* B", &["added: R 0..1, after A"]);
    check_structure("P R* B", "P R* B R*", &["added: R 0..*, after B"]);
    check_structure("R P R", "P R", &["removed: R 1..1, first"]);
}

#[test]
fn another_order() {
    check_structure("A N* K* B", "A K* N* B", &["moved: N, after K"]);
    check_structure("A B C D", "D A B C*", &["moved: D, first", "cardinality: C 1..1 → 0..*"]);
    // To another group is not to another place.
    check_structure(
        "A G(B)",
        "A B G(C)",
        &["added: B 1..1, after A", "removed: G.B 1..1, first", "added: G.C 1..1, first"],
    );
}

#[test]
fn groups_by_other_names() {
    check_structure(
        "A G(B C)",
        "A H(B C*)?",
        &["renamed: H, was G", "cardinality: H 1..1 → 0..1", "cardinality: H.C 1..1 → 0..*"],
    );
    check_structure("G(A)", "g(A)", &[]);
    // One that starts with another segment is another one, and a choice is no group.
    check_structure("G(A B)", "H(B)", &["removed: G 1..1, first", "added: H 1..1, first"]);
    check_structure("G(A)", "G<A>", &["removed: G 1..1, first", "added: G 1..1, first"]);
    check_structure("G<A>", "H<A>?", &["renamed: H, was G", "cardinality: H 1..1 → 0..1"]);
}

#[test]
fn versions() {
    static MSH: SegmentDesc = SegmentDesc::new("MSH", "Header", &[]);
    static OLD_PET: SegmentDesc = SegmentDesc::new("ZPT", "Pet", &[NAME]);
    static NEW_PET: SegmentDesc = SegmentDesc::new("ZPT", "Pet", &[NAME, AGE]);
    static TAG: SegmentDesc = SegmentDesc::new("ZTG", "Tag", &[]);
    const fn event(trigger: &'static str, structure: &'static str) -> EventDesc {
        EventDesc { message: "ZPA", trigger, structure }
    }
    const EMPTY: VersionDesc = VersionDesc {
        id: "",
        segments: &[],
        datatypes: &[],
        tables: &[],
        structures: &[],
        events: &[],
    };
    static OLD: VersionDesc = VersionDesc {
        segments: &[&MSH, &OLD_PET],
        tables: &[&SPECIES, &BREEDS],
        events: &[event("Z01", "ZPA_Z01"), event("Z02", "ZPA_Z01")],
        ..EMPTY
    };
    static NEW: VersionDesc = VersionDesc {
        segments: &[&MSH, &NEW_PET, &TAG],
        tables: &[&SPECIES],
        events: &[event("Z01", "ZPA_Z01"), event("Z02", "ZPA_Z02"), event("Z03", "ZPA_Z01")],
        ..EMPTY
    };
    let diff = version(&OLD, &NEW);
    let ids = |segments: &[&SegmentDesc]| segments.iter().map(|s| s.id).collect::<Vec<_>>();
    assert_eq!(ids(&diff.segments.added), ["ZTG"]);
    assert!(diff.segments.removed.is_empty());
    let [pet] = &diff.segments.changed[..] else { panic!("one changed: {diff:?}") };
    assert_eq!(pet.item.old.id, "ZPT");
    assert_eq!(lines(&pet.changes), ["field 2, added: Age (NM)"]);
    assert_eq!(diff.tables.removed.iter().map(|table| table.id).collect::<Vec<_>>(), ["9002"]);
    assert_eq!(diff.events.added.iter().map(|event| event.trigger).collect::<Vec<_>>(), ["Z03"]);
    let [event] = &diff.events.changed[..] else { panic!("one changed: {diff:?}") };
    assert_eq!(event.item.new.trigger, "Z02");
    assert_eq!(lines(&event.changes), ["ZPA_Z01 → ZPA_Z02"]);
    assert!(diff.datatypes.is_empty() && diff.structures.is_empty() && !diff.is_empty());
    assert!(version(&NEW, &NEW).is_empty());
}
