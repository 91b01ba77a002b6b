//! From definitions to descriptors of a version.
//!
//! Descriptors are `'static`: the engine, the structs and every finding of a table hold references to them, and were they
//! borrowed, each of these would have a lifetime. A policy lives as long as the process in any case, so its descriptors
//! are leaked, once: what was built is kept by what it was built from, and the same definitions give the same descriptors.
//! So a hub that reads its policies again every minute leaks nothing; only a definition that was changed takes memory
//! anew, some kilobytes for each version that is spoken.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::desc::{
    self, DatatypeDesc, DatatypeKind, ElementDesc, Format, Length, MANY, SegmentDesc, TableDesc,
    TableKind, Usage, VersionDesc,
};
use crate::primitives::TEXT;
use crate::site::Site;

use super::definitions::{Code, Definitions, Facts, Field, Segment, Table};

/// The forms that the switch `custom-datatypes` is about: DT, TM, TS, TN.
const CUSTOM: &[Format] = &[Format::Date, Format::Time, Format::DateTime, Format::Telephone];

/// What definitions are under a version.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) site: Site,
    pub(super) segments: Vec<&'static SegmentDesc>,
}

/// The version, by its address, and the definitions.
type Source = (usize, Definitions);

static BUILT: LazyLock<Mutex<HashMap<Source, &'static Built>>> = LazyLock::new(Mutex::default);

/// The descriptors of definitions under a version; the same for the same.
pub(super) fn built(definitions: &Definitions, version: &'static VersionDesc) -> &'static Built {
    let mut known = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let source = (std::ptr::from_ref(version) as usize, definitions.clone());
    known.entry(source).or_insert_with(|| leak(build(definitions, version)))
}

fn build(definitions: &Definitions, version: &'static VersionDesc) -> Built {
    let tables = definitions.tables.iter().filter_map(|table| table_of(table, version)).collect();
    let unchecked = if definitions.any_custom_form { CUSTOM } else { &[] };
    let mut builder = Builder { version, tables };
    let segments = definitions.segments.iter().map(|segment| builder.own(segment)).collect();
    let changed = definitions
        .fields
        .chunk_by(|a, b| a.segment == b.segment)
        .filter_map(|fields| builder.changed(fields))
        .collect();
    let tables = std::mem::take(&mut builder.tables);
    Built { site: Site { segments: changed, tables, unchecked }, segments }
}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn leak_text(text: &str) -> &'static str {
    Box::leak(text.into())
}

/// A table as it is under a version; `None` where codes are added to a table that the version does not have.
fn table_of(table: &Table, version: &VersionDesc) -> Option<&'static TableDesc> {
    let standard = version.table(&table.id);
    let leaked = |code: &Code| desc::Code::new(leak_text(&code.code), leak_text(&code.label));
    let (mut codes, patterns) = match (&table.codes, standard) {
        (Some(codes), _) => (codes.iter().map(leaked).collect(), &[][..]),
        (None, Some(standard)) => (standard.codes.to_vec(), standard.patterns),
        (None, None) => return None,
    };
    codes.extend(table.add.iter().map(leaked));
    codes.sort_by_key(|code| code.code);
    codes.dedup_by_key(|code| code.code);
    let kind = match table.closed {
        Some(true) => TableKind::Hl7,
        Some(false) => TableKind::User,
        None => standard.map_or(TableKind::Hl7, |standard| standard.kind),
    };
    let name = match &table.name {
        Some(name) => leak_text(name),
        None => standard.map_or("site-defined", |standard| standard.name),
    };
    Some(leak(TableDesc {
        id: standard.map_or_else(|| leak_text(&table.id), |standard| standard.id),
        name,
        kind,
        codes: codes.leak(),
        patterns,
    }))
}

/// Builds segments over a version and a site's tables.
struct Builder {
    version: &'static VersionDesc,
    tables: Vec<&'static TableDesc>,
}

impl Builder {
    fn table(&self, id: &str) -> Option<&'static TableDesc> {
        let own = self.tables.iter().copied().find(|table| table.id == id);
        own.or_else(|| self.version.table(id))
    }

    /// A segment of the site's own. A position that is left out takes anything.
    fn own(&self, segment: &Segment) -> &'static SegmentDesc {
        let anything = ElementDesc {
            datatype: None,
            ..ElementDesc::new("not described", "", &TEXT).repeats(0, MANY)
        };
        let last = segment.rows.last().map_or(0, |row| usize::from(row.seq));
        let mut elements = vec![anything; last];
        for row in &segment.rows {
            let Some(element) = elements.get_mut(usize::from(row.seq).saturating_sub(1)) else {
                continue;
            };
            *element = ElementDesc {
                datatype: self.version.datatype(&row.datatype),
                ..ElementDesc::new(leak_text(&row.name), "", &TEXT)
            };
            self.apply(&row.facts, element);
        }
        leak(SegmentDesc::new(leak_text(&segment.id), leak_text(&segment.name), elements.leak()))
    }

    /// A segment of the standard with some fields changed, and which; `None` where the version does not have it.
    fn changed(&self, fields: &[Field]) -> Option<(&'static SegmentDesc, &'static SegmentDesc)> {
        let standard = self.version.segment(&fields.first()?.segment)?;
        let fields: Vec<_> = fields.iter().collect();
        let elements = self.rows(standard.fields, 0, &fields);
        Some((standard, leak(SegmentDesc::new(standard.id, standard.name, elements))))
    }

    /// Rows with the changes that are about them, or about what is below them. Their number and their datatypes stay, so
    /// that structs still fit.
    fn rows(
        &self,
        rows: &'static [ElementDesc],
        depth: usize,
        changes: &[&Field],
    ) -> &'static [ElementDesc] {
        let mut rows = rows.to_vec();
        for (index, row) in rows.iter_mut().enumerate() {
            let here = |change: &&&Field| change.position[depth] as usize == index + 1;
            let (own, below): (Vec<_>, Vec<_>) = changes
                .iter()
                .filter(here)
                .copied()
                .partition(|change| change.position[depth + 1] == 0);
            for change in own {
                self.apply(&change.facts, row);
            }
            if let Some(datatype) = row.datatype
                && let DatatypeKind::Composite(parts) = datatype.kind
                && !below.is_empty()
            {
                let kind = DatatypeKind::Composite(self.rows(parts, depth + 1, &below));
                let DatatypeDesc { id, name, max_len, .. } = *datatype;
                row.datatype = Some(leak(DatatypeDesc::new(id, name, kind, max_len)));
            }
        }
        rows.leak()
    }

    fn apply(&self, facts: &Facts, element: &mut ElementDesc) {
        if let Some(usage) = facts.usage {
            element.usage = usage;
            element.min = u16::from(usage == Usage::R);
            if !matches!(usage, Usage::C | Usage::CrX | Usage::CreX) {
                // What is required or not whatever else is there depends on nothing.
                element.condition = [0; 2];
            }
        }
        if let Some(max) = facts.max {
            element.max = max;
        }
        if let Some(len) = facts.len {
            element.length =
                Length { max: len, min: element.length.min.min(len), ..Length::default() };
        }
        if let Some(table) = facts.table.as_deref().and_then(|id| self.table(id)) {
            element.table = Some(table);
        }
    }
}
