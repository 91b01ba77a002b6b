//! What a message struct can do.

use std::borrow::Cow;

use crate::decode::{DecodeOptions, read};
use crate::desc::StructureDesc;
use crate::encode::{write, write_raw, write_segment};
use crate::er7::{Notation, Scan};
use crate::error::DecodeError;
use crate::extra::{Extra, Piece, RawSegment, Stray};
use crate::finding::Findings;
use crate::navigate::{self, SetError};
use crate::node::{Element, Empty, GroupNode, Segment};
use crate::order::segments;
use crate::path::Path;
use crate::tree::Tree;
use crate::value::Presence;

/// A message and what was found while it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded<T> {
    /// The message, complete: encoding it gives the bytes it was read from.
    pub message: T,
    /// Where it departs from the standard.
    pub findings: Findings,
}

impl<T> Decoded<T> {
    /// The same findings around another view of the message.
    pub fn map<U>(self, view: impl FnOnce(T) -> U) -> Decoded<U> {
        Decoded { message: view(self.message), findings: self.findings }
    }
}

/// A message struct, such as `AdtA01`.
pub trait Message: GroupNode + Empty {
    /// Its structure.
    const DESC: &'static StructureDesc;

    /// Reads a message as this structure, whatever MSH-9 and MSH-12 say.
    ///
    /// # Errors
    /// Only when the bytes are no HL7 message. Every other deviation is a finding.
    fn decode(bytes: &[u8]) -> Result<Decoded<Self>, DecodeError> {
        Self::decode_with(bytes, &DecodeOptions::default())
    }

    /// Reads a message with limits, rules and site definitions of the caller's.
    ///
    /// # Errors
    /// When the bytes are no HL7 message, or over a limit.
    fn decode_with(bytes: &[u8], options: &DecodeOptions) -> Result<Decoded<Self>, DecodeError> {
        let scan = Scan::of(bytes, &options.limits)?;
        let mut message = Self::EMPTY;
        let findings =
            read(bytes, &scan, Some(Self::DESC), Self::DESC.version, Some(&mut message), options);
        Ok(Decoded { message, findings })
    }

    /// Reads a message that was indexed before.
    fn decode_tree(tree: &Tree, options: &DecodeOptions) -> Decoded<Self> {
        let mut message = Self::EMPTY;
        let version = Self::DESC.version;
        let findings =
            read(tree.bytes(), tree.scan(), Some(Self::DESC), version, Some(&mut message), options);
        Decoded { message, findings }
    }

    /// Writes the message. What was decoded and not changed comes out byte for byte.
    fn encode(&self) -> Vec<u8>
    where
        Self: Sized,
    {
        write(self)
    }

    /// Checks the message against all rules.
    ///
    /// # Errors
    /// When its MSH-1 and MSH-2 declare no usable delimiters.
    fn check(&self) -> Result<Findings, DecodeError> {
        let options =
            DecodeOptions { rules: crate::finding::Rules::ALL, ..DecodeOptions::default() };
        Ok(Tree::parse(self.encode())?.check(Self::DESC, &options))
    }

    /// What a path names: the text of a leaf without escapes, or a piece with parts as it is written. `None` where there
    /// is nothing.
    ///
    /// It is what [`Tree::get`] gives for the encoded message: a path reaches everything that the message carries, also
    /// segments that the structure has no place for, and fields, repetitions and components that the standard does not
    /// define.
    fn get(&self, path: &Path) -> Option<Cow<'_, str>> {
        navigate::get(self, path)
    }

    /// Whether there is nothing at a path, an explicit null, or a value: of a field, a repetition or a component. See
    /// [`Piece::presence`](crate::Piece::presence).
    fn presence(&self, path: &Path) -> Presence<'_>
    where
        Self: Sized,
    {
        navigate::presence(self, path)
    }

    /// Sets the leaf that a path names; a path that stops above a leaf names the first leaf below it.
    ///
    /// It does to the encoded message what [`Tree::set`] does, and nothing else: separators up to the position are added
    /// where the segment ends earlier, whether the standard defines something there or not.
    ///
    /// # Errors
    /// When the message has no such segment, the path names no field or one that declares delimiters, or a character
    /// that is needed is not declared.
    fn set(&mut self, path: &Path, text: &str) -> Result<(), SetError> {
        navigate::set(self, path, text)
    }

    /// All segments in the order of the message, those without a place included.
    ///
    /// ```
    /// # use hl7_core::{Message, RawSegment};
    /// # fn unknown(message: &impl Message) -> Vec<Vec<u8>> {
    /// let segments = message.segments();
    /// segments.iter().filter(|segment| segment.id() == Some("ZPV")).map(|zpv| zpv.er7()).collect()
    /// # }
    /// ```
    fn segments(&self) -> Vec<Element<'_>>
    where
        Self: Sized,
    {
        segments(self)
    }

    /// Calls `visit` with each segment in the order of the message, those without a place included.
    fn for_each_segment<'a>(&'a self, visit: impl FnMut(Element<'a>))
    where
        Self: Sized,
    {
        segments(self).into_iter().for_each(visit);
    }
}

impl RawSegment {
    /// A segment from its ER7 under the recommended delimiters, without a line end.
    #[must_use]
    pub fn from_er7(line: impl AsRef<[u8]>) -> Self {
        Self { line: Piece::of_line(line.as_ref(), &Notation::STANDARD), line_end: None }
    }

    /// A segment from a struct.
    #[must_use]
    pub fn from_typed(segment: &impl Segment) -> Self {
        Self::from_er7(encode_segment(segment))
    }

    /// Its ER7 under the recommended delimiters, without a line end.
    #[must_use]
    pub fn er7(&self) -> Vec<u8> {
        write_raw(self, &Notation::STANDARD)
    }

    /// The id, if the line starts with one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.line.id()
    }

    /// Reads it as a segment struct; `None` when it has another id.
    #[must_use]
    pub fn decode<T: Segment>(&self) -> Option<Decoded<T>> {
        if self.id() != Some(T::DESC.id) {
            return None;
        }
        let tree = self.tree()?;
        let mut segment = T::EMPTY;
        let findings = crate::decode::read_segment(&tree, T::DESC, &mut segment);
        segment.extra_mut().forget_line_end();
        Some(Decoded { message: segment, findings })
    }
}

impl std::fmt::Debug for RawSegment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} bytes)", self.id().unwrap_or("no segment id"), self.line.len())
    }
}

impl Extra {
    /// The first stray segment of this group that a struct describes.
    #[must_use]
    pub fn stray<T: Segment>(&self) -> Option<Decoded<T>> {
        self.strays().iter().find_map(|stray| stray.segment.decode())
    }

    /// Puts a segment that the structure has no place for behind an occurrence of a member of this group (both counted
    /// as the standard lists them, the member from zero, the occurrence from one).
    pub fn insert_stray(&mut self, member: u16, occurrence: u32, segment: RawSegment) {
        let strays = &mut self.kept_mut().strays;
        let at = strays
            .partition_point(|stray| (stray.member, stray.occurrence) <= (member, occurrence));
        strays.insert(at, Stray { member, occurrence, segment });
    }
}

/// Writes a segment under the recommended delimiters, without a line end.
#[must_use]
pub fn encode_segment(segment: &impl Segment) -> Vec<u8> {
    write_segment(segment, &Notation::STANDARD)
}
