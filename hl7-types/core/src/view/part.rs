//! What stands in a segment: leaves, composites, repetitions.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use crate::er7::Class;
use crate::primitives::{Coded, Primitive, Table};
use crate::tree::Piece;
use crate::value::{Presence, Value};

/// A repetition, component or subcomponent with parts; one that is absent has nothing in it.
#[derive(Clone, Copy)]
pub struct Composite<'m> {
    piece: Piece<'m>,
    /// What separates its parts; [`Class::Text`] where nothing separates any more.
    parts: Class,
}

/// What may stand in a field or component: a view of a composite or a [`Leaf`].
pub trait FromPart<'m>: Sized {
    /// The view of a part; of one that is absent, an empty view.
    fn of(part: Composite<'m>) -> Self;
}

/// One leaf of a message, where it stands; `P` is what its text is: [`Nm`](crate::primitives::Nm), [`Coded<_>`](Coded).
///
/// `Debug` shows the length only: values are patient data.
#[must_use]
pub struct Leaf<'m, P> {
    piece: Piece<'m>,
    of: PhantomData<fn() -> P>,
}

/// The repetitions of a field; none where nothing was sent.
#[must_use]
pub struct Repetitions<'m, T> {
    field: Piece<'m>,
    of: PhantomData<fn() -> T>,
}

/// Goes through [`Repetitions`].
#[derive(Debug)]
pub struct RepetitionsIter<'m, T> {
    rest: Option<Repetitions<'m, T>>,
}

impl<'m> Composite<'m> {
    /// A repetition of a field.
    #[inline]
    pub(super) fn of_repetition(piece: Piece<'m>) -> Self {
        Self { piece, parts: Class::Component }
    }

    /// A component, or a subcomponent of a component, by its number, from one; an empty one where there is none.
    #[inline]
    #[must_use]
    pub fn part<T: FromPart<'m>>(self, number: u16) -> T {
        let number = u32::from(number);
        let (piece, parts) = match self.parts {
            Class::Component => (self.piece.nth(Class::Component, number), Class::Subcomponent),
            Class::Subcomponent => (self.piece.nth(Class::Subcomponent, number), Class::Text),
            // Nothing separates here: the text is the first leaf of whatever stands here.
            _ => (Some(self.piece).filter(|_| number == 1), Class::Text),
        };
        T::of(Self { piece: piece.unwrap_or_else(|| self.piece.nothing()), parts })
    }

    /// Whether nothing was sent, not even separators.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.piece.is_empty()
    }

    /// Absent, null or value (section 2.10.1); the text of a value with parts is as it stands.
    #[must_use]
    pub fn presence(self) -> Presence<'m> {
        self.piece.presence()
    }

    /// The piece of the message, without types.
    #[must_use]
    pub fn piece(self) -> Piece<'m> {
        self.piece
    }
}

impl<'m> FromPart<'m> for Composite<'m> {
    fn of(part: Composite<'m>) -> Self {
        part
    }
}

impl<'m, P: Primitive> FromPart<'m> for Leaf<'m, P> {
    #[inline]
    fn of(part: Composite<'m>) -> Self {
        let piece = if P::WHOLE { part.piece } else { part.piece.first_leaf() };
        Self { piece, of: PhantomData }
    }
}

impl<'m, P: Primitive> Leaf<'m, P> {
    /// The text without escapes, under the character set of the message; borrowed where nothing had to be rewritten.
    /// Bytes that are no text are read as ISO 8859-1.
    #[must_use]
    pub fn text(self) -> Cow<'m, str> {
        self.piece.leaf_text()
    }

    /// As it stands in the message, escapes included.
    #[must_use]
    pub fn raw(self) -> &'m [u8] {
        self.piece.raw()
    }

    /// The value of its own, as the struct would hold it: `leaf.value().date_time()`. Up to 24 bytes need no allocation.
    #[must_use]
    pub fn value(self) -> P {
        P::from(Value::from_raw(self.piece.leaf()))
    }

    /// Whether nothing was sent.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.piece.leaf().is_empty()
    }

    /// Whether an explicit null was sent.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.piece.leaf() == "\"\""
    }

    /// Absent, null or value.
    #[must_use]
    pub fn presence(self) -> Presence<'m> {
        self.piece.leaf_presence()
    }

    /// Where it stands in the message; `None` where nothing was sent.
    #[must_use]
    pub fn range(self) -> Option<Range<usize>> {
        Some(self.piece.range()).filter(|range| !range.is_empty())
    }
}

impl<T: Table> Leaf<'_, Coded<T>> {
    /// The variant, if the table has this code.
    #[must_use]
    pub fn known(self) -> Option<T> {
        T::of_code(&self.text())
    }
}

impl<'m, T> Repetitions<'m, T> {
    pub(super) fn of_field(field: Piece<'m>) -> Self {
        Self { field, of: PhantomData }
    }
}

impl<'m, T: FromPart<'m>> Repetitions<'m, T> {
    /// The repetitions in order.
    #[inline]
    pub fn iter(self) -> RepetitionsIter<'m, T> {
        RepetitionsIter { rest: Some(self).filter(|_| !self.is_empty()) }
    }

    /// The first of them; an empty one if there is none.
    #[inline]
    #[must_use]
    pub fn first(self) -> T {
        T::of(Composite::of_repetition(self.field.split(Class::Repetition).0))
    }

    /// The repetition at an index, which is found by counting.
    #[must_use]
    pub fn get(self, index: usize) -> Option<T> {
        self.iter().nth(index)
    }

    /// How many there are; they are counted.
    #[must_use]
    pub fn len(self) -> usize {
        self.iter().count()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.field.is_empty()
    }
}

impl<'m, T: FromPart<'m>> IntoIterator for Repetitions<'m, T> {
    type Item = T;
    type IntoIter = RepetitionsIter<'m, T>;

    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'m, T: FromPart<'m>> Iterator for RepetitionsIter<'m, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        let (repetition, behind) = self.rest?.field.split(Class::Repetition);
        self.rest = behind.map(Repetitions::of_field);
        Some(T::of(Composite::of_repetition(repetition)))
    }
}

/// By its text.
impl<P: Primitive> PartialEq<&str> for Leaf<'_, P> {
    fn eq(&self, other: &&str) -> bool {
        self.text() == *other
    }
}

/// By its text.
impl<P: Primitive> PartialEq<str> for Leaf<'_, P> {
    fn eq(&self, other: &str) -> bool {
        self.text() == other
    }
}

impl<T: Table> PartialEq<T> for Leaf<'_, Coded<T>> {
    fn eq(&self, other: &T) -> bool {
        self.known() == Some(*other)
    }
}

impl<P> Clone for Leaf<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for Leaf<'_, P> {}

impl<T> Clone for Repetitions<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Repetitions<'_, T> {}

impl<P> fmt::Debug for Leaf<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_piece(&self.piece, f)
    }
}

impl fmt::Debug for Composite<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_piece(&self.piece, f)
    }
}

impl<T> fmt::Debug for Repetitions<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_piece(&self.field, f)
    }
}

/// What may be said of a piece where values are patient data.
fn debug_piece(piece: &Piece<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match piece.raw() {
        b"" => f.write_str("absent"),
        b"\"\"" => f.write_str("null"),
        raw => write!(f, "{} bytes", raw.len()),
    }
}
