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
//! - **Paths.** `msg.get(&"PID-5[2].1.1".parse()?)` and `msg.set(..)` reach everything that a message carries, as text.
//! - **Values as they were stated.** [`Dtm::date_time`](primitives::Dtm::date_time) keeps precision, fraction and zone,
//!   [`Nm::number`](primitives::Nm::number) its digits; features `jiff` and `rust_decimal` convert them.
//! - **Any bytes.** [`Tree`] reads a message without types, keeps it as it is, and edits it in place.
//! - **Your own structs.** [`derive(FromHl7)`](derive@FromHl7) takes the values that you need out of any message.
//! - **Your own segments.** [`derive(Segment)`](derive@Segment) takes the attributes that the generated code takes.
//!
//! # Your own structs
//!
//! An application mostly needs some thirty values of a message. [`derive(FromHl7)`](derive@FromHl7) takes them into a struct of
//! its own, from bytes or from a message of whatever version and structure; its paths are checked by the compiler against
//! a version, so that `PIX-3.1` does not compile and says `did you mean PID-3.1?`.
//!
//! ```
//! # #[cfg(feature = "v2_5_1")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use hl7_types::date_time::Date;
//! use hl7_types::{FromHl7, Tree, v2_5_1};
//!
//! #[derive(FromHl7)]
//! #[hl7(version = v2_5_1::VERSION)]
//! struct LabResult {
//!     #[hl7("PID-3.1")]
//!     patient: String, // must be there
//!     #[hl7("PID-3[*].1")]
//!     identifiers: Vec<String>,
//!     #[hl7("PID-7.1")]
//!     born: Option<Date>,
//!     #[hl7(group = "PATIENT_RESULT.ORDER_OBSERVATION")]
//!     orders: Vec<Order>,
//!     #[hl7("ZPV-2", unchecked)]
//!     wristband: Option<String>,
//!     #[hl7(raw)]
//!     whole: Tree,
//! }
//!
//! #[derive(FromHl7)]
//! #[hl7(message = v2_5_1::messages::OruR01)]
//! struct Order {
//!     #[hl7("OBR-4.1")] // in this order
//!     test: String,
//!     #[hl7("OBX[*]-5")]
//!     values: Vec<f64>,
//! }
//!
//! let bytes = b"MSH|^~\\&|LAB|HARBOUR|EHR|HARBOUR|20260211140114||ORU^R01^ORU_R01|42|P|2.5.1\r\
//!     PID|1||4711^^^HARBOUR^MR~0815^^^HARBOUR^PI||EVERYMAN^ADAM||19610615|M\r\
//!     ZPV||W77\r\
//!     OBR|1|||GLU\r\
//!     OBX|1|NM|GLU||5.4||||||F\r\
//!     OBX|2|NM|GLU||6.1||||||F\r\
//!     OBR|2|||NA\r\
//!     OBX|1|NM|NA||high||||||F\r";
//!
//! // What is wrong is named by path and field, and shown by its shape.
//! let error = LabResult::from_hl7(bytes).err().expect("`high` is no number");
//! assert!(error.to_string().starts_with("OBX-5 (`orders[2].values`): expected a number"));
//! assert!(error.to_string().ends_with("found `xxxx`"));
//!
//! let bytes = String::from_utf8(bytes.to_vec())?.replace("high", "140");
//! let result = LabResult::from_hl7(bytes.as_bytes())?;
//! assert_eq!((&*result.patient, result.wristband.as_deref()), ("4711", Some("W77")));
//! assert_eq!(result.identifiers, ["4711", "0815"]);
//! assert_eq!(result.born.map(|born| born.year()), Some(1961));
//! assert_eq!((&*result.orders[0].test, &*result.orders[0].values), ("GLU", &[5.4, 6.1][..]));
//! assert_eq!(result.whole.bytes(), bytes.as_bytes());
//!
//! // The same from a message that was decoded before.
//! let message = v2_5_1::AnyMessage::decode(bytes.as_bytes())?.message;
//! assert_eq!(LabResult::from_message(&message)?.orders.len(), 2);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "v2_5_1"))]
//! # fn main() {}
//! ```
//!
//! # Views
//!
//! Who reads a few values of many messages need not have all of them in structs. With the feature `views` a version has a
//! module `views`, with the names of the structs: a message stays as it came, its segments are put into their groups, and
//! what is inside a segment is looked at when it is asked for. It takes a sixth of the time of a struct and a seventh of its
//! memory; see [`view`] for what differs.
//!
//! ```
//! # #[cfg(all(feature = "v2_5_1", feature = "views"))]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use hl7_types::v2_5_1::views::{AnyMessage, datatypes::Varies, messages::OruR01};
//! use hl7_types::view::Outline;
//!
//! let bytes = b"MSH|^~\\&|LAB|HARBOUR|EHR|HARBOUR|20260211140114||ORU^R01^ORU_R01|42|P|2.5.1\r\
//!     PID|1||4711^^^HARBOUR^MR||EVERYMAN^ADAM||19610615|M\r\
//!     OBR|1|||GLU^Glucose\r\
//!     OBX|1|NM|GLU||5.4|mmol/L|||||F\r\
//!     OBX|2|ST|GLU||\\H\\high\\N\\||||||F\r";
//!
//! let outline = Outline::<OruR01>::decode(bytes)?; // Err only when this is not HL7
//! assert!(outline.findings().is_empty()); // groups and segments; `check` looks at everything
//! for result in outline.message().patient_result() {
//!     if let Some(patient) = result.patient() {
//!         let pid = patient.pid();
//!         assert_eq!(pid.patient_name().first().family_name().surname(), "EVERYMAN");
//!         let born = pid.date_time_of_birth().time().value(); // of its own, with all that the struct's leaf can do
//!         assert_eq!(born.date_time()?.map(|born| born.date.year()), Some(1961));
//!     }
//!     for order in result.order_observation() {
//!         for observation in order.observation() {
//!             match observation.obx().observation_value().first() {
//!                 Varies::Nm(number) => assert!(number.value().number()?.is_some()),
//!                 Varies::St(text) => assert_eq!(text.text(), "high"),
//!                 other => println!("{other:?}"), // says how long it is, not what
//!             }
//!         }
//!     }
//! }
//!
//! // The structure that MSH-9 names.
//! match Outline::<AnyMessage>::decode(bytes)?.message() {
//!     AnyMessage::OruR01(oru) => assert_eq!(oru.msh().message_control_id(), "42"),
//!     other => println!("{other:?}"),
//! }
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "v2_5_1", feature = "views")))]
//! # fn main() {}
//! ```
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
