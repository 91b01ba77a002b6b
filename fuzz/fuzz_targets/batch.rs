//! Any limit, any reads, any bytes: taking a stream of batches apart does not panic, does not depend on the reads, and loses
//! nothing; a message that it hands out is one that a batch can be made of again, unless marks of MLLP stand in it.
#![no_main]

use std::io::{self, Read};

use hl7_types::batch::{BatchReader, BatchWriter, Content};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let [limit, size, stream @ ..] = bytes else { return };
    let limit = match usize::from(*limit) {
        255 => 1 << 20,
        limit => limit * 8,
    };
    let at_once = read(stream, usize::MAX, limit);
    assert_eq!(read(stream, usize::from(*size).max(1), limit), at_once);
});

/// Gives so many bytes at a time.
struct Slow<'a>(&'a [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let (now, later) = self.0.split_at(self.1.min(out.len()).min(self.0.len()));
        out[..now.len()].copy_from_slice(now);
        self.0 = later;
        Ok(now.len())
    }
}

/// Kinds, offsets and lengths of the pieces, and what is wrong; checks that their bytes are the stream.
fn read(stream: &[u8], size: usize, limit: usize) -> Vec<(Content, u64, usize, Vec<String>)> {
    let mut reader = BatchReader::with_limit(Slow(stream, size), limit);
    let (mut pieces, mut rest): (Vec<(Content, u64, usize, Vec<String>)>, _) = (Vec::new(), stream);
    while let Some(piece) = reader.next_piece().expect("a stream without errors") {
        let (bytes, behind) = rest.split_at(piece.bytes.len());
        assert_eq!(piece.bytes, bytes);
        rest = behind;
        if piece.content == Content::Message && !bytes.iter().any(|byte| matches!(byte, 0x0b | 0x1c)) {
            BatchWriter::new(io::sink()).message(bytes).expect("one message");
        }
        let findings: Vec<_> = piece.findings.iter().map(ToString::to_string).collect();
        // How much of a text or a long message is in one piece, blank lines in it or not, depends on what was read by then.
        let content = if piece.content == Content::Blank { Content::Text } else { piece.content };
        match pieces.last_mut() {
            Some(last) if last.0 == content && matches!(content, Content::Text | Content::LongMessage) => {
                last.2 += bytes.len();
                last.3.extend(findings);
            }
            _ => pieces.push((content, piece.place.offset, bytes.len(), findings)),
        }
    }
    assert!(rest.is_empty(), "bytes in no piece");
    assert_eq!(pieces.last().map(|piece| piece.0), Some(Content::End));
    pieces
}
