//! `cargo xtask bench`: how fast the toolkit is, against the scan and against others, and whether that is what is promised.

mod bars;
mod document;
mod figures;
mod machine;
mod scales;
mod tables;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;

use document::Run;
use figures::Figures;

/// Where the figures are written.
const PAGE: &str = "docs/performance.md";
/// Processes that measure one after the other, and rounds of each, in a run that is written down.
const PROCESSES: usize = 5;
const ROUNDS: usize = 9;
/// Rounds of a run that is only looked at.
const QUICK_ROUNDS: usize = 5;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Few rounds, no Python; print, and leave docs/performance.md as it is
    #[arg(long)]
    quick: bool,
    /// Sizes up to 100 MB and a million segments, threads, and the hl7 command, which is built for that
    #[arg(long)]
    scale: bool,
    /// With --scale: take this hl7 command instead of building one
    #[arg(long, value_name = "PATH", requires = "scale")]
    hl7: Option<PathBuf>,
    /// The date to write down; today unless given
    #[arg(long)]
    date: Option<String>,
}

/// Measures, prints, writes the page.
pub(crate) fn run(root: &Path, options: Options) -> Result<(), Box<dyn Error>> {
    let machine = machine::line(options.date)?;
    let (processes, rounds) = if options.quick { (1, QUICK_ROUNDS) } else { (PROCESSES, ROUNDS) };
    // Some peers declare a newer compiler than they need.
    let build = ["build", "--release", "--quiet", "--locked", "--ignore-rust-version"];
    let what = ["-p", "hl7-benches", "--features", "peers", "--bins"];
    cargo(root, &[&build[..], &what].concat())?;
    let release = crate::target(root).join("release");
    let measured = (0..processes).map(|_| {
        let mut figures = Figures::default();
        figures.read(&printed(&release.join("measure"), &[&rounds.to_string()])?)?;
        Ok(figures)
    });
    let mut figures = Figures::middle(measured.collect::<Result<_, Box<dyn Error>>>()?);
    figures.read(&printed(&release.join("allocations"), &[])?)?;
    let python =
        if options.quick { Err("not in a quick run".into()) } else { python(root, &release)? };
    let scales = options.scale.then(|| scales::measure(root, options.hl7)).transpose()?;
    let run = Run {
        machine: &machine,
        processes,
        rounds,
        figures: &figures,
        python,
        scales: scales.as_ref(),
    };
    let page = root.join(PAGE);
    let text = run.text(&fs::read_to_string(&page).unwrap_or_default());
    println!("{text}");
    if !options.quick {
        fs::write(page, text)?;
        println!("written: {PAGE}");
    }
    Ok(())
}

/// Libraries in Python on the same messages; the reason where that cannot be done here.
fn python(root: &Path, release: &Path) -> Result<Result<Figures, String>, Box<dyn Error>> {
    let target = crate::target(root);
    let messages = target.join("bench-messages");
    printed(&release.join("messages"), &[&messages.to_string_lossy()])?;
    let output = Command::new("python3")
        .arg(root.join("benches/python.py"))
        .args([target.join("bench-python"), messages])
        .stderr(Stdio::inherit())
        .output();
    let Ok(output) = output else { return Ok(Err("python3 is not installed".into())) };
    let text = String::from_utf8(output.stdout)?;
    if let Some(reason) = text.strip_prefix("skipped: ") {
        return Ok(Err(reason.trim().into()));
    }
    if !output.status.success() {
        return Err("benches/python.py failed, see above".into());
    }
    let mut figures = Figures::default();
    figures.read(&text)?;
    Ok(Ok(figures))
}

/// Runs cargo.
fn cargo(root: &Path, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let status = Command::new(env!("CARGO")).args(arguments).current_dir(root).status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("cargo {} failed", arguments.join(" ")).into())
    }
}

/// What a program prints.
fn printed(program: &Path, arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    let output = Command::new(program)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    if !output.status.success() {
        return Err(format!("{}: {}", program.display(), output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
