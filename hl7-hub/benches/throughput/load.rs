//! Senders in lock step against two destinations.

use std::time::{Duration, Instant};

use crate::adt;
use crate::hub::Hub;
use crate::receiver::Receiver;
use crate::sender::Sender;

/// What a load came to.
pub(crate) struct Load {
    pub(crate) connections: usize,
    /// How long each acknowledgment took, sorted.
    waits: Vec<Duration>,
    accepting: Duration,
    /// Deliveries that were not done when the last message was acknowledged.
    pub(crate) behind: u64,
    delivering: Duration,
}

impl Load {
    /// Messages acknowledged in a second.
    pub(crate) fn accepted_rate(&self) -> f64 {
        self.waits.len() as f64 / self.accepting.as_secs_f64()
    }

    /// Messages in a second, from the first that was sent to the last that both destinations have.
    pub(crate) fn end_to_end_rate(&self) -> f64 {
        self.waits.len() as f64 / self.delivering.as_secs_f64()
    }

    /// The acknowledgment that so large a share did not take longer than, in milliseconds.
    pub(crate) fn wait(&self, share: f64) -> f64 {
        let at = ((self.waits.len() - 1) as f64 * share) as usize;
        self.waits[at].as_secs_f64() * 1e3
    }
}

/// A message of about a kilobyte.
pub(crate) fn message(id: &str) -> String {
    format!("{}NTE|1||{}\r", adt(id), "x".repeat(800))
}

/// A source, and two destinations that get everything.
pub(crate) fn config(lab: &str, ris: &str) -> String {
    format!(
        "[source.adt]\nmllp = {{ listen = \"127.0.0.1:0\", max_per_peer = 64 }}\n\
         [destination.lab]\nmllp = {{ connect = \"{lab}\" }}\n\
         [destination.ris]\nmllp = {{ connect = \"{ris}\" }}\n[[route]]\nto = [\"lab\", \"ris\"]\n",
    )
}

/// Sends for a while and gives how long each acknowledgment took.
fn send(address: &str, name: usize, time: Duration) -> Vec<Duration> {
    let mut sender = Sender::connect(address);
    let (began, mut waits) = (Instant::now(), Vec::new());
    while began.elapsed() < time {
        let message = message(&format!("S{name}-{}", waits.len()));
        let sent = Instant::now();
        assert_eq!(sender.code(&message), "AA");
        waits.push(sent.elapsed());
    }
    waits
}

/// So many connections for a while, then until everything is delivered.
pub(crate) fn measure(connections: usize, time: Duration) -> Load {
    let (lab, ris) = (Receiver::start(), Receiver::start());
    let hub = Hub::start_logging(&config(lab.address(), ris.address()), "info");
    let address = hub.address("adt");
    let began = Instant::now();
    let mut waits: Vec<Duration> = std::thread::scope(|scope| {
        let loads: Vec<_> = (0..connections)
            .map(|name| {
                let address = &address;
                scope.spawn(move || send(address, name, time))
            })
            .collect();
        loads.into_iter().flat_map(|load| load.join().expect("a load")).collect()
    });
    let accepting = began.elapsed();
    let queued = || hub.status().destinations.iter().map(|to| to.queued).sum::<u64>();
    let behind = queued();
    while queued() > 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    let delivering = began.elapsed();
    waits.sort();
    Load { connections, waits, accepting, behind, delivering }
}
