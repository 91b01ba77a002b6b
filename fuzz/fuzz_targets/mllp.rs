//! Any options, any reads, any bytes: taking a stream apart does not panic, does not depend on the reads, and loses nothing.
#![no_main]

use hl7_mllp::{Decoder, DecoderOptions, Event, Fault, Framing, Kind, PIECE};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let [switches, limit, size, stream @ ..] = bytes else { return };
    let on = |bit: u8| switches & 1 << bit != 0;
    let trailer = if on(4) { &b"\r\n"[..] } else { b"" };
    let options = DecoderOptions {
        framing: if on(3) {
            Framing::new(b'[', b']', trailer).expect("usable marks")
        } else {
            Framing::MLLP
        },
        limit: usize::from(*limit) * 32,
        missing_start: on(0),
        missing_trailer: on(1),
        start_inside: on(2),
    };
    let at_once = decode(options, stream, stream.len().max(1));
    assert_eq!(decode(options, stream, usize::from(*size).max(1)), at_once);
});

/// Kinds, offsets and lengths of the events; checks that their bytes are the stream.
fn decode(options: DecoderOptions, stream: &[u8], size: usize) -> Vec<(String, u64, u64)> {
    let mut decoder = Decoder::with_options(options);
    let mut events = Vec::new();
    let mut rest_of_stream = stream;
    let mut note = |event: Event<'_>| {
        let (bytes, behind) = rest_of_stream.split_at(event.length as usize);
        rest_of_stream = behind;
        if event.kind == Kind::Broken(Fault::TooLong) {
            assert_eq!(event.raw, &bytes[..options.limit.min(PIECE)]);
        } else {
            assert_eq!(event.raw, bytes);
        }
        events.push((format!("{:?}", event.kind), event.offset, event.length));
    };
    for read in stream.chunks(size) {
        let mut rest = read;
        while let Some(event) = decoder.next_event(&mut rest) {
            note(event);
        }
        assert!(rest.is_empty() && decoder.buffered() <= PIECE.max(options.limit + 6));
    }
    if let Some(event) = decoder.finish() {
        note(event);
    }
    assert!(rest_of_stream.is_empty(), "bytes without an event");
    events
}
