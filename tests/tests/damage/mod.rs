//! Messages of all versions, damaged at random, and random places in them.

use hl7_types::{Fill, Tree, VERSIONS, sample};
use proptest::prelude::*;

/// One act of damage; numbers are taken modulo what there is.
#[derive(Debug, Clone)]
pub(crate) enum Damage {
    Insert(usize, Vec<u8>),
    Delete(usize, usize),
    Lines(Act),
    Fields(usize, Act),
    LineEnds(usize),
    Delimiters(usize),
    Before(usize),
    Behind(usize),
}

/// What happens to one of several lines, or fields of a line.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    Insert(usize, Vec<u8>),
    Delete(usize),
    Duplicate(usize),
    Swap(usize, usize),
}

/// What stands between escape characters, what ends lines and blocks, what says that nothing is there.
const PIECES: [&[u8]; 30] = [
    b"\\X0D0A\\",
    b"\\.br\\",
    b"\\H\\",
    b"\\N\\",
    b"\\C2842\\",
    b"\\M2442\\",
    b"\\Zxx\\",
    b"\\F\\",
    b"\\S",
    b"\\",
    b"\\\\",
    b"\\P\\",
    b"\\X",
    b"\\.sp+3\\",
    b"#",
    b"\"\"",
    b"^\"\"",
    b"~\"\"",
    b"~",
    b"~~x",
    b"^",
    b"^x^y",
    b"&",
    b"&x&&y",
    b"|",
    b"|||",
    b"\xc3\xa4",
    b"\xff",
    b"\n",
    b" ",
];

/// Lines that the structure may have no place for.
const LINES: [&[u8]; 14] = [
    b"ZZZ|1|A^B&C~D|",
    b"ZPV",
    b"ZZZ|\"\"",
    b"NTE|1||text",
    b"PID|||7",
    b"OBX|1|NM|1^A||5",
    b"OBX|1|ED|1^A||A^B^C^D^E",
    b"garbage",
    b"MSA|AA",
    b"BHS|^~\\&|x",
    b"MSH|^~\\&|x",
    b"MSH#$%#x",
    b"PIDx|1",
    b"AB|1",
];

fn act(what: BoxedStrategy<Vec<u8>>) -> impl Strategy<Value = Act> {
    prop_oneof![
        (any::<usize>(), what).prop_map(|(at, bytes)| Act::Insert(at, bytes)),
        any::<usize>().prop_map(Act::Delete),
        any::<usize>().prop_map(Act::Duplicate),
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Act::Swap(a, b)),
    ]
}

fn pieces() -> BoxedStrategy<Vec<u8>> {
    prop::collection::vec(prop::sample::select(&PIECES[..]), 1..4)
        .prop_map(|pieces| pieces.concat())
        .boxed()
}

fn lines() -> BoxedStrategy<Vec<u8>> {
    prop::sample::select(&LINES[..]).prop_map(<[u8]>::to_vec).boxed()
}

fn damage() -> impl Strategy<Value = Damage> {
    let separators = prop::collection::vec(
        prop::sample::select(b"|^~\\&\r\nAZ09\"# \x0b\x1c\xff\xc3".to_vec()),
        1..6,
    );
    prop_oneof![
        4 => (any::<usize>(), separators).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        4 => (any::<usize>(), pieces()).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        2 => (any::<usize>(), prop::collection::vec(any::<u8>(), 1..9)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        3 => (any::<usize>(), 1_usize..40).prop_map(|(at, length)| Damage::Delete(at, length)),
        4 => act(lines()).prop_map(Damage::Lines),
        4 => (any::<usize>(), act(pieces())).prop_map(|(line, act)| Damage::Fields(line, act)),
        1 => (0_usize..3).prop_map(Damage::LineEnds),
        1 => (0_usize..6).prop_map(Damage::Delimiters),
        1 => (0_usize..3).prop_map(Damage::Before),
        1 => (0_usize..3).prop_map(Damage::Behind),
    ]
}

/// Acts on all parts but the first `fixed`.
fn act_on(parts: &mut Vec<Vec<u8>>, act: &Act, fixed: usize) {
    let Some(free) = parts.len().checked_sub(fixed).filter(|&free| free > 0) else { return };
    let nth = |number: &usize| fixed + number % free;
    match act {
        Act::Insert(at, bytes) => parts.insert(nth(at), bytes.clone()),
        Act::Delete(at) => drop(parts.remove(nth(at))),
        Act::Duplicate(at) => parts.insert(nth(at), parts[nth(at)].clone()),
        Act::Swap(a, b) => parts.swap(nth(a), nth(b)),
    }
}

fn split(bytes: &[u8], at: u8) -> Vec<Vec<u8>> {
    bytes.split(|&byte| byte == at).map(<[u8]>::to_vec).collect()
}

/// Damages a message; its first nine bytes stay, so that it still is one (unless its delimiters become others).
fn apply(message: &mut Vec<u8>, damage: &Damage) {
    let header = 9.min(message.len());
    let at = |number: usize| (header + number % (message.len() - header).max(1)).min(message.len());
    match damage {
        Damage::Insert(position, bytes) => {
            let position = at(*position);
            message.splice(position..position, bytes.iter().copied());
        }
        Damage::Delete(position, length) => {
            let from = at(*position);
            message.drain(from..(from + length).min(message.len()));
        }
        Damage::Lines(act) => {
            let mut lines = split(message, b'\r');
            act_on(&mut lines, act, 1);
            *message = lines.join(&b'\r');
        }
        Damage::Fields(line, act) => {
            let mut lines = split(message, b'\r');
            let line = line % lines.len();
            let mut fields = split(&lines[line], b'|');
            act_on(&mut fields, act, if line == 0 { 2 } else { 1 });
            lines[line] = fields.join(&b'|');
            *message = lines.join(&b'\r');
        }
        Damage::LineEnds(kind) => {
            let end: &[u8] = [&b"\n"[..], b"\r\n", b"\r\r\n"][*kind];
            *message = message.split(|&byte| byte == b'\r').collect::<Vec<_>>().join(end);
        }
        Damage::Delimiters(kind) => {
            let others: &[u8] =
                [&b"#$%/*"[..], b"|^~\\", b"|^", b"|*~@&", b"|^~", b"!@#\\&"][*kind];
            for (&from, &to) in b"|^~\\&".iter().zip(others) {
                message.iter_mut().filter(|byte| **byte == from).for_each(|byte| *byte = to);
            }
            if others.len() < 5 && message.get(4 + others.len() - 1..8).is_some() {
                message.drain(4 + others.len() - 1..8);
            }
        }
        Damage::Before(kind) => {
            let before: &[u8] = [&b"\xef\xbb\xbf"[..], b"\x0b", b"\r\n "][*kind];
            message.splice(0..0, before.iter().copied());
        }
        Damage::Behind(kind) => {
            message.extend_from_slice([&b"\x1c\r"[..], b"\r\n\r\n", b"\n"][*kind]);
        }
    }
}

/// MSH-9 of a version's structure.
fn message_type(version: usize, structure: usize) -> String {
    let structures = VERSIONS[version].desc().structures;
    let sampled = sample(structures[structure % structures.len()], Fill::Minimal);
    let tree = Tree::parse(sampled).expect("a sample is a message");
    let piece = tree.piece(&"MSH-9".parse().expect("a path")).expect("a sample has a type");
    String::from_utf8_lossy(piece.raw()).into_owned()
}

/// A message that is shown as it would be written into a test.
#[derive(Clone)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

/// A version to read as, and a message of any version, damaged.
pub(crate) fn message() -> impl Strategy<Value = (usize, Bytes)> {
    let versions = 0..VERSIONS.len();
    let fill = prop_oneof![3 => Just(Fill::Minimal), 1 => Just(Fill::Full)];
    let damages = prop::collection::vec(damage(), 0..8);
    let renamed = prop::option::weighted(0.3, any::<usize>());
    (versions.clone(), versions, any::<usize>(), fill, renamed, damages).prop_map(
        |(reader, writer, structure, fill, renamed, damages)| {
            let structures = VERSIONS[writer].desc().structures;
            let mut message = sample(structures[structure % structures.len()], fill);
            // As another structure than it is, one that the reader knows.
            if let Some(other) = renamed {
                let mut fields = split(&message, b'|');
                fields[8] = message_type(reader, other).into_bytes();
                message = fields.join(&b'|');
            }
            message.truncate(6_000);
            damages.iter().for_each(|damage| apply(&mut message, damage));
            (reader, Bytes(message))
        },
    )
}
