//! A segment as rows for people: each value with its path and the name that the standard gives it.

use std::borrow::Cow;

use hl7_types::desc::{
    BY_COLUMN, DatatypeDesc, DatatypeKind, ElementDesc, SegmentDesc, TableDesc, VersionDesc,
};
use hl7_types::{Path, Piece, TreeSegment};

use crate::segments::number;

/// Datatypes whose first component is a code of the table that the field names, unless the third names another system.
const CODED: [&str; 4] = ["CE", "CWE", "CNE", "CF"];
/// The name of what the standard has not.
const UNDEFINED: &str = "(not defined)";
/// Message structures: the labels of this table list their events, which says less than the code.
const STRUCTURES: &str = "0354";
/// The datatype of times up to 2.5.1: a bare time with an obsolete second component.
const TIME_STAMP: &str = "TS";

/// One row.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    /// `PID-3[2].1`.
    pub(crate) path: String,
    /// `Patient Identifier List`, or below a heading `ID Number`.
    pub(crate) name: String,
    /// Whether it stands below a heading.
    pub(crate) below: bool,
    /// What is there.
    pub(crate) what: What<'a>,
}

/// What a row says.
#[derive(Debug)]
pub(crate) enum What<'a> {
    /// A composite, with its datatype; its parts follow.
    Heading(&'static str),
    /// A text, and the label that its table gives the code.
    Value(Cow<'a, str>, Option<&'static str>),
    /// An explicit null, `""`.
    Null,
    /// Nothing.
    Absent,
}

/// Makes the rows of a segment.
struct Rows<'a> {
    segment: TreeSegment<'a>,
    desc: Option<&'static SegmentDesc>,
    version: &'static VersionDesc,
    /// The segment with its occurrence.
    path: Path,
    /// Whether absent fields have rows.
    absent: bool,
    rows: Vec<Row<'a>>,
}

/// The place of a value: its path, and whether a first repetition is said.
#[derive(Clone, Copy)]
struct Place {
    path: Path,
    repeats: bool,
}

impl Place {
    fn text(self) -> String {
        let Path { field, component, subcomponent, .. } = self.path;
        if !self.repeats || self.path.repetition != 1 {
            return self.path.to_string();
        }
        let mut text = format!("{}[1]", self.path.with_field(field));
        for part in [component, subcomponent] {
            if part > 0 {
                text = format!("{text}.{part}");
            }
        }
        text
    }
}

/// The rows of a segment; `path` is the segment with its occurrence, `absent` asks for rows of absent fields.
pub(crate) fn rows<'a>(
    segment: TreeSegment<'a>,
    version: &'static VersionDesc,
    path: Path,
    absent: bool,
) -> Vec<Row<'a>> {
    let desc = version.segment(path.segment());
    let mut maker = Rows { segment, desc, version, path, absent, rows: Vec::new() };
    maker.all();
    maker.rows
}

/// The datatype of a field, where a varying one is what the message says.
pub(crate) fn datatype(
    segment: TreeSegment<'_>,
    element: &'static ElementDesc,
    version: &'static VersionDesc,
) -> Option<&'static DatatypeDesc> {
    let datatype = element.datatype?;
    if matches!(element.varies_by, 0 | BY_COLUMN) || !matches!(datatype.kind, DatatypeKind::Varies)
    {
        return Some(datatype);
    }
    let named = segment.field(usize::from(element.varies_by))?.text();
    version.datatype(named.trim()).or(Some(datatype))
}

/// Whether a field declares the delimiters: MSH-1, MSH-2 and their like in batch headers.
pub(crate) fn declares_delimiters(segment: TreeSegment<'_>, field: u32) -> bool {
    field <= 2 && segment.id().is_some_and(|id| ["MSH", "BHS", "FHS"].contains(&id))
}

/// The table that a coded value at a path must come from.
pub(crate) fn table_at(path: Path, version: &'static VersionDesc) -> Option<&'static TableDesc> {
    let nth = |elements: &'static [ElementDesc], number: u32| {
        elements.get((number as usize).checked_sub(1)?)
    };
    let parts =
        |element: &'static ElementDesc| element.datatype.map_or(&[][..], DatatypeDesc::components);
    let field = nth(version.segment(path.segment())?.fields, path.field)?;
    let component = nth(parts(field), path.component);
    let subcomponent = nth(component.map_or(&[][..], parts), path.subcomponent);
    // A coded composite takes its code from the table of the field.
    let table = |element: Option<&'static ElementDesc>| element.and_then(|element| element.table);
    table(subcomponent).or(table(component)).or(field.table)
}

/// The part of a datatype at an index.
fn part(datatype: Option<&'static DatatypeDesc>, index: usize) -> Option<&'static ElementDesc> {
    datatype?.components().get(index)
}

fn is_composite(datatype: Option<&'static DatatypeDesc>) -> bool {
    datatype.is_some_and(|datatype| !datatype.components().is_empty())
}

/// The label of a code.
fn label(element: Option<&'static ElementDesc>, text: &str) -> Option<&'static str> {
    let table = element?.table.filter(|table| table.id != STRUCTURES)?;
    let label = table.codes[table.position(text)?].label;
    (!label.eq_ignore_ascii_case(text)).then_some(label)
}

impl<'a> Rows<'a> {
    fn all(&mut self) {
        let mut fields = self.segment.fields();
        let defined = self.desc.map_or(0, |desc| desc.fields.len());
        for index in 0.. {
            let field = fields.next();
            if field.is_none() && (index >= defined || !self.absent) {
                return;
            }
            let element = self.desc.and_then(|desc| desc.fields.get(index));
            let path = self.path.with_field(number(index));
            match field.filter(|field| !field.is_empty()) {
                Some(field) => self.field(field, element, path),
                None if self.absent => {
                    self.row(
                        Place { path, repeats: false },
                        self.name_of(element),
                        false,
                        What::Absent,
                    );
                }
                None => {}
            }
        }
    }

    /// The name of an element; the standard names nothing in a segment that it has not.
    fn name_of(&self, element: Option<&'static ElementDesc>) -> &'static str {
        let undefined = if self.desc.is_some() { UNDEFINED } else { "" };
        element.map_or(undefined, |element| element.name)
    }

    fn row(&mut self, place: Place, name: impl Into<String>, below: bool, what: What<'a>) {
        self.rows.push(Row { path: place.text(), name: name.into(), below, what });
    }

    fn field(&mut self, field: Piece<'a>, element: Option<&'static ElementDesc>, path: Path) {
        if declares_delimiters(self.segment, path.field) {
            let text = crate::text::decoded(field.raw());
            let place = Place { path, repeats: false };
            self.row(place, self.name_of(element), false, What::Value(text, None));
            return;
        }
        let datatype = element.and_then(|element| datatype(self.segment, element, self.version));
        let repeats = field.repetitions().nth(1).is_some();
        for (index, repetition) in field.repetitions().enumerate() {
            let place = Place { path: path.with_repetition(number(index)), repeats };
            if !repetition.is_empty() {
                self.repetition(repetition, element, datatype, place);
            }
        }
    }

    fn repetition(
        &mut self,
        piece: Piece<'a>,
        element: Option<&'static ElementDesc>,
        datatype: Option<&'static DatatypeDesc>,
        place: Place,
    ) {
        if piece.is_leaf() && (!is_composite(datatype) || piece.raw() == b"\"\"") {
            self.leaf(piece, place, self.name_of(element), element, false);
            return;
        }
        let heading = self.rows.len();
        let what = What::Heading(datatype.map_or("", |datatype| datatype.id));
        self.row(place, self.name_of(element), false, what);
        let system = piece.components().nth(2).map(|system| system.text());
        for (index, component) in piece.components().enumerate() {
            let place = Place { path: place.path.with_component(number(index)), ..place };
            let mut defined = part(datatype, index);
            // Below a primitive, the first component is the value itself.
            if index == 0 && datatype.is_some() && !is_composite(datatype) {
                defined = element;
            }
            if !component.is_empty() {
                self.component(component, defined, place);
            }
            let own = system.as_deref().is_none_or(|system| {
                let table = element.and_then(|element| element.table);
                system.is_empty()
                    || table.is_some_and(|table| system.strip_prefix("HL7") == Some(table.id))
            });
            if index == 0 && own && datatype.is_some_and(|datatype| CODED.contains(&datatype.id)) {
                self.label_last(element);
            }
        }
        self.join_heading(heading);
    }

    /// Labels the code that the last row has by the table of its field.
    fn label_last(&mut self, element: Option<&'static ElementDesc>) {
        if let Some(Row { what: What::Value(text, known @ None), .. }) = self.rows.last_mut() {
            *known = label(element, text);
        }
    }

    /// A composite with a single value needs one row, not two.
    fn join_heading(&mut self, heading: usize) {
        if self.rows.len() == heading + 2 {
            let leaf = self.rows.pop();
            if let (Some(leaf), Some(heading)) = (leaf, self.rows.last_mut()) {
                if matches!(heading.what, What::Heading(TIME_STAMP)) && leaf.path.ends_with(".1") {
                    heading.what = leaf.what;
                    return;
                }
                let name = match leaf.name.as_str() {
                    name if name == heading.name || name.is_empty() => leaf.name,
                    name => format!("{}: {name}", heading.name),
                };
                *heading = Row { name, below: false, ..leaf };
            }
        }
    }

    fn component(&mut self, piece: Piece<'a>, element: Option<&'static ElementDesc>, place: Place) {
        let datatype = element.and_then(|element| element.datatype);
        if piece.is_leaf() && (!is_composite(datatype) || piece.raw() == b"\"\"") {
            self.leaf(piece, place, self.name_of(element), element, true);
            return;
        }
        for (index, subcomponent) in piece.subcomponents().enumerate() {
            if subcomponent.is_empty() {
                continue;
            }
            let place = Place { path: place.path.with_subcomponent(number(index)), ..place };
            let defined = part(datatype, index);
            let name = match (defined, element) {
                (Some(part), Some(element)) => format!("{}: {}", element.name, part.name),
                _ => self.name_of(None).to_owned(),
            };
            self.leaf(subcomponent, place, &name, defined, true);
        }
    }

    fn leaf(
        &mut self,
        piece: Piece<'a>,
        place: Place,
        name: &str,
        element: Option<&'static ElementDesc>,
        below: bool,
    ) {
        let what = if piece.raw() == b"\"\"" {
            What::Null
        } else {
            let text = piece.text();
            let label = label(element, &text);
            What::Value(text, label)
        };
        self.row(place, name, below, what);
    }
}
