//! What can be damaged in a sample, for each rule.

use std::collections::HashSet;

use crate::desc::{
    BY_COLUMN, DatatypeKind, ElementDesc, Format, MANY, SegmentDesc, StructureDesc, TableKind,
    Usage, VersionDesc,
};
use crate::finding::Rule;
use crate::path::Path;
use crate::tree::Tree;

use super::{Fill, Maker, is_usable, room, sample_seeded};

/// So many repetitions or characters more than allowed are written out; a larger maximum is not tried.
const MOST: u32 = 2000;

/// One damage, and the path at which it is to be found.
pub(super) struct Damage {
    pub(super) path: Path,
    change: Change,
}

enum Change {
    /// A line is taken out.
    Remove(usize),
    /// A line is put in front of another.
    Insert(usize, String),
    /// Bytes are put behind a line.
    Append(usize, &'static str),
    /// Pieces have other bytes. What does not separate anything any more goes with them.
    Write(Vec<(Path, Vec<u8>)>),
}

/// A field, component or subcomponent that a sample has or could have.
struct Place {
    path: Path,
    element: &'static ElementDesc,
    /// All elements of its segment or composite.
    siblings: &'static [ElementDesc],
}

impl Place {
    fn is_field(&self) -> bool {
        self.path.component == 0
    }

    /// The path of a sibling at a position.
    fn sibling(&self, seq: u32) -> Path {
        match (self.path.component, self.path.subcomponent) {
            (0, _) => self.path.with_field(seq),
            (_, 0) => self.path.with_component(seq),
            _ => self.path.with_subcomponent(seq),
        }
    }

    fn format(&self) -> Option<Format> {
        self.element.datatype.and_then(|datatype| datatype.format())
    }

    /// Whether any text can stand here.
    fn is_free_text(&self) -> bool {
        let text = [Format::String, Format::Text, Format::Formatted];
        self.element.table.is_none()
            && is_usable(self.element)
            && self.format().is_some_and(|format| text.contains(&format))
    }

    /// Text of some length in the form that the place has.
    fn text_of_length(&self, length: u32) -> Option<Vec<u8>> {
        let digits =
            matches!(self.format()?, Format::Number | Format::Sequence | Format::StringNumber);
        let text = digits || self.format() == Some(Format::Id) || self.is_free_text();
        let one = if digits { b'1' } else { b'A' };
        (text && length <= MOST && is_usable(self.element)).then(|| vec![one; length as usize])
    }
}

/// A sample to be damaged.
pub(super) struct Sample {
    structure: &'static StructureDesc,
    version: Option<&'static VersionDesc>,
    seed: u64,
    bytes: Vec<u8>,
    tree: Tree,
    lines: Vec<String>,
}

impl Sample {
    pub(super) fn new(
        structure: &'static StructureDesc,
        bytes: Vec<u8>,
        seed: u64,
    ) -> Option<Self> {
        let tree = Tree::parse(bytes.clone()).ok()?;
        let lines = lines(&bytes);
        Some(Self { structure, version: structure.version, seed, bytes, tree, lines })
    }

    /// The message with a damage; `None` where it cannot be done.
    pub(super) fn damaged(&self, damage: &Damage) -> Option<Vec<u8>> {
        let mut lines = self.lines.clone();
        match &damage.change {
            Change::Remove(line) => {
                lines.remove(*line);
            }
            Change::Insert(line, text) => lines.insert(*line, text.clone()),
            Change::Append(line, text) => lines.get_mut(*line)?.push_str(text),
            Change::Write(pieces) => {
                let mut bytes = self.bytes.clone();
                for (path, text) in pieces {
                    bytes = written(bytes, path, text)?;
                }
                return Some(tidied(&bytes));
            }
        }
        Some(lines.iter().flat_map(|line| line.bytes().chain([b'\r'])).collect())
    }

    /// Everything that could show a rule.
    pub(super) fn damages(&self, rule: Rule) -> Vec<Damage> {
        match rule {
            Rule::MissingSegment
            | Rule::UnexpectedSegment
            | Rule::SiteSegment
            | Rule::MisplacedSegment
            | Rule::NotASegment
            | Rule::TooManyOccurrences
            | Rule::TrailingDelimiters => self.of_lines(rule),
            Rule::UnknownStructure
            | Rule::SiteMessage
            | Rule::OtherVersion
            | Rule::UnusualDelimiters
            | Rule::OtherCharset => self.of_header(rule),
            Rule::SurplusField => self.surplus_fields(),
            _ => self.places().iter().flat_map(|place| self.of_place(rule, place)).collect(),
        }
    }

    // --- lines -------------------------------------------------------------------------------------------------------

    fn of_lines(&self, rule: Rule) -> Vec<Damage> {
        let behind = self.lines.len();
        match rule {
            Rule::MissingSegment => (1..behind)
                .map(|line| Damage {
                    path: Path::at(id(&self.lines[line]), 1),
                    change: Change::Remove(line),
                })
                .collect(),
            Rule::UnexpectedSegment => {
                let unnamed = self.unnamed_segments().take(20);
                unnamed.map(|text| self.inserted(behind, &text)).collect()
            }
            Rule::SiteSegment => (1..=behind).map(|line| self.inserted(line, "ZZZ|1")).collect(),
            Rule::NotASegment => {
                (1..=behind).map(|line| self.inserted(line, "a line without an id")).collect()
            }
            Rule::TooManyOccurrences => {
                (1..behind).map(|line| self.inserted(line + 1, &self.lines[line])).collect()
            }
            Rule::MisplacedSegment => {
                let full = lines(&sample_seeded(self.structure, Fill::Full, self.seed));
                let mut seen = HashSet::from([&b"MSH"[..]]);
                let firsts = full.iter().filter(|line| seen.insert(id(line)));
                let places = 1..=behind.min(12);
                firsts.flat_map(|line| places.clone().map(|at| self.inserted(at, line))).collect()
            }
            _ => (1..behind)
                .map(|line| Damage {
                    path: Path::at(id(&self.lines[line]), self.occurrence(line)),
                    change: Change::Append(line, "|"),
                })
                .collect(),
        }
    }

    fn inserted(&self, line: usize, text: &str) -> Damage {
        let before = self.lines[..line].iter().filter(|other| id(other) == id(text)).count();
        let occurrence = u32::try_from(before + 1).unwrap_or(u32::MAX);
        Damage {
            path: Path::at(id(text), occurrence),
            change: Change::Insert(line, text.to_owned()),
        }
    }

    fn occurrence(&self, line: usize) -> u32 {
        let alike = self.lines[..=line].iter().filter(|other| id(other) == id(&self.lines[line]));
        u32::try_from(alike.count()).unwrap_or(u32::MAX)
    }

    /// Segments of the version that the structure has nowhere.
    fn unnamed_segments(&self) -> impl Iterator<Item = String> + '_ {
        let segments = self.version.map_or(&[][..], |version| version.segments);
        let unnamed = segments.iter().filter(|segment| {
            let id: Result<[u8; 3], _> = segment.id.as_bytes().try_into();
            id.is_ok_and(|id| !self.structure.grammar().has(id))
        });
        unnamed.map(|segment| {
            let mut maker = Maker::new(self.structure, Fill::Minimal, self.seed);
            maker.segment(segment);
            maker.out.trim_end().to_owned()
        })
    }

    // --- the header --------------------------------------------------------------------------------------------------

    fn of_header(&self, rule: Rule) -> Vec<Damage> {
        let Some(version) = self.version else { return Vec::new() };
        let header = Path::at(b"MSH", 1);
        let write = |field: u32, text: String| Damage {
            path: header.with_field(field),
            change: Change::Write(vec![(header.with_field(field), text.into_bytes())]),
        };
        match rule {
            Rule::UnusualDelimiters => vec![write(2, "^~\\\\&".to_owned())],
            Rule::UnknownStructure => {
                self.unknown_messages(version).map(|it| write(9, it)).collect()
            }
            Rule::SiteMessage => {
                ["ADT^Z01", "ADT^Z01^ADT_Z01"].map(|text| write(9, text.to_owned())).into()
            }
            Rule::OtherVersion => {
                let codes = version.table("0104").map_or(&[][..], |table| table.codes);
                let others = codes.iter().filter(|code| code.code != version.id);
                others.map(|code| write(12, code.code.to_owned())).collect()
            }
            _ => {
                let declared = (header.with_field(18), b"8859/1".to_vec());
                let places = self.places().into_iter().filter(Place::is_free_text);
                let text = |place: Place| (place.path, "\u{e9}".as_bytes().to_vec());
                let path = header.with_field(18);
                places
                    .map(|place| vec![text(place), declared.clone()])
                    .map(|pieces| Damage { path, change: Change::Write(pieces) })
                    .collect()
            }
        }
    }

    /// What MSH-9 could say, all of it codes of the version, that names no structure.
    fn unknown_messages(&self, version: &'static VersionDesc) -> impl Iterator<Item = String> {
        let element = version.segment("MSH").and_then(|header| header.fields.get(8));
        let parts = element.and_then(|element| element.datatype).map(|it| it.components());
        let table = parts.and_then(|parts| parts.get(2)).and_then(|part| part.table);
        let codes = table.map_or(&[][..], |table| table.codes);
        let mut structures: Vec<String> = codes
            .iter()
            .filter(|code| version.structure(code.code).is_none())
            .map(|code| format!("^{}", code.code))
            .collect();
        structures.truncate(2);
        structures.extend([String::new(), "^\"\"".to_owned()]);
        let mut seen = HashSet::new();
        let messages = version.events.iter().map(|event| event.message);
        let messages = messages.filter(move |message| seen.insert(*message));
        // Each with the trigger of one that stands far from it.
        let pairs = messages.zip(version.events.iter().rev().step_by(7)).take(20);
        pairs.flat_map(move |(message, event)| {
            let named = structures.clone().into_iter();
            named.map(move |structure| format!("{message}^{}{structure}", event.trigger))
        })
    }

    // --- fields and components ---------------------------------------------------------------------------------------

    /// The segments of the sample that the version defines.
    fn segments(&self) -> impl Iterator<Item = &'static SegmentDesc> + '_ {
        let mut seen = HashSet::new();
        let firsts = self.lines.iter().map(|line| id(line)).filter(move |id| seen.insert(*id));
        firsts.filter_map(|id| self.version?.segment(std::str::from_utf8(id).ok()?))
    }

    fn surplus_fields(&self) -> Vec<Damage> {
        let closed = |segment: &SegmentDesc| !segment.fields.last().is_some_and(|last| last.open);
        let segments = self.segments().filter(|segment| closed(segment));
        let behind = segments.map(|segment| {
            let count = u32::try_from(segment.fields.len()).unwrap_or(u32::MAX);
            Path::at(segment.id.as_bytes(), 1).with_field(count + 1)
        });
        behind.map(|path| written_at(path, path, b"A".to_vec())).collect()
    }

    /// All places of the segments that the sample has.
    fn places(&self) -> Vec<Place> {
        let mut places = Vec::new();
        for segment in self.segments() {
            let header = matches!(segment.id, "MSH" | "BHS" | "FHS");
            let whole = Path::at(segment.id.as_bytes(), 1);
            let fields = (1..).zip(segment.fields).skip(if header { 2 } else { 0 });
            for (seq, field) in fields {
                let path = whole.with_field(seq);
                places.push(Place { path, element: field, siblings: segment.fields });
                add_parts(&mut places, field, &|part| path.with_component(part), true);
            }
        }
        places
    }

    fn of_place(&self, rule: Rule, place: &Place) -> Vec<Damage> {
        let element = place.element;
        let Place { path, .. } = *place;
        let one = |text: Option<Vec<u8>>| -> Vec<Damage> {
            text.map(|text| written_at(path, path, text)).into_iter().collect()
        };
        let length = element.length;
        match rule {
            Rule::RequiredField if place.is_field() && element.usage == Usage::R => {
                one(Some(Vec::new()))
            }
            Rule::RequiredComponent if !place.is_field() && element.usage == Usage::R => {
                self.without_required_part(place)
            }
            Rule::Conditional if element.condition != [0; 2] => self.against_condition(place),
            Rule::NotSupported if element.usage == Usage::X => one(self.value(place)),
            Rule::Withdrawn if element.usage == Usage::W => one(Some(b"A".to_vec())),
            Rule::TooManyRepetitions if place.is_field() => self.repeated(place),
            Rule::SurplusComponent if place.is_field() && element.is_composite() => {
                surplus_part(place, path.with_component(behind(element)))
            }
            Rule::SurplusSubcomponent if path.component > 0 && path.subcomponent == 0 => {
                if element.is_composite() {
                    surplus_part(place, path.with_subcomponent(behind(element)))
                } else {
                    one(self.value(place).map(|text| [&text[..], b"&A"].concat()))
                }
            }
            Rule::UnknownDatatype => self.unknown_datatype(place),
            Rule::InvalidText if place.is_free_text() => one(Some(b"\xe9\xff".to_vec())),
            Rule::BadEscape if place.is_free_text() => {
                // Where nothing else separates, the first component is the field.
                let field = path.with_component(0);
                [path, field].map(|seen| written_at(seen, path, b"\\A".to_vec())).into()
            }
            Rule::TooLong if length.max > 0 => one(place.text_of_length(length.max + 1)),
            Rule::TooShort if length.min > 1 => one(place.text_of_length(1)),
            Rule::ConformanceLength if length.conformance > 0 => {
                one(place.text_of_length(length.conformance + 1))
            }
            Rule::BadFormat if is_usable(element) => match place.format() {
                Some(Format::Id | Format::Coded) => {
                    one(self.value(place).map(|text| [&text[..], b" "].concat()))
                }
                Some(Format::String | Format::Text | Format::Formatted) | None => Vec::new(),
                Some(_) => one(Some(b"A".to_vec())),
            },
            Rule::UnknownCode => self.other_codes(place, true),
            Rule::SiteCode => self.other_codes(place, false),
            _ => Vec::new(),
        }
    }

    /// What stands at a place, or what could.
    fn value(&self, place: &Place) -> Option<Vec<u8>> {
        let there = self.tree.piece(&place.path).map(|piece| piece.raw().to_vec());
        there.filter(|text| !text.is_empty()).or_else(|| self.made(place.element))
    }

    fn made(&self, element: &ElementDesc) -> Option<Vec<u8>> {
        let maker = Maker::new(self.structure, Fill::Minimal, self.seed);
        let text = maker.element(element, room(element));
        (!text.is_empty()).then(|| text.into_bytes())
    }

    /// A required component is emptied; another one has a value, so that there is something that it is missed in.
    fn without_required_part(&self, place: &Place) -> Vec<Damage> {
        let others = (1..).zip(place.siblings).filter(|(seq, other)| {
            place.sibling(*seq) != place.path
                && is_usable(other)
                && other.is_primitive()
                && other.condition == [0; 2]
        });
        others
            .filter_map(|(seq, other)| {
                let pieces =
                    vec![(place.sibling(seq), self.made(other)?), (place.path, Vec::new())];
                Some(Damage { path: place.path, change: Change::Write(pieces) })
            })
            .collect()
    }

    /// A condition is made to hold, and what it requires taken out; where it forbids, it is made not to hold.
    fn against_condition(&self, place: &Place) -> Vec<Damage> {
        let mut pieces = Vec::new();
        for term in place.element.condition.into_iter().filter(|&term| term != 0) {
            let seq = u32::from(term.unsigned_abs());
            let sibling = place.siblings.get(seq as usize - 1);
            let text = if term > 0 {
                let value = sibling.and_then(|element| {
                    let path = place.sibling(seq);
                    self.value(&Place { path, element, siblings: place.siblings })
                });
                let Some(value) = value else { return Vec::new() };
                value
            } else {
                Vec::new()
            };
            pieces.push((place.sibling(seq), text));
        }
        pieces.push((place.path, Vec::new()));
        vec![Damage { path: place.path, change: Change::Write(pieces) }]
    }

    /// A field with one repetition more than it may have.
    fn repeated(&self, place: &Place) -> Vec<Damage> {
        let ElementDesc { max, open, .. } = *place.element;
        if max == 0 || open || max == MANY || u32::from(max) > MOST {
            return Vec::new();
        }
        let Some(value) = self.value(place) else { return Vec::new() };
        let one = value.split(|&byte| byte == b'~').next().unwrap_or_default();
        let all = vec![one; usize::from(max) + 1].join(&b'~');
        let seen = place.path.with_repetition(u32::from(max) + 1);
        vec![written_at(seen, place.path, all)]
    }

    /// A field that names a datatype names something else; or a column does.
    fn unknown_datatype(&self, place: &Place) -> Vec<Damage> {
        let by = u32::from(place.element.varies_by);
        if place.path.segment() == "RDF" && place.path.field == 2 && place.path.component == 2 {
            let seen = place.path.with_repetition(1);
            return vec![written_at(seen, place.path, b"QQ".to_vec())];
        }
        if !place.is_field() || by == 0 || by == u32::from(BY_COLUMN) {
            return Vec::new();
        }
        let path = place.path.with_field(by);
        let table = place.siblings.get(by as usize - 1).and_then(|element| element.table);
        let codes = table.map_or(&[][..], |table| table.codes);
        let unknown = codes
            .iter()
            .map(|code| code.code)
            .filter(|code| self.version.is_some_and(|version| version.datatype(code).is_none()));
        unknown
            .chain(["QQ", "", "\"\""])
            .map(|code| {
                let pieces = vec![(place.path, b"A".to_vec()), (path, code.as_bytes().to_vec())];
                Damage { path, change: Change::Write(pieces) }
            })
            .collect()
    }

    /// Codes that a table does not have, of the standard's or of the site's.
    fn other_codes(&self, place: &Place, of_standard: bool) -> Vec<Damage> {
        let Some(table) = place.element.table.filter(|table| !table.codes.is_empty()) else {
            return Vec::new();
        };
        if (table.kind == TableKind::Hl7) != of_standard || !is_usable(place.element) {
            return Vec::new();
        }
        let codes = ["QQQ", "QQ", "Q", "9"].into_iter().filter(|code| !table.has(code));
        let path = place.path;
        let seen = if place.element.is_composite() { path.with_component(1) } else { path };
        codes.map(|code| written_at(seen, path, code.as_bytes().to_vec())).collect()
    }
}

/// Adds the parts of a composite, and theirs.
fn add_parts(
    places: &mut Vec<Place>,
    whole: &ElementDesc,
    path: &dyn Fn(u32) -> Path,
    is_field: bool,
) {
    let Some(DatatypeKind::Composite(parts)) = whole.datatype.map(|datatype| datatype.kind) else {
        return;
    };
    for (seq, part) in (1..).zip(parts) {
        let path = path(seq);
        places.push(Place { path, element: part, siblings: parts });
        if is_field {
            add_parts(places, part, &|part| path.with_subcomponent(part), false);
        }
    }
}

/// The position behind the last component of an element.
fn behind(element: &ElementDesc) -> u32 {
    let count = element.datatype.map_or(0, |datatype| datatype.components().len());
    u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1)
}

fn surplus_part(place: &Place, path: Path) -> Vec<Damage> {
    if is_usable(place.element) { vec![written_at(path, path, b"A".to_vec())] } else { Vec::new() }
}

fn written_at(seen: Path, path: Path, text: Vec<u8>) -> Damage {
    Damage { path: seen, change: Change::Write(vec![(path, text)]) }
}

/// The message with other bytes for a piece.
fn written(bytes: Vec<u8>, path: &Path, text: &[u8]) -> Option<Vec<u8>> {
    let mut tree = Tree::parse(bytes).ok()?;
    if tree.piece(path).is_none() {
        tree.set(path, "A").ok()?;
    }
    let range = tree.piece(path)?.range();
    let mut bytes = tree.into_bytes();
    bytes.splice(range, text.iter().copied());
    Some(bytes)
}

/// The message without the separators that have nothing behind them.
fn tidied(bytes: &[u8]) -> Vec<u8> {
    let rank = |byte: u8| b"&^~|\r".iter().position(|&separator| separator == byte);
    // What MSH-2 declares separates nothing.
    let declared = bytes.iter().skip(4).position(|&byte| byte == b'|').map_or(0, |at| at + 4);
    let (header, rest) = bytes.split_at(declared);
    let mut out = header.to_vec();
    for &byte in rest {
        if let Some(outer) = rank(byte) {
            while out.len() > declared
                && out.last().and_then(|&last| rank(last)).is_some_and(|inner| inner < outer)
            {
                out.pop();
            }
        }
        out.push(byte);
    }
    out
}

fn lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    text.split_terminator('\r').map(str::to_owned).collect()
}

/// The id of a line, or what stands in its place.
fn id(line: &str) -> &[u8] {
    line.as_bytes().get(..3).unwrap_or_default()
}
