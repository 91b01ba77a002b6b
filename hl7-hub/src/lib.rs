//! A hub for HL7 v2 messages: departments joined over MLLP, durable and audited.

pub mod config;
pub mod engine;
mod payload;
pub mod run;
pub mod store;
mod versions;

pub use payload::{Digest, Payload};
pub use versions::VERSIONS;
