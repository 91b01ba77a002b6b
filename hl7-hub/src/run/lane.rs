//! Carries out what a [`Lane`] says.

use std::collections::VecDeque;
use std::future::{Future, pending};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};
use tracing::{debug, info, warn};

use super::outlet::Outlet;
use super::wake::Wake;
use super::{Hub, Stopping};
use crate::config::{Config, Destination};
use crate::engine::{Actions, Book, Event, Lane, LaneSettings, Sent, Wire, late_ack};
use crate::operate::Gate;
use crate::store::{AttemptEnd, AttemptId, Delivery, MessageId, Settlement, Side, StoreError};

/// How often it is looked for what a late acknowledgment is to.
const LATE_TRIES: u8 = 3;

/// Something that is under way.
type UnderWay<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Sends the deliveries of a lane of a destination until it is to stop.
pub(super) async fn run(
    hub: Arc<Hub>,
    config: Arc<Config>,
    index: usize,
    number: usize,
    stopping: Stopping,
) {
    let Some(destination) = config.destinations.get(index) else { return };
    let Some(wake) = hub.lanes(&destination.name) else { return };
    let outlet = Outlet::new(&destination.port, destination.application.is_some(), &hub.sessions);
    let driver = Driver {
        lane: Lane::new(settings(destination, &outlet)),
        config: &config,
        name: &destination.name,
        number,
        wake,
        gate: hub.gates.gate(Side::Destination, &destination.name),
        late: VecDeque::new(),
        outlet: Some(outlet),
        wire: None,
        book: None,
        stopping,
        reachable: true,
        hub: &hub,
    };
    driver.run().await;
}

fn settings(destination: &Destination, outlet: &Outlet) -> LaneSettings {
    let Destination { replies, backoff, lost_attempts, backup, window, .. } = destination;
    let Destination { hold, application, lanes, .. } = destination;
    LaneSettings {
        rules: replies.clone(),
        backoff: *backoff,
        lost_attempts: *lost_attempts,
        backup: backup.clone(),
        window: *window,
        hold: *hold,
        application: *application,
        keyed: lanes.count > 1,
        burst: outlet.bursts(),
    }
}

/// What the outlet did.
enum Did {
    Connected(io::Result<()>),
    /// And how long it took.
    Sent(Sent, Duration),
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
    message: MessageId,
    outcome: String,
    settlement: Settlement,
    backup: Option<String>,
}

struct Driver<'h> {
    hub: &'h Hub,
    config: &'h Config,
    lane: Lane,
    name: &'h str,
    /// Which of its lanes.
    number: usize,
    wake: Arc<Wake>,
    /// Closed while somebody has paused the destination.
    gate: Arc<Gate>,
    /// Acknowledgments of applications that came over this connection, and how often it was looked for what they are to.
    late: VecDeque<(Vec<u8>, u8)>,
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
        if !self.gate.is_open() {
            self.tell(Event::Closed);
        }
        self.tell(Event::Arrived);
        let mut stopped = false;
        while !self.lane.is_finished() {
            let rests = self.book.is_none();
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
                changed = self.wake.wait(self.number) => match changed {
                    true => self.change(),
                    false => self.tell(Event::Arrived),
                },
                () = heard(&mut self.outlet, rests) => {}
                () = self.stopping.wait(), if !stopped => {
                    stopped = true;
                    self.stop();
                }
            }
            self.take_late().await;
        }
    }

    /// Looks anew at what is queued, without waiting for the end of a pause; or begins nothing more, if somebody has paused
    /// the destination.
    fn change(&mut self) {
        self.tell(if self.gate.is_open() { Event::Changed } else { Event::Closed });
        if self.outlet.is_some() && self.wire.take().is_some() {
            self.tell(Event::Paused);
        }
    }

    /// Settles what late acknowledgments are to. One may come before the reply to its message is settled: it is looked for
    /// again behind the next steps.
    async fn take_late(&mut self) {
        let came = self.outlet.as_mut().map(Outlet::take_late).unwrap_or_default();
        self.late.extend(came.into_iter().map(|ack| (ack, 0)));
        if self.book.is_some() || self.late.is_empty() {
            return;
        }
        let from = [self.name.to_owned()];
        for (bytes, tries) in std::mem::take(&mut self.late) {
            let ack = late_ack(&bytes, self.config, &from, self.hub.clock.now());
            let Some(ack) = ack else { continue };
            match self.hub.acknowledge_late(ack).await {
                Ok(true) => {}
                Ok(false) if tries >= LATE_TRIES => {
                    warn!(destination = self.name, "an acknowledgment came that nothing waits for");
                    let event = self.hub.event("unexpected acknowledgment", self.name.to_owned());
                    self.hub.record(event).await;
                }
                Ok(false) | Err(_) => self.late.push_back((bytes, tries.saturating_add(1))),
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
            self.lane.handle(event, self.hub.clock.steady(), fastrand::f64());
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
                Wire::Send(deliveries) => {
                    let began = Instant::now();
                    let sent = outlet.send(&deliveries).await;
                    Did::Sent(sent, began.elapsed())
                }
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
                let (name, lane) = (self.name.to_owned(), self.number);
                Box::pin(async move {
                    let fetch = move || store.reader().pending_in_lane(&name, lane, behind, most);
                    let found = spawn_blocking(fetch).await;
                    let stopped = |_| Err(StoreError::Stopped("the hub stops".into()));
                    Booked::Fetched(found.unwrap_or_else(stopped))
                })
            }
            Book::Step { mut step, messages } => {
                let is_gone = self.outlet.as_mut().is_some_and(|outlet| !outlet.is_ready());
                if is_gone && !step.begin.is_empty() {
                    debug!(destination = self.name, "the connection is gone; it is made anew");
                    step.begin.clear();
                    self.tell(Event::Disconnected);
                }
                // What is recorded is the time on the wall; what is due goes by a clock that nobody sets.
                step.at = self.hub.clock.now();
                step.ends.iter_mut().for_each(|end| end.at = step.at);
                let ending = |(end, message): (&AttemptEnd, MessageId)| Ending {
                    message,
                    outcome: end.outcome.clone(),
                    settlement: end.settlement,
                    backup: end.backup.clone(),
                };
                let endings = step.ends.iter().zip(messages).map(ending).collect();
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
            Did::Sent(sent, took) => {
                self.hub.metrics.waited(self.name, took);
                match sent {
                    Sent::Replied(reply) => Event::Replied(reply),
                    Sent::Taken => Event::Taken,
                    Sent::Lost(lost) => Event::Lost(lost),
                }
            }
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
                    if !endings.is_empty() {
                        self.wake.notify_others(self.number);
                    }
                }
                stepped.map_or_else(failed, Event::Stepped)
            }
        }
    }

    /// Says in the log and in the audit when a destination goes and when it comes back.
    async fn note_reached(&mut self, reached: &io::Result<()>) {
        self.hub.metrics.set_connected(self.name, reached.is_ok());
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
        let word = match ending.settlement {
            Settlement::Done => Some("done"),
            Settlement::Retry { .. } => Some("retry"),
            Settlement::Awaiting { .. } => Some("awaiting"),
            Settlement::Held => Some("held"),
            Settlement::Dead => Some("dead"),
            // Nothing was sent.
            Settlement::Withdrawn => None,
        };
        word.iter().for_each(|word| self.hub.metrics.attempted(destination, word));
        match ending.settlement {
            Settlement::Done => debug!(destination, outcome, "delivered"),
            Settlement::Retry { .. } => info!(destination, outcome, "is sent again later"),
            Settlement::Withdrawn => debug!(destination, outcome, "is taken back"),
            Settlement::Dead => warn!(destination, outcome, "a delivery is given up"),
            Settlement::Awaiting { .. } => {
                debug!(destination, outcome, "its application is to answer")
            }
            Settlement::Held => {
                warn!(
                    destination,
                    outcome, "refused: nothing goes out to it until somebody resumes it"
                );
            }
        }
        self.hub.outcomes.settled(ending.message);
        self.hub.wake(&ending.backup);
    }
}

/// Hears what comes over a connection that nothing is under way on; for ever, where nothing is waited for.
async fn heard(outlet: &mut Option<Outlet>, rests: bool) {
    match outlet {
        Some(outlet) => outlet.hear(rests).await,
        None => pending().await,
    }
}

/// Waits for what is under way; for ever, where nothing is.
async fn done<T>(under_way: &mut Option<UnderWay<T>>) -> T {
    match under_way {
        Some(future) => future.await,
        None => pending().await,
    }
}
