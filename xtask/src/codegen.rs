//! `cargo xtask codegen [--check]`: schemas/ to version crates.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use hl7_codegen::emit::emit;
use hl7_codegen::output::{self, Drift};
use hl7_codegen::{model, schema};
use similar::TextDiff;

/// How many stale files `--check` shows a diff of.
const SHOWN: usize = 3;

/// Writes the version crates, or compares them.
pub(crate) fn run(root: &Path, check: bool) -> Result<(), Box<dyn Error>> {
    let mut stale = Vec::new();
    for folder in versions(root)? {
        let version = model::build(&schema::read_version(&folder)?)?;
        let files = emit(&version);
        let target = root.join("hl7-types/versions").join(&version.module);
        let drift =
            if check { output::drift(&target, &files)? } else { output::write(&target, &files)? };
        println!(
            "{}: {} files, {} {}",
            version.module,
            files.len(),
            drift.len(),
            if check { "stale" } else { "written" }
        );
        stale.extend(drift);
    }
    if !check || stale.is_empty() {
        return Ok(());
    }
    for drift in stale.iter().take(SHOWN) {
        show(root, drift);
    }
    if stale.len() > SHOWN {
        println!("… and {} more", stale.len() - SHOWN);
    }
    Err("generated code is not what schemas/ and codegen/ give; run: cargo xtask codegen".into())
}

/// The folders of schemas/, in order.
fn versions(root: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut folders: Vec<PathBuf> = fs::read_dir(root.join("schemas"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    folders.retain(|path| path.is_dir());
    folders.sort();
    Ok(folders)
}

fn show(root: &Path, drift: &Drift) {
    let path = drift.path().strip_prefix(root).unwrap_or(drift.path()).display();
    match drift {
        Drift::Missing(_) => println!("missing: {path}"),
        Drift::Surplus(_) => println!("left over: {path}"),
        Drift::Changed { found, expected, .. } => {
            println!("stale: {path}");
            let diff = TextDiff::from_lines(found, expected);
            let text = diff.unified_diff().context_radius(1).to_string();
            text.lines().take(20).for_each(|line| println!("  {line}"));
        }
    }
}
