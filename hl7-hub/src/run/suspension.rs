//! What happens while the store has no room.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tracing::{error, info};

use super::Hub;
use crate::engine::Backoff;
use crate::store::StoreError;

/// Until it is looked whether there is room again, at first and at most.
const FIRST: Duration = Duration::from_millis(500);
const MOST: Duration = Duration::from_secs(5);

/// Waits until the store is full, and then until it is not any more; meanwhile no source takes connections, whose messages
/// would only be refused. Ends with the hub.
pub(super) async fn run(hub: Arc<Hub>) {
    let mut stop = hub.stop.subscribe();
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => {}
        () = watch(&hub) => {}
    }
}

async fn watch(hub: &Hub) {
    let mut full = hub.full.subscribe();
    let backoff = Backoff { first: FIRST, most: MOST, ..Backoff::default() };
    while full.wait_for(|full| *full).await.is_ok() {
        error!("the store is full: sources take no connections until there is room");
        let mut failures = 1;
        loop {
            sleep(backoff.pause(failures, fastrand::f64())).await;
            let event =
                hub.event("suspended", "the store was full; there is room again".to_owned());
            match hub.store.record(event).await {
                Ok(()) => break,
                Err(StoreError::Full) => failures += 1,
                Err(failure) => {
                    hub.note_failure(&failure);
                    failures += 1;
                }
            }
        }
        info!("the store has room: sources take connections again");
        hub.full.send_replace(false);
    }
}
