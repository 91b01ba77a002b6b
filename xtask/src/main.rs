//! Chores of this repository: `cargo xtask` lists them.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line talks to its terminal"
)]

mod ci;
mod codegen;
mod features;
mod timings;
mod versions;

use std::path::PathBuf;
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
    /// Everything that must pass before a change lands; .ci/run calls this
    Ci,
    /// Compile the facade with no version, each alone, and all of them
    Features,
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

fn main() -> ExitCode {
    let done = match Arguments::parse().chore {
        Chore::Codegen { check } => codegen::run(&root(), check),
        Chore::Ci => ci::run(&root()),
        Chore::Features => features::run(&root()),
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
