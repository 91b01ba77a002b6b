//! From TOML to what a policy says: every key is known, every value of its kind, every mistake noted.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::desc::{MANY, Usage};
use crate::finding::{Rule, Severity};
use crate::path::Path;

use super::definitions::{Code, Definitions, Facts, Field, Row, Segment, Table};
use super::error::{Mistake, nearest};
use super::references::{Named, Reference};

const POLICY: &[&str] =
    &["name", "version", "validation", "rules", "limits", "tables", "segments", "fields"];
const VALIDATION: &[&str] = &["body", "custom-datatypes", "trailing-delimiters"];
const LIMITS: &[&str] = &["bytes", "segments", "findings"];
const TABLE: &[&str] = &["name", "add", "codes", "closed"];
const CODE: &[&str] = &["code", "label"];
const SEGMENT: &[&str] = &["name", "fields"];
const ROW: &[&str] = &["seq", "name", "type", "usage", "max", "len", "table"];
const FIELD: &[&str] = &["usage", "max", "len", "table"];
/// All of them.
#[cfg(test)]
pub(super) const KEYS: [&[&str]; 8] =
    [POLICY, VALIDATION, LIMITS, TABLE, CODE, SEGMENT, ROW, FIELD];
const SEVERITIES: &[&str] = &["off", "note", "warning", "error"];

type Value<'t> = Spanned<DeValue<'t>>;
type Key<'t> = Spanned<std::borrow::Cow<'t, str>>;

/// What a policy file says.
#[derive(Debug)]
pub(super) struct File {
    pub(super) name: Option<String>,
    pub(super) version: Option<(String, Range<usize>)>,
    pub(super) body: bool,
    /// Whether separators behind the last value are allowed, if the file says so.
    pub(super) trailing_delimiters: Option<bool>,
    /// Rules with their severity; `None` turns one off.
    pub(super) rules: Vec<(Rule, Option<Severity>)>,
    pub(super) limits: Bounds,
    pub(super) definitions: Definitions,
}

/// The bounds that a file sets.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bounds {
    pub(super) bytes: Option<usize>,
    pub(super) segments: Option<usize>,
    pub(super) findings: Option<usize>,
}

/// Reads a file and notes what is wrong with it.
pub(super) struct Reader {
    pub(super) mistakes: Vec<Mistake>,
    /// What the file names, to be looked up.
    pub(super) references: Vec<Named>,
}

/// Where something stands, as a dotted key.
fn inside(place: &str, key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let quoted = !key.bytes().all(plain) || key.contains('-') && place == "fields";
    let key = if quoted { format!("\"{key}\"") } else { key.to_owned() };
    if place.is_empty() { key } else { format!("{place}.{key}") }
}

/// `body`, `custom-datatypes` or `trailing-delimiters`.
fn listed(known: &[&str]) -> String {
    match known {
        [rest @ .., last] if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => known.concat(),
    }
}

fn kind(value: &Value<'_>) -> String {
    let kind = value.get_ref().type_str();
    let article = if kind.starts_with(['a', 'i']) { "an" } else { "a" };
    format!("{article} {kind}")
}

impl Reader {
    pub(super) fn file(&mut self, text: &str) -> File {
        let mut file = File {
            name: None,
            version: None,
            body: true,
            trailing_delimiters: None,
            rules: Vec::new(),
            limits: Bounds::default(),
            definitions: Definitions::default(),
        };
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            self.mistakes.push(Mistake {
                span: error.span().unwrap_or(0..0),
                place: String::new(),
                found: "something that is no TOML".to_owned(),
                expected: format!("TOML ({})", error.message()),
                nearest: None,
            });
        }
        if self.mistakes.is_empty() {
            self.root(root.get_ref(), &mut file);
        }
        file
    }

    fn root(&mut self, table: &DeTable<'_>, file: &mut File) {
        for (key, value) in table {
            let place = key.get_ref().as_ref();
            match place {
                "name" => file.name = self.text(value, place),
                "version" => {
                    file.version = self.text(value, place).map(|text| (text, value.span()));
                }
                "validation" => self.validation(value, place, file),
                "rules" => self.rules(value, place, file),
                "limits" => self.limits(value, place, &mut file.limits),
                "tables" => file.definitions.tables = self.tables(value, place),
                "segments" => file.definitions.segments = self.segments(value, place),
                "fields" => file.definitions.fields = self.fields(value, place),
                _ => self.unknown(key, "", POLICY),
            }
        }
    }

    fn validation(&mut self, value: &Value<'_>, place: &str, file: &mut File) {
        for (key, value) in self.table(value, place) {
            let here = inside(place, key.get_ref());
            match key.get_ref().as_ref() {
                "body" => file.body = self.flag(value, &here).unwrap_or(true),
                "custom-datatypes" => {
                    let checked = self.flag(value, &here).unwrap_or(true);
                    file.definitions.any_custom_form = !checked;
                }
                "trailing-delimiters" => {
                    let word = self.word(value, &here, &["allowed", "error"]);
                    file.trailing_delimiters = word.map(|at| at == 0);
                }
                _ => self.unknown(key, place, VALIDATION),
            }
        }
    }

    fn rules(&mut self, value: &Value<'_>, place: &str, file: &mut File) {
        for (key, value) in self.table(value, place) {
            let here = inside(place, key.get_ref());
            let severity = self.word(value, &here, SEVERITIES);
            match Rule::ALL.iter().find(|rule| rule.id() == key.get_ref().as_ref()) {
                None => {
                    let near = nearest(key.get_ref(), Rule::ALL.iter().map(|rule| rule.id()));
                    self.mistakes.push(Mistake {
                        span: key.span(),
                        place: place.to_owned(),
                        found: format!("the key `{}`", key.get_ref()),
                        expected: "the id of a rule".to_owned(),
                        nearest: near,
                    });
                }
                Some(&rule) => file.rules.extend(severity.map(|at| {
                    let severities = [
                        None,
                        Some(Severity::Note),
                        Some(Severity::Warning),
                        Some(Severity::Error),
                    ];
                    (rule, severities[at])
                })),
            }
        }
    }

    fn limits(&mut self, value: &Value<'_>, place: &str, limits: &mut Bounds) {
        for (key, value) in self.table(value, place) {
            let here = inside(place, key.get_ref());
            let limit = match key.get_ref().as_ref() {
                "bytes" => &mut limits.bytes,
                "segments" => &mut limits.segments,
                "findings" => &mut limits.findings,
                _ => {
                    self.unknown(key, place, LIMITS);
                    continue;
                }
            };
            if let Some(number) = self.number(value, &here, u32::MAX - 1) {
                *limit = Some(number as usize);
            }
        }
    }

    // --- definitions -------------------------------------------------------------------------------------------------

    fn tables(&mut self, value: &Value<'_>, place: &str) -> Vec<Table> {
        let mut tables = Vec::new();
        for (key, value) in self.table(value, place) {
            let here = inside(place, key.get_ref());
            let mut table = Table { id: key.get_ref().clone().into_owned(), ..Table::default() };
            for (key, value) in self.table(value, &here) {
                let at = inside(&here, key.get_ref());
                match key.get_ref().as_ref() {
                    "name" => table.name = self.text(value, &at),
                    "add" => table.add = self.codes(value, &at),
                    "codes" => table.codes = Some(self.codes(value, &at)),
                    "closed" => table.closed = self.flag(value, &at),
                    _ => self.unknown(key, &here, TABLE),
                }
            }
            if table.codes.is_none() {
                self.refer(Reference::Extended(table.id.clone()), key.span(), &here);
            }
            tables.push(table);
        }
        tables.sort_by(|a, b| a.id.cmp(&b.id));
        tables
    }

    /// Codes: a text each, or a table with `code` and `label`.
    fn codes(&mut self, value: &Value<'_>, place: &str) -> Vec<Code> {
        let mut codes = Vec::new();
        for value in self.list(value, place) {
            let mut code = Code { code: String::new(), label: String::new() };
            match value.get_ref() {
                DeValue::String(text) => code.code = text.clone().into_owned(),
                DeValue::Table(table) => {
                    for (key, value) in table {
                        let at = inside(place, key.get_ref());
                        match key.get_ref().as_ref() {
                            "code" => code.code = self.text(value, &at).unwrap_or_default(),
                            "label" => code.label = self.text(value, &at).unwrap_or_default(),
                            _ => self.unknown(key, place, CODE),
                        }
                    }
                }
                _ => {
                    let expected = "a code, or { code = \"..\", label = \"..\" }";
                    self.wrong(value.span(), place, kind(value), expected);
                    continue;
                }
            }
            if code.code.is_empty() {
                self.wrong(value.span(), place, "no code".to_owned(), "a code");
            }
            codes.push(code);
        }
        codes
    }

    fn segments(&mut self, value: &Value<'_>, place: &str) -> Vec<Segment> {
        let mut segments = Vec::new();
        for (key, value) in self.table(value, place) {
            let id = key.get_ref().clone().into_owned();
            let here = inside(place, &id);
            if Path::of_segment(&id).is_err() {
                let expected = "a segment id: an upper-case letter, then two letters or digits";
                self.wrong(key.span(), place, format!("`{id}`"), expected);
            }
            self.refer(Reference::NewSegment(id.clone()), key.span(), &here);
            let mut segment = Segment { name: id.clone(), id, rows: Vec::new() };
            for (key, value) in self.table(value, &here) {
                let at = inside(&here, key.get_ref());
                match key.get_ref().as_ref() {
                    "name" => segment.name = self.text(value, &at).unwrap_or_default(),
                    "fields" => segment.rows = self.rows(value, &at),
                    _ => self.unknown(key, &here, SEGMENT),
                }
            }
            segments.push(segment);
        }
        segments.sort_by(|a, b| a.id.cmp(&b.id));
        segments
    }

    fn rows(&mut self, value: &Value<'_>, place: &str) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        for value in self.list(value, place) {
            let row = self.row(value, place);
            if rows.iter().any(|known| known.seq == row.seq && row.seq > 0) {
                let found = format!("field {} once more", row.seq);
                self.wrong(value.span(), place, found, "each field once");
            }
            rows.push(row);
        }
        rows.sort_by_key(|row| row.seq);
        rows
    }

    fn row(&mut self, value: &Value<'_>, place: &str) -> Row {
        let mut row = Row::default();
        for (key, value) in self.table(value, place) {
            let at = inside(place, key.get_ref());
            match key.get_ref().as_ref() {
                "seq" => row.seq = self.position(value, &at).unwrap_or(0),
                "name" => row.name = self.text(value, &at).unwrap_or_default(),
                "type" => {
                    row.datatype = self.text(value, &at).unwrap_or_default();
                    self.refer(Reference::Datatype(row.datatype.clone()), value.span(), &at);
                }
                key_of_facts if FIELD.contains(&key_of_facts) => {
                    self.fact(key_of_facts, value, &at, &mut row.facts);
                }
                _ => self.unknown(key, place, ROW),
            }
        }
        let Some(table) = value.get_ref().as_table() else { return row };
        for required in ["seq", "name", "type"] {
            if !table.iter().any(|(key, _)| key.get_ref() == required) {
                self.wrong(
                    value.span(),
                    place,
                    format!("a field without `{required}`"),
                    "seq, name and type",
                );
            }
        }
        row
    }

    fn fields(&mut self, value: &Value<'_>, place: &str) -> Vec<Field> {
        let mut fields = Vec::new();
        for (key, value) in self.table(value, place) {
            let here = inside(place, key.get_ref());
            let mut facts = Facts::default();
            for (key, value) in self.table(value, &here) {
                match key.get_ref().as_ref() {
                    fact if FIELD.contains(&fact) => {
                        self.fact(fact, value, &inside(&here, fact), &mut facts);
                    }
                    _ => self.unknown(key, &here, FIELD),
                }
            }
            let Some(path) = field_path(key.get_ref()) else {
                let expected =
                    "a field or component as in \"PID-3\" or \"PID-3.4\", not MSH-1 or MSH-2";
                self.wrong(key.span(), place, format!("`{}`", key.get_ref()), expected);
                continue;
            };
            let segment = path.segment().to_owned();
            let position = [path.field, path.component, path.subcomponent, 0];
            let field = Field { segment, position, facts };
            self.refer(Reference::Field(field.clone()), key.span(), &here);
            fields.push(field);
        }
        fields.sort_by(|a, b| (&a.segment, a.position).cmp(&(&b.segment, b.position)));
        fields
    }

    fn fact(&mut self, key: &str, value: &Value<'_>, place: &str, facts: &mut Facts) {
        match key {
            "usage" => {
                let codes: Vec<_> = Usage::ALL.iter().map(|usage| usage.code()).collect();
                facts.usage = self.word(value, place, &codes).map(|at| Usage::ALL[at]);
            }
            "max" if value.get_ref().as_str() == Some("*") => facts.max = Some(MANY),
            "max" => facts.max = self.position(value, place),
            "len" => facts.len = self.number(value, place, u32::MAX - 1),
            _ => {
                facts.table = self.text(value, place);
                if let Some(table) = &facts.table {
                    self.refer(Reference::Table(table.clone()), value.span(), place);
                }
            }
        }
    }

    // --- values ------------------------------------------------------------------------------------------------------

    fn table<'v, 't>(
        &mut self,
        value: &'v Value<'t>,
        place: &str,
    ) -> impl Iterator<Item = (&'v Key<'t>, &'v Value<'t>)> + use<'v, 't> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong(value.span(), place, kind(value), "a table");
        }
        table.into_iter().flatten()
    }

    fn list<'v, 't>(
        &mut self,
        value: &'v Value<'t>,
        place: &str,
    ) -> impl Iterator<Item = &'v Value<'t>> + use<'v, 't> {
        let list = value.get_ref().as_array();
        if list.is_none() {
            self.wrong(value.span(), place, kind(value), "a list");
        }
        list.into_iter().flat_map(|list| list.iter())
    }

    fn text(&mut self, value: &Value<'_>, place: &str) -> Option<String> {
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.wrong(value.span(), place, kind(value), "a string");
        }
        text.map(str::to_owned)
    }

    fn flag(&mut self, value: &Value<'_>, place: &str) -> Option<bool> {
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong(value.span(), place, kind(value), "true or false");
        }
        flag
    }

    fn number(&mut self, value: &Value<'_>, place: &str, most: u32) -> Option<u32> {
        let integer = value.get_ref().as_integer();
        let number = integer.and_then(|integer| {
            let number = u32::from_str_radix(integer.as_str(), integer.radix()).ok()?;
            (1..=most).contains(&number).then_some(number)
        });
        if number.is_none() {
            let found = integer.map_or_else(|| kind(value), |integer| integer.as_str().to_owned());
            self.wrong(value.span(), place, found, &format!("a whole number from 1 to {most}"));
        }
        number
    }

    /// A position or a count, which are below [`MANY`].
    fn position(&mut self, value: &Value<'_>, place: &str) -> Option<u16> {
        self.number(value, place, MOST_POSITIONS).and_then(|number| number.try_into().ok())
    }

    /// Which of some words it is.
    fn word(&mut self, value: &Value<'_>, place: &str, known: &[&str]) -> Option<usize> {
        let said = value.get_ref().as_str();
        let at = said.and_then(|said| known.iter().position(|known| *known == said));
        if at.is_none() {
            self.mistakes.push(Mistake {
                span: value.span(),
                place: place.to_owned(),
                found: said.map_or_else(|| kind(value), |said| format!("`{said}`")),
                expected: listed(known),
                nearest: said.and_then(|said| nearest(said, known.iter().copied())),
            });
        }
        at
    }

    // --- mistakes ----------------------------------------------------------------------------------------------------

    fn refer(&mut self, what: Reference, span: Range<usize>, place: &str) {
        self.references.push(Named { what, span, place: place.to_owned() });
    }

    fn wrong(&mut self, span: Range<usize>, place: &str, found: String, expected: &str) {
        let (place, expected) = (place.to_owned(), expected.to_owned());
        self.mistakes.push(Mistake { span, place, found, expected, nearest: None });
    }

    fn unknown(&mut self, key: &Key<'_>, place: &str, known: &[&str]) {
        self.mistakes.push(Mistake {
            span: key.span(),
            place: place.to_owned(),
            found: format!("the key `{}`", key.get_ref()),
            expected: listed(known),
            nearest: nearest(key.get_ref(), known.iter().copied()),
        });
    }
}

/// Fields of a segment and repetitions of a field, at most.
const MOST_POSITIONS: u32 = 1_000;

/// A path to a field or below, of any occurrence and repetition.
fn field_path(text: &str) -> Option<Path> {
    let path: Path = text.parse().ok()?;
    let somewhere = path.field > 0 && path.occurrence == 1 && path.repetition == 0;
    let declares = path.segment() == "MSH" && path.field <= 2;
    (somewhere && !declares).then_some(path)
}
