//! A policy: what is agreed with a partner, as a TOML file.
//!
//! The standard is where two systems start; what they agree on differs from it. A policy says what: which deviations
//! matter and how much, which codes the site adds, which segments it has made up, which fields it requires although
//! they are optional. From it come [`DecodeOptions`], and with these every way to read a message (a version's
//! `AnyMessage`, a struct, [`Tree::check`](crate::Tree::check)) judges it by the policy. Two partners have two policies; the
//! engine and the structs are the same.
//!
//! ```
//! use hl7_core::policy::Policy;
//! use hl7_core::{Rule, Severity};
//!
//! let policy = Policy::parse("[rules]\ntoo-long = \"off\"\nsite-segment = \"error\"\n", &[])?;
//! assert!(!policy.rules().contains(Rule::TooLong));
//! assert_eq!(policy.severity(Rule::SiteSegment), Severity::Error);
//!
//! let error = Policy::parse("[rules]\ntoo-lang = \"off\"\n", &[]).expect_err("there is no such rule");
//! assert_eq!((error.list()[0].line, error.list()[0].column), (2, 1));
//! assert_eq!(error.list()[0].nearest.as_deref(), Some("too-long"));
//! # Ok::<(), hl7_core::policy::PolicyErrors>(())
//! ```
//!
//! `docs/policy.md` in the repository has every key, `examples/partner.toml` a file to start from.

mod build;
mod definitions;
mod error;
mod read;
mod references;
#[cfg(test)]
mod tests;

use crate::decode::DecodeOptions;
use crate::desc::VersionDesc;
use crate::finding::{Rule, Rules, Severities, Severity};
use crate::limits::Limits;

use build::{Built, built};
use definitions::Definitions;
use error::{Mistake, located, nearest};
pub use error::{PolicyError, PolicyErrors, line_and_column};
use read::{Bounds, File, Reader};
use references::Scope;

/// What is agreed with a partner.
#[derive(Debug, Clone)]
pub struct Policy {
    name: Option<String>,
    version: Option<&'static VersionDesc>,
    limits: Bounds,
    rules: Rules,
    header_only: Rules,
    severities: Severities,
    definitions: Definitions,
    built: Vec<(&'static VersionDesc, &'static Built)>,
}

impl Policy {
    /// Reads a policy for some versions, such as all that a program speaks.
    ///
    /// Datatypes, tables and fields that it names must be those of the version that it names, or, where it names none, of
    /// one of these versions; in a version that does not have one of them, nothing is said about that.
    ///
    /// # Errors
    /// All mistakes of the file, each with line and column.
    pub fn parse(text: &str, versions: &[&'static VersionDesc]) -> Result<Self, PolicyErrors> {
        let mut reader = Reader { mistakes: Vec::new(), references: Vec::new() };
        let file = reader.file(text);
        let Reader { mut mistakes, references } = reader;
        let version = named_version(&file, versions, &mut mistakes);
        let one = version.map(|version| [version]);
        let spoken = one.as_ref().map_or(versions, |one| one.as_slice());
        if !spoken.is_empty() {
            let scope = Scope { versions: spoken, definitions: &file.definitions };
            mistakes.extend(references.into_iter().filter_map(|named| scope.check(named)));
        }
        if mistakes.is_empty() {
            Ok(Self::of(file, version, spoken))
        } else {
            Err(located(text, mistakes))
        }
    }

    fn of(
        file: File,
        version: Option<&'static VersionDesc>,
        spoken: &[&'static VersionDesc],
    ) -> Self {
        let (mut rules, mut header_only) = (Rules::ALL, Rules::NONE);
        let mut severities = Severities::OF_RULES;
        if version.is_some() {
            // The file says what the messages are, whatever they say.
            rules = rules.without(Rule::OtherVersion);
        }
        for &rule in Rule::ALL.iter().filter(|_| !file.body) {
            match part_of(rule) {
                Part::Whole => {}
                Part::Structure => rules = rules.without(rule),
                Part::Values => header_only = header_only.with(rule),
            }
        }
        let switched = file
            .trailing_delimiters
            .map(|allowed| (Rule::TrailingDelimiters, (!allowed).then_some(Severity::Error)));
        for (rule, severity) in switched.into_iter().chain(file.rules) {
            match severity {
                None => rules = rules.without(rule),
                Some(severity) => {
                    severities = severities.with(rule, severity);
                    // What is off with the body stays off.
                    if file.body || part_of(rule) != Part::Structure {
                        rules = rules.with(rule);
                    }
                }
            }
        }
        let definitions = file.definitions;
        let built = spoken.iter().map(|&version| (version, built(&definitions, version))).collect();
        Self {
            name: file.name,
            version,
            limits: file.limits,
            rules,
            header_only,
            severities,
            definitions,
            built,
        }
    }

    /// What the file calls itself.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The version to read messages as, whatever MSH-12 says.
    #[must_use]
    pub fn version(&self) -> Option<&'static VersionDesc> {
        self.version
    }

    /// The rules that are looked for.
    #[must_use]
    pub fn rules(&self) -> Rules {
        self.rules
    }

    /// How much a finding of a rule matters.
    #[must_use]
    pub fn severity(&self, rule: Rule) -> Severity {
        self.severities.of(rule)
    }

    /// How to read a message of a version: bounds, rules with their severities, the site's segments, tables and fields.
    ///
    /// They are for this version alone. Making them takes an allocation; a program that reads many messages keeps them.
    #[must_use]
    pub fn options(&self, version: &'static VersionDesc) -> DecodeOptions {
        self.apply(DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() }, version)
    }

    /// [`Policy::options`] on top of others: their bounds stay where the file sets none, and what they do not look for is
    /// not looked for.
    #[must_use]
    pub fn apply(&self, options: DecodeOptions, version: &'static VersionDesc) -> DecodeOptions {
        let known = self.built.iter().find(|(known, _)| std::ptr::eq(*known, version));
        let built = known.map_or_else(|| built(&self.definitions, version), |(_, built)| *built);
        let mut site_segments = built.segments.clone();
        site_segments.extend(options.site_segments);
        let Bounds { bytes, segments, findings } = self.limits;
        let limits = Limits {
            bytes: bytes.unwrap_or(options.limits.bytes),
            segments: segments.unwrap_or(options.limits.segments),
            findings: findings.unwrap_or(options.limits.findings),
        };
        DecodeOptions {
            limits,
            rules: self.rules.and(options.rules),
            header_only: self.header_only,
            severities: self.severities,
            least: options.least,
            site_segments,
            site: Some(&built.site),
            versions: options.versions,
        }
    }
}

/// The version that a file names.
fn named_version(
    file: &File,
    versions: &[&'static VersionDesc],
    mistakes: &mut Vec<Mistake>,
) -> Option<&'static VersionDesc> {
    let (id, span) = file.version.as_ref()?;
    let found = versions.iter().copied().find(|version| version.id == id);
    if found.is_none() {
        let known: Vec<_> = versions.iter().map(|version| version.id).collect();
        mistakes.push(Mistake {
            span: span.clone(),
            place: "version".to_owned(),
            found: format!("`{id}`"),
            expected: format!("a version at hand: {}", known.join(", ")),
            nearest: nearest(id, known),
        });
    }
    found
}

/// Which part of a message a rule is about, for the switch `body`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The whole: what makes it a message, and what its separators are. Looked for with the switch off too.
    Whole,
    /// Which segments there are and in which order.
    Structure,
    /// What the fields say. Of the header it is looked for with the switch off too.
    Values,
}

fn part_of(rule: Rule) -> Part {
    match rule {
        Rule::MissingSegment
        | Rule::UnexpectedSegment
        | Rule::MisplacedSegment
        | Rule::TooManyOccurrences => Part::Structure,
        Rule::RequiredField
        | Rule::RequiredComponent
        | Rule::TooManyRepetitions
        | Rule::UnknownDatatype
        | Rule::NotSupported
        | Rule::Withdrawn
        | Rule::Conditional
        | Rule::TooLong
        | Rule::TooShort
        | Rule::ConformanceLength
        | Rule::BadFormat
        | Rule::UnknownCode
        | Rule::SiteCode => Part::Values,
        Rule::SiteSegment
        | Rule::NotASegment
        | Rule::UnknownStructure
        | Rule::SiteMessage
        | Rule::OtherVersion
        | Rule::UnusualDelimiters
        | Rule::SurplusField
        | Rule::SurplusComponent
        | Rule::SurplusSubcomponent
        | Rule::TrailingDelimiters
        | Rule::BadEscape
        | Rule::InvalidText
        | Rule::OtherCharset => Part::Whole,
    }
}
