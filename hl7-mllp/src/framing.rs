//! The bytes around a payload.

use std::fmt;

/// Most bytes of a trailer.
const TRAILER: usize = 4;
/// Most bytes behind a payload: the end block and the trailer.
pub(crate) const SUFFIX: usize = 1 + TRAILER;

/// The bytes that mark a frame: start block, end block, and the trailer behind the end block.
///
/// ```
/// use hl7_mllp::Framing;
///
/// assert_eq!(Framing::MLLP.prefix(), [0x0b]);
/// assert_eq!(Framing::MLLP.suffix(), [0x1c, 0x0d]);
///
/// let odd = Framing::new(0x02, 0x03, b"\r\n")?;
/// assert_eq!(odd.suffix(), [0x03, 0x0d, 0x0a]);
/// # Ok::<(), hl7_mllp::FramingError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Framing {
    start: u8,
    suffix: [u8; SUFFIX],
    /// How much of `suffix` is used, at least one.
    length: u8,
}

impl Framing {
    /// SB `0x0B`, EB `0x1C`, trailer CR `0x0D` (MLLP Release 1 and 2, HL7 transport specification, appendix C section C.4).
    pub const MLLP: Self = Self { start: 0x0b, suffix: [0x1c, 0x0d, 0, 0, 0], length: 2 };

    /// Other marks, for peers that were set up with them. The trailer has up to four bytes and may have none.
    ///
    /// # Errors
    /// When a frame with these marks could be read in two ways: the same byte starts and ends it, or the trailer holds
    /// one of the two; or when the trailer is longer than four bytes.
    pub fn new(start: u8, end: u8, trailer: &[u8]) -> Result<Self, FramingError> {
        if start == end {
            return Err(FramingError::StartIsEnd);
        }
        if trailer.len() > TRAILER {
            return Err(FramingError::TrailerTooLong);
        }
        if trailer.contains(&start) || trailer.contains(&end) {
            return Err(FramingError::TrailerHoldsMark);
        }
        let mut suffix = [end, 0, 0, 0, 0];
        suffix[1..=trailer.len()].copy_from_slice(trailer);
        // At most five.
        let length = 1 + trailer.len() as u8;
        Ok(Self { start, suffix, length })
    }

    /// The start block, SB.
    #[must_use]
    pub const fn start(&self) -> u8 {
        self.start
    }

    /// The end block, EB.
    #[must_use]
    pub const fn end(&self) -> u8 {
        self.suffix[0]
    }

    /// What follows the end block: a carriage return, unless set otherwise.
    #[must_use]
    pub fn trailer(&self) -> &[u8] {
        &self.suffix()[1..]
    }

    /// What stands before a payload: the start block.
    #[must_use]
    pub const fn prefix(&self) -> &[u8] {
        std::slice::from_ref(&self.start)
    }

    /// What stands behind a payload: the end block and the trailer.
    #[must_use]
    pub fn suffix(&self) -> &[u8] {
        &self.suffix[..usize::from(self.length)]
    }
}

impl Default for Framing {
    fn default() -> Self {
        Self::MLLP
    }
}

impl fmt::Debug for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Framing({:02x?} {:02x?})", self.prefix(), self.suffix())
    }
}

/// Why bytes cannot mark frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum FramingError {
    /// A frame would start with the byte that ends it.
    #[error("start block and end block are the same byte")]
    StartIsEnd,
    /// The trailer holds the start block or the end block.
    #[error("the trailer holds the start block or the end block")]
    TrailerHoldsMark,
    /// The trailer has more than four bytes.
    #[error("the trailer is longer than four bytes")]
    TrailerTooLong,
}
