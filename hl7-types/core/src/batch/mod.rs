//! Batches and files (section 2.10.3): read as streams of messages, in constant memory, and written with right counts.
//!
//! ```
//! use hl7_core::batch::{BatchReader, Content};
//!
//! let file = b"FHS|^~\\&|LAB\rBHS|^~\\&|LAB\rMSH|^~\\&|LAB|||||||1\rMSH|^~\\&|LAB|||||||2\rBTS|3\rFTS|1\r";
//! let mut reader = BatchReader::new(&file[..]);
//! let (mut messages, mut findings) = (0, Vec::new());
//! while let Some(piece) = reader.next_piece()? {
//!     messages += usize::from(piece.content == Content::Message);
//!     findings.extend(piece.findings.iter().map(ToString::to_string));
//! }
//! assert_eq!(messages, 2);
//! assert_eq!(findings, ["warning[batch-count] byte 68: BTS-1 says 3, the batch has 2 messages"]);
//! # Ok::<(), std::io::Error>(())
//! ```

mod buffer;
mod envelope;
mod finding;
mod reader;
mod start;
#[cfg(test)]
mod tests;
mod writer;

pub use finding::{BatchFinding, BatchRule};
pub use reader::{BatchReader, Content, Piece, Place};
pub use writer::{AckBatch, BatchError, BatchHeader, BatchWriter, WhichAcks};
