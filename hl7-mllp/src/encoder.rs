//! Frames around payloads.

use memchr::memchr_iter;

use crate::{Commit, Framing};

/// Writes frames.
///
/// What it accepts, a [`Decoder`](crate::Decoder) with the same framing gives back: a payload that holds a mark which would
/// cut the frame is an error, unless asked otherwise. A payload of the single byte `0x06` or `0x15` is a commit block.
///
/// ```
/// use hl7_mllp::{EncodeError, Encoder};
///
/// let encoder = Encoder::default();
/// let mut out = Vec::new();
/// encoder.encode(b"MSH|^~\\&|A\r", &mut out)?;
/// assert_eq!(out, b"\x0bMSH|^~\\&|A\r\x1c\r");
///
/// // The same for a vectored write, without a copy.
/// let [prefix, payload, suffix] = encoder.parts(b"MSH|^~\\&|A\r")?;
/// assert_eq!(out, [prefix, payload, suffix].concat());
///
/// let refused = encoder.encode(b"MSH|\x1c\rPID|", &mut out);
/// assert_eq!(refused, Err(EncodeError::PayloadHoldsEnd { offset: 4 }));
/// # Ok::<(), EncodeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Encoder {
    /// The marks.
    pub framing: Framing,
    /// Send no start block before a payload, for a peer that was set up to accept and expect that. Commit blocks have one.
    pub omit_start: bool,
    /// Send payloads that hold the start block. A peer that follows the specification may take it for the start of another
    /// message; most that do not will read the payload as it is.
    pub allow_start: bool,
    /// Send payloads that hold the end block with the trailer behind it. The peer will read a shorter message, and noise.
    pub allow_end: bool,
}

impl Encoder {
    /// Appends a frame around a payload.
    ///
    /// # Errors
    /// When the payload holds a mark that would cut the frame. Nothing was appended then.
    pub fn encode(&self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let parts = self.parts(payload)?;
        out.reserve(parts.iter().map(|part| part.len()).sum());
        parts.iter().for_each(|part| out.extend_from_slice(part));
        Ok(())
    }

    /// A frame as three slices, for a vectored write: prefix, payload, suffix.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn parts<'a>(&'a self, payload: &'a [u8]) -> Result<[&'a [u8]; 3], EncodeError> {
        self.check(payload)?;
        let prefix = if self.omit_start { &[] } else { self.framing.prefix() };
        Ok([prefix, payload, self.framing.suffix()])
    }

    /// Appends a commit block of Release 2: start block, `0x06` or `0x15`, end block, trailer.
    pub fn commit(&self, commit: Commit, out: &mut Vec<u8>) {
        out.extend_from_slice(self.framing.prefix());
        out.push(commit.byte());
        out.extend_from_slice(self.framing.suffix());
    }

    fn check(&self, payload: &[u8]) -> Result<(), EncodeError> {
        if !self.allow_end
            && let Some(offset) = self.find_end(payload)
        {
            return Err(EncodeError::PayloadHoldsEnd { offset });
        }
        if !self.allow_start
            && let Some(offset) = memchr::memchr(self.framing.start(), payload)
        {
            return Err(EncodeError::PayloadHoldsStart { offset });
        }
        Ok(())
    }

    fn find_end(&self, payload: &[u8]) -> Option<usize> {
        memchr_iter(self.framing.end(), payload)
            .find(|&at| payload[at..].starts_with(self.framing.suffix()))
    }
}

/// Why a payload cannot be framed. Holds no byte of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The payload holds the end block with the trailer behind it: a reader would end the frame there.
    #[error("the payload holds the end of a frame at byte {offset}")]
    PayloadHoldsEnd {
        /// Where, in bytes from the start of the payload.
        offset: usize,
    },
    /// The payload holds the start block: a reader may start another frame there.
    #[error("the payload holds the start of a frame at byte {offset}")]
    PayloadHoldsStart {
        /// Where, in bytes from the start of the payload.
        offset: usize,
    },
}
