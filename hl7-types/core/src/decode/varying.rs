//! Fields whose datatype the message itself names: OBX-5 by OBX-2, MFE-4 by MFE-5, the columns of RDT by RDF-2.

use crate::desc::{BY_COLUMN, DatatypeDesc, DatatypeKind, ElementDesc};
use crate::er7::Class;
use crate::finding::Rule;

use super::{Reader, Stretch};

/// The names of datatypes that are in force, each looked up once.
#[derive(Default)]
pub(super) struct DatatypeNames {
    /// Segment and field that `fields` was read from.
    source: Option<(usize, u16)>,
    /// One for each repetition of that field.
    fields: Vec<Stretch>,
    /// One for each column of the last RDF.
    columns: Vec<Stretch>,
    /// What was looked up last: in a report most observations are of one datatype.
    last: Option<&'static DatatypeDesc>,
}

/// The longest name that is looked at. No datatype has one as long, so the start of a longer one tells that it is none;
/// all repetitions of a field may ask for the same name.
const LONGEST_NAME: usize = 64;

/// A name of a datatype, if it is text.
pub(crate) fn name_in(bytes: &[u8]) -> Option<&str> {
    let start = &bytes[..bytes.len().min(LONGEST_NAME)];
    let name = match std::str::from_utf8(start) {
        Ok(name) => name,
        // Cut inside a character.
        Err(error) if start.len() < bytes.len() && error.error_len().is_none() => {
            std::str::from_utf8(&start[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    Some(name).filter(|name| !name.is_empty())
}

impl<'a> Reader<'a> {
    /// What the message says the datatype of this field's repetition is.
    pub(super) fn varying_name(&mut self, element: &ElementDesc) -> Option<&'a str> {
        let name = match element.varies_by {
            0 => return None,
            BY_COLUMN => *self.names.columns.get((self.field as usize).checked_sub(1)?)?,
            by => {
                self.read_names(by);
                let at = self.repetition.max(1) as usize - 1;
                // The last name stands for the repetitions behind it.
                *self.names.fields.get(at).or(self.names.fields.last())?
            }
        };
        name_in(self.slice(name))
    }

    /// The datatype with a name, unless it varies itself.
    pub(super) fn datatype_named(&mut self, name: &str) -> Option<&'static DatatypeDesc> {
        if let Some(last) = self.names.last.filter(|last| last.id == name) {
            return Some(last);
        }
        let datatype = self.version?.datatype(name)?;
        self.names.last =
            Some(datatype).filter(|datatype| !matches!(datatype.kind, DatatypeKind::Varies));
        self.names.last
    }

    /// Reads the names that a field of this segment holds, up to the first separator in each repetition.
    fn read_names(&mut self, by: u16) {
        let source = Some((self.segment, by));
        if self.names.source == source {
            return;
        }
        self.names.source = source;
        self.names.fields.clear();
        let mut rest = self.scan.field(self.bytes, self.segment, u32::from(by));
        while let Some(field) = rest {
            let (repetition, behind) = field.split(Class::Repetition);
            let name = repetition.split(Class::Subcomponent).0;
            self.names.fields.push(Stretch { start: name.start, end: name.end });
            rest = behind;
        }
    }

    /// Reads the columns that an RDF defines, for the RDT behind it.
    #[cold]
    pub(super) fn read_columns(&mut self, segment: usize) {
        self.names.columns.clear();
        let mut rest = self.scan.field(self.bytes, segment, 2);
        while let Some(field) = rest {
            let (column, behind) = field.split(Class::Repetition);
            let name = column.split(Class::Component).1.map_or_else(
                || Stretch::nothing(column.end),
                |behind| {
                    let name = behind.split(Class::Subcomponent).0;
                    Stretch { start: name.start, end: name.end }
                },
            );
            self.names.columns.push(name);
            self.check_column(name);
            rest = behind;
        }
    }

    /// Whether the name of the last column's datatype is one. A column need not name any.
    fn check_column(&mut self, name: Stretch) {
        let text = std::str::from_utf8(self.slice(name)).unwrap_or("?");
        if text.is_empty() || self.version.is_none() || self.datatype_named(text).is_some() {
            return;
        }
        self.at_field(1);
        self.repetition = u32::try_from(self.names.columns.len()).unwrap_or(u32::MAX);
        self.component = 2;
        self.report(Rule::UnknownDatatype, name, || {
            "names no datatype of this version; the column is kept raw".to_owned()
        });
    }
}
