//! The lanes of a destination.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{error, warn};

use super::{Hub, Stopping, lane, late};
use crate::config::Config;
use crate::store::{Pending, Side};

/// How long to wait before the store is asked again.
const BREATH: Duration = Duration::from_secs(1);
/// Deliveries that are queued anew in one commit: what is received meanwhile waits for as long as that takes.
const AT_ONCE: usize = 200;

/// Sends the deliveries of a destination until it is to stop.
pub(super) async fn run(hub: Arc<Hub>, config: Arc<Config>, index: usize, stopping: Stopping) {
    let Some(destination) = config.destinations.get(index) else { return };
    let (name, lanes) = (&destination.name, &destination.lanes);
    // Before the first lane starts: what was divided in another way is nobody's else.
    let arrange = || hub.store.arrange(name.clone(), lanes.layout(), lanes.count);
    if insist(&hub, name, &stopping, arrange).await.is_none() {
        return;
    }
    // What gathered while it took batches, if it takes none any more.
    let disband = || hub.store.disband(name.clone(), hub.clock.now(), AT_ONCE);
    loop {
        match insist(&hub, name, &stopping, disband).await {
            Some(0) => break,
            Some(_) => {}
            None => return,
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

/// What the store gives, asked until it does; `None` where the destination is to stop before that.
async fn insist<'s, T>(
    hub: &Hub,
    destination: &str,
    stopping: &Stopping,
    ask: impl Fn() -> Pending<'s, T>,
) -> Option<T> {
    let mut stopping = stopping.clone();
    while !stopping.is_now() {
        match ask().await {
            Ok(given) => return Some(given),
            Err(failure) => {
                warn!(destination, %failure, "the store did not do it; it is asked again");
                hub.note_failure(&failure);
            }
        }
        tokio::select! {
            () = sleep(BREATH) => {}
            () = stopping.wait() => {}
        }
    }
    None
}
