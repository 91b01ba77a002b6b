//! Acknowledgments: which are owed, how they are built, and what a received one does.
//!
//! All of it is pure: control ids and times come from the caller, and nothing is sent. [`judge`] says how a message fared,
//! [`owed`] which acknowledgments that gives, [`acknowledge`] builds one; [`ReplyRules`] reads what came back.
//!
//! ```
//! use hl7_core::Tree;
//! use hl7_core::ack::{AckMode, AckSettings, Asked, Inbound, Kind, Outcome, Stamp, acknowledge, owed};
//!
//! let tree = Tree::parse(b"MSH|^~\\&|LAB|HARBOUR|EHR||20260211||ORU^R01|77|P|2.5.1|||AL|NE\r")?;
//! let inbound = Inbound::of_tree(&tree).expect("a message has a header");
//! let asked = Asked::by(inbound.header());
//! let owed = owed(AckMode::Original, asked, Kind::of(&tree), Outcome::Accepted);
//! let stamp = Stamp { control_id: "1", time: "20260211120000" };
//! let acks: Vec<_> = owed
//!     .codes()
//!     .map(|code| acknowledge(&inbound, code, &[], stamp, &AckSettings::default()))
//!     .collect();
//! let expected = b"MSH|^~\\&|EHR||LAB|HARBOUR|20260211120000||ACK^R01^ACK|1|P|2.5.1\rMSA|CA|77\r";
//! assert_eq!(acks, [expected]);
//! # Ok::<(), hl7_core::DecodeError>(())
//! ```

mod build;
mod classify;
mod continuation;
mod err;
mod fragment;
mod mode;
mod overrides;
mod query;
mod sequence;
#[cfg(test)]
mod tests;
mod verdict;
mod xml;

pub use build::{AckSettings, AckType, Inbound, SoftwareEcho, Stamp, acknowledge};
pub use classify::{Decision, Reply, ReplyKind, ReplyRules};
pub use continuation::{ContinuationError, Progress, Reassembler};
pub use err::{ErrorCode, Fault, Shape, read_faults};
pub use fragment::{FragmentError, fragment};
pub use mode::{AckCode, AckMode, Asked, Condition, Kind, Outcome, Owed, owed};
pub use overrides::{HeaderOverrides, OverrideError};
pub use query::{QueryAck, QueryStatus, Response, respond};
pub use sequence::{
    Answered, Received, SequenceReceiver, SequenceSender, expected_number, sequence_number,
};
pub use verdict::{Supported, check_header, judge};
