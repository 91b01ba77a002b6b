//! Frames around payloads, and payloads that cannot have one.

use hl7_mllp::{Commit, EncodeError, Encoder, Framing};

#[track_caller]
fn check(encoder: Encoder, payload: &[u8], expected: Result<&[u8], EncodeError>) {
    let mut out = b"before".to_vec();
    let done = encoder.encode(payload, &mut out);
    assert_eq!(done.map(|()| &out[6..]), expected);
    assert_eq!(encoder.parts(payload).map(|parts| parts.concat()), expected.map(<[u8]>::to_vec));
    if done.is_err() {
        assert_eq!(out, b"before");
    }
}

const END: fn(usize) -> EncodeError = |offset| EncodeError::PayloadHoldsEnd { offset };
const START: fn(usize) -> EncodeError = |offset| EncodeError::PayloadHoldsStart { offset };

#[test]
fn frames() {
    let encoder = Encoder::default();
    check(encoder, b"a\rb", Ok(b"\x0ba\rb\x1c\r"));
    check(encoder, b"", Ok(b"\x0b\x1c\r"));
    check(encoder, b"a\x1cb\x1c", Ok(b"\x0ba\x1cb\x1c\x1c\r"));
    let omit_start = Encoder { omit_start: true, ..encoder };
    check(omit_start, b"MSH|", Ok(b"MSH|\x1c\r"));
}

#[test]
fn payloads_that_hold_marks() {
    let encoder = Encoder::default();
    check(encoder, b"a\x1c\x1c\rb", Err(END(2)));
    check(encoder, b"a\x0b", Err(START(1)));
    check(encoder, b"\x0b\x1c\r", Err(END(1)));
    let allow_start = Encoder { allow_start: true, ..encoder };
    check(allow_start, b"a\x0b", Ok(b"\x0ba\x0b\x1c\r"));
    check(allow_start, b"\x0b\x1c\r", Err(END(1)));
    let allow_end = Encoder { allow_end: true, ..encoder };
    check(allow_end, b"a\x1c\rb", Ok(b"\x0ba\x1c\rb\x1c\r"));
    check(allow_end, b"\x1c\r\x0b", Err(START(2)));
}

#[test]
fn other_marks() {
    let framing = Framing::new(b'[', b']', b"").expect("usable marks");
    let encoder = Encoder { framing, ..Encoder::default() };
    check(encoder, b"a\x0b\x1c\r", Ok(b"[a\x0b\x1c\r]"));
    check(encoder, b"a]", Err(END(1)));
}

#[test]
fn commit_blocks() {
    let mut out = Vec::new();
    let encoder = Encoder { omit_start: true, ..Encoder::default() };
    encoder.commit(Commit::Ack, &mut out);
    encoder.commit(Commit::Nak, &mut out);
    assert_eq!(out, b"\x0b\x06\x1c\r\x0b\x15\x1c\r");
}

#[test]
fn errors_say_where_and_hold_no_payload() {
    assert_eq!(END(7).to_string(), "the payload holds the end of a frame at byte 7");
    assert_eq!(START(0).to_string(), "the payload holds the start of a frame at byte 0");
}
