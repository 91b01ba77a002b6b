//! How time grows with bytes, segments and threads, and what the `hl7` command costs around it.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::figures::{short, whole};
use super::{cargo, printed};

/// Starts of the command.
const STARTS: usize = 41;
/// Files in the folder.
const FILES: usize = 100_000;
/// The slope is that of sizes from here on: below, what every message costs is a part of it.
const SLOPE_FROM: f64 = 10_000.0;
/// What is timed, in the order of the columns.
const OPERATIONS: [&str; 4] = ["tree", "validate", "decode", "encode"];

/// A message of some size: its bytes, and seconds by operation.
#[derive(Default)]
struct Size {
    bytes: f64,
    seconds: BTreeMap<String, f64>,
}

/// All that was measured.
#[derive(Default)]
pub(super) struct Scales {
    /// By bytes of a document, by number of segments.
    tables: BTreeMap<String, BTreeMap<u64, Size>>,
    /// Messages of two threads to those of one.
    pub(super) threads: Option<f64>,
    /// What two threads of a loop without memory do to one: what the machine gives.
    pub(super) machine: Option<f64>,
    /// Milliseconds from the start of the command to its end.
    pub(super) start: Option<f64>,
    /// Cores that the command keeps busy on a folder.
    pub(super) cores: Option<f64>,
    /// Seconds for the folder.
    folder: f64,
}

/// Measures; the command is built unless there is one.
pub(super) fn measure(root: &Path, hl7: Option<PathBuf>) -> Result<Scales, Box<dyn Error>> {
    let release = crate::target(root).join("release");
    let mut scales = Scales::default();
    scales.read(&printed(&release.join("scale"), &[])?)?;
    let hl7 = match hl7 {
        Some(hl7) => hl7,
        None => {
            cargo(root, &["build", "--release", "--quiet", "--locked", "-p", "hl7-cli"])?;
            release.join("hl7")
        }
    };
    let folder = std::env::temp_dir().join(format!("xtask-bench-{}", std::process::id()));
    let done = scales.command(&hl7, &release.join("messages"), &folder);
    fs::remove_dir_all(&folder)?;
    done.map(|()| scales)
}

impl Scales {
    fn read(&mut self, text: &str) -> Result<(), Box<dyn Error>> {
        for line in text.lines() {
            match line.split('\t').collect::<Vec<_>>()[..] {
                ["threads", "decode", ratio] => self.threads = Some(ratio.parse()?),
                ["threads", "count", ratio] => self.machine = Some(ratio.parse()?),
                [table, size, bytes, operation, seconds] => {
                    let table = self.tables.entry(table.to_owned()).or_default();
                    let size = table.entry(size.parse()?).or_default();
                    size.bytes = bytes.parse()?;
                    size.seconds.insert(operation.to_owned(), seconds.parse()?);
                }
                _ => return Err(format!("no such figure: {line}").into()),
            }
        }
        Ok(())
    }

    /// The command on one message, and on a folder of many.
    fn command(
        &mut self,
        hl7: &Path,
        messages: &Path,
        folder: &Path,
    ) -> Result<(), Box<dyn Error>> {
        fs::create_dir_all(folder)?;
        let path = folder.to_string_lossy();
        printed(messages, &[&path, &FILES.to_string()])?;
        let one = folder.join("0000/0000000.hl7");
        let mut starts: Vec<f64> =
            (0..STARTS).map(|_| check(hl7, &one)).collect::<Result<_, _>>()?;
        starts.sort_by(f64::total_cmp);
        self.start = Some(starts[STARTS / 2] * 1e3);
        let before = processor_seconds();
        self.folder = check(hl7, folder)?;
        self.cores =
            processor_seconds().zip(before).map(|(after, before)| (after - before) / self.folder);
        Ok(())
    }

    /// The tables and lines, in Markdown.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        for (table, unit) in
            [("bytes", "bytes, one field with a document"), ("segments", "segments")]
        {
            let _ = write!(out, "| {unit} |");
            OPERATIONS.iter().for_each(|name| out.push_str(&format!(" {name}, ns a byte |")));
            out.push_str("\n|--:|--:|--:|--:|--:|\n");
            let Some(sizes) = self.tables.get(table) else { continue };
            for (size, measured) in sizes {
                let _ = write!(out, "| {} |", whole(exact(*size)));
                for operation in OPERATIONS {
                    let seconds = measured.seconds.get(operation).copied().unwrap_or(f64::NAN);
                    let _ = write!(out, " {:.3} |", seconds * 1e9 / measured.bytes);
                }
                out.push('\n');
            }
            out.push_str("| slope |");
            OPERATIONS
                .iter()
                .for_each(|name| out.push_str(&format!(" {:.3} |", slope(sizes, name))));
            out.push_str("\n\n");
        }
        out.push_str(
            "The slope is the exponent with which time grows from ten thousand bytes on: 1 is linear.\n\n",
        );
        let shown = |figure: Option<f64>| figure.map_or("not measured".into(), short);
        let _ = write!(
            out,
            "- Two threads decode {} times what one does; of a loop that needs no memory they do {} times as much.\n\
             - `hl7 check` of one message takes {} ms from its start to its end.\n\
             - `hl7 check` of a folder of {} files takes {} s and keeps {} cores busy.\n",
            shown(self.threads),
            shown(self.machine),
            shown(self.start),
            whole(exact(FILES as u64)),
            short(self.folder),
            shown(self.cores)
        );
        out
    }
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below the precision of a float")]
fn exact(number: u64) -> f64 {
    number as f64
}

/// Least squares over the logarithms of bytes and seconds.
fn slope(sizes: &BTreeMap<u64, Size>, operation: &str) -> f64 {
    let points: Vec<(f64, f64)> = sizes
        .values()
        .filter(|size| size.bytes >= SLOPE_FROM * 0.9)
        .filter_map(|size| Some((size.bytes.ln(), size.seconds.get(operation)?.ln())))
        .collect();
    let count = exact(points.len() as u64);
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let over = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>();
    over / points.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>()
}

/// Seconds of `hl7 check`.
fn check(hl7: &Path, what: &Path) -> Result<f64, Box<dyn Error>> {
    let began = Instant::now();
    let status = Command::new(hl7)
        .arg("check")
        .arg(what)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|error| format!("{}: {error}", hl7.display()))?;
    let seconds = began.elapsed().as_secs_f64();
    // With 1 it says that it found something, which is no trouble.
    match status.code() {
        Some(0 | 1) => Ok(seconds),
        _ => Err(format!("hl7 check: {status}").into()),
    }
}

/// Seconds that the processors spent on programs which this one has started and which have ended; Linux tells.
fn processor_seconds() -> Option<f64> {
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program stands in parentheses; behind it the times of children are fields 14 and 15.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(13)? + ticks(14)?) / TICKS)
}

#[cfg(test)]
mod tests {
    use super::Scales;

    #[test]
    fn the_slope_of_a_straight_line_is_one_and_of_a_square_two() {
        let mut scales = Scales::default();
        for size in [10_000_u64, 100_000, 1_000_000] {
            let line = format!(
                "bytes\t{size}\t{size}\ttree\t{}\nbytes\t{size}\t{size}\tdecode\t{}",
                size * 3,
                size * size
            );
            scales.read(&line).expect("figures");
        }
        let sizes = &scales.tables["bytes"];
        assert!((super::slope(sizes, "tree") - 1.0).abs() < 1e-9);
        assert!((super::slope(sizes, "decode") - 2.0).abs() < 1e-9);
    }
}
