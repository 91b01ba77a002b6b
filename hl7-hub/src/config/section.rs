//! A table of the file. What is asked for is known; what nobody asked for is a mistake.

use std::cell::RefCell;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mistake::{Mistake, suggestion};
use super::units;
use crate::Digest;

pub(super) type Value<'t> = Spanned<DeValue<'t>>;

/// What is found while a file is read.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) mistakes: RefCell<Vec<Mistake>>,
    /// The other files that it names, by the key that does, and what stands in them.
    pub(super) files: RefCell<Vec<(String, Digest)>>,
}

/// A table, and the mistakes of the whole file.
pub(super) struct Section<'t, 'm> {
    table: Option<&'t DeTable<'t>>,
    pub(super) place: String,
    pub(super) span: Range<usize>,
    asked: RefCell<Vec<&'static str>>,
    notes: &'m Notes,
}

/// A file that a key names.
pub(super) struct NamedFile {
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
    /// Where the name stands.
    pub(super) span: Range<usize>,
}

impl<'t, 'm> Section<'t, 'm> {
    pub(super) fn new(
        table: &'t DeTable<'t>,
        place: String,
        span: Range<usize>,
        notes: &'m Notes,
    ) -> Self {
        Self { table: Some(table), place, span, asked: RefCell::default(), notes }
    }

    /// Notes a mistake at a stretch of the file.
    pub(super) fn mistake(&self, span: Range<usize>, key: &str, reason: impl Into<String>) {
        let place = self.place_of(key);
        self.notes.mistakes.borrow_mut().push(Mistake { span, place, reason: reason.into() });
    }

    fn place_of(&self, key: &str) -> String {
        match (self.place.is_empty(), key.is_empty()) {
            (true, _) => key.to_owned(),
            (false, true) => self.place.clone(),
            (false, false) => format!("{}.{key}", self.place),
        }
    }

    /// The file that a key names, relative to a folder, with where the name stands. A change of its content is a change of
    /// the configuration.
    pub(super) fn file(&self, key: &'static str, folder: &Path) -> Option<NamedFile> {
        let (file, span) = self.text_at(key)?;
        let path = folder.join(file);
        match fs::read(&path) {
            Ok(bytes) => {
                let content = Digest::of_parts([&bytes[..]]);
                self.notes.files.borrow_mut().push((self.place_of(key), content));
                Some(NamedFile { path: path.display().to_string(), bytes, span })
            }
            Err(error) => {
                self.mistake(span, key, format!("{}: cannot be read: {error}", path.display()));
                None
            }
        }
    }

    /// The value of a key, which is known from now on.
    pub(super) fn get(&self, key: &'static str) -> Option<&'t Value<'t>> {
        self.asked.borrow_mut().push(key);
        self.table?.iter().find(|(known, _)| known.get_ref() == key).map(|(_, value)| value)
    }

    /// A value of some kind; a mistake where it is of another.
    fn of_kind<T>(
        &self,
        key: &'static str,
        expected: &str,
        read: impl FnOnce(&'t DeValue<'t>) -> Option<T>,
    ) -> Option<(T, Range<usize>)> {
        let value = self.get(key)?;
        match read(value.get_ref()) {
            Some(read) => Some((read, value.span())),
            None => {
                let found = value.get_ref().type_str();
                self.mistake(
                    value.span(),
                    key,
                    format!("found a value of type {found}, expected {expected}"),
                );
                None
            }
        }
    }

    /// A text, and where it stands.
    pub(super) fn text_at(&self, key: &'static str) -> Option<(&'t str, Range<usize>)> {
        self.of_kind(key, "a text", |value| value.as_str())
    }

    pub(super) fn text(&self, key: &'static str) -> Option<&'t str> {
        self.text_at(key).map(|(text, _)| text)
    }

    pub(super) fn flag(&self, key: &'static str) -> Option<bool> {
        self.of_kind(key, "true or false", DeValue::as_bool).map(|(flag, _)| flag)
    }

    /// A whole number within bounds.
    pub(super) fn number(&self, key: &'static str, least: u64, most: u64) -> Option<u64> {
        let expected = format!("a whole number from {least} to {most}");
        let read = |value: &DeValue<'_>| {
            let number = value.as_integer()?;
            let number = u64::from_str_radix(number.as_str(), number.radix()).ok()?;
            (least..=most).contains(&number).then_some(number)
        };
        self.of_kind(key, &expected, read).map(|(number, _)| number)
    }

    /// A fraction from zero to one.
    pub(super) fn fraction(&self, key: &'static str) -> Option<f64> {
        let read = |value: &DeValue<'_>| {
            let number = match value {
                DeValue::Float(number) => number.as_str().parse().ok()?,
                DeValue::Integer(number) => number.as_str().parse().ok()?,
                _ => return None,
            };
            (0.0..=1.0).contains(&number).then_some(number)
        };
        self.of_kind(key, "a number from 0 to 1", read).map(|(number, _)| number)
    }

    /// One of some words, by its index.
    pub(super) fn word(&self, key: &'static str, words: &[&str]) -> Option<usize> {
        let (text, span) = self.text_at(key)?;
        let found = words.iter().position(|word| *word == text);
        if found.is_none() {
            let near = suggestion(text, words.iter().copied());
            let listed = words.join(", ");
            self.mistake(span, key, format!("found `{text}`, expected one of {listed}{near}"));
        }
        found
    }

    /// What a text says, read by a function; its error is the mistake.
    pub(super) fn parsed<T>(
        &self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let (text, span) = self.text_at(key)?;
        parse(text).map_err(|reason| self.mistake(span, key, reason)).ok()
    }

    /// A duration such as `30s`; `Some(None)` for `off`.
    pub(super) fn duration(&self, key: &'static str) -> Option<Option<Duration>> {
        self.parsed(key, units::duration)
    }

    /// A duration that cannot be off.
    pub(super) fn time(&self, key: &'static str, default: Duration) -> Duration {
        let found = self.parsed(key, |text| {
            units::duration(text)?.ok_or_else(|| "this time cannot be off".to_owned())
        });
        found.unwrap_or(default)
    }

    /// A size such as `16MiB`.
    pub(super) fn size(&self, key: &'static str) -> Option<u64> {
        self.parsed(key, units::size)
    }

    /// The text at the end of some keys, where it is there. What is of another kind is said by who reads it.
    pub(super) fn text_below(&self, keys: [&str; 2]) -> Option<(&'t str, Range<usize>)> {
        let find = |table: &'t DeTable<'t>, key: &str| {
            table.iter().find(|(known, _)| known.get_ref() == key).map(|(_, value)| value)
        };
        let inner = find(self.table?, keys[0])?.get_ref().as_table()?;
        let value = find(inner, keys[1])?;
        Some((value.get_ref().as_str()?, value.span()))
    }

    /// Texts: one, or a list of them.
    pub(super) fn texts(&self, key: &'static str) -> Option<Vec<(&'t str, Range<usize>)>> {
        let value = self.get(key)?;
        let values = match value.get_ref() {
            DeValue::Array(values) => values.iter().collect(),
            _ => vec![value],
        };
        let mut texts = Vec::new();
        for value in values {
            match value.get_ref().as_str() {
                Some(text) => texts.push((text, value.span())),
                None => self.mistake(value.span(), key, "expected a text, or a list of texts"),
            }
        }
        Some(texts)
    }

    /// A table under a key; empty where there is none.
    pub(super) fn section(&self, key: &'static str) -> Section<'t, 'm> {
        let table = self.of_kind(key, "a table", DeValue::as_table);
        let (table, span) =
            table.map_or((None, self.span.clone()), |(table, span)| (Some(table), span));
        let place =
            if self.place.is_empty() { key.to_owned() } else { format!("{}.{key}", self.place) };
        Section { table, place, span, asked: RefCell::default(), notes: self.notes }
    }

    /// Whether there is such a table at all.
    pub(super) fn is_there(&self) -> bool {
        self.table.is_some()
    }

    /// The tables under a key by their names, as in `[source.lab]`.
    pub(super) fn named(&self, key: &'static str) -> Vec<(String, Section<'t, 'm>)> {
        let Some((table, _)) = self.of_kind(key, "a table of tables", DeValue::as_table) else {
            return Vec::new();
        };
        let mut named = Vec::new();
        for (name, value) in table {
            let place = format!("{key}.{}", name.get_ref().escape_debug());
            if !is_name(name.get_ref()) {
                let reason = "a name has letters, digits, `_`, `-` and `.` only: it stands in logs, metrics and commands";
                self.mistake(name.span(), &place, reason);
            }
            match value.get_ref().as_table() {
                Some(table) => {
                    let section = Section::new(table, place, name.span(), self.notes);
                    named.push((name.get_ref().clone().into_owned(), section));
                }
                None => self.mistake(value.span(), &place, "expected a table"),
            }
        }
        named
    }

    /// The tables of a list, as in `[[route]]`.
    pub(super) fn list(&self, key: &'static str) -> Vec<Section<'t, 'm>> {
        let Some((values, _)) = self.of_kind(key, "a list of tables", DeValue::as_array) else {
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (number, value) in values.iter().enumerate() {
            let place = format!("{key}[{}]", number + 1);
            match value.get_ref().as_table() {
                Some(table) => {
                    sections.push(Section::new(table, place, value.span(), self.notes));
                }
                None => self.mistake(value.span(), &place, "expected a table"),
            }
        }
        sections
    }

    /// Every key with its value, for a table whose keys are not fixed.
    pub(super) fn entries(&self) -> Vec<(&'t str, Range<usize>, &'t Value<'t>)> {
        let entries = self.table.into_iter().flat_map(|table| table.iter());
        entries.map(|(key, value)| (key.get_ref().as_ref(), key.span(), value)).collect()
    }

    /// Whatever was not asked for is a mistake.
    pub(super) fn finish(self) {
        let asked = self.asked.take();
        for (key, _) in self.table.into_iter().flat_map(|table| table.iter()) {
            let written = key.get_ref().as_ref();
            if !asked.contains(&written) {
                let near = suggestion(written, asked.iter().copied());
                let near = match near.is_empty() {
                    true => format!("; known are {}", asked.join(", ")),
                    false => near,
                };
                self.mistake(key.span(), "", format!("there is no key `{written}` here{near}"));
            }
        }
    }
}

/// Whether something can be called so without being taken for something else anywhere.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|letter| letter.is_alphanumeric() || "_-.".contains(letter))
}
