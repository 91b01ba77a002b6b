//! What a policy defines, as it was written: names of datatypes and tables, not yet those of a version.

use crate::desc::Usage;

/// All that makes descriptors differ from the standard's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Definitions {
    /// Sorted by id.
    pub(super) tables: Vec<Table>,
    /// Sorted by id.
    pub(super) segments: Vec<Segment>,
    /// Sorted by segment.
    pub(super) fields: Vec<Field>,
    /// Whether dates, times and telephone numbers may have any form.
    pub(super) any_custom_form: bool,
}

/// `[tables.0001]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Table {
    pub(super) id: String,
    pub(super) name: Option<String>,
    /// All codes, in place of the standard's.
    pub(super) codes: Option<Vec<Code>>,
    /// Codes beside the standard's.
    pub(super) add: Vec<Code>,
    pub(super) closed: Option<bool>,
}

/// A code and what it means.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Code {
    pub(super) code: String,
    pub(super) label: String,
}

/// `[segments.ZPV]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Segment {
    pub(super) id: String,
    pub(super) name: String,
    /// Sorted by position; positions may be left out.
    pub(super) rows: Vec<Row>,
}

/// A field of a site's segment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Row {
    pub(super) seq: u16,
    pub(super) name: String,
    pub(super) datatype: String,
    pub(super) facts: Facts,
}

/// `[fields."PID-3"]`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Field {
    pub(super) segment: String,
    /// Field, component, subcomponent, counted from one; zero where the path ends. The last is always zero.
    pub(super) position: [u32; 4],
    pub(super) facts: Facts,
}

/// What is said about a field; the rest is the standard's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Facts {
    pub(super) usage: Option<Usage>,
    pub(super) max: Option<u16>,
    pub(super) len: Option<u32>,
    pub(super) table: Option<String>,
}
