//! Real messages, where a folder of them lies beside the repository: each decodes and comes back byte for byte, and an edit
//! of one leaf keeps the rest.
#![expect(clippy::print_stdout, reason = "says how many there were")]

#[path = "damage/edit.rs"]
mod edit;
mod real;

use std::fs;

use edit::check_edit;
use hl7_types::{DecodeOptions, Path as Place, Rules, Tree, VERSIONS};
use real::all;

/// The place of a leaf, another one for each number.
fn place(tree: &Tree, number: usize) -> Option<Place> {
    let segments: Vec<_> = tree.segments().collect();
    let at = number % segments.len();
    let id = segments[at].id()?;
    let mut place = Place::of_segment(id).ok()?;
    let same = segments[..=at].iter().filter(|segment| segment.id() == Some(id)).count();
    place.occurrence = u32::try_from(same).ok()?;
    let fields = segments[at].fields().count() + 1;
    let part = |number: usize| u32::try_from(number).ok();
    place = place.with_field(part(1 + number / 7 % fields)?);
    place = place
        .with_repetition(part(1 + number / 11 % 2)?)
        .with_component(part(1 + number / 13 % 3)?);
    Some(place)
}

#[test]
fn an_edit_of_a_real_message_keeps_the_rest() {
    for (nth, path) in all().iter().enumerate() {
        let bytes = fs::read(path).expect("the file can be read");
        let tree = Tree::parse(&bytes[..]).expect("a message");
        for (version, number) in VERSIONS.iter().zip(nth * 7_919..) {
            if let Some(place) = place(&tree, number) {
                check_edit(version, &bytes, &place, ["A&B", "", "Ö", "\"\""][number % 4]);
            }
        }
    }
}

#[test]
fn real_messages_come_back_byte_for_byte() {
    let found = all();
    let options = DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() };
    let mut different = Vec::new();
    for path in &found {
        let bytes = fs::read(path).expect("the file can be read");
        let by_its_own = hl7_types::decode_with(&bytes, &options).map(|decoded| decoded.message);
        let by_others =
            VERSIONS.iter().map(|version| Ok(version.decode(&bytes, &options)?.message));
        for read in std::iter::once(by_its_own).chain(by_others) {
            match read {
                Ok(message) if message.encode() == bytes => {}
                Ok(message) => different.push(format!(
                    "{}: not the same bytes, read as {}",
                    path.display(),
                    message.version().id
                )),
                Err(error) => different.push(format!("{}: {error}", path.display())),
            }
        }
    }
    assert!(
        different.is_empty(),
        "{} of {}:\n{}",
        different.len(),
        found.len(),
        different.join("\n")
    );
    println!("{} messages, each as its own version and as {} others", found.len(), VERSIONS.len());
}
