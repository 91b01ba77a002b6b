//! The lossless tree: a message as it came, with an index over it. No types, nothing copied but the bytes.

use std::borrow::Cow;
use std::ops::Range;

use crate::bytes::Bytes;
use crate::charset::{self, Charset};
use crate::decode::{DecodeOptions, read, segment_id};
use crate::desc::{StructureDesc, VersionDesc};
use crate::er7::{
    Class, Delimiters, Notation, Parts, Scan, Span, escape_into, is_header, translate, unescape,
    unescaped,
};
use crate::error::DecodeError;
use crate::finding::Findings;
use crate::indexed::report_unknown_structure;
use crate::limits::Limits;
use crate::navigate::SetError;
use crate::path::Path;
use crate::placement::Ids;
use crate::value::Presence;

/// Setting a value adds separators up to its position, but not more than this at each level.
const MOST_PARTS: u32 = 10_000;

/// Which segment of [`Tree::around`] the one in question is.
const ALONE: usize = 1;

pub(crate) const NO_DELIMITERS: &str = "the segment declares no delimiters";
pub(crate) const NO_SUCH_SEGMENT: &str = "the message has no such segment";

/// Whether a value can be set at a position at all.
pub(crate) fn check_place(path: &Path, in_header: bool) -> Result<(), SetError> {
    let numbers = [path.field, path.repetition, path.component, path.subcomponent];
    if path.field == 0 {
        Err(SetError::new(*path, "name a field"))
    } else if numbers.iter().any(|&number| number > MOST_PARTS) {
        Err(SetError::new(*path, "the position is too far behind the end"))
    } else if path.field <= 2 && in_header {
        Err(SetError::new(*path, "the delimiters of a message cannot be changed in place"))
    } else {
        Ok(())
    }
}

/// A message as bytes and an index of its separators.
///
/// ```
/// use hl7_core::Tree;
///
/// let mut tree = Tree::parse(b"MSH|^~\\&|LAB||||||ACK|1|P|2.5.1\rMSA|AA|77\r")?;
/// assert_eq!(tree.get(&"MSA-2".parse()?).as_deref(), Some("77"));
/// tree.set(&"MSA-3".parse()?, "R&D says hello")?;
/// assert_eq!(tree.bytes(), b"MSH|^~\\&|LAB||||||ACK|1|P|2.5.1\rMSA|AA|77|R\\T\\D says hello\r");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Tree {
    bytes: Bytes,
    scan: Scan,
}

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tree({} segments, {} bytes)", self.scan.segments.len(), self.bytes.len())
    }
}

/// One segment of a [`Tree`].
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "a view of patient data")]
pub struct TreeSegment<'a> {
    tree: &'a Tree,
    index: usize,
}

/// A piece of a message: a field, repetition, component or subcomponent.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "a view of patient data")]
pub struct Piece<'a> {
    tree: &'a Tree,
    span: Span<'a>,
    /// Whether it declares delimiters: it says what it says, escapes nothing and has no parts.
    declares: bool,
}

impl Tree {
    /// Indexes a message.
    ///
    /// # Errors
    /// When the bytes are no HL7 message, or over a limit of [`Limits::DEFAULT`].
    pub fn parse(bytes: impl Into<Vec<u8>>) -> Result<Self, DecodeError> {
        Self::parse_within(bytes, &Limits::DEFAULT)
    }

    /// Indexes a message within limits.
    ///
    /// # Errors
    /// When the bytes are no HL7 message, or over a limit.
    pub fn parse_within(bytes: impl Into<Vec<u8>>, limits: &Limits) -> Result<Self, DecodeError> {
        let bytes = bytes.into();
        let scan = Scan::of(&bytes, limits)?;
        Ok(Self::from_parts(bytes, scan))
    }

    /// Indexes a message in a character set that the caller knows better than MSH-18 says it.
    ///
    /// # Errors
    /// When the bytes are no HL7 message, or over a limit of [`Limits::DEFAULT`].
    pub fn parse_in(bytes: impl Into<Vec<u8>>, charset: Charset) -> Result<Self, DecodeError> {
        let bytes = bytes.into();
        let scan = Scan::of_charset(&bytes, charset, &Limits::DEFAULT)?;
        Ok(Self::from_parts(bytes, scan))
    }

    /// What the message is in: what MSH-18 declares, unless the bytes say that this is not so.
    #[must_use]
    pub fn charset(&self) -> Charset {
        self.scan.charset
    }

    /// A tree in which a segment stands alone, as the second one behind a bare MSH; `None` where the line would not be
    /// one segment.
    pub(crate) fn around(line: &[u8], notation: &Notation) -> Option<Self> {
        let mut bytes = notation.delimiters.header();
        bytes.push(b'\r');
        let start = bytes.len();
        bytes.extend_from_slice(line);
        let tree = Self::parse_in(bytes, notation.charset).ok()?;
        let alone = |segment: TreeSegment<'_>| segment.range() == (start..tree.bytes.len());
        let last = tree.segments().nth(ALONE).filter(|segment| alone(*segment));
        last.is_some().then_some(tree)
    }

    /// The segment of [`Tree::around`].
    pub(crate) fn alone(&self) -> TreeSegment<'_> {
        TreeSegment { tree: self, index: ALONE }
    }

    /// A tree in which that segment stands behind another one.
    pub(crate) fn alone_behind(&self, other: &[u8], notation: &Notation) -> Option<Self> {
        let lines = [notation.delimiters.header(), other.to_vec(), self.alone().raw().to_vec()];
        let tree = Self::parse_in(lines.join(&b'\r'), notation.charset).ok()?;
        let whole = tree.segments().len() == lines.len();
        whole.then_some(tree)
    }

    /// Sets a leaf in the segment of [`Tree::around`].
    pub(crate) fn set_alone(&mut self, path: &Path, text: &str) -> Result<(), SetError> {
        self.set_in(ALONE, path, text)
    }

    /// The message.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The message, taken out.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes.into()
    }

    /// What MSH-1 and MSH-2 declare.
    #[must_use]
    pub fn delimiters(&self) -> &Delimiters {
        &self.scan.delimiters
    }

    /// The segments in order.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = TreeSegment<'_>> {
        (0..self.scan.segments.len()).map(|index| TreeSegment { tree: self, index })
    }

    /// The segment at an index below the number of segments.
    pub(crate) fn at(&self, index: usize) -> TreeSegment<'_> {
        TreeSegment { tree: self, index }
    }

    /// An empty piece.
    pub(crate) fn nothing(&self) -> Piece<'_> {
        Piece { tree: self, span: Span::nothing(0), declares: false }
    }

    /// The id of each segment, where its line starts with one.
    pub(crate) fn segment_ids(&self) -> impl Ids {
        let field = self.scan.delimiters.field;
        (0..self.scan.segments.len()).map(move |index| segment_id(self.at(index).raw(), field))
    }

    /// The segment that a path names.
    #[must_use]
    pub fn segment(&self, path: &Path) -> Option<TreeSegment<'_>> {
        let field = self.scan.delimiters.field;
        // A path of a line without an id names nothing.
        let is_id = path.segment[0].is_ascii_uppercase();
        let named = |line: &[u8]| {
            let rest = line.strip_prefix(&path.segment).filter(|_| is_id);
            rest.is_some_and(|rest| rest.first().is_none_or(|&byte| byte == field))
        };
        let mut named = self.segments().filter(|segment| named(segment.raw()));
        named.nth((path.occurrence as usize).checked_sub(1)?)
    }

    /// The piece that a path names, if the message has it (it may be empty).
    #[must_use]
    pub fn piece(&self, path: &Path) -> Option<Piece<'_>> {
        self.segment(path)?.piece(path)
    }

    /// What a path names: the text of a leaf without escapes, or a piece with parts as it stands. `None` where there is
    /// nothing.
    #[must_use]
    pub fn get(&self, path: &Path) -> Option<Cow<'_, str>> {
        let piece = self.piece(path).filter(|piece| !piece.is_empty())?;
        Some(piece.text())
    }

    /// Whether there is nothing at a path, an explicit null, or a value; see [`Piece::presence`].
    #[must_use]
    pub fn presence(&self, path: &Path) -> Presence<'_> {
        self.piece(path).map_or(Presence::Absent, |piece| piece.presence())
    }

    /// Sets the leaf that a path names; a path that stops above a leaf names the first leaf below it. Separators up to
    /// it are added where the message ends earlier; nothing else changes.
    ///
    /// # Errors
    /// When the message has no such segment, the path names no field, or a separator that is needed is not declared.
    pub fn set(&mut self, path: &Path, text: &str) -> Result<(), SetError> {
        let segment = self.segment(path);
        let segment = segment.ok_or_else(|| SetError::new(*path, NO_SUCH_SEGMENT))?;
        self.set_in(segment.index, path, text)
    }

    fn set_in(&mut self, index: usize, path: &Path, text: &str) -> Result<(), SetError> {
        let fail = |reason| SetError::new(*path, reason);
        let segment = TreeSegment { tree: self, index };
        let is_a_header = matches!(segment.id(), Some("MSH" | "BHS" | "FHS"));
        check_place(path, is_a_header)?;
        if is_a_header && !is_header(segment.raw(), self.scan.delimiters.field) {
            return Err(fail(NO_DELIMITERS));
        }
        let (range, separators) =
            segment.place(path).ok_or_else(|| fail("the message declares no such separator"))?;
        let mut raw = String::new();
        escape_into(&mut raw, text);
        let delimiters = &self.scan.delimiters;
        let needs_escapes = || {
            self.scan.charset.lacks(text)
                || translate(raw.as_bytes(), &Delimiters::STANDARD, delimiters) != text.as_bytes()
        };
        if delimiters.escape.is_none() && needs_escapes() {
            return Err(fail("the message declares no escape character, which the text needs"));
        }
        let inserted = [&separators[..], &self.scan.notation().written(&raw)].concat();
        let mut bytes = self.bytes.to_vec();
        bytes.splice(range, inserted);
        let limits = Limits { segments: usize::MAX, ..Limits::DEFAULT };
        let declares = index == 0 && path.field == charset::FIELD;
        let scan = if declares {
            Scan::of(&bytes, &limits)
        } else {
            Scan::of_charset(&bytes, self.scan.charset, &limits)
        };
        let scan = scan.map_err(|_| fail("the message would be too long"))?;
        *self = Self::from_parts(bytes, scan);
        Ok(())
    }

    /// Checks the message against a structure, without structs.
    #[must_use]
    pub fn check(&self, structure: &'static StructureDesc, options: &DecodeOptions) -> Findings {
        read(&self.bytes, &self.scan, Some(structure), structure.version, None, options)
    }

    /// Checks the segments alone, and reports that the structure is not known.
    #[must_use]
    pub fn check_segments(
        &self,
        version: &'static VersionDesc,
        options: &DecodeOptions,
    ) -> Findings {
        let mut findings = read(&self.bytes, &self.scan, None, Some(version), None, options);
        report_unknown_structure(&mut findings, &self.bytes, &self.scan, version, options);
        findings
    }

    /// The finding that MSH-9 names no structure of a version.
    pub(crate) fn unknown_structure(
        &self,
        version: &'static VersionDesc,
        options: &DecodeOptions,
    ) -> Findings {
        let mut findings = Findings::default();
        report_unknown_structure(&mut findings, &self.bytes, &self.scan, version, options);
        findings
    }

    /// The structure of a version that MSH-9 names.
    #[must_use]
    pub fn structure(&self, version: &'static VersionDesc) -> Option<&'static StructureDesc> {
        structure_named(&self.bytes, &self.scan, version)
    }

    pub(crate) fn from_parts(bytes: Vec<u8>, scan: Scan) -> Self {
        Self { bytes: Bytes::Any(bytes), scan }
    }

    /// The same, for somebody who reads more than a few of its values: whether all of it is text is looked at once.
    pub(crate) fn looked_at(self) -> Self {
        let bytes = if self.scan.plain { self.bytes.looked_at() } else { self.bytes };
        Self { bytes, ..self }
    }

    pub(crate) fn scan(&self) -> &Scan {
        &self.scan
    }
}

/// The structure that MSH-9 names.
pub(crate) fn structure_named(
    bytes: &[u8],
    scan: &Scan,
    version: &'static VersionDesc,
) -> Option<&'static StructureDesc> {
    let mut rest = scan.field(bytes, 0, 9);
    let mut next = || {
        let (part, behind) = rest?.split(Class::Component);
        rest = behind;
        std::str::from_utf8(&bytes[part.range()]).ok().map(str::trim)
    };
    let (code, trigger, structure) = (next()?, next().unwrap_or(""), next().unwrap_or(""));
    version.structure_of_message(code, trigger, structure)
}

impl<'a> TreeSegment<'a> {
    /// The three characters of the id, if the line starts with an id.
    #[must_use]
    pub fn id(&self) -> Option<&'a str> {
        segment_id(self.raw(), self.tree.scan.delimiters.field)?;
        std::str::from_utf8(self.raw().get(..3)?).ok()
    }

    /// The segment as it stands, without its line end.
    #[must_use]
    pub fn raw(&self) -> &'a [u8] {
        &self.tree.bytes[self.range()]
    }

    /// Where it stands.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.tree.scan.segments[self.index].range()
    }

    /// The piece that a path names in this segment, if it has it (it may be empty); which segment the path names is not
    /// looked at.
    #[must_use]
    pub fn piece(&self, path: &Path) -> Option<Piece<'a>> {
        let Some(field) = path.field.checked_sub(1) else { return Some(self.whole()) };
        let field = self.field(field as usize + 1)?;
        if path.repetition == 0 && path.component == 0 {
            return Some(field);
        }
        field.nth(Class::Repetition, path.repetition.max(1))?.part(path)
    }

    /// Its index among the segments of the message.
    pub(crate) fn index(&self) -> Option<u32> {
        u32::try_from(self.index).ok()
    }

    fn view(&self, span: Span<'a>) -> Piece<'a> {
        Piece { tree: self.tree, span, declares: false }
    }

    fn whole(&self) -> Piece<'a> {
        let segment = self.tree.scan.segments[self.index];
        let marks = self.tree.scan.marks_of(self.index);
        self.view(Span { start: segment.start, end: segment.end, marks })
    }

    /// The fields in order, from field 1; for MSH, BHS and FHS field 1 is the separator itself.
    pub fn fields(&self) -> impl Iterator<Item = Piece<'a>> + use<'a> {
        let tree = self.tree;
        let fields = tree.scan.fields(&tree.bytes, self.index);
        let mut parts = fields.map_or(Parts::NONE, |(_, fields)| fields.parts(Class::Field));
        // Before the fields of a header that separators set apart stands the separator itself, and the first declares.
        let mut separator = fields.and_then(|(first, fields)| (first == 2).then_some(fields.start));
        let mut declares = separator.is_some();
        std::iter::from_fn(move || {
            if let Some(behind) = separator.take() {
                let span = Span { start: behind - 1, end: behind, marks: &[] };
                return Some(Piece { tree, span, declares });
            }
            Some(Piece { tree, span: parts.next()?, declares: std::mem::take(&mut declares) })
        })
    }

    /// The field at a position, from one.
    #[must_use]
    pub fn field(&self, seq: usize) -> Option<Piece<'a>> {
        let (first, fields) = self.tree.scan.fields(&self.tree.bytes, self.index)?;
        let seq = u32::try_from(seq).ok()?;
        let declares = first == 2 && matches!(seq, 1 | 2);
        let span = if declares && seq == 1 {
            Span { start: fields.start - 1, end: fields.start, marks: &[] }
        } else {
            fields.nth(Class::Field, seq.checked_add(1)?.checked_sub(first)?)?
        };
        Some(Piece { declares, ..self.view(span) })
    }

    /// Where the leaf of a path stands or would stand: the range that its text takes, and separators to put before it.
    fn place(&self, path: &Path) -> Option<(Range<usize>, Vec<u8>)> {
        let delimiters = &self.tree.scan.delimiters;
        let mut separators = Vec::new();
        let mut piece = match self.field(path.field as usize) {
            Some(field) => field,
            None => {
                let have = self.fields().count();
                separators.resize(path.field as usize - have, delimiters.field);
                self.view(Span::nothing(self.whole().span.end))
            }
        };
        let levels = [
            (Class::Repetition, path.repetition, delimiters.repetition),
            (Class::Component, path.component, Some(delimiters.component)),
            (Class::Subcomponent, path.subcomponent, delimiters.subcomponent),
        ];
        for (class, number, separator) in levels {
            let number = number.max(1);
            piece = match piece.nth(class, number) {
                Some(piece) => piece,
                None => {
                    let missing = number as usize - piece.parts(class).count();
                    separators.resize(separators.len() + missing, separator?);
                    self.view(Span::nothing(piece.span.end))
                }
            };
        }
        Some((piece.range(), separators))
    }
}

impl<'a> Piece<'a> {
    /// As it stands in the message.
    #[inline]
    #[must_use]
    pub fn raw(&self) -> &'a [u8] {
        &self.tree.bytes[self.range()]
    }

    /// Where it stands.
    #[inline]
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.span.range()
    }

    /// Whether there is nothing.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.span.is_empty()
    }

    /// Whether it has no parts.
    #[inline]
    #[must_use]
    pub fn is_leaf(&self) -> bool {
        self.span.marks.is_empty()
    }

    /// Whether there is nothing, an explicit null, or a value (section 2.10.1).
    ///
    /// A piece of separators alone is absent; one that is `""` and nothing else is null, whatever it is: a field, one
    /// repetition, a component. With a part that is valued it is a value, whose text is that of [`Piece::text`].
    #[must_use]
    pub fn presence(&self) -> Presence<'a> {
        match self.raw() {
            b"\"\"" => Presence::Null,
            raw if raw.len() == self.span.marks.len() => Presence::Absent,
            // It may stand behind a switch of character sets.
            _ if self.is_leaf() && !self.declares => self.leaf_presence(),
            _ => Presence::Value(self.text()),
        }
    }

    /// Whether a leaf, as a value keeps it, is nothing, an explicit null, or a value.
    pub(crate) fn leaf_presence(&self) -> Presence<'a> {
        match self.leaf() {
            nothing if nothing.is_empty() => Presence::Absent,
            null if null == "\"\"" => Presence::Null,
            raw => Presence::Value(unescaped(raw)),
        }
    }

    /// Whether there is nothing but separators.
    pub(crate) fn is_blank(&self) -> bool {
        self.span.marks.len() == self.range().len()
    }

    /// In the recommended notation, escapes included.
    pub(crate) fn standard(&self) -> Cow<'a, str> {
        let notation = self.tree.scan.notation();
        let read = if self.is_leaf() { Notation::read_leaf } else { Notation::read };
        read(&notation, self.raw()).0
    }

    /// As it stands, escapes included.
    pub(crate) fn unread(&self) -> Cow<'a, str> {
        let notation = self.tree.scan.notation();
        notation.charset.decode_within(self.raw(), Some(&notation.delimiters)).0
    }

    /// The text: of a leaf without escapes, of a piece with parts, and of a declaration of delimiters, as it stands. Bytes
    /// that are no text in the character set of the message are read as ISO 8859-1.
    #[inline]
    #[must_use]
    pub fn text(&self) -> Cow<'a, str> {
        if self.is_leaf() && !self.declares { self.leaf_text() } else { self.unread() }
    }

    /// The repetitions of a field.
    pub fn repetitions(&self) -> impl Iterator<Item = Piece<'a>> + use<'a> {
        self.parts(Class::Repetition)
    }

    /// The components of a repetition.
    pub fn components(&self) -> impl Iterator<Item = Piece<'a>> + use<'a> {
        self.parts(Class::Component)
    }

    /// The subcomponents of a component.
    pub fn subcomponents(&self) -> impl Iterator<Item = Piece<'a>> + use<'a> {
        self.parts(Class::Subcomponent)
    }

    /// All leaves in order, empty ones included: what stands between any two separators.
    pub fn leaves(&self) -> impl Iterator<Item = Piece<'a>> + use<'a> {
        self.parts(Class::Text)
    }

    fn parts(&self, class: Class) -> impl Iterator<Item = Piece<'a>> + use<'a> {
        let Self { tree, span, declares } = *self;
        span.parts(class).map(move |span| Piece { tree, span, declares })
    }

    /// The component and subcomponent that a path names in a repetition.
    pub(crate) fn part(self, path: &Path) -> Option<Self> {
        let mut piece = self;
        let levels = [(Class::Component, path.component), (Class::Subcomponent, path.subcomponent)];
        for (class, number) in levels.into_iter().take_while(|(_, number)| *number > 0) {
            piece = piece.nth(class, number)?;
        }
        Some(piece)
    }

    /// The part of a number, from one, of those that separators of a class set apart.
    #[inline]
    pub(crate) fn nth(&self, class: Class, number: u32) -> Option<Piece<'a>> {
        Some(Self { span: self.span.nth(class, number)?, ..*self })
    }

    /// Nothing, at the same place.
    pub(crate) fn nothing(&self) -> Self {
        Self { span: Span::nothing(self.span.start), declares: false, ..*self }
    }

    /// What stands before the first separator.
    pub(crate) fn first_leaf(&self) -> Self {
        Self { span: self.span.split(Class::Text).0, ..*self }
    }

    /// The text of a leaf as a value gives it.
    #[inline]
    pub(crate) fn leaf_text(&self) -> Cow<'a, str> {
        match self.plain() {
            Some(text) => unescape(text),
            None => unescaped(self.leaf()),
        }
    }

    /// As a value keeps it: in the recommended notation, escapes included; declared delimiters as they stand.
    #[inline]
    pub(crate) fn leaf(&self) -> Cow<'a, str> {
        match self.plain() {
            Some(text) => Cow::Borrowed(text),
            None if self.declares => verbatim(self.raw()),
            None => self.tree.scan.notation().read_leaf(self.raw()).0,
        }
    }

    /// Its text, if it is a value as it stands.
    #[inline]
    fn plain(&self) -> Option<&'a str> {
        let is_plain = self.tree.scan.plain && !self.declares;
        if is_plain { self.tree.bytes.text(self.range()) } else { None }
    }

    pub(crate) fn split(&self, class: Class) -> (Self, Option<Self>) {
        let (before, behind) = self.span.split(class);
        (Self { span: before, ..*self }, behind.map(|span| Self { span, ..*self }))
    }
}

/// A declaration of delimiters as text, whatever the message is in: nothing in it is escaped.
pub(crate) fn verbatim(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
    }
}
