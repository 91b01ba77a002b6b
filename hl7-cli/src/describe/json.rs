//! Descriptions as JSON.

use hl7_types::desc::{
    Code, DatatypeDesc, DatatypeKind, ElementDesc, GroupDesc, MANY, MemberDesc, MemberKind,
    TableDesc, TableKind, VersionDesc,
};
use serde::Serialize;

use super::find::{Subject, elements_with, structures_with};
use super::print::event;

/// One description; `kind` says which.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Json {
    Segment {
        version: &'static str,
        id: &'static str,
        name: &'static str,
        fields: Vec<JsonElement>,
        structures: Vec<&'static str>,
    },
    Element {
        version: &'static str,
        #[serde(flatten)]
        element: JsonElement,
        components: Vec<JsonElement>,
    },
    Datatype {
        version: &'static str,
        id: &'static str,
        name: &'static str,
        make: &'static str,
        components: Vec<JsonElement>,
    },
    Table {
        version: &'static str,
        id: &'static str,
        name: &'static str,
        maintained: &'static str,
        codes: Vec<JsonCode>,
        patterns: Vec<JsonCode>,
        used_by: Vec<String>,
    },
    Structure {
        version: &'static str,
        id: &'static str,
        events: Vec<String>,
        members: Vec<JsonMember>,
    },
    Events {
        version: &'static str,
        id: String,
        events: Vec<JsonEvent>,
    },
    Named {
        version: &'static str,
        text: String,
        named: Vec<JsonNamed>,
    },
}

/// Something that was found by its name.
#[derive(Serialize)]
pub(super) struct JsonNamed {
    id: String,
    name: &'static str,
}

/// A field or component.
#[derive(Serialize)]
pub(crate) struct JsonElement {
    path: String,
    name: &'static str,
    datatype: Option<&'static str>,
    usage: &'static str,
    min: u16,
    max: Option<u16>,
    length: Option<u32>,
    table: Option<&'static str>,
    item: Option<u32>,
}

/// A code of a table.
#[derive(Serialize)]
pub(super) struct JsonCode {
    code: &'static str,
    label: &'static str,
}

/// A member of a structure or group.
#[derive(Serialize)]
pub(crate) struct JsonMember {
    name: &'static str,
    make: &'static str,
    min: u16,
    max: Option<u16>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    members: Vec<JsonMember>,
}

/// An event.
#[derive(Serialize)]
pub(super) struct JsonEvent {
    event: String,
    structure: &'static str,
}

/// What stands for "no limit" is nothing.
pub(crate) fn limited(max: u16) -> Option<u16> {
    (max != MANY).then_some(max)
}

/// Zero stands for "not stated".
pub(crate) fn stated(number: u32) -> Option<u32> {
    (number > 0).then_some(number)
}

/// A description.
pub(super) fn of(subject: &Subject, version: &'static VersionDesc) -> Json {
    let id = version.id;
    match subject {
        Subject::Segment(segment) => Json::Segment {
            version: id,
            id: segment.id,
            name: segment.name,
            fields: elements(&format!("{}-", segment.id), segment.fields),
            structures: structures_with(segment.id, version),
        },
        Subject::Element(path, desc) => Json::Element {
            version: id,
            element: element(path.clone(), desc),
            components: elements(
                &format!("{path}."),
                desc.datatype.map_or(&[][..], DatatypeDesc::components),
            ),
        },
        Subject::Datatype(datatype) => Json::Datatype {
            version: id,
            id: datatype.id,
            name: datatype.name,
            make: match datatype.kind {
                DatatypeKind::Primitive(_) => "primitive",
                DatatypeKind::Composite(_) => "composite",
                DatatypeKind::Varies => "varies",
            },
            components: elements(&format!("{}.", datatype.id), datatype.components()),
        },
        Subject::Table(table) => self::table(table, version),
        Subject::Structure(structure) => Json::Structure {
            version: id,
            id: structure.id,
            events: version
                .events
                .iter()
                .filter(|event| event.structure == structure.id)
                .map(event)
                .collect(),
            members: members(structure.root),
        },
        Subject::Events(name, events) => Json::Events {
            version: id,
            id: name.clone(),
            events: events
                .iter()
                .map(|found| JsonEvent { event: event(found), structure: found.structure })
                .collect(),
        },
        Subject::Named(text, named) => Json::Named {
            version: id,
            text: text.clone(),
            named: named.iter().map(|(id, name)| JsonNamed { id: id.clone(), name }).collect(),
        },
    }
}

fn table(table: &TableDesc, version: &'static VersionDesc) -> Json {
    let named = |element: &ElementDesc| element.table.is_some_and(|used| used.id == table.id);
    Json::Table {
        version: version.id,
        id: table.id,
        name: table.name,
        maintained: maintained(table.kind),
        codes: codes(table.codes),
        patterns: codes(table.patterns),
        used_by: elements_with(version, named).into_iter().map(|(path, _)| path).collect(),
    }
}

/// Who maintains a table.
pub(crate) fn maintained(kind: TableKind) -> &'static str {
    match kind {
        TableKind::Hl7 => "hl7",
        TableKind::User => "user",
        TableKind::Other => "other",
    }
}

fn codes(codes: &'static [Code]) -> Vec<JsonCode> {
    codes.iter().map(|code| JsonCode { code: code.code, label: code.label }).collect()
}

fn elements(owner: &str, elements: &[ElementDesc]) -> Vec<JsonElement> {
    let numbered = elements.iter().enumerate();
    numbered.map(|(index, desc)| element(format!("{owner}{}", index + 1), desc)).collect()
}

/// A field or component.
pub(crate) fn element(path: String, desc: &ElementDesc) -> JsonElement {
    JsonElement {
        path,
        name: desc.name,
        datatype: desc.datatype.map(|datatype| datatype.id),
        usage: desc.usage.code(),
        min: desc.min,
        max: limited(desc.max),
        length: stated(desc.length.max),
        table: desc.table.map(|table| table.id),
        item: stated(desc.item),
    }
}

fn members(group: &GroupDesc) -> Vec<JsonMember> {
    group.members.iter().map(member).collect()
}

/// A member, with what is in it.
pub(crate) fn member(member: &MemberDesc) -> JsonMember {
    let (make, members) = match member.kind {
        MemberKind::Segment(_) => ("segment", Vec::new()),
        MemberKind::Any(_) => ("any", Vec::new()),
        MemberKind::Group(inner) => ("group", members(inner)),
        MemberKind::Choice(inner) => ("choice", members(inner)),
    };
    JsonMember { name: member.name(), make, min: member.min, max: limited(member.max), members }
}
