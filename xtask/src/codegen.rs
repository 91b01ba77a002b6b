//! `cargo xtask codegen [--check]`: schemas/ to version crates.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use hl7_codegen::emit::{Package, emit, facade};
use hl7_codegen::model::Version;
use hl7_codegen::output::{self, Drift};
use hl7_codegen::{model, schema};
use similar::TextDiff;

use crate::versions;

/// How many stale files `--check` shows a diff of.
const SHOWN: usize = 3;

/// The schema of the tests, in which every name collides with something, and the crate that is generated from it to see
/// that it compiles.
const OBSTACLE: (&str, &str) = ("codegen/tests/obstacle", "tests/obstacle");

/// The crate that has every version as a module.
const FACADE: &str = "hl7-types";

/// A crate to generate; both paths as seen from the root.
struct Job {
    /// Where the schema is.
    schema: PathBuf,
    /// Where the crate goes.
    target: PathBuf,
    publish: bool,
}

/// What became of a job: the number of its files, and those that were not as they should be.
struct Outcome {
    version: Version,
    files: usize,
    drift: Vec<Drift>,
}

/// Writes the version crates, or compares them.
pub(crate) fn run(root: &Path, check: bool) -> Result<(), Box<dyn Error>> {
    let jobs = jobs(root)?;
    // Versions share nothing, so each one has a thread; errors come out in the order of the jobs all the same.
    let outcomes: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> =
            jobs.iter().map(|job| scope.spawn(|| generate(root, job, check))).collect();
        running.into_iter().map(|running| running.join()).collect()
    });
    let mut stale = Vec::new();
    let mut published = Vec::new();
    for (job, outcome) in jobs.iter().zip(outcomes) {
        let outcome = outcome.map_err(|_| "the generator panicked, see above")?;
        let Outcome { version, files, drift } = outcome.map_err(|error| error as Box<dyn Error>)?;
        say(&job.target, files, &drift, check);
        stale.extend(drift);
        published.extend(job.publish.then_some(version));
    }
    stale.extend(list_versions(root, &published, check)?);
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

/// The folders of schemas/, in order, and the obstacle course.
fn jobs(root: &Path) -> Result<Vec<Job>, Box<dyn Error>> {
    let of_version = |module: String| Job {
        schema: Path::new("schemas").join(&module),
        target: Path::new("hl7-types/versions").join(&module),
        publish: true,
    };
    let mut jobs: Vec<Job> = versions::modules(root)?.into_iter().map(of_version).collect();
    let (schema, target) = OBSTACLE;
    jobs.push(Job { schema: schema.into(), target: target.into(), publish: false });
    Ok(jobs)
}

fn generate(root: &Path, job: &Job, check: bool) -> Result<Outcome, Box<dyn Error + Send + Sync>> {
    let version = model::build(&schema::read_version(&root.join(&job.schema))?)?;
    let schema = job.schema.to_string_lossy().replace('\\', "/");
    let files = emit(&Package { version: &version, schema, publish: job.publish });
    let target = root.join(&job.target);
    let drift = output::drift(&target, &files)?;
    if !check {
        output::write(&target, &files, &drift)?;
    }
    Ok(Outcome { version, files: files.len(), drift })
}

/// The facade's list of the versions.
fn list_versions(
    root: &Path,
    versions: &[Version],
    check: bool,
) -> Result<Vec<Drift>, Box<dyn Error>> {
    let target = root.join(FACADE);
    let manifest = fs::read_to_string(target.join("Cargo.toml"))?;
    let files = facade(&versions.iter().collect::<Vec<_>>(), &manifest);
    let drift = output::stale(&target, &files)?;
    if !check {
        output::write(&target, &files, &drift)?;
    }
    say(Path::new(FACADE), files.len(), &drift, check);
    Ok(drift)
}

fn say(target: &Path, files: usize, drift: &[Drift], check: bool) {
    let done = if check { "stale" } else { "written" };
    println!("{}: {files} files, {} {done}", target.display(), drift.len());
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
