//! The schema files as they are written: one struct an element, one member an attribute.
//!
//! Nothing is resolved here. References are strings, order is file order, and every node keeps the
//! file and line it came from for the errors of the next phase. `schemas/README.md` is the legend.
//!
//! [`read_version`] is the only function of this crate that reads files; [`parse`] does the same with
//! texts at hand.

mod errata;
mod error;
mod read;
mod row;
mod tree;
mod vocabulary;

use serde::Deserialize;

pub(crate) use error::did_you_mean;
pub use error::{At, Error, Errors};
pub use read::{parse, read_version};
pub use vocabulary::{
    Branch, Branches, Condition, ConformanceLength, Disputed, Format, Max, MemberStatus, TableKind,
    Usage, VariesBy,
};

/// The files of a version, each named after its root element.
pub const FILES: [&str; 4] = ["datatypes", "segments", "messages", "tables"];

/// The file that a version may have besides, named alike: corrections of the others.
pub const ERRATA: &str = "errata";

/// Everything the files of one version say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Version {
    /// Where the version is named first.
    pub at: At,
    /// `2.5.1`.
    pub id: String,
    /// `datatypes.xml`.
    pub datatypes: Vec<Datatype>,
    /// `segments.xml`.
    pub segments: Vec<Segment>,
    /// The structures of `messages.xml`.
    pub structures: Vec<Structure>,
    /// The events of `messages.xml`.
    pub events: Vec<Event>,
    /// `tables.xml`.
    pub tables: Vec<Table>,
}

/// `<primitive>`, `<varies>` or `<composite>`.
#[derive(Debug, Clone, PartialEq)]
pub struct Datatype {
    /// Where it stands.
    pub at: At,
    /// `CX`.
    pub id: String,
    /// Name, where one is known.
    pub name: String,
    /// Maximum length of the whole, in characters.
    pub max_len: Option<u32>,
    /// Which of the three elements it is.
    pub kind: DatatypeKind,
}

/// What a datatype is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum DatatypeKind {
    /// `<primitive>`: one text.
    Primitive(Format),
    /// `<varies>`: another field names the type.
    Varies,
    /// `<composite>`: components.
    Composite(Vec<Component>),
}

/// `<component>`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Component {
    /// Where it stands.
    #[serde(skip)]
    pub at: At,
    /// Position, from 1.
    pub seq: u16,
    /// Element name.
    pub name: String,
    /// Rust name, where the one made from `name` does not do.
    pub ident: Option<String>,
    /// Datatype; none when withdrawn.
    #[serde(rename = "type")]
    pub datatype: Option<String>,
    /// Usage.
    #[serde(default)]
    pub usage: Usage,
    /// When it is required, though its usage is not.
    #[serde(rename = "if")]
    pub condition: Option<Condition>,
    /// Minimum length.
    pub min_len: Option<u32>,
    /// Maximum length.
    pub len: Option<u32>,
    /// Conformance length.
    pub conf_len: Option<ConformanceLength>,
    /// Table of its codes.
    pub table: Option<String>,
    /// Datatype before it was withdrawn.
    pub hist_type: Option<String>,
    /// Number of sources that list it.
    pub sources: Option<u16>,
    /// Attributes about which they disagree.
    #[serde(default)]
    pub disputed: Disputed,
}

/// `<segment>` in `segments.xml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Segment {
    /// Where it stands.
    #[serde(skip)]
    pub at: At,
    /// `PID`.
    pub id: String,
    /// Name.
    pub name: String,
    /// `W` when the whole segment is withdrawn.
    pub status: Option<SegmentStatus>,
    /// Fields, in file order.
    #[serde(skip)]
    pub fields: Vec<Field>,
}

/// The standing of a segment that is not active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum SegmentStatus {
    /// `W`: withdrawn.
    #[serde(rename = "W")]
    Withdrawn,
}

/// `<field>`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Field {
    /// Where it stands.
    #[serde(skip)]
    pub at: At,
    /// Position, from 1.
    pub seq: u16,
    /// Element name.
    pub name: String,
    /// Rust name, where the one made from `name` does not do.
    pub ident: Option<String>,
    /// Datatype; none when withdrawn.
    #[serde(rename = "type")]
    pub datatype: Option<String>,
    /// What names the type of this one.
    pub varies_by: Option<VariesBy>,
    /// True when any number of further fields may follow.
    #[serde(default)]
    pub open: bool,
    /// Usage.
    #[serde(default)]
    pub usage: Usage,
    /// When it is required, though its usage is not.
    #[serde(rename = "if")]
    pub condition: Option<Condition>,
    /// Least number of repetitions; 0 when not written.
    #[serde(default)]
    pub min: u16,
    /// Greatest number of repetitions; when not written 1, or 0 with usage `W`.
    pub max: Option<Max>,
    /// Minimum length.
    pub min_len: Option<u32>,
    /// Maximum length.
    pub len: Option<u32>,
    /// Conformance length.
    pub conf_len: Option<ConformanceLength>,
    /// Table of its codes.
    pub table: Option<String>,
    /// HL7 item number, five digits.
    pub item: Option<String>,
    /// Datatype before it was withdrawn.
    pub hist_type: Option<String>,
    /// Number of sources that list it.
    pub sources: Option<u16>,
    /// Attributes about which they disagree.
    #[serde(default)]
    pub disputed: Disputed,
}

/// `<structure>`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Structure {
    /// Where it stands.
    #[serde(skip)]
    pub at: At,
    /// `ADT_A01`.
    pub id: String,
    /// Number of sources with the same tree.
    pub sources: Option<u16>,
    /// `tree` when a source has another one.
    #[serde(default)]
    pub disputed: Disputed,
    /// Members, in order.
    #[serde(skip)]
    pub members: Vec<Member>,
}

/// `<segment>`, `<group>` or `<choice>` inside a structure.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Where it stands.
    pub at: At,
    /// Which of the three it is.
    pub kind: MemberKind,
    /// Segment id, group name or choice name.
    pub name: String,
    /// Rust name, where the one made from `name` does not do.
    pub ident: Option<String>,
    /// Least number of occurrences, where it is written.
    pub min: Option<u16>,
    /// Greatest number of occurrences, where it is written.
    pub max: Option<Max>,
    /// Standing, where it is not plainly active.
    pub status: Option<MemberStatus>,
}

/// What a member is.
#[derive(Debug, Clone, PartialEq)]
pub enum MemberKind {
    /// One segment.
    Segment,
    /// Its members, in order.
    Group(Vec<Member>),
    /// Exactly one of its members.
    Choice(Vec<Member>),
}

/// `<event>`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Event {
    /// Where it stands.
    #[serde(skip)]
    pub at: At,
    /// Message code, MSH-9.1.
    pub message: String,
    /// Trigger event, MSH-9.2; none for a message without one.
    pub trigger: Option<String>,
    /// Structure, MSH-9.3.
    pub structure: String,
    /// Number of sources that list it.
    pub sources: Option<u16>,
}

/// `<table>`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Table {
    /// Where it stands.
    #[serde(skip)]
    pub at: At,
    /// Four digits.
    pub id: String,
    /// Name; empty when none is known.
    #[serde(default)]
    pub name: String,
    /// Rust name, where the one made from `name` does not do.
    pub ident: Option<String>,
    /// Who defines it, where that is known.
    #[serde(rename = "type")]
    pub kind: Option<TableKind>,
    /// Values, in file order.
    #[serde(skip)]
    pub values: Vec<Value>,
}

/// `<value>`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Value {
    /// Where it stands.
    #[serde(skip)]
    pub at: At,
    /// Code.
    pub code: String,
    /// Label; empty when none is known.
    #[serde(default)]
    pub label: String,
    /// Rust name, where the one made from `label` does not do.
    pub ident: Option<String>,
    /// What the codes look like, where `code` is not one but describes many.
    pub pattern: Option<String>,
    /// Number of sources that list it.
    pub sources: Option<u16>,
}
