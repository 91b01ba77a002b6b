//! A source that waits for us to connect.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{info, warn};

use super::wire::Wire;
use super::{Hub, Stopping, connection};
use crate::config::Link;
use crate::engine::{Backoff, Reception};

/// For the connection to be there.
const CONNECT: Duration = Duration::from_secs(10);

/// Connects to the source again and again until the hub stops. Its name is looked up each time.
pub(super) async fn run(
    hub: Arc<Hub>,
    rules: watch::Receiver<Arc<Reception>>,
    mut stopping: Stopping,
) {
    let mut full = hub.full.subscribe();
    let mut failures = 0_u32;
    while !stopping.is_now() {
        let reception = Arc::clone(&rules.borrow());
        let source = reception.source();
        let Link::Dial { address, retry, secured } = &source.link else { return };
        let first = Duration::from_secs(1).min(*retry);
        let backoff = Backoff { first, most: *retry, ..Backoff::default() };
        // Nobody is called whose messages would only be refused. An error means that the hub is gone.
        tokio::select! {
            _ = full.wait_for(|full| !full) => {}
            () = stopping.wait() => return,
        }
        let connected = tokio::select! {
            connected = Wire::call(address, CONNECT, secured.as_ref(), source.keepalive) => connected,
            () = stopping.wait() => return,
        };
        match connected {
            Ok(wire) => {
                info!(source = source.name, address, "connected");
                // A peer that takes connections and closes them at once is not called without a pause either.
                failures = 1;
                let peer = wire.peer().map_or_else(|_| address.clone(), |peer| peer.to_string());
                connection::serve(&hub, rules.clone(), wire, &peer, stopping.clone()).await;
            }
            Err(failure) => {
                failures = failures.saturating_add(1);
                if failures == 1 {
                    let name = &source.name;
                    warn!(source = name, address, %failure, "cannot be reached; it is tried again");
                }
            }
        }
        tokio::select! {
            () = sleep(backoff.pause(failures, fastrand::f64())) => {}
            () = stopping.wait() => return,
        }
    }
}
