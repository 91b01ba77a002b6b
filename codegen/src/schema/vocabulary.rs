//! The words attributes may hold: usage codes, maxima, formats, lengths.
//!
//! The model uses these same types, they are plain values without a trace of XML. Each one parses
//! from the text of an attribute and says in its error what would have been right.

use std::fmt;

use serde::Deserialize;

/// Whether an element has to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(try_from = "String")]
pub enum Usage {
    /// `R`: required.
    Required,
    /// `RE`: required, but may be empty.
    RequiredOrEmpty,
    /// `O`: optional, the default.
    #[default]
    Optional,
    /// `C`: conditional; `C(R/X)` also names the usage when the condition is met and when it is not.
    Conditional(Option<Branches>),
    /// `B`: kept for backward compatibility.
    BackwardCompatible,
    /// `X`: not supported.
    NotSupported,
    /// `W`: withdrawn; the position stays, the element has no type any more.
    Withdrawn,
}

/// What names the datatype of a field that varies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub enum VariesBy {
    /// The field of the segment with this position.
    Field(u16),
    /// `RDF-2`: the column descriptions of the RDF in front of the segment, one for each of its fields.
    Column,
}

impl TryFrom<String> for VariesBy {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "RDF-2" {
            return Ok(Self::Column);
        }
        text.parse().map(Self::Field).map_err(|_| "the position of a field, or `RDF-2`".into())
    }
}

/// When a conditional element is required: positions in the same segment or composite that have to have a value, as
/// negative numbers those that have to have none; zero where there is one only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Condition(pub [i8; 2]);

impl TryFrom<String> for Condition {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let term = |text: &str| {
            let (sign, digits) = match text.strip_prefix('!') {
                Some(digits) => (-1, digits),
                None => (1, text),
            };
            let plain = !digits.starts_with(['+', '-', '0']);
            digits.parse::<i8>().ok().filter(|_| plain).map(|seq| sign * seq)
        };
        let mut terms = text.split(' ').map(term);
        let condition = match (terms.next(), terms.next(), terms.next()) {
            (Some(first), None, _) => first.map(|first| [first, 0]),
            (Some(first), Some(second), None) => first.zip(second).map(|(a, b)| [a, b]),
            _ => None,
        };
        condition.map(Self).ok_or_else(|| {
            "the position of a field or component, `5`, or `!5` for one without a value; two with a space between"
                .into()
        })
    }
}

/// The two outcomes of a condition, `C(met/unmet)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Branches {
    /// Usage when the condition is met.
    pub met: Branch,
    /// Usage when it is not.
    pub unmet: Branch,
}

/// A usage inside `C(../..)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Branch {
    /// `R`: required.
    Required,
    /// `RE`: required, but may be empty.
    RequiredOrEmpty,
    /// `O`: optional.
    Optional,
    /// `X`: not supported.
    NotSupported,
}

impl Branch {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "R" => Self::Required,
            "RE" => Self::RequiredOrEmpty,
            "O" => Self::Optional,
            "X" => Self::NotSupported,
            _ => return None,
        })
    }

    fn code(self) -> &'static str {
        match self {
            Self::Required => "R",
            Self::RequiredOrEmpty => "RE",
            Self::Optional => "O",
            Self::NotSupported => "X",
        }
    }
}

impl TryFrom<String> for Usage {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Ok(match text.as_str() {
            "R" => Self::Required,
            "RE" => Self::RequiredOrEmpty,
            "O" => Self::Optional,
            "C" => Self::Conditional(None),
            "B" => Self::BackwardCompatible,
            "X" => Self::NotSupported,
            "W" => Self::Withdrawn,
            other => {
                let branches = other
                    .strip_prefix("C(")
                    .and_then(|rest| rest.strip_suffix(')'))
                    .and_then(|inside| inside.split_once('/'))
                    .and_then(|(met, unmet)| {
                        Some(Branches { met: Branch::parse(met)?, unmet: Branch::parse(unmet)? })
                    });
                match branches {
                    Some(branches) => Self::Conditional(Some(branches)),
                    None => {
                        return Err("a usage: R, RE, O, C, B, X, W, or C(a/b) \
                                    where a and b are R, RE, O or X"
                            .into());
                    }
                }
            }
        })
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Required => "R",
            Self::RequiredOrEmpty => "RE",
            Self::Optional => "O",
            Self::Conditional(None) => "C",
            Self::Conditional(Some(Branches { met, unmet })) => {
                return write!(f, "C({}/{})", met.code(), unmet.code());
            }
            Self::BackwardCompatible => "B",
            Self::NotSupported => "X",
            Self::Withdrawn => "W",
        })
    }
}

/// How often something may occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub enum Max {
    /// At most this often.
    Times(u16),
    /// `*`: no limit.
    Unbounded,
}

impl Max {
    /// True when more than one occurrence is legal, so that the element is a list.
    #[must_use]
    pub fn is_many(self) -> bool {
        self > Self::Times(1)
    }
}

impl TryFrom<String> for Max {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Unbounded);
        }
        text.parse().map(Self::Times).map_err(|_| "a whole number up to 65535, or `*`".into())
    }
}

impl fmt::Display for Max {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Times(times) => times.fmt(f),
            Self::Unbounded => f.write_str("*"),
        }
    }
}

/// A conformance length: every receiver has to keep at least this many characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct ConformanceLength {
    /// The number of characters.
    pub chars: u32,
    /// `20#` may be truncated, `20=` may not.
    pub truncatable: bool,
}

impl TryFrom<String> for ConformanceLength {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (digits, truncatable) = match (text.strip_suffix('#'), text.strip_suffix('=')) {
            (Some(digits), _) => (digits, true),
            (_, Some(digits)) => (digits, false),
            _ => ("", false),
        };
        digits.parse().map(|chars| Self { chars, truncatable }).map_err(|_| {
            "a number and then `#` (may be truncated) or `=` (may not), as `20#`".into()
        })
    }
}

impl fmt::Display for ConformanceLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.chars, if self.truncatable { '#' } else { '=' })
    }
}

/// What the text of a primitive datatype looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Plain text: ST.
    String,
    /// Text that is shown as it stands: TX.
    Text,
    /// Text with formatting escapes: FT.
    Formatted,
    /// A position in a list: SI.
    Sequence,
    /// A decimal number: NM.
    Number,
    /// A code of a table of the standard: ID.
    Id,
    /// A code of a site's table: IS.
    Coded,
    /// A day: DT.
    Date,
    /// A time of day: TM.
    Time,
    /// A point in time: DTM.
    Datetime,
    /// A general timing specification: GTS.
    Timing,
    /// A telephone number: TN, in old versions.
    Telephone,
    /// A string of digits: SNM.
    StringNumber,
    /// A composite whose parts the version does not define: the bare CM of 2.1.
    CompositeUnknown,
}

/// Who defines a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub enum TableKind {
    /// Defined by the standard.
    #[serde(rename = "HL7")]
    Hl7,
    /// Suggested by the standard, defined by the site.
    User,
    /// Defined by the standard, extensible by the site.
    #[serde(rename = "HL7-EXT")]
    Hl7Extensible,
    /// Taken over from another standard.
    Imported,
    /// Maintained by another organisation.
    External,
    /// A name for a concept only; nobody has listed codes.
    ConceptDomainOnly,
    /// Listed as unknown.
    #[serde(rename = "unknown")]
    Unknown,
}

/// The standing of a segment, group or choice inside a structure, where it is not plainly active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub enum MemberStatus {
    /// `B`: kept for backward compatibility.
    #[serde(rename = "B")]
    BackwardCompatible,
    /// `D`: deprecated.
    #[serde(rename = "D")]
    Deprecated,
    /// `d`: deprecated; the lower case is the standard's.
    #[serde(rename = "d")]
    DeprecatedLower,
    /// `W`: withdrawn.
    #[serde(rename = "W")]
    Withdrawn,
    /// `xsd-choice`: the published XML schema has a choice here, the standard's text a sequence.
    #[serde(rename = "xsd-choice")]
    XsdChoice,
}

/// Attributes about which sources disagree, as `type len`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "String")]
pub struct Disputed(pub Vec<String>);

impl Disputed {
    /// What may be disputed: attributes of a field or component, or the tree of a structure.
    pub const ASPECTS: &'static [&'static str] = &["type", "usage", "max", "len", "table", "tree"];
}

impl TryFrom<String> for Disputed {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let aspects: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        if aspects.iter().all(|aspect| Self::ASPECTS.contains(&aspect.as_str())) {
            Ok(Self(aspects))
        } else {
            Err(format!("words out of: {}", Self::ASPECTS.join(", ")))
        }
    }
}
