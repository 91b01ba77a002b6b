//! Frames out of a stream.

use std::fmt;

use crate::framing::SUFFIX;
use crate::held::Held;
use crate::scanner::{Ending, Scanner};
use crate::{Event, Framing};

/// Noise, blanks and what is kept of a frame over the limit have so many bytes at most: 4 KiB.
pub const PIECE: usize = 4 << 10;

/// What a [`Decoder`] takes for a frame. The default is strict: SB, up to 16 MiB, EB, CR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DecoderOptions {
    /// The marks.
    pub framing: Framing,
    /// The longest payload in bytes. A longer frame is skipped to its end and reported once; the stream goes on behind it.
    pub limit: usize,
    /// Accept a message without a start block: one that starts with `MSH` at the start of the stream or behind the end of a
    /// frame, carriage returns and line feeds aside.
    pub missing_start: bool,
    /// Accept a frame whose trailer is missing or broken off, where the start of another frame follows the end block, or the
    /// end of the stream, or a [`pause`](Decoder::pause).
    pub missing_trailer: bool,
    /// Take a start block inside a frame for payload. (Text that was pasted from a word processor may hold `0x0B`, its soft
    /// line break.) A peer that breaks off a frame and starts anew is then read as one message out of both.
    pub start_inside: bool,
}

impl DecoderOptions {
    /// The options that [`Decoder::new`] has.
    pub const STRICT: Self = Self {
        framing: Framing::MLLP,
        limit: 16 << 20,
        missing_start: false,
        missing_trailer: false,
        start_inside: false,
    };
}

impl Default for DecoderOptions {
    fn default() -> Self {
        Self::STRICT
    }
}

/// Takes a stream apart into frames and what is between them. The [crate page](crate) says what it makes of each byte.
///
/// It does no I/O: hand it what was read, in pieces of any size, and ask for events until there is none.
///
/// ```
/// use hl7_mllp::{Decoder, DecoderOptions, Fault, Kind};
///
/// let mut decoder = Decoder::with_options(DecoderOptions { limit: 8, ..DecoderOptions::default() });
/// let mut kinds = Vec::new();
/// for read in [&b"\r\n\x0bMSH|"[..], b"A\x1c", b"\r\x0bMSH|^~\\&|too long\x1c\r\x0bMSH|B"] {
///     let mut rest = read;
///     while let Some(event) = decoder.next_event(&mut rest) {
///         kinds.push(format!("{:?} at {}", event.kind, event.offset));
///     }
/// }
/// assert_eq!(kinds, ["Blank at 0", "Frame(5 bytes) at 2", "Broken(TooLong) at 10"]);
/// assert!(decoder.is_in_frame());
/// let end = decoder.finish().expect("a frame that is not whole");
/// assert_eq!((end.kind, end.raw), (Kind::Broken(Fault::StreamEnded), &b"\x0bMSH|B"[..]));
/// ```
///
/// # Cost
/// Each byte is looked at once and copied at most once: not at all where a piece lies whole in what was handed in. Memory
/// is bounded by the limit and a few bytes; between frames at most 2 MiB of it are kept.
#[derive(Clone)]
pub struct Decoder {
    scanner: Scanner,
    held: Held,
}

impl Decoder {
    /// A strict decoder: [`DecoderOptions::STRICT`].
    #[must_use]
    pub fn new() -> Self {
        Self::with_options(DecoderOptions::STRICT)
    }

    /// A decoder with other marks, another limit, or more tolerance.
    #[must_use]
    pub fn with_options(options: DecoderOptions) -> Self {
        let longest = options.limit.saturating_add(1 + SUFFIX);
        Self { scanner: Scanner::new(options), held: Held::new(longest.max(PIECE)) }
    }

    /// The next piece of the stream that is complete, out of bytes kept and bytes just read; `rest` moves on behind what
    /// was used. `None` once all of `rest` is used and no further piece is complete.
    ///
    /// A caller that has enough for now stops asking; what is left in `rest` comes first when it goes on.
    pub fn next_event<'a, 'i: 'a>(&'a mut self, rest: &mut &'i [u8]) -> Option<Event<'a>> {
        self.held.release();
        let (taken, ending) = self.scanner.scan(rest);
        let (bytes, behind) = rest.split_at(taken);
        *rest = behind;
        if let Some(ending) = ending {
            return Some(self.close(bytes, ending));
        }
        self.held.add(bytes, self.scanner.worth());
        None
    }

    /// The stream has ended: what was not complete, if anything. Another stream may follow; offsets go on.
    pub fn finish(&mut self) -> Option<Event<'_>> {
        self.held.release();
        if self.scanner.is_empty() {
            self.scanner.end();
            return None;
        }
        Some(self.close(&[], Ending::Stream))
    }

    /// Nothing has come for a while, although the peer may be done: the frame that is whole but for its trailer, where
    /// [`missing_trailer`](DecoderOptions::missing_trailer) accepts that. Otherwise nothing happens.
    ///
    /// A peer that sends no trailer and waits for an answer never sends what would tell the end of its frame. How long a
    /// while is, the caller decides: long enough that a payload does not rest behind an end block inside it.
    pub fn pause(&mut self) -> Option<Event<'_>> {
        self.held.release();
        self.scanner.is_whole_without_trailer().then(|| self.close(&[], Ending::Stream))
    }

    /// Whether a frame has started and not ended: what a time limit for frames goes by, so that a peer which sends a byte
    /// now and then does not hold a connection for ever.
    #[must_use]
    pub fn is_in_frame(&self) -> bool {
        self.scanner.is_in_frame()
    }

    /// How many bytes are kept of the piece that is not complete.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.held.len()
    }

    /// How many bytes of the stream were used so far.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.scanner.position()
    }

    fn close<'a>(&'a mut self, bytes: &'a [u8], ending: Ending) -> Event<'a> {
        let raw = self.held.join(bytes, self.scanner.worth());
        self.scanner.close(raw, ending)
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows no bytes of the stream.
impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("scanner", &self.scanner)
            .field("buffered", &self.buffered())
            .finish()
    }
}
