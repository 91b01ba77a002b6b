//! A stretch of a message with the separators in it: what every walk over the index splits further.

use std::ops::Range;

use super::scan::{Class, Mark, Scan, is_header};

/// A range of the message and the positions of its separators.
#[derive(Clone, Copy)]
pub(crate) struct Span<'a> {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) marks: &'a [Mark],
}

impl<'a> Span<'a> {
    /// Nothing, at a position.
    pub(crate) fn nothing(at: u32) -> Self {
        Self { start: at, end: at, marks: &[] }
    }

    pub(crate) fn is_empty(self) -> bool {
        self.start == self.end
    }

    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The part before the first separator of a class or an outer one (or all of it), and the part behind.
    pub(crate) fn split(self, class: Class) -> (Self, Option<Self>) {
        match self.marks.iter().position(|mark| mark.ends(class)) {
            None => (self, None),
            Some(index) => {
                let at = self.marks[index].at();
                let before = Self { end: at, marks: &self.marks[..index], ..self };
                (before, Some(Self { start: at + 1, marks: &self.marks[index + 1..], ..self }))
            }
        }
    }

    /// The part of a number, from one, of those that separators of a class or an outer one set apart.
    pub(crate) fn nth(self, class: Class, number: u32) -> Option<Self> {
        let mut before = number.checked_sub(1)?;
        let (mut start, mut first) = (self.start, 0);
        for (index, mark) in self.marks.iter().enumerate().filter(|(_, mark)| mark.ends(class)) {
            if before == 0 {
                return Some(Self { start, end: mark.at(), marks: &self.marks[first..index] });
            }
            before -= 1;
            (start, first) = (mark.at() + 1, index + 1);
        }
        (before == 0).then(|| Self { start, end: self.end, marks: &self.marks[first..] })
    }
}

/// Goes through the parts of a span that separators of a class, or an outer one, set apart.
pub(crate) struct Parts<'a> {
    /// What is ahead; `None` behind the last part.
    rest: Option<&'a [Mark]>,
    start: u32,
    end: u32,
    class: Class,
}

impl<'a> Span<'a> {
    /// Its parts in order, at least one.
    #[inline]
    pub(crate) fn parts(self, class: Class) -> Parts<'a> {
        Parts { rest: Some(self.marks), start: self.start, end: self.end, class }
    }
}

impl Parts<'_> {
    /// No parts.
    pub(crate) const NONE: Self = Self { rest: None, start: 0, end: 0, class: Class::Text };
}

impl<'a> Iterator for Parts<'a> {
    type Item = Span<'a>;

    #[inline]
    fn next(&mut self) -> Option<Span<'a>> {
        let marks = self.rest?;
        let start = self.start;
        let Some(index) = marks.iter().position(|mark| mark.ends(self.class)) else {
            self.rest = None;
            return Some(Span { start, end: self.end, marks });
        };
        let end = marks[index].at();
        (self.rest, self.start) = (Some(&marks[index + 1..]), end + 1);
        Some(Span { start, end, marks: &marks[..index] })
    }
}

impl Scan {
    /// The fields of a segment from the first that separators set apart: field 1, or in a header segment field 2, which
    /// declares the delimiters. `None` where the segment is an id alone. The number is that of the first field.
    pub(crate) fn fields<'s>(&'s self, bytes: &[u8], index: usize) -> Option<(u32, Span<'s>)> {
        let segment = self.segments.get(index)?;
        let all = Span { start: segment.start, end: segment.end, marks: self.marks_of(index) };
        if is_header(&bytes[segment.range()], self.delimiters.field) {
            return Some((2, Span { start: segment.start + 4, ..all }));
        }
        Some((1, all.split(Class::Field).1?))
    }

    /// A field of a segment, if the segment reaches that far; not MSH-1.
    pub(crate) fn field<'s>(&'s self, bytes: &[u8], index: usize, seq: u32) -> Option<Span<'s>> {
        let (first, fields) = self.fields(bytes, index)?;
        fields.nth(Class::Field, seq.checked_add(1)?.checked_sub(first)?)
    }
}
