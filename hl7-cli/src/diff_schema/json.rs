//! Comparisons as JSON.

use hl7_types::desc::{DatatypeKind, ElementDesc, Length, MemberDesc, VersionDesc};
use hl7_types::diff::{
    Cardinality, Change, DatatypeChange, ElementChange, MemberChange, SegmentChange,
    StructureChange, TableChange, VersionDiff,
};
use serde::Serialize;

use super::compare::{Compared, Outcome};
use super::overview::{self, Ids};
use crate::describe::json::{
    JsonElement, JsonMember, element, limited, maintained, member, stated,
};

/// One comparison.
#[derive(Serialize)]
pub(super) struct Json {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    old: &'static str,
    new: &'static str,
    status: Status,
    #[serde(flatten)]
    found: Found,
}

/// How a comparison ended.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Same,
    Changed,
    Added,
    Removed,
}

/// What a comparison found.
#[derive(Serialize)]
#[serde(untagged)]
enum Found {
    Versions(Box<JsonVersions>),
    Changes { changes: Vec<JsonChange> },
}

/// Of two versions, the ids of what changed.
#[derive(Serialize)]
struct JsonVersions {
    segments: JsonIds,
    datatypes: JsonIds,
    tables: JsonIds,
    structures: JsonIds,
    events: JsonIds,
}

/// What changed among things of one kind.
#[derive(Serialize)]
struct JsonIds {
    added: Vec<String>,
    removed: Vec<String>,
    changed: Vec<JsonChanged>,
}

/// Something that both versions have.
#[derive(Serialize)]
struct JsonChanged {
    id: String,
    changes: usize,
}

/// One change: where, of what, from what, to what.
#[derive(Serialize)]
struct JsonChange {
    path: String,
    change: &'static str,
    old: Fact,
    new: Fact,
    /// Of a member that is new, gone or moved: what is or was in front of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'static str>,
}

/// What a version says; `null` for nothing.
#[derive(Serialize)]
#[serde(untagged)]
enum Fact {
    Nothing,
    Text(String),
    Number(u32),
    Cardinality { min: u16, max: Option<u16> },
    Length { min: Option<u32>, max: Option<u32>, conformance: Option<u32>, truncatable: bool },
    Element(Box<JsonElement>),
    Member(JsonMember),
}

impl Fact {
    fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    fn number(number: u32) -> Self {
        stated(number).map_or(Self::Nothing, Self::Number)
    }

    fn id(id: Option<&str>) -> Self {
        id.map_or(Self::Nothing, Self::text)
    }

    fn member(desc: &MemberDesc) -> Self {
        Self::Member(member(desc))
    }
}

impl Json {
    /// The overview over two versions.
    pub(super) fn of_versions(versions: Change<&'static VersionDesc>, diff: &VersionDiff) -> Self {
        let [segments, datatypes, tables, structures, events] =
            overview::kinds(versions, diff).map(ids);
        let found = JsonVersions { segments, datatypes, tables, structures, events };
        Self {
            kind: "version",
            id: None,
            old: versions.old.id,
            new: versions.new.id,
            status: if diff.is_empty() { Status::Same } else { Status::Changed },
            found: Found::Versions(Box::new(found)),
        }
    }

    /// The comparison of what a name means.
    pub(super) fn of(compared: &Compared, versions: Change<&'static VersionDesc>) -> Self {
        let status = match compared.outcome {
            Outcome::OnlyOld(_) => Status::Removed,
            Outcome::OnlyNew(_) => Status::Added,
            _ if compared.outcome.differs() => Status::Changed,
            _ => Status::Same,
        };
        Self {
            kind: compared.kind,
            id: Some(compared.id.clone()),
            old: versions.old.id,
            new: versions.new.id,
            status,
            found: Found::Changes { changes: changes(compared) },
        }
    }
}

fn ids(ids: Ids) -> JsonIds {
    let changed = ids.changed.into_iter().map(|(id, changes)| JsonChanged { id, changes });
    JsonIds { added: ids.added, removed: ids.removed, changed: changed.collect() }
}

fn changes(compared: &Compared) -> Vec<JsonChange> {
    let id = &compared.id;
    match &compared.outcome {
        Outcome::OnlyOld(_) | Outcome::OnlyNew(_) => Vec::new(),
        Outcome::Segment(_, changes) => {
            changes.iter().filter_map(|it| of_segment(id, it)).collect()
        }
        Outcome::Element(_, own, components) => {
            let own = own.iter().filter_map(|change| of_element(id.clone(), change));
            let part = |(seq, change): &_| of_element(format!("{id}.{seq}"), change);
            own.chain(components.iter().filter_map(part)).collect()
        }
        Outcome::Datatype(_, changes) => {
            changes.iter().filter_map(|change| of_datatype(id, change)).collect()
        }
        Outcome::Table(_, changes) => {
            changes.iter().filter_map(|change| of_table(id, change)).collect()
        }
        Outcome::Structure(changes) => changes.iter().filter_map(of_structure).collect(),
        Outcome::Event(event, changes) => {
            let other = Change::of(event.old.structure, event.new.structure);
            let other = other.map(|change| of_event(id, change.map(Some)));
            other.into_iter().chain(changes.iter().filter_map(of_structure)).collect()
        }
        Outcome::Events(events) => {
            events.iter().map(|(id, change)| of_event(id, *change)).collect()
        }
    }
}

fn change(path: &str, change: &'static str, facts: Change<Fact>) -> JsonChange {
    JsonChange { path: path.to_owned(), change, old: facts.old, new: facts.new, after: None }
}

fn of_segment(id: &str, of: &SegmentChange) -> Option<JsonChange> {
    match of {
        SegmentChange::Renamed(names) => Some(change(id, "renamed", names.map(Fact::text))),
        SegmentChange::Field { seq, change } => of_element(format!("{id}-{seq}"), change),
        _ => None,
    }
}

fn of_datatype(id: &str, of: &DatatypeChange) -> Option<JsonChange> {
    let kind = |kind| match kind {
        DatatypeKind::Primitive(format) => Fact::Text(format!("{format:?}").to_ascii_lowercase()),
        DatatypeKind::Composite(_) => Fact::text("composite"),
        DatatypeKind::Varies => Fact::text("varies"),
    };
    match of {
        DatatypeChange::Renamed(names) => Some(change(id, "renamed", names.map(Fact::text))),
        DatatypeChange::Kind(kinds) => Some(change(id, "kind", kinds.map(kind))),
        DatatypeChange::Length(lengths) => Some(change(id, "length", lengths.map(Fact::number))),
        DatatypeChange::Component { seq, change } => of_element(format!("{id}.{seq}"), change),
        _ => None,
    }
}

fn of_element(path: String, of: &ElementChange) -> Option<JsonChange> {
    let whole = |desc: &ElementDesc| Fact::Element(Box::new(element(path.clone(), desc)));
    let nothing = Fact::Nothing;
    let (word, facts) = match of {
        ElementChange::Added(new) => ("added", Change { old: nothing, new: whole(new) }),
        ElementChange::Removed(old) => ("removed", Change { old: whole(old), new: nothing }),
        ElementChange::Withdrawn(descs) => ("withdrawn", descs.map(whole)),
        ElementChange::Restored(descs) => ("restored", descs.map(whole)),
        ElementChange::Renamed(names) => ("renamed", names.map(Fact::text)),
        ElementChange::Retyped(types) => ("datatype", types.map(|desc| Fact::text(desc.id))),
        ElementChange::Usage(usages) => ("usage", usages.map(|usage| Fact::text(usage.code()))),
        ElementChange::Cardinality(bounds) => {
            let fact = |of: Cardinality| Fact::Cardinality { min: of.min, max: limited(of.max) };
            ("cardinality", bounds.map(fact))
        }
        ElementChange::Length(lengths) => ("length", lengths.map(length)),
        ElementChange::Table(tables) => {
            ("table", tables.map(|table| Fact::id(table.map(|table| table.id))))
        }
        _ => return None,
    };
    Some(change(&path, word, facts))
}

fn length(length: Length) -> Fact {
    Fact::Length {
        min: stated(length.min),
        max: stated(length.max),
        conformance: stated(length.conformance),
        truncatable: length.truncatable,
    }
}

fn of_table(id: &str, of: &TableChange) -> Option<JsonChange> {
    let (path, word, facts) = match of {
        TableChange::Renamed(names) => (id, "renamed", names.map(Fact::text)),
        TableChange::Kind(kinds) => {
            (id, "maintained", kinds.map(|kind| Fact::text(maintained(kind))))
        }
        TableChange::Added(code) => {
            (code.code, "added", Change { old: Fact::Nothing, new: Fact::text(code.label) })
        }
        TableChange::Removed(code) => {
            (code.code, "removed", Change { old: Fact::text(code.label), new: Fact::Nothing })
        }
        TableChange::Relabelled(codes) => {
            (codes.new.code, "relabelled", codes.map(|code| Fact::text(code.label)))
        }
        _ => return None,
    };
    Some(change(path, word, facts))
}

fn of_structure(of: &StructureChange) -> Option<JsonChange> {
    let nothing = Fact::Nothing;
    let (word, facts, after) = match of.change {
        MemberChange::Added { new, after } => {
            ("added", Change { old: nothing, new: Fact::member(new) }, after)
        }
        MemberChange::Removed { old, after } => {
            ("removed", Change { old: Fact::member(old), new: nothing }, after)
        }
        MemberChange::Moved { member, after } => ("moved", member.map(Fact::member), after),
        MemberChange::Renamed(members) => {
            ("renamed", members.map(|member| Fact::text(member.name())), None)
        }
        MemberChange::Cardinality(members) => {
            let fact = |of: &MemberDesc| Fact::Cardinality { min: of.min, max: limited(of.max) };
            ("cardinality", members.map(fact), None)
        }
        _ => return None,
    };
    Some(JsonChange { after: after.map(MemberDesc::name), ..change(&of.path(), word, facts) })
}

fn of_event(id: &str, structure: Change<Option<&'static str>>) -> JsonChange {
    let word = match (structure.old, structure.new) {
        (None, _) => "added",
        (_, None) => "removed",
        _ => "structure",
    };
    change(id, word, structure.map(Fact::id))
}
