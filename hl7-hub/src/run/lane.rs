//! Carries out what a [`Lane`] says.

use std::future::{Future, pending};
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tracing::{debug, info, warn};

use super::outlet::{Outlet, Sent};
use super::{Hub, Stopping};
use crate::config::{Config, Destination};
use crate::engine::{Actions, Book, Event, Lane, LaneSettings, Wire};
use crate::store::{AttemptEnd, AttemptId, Delivery, Settlement, StoreError};

/// Something that is under way.
type UnderWay<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Sends the deliveries of a destination until the hub stops.
pub(super) async fn run(hub: Arc<Hub>, config: Arc<Config>, index: usize) {
    let Some(destination) = config.destinations.get(index) else { return };
    let Some(wake) = hub.wake.get(&destination.name).cloned() else { return };
    let outlet = Outlet::new(&destination.port);
    let driver = Driver {
        lane: Lane::new(settings(destination, &outlet)),
        name: &destination.name,
        wake,
        outlet: Some(outlet),
        wire: None,
        book: None,
        stopping: hub.stopping(),
        reachable: true,
        hub: &hub,
    };
    driver.run().await;
}

fn settings(destination: &Destination, outlet: &Outlet) -> LaneSettings {
    let Destination { replies, backoff, lost_attempts, backup, window, .. } = destination;
    LaneSettings {
        rules: replies.clone(),
        backoff: *backoff,
        lost_attempts: *lost_attempts,
        backup: backup.clone(),
        window: *window,
        burst: outlet.bursts(),
    }
}

/// What the outlet did.
enum Did {
    Connected(io::Result<()>),
    Sent(Sent),
    Paused,
}

/// What the store did.
enum Booked {
    Fetched(Result<Vec<Delivery>, StoreError>),
    Stepped(Result<Vec<AttemptId>, StoreError>, Vec<Ending>),
    Paused,
}

/// What a step settles, for whoever is told once it has.
struct Ending {
    outcome: String,
    settlement: Settlement,
    backup: Option<String>,
}

struct Driver<'h> {
    hub: &'h Hub,
    lane: Lane,
    name: &'h str,
    wake: Arc<Notify>,
    /// `None` while something is under way with it.
    outlet: Option<Outlet>,
    wire: Option<UnderWay<(Option<Outlet>, Did)>>,
    book: Option<UnderWay<Booked>>,
    stopping: Stopping,
    /// Whether the last attempt to reach the destination succeeded: only changes are worth a line in the log.
    reachable: bool,
}

impl Driver<'_> {
    async fn run(mut self) {
        self.tell(Event::Arrived);
        let mut stopped = false;
        while !self.lane.is_finished() {
            tokio::select! {
                (outlet, did) = done(&mut self.wire) => {
                    self.wire = None;
                    self.outlet = outlet.or(self.outlet.take());
                    let event = self.of_wire(did).await;
                    self.tell(event);
                }
                booked = done(&mut self.book) => {
                    self.book = None;
                    let event = self.of_book(booked);
                    self.tell(event);
                }
                () = self.wake.notified() => self.tell(Event::Arrived),
                () = self.stopping.wait(), if !stopped => {
                    stopped = true;
                    self.stop();
                }
            }
        }
    }

    /// Lets an attempt that is under way come to its end, which is then not ambiguous, and nothing else.
    fn stop(&mut self) {
        self.tell(Event::Stop);
        if self.outlet.is_some() && self.wire.take().is_some() {
            self.tell(Event::Paused);
        }
    }

    /// Tells the lane what happened and begins what it says.
    fn tell(&mut self, event: Event) {
        let Actions { close, wire, book } =
            self.lane.handle(event, self.hub.clock.now(), fastrand::f64());
        if close && let Some(outlet) = &mut self.outlet {
            outlet.close();
        }
        if let Some(wire) = wire {
            self.wire = Some(self.begin_wire(wire));
        }
        if let Some(book) = book {
            self.begin_book(book);
        }
    }

    fn begin_wire(&mut self, wire: Wire) -> UnderWay<(Option<Outlet>, Did)> {
        if let Wire::Pause(pause) = wire {
            return Box::pin(async move {
                sleep(pause).await;
                (None, Did::Paused)
            });
        }
        let outlet = self.outlet.take();
        Box::pin(async move {
            let Some(mut outlet) = outlet else { return (None, Did::Paused) };
            let did = match wire {
                Wire::Connect => Did::Connected(outlet.connect().await),
                Wire::Send(deliveries) => Did::Sent(outlet.send(&deliveries).await),
                Wire::Pause(_) => Did::Paused,
            };
            (Some(outlet), did)
        })
    }

    fn begin_book(&mut self, book: Book) {
        let store = Arc::clone(&self.hub.store);
        let book: UnderWay<Booked> = match book {
            Book::Pause(pause) => Box::pin(async move {
                sleep(pause).await;
                Booked::Paused
            }),
            Book::Fetch { behind, most } => {
                let name = self.name.to_owned();
                Box::pin(async move {
                    let fetch = move || store.reader().pending(&name, behind, most);
                    let found = spawn_blocking(fetch).await;
                    let stopped = |_| Err(StoreError::Stopped("the hub stops".into()));
                    Booked::Fetched(found.unwrap_or_else(stopped))
                })
            }
            Book::Step(mut step) => {
                let is_gone = self.outlet.as_mut().is_some_and(|outlet| !outlet.is_ready());
                if is_gone && !step.begin.is_empty() {
                    debug!(destination = self.name, "the connection is gone; it is made anew");
                    step.begin.clear();
                    self.tell(Event::Disconnected);
                }
                let ending = |end: &AttemptEnd| Ending {
                    outcome: end.outcome.clone(),
                    settlement: end.settlement,
                    backup: end.backup.clone(),
                };
                let endings = step.ends.iter().map(ending).collect();
                let is_empty = step.ends.is_empty() && step.begin.is_empty();
                Box::pin(async move {
                    let stepped = if is_empty { Ok(Vec::new()) } else { store.advance(step).await };
                    Booked::Stepped(stepped, endings)
                })
            }
        };
        self.book = Some(book);
    }

    async fn of_wire(&mut self, did: Did) -> Event {
        match did {
            Did::Connected(reached) => {
                self.note_reached(&reached).await;
                if reached.is_ok() { Event::Connected } else { Event::Unreachable }
            }
            Did::Sent(Sent::Replied(reply)) => Event::Replied(reply),
            Did::Sent(Sent::Taken) => Event::Taken,
            Did::Sent(Sent::Lost(lost)) => Event::Lost(lost),
            Did::Paused => Event::Paused,
        }
    }

    fn of_book(&self, booked: Booked) -> Event {
        let failed = |failure: StoreError| {
            warn!(destination = self.name, %failure, "the store did not do it; it is asked again");
            self.hub.note_failure(&failure);
            Event::StoreFailed
        };
        match booked {
            Booked::Paused => Event::BookPaused,
            Booked::Fetched(found) => found.map_or_else(failed, Event::Fetched),
            Booked::Stepped(stepped, endings) => {
                if stepped.is_ok() {
                    endings.iter().for_each(|ending| self.note_settled(ending));
                }
                stepped.map_or_else(failed, Event::Stepped)
            }
        }
    }

    /// Says in the log and in the audit when a destination goes and when it comes back.
    async fn note_reached(&mut self, reached: &io::Result<()>) {
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

    fn note_settled(&self, ending: &Ending) {
        let (destination, outcome) = (self.name, &ending.outcome);
        match ending.settlement {
            Settlement::Done => debug!(destination, outcome, "delivered"),
            Settlement::Retry { .. } => info!(destination, outcome, "is sent again later"),
            Settlement::Withdrawn => debug!(destination, outcome, "is taken back"),
            Settlement::Dead => warn!(destination, outcome, "a delivery is given up"),
        }
        let backup = ending.backup.as_ref().and_then(|name| self.hub.wake.get(name));
        backup.iter().for_each(|lane| lane.notify_one());
    }
}

/// Waits for what is under way; for ever, where nothing is.
async fn done<T>(under_way: &mut Option<UnderWay<T>>) -> T {
    match under_way {
        Some(future) => future.await,
        None => pending().await,
    }
}
