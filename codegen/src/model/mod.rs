//! The frozen model: every reference resolved, every name final, everything checked.
//!
//! [`build`] lowers a [`schema::Version`] and returns either the model or the list of everything that
//! is wrong. Nothing changes the model afterwards; emitters borrow it and find no XML, no file order
//! and no doubt in it.
//!
//! Top-level items are sorted by id and fields by position, so the model is the same however a schema
//! file is ordered. Only the members of a structure keep their order, because it is the meaning.

mod check;
mod graph;
mod lower;
pub mod names;
mod structures;
mod tables;

use crate::schema::{self, Errors};

pub use crate::schema::{
    Branch, Branches, Condition, ConformanceLength, Format, Max, MemberStatus, TableKind, Usage,
    VariesBy,
};

/// Lowers and checks a schema.
///
/// # Errors
/// Everything that is wrong, each with its place and what to do.
pub fn build(source: &schema::Version) -> Result<Version, Errors> {
    lower::version(source)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $id:ident: $list:ident of $item:ident, $get:ident, $find:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $id(pub u32);

            impl $id {
                /// The index in the list of the version.
                #[must_use]
                pub fn index(self) -> usize {
                    self.0 as usize
                }
            }

            impl std::ops::Index<$id> for Version {
                type Output = $item;

                fn index(&self, id: $id) -> &$item {
                    &self.$list[id.index()]
                }
            }
        )*

        impl Version {
            $(
                /// What the id stands for, the same as indexing the version with it.
                #[must_use]
                pub fn $get(&self, id: $id) -> &$item {
                    &self[id]
                }

                /// Looks for the standard's name of the item.
                #[must_use]
                pub fn $find(&self, id: &str) -> Option<$id> {
                    let index = self.$list.binary_search_by(|item| item.id.as_str().cmp(id)).ok()?;
                    u32::try_from(index).ok().map($id)
                }
            )*
        }
    };
}

ids! {
    /// Points into [`Version::datatypes`].
    DatatypeId: datatypes of Datatype, datatype, find_datatype;
    /// Points into [`Version::segments`].
    SegmentId: segments of Segment, segment, find_segment;
    /// Points into [`Version::tables`].
    TableId: tables of Table, table, find_table;
    /// Points into [`Version::structures`].
    StructureId: structures of Structure, structure, find_structure;
}

/// One version of the standard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// `2.5.1`.
    pub id: String,
    /// `v2_5_1`.
    pub module: String,
    /// Sorted by id.
    pub datatypes: Vec<Datatype>,
    /// Sorted by id.
    pub segments: Vec<Segment>,
    /// Sorted by id.
    pub tables: Vec<Table>,
    /// Sorted by id.
    pub structures: Vec<Structure>,
    /// Sorted by message, then trigger.
    pub events: Vec<Event>,
}

/// A datatype.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datatype {
    /// `CX`.
    pub id: String,
    /// Name; empty where none is known.
    pub name: String,
    /// What it is made of.
    pub kind: DatatypeKind,
    /// Maximum length of the whole, in characters.
    pub max_len: Option<u32>,
    /// `Cx`.
    pub rust_type: String,
    /// `cx`.
    pub module: String,
    /// Number of texts it has when flattened; a [boxed](Component::boxed) component counts as one.
    pub leaves: usize,
}

/// What a datatype is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatatypeKind {
    /// One text.
    Primitive(Format),
    /// Components, by position; component `n` is at index `n - 1`.
    Composite(Vec<Component>),
    /// Another field names the type.
    Varies,
}

impl Datatype {
    /// The components; none unless it is a composite.
    #[must_use]
    pub fn components(&self) -> &[Component] {
        match &self.kind {
            DatatypeKind::Composite(components) => components,
            DatatypeKind::Primitive(_) | DatatypeKind::Varies => &[],
        }
    }
}

/// A component of a datatype.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Position, from 1.
    pub seq: u16,
    /// Element name.
    pub name: String,
    /// Rust name.
    pub ident: String,
    /// Datatype; none when withdrawn.
    pub datatype: Option<DatatypeId>,
    /// Usage.
    pub usage: Usage,
    /// When it is required, though its usage is not.
    pub condition: Option<Condition>,
    /// Lengths.
    pub len: Length,
    /// Table of its codes.
    pub table: Option<TableId>,
    /// Datatype before it was withdrawn; it need not exist any more.
    pub hist: Option<String>,
    /// True when this component leads back to the datatype it is in, so that a struct needs a box.
    pub boxed: bool,
}

/// Lengths in characters; each one may be unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Length {
    /// Least.
    pub min: Option<u32>,
    /// Greatest.
    pub max: Option<u32>,
    /// What a receiver has to keep.
    pub conf: Option<ConformanceLength>,
}

/// A segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// `PID`.
    pub id: String,
    /// Name.
    pub name: String,
    /// `Pid`.
    pub rust_type: String,
    /// `pid`.
    pub module: String,
    /// True when the whole segment is withdrawn.
    pub withdrawn: bool,
    /// Fields, by position; field `n` is at index `n - 1`.
    pub fields: Vec<Field>,
}

/// A field of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Position, from 1.
    pub seq: u16,
    /// Element name.
    pub name: String,
    /// Rust name.
    pub ident: String,
    /// Datatype; none when withdrawn.
    pub datatype: Option<DatatypeId>,
    /// Usage.
    pub usage: Usage,
    /// When it is required, though its usage is not.
    pub condition: Option<Condition>,
    /// Least number of repetitions.
    pub min: u16,
    /// Greatest number of repetitions; 0 when withdrawn.
    pub max: Max,
    /// Lengths.
    pub len: Length,
    /// Table of its codes.
    pub table: Option<TableId>,
    /// HL7 item number.
    pub item: Option<u32>,
    /// What names the datatype of this one.
    pub varies_by: Option<VariesBy>,
    /// True when any number of further fields may follow; only ever the last field.
    pub open: bool,
    /// Datatype before it was withdrawn; it need not exist any more.
    pub hist: Option<String>,
}

/// A table of codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// `0001`.
    pub id: String,
    /// Name; empty where none is known.
    pub name: String,
    /// Who defines it.
    pub kind: TableKind,
    /// `AdministrativeSex`.
    pub rust_type: String,
    /// Values, sorted by code.
    pub values: Vec<Value>,
    /// Forms that codes may have, each with its label.
    pub patterns: Vec<(String, String)>,
}

/// A code of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// `F`.
    pub code: String,
    /// `Female`; empty where none is known.
    pub label: String,
    /// `Female`.
    pub variant: String,
}

/// A message structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Structure {
    /// `ADT_A01`.
    pub id: String,
    /// `AdtA01`.
    pub rust_type: String,
    /// `adt_a01`.
    pub module: String,
    /// Members, in order.
    pub members: Vec<Member>,
}

/// A part of a structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// What it is.
    pub kind: MemberKind,
    /// Rust name: the field in a structure or group, the variant in a choice.
    pub ident: String,
    /// Least number of occurrences.
    pub min: u16,
    /// Greatest number of occurrences.
    pub max: Max,
    /// Standing, where it is not plainly active.
    pub status: Option<MemberStatus>,
}

/// What a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberKind {
    /// One segment.
    Segment(SegmentId),
    /// Any segment of a kind.
    AnySegment(AnySegment),
    /// Members that belong together.
    Group {
        /// `PATIENT_RESULT`.
        name: String,
        /// `PatientResult`.
        rust_type: String,
        /// In order.
        members: Vec<Member>,
    },
    /// Exactly one of its members; each of them has the cardinality 1..1.
    Choice {
        /// `ORDER_CHOICE`.
        name: String,
        /// `OrderChoice`.
        rust_type: String,
        /// The alternatives, in order.
        members: Vec<Member>,
    },
}

/// A place for segments that the structure does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnySegment {
    /// `Hxx`: any segment of the standard.
    Hxx,
    /// `Zxx`: any segment of a site.
    Zxx,
}

/// Which structure a message of a kind has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// MSH-9.1.
    pub message: String,
    /// MSH-9.2; none for a message without one.
    pub trigger: Option<String>,
    /// MSH-9.3.
    pub structure: StructureId,
}
