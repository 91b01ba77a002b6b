//! What is wrong with the envelopes around messages.

use std::fmt;

use crate::finding::Severity;

macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident $id:literal $severity:ident;)*) => {
        /// What a finding about an envelope is about. The ids are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum BatchRule { $($(#[$doc])* $rule,)* }

        impl BatchRule {
            /// All rules.
            pub const ALL: &'static [Self] = &[$(Self::$rule,)*];

            /// Stable id.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Self::$rule => $id,)* }
            }

            /// How much it matters.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$rule => Severity::$severity,)* }
            }
        }
    };
}

rules! {
    /// A batch ends without BTS.
    MissingBatchTrailer "missing-batch-trailer" Warning;
    /// A file ends without FTS.
    MissingFileTrailer "missing-file-trailer" Warning;
    /// BTS where no batch is open.
    UnexpectedBatchTrailer "unexpected-batch-trailer" Warning;
    /// FTS where no file is open.
    UnexpectedFileTrailer "unexpected-file-trailer" Warning;
    /// A message beside the batches or files of the input.
    MessageOutside "message-outside" Warning;
    /// BTS-1 is not the number of messages in the batch.
    BatchCount "batch-count" Warning;
    /// FTS-1 is not the number of batches in the file.
    FileCount "file-count" Warning;
    /// BTS-1 or FTS-1 is no number.
    NotACount "not-a-count" Warning;
    /// A header declares no usable delimiters.
    BrokenHeader "broken-header" Error;
    /// A message has no control id.
    NoControlId "no-control-id" Warning;
    /// Two messages of a batch, or two batches of a file, have the same control id.
    SameControlId "same-control-id" Warning;
    /// Text that belongs to no message and no envelope.
    StrayText "stray-text" Warning;
    /// A message is longer than the limit; it is handed out in pieces.
    TooLong "too-long" Error;
    /// An MLLP block has no end.
    OpenFrame "open-frame" Warning;
}

/// One thing that is wrong with an envelope. Holds no text of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchFinding {
    /// What it is about.
    pub rule: BatchRule,
    /// Where, in bytes from the start of the input.
    pub offset: u64,
    /// What was found and what was expected, in one sentence.
    pub message: String,
}

impl fmt::Display for BatchFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, offset, message } = self;
        write!(f, "{}[{}] byte {offset}: {message}", rule.severity().word(), rule.id())
    }
}
