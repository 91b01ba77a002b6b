//! `cargo xtask instructions [--bless REASON]`: what the main paths cost in instructions, which noise does not move.
//!
//! Each path runs twice under callgrind, with a few passes and with more; the difference is what the passes cost, without
//! the start of the program and the making of messages.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Where the figures are kept, each with the reason of its last change.
const STORED: &str = "benches/instructions.tsv";
/// A path may cost so much more than what is stored, in percent.
const TOLERANCE: f64 = 3.0;
/// A figure that moved less than this, in percent, is not written anew.
const SAME: f64 = 0.1;
/// Passes of the two runs. The first ones fill tables that are made once.
const PASSES: [u64; 2] = [2, 12];

const HEADER: &str = "\
# Instructions for a message, by callgrind, on x86-64 with AVX2: path, count, reason of the last change.
# Compared by `cargo xtask instructions`; changed by `cargo xtask instructions --bless REASON`, in the commit that moves them.
";

/// A stored figure.
struct Stored {
    count: f64,
    reason: String,
}

/// Counts, and compares with what is stored or, with a reason, stores.
pub(crate) fn run(root: &Path, reason: Option<&str>) -> Result<(), Box<dyn Error>> {
    if let Some(missing) = missing() {
        println!("skipped: {missing}");
        return Ok(());
    }
    let stored = read(root)?;
    let counted = count_all(root)?;
    println!("| path | stored | now | change |");
    println!("|---|---|---|---|");
    for (path, count) in &counted {
        match stored.get(path) {
            Some(Stored { count: before, .. }) => {
                println!(
                    "| {path} | {before:.0} | {count:.0} | {:+.2} % |",
                    change(*before, *count)
                );
            }
            None => println!("| {path} | - | {count:.0} | new |"),
        }
    }
    match reason {
        Some(reason) => write(root, &counted, &stored, reason),
        None => compare(&counted, &stored),
    }
}

/// What this machine lacks to count as the stored figures were counted.
fn missing() -> Option<&'static str> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        return Some("valgrind is not installed");
    }
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let same = cfg!(all(target_arch = "x86_64", target_os = "linux"));
    (!same || !processor.contains(" avx2 ")).then_some(
        "the stored counts are of Linux on x86-64 with AVX2, where libraries take other ways",
    )
}

fn change(before: f64, now: f64) -> f64 {
    (now / before - 1.0) * 100.0
}

/// The paths and what a message costs on each, in their order.
fn count_all(root: &Path) -> Result<Vec<(String, f64)>, Box<dyn Error>> {
    let arguments =
        ["build", "--release", "--quiet", "--locked", "-p", "hl7-benches", "--bin", "instructions"];
    let built = Command::new(env!("CARGO")).args(arguments).current_dir(root).status()?;
    if !built.success() {
        return Err(format!("cargo {} failed", arguments.join(" ")).into());
    }
    let program = crate::target(root).join("release/instructions");
    let list = String::from_utf8(Command::new(&program).output()?.stdout)?;
    let mut counted = Vec::new();
    for line in list.lines() {
        let (path, messages) = line.split_once('\t').ok_or("a path and the messages of a pass")?;
        let [few, more] = PASSES;
        let passes = count(&program, path, more)? - count(&program, path, few)?;
        #[expect(clippy::cast_precision_loss, reason = "far below the precision of a float")]
        let each = passes as f64 / ((more - few) * messages.parse::<u64>()?) as f64;
        counted.push((path.to_owned(), each));
    }
    Ok(counted)
}

/// Instructions of a whole run.
fn count(program: &Path, path: &str, passes: u64) -> Result<u64, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args([path, &passes.to_string()])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{path}: valgrind failed\n{said}").into());
    }
    let collected = said.lines().find_map(|line| line.split_once("Collected : "));
    let (_, number) = collected.ok_or_else(|| format!("{path}: no count in\n{said}"))?;
    Ok(number.trim().parse()?)
}

fn read(root: &Path) -> Result<BTreeMap<String, Stored>, Box<dyn Error>> {
    let path = root.join(STORED);
    let text = if path.exists() { fs::read_to_string(path)? } else { String::new() };
    let mut stored = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.splitn(3, '\t');
        let (Some(path), Some(count), Some(reason)) = (words.next(), words.next(), words.next())
        else {
            return Err(format!("{STORED}: not a path, a count and a reason: {line}").into());
        };
        stored.insert(path.into(), Stored { count: count.parse()?, reason: reason.into() });
    }
    Ok(stored)
}

fn compare(
    counted: &[(String, f64)],
    stored: &BTreeMap<String, Stored>,
) -> Result<(), Box<dyn Error>> {
    let grown = counted.iter().filter(|(path, count)| {
        stored.get(path).is_none_or(|stored| change(stored.count, *count) > TOLERANCE)
    });
    let grown: Vec<&str> = grown.map(|(path, _)| path.as_str()).collect();
    let gone: Vec<&str> = stored
        .keys()
        .filter(|path| counted.iter().all(|(counted, _)| counted != *path))
        .map(String::as_str)
        .collect();
    if grown.is_empty() && gone.is_empty() {
        if counted.iter().any(|(path, count)| change(stored[path].count, *count) < -TOLERANCE) {
            println!("some cost less: keep the gain with cargo xtask instructions --bless REASON");
        }
        return Ok(());
    }
    Err(format!(
        "over {TOLERANCE} % more than stored, or not stored: {}; stored and gone: {}\n\
         Where that is meant: cargo xtask instructions --bless \"why\", in the same commit",
        grown.join(", "),
        gone.join(", ")
    )
    .into())
}

/// Writes the figures; what did not move keeps its reason.
fn write(
    root: &Path,
    counted: &[(String, f64)],
    stored: &BTreeMap<String, Stored>,
    reason: &str,
) -> Result<(), Box<dyn Error>> {
    let mut text = HEADER.to_owned();
    for (path, count) in counted {
        let line = match stored.get(path) {
            Some(Stored { count: before, reason }) if change(*before, *count).abs() < SAME => {
                format!("{path}\t{before:.0}\t{reason}\n")
            }
            _ => format!("{path}\t{count:.0}\t{}\n", reason.replace(['\t', '\n'], " ")),
        };
        text.push_str(&line);
    }
    fs::write(root.join(STORED), text)?;
    Ok(())
}
