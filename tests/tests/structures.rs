//! Every structure of every version, built from its descriptors: decodes typed without a finding and comes back byte for
//! byte. And that each version has what the standard has.

use std::thread;

use hl7_types::node::{Element, GroupNode};
use hl7_types::{DecodeOptions, Fill, Rules, VERSIONS, Version, sample};

#[test]
fn every_structure_of_every_version_is_read_without_a_finding_and_comes_back() {
    let faults: Vec<String> = thread::scope(|scope| {
        let running: Vec<_> =
            VERSIONS.iter().map(|version| scope.spawn(|| faults(version))).collect();
        running.into_iter().flat_map(|version| version.join().expect("no panic")).collect()
    });
    let first: Vec<_> = faults.iter().take(30).cloned().collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), first.join("\n"));
}

/// What is wrong with the samples of a version.
fn faults(version: &Version) -> Vec<String> {
    let options = DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() };
    let mut faults = Vec::new();
    for structure in version.desc().structures {
        for fill in [Fill::Minimal, Fill::Full] {
            let bytes = sample(structure, fill);
            // By MSH-12, as a user would.
            let decoded = hl7_types::decode_with(&bytes, &options).expect("a sample is HL7");
            let which = format!("{} {} {fill:?}", version.desc().id, structure.id);
            faults.extend(decoded.findings.iter().map(|finding| format!("{which}: {finding}")));
            let read = decoded.message;
            if (read.version().id, read.name()) != (version.desc().id, structure.id) {
                faults.push(format!("{which}: read as {} {}", read.version().id, read.name()));
            }
            if !read.group().is_some_and(has_no_strays) {
                faults.push(format!("{which}: segments without a place"));
            }
            if read.encode() != bytes {
                faults.push(format!("{which}: other bytes"));
            }
        }
    }
    faults
}

/// A sample in the right struct has every segment in its place.
fn has_no_strays(group: &dyn GroupNode) -> bool {
    group.extra().strays().is_empty()
        && group.members().all(|member| {
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
    for version in VERSIONS.iter().map(Version::desc) {
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
