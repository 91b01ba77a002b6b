//! The tables of a run, in Markdown.

use std::fmt::Write;

use super::figures::{Figures, Name, Time, short, whole};

/// Rounds that lie further apart than this make a figure doubtful.
const DOUBTFUL: f64 = 0.25;

/// A table for each kind of message: time, ratios, allocations.
pub(super) fn times(figures: &Figures) -> String {
    let mut out = String::new();
    for corpus in &figures.corpora {
        let kind = &corpus.kind;
        let _ = write!(
            out,
            "### {kind}: {} messages, {} bytes and {} delimiters each\n\n\
             | | µs a message | MB/s | messages/s | time to the scan's | speed to the fastest peer's \
             | allocations | bytes asked for |\n|---|--:|--:|--:|--:|--:|--:|--:|\n",
            whole(corpus.messages),
            whole(corpus.bytes),
            whole(corpus.delimiters)
        );
        for time in figures.times.iter().filter(|time| time.name[0] == *kind) {
            out.push_str(&row(figures, time, corpus.bytes));
        }
        out.push('\n');
    }
    out
}

fn row(figures: &Figures, time: &Time, bytes: f64) -> String {
    let [kind, of, what] = &time.name;
    let shown = match of.as_str() {
        "floor" => format!("*{what}*"),
        "ours" => format!("**{what}**"),
        _ => format!("{of}: {what}"),
    };
    let doubt = if time.spread > DOUBTFUL { " ~" } else { "" };
    let to_scan = figures.scan(kind).map_or("-".into(), |scan| short(time.nanoseconds / scan));
    let peer = figures.fastest_peer(kind);
    let to_peer = peer.map_or("-".into(), |(_, peer)| short(peer / time.nanoseconds));
    let [calls, asked] = allocations(figures, &time.name);
    format!(
        "| {shown}{doubt} | {} | {} | {} | {to_scan} | {to_peer} | {calls} | {asked} |\n",
        short(time.nanoseconds / 1e3),
        short(bytes / time.nanoseconds * 1e3),
        short(1e9 / time.nanoseconds),
    )
}

fn allocations(figures: &Figures, name: &Name) -> [String; 2] {
    figures.allocations.get(name).map_or(["-".into(), "-".into()], |figures| figures.map(whole))
}

/// What a message takes while it is kept.
pub(super) fn held(figures: &Figures) -> String {
    let mut out =
        "| messages | | bytes held | of these, the value itself | to the message's bytes | pieces \
        |\n|---|---|--:|--:|--:|--:|\n"
            .to_owned();
    for held in &figures.held {
        let [kind, of, what] = &held.name;
        let shown = if of == "ours" { format!("**{what}**") } else { format!("{of}: {what}") };
        let ratio = figures.bytes(kind).map_or("-".into(), |bytes| short(held.bytes / bytes));
        let _ = writeln!(
            out,
            "| {kind} | {shown} | {} | {} | {ratio} | {} |",
            whole(held.bytes),
            whole(held.itself),
            whole(held.pieces)
        );
    }
    out
}

/// Libraries in Python, which run by themselves.
pub(super) fn python(figures: &Figures, python: &Figures) -> String {
    let mut out = "| messages | | µs a message | MB/s | speed of our typed decode to it |\n\
        |---|---|--:|--:|--:|\n"
        .to_owned();
    for Time { name: [kind, of, what], nanoseconds, .. } in &python.times {
        let bytes = figures.bytes(kind).unwrap_or(f64::NAN);
        let ours = figures.time(kind, "ours", "decode").unwrap_or(f64::NAN);
        let _ = writeln!(
            out,
            "| {kind} | {of}: {what} | {} | {} | {} |",
            short(nanoseconds / 1e3),
            short(bytes / nanoseconds * 1e3),
            short(nanoseconds / ours)
        );
    }
    out
}
