//! How often each operation asks for memory, for how much, and what a message takes while it is kept.
#![allow(clippy::print_stdout, reason = "the figures go to whoever runs it")]

use std::alloc::System;

use hl7_benches::corpus::Corpus;
use hl7_benches::kinds::KINDS;
use hl7_benches::operations::{Keeper, Operation};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Messages of a kind that are looked at; averages are over these.
const MESSAGES: usize = 50;

fn main() {
    for kind in KINDS {
        let corpus = Corpus::first(kind, if kind.name == "oru-1mb" { 2 } else { MESSAGES });
        for mut operation in corpus.operations() {
            let (calls, bytes) = asked(&corpus, &mut operation);
            let Operation { of, name, .. } = operation;
            println!("allocations\t{}\t{of}\t{name}\t{calls}\t{bytes}", kind.name);
        }
        for keeper in corpus.kept() {
            let (calls, bytes) = held(&corpus, &keeper);
            let Keeper { of, name, itself, .. } = keeper;
            println!("held\t{}\t{of}\t{name}\t{calls}\t{bytes}\t{itself}", kind.name);
        }
    }
}

/// Calls for memory, growing included, and bytes asked for, of a message.
fn asked(corpus: &Corpus, operation: &mut Operation<'_>) -> (usize, usize) {
    let messages = corpus.messages.len();
    // Tables that are made once are made now.
    (0..messages).for_each(&mut operation.run);
    let region = Region::new(ALLOCATOR);
    (0..messages).for_each(&mut operation.run);
    let change = region.change();
    ((change.allocations + change.reallocations) / messages, change.bytes_allocated / messages)
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
