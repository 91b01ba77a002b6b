//! What is measured on a message. Each is defined once, here, for time, allocations and instructions alike.

use std::hint::black_box;
use std::rc::Rc;

use hl7_types::ack::{AckCode, AckSettings, Inbound, Stamp, acknowledge};
use hl7_types::view::{self, Outline};
use hl7_types::{DecodeOptions, Message, Path, Rules, Tree};

use crate::corpus::Corpus;
use crate::scan::{scan, scan_without_branches};

/// Some work on the message of a number.
#[allow(missing_debug_implementations, reason = "holds a closure")]
pub struct Operation<'a> {
    /// Whose it is: `ours`, or a crate and its version.
    pub of: &'static str,
    /// What is done.
    pub name: &'static str,
    /// Does it, and drops what came of it.
    pub run: Box<dyn FnMut(usize) + 'a>,
}

impl<'a> Operation<'a> {
    /// An operation; what it gives is dropped as part of it.
    pub fn new<T>(
        of: &'static str,
        name: &'static str,
        mut run: impl FnMut(usize) -> T + 'a,
    ) -> Self {
        Self { of, name, run: Box::new(move |nth| drop(black_box(run(nth)))) }
    }
}

/// Something that is kept of a message.
pub trait Kept {}

impl<T> Kept for T {}

/// Makes what is kept of a message, to see what it takes.
#[allow(missing_debug_implementations, reason = "holds a closure")]
pub struct Keeper<'a> {
    /// Whose it is.
    pub of: &'static str,
    /// What is kept.
    pub name: &'static str,
    /// Bytes of the thing itself, without what it points to.
    pub itself: usize,
    /// Makes it of the message of a number.
    pub keep: Box<dyn Fn(usize) -> Box<dyn Kept + 'a> + 'a>,
}

impl<'a> Keeper<'a> {
    /// A keeper of what a function makes.
    pub fn new<T: 'a>(
        of: &'static str,
        name: &'static str,
        keep: impl Fn(usize) -> T + 'a,
    ) -> Self {
        Self { of, name, itself: size_of::<T>(), keep: Box::new(move |nth| Box::new(keep(nth))) }
    }
}

/// The paths of a kind.
fn paths(corpus: &Corpus) -> Vec<Path> {
    let parsed = corpus.kind.paths.iter().map(|path| path.parse());
    parsed.collect::<Result<_, _>>().expect("paths of ours")
}

fn tree(bytes: &[u8]) -> Tree {
    Tree::parse(bytes).expect("a message of ours")
}

fn decoded<M: Message>(bytes: &[u8]) -> M {
    M::decode(black_box(bytes)).expect("a message of ours").message
}

fn outline<V: view::Message>(bytes: &[u8]) -> Outline<V> {
    Outline::decode(black_box(bytes)).expect("a message of ours")
}

/// Reads the text of every leaf; gives their length together.
fn every_value(tree: &Tree) -> usize {
    let fields = tree.segments().flat_map(|segment| segment.fields());
    let mut length = 0;
    for field in fields {
        for leaf in field.leaves().filter(|leaf| !leaf.is_empty()) {
            length += leaf.text().len();
        }
    }
    length
}

/// All rules.
fn all_rules() -> DecodeOptions {
    DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() }
}

/// Structs take up to twenty times the bytes of their messages. Those of one message in ten are near, like all messages:
/// the caches have room for them.
const NEAR: usize = 10;

/// What is measured of this toolkit, on messages of a structure.
#[must_use]
pub fn operations<M: Message, V: view::Message>(corpus: &Corpus) -> Vec<Operation<'_>> {
    let messages = &corpus.messages;
    let mut positions = Vec::with_capacity(corpus.longest());
    let mut others = vec![0; corpus.longest()];
    let mut copy = vec![0; corpus.longest()];
    let paths = paths(corpus);
    let structs: Rc<[M]> = messages.iter().map(|message| decoded(message)).collect();
    let near = Rc::clone(&structs);
    let trees: Vec<Tree> = messages.iter().map(|message| tree(message)).collect();
    let (rules, settings) = (all_rules(), AckSettings::default());
    vec![
        Operation::new("floor", "memcpy", move |nth| {
            let message = &messages[nth];
            copy[..message.len()].copy_from_slice(black_box(message));
            copy[0]
        }),
        Operation::new("floor", "copy", |nth| black_box(&messages[nth]).clone()),
        Operation::new("floor", "scan", move |nth| scan(black_box(&messages[nth]), &mut positions)),
        Operation::new("floor", "scan without branches", move |nth| {
            scan_without_branches(black_box(&messages[nth]), &mut others)
        }),
        Operation::new("ours", "tree", |nth| tree(black_box(&messages[nth]))),
        Operation::new("ours", "paths", move |nth| {
            let tree = tree(black_box(&messages[nth]));
            paths.iter().filter_map(|path| tree.get(path)).map(|text| text.len()).sum::<usize>()
        }),
        Operation::new("ours", "view", |nth| outline::<V>(&messages[nth])),
        Operation::new("ours", "view, read", |nth| {
            every_value(outline::<V>(&messages[nth]).tree())
        }),
        Operation::new("ours", "decode", |nth| M::decode(black_box(&messages[nth]))),
        Operation::new("ours", "encode", move |nth| {
            black_box(&near[nth % near.len().div_ceil(NEAR)]).encode()
        }),
        Operation::new("ours", "encode, far", move |nth| black_box(&structs[nth]).encode()),
        Operation::new("ours", "validate", move |nth| {
            tree(black_box(&messages[nth])).check(M::DESC, &rules)
        }),
        Operation::new("ours", "round trip", |nth| decoded::<M>(&messages[nth]).encode()),
        Operation::new("ours", "ack", move |nth| answer(black_box(&trees[nth]), &settings)),
    ]
}

/// An application's yes.
fn answer(tree: &Tree, settings: &AckSettings) -> Vec<u8> {
    let stamp = Stamp { control_id: "A000001", time: "20260211140114" };
    let inbound = Inbound::of_tree(tree).expect("a message of ours has a header");
    acknowledge(&inbound, AckCode::Aa, &[], stamp, settings)
}

/// What can be kept of a message: its struct, or its index.
#[must_use]
pub fn kept<M: Message, V: view::Message + 'static>(corpus: &Corpus) -> Vec<Keeper<'_>> {
    let messages = &corpus.messages;
    vec![
        Keeper::new("ours", "decode", |nth| decoded::<M>(&messages[nth])),
        Keeper::new("ours", "view", |nth| outline::<V>(&messages[nth])),
        Keeper::new("ours", "tree", |nth| tree(&messages[nth])),
    ]
}
