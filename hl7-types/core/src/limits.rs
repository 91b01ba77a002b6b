//! Bounds on what one message may cost.

/// Limits that decoding keeps; over one of them it fails (or, for findings, stops collecting).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest message in bytes; positions are 32 bits wide, so at most `u32::MAX - 1`.
    pub bytes: usize,
    /// Most segments in a message.
    pub segments: usize,
    /// Most findings kept for a message; the count of all of them is kept too.
    pub findings: usize,
}

impl Limits {
    /// 256 MiB, four million segments, one thousand findings.
    pub const DEFAULT: Self = Self { bytes: 256 << 20, segments: 4_000_000, findings: 1_000 };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
