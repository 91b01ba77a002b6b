//! The engine that reads a message: one walk over its index and its descriptors that fills typed structs (or none), keeps
//! what they cannot hold, and checks.
//!
//! Without a struct to fill it is the validator; with one it is the decoder. There is no second copy of either.

mod check;
mod conditions;
mod deviations;
mod fields;
mod leaves;
mod named;
mod notation;
mod outline;
mod structure;
mod varying;

use std::borrow::Cow;
use std::ops::Range;

use crate::charset::{self, Charset};
use crate::desc::{SegmentDesc, StructureDesc, TableDesc, VersionDesc};
use crate::encode::keep_charset;
use crate::er7::{Mark, Scan};
use crate::extra::{LineEnd, SlotSurplus};
use crate::finding::{Findings, Rule, Rules, Severities, Severity};
use crate::limits::Limits;
use crate::node::{GroupNode, Node};
use crate::placement::Placement;
use crate::site::Site;
use crate::tree::Tree;

pub(crate) use check::{CODED, hint};
use deviations::Deviating;
pub(crate) use named::consulted;
pub(crate) use outline::{Entry, outline};
use structure::Walk;
use varying::DatatypeNames;
pub(crate) use varying::name_in;

/// How to decode and what to check on the way.
#[derive(Debug, Clone)]
pub struct DecodeOptions {
    /// Bounds on the message.
    pub limits: Limits,
    /// What to look for; [`Rules::STRUCTURE`] unless set.
    pub rules: Rules,
    /// Rules that are looked for in the header segment only. None unless set.
    pub header_only: Rules,
    /// How much each finding matters; what its rule says unless set.
    pub severities: Severities,
    /// The least that a finding has to matter to be kept; others are counted only, which costs a fraction of the time.
    /// [`Severity::Note`], all of them, unless set.
    pub least: Severity,
    /// Site-defined segments that are checked where they occur, whatever the structure says about them.
    pub site_segments: Vec<&'static SegmentDesc>,
    /// What a site defines otherwise than the standard. Nothing unless set; it costs nothing then.
    pub site: Option<&'static Site>,
    /// Versions to consult where MSH-12 names another one than the message is read as: a finding that the named version
    /// does not have says what that version has instead ([`Finding::allowed`](crate::Finding::allowed)). None unless set;
    /// `hl7_types::decode` takes all that are enabled.
    pub versions: &'static [&'static VersionDesc],
}

impl Default for DecodeOptions {
    fn default() -> Self {
        Self {
            limits: Limits::DEFAULT,
            rules: Rules::STRUCTURE,
            header_only: Rules::NONE,
            severities: Severities::OF_RULES,
            least: Severity::Note,
            site_segments: Vec::new(),
            site: None,
            versions: &[],
        }
    }
}

impl DecodeOptions {
    /// A segment that the site defines itself.
    fn site_segment(&self, id: &[u8]) -> Option<&'static SegmentDesc> {
        self.site_segments.iter().copied().find(|desc| desc.id.as_bytes() == id)
    }

    /// A segment of the standard, with what the site makes of it.
    fn segment(&self, standard: &'static SegmentDesc) -> &'static SegmentDesc {
        self.site.map_or(standard, |site| site.segment(standard))
    }

    /// A table of the standard, with what the site makes of it.
    fn table(&self, standard: &'static TableDesc) -> &'static TableDesc {
        self.site.map_or(standard, |site| site.table(standard))
    }
}

/// The rules that look at values.
const VALUE_RULES: [Rule; 7] = [
    Rule::Conditional,
    Rule::TooLong,
    Rule::TooShort,
    Rule::ConformanceLength,
    Rule::BadFormat,
    Rule::UnknownCode,
    Rule::SiteCode,
];

/// Those of them that look at forms and codes.
const FORM_RULES: [Rule; 3] = [Rule::BadFormat, Rule::UnknownCode, Rule::SiteCode];

/// A stretch of the message.
#[derive(Clone, Copy)]
struct Stretch {
    start: u32,
    end: u32,
}

impl Stretch {
    fn nothing(at: u32) -> Self {
        Self { start: at, end: at }
    }

    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl From<Stretch> for Range<u32> {
    fn from(stretch: Stretch) -> Self {
        stretch.start..stretch.end
    }
}

/// One message being read.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    /// The message as text, if all of it is.
    text: Option<&'a str>,
    scan: &'a Scan,
    standard: bool,
    structure: Option<&'static StructureDesc>,
    version: Option<&'static VersionDesc>,
    options: &'a DecodeOptions,
    findings: Findings,
    terminator: LineEnd,
    /// Which of its name each segment is; made when the first finding needs it.
    occurrences: Vec<u32>,
    /// Whether values are looked at, not only where they stand: forms, codes, lengths.
    values: bool,
    /// Whether forms and codes are.
    forms: bool,
    /// The message as text, if pieces of it are values as they stand and need not be looked at.
    plain: Option<&'a str>,
    /// What the segment being read is.
    desc: Option<&'static SegmentDesc>,
    /// The separators of the segment being read, and how many of them are behind us.
    marks: &'a [Mark],
    next: usize,
    /// What the slots filled last could not hold, until it is kept beside them.
    left: Vec<(u32, SlotSurplus)>,
    names: DatatypeNames,
    segment: usize,
    field: u32,
    repetition: u32,
    component: u32,
    subcomponent: u32,
}

/// Lends a target for a shorter time. `Option::as_deref_mut` cannot: it keeps the lifetime of the trait object.
macro_rules! lend {
    ($target:expr) => {
        match &mut $target {
            Some(target) => Some(&mut **target),
            None => None,
        }
    };
}
use lend;

/// Reads a message into a struct, or into none.
pub(crate) fn read(
    bytes: &[u8],
    scan: &Scan,
    structure: Option<&'static StructureDesc>,
    version: Option<&'static VersionDesc>,
    root: Option<&mut dyn GroupNode>,
    options: &DecodeOptions,
) -> Findings {
    let mut reader = Reader::new(bytes, scan, structure, version, options);
    reader.message(root);
    reader.check_notation();
    let mut findings = reader.findings;
    named::explain(&mut findings, bytes, scan, structure, version, options);
    findings.sort();
    findings
}

/// Reads the last segment of a tree into a struct, with the rules of structure; an RDF before it says what its columns are.
pub(crate) fn read_segment(
    tree: &Tree,
    desc: &'static SegmentDesc,
    node: &mut dyn Node,
) -> Findings {
    let options = DecodeOptions::default();
    let mut reader = Reader::new(tree.bytes(), tree.scan(), None, None, &options);
    if let Some(last) = tree.segments().len().checked_sub(1) {
        for index in 0..last {
            if reader.id(index) == Some(*b"RDF") {
                reader.read_columns(index);
            }
        }
        reader.segment(last, desc, Some(node));
    }
    reader.findings
}

/// The id of a segment, if the line starts with one.
pub(crate) fn segment_id(line: &[u8], field: u8) -> Option<[u8; 3]> {
    let (&id, rest) = line.split_first_chunk::<3>()?;
    let named = id[0].is_ascii_uppercase()
        && id.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    (named && rest.first().is_none_or(|&byte| byte == field)).then_some(id)
}

impl<'a> Reader<'a> {
    fn new(
        bytes: &'a [u8],
        scan: &'a Scan,
        structure: Option<&'static StructureDesc>,
        version: Option<&'static VersionDesc>,
        options: &'a DecodeOptions,
    ) -> Self {
        let text = simdutf8::basic::from_utf8(bytes).ok().filter(|_| !scan.converts);
        Self::of_text(bytes, text, scan, structure, version, options)
    }

    /// A reader of bytes that are known to be text; `None` where that is not known.
    fn of_text(
        bytes: &'a [u8],
        text: Option<&'a str>,
        scan: &'a Scan,
        structure: Option<&'static StructureDesc>,
        version: Option<&'static VersionDesc>,
        options: &'a DecodeOptions,
    ) -> Self {
        let gap = scan.segments.first().map_or(&bytes[..0], |first| &bytes[first.end as usize..]);
        let standard = scan.delimiters.is_standard();
        let values = VALUE_RULES.iter().any(|&rule| options.rules.contains(rule));
        Self {
            bytes,
            text,
            scan,
            standard,
            structure,
            version,
            options,
            findings: Findings::default(),
            terminator: LineEnd::of(gap),
            occurrences: Vec::new(),
            values,
            forms: FORM_RULES.iter().any(|&rule| options.rules.contains(rule)),
            plain: text.filter(|_| standard && !values),
            desc: None,
            marks: &[],
            next: 0,
            left: Vec::new(),
            names: DatatypeNames::default(),
            segment: 0,
            field: 0,
            repetition: 0,
            component: 0,
            subcomponent: 0,
        }
    }

    fn message(&mut self, mut root: Option<&mut dyn GroupNode>) {
        if let Some(root) = lend!(root) {
            self.keep_envelope(root);
        }
        self.check_header();
        let segments = self.scan.segments.len();
        let Some(structure) = self.structure else {
            for index in 0..segments {
                self.stray(index, false);
            }
            return;
        };
        let grammar = structure.grammar();
        let placement = self.place(structure);
        let mut walk = Walk { grammar, placement: &placement, next: 0 };
        self.group(&mut walk, 0, lend!(root));
        if let Some(root) = root
            && self.names_charset()
        {
            keep_charset(root, self.scan.charset);
        }
    }

    /// Finds the place of each segment, and reports what deviates.
    fn place(&mut self, structure: &'static StructureDesc) -> Placement {
        let grammar = structure.grammar();
        let ids = (0..self.scan.segments.len()).map(|index| self.id(index));
        let placement = grammar.place(ids.clone());
        if placement.deviates {
            let (placement, ids) = (&placement, &ids.collect::<Vec<_>>());
            self.report_placement(&Deviating { structure, grammar, placement, ids });
        }
        placement
    }

    fn keep_envelope(&mut self, root: &mut dyn GroupNode) {
        let prefix = &self.bytes[..self.scan.start as usize];
        if !prefix.is_empty() {
            root.extra_mut().kept_mut().prefix = prefix.into();
        }
        if self.terminator != LineEnd::Cr {
            root.extra_mut().kept_mut().terminator = Some(self.terminator);
        }
    }

    /// Whether a header struct could have the message written in another character set than it is in.
    fn names_charset(&self) -> bool {
        let field = self.scan.field(self.bytes, 0, charset::FIELD);
        !self.scan.charset.is_utf8() || field.is_some_and(|field| !field.is_empty())
    }

    /// The character set that MSH-18 declares, where the message is in another.
    fn other_charset(&self) -> Option<Charset> {
        charset::declared(self.bytes, self.scan).filter(|declared| *declared != self.scan.charset)
    }

    /// The text of a piece, if it is text; its escapes stay.
    fn text_of(&self, stretch: Stretch) -> Option<Cow<'a, str>> {
        // The whole is known to be text.
        if let Some(text) = self.text {
            return text.get(stretch.range()).map(Cow::Borrowed);
        }
        let bytes = self.slice(stretch);
        if !self.scan.converts {
            return std::str::from_utf8(bytes).ok().map(Cow::Borrowed);
        }
        let (text, valid) = self.scan.charset.decode_leaf(bytes, &self.scan.delimiters);
        valid.then_some(text)
    }

    fn line(&self, index: usize) -> &'a [u8] {
        &self.bytes[self.scan.segments[index].range()]
    }

    fn id(&self, index: usize) -> Option<[u8; 3]> {
        segment_id(self.line(index), self.scan.delimiters.field)
    }

    fn slice(&self, stretch: Stretch) -> &'a [u8] {
        &self.bytes[stretch.range()]
    }

    #[expect(clippy::cast_possible_truncation, reason = "slots are counted in 16 bits")]
    #[inline]
    fn at_field(&mut self, slot: usize) {
        self.field = slot as u32 + 1;
        (self.repetition, self.component, self.subcomponent) = (0, 0, 0);
    }
}
