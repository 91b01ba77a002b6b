//! Makes batches of what gathers for a destination.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tracing::{info, warn};

use super::wake::Wake;
use super::{Hub, Stopping};
use crate::config::{BatchOut, Config};
use crate::engine::{Due, Gathering, Reason};
use crate::store::{DeliveryId, Reader, Release, Store, StoreError};

/// How many deliveries are looked at in one go.
const PAGE: usize = 1_000;
/// How long to wait when the store fails.
const BREATH: Duration = Duration::from_secs(1);
/// The longest sleep: a clock that was set, or a computer that slept, is noticed by then.
const LONGEST: Duration = Duration::from_secs(60);

/// Makes batches for a destination until the hub stops. For one that takes no batches it sends on, one by one, what gathered
/// while it did, before the configuration was changed, and what came by the old one a moment later. Its lanes start when they
/// are told by `ready` or it is dropped: behind what gathered, which came before whatever comes now.
pub(super) async fn run(
    hub: Arc<Hub>,
    config: Arc<Config>,
    index: usize,
    ready: oneshot::Sender<()>,
    mut stopping: Stopping,
) {
    let Some(destination) = config.destinations.get(index) else { return };
    let name = destination.name.as_str();
    let Some(door) = hub.door(name) else { return };
    let (arrived, lane) = (&*door.gatherer, &*door.lanes);
    let rules = destination.batch.clone();
    let gathers = rules.is_some();
    let rules = rules.unwrap_or_else(|| BatchOut::one_by_one(name));
    let mut gatherer =
        Gatherer { hub: &hub, name, lane, gathers, known: Gathering::new(name, rules) };
    let mut ready = Some(ready).filter(|_| !gathers);
    while !stopping.is_now() {
        // Whatever arrives from here on wakes it again.
        let pause = match gatherer.look().await {
            Ok(pause) => {
                drop(ready.take());
                pause
            }
            Err(failure) => {
                warn!(destination = name, %failure, "no batch is made; it is tried again");
                hub.note_failure(&failure);
                gatherer.known.forget();
                Some(BREATH)
            }
        };
        tokio::select! {
            () = arrived.notified() => {}
            () = sleep(pause.unwrap_or(LONGEST).min(LONGEST)) => {}
            () = stopping.wait() => return,
        }
    }
}

struct Gatherer<'h> {
    hub: &'h Hub,
    name: &'h str,
    lane: &'h Wake,
    gathers: bool,
    known: Gathering,
}

impl Gatherer<'_> {
    /// Makes all batches that are due. How long nothing will be, if that is known.
    async fn look(&mut self) -> Result<Option<Duration>, StoreError> {
        loop {
            let asked = self.read().await?;
            let due = match self.gathers {
                true => self.known.due(self.hub.clock.now(), asked),
                false => self.known.due(i64::MAX, self.known.last()),
            };
            match due {
                Due::Now(deliveries, reason) => self.release(deliveries, reason).await?,
                Due::In(pause) => return Ok(Some(pause)),
                Due::Later => return Ok(None),
            }
        }
    }

    /// Learns what arrived, and what somebody asks for.
    async fn read(&mut self) -> Result<Option<DeliveryId>, StoreError> {
        while !self.known.is_full() {
            let (behind, name) = (self.known.last(), self.name.to_owned());
            let found = self.of_reader(move |reader| reader.gathering(&name, behind, PAGE)).await?;
            let is_all = found.len() < PAGE;
            found.into_iter().for_each(|gathered| self.known.note(gathered));
            if is_all {
                break;
            }
        }
        let name = self.name.to_owned();
        self.of_reader(move |reader| reader.asked_to_send(&name)).await
    }

    async fn release(&mut self, ids: Vec<DeliveryId>, reason: Reason) -> Result<(), StoreError> {
        let release = if self.gathers {
            let wanted = ids.clone();
            let payloads = self.of_reader(move |reader| reader.payloads(&wanted)).await?;
            let deliveries: Vec<_> = ids.into_iter().zip(payloads).collect();
            self.known.release(&deliveries, reason, &self.hub.clock.moment())
        } else {
            let (destination, at) = (self.name.to_owned(), self.hub.clock.now());
            Release { destination, at, deliveries: Vec::new(), batch: None, alone: ids }
        };
        let (count, alone) = (release.deliveries.len(), release.alone.len());
        // Known anew whatever comes of it: the store says what still gathers.
        self.known.forget();
        if let Some(batch) = self.hub.store.release(release).await? {
            info!(destination = self.name, message_id = batch.0, count, ?reason, "a batch is made");
        }
        // What goes alone has its place before what lanes may have read already.
        match alone {
            0 => self.lane.notify(),
            _ => self.lane.changed(),
        }
        Ok(())
    }

    async fn of_reader<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store: Arc<dyn Store> = Arc::clone(&self.hub.store);
        let found = spawn_blocking(move || read(store.reader())).await;
        found.unwrap_or_else(|_| Err(StoreError::Stopped("the hub stops".into())))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tokio::time::timeout;

    use super::*;
    use crate::engine::{Moment, Reception};
    use crate::run::{Clock, Hub, destination};
    use crate::store::{AuditEvent, SqliteOptions, SqliteStore};

    /// A hub over a folder, without tasks, whose destination has a batch with some settings.
    fn hub(folder: &Path, batch: &str) -> (Arc<Hub>, Arc<Config>) {
        let text = format!(
            "[source.in]\nmllp.listen = \"127.0.0.1:0\"\n\
             [destination.files]\nfile = {{ folder = \"files\"{batch} }}\n[[route]]\nto = \"files\"\n"
        );
        let config = Config::parse(&text, folder).unwrap_or_else(|errors| panic!("{errors}"));
        let options = SqliteOptions { folder: config.data.clone(), limit: None, now: 0 };
        let store = SqliteStore::open(&options).expect("the store opens");
        let config = Arc::new(config);
        let hub = Hub::over(Arc::new(store), Clock::new(), &config).expect("it is read");
        (Arc::new(hub), config)
    }

    async fn accept(hub: &Hub, config: &Arc<Config>, control_id: &str) {
        let reception = Reception::new(Arc::clone(config), 0).expect("a source");
        let now = hub.clock.now();
        let moment = Moment { at: now, time: String::new(), control_id: "H".into() };
        let message = format!("MSH|^~\\&|A||||||ADT^A01|{control_id}|P|2.5\r");
        let (incoming, _) = reception.receive(message.as_bytes(), "", &moment);
        hub.store.accept(incoming).await.expect("it is accepted");
    }

    fn pending(hub: &Hub) -> Vec<String> {
        let found = hub.store.reader().pending("files", None, 100).expect("it is read");
        let texts = found.iter().map(|delivery| String::from_utf8_lossy(delivery.payload.bytes()));
        texts.map(|text| text.matches("ADT^A01").count().to_string() + &text[..3]).collect()
    }

    async fn look(hub: &Arc<Hub>, config: &Arc<Config>) -> Option<Duration> {
        hub.open_door("files", 1);
        let door = hub.door("files").expect("a door");
        let lane = &*door.lanes;
        let rules = config.destinations[0].batch.clone();
        let gathers = rules.is_some();
        let rules = rules.unwrap_or_else(|| BatchOut::one_by_one("files"));
        let known = Gathering::new("files", rules);
        let mut gatherer = Gatherer { hub, name: "files", lane, gathers, known };
        gatherer.look().await.expect("the store does it")
    }

    #[tokio::test]
    async fn statement_26_batches_are_made_by_count_and_when_asked_for_over_restarts() {
        let folder = tempfile::tempdir().expect("a folder");
        let batch = ", batch = { count = 3, every = \"1h\" }";
        let (first, config) = hub(folder.path(), batch);
        for id in 0..7 {
            accept(&first, &config, &id.to_string()).await;
        }
        let pause = look(&first, &config).await;
        assert!(pause.is_some_and(|pause| pause > Duration::from_secs(3_000)), "{pause:?}");
        assert_eq!(pending(&first), ["3FHS", "3FHS"]);
        drop(first);
        // A restart: what had gathered is there, once.
        let (second, config) = hub(folder.path(), batch);
        look(&second, &config).await;
        assert_eq!(pending(&second), ["3FHS", "3FHS"]);
        let event = AuditEvent { actor: "ann".into(), ..second.event("send now", "files".into()) };
        second.store.send_now("files", event).await.expect("it is noted");
        drop(second);
        let (third, config) = hub(folder.path(), batch);
        assert_eq!(look(&third, &config).await, None);
        assert_eq!(pending(&third), ["3FHS", "3FHS", "1FHS"]);
        assert_eq!(third.store.reader().verify().expect("it is read").faults, [""; 0]);
    }

    #[tokio::test]
    async fn what_gathered_goes_one_by_one_when_no_batches_are_wanted_any_more() {
        let folder = tempfile::tempdir().expect("a folder");
        let (first, old) = hub(folder.path(), ", batch = { every = \"1h\" }");
        for id in 0..3 {
            accept(&first, &old, &id.to_string()).await;
        }
        look(&first, &old).await;
        assert_eq!(pending(&first), [""; 0]);
        drop(first);
        let (second, config) = hub(folder.path(), "");
        second.open_door("files", 1);
        let (ready, is_ready) = oneshot::channel();
        let running = tokio::spawn(run(Arc::clone(&second), config, 0, ready, second.stopping()));
        let have_gone = async |count| {
            while pending(&second).len() < count {
                sleep(Duration::from_millis(5)).await;
            }
        };
        let patience = Duration::from_secs(60);
        // Before its lanes start, so that nothing that comes now overtakes them.
        let _ = timeout(patience, is_ready).await.expect("lanes may start");
        assert_eq!(pending(&second), ["1MSH"; 3]);
        // One that was judged by the configuration before is stored by and by.
        accept(&second, &old, "3").await;
        second.wake_for([("files", true)]);
        timeout(patience, have_gone(4)).await.expect("it goes");
        assert_eq!(pending(&second), ["1MSH"; 4]);
        second.stop.send_replace(true);
        running.await.expect("it ends");
    }

    #[tokio::test]
    async fn what_gathered_goes_even_where_later_ones_have_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let (first, old) = hub(folder.path(), ", batch = { every = \"1h\" }");
        accept(&first, &old, "0").await;
        drop(first);
        let (second, config) = hub(folder.path(), "");
        accept(&second, &config, "1").await;
        second.open_door("files", 1);
        let stopping = second.stopping();
        let lanes = tokio::spawn(destination::run(
            Arc::clone(&second),
            Arc::clone(&config),
            0,
            stopping.clone(),
        ));
        let delivered = async |count| {
            let done = || second.store.reader().status().expect("it is read").destinations[0].done;
            while done() < count {
                sleep(Duration::from_millis(5)).await;
            }
        };
        let patience = Duration::from_secs(60);
        timeout(patience, delivered(1)).await.expect("the second goes");
        let (ready, _) = oneshot::channel();
        let gatherer = tokio::spawn(run(Arc::clone(&second), config, 0, ready, stopping));
        timeout(patience, delivered(2)).await.expect("the first goes");
        second.stop.send_replace(true);
        gatherer.await.expect("it ends");
        lanes.await.expect("it ends");
    }
}
