//! `hl7 show --json`: messages as nested arrays.

use std::io;

use hl7_types::desc::{DatatypeDesc, VersionDesc};
use hl7_types::{Path, Piece, Tree, TreeSegment, Version};
use serde::Serialize;

use super::{Args, groups};
use crate::console::{Console, Status};
use crate::input::{self, Message, Visit};
use crate::json::List;
use crate::leaves::{datatype, declares_delimiters};
use crate::segments::{located, number};
use crate::text::{decoded, redact};
use crate::versions;

/// One message.
#[derive(Serialize)]
struct JsonMessage<'a> {
    file: &'a str,
    index: usize,
    offset: usize,
    length: usize,
    version: &'static str,
    structure: Option<&'static str>,
    segments: Vec<JsonSegment<'a>>,
}

/// One segment, or a line that is none (its id is null, its text stands as its only field).
#[derive(Serialize)]
struct JsonSegment<'a> {
    id: Option<&'a str>,
    ordinal: usize,
    path: Option<String>,
    name: Option<&'static str>,
    groups: Vec<String>,
    fields: Vec<JsonField>,
}

/// One field.
#[derive(Serialize)]
struct JsonField {
    path: Option<String>,
    name: Option<&'static str>,
    datatype: Option<&'static str>,
    repetitions: Vec<Json>,
}

/// A text, an explicit null, or parts.
#[derive(Serialize)]
#[serde(untagged)]
enum Json {
    Null,
    Text(String),
    Parts(Vec<Json>),
}

/// Prints the messages of the inputs as an array.
///
/// # Errors
/// When standard output cannot be written.
pub(super) fn run(args: &Args, console: &mut Console) -> io::Result<Status> {
    let mut show = Show { args, status: Status::Clean, list: List::start(console)? };
    let mut status = input::visit(&args.files, console, &mut show)?;
    show.list.end(console)?;
    status.worsen(show.status);
    Ok(status)
}

/// Prints one message after the other.
struct Show<'a> {
    args: &'a Args,
    status: Status,
    list: List,
}

impl Show<'_> {
    fn segments<'t>(
        &self,
        tree: &'t Tree,
        message: &[u8],
        version: &Version,
    ) -> Vec<JsonSegment<'t>> {
        let mut groups = groups::of(message, version);
        let segments = located(tree).enumerate().map(|(index, (segment, path))| {
            let groups = groups.get_mut(index).map(std::mem::take).unwrap_or_default();
            let ordinal = index + 1;
            let Some((id, path)) = segment.id().zip(path) else {
                let repetitions = vec![self.text(&decoded(segment.raw()))];
                let line = JsonField { path: None, name: None, datatype: None, repetitions };
                return JsonSegment {
                    id: None,
                    ordinal,
                    path: None,
                    name: None,
                    groups,
                    fields: vec![line],
                };
            };
            let name = version.desc().segment(id).map(|desc| desc.name);
            let fields = self.fields(segment, path, version.desc());
            JsonSegment {
                id: Some(id),
                ordinal,
                path: Some(path.to_string()),
                name,
                groups,
                fields,
            }
        });
        segments.collect()
    }

    fn fields(
        &self,
        segment: TreeSegment<'_>,
        path: Path,
        version: &'static VersionDesc,
    ) -> Vec<JsonField> {
        let desc = version.segment(path.segment());
        let defined = desc.map_or(&[][..], |desc| desc.fields);
        let mut sent = segment.fields();
        let mut fields = Vec::new();
        for index in 0.. {
            let field = sent.next();
            if field.is_none() && (!self.args.empty || index >= defined.len()) {
                break;
            }
            let field = field.filter(|field| !field.is_empty());
            if field.is_none() && !self.args.empty {
                continue;
            }
            let element = defined.get(index);
            let datatype = element.and_then(|element| datatype(segment, element, version));
            let repetitions = match field {
                Some(field) if declares_delimiters(segment, number(index)) => {
                    vec![Json::Text(decoded(field.raw()).into_owned())]
                }
                Some(field) => {
                    field.repetitions().map(|piece| self.repetition(piece, datatype)).collect()
                }
                None => Vec::new(),
            };
            fields.push(JsonField {
                path: Some(path.with_field(number(index)).to_string()),
                name: element.map(|element| element.name),
                datatype: datatype.map(|datatype| datatype.id),
                repetitions,
            });
        }
        fields
    }

    fn repetition(&self, piece: Piece<'_>, datatype: Option<&'static DatatypeDesc>) -> Json {
        let parts = datatype.map_or(&[][..], DatatypeDesc::components);
        if let Some(simple) = self.simple(piece, parts.is_empty()) {
            return simple;
        }
        let components = piece.components().enumerate().map(|(index, component)| {
            let datatype = parts.get(index).and_then(|part| part.datatype);
            let parts = datatype.map_or(&[][..], DatatypeDesc::components);
            self.simple(component, parts.is_empty()).unwrap_or_else(|| {
                Json::Parts(component.subcomponents().map(|part| self.leaf(part)).collect())
            })
        });
        Json::Parts(components.collect())
    }

    /// What has no parts, by its datatype or by how it was sent.
    fn simple(&self, piece: Piece<'_>, primitive: bool) -> Option<Json> {
        match piece.is_leaf() {
            true if primitive || piece.raw() == b"\"\"" => Some(self.leaf(piece)),
            true if piece.is_empty() => Some(Json::Parts(Vec::new())),
            _ => None,
        }
    }

    fn leaf(&self, piece: Piece<'_>) -> Json {
        if piece.raw() == b"\"\"" { Json::Null } else { self.text(&piece.text()) }
    }

    fn text(&self, text: &str) -> Json {
        Json::Text(if self.args.redact { redact(text) } else { text.to_owned() })
    }
}

impl Visit for Show<'_> {
    fn message(&mut self, message: &Message<'_>, console: &mut Console) -> io::Result<()> {
        let tree = match message.tree() {
            Ok(tree) => tree,
            Err(error) => {
                self.status = Status::Unreadable;
                return self.list.unreadable(message.file, Some(message), &error, console);
            }
        };
        let version = versions::of(&tree, self.args.version);
        let segments = self.segments(&tree, message.bytes, version);
        let item = JsonMessage {
            file: message.file,
            index: message.index,
            offset: message.offset,
            length: message.bytes.len(),
            version: version.desc().id,
            structure: tree.structure(version.desc()).map(|structure| structure.id),
            segments,
        };
        self.list.item(&item, console)
    }

    fn unreadable(&mut self, file: &str, reason: &str, console: &mut Console) -> io::Result<()> {
        self.list.unreadable(file, None, reason, console)
    }
}
