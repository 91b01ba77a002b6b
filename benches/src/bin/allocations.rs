//! How often each operation asks for memory, for how much, and what a message takes while it is kept.
#![allow(clippy::print_stdout, reason = "the figures go to whoever runs it")]

use std::alloc::System;
use std::error::Error;

use hl7_benches::batch::{count_messages, file};
use hl7_benches::corpus::Corpus;
use hl7_benches::kinds::KINDS;
use hl7_benches::operations::{Keeper, Operation};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Messages of a kind that are looked at; averages are over these.
const MESSAGES: usize = 50;
/// Messages in the file of a batch.
const IN_FILE: usize = 10_000;

fn main() -> Result<(), Box<dyn Error>> {
    for kind in KINDS {
        let corpus = Corpus::first(kind, if kind.name == "oru-1mb" { 2 } else { MESSAGES });
        for mut operation in corpus.operations() {
            say_asked(kind.name, corpus.messages.len(), 1, &mut operation);
        }
        for keeper in corpus.kept() {
            let (calls, bytes) = held(&corpus, &keeper);
            let Keeper { of, name, itself, .. } = keeper;
            println!("held\t{}\t{of}\t{name}\t{calls}\t{bytes}\t{itself}", kind.name);
        }
    }
    let file = file(IN_FILE)?;
    let mut split = Operation::new("ours", "split", |_| count_messages(&file));
    say_asked("batch", 1, IN_FILE, &mut split);
    Ok(())
}

/// Calls for memory, growing included, and bytes asked for, of a message; a run does so many.
fn say_asked(kind: &str, runs: usize, messages: usize, operation: &mut Operation<'_>) {
    // Tables that are made once are made now.
    (0..runs).for_each(&mut operation.run);
    let region = Region::new(ALLOCATOR);
    (0..runs).for_each(&mut operation.run);
    let change = region.change();
    let calls = (change.allocations + change.reallocations) / (runs * messages);
    let bytes = change.bytes_allocated / (runs * messages);
    println!("allocations\t{kind}\t{}\t{}\t{calls}\t{bytes}", operation.of, operation.name);
}

/// Pieces of memory and bytes that are held as long as what is kept of a message, itself included: it stands in a box.
fn held(corpus: &Corpus, keeper: &Keeper<'_>) -> (usize, usize) {
    let messages = corpus.messages.len();
    drop((keeper.keep)(0));
    let (mut pieces, mut bytes) = (0, 0);
    for nth in 0..messages {
        let region = Region::new(ALLOCATOR);
        let kept = (keeper.keep)(nth);
        let change = region.change();
        drop(kept);
        pieces += change.allocations - change.deallocations;
        bytes += change.bytes_allocated - change.bytes_deallocated;
    }
    (pieces / messages, bytes / messages)
}
