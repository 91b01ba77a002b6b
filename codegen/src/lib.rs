//! Reads HL7 v2 schema definitions and writes typed message crates.
//!
//! # Phases
//!
//! The generator is a pipeline of three phases. Each one takes what the phase before it made, and looks
//! no further back:
//!
//! ```text
//! schemas/v2_5_1/*.xml ──[schema]──> schema::Version ──[model]──> model::Version ──[emit]──> files
//! ```
//!
//! 1. [`schema`] reads the XML of one version into structs that mirror it, one struct an element. It
//!    knows which elements and attributes there are and what their values look like. Every struct keeps
//!    its file and line. It is the only module that reads files, and the only one that knows XML.
//! 2. [`model`] resolves every reference, gives every item its Rust name, and checks what the first phase
//!    cannot see: that a datatype exists, that a choice has alternatives, that two fields do not want the
//!    same name. The result is frozen; it is sorted and does not depend on the order in the files.
//! 3. `emit` turns the model into Rust. An emitter sees the model and nothing else.
//!
//! # Errors
//!
//! A person who edits a schema wants to see everything that is wrong, at once, with the line and the way
//! out. So both phases collect: [`schema::Errors`] is a list, and each entry says where, what was found,
//! what was expected, and what to do. The first phase has to succeed before the second begins.
//!
//! # Determinism
//!
//! Generating is a pure function of `schemas/` and this crate: no clock, no environment, no hash order.
//! The same input gives the same bytes on every machine.
//!
//! # Example
//!
//! ```
//! use std::path::Path;
//!
//! let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/v2_5_1");
//! let source = hl7_codegen::schema::read_version(&folder)?;
//! let version = hl7_codegen::model::build(&source)?;
//! let pid = &version[version.find_segment("PID").expect("2.5.1 has PID")];
//! assert_eq!((pid.rust_type.as_str(), pid.fields[2].ident.as_str()), ("Pid", "patient_identifier_list"));
//! # Ok::<(), hl7_codegen::schema::Errors>(())
//! ```

pub mod emit;
pub mod model;
pub mod output;
pub mod schema;
