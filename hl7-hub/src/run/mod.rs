//! The hub at work: sockets, files, timers and signals around what [`engine`](crate::engine) decides and
//! [`store`](crate::store) keeps.
//!
//! Every connection and every destination is a task of its own. They share the store and nothing else, so that what hangs in
//! one keeps no other waiting. Whatever waits is bounded: connections by their listener, what is read by the frame limit,
//! what is written by the store's queue, what a lane reads ahead by its own limit.

mod clock;
mod connection;
mod dial;
mod lane;
mod late;
mod listener;
mod outlet;
mod outlet_file;
mod outlet_mllp;
mod wake;

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{error, info, warn};

use crate::config::{Config, Destination, Link};
use crate::engine::Reception;
use crate::store::{AuditEvent, SqliteOptions, SqliteStore, Store, StoreError};
pub use clock::Clock;
use wake::{Outcomes, Wake};

/// Why a hub does not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The store cannot be used, or failed in a way that leaves its state unknown.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// A source cannot listen.
    #[error("source {source_name}: cannot listen on {address}: {error}")]
    Listen {
        /// Its name.
        source_name: String,
        /// The address.
        address: String,
        /// Why.
        error: std::io::Error,
    },
}

/// What all tasks share.
struct Hub {
    store: Arc<dyn Store>,
    clock: Clock,
    /// Wakes the lane of a destination.
    wake: HashMap<String, Arc<Wake>>,
    /// Tells what becomes of messages.
    outcomes: Outcomes,
    /// Told when the hub is to stop.
    stop: watch::Sender<bool>,
    /// The failure after which nothing can be promised any more.
    fatal: watch::Sender<Option<StoreError>>,
}

impl Hub {
    /// What tells a task to stop.
    fn stopping(&self) -> Stopping {
        Stopping(self.stop.subscribe())
    }

    /// Looks at a failure of the store: after some of them the hub ends, since nobody can be told that anything is stored.
    fn note_failure(&self, failure: &StoreError) {
        if matches!(failure, StoreError::Stopped(_)) {
            self.fatal.send_replace(Some(failure.clone()));
        }
    }

    /// Adds a line to the audit. A line that cannot be written is said in the log: the hub goes on.
    async fn record(&self, event: AuditEvent) {
        if let Err(failure) = self.store.record(event).await {
            self.note_failure(&failure);
            warn!(%failure, "the audit was not written");
        }
    }

    /// An event of the hub itself.
    fn event(&self, action: &str, detail: String) -> AuditEvent {
        let (at, actor) = (self.clock.now(), "hub".to_owned());
        AuditEvent { at, actor, action: action.to_owned(), message: None, detail }
    }
}

/// Tells a task when to stop.
#[derive(Debug, Clone)]
struct Stopping(watch::Receiver<bool>);

impl Stopping {
    /// Whether it is to stop now.
    fn is_now(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is.
    async fn wait(&mut self) {
        // An error means that the hub is gone: all the more reason.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

/// Runs a hub until `stop` is done, then lets what is under way finish, within the time that the configuration gives.
///
/// # Errors
/// When the store cannot be opened or fails for good, or a source cannot listen.
pub async fn run(config: Config, stop: impl Future<Output = ()>) -> Result<(), RunError> {
    let clock = Clock::new();
    let options =
        SqliteOptions { folder: config.data.clone(), limit: config.store_limit, now: clock.now() };
    let store = SqliteStore::open(&options)?;
    let recovered = store.recovered();
    let listeners = listeners(&config).await?;
    let wakes = |to: &Destination| (to.name.clone(), Arc::new(Wake::new(to.lanes.count)));
    let wake = config.destinations.iter().map(wakes).collect();
    for Destination { name, lanes, .. } in &config.destinations {
        store.arrange(name.clone(), lanes.layout(), lanes.count).await?;
    }
    let hub = Arc::new(Hub {
        store: Arc::new(store),
        clock,
        wake,
        outcomes: Outcomes::default(),
        stop: watch::Sender::new(false),
        fatal: watch::Sender::new(None),
    });
    let config = Arc::new(config);
    let version = env!("CARGO_PKG_VERSION");
    let detail = format!("hl7-hub {version}; {recovered} deliveries were interrupted");
    hub.store.record(hub.event("started", detail)).await?;
    info!(hub = config.name, recovered, "started");

    let mut tasks = JoinSet::new();
    for (index, destination) in config.destinations.iter().enumerate() {
        for number in 0..destination.lanes.count {
            tasks.spawn(lane::run(Arc::clone(&hub), Arc::clone(&config), index, number));
        }
    }
    tasks.spawn(late::run(Arc::clone(&hub), Arc::clone(&config)));
    for (index, listener) in listeners.into_iter().enumerate() {
        let Some(reception) = Reception::new(Arc::clone(&config), index) else { continue };
        let (hub, reception) = (Arc::clone(&hub), Arc::new(reception));
        match listener {
            Some(listener) => tasks.spawn(listener::run(hub, reception, listener)),
            None => tasks.spawn(dial::run(hub, reception)),
        };
    }
    let mut fatal = hub.fatal.subscribe();
    let failure = tokio::select! {
        () = stop => None,
        failed = fatal.wait_for(Option::is_some) => failed.ok().and_then(|failure| failure.clone()),
    };
    end(&hub, &config, tasks).await;
    match failure {
        Some(failure) => Err(failure.into()),
        None => Ok(()),
    }
}

/// A listener for each source that has one, in the order of the sources.
async fn listeners(config: &Config) -> Result<Vec<Option<TcpListener>>, RunError> {
    let mut listeners = Vec::new();
    for source in &config.sources {
        let Link::Listen(address) = &source.link else {
            listeners.push(None);
            continue;
        };
        let fail = |error| RunError::Listen {
            source_name: source.name.clone(),
            address: address.clone(),
            error,
        };
        let listener = TcpListener::bind(address).await.map_err(fail)?;
        let bound = listener.local_addr().map_err(fail)?;
        info!(source = source.name, address = %bound, "listening");
        listeners.push(Some(listener));
    }
    Ok(listeners)
}

/// Asks everything to stop, waits for it, and ends what does not.
async fn end(hub: &Hub, config: &Config, mut tasks: JoinSet<()>) {
    info!("stopping");
    hub.stop.send_replace(true);
    let drained = timeout(config.shutdown, async {
        while let Some(ended) = tasks.join_next().await {
            if let Err(failure) = ended {
                error!(%failure, "a task failed");
            }
        }
    });
    if drained.await.is_err() {
        warn!(
            "what did not finish in time is ended; deliveries that were being sent are sent again"
        );
        tasks.shutdown().await;
    }
    hub.record(hub.event("stopped", String::new())).await;
    info!("stopped");
}
