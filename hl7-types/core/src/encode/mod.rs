//! The engine that writes a message: slots in order, then what was kept beside them.

mod slots;

use std::ops::Range;

use crate::charset::{self, Charset};
use crate::er7::{Delimiters, Notation};
use crate::extra::{Extra, LineEnd, RawSegment, ReadIn};
use crate::node::{Element, GroupNode, Node, SegmentNode, Slot};
use crate::order::in_order;
use crate::value::Value;
use crate::visit::{each_slot, nth_slot};

use slots::Level;

/// A message being written.
struct Writer {
    out: Vec<u8>,
    notation: Notation,
    /// Whether values are written as they are held.
    standard: bool,
    terminator: LineEnd,
    /// Whether the last segment still lacks its line end.
    open_line: bool,
    /// The groups that were written, where somebody wants to know.
    groups: Option<Vec<WrittenGroup>>,
}

/// An occurrence of a group in a message that was written. Groups in it follow it.
pub(crate) struct WrittenGroup {
    pub(crate) name: &'static str,
    /// Its first segment starts in these bytes, and so does its last.
    pub(crate) bytes: Range<usize>,
    /// How many groups there are in it, at any depth.
    pub(crate) inside: usize,
}

/// Writes a message.
pub(crate) fn write(root: &dyn GroupNode) -> Vec<u8> {
    write_message(root, None).0
}

/// Writes a message, and says where its groups stand.
pub(crate) fn write_with_groups(root: &dyn GroupNode) -> (Vec<u8>, Vec<WrittenGroup>) {
    write_message(root, Some(Vec::new()))
}

fn write_message(
    root: &dyn GroupNode,
    groups: Option<Vec<WrittenGroup>>,
) -> (Vec<u8>, Vec<WrittenGroup>) {
    let kept = root.extra().kept();
    let notation = notation(root);
    let mut writer = Writer::new(&notation);
    writer.out.reserve(1024);
    writer.terminator = kept.and_then(|kept| kept.terminator).unwrap_or_default();
    writer.groups = groups;
    if let Some(kept) = kept {
        writer.out.extend_from_slice(&kept.prefix);
    }
    writer.group(root);
    (writer.out, writer.groups.unwrap_or_default())
}

/// Writes one segment in a notation, without a line end.
pub(crate) fn write_segment(segment: &dyn SegmentNode, notation: &Notation) -> Vec<u8> {
    let mut writer = Writer::new(notation);
    writer.fields(segment);
    writer.out
}

/// Writes a segment that has no struct in a notation, without a line end.
pub(crate) fn write_raw(raw: &RawSegment, notation: &Notation) -> Vec<u8> {
    let mut out = Vec::new();
    raw.line.write(&mut out, notation);
    out
}

/// Writes a field with its repetitions in the recommended notation: what the slot at an index holds, and what was kept
/// beside it.
pub(crate) fn write_field(slot: Slot<'_>, extra: &Extra, index: usize) -> Vec<u8> {
    let mut writer = Writer::new(&Notation::STANDARD);
    writer.slot(slot, Level::Component, extra, index);
    writer.out
}

/// How a message is written: the delimiters that its first segment declares, and the character set.
pub(crate) fn notation(root: &dyn GroupNode) -> Notation {
    let header = header(root);
    let delimiters = header.as_ref().and_then(Header::delimiters).unwrap_or_default();
    let declared = header.as_ref().and_then(Header::charset);
    let read_in = root.extra().kept().and_then(|kept| kept.charset.as_deref());
    let charset = match read_in {
        Some(read_in) if read_in.declared == declared => read_in.charset,
        _ => declared.unwrap_or(Charset::UTF_8),
    };
    Notation { delimiters, charset }
}

/// Keeps the character set that a message was read in, where its header would have it written in another.
pub(crate) fn keep_charset(root: &mut dyn GroupNode, charset: Charset) {
    if notation(root).charset != charset {
        let declared = header(root).as_ref().and_then(Header::charset);
        root.extra_mut().kept_mut().charset = Some(Box::new(ReadIn { declared, charset }));
    }
}

/// The segment that declares how a message is written.
enum Header<'a> {
    /// What it declares.
    Typed(Declared<'a>),
    /// It stands where the structure has no place for it.
    Stray(&'a RawSegment),
}

fn header(root: &dyn GroupNode) -> Option<Header<'_>> {
    let first = root.extra().strays().first().filter(|stray| stray.occurrence == 0);
    if let Some(first) = first.filter(|first| first.segment.line.declares().is_some()) {
        return Some(Header::Stray(&first.segment));
    }
    match root.member(0)?.occurrence(0)? {
        Element::Segment(segment) => Some(Header::Typed(Declared::of(segment))),
        _ => None,
    }
}

/// The slots of a header that declare something: its delimiters, and its character set.
struct Declared<'a> {
    delimiters: [Option<&'a Value>; 2],
    charset: Slot<'a>,
}

impl<'a> Declared<'a> {
    fn of(header: &'a dyn Node) -> Self {
        let mut declared = Self { delimiters: [None; 2], charset: Slot::Absent };
        each_slot(header, |index, slot| match slot {
            Slot::Leaf(value) if index < declared.delimiters.len() => {
                declared.delimiters[index] = Some(value);
            }
            slot if index + 1 == charset::FIELD as usize => declared.charset = slot,
            _ => {}
        });
        declared
    }
}

impl Header<'_> {
    fn delimiters(&self) -> Option<Delimiters> {
        let declared = match self {
            Header::Typed(declared) => declared,
            Header::Stray(raw) => return raw.line.declares(),
        };
        let [Some(field), Some(encoding)] = declared.delimiters else { return None };
        let &[field] = field.raw().as_bytes() else { return None };
        Delimiters::parse(field, encoding.raw().as_bytes()).ok()
    }

    fn charset(&self) -> Option<Charset> {
        match self {
            Header::Typed(declared) => {
                let name = |slot| first_leaf(slot).map_or("", Value::raw);
                match declared.charset {
                    Slot::List(list) => {
                        Charset::declared((0..list.len()).map(|at| name(list.get(at))))
                    }
                    single => Charset::declared(std::iter::once(name(single))),
                }
            }
            Header::Stray(raw) => raw.charset(),
        }
    }
}

impl Writer {
    fn new(notation: &Notation) -> Self {
        Self {
            out: Vec::new(),
            notation: *notation,
            standard: notation.is_standard(),
            terminator: LineEnd::Cr,
            open_line: false,
            groups: None,
        }
    }

    // --- segments ----------------------------------------------------------------------------------------------------

    fn group(&mut self, group: &dyn GroupNode) {
        if !group.extra().strays().is_empty() {
            in_order(group).for_each(|(_, element)| self.element(element));
            return;
        }
        // As `in_order` does, which looks for strays at every step: five to eight instructions of a hundred.
        for member in group.members() {
            (0..member.count())
                .filter_map(|at| member.occurrence(at))
                .for_each(|element| self.element(element));
        }
    }

    fn element(&mut self, element: Element<'_>) {
        match element {
            Element::Segment(segment) => self.segment(segment),
            Element::Group(group) => self.inner_group(group),
            Element::Raw(raw) => self.raw(raw),
        }
    }

    /// Writes a group that stands in another, and notes where if somebody wants to know.
    fn inner_group(&mut self, group: &dyn GroupNode) {
        let start = self.out.len();
        let at = self.groups.as_ref().map(Vec::len);
        if let Some(groups) = &mut self.groups {
            let name = group.desc().name;
            groups.push(WrittenGroup { name, bytes: start..start, inside: 0 });
        }
        self.group(group);
        if let (Some(groups), Some(at)) = (&mut self.groups, at) {
            groups[at].bytes.end = self.out.len();
            groups[at].inside = groups.len() - at - 1;
        }
    }

    fn begin_line(&mut self) {
        if self.open_line {
            self.out.extend_from_slice(self.terminator.bytes());
            self.open_line = false;
        }
    }

    fn end_line(&mut self, end: Option<&[u8]>) {
        self.out.extend_from_slice(end.unwrap_or(self.terminator.bytes()));
        self.open_line =
            end.is_some_and(|end| !end.iter().any(|byte| matches!(byte, b'\r' | b'\n')));
    }

    fn raw(&mut self, raw: &RawSegment) {
        self.begin_line();
        raw.line.write(&mut self.out, &self.notation);
        self.end_line(raw.line_end.as_deref());
    }

    fn segment(&mut self, segment: &dyn SegmentNode) {
        self.begin_line();
        self.fields(segment);
        self.end_line(segment.extra().kept().and_then(|kept| kept.line_end.as_deref()));
    }

    fn fields(&mut self, segment: &dyn SegmentNode) {
        let id = segment.desc().id;
        self.out.extend_from_slice(id.as_bytes());
        self.all_fields(segment, matches!(id, "MSH" | "BHS" | "FHS"));
    }
}

/// The leaf that text without separators is read into.
fn first_leaf(mut slot: Slot<'_>) -> Option<&Value> {
    for _ in 0..8 {
        match slot {
            Slot::Leaf(value) => return Some(value),
            Slot::Node(node) => slot = nth_slot(node, 0),
            Slot::Varies(varies) => slot = varies.inner(),
            Slot::List(list) => slot = list.get(0),
            Slot::Absent => return None,
        }
    }
    None
}
