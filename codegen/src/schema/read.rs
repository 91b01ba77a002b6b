//! From the files to the structs: which element may stand where.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::tree::Node;
use super::{
    At, Component, Datatype, DatatypeKind, ERRATA, Errors, Event, FILES, Field, Format, Max,
    Member, MemberKind, MemberStatus, Segment, Structure, Table, Value, Version, did_you_mean,
    errata, row, tree,
};

/// Reads `datatypes.xml`, `segments.xml`, `messages.xml` and `tables.xml` of `dir`, and `errata.xml` if it is there.
///
/// # Errors
/// Everything that is wrong in any of the files, a file that cannot be read included.
pub fn read_version(dir: &Path) -> Result<Version, Errors> {
    let mut errors = Errors::default();
    let mut files = Vec::new();
    for name in FILES.into_iter().chain([ERRATA]) {
        let path = dir.join(name).with_extension("xml");
        match std::fs::read_to_string(&path) {
            Ok(text) => files.push((path, text)),
            Err(error) if name == ERRATA && error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                let at = At { file: path.display().to_string().into(), line: 0 };
                errors.push(&at, format!("cannot be read: {error}"), "a version has four files");
            }
        }
    }
    errors.or(())?;
    parse(&files)
}

/// Reads a version from texts, each with the name to use in errors.
///
/// # Errors
/// Everything that is wrong in any of the texts.
pub fn parse(files: &[(PathBuf, String)]) -> Result<Version, Errors> {
    let mut errors = Errors::default();
    let mut version = Version::default();
    let mut roots: Vec<Node> = Vec::new();
    for (path, text) in files {
        // Written with `/` on every machine, so that errors can be compared.
        let file = path.display().to_string().replace('\\', "/");
        let Some(root) = tree::read(&file, text, &mut errors) else { continue };
        if roots.iter().any(|known| known.name == root.name) {
            errors.push(&root.at, format!("a second <{}>", root.name), "merge the two files");
        }
        if let Some(id) = root_version(&root, &mut errors) {
            if version.id.is_empty() {
                version.id = id;
                version.at = root.at.clone();
            } else if version.id != id {
                let what = format!("version \"{id}\", but {} has \"{}\"", version.at, version.id);
                errors.push(&root.at, what, "all files of a folder belong to one version");
            }
        }
        roots.push(root);
    }
    if let Some(at) = roots.iter().position(|root| root.name == ERRATA) {
        let errata = roots.remove(at);
        errata::apply(&errata, &mut roots, &mut errors);
    }
    for root in &roots {
        contents(root, &mut version, &mut errors);
    }
    if errors.is_empty() {
        for name in FILES {
            if !roots.iter().any(|known| known.name == name) {
                let at = At { file: format!("{name}.xml").into(), line: 0 };
                errors.push(&at, format!("no file with <{name}>"), "a version has four files");
            }
        }
    }
    errors.or(version)
}

fn root_version(root: &Node, errors: &mut Errors) -> Option<String> {
    #[derive(Deserialize)]
    struct Root {
        version: String,
    }
    let id = row::read::<Root>(root, errors)?.version;
    let numeric = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !id.contains('.') || !id.split('.').all(numeric) {
        errors.push(&root.at, format!("version=\"{id}\""), "write numbers and dots, as 2.5.1");
    }
    Some(id)
}

fn contents(root: &Node, version: &mut Version, errors: &mut Errors) {
    let known: &[&str] = match root.name.as_str() {
        "datatypes" => &["primitive", "varies", "composite"],
        "segments" => &["segment"],
        "messages" => &["structure", "event"],
        "tables" => &["table"],
        other => {
            let near = did_you_mean(other, FILES);
            let what = format!("unknown root element <{other}>{near}");
            errors.push(&root.at, what, format!("a file has one of: {}", FILES.join(", ")));
            return;
        }
    };
    for node in children(root, known, errors) {
        match node.name.as_str() {
            "segment" => version.segments.extend(segment(node, errors)),
            "structure" => version.structures.extend(structure(node, errors)),
            "event" => version.events.extend(leaf(node, errors, |row: &mut Event, at| row.at = at)),
            "table" => version.tables.extend(table(node, errors)),
            _ => version.datatypes.extend(datatype(node, errors)),
        }
    }
}

/// The children of `node`; those that may not stand there are errors and left out.
fn children<'n>(node: &'n Node, known: &[&str], errors: &mut Errors) -> Vec<&'n Node> {
    let mut fitting = Vec::new();
    for child in &node.children {
        if known.contains(&child.name.as_str()) {
            fitting.push(child);
            continue;
        }
        let near = did_you_mean(&child.name, known.iter().copied());
        let what = format!("unexpected element <{}> in <{}>{near}", child.name, node.name);
        let help = if known.is_empty() {
            format!("<{}> has no elements inside", node.name)
        } else {
            format!("<{}> may hold: {}", node.name, known.join(", "))
        };
        errors.push(&child.at, what, help);
    }
    fitting
}

/// An element with attributes only.
fn leaf<T: DeserializeOwned>(
    node: &Node,
    errors: &mut Errors,
    locate: impl Fn(&mut T, At),
) -> Option<T> {
    children(node, &[], errors);
    let mut row: T = row::read(node, errors)?;
    locate(&mut row, node.at.clone());
    Some(row)
}

fn datatype(node: &Node, errors: &mut Errors) -> Option<Datatype> {
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Plain {
        id: String,
        #[serde(default)]
        name: String,
        max_len: Option<u32>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Primitive {
        id: String,
        #[serde(default)]
        name: String,
        format: Format,
        max_len: Option<u32>,
    }
    let at = node.at.clone();
    if node.name == "primitive" {
        let Primitive { id, name, format, max_len } = leaf(node, errors, |_, _| ())?;
        return Some(Datatype { at, id, name, max_len, kind: DatatypeKind::Primitive(format) });
    }
    let kind = if node.name == "varies" {
        children(node, &[], errors);
        DatatypeKind::Varies
    } else {
        let components = children(node, &["component"], errors);
        let read = |child| leaf(child, errors, |row: &mut Component, at| row.at = at);
        DatatypeKind::Composite(components.into_iter().filter_map(read).collect())
    };
    let Plain { id, name, max_len } = row::read(node, errors)?;
    Some(Datatype { at, id, name, max_len, kind })
}

fn segment(node: &Node, errors: &mut Errors) -> Option<Segment> {
    let row = row::read::<Segment>(node, errors);
    let fields = children(node, &["field"], errors);
    let read = |child| leaf(child, errors, |row: &mut Field, at| row.at = at);
    let fields = fields.into_iter().filter_map(read).collect();
    row.map(|row| Segment { at: node.at.clone(), fields, ..row })
}

fn table(node: &Node, errors: &mut Errors) -> Option<Table> {
    let row = row::read::<Table>(node, errors);
    let values = children(node, &["value"], errors);
    let read = |child| leaf(child, errors, |row: &mut Value, at| row.at = at);
    let values = values.into_iter().filter_map(read).collect();
    row.map(|row| Table { at: node.at.clone(), values, ..row })
}

fn structure(node: &Node, errors: &mut Errors) -> Option<Structure> {
    let row = row::read::<Structure>(node, errors);
    let members = members(node, errors);
    row.map(|row| Structure { at: node.at.clone(), members, ..row })
}

fn members(node: &Node, errors: &mut Errors) -> Vec<Member> {
    let nodes = children(node, &["segment", "group", "choice"], errors);
    nodes.into_iter().filter_map(|child| member(child, errors)).collect()
}

fn member(node: &Node, errors: &mut Errors) -> Option<Member> {
    #[derive(Deserialize)]
    struct SegmentUse {
        id: String,
        ident: Option<String>,
        min: Option<u16>,
        max: Option<Max>,
        status: Option<MemberStatus>,
    }
    #[derive(Deserialize)]
    struct Group {
        name: String,
        ident: Option<String>,
        min: Option<u16>,
        max: Option<Max>,
        status: Option<MemberStatus>,
    }
    #[derive(Deserialize)]
    struct Choice {
        #[serde(default = "unnamed_choice")]
        name: String,
        ident: Option<String>,
        min: Option<u16>,
        max: Option<Max>,
        status: Option<MemberStatus>,
    }
    fn unnamed_choice() -> String {
        "CHOICE".into()
    }

    let at = node.at.clone();
    match node.name.as_str() {
        "segment" => {
            let row = leaf::<SegmentUse>(node, errors, |_, _| ())?;
            let SegmentUse { id: name, ident, min, max, status } = row;
            Some(Member { at, kind: MemberKind::Segment, name, ident, min, max, status })
        }
        "group" => {
            let members = members(node, errors);
            let Group { name, ident, min, max, status } = row::read(node, errors)?;
            Some(Member { at, kind: MemberKind::Group(members), name, ident, min, max, status })
        }
        _ => {
            let members = members(node, errors);
            let Choice { name, ident, min, max, status } = row::read(node, errors)?;
            Some(Member { at, kind: MemberKind::Choice(members), name, ident, min, max, status })
        }
    }
}
