//! Puts fragments of a message together again (section 2.10.2).

use crate::header::Header;
use crate::tree::Tree;

/// Puts the fragments of one message together, within bounds.
#[allow(missing_debug_implementations, reason = "holds patient data")]
pub struct Reassembler {
    most_bytes: usize,
    most_parts: usize,
    parts: usize,
    message: Vec<u8>,
    /// DSC-1 of the last fragment: MSH-14 of the next.
    expected: Option<Vec<u8>>,
    /// Whether the last segment goes on.
    open: bool,
    /// What stood between the header of the first fragment and its data.
    introduction: Vec<Vec<u8>>,
}

/// Where reassembly stands.
#[derive(Clone, PartialEq, Eq)]
pub enum Progress {
    /// More fragments follow.
    More,
    /// The message is whole; its lines end in carriage returns.
    Complete(Vec<u8>),
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::More => f.write_str("More"),
            Self::Complete(message) => write!(f, "Complete({} bytes)", message.len()),
        }
    }
}

/// Why a fragment does not fit. What was put together so far is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContinuationError {
    /// MSH-14 is not the DSC-1 of the fragment before.
    #[error(
        "MSH-14 does not name the fragment that follows: its value is not the DSC-1 of the one before"
    )]
    OutOfOrder,
    /// The first fragment has MSH-14: the ones before it are missing.
    #[error("the fragment continues another (it has MSH-14), and no fragment came before it")]
    NoBeginning,
    /// ADD stands where no segment goes on, or is missing where one does.
    #[error("ADD does not continue a segment here, or a segment that goes on is not continued")]
    Addendum,
    /// More bytes than allowed.
    #[error("the message would be longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// More fragments than allowed.
    #[error("the message has more than {limit} fragments")]
    TooManyParts {
        /// The limit.
        limit: usize,
    },
}

impl Reassembler {
    /// Nothing yet; at most so many bytes in so many fragments.
    #[must_use]
    pub fn new(most_bytes: usize, most_parts: usize) -> Self {
        Self {
            most_bytes,
            most_parts,
            parts: 0,
            message: Vec::new(),
            expected: None,
            open: false,
            introduction: Vec::new(),
        }
    }

    /// Takes the next fragment. Of further fragments the header is left out, and with it the SFT, UAC and MSA behind it
    /// where they are those of the first fragment once more. A message without DSC is complete.
    ///
    /// # Errors
    /// When the fragment does not follow the one before, or a bound is reached.
    pub fn push(&mut self, fragment: &Tree) -> Result<Progress, ContinuationError> {
        self.check_order(fragment)?;
        let field = fragment.delimiters().field;
        let mut lines: Vec<(&str, &[u8])> = fragment
            .segments()
            .map(|segment| (segment.id().unwrap_or_default(), segment.raw()))
            .collect();
        let pointer = match lines.last() {
            Some(&("DSC", line)) => {
                lines.pop();
                nth_field(line, field, 1).filter(|pointer| !pointer.is_empty())
            }
            _ => None,
        };
        let is_first = self.parts == 0;
        if !is_first {
            lines.drain(..1);
            if introduction(&lines).eq(self.introduction.iter().map(Vec::as_slice)) {
                lines.drain(..self.introduction.len());
            }
        }
        let goes_on = pointer.is_some()
            && matches!(lines.last(), Some(&("ADD", line)) if line.len() <= 4)
            && lines.len() > 1;
        if goes_on {
            lines.pop();
        }
        let added = self.join(&lines, field, is_first)?;
        let length = self.message.len() + added.len();
        // One more for the line end.
        if length >= self.most_bytes {
            return Err(ContinuationError::TooLong { limit: self.most_bytes });
        }
        self.message.extend(added);
        if is_first {
            let lines = lines.get(1..).unwrap_or_default();
            self.introduction = introduction(lines).map(<[u8]>::to_vec).collect();
        }
        self.parts += 1;
        self.open = goes_on;
        self.expected = pointer.map(<[u8]>::to_vec);
        if self.expected.is_some() {
            return Ok(Progress::More);
        }
        if !self.message.ends_with(b"\r") {
            self.message.push(b'\r');
        }
        let (bytes, parts) = (self.most_bytes, self.most_parts);
        let whole = std::mem::replace(self, Self::new(bytes, parts));
        Ok(Progress::Complete(whole.message))
    }

    fn check_order(&self, fragment: &Tree) -> Result<(), ContinuationError> {
        if self.parts >= self.most_parts {
            return Err(ContinuationError::TooManyParts { limit: self.most_parts });
        }
        let header = Header::of_tree(fragment);
        let continues = header.map_or(&b""[..], |header| header.field(14));
        match &self.expected {
            None if continues.is_empty() => Ok(()),
            None => Err(ContinuationError::NoBeginning),
            Some(expected) if expected == continues => Ok(()),
            Some(_) => Err(ContinuationError::OutOfOrder),
        }
    }

    /// The lines as they are added; the first may continue the last segment so far.
    fn join(
        &self,
        lines: &[(&str, &[u8])],
        field: u8,
        is_first: bool,
    ) -> Result<Vec<u8>, ContinuationError> {
        let mut added = Vec::new();
        for (index, &(id, line)) in lines.iter().enumerate() {
            match (id, index == 0 && self.open) {
                ("ADD", true) => {
                    let rest = line.strip_prefix(b"ADD").unwrap_or(line);
                    added.extend_from_slice(rest.strip_prefix(&[field]).unwrap_or(rest));
                }
                ("ADD", false) | (_, true) => return Err(ContinuationError::Addendum),
                (_, false) => {
                    if !(is_first && index == 0) {
                        added.push(b'\r');
                    }
                    added.extend_from_slice(line);
                }
            }
        }
        Ok(added)
    }
}

/// The segments at the start that are about the message, not in it.
fn introduction<'a>(lines: &'a [(&'a str, &'a [u8])]) -> impl Iterator<Item = &'a [u8]> {
    let leads = |(id, _): &&(&str, &[u8])| matches!(*id, "SFT" | "UAC" | "MSA");
    lines.iter().take_while(leads).map(|&(_, line)| line)
}

fn nth_field(line: &[u8], separator: u8, seq: usize) -> Option<&[u8]> {
    line.split(|&byte| byte == separator).nth(seq)
}
