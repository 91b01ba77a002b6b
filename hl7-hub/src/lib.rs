//! A hub for HL7 v2 messages: departments joined over MLLP, durable and audited.

mod payload;
pub mod store;

pub use payload::{Digest, Payload};
