//! What a receiver does with an update: what is absent stays, a null clears, a value replaces (section 2.10.1); segments
//! that repeat are sent as a snapshot (section 2.10.4).

use std::collections::{BTreeMap, VecDeque};

use crate::desc::MemberDesc;
use crate::encode::write_field;
use crate::er7::{Delimiters, Notation};
use crate::extra::{Extra, Kept, Piece, RawSegment, SlotKept, SlotSurplus, Stray, without_nulls};
use crate::message::Message;
use crate::node::{
    Element, ElementMut, GroupNode, Member, Node, OfSegment, Segment, SegmentNode, Slot, SlotMut,
};
use crate::same::{alternative, copy_element, copy_slot};
use crate::value::{Sent, Value};
use crate::visit::{each_slot_mut, slots};

/// A segment or message that can be updated by another of its type. `Kind` tells the two apart.
pub trait Record<Kind> {
    /// See [`apply_update`].
    fn update(&mut self, new: &Self);
}

/// A message.
#[derive(Debug)]
pub enum OfMessage {}

/// Applies an update to what is on record: `new` says what changed in `old`.
///
/// The unit is the **field**, with all its repetitions, because that is what the standard lets a sender leave out: a
/// repetition or component that is not sent within a valued field does not exist any more.
///
/// - A field that is absent (nothing, or separators alone) keeps what `old` has.
/// - A field that is null (`""` alone) clears it.
/// - Any other replaces it. A component, or one of several repetitions, that is null within it comes out empty: the record
///   holds what is known, not what was said about it.
///
/// In a message, a segment or group that occurs once is updated field by field, and one that repeats by **snapshot**: the
/// occurrences sent replace all that `old` has; none sent, or none that says anything, keeps them; a single one whose
/// first valued field is null deletes them. Segments that the structure has no place for repeat as far as anybody knows:
/// the ones sent replace those of their name in their group.
///
/// Of `old` stay the delimiters, line ends and what stands before and between the segments. What `new` carries beyond its
/// types (a field more than the version defines) updates like any other field.
///
/// ```
/// # use hl7_core::{Extra, Message, RawSegment, Segment};
/// # fn example<Pid: Segment>(on_record: &mut Pid, received: &Pid) {
/// hl7_core::apply_update(on_record, received);
/// # }
/// ```
pub fn apply_update<Kind, T: Record<Kind>>(old: &mut T, new: &T) {
    old.update(new);
}

impl<T: Segment> Record<OfSegment> for T {
    fn update(&mut self, new: &Self) {
        let mut merged = T::EMPTY;
        segment(Some(self), new, &mut merged);
        *self = merged;
    }
}

impl<T: Message> Record<OfMessage> for T {
    fn update(&mut self, new: &Self) {
        let mut merged = T::EMPTY;
        group(Some(self), new, &mut merged);
        *self = merged;
    }
}

/// Where a field of the record is taken from.
enum Source {
    Old,
    New,
    Nowhere,
}

// --- segments ----------------------------------------------------------------------------------------------------

/// Fills an empty segment with an old one and its update.
fn segment(old: Option<&dyn SegmentNode>, new: &dyn SegmentNode, to: &mut dyn Node) {
    let header = matches!(new.desc().id, "MSH" | "BHS" | "FHS");
    let of_old = old.map_or_else(Vec::new, |old| slots(old));
    let of_new = slots(new);
    let mut kept = Vec::new();
    for index in 0..of_old.len().max(of_new.len()) {
        let at = |slots: &[_], index| slots.get(index).copied().unwrap_or(Slot::Absent);
        let (from_old, from_new) = (at(&of_old, index), at(&of_new, index));
        let sent = write_field(from_new, new.extra(), index);
        let source = match Sent::of(&sent) {
            Sent::Null => Source::Nowhere,
            // What values and surplus of the record look like hangs on its delimiters.
            _ if header && index < 2 => match from_old {
                Slot::Leaf(declared) if !declared.is_empty() => Source::Old,
                _ => Source::New,
            },
            Sent::Nothing if old.is_some() => Source::Old,
            _ => Source::New,
        };
        match (source, old) {
            (Source::Old, Some(old)) => {
                if !matches!(from_old, Slot::Absent) {
                    copy_slot(from_old, to.slot_mut(index));
                }
                kept.extend(beside(old.extra(), index).cloned());
            }
            (Source::New, _) => {
                if !matches!(from_new, Slot::Absent) {
                    copy_slot(from_new, to.slot_mut(index));
                    if has_null(&sent) {
                        settle(to.slot_mut(index));
                    }
                }
                kept.extend(beside(new.extra(), index).map(settled));
            }
            _ => {}
        }
    }
    keep_beside(old.map(Node::extra), new.extra(), kept, to.extra_mut());
}

/// What stands beside the slots of a segment.
fn keep_beside(old: Option<&Extra>, new: &Extra, slots: Vec<SlotKept>, to: &mut Extra) {
    let none = Kept::default();
    let new = new.kept().unwrap_or(&none);
    let (of_old, line_end) = match old {
        Some(old) => {
            let kept = old.kept().unwrap_or(&none);
            (kept, kept.line_end.clone())
        }
        None => (&none, None),
    };
    let tail = tail(of_old.tail.as_ref(), new.tail.as_ref());
    let written = match (old, &tail) {
        (None, _) => new.written,
        (Some(_), Some(_)) => of_old.written.max(new.written),
        (Some(_), None) => of_old.written,
    };
    *to.kept_mut() = Kept { written, tail, slots, line_end, ..Kept::default() };
    to.tidy();
}

/// The fields behind the last that the types hold.
fn tail(old: Option<&Piece>, new: Option<&Piece>) -> Option<Piece> {
    let Some(new) = new else { return old.cloned() };
    let settled = new.settled();
    let Some(old) = old else { return Some(settled) };
    let (Some(of_old), Some(of_new)) = (old.standard(), new.standard()) else {
        // One of them is in delimiters of its own: we cannot tell its fields apart.
        return Some(settled);
    };
    let field = Delimiters::STANDARD.field;
    let split = |tail: &[u8]| -> Vec<Vec<u8>> {
        tail.split(|&byte| byte == field).map(<[u8]>::to_vec).collect()
    };
    let (of_old, of_new) = (split(of_old), split(of_new));
    let at = |fields: &[Vec<u8>], index: usize| fields.get(index).cloned().unwrap_or_default();
    let merged: Vec<_> = (0..of_old.len().max(of_new.len()))
        .map(|index| match Sent::of(&at(&of_new, index)) {
            Sent::Nothing => at(&of_old, index),
            _ => without_nulls(&at(&of_new, index), &Delimiters::STANDARD),
        })
        .collect();
    Some(Piece::new(&merged.join(&field), &Notation::STANDARD))
}

/// Makes a copied slot one of the record: clears nulls in it, and drops bytes of other delimiters.
fn settle(slot: SlotMut<'_>) {
    match slot {
        SlotMut::Absent => {}
        SlotMut::Leaf(value) => {
            if has_null(value.raw().as_bytes()) {
                let raw = without_nulls(value.raw().as_bytes(), &Delimiters::STANDARD);
                *value = Value::from_raw(String::from_utf8_lossy(&raw));
            }
        }
        SlotMut::Node(node) => {
            each_slot_mut(node, &mut settle);
            if let Some(kept) = node.extra().kept() {
                let slots = kept.slots.iter().map(settled).collect();
                let tail = kept.tail.as_ref();
                let tail = tail.map(|tail| tail.settled());
                let kept = node.extra_mut().kept_mut();
                (kept.slots, kept.tail) = (slots, tail);
            }
        }
        SlotMut::List(list) => {
            (0..list.len()).for_each(|index| settle(list.get_mut(index)));
        }
        SlotMut::Varies(varies) => settle(varies.inner_mut()),
    }
}

fn settled(entry: &SlotKept) -> SlotKept {
    let what = match &entry.what {
        SlotSurplus::Tail(tail) => SlotSurplus::Tail(tail.settled()),
        exact @ SlotSurplus::Exact(_) => exact.clone(),
    };
    SlotKept { what, ..*entry }
}

// --- groups ------------------------------------------------------------------------------------------------------

/// Fills an empty group with an old one and its update.
fn group(old: Option<&dyn GroupNode>, new: &dyn GroupNode, to: &mut dyn GroupNode) {
    for (index, desc) in new.desc().members.iter().enumerate() {
        let of_old = old.and_then(|old| old.member(index));
        let (Some(of_new), Some(to)) = (new.member(index), to.member_mut(index)) else { break };
        let says = occurrences(Some(of_new)).map(Says::of).collect::<Vec<_>>();
        let replaced = of_old.is_none() || says.iter().any(|says| says.anything());
        if replaced && desc.max == 1 {
            let old = of_old.and_then(|member| member.occurrence(0));
            single(old, of_new.occurrence(0), desc, to);
            continue;
        }
        if replaced && !matches!(says[..], [Says { first: Sent::Null, .. }]) {
            for element in occurrences(Some(of_new)) {
                fill(None, element, open(to, desc, element));
            }
        } else if !replaced {
            for element in occurrences(of_old) {
                copy_element(element, open(to, desc, element));
            }
        }
    }
    strays(old, new, to.extra_mut());
}

/// What may occur once.
fn single(
    old: Option<Element<'_>>,
    new: Option<Element<'_>>,
    desc: &MemberDesc,
    to: &mut dyn Member,
) {
    match (old, new) {
        (Some(old), None) => copy_element(old, open(to, desc, old)),
        (Some(old), Some(new)) if is_alike(old, new) => {
            fill(Some(old), new, open(to, desc, old));
        }
        (_, Some(new)) if Says::of(new).first != Sent::Null || Says::of(new).value => {
            fill(None, new, open(to, desc, new));
        }
        _ => {}
    }
}

fn fill(old: Option<Element<'_>>, new: Element<'_>, to: ElementMut<'_>) {
    match (new, to) {
        (Element::Segment(new), ElementMut::Segment(to)) => {
            let old = old.and_then(|old| match old {
                Element::Segment(old) => Some(old),
                _ => None,
            });
            segment(old, new, to);
        }
        (Element::Group(new), ElementMut::Group(to)) => {
            let old = old.and_then(|old| match old {
                Element::Group(old) => Some(old),
                _ => None,
            });
            group(old, new, to);
        }
        (Element::Raw(new), ElementMut::Raw(to)) => *to = raw(new),
        _ => {}
    }
}

fn raw(new: &RawSegment) -> RawSegment {
    RawSegment { line: new.line.settled(), line_end: None }
}

/// The segments of a group that its structure has no place for: those sent take the places of the old ones of their
/// name, and more than these stand where they stood in the update.
fn strays(old: Option<&dyn GroupNode>, new: &dyn GroupNode, to: &mut Extra) {
    let mut kept = old.and_then(|old| old.extra().kept().cloned()).unwrap_or_default();
    // A header declares delimiters, and a line without an id is no segment: neither updates anything.
    let sent = new.extra().strays().iter().enumerate();
    let sent = sent.filter(|(_, stray)| old.is_none() || updates(&stray.segment));
    let mut named: BTreeMap<_, Snapshot<'_>> = BTreeMap::new();
    for (nth, stray) in sent {
        named.entry(name(&stray.segment)).or_default().add(nth, stray);
    }
    if old.is_some() {
        named.retain(|_, snapshot| snapshot.says.anything());
    }
    kept.strays.retain(|stray| {
        let snapshot = named.get_mut(&name(&stray.segment));
        let snapshot = snapshot.filter(|_| updates(&stray.segment));
        snapshot.is_none_or(Snapshot::takes_a_place)
    });
    let mut more: Vec<_> = named.values().flat_map(Snapshot::more).collect();
    more.sort_unstable_by_key(|&(nth, _)| nth);
    kept.strays.extend(
        more.into_iter().map(|(_, stray)| Stray { segment: raw(&stray.segment), ..*stray }),
    );
    kept.strays.sort_by_key(|stray| (stray.member, stray.occurrence));
    for stray in &mut kept.strays {
        let snapshot = named.get_mut(&name(&stray.segment));
        let snapshot = snapshot.filter(|_| updates(&stray.segment));
        if let Some((_, next)) = snapshot.and_then(|snapshot| snapshot.segments.pop_front()) {
            stray.segment = raw(&next.segment);
        }
    }
    *to.kept_mut() = kept;
    to.tidy();
}
/// The segments of one name that were sent without a place.
struct Snapshot<'a> {
    /// Each with its number among those sent.
    segments: VecDeque<(usize, &'a Stray)>,
    says: Says,
    /// How many places the old ones of the name had for them.
    places: usize,
}

impl Default for Snapshot<'_> {
    fn default() -> Self {
        Self { segments: VecDeque::new(), says: Says::NOTHING, places: 0 }
    }
}

impl<'a> Snapshot<'a> {
    fn add(&mut self, nth: usize, stray: &'a Stray) {
        self.segments.push_back((nth, stray));
        self.says = self.says.and(Says::of(Element::Raw(&stray.segment)));
    }

    /// How many are to stand on record.
    fn stand(&self) -> usize {
        let deletes = self.segments.len() == 1 && self.says.first == Sent::Null;
        if deletes { 0 } else { self.segments.len() }
    }

    /// Whether one more stands where an old one stood.
    fn takes_a_place(&mut self) -> bool {
        let takes = self.places < self.stand();
        self.places += usize::from(takes);
        takes
    }

    /// Those for which there was no old one.
    fn more(&self) -> impl Iterator<Item = (usize, &'a Stray)> {
        self.segments.iter().copied().take(self.stand()).skip(self.places)
    }
}

/// What an occurrence says: what the first field that says anything says, and whether any has a value.
#[derive(Clone, Copy)]
struct Says {
    first: Sent,
    value: bool,
}

impl Says {
    const NOTHING: Self = Self { first: Sent::Nothing, value: false };

    fn of(element: Element<'_>) -> Self {
        match element {
            Element::Segment(segment) => Self::of_segment(segment),
            Element::Group(group) => {
                let segments = crate::order::segments(group);
                segments.into_iter().map(Self::of).fold(Self::NOTHING, Self::and)
            }
            Element::Raw(raw) => {
                let line = raw.er7();
                let fields = line.split(|&byte| byte == Delimiters::STANDARD.field).skip(1);
                fields.map(Self::of_field).fold(Self::NOTHING, Self::and)
            }
        }
    }

    fn of_segment(segment: &dyn SegmentNode) -> Self {
        let skip = if matches!(segment.desc().id, "MSH" | "BHS" | "FHS") { 2 } else { 0 };
        let fields = slots(segment).into_iter().enumerate().skip(skip);
        let says = fields
            .map(|(index, slot)| Self::of_field(&write_field(slot, segment.extra(), index)))
            .fold(Self::NOTHING, Self::and);
        let tail = segment.extra().kept().and_then(|kept| kept.tail.as_ref());
        let mut bytes = Vec::new();
        if let Some(tail) = tail {
            tail.write(&mut bytes, &Notation::STANDARD);
        }
        let fields = bytes.split(|&byte| byte == Delimiters::STANDARD.field);
        says.and(fields.map(Self::of_field).fold(Self::NOTHING, Self::and))
    }

    fn of_field(field: &[u8]) -> Self {
        let first = Sent::of(field);
        Self { first, value: first == Sent::Value }
    }

    fn and(self, behind: Self) -> Self {
        let first = if self.first == Sent::Nothing { behind.first } else { self.first };
        Self { first, value: self.value || behind.value }
    }

    fn anything(self) -> bool {
        self.first != Sent::Nothing
    }
}

/// Makes an occurrence of a member, of the type of another.
fn open<'m>(to: &'m mut dyn Member, desc: &MemberDesc, like: Element<'_>) -> ElementMut<'m> {
    to.open(alternative(desc, like))
}

fn occurrences(member: Option<&dyn Member>) -> impl Iterator<Item = Element<'_>> {
    let count = member.map_or(0, Member::count);
    (0..count).filter_map(move |at| member?.occurrence(at))
}

/// Whether two occurrences are of the same type.
fn is_alike(a: Element<'_>, b: Element<'_>) -> bool {
    match (a, b) {
        (Element::Segment(a), Element::Segment(b)) => std::ptr::eq(a.desc(), b.desc()),
        (Element::Group(a), Element::Group(b)) => std::ptr::eq(a.desc(), b.desc()),
        _ => false,
    }
}

/// The id of a segment without a place.
fn name(raw: &RawSegment) -> Option<[u8; 3]> {
    raw.id()?.as_bytes().try_into().ok()
}

/// Whether a segment without a place updates those of its name.
fn updates(raw: &RawSegment) -> bool {
    raw.id().is_some() && raw.line.declares().is_none()
}

/// What was kept beside a slot.
fn beside(extra: &Extra, index: usize) -> impl Iterator<Item = &SlotKept> {
    let kept = extra.kept().map_or(&[][..], |kept| &kept.slots);
    kept.iter().filter(move |entry| usize::from(entry.slot) == index)
}

fn has_null(piece: &[u8]) -> bool {
    piece.windows(2).any(|pair| pair == b"\"\"")
}
