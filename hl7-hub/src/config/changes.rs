//! What differs between two configurations.

use std::collections::BTreeMap;
use std::fmt;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::Digest;

/// The parts of a configuration that change for themselves, as `source.adt` or `route`, each with what stands in it.
pub(super) type Parts = BTreeMap<String, Digest>;

/// What differs between two configurations. Parts are named as in the file: `source.adt`, `route`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Parts that were not there before.
    pub added: Vec<String>,
    /// Parts that say something else now, or whose files do.
    pub changed: Vec<String>,
    /// Parts that are not there any more.
    pub removed: Vec<String>,
    /// Keys that hold from the next start on, as they cannot change while a hub runs.
    pub at_restart: Vec<String>,
}

impl Changes {
    pub(super) fn between(old: &Parts, new: &Parts) -> Self {
        let mut changes = Self::default();
        for (part, content) in new {
            match old.get(part) {
                None => changes.added.push(part.clone()),
                Some(before) if before != content => changes.changed.push(part.clone()),
                Some(_) => {}
            }
        }
        let gone = old.keys().filter(|part| !new.contains_key(*part));
        changes.removed = gone.cloned().collect();
        changes
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = Vec::new();
        for (what, parts) in [
            ("added", &self.added),
            ("changed", &self.changed),
            ("removed", &self.removed),
            ("not before the next start", &self.at_restart),
        ] {
            if !parts.is_empty() {
                said.push(format!("{what}: {}", parts.join(", ")));
            }
        }
        match said.is_empty() {
            true => f.write_str("nothing changed"),
            false => f.write_str(&said.join("; ")),
        }
    }
}

/// The parts of a file: of a table of tables each for itself, of anything else the whole. What was read from other files
/// counts for the part that names them.
pub(super) fn parts(root: &DeTable<'_>, files: &[(String, Digest)]) -> Parts {
    let mut parts = Parts::new();
    for (key, value) in root {
        let named = value.get_ref().as_table().filter(|table| {
            !table.is_empty() && table.values().all(|value| value.get_ref().is_table())
        });
        match named {
            Some(table) => {
                for (name, value) in table {
                    let part = format!("{}.{}", key.get_ref(), name.get_ref());
                    let content = digest(value, &part, files);
                    parts.insert(part, content);
                }
            }
            None => {
                let part = key.get_ref().clone().into_owned();
                let content = digest(value, &part, files);
                parts.insert(part, content);
            }
        }
    }
    parts
}

/// Of a value, whatever the order and the layout in which it is written, and of the files that it names.
fn digest(value: &Spanned<DeValue<'_>>, part: &str, files: &[(String, Digest)]) -> Digest {
    let mut written = Vec::new();
    write(value.get_ref(), &mut written);
    let is_of_part =
        |place: &str| place.strip_prefix(part).is_some_and(|rest| rest.starts_with('.'));
    let of_files = files.iter().filter(|(place, _)| is_of_part(place));
    let of_files = of_files.flat_map(|(place, content)| [place.as_bytes(), &content.0[..]]);
    Digest::of_parts([&written[..]].into_iter().chain(of_files))
}

/// A value as bytes that no other value gives: each text with its length before it.
fn write(value: &DeValue<'_>, to: &mut Vec<u8>) {
    let mut text = |kind: u8, text: &str| {
        to.push(kind);
        to.extend((text.len() as u64).to_be_bytes());
        to.extend(text.as_bytes());
    };
    match value {
        DeValue::String(value) => text(b's', value),
        DeValue::Integer(value) => text(b'i', &format!("{} {}", value.radix(), value.as_str())),
        DeValue::Float(value) => text(b'f', value.as_str()),
        DeValue::Boolean(value) => text(b'b', if *value { "true" } else { "false" }),
        DeValue::Datetime(value) => text(b'd', &value.to_string()),
        DeValue::Array(values) => {
            text(b'a', &values.len().to_string());
            values.iter().for_each(|value| write(value.get_ref(), to));
        }
        DeValue::Table(table) => {
            text(b't', &table.len().to_string());
            let mut entries: Vec<_> = table.iter().collect();
            entries.sort_by(|(a, _), (b, _)| a.get_ref().cmp(b.get_ref()));
            for (key, value) in entries {
                write(&DeValue::String(key.get_ref().clone()), to);
                write(value.get_ref(), to);
            }
        }
    }
}
