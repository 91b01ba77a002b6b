//! Descriptors: what the standard says about segments, datatypes, tables and message structures, as static data.
//!
//! A generated version crate prints these as `static` items; `derive(Segment)` builds the same ones from attributes.
//! Everything that reads the standard at run time (decode, encode, checks, printing) reads it from here, so any
//! version can be used without its structs.

mod table;

use std::sync::OnceLock;

use crate::grammar::Grammar;
use crate::node::MOST_SLOTS;
use crate::summary::Summary;
pub use table::{Code, TableDesc, TableKind};

/// "No limit" as a maximum cardinality, written `*` in the standard.
pub const MANY: u16 = u16::MAX;

/// As [`ElementDesc::varies_by`]: RDF-2 of the last RDF in front of the segment names the datatype of each field, as
/// that of a column (RDT).
pub const BY_COLUMN: u16 = u16::MAX;

/// Optionality of a field or component (section 2.5.3.5 "Optionality", later "Usage").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Usage {
    /// `R`: required.
    R,
    /// `RE`: required but may be empty.
    Re,
    /// `O`: optional.
    O,
    /// `C`: conditional on the trigger event or on another field.
    C,
    /// `C(R/X)`: required when the condition holds, else not supported (2.9).
    CrX,
    /// `C(RE/X)`: required but may be empty when the condition holds, else not supported (2.9).
    CreX,
    /// `B`: kept for backward compatibility.
    B,
    /// `X`: not supported, must not be sent.
    X,
    /// `W`: withdrawn; the position stays taken.
    W,
}

impl Usage {
    /// All of them.
    pub const ALL: [Self; 9] =
        [Self::R, Self::Re, Self::O, Self::C, Self::CrX, Self::CreX, Self::B, Self::X, Self::W];

    /// The code as the standard's tables print it, `C(R/X)` for instance.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Usage::R => "R",
            Usage::Re => "RE",
            Usage::O => "O",
            Usage::C => "C",
            Usage::CrX => "C(R/X)",
            Usage::CreX => "C(RE/X)",
            Usage::B => "B",
            Usage::X => "X",
            Usage::W => "W",
        }
    }

    /// The word for the code, as a reader would say it: `required`, `backward compatible`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Usage::R => "required",
            Usage::Re => "required but may be empty",
            Usage::O => "optional",
            Usage::C => "conditional",
            Usage::CrX => "conditional: required or not supported",
            Usage::CreX => "conditional: required but may be empty, or not supported",
            Usage::B => "backward compatible",
            Usage::X => "not supported",
            Usage::W => "withdrawn",
        }
    }
}

/// Normative length of a field or component, in characters; zero means "not stated".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Length {
    /// Minimum length (stated from 2.9 on).
    pub min: u32,
    /// Maximum length (mostly stated up to 2.6).
    pub max: u32,
    /// Conformance length (stated from 2.7 on): the length a receiver must be able to store.
    pub conformance: u32,
    /// `#` after the conformance length: the value may be truncated. `=` (or nothing) when `false`.
    pub truncatable: bool,
}

/// One field of a segment or one component of a composite datatype.
///
/// Both are what the standard calls a data element in a position; components use cardinality 0..1.
#[derive(Debug, Clone, Copy)]
pub struct ElementDesc {
    /// Element name as the standard prints it: `Patient Identifier List`.
    pub name: &'static str,
    /// Name of the struct field that holds it: `patient_identifier_list`.
    pub ident: &'static str,
    /// Datatype; `None` where the element is withdrawn and has none.
    pub datatype: Option<&'static DatatypeDesc>,
    /// Optionality.
    pub usage: Usage,
    /// Minimum number of repetitions.
    pub min: u16,
    /// Maximum number of repetitions, [`MANY`] for no limit.
    pub max: u16,
    /// Normative length.
    pub length: Length,
    /// Table of allowed or suggested codes.
    pub table: Option<&'static TableDesc>,
    /// HL7 item number, zero where there is none.
    pub item: u32,
    /// Position of the field that names the datatype of this one (OBX-5: 2), zero where there is none, or [`BY_COLUMN`].
    pub varies_by: u16,
    /// Whether any number of further fields of the same kind may follow, each repeating as it likes (RDT-1, QPD-3).
    pub open: bool,
    /// When the element is required, though its usage is not `R`: positions in the same segment or composite that have to
    /// have a value, as negative numbers those that have to have none; zero says nothing. Where the usage is `C(R/X)` or
    /// `C(RE/X)`, it must have no value otherwise. Conditions that say more than that are not stated.
    pub condition: [i8; 2],
}

impl ElementDesc {
    /// An optional, single element with no further facts; the methods below add them.
    #[must_use]
    pub const fn new(
        name: &'static str,
        ident: &'static str,
        datatype: &'static DatatypeDesc,
    ) -> Self {
        Self {
            name,
            ident,
            datatype: Some(datatype),
            usage: Usage::O,
            min: 0,
            max: 1,
            length: Length { min: 0, max: 0, conformance: 0, truncatable: false },
            table: None,
            item: 0,
            varies_by: 0,
            open: false,
            condition: [0; 2],
        }
    }

    /// A withdrawn element: it keeps its position and has no datatype any more.
    #[must_use]
    pub const fn withdrawn(name: &'static str, ident: &'static str) -> Self {
        let mut element = Self::new(name, ident, &crate::primitives::TEXT);
        element.datatype = None;
        element.usage = Usage::W;
        element.max = 0;
        element
    }

    /// Sets the optionality.
    #[must_use]
    pub const fn usage(mut self, usage: Usage) -> Self {
        self.usage = usage;
        self
    }

    /// Sets the cardinality; `max` may be [`MANY`].
    #[must_use]
    pub const fn repeats(mut self, min: u16, max: u16) -> Self {
        self.min = min;
        self.max = max;
        self
    }

    /// Sets the maximum length.
    #[must_use]
    pub const fn len(mut self, max: u32) -> Self {
        self.length.max = max;
        self
    }

    /// Sets the minimum length.
    #[must_use]
    pub const fn min_len(mut self, min: u32) -> Self {
        self.length.min = min;
        self
    }

    /// Sets the conformance length and whether truncation is allowed.
    #[must_use]
    pub const fn conf_len(mut self, length: u32, truncatable: bool) -> Self {
        self.length.conformance = length;
        self.length.truncatable = truncatable;
        self
    }

    /// Sets the table.
    #[must_use]
    pub const fn table(mut self, table: &'static TableDesc) -> Self {
        self.table = Some(table);
        self
    }

    /// Sets the table where there is one: what a derive knows only as `Option`.
    #[must_use]
    pub const fn maybe_table(mut self, table: Option<&'static TableDesc>) -> Self {
        self.table = table;
        self
    }

    /// Sets the item number.
    #[must_use]
    pub const fn item(mut self, item: u32) -> Self {
        self.item = item;
        self
    }

    /// Names the field that says which datatype this one has, or [`BY_COLUMN`].
    #[must_use]
    pub const fn varies_by(mut self, seq: u16) -> Self {
        self.varies_by = seq;
        self
    }

    /// Marks an element that any number of further ones may follow.
    #[must_use]
    pub const fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// Sets the condition under which it is required, see [`ElementDesc::condition`].
    #[must_use]
    pub const fn required_if(mut self, condition: [i8; 2]) -> Self {
        self.condition = condition;
        self
    }

    /// The condition in words, `Observation Value is valued` for instance; empty where there is none. `siblings` are all
    /// elements of its segment or composite.
    #[must_use]
    pub fn condition_in_words(&self, siblings: &[ElementDesc]) -> String {
        let mut words = String::new();
        for term in self.condition.into_iter().filter(|&term| term != 0) {
            let sibling = siblings.get(usize::from(term.unsigned_abs()) - 1);
            let and = if words.is_empty() { "" } else { " and " };
            let is = if term > 0 { "is valued" } else { "is empty" };
            words.push_str(&format!("{and}{} {is}", sibling.map_or("", |sibling| sibling.name)));
        }
        words
    }

    /// Whether its datatype has components.
    #[must_use]
    pub const fn is_composite(&self) -> bool {
        matches!(self.datatype, Some(DatatypeDesc { kind: DatatypeKind::Composite(_), .. }))
    }

    /// Whether its datatype is one piece of text.
    #[must_use]
    pub const fn is_primitive(&self) -> bool {
        matches!(self.datatype, Some(DatatypeDesc { kind: DatatypeKind::Primitive(_), .. }))
    }

    /// Whether more than one repetition is allowed.
    #[must_use]
    pub const fn is_repeating(&self) -> bool {
        self.max > 1
    }
}

/// A segment: `PID`, its name and its fields in order (field `n` at index `n - 1`).
#[derive(Debug)]
pub struct SegmentDesc {
    /// Three letters: `PID`.
    pub id: &'static str,
    /// Name: `Patient Identification`.
    pub name: &'static str,
    /// Fields in order.
    pub fields: &'static [ElementDesc],
    /// Its fields, summed up.
    pub(crate) summary: Summary,
}

impl SegmentDesc {
    /// A segment with its fields in order.
    #[must_use]
    pub const fn new(id: &'static str, name: &'static str, fields: &'static [ElementDesc]) -> Self {
        Self { id, name, fields, summary: Summary::of(fields) }
    }

    /// The field at an index: behind an open one, that one.
    pub(crate) fn field(&self, index: usize) -> Option<&'static ElementDesc> {
        let open = || self.fields.last().filter(|last| last.open && index < MOST_SLOTS);
        self.fields.get(index).or_else(open)
    }
}

/// Fails to compile where a struct and its descriptor have different numbers of rows.
#[doc(hidden)]
#[track_caller]
pub const fn same_rows(described: usize, written: usize, message: &str) {
    if described != written {
        panic!("{}", message);
    }
}

/// How the text of a primitive is formed; decides which check applies and how it may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// ST: short text.
    String,
    /// TX: text for display.
    Text,
    /// FT: text with formatting commands.
    Formatted,
    /// SI: sequence id, a non-negative whole number.
    Sequence,
    /// NM: a number.
    Number,
    /// ID: a code of an HL7 table.
    Id,
    /// IS: a code of a user-defined table.
    Coded,
    /// DT: a date, `YYYY[MM[DD]]`.
    Date,
    /// TM: a time, `HH[MM[SS[.S[S[S[S]]]]]][+/-ZZZZ]`.
    Time,
    /// DTM: a date and time, `YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]`.
    DateTime,
    /// GTS: a general timing specification.
    Timing,
    /// TN: a telephone number (up to 2.2).
    Telephone,
    /// SNM: digits with a leading plus allowed (from 2.7 on).
    StringNumber,
    /// CM of 2.1: a composite whose parts the standard does not name.
    CompositeUnknown,
}

/// What a datatype is made of.
#[derive(Debug, Clone, Copy)]
pub enum DatatypeKind {
    /// One piece of text.
    Primitive(Format),
    /// Components in order (component `n` at index `n - 1`).
    Composite(&'static [ElementDesc]),
    /// Another field names the datatype (OBX-5).
    Varies,
}

/// A datatype: `CX`, its name and its make.
#[derive(Debug)]
pub struct DatatypeDesc {
    /// `CX`.
    pub id: &'static str,
    /// Name: `Extended Composite ID with Check Digit`.
    pub name: &'static str,
    /// Primitive, composite or varying.
    pub kind: DatatypeKind,
    /// Maximum length of the whole in characters, zero where not stated.
    pub max_len: u32,
    /// Its components, summed up.
    pub(crate) summary: Summary,
}

impl DatatypeDesc {
    /// A datatype; a `max_len` of zero states none.
    #[must_use]
    pub const fn new(
        id: &'static str,
        name: &'static str,
        kind: DatatypeKind,
        max_len: u32,
    ) -> Self {
        let summary = match kind {
            DatatypeKind::Composite(components) => Summary::of(components),
            DatatypeKind::Primitive(_) | DatatypeKind::Varies => Summary::NOTHING,
        };
        Self { id, name, kind, max_len, summary }
    }

    /// The components of a composite; empty for a primitive.
    #[must_use]
    pub fn components(&self) -> &'static [ElementDesc] {
        match self.kind {
            DatatypeKind::Composite(components) => components,
            _ => &[],
        }
    }

    /// The format of a primitive.
    #[must_use]
    pub fn format(&self) -> Option<Format> {
        match self.kind {
            DatatypeKind::Primitive(format) => Some(format),
            _ => None,
        }
    }
}

/// A group of a message structure, or the members of a whole structure.
#[derive(Debug)]
pub struct GroupDesc {
    /// `PROCEDURE`; for a whole message its structure id.
    pub name: &'static str,
    /// Members in order.
    pub members: &'static [MemberDesc],
}

/// Which segments an any-segment position takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AnySegment {
    /// `Hxx`: any segment of the standard.
    Hl7,
    /// `Zxx`: any site-defined segment.
    Site,
}

/// What stands at a position of a structure.
#[derive(Debug, Clone, Copy)]
pub enum MemberKind {
    /// One segment.
    Segment(&'static SegmentDesc),
    /// Any segment.
    Any(AnySegment),
    /// A group of members in order.
    Group(&'static GroupDesc),
    /// Exactly one of the members.
    Choice(&'static GroupDesc),
}

/// One position of a group: segment, group or choice, with its cardinality.
#[derive(Debug, Clone, Copy)]
pub struct MemberDesc {
    /// Name of the struct field that holds it: `pid`, `patient_result`.
    pub ident: &'static str,
    /// What stands there.
    pub kind: MemberKind,
    /// Minimum number of occurrences.
    pub min: u16,
    /// Maximum number of occurrences, [`MANY`] for no limit.
    pub max: u16,
}

impl MemberDesc {
    /// A member with its cardinality.
    #[must_use]
    pub const fn new(ident: &'static str, min: u16, max: u16, kind: MemberKind) -> Self {
        Self { ident, kind, min, max }
    }

    /// Segment id or group name: `PID`, `PROCEDURE`, `Hxx`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self.kind {
            MemberKind::Segment(segment) => segment.id,
            MemberKind::Any(AnySegment::Hl7) => "Hxx",
            MemberKind::Any(AnySegment::Site) => "Zxx",
            MemberKind::Group(group) | MemberKind::Choice(group) => group.name,
        }
    }
}

impl MemberDesc {
    /// The segment that stands here, if one segment does.
    #[must_use]
    pub fn segment(&self) -> Option<&'static SegmentDesc> {
        match self.kind {
            MemberKind::Segment(segment) => Some(segment),
            _ => None,
        }
    }

    /// The id of the segment that this member starts with: its first required one, or the first of all.
    #[must_use]
    pub fn first_segment(&self) -> &'static str {
        match self.kind {
            MemberKind::Group(group) | MemberKind::Choice(group) => {
                let required = group.members.iter().find(|member| member.min > 0);
                required.or(group.members.first()).map_or("", MemberDesc::first_segment)
            }
            _ => self.name(),
        }
    }
}

/// A message structure: `ADT_A01` and its members.
#[derive(Debug)]
pub struct StructureDesc {
    /// `ADT_A01`.
    pub id: &'static str,
    /// The version it belongs to; `None` for a structure made by hand without one.
    pub version: Option<&'static VersionDesc>,
    /// Its members.
    pub root: &'static GroupDesc,
    grammar: OnceLock<Grammar>,
}

impl StructureDesc {
    /// A structure over its members.
    #[must_use]
    pub const fn new(
        id: &'static str,
        version: Option<&'static VersionDesc>,
        root: &'static GroupDesc,
    ) -> Self {
        Self { id, version, root, grammar: OnceLock::new() }
    }

    /// The structure as positions with costs, made at first use.
    pub(crate) fn grammar(&'static self) -> &'static Grammar {
        self.grammar.get_or_init(|| Grammar::of(self.root))
    }
}

/// One row of the event map: message code and trigger event to structure.
#[derive(Debug, Clone, Copy)]
pub struct EventDesc {
    /// MSH-9.1: `ADT`.
    pub message: &'static str,
    /// MSH-9.2: `A04`; empty for a message without an event.
    pub trigger: &'static str,
    /// The structure: `ADT_A01`.
    pub structure: &'static str,
}

/// Everything one version of the standard defines.
#[derive(Debug)]
pub struct VersionDesc {
    /// As MSH-12 says it: `2.5.1`.
    pub id: &'static str,
    /// Segments, sorted by id.
    pub segments: &'static [&'static SegmentDesc],
    /// Datatypes, sorted by id.
    pub datatypes: &'static [&'static DatatypeDesc],
    /// Tables, sorted by id.
    pub tables: &'static [&'static TableDesc],
    /// Message structures, sorted by id.
    pub structures: &'static [&'static StructureDesc],
    /// Event map, sorted by message, then trigger.
    pub events: &'static [EventDesc],
}

impl VersionDesc {
    /// The segment with this id.
    #[must_use]
    pub fn segment(&self, id: &str) -> Option<&'static SegmentDesc> {
        let at = self.segments.binary_search_by(|segment| segment.id.cmp(id)).ok()?;
        Some(self.segments[at])
    }

    /// The datatype with this id.
    #[must_use]
    pub fn datatype(&self, id: &str) -> Option<&'static DatatypeDesc> {
        let at = self.datatypes.binary_search_by(|datatype| datatype.id.cmp(id)).ok()?;
        Some(self.datatypes[at])
    }

    /// The table with this four-digit id.
    #[must_use]
    pub fn table(&self, id: &str) -> Option<&'static TableDesc> {
        let at = self.tables.binary_search_by(|table| table.id.cmp(id)).ok()?;
        Some(self.tables[at])
    }

    /// The structure with this id.
    #[must_use]
    pub fn structure(&self, id: &str) -> Option<&'static StructureDesc> {
        let at = self.structures.binary_search_by(|structure| structure.id.cmp(id)).ok()?;
        Some(self.structures[at])
    }

    /// The structure that a message code and trigger event have (`ADT`, `A04` gives `ADT_A01`).
    ///
    /// An event that the map lacks has the structure of the row for all of its kind: `QBP^Z42` that of `QBP^Znn`.
    #[must_use]
    pub fn structure_of_event(
        &self,
        message: &str,
        trigger: &str,
    ) -> Option<&'static StructureDesc> {
        let row = |trigger: &str| {
            let rows = self.events;
            rows.binary_search_by(|row| (row.message, row.trigger).cmp(&(message, trigger))).ok()
        };
        let of_its_kind = || match trigger.as_bytes() {
            [b'K', _, _] => row("Knn"),
            [b'Q', _, _] => row("Qnn"),
            [b'Z', _, _] => row("Znn"),
            _ => None,
        };
        self.structure(self.events[row(trigger).or_else(of_its_kind)?].structure)
    }

    /// The structure that MSH-9 names: its third component if it is known, else the event map over the first two,
    /// else the first alone (`ACK`), else the first read as a structure id (`ORU_R01` sent as MSH-9.1).
    #[must_use]
    pub fn structure_of_message(
        &self,
        code: &str,
        trigger: &str,
        structure: &str,
    ) -> Option<&'static StructureDesc> {
        self.structure(structure)
            .or_else(|| self.structure_of_event(code, trigger))
            .or_else(|| self.structure_of_event(code, ""))
            .or_else(|| self.structure(code))
    }
}
