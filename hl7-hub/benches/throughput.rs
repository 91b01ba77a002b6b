//! How fast the hub is, durable, on loopback: `cargo bench -p hl7-hub`.
//!
//! Senders in lock step (the next message when the last is acknowledged), two MLLP destinations that answer at once. Every
//! figure is with the store that a hospital would run: each acknowledgment is behind a synced commit.
#![allow(clippy::print_stdout, reason = "it prints what it measured")]

#[path = "../tests/end_to_end/hub.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod hub;
#[path = "../tests/end_to_end/messages.rs"]
mod messages;
#[path = "../tests/end_to_end/receiver.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod receiver;
#[path = "../tests/end_to_end/sender.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod sender;
#[path = "../tests/end_to_end/wait.rs"]
mod wait;

use std::time::{Duration, Instant};

use hub::Hub;
use messages::{CANARY, adt, field};
use receiver::Receiver;
use sender::Sender;
use wait::{PATIENCE, eventually};

/// How long each load lasts.
const LOAD: Duration = Duration::from_secs(5);

/// A message of about a kilobyte.
fn message(id: &str) -> String {
    format!("{}NTE|1||{}\r", adt(id), "x".repeat(800))
}

/// Sends for a while and gives how long each acknowledgment took.
fn load(address: &str, name: usize) -> Vec<Duration> {
    let mut sender = Sender::connect(address);
    let (began, mut waits) = (Instant::now(), Vec::new());
    while began.elapsed() < LOAD {
        let message = message(&format!("S{name}-{}", waits.len()));
        let sent = Instant::now();
        assert_eq!(sender.code(&message), "AA");
        waits.push(sent.elapsed());
    }
    waits
}

fn measure(connections: usize) {
    let (lab, ris) = (Receiver::start(), Receiver::start());
    let config = format!(
        "[source.adt]\nmllp = {{ listen = \"127.0.0.1:0\", max_per_peer = 64 }}\n\
         [destination.lab]\nmllp = {{ connect = \"{}\" }}\n\
         [destination.ris]\nmllp = {{ connect = \"{}\" }}\n[[route]]\nto = [\"lab\", \"ris\"]\n",
        lab.address(),
        ris.address()
    );
    let hub = Hub::start_logging(&config, "info");
    let address = hub.address("adt");
    let began = Instant::now();
    let mut waits: Vec<Duration> = std::thread::scope(|scope| {
        let loads: Vec<_> = (0..connections)
            .map(|name| {
                let address = &address;
                scope.spawn(move || load(address, name))
            })
            .collect();
        loads.into_iter().flat_map(|load| load.join().expect("a load")).collect()
    });
    let accepted = waits.len();
    let accepting = began.elapsed();
    let queued = || hub.status().destinations.iter().map(|to| to.queued).sum::<u64>();
    let behind = queued();
    while queued() > 0 {
        std::thread::sleep(Duration::from_millis(100));
    }
    let delivering = began.elapsed();
    waits.sort();
    let at = |share: f64| waits[((accepted - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{connections:>11} {:>12.0} {:>9.2} {:>9.2} {:>9.2} {:>15} {:>15.0}",
        accepted as f64 / accepting.as_secs_f64(),
        at(0.5),
        at(0.99),
        at(1.0),
        behind,
        accepted as f64 / delivering.as_secs_f64(),
    );
}

fn main() {
    println!(
        "{:>11} {:>12} {:>9} {:>9} {:>9} {:>15} {:>15}",
        "connections", "accepted/s", "p50 ms", "p99 ms", "max ms", "queued at end", "end to end/s"
    );
    [1, 8, 32].into_iter().for_each(measure);
}
