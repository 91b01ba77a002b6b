//! Edits by path through structs: everything that a message carries is reached, and nothing beside it changes.

use hl7_types::node::{Empty, Node, SlotMut};
use hl7_types::v2_5_1::messages::{AdtA01, OruR01};
use hl7_types::v2_5_1::segments::Pid;
use hl7_types::{Message, Path, RawSegment, Tree, Value, encode_segment};

fn path(text: &str) -> Path {
    text.parse().expect("a path")
}

/// A message of these lines before and after a path is set; the tree of the bytes agrees.
#[track_caller]
fn check<T: Message>(lines: &str, edit: [&str; 2], expected: &str) {
    let of = |lines: &str| {
        format!(
            "MSH|^~\\&|A|B|C|D|20260211||ADT^A01^ADT_A01|1|P|2.5.1\r{}",
            lines.replace('\n', "\r")
        )
    };
    let [at, text] = edit;
    let mut tree = Tree::parse(of(lines)).expect("a message");
    let mut message = T::decode(tree.bytes()).expect("a message").message;
    message.set(&path(at), text).expect("it can be set");
    let found = String::from_utf8_lossy(&message.encode()).into_owned();
    assert_eq!(found, of(expected), "{lines} {edit:?}");
    let at = path(at);
    let leaf = at.with_repetition(at.repetition.max(1)).with_component(at.component.max(1));
    let leaf = leaf.with_subcomponent(at.subcomponent.max(1));
    assert_eq!(message.get(&leaf).unwrap_or_default(), text, "{lines} {edit:?}");
    tree.set(&at, text).expect("it can be set");
    assert_eq!(tree.bytes(), message.encode(), "{lines} {edit:?}");
}

#[test]
fn a_path_reaches_what_the_types_do_not_hold() {
    let check = check::<AdtA01>;
    // Fields, components, repetitions and subcomponents that the version does not define.
    let behind = "|".repeat(40);
    check(&format!("PID{behind}a|b^c~d"), ["PID-41.2", "x"], &format!("PID{behind}a|b^x~d"));
    check(&format!("PID{behind}a|b"), ["PID-45", "x"], &format!("PID{behind}a|b||||x"));
    check("PID|1", ["PID-41", "x"], &format!("PID|1{}x", "|".repeat(40)));
    check("PID|||7^^^A^^^^^^^x&y^z", ["PID-3.11.2", "q"], "PID|||7^^^A^^^^^^^x&q^z");
    check("PID|||7", ["PID-3.12", "x"], "PID|||7^^^^^^^^^^^x");
    check("PID|||7^^^A&B&C&D", ["PID-3.4.5", "x"], "PID|||7^^^A&B&C&D&x");
    check("PID|1~2^3", ["PID-1[2].2", "x"], "PID|1~2^x");
    check("PID|1", ["PID-1[3]", "x"], "PID|1~~x");
    check("PID|1^2&3", ["PID-1.2.2", "x"], "PID|1^2&x");
    check("PID|1", ["PID-1.1.3", "x"], "PID|1&&x");
    // Segments that the structure does not name, or not there.
    check("ZPI|1|a^b\nPID|1\nZPI|2", ["ZPI[2]-3.2", "x"], "ZPI|1|a^b\nPID|1\nZPI|2||^x");
    check("PV1||I\nPID|1", ["PID-5", "x"], "PV1||I\nPID|1||||x");
    check("PID|1\nAB|1\ngarbage\nZPI", ["ZPI-1", "x"], "PID|1\nAB|1\ngarbage\nZPI|x");
}

#[test]
fn an_edit_keeps_what_stands_beside_it() {
    let check = check::<AdtA01>;
    check("PID|1||7|||||||", ["PID-2", "x"], "PID|1|x|7|||||||");
    check("PID|1||7|||||||", ["PID-10", "x"], "PID|1||7|||||||x");
    check("PID|1||7|||||||", ["PID-11", "x"], "PID|1||7||||||||x");
    check("PID|||7^^~8^^^", ["PID-3[2].2", "x"], "PID|||7^^~8^x^^");
    check("PID|||7^^~8^^^", ["PID-3[4]", "x"], "PID|||7^^~8^^^~~x");
    check("PID|||~7", ["PID-3", "x"], "PID|||x~7");
    check("PID|1^surplus", ["PID-1", "x"], "PID|x^surplus");
    check("PID|~x", ["PID-1", "x"], "PID|x~x");
    check("PID|||||A&B^C", ["PID-5.1.1", "x"], "PID|||||x&B^C");
    check("PID|||||A^C", ["PID-5.1.2", "x"], "PID|||||A&x^C");
    // An emptied piece leaves its separators.
    check("PID|1||7", ["PID-3", ""], "PID|1||");
    check("PID|1||7^^^A", ["PID-3.4", ""], "PID|1||7^^^");
    check("PID|1||7~8", ["PID-3[2]", ""], "PID|1||7~");
    check("PID|1", ["PID-5.2", ""], "PID|1||||^");
    check("PID|1||7", ["PID-3", "\"\""], "PID|1||\"\"");
    // The name of a datatype decides how another field is read, not what it says.
    let check = self::check::<OruR01>;
    check("PID|1\nOBR|1\nOBX|1|ST|A||a^b~c", ["OBX-2", "CE"], "PID|1\nOBR|1\nOBX|1|CE|A||a^b~c");
    check(
        "PID|1\nOBR|1\nOBX|1|ST|A||a^b~c",
        ["OBX-5[2].3", "x"],
        "PID|1\nOBR|1\nOBX|1|ST|A||a^b~c^^x",
    );
}

/// A switch of character sets with nothing behind it is read as nothing.
#[test]
fn bytes_that_were_read_as_nothing_stay_until_their_field_is_cleared() {
    let of = |structure: &str, line: &str| {
        let header = format!("MSH|^~\\&|||||||{structure}|1|P|2.5.1||||||~ISO IR87");
        format!("{header}\r{}\r", line.replace('@', "\u{1b}(B"))
    };
    for line in [
        "PID|@",
        "PID|||@",
        "PID|||||^^^^^^^^^@",
        "PID|||||||||||^^^^^^^^^^^@",
        "PID|||||||||||^^^^^^^^^^^&@",
        "PID|||||||||||^^^^^^^^^^^&\\M2442\\",
    ] {
        let bytes = of("ADT^A01^ADT_A01", line);
        let mut adt = AdtA01::decode(bytes.as_bytes()).expect("a message").message;
        assert_eq!(adt.clone(), adt);
        assert_eq!(adt.encode(), bytes.as_bytes(), "{line}");
        let pid = &mut adt.pid;
        (pid.patient_name, pid.patient_address) = (Vec::new(), Vec::new());
        (pid.set_id, pid.patient_identifier_list) = ("".into(), Vec::new());
        let kept = if line == "PID|@" { line } else { "PID" };
        assert_eq!(adt.encode(), of("ADT^A01^ADT_A01", kept).as_bytes(), "{line}");
    }
    for line in ["OBX|||||||||@", "OBX||||||||@", "OBX||||||||@~A", "OBX||ST|||@~x"] {
        let bytes = of("ORU^R01^ORU_R01", &format!("OBR|1\r{line}"));
        let mut oru = OruR01::decode(bytes.as_bytes()).expect("a message").message;
        assert_eq!(oru.encode(), bytes.as_bytes(), "{line}");
        let obx = &mut oru.patient_result[0].order_observation[0].observation[0].obx;
        (obx.abnormal_flags, obx.observation_value) = (Vec::new(), Vec::new());
        let kept = match line {
            "OBX|||||||||@" => line,
            "OBX||ST|||@~x" => "OBX||ST",
            _ => "OBX",
        };
        let expected = of("ORU^R01^ORU_R01", &format!("OBR|1\r{kept}"));
        assert_eq!(oru.encode(), expected.as_bytes(), "{line}");
    }
}

/// The leaf of a field, component and subcomponent.
fn leaf<'a>(mut slot: SlotMut<'a>, parts: &[usize]) -> &'a mut Value {
    let (part, inner) = parts.split_first().map_or((1, parts), |(part, inner)| (*part, inner));
    if let SlotMut::List(list) = slot {
        slot = list.push();
    }
    match slot {
        SlotMut::Leaf(value) => value,
        SlotMut::Node(node) => leaf(node.slot_mut(part - 1), inner),
        _ => panic!("a leaf or a composite"),
    }
}

#[test]
fn values_of_all_lengths_stand_behind_any_number_of_separators() {
    let text = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJ";
    let behind = |separators: &str, length: usize| match length {
        0 => "PID".to_owned(),
        _ => format!("PID{separators}{}", &text[..length]),
    };
    for length in 0..=text.len() {
        let check = |field: usize, parts: &[usize], separators: &str| {
            let mut pid = Pid::EMPTY;
            leaf(pid.slot_mut(field - 1), parts).set(&text[..length]);
            let written = encode_segment(&pid);
            assert_eq!(String::from_utf8_lossy(&written), behind(separators, length));
        };
        (1..=39).for_each(|field| check(field, &[], &"|".repeat(field)));
        check(5, &[6], "|||||^^^^^");
        check(3, &[4, 3], "|||^^^&&");
    }
}

#[test]
fn what_cannot_be_set_says_why() {
    let bytes = b"MSH|^~\\&|A|B|C|D|20260211||ADT^A01^ADT_A01|1|P|2.5.1\rPID|1\r";
    let mut message = AdtA01::decode(bytes).expect("a message").message;
    for (at, reason) in [
        ("PID[2]-1", "PID[2]-1 cannot be set: the message has no such segment"),
        ("ZZZ-1", "ZZZ-1 cannot be set: the message has no such segment"),
        ("PID", "PID cannot be set: name a field"),
        ("MSH-1", "MSH-1 cannot be set: the delimiters of a message cannot be changed in place"),
        ("MSH-2", "MSH-2 cannot be set: the delimiters of a message cannot be changed in place"),
        ("PID-10001", "PID-10001 cannot be set: the position is too far behind the end"),
        ("PID-3[10001]", "PID-3[10001] cannot be set: the position is too far behind the end"),
    ] {
        let error = message.set(&path(at), "x").expect_err(at);
        assert_eq!(error.to_string(), reason);
        assert_eq!(message.encode(), bytes, "{at}");
    }
    // A value with a line end in it, put there as it is: setting one beside it would make two segments of one.
    message.pid.patient_id.id_number = Value::from_raw("a\rb").into();
    let error = message.set(&path("PID-3[2]"), "x").expect_err("two lines");
    assert_eq!(
        error.to_string(),
        "PID-3[2] cannot be set: the segment is too long, or a value in it holds a line end"
    );
}

/// What the delimiters are is said as it stands, under any of them.
#[test]
fn a_declaration_of_delimiters_is_no_text() {
    let bytes = b"MSH#*%@+#A#B#C#D#1##ADT*A01#1#P#2.5.1\rPID#1##a*b@F@+c%d|e\r";
    let tree = Tree::parse(&bytes[..]).expect("a message");
    let message = AdtA01::decode(bytes).expect("a message").message;
    for (at, expected) in [
        ("MSH-1", "#"),
        ("MSH-2", "*%@+"),
        ("MSH-9", "ADT*A01"),
        ("PID-3[2]", "d|e"),
        ("PID-3", "a*b@F@+c%d|e"),
        ("PID-3.2.1", "b#"),
    ] {
        assert_eq!(tree.get(&path(at)).as_deref(), Some(expected), "{at}");
        assert_eq!(message.get(&path(at)).as_deref(), Some(expected), "{at}");
    }
}

#[test]
fn segments_are_listed_in_the_order_of_the_message() {
    let lines = [
        "MSH|^~\\&|A",
        "ZAA|1",
        "PID|1",
        "ZBB",
        "no segment",
        "PR1|1",
        "ROL|1",
        "ZCC|\\F\\",
        "PR1|2",
        "ZDD",
    ];
    let message = AdtA01::decode((lines.join("\r") + "\r").as_bytes()).expect("a message").message;
    let segments = message.segments();
    let ids: Vec<_> = segments.iter().map(|segment| segment.id().unwrap_or("-")).collect();
    assert_eq!(ids.join(" "), "MSH ZAA PID ZBB - PR1 ROL ZCC PR1 ZDD");
    let written: Vec<_> = segments
        .iter()
        .map(|segment| String::from_utf8_lossy(&segment.er7()).into_owned())
        .collect();
    assert_eq!(written, lines);
    assert_eq!(message.get(&path("ZCC-1")).as_deref(), Some("|"));
    assert!(RawSegment::from_er7("PID|1").decode::<Pid>().is_some());
}
