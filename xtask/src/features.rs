//! `cargo xtask features`: every version alone, none, and all of them compile without a warning.

use std::error::Error;
use std::path::Path;
use std::process::Command;

use crate::versions;

/// Compiles the facade with each set of features that a user may choose, and each version without types: its descriptors, and
/// its views.
pub(crate) fn run(root: &Path) -> Result<(), Box<dyn Error>> {
    let versions = versions::modules(root)?;
    let alone = versions.iter().map(String::as_str);
    for features in ["", "jiff", "rust_decimal", "policy", "latest", "latest,views", "all-versions"]
        .into_iter()
        .chain(alone)
    {
        check(root, &["--package", "hl7-types", "--features", features])?;
    }
    for module in &versions {
        let bare = ["--package", &versions::package(module), "--no-default-features"];
        check(root, &bare)?;
        check(root, &[&bare[..], &["--features", "views"]].concat())?;
    }
    Ok(())
}

/// Fails on warnings too: cargo, told to be quiet, prints nothing else.
fn check(root: &Path, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let command = format!("cargo check {}", arguments.join(" "));
    let done = Command::new(env!("CARGO"))
        .args(["check", "--quiet", "--locked"])
        .args(arguments)
        .current_dir(root)
        .output()?;
    if !done.status.success() || !done.stderr.is_empty() {
        return Err(format!("{}\nfailed: {command}", String::from_utf8_lossy(&done.stderr)).into());
    }
    println!("ok: {command}");
    Ok(())
}
