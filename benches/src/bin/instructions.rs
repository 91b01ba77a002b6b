//! Some passes of one operation, to be counted by callgrind: `instructions PATH PASSES`, and without arguments the paths
//! that there are. The difference of two runs is what the passes between them cost, exactly.
#![allow(clippy::print_stdout, reason = "the list goes to whoever runs it")]

use std::error::Error;
use std::hint::black_box;

use hl7_benches::batch;
use hl7_benches::corpus::Corpus;
use hl7_benches::kinds::kind;

/// Messages in a pass.
const MESSAGES: usize = 24;

/// What is counted: on which messages, what is done.
const PATHS: &[(&str, &str)] = &[
    ("adt", "scan"),
    ("adt", "tree"),
    ("adt", "paths"),
    ("adt", "view"),
    ("adt", "view, read"),
    ("adt", "decode"),
    ("adt", "encode"),
    ("adt", "validate"),
    ("adt", "ack"),
    ("oru-40", "tree"),
    ("oru-40", "view, read"),
    ("oru-40", "decode"),
    ("oru-40", "encode"),
    ("oru-40", "validate"),
    ("batch", "split"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, passes] = &arguments[..] else {
        for (kind, operation) in PATHS {
            println!("{kind} {operation}\t{MESSAGES}");
        }
        return Ok(());
    };
    let passes: usize = passes.parse()?;
    match path.split_once(' ') {
        Some(("batch", "split")) => split(passes),
        Some((kind, operation)) => work(kind, operation, passes),
        None => Err(format!("{path} is no path").into()),
    }
}

fn split(passes: usize) -> Result<(), Box<dyn Error>> {
    let file = batch::file(MESSAGES)?;
    for _ in 0..passes {
        black_box(batch::count_messages(black_box(&file)));
    }
    Ok(())
}

fn work(name: &str, operation: &str, passes: usize) -> Result<(), Box<dyn Error>> {
    let kind = kind(name).ok_or_else(|| format!("{name} is no kind of message"))?;
    let corpus = Corpus::first(kind, MESSAGES);
    let mut operations = (kind.operations)(&corpus);
    let of_that_name = operations.iter_mut().find(|known| known.name == operation);
    let operation = of_that_name.ok_or_else(|| format!("{operation} is no operation"))?;
    for _ in 0..passes {
        (0..MESSAGES).for_each(&mut operation.run);
    }
    Ok(())
}
