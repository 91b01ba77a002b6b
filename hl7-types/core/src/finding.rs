//! Findings: every deviation as data, with a rule, a severity, a place and what to do.

use std::fmt;
use std::ops::{Deref, Range};

use crate::path::Path;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; allowed.
    Note,
    /// Allowed, but a receiver may stumble.
    Warning,
    /// Not what the standard allows.
    Error,
}

impl Severity {
    /// `note`, `warning` or `error`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

macro_rules! rules {
    ($($(#[doc = $doc:literal])* $rule:ident $id:literal $severity:ident;)*) => {
        /// What a finding is about. The ids are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum Rule { $($(#[doc = $doc])* $rule,)* }

        impl Rule {
            /// All rules.
            pub const ALL: &'static [Rule] = &[$(Rule::$rule,)*];

            /// Stable id, as printed and as used in configuration.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Rule::$rule => $id,)* }
            }

            /// What a finding of this rule is, in a sentence or two.
            #[must_use]
            pub fn summary(self) -> &'static str {
                match self { $(Rule::$rule => concat!($($doc),*).trim_ascii_start(),)* }
            }

            /// What to do about a finding of this rule.
            #[must_use]
            pub fn hint(self) -> &'static str {
                crate::decode::hint(self)
            }

            /// Severity where nothing else was asked for.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Rule::$rule => Severity::$severity,)* }
            }
        }
    };
}

rules! {
    /// A required segment of the structure is not there.
    MissingSegment "missing-segment" Error;
    /// A segment that the structure has nowhere.
    UnexpectedSegment "unexpected-segment" Error;
    /// A site-defined segment (`Z..`) that the structure has nowhere; the standard allows them everywhere.
    SiteSegment "site-segment" Note;
    /// A segment that the structure has, but not at this place.
    MisplacedSegment "misplaced-segment" Error;
    /// A line that does not start with a segment id.
    NotASegment "not-a-segment" Error;
    /// MSH-9 names no structure of this version.
    UnknownStructure "unknown-structure" Error;
    /// MSH-9 names a site-defined event or message (`Z..`), for which the version has no structure.
    SiteMessage "site-message" Note;
    /// MSH-12 does not name the version that the message was read as.
    OtherVersion "other-version" Warning;
    /// MSH-2 declares delimiters in an unusual way.
    UnusualDelimiters "unusual-delimiters" Warning;
    /// A segment or group stands more often than the structure allows.
    TooManyOccurrences "too-many-occurrences" Error;
    /// A required field is empty.
    RequiredField "required-field" Error;
    /// A required component of a valued field is empty.
    RequiredComponent "required-component" Error;
    /// More repetitions than allowed.
    TooManyRepetitions "too-many-repetitions" Error;
    /// More fields than the segment has.
    SurplusField "surplus-field" Warning;
    /// More components than the datatype has.
    SurplusComponent "surplus-component" Warning;
    /// More subcomponents than the component's datatype has.
    SurplusSubcomponent "surplus-subcomponent" Warning;
    /// Bytes that are not valid text; kept as they are.
    InvalidText "invalid-text" Warning;
    /// MSH-18 declares another character set than the one that the bytes are in.
    OtherCharset "other-charset" Warning;
    /// The field that names the datatype (OBX-2) names none that this version has.
    UnknownDatatype "unknown-datatype" Error;
    /// A field that must not be used has a value.
    NotSupported "not-supported" Error;
    /// A withdrawn field has a value.
    Withdrawn "withdrawn" Warning;
    /// A field or component that the standard requires where another is valued (or empty) is itself empty, or one that it
    /// forbids there has a value.
    Conditional "conditional" Error;
    /// Longer than the standard's maximum length.
    TooLong "too-long" Warning;
    /// Shorter than the standard's minimum length (our definitions have it for 2.9). Of primitives only.
    TooShort "too-short" Warning;
    /// Longer than the conformance length (section 2.5.5.2, from 2.7 on; our definitions have it for 2.9): what every
    /// receiver must be able to keep. A longer value is allowed. Where the length is marked `#` its end may be cut off,
    /// where it is marked `=` it may not, so that a receiver that cannot keep it refuses it. Of primitives only.
    ConformanceLength "conformance-length" Note;
    /// Text that is not of the form its datatype has.
    BadFormat "bad-format" Error;
    /// A code that the HL7 table does not have.
    UnknownCode "unknown-code" Error;
    /// A code that the table does not list, and that a site may use: the table is user-defined, or the code is (`Z..`).
    SiteCode "site-code" Note;
    /// An escape character that begins none of the sequences of section 2.7.
    BadEscape "bad-escape" Warning;
    /// Separators with no value behind them (section 2.6 lets a sender leave them out).
    TrailingDelimiters "trailing-delimiters" Note;
}

/// A set of rules to check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules(u64);

impl Rules {
    /// What decoding notices by itself: structure, required fields, surplus pieces.
    pub const STRUCTURE: Self = Self((1 << (Rule::UnknownDatatype as u8 + 1)) - 1);
    /// All rules.
    pub const ALL: Self = Self((1 << (Rule::TrailingDelimiters as u8 + 1)) - 1);
    /// None.
    pub const NONE: Self = Self(0);

    /// Whether a rule is in the set.
    #[must_use]
    pub const fn contains(self, rule: Rule) -> bool {
        self.0 & (1 << rule as u8) != 0
    }

    /// The set without a rule.
    #[must_use]
    pub const fn without(self, rule: Rule) -> Self {
        Self(self.0 & !(1 << rule as u8))
    }

    /// The rules that are in both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The set with a rule.
    #[must_use]
    pub const fn with(self, rule: Rule) -> Self {
        Self(self.0 | (1 << rule as u8))
    }
}

/// Severities that are not those of the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Severities {
    notes: Rules,
    warnings: Rules,
    errors: Rules,
}

impl Severities {
    /// Each rule has its own severity.
    pub const OF_RULES: Self =
        Self { notes: Rules::NONE, warnings: Rules::NONE, errors: Rules::NONE };

    /// The same, but for one rule.
    #[must_use]
    pub const fn with(self, rule: Rule, severity: Severity) -> Self {
        let mut all = Self {
            notes: self.notes.without(rule),
            warnings: self.warnings.without(rule),
            errors: self.errors.without(rule),
        };
        match severity {
            Severity::Note => all.notes = all.notes.with(rule),
            Severity::Warning => all.warnings = all.warnings.with(rule),
            Severity::Error => all.errors = all.errors.with(rule),
        }
        all
    }

    /// The severity of a rule.
    #[must_use]
    pub fn of(&self, rule: Rule) -> Severity {
        if self.errors.contains(rule) {
            Severity::Error
        } else if self.warnings.contains(rule) {
            Severity::Warning
        } else if self.notes.contains(rule) {
            Severity::Note
        } else {
            rule.severity()
        }
    }
}

/// One deviation from the standard. Holds no message text; [`Finding::span`] says where the piece stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub rule: Rule,
    /// How much it matters.
    pub severity: Severity,
    /// Where.
    pub path: Path,
    /// Ordinal of the segment in the message, from one.
    pub segment: u32,
    /// The piece, as bytes of the message; empty where something is missing.
    pub span: Range<u32>,
    /// What was found and what was expected, in one sentence.
    pub message: String,
    /// What to do about it.
    pub hint: &'static str,
    /// What the version that MSH-12 names says here, where it is not the version that the message was read as, and
    /// nothing is wrong under it: `2.3: PID-5 XPN, optional, 48 characters`. Only with
    /// [`DecodeOptions::versions`](crate::DecodeOptions::versions).
    pub allowed: Option<Box<str>>,
}

impl Finding {
    /// The span as a range of the message.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.span.start as usize..self.span.end as usize
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}] {}: {}", self.severity.word(), self.rule.id(), self.path, self.message)?;
        match &self.allowed {
            Some(allowed) => write!(f, " ({allowed})"),
            None => Ok(()),
        }
    }
}

/// The findings of one message, in the order of the message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    list: Vec<Finding>,
    /// How many were found, those over the limit included, those that matter less than was asked for left out.
    pub total: usize,
    /// How many notes and warnings mattered less than was asked for.
    passed_over: [usize; 2],
}

impl Findings {
    /// How many of a severity were found and passed over, as [`DecodeOptions::least`](crate::DecodeOptions::least) asks.
    #[must_use]
    pub fn passed_over(&self, severity: Severity) -> usize {
        self.passed_over.get(severity as usize).copied().unwrap_or(0)
    }

    /// Counts one that matters less than was asked for.
    pub(crate) fn pass_over(&mut self, severity: Severity) {
        if let Some(count) = self.passed_over.get_mut(severity as usize) {
            *count += 1;
        }
    }

    pub(crate) fn push(&mut self, finding: Finding, limit: usize) {
        self.total += 1;
        if self.list.len() < limit {
            self.list.push(finding);
        }
    }

    /// Whether one more will be kept; if not, it is counted.
    pub(crate) fn has_room(&mut self, limit: usize) -> bool {
        let room = self.list.len() < limit;
        self.total += usize::from(!room);
        room
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Finding> {
        self.list.iter_mut()
    }

    pub(crate) fn sort(&mut self) {
        self.list.sort_by_key(|finding| (finding.segment, finding.span.start));
    }
}

impl Deref for Findings {
    type Target = [Finding];

    fn deref(&self) -> &[Finding] {
        &self.list
    }
}

impl<'a> IntoIterator for &'a Findings {
    type Item = &'a Finding;
    type IntoIter = std::slice::Iter<'a, Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

impl IntoIterator for Findings {
    type Item = Finding;
    type IntoIter = std::vec::IntoIter<Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}
