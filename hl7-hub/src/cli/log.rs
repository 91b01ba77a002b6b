//! Where the log goes, and what its lines look like.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::sync::Mutex;

use hl7_hub::config::{Log, LogFormat};
use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::Failure;

/// Starts to log, at the level that is given or else the one of the configuration.
pub(super) fn start(log: &Log, level: Option<Level>) -> Result<(), Failure> {
    // What libraries say below a warning may hold what they carry, so nobody sees it.
    let level = LevelFilter::from_level(level.unwrap_or(log.level));
    let what =
        Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("hl7_hub", level);
    match &log.file {
        None => write_to(io::stderr, io::stderr().is_terminal(), log.format, what),
        Some(file) => {
            let opened = File::options().create(true).append(true).open(file);
            let opened = opened.map_err(|error| {
                Failure(format!("the log {} cannot be written: {error}", file.display()))
            })?;
            write_to(Mutex::new(opened), false, log.format, what);
        }
    }
    Ok(())
}

fn write_to<W>(writer: W, colours: bool, format: LogFormat, what: Targets)
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(colours);
    let registry = tracing_subscriber::registry().with(what);
    match format {
        LogFormat::Text => registry.with(lines).init(),
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).init(),
    }
}
