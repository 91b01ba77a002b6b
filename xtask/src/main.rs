//! Chores of this repository: `cargo xtask` lists them.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line talks to its terminal"
)]

mod bench;
mod ci;
mod codegen;
mod features;
mod instructions;
mod timings;
mod versions;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Chores of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Write the version crates from schemas/
    Codegen {
        /// Write nothing; fail if a file is missing, different or left over
        #[arg(long)]
        check: bool,
    },
    /// Measure speed and memory against the scan and against others; write docs/performance.md
    Bench(bench::Options),
    /// Everything that must pass before a change lands; .ci/run calls this
    Ci,
    /// Compile the facade with no version, each alone, and all of them
    Features,
    /// Count instructions of the main paths under valgrind; fail where one grew
    Instructions {
        /// Store the counts, with the reason of the change
        #[arg(long, value_name = "REASON")]
        bless: Option<String>,
    },
    /// Build version crates cold, print time and memory, fail over the budget
    Timings {
        /// Which versions, as v2_5_1; else the newest, which is the largest
        versions: Vec<String>,
        /// All versions
        #[arg(long, conflicts_with = "versions")]
        all: bool,
    },
}

/// The root of the repository.
fn root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root
}

/// Where cargo puts what it builds.
fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |set| root.join(set))
}

fn main() -> ExitCode {
    let done = match Arguments::parse().chore {
        Chore::Codegen { check } => codegen::run(&root(), check),
        Chore::Bench(options) => bench::run(&root(), options),
        Chore::Ci => ci::run(&root()),
        Chore::Features => features::run(&root()),
        Chore::Instructions { bless } => instructions::run(&root(), bless.as_deref()),
        Chore::Timings { versions, all } => timings::run(&root(), versions, all),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
