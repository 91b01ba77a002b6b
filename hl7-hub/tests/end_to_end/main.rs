//! The hub as a whole: the real binary, on loopback, with ports that the system chooses.
//!
//! Every wait here has an end, and whatever a test starts ends with the test.

mod acknowledgments;
mod api;
mod batches;
mod batches_kill;
mod certificates;
mod commands;
mod connections;
mod delivered;
mod delivery;
#[cfg(unix)]
mod hospital;
mod hostile;
mod http;
mod hub;
mod kill;
mod late;
mod messages;
mod metrics;
mod operate;
mod parked;
mod pipelining;
mod receiver;
mod reload;
mod sender;
mod tls;
mod tools;
mod wait;

use messages::{CANARY, adt, field};
use wait::{PATIENCE, eventually};
