//! Views read what structs hold: every member, every segment without a place, every leaf, of samples, of real messages and
//! of damaged ones, in every version.

mod damage;
mod real;

use std::fs;

use damage::message;
use hl7_types::desc::{ElementDesc, Format, MemberDesc, MemberKind};
use hl7_types::node::{Element, GroupNode, SegmentNode, Slot, slots};
use hl7_types::primitives::{Raw, St};
use hl7_types::view::{
    self, Composite, Leaf, Occurrence, Outline, Repetitions, VaryingRepetitions,
};
use hl7_types::{Charset, DecodeOptions, Fill, Rules, VERSIONS, Value, sample};
use proptest::prelude::*;
use real::all;

/// The outline of a message as each version, beside the struct that the version reads it as.
macro_rules! versions {
    ($($module:ident)*) => {
        /// Compares views with structs, in a version by its index.
        fn check(version: usize, bytes: &[u8]) {
            let checks = [$(check_version::<hl7_types::$module::views::AnyMessage<'static>>),*];
            assert_eq!(checks.len(), VERSIONS.len());
            checks[version](version, bytes);
        }
    };
}
versions!(v2_1 v2_2 v2_3 v2_3_1 v2_4 v2_5 v2_5_1 v2_6 v2_7 v2_7_1 v2_8 v2_8_1 v2_8_2 v2_9);

fn check_version<V: view::Message>(version: usize, bytes: &[u8]) {
    let options = DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() };
    let version = &VERSIONS[version];
    let outline = Outline::<V>::decode(bytes);
    let Ok(decoded) = version.decode(bytes, &DecodeOptions::default()) else {
        assert!(outline.is_err(), "structs refuse what views read");
        return;
    };
    let outline = outline.expect("views refuse what structs read");
    assert_eq!(outline.tree().bytes(), bytes);
    let found = |findings: &hl7_types::Findings| -> Vec<_> {
        findings.iter().map(|found| (found.rule, found.path, found.range())).collect()
    };
    let all = found(&version.decode(bytes, &options).expect("as above").findings);
    assert_eq!(found(&outline.check()), all);
    let those = found(&decoded.findings);
    assert!(found(outline.findings()).iter().all(|finding| those.contains(finding)));
    match decoded.message.group() {
        Some(node) => check_group(outline.group(), node),
        None => {
            assert!(outline.structure().is_none());
            assert_eq!(outline.group().strays().count(), 0);
        }
    }
}

/// Compares the members and what stands without a place.
fn check_group(group: view::Group<'_>, node: &dyn GroupNode) {
    assert!(group.is_present());
    for (index, member) in (0..).zip(node.desc().members) {
        check_member(group, index, member, node);
    }
    let strays: Vec<_> = group.strays().map(|stray| stray.raw()).collect();
    assert_eq!(strays.len(), node.extra().strays().len());
    if group.tree().delimiters().is_standard() && group.tree().charset() == Charset::UTF_8 {
        for (stray, kept) in strays.iter().zip(node.extra().strays()) {
            assert_eq!(*stray, kept.segment.er7());
        }
    }
}

fn check_member(group: view::Group<'_>, index: u16, member: &MemberDesc, node: &dyn GroupNode) {
    let held = node.member(usize::from(index)).expect("a member");
    let occurrences = group.members::<Occurrence<'_>>(index);
    let which = member.name();
    assert_eq!(occurrences.len(), held.count(), "{which}");
    assert_eq!(occurrences.is_empty(), held.count() == 0, "{which}");
    assert_eq!(group.required::<view::Segment<'_>>(index).is_present(), held.count() > 0);
    assert_eq!(group.optional::<view::Segment<'_>>(index).is_some(), held.count() > 0);
    for (at, occurrence) in occurrences.iter().enumerate() {
        match held.occurrence(at) {
            Some(Element::Segment(segment)) => check_segment(occurrence.segment(), segment),
            Some(Element::Group(inner)) => check_group(occurrence.group(), inner),
            Some(Element::Raw(raw)) => {
                assert_eq!(occurrence.segment().id(), raw.id());
            }
            None => panic!("{which} is there for views only"),
        }
        if let MemberKind::Choice(choice) = member.kind {
            let alternative = &choice.members[usize::from(occurrence.alternative())];
            if let (MemberKind::Segment(desc), id) = (alternative.kind, occurrence.segment().id()) {
                assert_eq!(Some(desc.id), id);
            }
        }
    }
}

fn check_segment(segment: view::Segment<'_>, node: &dyn SegmentNode) {
    let desc = node.desc();
    assert_eq!(segment.id(), Some(desc.id));
    let slots = slots(node);
    let behind = desc.fields.iter().position(|field| field.open);
    for (index, slot) in slots.iter().enumerate().take(behind.unwrap_or(slots.len())) {
        let field = &desc.fields[index];
        let seq = u16::try_from(index + 1).expect("few fields");
        let which = format!("{}-{seq}", desc.id);
        if field.is_repeating() && field.varies_by == 0 {
            check_repetitions(segment.repeated(seq), *slot, field, &which);
        } else if field.is_repeating() {
            check_varying(segment.varying_repeated(seq, field.varies_by), *slot, field, &which);
        } else if field.varies_by != 0 {
            check_one(segment.varying::<Named<'_>>(seq, field.varies_by), *slot, field, &which);
        } else {
            check_part(segment.field(seq), *slot, field, &which);
        }
    }
    let Some(open) = behind else { return };
    let field = &desc.fields[open];
    let first = u16::try_from(open + 1).expect("few fields");
    let mut fields = segment.open_varying::<Named<'_>>(first, field.varies_by);
    let which = format!("{}-{first} and behind", desc.id);
    for slot in &slots[open..] {
        match fields.next() {
            Some(repetitions) => check_varying(repetitions, *slot, field, &which),
            None => assert!(matches!(slot, Slot::Absent), "{which}: not there for views"),
        }
    }
    assert!(fields.all(|field| field.is_empty()), "{which}: there for views only");
}

fn check_repetitions(
    repetitions: Repetitions<'_, Composite<'_>>,
    slot: Slot<'_>,
    field: &ElementDesc,
    which: &str,
) {
    let Slot::List(list) = slot else {
        assert!(matches!(slot, Slot::Absent), "{which}: no list");
        return assert!(repetitions.is_empty(), "{which}: there for views only");
    };
    assert_eq!(repetitions.len(), list.len(), "{which}");
    for (at, repetition) in repetitions.iter().enumerate() {
        check_part(repetition, list.get(at), field, which);
    }
    check_part(repetitions.first(), list.get(0), field, which);
}

fn check_varying(
    repetitions: VaryingRepetitions<'_, Named<'_>>,
    slot: Slot<'_>,
    field: &ElementDesc,
    which: &str,
) {
    let Slot::List(list) = slot else {
        assert!(matches!(slot, Slot::Absent), "{which}: no list");
        return assert!(repetitions.is_empty(), "{which}: there for views only");
    };
    assert_eq!(repetitions.len(), list.len(), "{which}");
    for (at, repetition) in repetitions.iter().enumerate() {
        check_one(repetition, list.get(at), field, which);
    }
}

/// A part and the datatype that the message names for it.
struct Named<'m> {
    datatype: String,
    part: Composite<'m>,
}

impl<'m> view::Varies<'m> for Named<'m> {
    fn named(datatype: &str, part: Composite<'m>) -> Self {
        Self { datatype: datatype.to_owned(), part }
    }
}

fn check_one(named: Named<'_>, slot: Slot<'_>, field: &ElementDesc, which: &str) {
    let Slot::Varies(varies) = slot else { return check_part(named.part, slot, field, which) };
    match varies.selected() {
        // What a struct says of the name is said by `decode`, so only that nothing empty is of a datatype is looked at.
        None => {
            assert!(!named.part.is_empty() || named.datatype.is_empty(), "{which}");
            check_leaf::<Raw>(named.part, varies.inner(), which);
        }
        Some(datatype) => {
            assert_eq!(datatype.id, named.datatype, "{which}");
            let element = ElementDesc::new("value", "value", datatype);
            check_part(named.part, varies.inner(), &element, which);
        }
    }
}

fn check_part(part: Composite<'_>, slot: Slot<'_>, element: &ElementDesc, which: &str) {
    let components = element.datatype.map_or(&[][..], |datatype| datatype.components());
    match slot {
        Slot::Node(node) => {
            let slots = slots(node);
            assert_eq!(slots.len(), components.len(), "{which}");
            for (number, (slot, component)) in (1..).zip(slots.into_iter().zip(components)) {
                check_part(part.part(number), slot, component, &format!("{which}.{number}"));
            }
        }
        Slot::Absent if !components.is_empty() => {
            assert!(part.is_empty(), "{which}: there for views only");
            check_leaf::<St>(part.part(1), slot, which);
        }
        Slot::Varies(varies) => check_leaf::<Raw>(part, varies.inner(), which),
        leaf => match element.datatype.and_then(|datatype| datatype.format()) {
            None | Some(Format::CompositeUnknown) => check_leaf::<Raw>(part, leaf, which),
            Some(_) => check_leaf::<St>(part, leaf, which),
        },
    }
}

fn check_leaf<P>(part: Composite<'_>, slot: Slot<'_>, which: &str)
where
    P: hl7_types::primitives::Primitive + std::ops::Deref<Target = Value>,
{
    let leaf: Leaf<'_, P> = view::FromPart::of(part);
    let empty = Value::EMPTY;
    let held = match slot {
        Slot::Leaf(value) => value,
        Slot::Absent => &empty,
        _ => panic!("{which}: no leaf"),
    };
    assert_eq!(leaf.value().raw(), held.raw(), "{which}");
    assert_eq!(leaf.presence(), held.presence(), "{which}");
    assert_eq!(leaf.is_empty(), held.is_empty(), "{which}");
    assert_eq!(leaf.is_null(), held.is_null(), "{which}");
    assert_eq!(leaf.text(), held.text(), "{which}");
}

#[test]
fn samples_of_every_structure() {
    for (index, version) in VERSIONS.iter().enumerate() {
        for (nth, structure) in version.desc().structures.iter().enumerate() {
            check(index, &sample(structure, Fill::Minimal));
            // A full one takes up to a megabyte; another structure of each version is enough.
            if (nth + 3 * index) % 40 == 0 {
                check(index, &sample(structure, Fill::Full));
            }
        }
    }
}

/// What a reviewer found: text that is not what its bytes say, names that are none, repetitions with nothing in them.
#[test]
fn odd_messages() {
    let odd: [&[u8]; 8] = [
        // A null behind a switch of ISO 2022, and a switch with nothing behind it.
        b"MSH|^~\\&|||||||ADT^A01^ADT_A01|1|P|2.5.1||||||~ISO IR87\rEVN||2020\rPID|1||||\x1b(B\"\"\rPV1||I\r",
        b"MSH|^~\\|||||||QBP^Q21||||\\C2842\\|||||ISO IR159\r",
        // The escape character is what a null is written with.
        b"MSH|^~\"&|||||||ADT^A01^ADT_A01|1|P|2.5.1\rEVN||2020\rPID|1|\"\"\rPV1||I\r",
        // Declarations that are longer than they should be.
        b"MSH|^~\\&#\\F\\|||||||ADT^A01^ADT_A01|1|P|2.5.1\rPID|1\r",
        b"MSH|^~\\&#\x80|||||||ADT^A01^ADT_A01|1|P|2.5.1||||||8859/1\rPID|1\r",
        b"MSH|^~\\&#\xc3\xa4|\xe9||||||ADT^A01^ADT_A01|1|P|2.5.1||||||8859/1\rPID|1\r",
        b"MSH|^~\\&|||||||ORU^R01^ORU_R01|1|P|2.5.1\rOBR|1\rOBX|1|NM|a||5~~6\rOBX|2|NM~\xff~XX|a||5~1~a\r",
        b"MSH|^~\\&|||||||TBR^R08^TBR_R08|1|P|2.3\rRDF|2|A^NM~B^\rRDT|5|6|7\rRDF|1|A^ST\rRDT|5^6|\r",
    ];
    for bytes in odd {
        (0..VERSIONS.len()).for_each(|version| check(version, bytes));
    }
}

#[test]
fn a_varying_field_is_what_the_message_names() {
    use hl7_types::v2_5_1::views::{datatypes::Varies, messages::OruR01};

    let shown = |segments: &str| {
        let bytes = format!("MSH|^~\\&|||||||ORU^R01^ORU_R01|1|P|2.5.1\rOBR|1\r{segments}\r");
        let outline = Outline::<OruR01<'_>>::decode(bytes).expect("a message");
        let result = outline.message().patient_result().first();
        let obx = result.order_observation().first().observation().first().obx();
        let one = |value: Varies<'_>| match value {
            Varies::Nm(number) => format!("NM {}", number.text()),
            Varies::Cwe(code) => format!("CWE {}", code.identifier().text()),
            Varies::Raw(raw) => format!("raw {}", raw.text()),
            other => format!("{other:?}"),
        };
        obx.observation_value().iter().map(one).collect::<Vec<_>>()
    };
    assert_eq!(shown("OBX|1|NM|a||5~~6"), ["NM 5", "raw ", "NM 6"]);
    assert_eq!(shown("OBX|1|NM~CWE|a||5~A^B~C"), ["NM 5", "CWE A", "CWE C"]);
    assert_eq!(shown("OBX|1|XX|a||5^6"), ["raw 5^6"]);
    assert_eq!(shown("OBX|1||a||5"), ["raw 5"]);
    assert_eq!(shown("OBX|1|NM|a"), [""; 0]);
}

#[test]
fn what_is_absent_reads_as_nothing_and_says_so() {
    use hl7_types::v2_5_1::views::messages::AdtA01;

    let bytes = b"MSH|^~\\&|||||||ADT^A01^ADT_A01|1|P|2.5.1\rEVN||2020\rZBD|7\rPV1||I\r";
    let outline = Outline::<AdtA01<'_>>::decode(bytes).expect("a message");
    let adt = outline.message();
    assert!(!adt.pid().0.is_present() && adt.evn().0.is_present());
    assert!(adt.pd1().is_none() && adt.nk1().is_empty());
    let name = adt.pid().patient_name();
    assert!(name.is_empty() && name.first().family_name().surname().is_empty());
    assert_eq!(name.first().family_name().surname().range(), None);
    assert_eq!(adt.pv1().patient_class().range().map(|range| &bytes[range]), Some(&b"I"[..]));
    let strays: Vec<_> = adt.0.strays().map(|stray| stray.raw().to_vec()).collect();
    assert_eq!(strays, [b"ZBD|7"]);
    assert_eq!(format!("{:?}", adt.evn()), "Evn(EVN (9 bytes))");
    assert!(outline.findings().iter().any(|finding| finding.path.to_string() == "PID"));
}

/// A message of one version is of no structure of another.
#[test]
fn a_view_of_any_message_is_of_its_version() {
    use hl7_types::{v2_5_1, v2_8};

    let bytes = b"MSH|^~\\&|||||||ADT^A01^ADT_A01|1|P|2.5.1\r";
    let outline = Outline::<v2_5_1::views::AnyMessage<'_>>::decode(bytes).expect("a message");
    let other = <v2_8::views::AnyMessage<'_> as view::Message>::of(outline.group());
    assert!(matches!(other, v2_8::views::AnyMessage::Other(_)));
    assert!(matches!(outline.message(), v2_5_1::views::AnyMessage::AdtA01(_)));
}

proptest! {
    #[test]
    fn damaged_messages((version, bytes) in message()) {
        check(version, &bytes.0);
    }
}

#[test]
fn real_messages() {
    // As one version after the other.
    for (nth, path) in all().iter().enumerate() {
        check(nth % VERSIONS.len(), &fs::read(path).expect("the file can be read"));
    }
}
