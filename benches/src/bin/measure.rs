//! Time of everything on all messages, in interleaved rounds: `measure ROUNDS`.
#![allow(clippy::print_stdout, reason = "the figures go to whoever runs it")]

use std::error::Error;
use std::hint::black_box;

use hl7_benches::batch::{count_messages, file};
use hl7_benches::corpus::Corpus;
use hl7_benches::kinds::KINDS;
use hl7_benches::mllp::{READS, count_frames, stream};
use hl7_benches::operations::Operation;
use hl7_benches::rounds::{Job, run};
use hl7_benches::scan::scan;

/// Messages in the file of a batch.
const IN_FILE: usize = 10_000;

/// Kinds of messages that are taken off the wire, too.
const FRAMED: [&str; 2] = ["adt", "oru-1mb"];

fn main() -> Result<(), Box<dyn Error>> {
    let rounds = std::env::args().nth(1).map_or(Ok(21), |rounds| rounds.parse())?;
    let corpora: Vec<Corpus> = KINDS.iter().map(Corpus::of).collect();
    corpora.iter().for_each(say_what_it_is);
    let file = file(IN_FILE)?;
    println!("corpus\tbatch\t{IN_FILE}\t{}\t{}", file.len() / IN_FILE, delimiters(&file) / IN_FILE);
    let framed: Vec<_> = corpora
        .iter()
        .filter(|corpus| FRAMED.contains(&corpus.kind.name))
        .map(|corpus| (corpus, stream(&corpus.messages)))
        .collect();
    let mut jobs: Vec<Job<'_>> = corpora.iter().flat_map(jobs).collect();
    jobs.extend(of_the_file(&file));
    jobs.extend(framed.iter().flat_map(|(corpus, stream)| of_the_wire(corpus, stream)));
    let took = run(&mut jobs, rounds.max(1));
    for (job, took) in jobs.iter().zip(took) {
        let [kind, of, name] = job.name;
        let message = took.pass / count(job.messages);
        println!("time\t{kind}\t{of}\t{name}\t{message:.2}\t{:.3}", took.spread);
    }
    Ok(())
}

fn count(of: usize) -> f64 {
    f64::from(u32::try_from(of).unwrap_or(u32::MAX))
}

fn say_what_it_is(corpus: &Corpus) {
    let (messages, bytes) = (corpus.messages.len(), corpus.bytes());
    let delimiters: usize = corpus.messages.iter().map(|message| delimiters(message)).sum();
    let name = corpus.kind.name;
    println!("corpus\t{name}\t{messages}\t{}\t{}", bytes / messages, delimiters / messages);
}

fn delimiters(bytes: &[u8]) -> usize {
    scan(bytes, &mut Vec::new())
}

/// What is done with the messages of a kind.
fn jobs(corpus: &Corpus) -> Vec<Job<'_>> {
    corpus
        .operations()
        .into_iter()
        .map(|operation| {
            let Operation { of, name, mut run } = operation;
            let messages = corpus.messages.len();
            let pass = Box::new(move || (0..messages).for_each(&mut run));
            Job { name: [corpus.kind.name, of, name], messages, bytes: corpus.bytes(), pass }
        })
        .collect()
}

/// What is done with the file of a batch.
fn of_the_file(file: &[u8]) -> [Job<'_>; 3] {
    let mut positions = Vec::with_capacity(file.len());
    let mut copy = vec![0; file.len()];
    let job = |of, name, pass| Job {
        name: ["batch", of, name],
        messages: IN_FILE,
        bytes: file.len(),
        pass,
    };
    [
        job("floor", "memcpy", Box::new(move || copy.copy_from_slice(black_box(file)))),
        job(
            "floor",
            "scan",
            Box::new(move || {
                black_box(scan(black_box(file), &mut positions));
            }),
        ),
        job(
            "ours",
            "split",
            Box::new(move || {
                assert_eq!(count_messages(black_box(file)), IN_FILE);
            }),
        ),
    ]
}

/// Messages of a kind, taken out of their MLLP frames.
fn of_the_wire<'a>(corpus: &Corpus, stream: &'a [u8]) -> Vec<Job<'a>> {
    let messages = corpus.messages.len();
    READS
        .iter()
        .map(|&(name, read)| Job {
            name: [corpus.kind.name, "mllp", name],
            messages,
            bytes: stream.len(),
            pass: Box::new(move || {
                assert_eq!(count_frames(black_box(stream), read), messages);
            }),
        })
        .collect()
}
