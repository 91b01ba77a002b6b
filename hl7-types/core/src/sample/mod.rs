//! Messages made from descriptors: what a conforming message of a structure looks like, with invented values.

mod conditions;
mod damage;
mod faulty;
mod values;

use crate::decode::CODED;
use crate::desc::{
    AnySegment, BY_COLUMN, DatatypeDesc, DatatypeKind, ElementDesc, MANY, MemberDesc, MemberKind,
    SegmentDesc, StructureDesc, TableDesc, Usage, VersionDesc,
};

pub use faulty::{Faulty, sample_faulty};
use values::{Choice, first_primitive};

/// How much a sample message holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// Required segments, fields and components only.
    Minimal,
    /// Every segment, field and component that may be used, as far as the lengths allow; what repeats stands twice.
    Full,
}

/// A conforming message of a structure, under the recommended delimiters, segments ended by carriage returns.
#[must_use]
pub fn sample(structure: &'static StructureDesc, fill: Fill) -> Vec<u8> {
    sample_seeded(structure, fill, 0)
}

/// As [`sample`], with other values for each seed, always the same for one; zero gives those of [`sample`].
#[must_use]
pub fn sample_seeded(structure: &'static StructureDesc, fill: Fill, seed: u64) -> Vec<u8> {
    let mut maker = Maker::new(structure, fill, seed);
    for member in structure.root.members {
        maker.member(member);
    }
    maker.out.into_bytes()
}

struct Maker {
    structure: &'static StructureDesc,
    fill: Fill,
    choice: Choice,
    out: String,
}

impl Maker {
    fn new(structure: &'static StructureDesc, fill: Fill, seed: u64) -> Self {
        Self { structure, fill, choice: Choice::of(seed), out: String::new() }
    }

    fn full(&self) -> bool {
        self.fill == Fill::Full
    }

    fn member(&mut self, member: &MemberDesc) {
        let often = match self.fill {
            Fill::Minimal => u32::from(member.min.min(1)),
            Fill::Full => u32::from(member.max.min(2)),
        };
        for _ in 0..often {
            match member.kind {
                MemberKind::Segment(segment) => self.segment(segment),
                MemberKind::Any(any) => self.any_segment(any),
                MemberKind::Group(group) => {
                    group.members.iter().for_each(|member| self.member(member))
                }
                MemberKind::Choice(group) => {
                    if let Some(first) = group.members.first() {
                        self.member(&MemberDesc { min: 1, max: 1, ..*first });
                    }
                }
            }
        }
    }

    /// A segment for a position that takes any: one that the structure names nowhere.
    fn any_segment(&mut self, any: AnySegment) {
        let unnamed = |segment: &&&SegmentDesc| {
            let id: Result<[u8; 3], _> = segment.id.as_bytes().try_into();
            id.is_ok_and(|id| !self.structure.grammar().names(id)) && !segment.fields.is_empty()
        };
        match (
            any,
            self.structure.version.and_then(|version| version.segments.iter().find(unnamed)),
        ) {
            (AnySegment::Hl7, Some(segment)) => self.segment(segment),
            (AnySegment::Hl7, None) => self.out.push_str("NTE|1\r"),
            (AnySegment::Site, _) => self.out.push_str("ZZZ|1\r"),
        }
    }

    fn segment(&mut self, segment: &SegmentDesc) {
        self.out.push_str(segment.id);
        let header = matches!(segment.id, "MSH" | "BHS" | "FHS");
        if header {
            self.out.push_str("|^~\\&");
        }
        let before = if header { 2 } else { 0 };
        let mut texts: Vec<_> = (0..segment.fields.len())
            .map(|index| match index {
                index if index < before => "^".to_owned(),
                _ => self.field(segment, index, &segment.fields[index]),
            })
            .collect();
        let make = |index: usize| {
            let field = &segment.fields[index];
            self.element(field, room(field))
        };
        conditions::keep(segment.fields, &mut texts, &make, &|_| true);
        let mut pending = 0;
        for text in &texts[before.min(texts.len())..] {
            pending += 1;
            if !text.is_empty() {
                (0..pending).for_each(|_| self.out.push('|'));
                self.out.push_str(text);
                pending = 0;
            }
        }
        self.out.push('\r');
    }

    fn field(&self, segment: &SegmentDesc, index: usize, field: &ElementDesc) -> String {
        if let Some(fixed) = self.fixed(segment, index) {
            return fixed;
        }
        let usable = is_usable(field) && field.max > 0;
        // An open field stands for any number of others, a varying one needs the field that names its type.
        let stated = field.usage == Usage::R || (self.full() && usable);
        if !stated {
            return String::new();
        }
        let one = match self.named_type(segment, field) {
            Some(datatype) => self.of_datatype(datatype, None, field, room(field)),
            None => self.element(field, room(field)),
        };
        if one.len() > room(field) && field.usage != Usage::R {
            // The shortest code of its table, or its required components, are longer than the field may be.
            return String::new();
        }
        if self.full() && field.max > 1 && !one.is_empty() { format!("{one}~{one}") } else { one }
    }

    /// Fields whose value follows from the message.
    fn fixed(&self, segment: &SegmentDesc, index: usize) -> Option<String> {
        let names_a_type = segment
            .fields
            .iter()
            .any(|field| usize::from(field.varies_by) == index + 1 && stated(field, self.fill));
        if names_a_type {
            return Some(self.varying(segment.fields[index].table));
        }
        match (segment.id, index + 1) {
            ("MSH", 9) => Some(self.message_type(&segment.fields[index])),
            ("MSH", 12) => Some(self.structure.version?.id.to_owned()),
            // The columns of the rows behind it.
            ("RDF", 2) => Some(
                if self.full() { "PID.3.1^ST^1~PID.5.1^ST^1" } else { "PID.3.1^ST" }.to_owned(),
            ),
            _ => None,
        }
    }

    /// The name of a datatype that a varying field may have: text if the table lets it, else the first that can be used.
    fn varying(&self, table: Option<&TableDesc>) -> String {
        let Some(table) = table.filter(|table| !table.codes.is_empty() && !table.has("ST")) else {
            return "ST".to_owned();
        };
        let usable = |id: &str| {
            let datatype = self.structure.version?.datatype(id)?;
            let first = datatype.components().first();
            (!first.is_some_and(|first| matches!(first.usage, Usage::X | Usage::W))).then_some(())
        };
        let named = table.codes.iter().find(|code| usable(code.code).is_some());
        named.map_or_else(String::new, |code| code.code.to_owned())
    }

    /// The datatype of a varying field, as the field says that names it.
    fn named_type(
        &self,
        segment: &SegmentDesc,
        field: &ElementDesc,
    ) -> Option<&'static DatatypeDesc> {
        let by = segment.fields.get(usize::from(field.varies_by).checked_sub(1)?)?;
        let named = (field.varies_by != BY_COLUMN).then(|| self.varying(by.table))?;
        self.structure.version?.datatype(&named)
    }

    /// MSH-9 in the form that the version has: the structure is its third component from 2.3.1 on, where that fits.
    fn message_type(&self, field: &ElementDesc) -> String {
        let id = self.structure.id;
        let version: Option<&VersionDesc> = self.structure.version;
        let event =
            version.and_then(|version| version.events.iter().find(|event| event.structure == id));
        let (code, trigger) = event
            .map_or(id.split_once('_').unwrap_or((id, "")), |event| (event.message, event.trigger));
        // The standard lists the general acknowledgment without an event; in a message it names the event that it answers.
        let trigger = if trigger.is_empty() { "A01" } else { trigger };
        let whole = format!("{code}^{trigger}^{id}");
        let parts = field.datatype.map_or(0, |datatype| datatype.components().len());
        if parts > 2 && whole.len() <= room(field) { whole } else { format!("{code}^{trigger}") }
    }

    fn element(&self, element: &ElementDesc, room: usize) -> String {
        let Some(datatype) = element.datatype else { return String::new() };
        self.of_datatype(datatype, element.table, element, room)
    }

    fn of_datatype(
        &self,
        datatype: &'static DatatypeDesc,
        table: Option<&'static TableDesc>,
        element: &ElementDesc,
        room: usize,
    ) -> String {
        match datatype.kind {
            DatatypeKind::Composite(components) => {
                let table = table.filter(|_| CODED.contains(&datatype.id));
                self.composite(components, table, room, '^')
            }
            DatatypeKind::Primitive(format) => {
                self.choice.primitive(format, table, least(element), room)
            }
            DatatypeKind::Varies => "A".to_owned(),
        }
    }

    fn composite(
        &self,
        components: &'static [ElementDesc],
        table: Option<&'static TableDesc>,
        most: usize,
        separator: char,
    ) -> String {
        let mut texts = vec![String::new(); components.len()];
        let mut written = 0;
        // Where no component is required, one has to stand for all.
        let first = components.iter().position(is_usable);
        for (index, component) in components.iter().enumerate() {
            let usable = is_usable(component);
            let required = component.usage == Usage::R || first == Some(index);
            if required || (self.full() && usable) {
                let taken = written + index;
                let table = component.table.or(if index == 0 { table } else { None });
                let mut text =
                    self.component(component, table, most.saturating_sub(taken), separator);
                if required && text.is_empty() {
                    text = self.component(component, table, usize::MAX, separator);
                }
                if !text.is_empty() && (required || taken + text.len() <= most) {
                    written += text.len();
                    texts[index] = text;
                }
            }
        }
        let make = |index: usize| {
            let component: &ElementDesc = &components[index];
            self.component(component, component.table, usize::MAX, separator)
        };
        let fits = |texts: &[String]| joined(texts, separator).len() <= most;
        conditions::keep(components, &mut texts, &make, &fits);
        if texts.iter().all(String::is_empty)
            && let Some(index) =
                conditions::without_consequence(components).find(|&index| index > 0)
        {
            texts[index] = make(index);
        }
        joined(&texts, separator)
    }

    fn component(
        &self,
        component: &ElementDesc,
        table: Option<&'static TableDesc>,
        left: usize,
        separator: char,
    ) -> String {
        let room = left.min(room(component));
        match component.datatype.map(|datatype| datatype.kind) {
            Some(DatatypeKind::Composite(components)) if separator == '^' => {
                self.composite(components, table, room, '&')
            }
            Some(DatatypeKind::Composite(components)) => {
                first_primitive(components).map_or_else(String::new, |(format, inner)| {
                    self.choice.primitive(format, inner.or(table), least(component), room)
                })
            }
            Some(DatatypeKind::Primitive(format)) => {
                self.choice.primitive(format, table, least(component), room)
            }
            _ => String::new(),
        }
    }
}

/// Texts with separators between them, none behind the last that is not empty.
fn joined(texts: &[String], separator: char) -> String {
    let stated = texts.iter().rposition(|text| !text.is_empty()).map_or(0, |last| last + 1);
    texts[..stated].join(separator.encode_utf8(&mut [0; 4]))
}

fn stated(field: &ElementDesc, fill: Fill) -> bool {
    field.usage == Usage::R || (fill == Fill::Full && is_usable(field))
}

fn is_usable(element: &ElementDesc) -> bool {
    !matches!(element.usage, Usage::X | Usage::W)
}

/// How many characters an element must have.
fn least(element: &ElementDesc) -> usize {
    if element.is_primitive() { element.length.min as usize } else { 0 }
}

/// How many characters an element may have.
fn room(element: &ElementDesc) -> usize {
    let own = element.datatype.map_or(0, |datatype: &DatatypeDesc| datatype.max_len);
    let conformance = if element.is_primitive() { element.length.conformance } else { 0 };
    [element.length.max, conformance, own]
        .into_iter()
        .filter(|&max| max > 0)
        .min()
        .map_or(usize::from(MANY), |max| max as usize)
}
