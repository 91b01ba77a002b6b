//! `cargo xtask timings`: what a version crate costs whoever compiles it, against the budget of ARCHITECTURE.md.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Version crate that is measured: all have the same shape, this one is the most used.
const PACKAGE: &str = "hl7-v2-5-1";
/// Seconds for a cold `cargo check`.
const CHECK_SECONDS: f64 = 30.0;
/// Seconds for a cold `cargo build --release`.
const RELEASE_SECONDS: f64 = 60.0;
/// Peak resident memory of one compiler, in megabytes.
const PEAK_MEGABYTES: u64 = 1_000;

/// Builds cold twice and compares with the budget.
pub(crate) fn run(root: &Path) -> Result<(), Box<dyn Error>> {
    let target = std::env::temp_dir().join(format!("xtask-timings-{}", std::process::id()));
    let wrapper = write_wrapper(&target)?;
    let measured = [
        ("check", &["check"][..], CHECK_SECONDS),
        ("release", &["build", "--release"][..], RELEASE_SECONDS),
    ]
    .map(|(name, arguments, budget)| measure(root, &target, &wrapper, name, arguments, budget));
    fs::remove_dir_all(&target)?;
    let mut over = false;
    println!(
        "| {PACKAGE}, cold, with its dependencies | seconds | budget | peak of one rustc, MB | budget |"
    );
    println!("|---|---|---|---|---|");
    for row in measured {
        let row = row?;
        println!(
            "| {} | {:.1} | {} | {} | {PEAK_MEGABYTES} |",
            row.name, row.seconds, row.budget, row.megabytes
        );
        over |= row.seconds > row.budget || row.megabytes > PEAK_MEGABYTES;
    }
    if over {
        Err("over the budget: change what a field expands to, not the budget".into())
    } else {
        Ok(())
    }
}

/// One line of the table.
struct Row {
    name: &'static str,
    seconds: f64,
    budget: f64,
    megabytes: u64,
}

fn measure(
    root: &Path,
    target: &Path,
    wrapper: &Path,
    name: &'static str,
    arguments: &[&str],
    budget: f64,
) -> Result<Row, Box<dyn Error>> {
    let peaks = target.join("peaks");
    fs::write(&peaks, "")?;
    let began = Instant::now();
    let status = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--quiet", "--package", PACKAGE])
        .env("CARGO_TARGET_DIR", target.join(name))
        .env("RUSTC_WRAPPER", wrapper)
        .env("PEAKS", &peaks)
        .current_dir(root)
        .status()?;
    let seconds = began.elapsed().as_secs_f64();
    if !status.success() {
        return Err(format!("{name}: cargo failed").into());
    }
    let kilobytes =
        fs::read_to_string(&peaks)?.lines().filter_map(|line| line.parse::<u64>().ok()).max();
    Ok(Row { name, seconds, budget, megabytes: kilobytes.unwrap_or(0) / 1_000 })
}

/// A wrapper around the compiler that writes down its peak memory, as the kernel counts it, in kilobytes.
fn write_wrapper(target: &Path) -> Result<PathBuf, Box<dyn Error>> {
    fs::create_dir_all(target)?;
    let wrapper = target.join("rustc-with-peak");
    let script = "#!/bin/sh\n\
        # A compiler is a child of this shell, so its peak can be read from the kernel until it is reaped.\n\
        \"$@\" &\n\
        compiler=$!\n\
        peak=0\n\
        while kill -0 $compiler 2>/dev/null; do\n\
            now=$(sed -n 's/^VmHWM:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/$compiler/status 2>/dev/null)\n\
            [ -n \"$now\" ] && peak=$now\n\
            sleep 0.05\n\
        done\n\
        wait $compiler\n\
        code=$?\n\
        echo \"$peak\" >> \"$PEAKS\"\n\
        exit $code\n";
    fs::write(&wrapper, script)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755))?;
    }
    Ok(wrapper)
}
