//! How the slots of a segment or composite are written, with what separates them.

use crate::extra::{Extra, Kept, SlotSurplus};
use crate::node::{List, Node, Slot, Varies};
use crate::value::Value;
use crate::visit::{Visitor, nth_slot, slots};

use super::{Writer, first_leaf};

/// What separates the slots of a node.
#[derive(Clone, Copy)]
pub(super) enum Level {
    Component,
    Subcomponent,
    /// Below subcomponents nothing separates.
    Bottom,
}

impl Level {
    fn below(self) -> Self {
        match self {
            Level::Component => Level::Subcomponent,
            Level::Subcomponent | Level::Bottom => Level::Bottom,
        }
    }
}

/// A separator, as often as it mostly stands side by side.
type Separators = [u8; SHORT];

/// Most values are no longer than this with the separators before them.
const SHORT: usize = 16;

impl Writer {
    /// Writes the fields of a segment.
    pub(super) fn all_fields(&mut self, segment: &dyn Node, is_header: bool) {
        let fields = Parts {
            separators: [self.notation.delimiters.field; SHORT],
            below: Level::Component,
            declared: if is_header { DECLARED } else { 0 },
            written: if is_header { DECLARED } else { 0 },
            writer: self,
        };
        fields.write(segment);
    }

    /// Writes the components of a composite, or its subcomponents.
    fn parts(&mut self, node: &dyn Node, level: Level) {
        let Some(separator) = self.separator(level) else {
            // Only the first leaf has a place here.
            return self.slot(nth_slot(node, 0), Level::Bottom, node.extra(), 0);
        };
        // They have separators in between, where fields have one each.
        let separators = [separator; SHORT];
        Parts { writer: self, separators, below: level.below(), declared: 0, written: 1 }
            .write(node);
    }

    #[inline]
    fn separator(&self, level: Level) -> Option<u8> {
        match level {
            Level::Component => Some(self.notation.delimiters.component),
            Level::Subcomponent => self.notation.delimiters.subcomponent,
            Level::Bottom => None,
        }
    }

    fn repeat(&mut self) {
        self.out.push(self.notation.delimiters.repetition.unwrap_or(b'~'));
    }

    /// Writes a repetition beside which nothing was kept.
    fn plain(&mut self, slot: Slot<'_>, level: Level) {
        match slot {
            Slot::Node(node) => self.parts(node, level),
            Slot::Leaf(value) => self.value(value),
            Slot::Varies(varies) => self.plain(varies.inner(), level),
            Slot::Absent | Slot::List(_) => {}
        }
    }

    /// Writes what a slot holds, repetitions included.
    pub(super) fn slot(&mut self, slot: Slot<'_>, level: Level, extra: &Extra, index: usize) {
        match slot {
            Slot::List(list) => {
                for repetition in 0..list.len() {
                    if repetition > 0 {
                        self.repeat();
                    }
                    self.repetition(list.get(repetition), level, extra, index, repetition + 1);
                }
            }
            single => self.repetition(single, level, extra, index, 0),
        }
    }

    /// Writes a repetition of a list, counted from one, or what a slot of one value holds, which is number zero.
    fn repetition(
        &mut self,
        slot: Slot<'_>,
        level: Level,
        extra: &Extra,
        index: usize,
        repetition: usize,
    ) {
        let kept = extra.kept().filter(|kept| !kept.slots.is_empty());
        match slot {
            Slot::List(_) => {}
            // Bytes may have been kept that were read as nothing.
            Slot::Absent => self.leaf(extra, index, repetition, &Value::EMPTY),
            Slot::Leaf(value) => self.leaf(extra, index, repetition, value),
            Slot::Varies(varies) => {
                return self.repetition(varies.inner(), level, extra, index, repetition);
            }
            Slot::Node(node) => {
                let collapsed = kept.filter(|_| matches!(level, Level::Bottom)).and_then(|_| {
                    let value = first_leaf(slot).unwrap_or(&Value::EMPTY);
                    self.exact(extra, index, repetition, value)
                });
                match collapsed {
                    Some(bytes) => self.out.extend_from_slice(bytes),
                    None => self.parts(node, level),
                }
            }
        }
        for surplus in kept.into_iter().flat_map(|kept| at_slot(kept, index, repetition)) {
            if let SlotSurplus::Tail(tail) = surplus {
                tail.write(&mut self.out, &self.notation);
            }
        }
    }

    /// Writes a value as it was sent, if it still is what it was read as.
    fn leaf(&mut self, extra: &Extra, slot: usize, repetition: usize, value: &Value) {
        match self.exact(extra, slot, repetition, value) {
            Some(bytes) => self.out.extend_from_slice(bytes),
            None => self.value(value),
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

/// How many slots of a header declare delimiters: they are neither separated nor escaped.
const DECLARED: usize = 2;

/// The slots of one segment, composite or component being written.
struct Parts<'w> {
    writer: &'w mut Writer,
    separators: Separators,
    /// Of what is in the slots.
    below: Level,
    /// How many slots declare delimiters.
    declared: usize,
    /// How many slots the separators that were written lead to.
    written: usize,
}

impl Parts<'_> {
    #[inline]
    fn write(mut self, node: &dyn Node) {
        match node.extra().kept() {
            Some(kept) => self.with_kept(node, kept),
            None => self.visit(node),
        }
    }

    /// Writes the slots, beside which nothing was kept.
    #[inline]
    fn visit(&mut self, node: &dyn Node) {
        if self.declared > 0 {
            node.visit(&mut Declaring(self));
        } else {
            node.visit(self);
        }
    }

    /// Writes the slots and what was kept beside and behind them.
    #[inline(never)]
    fn with_kept(mut self, node: &dyn Node, kept: &Kept) {
        if kept.slots.is_empty() {
            self.visit(node);
        } else {
            self.each(node, node.extra());
        }
        self.separate(usize::from(kept.written).saturating_sub(self.written));
        if let Some(tail) = &kept.tail {
            tail.write(&mut self.writer.out, &self.writer.notation);
        }
    }

    /// Writes each slot, also where nothing is in it: repetitions that a field of one value cannot hold stand beside it.
    fn each(&mut self, node: &dyn Node, extra: &Extra) {
        for (index, slot) in slots(node).into_iter().enumerate() {
            if index < self.declared {
                self.declaration(extra, index, slot);
            } else {
                self.part(index, |writer, below| writer.slot(slot, below, extra, index));
            }
        }
    }

    fn declaration(&mut self, extra: &Extra, index: usize, slot: Slot<'_>) {
        let value = if let Slot::Leaf(value) = slot { value } else { &Value::EMPTY };
        let exact = self.writer.exact(extra, index, 0, value);
        self.writer.out.extend_from_slice(exact.unwrap_or(value.raw().as_bytes()));
    }

    /// Writes what is in a slot, with the separators before it if it says anything.
    #[inline]
    fn part(&mut self, index: usize, write: impl FnOnce(&mut Writer, Level)) {
        let before = self.writer.out.len();
        self.separate(index + 1 - self.written);
        let start = self.writer.out.len();
        write(self.writer, self.below);
        if self.writer.out.len() == start {
            self.writer.out.truncate(before);
        } else {
            self.written = index + 1;
        }
    }

    /// Writes a number of separators.
    #[inline]
    fn separate(&mut self, count: usize) {
        let out = &mut self.writer.out;
        let end = out.len() + count;
        if count <= SHORT {
            out.extend_from_slice(&self.separators);
            out.truncate(end);
        } else {
            out.resize(end, self.separators[0]);
        }
    }

    /// Writes a text and the separators before it, if that is little and there is room for it: nothing of this is a call.
    #[inline]
    fn short_leaf(&mut self, index: usize, text: &[u8]) -> bool {
        let count = index + 1 - self.written;
        let out = &mut self.writer.out;
        let start = out.len();
        let is_short = count + text.len() <= SHORT && out.capacity() - start >= SHORT;
        if is_short {
            out.extend_from_slice(&self.separators);
            copy_short(&mut out[start + count..], text);
            out.truncate(start + count + text.len());
            self.written = index + 1;
        }
        is_short
    }

    // Not in the way of short ones.
    #[inline(never)]
    fn any_leaf(&mut self, index: usize, value: &Value) {
        self.part(index, |writer, _| writer.value(value));
    }
}

/// The slots of a header. Of those that declare, only text is written.
struct Declaring<'p, 'w>(&'p mut Parts<'w>);

impl<'w> Declaring<'_, 'w> {
    /// Where the slot at an index is written, if it declares nothing.
    fn other(&mut self, index: usize) -> Option<&mut Parts<'w>> {
        (index >= self.0.declared).then_some(&mut *self.0)
    }
}

impl Visitor<'_> for Declaring<'_, '_> {
    fn leaf(&mut self, index: usize, value: &Value) {
        match self.other(index) {
            Some(parts) => parts.leaf(index, value),
            None => self.0.writer.out.extend_from_slice(value.raw().as_bytes()),
        }
    }
    fn node(&mut self, index: usize, node: &dyn Node) {
        if let Some(parts) = self.other(index) {
            parts.node(index, node);
        }
    }
    fn list(&mut self, index: usize, list: &dyn List) {
        if let Some(parts) = self.other(index) {
            parts.list(index, list);
        }
    }
    fn varies(&mut self, index: usize, varies: &dyn Varies) {
        if let Some(parts) = self.other(index) {
            parts.varies(index, varies);
        }
    }
}

/// Nothing was kept beside the slots, and none declares delimiters.
impl Visitor<'_> for Parts<'_> {
    fn leaf(&mut self, index: usize, value: &Value) {
        if !self.writer.standard || !self.short_leaf(index, value.raw().as_bytes()) {
            self.any_leaf(index, value);
        }
    }
    fn node(&mut self, index: usize, node: &dyn Node) {
        self.part(index, |writer, below| writer.parts(node, below));
    }
    fn list(&mut self, index: usize, list: &dyn List) {
        self.part(index, |writer, below| {
            writer.plain(list.get(0), below);
            for repetition in 1..list.len() {
                writer.repeat();
                writer.plain(list.get(repetition), below);
            }
        });
    }
    fn varies(&mut self, index: usize, varies: &dyn Varies) {
        self.part(index, |writer, below| writer.plain(varies.inner(), below));
    }
}

/// Copies up to 16 bytes to a start, in pieces of fixed sizes that overlap: a call costs more than the copy.
#[inline]
fn copy_short(to: &mut [u8], from: &[u8]) {
    #[inline]
    fn copy<const N: usize>(to: &mut [u8], from: &[u8], at: usize) {
        to[at..at + N].copy_from_slice(&from[at..at + N]);
    }
    match *from {
        [] => {}
        [a] => to[0] = a,
        [a, b] => to[..2].copy_from_slice(&[a, b]),
        [a, b, c] => to[..3].copy_from_slice(&[a, b, c]),
        _ if from.len() < 8 => {
            copy::<4>(to, from, 0);
            copy::<4>(to, from, from.len() - 4);
        }
        _ => {
            copy::<8>(to, from, 0);
            copy::<8>(to, from, from.len() - 8);
        }
    }
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
