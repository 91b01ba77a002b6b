//! Segments, fields, repetitions, components and subcomponents.

use crate::desc::{DatatypeDesc, DatatypeKind, ElementDesc, Format, MANY, SegmentDesc, Usage};
use crate::er7::{Class, Span};
use crate::extra::{Piece, SlotKept, SlotSurplus};
use crate::finding::Rule;
use crate::node::{List, Node, SlotMut};

use super::{Leftover, Level, Reader, lend};

impl<'a> Reader<'a> {
    /// Reads one segment, field by field.
    pub(super) fn segment(
        &mut self,
        index: usize,
        desc: &'static SegmentDesc,
        mut node: Option<&mut dyn Node>,
    ) {
        let end = self.scan.segments[index].end;
        self.segment = index;
        let (mut rest, mut slot) = match self.scan.fields(self.bytes, index) {
            None => (None, 0),
            Some((1, fields)) => (Some(fields), 0),
            Some((_, fields)) => (self.header(fields, lend!(node)), 2),
        };
        let mut used = slot;
        while let Some(span) = rest {
            let Some(element) = desc.fields.get(slot) else {
                self.surplus_fields(desc, span, lend!(node));
                break;
            };
            let (field, behind) = self.split(span, Class::Field);
            self.at_field(slot);
            if field.is_empty() {
                self.check_required_field(element, field);
            } else {
                used = slot + 1;
                match lend!(node) {
                    Some(node) => {
                        let leftover = self.field(element, node.slot_mut(slot), field);
                        keep(node, slot, leftover);
                    }
                    None => {
                        self.field(element, SlotMut::Absent, field);
                    }
                }
            }
            slot += 1;
            rest = behind;
        }
        for (seq, element) in desc.fields.iter().enumerate().skip(slot) {
            self.at_field(seq);
            self.check_required_field(element, Span::nothing(end));
        }
        if let Some(node) = node {
            if slot > used {
                node.extra_mut().kept_mut().written = u16::try_from(slot).unwrap_or(u16::MAX);
            }
            if let Some(line_end) = self.line_end(index) {
                node.extra_mut().kept_mut().line_end = Some(line_end);
            }
        }
    }

    /// Reads the two fields of MSH (BHS, FHS) that declare the delimiters; gives what follows.
    fn header(&mut self, span: Span<'a>, node: Option<&mut dyn Node>) -> Option<Span<'a>> {
        let (encoding, behind) = span.split_first();
        if let Some(node) = node {
            let separator = [self.scan.delimiters.field];
            for (slot, bytes) in [(0, &separator[..]), (1, &self.bytes[encoding.range()])] {
                if let SlotMut::Leaf(value) = node.slot_mut(slot) {
                    let leftover = self.store_verbatim(value, bytes);
                    keep(node, slot, leftover);
                }
            }
        }
        behind
    }

    fn surplus_fields(&mut self, desc: &SegmentDesc, span: Span<'_>, node: Option<&mut dyn Node>) {
        let tail = span.start - 1..span.end;
        if !desc.fields.last().is_some_and(|last| last.open) {
            self.at_field(desc.fields.len());
            let fields = desc.fields.len();
            self.report(Rule::SurplusField, tail.clone(), || {
                format!("{} has {fields} fields, here is more", desc.id)
            });
        }
        if let Some(node) = node {
            let kept = node.extra_mut().kept_mut();
            kept.written = u16::try_from(desc.fields.len()).unwrap_or(u16::MAX);
            kept.tail = Some(Piece::new(self.slice(&tail), &self.scan.delimiters));
        }
    }

    /// Reads a field with its repetitions.
    fn field(
        &mut self,
        element: &'static ElementDesc,
        slot: SlotMut<'_>,
        field: Span<'a>,
    ) -> Vec<(u32, Leftover)> {
        self.check_usage(element, field);
        if field.marks.is_empty() {
            // One repetition without parts: most fields.
            self.repetition = 0;
            let slot = match slot {
                SlotMut::List(list) => list.push(),
                single => single,
            };
            let leftover = self.repetition(element, slot, field);
            return if leftover.is_empty() { Vec::new() } else { vec![(0, leftover)] };
        }
        match slot {
            SlotMut::List(list) => self.repetitions(element, Some(list), field),
            SlotMut::Absent => self.repetitions(element, None, field),
            single => {
                let (first, behind) = self.split(field, Class::Repetition);
                let mut leftover = self.repetition(element, single, first);
                if let Some(behind) = behind {
                    let tail = behind.start - 1..behind.end;
                    self.check_repetitions(element, 2, behind);
                    leftover.push(SlotSurplus::Tail(Piece::new(
                        self.slice(&tail),
                        &self.scan.delimiters,
                    )));
                }
                if leftover.is_empty() { Vec::new() } else { vec![(0, leftover)] }
            }
        }
    }

    fn repetitions(
        &mut self,
        element: &'static ElementDesc,
        mut list: Option<&mut dyn List>,
        field: Span<'a>,
    ) -> Vec<(u32, Leftover)> {
        let mut leftovers = Vec::new();
        let mut rest = Some(field);
        let mut count = 0;
        while let Some(span) = rest {
            let (repetition, behind) = self.split(span, Class::Repetition);
            self.repetition = count + 1;
            let slot = lend!(list).map_or(SlotMut::Absent, List::push);
            if !repetition.is_empty() {
                let leftover = self.repetition(element, slot, repetition);
                if !leftover.is_empty() {
                    leftovers.push((count, leftover));
                }
            }
            count += 1;
            if u64::from(count) == u64::from(element.max) + 1 && element.max < MANY {
                self.check_repetitions(element, count, span);
            }
            rest = behind;
        }
        self.repetition = 0;
        leftovers
    }

    /// Reads one repetition of a field.
    fn repetition(
        &mut self,
        element: &'static ElementDesc,
        slot: SlotMut<'_>,
        span: Span<'a>,
    ) -> Leftover {
        (self.component, self.subcomponent) = (0, 0);
        self.check_length(element, span);
        let (datatype, slot) = match slot {
            SlotMut::Varies(varies) => {
                let named = self.varying_name(element);
                let found = varies.select(named.unwrap_or(""));
                self.check_varying(element, named, found.is_some(), span);
                (found, varies.inner_mut())
            }
            slot if element.varies_by > 0 => {
                let named = self.varying_name(element);
                let found = named.and_then(|name| self.version?.datatype(name));
                self.check_varying(element, named, found.is_some(), span);
                (found, slot)
            }
            slot => (element.datatype, slot),
        };
        self.piece(element, datatype, slot, span, Level::Component)
    }

    /// Reads a repetition or component according to its datatype.
    fn piece(
        &mut self,
        element: &'static ElementDesc,
        datatype: Option<&'static DatatypeDesc>,
        slot: SlotMut<'_>,
        span: Span<'a>,
        level: Level,
    ) -> Leftover {
        match datatype.map(|datatype| datatype.kind) {
            Some(DatatypeKind::Composite(components)) => match slot {
                SlotMut::Node(node) => {
                    self.composite(element, datatype, components, Some(node), span, level);
                    Leftover::new()
                }
                _ => {
                    self.composite(element, datatype, components, None, span, level);
                    Leftover::new()
                }
            },
            Some(DatatypeKind::Primitive(format)) if format != Format::CompositeUnknown => {
                self.primitive(element, Some(format), slot, span, level)
            }
            _ => self.leaf(slot, span),
        }
    }

    /// Reads a primitive; what separates inside it is surplus.
    fn primitive(
        &mut self,
        element: &'static ElementDesc,
        format: Option<Format>,
        slot: SlotMut<'_>,
        span: Span<'a>,
        level: Level,
    ) -> Leftover {
        let (value, surplus) = span.split_first();
        let mut leftover = self.leaf(slot, value);
        self.check_primitive(element, format, value);
        if let Some(surplus) = surplus {
            let tail = surplus.start - 1..surplus.end;
            let rule = if level == Level::Component && self.component == 0 {
                Rule::SurplusComponent
            } else {
                Rule::SurplusSubcomponent
            };
            self.report(rule, tail.clone(), || {
                "expected one value, here are parts behind it".to_owned()
            });
            leftover.push(SlotSurplus::Tail(Piece::new(self.slice(&tail), &self.scan.delimiters)));
        }
        leftover
    }

    /// Reads a composite, part by part.
    fn composite(
        &mut self,
        element: &'static ElementDesc,
        datatype: Option<&'static DatatypeDesc>,
        components: &'static [ElementDesc],
        mut node: Option<&mut dyn Node>,
        span: Span<'a>,
        level: Level,
    ) {
        let class = if level == Level::Component { Class::Component } else { Class::Subcomponent };
        let null = &self.bytes[span.range()] == b"\"\"";
        let mut rest = Some(span);
        let (mut slot, mut used) = (0, 0);
        while let Some(span) = rest {
            let Some(part) = components.get(slot) else {
                self.at_part(level, slot);
                self.surplus_parts(level, components.len(), datatype, span, lend!(node));
                break;
            };
            let (piece, behind) = self.split(span, class);
            self.at_part(level, slot);
            if piece.is_empty() {
                self.check_required_part(part, null, piece);
            } else {
                used = slot + 1;
                match lend!(node) {
                    Some(node) => {
                        let leftover = self.part(part, node.slot_mut(slot), piece, level);
                        keep(
                            node,
                            slot,
                            if leftover.is_empty() { Vec::new() } else { vec![(0, leftover)] },
                        );
                    }
                    None => {
                        self.part(part, SlotMut::Absent, piece, level);
                    }
                }
            }
            slot += 1;
            rest = behind;
        }
        for (seq, part) in components.iter().enumerate().skip(slot) {
            if part.usage == Usage::R {
                self.at_part(level, seq);
                self.check_required_part(part, null, Span::nothing(span.end));
            }
        }
        self.at_part(level, usize::MAX);
        if level == Level::Component {
            self.check_coded(element, datatype, span);
        }
        if slot > used
            && let Some(node) = node
        {
            node.extra_mut().kept_mut().written = u16::try_from(slot).unwrap_or(u16::MAX);
        }
    }

    /// Reads one component or subcomponent.
    fn part(
        &mut self,
        part: &'static ElementDesc,
        slot: SlotMut<'_>,
        span: Span<'a>,
        level: Level,
    ) -> Leftover {
        self.check_usage(part, span);
        self.check_length(part, span);
        if level == Level::Component {
            return self.piece(part, part.datatype, slot, span, Level::Subcomponent);
        }
        // Nothing separates below subcomponents: the text is the first leaf of whatever stands here.
        let leftover = self.leaf(slot, span);
        let mut inner = part;
        for _ in 0..8 {
            match inner.datatype.and_then(|datatype| datatype.components().first()) {
                Some(first) => inner = first,
                None => break,
            }
        }
        self.check_primitive(inner, inner.datatype.and_then(DatatypeDesc::format), span);
        leftover
    }

    fn surplus_parts(
        &mut self,
        level: Level,
        count: usize,
        datatype: Option<&'static DatatypeDesc>,
        span: Span<'_>,
        node: Option<&mut dyn Node>,
    ) {
        let tail = span.start - 1..span.end;
        let id = datatype.map_or("", |datatype| datatype.id);
        let rule = if level == Level::Component {
            Rule::SurplusComponent
        } else {
            Rule::SurplusSubcomponent
        };
        self.report(rule, tail.clone(), || format!("{id} has {count} components, here is more"));
        if let Some(node) = node {
            let kept = node.extra_mut().kept_mut();
            kept.written = u16::try_from(count).unwrap_or(u16::MAX);
            kept.tail = Some(Piece::new(self.slice(&tail), &self.scan.delimiters));
        }
    }
}

/// Keeps what a slot left over beside the struct.
fn keep(node: &mut dyn Node, slot: usize, leftovers: Vec<(u32, Leftover)>) {
    let Ok(slot) = u16::try_from(slot) else { return };
    for (repetition, leftover) in leftovers {
        let kept = leftover.into_iter().map(|what| SlotKept { slot, repetition, what });
        node.extra_mut().kept_mut().slots.extend(kept);
    }
}
