//! The engine that writes a message: slots in order, then what was kept beside them.

use crate::er7::{Delimiters, translate};
use crate::extra::{Extra, Kept, LineEnd, RawSegment, SlotSurplus};
use crate::node::{self, Element, GroupNode, Node, SegmentNode, Slot};
use crate::order::in_order;
use crate::value::Value;

/// A message being written.
struct Writer<'a> {
    out: Vec<u8>,
    /// The slots of the nodes being written, from the segment down.
    slots: Vec<Slot<'a>>,
    delimiters: Delimiters,
    standard: bool,
    terminator: LineEnd,
    /// Whether the last segment still lacks its line end.
    open_line: bool,
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
    let kept = root.extra().kept();
    let mut writer = Writer::new(&declared(root));
    writer.out.reserve(1024);
    writer.slots.reserve(128);
    writer.terminator = kept.and_then(|kept| kept.terminator).unwrap_or_default();
    if let Some(kept) = kept {
        writer.out.extend_from_slice(&kept.prefix);
    }
    writer.group(root);
    writer.out
}

/// Writes one segment under some delimiters, without a line end.
pub(crate) fn write_segment(segment: &dyn SegmentNode, delimiters: &Delimiters) -> Vec<u8> {
    let mut writer = Writer::new(delimiters);
    writer.fields(segment);
    writer.out
}

/// Writes a segment that has no struct under some delimiters, without a line end.
pub(crate) fn write_raw(raw: &RawSegment, delimiters: &Delimiters) -> Vec<u8> {
    let mut out = Vec::new();
    raw.line.write(&mut out, delimiters);
    out
}

/// Writes a field with its repetitions under the recommended delimiters: what the slot at an index holds, and what was
/// kept beside it.
pub(crate) fn write_field(slot: Slot<'_>, extra: &Extra, index: usize) -> Vec<u8> {
    let mut writer = Writer::new(&Delimiters::STANDARD);
    writer.slot(slot, Level::Component, extra, index);
    writer.out
}

/// The delimiters that a message is written under: those that its first segment declares.
pub(crate) fn declared(root: &dyn GroupNode) -> Delimiters {
    declared_by_first(root).unwrap_or_default()
}

fn declared_by_first(root: &dyn GroupNode) -> Option<Delimiters> {
    if let Some(first) = root.extra().strays().first().filter(|stray| stray.occurrence == 0)
        && let Some(delimiters) = first.segment.line.declares()
    {
        return Some(delimiters);
    }
    let Element::Segment(header) = root.member(0).occurrence(0)? else { return None };
    let (Slot::Leaf(field), Slot::Leaf(encoding)) = (node::slot(header, 0), node::slot(header, 1))
    else {
        return None;
    };
    let &[field] = field.raw().as_bytes() else { return None };
    Delimiters::parse(field, encoding.raw().as_bytes()).ok()
}

impl<'a> Writer<'a> {
    fn new(delimiters: &Delimiters) -> Self {
        Self {
            out: Vec::new(),
            slots: Vec::new(),
            delimiters: *delimiters,
            standard: delimiters.is_standard(),
            terminator: LineEnd::Cr,
            open_line: false,
        }
    }

    // --- segments ----------------------------------------------------------------------------------------------------

    fn group(&mut self, group: &'a dyn GroupNode) {
        for (_, element) in in_order(group) {
            match element {
                Element::Segment(segment) => self.segment(segment),
                Element::Group(group) => self.group(group),
                Element::Raw(raw) => self.raw(raw),
            }
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
        raw.line.write(&mut self.out, &self.delimiters);
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
            match exact(segment.extra(), index, 0, value) {
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
            Level::Field => Some(self.delimiters.field),
            Level::Component => Some(self.delimiters.component),
            Level::Subcomponent => self.delimiters.subcomponent,
            Level::Bottom => None,
        };
        let Some(separator) = separator else {
            // Only the first leaf has a place here.
            return self.slot(node::slot(node, 0), Level::Bottom, extra, 0);
        };
        // Fields have a separator each, components and subcomponents have them in between.
        let lead = usize::from(!matches!(level, Level::Field));
        let plain = self.standard && extra.is_empty();
        let mut written = first;
        let base = self.slots.len();
        node.slots(&mut self.slots);
        for index in first..self.slots.len() - base {
            let separators = index + 1 - written.max(lead);
            match self.slots[base + index] {
                Slot::Absent => {}
                Slot::Leaf(value) if plain => {
                    let raw = value.raw().as_bytes();
                    if !raw.is_empty() {
                        self.separate(separator, separators);
                        self.out.extend_from_slice(raw);
                        written = index + 1;
                    }
                }
                slot => {
                    let before = self.out.len();
                    self.separate(separator, separators);
                    let start = self.out.len();
                    self.slot(slot, level.below(), extra, index);
                    if self.out.len() == start {
                        self.out.truncate(before);
                    } else {
                        written = index + 1;
                    }
                }
            }
        }
        self.slots.truncate(base);
        if let Some(kept) = extra.kept() {
            let total = usize::from(kept.written);
            self.separate(separator, total.saturating_sub(written.max(lead)));
            if let Some(tail) = &kept.tail {
                tail.write(&mut self.out, &self.delimiters);
            }
        }
    }

    /// Writes a number of separators.
    #[inline]
    fn separate(&mut self, separator: u8, count: usize) {
        match count {
            0 => {}
            1 => self.out.push(separator),
            _ => self.out.resize(self.out.len() + count, separator),
        }
    }

    /// Writes what a slot holds, repetitions included.
    fn slot(&mut self, slot: Slot<'a>, level: Level, extra: &Extra, index: usize) {
        match slot {
            Slot::List(list) => {
                for repetition in 0..list.len() {
                    if repetition > 0 {
                        self.out.push(self.delimiters.repetition.unwrap_or(b'~'));
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
            Slot::Leaf(value) => match kept.and_then(|_| exact(extra, index, repetition, value)) {
                Some(bytes) => self.out.extend_from_slice(bytes),
                None => self.value(value),
            },
            Slot::Varies(varies) => {
                return self.repetition(varies.inner(), level, extra, index, repetition);
            }
            Slot::Node(node) => {
                let collapsed = kept.filter(|_| matches!(level, Level::Bottom)).and_then(|_| {
                    let value = first_leaf(slot)?;
                    exact(extra, index, repetition, value)
                });
                match collapsed {
                    Some(bytes) => self.out.extend_from_slice(bytes),
                    None => self.parts(node, level, 0),
                }
            }
        }
        for surplus in kept.into_iter().flat_map(|kept| at_slot(kept, index, repetition)) {
            if let SlotSurplus::Tail(tail) = surplus {
                tail.write(&mut self.out, &self.delimiters);
            }
        }
    }

    #[inline]
    fn value(&mut self, value: &Value) {
        let raw = value.raw().as_bytes();
        if self.standard {
            self.out.extend_from_slice(raw);
        } else {
            self.out.extend_from_slice(&translate(raw, &Delimiters::STANDARD, &self.delimiters));
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

/// The bytes that were sent for a value, if it still is the value they were read as.
fn exact<'a>(extra: &'a Extra, slot: usize, repetition: usize, value: &Value) -> Option<&'a [u8]> {
    at_slot(extra.kept()?, slot, repetition).find_map(|surplus| match surplus {
        SlotSurplus::Exact { read_as, bytes } if read_as == value => Some(&**bytes),
        _ => None,
    })
}
