//! Every structure of a version, built from its descriptors: decodes typed without a finding and comes back byte for byte.

use hl7_types::v2_5_1::{AnyMessage, VERSION};
use hl7_types::{DecodeOptions, Fill, Rules, sample};

#[test]
fn every_structure_minimal_and_full() {
    let options = DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() };
    for structure in VERSION.structures {
        for fill in [Fill::Minimal, Fill::Full] {
            let bytes = sample(structure, fill);
            let decoded = AnyMessage::decode_with(&bytes, &options).expect("a sample is HL7");
            assert!(
                decoded.findings.is_empty(),
                "{} {fill:?}: {:?}",
                structure.id,
                decoded.findings
            );
            assert_eq!(decoded.message.name(), structure.id);
            assert!(
                decoded.message.group().is_some_and(has_no_strays),
                "{} {fill:?}",
                structure.id
            );
            let encoded = decoded.message.encode();
            assert_eq!(
                String::from_utf8_lossy(&encoded),
                String::from_utf8_lossy(&bytes),
                "{} {fill:?}",
                structure.id
            );
        }
    }
    assert_eq!(VERSION.structures.len(), 200);
}

/// A sample in the right struct has every segment in its place.
fn has_no_strays(group: &dyn hl7_types::node::GroupNode) -> bool {
    use hl7_types::node::Element;
    let members = 0..group.desc().members.len();
    group.extra().strays().is_empty()
        && members.map(|index| group.member(index)).all(|member| {
            (0..member.count()).all(|at| match member.occurrence(at) {
                Some(Element::Group(inner)) => has_no_strays(inner),
                _ => true,
            })
        })
}

#[test]
fn the_version_has_what_the_standard_has() {
    let fields = VERSION.segments.iter().map(|segment| segment.fields.len()).sum::<usize>();
    let composites = VERSION.datatypes.iter().filter(|datatype| !datatype.components().is_empty());
    let components = composites.clone().map(|datatype| datatype.components().len()).sum::<usize>();
    let primitives =
        VERSION.datatypes.iter().filter(|datatype| datatype.format().is_some()).count();
    let codes = VERSION.tables.iter().map(|table| table.codes.len()).sum::<usize>();
    let forms = VERSION.tables.iter().map(|table| table.patterns.len()).sum::<usize>();
    let counted = [
        ("segments", VERSION.segments.len(), 150),
        ("fields", fields, 2_103),
        ("composites", composites.count(), 78),
        ("primitives", primitives, 11),
        ("components", components, 431),
        ("tables", VERSION.tables.len(), 477),
        // Of the 4,865 values that the tables list, 20 describe many codes, one of them in two forms.
        ("codes", codes, 4_845),
        ("forms of codes", forms, 21),
        ("structures", VERSION.structures.len(), 200),
        ("events", VERSION.events.len(), 379),
    ];
    for (what, found, expected) in counted {
        assert_eq!(found, expected, "{what}");
    }
}
