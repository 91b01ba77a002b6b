//! Derives for HL7 v2 types: [`Segment`], [`Datatype`], [`Group`] and [`Message`]; and [`FromHl7`] for structs of an application
//! that are taken from messages.
//!
//! A site's own segment, written the way the generated ones are:
//!
//! ```
//! # extern crate hl7_core as hl7_types;
//! # use hl7_macros::Segment;
//! use hl7_types::primitives::{Si, St};
//! use hl7_types::{Extra, encode_segment};
//!
//! /// What our wards add to a visit.
//! #[derive(Segment)]
//! #[hl7(id = "ZPV", name = "Visit Addendum")]
//! pub struct Zpv {
//!     /// ZPV-1: counts the addenda of a visit.
//!     #[hl7(seq = 1, usage = "R", len = 4)]
//!     pub set_id: Si,
//!     /// ZPV-2: as printed on the wristband.
//!     #[hl7(seq = 2, len = 20)]
//!     pub wristbands: Vec<St>,
//!     /// What a message carries beyond these fields, so that it goes out again.
//!     #[hl7(extra)]
//!     pub extra: Extra,
//! }
//!
//! let mut zpv = Zpv::new("1"); // what is required is an argument
//! zpv.wristbands.push("W77".into());
//! assert_eq!(encode_segment(&zpv), b"ZPV|1|W77");
//! ```
//!
//! Applications depend on `hl7-types`, which has these derives beside its traits. The derives know no version of the
//! standard and no datatype: each field goes through the trait that its type has, and a type that has none is an error
//! at the field. Everything that a type *does* (decode, encode, check, print, copy, compare) is written once in the runtime;
//! a derive writes a descriptor, the way to each field, `new`, and `Clone`, `PartialEq` and `Debug` as calls of the runtime.
//!
//! # What each derive is for
//!
//! | derive | on | its rows |
//! |---|---|---|
//! | [`Segment`] | struct | fields: any type with the trait `Field`; `Vec<_>` repeats |
//! | [`Datatype`] | struct | components: the same, without repetition |
//! | [`Datatype`] | enum | datatypes that a varying field (OBX-5) may have, and one for all others |
//! | [`Group`] | struct | members: `Part<T>` required, `Option<Box<T>>` optional, `Vec<T>` repeating |
//! | [`Group`] | enum | alternatives of which exactly one stands: `Obr(Part<Obr>)` |
//! | [`Message`] | struct | members, as in a group |
//! | [`FromHl7`] | struct | what it takes from a message: [see below](#structs-of-your-own-from-any-message) |
//!
//! `Clone`, `PartialEq` and `Debug` come with the first four; `Debug` shows where something stands and how long it is, never what it
//! says. Segments, groups and messages have no `Default`, because an empty one lacks what is required; datatypes have it,
//! and a composite comes from a `&str`, which becomes its first component. What a message can do (`decode`, `encode`,
//! `check`, `get`, `set`) are methods of the trait `hl7_types::Message`, to be imported where they are called.
//!
//! # `new`
//!
//! A field with `usage = "R"`, a `Part<T>` member and a `Vec<T>` member with `min = 1` are arguments, in order. A `Vec`
//! takes its first element. Fields take what turns into their type (`"4711"` for a `Cx`), members the segment or group
//! itself. A header (MSH, FHS, BHS) gets the recommended delimiters.
//!
//! # Attributes
//!
//! On the type:
//!
//! | key | where | meaning |
//! |---|---|---|
//! | `id = "ZPV"` | segment, composite, message; required | three characters for a segment, `ADT_A01` for a message |
//! | `name = "..."` | segment, composite; group and choice, required there | default: the name of the type |
//! | `desc = path` | all | an existing static: `SegmentDesc`, `DatatypeDesc`, `GroupDesc`, for a message `StructureDesc`; what it states cannot be stated again |
//! | `version = path` | message | the `VersionDesc` that the message belongs to |
//! | `no_new` | segment, group, message | leaves the name `new` free |
//! | `crate = path` | all | the runtime, where it is not called `hl7_types` |
//!
//! On a field or component:
//!
//! | key | meaning |
//! |---|---|
//! | `seq = 3` | position; required, from 1, without gaps, in order |
//! | `usage = "R"` | `R`, `RE`, `O` (default), `C`, `C(R/X)`, `C(RE/X)`, `B`, `X`, `W` |
//! | `name = "..."` | default: the name of the field, `visit_number` as `Visit Number` |
//! | `min = 1`, `max = 5`, `max = "*"` | fields only; default: 1 where required, and what the type holds |
//! | `len = 250`, `min_len = 1` | longest and shortest text |
//! | `conf_len = "20#"` | what a receiver must store; `#` where the rest may be cut off, `=` where it may not |
//! | `item = 106` | fields only; HL7 item number |
//! | `table = path` | a `TableDesc`; default: the table of a `Coded<_>` |
//! | `varies_by = 2` | fields only; the field that names the datatype of this one |
//! | `open` | fields only, the last one, a `Vec` of fields: any number of them may follow |
//! | `extra` | on the one field of type `Extra`; required, without other keys |
//!
//! On a member: `min`, `max` where a `Vec` has other limits than none, and `extra` as above. On a variant of an enum of
//! datatypes: `id = "CE"`, or `raw` on the one that takes all others.
//!
//! # Structs of your own from any message
//!
//! [`FromHl7`] says of each field what it takes. The derive knows no version either: it hands paths and names to functions
//! that the compiler runs over the descriptors of a version, and what they say is its error.
//!
//! ```
//! # extern crate hl7_core as hl7_types;
//! # use hl7_macros::FromHl7;
//! # use hl7_types::desc::{DatatypeDesc, DatatypeKind, ElementDesc, Format, SegmentDesc, VersionDesc};
//! # static ST: DatatypeDesc = DatatypeDesc::new("ST", "String Data", DatatypeKind::Primitive(Format::String), 0);
//! # static NTE: SegmentDesc = SegmentDesc::new("NTE", "Notes and Comments", &[
//! #     ElementDesc::new("Set ID", "set_id", &ST),
//! #     ElementDesc::new("Source", "source", &ST),
//! #     ElementDesc::new("Comment", "comment", &ST).repeats(0, hl7_types::desc::MANY),
//! # ]);
//! # static VERSION: VersionDesc = VersionDesc {
//! #     id: "9.9", segments: &[&NTE], datatypes: &[], tables: &[], structures: &[], events: &[],
//! # };
//! use hl7_types::FromHl7 as _;
//!
//! #[derive(FromHl7)]
//! #[hl7(version = VERSION)] // hl7_types::v2_5_1::VERSION, for instance
//! struct Comments {
//!     #[hl7("NTE[*]-3[*]")]
//!     lines: Vec<String>,
//!     #[hl7(segment = "NTE")]
//!     notes: Vec<Note>,
//! }
//!
//! #[derive(FromHl7)]
//! #[hl7(version = VERSION)]
//! struct Note {
//!     #[hl7("NTE-1")]
//!     number: u32,
//!     #[hl7("NTE-2")]
//!     source: Option<String>,
//! }
//!
//! let comments = Comments::from_hl7(b"MSH|^~\\&|\rNTE|1||first~second\rNTE|2|L|third\r")?;
//! assert_eq!(comments.lines, ["first", "second", "third"]);
//! assert_eq!(comments.notes[1].source.as_deref(), Some("L"));
//!
//! let error = Comments::from_hl7(b"MSH|^~\\&|\rNTE|\r").err().expect("it has no number");
//! assert_eq!(error.to_string(), "NTE-1 (`notes[1].number`): expected a value, found nothing");
//! # Ok::<(), hl7_types::extract::ExtractError>(())
//! ```
//!
//! On the struct, one of `version` and `message` at least:
//!
//! | key | meaning |
//! |---|---|
//! | `version = path` | the `VersionDesc` that paths are checked against, and that tells the groups of a message that has no structs |
//! | `message = path` | a message struct: groups are checked against it, paths against its version unless another is given |
//! | `crate = path` | the runtime, where it is not called `hl7_types` |
//!
//! On a field, one of the first four:
//!
//! | key | meaning |
//! |---|---|
//! | `"PID-3.1"` | what a path names, as any type with the trait `FromField`: `String`, numbers, `Date`, a table, `Option` of these, ... |
//! | `"PID-3[*].1"`, `"OBX[*]-5"` | each repetition or each segment, as a `Vec` of these |
//! | `group = "ORDER"`, `"PATIENT.VISIT"` | occurrences of a group, at whatever depth it stands; names behind dots stand directly in the one before |
//! | `segment = "NTE"` | segments with an id, also those that stand where the structure has no place for them |
//! | `raw` | all there is, as it came: a `Tree` or a `Vec<u8>` |
//! | `direct` | with a path or `segment`: not in the groups that stand in what is looked at |
//! | `site = path` | with a path or `segment`: checked against a struct that derives `Segment`, not against the version |
//! | `unchecked` | with a path, `group` or `segment`: not checked |
//!
//! A group or segment becomes a struct that derives `FromHl7`: `T` is the first one and must be there, `Option<T>` the first one if
//! there is one, `Vec<T>` each. Paths in it are relative: `OBX-5` in the struct of an order is the first `OBX` of that order.
//!
//! A path that stops above a leaf gives the piece as it was sent. A message of another version than the one checked against is
//! read all the same: what a path names is looked for in the message, whatever its version defines there.
//!
//! Mistakes are reported all at once, each where it stands, with what to write instead.

mod attr;
mod ctxt;
mod expand;
mod model;
#[cfg(test)]
mod tests;
mod types;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

fn expanded(
    input: &DeriveInput,
    expand: fn(&DeriveInput) -> syn::Result<proc_macro2::TokenStream>,
) -> TokenStream {
    expand(input).unwrap_or_else(|mistakes| mistakes.to_compile_error()).into()
}

/// Makes a struct a segment. See the [crate page](crate).
#[proc_macro_derive(Segment, attributes(hl7))]
pub fn derive_segment(input: TokenStream) -> TokenStream {
    expanded(&parse_macro_input!(input as DeriveInput), expand::segment)
}

/// Makes a struct a composite datatype, or an enum a varying one. See the [crate page](crate).
#[proc_macro_derive(Datatype, attributes(hl7))]
pub fn derive_datatype(input: TokenStream) -> TokenStream {
    expanded(&parse_macro_input!(input as DeriveInput), expand::datatype)
}

/// Makes a struct a group of a message, or an enum a choice. See the [crate page](crate).
#[proc_macro_derive(Group, attributes(hl7))]
pub fn derive_group(input: TokenStream) -> TokenStream {
    expanded(&parse_macro_input!(input as DeriveInput), expand::group)
}

/// Makes a struct a message. See the [crate page](crate).
#[proc_macro_derive(Message, attributes(hl7))]
pub fn derive_message(input: TokenStream) -> TokenStream {
    expanded(&parse_macro_input!(input as DeriveInput), expand::message)
}

/// Makes a struct one that is taken from messages. See [the page of it](crate#structs-of-your-own-from-any-message).
#[proc_macro_derive(FromHl7, attributes(hl7))]
pub fn derive_from_hl7(input: TokenStream) -> TokenStream {
    expanded(&parse_macro_input!(input as DeriveInput), expand::from_hl7)
}
