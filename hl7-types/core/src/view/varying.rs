//! Fields whose datatype the message itself names: OBX-5 by OBX-2, MFE-4 by MFE-5, the columns of RDT by RDF-2.

use std::fmt;
use std::marker::PhantomData;

use crate::decode::name_in;
use crate::er7::Class;
use crate::tree::{Piece, TreeSegment};

use super::Composite;

/// An enum over views of the datatypes that a varying field may have.
pub trait Varies<'m>: Sized {
    /// The view of a part as the named datatype; raw where the name is that of none, or empty, as it is for an empty part.
    fn named(datatype: &str, part: Composite<'m>) -> Self;
}

/// The repetitions of a field whose datatype another field names; none where nothing was sent.
#[must_use]
pub struct VaryingRepetitions<'m, T> {
    field: Piece<'m>,
    names: Option<Names<'m>>,
    of: PhantomData<fn() -> T>,
}

/// Goes through [`VaryingRepetitions`].
#[derive(Debug)]
pub struct VaryingIter<'m, T> {
    rest: Option<VaryingRepetitions<'m, T>>,
}

/// The names of datatypes for the repetitions of a field. The last one stands for the repetitions behind it.
#[derive(Clone, Copy)]
pub(super) struct Names<'m> {
    name: Piece<'m>,
    behind: Option<Piece<'m>>,
}

impl<'m> Names<'m> {
    pub(super) fn of_field(field: Piece<'m>) -> Self {
        let (name, behind) = field.split(Class::Repetition);
        Self { name: name.first_leaf(), behind }
    }

    /// What a column says: the second component of the repetitions of RDF-2.
    fn of_column(column: Piece<'m>) -> Self {
        let second = column.split(Class::Component).1;
        let name = second.map_or(column.nothing(), |second| second.split(Class::Subcomponent).0);
        Self { name, behind: None }
    }

    fn text(self) -> &'m str {
        name_in(self.name.raw()).unwrap_or_default()
    }

    fn next(self) -> Self {
        self.behind.map_or(self, Self::of_field)
    }
}

/// The names of the columns that an RDF defines.
pub(super) struct Columns<'m>(Option<Piece<'m>>);

impl<'m> Columns<'m> {
    /// Those of the fields from a number on.
    pub(super) fn of(definition: Option<TreeSegment<'m>>, seq: u16) -> Self {
        let mut columns = Self(definition.and_then(|definition| definition.field(2)));
        for _ in 1..seq {
            columns.next();
        }
        columns
    }
}

impl<'m> Iterator for Columns<'m> {
    type Item = Names<'m>;

    fn next(&mut self) -> Option<Names<'m>> {
        let (column, behind) = self.0?.split(Class::Repetition);
        self.0 = behind;
        Some(Names::of_column(column))
    }
}

impl<'m, T> VaryingRepetitions<'m, T> {
    pub(super) fn new(field: Piece<'m>, names: Option<Names<'m>>) -> Self {
        Self { field, names, of: PhantomData }
    }
}

impl<'m, T: Varies<'m>> VaryingRepetitions<'m, T> {
    /// The repetitions in order.
    pub fn iter(self) -> VaryingIter<'m, T> {
        VaryingIter { rest: Some(self).filter(|_| !self.is_empty()) }
    }

    /// The first of them; an empty one if there is none.
    #[must_use]
    pub fn first(self) -> T {
        named(self.names, self.field.split(Class::Repetition).0)
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

/// An empty repetition is of no datatype, whatever is named.
fn named<'m, T: Varies<'m>>(names: Option<Names<'m>>, repetition: Piece<'m>) -> T {
    let names = names.filter(|_| !repetition.is_empty());
    T::named(names.map_or("", Names::text), Composite::of_repetition(repetition))
}

impl<'m, T: Varies<'m>> IntoIterator for VaryingRepetitions<'m, T> {
    type Item = T;
    type IntoIter = VaryingIter<'m, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'m, T: Varies<'m>> Iterator for VaryingIter<'m, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let VaryingRepetitions { field, names, .. } = self.rest?;
        let (repetition, behind) = field.split(Class::Repetition);
        self.rest = behind.map(|field| VaryingRepetitions::new(field, names.map(Names::next)));
        Some(named(names, repetition))
    }
}

impl<T> Clone for VaryingRepetitions<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for VaryingRepetitions<'_, T> {}

impl<T> fmt::Debug for VaryingRepetitions<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.field.range().len())
    }
}

impl fmt::Debug for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
