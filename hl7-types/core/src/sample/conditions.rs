//! What conditions ask of a sample.

use crate::desc::{ElementDesc, Usage};

/// Adds what a condition requires and takes out what one forbids, until all hold. Where what is required does not fit,
/// what requires it goes.
pub(super) fn keep(
    elements: &[ElementDesc],
    texts: &mut [String],
    make: &dyn Fn(usize) -> String,
    fits: &dyn Fn(&[String]) -> bool,
) {
    // Each round settles one element; more rounds than elements would mean that two contradict each other.
    for _ in 0..elements.len() {
        let Some(index) = (0..elements.len()).find(|&index| is_wrong(elements, texts, index))
        else {
            return;
        };
        if !texts[index].is_empty() {
            texts[index].clear();
            continue;
        }
        texts[index] = make(index);
        if texts[index].is_empty() || !fits(texts) {
            drop_causes(elements, texts, index);
        }
    }
}

/// The elements that may be stated without anything else being asked for.
pub(super) fn without_consequence(elements: &[ElementDesc]) -> impl Iterator<Item = usize> + '_ {
    let is_cause = |index: usize| {
        let terms = elements.iter().flat_map(|element| element.condition);
        terms.filter(|&term| term > 0).any(|term| usize::from(term.unsigned_abs()) == index + 1)
    };
    (0..elements.len()).filter(move |&index| {
        !is_cause(index)
            && elements[index].condition == [0; 2]
            && !matches!(elements[index].usage, Usage::X | Usage::W)
    })
}

/// Whether an element is not what its condition says.
fn is_wrong(elements: &[ElementDesc], texts: &[String], index: usize) -> bool {
    let ElementDesc { condition, usage, .. } = elements[index];
    if condition == [0; 2] {
        return false;
    }
    let is_empty = texts[index].is_empty();
    match (meets(condition, texts), usage) {
        (true, Usage::CreX) => false,
        (true, _) => is_empty,
        (false, Usage::CrX | Usage::CreX) => !is_empty,
        (false, _) => false,
    }
}

/// Whether all terms of a condition hold.
fn meets(condition: [i8; 2], texts: &[String]) -> bool {
    condition.into_iter().filter(|&term| term != 0).all(|term| {
        let other = texts.get(usize::from(term.unsigned_abs()) - 1);
        other.is_some_and(|other| !other.is_empty()) == (term > 0)
    })
}

fn drop_causes(elements: &[ElementDesc], texts: &mut [String], index: usize) {
    let causes = elements[index].condition.into_iter().filter(|&term| term > 0);
    for cause in causes.map(|term| usize::from(term.unsigned_abs()) - 1) {
        if elements[cause].usage != Usage::R {
            texts[cause].clear();
            texts[index].clear();
        }
    }
}
