//! Paths over typed structs: find a segment, then walk its slots.

use std::borrow::Cow;

use crate::charset::{self, Charset};
use crate::encode::{write_segment, write_slot};
use crate::extra::RawSegment;
use crate::node::{self, Element, ElementMut, GroupNode, Node, SegmentNode, Slot, SlotMut};
use crate::path::Path;
use crate::value::Value;

/// Why a value could not be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} cannot be set: {reason}")]
pub struct SetError {
    path: Path,
    reason: &'static str,
}

impl SetError {
    pub(crate) fn new(path: Path, reason: &'static str) -> Self {
        Self { path, reason }
    }
}

/// Calls `visit` with each segment in the order of the message until it gives something.
pub(crate) fn find_segment<'a, T>(
    group: &'a dyn GroupNode,
    visit: &mut dyn FnMut(Element<'a>) -> Option<T>,
) -> Option<T> {
    let mut strays = group.extra().strays().iter().peekable();
    for index in 0..group.desc().members.len() {
        let member = group.member(index);
        for at in 0..=member.count() {
            while let Some(stray) = strays.next_if(|stray| {
                usize::from(stray.member) < index
                    || usize::from(stray.member) == index
                        && (at == member.count() || stray.occurrence as usize <= at)
            }) {
                if let Some(found) = visit(Element::Raw(&stray.segment)) {
                    return Some(found);
                }
            }
            let found = match member.occurrence(at) {
                Some(Element::Group(inner)) => find_segment(inner, visit),
                Some(segment) => visit(segment),
                None => None,
            };
            if found.is_some() {
                return found;
            }
        }
    }
    strays.find_map(|stray| visit(Element::Raw(&stray.segment)))
}

/// Whether a segment has the id that a path names.
fn is_named(element: &Element<'_>, id: &str) -> bool {
    match element {
        Element::Segment(segment) => segment.desc().id == id,
        Element::Raw(raw) => raw.id() == Some(id),
        Element::Group(_) => false,
    }
}

/// What a path names: the text of a leaf, or the ER7 of a piece with parts under the recommended delimiters.
pub(crate) fn get<'a>(root: &'a dyn GroupNode, path: &Path) -> Option<Cow<'a, str>> {
    let mut left = path.occurrence;
    let element = find_segment(root, &mut |element| {
        if is_named(&element, path.segment()) {
            left = left.checked_sub(1)?;
            return (left == 0).then_some(element);
        }
        None
    })?;
    match element {
        Element::Segment(segment) => get_in(segment, path),
        Element::Raw(raw) => raw.get(path),
        Element::Group(_) => None,
    }
}

fn piece(bytes: Vec<u8>) -> Option<Cow<'static, str>> {
    let text = String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    (!text.is_empty()).then_some(Cow::Owned(text))
}

fn get_in<'a>(segment: &'a dyn SegmentNode, path: &Path) -> Option<Cow<'a, str>> {
    let Some(field) = path.field.checked_sub(1) else { return piece(write_segment(segment)) };
    let mut slot = node::slot(segment, field as usize);
    if let Slot::List(list) = slot {
        if path.repetition == 0 && path.component == 0 && list.len() > 1 {
            return piece(write_slot(slot, false));
        }
        slot = list.get(path.repetition.max(1) as usize - 1);
    } else if path.repetition > 1 {
        return None;
    }
    for part in [path.component, path.subcomponent] {
        if let Slot::Varies(varies) = slot {
            slot = varies.inner();
        }
        let Some(index) = part.checked_sub(1) else { break };
        slot = match slot {
            Slot::Node(node) => node::slot(node, index as usize),
            leaf @ Slot::Leaf(_) if index == 0 => leaf,
            _ => Slot::Absent,
        };
    }
    if let Slot::Varies(varies) = slot {
        slot = varies.inner();
    }
    if path.subcomponent > 0 {
        slot = crate::encode::first_leaf(slot).map_or(Slot::Absent, Slot::Leaf);
    }
    match slot {
        Slot::Leaf(value) => (!value.is_empty()).then(|| value.text()),
        Slot::Absent => None,
        parts => piece(write_slot(parts, path.component > 0)),
    }
}

/// Calls `visit` with each segment in the order of the message until it gives something.
fn find_segment_mut<T>(
    group: &mut dyn GroupNode,
    visit: &mut dyn FnMut(ElementMut<'_>) -> Option<T>,
) -> Option<T> {
    for index in 0..group.desc().members.len() {
        for at in 0..group.member(index).count() {
            let found = match group.member_mut(index).occurrence_mut(at) {
                Some(ElementMut::Group(inner)) => find_segment_mut(inner, visit),
                Some(segment) => visit(segment),
                None => None,
            };
            if found.is_some() {
                return found;
            }
        }
    }
    None
}

/// Sets the leaf that a path names; a path that stops above a leaf names the first leaf below it.
pub(crate) fn set(root: &mut dyn GroupNode, path: &Path, text: &str) -> Result<(), SetError> {
    let mut left = path.occurrence;
    find_segment_mut(root, &mut |element| match element {
        ElementMut::Segment(segment) if segment.desc().id == path.segment() => {
            left = left.checked_sub(1)?;
            (left == 0).then(|| set_in(segment, path, text))
        }
        _ => None,
    })
    .unwrap_or_else(|| Err(SetError::new(*path, "the message has no such typed segment")))
}

fn set_in(segment: &mut dyn SegmentNode, path: &Path, text: &str) -> Result<(), SetError> {
    let fail = |reason| Err(SetError::new(*path, reason));
    let Some(field) = path.field.checked_sub(1) else { return fail("name a field") };
    if field < 2 && matches!(path.segment(), "MSH" | "BHS" | "FHS") {
        return fail("the delimiters are set in the struct");
    }
    let mut slot = segment.slot_mut(field as usize);
    if let SlotMut::List(list) = slot {
        let index = path.repetition.max(1) as usize - 1;
        if index > list.len() + 1_000 {
            return fail("the repetition is more than a thousand behind the last");
        }
        while list.len() <= index {
            list.push();
        }
        slot = list.get_mut(index);
    } else if path.repetition > 1 {
        return fail("the field does not repeat");
    }
    for part in [path.component, path.subcomponent] {
        if let SlotMut::Varies(varies) = slot {
            slot = varies.inner_mut();
        }
        let index = part.max(1) - 1;
        slot = match slot {
            SlotMut::Node(node) => node.slot_mut(index as usize),
            leaf @ SlotMut::Leaf(_) if index == 0 => leaf,
            _ => SlotMut::Absent,
        };
    }
    match first_leaf_mut(slot) {
        Some(value) => {
            *value = Value::from(text);
            Ok(())
        }
        None => fail("the standard defines nothing there"),
    }
}

/// Sets the first leaf of a segment or composite.
pub fn set_first_leaf(node: &mut dyn Node, text: &str) {
    if let Some(value) = first_leaf_mut(node.slot_mut(0)) {
        *value = Value::from(text);
    }
}

fn first_leaf_mut(mut slot: SlotMut<'_>) -> Option<&mut Value> {
    for _ in 0..8 {
        match slot {
            SlotMut::Leaf(value) => return Some(value),
            SlotMut::Node(node) => slot = node.slot_mut(0),
            SlotMut::Varies(varies) => slot = varies.inner_mut(),
            SlotMut::List(list) => slot = list.get_mut(0),
            SlotMut::Absent => return None,
        }
    }
    None
}

impl RawSegment {
    /// The character set that it declares, if it is a header.
    pub(crate) fn charset(&self) -> Option<Charset> {
        let tree = crate::tree::Tree::of_segment(&self.er7()).ok()?;
        charset::declared(tree.bytes(), tree.scan())
    }

    /// What a path names in this segment; its occurrence is not looked at.
    #[must_use]
    pub fn get(&self, path: &Path) -> Option<Cow<'_, str>> {
        let tree = crate::tree::Tree::of_segment(&self.er7()).ok()?;
        let path = Path { occurrence: 1, ..*path };
        tree.get(&path).map(|text| Cow::Owned(text.into_owned()))
    }
}
