//! `cargo xtask ci`: everything that must pass before a change lands, in the order in which it fails fastest.

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// One step: its name, the cargo arguments, the environment that it adds.
struct Step {
    name: &'static str,
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
}

/// The tests are the command that the README names.
const STEPS: &[Step] = &[
    Step { name: "format", arguments: &["fmt", "--all", "--check"], environment: &[] },
    Step { name: "generated code", arguments: &["xtask", "codegen", "--check"], environment: &[] },
    Step {
        name: "lints",
        arguments: &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"],
        environment: &[],
    },
    Step { name: "features", arguments: &["xtask", "features"], environment: &[] },
    Step {
        name: "tests",
        arguments: &["test", "--workspace", "--locked"],
        environment: &[("INSTA_UPDATE", "no")],
    },
    Step { name: "instructions", arguments: &["xtask", "instructions"], environment: &[] },
    Step {
        name: "documentation",
        arguments: &["doc", "--workspace", "--no-deps", "--locked"],
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
    },
];

/// Runs the steps; the first that fails ends it.
pub(crate) fn run(root: &Path) -> Result<(), Box<dyn Error>> {
    for step in STEPS {
        println!("== {}: cargo {}", step.name, step.arguments.join(" "));
        let began = Instant::now();
        let status = Command::new(env!("CARGO"))
            .args(step.arguments)
            // What is built once gains nothing from the compiler's own state, which is most of the disk.
            .env("CARGO_INCREMENTAL", "0")
            .envs(step.environment.iter().copied())
            .current_dir(root)
            .status()?;
        println!("== {}: {:.0} s", step.name, began.elapsed().as_secs_f64());
        if !status.success() {
            return Err(
                format!("{} failed; run: cargo {}", step.name, step.arguments.join(" ")).into()
            );
        }
    }
    println!("== all passed");
    Ok(())
}
