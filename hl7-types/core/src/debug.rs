//! `Debug` of structs: where something stands and how long it is, never what it says.

use std::fmt;

use crate::node::{Element, GroupNode, Node, Slot, Varies};
use crate::visit::{each_slot, slots};

/// Writes a segment or composite: the numbers of its valued slots, each with its length.
///
/// # Errors
/// When the formatter fails.
pub fn debug_node(name: &str, node: &dyn Node, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{name} ")?;
    valued(node, f)
}

fn valued(node: &dyn Node, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut map = f.debug_map();
    each_slot(node, |index, slot| {
        let shown = Shown(slot);
        if !shown.is_empty() {
            map.entry(&(index + 1), &shown);
        }
    });
    map.finish()
}

struct Shown<'a>(Slot<'a>);

impl Shown<'_> {
    fn is_empty(&self) -> bool {
        match self.0 {
            Slot::Absent => true,
            Slot::Leaf(value) => value.is_empty(),
            Slot::Node(node) => slots(node).into_iter().all(|slot| Shown(slot).is_empty()),
            Slot::List(list) => list.is_empty(),
            Slot::Varies(varies) => Shown(varies.inner()).is_empty(),
        }
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Slot::Absent => f.write_str("absent"),
            Slot::Leaf(value) => value.fmt(f),
            Slot::Node(node) => valued(node, f),
            Slot::List(list) => {
                f.debug_list().entries((0..list.len()).map(|index| Shown(list.get(index)))).finish()
            }
            Slot::Varies(varies) => Shown(varies.inner()).fmt(f),
        }
    }
}

/// Writes a group or message: its members with their segments.
///
/// # Errors
/// When the formatter fails.
pub fn debug_group(group: &dyn GroupNode, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let desc = group.desc();
    let mut out = f.debug_struct(desc.name);
    for (member, occurrences) in desc.members.iter().zip(group.members()) {
        for at in 0..occurrences.count() {
            match occurrences.occurrence(at) {
                Some(Element::Segment(segment)) => out.field(member.ident, &Named(segment)),
                Some(Element::Group(inner)) => out.field(member.ident, &Inner(inner)),
                Some(Element::Raw(raw)) => out.field(member.ident, raw),
                None => &mut out,
            };
        }
    }
    for stray in group.extra().strays() {
        out.field("stray", &stray.segment);
    }
    out.finish()
}

/// Writes a varying value: the datatype it has now, then what stands in it.
///
/// # Errors
/// When the formatter fails.
pub fn debug_varies(varies: &dyn Varies, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{} ", varies.selected().map_or("raw", |datatype| datatype.id))?;
    fmt::Debug::fmt(&Shown(varies.inner()), f)
}

/// Writes a segment or group by what it is: the alternative that a choice holds.
///
/// # Errors
/// When the formatter fails.
pub fn debug_element(element: Element<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match element {
        Element::Segment(segment) => fmt::Debug::fmt(&Named(segment), f),
        Element::Group(group) => debug_group(group, f),
        Element::Raw(raw) => fmt::Debug::fmt(raw, f),
    }
}

/// Writes the variant of a table's enum at an index, of whose names are all given, with blanks between.
///
/// # Errors
/// When the formatter fails.
pub fn debug_variant(names: &str, index: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let name = names.split_whitespace().nth(index).unwrap_or_default();
    f.write_str(name.strip_prefix("r#").unwrap_or(name))
}

struct Named<'a>(&'a dyn crate::node::SegmentNode);

impl fmt::Debug for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_node(self.0.desc().id, self.0, f)
    }
}

struct Inner<'a>(&'a dyn GroupNode);

impl fmt::Debug for Inner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_group(self.0, f)
    }
}
