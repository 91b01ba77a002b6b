//! The figures of a run, as the binaries of `hl7-benches` print them: words between tabs, the first says what a line is.

use std::collections::BTreeMap;
use std::error::Error;

/// Which messages, whose work, what was done.
pub(super) type Name = [String; 3];

/// Messages of a kind.
pub(super) struct Corpus {
    pub(super) kind: String,
    pub(super) messages: f64,
    /// Bytes of a message, on average.
    pub(super) bytes: f64,
    /// Delimiters of a message, on average.
    pub(super) delimiters: f64,
}

/// Time for a message.
pub(super) struct Time {
    pub(super) name: Name,
    pub(super) nanoseconds: f64,
    /// How far the quarters of the rounds lie apart, over the median.
    pub(super) spread: f64,
}

/// What is held of a message.
pub(super) struct Held {
    pub(super) name: Name,
    pub(super) pieces: f64,
    pub(super) bytes: f64,
    /// Bytes of the thing itself, part of the above.
    pub(super) itself: f64,
}

/// All of them, in the order in which they were printed.
#[derive(Default)]
pub(super) struct Figures {
    pub(super) corpora: Vec<Corpus>,
    pub(super) times: Vec<Time>,
    /// Calls for memory and bytes asked for.
    pub(super) allocations: BTreeMap<Name, [f64; 2]>,
    pub(super) held: Vec<Held>,
}

impl Figures {
    /// Takes in what a binary printed.
    pub(super) fn read(&mut self, text: &str) -> Result<(), Box<dyn Error>> {
        for line in text.lines() {
            let words: Vec<&str> = line.split('\t').collect();
            self.line(&words).map_err(|error| format!("{error} in: {line}"))?;
        }
        Ok(())
    }

    fn line(&mut self, words: &[&str]) -> Result<(), Box<dyn Error>> {
        let named = |[kind, of, what]: [&&str; 3]| [kind, of, what].map(|word| (*word).to_owned());
        match words {
            ["corpus", kind, messages, bytes, delimiters] => self.corpora.push(Corpus {
                kind: (*kind).to_owned(),
                messages: messages.parse()?,
                bytes: bytes.parse()?,
                delimiters: delimiters.parse()?,
            }),
            ["time", kind, of, what, nanoseconds, spread] => self.times.push(Time {
                name: named([kind, of, what]),
                nanoseconds: nanoseconds.parse()?,
                spread: spread.parse()?,
            }),
            ["allocations", kind, of, what, calls, bytes] => {
                let figures = [calls.parse()?, bytes.parse()?];
                self.allocations.insert(named([kind, of, what]), figures);
            }
            ["held", kind, of, what, pieces, bytes, itself] => self.held.push(Held {
                name: named([kind, of, what]),
                pieces: pieces.parse()?,
                bytes: bytes.parse()?,
                itself: itself.parse()?,
            }),
            _ => return Err("no such figure".into()),
        }
        Ok(())
    }

    /// The figures of several processes as those of one: each time is the one in the middle, since where a process
    /// happens to have its code and memory decides what some jobs take in all of its rounds.
    pub(super) fn middle(processes: Vec<Self>) -> Self {
        let mut processes = processes.into_iter();
        let Some(mut figures) = processes.next() else { return Self::default() };
        let others: Vec<Self> = processes.collect();
        for (at, time) in figures.times.iter_mut().enumerate() {
            let same = others.iter().filter_map(|other| other.times.get(at));
            let mut all: Vec<f64> =
                same.map(|other| other.nanoseconds).chain([time.nanoseconds]).collect();
            all.sort_by(f64::total_cmp);
            let (middle, quarter) = (all[all.len() / 2], all.len() / 4);
            let apart = all[all.len() - 1 - quarter] - all[quarter];
            (time.nanoseconds, time.spread) = (middle, time.spread.max(apart / middle));
        }
        figures
    }

    /// Bytes of a message of a kind, on average.
    pub(super) fn bytes(&self, kind: &str) -> Option<f64> {
        self.corpora.iter().find(|corpus| corpus.kind == kind).map(|corpus| corpus.bytes)
    }

    /// Nanoseconds of something.
    pub(super) fn time(&self, kind: &str, of: &str, what: &str) -> Option<f64> {
        let found = self.times.iter().find(|time| time.name == [kind, of, what]);
        found.map(|time| time.nanoseconds)
    }

    /// The scan of a kind.
    pub(super) fn scan(&self, kind: &str) -> Option<f64> {
        self.time(kind, "floor", "scan")
    }

    /// The peer whose full parse of a kind is the fastest, and its time.
    pub(super) fn fastest_peer(&self, kind: &str) -> Option<(&str, f64)> {
        let parses =
            self.times.iter().filter(|time| time.name[0] == kind && time.name[2] == "parse");
        let fastest = parses.min_by(|a, b| a.nanoseconds.total_cmp(&b.nanoseconds))?;
        Some((&fastest.name[1], fastest.nanoseconds))
    }
}

/// A number with three digits that count.
pub(super) fn short(number: f64) -> String {
    match number.abs() {
        size if size < 10.0 => format!("{number:.2}"),
        size if size < 100.0 => format!("{number:.1}"),
        _ => {
            let digits = format!("{number:.0}");
            let mut out = String::new();
            for (nth, digit) in digits.chars().enumerate() {
                if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
                    out.push(',');
                }
                out.push(digit);
            }
            out
        }
    }
}

/// A number of things.
pub(super) fn whole(number: f64) -> String {
    if number < 100.0 { format!("{number:.0}") } else { short(number) }
}

#[cfg(test)]
mod tests {
    use super::{Figures, short};

    #[test]
    fn numbers_have_three_digits_or_commas() {
        assert_eq!(
            [0.123, 12.34, 999.6, 1_234_567.0].map(short),
            ["0.12", "12.3", "1,000", "1,234,567"]
        );
    }

    #[test]
    fn the_fastest_peer_is_the_fastest_full_parse() {
        let mut figures = Figures::default();
        let lines = "time\tadt\tours\tdecode\t5\t0.1\ntime\tadt\ta 1\tparse\t90\t0.1\n\
            time\tadt\tb 2\tparse\t80\t0.1\ntime\toru\tc 3\tparse\t1\t0.1";
        figures.read(lines).expect("figures");
        assert_eq!(figures.fastest_peer("adt"), Some(("b 2", 80.0)));
        assert!(figures.read("time\tadt").is_err());
    }
}
