//! Reads a stream of messages, with or without envelopes and MLLP blocks around them, one piece at a time.

use std::io::{self, Read};

use crate::header::Header;

use super::buffer::Buffer;
use super::envelope::Envelope;
use super::finding::{BatchFinding, BatchRule};
use super::start::{BOM, LOOK, Start};

/// Longest message unless set otherwise: 16 MiB.
const LIMIT: usize = 16 << 20;
/// Text between messages is handed out in pieces of about this size.
const TEXT: usize = 64 << 10;
/// Start of an MLLP block.
pub(super) const VT: u8 = 0x0b;
/// End of an MLLP block; a carriage return follows.
pub(super) const FS: u8 = 0x1c;

/// What a piece of the input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Content {
    /// A message, without the marks of an MLLP block.
    Message,
    /// A piece of a message that is longer than the limit; the pieces follow each other.
    LongMessage,
    /// FHS, with its line end.
    FileHeader,
    /// BHS.
    BatchHeader,
    /// BTS.
    BatchTrailer,
    /// FTS.
    FileTrailer,
    /// The start or end of an MLLP block.
    Frame,
    /// Blank lines and byte order marks.
    Blank,
    /// Text that belongs to nothing.
    Text,
    /// The end of the input, always the last piece; no bytes.
    End,
}

/// Where a piece stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// Which file of the input (FHS), from one; zero before the first.
    pub file: u64,
    /// Which batch of the file, or, where there are no files, of the input; from one, zero before the first.
    pub batch: u64,
    /// Which message of the batch, or of the messages outside of batches, from one; in other pieces, how many there were.
    pub ordinal: u64,
    /// Which message of the input, from one; in other pieces, how many there were.
    pub message: u64,
    /// The first byte, counted from the start of the input.
    pub offset: u64,
}

/// A piece of the input. The bytes of all pieces, one after the other, are the input.
#[allow(missing_debug_implementations, reason = "a view of patient data")]
pub struct Piece<'a> {
    /// What it is.
    pub content: Content,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Where it stands.
    pub place: Place,
    /// What is wrong with the envelopes up to here, since the piece before.
    pub findings: &'a [BatchFinding],
}

/// Reads messages from a stream: files of batches, batches, messages one after the other, each also as MLLP blocks, and
/// all of that mixed and broken. Nothing is lost and nothing stops it but an error of the stream; what is wrong comes as
/// findings beside the pieces.
///
/// It needs as much memory as the longest message takes, and no more than three times the limit.
#[allow(missing_debug_implementations, reason = "holds patient data")]
pub struct BatchReader<R> {
    buffer: Buffer<R>,
    /// Where the window stands in the input.
    offset: u64,
    limit: usize,
    envelope: Envelope,
    in_frame: bool,
    /// Whether the last piece was of a long message that goes on.
    in_long: bool,
    /// Whether the last piece was text, blank lines behind it aside.
    in_text: bool,
    /// Whether that text goes on in the middle of a line.
    text_goes_on: bool,
    /// The field separator of the last header.
    field: u8,
    ended: bool,
}

/// How far something reaches.
#[derive(Debug, Clone, Copy)]
enum Reach {
    /// It ends behind so many bytes.
    Ends(usize),
    /// It goes on behind so many bytes, which are more than the limit.
    GoesOn(usize),
}

/// The next piece.
#[derive(Debug, Clone, Copy)]
struct Found {
    content: Content,
    length: usize,
    /// Whether the same goes on behind it, not at the start of a line.
    goes_on: bool,
}

impl Found {
    fn whole(content: Content, length: usize) -> Self {
        Self { content, length, goes_on: false }
    }
}

impl<R: Read> BatchReader<R> {
    /// A reader with the usual limit: 16 MiB a message.
    pub fn new(source: R) -> Self {
        Self::with_limit(source, LIMIT)
    }

    /// A reader that hands out messages over a limit in pieces, as [`Content::LongMessage`].
    pub fn with_limit(source: R, limit: usize) -> Self {
        Self {
            buffer: Buffer::new(source),
            offset: 0,
            limit: limit.max(1),
            envelope: Envelope::default(),
            in_frame: false,
            in_long: false,
            in_text: false,
            text_goes_on: false,
            field: b'|',
            ended: false,
        }
    }

    /// The next piece; `None` behind [`Content::End`].
    ///
    /// # Errors
    /// When the stream cannot be read. Reading may go on where it stopped.
    pub fn next_piece(&mut self) -> io::Result<Option<Piece<'_>>> {
        self.envelope.findings.clear();
        if self.ended {
            return Ok(None);
        }
        let found = self.find()?;
        let Found { content, length, .. } = found;
        let offset = self.offset;
        self.note(found);
        let Envelope { file, batch, ordinal, messages: message, .. } = self.envelope;
        self.offset += length as u64;
        Ok(Some(Piece {
            content,
            bytes: self.buffer.take(length),
            place: Place { file, batch, ordinal, message, offset },
            findings: &self.envelope.findings,
        }))
    }

    /// What comes next, and how long it is. Reads ahead and takes nothing, so that it can be called again after an error.
    fn find(&mut self) -> io::Result<Found> {
        if self.in_long {
            match self.message_end(0)? {
                Reach::Ends(0) => {}
                end => return Ok(long_message(end)),
            }
        }
        self.buffer.fill(LOOK + 1)?;
        let window = self.buffer.window();
        match window {
            [] => return Ok(Found::whole(Content::End, 0)),
            [VT, ..] => return Ok(Found::whole(Content::Frame, 1)),
            [FS, b'\r', ..] if self.in_frame => return Ok(Found::whole(Content::Frame, 2)),
            [FS, ..] if self.in_frame => return Ok(Found::whole(Content::Frame, 1)),
            _ if self.text_goes_on => return self.text(),
            _ => {}
        }
        let start = Start::of(window, self.field);
        if let (Some(Start::Message | Start::BatchHeader | Start::FileHeader), Some(&field)) =
            (start, window.get(3))
        {
            self.field = field;
        }
        let (content, end) = match start {
            None => return self.between(),
            Some(Start::Message) => (Content::Message, self.message_end(3)?),
            Some(Start::FileHeader) => (Content::FileHeader, self.line_end()?),
            Some(Start::BatchHeader) => (Content::BatchHeader, self.line_end()?),
            Some(Start::BatchTrailer) => (Content::BatchTrailer, self.line_end()?),
            Some(Start::FileTrailer) => (Content::FileTrailer, self.line_end()?),
        };
        Ok(match end {
            Reach::Ends(length) if length <= self.limit => Found::whole(content, length),
            end if content == Content::Message => long_message(end),
            // A header or trailer that long is none.
            Reach::Ends(_) | Reach::GoesOn(_) => return self.text(),
        })
    }

    /// Blank lines, or text.
    fn between(&mut self) -> io::Result<Found> {
        let mark = if self.buffer.window().starts_with(BOM) { BOM.len() } else { 0 };
        let mut blank = mark;
        loop {
            let window = self.buffer.window();
            blank += window[blank..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let is_whole = blank < window.len() || self.buffer.ended() || blank >= TEXT;
            if is_whole {
                break;
            }
            self.buffer.fill(blank + 1)?;
        }
        self.buffer.fill(blank + LOOK)?;
        let window = self.buffer.window();
        let behind = &window[blank..];
        let is_mark = |byte: &u8| *byte == VT || *byte == FS && self.in_frame;
        let starts = behind.first().is_none_or(is_mark) || Start::of(behind, self.field).is_some();
        // Blanks in front of text are part of it.
        let line = window[..blank].iter().rposition(|byte| matches!(byte, b'\r' | b'\n'));
        let blank = if starts { blank } else { line.map_or(mark, |line| line + 1) };
        if blank > 0 { Ok(Found::whole(Content::Blank, blank)) } else { self.text() }
    }

    /// Text up to the next line that starts something.
    fn text(&mut self) -> io::Result<Found> {
        let mut at = 0;
        while at < TEXT {
            let window = self.buffer.window();
            let ends = |byte: &u8| matches!(*byte, b'\r' | b'\n' | VT | FS);
            let Some(length) = window[at..].iter().position(ends) else {
                at = window.len();
                if self.buffer.ended() {
                    break;
                }
                self.buffer.fill(at + 1)?;
                continue;
            };
            at += length;
            let byte = window[at];
            match byte {
                // A block may start anywhere in text; its end counts where there is one.
                VT => return Ok(Found::whole(Content::Text, at)),
                FS if self.in_frame => return Ok(Found::whole(Content::Text, at)),
                b'\r' | b'\n' if self.starts_behind(at + 1)? => {
                    return Ok(Found::whole(Content::Text, at + 1));
                }
                _ => at += 1,
            }
        }
        Ok(Found { content: Content::Text, length: at, goes_on: true })
    }

    /// Whether a message, header, trailer or block starts at a position, which is the start of a line.
    fn starts_behind(&mut self, at: usize) -> io::Result<bool> {
        self.buffer.fill(at + 1 + LOOK)?;
        let line = self.buffer.window().get(at..).unwrap_or_default();
        let line = line.strip_prefix(&[VT]).unwrap_or(line);
        let line = line.strip_prefix(BOM).unwrap_or(line);
        Ok(Start::of(line, self.field).is_some())
    }

    /// Where the message at the start of the window ends, looked for from a position on: at a line that starts something
    /// else, at the end of its block, or at the end of the input.
    fn message_end(&mut self, from: usize) -> io::Result<Reach> {
        let mut at = from;
        loop {
            let window = self.buffer.window();
            let rest = &window[at.min(window.len())..];
            let found = if self.in_frame {
                memchr::memchr3(b'\r', b'\n', FS, rest)
            } else {
                memchr::memchr2(b'\r', b'\n', rest)
            };
            match found {
                Some(length) if rest[length] == FS => return Ok(Reach::Ends(at + length)),
                Some(length) => {
                    at += length + 1;
                    if self.starts_behind(at)? {
                        return Ok(Reach::Ends(at));
                    }
                    if at > self.limit {
                        return Ok(Reach::GoesOn(at));
                    }
                }
                None => {
                    at = window.len();
                    if self.buffer.ended() {
                        return Ok(Reach::Ends(at));
                    }
                    if at > self.limit {
                        return Ok(Reach::GoesOn(at));
                    }
                    self.buffer.fill(at + 1)?;
                }
            }
        }
    }

    /// Where the line at the start of the window ends.
    fn line_end(&mut self) -> io::Result<Reach> {
        let mut at = 0;
        loop {
            let window = self.buffer.window();
            let ends = |byte: &u8| matches!(*byte, b'\r' | b'\n') || *byte == FS && self.in_frame;
            if let Some(length) = window[at..].iter().position(ends) {
                at += length;
                if window[at] == FS {
                    return Ok(Reach::Ends(at));
                }
                let carriage_return = window[at] == b'\r';
                self.buffer.fill(at + 2)?;
                let pair = carriage_return && self.buffer.window().get(at + 1) == Some(&b'\n');
                return Ok(Reach::Ends(at + 1 + usize::from(pair)));
            }
            at = window.len();
            if self.buffer.ended() {
                return Ok(Reach::Ends(at));
            }
            if at > self.limit {
                return Ok(Reach::GoesOn(at));
            }
            self.buffer.fill(at + 1)?;
        }
    }

    /// Keeps account of a piece.
    fn note(&mut self, found: Found) {
        let Found { content, length, goes_on } = found;
        let bytes = &self.buffer.window()[..length];
        let (envelope, offset) = (&mut self.envelope, self.offset);
        let was_text = self.in_text;
        self.in_text = content == Content::Text || content == Content::Blank && was_text;
        self.text_goes_on = content == Content::Text && goes_on;
        match content {
            Content::Message => {
                envelope.message(Header::of(bytes).as_ref(), offset);
            }
            Content::LongMessage if !self.in_long => {
                envelope.message(None, offset);
                let text = format!("the message is longer than {} bytes", self.limit);
                envelope.report(BatchRule::TooLong, offset, text);
            }
            Content::FileHeader => envelope.file_header(bytes, offset),
            Content::BatchHeader => envelope.batch_header(bytes, offset),
            Content::BatchTrailer => envelope.batch_trailer(bytes, offset),
            Content::FileTrailer => envelope.file_trailer(bytes, offset),
            Content::Frame => {
                let starts = bytes == [VT];
                if starts && self.in_frame {
                    let text = "a block starts before the one before it has ended";
                    envelope.report(BatchRule::OpenFrame, offset, text);
                }
                self.in_frame = starts;
            }
            Content::Text if !was_text => {
                let text = "text that belongs to no message and no header or trailer";
                envelope.report(BatchRule::StrayText, offset, text);
            }
            Content::LongMessage | Content::Text | Content::Blank => {}
            Content::End => {
                self.ended = true;
                if self.in_frame {
                    envelope.report(BatchRule::OpenFrame, offset, "the last block has no end");
                }
                envelope.end(offset);
            }
        }
        self.in_long = content == Content::LongMessage && goes_on;
    }
}

fn long_message(end: Reach) -> Found {
    let (length, goes_on) = match end {
        Reach::Ends(length) => (length, false),
        Reach::GoesOn(length) => (length, true),
    };
    Found { content: Content::LongMessage, length, goes_on }
}
