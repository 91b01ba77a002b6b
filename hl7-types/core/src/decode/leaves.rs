//! Leaves: from bytes under the message's delimiters to text under the recommended ones.

use crate::er7::{Delimiters, Span, translate};
use crate::extra::SlotSurplus;
use crate::finding::Rule;
use crate::node::SlotMut;
use crate::value::Value;

use super::{Leftover, Reader};

impl Reader<'_> {
    /// Stores a piece in the first leaf of a slot.
    pub(super) fn leaf(&mut self, mut slot: SlotMut<'_>, span: Span<'_>) -> Leftover {
        for _ in 0..8 {
            match slot {
                SlotMut::Leaf(value) => return self.store(value, span),
                SlotMut::Node(node) => slot = node.slot_mut(0),
                SlotMut::Varies(varies) => slot = varies.inner_mut(),
                SlotMut::List(list) => slot = list.push(),
                SlotMut::Absent => break,
            }
        }
        Leftover::new()
    }

    #[inline]
    fn store(&mut self, value: &mut Value, span: Span<'_>) -> Leftover {
        let text =
            if self.standard { self.text.and_then(|text| text.get(span.range())) } else { None };
        match text {
            Some(text) => {
                *value = Value::from_raw(text);
                Leftover::new()
            }
            None => self.store_unusual(value, span),
        }
    }

    /// Stores what is not text, or what stands under other delimiters than the recommended.
    #[cold]
    fn store_unusual(&mut self, value: &mut Value, span: Span<'_>) -> Leftover {
        let bytes = &self.bytes[span.range()];
        if std::str::from_utf8(bytes).is_err() && !self.latin1 {
            self.report(Rule::InvalidText, span.start..span.end, || {
                "the bytes are not UTF-8; read as ISO 8859-1 and kept as they are".to_owned()
            });
        }
        let delimiters = &self.scan.delimiters;
        let standard = translate(bytes, delimiters, &Delimiters::STANDARD);
        let back = translate(&standard, &Delimiters::STANDARD, delimiters) == bytes;
        match String::from_utf8(standard) {
            Ok(text) if back => {
                *value = Value::from_raw(text);
                Leftover::new()
            }
            Ok(text) => exact(value, text, bytes),
            Err(error) => {
                exact(value, error.as_bytes().iter().copied().map(char::from).collect(), bytes)
            }
        }
    }

    /// Stores a declaration of delimiters, which is never escaped.
    pub(super) fn store_verbatim(
        &mut self,
        value: &mut Value,
        bytes: &[u8],
    ) -> Vec<(u32, Leftover)> {
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                *value = Value::from_raw(text);
                Vec::new()
            }
            Err(_) => {
                vec![(0, exact(value, bytes.iter().copied().map(char::from).collect(), bytes))]
            }
        }
    }
}

/// Stores text that does not lead back to the bytes, and the bytes beside it.
fn exact(value: &mut Value, text: String, bytes: &[u8]) -> Leftover {
    *value = Value::from_raw(text);
    vec![SlotSurplus::Exact { read_as: value.clone(), bytes: bytes.into() }]
}
