//! Messages whose segments stand in random order: what finding the reading with the fewest deviations costs, all rules
//! on. Time per segment stays the same from a thousand segments to a million. Run with
//! `cargo bench -p hl7-benches --bench placement`.
#![allow(missing_docs, reason = "criterion's macros write undocumented functions")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hl7_types::desc::{GroupDesc, MemberKind};
use hl7_types::{DecodeOptions, Message, Path, Rules, Tree, v2_5_1, v2_9};

const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// The ids that a structure names, each as often as it names it.
fn ids(group: &GroupDesc, out: &mut Vec<&'static str>) {
    for member in group.members {
        match member.kind {
            MemberKind::Segment(segment) => out.push(segment.id),
            MemberKind::Group(inner) | MemberKind::Choice(inner) => ids(inner, out),
            MemberKind::Any(_) => out.push("ZZZ"),
        }
    }
}

/// A message of a structure: its segments, and some of a site, in an order that means nothing.
fn shuffled(message: &str, structure: &GroupDesc, version: &str, segments: usize) -> Vec<u8> {
    let mut names = vec!["ZRR"];
    ids(structure, &mut names);
    let mut out = format!("MSH|^~\\&|A|B|C|D|20260211||{message}|1|P|{version}\r").into_bytes();
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    for _ in 1..segments {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let at = usize::try_from(state >> 33).unwrap_or(0) % names.len();
        out.extend_from_slice(names[at].as_bytes());
        out.extend_from_slice(b"|1|A^B\r");
    }
    out
}

fn run<M: Message>(criterion: &mut Criterion, message: &str) {
    let structure = M::DESC;
    let version = structure.version.map_or("", |version| version.id);
    let options = DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() };
    let last: Path = "ZRR[500000]-2".parse().expect("a path");
    let mut group = criterion.benchmark_group(format!("{} {version}", structure.id));
    group.sample_size(10).warm_up_time(Duration::from_millis(200));
    for segments in SIZES {
        let bytes = shuffled(message, structure.root, version, segments);
        let tree = Tree::parse(bytes.as_slice()).expect("a message of ours");
        group.throughput(Throughput::Elements(segments as u64));
        group.bench_function(BenchmarkId::new("check", segments), |bencher| {
            bencher.iter(|| black_box(&tree).check(structure, &options));
        });
        group.bench_function(BenchmarkId::new("decode", segments), |bencher| {
            bencher.iter(|| M::decode_with(black_box(&bytes), &options));
        });
        let decoded = M::decode_with(&bytes, &options).expect("a message of ours").message;
        assert!(decoded.encode() == bytes, "{} came back otherwise", structure.id);
        group.bench_function(BenchmarkId::new("encode", segments), |bencher| {
            bencher.iter(|| black_box(&decoded).encode());
        });
        // A path that nothing has: every segment is looked at.
        group.bench_function(BenchmarkId::new("get", segments), |bencher| {
            bencher.iter(|| black_box(&decoded).get(&last));
        });
    }
    group.finish();
}

fn benches(criterion: &mut Criterion) {
    run::<v2_5_1::messages::OruR01>(criterion, "ORU^R01^ORU_R01");
    run::<v2_5_1::messages::OmlO21>(criterion, "OML^O21^OML_O21");
    run::<v2_5_1::messages::AdtA01>(criterion, "ADT^A01^ADT_A01");
    // The structure with the most positions of all versions.
    run::<v2_9::messages::CcrI16>(criterion, "CCR^I16^CCR_I16");
}

criterion_group!(all, benches);
criterion_main!(all);
