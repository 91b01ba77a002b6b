//! Finds what a name means in each of two versions, and compares it.

use hl7_types::desc::{
    DatatypeDesc, ElementDesc, EventDesc, SegmentDesc, StructureDesc, TableDesc, VersionDesc,
};
use hl7_types::diff::{
    self, Change, DatatypeChange, ElementChange, SegmentChange, StructureChange, TableChange,
};

use crate::describe::{find, print};
use crate::text::count;

/// Something that one version at least has.
pub(super) struct Compared {
    /// What it is: `segment`.
    pub(super) kind: &'static str,
    /// Its id or path.
    pub(super) id: String,
    /// What the comparison gave.
    pub(super) outcome: Outcome,
}

/// What a comparison gave.
pub(super) enum Outcome {
    /// Only the older version has it: what it was.
    OnlyOld(String),
    /// Only the newer version has it: what it is.
    OnlyNew(String),
    /// A segment.
    Segment(Change<&'static SegmentDesc>, Vec<SegmentChange>),
    /// A field or component; its own changes, then those of its components.
    Element(Change<&'static ElementDesc>, Vec<ElementChange>, Vec<(usize, ElementChange)>),
    /// A datatype.
    Datatype(Change<&'static DatatypeDesc>, Vec<DatatypeChange>),
    /// A table.
    Table(Change<&'static TableDesc>, Vec<TableChange>),
    /// A structure.
    Structure(Vec<StructureChange>),
    /// One event: the structure that it has, and what became of that.
    Event(Change<&'static EventDesc>, Vec<StructureChange>),
    /// Several events: those of which the structure is another one, or only one version has them.
    Events(Vec<(String, Change<Option<&'static str>>)>),
}

impl Outcome {
    /// Whether the versions differ here.
    pub(super) fn differs(&self) -> bool {
        match self {
            Self::OnlyOld(_) | Self::OnlyNew(_) => true,
            Self::Segment(_, changes) => !changes.is_empty(),
            Self::Element(_, own, components) => !own.is_empty() || !components.is_empty(),
            Self::Datatype(_, changes) => !changes.is_empty(),
            Self::Table(_, changes) => !changes.is_empty(),
            Self::Structure(changes) => !changes.is_empty(),
            Self::Event(event, changes) => {
                event.old.structure != event.new.structure || !changes.is_empty()
            }
            Self::Events(events) => !events.is_empty(),
        }
    }
}

/// Compares what a name means: mostly one thing, but an id may be both a segment and a datatype.
///
/// # Errors
/// When it means nothing in either version; the text suggests what may have been meant.
pub(super) fn find(
    text: &str,
    versions: Change<&'static VersionDesc>,
) -> Result<Vec<Compared>, String> {
    let name = text.trim().to_ascii_uppercase();
    let by_id = [
        segment(versions.map(|version| version.segment(&name))),
        datatype(versions.map(|version| version.datatype(&name))),
        structure(versions.map(|version| find::structure(&name, version))),
        table(versions.map(|version| find::table(&name, version))),
    ];
    let by_id: Vec<_> = by_id.into_iter().flatten().collect();
    if !by_id.is_empty() {
        return Ok(by_id);
    }
    if let Some(found) = events(&name, versions) {
        return Ok(vec![found]);
    }
    let found = element(&name, versions)?;
    found.map(|found| vec![found]).ok_or_else(|| unknown(text.trim(), &name, versions))
}

/// Compares what both have, or says what one of them has.
fn sides<T>(
    kind: &'static str,
    id: String,
    found: Change<Option<T>>,
    size: impl Fn(T) -> String,
    both: impl Fn(Change<T>) -> Outcome,
) -> Option<Compared> {
    let outcome = match (found.old, found.new) {
        (Some(old), Some(new)) => both(Change { old, new }),
        (Some(old), None) => Outcome::OnlyOld(size(old)),
        (None, Some(new)) => Outcome::OnlyNew(size(new)),
        (None, None) => return None,
    };
    Some(Compared { kind, id, outcome })
}

fn segment(found: Change<Option<&'static SegmentDesc>>) -> Option<Compared> {
    let id = found.new.or(found.old)?.id.to_owned();
    let size = |segment: &SegmentDesc| format!("with {}", count(segment.fields.len(), "field"));
    sides("segment", id, found, size, |item| {
        Outcome::Segment(item, diff::segment(item.old, item.new))
    })
}

fn datatype(found: Change<Option<&'static DatatypeDesc>>) -> Option<Compared> {
    let id = found.new.or(found.old)?.id.to_owned();
    let size = |datatype: &DatatypeDesc| match datatype.components().len() {
        0 => "without components".to_owned(),
        components => format!("with {}", count(components, "component")),
    };
    sides("datatype", id, found, size, |item| {
        Outcome::Datatype(item, diff::datatype(item.old, item.new))
    })
}

fn table(found: Change<Option<&'static TableDesc>>) -> Option<Compared> {
    let id = found.new.or(found.old)?.id.to_owned();
    let size = |table: &TableDesc| match table.codes.len() + table.patterns.len() {
        0 => "without codes".to_owned(),
        codes => format!("with {}", count(codes, "code")),
    };
    sides("table", id, found, size, |item| Outcome::Table(item, diff::table(item.old, item.new)))
}

fn structure(found: Change<Option<&'static StructureDesc>>) -> Option<Compared> {
    let id = found.new.or(found.old)?.id.to_owned();
    let size = |structure: &StructureDesc| {
        format!("with {} at the top", count(structure.root.members.len(), "member"))
    };
    sides("structure", id, found, size, |item| {
        Outcome::Structure(diff::structure(item.old, item.new))
    })
}

/// `PID-3`, `CX.4`.
fn element(name: &str, versions: Change<&'static VersionDesc>) -> Result<Option<Compared>, String> {
    let found = versions.map(|version| (version.id, find::element(name, version)));
    let reasons = |(version, found): (&str, &Result<_, String>)| {
        found.as_ref().err().map(|reason| format!("in {version}, {reason}"))
    };
    let both = [(found.old.0, &found.old.1), (found.new.0, &found.new.1)];
    let reasons: Vec<_> = both.into_iter().filter_map(reasons).collect();
    let found = found.map(|(_, found)| found.ok().flatten());
    let path = [&found.new, &found.old].into_iter().flatten().next().map(|(path, _)| path.clone());
    let Some(path) = path else {
        return if reasons.is_empty() { Ok(None) } else { Err(reasons.join("; ")) };
    };
    let is_field = path.contains('-') && !path.contains('.');
    let kind = if is_field { "field" } else { "component" };
    let found = found.map(|found| found.map(|(_, desc)| desc));
    Ok(sides(kind, path, found, facts, |item| {
        let components = item.map(|desc| desc.datatype.map_or(&[][..], DatatypeDesc::components));
        let own = diff::element(item.old, item.new);
        Outcome::Element(item, own, diff::elements(components.old, components.new))
    }))
}

/// A field or component in a few words.
fn facts(element: &ElementDesc) -> String {
    let datatype = element.datatype.map_or("no datatype", |datatype| datatype.id);
    format!("as {} ({datatype}, {})", element.name, element.usage.word())
}

/// `ADT^A04`, `ADT`, `A04`.
fn events(name: &str, versions: Change<&'static VersionDesc>) -> Option<Compared> {
    let found = versions.map(|version| find::events(name, version));
    let found = found.map(|events| (!events.is_empty()).then_some(events));
    let (kind, id) = match [&found.old, &found.new].map(|events| events.as_deref()) {
        [Some([_]), Some([event])] | [Some([event]), None] | [None, Some([event])] => {
            ("event", print::event(event))
        }
        _ => ("events", name.to_owned()),
    };
    sides(kind, id, found, structures, |events| match (&events.old[..], &events.new[..]) {
        (&[old], &[new]) if is_same(old, new) => event(Change { old, new }, versions),
        _ => Outcome::Events(other_events(events)),
    })
}

fn is_same(old: &EventDesc, new: &EventDesc) -> bool {
    (old.message, old.trigger) == (new.message, new.trigger)
}

/// What structure events have, in a few words.
fn structures(events: Vec<&'static EventDesc>) -> String {
    match events[..] {
        [event] => format!("with the structure {}", event.structure),
        _ => format!("with {}", count(events.len(), "event")),
    }
}

fn event(event: Change<&'static EventDesc>, versions: Change<&'static VersionDesc>) -> Outcome {
    let old = versions.old.structure(event.old.structure);
    let new = versions.new.structure(event.new.structure);
    let changes = old.zip(new).map(|(old, new)| diff::structure(old, new));
    Outcome::Event(event, changes.unwrap_or_default())
}

/// The events that are not the same in both.
fn other_events(
    events: Change<Vec<&'static EventDesc>>,
) -> Vec<(String, Change<Option<&'static str>>)> {
    let mut keys: Vec<_> = events.old.iter().chain(&events.new).copied().collect();
    keys.sort_by_key(|event| (event.message, event.trigger));
    keys.dedup_by_key(|event| (event.message, event.trigger));
    let structure = |key: &EventDesc, events: &[&'static EventDesc]| {
        events.iter().find(|event| is_same(key, event)).map(|event| event.structure)
    };
    let change = |key: &'static EventDesc| {
        let change = Change::of(structure(key, &events.old), structure(key, &events.new))?;
        Some((print::event(key), change))
    };
    keys.into_iter().filter_map(change).collect()
}

/// Says that a name means nothing, and what may have been meant.
fn unknown(text: &str, name: &str, versions: Change<&'static VersionDesc>) -> String {
    let mut similar = find::similar(name, versions.new);
    for other in find::similar(name, versions.old) {
        if !similar.contains(&other) {
            similar.push(other);
        }
    }
    similar.truncate(find::MOST_SUGGESTIONS);
    let nothing = format!("neither {} nor {} has {text}", versions.old.id, versions.new.id);
    match similar.as_slice() {
        [] => nothing,
        similar => format!("{nothing}; did you mean {}?", similar.join(", ")),
    }
}
