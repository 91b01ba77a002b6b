//! The completeness of the rules: for each rule and each version that has it there are messages in which it finds exactly
//! what was damaged, and no other rule finds anything.

use std::thread;

use hl7_types::desc::{ElementDesc, Usage, VersionDesc};
use hl7_types::{DecodeOptions, Faulty, Rule, Rules, Tree, VERSIONS, Version, sample_faulty};

/// So many structures of a version show a rule, each with another seed, where it has that many.
const STRUCTURES: u64 = 5;

/// Whether a version says anything that a rule could be about.
fn has(version: &VersionDesc, rule: Rule) -> bool {
    let fields = || version.segments.iter().flat_map(|segment| segment.fields);
    let components = || version.datatypes.iter().flat_map(|datatype| datatype.components());
    let any = |states: fn(&ElementDesc) -> bool| fields().chain(components()).any(states);
    match rule {
        Rule::RequiredComponent => components().any(|part| part.usage == Usage::R),
        Rule::NotSupported => any(|element| element.usage == Usage::X),
        Rule::Withdrawn => any(|element| element.usage == Usage::W),
        Rule::Conditional => any(|element| element.condition != [0; 2]),
        Rule::TooShort => any(|element| element.length.min > 1 && element.is_primitive()),
        Rule::ConformanceLength => {
            any(|element| element.length.conformance > 0 && element.is_primitive())
        }
        // MSH-18 names the character set.
        Rule::OtherCharset => {
            version.segment("MSH").is_some_and(|header| header.fields.len() >= 18)
        }
        _ => true,
    }
}

#[test]
fn each_rule_finds_what_was_damaged_and_nothing_else() {
    let faults: Vec<String> = thread::scope(|scope| {
        let running: Vec<_> =
            VERSIONS.iter().map(|version| scope.spawn(|| faults(version))).collect();
        running.into_iter().flat_map(|version| version.join().expect("no panic")).collect()
    });
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Where the rules of a version do not do what they should.
fn faults(version: &Version) -> Vec<String> {
    let id = version.desc().id;
    let mut faults = Vec::new();
    for &rule in Rule::ALL.iter().filter(|&&rule| has(version.desc(), rule)) {
        let mut shown = 0;
        for structure in version.desc().structures {
            if let Some(faulty) = sample_faulty(structure, rule, shown) {
                shown += 1;
                let what = format!("{id} {} {} {}", structure.id, rule.id(), faulty.path);
                faults.extend(judged(version, &faulty, rule).map(|why| format!("{what}: {why}")));
            }
            if shown == STRUCTURES {
                break;
            }
        }
        if shown == 0 {
            faults.push(format!("{id} {} is not shown", rule.id()));
        }
    }
    faults
}

/// What is wrong with a message that should have one fault: read with types and without, it has that one.
fn judged(version: &Version, faulty: &Faulty, rule: Rule) -> Option<String> {
    let options = DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() };
    let decoded = version.decode(&faulty.bytes, &options).expect("it is HL7");
    let tree = Tree::parse(faulty.bytes.clone()).expect("it is HL7");
    let untyped = match tree.structure(version.desc()) {
        Some(structure) => tree.check(structure, &options),
        None => tree.check_segments(version.desc(), &options),
    };
    let expected = [(rule, faulty.path)];
    for (how, findings) in [("with types", decoded.findings), ("without", untyped)] {
        let found: Vec<_> = findings.iter().map(|finding| (finding.rule, finding.path)).collect();
        if found != expected {
            let found: Vec<_> = findings.iter().map(ToString::to_string).collect();
            return Some(format!("{how}: {found:?}"));
        }
    }
    let back = decoded.message.encode() == faulty.bytes;
    (!back).then(|| "it comes back with other bytes".to_owned())
}
