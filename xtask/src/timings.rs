//! `cargo xtask timings`: what a version crate costs whoever compiles it, against the budget of ARCHITECTURE.md.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::versions;

/// Seconds for a cold `cargo check`.
const CHECK_SECONDS: f64 = 30.0;
/// Seconds for a cold `cargo build --release`.
const RELEASE_SECONDS: f64 = 60.0;
/// Peak resident memory of one compiler, in megabytes, for structs or for views.
const PEAK_MEGABYTES: u64 = 1_000;
/// The same for who has both.
const PEAK_MEGABYTES_OF_BOTH: u64 = 1_300;

/// What can be asked of a version crate, how, and the memory that it may take.
const WAYS: [(&str, &[&str], u64); 3] = [
    ("structs", &[], PEAK_MEGABYTES),
    ("views alone", &["--no-default-features", "--features", "views"], PEAK_MEGABYTES),
    ("structs and views", &["--features", "views"], PEAK_MEGABYTES_OF_BOTH),
];

/// Builds each version cold, as structs, as views and as both, and compares with the budget.
pub(crate) fn run(root: &Path, asked: Vec<String>, all: bool) -> Result<(), Box<dyn Error>> {
    let known = versions::modules(root)?;
    let modules = match asked {
        asked if !asked.is_empty() => asked,
        _ if all => known,
        _ => known.into_iter().last().into_iter().collect(),
    };
    let target = std::env::temp_dir().join(format!("xtask-timings-{}", std::process::id()));
    println!("| cold, with dependencies | check, s | peak, MB | release, s | peak, MB |");
    println!("|---|---|---|---|---|");
    for (what, peak) in
        [("budget", PEAK_MEGABYTES), ("budget of structs and views", PEAK_MEGABYTES_OF_BOTH)]
    {
        println!("| {what} | {CHECK_SECONDS} | {peak} | {RELEASE_SECONDS} | {peak} |");
    }
    let mut over = false;
    for module in modules {
        let package = versions::package(&module);
        for (way, features, peak) in WAYS {
            let wrapper = write_wrapper(&target)?;
            let build = |command: &[&str]| {
                let arguments = [command, features].concat();
                measure(root, &target, &wrapper, &package, &arguments)
            };
            let (check, release) = (build(&["check"])?, build(&["build", "--release"])?);
            fs::remove_dir_all(&target)?;
            println!(
                "| {package}, {way} | {:.1} | {} | {:.1} | {} |",
                check.seconds, check.megabytes, release.seconds, release.megabytes
            );
            over |= check.seconds > CHECK_SECONDS || release.seconds > RELEASE_SECONDS;
            over |= check.megabytes.max(release.megabytes) > peak;
        }
    }
    if over {
        Err("over the budget: change what a field expands to, not the budget".into())
    } else {
        Ok(())
    }
}

/// What a build took, and the peak of its greatest compiler.
struct Build {
    seconds: f64,
    megabytes: u64,
}

fn measure(
    root: &Path,
    target: &Path,
    wrapper: &Path,
    package: &str,
    arguments: &[&str],
) -> Result<Build, Box<dyn Error>> {
    let peaks = target.join("peaks");
    fs::write(&peaks, "")?;
    let began = Instant::now();
    let status = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--quiet", "--package", package])
        .env("CARGO_TARGET_DIR", target.join(arguments[0]))
        .env("RUSTC_WRAPPER", wrapper)
        .env("PEAKS", &peaks)
        .current_dir(root)
        .status()?;
    let seconds = began.elapsed().as_secs_f64();
    if !status.success() {
        return Err(format!("cargo {} failed", arguments.join(" ")).into());
    }
    let kibibytes =
        fs::read_to_string(&peaks)?.lines().filter_map(|line| line.parse::<u64>().ok()).max();
    Ok(Build { seconds, megabytes: kibibytes.unwrap_or(0) * 1_024 / 1_000_000 })
}

/// A wrapper around the compiler that writes down its peak memory, as the kernel counts it, in units of 1024 bytes.
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
