//! What the hub decides, without sockets, files and clocks: bytes, times and random numbers come from outside.
//!
//! - [`Reception`] judges a message that came, routes it, and makes its acknowledgments. What it gives can be stored; what is
//!   answered comes out of an [`Exchange`] only against the answer of the store. A frame may hold a batch ([`Received`]).
//! - [`Condition`] is what a route asks of a message, [`Template`] a text about it.
//! - [`Lane`] sends the deliveries of one destination, one after the other.
//! - [`late_ack`] reads acknowledgments of applications that come later than the reply.
//! - [`Gathering`] says when what waits for others goes, and makes the batch.
//! - [`Backoff`] says when to try again.

#[cfg(test)]
mod ack_matrix_tests;
mod backoff;
mod batch_in;
#[cfg(test)]
mod batch_in_tests;
mod condition;
mod delivered;
mod ending;
mod envelope;
mod exchange;
mod gathering;
mod http;
mod keyed;
mod lane;
#[cfg(test)]
mod lane_tests;
mod late;
mod lexer;
mod reception;
#[cfg(test)]
mod reception_tests;
mod reply;
mod routing;
mod template;

pub use backoff::Backoff;
pub use batch_in::{BatchExchange, Received};
pub use condition::{Condition, ConditionError, Subject};
pub use delivered::Awaited;
pub use ending::{Lost, Sent};
pub use exchange::{Answer, Exchange};
pub use gathering::{Due, Gathering, Reason};
pub use http::HttpAnswer;
pub use lane::{Actions, Book, Event, Lane, LaneSettings, Wire};
pub use late::{acknowledged, late_ack, missed_rule};
pub use reception::{Moment, Reception};
pub use reply::{codes, control_ids};
pub use template::{Template, TemplateError};
