//! The command line: each command is a module with its arguments and one `run`.

mod audit;
mod check_config;
mod client;
mod framing;
mod init;
mod link;
mod listen;
mod log;
mod messages;
mod orders;
mod run;
mod search;
mod send;
mod show;
mod status;
mod time;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use hl7_hub::config::Config;
use hl7_hub::store::SqliteReader;

/// Joins departments that speak HL7 v2: MLLP in, a durable store, MLLP and files out, from one file
#[derive(Debug, Parser)]
#[command(name = "hl7-hub", version, max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  hl7-hub init                        write hub.toml, an example that runs, with every key explained
  hl7-hub check-config                what is wrong with hub.toml, each mistake with its line
  hl7-hub run hub.toml                run the hub until it is asked to stop (SIGTERM, Ctrl-C)
  hl7-hub status                      messages and queues, also while the hub runs
  hl7-hub search --type ADT^A01       messages by what their header says
  hl7-hub show 17                     everything that is known about message 17
  hl7-hub audit verify                whether anybody changed what was recorded
  hl7-hub pause destination lab --why 'maintenance'
                                      its messages are queued until `hl7-hub resume`
  hl7-hub resubmit 17 --set PID-3.1=4711
                                      send a mended copy of message 17
  hl7-hub send 127.0.0.1:2575 x.hl7   send the messages of a file, and say what came back
  hl7-hub listen 127.0.0.1:6661       receive and answer, to test what sends

Exit status:
  0  all is well
  1  what was looked for is not there, or what was looked at is not as it should be
  2  the command could not be carried out";

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Args),
    Init(init::Args),
    CheckConfig(check_config::Args),
    Status(status::Args),
    Search(search::Args),
    Show(show::Args),
    Audit(audit::Args),
    Pause(orders::Pause),
    Resume(orders::Resume),
    Skip(orders::Skip),
    Drain(orders::Drain),
    SendNow(orders::SendNow),
    Resubmit(messages::Resubmit),
    Park(messages::Park),
    Dismiss(messages::Dismiss),
    Prune(orders::Prune),
    Backup(orders::Backup),
    Reload(orders::Reload),
    Send(send::Args),
    Listen(listen::Args),
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Well,
    Found,
    Failed,
}

/// Why a command could not be carried out, in words for people.
#[derive(Debug)]
struct Failure(String);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Reads the command line and does what it says.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = io::stdout().lock();
    let outcome = match &cli.command {
        Command::Run(args) => run::run(args),
        Command::Init(args) => init::run(args, &mut out),
        Command::CheckConfig(args) => check_config::run(args, &mut out),
        Command::Status(args) => status::run(args, &mut out),
        Command::Search(args) => search::run(args, &mut out),
        Command::Show(args) => show::run(args, &mut out),
        Command::Audit(args) => audit::run(args, &mut out),
        Command::Pause(args) => orders::pause(args, &mut out),
        Command::Resume(args) => orders::resume(args, &mut out),
        Command::Skip(args) => orders::skip(args, &mut out),
        Command::Drain(args) => orders::drain(args, &mut out),
        Command::SendNow(args) => orders::send_now(args, &mut out),
        Command::Resubmit(args) => messages::resubmit(args, &mut out),
        Command::Park(args) => messages::park(args, &mut out),
        Command::Dismiss(args) => messages::dismiss(args, &mut out),
        Command::Prune(args) => orders::prune(args, &mut out),
        Command::Backup(args) => orders::backup(args, &mut out),
        Command::Reload(args) => orders::reload(args, &mut out),
        Command::Send(args) => send::run(args, &mut out),
        Command::Listen(args) => listen::run(args, &mut out),
    };
    let status = outcome.unwrap_or_else(|Failure(reason)| {
        let _ = writeln!(io::stderr(), "hl7-hub: {reason}");
        Status::Failed
    });
    match status {
        Status::Well => ExitCode::SUCCESS,
        Status::Found => ExitCode::from(1),
        Status::Failed => ExitCode::from(2),
    }
}

/// The configuration that says where the store is.
#[derive(Debug, clap::Args)]
struct Of {
    /// The configuration of the hub
    #[arg(long, short, default_value = "hub.toml", value_name = "FILE")]
    config: PathBuf,
}

impl Of {
    fn reader(&self) -> Result<SqliteReader, Failure> {
        Ok(SqliteReader::open(&Config::load(&self.config)?.data)?)
    }
}
