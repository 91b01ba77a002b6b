//! A hub whose destination is down, with a long queue.

use std::time::{Duration, Instant};

use hl7_hub::store::{MessageState, Query, Reader};

use crate::hub::Hub;
use crate::load::message;
use crate::sender::Sender;

/// Connections that fill the queue.
const CONNECTIONS: usize = 32;

/// What a queue costs.
pub(crate) struct Backlog {
    pub(crate) messages: usize,
    /// Resident memory of the hub with an empty queue, in MiB; it had some messages by then.
    pub(crate) empty: f64,
    /// The same with the whole queue.
    pub(crate) full: f64,
    /// The same after a restart over it.
    pub(crate) restarted: f64,
    pub(crate) restart: Duration,
    /// How long each look at the store took: what, and how long.
    pub(crate) looks: Vec<(&'static str, Duration)>,
    /// The data folder, in MiB.
    pub(crate) disk: f64,
}

/// Fills a queue through the front door, then looks at it.
pub(crate) fn measure(messages: usize) -> Backlog {
    // A port that nobody listens on: bound once, so that it is free, and given back.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr());
    let closed = closed.expect("a port");
    let config = format!(
        "[source.adt]\nmllp = {{ listen = \"127.0.0.1:0\", max_per_peer = 64 }}\n\
         [destination.lab]\nmllp = {{ connect = \"{closed}\" }}\n[[route]]\nto = \"lab\"\n"
    );
    let mut hub = Hub::start_logging(&config, "info");
    fill(&hub, "A", messages.min(1_000));
    let empty = memory(&hub);
    fill(&hub, "B", messages.saturating_sub(1_000));
    let full = memory(&hub);
    let began = Instant::now();
    hub.restart();
    let restart = began.elapsed();
    fill(&hub, "C", 1_000);
    let looks = looks(&hub);
    Backlog { messages, empty, full, restarted: memory(&hub), restart, looks, disk: disk(&hub) }
}

fn fill(hub: &Hub, name: &str, messages: usize) {
    let address = hub.address("adt");
    std::thread::scope(|scope| {
        for connection in 0..CONNECTIONS {
            let address = &address;
            scope.spawn(move || {
                let mut sender = Sender::connect(address);
                for number in (connection..messages).step_by(CONNECTIONS) {
                    assert_eq!(sender.code(&message(&format!("{name}{number}"))), "AA");
                }
            });
        }
    });
}

/// Resident memory of the hub, without the pages of files that the system may take back.
fn memory(hub: &Hub) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", hub.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kilobytes =
        line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
    kilobytes.map_or(f64::NAN, |kilobytes| kilobytes / 1024.0)
}

fn disk(hub: &Hub) -> f64 {
    let entries = std::fs::read_dir(hub.path().join("data")).into_iter().flatten().flatten();
    let bytes: u64 = entries.filter_map(|entry| Some(entry.metadata().ok()?.len())).sum();
    bytes as f64 / f64::from(1 << 20)
}

fn looks(hub: &Hub) -> Vec<(&'static str, Duration)> {
    let reader = hub.reader();
    let search = |query: Query| {
        let query = Query { most: 50, ..query };
        let found = reader.search(&query).expect("it is read");
        assert!(found.len() <= 50);
        found.len()
    };
    let queries: [(&str, usize, Query); 4] = [
        ("search by control id", 1, Query { control_id: Some("B500".into()), ..Query::default() }),
        (
            "search by state queued",
            50,
            Query { state: Some(MessageState::Queued), ..Query::default() },
        ),
        ("search by state dead", 0, Query { state: Some(MessageState::Dead), ..Query::default() }),
        ("the newest", 50, Query::default()),
    ];
    let began = Instant::now();
    assert!(!hub.status().destinations.is_empty());
    let mut looks = vec![("status", began.elapsed())];
    for (what, expected, query) in queries {
        let began = Instant::now();
        assert_eq!(search(query), expected, "{what}");
        looks.push((what, began.elapsed()));
    }
    looks
}
