//! Segments, fields, repetitions, components and subcomponents: one pass over the separators of a segment.
//!
//! Each function here reads one piece. It is called with the piece's first byte, consumes the separators inside the piece
//! and stops at the one that ends it.

use crate::desc::{DatatypeDesc, DatatypeKind, ElementDesc, Format, MANY, SegmentDesc, Usage};
use crate::er7::{Class, Mark, is_header};
use crate::extra::{Piece, SlotKept, SlotSurplus};
use crate::finding::Rule;
use crate::node::{List, Node, SlotMut};
use crate::summary::Summary;
use crate::value::Value;

use super::{Reader, Stretch, lend};

/// What a piece is a part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    /// A repetition of a field; its parts are components.
    Repetition,
    /// A component; its parts are subcomponents.
    Component,
}

impl Level {
    /// What separates the parts.
    fn separator(self) -> Class {
        match self {
            Level::Repetition => Class::Component,
            Level::Component => Class::Subcomponent,
        }
    }

    /// What ends the piece.
    fn end(self) -> Class {
        match self {
            Level::Repetition => Class::Repetition,
            Level::Component => Class::Component,
        }
    }
}

/// How far a row of slots has been read.
#[derive(Clone, Copy)]
struct Row {
    /// Where the slot ahead starts.
    start: u32,
    /// The slot ahead.
    slot: usize,
    /// Behind the last slot that had something in it.
    used: usize,
}

impl Reader<'_> {
    // --- the way through the separators ------------------------------------------------------------------------------

    /// The separator ahead; the end of the segment is the last.
    #[inline]
    fn ahead(&self) -> Mark {
        self.marks[self.next]
    }

    /// Steps over the separator ahead if it is of a class; gives the position behind it.
    #[inline]
    fn step_over(&mut self, class: Class) -> Option<u32> {
        let mark = self.ahead();
        mark.is(class).then(|| {
            self.next += 1;
            mark.at() + 1
        })
    }

    /// Steps over separators up to the one that ends a class; gives its position.
    fn skip_to(&mut self, class: Class) -> u32 {
        while !self.ahead().ends(class) {
            self.next += 1;
        }
        self.ahead().at()
    }

    // --- segments ----------------------------------------------------------------------------------------------------

    /// Reads one segment, field by field.
    pub(super) fn segment(
        &mut self,
        index: usize,
        desc: &'static SegmentDesc,
        mut node: Option<&mut dyn Node>,
    ) {
        let desc = self.options.segment(desc);
        (self.segment, self.desc) = (index, Some(desc));
        if desc.id == "RDF" {
            self.read_columns(index);
        }
        self.marks = self.scan.marks_to_end(index);
        self.next = 0;
        let span = self.scan.segments[index];
        let (mut start, slot) = if is_header(
            self.slice(Stretch { start: span.start, end: span.end }),
            self.scan.delimiters.field,
        ) {
            self.header(span.start + 4, lend!(node));
            (self.step_over(Class::Field), 2)
        } else {
            // The separator behind the id.
            self.skip_to(Class::Field);
            (self.step_over(Class::Field), 0)
        };
        let mut at = Row { start: 0, slot, used: slot };
        while let Some(next) = start {
            at.start = next;
            if let Some(node) = lend!(node)
                && self.plain_slots(desc.fields, node, &mut at, Class::Field)
            {
                break;
            }
            self.skip_empty(&desc.summary, &mut at, Class::Field);
            let slot = at.slot;
            let Some(element) = desc.field(slot) else {
                self.surplus_fields(desc, slot, at.start, lend!(node));
                break;
            };
            self.at_field(slot);
            if self.ahead().at() == at.start && self.ahead().ends(Class::Field) {
                if slot < desc.fields.len() {
                    self.check_required_field(element, Stretch::nothing(at.start));
                }
            } else {
                at.used = slot + 1;
                match lend!(node) {
                    Some(node) => {
                        self.field(element, node.slot_mut(slot), at.start);
                        self.keep(node, slot, 0);
                    }
                    None if self.is_one_value(element) => self.value(element, at.start),
                    None => self.field(element, SlotMut::Absent, at.start),
                }
            }
            at.slot += 1;
            start = self.step_over(Class::Field);
        }
        let Row { slot, used, .. } = at;
        let end = span.end;
        let required = desc.fields.get(..usize::from(desc.summary.required)).unwrap_or(&[]);
        for (seq, element) in required.iter().enumerate().skip(slot) {
            self.at_field(seq);
            self.check_required_field(element, Stretch::nothing(end));
        }
        if self.values && desc.summary.conditional != 0 {
            self.check_field_conditions(desc);
        }
        if let Some(node) = node {
            if slot > used {
                node.extra_mut().kept_mut().written = u16::try_from(slot).unwrap_or(u16::MAX);
            }
            if let Some(line_end) = self.line_end(index) {
                node.extra_mut().kept_mut().line_end = Some(line_end);
            }
        }
        self.left.clear();
    }

    /// Reads the two fields of MSH (BHS, FHS) that declare the delimiters.
    fn header(&mut self, start: u32, node: Option<&mut dyn Node>) {
        let encoding = Stretch { start, end: self.skip_to(Class::Field) };
        let Some(node) = node else { return };
        for (slot, piece) in [(0, Stretch { start: start - 1, end: start }), (1, encoding)] {
            if let SlotMut::Leaf(value) = node.slot_mut(slot) {
                self.store_verbatim(value, self.slice(piece));
                self.keep(node, slot, 0);
            }
        }
    }

    /// Keeps what follows the last slot, of which there are `slots`.
    fn surplus_fields(
        &mut self,
        desc: &SegmentDesc,
        slots: usize,
        start: u32,
        node: Option<&mut dyn Node>,
    ) {
        let tail = Stretch { start: start - 1, end: self.skip_to(Class::Segment) };
        // Separators behind the last field and nothing between them are no more than a habit of the sender.
        let field = self.scan.delimiters.field;
        if slots == desc.fields.len() && self.slice(tail).iter().any(|&byte| byte != field) {
            self.at_field(slots);
            self.report(Rule::SurplusField, tail, || {
                format!("{} has {slots} fields, here is more", desc.id)
            });
        }
        if let Some(node) = node {
            let kept = node.extra_mut().kept_mut();
            kept.written = u16::try_from(slots).unwrap_or(u16::MAX);
            kept.tail = Some(Piece::new(self.slice(tail), &self.scan.notation()));
        }
    }

    /// Reads slots for as long as they are empty or hold nothing but text: most of every message, and nothing in it is
    /// to be looked at. Stops before the first slot that wants more; says whether that was the last.
    fn plain_slots(
        &mut self,
        elements: &'static [ElementDesc],
        node: &mut dyn Node,
        at: &mut Row,
        separator: Class,
    ) -> bool {
        let Some(text) = self.plain else { return false };
        let mut marks = self.marks[self.next..].iter();
        let mut row = *at;
        let mut ended = false;
        while let (Some(&mark), Some(element)) = (marks.as_slice().first(), elements.get(row.slot))
            && mark.ends(separator)
        {
            if mark.at() != row.start {
                let piece = text.get(row.start as usize..mark.at() as usize);
                let value = match node.slot_mut(row.slot) {
                    SlotMut::Leaf(value) if is_plain(element) => Some(value),
                    SlotMut::Node(node) => only_leaf(element, node),
                    _ => None,
                };
                let (Some(value), Some(piece)) = (value, piece) else { break };
                *value = Value::of_raw(piece);
                row.used = row.slot + 1;
            } else if element.usage == Usage::R {
                break;
            }
            row.slot += 1;
            if !mark.is(separator) {
                ended = true;
                break;
            }
            row.start = mark.at() + 1;
            marks.next();
        }
        self.next = self.marks.len() - marks.len();
        *at = row;
        ended
    }

    /// Steps over slots with nothing in them that may be left out; stops before the last in any case.
    #[inline]
    fn skip_empty(&mut self, summary: &Summary, row: &mut Row, separator: Class) {
        while self.ahead().at() == row.start
            && self.ahead().is(separator)
            && summary.is_optional(row.slot)
        {
            self.next += 1;
            row.start += 1;
            row.slot += 1;
        }
    }

    // --- fields ------------------------------------------------------------------------------------------------------

    /// Reads a field with its repetitions.
    fn field(&mut self, element: &'static ElementDesc, slot: SlotMut<'_>, start: u32) {
        match slot {
            SlotMut::List(list) => self.repetitions(element, Some(list), start, 0),
            SlotMut::Absent => self.repetitions(element, None, start, 0),
            single => {
                if !self.at_empty_repetition(start) {
                    self.repetition = 1;
                    self.repetition(element, single, start);
                }
                if let Some(next) = self.step_over(Class::Repetition) {
                    let kept = self.left.len();
                    self.repetitions(element, None, next, 1);
                    self.left.truncate(kept);
                    self.leave_tail(Stretch { start: next - 1, end: self.ahead().at() });
                }
                self.repetition = 0;
            }
        }
        if element.usage as u8 >= Usage::X as u8 {
            self.check_usage(element, Stretch { start, end: self.ahead().at() });
        }
    }

    /// Whether the field ahead is a primitive with one value and nothing else, as most are.
    #[inline]
    fn is_one_value(&self, element: &ElementDesc) -> bool {
        self.text.is_some()
            && element.varies_by == 0
            && self.ahead().ends(Class::Field)
            && element
                .datatype
                .and_then(DatatypeDesc::format)
                .is_some_and(|format| format != Format::CompositeUnknown)
    }

    /// Reads such a field into no struct: the short way through [`Reader::field`].
    fn value(&mut self, element: &'static ElementDesc, start: u32) {
        let value = Stretch { start, end: self.ahead().at() };
        if self.values {
            self.repetition = 1;
            self.check_primitive(element, element.datatype.and_then(DatatypeDesc::format), value);
            self.check_length(element, value);
            self.repetition = 0;
        }
        self.check_usage(element, value);
    }

    /// Whether the repetition that starts here is empty: then nothing in it is required.
    #[inline]
    fn at_empty_repetition(&self, start: u32) -> bool {
        self.ahead().at() == start && self.ahead().ends(Class::Repetition)
    }

    /// Reads repetitions, of which there were `count` before.
    fn repetitions(
        &mut self,
        element: &'static ElementDesc,
        mut list: Option<&mut dyn List>,
        mut start: u32,
        mut count: u32,
    ) {
        loop {
            let slot = lend!(list).map_or(SlotMut::Absent, |list| at_or_pushed(list, count));
            if !self.at_empty_repetition(start) {
                self.repetition = count + 1;
                let from = self.left.len();
                self.repetition(element, slot, start);
                for (repetition, _) in &mut self.left[from..] {
                    *repetition = count + 1;
                }
            }
            count += 1;
            if count == u32::from(element.max) + 1 && element.max < MANY {
                self.check_repetitions(element, count, Stretch { start, end: self.ahead().at() });
            }
            match self.step_over(Class::Repetition) {
                Some(next) => start = next,
                None => break,
            }
        }
        self.repetition = 0;
    }

    /// Reads one repetition of a field.
    #[inline]
    fn repetition(&mut self, element: &'static ElementDesc, slot: SlotMut<'_>, start: u32) {
        if element.varies_by == 0 && !self.values {
            return self.piece(element, element.datatype, slot, start, Level::Repetition);
        }
        self.repetition_checked(element, slot, start);
    }

    /// Reads one repetition whose values are looked at, or whose datatype another field names.
    fn repetition_checked(&mut self, element: &'static ElementDesc, slot: SlotMut<'_>, start: u32) {
        let (datatype, slot) = match slot {
            slot if element.varies_by == 0 => (element.datatype, slot),
            SlotMut::Varies(varies) => {
                let named = self.varying_name(element);
                let found = varies.select(named.unwrap_or(""));
                self.check_varying(element, named, found.is_some(), start);
                (found, varies.inner_mut())
            }
            slot => {
                let named = self.varying_name(element);
                let found = named.and_then(|name| self.datatype_named(name));
                self.check_varying(element, named, found.is_some(), start);
                (found, slot)
            }
        };
        self.piece(element, datatype, slot, start, Level::Repetition);
        if self.values {
            let piece = Stretch { start, end: self.ahead().at() };
            self.check_length(element, piece);
            self.check_coded(element, datatype, piece);
        }
    }

    /// Reads a repetition or component according to its datatype.
    #[inline(always)]
    fn piece(
        &mut self,
        element: &'static ElementDesc,
        datatype: Option<&'static DatatypeDesc>,
        slot: SlotMut<'_>,
        start: u32,
        level: Level,
    ) {
        match datatype.map(|datatype| (datatype, &datatype.kind)) {
            Some((datatype, DatatypeKind::Composite(components))) => {
                let node: Option<&mut dyn Node> =
                    if let SlotMut::Node(node) = slot { Some(node) } else { None };
                self.composite(datatype, components, node, start, level);
            }
            Some((_, DatatypeKind::Primitive(format))) if *format != Format::CompositeUnknown => {
                self.primitive(element, *format, slot, start, level);
            }
            _ => {
                let end = self.skip_to(level.end());
                self.leaf(slot, Stretch { start, end });
            }
        }
    }

    /// Reads a primitive; what separates inside it is surplus.
    #[inline]
    fn primitive(
        &mut self,
        element: &'static ElementDesc,
        format: Format,
        slot: SlotMut<'_>,
        start: u32,
        level: Level,
    ) {
        let mark = self.ahead();
        let value = Stretch { start, end: mark.at() };
        self.leaf(slot, value);
        if self.values {
            self.check_primitive(element, Some(format), value);
        }
        if !mark.ends(level.end()) {
            self.surplus_of_primitive(mark.at(), level);
        }
    }

    #[cold]
    fn surplus_of_primitive(&mut self, start: u32, level: Level) {
        let tail = Stretch { start, end: self.skip_to(level.end()) };
        self.report(surplus(level), tail, || {
            "expected one value, here are parts behind it".to_owned()
        });
        self.leave_tail(tail);
    }

    /// Reads a composite, part by part.
    fn composite(
        &mut self,
        datatype: &'static DatatypeDesc,
        components: &'static [ElementDesc],
        mut node: Option<&mut dyn Node>,
        start: u32,
        level: Level,
    ) {
        let separator = level.separator();
        let (first, mut at) = (start, Row { start, slot: 0, used: 0 });
        let from = self.next;
        loop {
            if let Some(node) = lend!(node)
                && self.plain_slots(components, node, &mut at, separator)
            {
                break;
            }
            self.skip_empty(&datatype.summary, &mut at, separator);
            let slot = at.slot;
            let Some(part) = components.get(slot) else {
                self.at_part(level, slot);
                self.surplus_parts(datatype, at.start, level, lend!(node));
                break;
            };
            self.at_part(level, slot);
            if self.ahead().at() == at.start && self.ahead().ends(separator) {
                self.check_required_part(part, first, Stretch::nothing(at.start));
            } else {
                at.used = slot + 1;
                match lend!(node) {
                    Some(node) => {
                        let from = self.left.len();
                        self.part(part, node.slot_mut(slot), at.start, level);
                        self.keep(node, slot, from);
                    }
                    None => self.part(part, SlotMut::Absent, at.start, level),
                }
            }
            at.slot += 1;
            match self.step_over(separator) {
                Some(next) => at.start = next,
                None => break,
            }
        }
        let Row { slot, used, .. } = at;
        let required = components.get(..usize::from(datatype.summary.required)).unwrap_or(&[]);
        for (seq, part) in required.iter().enumerate().skip(slot) {
            self.at_part(level, seq);
            self.check_required_part(part, first, Stretch::nothing(self.ahead().at()));
        }
        if self.values && datatype.summary.conditional != 0 {
            let marks = &self.marks[from..=self.next];
            self.check_part_conditions(datatype, marks, first, separator);
        }
        self.leave_parts(level);
        if slot > used
            && let Some(node) = node
        {
            node.extra_mut().kept_mut().written = u16::try_from(slot).unwrap_or(u16::MAX);
        }
    }

    /// Reads one component or subcomponent.
    fn part(&mut self, part: &'static ElementDesc, slot: SlotMut<'_>, start: u32, level: Level) {
        let mark = self.ahead();
        if level == Level::Repetition && (part.is_composite() || !mark.ends(level.separator())) {
            self.piece(part, part.datatype, slot, start, Level::Component);
            let piece = Stretch { start, end: self.ahead().at() };
            self.check_usage(part, piece);
            self.check_length(part, piece);
        } else {
            // Nothing separates here: the text is the first leaf of whatever stands here.
            let value = Stretch { start, end: mark.at() };
            self.leaf(slot, value);
            if self.values || part.usage as u8 >= Usage::X as u8 {
                self.check_part(part, value);
            }
        }
    }

    /// Looks at the value of a part without separators.
    fn check_part(&mut self, part: &'static ElementDesc, value: Stretch) {
        self.check_usage(part, value);
        self.check_length(part, value);
        let first = first_primitive(part);
        self.check_primitive(first, first.datatype.and_then(DatatypeDesc::format), value);
    }

    fn surplus_parts(
        &mut self,
        datatype: &DatatypeDesc,
        start: u32,
        level: Level,
        node: Option<&mut dyn Node>,
    ) {
        let tail = Stretch { start: start - 1, end: self.skip_to(level.end()) };
        let (id, count) = (datatype.id, datatype.components().len());
        self.report(surplus(level), tail, || format!("{id} has {count} components, here is more"));
        if let Some(node) = node {
            let kept = node.extra_mut().kept_mut();
            kept.written = u16::try_from(count).unwrap_or(u16::MAX);
            kept.tail = Some(Piece::new(self.slice(tail), &self.scan.notation()));
        }
    }

    // --- bookkeeping -------------------------------------------------------------------------------------------------

    #[expect(clippy::cast_possible_truncation, reason = "slots are counted in 16 bits")]
    #[inline]
    fn at_part(&mut self, level: Level, slot: usize) {
        match level {
            Level::Repetition => (self.component, self.subcomponent) = (slot as u32 + 1, 0),
            Level::Component => self.subcomponent = slot as u32 + 1,
        }
    }

    fn leave_parts(&mut self, level: Level) {
        match level {
            Level::Repetition => (self.component, self.subcomponent) = (0, 0),
            Level::Component => self.subcomponent = 0,
        }
    }

    fn leave_tail(&mut self, tail: Stretch) {
        let piece = Piece::new(self.slice(tail), &self.scan.notation());
        self.left.push((0, SlotSurplus::Tail(piece)));
    }

    /// Keeps what a slot left over, from an index on, beside the struct.
    #[inline]
    fn keep(&mut self, node: &mut dyn Node, slot: usize, from: usize) {
        if self.left.len() > from {
            let slot = u16::try_from(slot).unwrap_or(u16::MAX);
            let kept = self.left.drain(from..).map(|(repetition, what)| SlotKept {
                slot,
                repetition,
                what,
            });
            node.extra_mut().kept_mut().slots.extend(kept);
        }
    }
}

/// The repetition at an index. A segment that is read anew after a change has repetitions already.
#[inline]
fn at_or_pushed(list: &mut dyn List, index: u32) -> SlotMut<'_> {
    if (index as usize) < list.len() { list.get_mut(index as usize) } else { list.push() }
}

/// The leaf that text without separators goes into, if no component behind it is missed.
fn only_leaf<'n>(
    mut element: &'static ElementDesc,
    node: &'n mut dyn Node,
) -> Option<&'n mut Value> {
    let mut slot = SlotMut::Node(node);
    for _ in 0..8 {
        if !is_plain(element) {
            return None;
        }
        match slot {
            SlotMut::Leaf(value) => return Some(value),
            SlotMut::Node(node) => {
                let datatype =
                    element.datatype.filter(|datatype| datatype.summary.required <= 1)?;
                element = datatype.components().first()?;
                slot = node.slot_mut(0);
            }
            _ => return None,
        }
    }
    None
}

/// Whether text in an element only has to be stored.
#[inline]
fn is_plain(element: &ElementDesc) -> bool {
    (element.usage as u8) < Usage::X as u8 && element.varies_by == 0
}

/// The rule for parts that a piece should not have.
fn surplus(level: Level) -> Rule {
    match level {
        Level::Repetition => Rule::SurplusComponent,
        Level::Component => Rule::SurplusSubcomponent,
    }
}

/// The element whose text is read where nothing separates any more.
pub(super) fn first_primitive(mut element: &'static ElementDesc) -> &'static ElementDesc {
    for _ in 0..8 {
        match element.datatype.and_then(|datatype| datatype.components().first()) {
            Some(first) => element = first,
            None => break,
        }
    }
    element
}
