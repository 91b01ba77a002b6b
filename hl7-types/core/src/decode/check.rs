//! Checks: each looks at one thing the standard says and reports where a message says otherwise.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::charset;
use crate::desc::{
    BY_COLUMN, DatatypeDesc, ElementDesc, Format, Length, TableDesc, TableKind, Usage,
};
use crate::finding::{Finding, Rule};
use crate::format;
use crate::indexed::is_site_defined;
use crate::path::Path;
use crate::version;

use super::{Reader, Stretch};

/// Datatypes whose first component is a code of the table that the field names, unless the third names another system.
pub(crate) const CODED: [&str; 4] = ["CE", "CWE", "CNE", "CF"];

impl Reader<'_> {
    // --- the message --------------------------------------------------------------------------------------------------

    /// Looks at what the header says about the whole message.
    pub(super) fn check_header(&mut self) {
        self.check_delimiters();
        self.check_version();
        self.check_charset();
    }

    /// Whether MSH-2 declares what everybody expects.
    fn check_delimiters(&mut self) {
        let start = self.scan.start + 3;
        let header = self.scan.segments.first().copied();
        let end = self
            .scan
            .marks
            .first()
            .map(|mark| mark.at())
            .or(header.map(|header| header.end))
            .unwrap_or(start);
        let declared = end.saturating_sub(start + 1);
        let distinct = [
            self.scan.delimiters.repetition,
            self.scan.delimiters.escape,
            self.scan.delimiters.subcomponent,
        ];
        let expected = 1
            + distinct.iter().flatten().count()
            + usize::from(self.scan.delimiters.truncation.is_some());
        if declared as usize != expected || declared < 4 {
            self.segment = 0;
            self.at_field(1);
            self.report(Rule::UnusualDelimiters, start + 1..end, || {
                format!("{declared} encoding characters; expected four different ones, or five from version 2.7 on")
            });
        }
    }

    /// Whether MSH-12 names the version that the message is read as.
    fn check_version(&mut self) {
        let Some(version) = self.version else { return };
        let said = version::declared(self.bytes, self.scan);
        if said == version.id.as_bytes() {
            return;
        }
        self.segment = 0;
        self.at_field(11);
        let behind = self.scan.segments.first().map_or(0, |header| header.end);
        let span = self
            .scan
            .field(self.bytes, 0, 12)
            .map_or(behind..behind, |field| field.start..field.end);
        self.report(Rule::OtherVersion, span, || {
            let names = if said.is_empty() { "names no version" } else { "names another version" };
            format!("{names}; the message was read as {}", version.id)
        });
    }

    /// Whether the text is in the character set that MSH-18 declares.
    fn check_charset(&mut self) {
        let Some(declared) = self.other_charset() else { return };
        self.segment = 0;
        self.at_field(17);
        let span = self.scan.field(self.bytes, 0, charset::FIELD);
        let span = span.map_or(0..0, |field| field.start..field.end);
        let (declared, found) = (declared.name(), self.scan.charset.name());
        self.report(Rule::OtherCharset, span, || {
            format!("declares {declared}, but the bytes are {found}; the message was read as that")
        });
    }

    // --- fields and components ---------------------------------------------------------------------------------------

    #[inline]
    pub(super) fn check_required_field(&mut self, element: &ElementDesc, span: Stretch) {
        if element.usage == Usage::R {
            self.report(Rule::RequiredField, span, || {
                format!("{} is required and empty", element.name)
            });
        }
    }

    /// `first` is where the whole begins: one that is explicitly null has no parts.
    pub(super) fn check_required_part(&mut self, part: &ElementDesc, first: u32, span: Stretch) {
        let null = self.bytes[first as usize..].starts_with(b"\"\"");
        if part.usage == Usage::R && !null {
            self.report(Rule::RequiredComponent, span, || {
                format!("{} is required and empty", part.name)
            });
        }
    }

    #[inline(always)]
    pub(super) fn check_usage(&mut self, element: &ElementDesc, span: Stretch) {
        if element.usage as u8 >= Usage::X as u8 {
            self.check_unwanted(element, span);
        }
    }

    #[cold]
    fn check_unwanted(&mut self, element: &ElementDesc, span: Stretch) {
        if is_null(self.slice(span)) {
            return;
        }
        match element.usage {
            Usage::X => self.report(Rule::NotSupported, span, || {
                format!("{} must not be used and has a value", element.name)
            }),
            Usage::W => self.report(Rule::Withdrawn, span, || {
                format!("{} was withdrawn from the standard and has a value", element.name)
            }),
            _ => {}
        }
    }

    /// `count` repetitions are one more than allowed; `span` begins with the first that is too many.
    pub(super) fn check_repetitions(&mut self, element: &ElementDesc, count: u32, span: Stretch) {
        if element.max == 0 || element.open {
            return;
        }
        self.repetition = count;
        (self.component, self.subcomponent) = (0, 0);
        self.report(Rule::TooManyRepetitions, span, || match element.max {
            1 => format!("{} may not repeat", element.name),
            max => format!("{} may stand {max} times, here are more", element.name),
        });
    }

    #[inline(always)]
    pub(super) fn check_length(&mut self, element: &ElementDesc, span: Stretch) {
        let Length { min, max, conformance, .. } = element.length;
        let bytes = span.end - span.start;
        // A character takes four bytes at most.
        let surely_within = |most| most == 0 || bytes <= most;
        if !surely_within(max) || !surely_within(conformance) || bytes < min.saturating_mul(4) {
            self.check_characters(element, span);
        }
    }

    #[cold]
    fn check_characters(&mut self, element: &ElementDesc, span: Stretch) {
        let piece = self.slice(span);
        let text = self.text_of(span);
        let text = text.as_deref();
        // A null is no text, and where the standard's own code is longer than its field, the code is right.
        let is_code = |text| self.table_of(element).is_some_and(|table| table.has(text));
        if is_null(piece) || text.is_some_and(is_code) {
            return;
        }
        let length = text.map_or(piece.len(), |text| text.chars().count());
        let Length { min, max, conformance, truncatable } = element.length;
        let name = element.name;
        if max > 0 && length > max as usize {
            self.report(Rule::TooLong, span, || {
                format!("{name} has {length} characters, at most {max} are allowed")
            });
        } else if !element.is_primitive() {
            // The other two are lengths of primitives; what 2.9 prints for composites are the maxima of former versions.
        } else if conformance > 0 && length > conformance as usize {
            self.report(Rule::ConformanceLength, span, || {
                let rest = if truncatable { "the rest may be cut off" } else { "it may be refused" };
                format!(
                    "{name} has {length} characters, a receiver need keep {conformance} only; {rest}"
                )
            });
        } else if length < min as usize {
            self.report(Rule::TooShort, span, || {
                format!("{name} has {length} characters, at least {min} are required")
            });
        }
    }

    /// Whether the field that names the datatype names one.
    pub(super) fn check_varying(
        &mut self,
        element: &ElementDesc,
        named: Option<&str>,
        known: bool,
        at: u32,
    ) {
        if matches!(element.varies_by, 0 | BY_COLUMN) || known {
            return;
        }
        if named.is_none() && self.asks_for(element.varies_by) {
            return;
        }
        let field = self.field;
        let by = u32::from(element.varies_by);
        let what = if named.is_none() { "is empty" } else { "names no datatype of this version" };
        let message = || {
            format!("{} has a value, but field {by}, which says its datatype, {what}", element.name)
        };
        let repetition = std::mem::take(&mut self.repetition);
        self.field = by;
        self.report(Rule::UnknownDatatype, at..at, message);
        (self.field, self.repetition) = (field, repetition);
    }

    /// Whether a field of this segment is asked for by a condition of its own.
    fn asks_for(&self, seq: u16) -> bool {
        let field = || self.desc?.fields.get(usize::from(seq).checked_sub(1)?);
        self.options.rules.contains(Rule::Conditional)
            && field().is_some_and(|field| field.condition != [0; 2])
    }

    /// Form and code of a primitive.
    #[inline(always)]
    pub(super) fn check_primitive(
        &mut self,
        element: &ElementDesc,
        format: Option<Format>,
        span: Stretch,
    ) {
        if self.forms {
            match self.text.map(|text| text.get(span.range())) {
                Some(text) => self.check_text(element, format, text.unwrap_or_default(), span),
                None => self.check_other_text(element, format, span),
            }
        }
    }

    #[cold]
    fn check_other_text(&mut self, element: &ElementDesc, format: Option<Format>, span: Stretch) {
        if let Some(text) = self.text_of(span) {
            self.check_text(element, format, &text, span);
        }
    }

    fn check_text(
        &mut self,
        element: &ElementDesc,
        format: Option<Format>,
        text: &str,
        span: Stretch,
    ) {
        if text.is_empty() || is_null(text.as_bytes()) {
            return;
        }
        let checked =
            format.filter(|&format| self.options.site.is_none_or(|site| site.checks(format)));
        if let Some(expected) = checked.and_then(|format| format::expected(format, text)) {
            self.report(Rule::BadFormat, span, || format!("{}: expected {expected}", element.name));
            if matches!(format, Some(Format::Id | Format::Coded)) {
                return;
            }
        }
        // A table beside a number or a date is a slip of the standard (PTA.3 in 2.3).
        let countable = |format| matches!(format, Format::Number | Format::Date | Format::DateTime);
        if let Some(table) = self.table_of(element).filter(|_| !format.is_some_and(countable)) {
            self.check_code(element, table, text, span);
        }
    }

    /// The table of an element, with what a site makes of it.
    fn table_of(&self, element: &ElementDesc) -> Option<&'static TableDesc> {
        element.table.map(|table| self.options.table(table))
    }

    fn check_code(&mut self, element: &ElementDesc, table: &TableDesc, text: &str, span: Stretch) {
        if table.is_empty() || table.has(text) || self.is_message_code(text) {
            return;
        }
        let rule = match table.kind {
            TableKind::Hl7 if !self.is_for_sites(table, text) => Rule::UnknownCode,
            TableKind::Hl7 | TableKind::User | TableKind::Other => Rule::SiteCode,
        };
        self.report(rule, span, || {
            format!("{}: not a code of table {}, {}", element.name, table.id, table.name)
        });
    }

    /// Whether a closed table leaves this code to sites: `ADT^Z01`, and a datatype of the version that 0125 leaves out.
    fn is_for_sites(&self, table: &TableDesc, text: &str) -> bool {
        match table.id {
            "0003" | "0076" | "0354" => is_site_defined(text.as_bytes()),
            "0125" => self.version.is_some_and(|version| version.datatype(text).is_some()),
            _ => false,
        }
    }

    /// Whether this is MSH-9 and names what the version defines, or MSH-12 and names the version. Its own tables (0003,
    /// 0076, 0354, 0104) leave out some of that. Where MSH-9 as a whole is a site's, it is noted once, as that.
    fn is_message_code(&self, text: &str) -> bool {
        let Some(version) = self.version.filter(|_| matches!(self.field, 9 | 12)) else {
            return false;
        };
        if self.id(self.segment) != Some(*b"MSH") {
            return false;
        }
        if self.field != 9 {
            return self.field == 12 && text == version.id;
        }
        if self.structure.is_none() && is_site_defined(text.as_bytes()) {
            return self.options.rules.contains(Rule::SiteMessage);
        }
        version.structures.iter().any(|structure| structure.id == text)
            || version.events.iter().any(|event| event.message == text || event.trigger == text)
    }

    /// The code of a coded composite against the table that its field names.
    pub(super) fn check_coded(
        &mut self,
        element: &ElementDesc,
        datatype: Option<&DatatypeDesc>,
        span: Stretch,
    ) {
        let (Some(table), Some(datatype)) = (self.table_of(element), datatype) else { return };
        if !CODED.contains(&datatype.id) || self.scan.delimiters.escape.is_none() {
            return;
        }
        let separator = self.scan.delimiters.component;
        let mut parts = self.slice(span).split(|&byte| byte == separator);
        let code = parts.next().unwrap_or_default();
        let system = parts.nth(1).unwrap_or_default();
        let own = system.strip_prefix(b"HL7").is_some_and(|id| id == table.id.as_bytes());
        if let (Ok(code), true) = (std::str::from_utf8(code), system.is_empty() || own)
            && !code.is_empty()
            && code != "\"\""
        {
            self.component = 1;
            let end = span.start + u32::try_from(code.len()).unwrap_or(0);
            self.check_code(element, table, code, Stretch { end, ..span });
            self.component = 0;
        }
    }

    // --- reporting ---------------------------------------------------------------------------------------------------

    /// Reports at the current position.
    #[inline]
    pub(super) fn report(
        &mut self,
        rule: Rule,
        span: impl Into<Range<u32>>,
        message: impl FnOnce() -> String,
    ) {
        if self.wants(rule) {
            let path = self.path();
            self.add(rule, path, span.into(), message());
        }
    }

    /// Reports at a path that no segment of the message has.
    pub(super) fn report_at(
        &mut self,
        rule: Rule,
        path: Path,
        span: Range<u32>,
        message: impl FnOnce() -> String,
    ) {
        if self.wants(rule) {
            self.add(rule, path, span, message());
        }
    }

    /// Whether a finding is asked for and there is room for it; without room it is counted.
    #[inline]
    fn wants(&mut self, rule: Rule) -> bool {
        let options = self.options;
        if !options.rules.contains(rule) || self.segment > 0 && options.header_only.contains(rule) {
            return false;
        }
        let severity = options.severities.of(rule);
        if severity < options.least {
            self.findings.pass_over(severity);
            return false;
        }
        self.findings.has_room(options.limits.findings)
    }

    #[cold]
    fn add(&mut self, rule: Rule, path: Path, span: Range<u32>, message: String) {
        let segment = u32::try_from(self.segment + 1).unwrap_or(u32::MAX);
        let finding = Finding {
            rule,
            severity: self.options.severities.of(rule),
            path,
            segment,
            span,
            message,
            hint: hint(rule),
            allowed: None,
        };
        self.findings.push(finding, self.options.limits.findings);
    }

    /// The current position as a path.
    fn path(&mut self) -> Path {
        if self.occurrences.is_empty() {
            let mut seen: BTreeMap<Option<[u8; 3]>, u32> = BTreeMap::new();
            for index in 0..self.scan.segments.len() {
                let count = seen.entry(self.id(index)).or_default();
                *count += 1;
                self.occurrences.push(*count);
            }
        }
        let id = self.id(self.segment).unwrap_or(*b"???");
        Path {
            field: self.field,
            repetition: self.repetition,
            component: self.component,
            subcomponent: self.subcomponent,
            ..Path::at(&id, self.occurrences.get(self.segment).copied().unwrap_or(1))
        }
    }
}

/// Whether a piece is an explicit null, as a whole.
pub(super) fn is_null(piece: &[u8]) -> bool {
    piece == b"\"\""
}

/// What to do about a finding.
pub(crate) fn hint(rule: Rule) -> &'static str {
    match rule {
        Rule::MissingSegment => {
            "ask the sender for it, or check that MSH-9 names the structure that was meant"
        }
        Rule::UnexpectedSegment => {
            "it is kept and sent on; move what it says into a segment that the structure has"
        }
        Rule::SiteSegment => "it is kept and sent on; give its definition to have it checked",
        Rule::MisplacedSegment => "it is kept where it is; ask the sender for the standard's order",
        Rule::NotASegment => {
            "look for a line break inside a value; it should be sent as \\.br\\ or \\X0A\\"
        }
        Rule::UnknownStructure => "check MSH-9 and MSH-12",
        Rule::SiteMessage => "agree on its structure with the receiver",
        Rule::OtherVersion => "check MSH-12, or read the message as the version that it names",
        Rule::UnusualDelimiters => "send MSH|^~\\&|",
        Rule::TooManyOccurrences | Rule::TooManyRepetitions => {
            "they are kept and sent on; a receiver may take the first"
        }
        Rule::RequiredField | Rule::RequiredComponent => "ask the sender for a value",
        Rule::SurplusField | Rule::SurplusComponent | Rule::SurplusSubcomponent => {
            "it is kept and sent on; escape the separators if they are meant as text"
        }
        Rule::OtherCharset => "correct MSH-18 at the sender",
        Rule::InvalidText => "declare the character set in MSH-18, or send UTF-8",
        Rule::UnknownDatatype => "name the datatype of the value",
        Rule::NotSupported | Rule::Withdrawn => "leave it empty",
        Rule::Conditional => "look at what the standard says about the two together",
        Rule::TooLong => "shorten it, or agree on a longer field",
        Rule::TooShort => "send the whole value",
        Rule::ConformanceLength => "agree with the receiver on what it keeps",
        Rule::BadFormat => "correct the value",
        Rule::UnknownCode => "use a code of the table",
        Rule::SiteCode => "agree on the code with the receiver",
        Rule::BadEscape => "send a backslash that is meant as such as \\E\\",
        Rule::TrailingDelimiters => "they are kept and sent on; a sender may leave them out",
    }
}
