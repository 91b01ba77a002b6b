//! Faults as the segment ERR, in the shape that each version gives it.

use std::borrow::Cow;

use crate::er7::{Delimiters, Notation};
use crate::finding::{Finding, Rule, Severity};
use crate::header::{leaf, leaf_in, write_segment};
use crate::tree::{Piece, Tree};

/// A code of table 0357.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorCode {
    /// 100: segments are missing or not in their order.
    SegmentSequence,
    /// 101: a required field is missing.
    RequiredField,
    /// 102: a value is not what its datatype says.
    DataType,
    /// 103: a value is not in its table.
    TableValue,
    /// 104: a value is too long.
    TooLong,
    /// 200: MSH-9.1 is not supported.
    MessageType,
    /// 201: MSH-9.2 is not supported.
    EventCode,
    /// 202: MSH-11 is not supported.
    ProcessingId,
    /// 203: MSH-12 is not supported.
    VersionId,
    /// 204: a key names nothing that is known.
    UnknownKey,
    /// 205: a key is taken.
    DuplicateKey,
    /// 206: the record is locked.
    RecordLocked,
    /// 207: anything else.
    Internal,
}

impl ErrorCode {
    /// All codes, in order.
    pub const ALL: [Self; 13] = [
        Self::SegmentSequence,
        Self::RequiredField,
        Self::DataType,
        Self::TableValue,
        Self::TooLong,
        Self::MessageType,
        Self::EventCode,
        Self::ProcessingId,
        Self::VersionId,
        Self::UnknownKey,
        Self::DuplicateKey,
        Self::RecordLocked,
        Self::Internal,
    ];

    /// The code as sent, and its text as the standard prints it.
    fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::SegmentSequence => ("100", "Segment sequence error"),
            Self::RequiredField => ("101", "Required field missing"),
            Self::DataType => ("102", "Data type error"),
            Self::TableValue => ("103", "Table value not found"),
            Self::TooLong => ("104", "Value too long"),
            Self::MessageType => ("200", "Unsupported message type"),
            Self::EventCode => ("201", "Unsupported event code"),
            Self::ProcessingId => ("202", "Unsupported processing id"),
            Self::VersionId => ("203", "Unsupported version id"),
            Self::UnknownKey => ("204", "Unknown key identifier"),
            Self::DuplicateKey => ("205", "Duplicate key identifier"),
            Self::RecordLocked => ("206", "Application record locked"),
            Self::Internal => ("207", "Application internal error"),
        }
    }

    /// The code as sent.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.row().0
    }

    /// Its text as the standard prints it.
    #[must_use]
    pub fn text(self) -> &'static str {
        self.row().1
    }

    /// The code for a text.
    #[must_use]
    pub fn of_code(code: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.code().as_bytes() == code)
    }

    /// Whether it makes a message not acceptable (`AR`, `CR`) rather than wrong (`AE`).
    #[must_use]
    pub fn rejects(self) -> bool {
        matches!(self, Self::MessageType | Self::EventCode | Self::ProcessingId | Self::VersionId)
    }
}

/// Characters of an offending text that are sent back.
const LONGEST_VALUE: usize = 80;

impl Rule {
    /// The code of table 0357 that comes nearest.
    #[must_use]
    pub fn error_code(self) -> ErrorCode {
        match self {
            Self::MissingSegment
            | Self::UnexpectedSegment
            | Self::SiteSegment
            | Self::MisplacedSegment
            | Self::NotASegment
            | Self::TooManyOccurrences => ErrorCode::SegmentSequence,
            Self::RequiredField | Self::RequiredComponent | Self::Conditional => {
                ErrorCode::RequiredField
            }
            Self::UnusualDelimiters
            | Self::TooManyRepetitions
            | Self::SurplusField
            | Self::SurplusComponent
            | Self::SurplusSubcomponent
            | Self::InvalidText
            | Self::OtherCharset
            | Self::NotSupported
            | Self::Withdrawn
            | Self::BadFormat
            | Self::TooShort
            | Self::BadEscape
            | Self::TrailingDelimiters => ErrorCode::DataType,
            Self::UnknownDatatype | Self::UnknownCode | Self::SiteCode => ErrorCode::TableValue,
            Self::TooLong | Self::ConformanceLength => ErrorCode::TooLong,
            Self::UnknownStructure => ErrorCode::MessageType,
            Self::SiteMessage => ErrorCode::EventCode,
            Self::OtherVersion => ErrorCode::VersionId,
        }
    }
}

/// One entry of an ERR: where, what, how bad. All positions count from one; zero is "not stated".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The segment id; empty where the fault has no place.
    pub segment: String,
    /// Which of the segments with this id.
    pub sequence: u32,
    /// The field.
    pub field: u32,
    /// The repetition of the field.
    pub repetition: u32,
    /// The component.
    pub component: u32,
    /// The subcomponent.
    pub subcomponent: u32,
    /// What is wrong.
    pub code: ErrorCode,
    /// How much it matters.
    pub severity: Severity,
    /// What was expected, in one sentence without text of the message (ERR-7).
    pub diagnostic: String,
    /// The offending text, if it may be sent back (ERR-6).
    pub value: Option<String>,
}

impl Fault {
    /// A fault without a place.
    #[must_use]
    pub fn new(code: ErrorCode) -> Self {
        Self {
            segment: String::new(),
            sequence: 0,
            field: 0,
            repetition: 0,
            component: 0,
            subcomponent: 0,
            code,
            severity: Severity::Error,
            diagnostic: String::new(),
            value: None,
        }
    }

    /// A fault in a field of the first segment with an id.
    #[must_use]
    pub fn at(segment: &str, field: u32, code: ErrorCode) -> Self {
        Self { segment: segment.to_owned(), sequence: 1, field, ..Self::new(code) }
    }

    /// The same with a sentence about it.
    #[must_use]
    pub fn saying(self, diagnostic: impl Into<String>) -> Self {
        Self { diagnostic: diagnostic.into(), ..self }
    }

    /// Adds the beginning of the offending text, which may be about a patient, as it stands in the message: ERR-6 has 80
    /// characters. Nothing is added where the fault is one of absence.
    #[must_use]
    pub fn with_value(self, message: &[u8], finding: &Finding) -> Self {
        let raw = message.get(finding.range()).filter(|raw| !raw.is_empty());
        let shortened = raw.map(|raw| &raw[..raw.len().min(4 * LONGEST_VALUE)]);
        let value =
            shortened.map(|raw| String::from_utf8_lossy(raw).chars().take(LONGEST_VALUE).collect());
        Self { value, ..self }
    }

    /// The place as an ERL (2.5 on), or the first components of an ELD.
    fn place(&self, components: usize, separator: u8) -> Vec<u8> {
        let numbers =
            [self.sequence, self.field, self.repetition, self.component, self.subcomponent];
        let numbers = &numbers[..components];
        let last = numbers.iter().rposition(|&number| number > 0).map_or(0, |last| last + 1);
        let mut out = self.segment.clone().into_bytes();
        for &number in &numbers[..last] {
            out.push(separator);
            if number > 0 {
                out.extend_from_slice(number.to_string().as_bytes());
            }
        }
        out
    }

    /// One repetition of ERR-1: `PID^1^3^101&Required field missing&HL70357`, in 2.1 and 2.2 with the code alone.
    fn eld(&self, shape: Shape, delimiters: &Delimiters) -> Vec<u8> {
        let mut out = self.place(2, delimiters.component);
        let written = out.iter().filter(|&&byte| byte == delimiters.component).count();
        out.extend(std::iter::repeat_n(delimiters.component, 3 - written));
        out.extend_from_slice(self.code.code().as_bytes());
        if let (Shape::Located, Some(separator)) = (shape, delimiters.subcomponent) {
            for part in [self.code.text(), "HL70357"] {
                out.push(separator);
                out.extend(leaf(part, delimiters));
            }
        }
        out
    }

    /// The fields of an ERR from 2.5 on.
    fn fields(&self, help_desk: Option<&str>, notation: &Notation) -> Vec<Vec<u8>> {
        let separator = notation.delimiters.component;
        let text = leaf_in(self.code.text(), notation);
        let code = [self.code.code().as_bytes(), &text, b"HL70357"].join(&separator);
        let severity: &[u8] = match self.severity {
            Severity::Error => b"E",
            Severity::Warning => b"W",
            Severity::Note => b"I",
        };
        let optional = |text: Option<&str>| text.map_or(Vec::new(), |text| leaf_in(text, notation));
        vec![
            Vec::new(),
            self.place(5, separator),
            code,
            severity.to_vec(),
            Vec::new(),
            optional(self.value.as_deref()),
            leaf_in(&self.diagnostic, notation),
            Vec::new(),
            Vec::new(),
            Vec::new(),
            Vec::new(),
            optional(help_desk),
        ]
    }
}

impl From<&Finding> for Fault {
    fn from(finding: &Finding) -> Self {
        let path = finding.path;
        Self {
            segment: path.segment().to_owned(),
            sequence: path.occurrence,
            field: path.field,
            repetition: path.repetition.max(u32::from(path.component > 0)),
            component: path.component,
            subcomponent: path.subcomponent,
            code: finding.rule.error_code(),
            severity: finding.severity,
            diagnostic: finding.message.clone(),
            value: None,
        }
    }
}

/// The shapes of ERR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// 2.1 and 2.2: ERR-1 repeats, its fourth component is the code.
    Coded,
    /// 2.3 to 2.4: ERR-1 repeats, its fourth component has code, text and table.
    Located,
    /// From 2.5 on: a segment for each fault, ERR-2 to ERR-12.
    Segments,
}

impl Shape {
    /// The shape for what MSH-12.1 says; the newest where it says nothing of use.
    #[must_use]
    pub fn of_version(version: &[u8]) -> Self {
        match minor(version) {
            Some(minor) if minor < 3 => Self::Coded,
            Some(minor) if minor < 5 => Self::Located,
            _ => Self::Segments,
        }
    }
}

/// The second number of a version: 5 of `2.5.1`. `None` for anything but version 2.
pub(crate) fn minor(version: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(version).ok()?.trim();
    let rest = text.trim_start_matches(['v', 'V']).strip_prefix("2.")?;
    rest.split('.').next()?.parse().ok()
}

/// Appends the faults as ERR segments.
pub(crate) fn write_faults(
    out: &mut Vec<u8>,
    faults: &[Fault],
    shape: Shape,
    help_desk: Option<&str>,
    notation: &Notation,
) {
    let delimiters = &notation.delimiters;
    if shape == Shape::Segments {
        for fault in faults {
            write_segment(out, b"ERR", &fault.fields(help_desk, notation), delimiters.field);
        }
    } else if !faults.is_empty() {
        let separator = delimiters.repetition.unwrap_or(b'~');
        let repetitions: Vec<_> = faults.iter().map(|fault| fault.eld(shape, delimiters)).collect();
        write_segment(out, b"ERR", &[repetitions.join(&separator)], delimiters.field);
    }
}

/// The faults that an acknowledgment reports, whatever their shape. An entry whose code is not of table 0357 counts as
/// [`ErrorCode::Internal`].
#[must_use]
pub fn read_faults(ack: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for err in ack.segments().filter(|segment| segment.id() == Some("ERR")) {
        if let Some(code) = err.field(3).filter(|field| !field.is_empty()) {
            let place = err.field(2).and_then(|field| field.repetitions().next());
            let mut fault = located(place, code.components().next());
            fault.severity = match err.field(4).map(|field| field.raw()) {
                Some(b"W") => Severity::Warning,
                Some(b"I") => Severity::Note,
                _ => Severity::Error,
            };
            fault.diagnostic = text(err.field(7)).into_owned();
            faults.push(fault);
            continue;
        }
        let entries = err.field(1).into_iter().flat_map(|field| field.repetitions());
        faults.extend(entries.filter(|entry| !entry.is_empty()).map(|entry| {
            let code = entry.components().nth(3).and_then(|code| code.subcomponents().next());
            let mut fault = located(Some(entry), code);
            (fault.repetition, fault.component, fault.subcomponent) = (0, 0, 0);
            fault
        }));
    }
    faults
}

fn text<'a>(piece: Option<Piece<'a>>) -> Cow<'a, str> {
    piece.map_or(Cow::Borrowed(""), |piece| piece.text())
}

/// A fault from a place whose components are segment, sequence, field, repetition, component, subcomponent.
fn located(place: Option<Piece<'_>>, code: Option<Piece<'_>>) -> Fault {
    let code = code.and_then(|code| ErrorCode::of_code(code.raw().trim_ascii()));
    let mut fault = Fault::new(code.unwrap_or(ErrorCode::Internal));
    let mut parts = place.into_iter().flat_map(|place| place.components());
    fault.segment = text(parts.next()).trim().to_owned();
    let mut number = || text(parts.next()).trim().parse().unwrap_or(0);
    fault.sequence = number();
    fault.field = number();
    fault.repetition = number();
    fault.component = number();
    fault.subcomponent = number();
    fault
}
