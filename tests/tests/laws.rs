//! Laws over damaged messages of all versions, read as any version: what decodes comes back byte for byte; an edit keeps
//! the rest; a path means the same over structs and over bytes.
//!
//! How many cases are tried is said by `PROPTEST_CASES`:
//! `PROPTEST_CASES=1000000 cargo test --release -p hl7-tests --test laws`.

mod damage;
#[path = "damage/edit.rs"]
mod edit;
#[path = "damage/place.rs"]
mod place;

use damage::message;
use edit::{check_changed_only, check_edit, declares_charset, shown};
use hl7_types::node::{Element, ElementMut, GroupNode, Node, SlotMut, slots};
use hl7_types::v2_5_1::messages as v2_5_1;
use hl7_types::{
    DecodeOptions, Finding, Findings, Message, Path, Rules, Tree, VERSIONS, Value, Version,
    segments,
};
use place::{place, text};
use proptest::prelude::*;

// --- what decodes comes back byte for byte -------------------------------------------------------------------------------

/// What decodes comes back byte for byte; what was found stands in it, and is found without types, too.
fn check_round_trip(version: &Version, bytes: &[u8]) {
    let options = DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() };
    let Ok(decoded) = version.decode(bytes, &options) else {
        assert!(
            Tree::parse(bytes).is_err(),
            "typed and untyped reading disagree on what a message is"
        );
        return;
    };
    let encoded = decoded.message.encode();
    assert_eq!(shown(&encoded), shown(bytes));
    let copy = decoded.message.clone();
    assert!(copy == decoded.message, "a copy is the same");
    assert!(copy.encode() == encoded, "and is written alike");
    for finding in &decoded.findings {
        assert!(bytes.get(finding.range()).is_some(), "{finding} points outside");
    }
    let tree = Tree::parse(bytes).expect("the typed reading accepted it");
    if let Some(structure) = tree.structure(version.desc()) {
        let lines = |findings: &Findings| -> Vec<_> {
            // What other versions say beside a finding is known to those who have them.
            let said = |finding: &Finding| {
                (finding.rule, finding.path, finding.message.clone(), finding.range())
            };
            findings.iter().map(said).collect()
        };
        let untyped = tree.check(structure, &options);
        assert_eq!(lines(&untyped), lines(&decoded.findings), "without types");
    }
}

// --- an edit keeps the rest ----------------------------------------------------------------------------------------------

/// Random numbers, each used up by one choice.
struct Choices<'a>(&'a [usize]);

impl Choices<'_> {
    fn below(&mut self, count: usize) -> usize {
        let (&first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        first % count.max(1)
    }
}

fn count_of_slots(node: &dyn Node) -> usize {
    slots(node).len()
}

/// The n-th segment that has a struct.
fn typed_segment<'a>(group: &'a mut dyn GroupNode, left: &mut usize) -> Option<&'a mut dyn Node> {
    for index in 0..group.desc().members.len() {
        let count = group.member(index)?.count();
        // In two steps, for the sake of the borrow checker.
        let mut found = None;
        for at in 0..count {
            let inside = match group.member(index)?.occurrence(at) {
                Some(Element::Segment(_)) => 1,
                Some(Element::Group(inner)) => segments(inner)
                    .iter()
                    .filter(|segment| matches!(segment, Element::Segment(_)))
                    .count(),
                _ => 0,
            };
            if *left < inside {
                found = Some(at);
                break;
            }
            *left -= inside;
        }
        if let Some(at) = found {
            return match group.member_mut(index)?.occurrence_mut(at)? {
                ElementMut::Segment(segment) => Some(segment),
                ElementMut::Group(inner) => typed_segment(inner, left),
                ElementMut::Raw(_) => None,
            };
        }
    }
    None
}

/// A random leaf of a segment, with its path.
fn random_leaf<'a>(
    segment: &'a mut dyn Node,
    choices: &mut Choices<'_>,
    path: &mut Path,
) -> Option<&'a mut Value> {
    let fields = count_of_slots(segment);
    let index = choices.below(fields);
    path.field = u32::try_from(index).expect("few") + 1;
    path.repetition = 1;
    let mut slot = segment.slot_mut(index);
    if let SlotMut::List(list) = slot {
        let at = choices.below(list.len() + 1);
        path.repetition = u32::try_from(at).expect("few") + 1;
        slot = if at == list.len() { list.push() } else { list.get_mut(at) };
    }
    let mut level = 0;
    loop {
        if let SlotMut::Varies(varies) = slot {
            slot = varies.inner_mut();
        }
        let SlotMut::Node(node) = slot else { break };
        // Below subcomponents nothing separates.
        let index = if level < 2 { choices.below(count_of_slots(node)) } else { 0 };
        match level {
            0 => path.component = u32::try_from(index).expect("few") + 1,
            1 => path.subcomponent = u32::try_from(index).expect("few") + 1,
            _ => {}
        }
        level += 1;
        slot = node.slot_mut(index);
    }
    if let SlotMut::Leaf(value) = slot { Some(value) } else { None }
}

/// Setting a leaf of a struct does to the bytes what setting it by path does to the tree.
fn check_leaf_edit<T: Message>(bytes: &[u8], numbers: &[usize], text: &str) {
    let Ok(tree) = Tree::parse(bytes) else { return };
    let mut message = T::decode(bytes).expect("the tree has it").message;
    let typed: Vec<_> = message
        .segments()
        .iter()
        .enumerate()
        .filter(|(_, segment)| matches!(segment, Element::Segment(_)))
        .map(|(index, _)| index)
        .collect();
    let mut choices = Choices(numbers);
    if typed.is_empty() {
        return;
    }
    let mut nth = choices.below(typed.len());
    let ids: Vec<_> = tree.segments().map(|segment| segment.id()).collect();
    let (before, id) = (&ids[..=typed[nth]], ids[typed[nth]].expect("a typed segment has an id"));
    let mut path = Path::of_segment(id).expect("an id");
    path.occurrence =
        u32::try_from(before.iter().filter(|other| **other == Some(id)).count()).expect("few");
    let segment = typed_segment(&mut message, &mut nth).expect("it was counted");
    let Some(value) = random_leaf(segment, &mut choices, &mut path) else { return };
    let delimiters = tree.delimiters();
    let separates = (path.repetition < 2 || delimiters.repetition.is_some())
        && (path.subcomponent < 2 || delimiters.subcomponent.is_some());
    // A leaf that holds parts is not one for the tree.
    let has_parts = value.raw().bytes().any(|byte| b"|^~&".contains(&byte));
    if has_parts || !separates {
        return;
    }
    if declares_charset(&path) {
        return;
    }
    value.set(text);
    let mut edited = tree.clone();
    if edited.set(&path, text).is_ok() {
        assert_eq!(shown(&message.encode()), shown(edited.bytes()), "{path} of {}", T::DESC.id);
        check_changed_only(&tree, &edited, &path, text);
    }
}

// --- finds ---------------------------------------------------------------------------------------------------------------

/// Found by a property test: a header that is an id alone became one that declares delimiters.
#[test]
fn a_header_without_delimiters_has_no_fields_to_set() {
    for line in ["BHS", "MSH", "FHS"] {
        let bytes = format!("MSH|^~\\&|A||||||ORM^O01|A|D|2.1\rORC|CA\r{line}\r");
        for field in 1..5 {
            let mut path = Path::of_segment(line).expect("an id").with_field(field);
            path.occurrence = if line == "MSH" { 2 } else { 1 };
            for version in VERSIONS {
                check_edit(version, bytes.as_bytes(), &path, "x");
            }
            let mut tree = Tree::parse(bytes.as_bytes()).expect("a message");
            assert!(tree.set(&path, "x").is_err(), "{path}");
        }
    }
}

/// Found by fuzzing: with nothing but unknown segments behind it, the header itself was read as one without a place, and
/// came back under other delimiters.
#[test]
fn a_header_before_unknown_segments_keeps_its_delimiters() {
    let version = Version::find("2.5.1").expect("it is enabled");
    check_round_trip(
        version,
        b"MSH|$%!~|LAB1|||||ORU$R02$ADT_A20|1|P|2.5.1\rPID|1||100234$$$HARBOUR$M\r",
    );
}

/// Found by a property test: the first repetition of a field that may not repeat, empty before a second, was asked for its
/// required components, with types only.
#[test]
fn an_empty_first_repetition_is_asked_for_nothing() {
    let version = Version::find("2.5.1").expect("it is enabled");
    check_round_trip(
        version,
        b"MSH|^~\\&|A|B|C|D|20260211||BAR^P10^BAR_P10|1|P|2.5.1\rEVN||~A01|20260211\rPID|1||~7\r",
    );
}

/// Found by a property test: a character that separates under the message's delimiters only was written escaped, though
/// the message declares no escape character.
#[test]
fn a_text_that_cannot_be_escaped_is_refused() {
    let version = Version::find("2.5.1").expect("it is enabled");
    let bytes = b"MSH!@#!A!!!!!!ACK@A01!A!D!2.5.1\rMSA!AA!A\r";
    let path = "MSA-3".parse().expect("a path");
    for text in ["!", "a@b", "#", "\r"] {
        assert!(Tree::parse(bytes).expect("a message").set(&path, text).is_err(), "{text:?}");
        check_edit(version, bytes, &path, text);
    }
    check_edit(version, bytes, &path, "a|b^c~d\\e&f");
}

/// Found by a property test: a field whose datatype another one names, emptied by path, still was of that datatype, where
/// the edited message is read as one that names none.
#[test]
fn an_emptied_field_of_varying_type_is_of_none() {
    let version = Version::find("2.5.1").expect("it is enabled");
    let bytes =
        b"MSH|^~\\&|A|B|C|D|1||ORU^R01^ORU_R01|1|P|2.5.1\rPID|1\rOBR|1\rOBX|1|CE|A||x~\rOBX|2|NM|A||5|\r";
    for (path, text) in [("OBX-5", ""), ("OBX[2]-5", ""), ("OBX[2]-5.2", "x"), ("OBX-2", "NM")] {
        check_edit(version, bytes, &path.parse().expect("a path"), text);
    }
}

/// Found by a property test: a column that was empty, set by path, was of no datatype, where the edited message is read as
/// one whose RDF names it.
#[test]
fn an_empty_column_that_is_set_is_of_its_datatype() {
    let version = Version::find("2.3.1").expect("it is enabled");
    let bytes =
        b"MSH|^~\\&|||||||TBR^R08^TBR_R08|A|D|2.3.1\rMSA|AA|A\rQAK\rRDF|1|PID.3.1^ST\rRDT\r";
    check_edit(version, bytes, &"RDT-1".parse().expect("a path"), "A");
    let bytes = b"MSH|^~\\&|||||||ORU^R01|A|D|2.3.1\rPID\rOBR\rOBX||NM|\r";
    check_edit(version, bytes, &"OBX-5".parse().expect("a path"), "1");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_decodes_comes_back_byte_for_byte((version, bytes) in message()) {
        check_round_trip(&VERSIONS[version], &bytes.0);
    }

    #[test]
    fn any_bytes_decode_or_say_why(version in 0..VERSIONS.len(), bytes in prop::collection::vec(any::<u8>(), 0..400), header in any::<bool>()) {
        let mut message = if header { b"MSH|^~\\&|".to_vec() } else { Vec::new() };
        message.extend(bytes);
        match VERSIONS[version].decode(&message, &DecodeOptions::default()) {
            Ok(decoded) => prop_assert_eq!(decoded.message.encode(), message),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn a_path_means_the_same_over_structs_and_over_bytes((version, bytes) in message(), place in place(), text in text()) {
        if let Ok(tree) = Tree::parse(bytes.0.clone()) {
            check_edit(&VERSIONS[version], &bytes.0, &place.path(&tree), &text);
        }
    }

    #[test]
    fn a_leaf_set_in_a_struct_keeps_the_rest((_, bytes) in message(), numbers in prop::collection::vec(any::<usize>(), 8), text in "[ -~]{1,12}") {
        check_leaf_edit::<v2_5_1::AdtA01>(&bytes.0, &numbers, &text);
        check_leaf_edit::<v2_5_1::OruR01>(&bytes.0, &numbers, &text);
        check_leaf_edit::<v2_5_1::OmlO21>(&bytes.0, &numbers, &text);
        check_leaf_edit::<v2_5_1::RspK21>(&bytes.0, &numbers, &text);
    }
}
