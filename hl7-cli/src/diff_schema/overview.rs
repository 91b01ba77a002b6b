//! All that changed between two versions, as numbers and lists of ids.

use std::io::{self, Write};

use hl7_types::desc::VersionDesc;
use hl7_types::diff::{Change, Items, VersionDiff};

use crate::console::{Console, DIM};
use crate::describe::print::{event, list_of, title};

/// What changed among things of one kind, as ids.
pub(super) struct Ids {
    /// What they are: `segments`.
    pub(super) kind: &'static str,
    /// How many each version has.
    pub(super) count: Change<usize>,
    /// What is new.
    pub(super) added: Vec<String>,
    /// What is gone.
    pub(super) removed: Vec<String>,
    /// What changed, and in how many ways.
    pub(super) changed: Vec<(String, usize)>,
}

impl Ids {
    fn of<T: Copy, C>(
        kind: &'static str,
        count: Change<usize>,
        items: &Items<T, C>,
        id: impl Fn(T) -> String,
    ) -> Self {
        let ids = |items: &[T]| items.iter().map(|item| id(*item)).collect();
        let changed = items.changed.iter();
        Self {
            kind,
            count,
            added: ids(&items.added),
            removed: ids(&items.removed),
            changed: changed.map(|item| (id(item.item.new), item.changes.len())).collect(),
        }
    }
}

/// The ids of each kind.
pub(super) fn kinds(versions: Change<&'static VersionDesc>, diff: &VersionDiff) -> [Ids; 5] {
    let VersionDiff { segments, datatypes, tables, structures, events } = diff;
    let count = |of: fn(&'static VersionDesc) -> usize| versions.map(of);
    [
        Ids::of("segments", count(|v| v.segments.len()), segments, |item| item.id.to_owned()),
        Ids::of("datatypes", count(|v| v.datatypes.len()), datatypes, |item| item.id.to_owned()),
        Ids::of("tables", count(|v| v.tables.len()), tables, |item| item.id.to_owned()),
        Ids::of("structures", count(|v| v.structures.len()), structures, |item| item.id.to_owned()),
        Ids::of("events", count(|v| v.events.len()), events, event),
    ]
}

/// Prints the overview.
pub(super) fn print(
    versions: Change<&'static VersionDesc>,
    diff: &VersionDiff,
    console: &mut Console,
) -> io::Result<()> {
    let Change { old, new } = versions.map(|version| version.id);
    title(&versions.map(|version| version.id).to_string(), "", "overview", console)?;
    let kinds = kinds(versions, diff);
    let head =
        format!("{:<10}  {old:>6}  {new:>6}  {:>6}  {:>6}  {:>7}", "", "new", "gone", "changed");
    writeln!(console, "\n  {DIM}{head}{DIM:#}")?;
    for Ids { kind, count, added, removed, changed } in &kinds {
        let (added, removed, changed) = (added.len(), removed.len(), changed.len());
        let Change { old, new } = count;
        writeln!(
            console,
            "  {kind:<10}  {old:>6}  {new:>6}  {added:>6}  {removed:>6}  {changed:>7}"
        )?;
    }
    for ids in &kinds {
        lists(ids, console)?;
    }
    if diff.is_empty() {
        return writeln!(console, "\n  no difference");
    }
    let how = format!("hl7 diff-schema {old} {new} NAME shows them");
    writeln!(console, "\n  {DIM}(in brackets: number of changes; {how}){DIM:#}")
}

fn lists(ids: &Ids, console: &mut Console) -> io::Result<()> {
    let changed = ids.changed.iter().map(|(id, changes)| match ids.kind {
        // Of an event only the structure can be another one.
        "events" => id.clone(),
        _ => format!("{id}({changes})"),
    });
    let changed: Vec<_> = changed.collect();
    for (what, list) in [("new", &ids.added), ("gone", &ids.removed), ("changed", &changed)] {
        let list: Vec<_> = list.iter().map(String::as_str).collect();
        list_of(&format!("{} {what}", ids.kind), &list, usize::MAX, console)?;
    }
    Ok(())
}
