//! The engine that writes a message: slots in order, then what was kept beside them.

use std::ops::Range;

use crate::charset::{self, Charset};
use crate::er7::{Delimiters, Notation};
use crate::extra::{Extra, Kept, LineEnd, RawSegment, ReadIn, SlotSurplus};
use crate::node::{self, Element, GroupNode, Node, SegmentNode, Slot};
use crate::order::in_order;
use crate::value::Value;

/// A message being written.
struct Writer<'a> {
    out: Vec<u8>,
    /// The slots of the segment, composite and component being written.
    slots: [Vec<Slot<'a>>; 3],
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

/// What separates the slots of a node.
#[derive(Clone, Copy)]
enum Level {
    Field,
    Component,
    Subcomponent,
    /// Below subcomponents nothing separates.
    Bottom,
}

impl Level {
    fn below(self) -> Self {
        match self {
            Level::Field => Level::Component,
            Level::Component => Level::Subcomponent,
            Level::Subcomponent | Level::Bottom => Level::Bottom,
        }
    }
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
    for (slots, most) in writer.slots.iter_mut().zip([64, 32, 8]) {
        slots.reserve(most);
    }
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
    /// Its slots.
    Typed(Vec<Slot<'a>>),
    /// It stands where the structure has no place for it.
    Stray(&'a RawSegment),
}

fn header(root: &dyn GroupNode) -> Option<Header<'_>> {
    let first = root.extra().strays().first().filter(|stray| stray.occurrence == 0);
    if let Some(first) = first.filter(|first| first.segment.line.declares().is_some()) {
        return Some(Header::Stray(&first.segment));
    }
    match root.member(0).occurrence(0)? {
        Element::Segment(segment) => Some(Header::Typed(node::slots(segment))),
        _ => None,
    }
}

impl Header<'_> {
    fn delimiters(&self) -> Option<Delimiters> {
        let slots = match self {
            Header::Typed(slots) => slots,
            Header::Stray(raw) => return raw.line.declares(),
        };
        let [Slot::Leaf(field), Slot::Leaf(encoding), ..] = slots[..] else { return None };
        let &[field] = field.raw().as_bytes() else { return None };
        Delimiters::parse(field, encoding.raw().as_bytes()).ok()
    }

    fn charset(&self) -> Option<Charset> {
        match self {
            Header::Typed(slots) => {
                let slot = slots.get(charset::FIELD as usize - 1).copied();
                let names = |at| match slot? {
                    Slot::List(list) => first_leaf(list.get(at)),
                    single if at == 0 => first_leaf(single),
                    _ => None,
                };
                Charset::declared((0..).map_while(names).map(Value::raw))
            }
            Header::Stray(raw) => raw.charset(),
        }
    }
}

impl<'a> Writer<'a> {
    fn new(notation: &Notation) -> Self {
        Self {
            out: Vec::new(),
            slots: [const { Vec::new() }; 3],
            notation: *notation,
            standard: notation.is_standard(),
            terminator: LineEnd::Cr,
            open_line: false,
            groups: None,
        }
    }

    // --- segments ----------------------------------------------------------------------------------------------------

    fn group(&mut self, group: &'a dyn GroupNode) {
        for (_, element) in in_order(group) {
            match element {
                Element::Segment(segment) => self.segment(segment),
                Element::Group(group) => self.inner_group(group),
                Element::Raw(raw) => self.raw(raw),
            }
        }
    }

    /// Writes a group that stands in another, and notes where if somebody wants to know.
    fn inner_group(&mut self, group: &'a dyn GroupNode) {
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

    fn segment(&mut self, segment: &'a dyn SegmentNode) {
        self.begin_line();
        self.fields(segment);
        self.end_line(segment.extra().kept().and_then(|kept| kept.line_end.as_deref()));
    }

    fn fields(&mut self, segment: &'a dyn SegmentNode) {
        let id = segment.desc().id;
        self.out.extend_from_slice(id.as_bytes());
        let header = matches!(id, "MSH" | "BHS" | "FHS");
        if header {
            for slot in 0..2 {
                self.verbatim(segment, slot);
            }
        }
        self.parts(segment, Level::Field, if header { 2 } else { 0 });
    }

    /// A declaration of delimiters, which is never escaped.
    fn verbatim(&mut self, segment: &dyn Node, index: usize) {
        if let Slot::Leaf(value) = node::slot(segment, index) {
            match self.exact(segment.extra(), index, 0, value) {
                Some(bytes) => self.out.extend_from_slice(bytes),
                None => self.out.extend_from_slice(value.raw().as_bytes()),
            }
        }
    }

    // --- slots -------------------------------------------------------------------------------------------------------

    /// Writes the slots of a segment or composite with what separates them.
    fn parts(&mut self, node: &'a dyn Node, level: Level, first: usize) {
        let extra = node.extra();
        let separator = match level {
            Level::Field => Some(self.notation.delimiters.field),
            Level::Component => Some(self.notation.delimiters.component),
            Level::Subcomponent => self.notation.delimiters.subcomponent,
            Level::Bottom => None,
        };
        let Some(separator) = separator else {
            // Only the first leaf has a place here.
            return self.slot(node::slot(node, 0), Level::Bottom, extra, 0);
        };
        let mut slots = std::mem::take(&mut self.slots[level as usize]);
        node.slots(&mut slots);
        let written = self.present(&slots, extra, level, separator, first);
        slots.clear();
        self.slots[level as usize] = slots;
        if let Some(kept) = extra.kept() {
            let total = usize::from(kept.written);
            self.separate(separator, total.saturating_sub(written));
            if let Some(tail) = &kept.tail {
                tail.write(&mut self.out, &self.notation);
            }
        }
    }

    /// Writes the slots that say anything; gives how many slots the separators that were written lead to.
    #[inline]
    fn present(
        &mut self,
        slots: &[Slot<'a>],
        extra: &Extra,
        level: Level,
        separator: u8,
        first: usize,
    ) -> usize {
        // Fields have a separator each, components and subcomponents have them in between.
        let lead = usize::from(!matches!(level, Level::Field));
        let plain = self.standard && extra.is_empty();
        // Repetitions that a field of one value cannot hold stand beside its slot, also where that is empty.
        let beside = extra.kept().is_some_and(|kept| !kept.slots.is_empty());
        let mut written = first.max(lead);
        for (index, slot) in slots.iter().enumerate().skip(first) {
            match slot {
                // Most slots are empty.
                Slot::Absent if !beside => {}
                Slot::Leaf(value) if plain => {
                    if !value.is_empty() {
                        self.separate(separator, index + 1 - written);
                        self.out.extend_from_slice(value.raw().as_bytes());
                        written = index + 1;
                    }
                }
                &slot => {
                    let before = self.out.len();
                    self.separate(separator, index + 1 - written);
                    let start = self.out.len();
                    match slot {
                        // Nothing was kept beside it.
                        Slot::Node(node) if plain => self.parts(node, level.below(), 0),
                        slot => self.slot(slot, level.below(), extra, index),
                    }
                    if self.out.len() == start {
                        self.out.truncate(before);
                    } else {
                        written = index + 1;
                    }
                }
            }
        }
        written
    }

    /// Writes a number of separators.
    #[inline]
    fn separate(&mut self, separator: u8, count: usize) {
        for _ in 0..count {
            self.out.push(separator);
        }
    }

    /// Writes what a slot holds, repetitions included.
    fn slot(&mut self, slot: Slot<'a>, level: Level, extra: &Extra, index: usize) {
        match slot {
            Slot::List(list) => {
                for repetition in 0..list.len() {
                    if repetition > 0 {
                        self.out.push(self.notation.delimiters.repetition.unwrap_or(b'~'));
                    }
                    self.repetition(list.get(repetition), level, extra, index, repetition);
                }
            }
            single => self.repetition(single, level, extra, index, 0),
        }
    }

    fn repetition(
        &mut self,
        slot: Slot<'a>,
        level: Level,
        extra: &Extra,
        index: usize,
        repetition: usize,
    ) {
        let kept = extra.kept().filter(|kept| !kept.slots.is_empty());
        match slot {
            Slot::Absent | Slot::List(_) => {}
            Slot::Leaf(value) => {
                match kept.and_then(|_| self.exact(extra, index, repetition, value)) {
                    Some(bytes) => self.out.extend_from_slice(bytes),
                    None => self.value(value),
                }
            }
            Slot::Varies(varies) => {
                return self.repetition(varies.inner(), level, extra, index, repetition);
            }
            Slot::Node(node) => {
                let collapsed = kept.filter(|_| matches!(level, Level::Bottom)).and_then(|_| {
                    let value = first_leaf(slot)?;
                    self.exact(extra, index, repetition, value)
                });
                match collapsed {
                    Some(bytes) => self.out.extend_from_slice(bytes),
                    None => self.parts(node, level, 0),
                }
            }
        }
        for surplus in kept.into_iter().flat_map(|kept| at_slot(kept, index, repetition)) {
            if let SlotSurplus::Tail(tail) = surplus {
                tail.write(&mut self.out, &self.notation);
            }
        }
    }

    /// The bytes that were sent for a value, if it still is the value they were read as.
    fn exact<'e>(
        &self,
        extra: &'e Extra,
        slot: usize,
        repetition: usize,
        value: &Value,
    ) -> Option<&'e [u8]> {
        at_slot(extra.kept()?, slot, repetition).find_map(|surplus| match surplus {
            SlotSurplus::Exact(exact)
                if exact.read_as == *value && exact.notation == self.notation =>
            {
                Some(&*exact.bytes)
            }
            _ => None,
        })
    }

    #[inline]
    fn value(&mut self, value: &Value) {
        if self.standard {
            self.out.extend_from_slice(value.raw().as_bytes());
        } else {
            self.out.extend_from_slice(&self.notation.written(value.raw()));
        }
    }
}

/// The leaf that text without separators is read into.
fn first_leaf(mut slot: Slot<'_>) -> Option<&Value> {
    for _ in 0..8 {
        match slot {
            Slot::Leaf(value) => return Some(value),
            Slot::Node(node) => slot = node::slot(node, 0),
            Slot::Varies(varies) => slot = varies.inner(),
            Slot::List(list) => slot = list.get(0),
            Slot::Absent => return None,
        }
    }
    None
}

/// What was kept for a slot, in the order it was found.
fn at_slot(kept: &Kept, slot: usize, repetition: usize) -> impl Iterator<Item = &SlotSurplus> {
    let key = |entry: &crate::extra::SlotKept| (usize::from(entry.slot), entry.repetition as usize);
    let from = kept.slots.partition_point(|entry| key(entry) < (slot, repetition));
    kept.slots[from..]
        .iter()
        .take_while(move |entry| key(entry) == (slot, repetition))
        .map(|entry| &entry.what)
}
