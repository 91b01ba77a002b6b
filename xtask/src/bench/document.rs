//! `docs/performance.md`, from a run.

use super::bars;
use super::figures::Figures;
use super::scales::Scales;
use super::tables;

/// The section that only `--scale` measures; it stays as it is otherwise.
const SCALES: &str = "\n## Scales\n";

const INTRODUCTION: &str = "\
# Performance

Written by `cargo xtask bench --scale`; every figure is of a run, none by hand. Run it on an idle machine.
";

const METHOD: &str = "\
All of it runs in one process on the same messages: all jobs in every round, each round starting with another job; then
in another one, since where a process happens to have its code and memory moves some figures by a third. A figure is the
median of the rounds and of the processes, ratios are of these medians. `~` marks a job whose rounds or processes lie more
than a quarter apart. A job goes through all messages of a kind, half a megabyte of them, no two alike; they are made from templates
(`benches/messages/`). Messages are UTF-8 and conform to 2.5.1.

- *scan*: a plain loop with a table of 256 that writes down where the six delimiters stand, into memory that is there
  already: the least that any reader must do. *scan without branches* is the same, written so that the processor has
  nothing to guess. *memcpy* copies into memory that is there already, *copy* into
  memory of its own.
- **tree**: `Tree::parse`, bytes copied and indexed. **paths**: that, and ten values read by paths parsed beforehand.
  **view**: `Outline::decode`, bytes copied and indexed and every segment in its group; what is inside a segment is looked
  at when it is asked for. **view, read**: that, and the text of every value, in the order of the message
  (who asks for one position after the other pays for counting up to each). **decode**: bytes to structs, groups
  included, every value in a place of its own. **encode**: structs that were decoded beforehand to bytes, of one message
  in ten, which is as many as the caches have room for, as they have for all messages; **encode, far**: those of all
  messages, some ten megabytes, which is also a measure of who else uses the machine. **validate**: `Tree::parse` and all
  rules. **round trip**: decode and encode. **ack**: the AA for a tree. **split**: a file of ten thousand messages of all
  kinds taken apart.
- *mllp*: the messages taken out of their frames, at reads of several sizes.
- The crates of others do a whole parse, all of them into a tree without types, and read the same ten values.

Whatever an operation makes is dropped within it. Allocations are counted in another process, calls that let a piece of
memory grow included, so that counting costs no time.
";

/// Everything that is written down.
pub(super) struct Run<'a> {
    pub(super) machine: &'a str,
    pub(super) processes: usize,
    pub(super) rounds: usize,
    pub(super) figures: &'a Figures,
    /// Libraries in Python, or why there are none.
    pub(super) python: Result<Figures, String>,
    pub(super) scales: Option<&'a Scales>,
}

impl Run<'_> {
    /// The page; what was there before gives the section that was not measured now.
    pub(super) fn text(&self, before: &str) -> String {
        let Self { machine, processes, rounds, figures, scales, .. } = self;
        let peer = |kind| figures.fastest_peer(kind).map_or("none", |(name, _)| name);
        let python = match &self.python {
            Ok(python) => tables::python(figures, python),
            Err(reason) => format!("Skipped: {reason}.\n"),
        };
        let scales = match scales {
            Some(scales) => format!("{SCALES}\n{machine}\n\n{}", scales.text()),
            None => kept_scales(before),
        };
        format!(
            "{INTRODUCTION}\n{machine} {processes} processes of {rounds} rounds. The fastest peer is {} on adt and {} on oru-40.\n\n\
             ## Bars\n\n{}\n\
             ## What is measured\n\n{METHOD}\n## Time and allocations\n\n{}## Memory held\n\n\
             A message in a box, as long as it is kept.\n\n{}\n## Python\n\n\
             By `benches/python.py`, in a process of their own, on the same messages.\n\n{python}{scales}",
            peer("adt"),
            peer("oru-40"),
            bars::table(figures, self.scales),
            tables::times(figures),
            tables::held(figures),
        )
    }
}

fn kept_scales(before: &str) -> String {
    match before.split_once(SCALES) {
        Some((_, kept)) => format!("{SCALES}{kept}"),
        None => format!("{SCALES}\nNot measured yet: `cargo xtask bench --scale`.\n"),
    }
}
