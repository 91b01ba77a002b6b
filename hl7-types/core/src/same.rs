//! `Clone` and `PartialEq` of structs, each written once: a version has a thousand types, and what a derive of the standard
//! library expands to for all of them is a quarter of what it costs to compile.

use crate::desc::{DatatypeDesc, MemberDesc, MemberKind};
use crate::node::{Element, ElementMut, Empty, GroupNode, Member, Node, Slot, SlotMut, Varies};
use crate::visit::{each_slot, slots};

/// A copy of a segment or composite.
pub fn clone_node<T: Node + Empty>(from: &T) -> T {
    let mut to = T::EMPTY;
    copy_node(from, &mut to);
    to
}

fn copy_node(from: &dyn Node, to: &mut dyn Node) {
    each_slot(from, |index, slot| copy_slot(slot, to.slot_mut(index)));
    if !from.extra().is_empty() {
        *to.extra_mut() = from.extra().clone();
    }
}

pub(crate) fn copy_slot(from: Slot<'_>, to: SlotMut<'_>) {
    match (from, to) {
        (Slot::Leaf(from), SlotMut::Leaf(to)) => *to = from.clone(),
        (Slot::Node(from), SlotMut::Node(to)) => copy_node(from, to),
        (Slot::List(from), SlotMut::List(to)) => {
            (0..from.len()).for_each(|index| copy_slot(from.get(index), to.push()));
        }
        (Slot::Varies(from), SlotMut::Varies(to)) => {
            to.select(from.selected().map_or("", |datatype| datatype.id));
            copy_slot(from.inner(), to.inner_mut());
        }
        _ => {}
    }
}

/// A copy of a group or message.
pub fn clone_group<T: GroupNode + Empty>(from: &T) -> T {
    let mut to = T::EMPTY;
    copy_group(from, &mut to);
    to
}

fn copy_group(from: &dyn GroupNode, to: &mut dyn GroupNode) {
    for (index, desc) in from.desc().members.iter().enumerate() {
        let (Some(from), Some(to)) = (from.member(index), to.member_mut(index)) else { break };
        for element in (0..from.count()).filter_map(|at| from.occurrence(at)) {
            copy_element(element, to.open(alternative(desc, element)));
        }
    }
    *to.extra_mut() = from.extra().clone();
}

/// Which alternative an occurrence is, if the member is a choice; else zero.
pub(crate) fn alternative(member: &MemberDesc, element: Element<'_>) -> usize {
    let MemberKind::Choice(choice) = member.kind else { return 0 };
    let is_it = |alternative: &MemberDesc| match (alternative.kind, element) {
        (MemberKind::Segment(desc), Element::Segment(segment)) => desc.id == segment.desc().id,
        (MemberKind::Group(desc), Element::Group(group)) => std::ptr::eq(desc, group.desc()),
        (MemberKind::Any(_), Element::Raw(_)) => true,
        _ => false,
    };
    choice.members.iter().position(is_it).unwrap_or(0)
}

pub(crate) fn copy_element(from: Element<'_>, to: ElementMut<'_>) {
    match (from, to) {
        (Element::Segment(from), ElementMut::Segment(to)) => copy_node(from, to),
        (Element::Group(from), ElementMut::Group(to)) => copy_group(from, to),
        (Element::Raw(from), ElementMut::Raw(to)) => *to = from.clone(),
        _ => {}
    }
}

/// Whether two segments or composites hold the same; what is absent equals what has nothing in it.
#[must_use]
pub fn same_node(a: &dyn Node, b: &dyn Node) -> bool {
    let (of_a, of_b) = (slots(a), slots(b));
    let at = |slots: &[_], index| slots.get(index).copied().unwrap_or(Slot::Absent);
    let count = of_a.len().max(of_b.len());
    (0..count).all(|index| same_slot(at(&of_a, index), at(&of_b, index))) && a.extra() == b.extra()
}

fn same_slot(a: Slot<'_>, b: Slot<'_>) -> bool {
    match (a, b) {
        (Slot::Leaf(a), Slot::Leaf(b)) => a == b,
        (Slot::Node(a), Slot::Node(b)) => same_node(a, b),
        (Slot::List(a), Slot::List(b)) => {
            a.len() == b.len() && (0..a.len()).all(|index| same_slot(a.get(index), b.get(index)))
        }
        (Slot::Varies(a), Slot::Varies(b)) => {
            let id = |selected: Option<&DatatypeDesc>| selected.map(|datatype| datatype.id);
            id(a.selected()) == id(b.selected()) && same_slot(a.inner(), b.inner())
        }
        (Slot::Absent, other) | (other, Slot::Absent) => is_blank(other),
        _ => false,
    }
}

fn is_blank(slot: Slot<'_>) -> bool {
    match slot {
        Slot::Absent => true,
        Slot::Leaf(value) => value.is_empty(),
        Slot::Node(node) => node.extra().is_empty() && slots(node).into_iter().all(is_blank),
        // One repetition without anything in it is written as none.
        Slot::List(list) => list.len() <= 1 && is_blank(list.get(0)),
        Slot::Varies(varies) => is_blank(varies.inner()),
    }
}

/// Whether two groups or messages hold the same.
#[must_use]
pub fn same_group(a: &dyn GroupNode, b: &dyn GroupNode) -> bool {
    a.members().zip(b.members()).all(|(a, b)| same_member(a, b)) && a.extra() == b.extra()
}

fn same_member(a: &dyn Member, b: &dyn Member) -> bool {
    a.count() == b.count()
        && (0..a.count()).all(|at| match (a.occurrence(at), b.occurrence(at)) {
            (Some(a), Some(b)) => same_element(a, b),
            (a, b) => a.is_none() && b.is_none(),
        })
}

/// Whether two occurrences of a member hold the same.
#[must_use]
pub fn same_element(a: Element<'_>, b: Element<'_>) -> bool {
    match (a, b) {
        (Element::Segment(a), Element::Segment(b)) => a.desc().id == b.desc().id && same_node(a, b),
        (Element::Group(a), Element::Group(b)) => {
            std::ptr::eq(a.desc(), b.desc()) && same_group(a, b)
        }
        (Element::Raw(a), Element::Raw(b)) => a == b,
        _ => false,
    }
}

/// Whether two values of an enum over datatypes are of the same one and hold the same.
#[must_use]
pub fn same_varies(a: &dyn Varies, b: &dyn Varies) -> bool {
    same_slot(Slot::Varies(a), Slot::Varies(b))
}
