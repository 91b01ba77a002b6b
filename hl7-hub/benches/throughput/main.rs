//! How fast the hub is, durable, on loopback.
//!
//! ```sh
//! cargo bench -p hl7-hub --bench throughput                     # acknowledging and delivering
//! cargo bench -p hl7-hub --bench throughput -- --backlog        # and with 1,000,000 messages queued; takes minutes
//! cargo bench -p hl7-hub --bench throughput -- --write          # both, written to docs/hub-performance.md
//! ```
//!
//! Senders in lock step (the next message when the last is acknowledged), two MLLP destinations that answer at once. Every
//! figure is with the store that a hospital would run: each acknowledgment is behind a synced commit. `HUB_BINARY` names
//! another build of the hub, to compare with; `--seconds` how long each load lasts, `--messages` how long the backlog is.
#![allow(clippy::print_stdout, reason = "it prints what it measured")]

mod backlog;
#[path = "../../tests/end_to_end/hub.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod hub;
mod load;
#[path = "../../tests/end_to_end/messages.rs"]
mod messages;
mod page;
#[path = "../../tests/end_to_end/receiver.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod receiver;
#[path = "../../tests/end_to_end/sender.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod sender;
#[path = "../../tests/end_to_end/wait.rs"]
mod wait;

use std::time::Duration;

use messages::{CANARY, adt, field};
use wait::{PATIENCE, eventually};

/// What was asked for.
struct Asked {
    load: Duration,
    backlog: Option<usize>,
    write: bool,
}

impl Asked {
    fn of_arguments() -> Self {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let has = |name: &str| arguments.iter().any(|argument| argument == name);
        let number = |name: &str| {
            let at = arguments.iter().position(|argument| argument == name)?;
            let number = arguments.get(at + 1).and_then(|text| text.parse::<usize>().ok());
            Some(number.unwrap_or_else(|| panic!("{name} needs a number")))
        };
        let backlog = has("--backlog") || has("--write") || number("--messages").is_some();
        Self {
            load: Duration::from_secs(number("--seconds").unwrap_or(5) as u64),
            backlog: backlog.then(|| number("--messages").unwrap_or(1_000_000)),
            write: has("--write"),
        }
    }
}

fn main() {
    let asked = Asked::of_arguments();
    let mut page = page::Page::default();
    page.loads([1, 8, 32].map(|connections| load::measure(connections, asked.load)));
    if let Some(messages) = asked.backlog {
        page.backlog(backlog::measure(messages));
    }
    if asked.write {
        page.write();
    }
}
