//! Typed decode and encode against the scan: a plain table loop that writes down where the six delimiters stand, the
//! least that any reader must do. Run with `cargo bench -p hl7-benches`.
#![allow(missing_docs, reason = "criterion's macros write undocumented functions")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hl7_types::v2_5_1::messages::{AdtA01, OruR01};
use hl7_types::{Message, Tree};

/// An admission of about 1.3 kB.
const ADT: &[u8] = include_bytes!("../../examples/messages/adt_a01.hl7");
/// A laboratory report with 40 observations.
const ORU: &[u8] = include_bytes!("../../examples/messages/oru_r01_long.hl7");

/// A report with one megabyte of base64 in an observation.
fn oru_with_document() -> Vec<u8> {
    let mut message =
        b"MSH|^~\\&|LAB|HARBOUR|EHR|HARBOUR|20260211140114||ORU^R01^ORU_R01|43|P|2.5.1\r\
        PID|1||4711^^^HARBOUR^MR||EVERYMAN^ADAM\r\
        OBR|1|||24323-8^PANEL^LN\r\
        OBX|1|ED|18842-5^DISCHARGE SUMMARY^LN||HARBOUR^AP^PDF^Base64^"
            .to_vec();
    message.extend(
        (0..1_000_000).map(|at| b"ABCDEFGHIJKLMNOPabcdefghijklmnop0123456789+/"[at * 7 % 44]),
    );
    message.extend_from_slice(b"||||||F\r");
    message
}

/// The scan: what it writes goes into memory of its own, as with everything it is compared with.
fn scan(bytes: &[u8]) -> Vec<u32> {
    let mut table = [false; 256];
    for &byte in b"\r|^~\\&" {
        table[usize::from(byte)] = true;
    }
    let mut positions = Vec::new();
    for (at, &byte) in (0..).zip(bytes) {
        if table[usize::from(byte)] {
            positions.push(at);
        }
    }
    positions
}

fn benches(criterion: &mut Criterion) {
    let document = oru_with_document();
    for (name, bytes) in [("adt", ADT), ("oru-40", ORU), ("oru-1mb", &document)] {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function("scan", |bencher| bencher.iter(|| scan(black_box(bytes))));
        group.bench_function("tree", |bencher| bencher.iter(|| Tree::parse(black_box(bytes))));
        if name == "adt" {
            typed::<AdtA01>(&mut group, bytes);
        } else {
            typed::<OruR01>(&mut group, bytes);
        }
        group.finish();
    }
}

fn typed<M: Message>(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    bytes: &[u8],
) {
    group.bench_function("decode", |bencher| bencher.iter(|| M::decode(black_box(bytes))));
    let message = M::decode(bytes).expect("a message of ours").message;
    group.bench_function("encode", |bencher| bencher.iter(|| black_box(&message).encode()));
}

criterion_group!(all, benches);
criterion_main!(all);
