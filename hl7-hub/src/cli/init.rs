//! `hl7-hub init`.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use hl7_hub::config::EXAMPLE;

use super::{Failure, Status};

/// Write an example configuration that runs, with every key explained
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to; a file that is there is left as it is
    #[arg(default_value = "hub.toml")]
    config: PathBuf,
}

pub(super) fn run(args: &Args, out: &mut impl Write) -> Result<Status, Failure> {
    let named = args.config.display();
    let mut file = File::create_new(&args.config).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure(format!("{named} is there already; name another file")),
        _ => Failure(format!("{named}: cannot be written: {error}")),
    })?;
    file.write_all(EXAMPLE.as_bytes())?;
    writeln!(out, "{named} is written; `hl7-hub run {named}` runs it")?;
    Ok(Status::Well)
}
