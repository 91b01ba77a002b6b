//! A line with a path, a line with a text, and a message: setting the text does the same to the structs and to the bytes,
//! and changes nothing but the piece at the path.
#![no_main]

use hl7_types::{DecodeOptions, Path, Tree, VERSIONS};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(3, |&byte| byte == b'\n');
    let mut line = || parts.next().and_then(|line| std::str::from_utf8(line).ok());
    let (Some(path), Some(text)) = (line(), line()) else { return };
    let (Ok(path), Some(message)) = (path.parse::<Path>(), parts.next()) else { return };
    let Ok(tree) = Tree::parse(message) else { return };
    if path.segment() == "MSH" && path.field == 18 {
        // Another character set is another way to write all of a message that has structs.
        return;
    }
    let version = &VERSIONS[message.len() % VERSIONS.len()];
    check(&tree, version, &path, text);
});

fn check(tree: &Tree, version: &hl7_types::Version, path: &Path, text: &str) {
    let options = DecodeOptions::default();
    let mut message = version.decode(tree.bytes(), &options).expect("the tree has it").message;
    assert_eq!(message.get(path), tree.get(path), "{path}");
    let mut edited = tree.clone();
    let expected = edited.set(path, text);
    assert_eq!(message.set(path, text), expected, "{path}");
    assert_eq!(message.encode(), edited.bytes(), "{path}");
    assert_eq!(message.get(path), edited.get(path), "{path}");
    if expected.is_err() {
        assert_eq!(edited.bytes(), tree.bytes());
        return;
    }
    let leaf = path
        .with_repetition(path.repetition.max(1))
        .with_component(path.component.max(1))
        .with_subcomponent(path.subcomponent.max(1));
    assert_eq!(edited.get(&leaf).unwrap_or_default(), text, "{path}");
    let (old, new) = (tree.bytes(), edited.bytes());
    let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let end = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    match tree.piece(&leaf).map(|piece| piece.range()) {
        Some(range) => assert!(start >= range.start && end >= old.len() - range.end, "{path}"),
        None => assert!(start + end >= old.len(), "{path}"),
    }
}
