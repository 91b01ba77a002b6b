//! The lanes of a destination.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{error, warn};

use super::{Hub, Stopping, lane, late};
use crate::config::Config;
use crate::store::Side;

/// How long to wait before the store is asked again.
const BREATH: Duration = Duration::from_secs(1);

/// Sends the deliveries of a destination until it is to stop.
pub(super) async fn run(hub: Arc<Hub>, config: Arc<Config>, index: usize, stopping: Stopping) {
    let Some(destination) = config.destinations.get(index) else { return };
    let lanes = &destination.lanes;
    // Before the first lane starts: what was divided in another way is nobody's else.
    while let Err(failure) =
        hub.store.arrange(destination.name.clone(), lanes.layout(), lanes.count).await
    {
        warn!(destination = destination.name, %failure, "the store did not do it; it is asked again");
        hub.note_failure(&failure);
        let mut stopping = stopping.clone();
        tokio::select! {
            () = sleep(BREATH) => {}
            () = stopping.wait() => return,
        }
    }
    let Some(wake) = hub.lanes(&destination.name) else { return };
    let mut tasks = JoinSet::new();
    for number in 0..lanes.count {
        let (hub, config) = (Arc::clone(&hub), Arc::clone(&config));
        tasks.spawn(lane::run(hub, config, index, number, stopping.clone()));
    }
    if destination.application.is_some() {
        tasks.spawn(late::run(Arc::clone(&hub), Arc::clone(&config), index, stopping));
    }
    let gate = hub.gates.gate(Side::Destination, &destination.name);
    let mut was_open = gate.is_open();
    loop {
        tokio::select! {
            ended = tasks.join_next() => match ended {
                Some(Err(failure)) => {
                    error!(destination = destination.name, %failure, "a task failed");
                }
                Some(Ok(())) => {}
                None => return,
            },
            () = gate.changed() => wake.changed(),
            () = gate.turned(was_open) => {
                was_open = !was_open;
                wake.changed();
            }
        }
    }
}
