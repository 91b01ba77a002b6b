//! Streams of MLLP, and what taking them apart costs at several sizes of reads.

use hl7_mllp::{Decoder, Encoder, Kind as Event};

/// Bytes of a read: an Ethernet frame's, a page or two, a large buffer.
pub const READS: [(&str, usize); 3] =
    [("reads of 1,460", 1_460), ("reads of 8 KiB", 8 << 10), ("reads of 64 KiB", 64 << 10)];

/// Messages as they stand on the wire.
///
/// # Panics
/// With a message that holds the mark of an end, which none of ours does.
#[must_use]
pub fn stream(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut stream = Vec::new();
    let encoder = Encoder::default();
    for message in messages {
        encoder.encode(message, &mut stream).expect("no message of ours holds a mark");
    }
    stream
}

/// Takes a stream apart, so many bytes at a time, and counts its messages.
#[must_use]
pub fn count_frames(stream: &[u8], read: usize) -> usize {
    let mut decoder = Decoder::new();
    let mut frames = 0;
    for mut rest in stream.chunks(read) {
        while let Some(event) = decoder.next_event(&mut rest) {
            frames += usize::from(matches!(event.kind, Event::Frame(_)));
        }
    }
    frames
}
