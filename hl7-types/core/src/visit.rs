//! The slots of a segment or composite in which something is.

use crate::node::{List, Node, Slot, SlotMut, Varies};
use crate::value::Value;

/// What is shown the slots of a segment or composite, by index, which ascends. A method for each kind of slot, so that the code which
/// every struct brings along makes no [`Slot`] first.
pub trait Visitor<'a> {
    /// One piece of text, not empty.
    fn leaf(&mut self, index: usize, value: &'a Value);
    /// A composite, which may have nothing in it.
    fn node(&mut self, index: usize, node: &'a dyn Node);
    /// A field that repeats, of one repetition at least.
    fn list(&mut self, index: usize, list: &'a dyn List);
    /// A field whose datatype another field names.
    fn varies(&mut self, index: usize, varies: &'a dyn Varies);
}

/// Does the same with all kinds of slots.
struct Each<F>(F);

impl<'a, F: FnMut(usize, Slot<'a>)> Visitor<'a> for Each<F> {
    fn leaf(&mut self, index: usize, value: &'a Value) {
        self.0(index, Slot::Leaf(value));
    }
    fn node(&mut self, index: usize, node: &'a dyn Node) {
        self.0(index, Slot::Node(node));
    }
    fn list(&mut self, index: usize, list: &'a dyn List) {
        self.0(index, Slot::List(list));
    }
    fn varies(&mut self, index: usize, varies: &'a dyn Varies) {
        self.0(index, Slot::Varies(varies));
    }
}

/// Calls `visit` with each slot in which something is, in order; gives how many slots there are.
pub(crate) fn each_slot<'a>(node: &'a dyn Node, visit: impl FnMut(usize, Slot<'a>)) -> usize {
    node.visit(&mut Each(visit))
}

/// All slots of a segment or composite.
#[must_use]
pub fn slots(node: &dyn Node) -> Vec<Slot<'_>> {
    let mut slots = Vec::new();
    let count = each_slot(node, |index, slot| {
        slots.resize(index, Slot::Absent);
        slots.push(slot);
    });
    slots.resize(count, Slot::Absent);
    slots
}

/// The slot at an index; [`Slot::Absent`] behind the last.
pub(crate) fn nth_slot(node: &dyn Node, index: usize) -> Slot<'_> {
    let mut found = Slot::Absent;
    each_slot(node, |at, slot| {
        if at == index {
            found = slot;
        }
    });
    found
}

/// Calls `visit` with each slot in which something is, to be changed.
pub(crate) fn each_slot_mut(node: &mut dyn Node, visit: &mut dyn FnMut(SlotMut<'_>)) {
    let mut there = Vec::new();
    each_slot(node, |index, _| there.push(index));
    for index in there {
        visit(node.slot_mut(index));
    }
}
