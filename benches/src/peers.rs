//! The crates of others that read HL7 v2, as their documentation says to use them. Each gives a whole tree: segments,
//! fields, repetitions, components, subcomponents. Paths are parsed beforehand where a crate has a type for them.

use std::hint::black_box;

use hl7_parser::query::LocationQuery;

use crate::corpus::Corpus;
use crate::operations::{Keeper, Operation};

/// The names in the tables, with the versions that the manifest pins.
const ER7: &str = "er7 0.2.2";
const HL7_PARSER: &str = "hl7-parser 0.3.0";
const HL7KIT: &str = "hl7kit 0.2.0";
const RUST_HL7: &str = "rust-hl7 0.5.0";

/// What is done: a whole parse, and ten values read after it.
const PARSE: &str = "parse";
const PATHS: &str = "parse, paths";

/// The messages as text, which is what the peers take. That they are UTF-8 was found out before anything is timed.
fn texts(corpus: &Corpus) -> Vec<&str> {
    let texts = corpus.messages.iter().map(|message| std::str::from_utf8(message));
    texts.collect::<Result<_, _>>().expect("messages of ours are UTF-8")
}

/// What is measured of the peers.
#[must_use]
pub fn operations(corpus: &Corpus) -> Vec<Operation<'_>> {
    let texts = texts(corpus);
    let (er7, parser, kit, rust) = (texts.clone(), texts.clone(), texts.clone(), texts.clone());
    let mut all = vec![
        Operation::new(ER7, PARSE, move |nth| er7::parse(black_box(er7[nth]))),
        Operation::new(HL7_PARSER, PARSE, move |nth| {
            hl7_parser::Message::parse(black_box(parser[nth]))
                .map(|message| drop(black_box(message)))
        }),
        Operation::new(HL7KIT, PARSE, move |nth| hl7kit::Message::parse(black_box(kit[nth]))),
        Operation::new(RUST_HL7, PARSE, move |nth| {
            drop(black_box(rusthl7::message::Message::new(black_box(rust[nth]))));
        }),
    ];
    all.extend(readers(corpus).into_iter().map(|reader| {
        let texts = texts.clone();
        Operation::new(reader.of, PATHS, move |nth| (reader.read)(black_box(texts[nth])).len())
    }));
    all
}

/// What can be kept of a message: the tree.
#[must_use]
pub fn kept(corpus: &Corpus) -> Vec<Keeper<'_>> {
    let texts = texts(corpus);
    let (er7, parser, kit, rust) = (texts.clone(), texts.clone(), texts.clone(), texts);
    vec![
        Keeper::new(ER7, PARSE, move |nth| {
            er7::parse(er7[nth]).expect("it reads messages of ours")
        }),
        Keeper::new(HL7_PARSER, PARSE, move |nth| {
            hl7_parser::Message::parse(parser[nth]).expect("it reads messages of ours")
        }),
        Keeper::new(HL7KIT, PARSE, move |nth| {
            hl7kit::Message::parse(kit[nth]).expect("it reads messages of ours")
        }),
        Keeper::new(RUST_HL7, PARSE, move |nth| rusthl7::message::Message::new(rust[nth])),
    ]
}

/// Parses a message and reads the values of the paths of its kind.
#[allow(missing_debug_implementations, reason = "holds a closure")]
pub struct Reader {
    /// Whose it is.
    pub of: &'static str,
    /// Gives the values.
    pub read: Read,
}

/// The values of a message.
pub type Read = Box<dyn Fn(&str) -> Vec<String>>;

/// The peers that read by path.
#[must_use]
pub fn readers(corpus: &Corpus) -> Vec<Reader> {
    let paths = corpus.kind.paths;
    vec![
        Reader { of: ER7, read: er7_reader(&paths) },
        Reader { of: HL7_PARSER, read: hl7_parser_reader(&paths) },
        Reader { of: HL7KIT, read: hl7kit_reader(&paths) },
        Reader { of: RUST_HL7, read: rust_hl7_reader(&paths) },
    ]
}

fn er7_reader(paths: &[&str]) -> Read {
    let paths: Vec<er7::Path> =
        paths.iter().map(|path| er7::Path::parse(path).expect("it takes paths of ours")).collect();
    Box::new(move |text| {
        let message = er7::parse(text).expect("it reads messages of ours");
        paths.iter().filter_map(|path| message.query_path(path).into_iter().next()).collect()
    })
}

fn hl7_parser_reader(paths: &[&str]) -> Read {
    let query = |path: &&str| LocationQuery::parse(&path.replace('-', "."));
    let paths: Vec<_> =
        paths.iter().map(|path| query(path).expect("it takes paths of ours")).collect();
    Box::new(move |text| {
        let message = hl7_parser::Message::parse(text).expect("it reads messages of ours");
        let value =
            |path: &LocationQuery| Some(message.query(path.clone())?.raw_value().to_owned());
        paths.iter().filter_map(value).collect()
    })
}

fn hl7kit_reader(paths: &[&str]) -> Read {
    let paths: Vec<_> = paths
        .iter()
        .map(|path| hl7kit::Path::parse(path).expect("it takes paths of ours"))
        .collect();
    Box::new(move |text| {
        let message = hl7kit::Message::parse(text).expect("it reads messages of ours");
        let value =
            |path| Some(message.decode(message.resolve(path)?.slice(message.raw())).into_owned());
        paths.iter().filter_map(value).collect()
    })
}

/// Its paths are text at every call: `PID.F5.R1.C1`.
fn rust_hl7_reader(paths: &[&str]) -> Read {
    let path = |path: &&str| {
        let (segment, rest) = path.split_once('-').unwrap_or((path, "1"));
        let (field, component) = rest.split_once('.').unwrap_or((rest, "1"));
        format!("{segment}.F{field}.R1.C{component}")
    };
    let paths: Vec<_> = paths.iter().map(path).collect();
    Box::new(move |text| {
        let message = rusthl7::message::Message::new(text);
        paths.iter().map(|path| message.query(path.as_str()).to_owned()).collect()
    })
}
