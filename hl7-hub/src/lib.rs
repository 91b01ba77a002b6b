//! A hub for HL7 v2 messages: MLLP in, a durable store, routes, MLLP and files out, from one file.
//!
//! ```sh
//! hl7-hub init                 # writes hub.toml, an example that runs, with every key explained
//! hl7-hub run hub.toml         # listens on 127.0.0.1:2575, writes what it gets to the folder archive/
//! hl7-hub status               # messages and queues; in another terminal, or later
//! ```
//!
//! The same in a program, with a message that did not come over a socket:
//!
//! ```
//! use std::sync::Arc;
//!
//! use hl7_hub::config::{Config, EXAMPLE};
//! use hl7_hub::engine::{Moment, Reception};
//! use hl7_hub::store::{MessageState, Reader, SqliteOptions, SqliteStore, Store};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let config = Arc::new(Config::parse(EXAMPLE, folder.path())?);
//! let store = SqliteStore::open(&SqliteOptions { folder: config.data.clone(), limit: None, now: 0 })?;
//! let reception = Reception::new(Arc::clone(&config), 0).expect("the example has a source");
//!
//! let message = b"MSH|^~\\&|ADT1|HARBOUR|HUB||20260211||ADT^A01|77|P|2.4\rEVN||20260211\r";
//! let moment = Moment { at: 0, time: "20260211140114".into(), control_id: "H1".into() };
//! let (incoming, exchange) = reception.receive(message, "10.1.2.3", &moment);
//!
//! // One commit: the message, where it goes, what it is answered. Only then is there an answer.
//! let stored = store.accept(incoming).await;
//! let answer = exchange.answer(&stored);
//! assert!(answer.replies[0].bytes().ends_with(b"MSA|AA|77\r"));
//! assert_eq!(store.reader().pending("archive", None, 10)?.len(), 1);
//! assert_eq!(store.reader().status()?.messages, [(MessageState::Queued, 1)]);
//! # Ok(())
//! # }
//! ```
//!
//! # What it promises
//!
//! - **No message is acknowledged that is not on disk**, together with the decision where it goes. A store that fails closes
//!   the connection or says so.
//! - **Whatever was acknowledged is delivered** to every destination of its routes, in the order in which it came, each
//!   destination for itself. It comes twice only where the end of an attempt is not known, and that is marked.
//! - **An acknowledgment belongs to one message.** After a time-out, or a reply to something else, the connection is closed.
//! - **A destination that is down or hangs keeps nobody else waiting.**
//! - **No log, error or `Debug` shows anything of a message** but its type and its number here.
//! - **Another configuration needs no restart.** On SIGHUP the file is read again: all of it holds from the next message on, or,
//!   where there is a mistake in it, nothing does. No connection is closed for that, nothing is lost or repeated.
//! - **The audit says what became of every message, and shows whether anybody changed that.**
//!
//! # Batches
//!
//! A frame may hold a batch: with the headers and trailers of one, or messages one after the other. A source says what becomes of
//! it (`batches`): each message is one of its own, judged, routed and answered by its own header; or the batch stays whole, and one
//! bad message refuses it or is set aside. Wrong counts and missing trailers are reported and stop nothing. A destination may
//! have messages wait for others and go as a batch (`batch`): by count, by age, by size, or when asked for
//! ([`Store::send_now`](store::Store::send_now)). What is no message by itself waits for nobody.
//!
//! # Parts
//!
//! [`config`] is the file. [`engine`] decides, without I/O: what a message is answered, where it goes, what a lane does
//! next. [`store`] keeps. [`run`] moves bytes between sockets, files and these, secured by [`tls`] where that is wanted. The marks of
//! MLLP are read and written by [`hl7_mllp`], messages are read by [`hl7_core`] with the descriptors of all [`VERSIONS`]. [`api`] is
//! how people, their commands and monitoring talk to a hub that runs.
//!
//! # Not there yet
//!
//! Messages over HTTP in.

pub mod api;
pub mod config;
pub mod engine;
pub mod json;
mod operate;
mod payload;
pub mod run;
pub mod store;
pub mod tls;
mod versions;

pub use payload::{Digest, Payload};
pub use versions::VERSIONS;
