//! What a message carried beyond its types, kept at its position so that it goes out again.

use std::fmt;

use crate::charset::Charset;
use crate::decode::segment_id;
use crate::er7::{Delimiters, Notation, is_header};
use crate::node::{Empty, Item, OfAny};
use crate::value::Value;

/// Surplus of one segment, composite, group or message. Takes eight bytes while there is none.
///
/// It holds trailing delimiters, surplus components, fields and repetitions, bytes that are no text, line ends other
/// than the message's, and segments that stand where the structure has no place for them.
#[derive(Clone, Default, PartialEq)]
pub struct Extra(Option<Box<Kept>>);

/// Behind the pointer of [`Extra`].
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Kept {
    /// How many slots were written, trailing empty ones included.
    pub(crate) written: u16,
    /// What followed the last slot, separator first.
    pub(crate) tail: Option<Piece>,
    /// What single slots could not hold.
    pub(crate) slots: Vec<SlotKept>,
    /// Of a segment: the bytes up to the next one, where they differ from the message's line end.
    pub(crate) line_end: Option<Box<[u8]>>,
    /// Of a group: segments that have no place in it, in order.
    pub(crate) strays: Vec<Stray>,
    /// Of a message: what stood before MSH.
    pub(crate) prefix: Box<[u8]>,
    /// Of a message: its line end, where it is not a carriage return.
    pub(crate) terminator: Option<LineEnd>,
    /// Of a message: the character set that it is in, for as long as its header declares the one that it declared then.
    pub(crate) charset: Option<Box<ReadIn>>,
}

/// The character set of a message that is in another one than its header struct declares.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct ReadIn {
    pub(crate) declared: Option<Charset>,
    pub(crate) charset: Charset,
}

/// How most segments of a message end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LineEnd {
    /// Carriage return, as the standard has it.
    #[default]
    Cr,
    /// Line feed.
    Lf,
    /// Carriage return and line feed.
    CrLf,
}

impl LineEnd {
    /// Its bytes.
    #[must_use]
    pub fn bytes(self) -> &'static [u8] {
        match self {
            LineEnd::Cr => b"\r",
            LineEnd::Lf => b"\n",
            LineEnd::CrLf => b"\r\n",
        }
    }

    /// The line end that bytes between two segments start with.
    pub(crate) fn of(gap: &[u8]) -> Self {
        match gap {
            [b'\r', b'\n', ..] => LineEnd::CrLf,
            [b'\n', ..] => LineEnd::Lf,
            _ => LineEnd::Cr,
        }
    }
}

/// A piece of ER7 with separators in it.
#[derive(Clone, PartialEq)]
pub(crate) struct Piece {
    bytes: Vec<u8>,
    /// How it is written where that is not [`Notation::STANDARD`]: it cannot be rewritten and back.
    notation: Option<Box<Notation>>,
}

impl Piece {
    /// A segment. A header is not rewritten: it says itself what its delimiters are.
    pub(crate) fn of_line(line: &[u8], notation: &Notation) -> Self {
        if is_header(line, notation.delimiters.field) {
            return Self { bytes: line.into(), notation: Some(Box::new(*notation)) };
        }
        Self::new(line, notation)
    }

    pub(crate) fn new(bytes: &[u8], notation: &Notation) -> Self {
        if notation.is_standard() {
            return Self { bytes: bytes.into(), notation: None };
        }
        match notation.read(bytes) {
            (text, true) => Self { bytes: text.into_owned().into_bytes(), notation: None },
            _ => Self { bytes: bytes.into(), notation: Some(Box::new(*notation)) },
        }
    }

    /// The delimiters that it declares, if it is a header.
    pub(crate) fn declares(&self) -> Option<Delimiters> {
        let &field = self.bytes.get(3)?;
        if !is_header(&self.bytes, field) {
            return None;
        }
        let encoding = self.bytes[4..].split(|&byte| byte == field).next()?;
        Delimiters::parse(field, encoding).ok()
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    fn own_notation(&self) -> &Notation {
        self.notation.as_deref().unwrap_or(&Notation::STANDARD)
    }

    /// What its bytes are in.
    pub(crate) fn charset(&self) -> Charset {
        self.own_notation().charset
    }

    /// The segment id that it starts with.
    pub(crate) fn id(&self) -> Option<&str> {
        segment_id(&self.bytes, self.own_notation().delimiters.field)?;
        std::str::from_utf8(self.bytes.get(..3)?).ok()
    }

    /// It without the explicit nulls in it.
    pub(crate) fn settled(&self) -> Self {
        if self.declares().is_some() {
            return self.clone();
        }
        let bytes = without_nulls(&self.bytes, &self.own_notation().delimiters);
        Self { bytes, notation: self.notation.clone() }
    }

    /// Its bytes in the recommended notation; `None` if it cannot be rewritten to it.
    pub(crate) fn standard(&self) -> Option<&[u8]> {
        self.notation.is_none().then_some(&self.bytes)
    }

    /// Writes it in a notation. A header says itself what its delimiters are, and is not rewritten.
    pub(crate) fn write(&self, out: &mut Vec<u8>, notation: &Notation) {
        let own = self.own_notation();
        if own == notation
            || own.is_standard() && notation.is_standard()
            || is_header(&self.bytes, own.delimiters.field)
        {
            return out.extend_from_slice(&self.bytes);
        }
        let (text, _) = own.read(&self.bytes);
        out.extend_from_slice(&notation.written(&text));
    }
}

/// A piece of ER7 without the parts of it that are an explicit null.
pub(crate) fn without_nulls(piece: &[u8], delimiters: &Delimiters) -> Vec<u8> {
    let mut out = Vec::with_capacity(piece.len());
    let mut part = 0;
    for (at, &byte) in piece.iter().enumerate() {
        out.push(byte);
        if delimiters.separates(byte) {
            part = at + 1;
        } else if &piece[part..=at] == b"\"\""
            && piece.get(at + 1).is_none_or(|&next| delimiters.separates(next))
        {
            out.truncate(out.len() - 2);
        }
    }
    out
}

/// What one slot could not hold.
#[derive(Clone, PartialEq)]
pub(crate) struct SlotKept {
    pub(crate) slot: u16,
    /// Of a list, from one; zero of a slot that holds one value.
    pub(crate) repetition: u32,
    pub(crate) what: SlotSurplus,
}

#[derive(Clone, PartialEq)]
pub(crate) enum SlotSurplus {
    /// What followed the value, separator first: subcomponents of a primitive, repetitions of a single field.
    Tail(Piece),
    /// The bytes that were sent for a value that does not lead back to them.
    Exact(Box<Exact>),
}

/// Bytes that stand for a value, for as long as it still is the one they were read as, in a message of that notation.
#[derive(Clone, PartialEq)]
pub(crate) struct Exact {
    pub(crate) read_as: Value,
    pub(crate) bytes: Box<[u8]>,
    pub(crate) notation: Notation,
}

/// A segment kept as it came: one that the structure does not name, or that stands where it has no place.
#[derive(Clone, PartialEq)]
pub struct RawSegment {
    pub(crate) line: Piece,
    /// The bytes up to the next segment, where they differ from the message's line end.
    pub(crate) line_end: Option<Box<[u8]>>,
}

impl RawSegment {
    /// Nothing in it; not a segment anybody sends.
    pub const EMPTY: Self =
        Self { line: Piece { bytes: Vec::new(), notation: None }, line_end: None };
}

impl Empty for RawSegment {
    const EMPTY: Self = RawSegment::EMPTY;

    const SHARED: &'static Self = &Self::EMPTY;
}

impl Item for RawSegment {
    type Form = OfAny;
}

/// A segment at a position where the structure has no place for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stray {
    /// Index of the member after which it stands.
    pub(crate) member: u16,
    /// How many occurrences of that member stand before it.
    pub(crate) occurrence: u32,
    /// The segment.
    pub segment: RawSegment,
}

impl Extra {
    /// Nothing extra.
    pub const NONE: Self = Self(None);

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Segments that stand in this group where the structure has no place for them, in the order of the message.
    #[must_use]
    pub fn strays(&self) -> &[Stray] {
        self.0.as_deref().map_or(&[], |kept| &kept.strays)
    }

    /// Forgets how the line of a segment ended: it is no longer in its message.
    pub(crate) fn forget_line_end(&mut self) {
        self.set_line_end(None);
    }

    pub(crate) fn set_line_end(&mut self, line_end: Option<Box<[u8]>>) {
        if line_end.is_some() {
            self.kept_mut().line_end = line_end;
        } else if let Some(kept) = &mut self.0 {
            kept.line_end = None;
            self.tidy();
        }
    }

    /// Frees what holds nothing.
    pub(crate) fn tidy(&mut self) {
        if self.kept().is_some_and(|kept| *kept == Kept::default()) {
            self.0 = None;
        }
    }

    pub(crate) fn kept(&self) -> Option<&Kept> {
        self.0.as_deref()
    }

    pub(crate) fn kept_mut(&mut self) -> &mut Kept {
        self.0.get_or_insert_default()
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kept() {
            None => f.write_str("none"),
            Some(kept) => write!(
                f,
                "{} slots written, {} with surplus, {} stray segments",
                kept.written,
                kept.slots.len() + usize::from(kept.tail.is_some()),
                kept.strays.len()
            ),
        }
    }
}
