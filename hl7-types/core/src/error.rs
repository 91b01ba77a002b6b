//! What makes decoding fail: only "this is not an HL7 message", or a stated limit. Everything else is a finding.

use std::fmt;

/// Why bytes could not be read as an HL7 message. Holds no message text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct DecodeError {
    kind: DecodeErrorKind,
}

/// The kinds of [`DecodeError`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// No `MSH` at the start, after blanks, blank lines, a byte order mark or a start-of-block mark.
    NoHeader,
    /// The message starts with a batch or file header (`BHS`, `FHS`).
    Batch,
    /// MSH-1 or MSH-2 is missing or names characters that cannot separate.
    ImpossibleDelimiters,
    /// More bytes than [`Limits::bytes`](crate::Limits::bytes).
    TooLong {
        /// Length of the message in bytes.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// More segments than [`Limits::segments`](crate::Limits::segments).
    TooManySegments {
        /// The limit.
        limit: usize,
    },
}

impl DecodeError {
    pub(crate) fn new(kind: DecodeErrorKind) -> Self {
        Self { kind }
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &DecodeErrorKind {
        &self.kind
    }
}

impl fmt::Display for DecodeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHeader => f.write_str(
                "not an HL7 message: it does not start with the segment MSH; check that the file holds ER7 \
                 (\"pipes and hats\") and is not empty, XML or text in UTF-16",
            ),
            Self::Batch => f.write_str(
                "a batch, not a message: it starts with FHS or BHS; split it into messages first",
            ),
            Self::ImpossibleDelimiters => f.write_str(
                "MSH-1 and MSH-2 declare no usable delimiters: expected one punctuation character and then one to \
                 five different others, as in MSH|^~\\&|",
            ),
            Self::TooLong { bytes, limit } => {
                write!(f, "the message has {bytes} bytes, over the limit of {limit}; raise `Limits::bytes` to read it")
            }
            Self::TooManySegments { limit } => {
                write!(f, "the message has more than {limit} segments; raise `Limits::segments` to read it")
            }
        }
    }
}
