//! What the version that MSH-12 names says, where a message is read as another one and departs from it.
//!
//! A sender that says 2.3 and is read as 2.5.1 is not at fault where it does what 2.3 says. So the message is checked
//! once more, against the version that it names, and a finding that this version does not have gets a note of what it
//! has instead.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::desc::{
    DatatypeKind, ElementDesc, GroupDesc, MANY, MemberDesc, MemberKind, SegmentDesc, StructureDesc,
    TableDesc, TableKind, Usage, VersionDesc,
};
use crate::diff::Cardinality;
use crate::er7::Scan;
use crate::finding::{Finding, Findings, Rule};
use crate::format;
use crate::path::Path;
use crate::tree::{Tree, structure_named};
use crate::version;

use super::fields::first_primitive;
use super::{DecodeOptions, Reader};

/// The version to consult about a message: the one that MSH-12 names, if it is at hand and not the one it is read as.
pub(crate) fn consulted(
    bytes: &[u8],
    scan: &Scan,
    read_as: Option<&VersionDesc>,
    options: &DecodeOptions,
) -> Option<&'static VersionDesc> {
    let (read_as, false) = (read_as?, options.versions.is_empty()) else { return None };
    let said = version::declared(bytes, scan);
    let named = options.versions.iter().find(|version| version.id.as_bytes() == said)?;
    (named.id != read_as.id).then_some(named)
}

/// Notes at each finding what the version that MSH-12 names says there, if it has no such finding.
pub(super) fn explain(
    findings: &mut Findings,
    bytes: &[u8],
    scan: &Scan,
    structure: Option<&'static StructureDesc>,
    read_as: Option<&VersionDesc>,
    options: &DecodeOptions,
) {
    let Some(version) = consulted(bytes, scan, read_as, options).filter(|_| !findings.is_empty())
    else {
        return;
    };
    let structure = structure
        .and_then(|structure| version.structure(structure.id))
        .or_else(|| structure_named(bytes, scan, version));
    let options = DecodeOptions { versions: &[], site: None, ..options.clone() };
    let mut reader = Reader::new(bytes, scan, structure, Some(version), &options);
    reader.message(None);
    if reader.findings.total > reader.findings.len() {
        // What is not in the list may be among those that were not kept.
        return;
    }
    let shared: HashSet<_> = reader.findings.iter().map(kind).collect();
    let named = Named { version, structure, bytes, scan, options: &options };
    for finding in findings.iter_mut().filter(|finding| !shared.contains(&kind(finding))) {
        finding.allowed = named.says(finding).map(String::into_boxed_str);
    }
}

/// How many places of a segment are listed.
const MOST_PLACES: usize = 3;

/// What makes findings of two versions the same. The first part of a whole is the whole where only one of them has
/// parts.
fn kind(finding: &Finding) -> (Rule, Path) {
    let mut path = finding.path;
    if path.subcomponent == 1 {
        path.subcomponent = 0;
    }
    if path.subcomponent == 0 && path.component == 1 {
        path.component = 0;
    }
    (finding.rule, path)
}

/// The version that a message names, and the message.
struct Named<'a> {
    version: &'static VersionDesc,
    structure: Option<&'static StructureDesc>,
    bytes: &'a [u8],
    scan: &'a Scan,
    options: &'a DecodeOptions,
}

impl Tree {
    /// What was expected where a finding is: `PID-5 XPN, required, repeats, 48 characters`, `a code of table 0001,
    /// Administrative Sex`. `None` where there is nothing to add to what it says.
    ///
    /// Version, structure and options are those that the message was checked with.
    #[must_use]
    pub fn expected(
        &self,
        finding: &Finding,
        version: &'static VersionDesc,
        structure: Option<&'static StructureDesc>,
        options: &DecodeOptions,
    ) -> Option<String> {
        let (bytes, scan) = (self.bytes(), self.scan());
        Named { version, structure, bytes, scan, options }.expects(finding)
    }

    /// The piece that a finding is about, as it is written: text of the message, patient data included. `None` where
    /// there is none.
    #[must_use]
    pub fn found(&self, finding: &Finding) -> Option<Cow<'_, str>> {
        let piece = self.bytes().get(finding.range()).filter(|piece| !piece.is_empty())?;
        Some(self.charset().decode(piece).0)
    }
}

impl Named<'_> {
    /// What this version wants where a finding is.
    fn expects(&self, finding: &Finding) -> Option<String> {
        match finding.rule {
            Rule::OtherVersion => Some(self.version.id.to_owned()),
            Rule::BadFormat => {
                let element = first_primitive(self.element(finding.path)?.0);
                Some(format::describe(element.datatype?.format()?).to_owned())
            }
            Rule::UnknownCode | Rule::SiteCode => {
                let table = self.table(finding)?.0?;
                Some(format!("a code of table {}, {}", table.id, table.name))
            }
            Rule::SurplusComponent | Rule::SurplusSubcomponent => {
                self.one_value(finding.path).or_else(|| self.facts(finding))
            }
            _ => self.facts(finding),
        }
    }

    /// What is where parts are not expected at all.
    fn one_value(&self, path: Path) -> Option<String> {
        let (element, path) = self.element(path)?;
        let datatype = element.datatype.filter(|datatype| datatype.format().is_some())?;
        Some(format!("one value in {path} {}", datatype.id))
    }

    fn says(&self, finding: &Finding) -> Option<String> {
        let said = self.facts(finding)?;
        Some(format!("{}: {said}", self.version.id))
    }

    /// What this version says about the place of a finding.
    fn facts(&self, finding: &Finding) -> Option<String> {
        Some(match finding.rule {
            Rule::MissingSegment
            | Rule::UnexpectedSegment
            | Rule::SiteSegment
            | Rule::MisplacedSegment
            | Rule::TooManyOccurrences => self.segment(finding)?,
            Rule::SurplusField => {
                let id = finding.path.segment();
                format!("{id} has {} fields", self.described(id)?.fields.len())
            }
            Rule::SurplusComponent | Rule::SurplusSubcomponent => {
                let (element, path) = self.element(whole(finding.path))?;
                let DatatypeKind::Composite(parts) = element.datatype?.kind else { return None };
                format!("{path} {} has {} components", element.datatype?.id, parts.len())
            }
            Rule::UnknownDatatype => {
                let index = (finding.segment as usize).checked_sub(1)?;
                let field = self.scan.field(self.bytes, index, finding.path.field)?;
                let name = std::str::from_utf8(&self.bytes[field.range()]).ok()?;
                format!("{} is a datatype", self.version.datatype(name)?.id)
            }
            Rule::UnknownCode | Rule::SiteCode => self.code(finding)?,
            Rule::RequiredField
            | Rule::RequiredComponent
            | Rule::TooManyRepetitions
            | Rule::NotSupported
            | Rule::Withdrawn
            | Rule::TooLong
            | Rule::BadFormat => {
                let (element, path) = self.element(finding.path)?;
                facts(element, path)
            }
            _ => return None,
        })
    }

    /// The segment with an id, as the site has it.
    fn described(&self, id: &str) -> Option<&'static SegmentDesc> {
        let standard = || self.version.segment(id).map(|segment| self.options.segment(segment));
        self.options.site_segment(id.as_bytes()).or_else(standard)
    }

    /// Where the structure has a segment, and how often.
    fn segment(&self, finding: &Finding) -> Option<String> {
        let structure = self.structure?;
        let id = finding.path.segment();
        let mut places = Vec::new();
        places_of(structure.root, id, structure.id, &mut places);
        let Some((member, _)) = places.first() else {
            return Some(format!("{} has no {id}", structure.id));
        };
        if finding.rule == Rule::MissingSegment && member.min == 0 {
            return Some(format!("{id} is optional in {}", structure.id));
        }
        let place = |(member, inside): &(&MemberDesc, String)| {
            format!("{} in {inside}", Cardinality::from(*member))
        };
        let mut places: Vec<_> = places.iter().map(place).collect();
        places.dedup();
        let more = places.len().saturating_sub(MOST_PLACES);
        places.truncate(MOST_PLACES);
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        Some(format!("{id} {}{rest}", places.join(", ")))
    }

    /// What a path names, and the path as far as this version has parts.
    fn element(&self, path: Path) -> Option<(&'static ElementDesc, Path)> {
        let segment = self.described(path.segment())?;
        let mut element = segment.field((path.field as usize).checked_sub(1)?)?;
        let mut at = Path::at(segment.id.as_bytes(), 1).with_field(path.field);
        for part in [path.component, path.subcomponent] {
            let Some(index) = part.checked_sub(1) else { break };
            match element.datatype?.components().get(index as usize) {
                Some(part) => element = part,
                // Without parts, the first is the whole.
                None if index == 0 && element.datatype?.components().is_empty() => break,
                None => return None,
            }
            if at.component == 0 {
                at.component = part;
            } else {
                at.subcomponent = part;
            }
        }
        Some((element, at))
    }

    /// The table of the code that a finding is about, and the path as far as this version has parts.
    fn table(&self, finding: &Finding) -> Option<(Option<&'static TableDesc>, Path)> {
        let (element, path) = self.element(finding.path)?;
        // The code of a coded composite is of the table that the whole names, and text without parts is the first part.
        let of_whole = || self.element(whole(finding.path))?.0.table;
        let of_first = || element.datatype?.components().first()?.table;
        let table = element.table.or_else(of_whole).or_else(of_first);
        Some((table.map(|table| self.options.table(table)), path))
    }

    fn code(&self, finding: &Finding) -> Option<String> {
        let (table, path) = self.table(finding)?;
        let Some(table) = table else { return Some(format!("{path} has no table")) };
        let text = std::str::from_utf8(self.bytes.get(finding.range())?).ok()?;
        Some(if table.has(text) {
            format!("code of table {}", table.id)
        } else if table.is_empty() {
            format!("table {} lists no codes", table.id)
        } else if table.kind == TableKind::Hl7 {
            return None;
        } else {
            format!("sites may add codes to table {}", table.id)
        })
    }
}

/// The path of which a part is surplus.
fn whole(path: Path) -> Path {
    if path.subcomponent > 0 { path.with_subcomponent(0) } else { path.with_component(0) }
}

/// All members of a group that are a segment, each with the path of its group.
fn places_of(
    group: &'static GroupDesc,
    id: &str,
    inside: &str,
    out: &mut Vec<(&'static MemberDesc, String)>,
) {
    for member in group.members {
        match member.kind {
            MemberKind::Group(inner) | MemberKind::Choice(inner) => {
                places_of(inner, id, &format!("{inside}.{}", inner.name), out);
            }
            _ if member.name() == id => out.push((member, inside.to_owned())),
            _ => {}
        }
    }
}

/// `PID-5 XPN, optional, repeats, 48 characters`.
fn facts(element: &ElementDesc, path: Path) -> String {
    let Some(datatype) = element.datatype.filter(|_| element.usage != Usage::W) else {
        return format!("{path} is withdrawn");
    };
    let mut facts = format!("{path} {}, {}", datatype.id, element.usage.word());
    match element.max {
        0 | 1 => {}
        MANY => facts.push_str(", repeats"),
        max => facts.push_str(&format!(", up to {max} times")),
    }
    match element.length.max {
        0 => {}
        1 => facts.push_str(", 1 character"),
        max => facts.push_str(&format!(", {max} characters")),
    }
    facts
}
