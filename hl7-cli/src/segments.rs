//! The segments of a message with their paths.

use std::collections::HashMap;

use hl7_types::{Path, Tree, TreeSegment};

/// Each segment with its path, `OBX[3]` for the third OBX; a line that is no segment has none.
pub(crate) fn located(tree: &Tree) -> impl Iterator<Item = (TreeSegment<'_>, Option<Path>)> {
    let mut seen: HashMap<&str, u32> = HashMap::new();
    tree.segments().map(move |segment| {
        let path = segment.id().and_then(|id| {
            let occurrence = seen.entry(id).or_insert(0);
            *occurrence += 1;
            Path::of_segment(id).ok().map(|path| nth(path, *occurrence))
        });
        (segment, path)
    })
}

/// The same path in another occurrence of the segment.
pub(crate) fn nth(mut path: Path, occurrence: u32) -> Path {
    path.occurrence = occurrence;
    path
}

/// A position counted from one; a message has fewer than four billion of anything.
pub(crate) fn number(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}
