//! Any bytes, through the types of any version: what decodes is written back byte for byte, and so is its copy.
//!
//! Each message is read as the version that it names and as one that its length picks, so that the types of all versions
//! meet messages of all others.
#![no_main]

use hl7_types::{DecodeOptions, Tree, VERSIONS, Version};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let options = DecodeOptions::default();
    let tree = Tree::parse(bytes);
    let picked = &VERSIONS[bytes.len() % VERSIONS.len()];
    let Ok(tree) = tree else {
        assert!(picked.decode(bytes, &options).is_err(), "typed and untyped reading disagree");
        return;
    };
    for version in [Some(picked), Version::of(&tree)].into_iter().flatten() {
        let message = version.decode(bytes, &options).expect("the tree has it").message;
        assert_eq!(message.encode(), bytes, "{version:?}");
        let copy = message.clone();
        assert!(copy == message && copy.encode() == bytes, "a copy, {version:?}");
    }
});
