//! What people do to a hub that runs: every order goes through the [`Desk`], which carries it out in the store, where it
//! becomes one line of the audit, and then tells whoever is at work.

mod alerts;
mod gates;
mod metrics;
mod pruning;
mod resubmit;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};
use tracing::info;

use crate::Payload;
use crate::json;
use crate::run::{Control, Hub, ReloadError, Stopping};
use crate::store::{
    Act, AuditEvent, DeliveryId, MessageId, Order, Ordered, Query, Reader, Side, StoreError,
};
pub(crate) use alerts::keep_watch;
pub(crate) use gates::{Gate, Gates};
pub(crate) use metrics::Metrics;
pub(crate) use pruning::keep_pruned;
pub(crate) use resubmit::{Again, Edit};

/// How often a drain looks whether everything is delivered.
const LOOK: Duration = Duration::from_millis(200);
/// The longest that a drain waits before it says how things stand.
const LONGEST_DRAIN: Duration = Duration::from_secs(3_600);

/// Who orders something, and why.
#[derive(Debug, Clone)]
pub(crate) struct By {
    pub(crate) who: String,
    pub(crate) why: String,
}

/// Why an order is not carried out. Shows nothing of a message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// What was named is not there.
    #[error("there is no {0}")]
    NotThere(String),
    /// The order itself is wrong.
    #[error("{0}")]
    Wrong(String),
    /// It does not fit how things stand.
    #[error("{0}")]
    Conflict(String),
    /// The hub stops.
    #[error("the hub stops; it takes no orders any more")]
    Stopping,
    /// The store did not do it.
    #[error("{0}")]
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(reason) => Self::Conflict(reason.to_string()),
            StoreError::Unknown(what) => Self::NotThere(format!("such {what}")),
            error => Self::Store(error),
        }
    }
}

type Outcome<T> = Result<T, Refusal>;

/// Takes orders.
pub(crate) struct Desk {
    hub: Arc<Hub>,
    control: Control,
    /// Held while somebody prunes.
    pruning: tokio::sync::Mutex<()>,
}

impl Desk {
    pub(crate) fn new(hub: Arc<Hub>, control: Control) -> Self {
        Self { hub, control, pruning: tokio::sync::Mutex::default() }
    }

    /// What tells when the hub stops.
    pub(crate) fn stopping(&self) -> Stopping {
        self.hub.stopping()
    }

    /// Reads the store without keeping anybody waiting.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Outcome<T> {
        let store = Arc::clone(&self.hub.store);
        let read = spawn_blocking(move || read(store.reader())).await;
        read.map_err(|_| Refusal::Stopping)?.map_err(Refusal::from)
    }

    /// Has the store carry out an order, and tells the lanes that it is about.
    async fn order(&self, by: &By, act: Act) -> Outcome<Ordered> {
        let By { who, why } = by.clone();
        let order = Order { at: self.hub.clock.now(), who, why, act };
        let ordered = self.hub.store.order(order).await.inspect_err(|failure| {
            self.hub.note_failure(failure);
        })?;
        for destination in &ordered.destinations {
            self.hub.gates.gate(Side::Destination, destination).note_change();
        }
        self.hub.wake(&ordered.destinations);
        ordered.message.iter().for_each(|message| self.hub.note_decided(*message));
        info!(who = by.who, done = ordered.done, "an order was carried out");
        Ok(ordered)
    }

    /// Notes that something was done that the store itself does not do.
    pub(crate) async fn note(
        &self,
        by: &By,
        action: &'static str,
        message: Option<MessageId>,
        detail: String,
    ) -> Outcome<Ordered> {
        self.order(by, Act::Note { action, message, detail }).await
    }

    /// Sources take no messages, or destinations get none, until they are resumed.
    pub(crate) async fn pause(&self, by: &By, side: Side, names: Vec<String>) -> Outcome<Ordered> {
        let config = self.hub.config();
        if names.is_empty() {
            return Err(Refusal::Wrong(format!("name a {side} to be paused")));
        }
        for name in &names {
            let known = match side {
                Side::Source => config.source(name).is_some(),
                Side::Destination => config.destination(name).is_some(),
            };
            if !known {
                return Err(Refusal::NotThere(format!("{side} `{name}`")));
            }
        }
        let ordered = self.order(by, Act::Pause { side, names: names.clone() }).await?;
        self.set_closed(side, &names, true);
        self.go_over(side).await?;
        Ok(ordered)
    }

    /// The end of that. A source whose address cannot be listened on stays paused.
    pub(crate) async fn resume(&self, by: &By, side: Side, names: Vec<String>) -> Outcome<Ordered> {
        if names.is_empty() {
            return Err(Refusal::Wrong(format!("name a {side} to be resumed")));
        }
        let paused = self.read(|reader| reader.paused()).await?;
        let is_paused = |name: &String| paused.iter().any(|it| it.side == side && it.name == *name);
        let stand = self.read(|reader| reader.status()).await?;
        let holds = |name: &String| {
            let mut destinations = stand.destinations.iter();
            side == Side::Destination && destinations.any(|to| to.name == *name && to.held > 0)
        };
        if let Some(name) = names.iter().find(|name| !is_paused(name) && !holds(name)) {
            return Err(Refusal::Conflict(format!("{side} {name} is not paused")));
        }
        let closed: Vec<_> = names.iter().filter(|name| is_paused(name)).cloned().collect();
        self.set_closed(side, &closed, false);
        let listening = self.go_over(side).await;
        let ordered = match listening {
            Ok(()) => self.order(by, Act::Resume { side, names: names.clone() }).await,
            Err(failure) => Err(failure),
        };
        if ordered.is_err() {
            self.set_closed(side, &closed, true);
            let _ = self.go_over(side).await;
        }
        ordered
    }

    fn set_closed(&self, side: Side, names: &[String], closed: bool) {
        for name in names {
            self.hub.gates.gate(side, name).set_closed(closed);
        }
    }

    async fn go_over(&self, side: Side) -> Outcome<()> {
        if side == Side::Destination {
            return Ok(());
        }
        self.control.go_over_gates().await.map_err(|failure| match failure {
            ReloadError::Stopping => Refusal::Stopping,
            failure => Refusal::Conflict(failure.to_string()),
        })
    }

    /// Cancels what a destination is to get next.
    pub(crate) async fn skip(
        &self,
        by: &By,
        destination: String,
        delivery: Option<DeliveryId>,
    ) -> Outcome<Ordered> {
        // What is queued for one that the configuration has no more can be skipped too.
        if self.hub.config().destination(&destination).is_none() {
            let status = self.read(|reader| reader.status()).await?;
            if status.destinations.iter().all(|known| known.name != destination) {
                return Err(Refusal::NotThere(format!("destination `{destination}`")));
            }
        }
        self.order(by, Act::Skip { destination, delivery }).await
    }

    /// Takes a message out of its queues.
    pub(crate) async fn park(&self, by: &By, message: MessageId) -> Outcome<Ordered> {
        self.order(by, Act::Park(message)).await
    }

    /// Decides that a message needs nothing more.
    pub(crate) async fn dismiss(&self, by: &By, message: MessageId) -> Outcome<Ordered> {
        self.order(by, Act::Dismiss(message)).await
    }

    /// Has a destination that gathers messages send what it has.
    pub(crate) async fn send_now(&self, by: &By, destination: String) -> Outcome<String> {
        let config = self.hub.config();
        let Some(known) = config.destination(&destination) else {
            return Err(Refusal::NotThere(format!("destination `{destination}`")));
        };
        if known.batch.is_none() {
            let reason = format!("destination {destination} does not gather messages");
            return Err(Refusal::Conflict(reason));
        }
        let By { who, why } = by;
        let detail = match why.as_str() {
            "" => destination.clone(),
            why => format!("{destination}; why: {why}"),
        };
        let (at, actor, action) = (self.hub.clock.now(), who.clone(), "send now".to_owned());
        let event = AuditEvent { at, actor, action, message: None, detail };
        self.hub.store.send_now(&destination, event).await?;
        self.hub.wake([&destination]);
        Ok(destination)
    }

    /// Pauses all sources and waits until every destination has got what is queued for it, so long at most. What is still
    /// queued then, by destination.
    pub(crate) async fn drain(
        &self,
        by: &By,
        wait: Duration,
    ) -> Outcome<(Ordered, BTreeMap<String, u64>)> {
        let config = self.hub.config();
        let open = |name: &String| self.hub.gates.gate(Side::Source, name).is_open();
        let names: Vec<_> = config.sources.iter().map(|source| source.name.clone()).collect();
        let names: Vec<_> = names.into_iter().filter(open).collect();
        let ordered = match names.as_slice() {
            [] => self.note(by, "drain", None, "all sources are paused already".to_owned()).await?,
            _ => self.pause(by, Side::Source, names).await?,
        };
        let until = Instant::now() + wait.min(LONGEST_DRAIN);
        let mut stopping = self.hub.stopping();
        loop {
            let status = self.read(|reader| reader.status()).await?;
            let queued =
                status.destinations.into_iter().map(|to| (to.name, to.queued + to.gathering));
            let queued: BTreeMap<_, _> = queued.filter(|(_, queued)| *queued > 0).collect();
            if queued.is_empty() || Instant::now() >= until {
                return Ok((ordered, queued));
            }
            tokio::select! {
                () = sleep(LOOK) => {}
                () = stopping.wait() => return Err(Refusal::Stopping),
            }
        }
    }

    /// Reads the configuration again.
    pub(crate) async fn reload(&self, by: &By) -> Outcome<String> {
        match self.control.reload(&by.who, &by.why).await {
            Ok(changes) => Ok(changes.to_string()),
            Err(ReloadError::Stopping) => Err(Refusal::Stopping),
            Err(failure) => Err(Refusal::Conflict(failure.to_string())),
        }
    }

    /// Copies the store into a file that is not there yet, and goes over the copy.
    pub(crate) async fn backup(&self, by: &By, file: PathBuf) -> Outcome<Value> {
        if !file.is_absolute() {
            return Err(Refusal::Wrong("the path of the file must be absolute".to_owned()));
        }
        let to = file.clone();
        let copied = self.read(move |reader| reader.copy_to(&to)).await;
        let named = file.display();
        let detail = match &copied {
            Ok(found) if found.faults.is_empty() => format!("{named}: {} lines", found.lines),
            Ok(found) => format!("{named}: {} faults in the copy", found.faults.len()),
            Err(failure) => format!("{named}: not written: {failure}"),
        };
        self.note(by, "backup", None, detail).await?;
        let found = copied?;
        Ok(json!({
            "file": named.to_string(),
            "audit_lines": found.lines,
            "messages": found.messages,
            "faults": found.faults,
        }))
    }

    /// How things stand.
    pub(crate) async fn status(&self) -> Outcome<Value> {
        let status = self.read(|reader| reader.status()).await?;
        let config = self.hub.config();
        let paused = |side, name: &str| !self.hub.gates.gate(side, name).is_open();
        let sources = config.sources.iter().map(|source| {
            let name = &source.name;
            json!({
                "name": name,
                "connections": self.hub.metrics.connections_of(name),
                "paused": paused(Side::Source, name),
            })
        });
        let destinations = config.destinations.iter().map(|destination| {
            let name = &destination.name;
            json!({
                "name": name,
                "connected": self.hub.metrics.is_connected(name),
                "paused": paused(Side::Destination, name),
            })
        });
        let mut value = json::status(&status);
        value["running"] = json!({
            "name": config.name,
            "version": env!("CARGO_PKG_VERSION"),
            "sources": sources.collect::<Vec<_>>(),
            "destinations": destinations.collect::<Vec<_>>(),
            "alerts": self.hub.metrics.alerts(),
        });
        Ok(value)
    }

    /// Messages that answer a query.
    pub(crate) async fn search(&self, query: Query) -> Outcome<Value> {
        let found = self.read(move |reader| reader.search(&query)).await?;
        Ok(json!({ "messages": found.iter().map(json::message).collect::<Vec<_>>() }))
    }

    /// Everything that is known of a message but its content.
    pub(crate) async fn show(&self, id: MessageId) -> Outcome<Value> {
        let shown = self.read(move |reader| json::everything(reader, id)).await?;
        shown.ok_or_else(|| Refusal::NotThere(format!("message {id}")))
    }

    /// The content of a message. Who looked at it is noted.
    pub(crate) async fn content(&self, by: &By, id: MessageId) -> Outcome<Payload> {
        let content = self.read(move |reader| reader.body(id)).await?;
        let content = content.ok_or_else(|| {
            Refusal::NotThere(format!("content of message {id}; it may have been pruned"))
        })?;
        self.note(by, "view", Some(id), String::new()).await?;
        Ok(content)
    }

    /// What monitoring sees.
    pub(crate) async fn metrics(&self) -> Outcome<String> {
        let (status, bytes) = self.read(|reader| Ok((reader.status()?, reader.size()?))).await?;
        Ok(self.hub.metrics.text(&status, bytes, self.hub.clock.now()))
    }
}
