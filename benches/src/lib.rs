//! What the toolkit is measured with: messages, the work done on them, and the crates it is compared with.
//!
//! The binaries measure (`measure` time, `allocations` memory, `instructions` under callgrind, `scale` sizes and threads,
//! `messages` only writes files) and print words between tabs; `cargo xtask bench` and `cargo xtask instructions`
//! run them and say what the figures mean. For one theme while developing there is `cargo bench -p hl7-benches`.

pub mod batch;
pub mod corpus;
pub mod kinds;
pub mod mllp;
pub mod operations;
#[cfg(feature = "peers")]
pub mod peers;
pub mod random;
pub mod rounds;
pub mod scan;
mod template;
mod words;
