//! One pass over a message that writes down where every separator stands.
//!
//! Everything later (tree, paths, decode, checks) walks this index and never searches the bytes again.

use std::ops::Range;

use super::block::{BLOCK, Needles};
use super::{Delimiters, Notation};
use crate::charset::{self, Charset, trails};
use crate::error::{DecodeError, DecodeErrorKind};
use crate::limits::Limits;

/// What a byte separates, ordered from the innermost to the outermost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Class {
    /// Nothing.
    Text = 0,
    /// `&`
    Subcomponent = 1,
    /// `^`
    Component = 2,
    /// `~`
    Repetition = 3,
    /// `|`
    Field = 4,
    /// CR, LF, or the end of the message.
    Segment = 5,
}

/// A separator: where it stands and what it separates, in 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark(u32);

impl Mark {
    /// The longest message that marks can point into.
    pub(crate) const MOST_BYTES: usize = (1 << 29) - 2;

    #[inline]
    pub(crate) fn new(at: u32, class: Class) -> Self {
        Self(at << 3 | class as u32)
    }

    /// One so many bytes behind a mark of text.
    #[inline]
    fn behind(self, bytes: u32, class: u8) -> Self {
        Self(self.0 + (bytes << 3) + u32::from(class))
    }

    /// Its position in the message.
    #[inline]
    pub(crate) fn at(self) -> u32 {
        self.0 >> 3
    }

    /// How much it separates, as a [`Class`] orders it.
    #[inline]
    pub(crate) fn rank(self) -> u32 {
        self.0 & 7
    }

    /// Whether it separates what a class separates, or more.
    #[inline]
    pub(crate) fn ends(self, class: Class) -> bool {
        self.0 & 7 >= class as u32
    }

    /// Whether it separates exactly what a class separates.
    #[inline]
    pub(crate) fn is(self, class: Class) -> bool {
        self.0 & 7 == class as u32
    }
}

/// Where one segment stands in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentSpan {
    /// First byte of the segment id.
    pub(crate) start: u32,
    /// Behind the last byte of its last field, before the line end.
    pub(crate) end: u32,
    /// First of its separators in the list of all separators.
    pub(crate) first_mark: u32,
}

impl SegmentSpan {
    /// Its bytes as a range of the message.
    pub(crate) fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The index of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scan {
    pub(crate) delimiters: Delimiters,
    /// What the text is in.
    pub(crate) charset: Charset,
    /// Whether it has to be converted to be read: it is not UTF-8, and not all of it is plain ASCII.
    pub(crate) converts: bool,
    /// Whether a piece of it that is UTF-8 is a value as it stands: it is written in the recommended notation.
    pub(crate) plain: bool,
    /// Where `MSH` starts; what stands before it (byte order mark, blanks, start-of-block mark) is kept as it is.
    pub(crate) start: u32,
    /// Segments in order. The bytes between one and the next are line ends, blank lines and leading blanks.
    pub(crate) segments: Vec<SegmentSpan>,
    /// All separators inside segments, in order, and for each segment its end; the characters that MSH-2 declares are not
    /// among them.
    pub(crate) marks: Vec<Mark>,
}

/// Finds where a message starts: `MSH` after what a line or file may carry in front of it.
fn header_start(bytes: &[u8]) -> Result<usize, DecodeError> {
    let rest = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let blank = rest.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == 0x0b).count();
    let start = bytes.len() - rest.len() + blank;
    let rest = &bytes[start..];
    if rest.starts_with(b"FHS") || rest.starts_with(b"BHS") {
        return Err(DecodeError::new(DecodeErrorKind::Batch));
    }
    if !rest.starts_with(b"MSH") {
        return Err(DecodeError::new(DecodeErrorKind::NoHeader));
    }
    Ok(start)
}

/// Whether a line starts like a segment: letter, two letters or digits, and the field separator (or nothing more).
fn starts_segment(line: &[u8], field: u8) -> bool {
    match line {
        [a, b, c, rest @ ..] => {
            a.is_ascii_uppercase()
                && [b, c].iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
                && rest.first().is_none_or(|&byte| byte == field || byte == b'\r' || byte == b'\n')
        }
        _ => false,
    }
}

/// Whether a byte may stand in a blank line between segments: white space, or the marks of an MLLP block.
fn is_filler(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, 0x0b | 0x1c)
}

/// How many bytes at the start of `rest` lie between two segments: blank lines, and blanks before a segment id.
fn filler(rest: &[u8], field: u8) -> usize {
    let blank = rest.iter().take_while(|&&byte| is_filler(byte)).count();
    let after = &rest[blank..];
    if after.is_empty() || starts_segment(after, field) {
        return blank;
    }
    // The blanks of the last line belong to its text.
    rest[..blank].iter().rposition(|&byte| byte == b'\r' || byte == b'\n').map_or(0, |at| at + 1)
}

/// Room for the separators of most messages, and no more than that: where a message is long, most of it is a document.
const MARKS_AT_FIRST: usize = 4_096;

impl Scan {
    /// Indexes a message that was made from one within limits.
    pub(crate) fn of_any_length(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::of(bytes, &Limits { bytes: usize::MAX, segments: usize::MAX, ..Limits::DEFAULT })
    }

    /// Reads the header and indexes the message.
    pub(crate) fn of(bytes: &[u8], limits: &Limits) -> Result<Self, DecodeError> {
        let mut scan = Self::of_bytes(bytes, limits)?;
        let charset = charset::of_message(bytes, &scan);
        scan.read_in(bytes, charset);
        Ok(scan)
    }

    /// Indexes a message in a character set that the caller knows.
    pub(crate) fn of_charset(
        bytes: &[u8],
        charset: Charset,
        limits: &Limits,
    ) -> Result<Self, DecodeError> {
        let mut scan = Self::of_bytes(bytes, limits)?;
        scan.read_in(bytes, charset);
        Ok(scan)
    }

    fn read_in(&mut self, bytes: &[u8], charset: Charset) {
        self.charset = charset;
        self.converts = charset.converts(bytes, &self.delimiters);
        self.plain = self.delimiters.is_standard() && !self.converts;
        if self.converts && charset.hides_separators() {
            self.forget_hidden(bytes);
        }
    }

    fn of_bytes(bytes: &[u8], limits: &Limits) -> Result<Self, DecodeError> {
        let limit = limits.bytes.min(Mark::MOST_BYTES);
        if bytes.len() > limit {
            return Err(DecodeError::new(DecodeErrorKind::TooLong { bytes: bytes.len(), limit }));
        }
        let start = header_start(bytes)?;
        let Some(&field) = bytes.get(start + 3) else {
            return Err(DecodeError::new(DecodeErrorKind::ImpossibleDelimiters));
        };
        let encoding = &bytes[start + 4..];
        let length = encoding
            .iter()
            .take_while(|&&byte| byte != field && !matches!(byte, b'\r' | b'\n'))
            .count();
        let delimiters = Delimiters::parse(field, &encoding[..length])?;
        let mut scan = Self {
            delimiters,
            charset: Charset::UTF_8,
            converts: false,
            plain: false,
            start: position(start),
            segments: Vec::with_capacity(16),
            marks: Vec::with_capacity((bytes.len() / 4 + 16).min(MARKS_AT_FIRST)),
        };
        scan.index(bytes, start, start + 4 + length, limits)?;
        Ok(scan)
    }

    /// How the message writes text.
    pub(crate) fn notation(&self) -> Notation {
        Notation { delimiters: self.delimiters, charset: self.charset }
    }

    /// Takes back the separators that are halves of characters.
    fn forget_hidden(&mut self, bytes: &[u8]) {
        let found = std::mem::take(&mut self.marks);
        let mut segments = std::mem::take(&mut self.segments);
        let mut from = 0;
        for segment in &mut segments {
            segment.first_mark = position(self.marks.len());
            let mut keep = |until: usize, marks: &mut Vec<Mark>, hidden: bool| {
                let count =
                    found[from..].iter().take_while(|mark| (mark.at() as usize) < until).count();
                if !hidden {
                    marks.extend_from_slice(&found[from..from + count]);
                }
                from += count;
            };
            let start = segment.start as usize;
            trails(&bytes[segment.range()], self.charset, &self.delimiters, &mut |range| {
                keep(start + range.start, &mut self.marks, false);
                keep(start + range.end, &mut self.marks, true);
            });
            keep(segment.end as usize + 1, &mut self.marks, false);
        }
        self.segments = segments;
    }

    /// Writes down segments and separators; `from` is the end of MSH-2.
    fn index(
        &mut self,
        bytes: &[u8],
        start: usize,
        from: usize,
        limits: &Limits,
    ) -> Result<(), DecodeError> {
        let needles = Needles::new(&self.delimiters);
        // A line feed inside a message of carriage returns is text, unless a segment starts behind it.
        let first_end = memchr::memchr2(b'\r', b'\n', &bytes[from..])
            .map_or(&bytes[..0], |at| &bytes[from + at..]);
        let carriage_returns = first_end.starts_with(b"\r") && !first_end.starts_with(b"\r\n");
        let mut segment = SegmentSpan { start: position(start), end: 0, first_mark: 0 };
        // Marks of a block; those of a message go from here, where no room has to be looked for.
        let mut marks = [Mark(0); BLOCK];
        let mut room = [0; BLOCK];
        let (mut at, mut quiet) = (from, 0);
        while at < bytes.len() {
            let (block, mut places) = needles.block(&bytes[at..], &mut room);
            quiet = if places == 0 { quiet + 1 } else { 0 };
            let start = Mark::new(position(at), Class::Text);
            let (mut count, mut next) = (0, at + BLOCK);
            while places != 0 {
                let place = places.trailing_zeros();
                places &= places - 1;
                let class = needles.class(block[place as usize % BLOCK]);
                if class != Class::Segment as u8 {
                    marks[count % BLOCK] = start.behind(place, class);
                    count += 1;
                    continue;
                }
                self.marks.extend_from_slice(&marks[..count]);
                count = 0;
                let place = at + place as usize;
                let behind = self.end_line(bytes, place, carriage_returns, &mut segment, limits)?;
                places = without(places, behind - at);
                next = next.max(behind);
            }
            self.marks.extend_from_slice(&marks[..count]);
            at = next;
            // The inside of a document.
            if quiet >= QUIET {
                at += bytes.get(at..).map_or(0, |rest| needles.text_ahead(rest));
            }
        }
        if (segment.start as usize) < bytes.len() {
            self.close(&mut segment, bytes.len(), limits)?;
        }
        Ok(())
    }

    /// Ends the segment at a carriage return or line feed and begins the next, unless that is text. Gives the position
    /// from which on there may be separators.
    fn end_line(
        &mut self,
        bytes: &[u8],
        end: usize,
        carriage_returns: bool,
        segment: &mut SegmentSpan,
        limits: &Limits,
    ) -> Result<usize, DecodeError> {
        if bytes[end] == b'\n' && carriage_returns {
            let inside = self.text_line_feeds(&bytes[end..]);
            if inside > 0 {
                return Ok(end + inside);
            }
        }
        self.close(segment, end, limits)?;
        let at = end + filler(&bytes[end..], self.delimiters.field);
        *segment =
            SegmentSpan { start: position(at), end: 0, first_mark: position(self.marks.len()) };
        Ok(if at < bytes.len() { self.skip_header(bytes, at) } else { at })
    }

    fn close(
        &mut self,
        segment: &mut SegmentSpan,
        end: usize,
        limits: &Limits,
    ) -> Result<(), DecodeError> {
        if self.segments.len() >= limits.segments {
            return Err(DecodeError::new(DecodeErrorKind::TooManySegments {
                limit: limits.segments,
            }));
        }
        segment.end = position(end);
        self.marks.push(Mark::new(segment.end, Class::Segment));
        self.segments.push(*segment);
        Ok(())
    }

    /// How many bytes at the start of `rest`, which starts with a line feed, are text in a message whose segments end in
    /// carriage returns; zero where the line feed ends the segment.
    fn text_line_feeds(&self, rest: &[u8]) -> usize {
        let blank = rest.iter().take_while(|&&byte| byte != b'\r' && is_filler(byte)).count();
        let after = &rest[blank..];
        let ends = after.first().is_none_or(|&byte| byte == b'\r')
            || starts_segment(after, self.delimiters.field);
        if ends { 0 } else { blank }
    }

    /// Steps over the declaration in the second field of a header segment (BHS, FHS, a second MSH): its characters are
    /// no separators.
    fn skip_header(&mut self, bytes: &[u8], start: usize) -> usize {
        let line = &bytes[start..];
        if !is_header(line, self.delimiters.field) {
            return start;
        }
        let ends = |byte: u8| byte == self.delimiters.field || byte == b'\r' || byte == b'\n';
        line[4..]
            .iter()
            .position(|&byte| ends(byte))
            .map_or(bytes.len(), |length| start + 4 + length)
    }

    /// The separators of one segment, and at last its end.
    pub(crate) fn marks_to_end(&self, index: usize) -> &[Mark] {
        let from = self.segments[index].first_mark as usize;
        let to =
            self.segments.get(index + 1).map_or(self.marks.len(), |next| next.first_mark as usize);
        &self.marks[from..to]
    }

    /// The separators of one segment.
    pub(crate) fn marks_of(&self, index: usize) -> &[Mark] {
        let marks = self.marks_to_end(index);
        &marks[..marks.len() - 1]
    }

    /// Where the bytes between this segment and the next end.
    pub(crate) fn gap_end(&self, index: usize, length: usize) -> usize {
        self.segments.get(index + 1).map_or(length, |next| next.start as usize)
    }
}

/// Whether a segment declares delimiters: its second field is text as it stands.
pub(crate) fn is_header(line: &[u8], field: u8) -> bool {
    matches!(line.get(..3), Some(b"MSH" | b"BHS" | b"FHS")) && line.get(3) == Some(&field)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "`Scan::of` refuses messages that 32 bits cannot index"
)]
fn position(at: usize) -> u32 {
    at as u32
}

/// Places without those below one.
#[inline]
fn without(places: u64, below: usize) -> u64 {
    if below < BLOCK { places & (u64::MAX << below) } else { 0 }
}

/// So many blocks in which nothing separates are the inside of a document.
const QUIET: usize = 8;
