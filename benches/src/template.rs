//! Messages from templates: a template has a line for each segment and braces around what differs between messages.
//!
//! ```text
//! PID|1||{number}^^^{site}^MR||{family}^{given}||{date}|{F/M}     a place by its name, or one of several words
//! ?NTE|1||{words}                                                  there in three messages of four
//! 10*OBX|{n}|NM|{analyte}^LN||{value}|{unit}                       ten times, counted by {n}
//! ```

use crate::random::Random;
use crate::words::fill;

/// A message made of a template; the same one for the same seed.
pub(crate) fn message(template: &str, seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut out = String::new();
    for line in template.lines() {
        let (times, line) = times(line, &mut random);
        for nth in 1..=times {
            segment(&mut out, line, nth, &mut random);
        }
    }
    out.into_bytes()
}

/// How often a line is written, and the line without what says so.
fn times<'a>(line: &'a str, random: &mut Random) -> (usize, &'a str) {
    if let Some(line) = line.strip_prefix('?') {
        return (usize::from(random.below(4) != 0), line);
    }
    match line.split_once('*') {
        Some((times, line)) if times.bytes().all(|byte| byte.is_ascii_digit()) => {
            (times.parse().unwrap_or(1), line)
        }
        _ => (1, line),
    }
}

fn segment(out: &mut String, mut line: &str, nth: usize, random: &mut Random) {
    while let Some((before, (place, behind))) =
        line.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        out.push_str(before);
        match place {
            "n" => out.push_str(&nth.to_string()),
            _ => fill(out, place, random),
        }
        line = behind;
    }
    out.push_str(line);
    out.push('\r');
}
