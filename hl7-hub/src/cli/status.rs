//! `hl7-hub status`.

use std::io::Write;

use hl7_hub::config::Config;
use hl7_hub::json;
use hl7_hub::store::{Reader, Side, SqliteReader};
use serde_json::Value;

use super::client::running;
use super::{Failure, Of, Status, time};

/// Count messages by state and deliveries by destination
///
/// The hub may be running or not; while it runs, and has an [api], connections are shown too. `oldest` is when the oldest
/// message came that a destination has not got.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    of: Of,

    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, out: &mut impl Write) -> Result<Status, Failure> {
    let config = Config::load(&args.of.config)?;
    let status = SqliteReader::open(&config.data)?.status()?;
    let running = running(&config);
    if args.json {
        let mut value = json::status(&status);
        value["running"] = running.unwrap_or(Value::Null);
        writeln!(out, "{value:#}")?;
        return Ok(Status::Well);
    }
    writeln!(out, "{:<16} {:>10}", "messages", "count")?;
    for (state, count) in &status.messages {
        writeln!(out, "{:<16} {count:>10}", state.word())?;
    }
    writeln!(
        out,
        "\n{:<16} {:>10} {:>10} {:>10} {:>10} {:>10}  {:<24} state",
        "destination", "gathering", "queued", "done", "dead", "parked", "oldest"
    )?;
    let is_paused = |side, name: &str| {
        let known = status.paused.iter().find(|paused| paused.side == side && paused.name == name);
        known.is_some()
    };
    for to in &status.destinations {
        let oldest = to.oldest.map_or_else(|| "-".to_owned(), time::shown);
        let connected = of_name(running.as_ref(), "destinations", &to.name)
            .map(|known| known["connected"] == Value::Bool(true));
        let mut state = match (is_paused(Side::Destination, &to.name), connected) {
            (true, _) => "paused",
            // A refusal holds it up until somebody resumes it.
            (false, _) if to.held > 0 => "held",
            (false, None) => "",
            (false, Some(true)) => "connected",
            (false, Some(false)) => "not connected",
        }
        .to_owned();
        if to.awaiting > 0 {
            state = format!("{state}, {} wait for their application", to.awaiting);
        }
        writeln!(
            out,
            "{:<16} {:>10} {:>10} {:>10} {:>10} {:>10}  {oldest:<24} {}",
            to.name,
            to.gathering,
            to.queued,
            to.done,
            to.dead,
            to.parked,
            state.trim_start_matches(", ")
        )?;
    }
    if let Some(running) = &running {
        writeln!(out, "\n{:<16} {:>11}  state", "source", "connections")?;
        for source in running["sources"].as_array().into_iter().flatten() {
            let name = source["name"].as_str().unwrap_or_default();
            let state = if is_paused(Side::Source, name) { "paused" } else { "" };
            writeln!(out, "{name:<16} {:>11}  {state}", source["connections"].to_string())?;
        }
    }
    let alerts = running.as_ref().and_then(|running| running["alerts"].as_array());
    for alert in alerts.into_iter().flatten() {
        writeln!(out, "\nalert {} is raised", alert.as_str().unwrap_or_default())?;
    }
    for paused in &status.paused {
        writeln!(
            out,
            "\n{} {} is paused by {} since {}: {}",
            paused.side,
            paused.name,
            paused.who,
            time::shown(paused.at),
            if paused.why.is_empty() { "no reason given" } else { &paused.why }
        )?;
    }
    writeln!(out, "\n{} lines of audit", status.audit_lines)?;
    Ok(Status::Well)
}

/// What the hub says of one of its sources or destinations.
fn of_name<'r>(running: Option<&'r Value>, side: &str, name: &str) -> Option<&'r Value> {
    running?[side].as_array()?.iter().find(|known| known["name"] == name)
}
