//! Carries out what a [`Lane`] says.

use std::pin::pin;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tracing::{debug, info, warn};

use super::outlet::{Outlet, Sent};
use super::{Hub, Stopping};
use crate::config::{Config, Destination};
use crate::engine::{Action, Event, Lane};
use crate::store::{AttemptEnd, DeliveryId, Settlement, StoreError};

/// Sends the deliveries of a destination until it is to stop.
pub(super) async fn run(hub: Arc<Hub>, config: Arc<Config>, index: usize, stopping: Stopping) {
    let Some(destination) = config.destinations.get(index) else { return };
    let Some(wake) = hub.lane(&destination.name) else { return };
    let Destination { replies, backoff, lost_attempts, backup, .. } = destination;
    let mut lane = Lane::new(replies.clone(), *backoff, *lost_attempts, backup.clone());
    let mut driver = Driver {
        hub: &hub,
        name: &destination.name,
        wake: &wake,
        outlet: Outlet::new(&destination.port, &hub.sessions),
        stopping,
        reachable: true,
        reply: Vec::new(),
    };
    let mut action = lane.handle(Event::Woken, hub.clock.steady(), fastrand::f64());
    loop {
        let Some(happened) = driver.carry_out(action).await else { break };
        let event = match happened {
            Happened::Replied => Event::Replied(&driver.reply),
            Happened::Other(event) => event,
        };
        action = lane.handle(event, hub.clock.steady(), fastrand::f64());
    }
}

/// An event, but for the bytes of a reply, which the driver has.
enum Happened {
    Replied,
    Other(Event<'static>),
}

struct Driver<'h> {
    hub: &'h Hub,
    name: &'h str,
    wake: &'h Notify,
    outlet: Outlet,
    stopping: Stopping,
    /// Whether the last attempt to reach the destination succeeded: only changes are worth a line in the log.
    reachable: bool,
    reply: Vec<u8>,
}

impl Driver<'_> {
    /// Does what is to be done and says what happened; `None` when it is to stop.
    async fn carry_out(&mut self, action: Action) -> Option<Happened> {
        let event = match action {
            Action::Fetch { behind, most } => self.fetch(behind, most).await,
            Action::Rest => {
                tokio::select! {
                    () = self.wake.notified() => {}
                    // Nothing to send, and another destination waits for the same address.
                    () = self.outlet.wanted() => self.outlet.close(),
                    () = self.stopping.wait() => return None,
                }
                Event::Woken
            }
            Action::Pause(pause) => {
                let mut over = pin!(sleep(pause));
                loop {
                    tokio::select! {
                        () = &mut over => break,
                        () = self.outlet.wanted() => self.outlet.close(),
                        () = self.stopping.wait() => return None,
                    }
                }
                Event::Woken
            }
            Action::Connect => {
                let reached = tokio::select! {
                    reached = self.outlet.connect() => reached,
                    () = self.stopping.wait() => return None,
                };
                self.note_reached(&reached).await;
                if reached.is_ok() { Event::Connected } else { Event::Unreachable }
            }
            Action::Begin(delivery) => {
                if self.stopping.is_now() {
                    return None;
                }
                self.begin(delivery).await
            }
            // Not cut short by a stop: an attempt that has an end is not ambiguous.
            Action::Send(delivery) => match self.outlet.send(&delivery).await {
                Sent::Replied(reply) => {
                    self.reply = reply;
                    return Some(Happened::Replied);
                }
                Sent::Taken => Event::Taken,
                Sent::Lost(lost) => Event::Lost(lost),
            },
            Action::Settle { end, next, close } => {
                if close {
                    self.outlet.close();
                }
                let goes_on = next.is_some() && !self.stopping.is_now() && self.outlet.is_ready();
                let next = next.filter(|_| goes_on);
                let (outcome, settlement) = (end.outcome.clone(), end.settlement);
                let backup = end.backup.clone();
                // What is recorded is the time on the wall; what is due goes by a clock that nobody sets.
                let end = AttemptEnd { at: self.hub.clock.now(), ..end };
                let settled = self.hub.store.settle(end, next).await;
                if settled.is_ok() {
                    self.note_settled(&outcome, settlement);
                    self.hub.wake(&backup);
                }
                self.of_store(settled, Event::Settled)
            }
        };
        Some(Happened::Other(event))
    }

    async fn fetch(&self, behind: Option<DeliveryId>, most: usize) -> Event<'static> {
        let (store, name) = (Arc::clone(&self.hub.store), self.name.to_owned());
        let found = spawn_blocking(move || store.reader().pending(&name, behind, most)).await;
        let found = found.unwrap_or_else(|_| Err(StoreError::Stopped("the hub stops".into())));
        self.of_store(found, Event::Fetched)
    }

    async fn begin(&mut self, delivery: DeliveryId) -> Event<'static> {
        if !self.outlet.is_ready() {
            debug!(destination = self.name, "the connection is gone; it is made anew");
            self.outlet.close();
            return Event::Disconnected;
        }
        let began = self.hub.store.begin_attempt(delivery, self.hub.clock.now()).await;
        self.of_store(began, Event::Began)
    }

    fn of_store<T>(
        &self,
        answer: Result<T, StoreError>,
        event: impl FnOnce(T) -> Event<'static>,
    ) -> Event<'static> {
        answer.map_or_else(
            |failure| {
                warn!(destination = self.name, %failure, "the store did not do it; it is asked again");
                self.hub.note_failure(&failure);
                Event::StoreFailed
            },
            event,
        )
    }

    /// Says in the log and in the audit when a destination goes and when it comes back.
    async fn note_reached(&mut self, reached: &std::io::Result<()>) {
        if self.reachable == reached.is_ok() {
            return;
        }
        self.reachable = reached.is_ok();
        let action = match reached {
            Ok(()) => {
                info!(destination = self.name, "reached again");
                "reached again"
            }
            Err(failure) => {
                warn!(destination = self.name, %failure, "cannot be reached; it is tried again");
                "unreachable"
            }
        };
        self.hub.record(self.hub.event(action, self.name.to_owned())).await;
    }

    fn note_settled(&self, outcome: &str, settlement: Settlement) {
        let destination = self.name;
        match settlement {
            Settlement::Done => debug!(destination, outcome, "delivered"),
            Settlement::Retry { .. } => info!(destination, outcome, "is sent again later"),
            Settlement::Dead => warn!(destination, outcome, "a delivery is given up"),
        }
    }
}
