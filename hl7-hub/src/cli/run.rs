//! `hl7-hub run`.

use std::path::PathBuf;

use hl7_hub::config::Config;
use hl7_hub::run::{Control, Orders};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::Level;

use super::{Failure, Status, log};

/// Run a hub until it is asked to stop
///
/// SIGTERM or Ctrl-C: no more connections are taken, messages in hand are stored and answered, deliveries in hand get their
/// replies, within the time that `shutdown` in the file gives. Whatever is queued goes on at the next start.
///
/// SIGHUP: the file is read again, and what changed in it holds from the next message on; no connection is closed for that.
/// Where there are mistakes in it, they are logged and the hub goes on as before.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The configuration
    #[arg(default_value = "hub.toml")]
    config: PathBuf,

    /// How much to log; else what the configuration says. There is no patient data at any level
    #[arg(long, value_name = "error|warn|info|debug|trace")]
    log: Option<Level>,
}

pub(super) fn run(args: &Args) -> Result<Status, Failure> {
    let config = Config::load(&args.config)?;
    log::start(&config.log, args.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let stop = async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        let orders = Orders::new();
        let reloading = tokio::spawn(reload_on(signal(SignalKind::hangup())?, orders.control()));
        let outcome = hl7_hub::run::run(config, orders, stop).await;
        reloading.abort();
        outcome?;
        Ok(Status::Well)
    })
}

/// Has the hub read its file again whenever a signal says so. The hub logs what came of it.
async fn reload_on(mut hangup: Signal, control: Control) {
    while hangup.recv().await.is_some() {
        let _ = control.reload("SIGHUP", "").await;
    }
}
