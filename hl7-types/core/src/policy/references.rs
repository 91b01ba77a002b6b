//! Whether what a policy names exists: datatypes, tables, fields of the versions that are spoken.

use std::ops::Range;

use crate::desc::{DatatypeKind, ElementDesc, VersionDesc};

use super::definitions::{Definitions, Field};
use super::error::{Mistake, nearest};

/// Something that a policy names.
#[derive(Debug)]
pub(super) enum Reference {
    /// The datatype of a field.
    Datatype(String),
    /// The table of a field.
    Table(String),
    /// A table that codes are added to.
    Extended(String),
    /// A field that is defined otherwise.
    Field(Field),
    /// A segment of the site's own, which no version may have.
    NewSegment(String),
}

/// A name, where it stands, and how to call the place.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) what: Reference,
    pub(super) span: Range<usize>,
    pub(super) place: String,
}

/// The versions that names may be of: one of them must know each.
pub(super) struct Scope<'s> {
    pub(super) versions: &'s [&'static VersionDesc],
    pub(super) definitions: &'s Definitions,
}

impl Scope<'_> {
    fn label(&self) -> String {
        match self.versions {
            [version] => format!("version {}", version.id),
            _ => "any version at hand".to_owned(),
        }
    }

    /// What is wrong with a name, if something is.
    pub(super) fn check(&self, named: Named) -> Option<Mistake> {
        let Named { what, span, place } = named;
        let mistake = |found: String, expected: String, nearest| {
            Some(Mistake { span, place, found, expected, nearest })
        };
        let of = self.label();
        match what {
            Reference::Datatype(id) => {
                let all = self.versions.iter().flat_map(|version| version.datatypes);
                let known = all
                    .filter(|datatype| !matches!(datatype.kind, DatatypeKind::Varies))
                    .map(|datatype| datatype.id);
                if known.clone().any(|known| known == id) {
                    return None;
                }
                let near = nearest(&id, known);
                mistake(format!("`{id}`"), format!("a datatype of {of}"), near)
            }
            Reference::Table(id) if self.has_own_table(&id) => None,
            Reference::Table(id) | Reference::Extended(id) => {
                if self.versions.iter().any(|version| version.table(&id).is_some()) {
                    return None;
                }
                let own = self.definitions.tables.iter().map(|table| table.id.as_str());
                let near = nearest(&id, own.filter(|known| *known != id));
                let expected = format!("a table of {of}, or one with `codes` in this file");
                mistake(format!("`{id}`"), expected, near)
            }
            Reference::NewSegment(id) => {
                let standard = self.versions.iter().find(|version| version.segment(&id).is_some());
                let version = standard?.id;
                mistake(
                    format!("{id}, which is a segment of version {version}"),
                    format!(
                        "a segment that the standard does not have; change fields of {id} with [fields.\"{id}-1\"]"
                    ),
                    None,
                )
            }
            Reference::Field(field) => {
                if self.versions.iter().any(|version| element(version, &field).is_some()) {
                    return None;
                }
                let known = self.versions.iter().flat_map(|version| version.segments);
                let exists = known.clone().any(|segment| segment.id == field.segment);
                let near = nearest(&field.segment, known.map(|segment| segment.id));
                let (found, near) = match exists {
                    true => ("a path that leads to nothing".to_owned(), None),
                    false => (format!("the segment {}", field.segment), near),
                };
                mistake(found, format!("a field or component of {of}"), near)
            }
        }
    }

    fn has_own_table(&self, id: &str) -> bool {
        let mut own = self.definitions.tables.iter();
        own.any(|table| table.id == id && table.codes.is_some())
    }
}

/// What the position of a field leads to.
fn element(version: &VersionDesc, field: &Field) -> Option<&'static ElementDesc> {
    let at =
        |elements: &'static [ElementDesc], seq: u32| elements.get((seq as usize).checked_sub(1)?);
    let mut element = at(version.segment(&field.segment)?.fields, field.position[0])?;
    for &seq in field.position[1..].iter().take_while(|&&seq| seq > 0) {
        element = at(element.datatype?.components(), seq)?;
    }
    Some(element)
}
