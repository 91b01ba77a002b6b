//! What the engine wants to know of a row of elements at a glance, without a look at each.

use crate::desc::{ElementDesc, Usage};

/// A row of fields or components, summed up by the compiler.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Summary {
    /// How many elements there are up to the last required one.
    pub(crate) required: u16,
    /// A one at the place of each of the first 64 elements that has a condition; no later one has any.
    pub(crate) conditional: u64,
    /// A one at the place of each of the first 64 elements that may be empty.
    pub(crate) optional: u64,
}

impl Summary {
    /// Of no elements.
    pub(crate) const NOTHING: Self = Self { required: 0, conditional: 0, optional: 0 };

    #[expect(clippy::cast_possible_truncation, reason = "a segment has fewer fields than 65,536")]
    pub(crate) const fn of(elements: &[ElementDesc]) -> Self {
        let mut summary = Self::NOTHING;
        let mut at = 0;
        while at < elements.len() {
            let element = &elements[at];
            let place = if at < 64 { 1 << at } else { 0 };
            if matches!(element.usage, Usage::R) {
                summary.required = at as u16 + 1;
            } else {
                summary.optional |= place;
            }
            if element.condition[0] != 0 || element.condition[1] != 0 {
                assert!(place != 0, "only the first 64 fields or components may have a condition");
                summary.conditional |= place;
            }
            at += 1;
        }
        summary
    }

    /// Whether the element at an index may be empty; of those behind the first 64 it says no.
    #[inline]
    pub(crate) fn is_optional(&self, index: usize) -> bool {
        index < 64 && self.optional >> index & 1 == 1
    }
}
