//! What the engine sees of a struct: slots of a segment or composite, members of a group.
//!
//! The derives implement these traits; nothing else needs to. They are object-safe on purpose: decode, encode, paths
//! and printing are each written once over `dyn`, which keeps the code that every struct brings along small.

use crate::desc::{AnySegment, DatatypeDesc, GroupDesc, MANY, MemberKind, SegmentDesc, TableDesc};
use crate::extra::{Extra, RawSegment};
use crate::part::Part;
use crate::value::Value;
pub use crate::visit::{Visitor, slots};

/// A type with an empty state, which is not a valid `Default` for everybody: an empty PID lacks its required fields.
pub trait Empty: Sized + 'static {
    /// Nothing in it.
    #[doc(hidden)]
    const EMPTY: Self;

    /// A shared empty one, for reading through something absent.
    #[doc(hidden)]
    const SHARED: &'static Self;
}

/// The type of a field of a segment or of a component of a composite.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the type of an HL7 field",
    label = "no HL7 field type",
    note = "a field holds a primitive (`St`, `Nm`, ...), a `Coded<_>`, a type that derives `Datatype`, a `Part<_>` of one, or a `Vec<_>` of these"
)]
pub trait Field: Sized {
    /// Nothing in it.
    #[doc(hidden)]
    const EMPTY: Self;
    /// The datatype of one repetition.
    const DATATYPE: &'static DatatypeDesc;
    /// The table that the Rust type stands for, if it stands for one.
    const TABLE: Option<&'static TableDesc> = None;
    /// How often the Rust type lets it stand: 1, or [`MANY`] for a `Vec`.
    const MAX: u16 = 1;

    /// What is there, to be read.
    fn slot(&self) -> Slot<'_>;
    /// Shows what is there, if anything is, as the slot at an index.
    fn show<'a>(&'a self, index: usize, to: &mut dyn Visitor<'a>);
    /// Whether nothing is there. Something that takes longer to tell than to read may say no.
    fn is_blank(&self) -> bool {
        false
    }
    /// What is there, to be written; something absent comes into being.
    fn slot_mut(&mut self) -> SlotMut<'_>;
}

/// A segment or a composite: a row of slots, one a field or component, in the standard's order (`n` at index `n - 1`).
pub trait Node: Send + Sync {
    /// Shows the slots in which something is, in order, and gives how many slots there are: most slots of most messages
    /// are empty, and nobody else should have to look at them. A composite that takes long to look through is shown
    /// without that.
    fn visit<'a>(&'a self, to: &mut dyn Visitor<'a>) -> usize;
    /// The slot at an index, to be written; [`SlotMut::Absent`] behind the last.
    fn slot_mut(&mut self, index: usize) -> SlotMut<'_>;
    /// What the message carried beyond the slots.
    fn extra(&self) -> &Extra;
    /// What the message carried beyond the slots, to be changed.
    fn extra_mut(&mut self) -> &mut Extra;
}

/// A slot to be read.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "holds trait objects, lives for one expression")]
pub enum Slot<'a> {
    /// Nothing, or no such slot.
    Absent,
    /// One piece of text.
    Leaf(&'a Value),
    /// A composite.
    Node(&'a dyn Node),
    /// A field that repeats.
    List(&'a dyn List),
    /// A field whose datatype another field names.
    Varies(&'a dyn Varies),
}

/// A slot to be written.
#[allow(missing_debug_implementations, reason = "holds trait objects, lives for one expression")]
pub enum SlotMut<'a> {
    /// No such slot.
    Absent,
    /// One piece of text.
    Leaf(&'a mut Value),
    /// A composite.
    Node(&'a mut dyn Node),
    /// A field that repeats.
    List(&'a mut dyn List),
    /// A field whose datatype another field names.
    Varies(&'a mut dyn Varies),
}

/// A field that repeats.
pub trait List {
    /// How many repetitions there are.
    fn len(&self) -> usize;
    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The repetition at an index, [`Slot::Absent`] behind the last.
    fn get(&self, index: usize) -> Slot<'_>;
    /// The repetition at an index, [`SlotMut::Absent`] behind the last.
    fn get_mut(&mut self, index: usize) -> SlotMut<'_>;
    /// Appends an empty repetition and gives it.
    fn push(&mut self) -> SlotMut<'_>;
}

/// How many slots a segment may have that any number of fields may follow; what is behind stays with what it carried
/// beyond its slots.
pub(crate) const MOST_SLOTS: usize = 60_000;

/// Shows an open field, which is the slot at an index, and those that follow it; gives how many slots there are then.
pub fn visit_open<'a, T: Field>(fields: &'a [T], first: usize, to: &mut dyn Visitor<'a>) -> usize {
    for (at, field) in fields.iter().enumerate() {
        field.show(first + at, to);
    }
    first + fields.len()
}

/// The slot of an open field or of one that follows it, which comes into being.
pub fn open_slot_mut<T: Field>(fields: &mut Vec<T>, index: usize) -> SlotMut<'_> {
    if index >= MOST_SLOTS {
        return SlotMut::Absent;
    }
    if index >= fields.len() {
        fields.resize_with(index + 1, || T::EMPTY);
    }
    fields[index].slot_mut()
}

/// An enum over the datatypes that a varying field may have.
pub trait Varies {
    /// Becomes an empty value of the named datatype and gives its descriptor; an unknown name gives `None` and makes it
    /// raw.
    fn select(&mut self, datatype: &str) -> Option<&'static DatatypeDesc>;
    /// The datatype it has now; `None` for raw.
    fn selected(&self) -> Option<&'static DatatypeDesc>;
    /// The value, to be read.
    fn inner(&self) -> Slot<'_>;
    /// The value, to be written.
    fn inner_mut(&mut self) -> SlotMut<'_>;
}

impl<T: Field> Field for Vec<T> {
    const EMPTY: Self = Vec::new();
    const DATATYPE: &'static DatatypeDesc = T::DATATYPE;
    const TABLE: Option<&'static TableDesc> = T::TABLE;
    const MAX: u16 = MANY;

    #[inline]
    fn slot(&self) -> Slot<'_> {
        if self.is_empty() { Slot::Absent } else { Slot::List(self) }
    }
    #[inline]
    fn show<'a>(&'a self, index: usize, to: &mut dyn Visitor<'a>) {
        if !self.is_empty() {
            to.list(index, self);
        }
    }
    #[inline]
    fn is_blank(&self) -> bool {
        self.is_empty()
    }
    #[inline]
    fn slot_mut(&mut self) -> SlotMut<'_> {
        SlotMut::List(self)
    }
}

impl<T: Field> List for Vec<T> {
    fn len(&self) -> usize {
        self.as_slice().len()
    }
    fn get(&self, index: usize) -> Slot<'_> {
        match self.as_slice().get(index) {
            Some(field) => field.slot(),
            None => Slot::Absent,
        }
    }
    fn get_mut(&mut self, index: usize) -> SlotMut<'_> {
        match self.as_mut_slice().get_mut(index) {
            Some(field) => field.slot_mut(),
            None => SlotMut::Absent,
        }
    }
    fn push(&mut self) -> SlotMut<'_> {
        let last = self.len();
        if self.capacity() == 0 {
            // Most fields that may repeat do not; growing by four at once would make a report many times its size.
            *self = vec![T::EMPTY];
        } else {
            Vec::push(self, T::EMPTY);
        }
        self[last].slot_mut()
    }
}

impl<T: Field + Empty> Field for Part<T> {
    const EMPTY: Self = Part::ABSENT;
    const DATATYPE: &'static DatatypeDesc = T::DATATYPE;
    const TABLE: Option<&'static TableDesc> = T::TABLE;

    #[inline]
    fn slot(&self) -> Slot<'_> {
        match self.get() {
            Some(field) => field.slot(),
            None => Slot::Absent,
        }
    }
    #[inline]
    fn show<'a>(&'a self, index: usize, to: &mut dyn Visitor<'a>) {
        if let Some(field) = self.get() {
            field.show(index, to);
        }
    }
    #[inline]
    fn is_blank(&self) -> bool {
        !self.is_present()
    }
    #[inline]
    fn slot_mut(&mut self) -> SlotMut<'_> {
        (**self).slot_mut()
    }
}

/// A segment struct.
pub trait Segment: Node + Empty {
    /// What the standard says about it.
    const DESC: &'static SegmentDesc;
}

/// A segment struct as a trait object.
pub trait SegmentNode: Node {
    /// What the standard says about it.
    fn desc(&self) -> &'static SegmentDesc;
}

impl<T: Segment> SegmentNode for T {
    fn desc(&self) -> &'static SegmentDesc {
        T::DESC
    }
}

/// A group or message struct: a row of members in the standard's order.
pub trait Members: Send + Sync {
    /// The member at an index; behind the last, what the message carried here beyond the members. One function for both:
    /// a version has some eight hundred of these structs, and each function of theirs costs whoever compiles it.
    ///
    /// # Errors
    /// What is beyond the members, for every index that is not one of theirs.
    fn part(&self, index: usize) -> Result<&dyn Member, &Extra>;
    /// The same, to be changed.
    ///
    /// # Errors
    /// What is beyond the members, for every index that is not one of theirs.
    fn part_mut(&mut self, index: usize) -> Result<&mut dyn Member, &mut Extra>;
}

/// A struct that holds a group.
pub trait Group: Members + Empty {
    /// What the standard says about it.
    const DESC: &'static GroupDesc;
}

/// A group or message struct as a trait object.
pub trait GroupNode: Members {
    /// What the standard says about it.
    fn desc(&self) -> &'static GroupDesc;
}

#[diagnostic::do_not_recommend]
impl<T: Group> GroupNode for T {
    fn desc(&self) -> &'static GroupDesc {
        T::DESC
    }
}

impl dyn GroupNode + '_ {
    /// The member at an index; `None` behind the last.
    #[must_use]
    pub fn member(&self, index: usize) -> Option<&dyn Member> {
        self.part(index).ok()
    }

    /// The members in the standard's order.
    pub fn members(&self) -> impl Iterator<Item = &dyn Member> {
        (0..).map_while(|index| self.member(index))
    }

    /// The member at an index, to be changed; `None` behind the last.
    pub fn member_mut(&mut self, index: usize) -> Option<&mut dyn Member> {
        self.part_mut(index).ok()
    }

    /// What the message carried here beyond the members.
    #[must_use]
    pub fn extra(&self) -> &Extra {
        let Err(extra) = self.part(usize::MAX) else { unreachable!("{ENDLESS}") };
        extra
    }

    /// What the message carried here beyond the members, to be changed.
    pub fn extra_mut(&mut self) -> &mut Extra {
        let Err(extra) = self.part_mut(usize::MAX) else { unreachable!("{ENDLESS}") };
        extra
    }
}

/// What no derive writes.
const ENDLESS: &str = "behind its members a struct has what is beyond them";

/// What can stand as a member: a segment, a group, a choice, any segment.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in a message",
    label = "no segment or group",
    note = "a member holds a type that derives `Segment` or `Group`, or a `RawSegment`"
)]
pub trait Item: Empty {
    /// What it is: [`OfSegment`], [`OfGroup`], [`OfChoice`] or [`OfAny`].
    type Form: Form<Self>;
}

/// How the engine handles what stands as a member. One for each kind, so that the hundreds of types of a version say no
/// more than which.
pub trait Form<T> {
    /// Its description.
    const KIND: MemberKind;

    /// An empty one; a choice becomes the alternative at an index.
    fn of_variant(variant: usize) -> T;
    /// Itself, to be read.
    fn element(item: &T) -> Element<'_>;
    /// Itself, to be written.
    fn element_mut(item: &mut T) -> ElementMut<'_>;
}

/// A group.
#[derive(Debug)]
pub enum OfGroup {}

impl<T: Group> Form<T> for OfGroup {
    const KIND: MemberKind = MemberKind::Group(T::DESC);

    fn of_variant(_variant: usize) -> T {
        T::EMPTY
    }
    fn element(item: &T) -> Element<'_> {
        Element::Group(item)
    }
    fn element_mut(item: &mut T) -> ElementMut<'_> {
        ElementMut::Group(item)
    }
}

/// A segment that the structure names.
#[derive(Debug)]
pub enum OfSegment {}

impl<T: Segment> Form<T> for OfSegment {
    const KIND: MemberKind = MemberKind::Segment(T::DESC);

    fn of_variant(_variant: usize) -> T {
        T::EMPTY
    }
    fn element(item: &T) -> Element<'_> {
        Element::Segment(item)
    }
    fn element_mut(item: &mut T) -> ElementMut<'_> {
        ElementMut::Segment(item)
    }
}

/// One of several.
#[derive(Debug)]
pub enum OfChoice {}

/// An enum over the alternatives of a choice.
pub trait Choice: Empty {
    /// What the standard says about it; its members are the alternatives.
    const DESC: &'static GroupDesc;

    /// The alternative at an index, empty.
    #[doc(hidden)]
    #[must_use]
    fn of_variant(variant: usize) -> Self;
    /// The index of the alternative that it holds.
    fn variant(&self) -> usize;
    /// What it holds, to be read.
    fn element(&self) -> Element<'_>;
    /// What it holds, to be written.
    fn element_mut(&mut self) -> ElementMut<'_>;
}

impl<T: Choice> Form<T> for OfChoice {
    const KIND: MemberKind = MemberKind::Choice(T::DESC);

    fn of_variant(variant: usize) -> T {
        T::of_variant(variant)
    }
    fn element(item: &T) -> Element<'_> {
        item.element()
    }
    fn element_mut(item: &mut T) -> ElementMut<'_> {
        item.element_mut()
    }
}

/// Any segment.
#[derive(Debug)]
pub enum OfAny {}

impl Form<RawSegment> for OfAny {
    const KIND: MemberKind = MemberKind::Any(AnySegment::Hl7);

    fn of_variant(_variant: usize) -> RawSegment {
        RawSegment::EMPTY
    }
    fn element(item: &RawSegment) -> Element<'_> {
        Element::Raw(item)
    }
    fn element_mut(item: &mut RawSegment) -> ElementMut<'_> {
        ElementMut::Raw(item)
    }
}

/// What stands as a member, to be read.
pub fn element<T: Item>(item: &T) -> Element<'_> {
    T::Form::element(item)
}

/// What stands as a member, to be written.
pub fn element_mut<T: Item>(item: &mut T) -> ElementMut<'_> {
    T::Form::element_mut(item)
}

/// One occurrence of a member, to be read.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "holds trait objects, lives for one expression")]
pub enum Element<'a> {
    /// A typed segment.
    Segment(&'a dyn SegmentNode),
    /// A group.
    Group(&'a dyn GroupNode),
    /// A segment that the structure does not name.
    Raw(&'a RawSegment),
}

/// One occurrence of a member, to be written.
#[allow(missing_debug_implementations, reason = "holds trait objects, lives for one expression")]
pub enum ElementMut<'a> {
    /// A typed segment.
    Segment(&'a mut dyn SegmentNode),
    /// A group.
    Group(&'a mut dyn GroupNode),
    /// A segment that the structure does not name.
    Raw(&'a mut RawSegment),
}

/// A member of a group with its occurrences: [`Part`], `Option<Box<_>>` or `Vec`.
pub trait Member {
    /// How many occurrences there are.
    fn count(&self) -> usize;
    /// The occurrence at an index.
    fn occurrence(&self, index: usize) -> Option<Element<'_>>;
    /// The occurrence at an index, to be changed.
    fn occurrence_mut(&mut self, index: usize) -> Option<ElementMut<'_>>;
    /// Makes a new occurrence and gives it; a member that cannot repeat gives the one it has.
    fn open(&mut self, variant: usize) -> ElementMut<'_>;
}

/// The Rust type of a member, which says its cardinality.
pub trait MemberType: Member {
    /// Minimum number of occurrences.
    const MIN: u16;
    /// Maximum number of occurrences.
    const MAX: u16;
    /// What stands there.
    const KIND: MemberKind;
    /// Nothing there.
    #[doc(hidden)]
    const EMPTY: Self;
}

// Each of these is compiled for every segment and group of a version, some nine hundred times: plain matches, so that
// there is nothing for the compiler to take apart first.

impl<T: Item> Member for Part<T> {
    fn count(&self) -> usize {
        usize::from(self.is_present())
    }
    fn occurrence(&self, index: usize) -> Option<Element<'_>> {
        match self.get() {
            Some(item) if index == 0 => Some(T::Form::element(item)),
            _ => None,
        }
    }
    fn occurrence_mut(&mut self, index: usize) -> Option<ElementMut<'_>> {
        match self.get_mut() {
            Some(item) if index == 0 => Some(T::Form::element_mut(item)),
            _ => None,
        }
    }
    fn open(&mut self, variant: usize) -> ElementMut<'_> {
        T::Form::element_mut(self.get_or_make(|| Box::new(T::Form::of_variant(variant))))
    }
}

impl<T: Item> MemberType for Part<T> {
    const MIN: u16 = 1;
    const MAX: u16 = 1;
    const KIND: MemberKind = <T::Form as Form<T>>::KIND;
    const EMPTY: Self = Part::ABSENT;
}

impl<T: Item> Member for Option<Box<T>> {
    fn count(&self) -> usize {
        usize::from(self.is_some())
    }
    fn occurrence(&self, index: usize) -> Option<Element<'_>> {
        match self {
            Some(item) if index == 0 => Some(T::Form::element(item)),
            _ => None,
        }
    }
    fn occurrence_mut(&mut self, index: usize) -> Option<ElementMut<'_>> {
        match self {
            Some(item) if index == 0 => Some(T::Form::element_mut(item)),
            _ => None,
        }
    }
    fn open(&mut self, variant: usize) -> ElementMut<'_> {
        T::Form::element_mut(match *self {
            Some(ref mut item) => item,
            ref mut absent => absent.insert(Box::new(T::Form::of_variant(variant))),
        })
    }
}

impl<T: Item> MemberType for Option<Box<T>> {
    const MIN: u16 = 0;
    const MAX: u16 = 1;
    const KIND: MemberKind = <T::Form as Form<T>>::KIND;
    const EMPTY: Self = None;
}

impl<T: Item> Member for Vec<T> {
    fn count(&self) -> usize {
        self.len()
    }
    fn occurrence(&self, index: usize) -> Option<Element<'_>> {
        Some(T::Form::element(self.as_slice().get(index)?))
    }
    fn occurrence_mut(&mut self, index: usize) -> Option<ElementMut<'_>> {
        Some(T::Form::element_mut(self.as_mut_slice().get_mut(index)?))
    }
    fn open(&mut self, variant: usize) -> ElementMut<'_> {
        let last = self.len();
        if last == 0 {
            self.reserve_exact(1);
        }
        self.push(T::Form::of_variant(variant));
        T::Form::element_mut(&mut self[last])
    }
}

impl<T: Item> MemberType for Vec<T> {
    const MIN: u16 = 0;
    const MAX: u16 = MANY;
    const KIND: MemberKind = <T::Form as Form<T>>::KIND;
    const EMPTY: Self = Vec::new();
}
