//! A file of many messages in a batch, and what taking it apart costs.

use hl7_types::batch::{BatchError, BatchHeader, BatchReader, BatchWriter, Content};

use crate::corpus::Corpus;
use crate::kinds::KINDS;

/// The kinds that such a file holds in turn: all but the one with a document.
pub const IN_TURN: [&str; 6] = ["adt", "oru-40", "siu", "orm", "vxu", "mdm"];

/// A file of so many messages in one batch.
///
/// # Errors
/// None with messages of ours.
pub fn file(messages: usize) -> Result<Vec<u8>, BatchError> {
    let kinds = KINDS.iter().filter(|kind| IN_TURN.contains(&kind.name));
    let each = messages.div_ceil(IN_TURN.len());
    let corpora: Vec<Corpus> = kinds.map(|kind| Corpus::first(kind, each)).collect();
    let mut writer = BatchWriter::new(Vec::new());
    writer.begin_file(&BatchHeader::default())?;
    writer.begin_batch(&BatchHeader::default())?;
    for nth in 0..messages {
        writer.message(&corpora[nth % corpora.len()].messages[nth / corpora.len()])?;
    }
    writer.finish()
}

/// Takes a file apart and counts its messages; nothing is kept of them.
#[must_use]
pub fn count_messages(file: &[u8]) -> usize {
    let mut reader = BatchReader::new(file);
    let mut messages = 0;
    while let Ok(Some(piece)) = reader.next_piece() {
        messages += usize::from(piece.content == Content::Message);
    }
    messages
}
