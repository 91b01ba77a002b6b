//! `hl7-hub check-config`.

use std::io::Write;
use std::path::PathBuf;

use hl7_hub::config::{Config, LoadError};

use super::{Failure, Status};

/// Say what is wrong with a configuration, each mistake with its line and column
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The configuration
    #[arg(default_value = "hub.toml")]
    config: PathBuf,
}

pub(super) fn run(args: &Args, out: &mut impl Write) -> Result<Status, Failure> {
    let named = args.config.display();
    match Config::load(&args.config) {
        Ok(config) => {
            let Config { sources, destinations, routes, .. } = &config;
            let counts = [
                (sources.len(), "source"),
                (destinations.len(), "destination"),
                (routes.len(), "route"),
            ];
            let counts = counts.map(|(count, what)| {
                let plural = if count == 1 { "" } else { "s" };
                format!("{count} {what}{plural}")
            });
            writeln!(out, "{named} is right: {}", counts.join(", "))?;
            Ok(Status::Well)
        }
        Err(LoadError::Wrong { errors, .. }) => {
            for error in errors.list() {
                writeln!(out, "{named}: {error}")?;
            }
            Ok(Status::Found)
        }
        Err(error) => Err(error.into()),
    }
}
