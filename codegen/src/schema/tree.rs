//! XML text to a tree of elements that know their line.
//!
//! The only place that sees quick-xml events. Schema files carry everything in attributes, so text
//! between elements is a mistake, and so is whatever else XML offers beyond elements and comments.

use std::sync::Arc;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::error::{At, Errors};

/// One element.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) at: At,
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Node>,
}

impl Node {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let (_, value) = self.attributes.iter().find(|(known, _)| known == name)?;
        Some(value)
    }
}

/// Reads one file. `None` when it is not well-formed, which is then the only error for that file.
pub(super) fn read(file: &str, text: &str, errors: &mut Errors) -> Option<Node> {
    let mut lines = Lines { text, file: file.into(), offset: 0, line: 1 };
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Node> = Vec::new();
    let mut root = None;
    loop {
        let start = reader.buffer_position();
        let at = lines.at(start);
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => {
                let at = lines.at(reader.error_position());
                errors.push(&at, format!("not well-formed XML: {error}"), "correct the markup");
                return None;
            }
        };
        let closed = match event {
            Event::Start(tag) => {
                open.push(node(&tag, at, errors));
                continue;
            }
            Event::Empty(tag) => node(&tag, at, errors),
            Event::End(_) => open.pop()?,
            Event::Eof => break,
            Event::Decl(_) | Event::Comment(_) => continue,
            Event::Text(text) if text.trim_ascii().is_empty() => continue,
            Event::Text(text) => {
                let blank = text.len() - text.trim_ascii_start().len();
                let at = lines.at(start + blank as u64);
                errors.push(&at, "text between elements", "facts are attributes: name=\"…\"");
                continue;
            }
            Event::CData(_) | Event::GeneralRef(_) => {
                errors.push(&at, "text between elements", "facts are attributes: name=\"…\"");
                continue;
            }
            Event::PI(_) | Event::DocType(_) => {
                errors.push(&at, "a processing instruction or DOCTYPE", "remove it");
                continue;
            }
        };
        match open.last_mut() {
            Some(parent) => parent.children.push(closed),
            None if root.is_none() => root = Some(closed),
            None => errors.push(&closed.at, "a second root element", "a file has one root element"),
        }
    }
    let at = At { file: lines.file, line: 0 };
    match open.last() {
        Some(node) => {
            errors.push(&node.at, format!("<{0}> is never closed", node.name), "close it");
            None
        }
        None => {
            if root.is_none() {
                errors.push(&at, "the file has no element", "see schemas/README.md");
            }
            root
        }
    }
}

fn node(tag: &BytesStart<'_>, at: At, errors: &mut Errors) -> Node {
    let name = tag.name().as_ref().to_owned();
    let mut attributes = Vec::new();
    for attribute in tag.attributes() {
        let attribute = match attribute {
            Ok(attribute) => attribute,
            Err(error) => {
                let what = format!("<{name}> has a malformed attribute: {error}");
                errors.push(&at, what, "write each attribute once, as name=\"value\"");
                continue;
            }
        };
        let key = attribute.key.as_ref().to_owned();
        // The link to the grammar, for editors.
        if key == "xmlns" || key.starts_with("xmlns:") || key.starts_with("xsi:") {
            continue;
        }
        match attribute.normalized_value(XmlVersion::Explicit1_0) {
            Ok(value) => attributes.push((key, value.into_owned())),
            Err(error) => {
                let what = format!("<{name}> attribute `{key}` cannot be read: {error}");
                errors.push(&at, what, "write `&` as &amp;, `<` as &lt; and `\"` as &quot;");
            }
        }
    }
    Node { at, name, attributes, children: Vec::new() }
}

/// Byte offsets to line numbers; offsets only grow, so the text is walked once.
struct Lines<'t> {
    text: &'t str,
    file: Arc<str>,
    offset: usize,
    line: u32,
}

impl Lines<'_> {
    fn at(&mut self, offset: u64) -> At {
        let offset = usize::try_from(offset).map_or(self.text.len(), |o| o.min(self.text.len()));
        if let Some(passed) = self.text.as_bytes().get(self.offset..offset) {
            let breaks = passed.iter().filter(|byte| **byte == b'\n').count();
            self.line = self.line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
            self.offset = offset;
        }
        At { file: Arc::clone(&self.file), line: self.line }
    }
}
