//! What holds of any input: every byte comes out, in order, however the stream is read.

use std::io::{self, Read};

use proptest::prelude::*;

use super::{BatchHeader, BatchReader, BatchWriter, Content};

/// Gives so many bytes at a time.
struct Slow<'a>(&'a [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(out.len()).min(self.0.len());
        let (now, later) = self.0.split_at(count);
        out[..count].copy_from_slice(now);
        self.0 = later;
        Ok(count)
    }
}

/// Inputs that look like batches, and what does not belong into one.
fn input() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        &b"FHS|^~\\&|A\r"[..],
        b"BHS|^~\\&|B\r",
        b"BHS#*~!%#B\r",
        b"MSH|^~\\&|A|||||||1\r",
        b"MSH#*~!%#A\r",
        b"MSH|",
        b"MSH-3",
        b"PID|1||7\r",
        b"BTS|1\r",
        b"BTS#1\r\n",
        b"BTS",
        b"FTS|1",
        b"\r",
        b"\n",
        b"\r\n\r\n",
        b" ",
        b"\x0b",
        b"\x1c",
        b"\x1c\r",
        b"\xef\xbb\xbf",
        b"text",
    ]);
    let part = prop_oneof![
        8 => known.prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..12),
    ];
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

/// What each piece is, and its bytes; all bytes; findings.
type Pieces = (Vec<(Content, Vec<u8>)>, Vec<u8>, Vec<String>);

fn read(input: &[u8], at_once: usize, limit: usize) -> Pieces {
    let mut reader = BatchReader::with_limit(Slow(input, at_once), limit);
    let (mut pieces, mut all, mut findings) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(piece) = reader.next_piece().expect("a stream without errors") {
        assert_eq!(piece.place.offset, all.len() as u64);
        let is_whole = piece.content != Content::Message || piece.bytes.len() <= limit;
        assert!(is_whole, "a message over the limit");
        all.extend_from_slice(piece.bytes);
        findings.extend(piece.findings.iter().map(ToString::to_string));
        // How much of a text or a long message is in one piece, blank lines in it or not, depends on what was read by then.
        let content = if piece.content == Content::Blank { Content::Text } else { piece.content };
        match pieces.last_mut() {
            Some((last, bytes)) if comes_in_pieces(content) && *last == content => {
                Vec::extend_from_slice(bytes, piece.bytes);
            }
            _ => pieces.push((content, piece.bytes.to_vec())),
        }
    }
    assert_eq!(pieces.last().map(|(content, _)| *content), Some(Content::End));
    (pieces, all, findings)
}

fn comes_in_pieces(content: Content) -> bool {
    matches!(content, Content::LongMessage | Content::Text)
}

proptest! {
    #[test]
    fn every_byte_comes_out_in_order_however_the_stream_is_read(
        input in input(),
        at_once in 1_usize..40,
        limit in prop_oneof![Just(1 << 20), 1_usize..60],
    ) {
        let (pieces, all, findings) = read(&input, usize::MAX, limit);
        prop_assert_eq!(&all, &input);
        prop_assert_eq!(read(&input, at_once, limit), (pieces, all, findings));
    }

    /// What is written comes back, and its counts are right.
    #[test]
    fn what_is_written_is_read(
        ids in prop::collection::vec(prop::collection::vec(1_u32..1_000_000, 0..5), 0..4),
        line_end in prop::sample::select(vec!["\r", "\r\n", ""]),
    ) {
        let header = BatchHeader { name: "n|\r^".to_owned(), ..BatchHeader::default() };
        let mut writer = BatchWriter::new(Vec::new());
        writer.begin_file(&header).expect("a file");
        let message = |(number, id): (usize, &u32)| format!("MSH|^~\\&|A|||||||{number}.{id}\rPID|1{line_end}");
        let mut sent = Vec::new();
        for batch in &ids {
            writer.begin_batch(&header).expect("a batch");
            for text in batch.iter().enumerate().map(message) {
                writer.message(text.as_bytes()).expect("a message");
                sent.push(if line_end.is_empty() { text + "\r" } else { text });
            }
            writer.end_batch().expect("the end");
        }
        let written = writer.finish().expect("the end");
        let (pieces, _, findings) = read(&written, 7, 1 << 20);
        prop_assert_eq!(findings, Vec::<String>::new());
        let messages = pieces.into_iter().filter(|(content, _)| *content == Content::Message);
        let found: Vec<_> =
            messages.map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned()).collect();
        prop_assert_eq!(found, sent);
    }
}
