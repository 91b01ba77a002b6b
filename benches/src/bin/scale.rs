//! How time grows with bytes, with segments and with threads.
#![allow(clippy::print_stdout, reason = "the figures go to whoever runs it")]

use std::error::Error;
use std::hint::black_box;
use std::thread;
use std::time::Instant;

use hl7_benches::corpus::Corpus;
use hl7_benches::kinds::kind;
use hl7_benches::rounds::median;
use hl7_types::v2_5_1::messages::OruR01;
use hl7_types::{DecodeOptions, Message, Rules, Tree};

/// Bytes of a document in one field.
const BYTES: [usize; 6] = [1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];
/// Segments of a report.
const SEGMENTS: [usize; 6] = [10, 100, 1_000, 10_000, 100_000, 1_000_000];
/// How often each is timed: less often as it gets longer, but never less than that.
const LEAST: usize = 3;
/// Seconds after which it is enough.
const ENOUGH: f64 = 0.3;
/// Rounds in which one thread and two take turns.
const ROUNDS: usize = 11;
/// Passes of a thread in a round.
const PASSES: usize = 10;
/// Turns of the loop that a thread makes instead.
const TURNS: u64 = 30_000_000;

const BEFORE: &str = "MSH|^~\\&|LAB1|HARBOUR|HUB|HARBOUR|20260211140114||ORU^R01^ORU_R01|43|P|2.5.1\r\
    PID|1||4711^^^HARBOUR^MR||FENWICK^ODETTE\rOBR|1|||24323-8^Panel^LN|||20260211140000\r";

fn main() -> Result<(), Box<dyn Error>> {
    for size in BYTES {
        one_size("bytes", size, &with_document(size))?;
    }
    for size in SEGMENTS {
        one_size("segments", size, &with_observations(size))?;
    }
    threads()
}

fn with_document(bytes: usize) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPabcdefghijklmnop0123456789+/";
    let mut message =
        format!("{BEFORE}OBX|1|ED|18842-5^Summary^LN||LAB1^AP^PDF^Base64^").into_bytes();
    let after = b"||||||F\r";
    let document = bytes.saturating_sub(message.len() + after.len());
    message.extend((0..document).map(|at| DIGITS[at * 7 % DIGITS.len()]));
    message.extend_from_slice(after);
    message
}

fn with_observations(segments: usize) -> Vec<u8> {
    let mut message = BEFORE.as_bytes().to_vec();
    for nth in 1..=segments - 3 {
        let value = nth % 200;
        let line =
            format!("OBX|{}|NM|2345-7^Glucose^LN||{value}|mg/dL^^UCUM|70-140||||F\r", nth % 10_000);
        message.extend_from_slice(line.as_bytes());
    }
    message
}

/// Each way to handle a message, timed.
fn one_size(table: &str, size: usize, message: &[u8]) -> Result<(), Box<dyn Error>> {
    let options = DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() };
    let report = |operation: &str, seconds: f64| {
        println!("{table}\t{size}\t{}\t{operation}\t{:.9}", message.len(), seconds);
    };
    report("tree", seconds(|| Tree::parse(black_box(message))));
    report(
        "validate",
        seconds(|| Some(Tree::parse(black_box(message)).ok()?.check(OruR01::DESC, &options))),
    );
    report("decode", seconds(|| OruR01::decode(black_box(message))));
    let decoded = OruR01::decode(message)?.message;
    report("encode", seconds(|| black_box(&decoded).encode()));
    Ok(())
}

/// The median of some runs; what they give is dropped outside.
fn seconds<T>(mut run: impl FnMut() -> T) -> f64 {
    let (mut times, mut total) = (Vec::new(), 0.0);
    while times.len() < LEAST || total < ENOUGH {
        let began = Instant::now();
        let result = black_box(run());
        let took = began.elapsed().as_secs_f64();
        drop(result);
        total += took;
        times.push(took);
    }
    median(times)
}

/// What two threads get done in the time in which one does its share: decoding, and a loop that needs no memory, which
/// says what the machine gives.
fn threads() -> Result<(), Box<dyn Error>> {
    let corpus = Corpus::of(kind("oru-40").ok_or("there is a report of 40 observations")?);
    let decode = || {
        for message in (0..PASSES).flat_map(|_| &corpus.messages) {
            drop(black_box(OruR01::decode(black_box(message))));
        }
    };
    let count = || {
        let mut sum = 0_u64;
        for nth in 0..TURNS {
            sum = black_box(sum.wrapping_mul(31) ^ nth);
        }
    };
    println!("threads\tdecode\t{:.3}", two_to_one(decode));
    println!("threads\tcount\t{:.3}", two_to_one(count));
    Ok(())
}

/// The median of rounds in which one thread and two take turns.
fn two_to_one(work: impl Fn() + Sync) -> f64 {
    let ratio = |_| 2.0 * together(1, &work) / together(2, &work);
    median((0..ROUNDS).map(ratio).collect())
}

/// Seconds in which so many threads each do some work.
fn together(threads: usize, work: &(impl Fn() + Sync)) -> f64 {
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    began.elapsed().as_secs_f64()
}
