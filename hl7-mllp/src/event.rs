//! What a stream of frames consists of.

use std::fmt;

/// A piece of the stream. Pieces follow each other without a gap: the `raw` bytes of all of them, one after the other, are
/// the stream, but for what is over the limit.
///
/// Its `Debug` shows no bytes of the stream.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// What it is.
    pub kind: Kind<'a>,
    /// Its bytes as they came, marks included. Of a frame over the limit only the first ones, enough to find the header.
    pub raw: &'a [u8],
    /// Its first byte, counted from the start of the stream.
    pub offset: u64,
    /// How many bytes it took of the stream; more than `raw` has where a frame is over the limit.
    pub length: u64,
}

/// What a piece of the stream is.
///
/// Its `Debug` shows the length of a payload, not the payload.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind<'a> {
    /// A frame: its payload, without the marks. May be empty.
    Frame(&'a [u8]),
    /// A commit block of Release 2: a frame whose payload is the byte `0x06` or `0x15`.
    Commit(Commit),
    /// Carriage returns and line feeds between frames, which do no harm. A long run comes in several pieces.
    Blank,
    /// Other bytes between frames. They belong to nothing; long noise comes in pieces of [`PIECE`](crate::PIECE) bytes.
    Noise,
    /// A frame that is not whole, or not one to be trusted.
    Broken(Fault),
}

/// What is wrong with a frame. Where several faults meet, the first of this list is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The payload is longer than the limit. The rest of it was skipped, up to where the frame ends.
    #[error("a frame is longer than the limit")]
    TooLong,
    /// A message without a start block before it, told by the `MSH` at its start, where that is not accepted.
    #[error("a message has no start block")]
    NoStart,
    /// The end block came, but the trailer did not: another frame starts or the stream ends instead.
    #[error("a frame has no carriage return, or other trailer, behind its end block")]
    NoTrailer,
    /// Another frame starts before this one ends.
    #[error("a frame starts inside another")]
    StartInside,
    /// The stream ends before the frame does.
    #[error("the stream ends inside a frame")]
    StreamEnded,
}

/// A commit acknowledgment of MLLP Release 2 (HL7 transport specification, appendix C section C.4): whether the peer has stored the
/// frame. It says nothing about what is in the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Commit {
    /// Stored: `0x06`.
    Ack,
    /// Not stored: `0x15`.
    Nak,
}

impl Commit {
    /// The byte that says it.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Ack => 0x06,
            Self::Nak => 0x15,
        }
    }

    /// The commit acknowledgment that a payload is, if it is one.
    #[must_use]
    pub const fn of(payload: &[u8]) -> Option<Self> {
        match payload {
            [0x06] => Some(Self::Ack),
            [0x15] => Some(Self::Nak),
            _ => None,
        }
    }
}

impl fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("kind", &self.kind)
            .field("offset", &self.offset)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Kind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame(payload) => write!(f, "Frame({} bytes)", payload.len()),
            Self::Commit(commit) => write!(f, "Commit({commit:?})"),
            Self::Blank => f.write_str("Blank"),
            Self::Noise => f.write_str("Noise"),
            Self::Broken(fault) => write!(f, "Broken({fault:?})"),
        }
    }
}
