//! The engine that writes a message: slots in order, then what was kept beside them.

use std::ops::Range;

use crate::er7::{Delimiters, translate};
use crate::extra::{Extra, Kept, LineEnd, RawSegment, SlotSurplus};
use crate::node::{self, Element, GroupNode, Node, SegmentNode, Slot};
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
    let delimiters = declared(root).unwrap_or_default();
    let mut writer = Writer {
        out: Vec::with_capacity(1024),
        slots: Vec::with_capacity(128),
        delimiters,
        standard: delimiters.is_standard(),
        terminator: kept.and_then(|kept| kept.terminator).unwrap_or_default(),
        open_line: false,
        groups,
    };
    if let Some(kept) = kept {
        writer.out.extend_from_slice(&kept.prefix);
    }
    writer.group(root);
    (writer.out, writer.groups.unwrap_or_default())
}

/// Writes one segment under the recommended delimiters, without a line end.
pub(crate) fn write_segment(segment: &dyn SegmentNode) -> Vec<u8> {
    let mut writer = Writer {
        out: Vec::new(),
        slots: Vec::new(),
        delimiters: Delimiters::STANDARD,
        standard: true,
        terminator: LineEnd::Cr,
        open_line: false,
        groups: None,
    };
    writer.fields(segment);
    writer.out
}

/// Writes a slot under the recommended delimiters: a field without its repetitions, a component.
pub(crate) fn write_slot(slot: Slot<'_>, component: bool) -> Vec<u8> {
    let mut writer = Writer {
        out: Vec::new(),
        slots: Vec::new(),
        delimiters: Delimiters::STANDARD,
        standard: true,
        terminator: LineEnd::Cr,
        open_line: false,
        groups: None,
    };
    let extra = Extra::NONE;
    writer.slot(slot, if component { Level::Subcomponent } else { Level::Component }, &extra, 0);
    writer.out
}

/// The delimiters that the first segment declares.
fn declared(root: &dyn GroupNode) -> Option<Delimiters> {
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
    // --- segments ----------------------------------------------------------------------------------------------------

    fn group(&mut self, group: &'a dyn GroupNode) {
        let mut strays = group.extra().strays().iter().peekable();
        for index in 0..group.desc().members.len() {
            let member = group.member(index);
            let count = member.count();
            let mut written = 0;
            loop {
                let last = written == count;
                while let Some(stray) = strays.next_if(|stray| {
                    usize::from(stray.member) < index
                        || usize::from(stray.member) == index
                            && (last || stray.occurrence as usize <= written)
                }) {
                    self.raw(&stray.segment);
                }
                match member.occurrence(written) {
                    Some(Element::Segment(segment)) => self.segment(segment),
                    Some(Element::Group(group)) => self.inner_group(group),
                    Some(Element::Raw(raw)) => self.raw(raw),
                    None => break,
                }
                written += 1;
            }
        }
        strays.for_each(|stray| self.raw(&stray.segment));
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
pub(crate) fn first_leaf(mut slot: Slot<'_>) -> Option<&Value> {
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
