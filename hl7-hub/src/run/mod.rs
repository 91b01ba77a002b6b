//! The hub at work: sockets, files, timers and signals around what [`engine`](crate::engine) decides and
//! [`store`](crate::store) keeps.
//!
//! Every connection and every destination is a task of its own. They share the store and nothing else, so that what hangs in
//! one keeps no other waiting. Whatever waits is bounded: connections by their listener, what is read by the frame limit and
//! a budget for all, what is written by the store's queue, what a lane reads ahead by its own limit.

mod budget;
mod clock;
mod connection;
mod crew;
mod destination;
mod dial;
mod gather;
mod lane;
mod late;
mod listener;
mod outlet;
mod outlet_file;
mod outlet_http;
mod outlet_mllp;
mod refusals;
mod reload;
mod sessions;
mod suspension;
mod unnamed;
mod wake;
mod wire;

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use crate::api::{Api, ApiError};
use crate::config::{Changes, Config};
use crate::operate::{self, Desk, Gates, Metrics};
use crate::store::{AuditEvent, MessageId, Side, SqliteOptions, SqliteStore, Store, StoreError};
use budget::Budget;
pub use clock::Clock;
use crew::Crew;
use reload::Order;
pub use reload::{Control, Orders, ReloadError};
use sessions::Sessions;
use unnamed::Unnamed;
use wake::{Outcomes, Wake};

/// Why a hub does not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The store cannot be used, or failed in a way that leaves its state unknown.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The API cannot be opened.
    #[error("{0}")]
    Api(#[from] ApiError),
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

/// Who is woken for a destination.
#[derive(Debug, Clone)]
struct Door {
    lanes: Arc<Wake>,
    /// Who makes batches for the lanes, if it takes some.
    gatherer: Arc<Notify>,
    gathers: bool,
}

/// What all tasks share.
pub(crate) struct Hub {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    /// What is paused.
    pub(crate) gates: Gates,
    pub(crate) metrics: Metrics,
    /// What it works by.
    config: RwLock<Arc<Config>>,
    /// Who is to be woken for a destination.
    doors: RwLock<HashMap<String, Door>>,
    /// Tells what becomes of messages.
    outcomes: Outcomes,
    /// Who sends messages that cannot be told when they come again.
    unnamed: Unnamed,
    /// Told when the hub is to stop.
    stop: watch::Sender<bool>,
    /// Whether the store has no room.
    full: watch::Sender<bool>,
    /// How much of messages is held that are not complete.
    budget: Arc<Budget>,
    /// The connections that are made to destinations.
    sessions: Arc<Sessions>,
    /// The failure after which nothing can be promised any more.
    fatal: watch::Sender<Option<StoreError>>,
}

impl Hub {
    fn over(store: Arc<dyn Store>, clock: Clock, config: &Arc<Config>) -> Result<Self, StoreError> {
        Ok(Self {
            gates: Gates::of(&store.reader().paused()?),
            metrics: Metrics::new(config, clock.now()),
            config: RwLock::new(Arc::clone(config)),
            store,
            clock,
            doors: RwLock::default(),
            outcomes: Outcomes::default(),
            unnamed: Unnamed::default(),
            stop: watch::Sender::new(false),
            full: watch::Sender::new(false),
            budget: Arc::new(Budget::new(config.buffer_limit)),
            sessions: Arc::default(),
            fatal: watch::Sender::new(None),
        })
    }

    /// The configuration that everybody works by.
    pub(crate) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set_config(&self, config: Arc<Config>) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
    }

    /// Whether nobody paused a source.
    fn takes_from(&self, source: &str) -> bool {
        self.gates.gate(Side::Source, source).is_open()
    }

    /// What tells whoever is no part of the crew to stop.
    pub(crate) fn stopping(&self) -> Stopping {
        self.stopping_with(self.stop.subscribe())
    }

    /// What tells a task to stop, together with the whole hub or alone.
    fn stopping_with(&self, alone: watch::Receiver<bool>) -> Stopping {
        Stopping { hub: self.stop.subscribe(), alone }
    }

    /// Who is to be woken for a destination, where there is one. To be asked behind the commit of what it is woken for: a
    /// lane that starts later looks for itself.
    fn door(&self, destination: &str) -> Option<Door> {
        self.doors.read().unwrap_or_else(PoisonError::into_inner).get(destination).cloned()
    }

    /// What wakes the lanes of a destination, where there are some.
    fn lanes(&self, destination: &str) -> Option<Arc<Wake>> {
        self.door(destination).map(|door| door.lanes)
    }

    /// Makes it possible to wake who works for a destination, in so many lanes, and whoever makes batches for it, if it takes
    /// some. To be done before they start.
    fn open_door(&self, destination: &str, lanes: usize, gathers: bool) {
        let lanes = Arc::new(Wake::new(lanes));
        let door = Door { lanes, gatherer: Arc::default(), gathers };
        let mut doors = self.doors.write().unwrap_or_else(PoisonError::into_inner);
        doors.insert(destination.to_owned(), door);
    }

    /// Forgets the doors that are not to be kept.
    fn keep_doors(&self, is_kept: impl Fn(&str) -> bool) {
        let mut doors = self.doors.write().unwrap_or_else(PoisonError::into_inner);
        doors.retain(|destination, _| is_kept(destination));
    }

    /// Wakes who works for destinations.
    pub(crate) fn wake<'n>(&self, destinations: impl IntoIterator<Item = &'n String>) {
        for door in destinations.into_iter().filter_map(|name| self.door(name)) {
            door.gatherer.notify_one();
            door.lanes.notify();
        }
    }

    /// Tells whoever waits for what becomes of a message that somebody has decided about it.
    pub(crate) fn note_decided(&self, message: MessageId) {
        self.outcomes.settled(message);
    }

    /// Wakes who works for what came for destinations: where it waits for others, those who make batches. It may have come by
    /// the rules that were there before: where there are no batches any more it is queued.
    fn wake_for<'n>(&self, came: impl IntoIterator<Item = (&'n str, bool)>) {
        for (destination, gathers) in came {
            match self.door(destination) {
                Some(door) if gathers && door.gathers => door.gatherer.notify_one(),
                Some(door) => door.lanes.notify(),
                None => {}
            }
        }
    }

    /// Wakes all lanes that there are.
    fn wake_all(&self) {
        let doors = self.doors.read().unwrap_or_else(PoisonError::into_inner);
        doors.values().for_each(|door| door.lanes.notify());
    }

    /// Looks at a failure of the store: after some of them the hub ends, since nobody can be told that anything is stored.
    pub(crate) fn note_failure(&self, failure: &StoreError) {
        match failure {
            StoreError::Stopped(_) => drop(self.fatal.send_replace(Some(failure.clone()))),
            StoreError::Full => drop(self.full.send_replace(true)),
            _ => {}
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
pub(crate) struct Stopping {
    hub: watch::Receiver<bool>,
    alone: watch::Receiver<bool>,
}

impl Stopping {
    /// Whether it is to stop now.
    pub(crate) fn is_now(&self) -> bool {
        *self.hub.borrow() || *self.alone.borrow()
    }

    /// Waits until it is.
    pub(crate) async fn wait(&mut self) {
        // An error means that whoever says so is gone: all the more reason.
        tokio::select! {
            _ = self.hub.wait_for(|stop| *stop) => {}
            _ = self.alone.wait_for(|stop| *stop) => {}
        }
    }
}

/// Runs a hub until `stop` is done, then lets what is under way finish, within the time that the configuration gives.
/// Meanwhile it takes orders.
///
/// # Errors
/// When the store cannot be opened or fails for good, or a source cannot listen.
pub async fn run(
    config: Config,
    mut orders: Orders,
    stop: impl Future<Output = ()>,
) -> Result<(), RunError> {
    let clock = Clock::new();
    let options =
        SqliteOptions { folder: config.data.clone(), limit: config.store_limit, now: clock.now() };
    let store = SqliteStore::open(&options)?;
    let recovered = store.recovered();
    let config = Arc::new(config);
    let hub = Arc::new(Hub::over(Arc::new(store), clock, &config)?);
    let version = env!("CARGO_PKG_VERSION");
    let detail = format!("hl7-hub {version}; {recovered} deliveries were interrupted");
    hub.store.record(hub.event("started", detail)).await?;
    let desk = Arc::new(Desk::new(Arc::clone(&hub), orders.control()));
    let api = match Api::open(&config, Arc::clone(&desk)).await {
        Ok(api) => api,
        Err(failure) => {
            hub.record(hub.event("stopped", failure.to_string())).await;
            return Err(failure.into());
        }
    };
    let mut crew = Crew::new(Arc::clone(&hub), Arc::clone(&config));
    if let Err(failure) = crew.go_over(Arc::clone(&config)).await {
        hub.record(hub.event("stopped", failure.to_string())).await;
        return Err(failure);
    }
    info!(hub = config.name, recovered, "started");
    let mut service = JoinSet::new();
    service.spawn(operate::keep_pruned(Arc::clone(&desk)));
    service.spawn(operate::keep_watch(desk));
    if let Some(api) = api {
        service.spawn(api.serve());
    }

    let mut fatal = hub.fatal.subscribe();
    tokio::pin!(stop);
    let failure = loop {
        tokio::select! {
            () = &mut stop => break None,
            failure = failed(&mut fatal) => break failure,
            Some(order) = orders.next() => carry_out(&hub, &mut crew, order).await,
            Some(Err(failure)) = service.join_next() => error!(%failure, "a task failed"),
            () = crew.look_after() => {}
        }
    };
    crew.end().await;
    // Whoever still waits for an answer waits for nothing.
    service.shutdown().await;
    hub.record(hub.event("stopped", String::new())).await;
    info!("stopped");
    match failure {
        Some(failure) => Err(failure.into()),
        None => Ok(()),
    }
}

/// Waits for a failure after which nothing can be promised any more.
async fn failed(fatal: &mut watch::Receiver<Option<StoreError>>) -> Option<StoreError> {
    fatal.wait_for(Option::is_some).await.ok().and_then(|failure| failure.clone())
}

/// Does what an order says, and tells whoever gave it, who may have gone, what came of that.
async fn carry_out(hub: &Hub, crew: &mut Crew, order: Order) {
    match order {
        Order::Reload { by, why, answer } => {
            let _ = answer.send(read_again(hub, crew, by, &why).await);
        }
        Order::Gates { answer } => {
            let _ = answer.send(crew.go_over(hub.config()).await);
        }
    }
}

/// Reads the configuration again, and says in the log and in the audit what came of that.
async fn read_again(
    hub: &Hub,
    crew: &mut Crew,
    by: String,
    why: &str,
) -> Result<Changes, ReloadError> {
    let outcome = reload(hub, crew).await;
    let (action, detail) = match &outcome {
        Ok(changes) => {
            info!(by, %changes, "goes on with the configuration as it stands in its file now");
            if !changes.at_restart.is_empty() {
                let keys = changes.at_restart.join(", ");
                warn!(
                    keys,
                    "cannot change while the hub runs; the old value holds until the next start"
                );
            }
            let removed = changes.removed.iter();
            for name in removed.filter_map(|part| part.strip_prefix("destination.")) {
                warn_of_queue(hub, name.to_owned()).await;
            }
            ("reloaded", changes.to_string())
        }
        Err(failure) => {
            error!(by, %failure, "goes on with the configuration that it has");
            let detail = match failure {
                // Where they are is in the log; the file may quote things that have no place in the audit.
                ReloadError::Config(_) => "there are mistakes in the configuration".to_owned(),
                failure => failure.to_string(),
            };
            ("not reloaded", detail)
        }
    };
    let why = if why.is_empty() { String::new() } else { format!("; why: {why}") };
    let event = hub.event(action, format!("{detail}{why}"));
    hub.record(AuditEvent { actor: by, ..event }).await;
    outcome
}

/// Says in the log that something is queued for a destination that is not there any more, if so.
async fn warn_of_queue(hub: &Hub, destination: String) {
    let (store, name) = (Arc::clone(&hub.store), destination.clone());
    let waits = tokio::task::spawn_blocking(move || {
        let reader = store.reader();
        Ok::<_, StoreError>(
            !reader.pending(&name, None, 1)?.is_empty()
                || !reader.gathering(&name, None, 1)?.is_empty(),
        )
    });
    if waits.await.is_ok_and(|waits| waits.unwrap_or_default()) {
        warn!(
            destination,
            "is not there any more; what is queued for it waits until it comes back"
        );
    }
}

async fn reload(hub: &Hub, crew: &mut Crew) -> Result<Changes, ReloadError> {
    let old = Arc::clone(crew.config());
    let file = old.file.clone().ok_or(ReloadError::NoFile)?;
    let read = tokio::task::spawn_blocking(move || Config::load(&file)).await;
    let mut new = read.map_err(|_| ReloadError::Stopping)??;
    let changes = old.changes(&new);
    // The folder stays; else the next reload would not say any more that it is another one.
    new.data.clone_from(&old.data);
    let (limit, buffer_limit) = (new.store_limit, new.buffer_limit);
    // To go over needs room itself, which may be what is new.
    if limit != old.store_limit {
        set_limit(hub, limit).await;
    }
    if let Err(failure) = crew.go_over(Arc::new(new)).await {
        if limit != old.store_limit {
            set_limit(hub, old.store_limit).await;
        }
        return Err(failure.into());
    }
    hub.budget.limit(buffer_limit);
    Ok(changes)
}

async fn set_limit(hub: &Hub, limit: Option<u64>) {
    if let Err(failure) = hub.store.limit(limit).await {
        hub.note_failure(&failure);
        warn!(%failure, "the store keeps the limit that it has");
    }
}
