//! Every structure of every version, built from its descriptors: decodes typed without a finding and comes back byte for
//! byte. And that each version has what the standard has.

use hl7_types::desc::VersionDesc;
use hl7_types::node::{Element, GroupNode};
use hl7_types::{DecodeError, DecodeOptions, Decoded, Fill, Rules, sample};

/// What is looked at in a message that was read into its struct.
struct Read {
    name: &'static str,
    in_place: bool,
    encoded: Vec<u8>,
}

type Reader = fn(&[u8], &DecodeOptions) -> Result<Decoded<Read>, DecodeError>;

/// A test for each version; the list of them is here.
macro_rules! versions {
    ($($module:ident)*) => {
        const ALL: &[&VersionDesc] = &[$(&hl7_types::$module::VERSION),*];

        $(#[test]
        fn $module() {
            check_structures(&hl7_types::$module::VERSION, |bytes, options| {
                let decoded = hl7_types::$module::AnyMessage::decode_with(bytes, options)?;
                Ok(decoded.map(|message| Read {
                    name: message.name(),
                    in_place: message.group().is_some_and(has_no_strays),
                    encoded: message.encode(),
                }))
            });
        })*
    };
}

versions! {
    v2_1 v2_2 v2_3 v2_3_1 v2_4 v2_5 v2_5_1 v2_6 v2_7 v2_7_1 v2_8 v2_8_1 v2_8_2 v2_9
}

fn check_structures(version: &VersionDesc, read: Reader) {
    let options = DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() };
    let mut faults = Vec::new();
    for structure in version.structures {
        for fill in [Fill::Minimal, Fill::Full] {
            let bytes = sample(structure, fill);
            let decoded = read(&bytes, &options).expect("a sample is HL7");
            let which = format!("{} {} {fill:?}", version.id, structure.id);
            faults.extend(decoded.findings.iter().map(|finding| format!("{which}: {finding}")));
            let read = decoded.message;
            if read.name != structure.id {
                faults.push(format!("{which}: read as {}", read.name));
            }
            if !read.in_place {
                faults.push(format!("{which}: segments without a place"));
            }
            if read.encoded != bytes {
                faults.push(format!("{which}: other bytes"));
            }
        }
    }
    let first: Vec<_> = faults.iter().take(30).cloned().collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), first.join("\n"));
}

/// A sample in the right struct has every segment in its place.
fn has_no_strays(group: &dyn GroupNode) -> bool {
    let members = 0..group.desc().members.len();
    group.extra().strays().is_empty()
        && members.map(|index| group.member(index)).all(|member| {
            (0..member.count()).all(|at| match member.occurrence(at) {
                Some(Element::Group(inner)) => has_no_strays(inner),
                _ => true,
            })
        })
}

/// What the versions define: segments, fields, composites, primitives, components, tables, codes and forms of codes,
/// structures, events.
#[test]
fn the_versions_have_what_the_standard_has() {
    let mut counted = String::from(
        "version, segments, fields, composites, primitives, components, tables, codes, forms, structures, events\n",
    );
    for version in ALL {
        let fields: usize = version.segments.iter().map(|segment| segment.fields.len()).sum();
        let composites: Vec<_> =
            version.datatypes.iter().filter(|datatype| !datatype.components().is_empty()).collect();
        let primitives =
            version.datatypes.iter().filter(|datatype| datatype.format().is_some()).count();
        let components: usize = composites.iter().map(|datatype| datatype.components().len()).sum();
        let codes: usize = version.tables.iter().map(|table| table.codes.len()).sum();
        let forms: usize = version.tables.iter().map(|table| table.patterns.len()).sum();
        let row = [
            version.segments.len(),
            fields,
            composites.len(),
            primitives,
            components,
            version.tables.len(),
            codes,
            forms,
            version.structures.len(),
            version.events.len(),
        ];
        let row: Vec<_> = row.iter().map(ToString::to_string).collect();
        counted.push_str(&format!("{}, {}\n", version.id, row.join(", ")));
    }
    assert_eq!(counted, include_str!("../../schemas/counts.csv"));
}
