//! What the hub decides, without sockets, files and clocks: bytes, times and random numbers come from outside.
//!
//! - [`Reception`] judges a message that came, routes it, and makes its acknowledgments. What it gives can be stored; what is
//!   answered comes out of an [`Exchange`] only against the answer of the store. A frame may hold a batch ([`Received`]).
//! - [`Condition`] is what a route asks of a message.
//! - [`Lane`] sends the deliveries of one destination, one after the other.
//! - [`late_ack`] reads acknowledgments of applications that come later than the reply.
//! - [`Backoff`] says when to try again.

mod backoff;
mod batch_in;
#[cfg(test)]
mod batch_in_tests;
mod condition;
mod delivered;
mod envelope;
mod keyed;
mod lane;
#[cfg(test)]
mod lane_tests;
mod late;
mod lexer;
mod reception;
#[cfg(test)]
mod reception_tests;

pub use backoff::Backoff;
pub use batch_in::{BatchExchange, Received};
pub use condition::{Condition, ConditionError, Subject};
pub use delivered::Awaited;
pub use lane::{Actions, Book, Event, Lane, LaneSettings, Lost, Wire};
pub use late::{acknowledged, late_ack, missed_rule};
pub use reception::{Answer, Exchange, Moment, Reception};
