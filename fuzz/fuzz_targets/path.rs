//! Any text as a path, and what it names in a message: parsing does not panic, what is a path is written as one that means
//! the same, and reading and writing there does not panic.
#![no_main]

use hl7_types::v2_5_1::messages::OruR01;
use hl7_types::{Message, Path, Presence, Tree};
use libfuzzer_sys::fuzz_target;

/// With segments that have a place and such that have none, surplus, and a line that is no segment.
const MESSAGE: &[u8] = b"MSH|^~\\&|A^1&2|B|C|D|20260211||ORU^R01^ORU_R01|1|P|2.5.1\r\
    PID|1||7^^^A&B&C~8^9^^^^^^^^^^x|||||~|\"\"\rZPI|1|a^b\rOBR|1\rOBX|1|NM|1^A||5^6~7|||||\r\
    ZZZ\rOBX|2|ED|1^A||A^B^C^D^E&\rgarbage\r";

fuzz_target!(|text: &str| {
    let Ok(path) = text.parse::<Path>() else { return };
    let shown = path.to_string();
    let again: Path = shown.parse().expect("a path as it is shown is one");
    assert_eq!(again.to_string(), shown);
    // The first repetition is not shown.
    let repetition = if path.repetition == 1 { 0 } else { path.repetition };
    assert_eq!(again, path.with_repetition(repetition));

    let mut tree = Tree::parse(MESSAGE).expect("a message");
    let mut message = OruR01::decode(MESSAGE).expect("a message").message;
    assert_eq!(message.get(&path), tree.get(&path));
    assert_eq!(message.presence(&path), tree.presence(&path));
    if message.presence(&path) == Presence::Null {
        assert_eq!(message.get(&path).as_deref(), Some("\"\""));
    }
    assert_eq!(message.set(&path, "x&y"), tree.set(&path, "x&y"));
    assert_eq!(message.encode(), tree.bytes());
});
