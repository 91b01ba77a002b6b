//! Comparisons as text.

use std::collections::BTreeMap;
use std::io::{self, Write};

use hl7_types::desc::{DatatypeDesc, ElementDesc, Usage, VersionDesc};
use hl7_types::diff::{
    self, Change, DatatypeChange, ElementChange, SegmentChange, StructureChange, TableChange,
};

use super::compare::{Compared, Outcome};
use super::rows::{self, ELEMENT_HEAD, Mark, Row};
use crate::console::{Console, DIM};
use crate::describe::print::{fact, list_of, title, usages};

/// The fields or components of two versions.
type Elements = Change<&'static [ElementDesc]>;

/// Prints one comparison.
pub(super) fn compared(
    compared: &Compared,
    versions: Change<&'static VersionDesc>,
    console: &mut Console,
) -> io::Result<()> {
    let Compared { kind, id, outcome } = compared;
    let what = format!("{kind}, {}", versions.map(|version| version.id));
    title(id, name(outcome), &what, console)?;
    // Of an event the structure is named all the same.
    if !outcome.differs() && !matches!(outcome, Outcome::Event(..)) {
        writeln!(console, "  no difference")?;
    }
    match outcome {
        Outcome::OnlyOld(_) | Outcome::OnlyNew(_) => one_sided(compared, versions, console),
        Outcome::Segment(item, changes) => {
            facts(changes.iter().filter(|change| field(change).is_none()), console)?;
            let fields: Vec<_> = changes.iter().filter_map(field).collect();
            let all = item.map(|segment| segment.fields);
            elements(&format!("{id}-"), all, &fields, console)?;
            datatypes_too(all, console)?;
            tables_too(pairs(all), console)
        }
        Outcome::Element(item, own, components) => {
            facts(own, console)?;
            let all = item.map(components_of);
            elements(&format!("{id}."), all, components, console)?;
            datatypes_too(all, console)?;
            tables_too(std::iter::once(*item).chain(pairs(all)), console)
        }
        Outcome::Datatype(item, changes) => {
            facts(changes.iter().filter(|change| component(change).is_none()), console)?;
            let components: Vec<_> = changes.iter().filter_map(component).collect();
            let all = item.map(DatatypeDesc::components);
            elements(&format!("{id}."), all, &components, console)?;
            datatypes_too(all, console)?;
            tables_too(pairs(all), console)
        }
        Outcome::Table(_, changes) => {
            facts(changes.iter().filter(|change| !is_of_code(change)), console)?;
            rows::print(&[], &rows::codes(changes), console)
        }
        Outcome::Structure(changes) => rows::print(&[], &rows::members(changes), console),
        Outcome::Event(event, changes) => {
            structure(event.map(|event| event.structure), changes, console)
        }
        Outcome::Events(events) => rows::print(&[], &event_rows(events), console),
    }
}

/// The name that the newer version gives.
fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Segment(item, _) => item.new.name,
        Outcome::Element(item, ..) => item.new.name,
        Outcome::Datatype(item, _) => item.new.name,
        Outcome::Table(item, _) => item.new.name,
        _ => "",
    }
}

/// Says which version has something, and where to read more of it.
fn one_sided(
    compared: &Compared,
    versions: Change<&'static VersionDesc>,
    console: &mut Console,
) -> io::Result<()> {
    let (id, Change { old, new }) = (&compared.id, versions.map(|version| version.id));
    let has = match &compared.outcome {
        Outcome::OnlyOld(size) => {
            writeln!(console, "  {new} has no {id}; {old} had it, {size}")?;
            old
        }
        Outcome::OnlyNew(size) => {
            writeln!(console, "  {old} has no {id}; new in {new} {size}")?;
            new
        }
        _ => return Ok(()),
    };
    writeln!(console, "  {DIM}what it is: hl7 describe --version {has} {id}{DIM:#}")
}

/// Changes that print as a word and what it became, a line each.
fn facts<'a, C: ToString + 'a>(
    changes: impl IntoIterator<Item = &'a C>,
    console: &mut Console,
) -> io::Result<()> {
    for change in changes {
        let text = change.to_string();
        let (word, value) = text.split_once(": ").unwrap_or(("", &text));
        fact(word, value, console)?;
    }
    Ok(())
}

fn field(change: &SegmentChange) -> Option<(usize, ElementChange)> {
    match *change {
        SegmentChange::Field { seq, change } => Some((seq, change)),
        _ => None,
    }
}

fn component(change: &DatatypeChange) -> Option<(usize, ElementChange)> {
    match *change {
        DatatypeChange::Component { seq, change } => Some((seq, change)),
        _ => None,
    }
}

fn is_of_code(change: &TableChange) -> bool {
    matches!(change, TableChange::Added(_) | TableChange::Removed(_) | TableChange::Relabelled(_))
}

fn components_of(element: &ElementDesc) -> &'static [ElementDesc] {
    element.datatype.map_or(&[][..], DatatypeDesc::components)
}

/// The fields or components that changed, and what the codes of their usages stand for.
fn elements(
    owner: &str,
    all: Elements,
    changes: &[(usize, ElementChange)],
    console: &mut Console,
) -> io::Result<()> {
    rows::print(&ELEMENT_HEAD, &rows::elements(owner, all.new, changes), console)?;
    let shown: Vec<_> = changes.iter().flat_map(|(_, change)| usages_of(change)).collect();
    if shown.is_empty() {
        return Ok(());
    }
    usages(|usage| shown.contains(&usage), console)
}

/// The usages that the row of a change shows.
fn usages_of(change: &ElementChange) -> Vec<Usage> {
    match change {
        ElementChange::Added(element) | ElementChange::Removed(element) => vec![element.usage],
        ElementChange::Restored(change) => vec![change.new.usage],
        ElementChange::Withdrawn(change) => vec![change.old.usage, change.new.usage],
        ElementChange::Usage(change) => vec![change.old, change.new],
        _ => Vec::new(),
    }
}

/// The elements at the positions that both versions have.
fn pairs(all: Elements) -> impl Iterator<Item = Change<&'static ElementDesc>> {
    all.old.iter().zip(all.new).map(|(old, new)| Change { old, new })
}

/// Names the datatypes that kept their id and changed all the same.
fn datatypes_too(all: Elements, console: &mut Console) -> io::Result<()> {
    let changed = pairs(all).filter_map(|element| {
        let (old, new) = element.old.datatype.zip(element.new.datatype)?;
        (old.id == new.id).then(|| (new.id, diff::datatype(old, new).len()))
    });
    too("its datatypes that changed", changed, console)
}

/// Names the tables that kept their id and changed all the same.
fn tables_too(
    elements: impl Iterator<Item = Change<&'static ElementDesc>>,
    console: &mut Console,
) -> io::Result<()> {
    let changed = elements.filter_map(|element| {
        let (old, new) = element.old.table.zip(element.new.table)?;
        (old.id == new.id).then(|| (new.id, diff::table(old, new).len()))
    });
    too("its tables that changed", changed, console)
}

/// A list of ids, each with the number of its changes.
fn too(
    name: &str,
    changed: impl Iterator<Item = (&'static str, usize)>,
    console: &mut Console,
) -> io::Result<()> {
    let changed: BTreeMap<_, _> = changed.filter(|(_, changes)| *changes > 0).collect();
    let ids: Vec<_> = changed.iter().map(|(id, changes)| format!("{id}({changes})")).collect();
    list_of(name, &ids.iter().map(String::as_str).collect::<Vec<_>>(), usize::MAX, console)
}

/// The structure that an event has, and what became of it.
fn structure(
    structure: Change<&'static str>,
    changes: &[StructureChange],
    console: &mut Console,
) -> io::Result<()> {
    let value = match structure.old == structure.new {
        true => format!("{} in both", structure.new),
        false => structure.to_string(),
    };
    fact("structure", &value, console)?;
    if changes.is_empty() {
        writeln!(console, "  no difference in its members")?;
    }
    rows::print(&[], &rows::members(changes), console)
}

fn event_rows(events: &[(String, Change<Option<&'static str>>)]) -> Vec<Row> {
    let row = |(id, structure): &(String, Change<Option<&'static str>>)| {
        let (mark, cell) = match (structure.old, structure.new) {
            (Some(old), None) => (Mark::Gone, old.to_owned()),
            (None, new) => (Mark::New, new.unwrap_or("").to_owned()),
            (Some(old), Some(new)) => (Mark::Changed, Change { old, new }.to_string()),
        };
        Row { mark, id: id.clone(), cells: vec![cell], was: None }
    };
    events.iter().map(row).collect()
}
