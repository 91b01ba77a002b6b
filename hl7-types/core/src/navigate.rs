//! Paths over typed structs. A path names in a message what it names in the [`Tree`] of its bytes.
//!
//! Most paths lead straight to a leaf of a struct. All others (pieces with parts, what was kept beside the structs,
//! segments that have none, other delimiters) are answered by the segment as it is written: a tree around it is asked, or
//! edited and read back. So there is one meaning of a path, and it is the tree's.

use std::borrow::Cow;

use crate::charset::{self, Charset};
use crate::decode::read_segment;
use crate::desc::BY_COLUMN;
use crate::encode::{notation, write_raw, write_segment};
use crate::er7::{Notation, is_header};
use crate::extra::{Extra, Piece, RawSegment};
use crate::node::{Element, ElementMut, GroupNode, Node, SegmentNode, Slot, SlotMut};
use crate::order::{Position, in_order, segments};
use crate::path::Path;
use crate::tree::{NO_DELIMITERS, NO_SUCH_SEGMENT, Tree, check_place};
use crate::value::{Presence, Value};
use crate::visit::{each_slot_mut, slots};

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

// --- the way to a segment ------------------------------------------------------------------------------------------------

/// The segment that is looked for.
struct Sought<'a> {
    id: &'a str,
    /// How many of its name are still ahead, itself included.
    left: u32,
}

impl<'a> Sought<'a> {
    fn new(path: &'a Path) -> Self {
        Self { id: path.segment(), left: path.occurrence }
    }

    /// The segment, and the positions that lead to it from a group.
    fn find<'g>(
        &mut self,
        group: &'g dyn GroupNode,
        way: &mut Vec<Position>,
    ) -> Option<Element<'g>> {
        for (position, element) in in_order(group) {
            way.push(position);
            match element {
                Element::Group(inner) => {
                    if let Some(found) = self.find(inner, way) {
                        return Some(found);
                    }
                }
                segment if self.is_it(&segment) => return Some(segment),
                _ => {}
            }
            way.pop();
        }
        None
    }

    fn is_it(&mut self, element: &Element<'_>) -> bool {
        let is_named = match element {
            Element::Segment(segment) => segment.desc().id == self.id,
            Element::Raw(raw) => raw.line.id() == Some(self.id),
            Element::Group(_) => false,
        };
        if is_named {
            self.left = self.left.wrapping_sub(1);
        }
        is_named && self.left == 0
    }
}

/// Goes a way to its end.
fn follow<'a>(group: &'a mut dyn GroupNode, way: &[Position]) -> Option<ElementMut<'a>> {
    let (&position, behind) = way.split_first()?;
    let element = match position {
        Position::Member { index, at } => group.member_mut(index)?.occurrence_mut(at)?,
        Position::Stray(index) => {
            let strays = &mut group.extra_mut().kept_mut().strays;
            ElementMut::Raw(&mut strays.get_mut(index)?.segment)
        }
    };
    match element {
        ElementMut::Group(inner) => follow(inner, behind),
        segment => Some(segment),
    }
}

// --- reading -------------------------------------------------------------------------------------------------------------

/// What stands at a path.
enum Found<'a> {
    Nothing,
    /// A leaf of a struct, without separators in it.
    Leaf(&'a Value),
    /// A piece of the segment as it is written.
    Written(Tree),
}

fn find<'a>(root: &'a dyn GroupNode, path: &Path) -> Found<'a> {
    let notation = notation(root);
    let element = Sought::new(path).find(root, &mut Vec::new());
    let line = match element {
        Some(Element::Segment(segment)) => {
            if notation.is_standard()
                && let Some(found) = plain(segment, path)
            {
                return found.map_or(Found::Nothing, Found::Leaf);
            }
            write_segment(segment, &notation)
        }
        Some(Element::Raw(raw)) => write_raw(raw, &notation),
        Some(Element::Group(_)) | None => return Found::Nothing,
    };
    Tree::around(&line, &notation).map_or(Found::Nothing, Found::Written)
}

/// What a path names: the text of a leaf, or a piece with parts as it is written.
pub(crate) fn get<'a>(root: &'a dyn GroupNode, path: &Path) -> Option<Cow<'a, str>> {
    match find(root, path) {
        Found::Nothing => None,
        Found::Leaf(value) => (!value.is_empty()).then(|| value.text()),
        Found::Written(tree) => get_alone(&tree, path),
    }
}

fn get_alone<'a>(tree: &Tree, path: &Path) -> Option<Cow<'a, str>> {
    let piece = tree.alone().piece(path).filter(|piece| !piece.is_empty())?;
    Some(Cow::Owned(piece.text().into_owned()))
}

/// Whether a message or group has nothing at a path, an explicit null, or a value: what
/// [`Message::presence`](crate::Message::presence) says, for a message of any structure.
#[must_use]
pub fn presence<'a>(root: &'a dyn GroupNode, path: &Path) -> Presence<'a> {
    match find(root, path) {
        Found::Nothing => Presence::Absent,
        Found::Leaf(value) => value.presence(),
        Found::Written(tree) => {
            let piece = tree.alone().piece(path);
            piece.map_or(Presence::Absent, |piece| piece.presence().into_owned())
        }
    }
}

/// What structs alone say about a path: a leaf, or nothing. `None` where the segment has to be written to know.
fn plain<'a>(segment: &'a dyn SegmentNode, path: &Path) -> Option<Option<&'a Value>> {
    let mut slot = plain_slot(segment, path.field)?;
    if let Slot::List(list) = slot {
        if path.repetition == 0 && path.component == 0 && list.len() > 1 {
            return None;
        }
        slot = list.get(path.repetition.max(1) as usize - 1);
    } else if path.repetition > 1 {
        return Some(None);
    }
    for part in [path.component, path.subcomponent] {
        slot = chosen(slot);
        if part == 0 {
            break;
        }
        slot = match slot {
            Slot::Node(node) => plain_slot(node, part)?,
            Slot::Leaf(value) if has_parts(value) => return None,
            Slot::Leaf(_) if part > 1 => Slot::Absent,
            other => other,
        };
    }
    match chosen(slot) {
        Slot::Absent => Some(None),
        Slot::Leaf(value) if !has_parts(value) => Some(Some(value)),
        _ => None,
    }
}

/// The slot of a number, from one, if nothing was kept beside it.
fn plain_slot(node: &dyn Node, number: u32) -> Option<Slot<'_>> {
    let index = number.checked_sub(1)? as usize;
    let slot = slots(node).get(index).copied();
    let Some(kept) = node.extra().kept() else { return Some(slot.unwrap_or(Slot::Absent)) };
    match slot {
        None if kept.tail.is_some() => None,
        None => Some(Slot::Absent),
        Some(slot) => {
            let beside = kept.slots.iter().any(|entry| usize::from(entry.slot) == index);
            (!beside).then_some(slot)
        }
    }
}

/// What a field whose datatype another field names holds.
fn chosen(slot: Slot<'_>) -> Slot<'_> {
    if let Slot::Varies(varies) = slot { varies.inner() } else { slot }
}

/// Whether a value is a piece of ER7 with separators in it, as withdrawn fields have it.
fn has_parts(value: &Value) -> bool {
    value.raw().bytes().any(|byte| matches!(byte, b'|' | b'^' | b'~' | b'&' | b'\r' | b'\n'))
}

impl RawSegment {
    /// What a path names in this segment; its occurrence is not looked at.
    #[must_use]
    pub fn get(&self, path: &Path) -> Option<Cow<'_, str>> {
        let tree = self.tree()?;
        if self.id() != Some(path.segment()) {
            return None;
        }
        get_alone(&tree, path)
    }

    /// A tree around it, in the recommended notation or the one that it declares.
    pub(crate) fn tree(&self) -> Option<Tree> {
        let charset = self.line.charset();
        let notation = self.line.declares().map(|delimiters| Notation { delimiters, charset });
        let notation = notation.unwrap_or(Notation::STANDARD);
        Tree::around(&write_raw(self, &notation), &notation)
    }

    /// The character set that it declares, if it is a header.
    pub(crate) fn charset(&self) -> Option<Charset> {
        let tree = Tree::parse(self.line.declares().map(|_| self.er7())?).ok()?;
        charset::declared(tree.bytes(), tree.scan())
    }
}

// --- writing -------------------------------------------------------------------------------------------------------------

/// Sets the leaf that a path names; a path that stops above a leaf names the first leaf below it.
pub(crate) fn set(root: &mut dyn GroupNode, path: &Path, text: &str) -> Result<(), SetError> {
    let notation = notation(root);
    let mut way = Vec::new();
    let found = Sought::new(path).find(root, &mut way);
    let columns = found.and_then(|found| columns_of(root, found, path, &notation));
    let found = found.is_some();
    match follow(root, &way) {
        Some(ElementMut::Segment(segment)) if found => {
            set_in(segment, path, text, &notation, columns.as_deref())
        }
        Some(ElementMut::Raw(raw)) if found => set_in_raw(raw, path, text, &notation),
        _ => Err(SetError::new(*path, NO_SUCH_SEGMENT)),
    }
}

/// The RDF that says what the columns of a segment are, as it is written.
fn columns_of(
    root: &dyn GroupNode,
    segment: Element<'_>,
    path: &Path,
    notation: &Notation,
) -> Option<Vec<u8>> {
    let Element::Segment(segment) = segment else { return None };
    if !segment.desc().fields.iter().any(|field| field.varies_by == BY_COLUMN) {
        return None;
    }
    let mut left = path.occurrence;
    let mut last = None;
    for element in segments(root) {
        if element.id() == Some(path.segment()) {
            left -= 1;
        }
        if left == 0 {
            break;
        }
        if element.id() == Some("RDF") {
            last = Some(element);
        }
    }
    match last? {
        Element::Segment(segment) => Some(write_segment(segment, notation)),
        Element::Raw(raw) => Some(write_raw(raw, notation)),
        Element::Group(_) => None,
    }
}

const NOT_ONE_LINE: &str = "the segment is too long, or a value in it holds a line end";

fn set_in(
    segment: &mut dyn SegmentNode,
    path: &Path,
    text: &str,
    notation: &Notation,
    columns: Option<&[u8]>,
) -> Result<(), SetError> {
    let is_a_header = matches!(segment.desc().id, "MSH" | "BHS" | "FHS");
    check_place(path, is_a_header)?;
    if notation.is_standard()
        && !text.is_empty()
        && let Some(value) = plain_leaf(segment, path)
    {
        *value = Value::from(text);
        return Ok(());
    }
    let line = write_segment(segment, notation);
    if is_a_header && !is_header(&line, notation.delimiters.field) {
        return Err(SetError::new(*path, NO_DELIMITERS));
    }
    let tree = edited(&line, path, text, notation)?;
    let with_columns = columns.and_then(|columns| tree.alone_behind(columns, notation));
    read_anew(segment, with_columns.as_ref().unwrap_or(&tree));
    Ok(())
}

fn set_in_raw(
    raw: &mut RawSegment,
    path: &Path,
    text: &str,
    notation: &Notation,
) -> Result<(), SetError> {
    let tree = edited(&write_raw(raw, notation), path, text, notation)?;
    raw.line = Piece::of_line(tree.alone().raw(), notation);
    Ok(())
}

/// A segment as it is written, with a leaf set.
fn edited(line: &[u8], path: &Path, text: &str, notation: &Notation) -> Result<Tree, SetError> {
    let tree = Tree::around(line, notation);
    let mut tree = tree.ok_or_else(|| SetError::new(*path, NOT_ONE_LINE))?;
    tree.set_alone(path, text)?;
    Ok(tree)
}

/// The leaf of a path that can be set without a look at what is written around it.
fn plain_leaf<'a>(segment: &'a mut dyn SegmentNode, path: &Path) -> Option<&'a mut Value> {
    // A field that names a datatype decides how another one is read.
    if segment.desc().fields.iter().any(|field| u32::from(field.varies_by) == path.field) {
        return None;
    }
    let mut slot = plain_slot_mut(segment, path.field)?;
    if let SlotMut::List(list) = slot {
        let index = path.repetition.max(1) as usize - 1;
        slot = if list.is_empty() && index == 0 { list.push() } else { list.get_mut(index) };
    } else if path.repetition > 1 {
        return None;
    }
    // What it becomes with something in it, another field says.
    if matches!(&slot, SlotMut::Varies(varies) if varies.selected().is_none()) {
        return None;
    }
    for part in [path.component, path.subcomponent] {
        slot = match chosen_mut(slot) {
            SlotMut::Node(node) => plain_slot_mut(node, part.max(1))?,
            leaf @ SlotMut::Leaf(_) if part <= 1 => leaf,
            _ => return None,
        };
    }
    match chosen_mut(slot) {
        SlotMut::Leaf(value) if !has_parts(value) => Some(value),
        _ => None,
    }
}

/// The slot of a number, from one, if nothing was kept beside it and no trailing separators end there.
fn plain_slot_mut(node: &mut dyn Node, number: u32) -> Option<SlotMut<'_>> {
    let index = number.checked_sub(1)? as usize;
    if let Some(kept) = node.extra().kept()
        && (!kept.slots.is_empty() || kept.written > 0 && index + 1 >= usize::from(kept.written))
    {
        return None;
    }
    Some(node.slot_mut(index))
}

fn chosen_mut(slot: SlotMut<'_>) -> SlotMut<'_> {
    if let SlotMut::Varies(varies) = slot { varies.inner_mut() } else { slot }
}

/// Makes a segment what it would be if it had been read from an edited line.
fn read_anew(segment: &mut dyn SegmentNode, tree: &Tree) {
    let desc = segment.desc();
    let line_end = segment.extra().kept().and_then(|kept| kept.line_end.clone());
    clear(segment);
    let _ = read_segment(tree, desc, segment);
    segment.extra_mut().set_line_end(line_end);
}

/// Empties what is there. Repetitions stay, to be read into.
fn clear(node: &mut dyn Node) {
    each_slot_mut(node, &mut clear_slot);
    *node.extra_mut() = Extra::NONE;
}

fn clear_slot(slot: SlotMut<'_>) {
    match slot {
        SlotMut::Absent => {}
        SlotMut::Leaf(value) => *value = Value::EMPTY,
        SlotMut::Node(node) => clear(node),
        SlotMut::List(list) => (0..list.len()).for_each(|index| clear_slot(list.get_mut(index))),
        SlotMut::Varies(varies) => {
            varies.select("");
            clear_slot(varies.inner_mut());
        }
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
