//! Random places in a message, and texts to write there.

use hl7_types::{Path, Tree};
use proptest::prelude::*;

/// A place in a message, for the most part one that exists; numbers are taken modulo what there is.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    segment: usize,
    numbers: [u32; 4],
    field_there: bool,
}

pub(crate) fn place() -> impl Strategy<Value = Place> {
    let number = |most: u32| prop_oneof![8 => 0..most, 1 => 0_u32..60, 1 => Just(10_001_u32)];
    (any::<usize>(), 0_u32..100, number(3), number(7), number(4), any::<bool>()).prop_map(
        |(segment, field, repetition, component, subcomponent, field_there)| Place {
            segment,
            numbers: [field, repetition, component, subcomponent],
            field_there,
        },
    )
}

impl Place {
    /// It as a path.
    pub(crate) fn path(&self, tree: &Tree) -> Path {
        let ids: Vec<_> = tree.segments().map(|segment| segment.id()).collect();
        let at = self.segment % ids.len();
        let Some(id) = ids[at] else { return "ZZZ-1".parse().expect("a path") };
        let occurrence = ids[..=at].iter().filter(|other| **other == Some(id)).count();
        let [field, repetition, component, subcomponent] = self.numbers;
        let mut path = Path::of_segment(id).expect("an id");
        path.occurrence = u32::try_from(occurrence).expect("few");
        let fields = tree.segments().nth(at).map_or(0, |segment| segment.fields().count());
        let modulo = u32::try_from(fields).expect("few") + 2;
        path.field = if self.field_there { field % modulo } else { field };
        if path.field > 0 {
            (path.repetition, path.component) = (repetition, component);
            path.subcomponent = if component > 0 { subcomponent } else { 0 };
        }
        path
    }
}

/// What somebody may want to write into a field.
pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ -~]{0,12}",
        1 => Just(String::new()),
        1 => Just("\"\"".to_owned()),
        1 => Just("A|B^C~D\\E&F#G\rH\nI".to_owned()),
        1 => "\\PC{0,8}",
    ]
}
