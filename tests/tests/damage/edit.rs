//! An edit keeps the rest: what it does to a message is compared with what it was.

use hl7_types::{DecodeOptions, Path, Tree, Version};

pub(crate) fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// The path of the leaf that a path names.
fn leaf(path: &Path) -> Path {
    let repetition = path.repetition.max(1);
    path.with_repetition(repetition)
        .with_component(path.component.max(1))
        .with_subcomponent(path.subcomponent.max(1))
}

/// What was set is there, and nothing else is different.
pub(crate) fn check_changed_only(before: &Tree, after: &Tree, path: &Path, text: &str) {
    let leaf = leaf(path);
    let (old, new) = (before.bytes(), after.bytes());
    let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let end = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let written = after.piece(&leaf).expect("it was set").range();
    match before.piece(&leaf) {
        Some(piece) => {
            let range = piece.range();
            assert!(
                start >= range.start && end >= old.len() - range.end,
                "{path}: more than its bytes changed"
            );
            assert_eq!(written.start, range.start, "{path}");
        }
        None => {
            assert!(start + end >= old.len(), "{path}: bytes went away");
            let separators = &new[start.min(written.start)..written.start];
            assert!(
                separators.iter().all(u8::is_ascii_punctuation),
                "{path}: more than separators was added"
            );
        }
    }
    assert_eq!(after.get(&leaf).unwrap_or_default(), text, "{path}");
}

/// Another character set is another way to write all of a message that has structs.
pub(crate) fn declares_charset(path: &Path) -> bool {
    path.segment() == "MSH" && path.field == 18
}

/// A path means over structs what it means over bytes, to read and to write.
pub(crate) fn check_edit(version: &Version, bytes: &[u8], path: &Path, text: &str) {
    let options = DecodeOptions::default();
    let Ok(tree) = Tree::parse(bytes) else { return };
    let mut message = version.decode(bytes, &options).expect("the tree has it").message;
    assert_eq!(message.get(path), tree.get(path), "{path} in {}", shown(bytes));
    if let Some(group) = message.group() {
        assert_eq!(
            hl7_types::presence(group, path),
            tree.presence(path),
            "{path} in {}",
            shown(bytes)
        );
    }
    if declares_charset(path) {
        return;
    }
    let mut edited = tree.clone();
    let expected = edited.set(path, text);
    assert_eq!(message.set(path, text), expected, "{path} in {}", shown(bytes));
    assert_eq!(shown(&message.encode()), shown(edited.bytes()), "{path}");
    if expected.is_err() {
        return;
    }
    check_changed_only(&tree, &edited, path, text);
    assert_eq!(message.get(path), edited.get(path), "{path} after the edit");
    // What names the structure, or the datatypes of other segments, stays what it was for the struct, and so does what the
    // bytes say of their character set.
    let again = Tree::parse(edited.bytes()).expect("it still is a message");
    if !matches!(path.segment(), "MSH" | "RDF") && again.charset() == tree.charset() {
        let read = version.decode(edited.bytes(), &options).expect("it still is a message").message;
        assert!(
            message == read,
            "{path}: the edited struct is not what the edited message is read as"
        );
    }
}
