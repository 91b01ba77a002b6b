//! What is promised of speed, as ratios within one run, and whether it was kept.

use super::figures::{Figures, Time, short};
use super::scales::Scales;

/// A promise.
pub(super) struct Bar {
    what: String,
    asked: String,
    /// What was measured; `None` where it was not.
    measured: Option<f64>,
    met: bool,
}

impl Bar {
    fn at_least(what: impl Into<String>, asked: f64, measured: Option<f64>) -> Self {
        let met = measured.is_some_and(|measured| measured >= asked);
        Self { what: what.into(), asked: format!("≥ {}", trimmed(asked)), measured, met }
    }

    fn at_most(what: impl Into<String>, asked: f64, measured: Option<f64>) -> Self {
        let met = measured.is_some_and(|measured| measured <= asked);
        Self { what: what.into(), asked: format!("≤ {}", trimmed(asked)), measured, met }
    }

    fn row(&self) -> String {
        let measured = self.measured.map_or("not measured".into(), short);
        let verdict = match (self.measured, self.met) {
            (None, _) => "-",
            (_, true) => "pass",
            _ => "**miss**",
        };
        format!("| {} | {} | {measured} | {verdict} |\n", self.what, self.asked)
    }
}

/// `0.2` for a fifth, but `6` for six.
fn trimmed(number: f64) -> String {
    format!("{number:.3}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The kinds that promises are about.
const KINDS: [&str; 2] = ["adt", "oru-40"];

/// The ways to have a message typed.
const TYPED: [(&str, &str); 3] =
    [("view", "views"), ("view, read", "views, every value read"), ("decode", "structs")];

/// All promises as a table.
pub(super) fn table(figures: &Figures, scales: Option<&Scales>) -> String {
    let mut out = "| bar | asked | measured | |\n|---|--:|--:|---|\n".to_owned();
    let mut bars = of_speed(figures);
    bars.extend(of_memory(figures));
    if let Some(scales) = scales {
        bars.push(Bar::at_least(
            "decode: messages of two threads to those of one",
            1.9,
            scales.threads,
        ));
        bars.push(Bar::at_least(
            "the same, to what two threads do of a loop that needs no memory",
            1.9 / 2.0,
            scales.threads.zip(scales.machine).map(|(decode, machine)| decode / machine),
        ));
        bars.push(Bar::at_most(
            "`hl7 check` of one message, from cold start to end, ms",
            10.0,
            scales.start,
        ));
        bars.push(Bar::at_least(
            "`hl7 check` of 100,000 files: cores in use, of two",
            1.8,
            scales.cores,
        ));
    }
    bars.iter().for_each(|bar| out.push_str(&bar.row()));
    out
}

/// How fast, to the scan and to the fastest peer.
fn of_speed(figures: &Figures) -> Vec<Bar> {
    let mut bars = Vec::new();
    for kind in KINDS {
        let speed = |what: &str, to: Option<f64>| Some(to? / figures.time(kind, "ours", what)?);
        let (scan, peer) = (figures.scan(kind), figures.fastest_peer(kind).map(|(_, time)| time));
        let mut to_scan = |what: &str, shown: &str, asked: f64| {
            let name = format!("{kind}: {shown}, speed to the scan's");
            bars.push(Bar::at_least(name, asked, speed(what, scan)));
        };
        for (what, shown) in TYPED {
            let asked = if kind == "adt" { 1.0 / 6.0 } else { 0.2 };
            to_scan(what, &format!("typed decode, {shown}"), asked);
        }
        to_scan("tree", "dynamic parse", 1.0);
        to_scan("paths", "dynamic parse and ten paths", 0.5);
        to_scan("encode", "encode, structs", 1.0 / 3.0);
        to_scan("validate", "validation, all rules", 0.1);
        let mut to_peer = |what: &str, shown: &str, asked: f64| {
            let name = format!("{kind}: {shown}, speed to the fastest peer's full parse");
            bars.push(Bar::at_least(name, asked, speed(what, peer)));
        };
        for (what, shown) in TYPED {
            to_peer(what, &format!("typed decode, {shown}"), 6.0);
        }
        to_peer("tree", "dynamic parse", 25.0);
    }
    let document = |what| {
        let decode = figures.time("oru-1mb", "ours", what)?;
        Some(decode / figures.time("oru-1mb", "floor", "memcpy")?)
    };
    for (what, shown) in [("view", "views"), ("decode", "structs")] {
        let name = format!("oru-1mb: typed decode, {shown}, time to a memcpy's");
        bars.push(Bar::at_most(name, 3.0, document(what)));
    }
    for kind in ["adt", "oru-1mb"] {
        let name = format!("{kind}: MLLP frames at the read size that suits them least, GB/s");
        bars.push(Bar::at_least(name, 5.0, slowest_frames(figures, kind)));
    }
    bars
}

/// Bytes a nanosecond that are taken out of frames, at the size of reads at which that is slowest.
fn slowest_frames(figures: &Figures, kind: &str) -> Option<f64> {
    let of_wire = |time: &&Time| time.name[0] == kind && time.name[1] == "mllp";
    let times = figures.times.iter().filter(of_wire).map(|time| time.nanoseconds);
    Some(figures.bytes(kind)? / times.max_by(f64::total_cmp)?)
}

/// How much memory.
fn of_memory(figures: &Figures) -> Vec<Bar> {
    let mut bars = Vec::new();
    for (what, shown) in [("view", "views"), ("decode", "structs")] {
        for kind in KINDS {
            let held = figures.held.iter().find(|held| held.name == [kind, "ours", what]);
            let ratio = || Some(held?.bytes / figures.bytes(kind)?);
            let name = format!("{kind}: heap of a decoded message, {shown}, to its bytes");
            bars.push(Bar::at_most(name, 3.0, ratio()));
        }
        let name = ["adt", "ours", what].map(str::to_owned);
        let calls = figures.allocations.get(&name).map(|[calls, _]| *calls);
        let name = format!("adt: allocations of a typed decode, {shown}");
        bars.push(Bar::at_most(name, 60.0, calls));
    }
    bars
}
