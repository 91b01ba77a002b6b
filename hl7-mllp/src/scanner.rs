//! Where pieces of the stream end. Sees each byte once, whatever the size of the reads, and keeps none.

use memchr::{memchr, memchr2};

use crate::{Commit, DecoderOptions, Event, Fault, Kind, PIECE};

/// How a message starts that has no start block.
const HEADER: &[u8] = b"MSH";

/// What the next byte belongs to, unless it ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    /// Nothing yet: a frame, blanks or noise may start.
    Nothing,
    /// Carriage returns and line feeds between frames.
    Blank,
    /// The first bytes of `MSH`, or of noise.
    Header,
    /// A message that has no start block.
    Unstarted,
    /// A frame.
    Frame,
    /// Anything else, up to the next start of a frame; or to the end of one, so that noise before a message without a start
    /// block does not swallow those behind it.
    Noise,
}

/// What ends a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The end block and the trailer, which are part of it.
    Suffix,
    /// A start block, which is not.
    Start,
    /// Another byte that cannot be part of it.
    Other,
    /// It is as long as a piece may be.
    Full,
    /// The stream ended, or rests behind an end block.
    Stream,
}

/// The state between two bytes of the stream.
#[derive(Debug, Clone)]
pub(crate) struct Scanner {
    options: DecoderOptions,
    open: Open,
    /// How much of the suffix the last bytes are.
    matched: usize,
    /// Where the open piece starts in the stream.
    offset: u64,
    /// How many bytes it has.
    length: u64,
}

impl Scanner {
    pub(crate) fn new(options: DecoderOptions) -> Self {
        Self { options, open: Open::Nothing, matched: 0, offset: 0, length: 0 }
    }

    /// How many bytes of the stream were seen.
    pub(crate) fn position(&self) -> u64 {
        self.offset + self.length
    }

    pub(crate) fn is_in_frame(&self) -> bool {
        matches!(self.open, Open::Frame | Open::Unstarted)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether the open piece is a frame that is whole but for its trailer, where that is accepted.
    pub(crate) fn is_whole_without_trailer(&self) -> bool {
        self.is_in_frame() && self.matched > 0 && self.options.missing_trailer
    }

    /// The most bytes of the open piece that are of use: all of them, unless it is a frame over the limit.
    pub(crate) fn worth(&self) -> usize {
        if self.is_too_long() { PIECE.min(self.options.limit) } else { usize::MAX }
    }

    /// Goes on in the stream: how many of the bytes belong to the open piece, and what ends it behind them, if anything does.
    pub(crate) fn scan(&mut self, bytes: &[u8]) -> (usize, Option<Ending>) {
        let mut at = 0;
        let mut ending = None;
        while ending.is_none() && at < bytes.len() {
            let (taken, found) = self.step(&bytes[at..]);
            at += taken;
            self.length += taken as u64;
            ending = found;
            if ending.is_some() && self.is_empty() {
                // Noise ended just where a piece of it did.
                self.open = Open::Nothing;
                ending = None;
            }
        }
        (at, ending)
    }

    fn step(&mut self, bytes: &[u8]) -> (usize, Option<Ending>) {
        match self.open {
            Open::Nothing => (self.begin(bytes[0]), None),
            Open::Header => (self.header(bytes[0]), None),
            Open::Blank => self.within_piece(bytes, Self::blank),
            Open::Noise => self.within_piece(bytes, Self::body),
            Open::Unstarted | Open::Frame => self.body(bytes),
        }
    }

    /// What starts with a byte. A start block is taken; other bytes are left to what they start.
    fn begin(&mut self, byte: u8) -> usize {
        self.matched = 0;
        self.open = match byte {
            _ if byte == self.options.framing.start() => Open::Frame,
            b'\r' | b'\n' => Open::Blank,
            _ if byte == HEADER[0] => Open::Header,
            _ => Open::Noise,
        };
        usize::from(self.open == Open::Frame)
    }

    fn header(&mut self, byte: u8) -> usize {
        let at = self.length as usize;
        if byte != HEADER[at] {
            self.open = Open::Noise;
            return 0;
        }
        if at + 1 == HEADER.len() {
            self.open = Open::Unstarted;
        }
        1
    }

    /// Looks no further than the open piece may reach.
    fn within_piece(
        &mut self,
        bytes: &[u8],
        look: fn(&mut Self, &[u8]) -> (usize, Option<Ending>),
    ) -> (usize, Option<Ending>) {
        let room = PIECE - self.length as usize;
        let (taken, ending) = look(self, &bytes[..room.min(bytes.len())]);
        (taken, ending.or((taken == room).then_some(Ending::Full)))
    }

    fn blank(&mut self, bytes: &[u8]) -> (usize, Option<Ending>) {
        match bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n')) {
            Some(length) => (length, Some(Ending::Other)),
            None => (bytes.len(), None),
        }
    }

    /// Looks for the end of a frame, and for the start of another. Neither mark is in the trailer, so a trailer that
    /// breaks off never has to be looked through again.
    fn body(&mut self, bytes: &[u8]) -> (usize, Option<Ending>) {
        let framing = self.options.framing;
        let suffix = framing.suffix();
        let mut at = 0;
        while at < bytes.len() {
            if self.matched == 0 {
                let Some(length) = self.find_mark(&bytes[at..]) else { break };
                at += length;
                if bytes[at] == framing.start() {
                    return (at, Some(Ending::Start));
                }
                self.matched = 1;
                at += 1;
            } else if bytes[at] == suffix[self.matched] {
                self.matched += 1;
                at += 1;
            } else if bytes[at] == framing.start() && self.start_ends_frame() {
                return (at, Some(Ending::Start));
            } else {
                self.matched = 0;
            }
            if self.matched == suffix.len() {
                return (at, Some(Ending::Suffix));
            }
        }
        (bytes.len(), None)
    }

    fn find_mark(&self, bytes: &[u8]) -> Option<usize> {
        let (start, end) = (self.options.framing.start(), self.options.framing.end());
        if self.start_counts() { memchr2(start, end, bytes) } else { memchr(end, bytes) }
    }

    /// Whether a start block is one where the open piece has it: in what is no frame it always is.
    fn start_counts(&self) -> bool {
        let is_frame = self.open == Open::Frame || self.options.missing_start && self.is_in_frame();
        !(is_frame && self.options.start_inside)
    }

    /// Whether a start block is one behind an end block without its trailer.
    fn start_ends_frame(&self) -> bool {
        self.start_counts() || self.options.missing_trailer
    }

    /// Forgets that noise came before, if it did: the stream has ended behind a piece of it.
    pub(crate) fn end(&mut self) {
        self.open = Open::Nothing;
    }

    /// Closes the open piece, whose bytes are `raw`.
    pub(crate) fn close<'a>(&mut self, raw: &'a [u8], ending: Ending) -> Event<'a> {
        let event =
            Event { kind: self.kind(raw, ending), raw, offset: self.offset, length: self.length };
        self.offset += self.length;
        self.length = 0;
        let goes_on = self.open == Open::Noise && ending == Ending::Full;
        if !goes_on {
            self.open = Open::Nothing;
        }
        event
    }

    fn kind<'a>(&self, raw: &'a [u8], ending: Ending) -> Kind<'a> {
        if !self.is_in_frame() {
            return if self.open == Open::Blank { Kind::Blank } else { Kind::Noise };
        }
        if let Some(fault) = self.fault(ending) {
            return Kind::Broken(fault);
        }
        let payload = &raw[self.prefix()..raw.len() - self.matched];
        Commit::of(payload).map_or(Kind::Frame(payload), Kind::Commit)
    }

    fn fault(&self, ending: Ending) -> Option<Fault> {
        if self.is_too_long() {
            Some(Fault::TooLong)
        } else if self.open == Open::Unstarted && !self.options.missing_start {
            Some(Fault::NoStart)
        } else if ending == Ending::Suffix {
            None
        } else if self.matched > 0 {
            (!self.options.missing_trailer).then_some(Fault::NoTrailer)
        } else if ending == Ending::Start {
            Some(Fault::StartInside)
        } else {
            Some(Fault::StreamEnded)
        }
    }

    /// Once it is, it stays so: what may be the suffix does not count until it turns out to be payload.
    fn is_too_long(&self) -> bool {
        let marks = self.prefix() + self.matched;
        self.is_in_frame() && self.length - marks as u64 > self.options.limit as u64
    }

    fn prefix(&self) -> usize {
        usize::from(self.open == Open::Frame)
    }
}
