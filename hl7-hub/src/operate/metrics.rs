//! What monitoring sees. Labels are names of the configuration and words of ours; nothing of a message ever is one.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::config::Config;
use crate::store::{DestinationStatus, MessageState, Status};

/// Seconds that bound the buckets of times.
const SECONDS: [f64; 12] =
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10.0, 30.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfSource {
    source: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceOutcome {
    source: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceCode {
    source: String,
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfDestination {
    destination: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DestinationOutcome {
    destination: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfState {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfAlert {
    alert: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPause {
    side: &'static str,
    name: String,
}

/// Everything that is counted and measured.
pub(crate) struct Metrics {
    registry: Registry,
    messages: Family<SourceOutcome, Counter>,
    bytes: Family<OfSource, Counter>,
    acks: Family<SourceCode, Counter>,
    connections: Family<OfSource, Gauge>,
    attempts: Family<DestinationOutcome, Counter>,
    ack_wait: Family<OfDestination, Histogram>,
    connected: Family<OfDestination, Gauge>,
    gathering: Family<OfDestination, Gauge>,
    queued: Family<OfDestination, Gauge>,
    oldest: Family<OfDestination, Gauge<f64, std::sync::atomic::AtomicU64>>,
    dead: Family<OfDestination, Gauge>,
    parked: Family<OfDestination, Gauge>,
    held: Family<OfDestination, Gauge>,
    awaiting: Family<OfDestination, Gauge>,
    states: Family<OfState, Gauge>,
    paused: Family<OfPause, Gauge>,
    alerts: Family<OfAlert, Gauge>,
    /// Alerts that are raised.
    raised: Mutex<Vec<String>>,
    /// When each source last sent something.
    heard: Mutex<HashMap<String, i64>>,
    started: i64,
    commit: Histogram,
    store_bytes: Gauge,
}

impl Metrics {
    /// For a hub; what its configuration names is there from the start, at nought.
    pub(crate) fn new(config: &Config, started: i64) -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(SECONDS);
        let mut metrics = Self {
            registry: Registry::with_prefix("hl7_hub"),
            messages: Family::default(),
            bytes: Family::default(),
            acks: Family::default(),
            connections: Family::default(),
            attempts: Family::default(),
            ack_wait: Family::new_with_constructor(histogram),
            connected: Family::default(),
            gathering: Family::default(),
            queued: Family::default(),
            oldest: Family::default(),
            dead: Family::default(),
            parked: Family::default(),
            held: Family::default(),
            awaiting: Family::default(),
            states: Family::default(),
            paused: Family::default(),
            alerts: Family::default(),
            raised: Mutex::default(),
            heard: Mutex::default(),
            started,
            commit: histogram(),
            store_bytes: Gauge::default(),
        };
        metrics.register();
        metrics.mention(config);
        metrics
    }

    fn register(&mut self) {
        let it = &mut self.registry;
        let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        it.register("build", "The version that runs", version);
        it.register(
            "source_messages",
            "Messages that came, by what became of them",
            self.messages.clone(),
        );
        it.register_with_unit(
            "source_received",
            "Bytes of messages that came",
            Unit::Bytes,
            self.bytes.clone(),
        );
        it.register("source_acks", "Acknowledgments that were sent, by code", self.acks.clone());
        it.register("source_connections", "Connections that are open", self.connections.clone());
        it.register(
            "destination_attempts",
            "Attempts to send, by what became of the delivery",
            self.attempts.clone(),
        );
        it.register_with_unit(
            "destination_ack",
            "From sending a message until its reply is there, or there is none",
            Unit::Seconds,
            self.ack_wait.clone(),
        );
        it.register(
            "destination_connected",
            "Whether it was reached when it was last tried",
            self.connected.clone(),
        );
        it.register(
            "destination_gathering",
            "Deliveries that wait for others, to go with them in a batch",
            self.gathering.clone(),
        );
        it.register("destination_queued", "Deliveries that are to be sent", self.queued.clone());
        it.register_with_unit(
            "destination_oldest",
            "Age of the oldest message that it has not got",
            Unit::Seconds,
            self.oldest.clone(),
        );
        it.register(
            "destination_dead",
            "Deliveries that were given up and that nobody has dealt with",
            self.dead.clone(),
        );
        it.register(
            "destination_parked",
            "Deliveries that somebody took out of the queue",
            self.parked.clone(),
        );
        it.register(
            "destination_held",
            "Deliveries that were refused and hold up those behind them",
            self.held.clone(),
        );
        it.register(
            "destination_awaiting",
            "Deliveries whose application acknowledgment is waited for",
            self.awaiting.clone(),
        );
        it.register("messages", "Messages in the store, by state", self.states.clone());
        it.register(
            "alert",
            "Whether an alert of the configuration is raised",
            self.alerts.clone(),
        );
        it.register("paused", "Whether somebody paused it", self.paused.clone());
        it.register_with_unit(
            "store_accept",
            "From handing a message to the store until it is on disk",
            Unit::Seconds,
            self.commit.clone(),
        );
        it.register_with_unit(
            "store",
            "What the store takes on disk",
            Unit::Bytes,
            self.store_bytes.clone(),
        );
    }

    /// A rate can only be told of what has been there before it went up.
    fn mention(&self, config: &Config) {
        for source in &config.sources {
            let name = || source.name.clone();
            drop(
                self.messages.get_or_create(&SourceOutcome { source: name(), outcome: "accepted" }),
            );
            drop(self.bytes.get_or_create(&OfSource { source: name() }));
            drop(self.connections.get_or_create(&OfSource { source: name() }));
        }
        for destination in &config.destinations {
            let name = || destination.name.clone();
            for outcome in ["done", "retry", "dead"] {
                drop(
                    self.attempts
                        .get_or_create(&DestinationOutcome { destination: name(), outcome }),
                );
            }
            drop(self.connected.get_or_create(&OfDestination { destination: name() }));
        }
    }

    /// A message came through a source.
    pub(crate) fn came(&self, source: &str, outcome: &'static str, bytes: usize, at: i64) {
        locked(&self.heard).insert(source.to_owned(), at);
        self.messages.get_or_create(&SourceOutcome { source: source.to_owned(), outcome }).inc();
        self.bytes.get_or_create(&OfSource { source: source.to_owned() }).inc_by(bytes as u64);
    }

    /// An acknowledgment left.
    pub(crate) fn acknowledged(&self, source: &str, code: &'static str) {
        self.acks.get_or_create(&SourceCode { source: source.to_owned(), code }).inc();
    }

    /// A connection of a source is there for as long as this is.
    pub(crate) fn connection(&self, source: &str) -> Counted {
        Counted::new(
            self.connections.get_or_create(&OfSource { source: source.to_owned() }).clone(),
        )
    }

    /// An attempt had an end: `done`, `retry` or `dead`.
    pub(crate) fn attempted(&self, destination: &str, outcome: &'static str) {
        let destination = destination.to_owned();
        self.attempts.get_or_create(&DestinationOutcome { destination, outcome }).inc();
    }

    /// How long a destination took to answer.
    pub(crate) fn waited(&self, destination: &str, time: Duration) {
        let of = OfDestination { destination: destination.to_owned() };
        self.ack_wait.get_or_create(&of).observe(time.as_secs_f64());
    }

    /// Whether a destination is reached.
    pub(crate) fn set_connected(&self, destination: &str, connected: bool) {
        let of = OfDestination { destination: destination.to_owned() };
        self.connected.get_or_create(&of).set(connected.into());
    }

    /// How long the store took to take a message.
    pub(crate) fn committed(&self, time: Duration) {
        self.commit.observe(time.as_secs_f64());
    }

    /// When a source last sent something; if it has not, when the hub was started.
    pub(crate) fn last_heard(&self, source: &str) -> i64 {
        locked(&self.heard).get(source).copied().unwrap_or(self.started)
    }

    /// Which alerts there are, and which of them are raised.
    pub(crate) fn set_alerts<'a>(&self, alerts: impl Iterator<Item = (&'a str, bool)>) {
        self.alerts.clear();
        let mut raised = locked(&self.raised);
        raised.clear();
        for (alert, is_raised) in alerts {
            let alert = alert.to_owned();
            self.alerts.get_or_create(&OfAlert { alert: alert.clone() }).set(is_raised.into());
            raised.extend(Some(alert).filter(|_| is_raised));
        }
    }

    /// Alerts that are raised.
    pub(crate) fn alerts(&self) -> Vec<String> {
        locked(&self.raised).clone()
    }

    /// How many connections a source has.
    pub(crate) fn connections_of(&self, source: &str) -> i64 {
        self.connections.get_or_create(&OfSource { source: source.to_owned() }).get()
    }

    /// Whether a destination was reached when it was last tried.
    pub(crate) fn is_connected(&self, destination: &str) -> bool {
        self.connected.get_or_create(&OfDestination { destination: destination.to_owned() }).get()
            > 0
    }

    /// All of it as Prometheus reads it, with what the store says.
    pub(crate) fn text(&self, status: &Status, bytes: u64, now: i64) -> String {
        for destination in &status.destinations {
            self.take_over(destination, now);
        }
        for state in MessageState::ALL {
            let count = status.messages.iter().find(|(known, _)| known == state);
            let gauge = self.states.get_or_create(&OfState { state: state.word() });
            gauge.set(count.map_or(0, |(_, count)| signed(*count)));
        }
        self.paused.clear();
        for pause in &status.paused {
            let of = OfPause { side: pause.side.word(), name: pause.name.clone() };
            self.paused.get_or_create(&of).set(1);
        }
        self.store_bytes.set(signed(bytes));
        let mut written = String::new();
        // Writing to a text does not fail.
        let _ = text::encode(&mut written, &self.registry);
        written
    }

    fn take_over(&self, status: &DestinationStatus, now: i64) {
        let of = OfDestination { destination: status.name.clone() };
        self.gathering.get_or_create(&of).set(signed(status.gathering));
        self.queued.get_or_create(&of).set(signed(status.queued));
        self.dead.get_or_create(&of).set(signed(status.dead));
        self.parked.get_or_create(&of).set(signed(status.parked));
        self.held.get_or_create(&of).set(signed(status.held));
        self.awaiting.get_or_create(&of).set(signed(status.awaiting));
        let age = status.oldest.map_or(0, |at| now.saturating_sub(at).max(0));
        self.oldest.get_or_create(&of).set(age as f64 / 1_000.0);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

/// One more, for as long as it is there.
#[derive(Debug)]
pub(crate) struct Counted(Gauge);

impl Counted {
    fn new(gauge: Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}
