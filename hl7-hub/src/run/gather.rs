//! Makes batches of what gathers for a destination.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tracing::{info, warn};

use super::{Hub, Stopping};
use crate::config::Config;
use crate::engine::{Due, Gathering, Reason};
use crate::store::{DeliveryId, Reader, Store, StoreError};

/// How many deliveries are looked at in one go.
const PAGE: usize = 1_000;
/// How long to wait when the store fails.
const BREATH: Duration = Duration::from_secs(1);
/// The longest sleep: a clock that was set, or a computer that slept, is noticed by then.
const LONGEST: Duration = Duration::from_secs(60);

/// Makes batches for a destination that takes some until it is to stop.
pub(super) async fn run(hub: Arc<Hub>, config: Arc<Config>, index: usize, mut stopping: Stopping) {
    let Some(destination) = config.destinations.get(index) else { return };
    let name = destination.name.as_str();
    let (Some(door), Some(rules)) = (hub.door(name), destination.batch.clone()) else { return };
    let known = Gathering::new(name, rules);
    let mut gatherer = Gatherer { hub: &hub, name, known };
    while !stopping.is_now() {
        // Whatever arrives from here on wakes it again.
        let pause = match gatherer.look(&stopping).await {
            Ok(pause) => pause,
            Err(failure) => {
                warn!(destination = name, %failure, "no batch is made; it is tried again");
                hub.note_failure(&failure);
                gatherer.known.forget();
                Some(BREATH)
            }
        };
        tokio::select! {
            () = door.gatherer.notified() => {}
            () = sleep(pause.unwrap_or(LONGEST).min(LONGEST)) => {}
            () = stopping.wait() => return,
        }
    }
}

struct Gatherer<'h> {
    hub: &'h Hub,
    name: &'h str,
    known: Gathering,
}

impl Gatherer<'_> {
    /// Makes all batches that are due. How long nothing will be, if that is known.
    async fn look(&mut self, stopping: &Stopping) -> Result<Option<Duration>, StoreError> {
        while !stopping.is_now() {
            let asked = self.read().await?;
            match self.known.due(self.hub.clock.now(), asked) {
                Due::Now(deliveries, reason) => self.release(deliveries, reason).await?,
                Due::In(pause) => return Ok(Some(pause)),
                Due::Later => break,
            }
        }
        Ok(None)
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
        let wanted = ids.clone();
        let payloads = self.of_reader(move |reader| reader.payloads(&wanted)).await?;
        let deliveries: Vec<_> = ids.into_iter().zip(payloads).collect();
        let release = self.known.release(&deliveries, reason, &self.hub.clock.moment());
        let count = release.deliveries.len();
        // Known anew whatever comes of it: the store says what still gathers.
        self.known.forget();
        if let Some(batch) = self.hub.store.release(release).await? {
            info!(destination = self.name, message_id = batch.0, count, ?reason, "a batch is made");
        }
        // Those of now: the lanes that there were may be others.
        self.hub.lanes(self.name).iter().for_each(|lanes| lanes.notify());
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

    use super::*;
    use crate::engine::{Moment, Reception};
    use crate::run::{Clock, Hub};
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
        hub.open_door("files", 1, true);
        let rules = config.destinations[0].batch.clone().expect("it takes batches");
        let known = Gathering::new("files", rules);
        let mut gatherer = Gatherer { hub, name: "files", known };
        gatherer.look(&hub.stopping()).await.expect("the store does it")
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

    /// The lanes may have been set up anew since the batch was begun: who sends it is woken, not who did.
    #[tokio::test]
    async fn the_lanes_that_there_are_are_woken() {
        let folder = tempfile::tempdir().expect("a folder");
        let (hub, config) = hub(folder.path(), ", batch = { count = 1 }");
        hub.open_door("files", 1, true);
        let rules = config.destinations[0].batch.clone().expect("it takes batches");
        let mut gatherer =
            Gatherer { hub: &hub, name: "files", known: Gathering::new("files", rules) };
        accept(&hub, &config, "1").await;
        hub.open_door("files", 1, true);
        let lanes = hub.lanes("files").expect("a door");
        gatherer.look(&hub.stopping()).await.expect("the store does it");
        tokio::time::timeout(Duration::from_secs(60), lanes.wait(0)).await.expect("it is woken");
    }
}
