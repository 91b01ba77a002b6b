//! Leaves: from bytes in the message's notation to text in the recommended one.

use std::borrow::Cow;

use crate::extra::{Exact, SlotSurplus};
use crate::finding::Rule;
use crate::node::SlotMut;
use crate::tree::verbatim;
use crate::value::Value;

use super::{Reader, Stretch};

impl Reader<'_> {
    /// Stores a piece in the first leaf of a slot.
    #[inline(always)]
    pub(super) fn leaf(&mut self, slot: SlotMut<'_>, piece: Stretch) {
        match slot {
            SlotMut::Leaf(value) => self.store(value, piece),
            SlotMut::Absent if self.text.is_none() => self.check_bytes(piece),
            SlotMut::Absent => {}
            parts => self.first_leaf(parts, piece),
        }
    }

    /// Looks for bytes that are no text.
    fn check_bytes(&mut self, piece: Stretch) {
        let charset = self.scan.charset;
        if !charset.decode_leaf(self.slice(piece), &self.scan.delimiters).1 {
            self.report(Rule::InvalidText, piece, || {
                let name = if charset.is_utf8() { "UTF-8" } else { charset.name() };
                format!("the bytes are not {name}; read as ISO 8859-1 and kept as they are")
            });
        }
    }

    fn first_leaf(&mut self, mut slot: SlotMut<'_>, piece: Stretch) {
        for _ in 0..8 {
            match slot {
                SlotMut::Leaf(value) => return self.store(value, piece),
                SlotMut::Node(node) => slot = node.slot_mut(0),
                SlotMut::Varies(varies) => slot = varies.inner_mut(),
                SlotMut::List(list) if list.is_empty() => slot = list.push(),
                SlotMut::List(list) => slot = list.get_mut(0),
                SlotMut::Absent => return,
            }
        }
    }

    #[inline]
    fn store(&mut self, value: &mut Value, piece: Stretch) {
        let text =
            if self.standard { self.text.and_then(|text| text.get(piece.range())) } else { None };
        match text {
            Some(text) => *value = Value::of_raw(text),
            None => self.store_unusual(value, piece),
        }
    }

    /// Stores what is not text, or what stands in another notation than the recommended.
    #[cold]
    fn store_unusual(&mut self, value: &mut Value, piece: Stretch) {
        let bytes = self.slice(piece);
        self.check_bytes(piece);
        match self.scan.notation().read_leaf(bytes) {
            (text, true) => *value = Value::of_raw(&text),
            (text, false) => self.store_exact(value, &text, bytes),
        }
    }

    /// Stores a declaration of delimiters, which is never escaped.
    pub(super) fn store_verbatim(&mut self, value: &mut Value, bytes: &[u8]) {
        match verbatim(bytes) {
            Cow::Borrowed(text) => *value = Value::of_raw(text),
            Cow::Owned(text) => self.store_exact(value, &text, bytes),
        }
    }

    /// Stores text that does not lead back to the bytes, and the bytes beside it.
    fn store_exact(&mut self, value: &mut Value, text: &str, bytes: &[u8]) {
        *value = Value::of_raw(text);
        let exact =
            Exact { read_as: value.clone(), bytes: bytes.into(), notation: self.scan.notation() };
        self.left.push((0, SlotSurplus::Exact(Box::new(exact))));
    }
}
