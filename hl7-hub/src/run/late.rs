//! What becomes of deliveries behind their reply.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tracing::{info, warn};

use super::{Hub, Stopping};
use crate::config::Config;
use crate::engine::missed_rule;
use crate::store::{DeliveryState, LateAck, Settled, StoreError};

/// How often it is looked for acknowledgments that did not come.
const TICK: Duration = Duration::from_secs(1);

/// Settles deliveries of a destination whose application does not answer in time, until it is to stop.
pub(super) async fn run(hub: Arc<Hub>, config: Arc<Config>, index: usize, mut stopping: Stopping) {
    let Some(rule) = config.destinations.get(index).map(missed_rule) else { return };
    loop {
        tokio::select! {
            () = sleep(TICK) => {}
            () = stopping.wait() => return,
        }
        match hub.store.expire(hub.clock.steady(), rule.clone()).await {
            Ok(settled) => settled.iter().for_each(|settled| {
                let destination = &settled.destination;
                let state = settled.state.word();
                warn!(destination, state, "no application acknowledgment came in time");
                hub.note_settled_later(settled);
            }),
            Err(failure) => hub.note_failure(&failure),
        }
    }
}

impl Hub {
    /// Settles what a late acknowledgment is to. Whether there was such a delivery.
    pub(super) async fn acknowledge_late(&self, ack: LateAck) -> Result<bool, StoreError> {
        let settled = self.store.acknowledge_late(ack).await;
        match &settled {
            Ok(Some(settled)) => {
                let (destination, state) = (&settled.destination, settled.state.word());
                info!(destination, state, "the application has acknowledged");
                self.note_settled_later(settled);
            }
            Ok(None) => {}
            Err(failure) => self.note_failure(failure),
        }
        settled.map(|settled| settled.is_some())
    }

    /// Tells whom it concerns.
    pub(super) fn note_settled_later(&self, settled: &Settled) {
        self.outcomes.settled(settled.message);
        match settled.state {
            // It is not where the lane looks for the next one.
            DeliveryState::Queued | DeliveryState::Held => {
                self.lanes(&settled.destination).iter().for_each(|lanes| lanes.changed());
            }
            // A backup has it now, whichever.
            DeliveryState::Moved => self.wake_all(),
            _ => {}
        }
    }
}
