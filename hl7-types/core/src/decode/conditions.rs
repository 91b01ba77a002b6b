//! Conditional usage (section 2.5.3.5): what has to have a value, or none, because another part of the same segment or
//! composite has one.

use crate::desc::{DatatypeDesc, ElementDesc, SegmentDesc, Usage};
use crate::er7::{Class, Mark, is_header};
use crate::finding::Rule;

use super::check::is_null;
use super::{Reader, Stretch};

/// Which fields of a segment or components of a composite stand in a message: bit `n` for position `n`.
#[derive(Clone, Copy, Default)]
struct Stated {
    /// They have a value or are explicitly null.
    present: u128,
    /// They have a value.
    valued: u128,
}

impl Stated {
    fn has_value(self, seq: usize) -> bool {
        self.valued >> (seq & 127) & 1 == 1
    }

    fn is_present(self, seq: usize) -> bool {
        self.present >> (seq & 127) & 1 == 1
    }

    /// Whether all terms of a condition hold.
    fn meets(self, condition: [i8; 2]) -> bool {
        let holds = |term: i8| self.has_value(usize::from(term.unsigned_abs())) == (term > 0);
        condition.into_iter().all(|term| term == 0 || holds(term))
    }
}

impl Reader<'_> {
    /// Looks at the conditions of a segment's fields.
    pub(super) fn check_field_conditions(&mut self, desc: &'static SegmentDesc) {
        let Some((first, rest)) = self.marks.split_first() else { return };
        let header = is_header(self.line(self.segment), self.scan.delimiters.field);
        let before = if header { 2 } else { 0 };
        let parts = (rest, first.at() + 1, Class::Field);
        self.check_conditions(desc.fields, desc.summary.conditional, before, parts, 0);
    }

    /// Looks at the conditions of a composite's components; `marks` are those of the piece, the one that ends it included.
    pub(super) fn check_part_conditions(
        &mut self,
        datatype: &'static DatatypeDesc,
        marks: &[Mark],
        start: u32,
        separator: Class,
    ) {
        let level = if separator == Class::Component { 1 } else { 2 };
        let parts = (marks, start, separator);
        self.check_conditions(datatype.components(), datatype.summary.conditional, 0, parts, level);
    }

    /// `before` elements stand in front of the first part; `level` says which number of the path is theirs.
    fn check_conditions(
        &mut self,
        elements: &'static [ElementDesc],
        mut conditional: u64,
        before: usize,
        (marks, start, class): (&[Mark], u32, Class),
        level: u8,
    ) {
        let stated = self.stated(marks, start, class, before);
        while conditional != 0 {
            let index = conditional.trailing_zeros() as usize;
            conditional &= conditional - 1;
            let (seq, element) = (index + 1, &elements[index]);
            let forbids = matches!(element.usage, Usage::CrX | Usage::CreX);
            let wrong = match stated.meets(element.condition) {
                true => element.usage != Usage::CreX && !stated.is_present(seq),
                false => forbids && stated.has_value(seq),
            };
            if wrong {
                let place = || parts(marks, start, class);
                let end = place().last().map_or(0, |part| part.end);
                let here = seq.checked_sub(before + 1).and_then(|index| place().nth(index));
                self.report_condition(elements, seq, here.unwrap_or(Stretch::nothing(end)), level);
            }
        }
    }

    /// Which of the first elements stand in the message, in one pass over the separators.
    fn stated(&self, marks: &[Mark], start: u32, class: Class, before: usize) -> Stated {
        let mut stated = Stated::default();
        let (mut seq, mut part, mut next, mut has_text) = (before + 1, start, start, false);
        for mark in marks {
            if seq == 128 {
                break;
            }
            has_text |= mark.at() > next;
            next = mark.at() + 1;
            if mark.ends(class) {
                if has_text {
                    let value = Stretch { start: part, end: mark.at() };
                    stated.present |= 1 << seq;
                    stated.valued |= u128::from(!is_null(self.slice(value))) << seq;
                }
                (seq, part, has_text) = (seq + 1, next, false);
            }
        }
        stated
    }

    #[cold]
    fn report_condition(
        &mut self,
        elements: &'static [ElementDesc],
        seq: usize,
        span: Stretch,
        level: u8,
    ) {
        let here = (self.field, self.repetition, self.component, self.subcomponent);
        let number = u32::try_from(seq).unwrap_or(u32::MAX);
        match level {
            0 => self.at_field(seq - 1),
            1 => (self.component, self.subcomponent) = (number, 0),
            _ => self.subcomponent = number,
        }
        let element = &elements[seq - 1];
        self.report(Rule::Conditional, span, || {
            let when = element.condition_in_words(elements);
            if span.start == span.end {
                format!("{} is empty, and required where {when}", element.name)
            } else {
                format!("{} has a value, which it may only have where {when}", element.name)
            }
        });
        (self.field, self.repetition, self.component, self.subcomponent) = here;
    }
}

/// The parts between separators of a class; the last of the marks ends the last part.
fn parts(marks: &[Mark], mut start: u32, class: Class) -> impl Iterator<Item = Stretch> {
    marks.iter().filter(move |mark| mark.ends(class)).map(move |mark| {
        let part = Stretch { start, end: mark.at() };
        start = part.end + 1;
        part
    })
}
