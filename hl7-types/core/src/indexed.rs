//! A message that is indexed and has a structure, but is not read yet: what an enum over message structures starts from.

use std::borrow::Cow;

use crate::decode::{DecodeOptions, consulted, hint, read};
use crate::desc::{StructureDesc, VersionDesc};
use crate::encode::write;
use crate::er7::Scan;
use crate::error::DecodeError;
use crate::finding::{Finding, Findings, Rule};
use crate::navigate::{self, SetError};
use crate::node::GroupNode;
use crate::path::Path;
use crate::tree::{Tree, structure_named};
use crate::version::nearest;

/// A message that is indexed, and has no version yet.
#[derive(Debug)]
pub struct Indexed<'a> {
    bytes: &'a [u8],
    scan: Scan,
    options: &'a DecodeOptions,
}

/// An indexed message under a version: it has a structure, if MSH-9 names one.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    indexed: &'a Indexed<'a>,
    version: &'static VersionDesc,
    structure: Option<&'static StructureDesc>,
}

impl<'a> Indexed<'a> {
    /// Indexes a message.
    ///
    /// # Errors
    /// When the bytes are no HL7 message, or over a limit.
    pub fn of(bytes: &'a [u8], options: &'a DecodeOptions) -> Result<Self, DecodeError> {
        Ok(Self { bytes, scan: Scan::of(bytes, &options.limits)?, options })
    }

    /// See [`Tree::version`].
    #[must_use]
    pub fn version(&self, versions: &[&'static VersionDesc]) -> Option<&'static VersionDesc> {
        nearest(self.bytes, &self.scan, versions)
    }

    /// Looks up the structure that MSH-9 names.
    #[must_use]
    pub fn under(&'a self, version: &'static VersionDesc) -> Reading<'a> {
        let structure = structure_named(self.bytes, &self.scan, version);
        Reading { indexed: self, version, structure }
    }
}

impl Reading<'_> {
    /// The index of the structure in [`VersionDesc::structures`].
    #[must_use]
    pub fn structure(&self) -> Option<usize> {
        let id = self.structure?.id;
        self.version.structures.binary_search_by(|structure| structure.id.cmp(id)).ok()
    }

    /// Reads the message into a struct of its structure.
    #[must_use]
    pub fn fill(&self, message: &mut dyn GroupNode) -> Findings {
        self.read(self.structure, Some(message))
    }

    /// The message without a structure.
    #[must_use]
    pub fn tree(&self) -> Tree {
        Tree::from_parts(self.indexed.bytes.to_vec(), self.indexed.scan.clone())
    }

    /// Checks what can be checked without a structure: the segments.
    #[must_use]
    pub fn check_segments(&self) -> Findings {
        let Indexed { bytes, scan, options } = self.indexed;
        let mut findings = self.read(None, None);
        report_unknown_structure(&mut findings, bytes, scan, self.version, options);
        findings
    }

    fn read(
        &self,
        structure: Option<&'static StructureDesc>,
        root: Option<&mut dyn GroupNode>,
    ) -> Findings {
        let Indexed { bytes, scan, options } = self.indexed;
        read(bytes, scan, structure, Some(self.version), root, options)
    }
}

/// Adds the finding that MSH-9 names no structure.
pub(crate) fn report_unknown_structure(
    findings: &mut Findings,
    bytes: &[u8],
    scan: &Scan,
    version: &VersionDesc,
    options: &DecodeOptions,
) {
    let span = scan.field(bytes, 0, 9).map_or(0..0, |span| span.start..span.end);
    let said = &bytes[span.start as usize..span.end as usize];
    let mut parts = said.split(|&byte| byte == scan.delimiters.component);
    let rule = if parts.any(is_site_defined) { Rule::SiteMessage } else { Rule::UnknownStructure };
    if !options.rules.contains(rule) {
        return;
    }
    let severity = options.severities.of(rule);
    if severity < options.least {
        return findings.pass_over(severity);
    }
    let structure = consulted(bytes, scan, Some(version), options)
        .and_then(|named| Some((named, structure_named(bytes, scan, named)?)));
    let allowed =
        structure.map(|(named, structure)| format!("{} has {}", named.id, structure.id).into());
    let finding = Finding {
        rule,
        severity,
        path: Path::at(b"MSH", 1).with_field(9),
        segment: 1,
        span,
        message: format!(
            "names no message structure of version {}; only the segments were checked",
            version.id
        ),
        hint: hint(rule),
        allowed,
    };
    findings.push(finding, options.limits.findings);
    findings.sort();
}

/// Whether a message code, trigger event or structure is one that the standard leaves to sites: `ZDT`, `Z01`, `ADT_Z01`.
pub(crate) fn is_site_defined(code: &[u8]) -> bool {
    code.split(|&byte| byte == b'_').any(|part| part.starts_with(b"Z"))
}

/// Writes a message of any structure.
#[must_use]
pub fn encode_group(root: &dyn GroupNode) -> Vec<u8> {
    write(root)
}

/// What a path names in a message of any structure.
#[must_use]
pub fn get_in_group<'a>(root: &'a dyn GroupNode, path: &Path) -> Option<Cow<'a, str>> {
    navigate::get(root, path)
}

/// Sets a leaf in a message of any structure.
///
/// # Errors
/// See [`Message::set`](crate::Message::set).
pub fn set_in(
    message: Result<&mut dyn GroupNode, &mut Tree>,
    path: &Path,
    text: &str,
) -> Result<(), SetError> {
    match message {
        Ok(root) => navigate::set(root, path, text),
        Err(tree) => tree.set(path, text),
    }
}
