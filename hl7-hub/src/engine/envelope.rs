//! What stands in a frame: the messages of a batch, and what is around them.

use std::ops::Range;

use hl7_core::Header;
use hl7_core::batch::{BatchFinding, BatchReader, Content};

use crate::config::MOST_MESSAGES;

/// Findings that are named; further ones are counted.
const NAMED: usize = 10;

/// A frame as a batch.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    /// Where its messages stand.
    pub(super) messages: Vec<Range<usize>>,
    /// The first FHS.
    pub(super) file: Option<Range<usize>>,
    /// The first BHS.
    pub(super) batch: Option<Range<usize>>,
    /// Whether there are more messages than may be.
    pub(super) is_too_long: bool,
    has_trailer: bool,
    findings: Vec<String>,
    more_findings: usize,
}

impl Envelope {
    /// Reads a frame. It is read to its end, whatever it holds, but nothing grows beyond what is allowed.
    pub(super) fn of(frame: &[u8]) -> Self {
        let mut envelope = Self::default();
        each_piece(frame, |content, range, findings| {
            envelope.note(content, range);
            for finding in findings {
                match envelope.findings.len() {
                    NAMED.. => envelope.more_findings += 1,
                    _ => envelope.findings.push(finding.to_string()),
                }
            }
        });
        envelope
    }

    fn note(&mut self, content: Content, range: Range<usize>) {
        match content {
            Content::Message if self.messages.len() == MOST_MESSAGES => self.is_too_long = true,
            Content::Message => self.messages.push(range),
            Content::FileHeader => drop(self.file.get_or_insert(range)),
            Content::BatchHeader => drop(self.batch.get_or_insert(range)),
            Content::BatchTrailer | Content::FileTrailer => self.has_trailer = true,
            // What is not within the limit of a message cannot be: the limit is the frame.
            Content::LongMessage => {}
            Content::Frame | Content::Blank | Content::Text | Content::End => {}
        }
    }

    /// Whether the frame is a batch at all: one that has a header or trailer of one, or several messages.
    pub(super) fn is_batch(&self) -> bool {
        self.messages.len() > 1 || self.header().is_some() || self.has_trailer
    }

    /// The outermost header, which says who sends the batch.
    pub(super) fn header(&self) -> Option<&Range<usize>> {
        self.file.as_ref().or(self.batch.as_ref())
    }

    /// What is wrong with it, in one text without content; empty where nothing is.
    pub(super) fn findings(&self) -> String {
        let mut text: String = self.findings.iter().map(|finding| format!("; {finding}")).collect();
        if self.more_findings > 0 {
            text.push_str(&format!("; {} more like these", self.more_findings));
        }
        text
    }
}

/// Whether bytes begin with the header of a batch or of a file of them.
pub(super) fn begins_batch(bytes: &[u8]) -> bool {
    Header::of(bytes).is_some_and(|header| header.id() != "MSH")
}

/// Hands out the pieces of a frame: what each is, where it stands, what is wrong up to there.
fn each_piece(frame: &[u8], mut take: impl FnMut(Content, Range<usize>, &[BatchFinding])) {
    let mut reader = BatchReader::with_limit(frame, frame.len());
    let mut at = 0;
    // A slice does not fail to be read.
    while let Ok(Some(piece)) = reader.next_piece() {
        let range = at..at + piece.bytes.len();
        at = range.end;
        take(piece.content, range, piece.findings);
    }
}

/// The frame with each of its messages as `write` gives it, `None` for left out. What is around them stays byte for byte, but
/// for the counts of trailers that were right and would not be any more.
pub(super) fn rewritten(
    frame: &[u8],
    mut write: impl FnMut(usize, &[u8]) -> Option<Vec<u8>>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(frame.len());
    let (mut number, mut in_batch, mut left) = (0, 0_u64, 0_u64);
    each_piece(frame, |content, range, _| {
        let bytes = &frame[range];
        match content {
            Content::Message => {
                let written = write(number, bytes);
                number += 1;
                in_batch += 1;
                left += u64::from(written.is_some());
                out.extend_from_slice(&written.unwrap_or_default());
            }
            Content::BatchTrailer => {
                out.extend_from_slice(&counting(bytes, in_batch, left));
                (in_batch, left) = (0, 0);
            }
            Content::FileHeader | Content::BatchHeader => {
                (in_batch, left) = (0, 0);
                out.extend_from_slice(bytes);
            }
            _ => out.extend_from_slice(bytes),
        }
    });
    out
}

/// A trailer with another count, if it had the one that it should have had.
fn counting(trailer: &[u8], had: u64, has: u64) -> Vec<u8> {
    let separator = trailer.get(3).copied().unwrap_or(b'|');
    let digits = trailer.iter().skip(4).take_while(|byte| byte.is_ascii_digit()).count();
    let said = trailer.get(4..4 + digits).and_then(|count| std::str::from_utf8(count).ok());
    let is_whole = trailer
        .get(4 + digits)
        .is_none_or(|byte| *byte == separator || matches!(byte, b'\r' | b'\n'));
    match said.and_then(|said| said.parse::<u64>().ok()) {
        Some(said) if said == had && is_whole => {
            [&trailer[..4], has.to_string().as_bytes(), &trailer[4 + digits..]].concat()
        }
        _ => trailer.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keep(_: usize, message: &[u8]) -> Option<Vec<u8>> {
        Some(message.to_vec())
    }

    #[test]
    fn what_is_a_batch() {
        for (frame, is_batch, messages) in [
            ("MSH|^~\\&|A\rPID|1\r", false, 1),
            ("\r\nMSH|^~\\&|A\rPID|1\r", false, 1),
            ("MSH|^~\\&|A\rNTE|1||MSH-3 is wrong\rMSH-3\r", false, 1),
            ("text\rMSH|^~\\&|A\r", false, 1),
            ("", false, 0),
            ("BHS|^~\\&|A\rBTS|0\r", true, 0),
            ("MSH|^~\\&|A\rMSH|^~\\&|A\r", true, 2),
            ("MSH|^~\\&|A\rBTS|1\r", true, 1),
            ("FHS|^~\\&\rFHS|^~\\&\rBHS|^~\\&\rBHS|^~\\&\rMSH|^~\\&|A\r", true, 1),
        ] {
            let envelope = Envelope::of(frame.as_bytes());
            assert_eq!(
                (envelope.is_batch(), envelope.messages.len()),
                (is_batch, messages),
                "{frame:?}"
            );
        }
    }

    #[test]
    fn what_is_allowed_does_not_grow() {
        let many = "MSH|^~\\&\r".repeat(MOST_MESSAGES + 7);
        let envelope = Envelope::of(many.as_bytes());
        assert!(envelope.is_too_long && envelope.messages.len() == MOST_MESSAGES);
        assert!(
            envelope
                .findings()
                .ends_with(&format!("; {} more like these", MOST_MESSAGES + 7 - NAMED))
        );
        let empty = format!("{}BHS|^~\\&\rBTS|0\r", "\r\n".repeat(1_000_000));
        let envelope = Envelope::of(empty.as_bytes());
        assert_eq!((envelope.batch, envelope.findings.len()), (Some(2_000_000..2_000_009), 0));
    }

    #[test]
    fn a_count_follows_the_messages_if_it_was_right() {
        for (frame, expected) in [
            ("BHS|^~\\&\rMSH|1\rMSH|2\rBTS|2|x\r\nFTS|1\r", "BHS|^~\\&\rMSH|2\rBTS|1|x\r\nFTS|1\r"),
            ("BHS|^~\\&\rMSH|1\rMSH|2\rBTS|3\r", "BHS|^~\\&\rMSH|2\rBTS|3\r"),
            ("BHS|^~\\&\rMSH|1\rMSH|2\rBTS", "BHS|^~\\&\rMSH|2\rBTS"),
            ("BHS|^~\\&\rMSH|1\rMSH|2\rBTS|2x\r", "BHS|^~\\&\rMSH|2\rBTS|2x\r"),
            ("MSH|1\rMSH|2\r", "MSH|2\r"),
        ] {
            let left = rewritten(frame.as_bytes(), |number, message| {
                (number > 0).then(|| message.to_vec())
            });
            assert_eq!(String::from_utf8_lossy(&left), expected);
        }
    }

    proptest! {
        /// Whatever a frame holds, its pieces are the frame.
        #[test]
        fn no_byte_of_a_frame_is_lost(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "MSH|^~\\&|A\r", "MSH|", "MSH", "FHS|^~\\&\r", "BHS|^~\\&|B\r", "BTS|2\r", "BTS|0", "FTS|1\n",
                    "\r", "\n\n", "PID|1\r", "\u{b}", "\u{1c}", "x", "\u{feff}", " ",
                ]),
                0..40,
            )
        ) {
            let frame = parts.concat();
            let whole = rewritten(frame.as_bytes(), keep);
            prop_assert_eq!(String::from_utf8_lossy(&whole), frame.as_str());
            let envelope = Envelope::of(frame.as_bytes());
            prop_assert!(envelope.messages.iter().all(|range| frame.as_bytes()[range.clone()].starts_with(b"MSH")));
        }
    }
}
