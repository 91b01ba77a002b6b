//! Who is at work: a task for each source and a task for each destination, and how they go over to another configuration.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{error, info, warn};

use super::{Hub, RunError, Stopping, destination, dial, gather, listener, suspension};
use crate::config::{Config, Destination, Link, Source};
use crate::engine::Reception;
use crate::store::Plan;

/// How often, and after which pause each time, an address is tried that is in use: whoever had it may be about to go.
const TRIES: usize = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// From how many days before its end on a certificate is warned of.
const WARNING: i64 = 30;
/// A day in seconds.
const DAY: i64 = 86_400;

/// The tasks of a hub, and the configuration that they work by.
pub(super) struct Crew {
    hub: Arc<Hub>,
    config: Arc<Config>,
    sources: HashMap<String, SourcePost>,
    lanes: HashMap<String, LanePost>,
    /// Who sends to a destination holds its turn, so that a lane with new settings waits until the one before it has the
    /// reply to what it sent. A source that is dialled has one too: some of them allow one session only.
    turns: HashMap<String, Arc<Mutex<()>>>,
    tasks: JoinSet<()>,
}

/// A source at work.
struct SourcePost {
    link: Link,
    rules: watch::Sender<Arc<Reception>>,
    stop: watch::Sender<bool>,
    /// Where it listens, if it does.
    listener: Option<Arc<TcpListener>>,
}

/// A destination at work.
struct LanePost {
    /// What it was set up by.
    settings: crate::Digest,
    stop: watch::Sender<bool>,
}

/// Listeners that are open, by the names of their sources.
type Listeners = HashMap<String, Arc<TcpListener>>;

impl Crew {
    /// Nobody, yet; see [`Crew::go_over`].
    pub(super) fn new(hub: Arc<Hub>, config: Arc<Config>) -> Self {
        let (sources, lanes, turns) = (HashMap::new(), HashMap::new(), HashMap::new());
        let mut tasks = JoinSet::new();
        tasks.spawn(suspension::run(Arc::clone(&hub)));
        Self { hub, config, sources, lanes, turns, tasks }
    }

    /// The configuration that everybody works by.
    pub(super) fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// Has everybody work by a configuration. What can fail comes first: after an error everything is as it was.
    pub(super) async fn go_over(&mut self, config: Arc<Config>) -> Result<(), RunError> {
        let listeners = self.listeners(&config).await?;
        // Before the first message comes by these rules: what came before stays before it.
        let plan = |to: &Destination| Plan {
            destination: to.name.clone(),
            layout: to.lanes.layout(),
            gathers: to.batch.is_some(),
        };
        self.hub.store.announce(config.destinations.iter().map(plan).collect()).await?;
        self.hub.set_config(Arc::clone(&config));
        self.config = config;
        self.warn_of_old_certificates();
        self.go_over_sources(&listeners);
        self.go_over_lanes();
        Ok(())
    }

    /// A listener for each source of a configuration that needs one: the one that is open, else a new one.
    async fn listeners(&self, config: &Config) -> Result<Listeners, RunError> {
        let mut listeners = Listeners::new();
        for source in &config.sources {
            let Link::Listen(address) = &source.link else { continue };
            if !self.hub.takes_from(&source.name) {
                continue;
            }
            let listener = match self.open_listener(source, config) {
                Some(listener) => listener,
                None => Arc::new(self.listen(source, address).await?),
            };
            listeners.insert(source.name.clone(), listener);
        }
        Ok(listeners)
    }

    /// The listener of a source, or of one with the same address that gives it up: it has another name now.
    fn open_listener(&self, source: &Source, config: &Config) -> Option<Arc<TcpListener>> {
        let has_it = |name: &String, post: &SourcePost| {
            let gives_up = config.source(name).is_none_or(|other| other.link != post.link);
            post.link == source.link && (*name == source.name || gives_up)
        };
        let post = self.sources.iter().find(|(name, post)| has_it(name, post));
        post.and_then(|(_, post)| post.listener.clone())
    }

    async fn listen(&self, source: &Source, address: &str) -> Result<TcpListener, RunError> {
        let mut tries = if self.sources.is_empty() { 1 } else { TRIES };
        loop {
            tries -= 1;
            match TcpListener::bind(address).await {
                Ok(listener) => return Ok(listener),
                Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && tries > 0 => {
                    sleep(PAUSE).await;
                }
                Err(error) => {
                    let (source_name, address) = (source.name.clone(), address.to_owned());
                    return Err(RunError::Listen { source_name, address, error });
                }
            }
        }
    }

    fn warn_of_old_certificates(&self) {
        let now = self.hub.clock.now() / 1_000;
        for (used_by, tls) in self.config.secured() {
            match tls.expires.map(|expires| (expires - now).div_euclid(DAY)) {
                Some(days) if days < 0 => {
                    warn!(tls = tls.name, used_by, "the certificate has ended; peers refuse it");
                }
                Some(days) if days < WARNING => {
                    warn!(tls = tls.name, used_by, days, "the certificate ends soon");
                }
                Some(_) | None => {}
            }
        }
    }

    fn go_over_lanes(&mut self) {
        let config = Arc::clone(&self.config);
        self.lanes.retain(|name, post| {
            let stays = config.settings_of_destination(name) == Some(post.settings);
            if !stays {
                post.stop.send_replace(true);
            }
            stays
        });
        for (index, destination) in config.destinations.iter().enumerate() {
            let name = &destination.name;
            let Some(settings) = config.settings_of_destination(name) else { continue };
            if self.lanes.contains_key(name) {
                continue;
            }
            self.hub.open_door(name, destination.lanes.count, destination.batch.is_some());
            let (stop, stopping) = self.stop();
            if destination.batch.is_some() {
                let turn = self.turn(format!("gather {name}"));
                let (hub, config) = (Arc::clone(&self.hub), Arc::clone(&config));
                let stopping = stopping.clone();
                self.tasks.spawn(async move {
                    let _turn = turn.lock().await;
                    gather::run(hub, config, index, stopping).await;
                });
            }
            let turn = self.turn(format!("to {name}"));
            let (hub, config) = (Arc::clone(&self.hub), Arc::clone(&config));
            self.tasks.spawn(async move {
                let _turn = turn.lock().await;
                if !stopping.is_now() {
                    destination::run(hub, config, index, stopping).await;
                }
            });
            self.lanes.insert(name.clone(), LanePost { settings, stop });
        }
        self.hub.keep_doors(|name| config.destination(name).is_some());
    }

    fn go_over_sources(&mut self, listeners: &Listeners) {
        let config = Arc::clone(&self.config);
        self.sources.retain(|name, post| {
            let stays = config.source(name).is_some_and(|source| source.link == post.link)
                && self.hub.takes_from(name);
            if !stays {
                info!(source = name, "takes no more connections");
                post.stop.send_replace(true);
            }
            stays
        });
        for (index, source) in config.sources.iter().enumerate() {
            if !self.hub.takes_from(&source.name) {
                continue;
            }
            let Some(reception) = Reception::new(Arc::clone(&config), index) else { continue };
            match self.sources.get(&source.name) {
                // Even where nothing of the source itself changed, its routes may have.
                Some(post) => drop(post.rules.send_replace(Arc::new(reception))),
                None => self.start_source(source, reception, listeners),
            }
        }
    }

    fn start_source(&mut self, source: &Source, reception: Reception, listeners: &Listeners) {
        let (rules, follow) = watch::channel(Arc::new(reception));
        let (stop, stopping) = self.stop();
        let hub = Arc::clone(&self.hub);
        let listener = listeners.get(&source.name).cloned();
        match &listener {
            Some(listener) => {
                if let Ok(address) = listener.local_addr() {
                    info!(source = source.name, %address, "listening");
                }
                self.tasks.spawn(listener::run(hub, follow, Arc::clone(listener), stopping));
            }
            None => {
                let turn = self.turn(format!("from {}", source.name));
                self.tasks.spawn(async move {
                    let _turn = turn.lock().await;
                    dial::run(hub, follow, stopping).await;
                });
            }
        }
        let link = source.link.clone();
        self.sources.insert(source.name.clone(), SourcePost { link, rules, stop, listener });
    }

    fn stop(&self) -> (watch::Sender<bool>, Stopping) {
        let (stop, stopped) = watch::channel(false);
        (stop, self.hub.stopping_with(stopped))
    }

    fn turn(&mut self, whose: String) -> Arc<Mutex<()>> {
        // Turns that nobody holds or waits for are forgotten, so that there are no more of them than tasks.
        self.turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        Arc::clone(self.turns.entry(whose).or_default())
    }

    /// Waits until a task has ended. It never does where there is none.
    pub(super) async fn look_after(&mut self) {
        match self.tasks.join_next().await {
            Some(ended) => note(ended),
            None => std::future::pending().await,
        }
    }

    /// Asks everybody to stop, waits, and ends who does not.
    pub(super) async fn end(mut self) {
        info!("stopping");
        self.hub.stop.send_replace(true);
        let drained = timeout(self.config.shutdown, async {
            while let Some(ended) = self.tasks.join_next().await {
                note(ended);
            }
        });
        if drained.await.is_err() {
            warn!(
                "what did not finish in time is ended; deliveries that were being sent are sent again"
            );
            self.tasks.shutdown().await;
        }
    }
}

fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(failure) = ended {
        error!(%failure, "a task failed");
    }
}
