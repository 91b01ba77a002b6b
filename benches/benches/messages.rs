//! Everything that is done with a message, kind by kind, for whoever works on one of them:
//! `cargo bench -p hl7-benches --bench messages -- adt/decode`. Ratios to others and what is promised: `cargo xtask bench`.
#![allow(missing_docs, reason = "criterion's macros write undocumented functions")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hl7_benches::batch::{count_messages, file};
use hl7_benches::corpus::Corpus;
use hl7_benches::kinds::KINDS;

/// A pass over all messages of a kind.
fn kinds(criterion: &mut Criterion) {
    for kind in KINDS {
        let corpus = Corpus::of(kind);
        let mut group = criterion.benchmark_group(kind.name);
        group.throughput(Throughput::Bytes(corpus.bytes() as u64));
        for mut operation in corpus.operations() {
            let name = match operation.of {
                "floor" | "ours" => operation.name.to_owned(),
                of => format!("{of} {}", operation.name),
            };
            group.bench_function(name, |bencher| {
                bencher.iter(|| (0..corpus.messages.len()).for_each(&mut operation.run));
            });
        }
        group.finish();
    }
}

/// Ten thousand messages in a file.
fn batch(criterion: &mut Criterion) {
    let file = file(10_000).expect("messages of ours");
    let mut group = criterion.benchmark_group("batch");
    group.throughput(Throughput::Bytes(file.len() as u64)).sample_size(20);
    group.bench_function("split", |bencher| bencher.iter(|| count_messages(black_box(&file))));
    group.finish();
}

criterion_group!(all, kinds, batch);
criterion_main!(all);
