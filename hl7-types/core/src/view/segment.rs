//! A segment of a message, by its fields.

use std::fmt;

use crate::desc::BY_COLUMN;
use crate::er7::Class;
use crate::tree::{Piece, Tree, TreeSegment};

use super::outline::Kept;
use super::varying::{Columns, Names};
use super::{Composite, FromPart, Repetitions, Varies, VaryingRepetitions};

/// A segment where it stands; one that is absent has nothing in its fields.
#[derive(Clone, Copy)]
pub struct Segment<'m> {
    kept: &'m Kept,
    index: Option<u32>,
}

impl<'m> Segment<'m> {
    pub(super) fn at(kept: &'m Kept, index: Option<u32>) -> Self {
        Self { kept, index }
    }

    /// Whether the message has it.
    #[must_use]
    pub fn is_present(self) -> bool {
        self.index.is_some()
    }

    /// The segment without types; `None` if it is absent.
    #[must_use]
    pub fn tree_segment(self) -> Option<TreeSegment<'m>> {
        Some(self.kept.tree.at(self.index? as usize))
    }

    /// The id, if the line starts with one.
    #[must_use]
    pub fn id(self) -> Option<&'m str> {
        self.tree_segment()?.id()
    }

    /// The segment as it stands, without its line end; nothing if it is absent.
    #[must_use]
    pub fn raw(self) -> &'m [u8] {
        self.tree_segment().map_or(b"", |segment| segment.raw())
    }

    /// The message that it stands in, without types.
    #[must_use]
    pub fn tree(self) -> &'m Tree {
        &self.kept.tree
    }

    /// A field that does not repeat, by its number, from one: its first repetition; an empty one where there is none.
    #[inline]
    #[must_use]
    pub fn field<T: FromPart<'m>>(self, seq: u16) -> T {
        T::of(Composite::of_repetition(self.piece(seq).split(Class::Repetition).0))
    }

    /// A field that repeats, by its number, from one.
    #[inline]
    pub fn repeated<T: FromPart<'m>>(self, seq: u16) -> Repetitions<'m, T> {
        Repetitions::of_field(self.piece(seq))
    }

    /// A field that does not repeat, whose datatype the message names; `by` is what
    /// [`ElementDesc::varies_by`](crate::desc::ElementDesc::varies_by) says of it.
    #[must_use]
    pub fn varying<T: Varies<'m>>(self, seq: u16, by: u16) -> T {
        self.varying_repeated(seq, by).first()
    }

    /// A field that repeats, whose datatype the message names.
    pub fn varying_repeated<T: Varies<'m>>(self, seq: u16, by: u16) -> VaryingRepetitions<'m, T> {
        let names = match by {
            0 => None,
            BY_COLUMN => self.columns(seq).next(),
            by => Some(Names::of_field(self.piece(by))),
        };
        VaryingRepetitions::new(self.piece(seq), names)
    }

    /// The fields from a number on, as many as there are.
    pub fn open<T: FromPart<'m>>(self, seq: u16) -> impl Iterator<Item = Repetitions<'m, T>> {
        self.fields_from(seq).map(Repetitions::of_field)
    }

    /// The fields from a number on, as many as there are, whose datatypes the message names.
    pub fn open_varying<T: Varies<'m>>(
        self,
        seq: u16,
        by: u16,
    ) -> impl Iterator<Item = VaryingRepetitions<'m, T>> {
        let all = Some(by).filter(|by| !matches!(*by, 0 | BY_COLUMN));
        let all = all.map(|by| Names::of_field(self.piece(by)));
        let mut columns = Some(self.columns(seq)).filter(|_| by == BY_COLUMN);
        self.fields_from(seq).map(move |field| {
            let column = columns.as_mut().and_then(Iterator::next);
            VaryingRepetitions::new(field, column.or(all))
        })
    }

    fn fields_from(self, seq: u16) -> impl Iterator<Item = Piece<'m>> {
        let fields = self.tree_segment().map(|segment| segment.fields());
        fields.into_iter().flatten().skip(usize::from(seq).saturating_sub(1))
    }

    /// What the last RDF before it says about its fields from a number on.
    fn columns(self, seq: u16) -> Columns<'m> {
        Columns::of(self.definition(), seq)
    }

    /// The last RDF before it.
    fn definition(self) -> Option<TreeSegment<'m>> {
        let index = self.index?;
        let definitions = self.kept.definitions();
        let before = definitions.partition_point(|definition| *definition < index);
        let definition = *definitions.get(before.checked_sub(1)?)?;
        Some(self.kept.tree.at(definition as usize))
    }

    /// A field as it stands; an empty piece where there is none.
    #[inline]
    #[must_use]
    pub fn piece(self, seq: u16) -> Piece<'m> {
        let field = self.tree_segment().and_then(|segment| segment.field(usize::from(seq)));
        field.unwrap_or_else(|| self.kept.tree.nothing())
    }
}

impl fmt::Debug for Segment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tree_segment() {
            None => f.write_str("absent"),
            Some(segment) => {
                write!(f, "{} ({} bytes)", segment.id().unwrap_or("?"), segment.raw().len())
            }
        }
    }
}
