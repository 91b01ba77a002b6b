//! Typed HL7 v2 messages, one module a version of the standard.
//!
//! ```
//! # #[cfg(feature = "v2_5_1")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use hl7_types::Message;
//! use hl7_types::v2_5_1::{AnyMessage, messages::AdtA01, segments::Pid, tables::AdministrativeSex};
//!
//! let bytes = b"MSH|^~\\&|ADT|HARBOUR|EHR|HARBOUR|20260211140114||ADT^A01^ADT_A01|42|P|2.5.1\r\
//!     EVN||20260211140114\r\
//!     PID|1||4711^^^HARBOUR^MR||EVERYMAN^ADAM||19610615|M\r\
//!     ZBD|3\r\
//!     PV1|1|I\r";
//!
//! let decoded = AdtA01::decode(bytes)?; // Err only when this is not HL7
//! for finding in &decoded.findings {
//!     eprintln!("{finding}"); // note[site-segment] ZBD: ZBD is site-defined and not part of ADT_A01, after PID
//! }
//! let mut msg = decoded.message;
//! assert_eq!(msg.encode(), bytes); // nothing is lost, ZBD stands where it stood
//!
//! assert_eq!(msg.pid.patient_name[0].family_name.surname.text(), "EVERYMAN");
//! assert_eq!(msg.pid.administrative_sex.known(), Some(AdministrativeSex::Male));
//! msg.pid.administrative_sex = AdministrativeSex::Female.into();
//! let wire: Vec<u8> = msg.encode(); // differs from `bytes` in that one byte
//! assert_eq!(wire.iter().zip(bytes).filter(|(a, b)| a != b).count(), 1);
//!
//! match AnyMessage::decode(&wire)?.message {
//!     AnyMessage::AdtA01(adt) => {
//!         let pid: &Pid = &adt.pid;
//!         assert_eq!(pid.patient_identifier_list[0].id_number.text(), "4711");
//!     }
//!     AnyMessage::OruR01(oru) => {
//!         for order in oru.patient_result.iter().flat_map(|result| &result.order_observation) {
//!             println!("{} observations", order.observation.len()); // groups by name
//!         }
//!     }
//!     other => println!("{}", other.name()),
//! }
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "v2_5_1"))]
//! # fn main() {}
//! ```
//!
//! # What you get
//!
//! - **Structs for everything a version defines.** Segments, datatypes, tables and message structures with their groups,
//!   generated from one reviewed schema. Required parts are arguments of `new`: a message without its PID does not
//!   compile. Decoding is tolerant all the same: what a sender left out is a [`Finding`], and the bytes come out again as
//!   they came in.
//! - **Paths.** `msg.get(&"PID-5[2].1.1".parse()?)` and `msg.set(..)` reach what structs hold, as text.
//! - **Values as they were stated.** [`Dtm::date_time`](primitives::Dtm::date_time) keeps precision, fraction and zone,
//!   [`Nm::number`](primitives::Nm::number) its digits; features `jiff` and `rust_decimal` convert them.
//! - **Any bytes.** [`Tree`] reads a message without types, keeps it as it is, and edits it in place.
//! - **Your own segments.** [`derive(Segment)`](derive@Segment) takes the attributes that the generated code takes.
//!
//! # Versions
//!
//! No version is on by default; `features = ["v2_5_1"]` turns one on, and they add up. `latest` is the newest, `all-versions`
//! all of them. [`decode`] reads a message as the version that its MSH-12 names; a module's `AnyMessage` and each message
//! struct read it as what they are, whatever the message says.
//!
//! HL7 is a registered trademark of Health Level Seven International. This project is independent of it; the name says
//! what the crate is compatible with.

#[macro_use]
mod any_version;
mod versions;

pub use hl7_core::*;
pub use hl7_macros::{Datatype, FromHl7, Group, Message, Segment};
#[allow(
    unused_imports,
    unreachable_pub,
    reason = "there is nothing in it while no version is enabled"
)]
pub use versions::*;
