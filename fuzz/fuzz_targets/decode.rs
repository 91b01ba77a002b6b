//! Any bytes: decoding does not panic, typed and untyped; what decodes is written back byte for byte.
#![no_main]

use hl7_types::v2_5_1::{AnyMessage, VERSION};
use hl7_types::{DecodeOptions, Path, Rules, Tree};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let options = DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() };
    let Ok(decoded) = AnyMessage::decode_with(bytes, &options) else {
        assert!(Tree::parse(bytes).is_err(), "typed and untyped reading disagree on what a message is");
        return;
    };
    assert_eq!(decoded.message.encode(), bytes, "typed round trip");
    let mut tree = Tree::parse(bytes).expect("the typed reading accepted it");
    for finding in &decoded.findings {
        assert!(finding.range().end <= bytes.len() && finding.range().start <= finding.range().end);
        let _ = (finding.to_string(), tree.get(&finding.path), decoded.message.get(&finding.path));
    }
    let _ = tree.structure(&VERSION);
    let path: Path = "PID-5.1".parse().expect("a path");
    if tree.set(&path, "A|B").is_ok() {
        assert_eq!(tree.get(&path.with_repetition(1).with_subcomponent(1)).as_deref(), Some("A|B"));
    }
});
