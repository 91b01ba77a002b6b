//! What becomes of each byte of a stream, whatever the reads are.
//!
//! In inputs and results `<` is the start block, `>` the end block, `/` a carriage return, `%` a line feed, `+` and `-` the
//! bytes of commit blocks.

use hl7_mllp::{Decoder, DecoderOptions, Event, Fault, Framing, Kind, PIECE};

const STRICT: DecoderOptions = DecoderOptions::STRICT;
const MISSING_START: DecoderOptions = DecoderOptions { missing_start: true, ..STRICT };
const MISSING_TRAILER: DecoderOptions = DecoderOptions { missing_trailer: true, ..STRICT };
const START_INSIDE: DecoderOptions = DecoderOptions { start_inside: true, ..STRICT };
const SIGNS: [(u8, u8); 6] =
    [(b'<', 0x0b), (b'>', 0x1c), (b'/', b'\r'), (b'%', b'\n'), (b'+', 0x06), (b'-', 0x15)];

fn wire(text: &str) -> Vec<u8> {
    let byte = |sign| SIGNS.iter().find(|pair| pair.0 == sign).map_or(sign, |pair| pair.1);
    text.bytes().map(byte).collect()
}

fn shown(bytes: &[u8]) -> String {
    let sign = |&byte| SIGNS.iter().find(|pair| pair.1 == byte).map_or(byte, |pair| pair.0);
    bytes.iter().map(|byte| char::from(sign(byte))).collect()
}

fn show(event: Event<'_>) -> String {
    match event.kind {
        Kind::Frame(payload) => format!("frame {}", shown(payload)),
        Kind::Commit(commit) => format!("commit {commit:?}"),
        Kind::Blank => format!("blank {}", shown(event.raw)),
        Kind::Noise => format!("noise {}", shown(event.raw)),
        Kind::Broken(Fault::TooLong) => {
            format!("TooLong {} of {}", shown(event.raw), event.length)
        }
        Kind::Broken(fault) => format!("{fault:?} {}", shown(event.raw)),
    }
}

/// Events of a stream that comes in the reads given; checks that they follow each other without a gap.
fn decode<'a>(options: DecoderOptions, reads: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let mut decoder = Decoder::with_options(options);
    let (mut events, mut position) = (Vec::new(), 0);
    let mut note = |event: Event<'_>| {
        assert_eq!(event.offset, position, "{event:?}");
        position += event.length;
        events.push(show(event));
    };
    for read in reads {
        let mut rest = read;
        while let Some(event) = decoder.next_event(&mut rest) {
            note(event);
        }
        assert!(rest.is_empty());
    }
    if let Some(event) = decoder.finish() {
        note(event);
    }
    assert_eq!(decoder.finish(), None);
    assert_eq!(decoder.position(), position);
    events
}

#[track_caller]
fn check_with(options: DecoderOptions, input: &str, expected: &[&str]) {
    let bytes = wire(input);
    for size in [1, 2, 3, 7, usize::MAX] {
        assert_eq!(decode(options, bytes.chunks(size)), expected, "{input} by {size} bytes");
    }
    for cut in 0..=bytes.len() {
        let (first, second) = bytes.split_at(cut);
        let found = decode(options, [first, second].into_iter());
        assert_eq!(found, expected, "{input} cut at {cut}");
    }
}

#[track_caller]
fn check(input: &str, expected: &[&str]) {
    check_with(STRICT, input, expected);
}

#[test]
fn frames() {
    check("", &[]);
    check("<MSH|A/PID|/>/", &["frame MSH|A/PID|/"]);
    check("<>/", &["frame "]);
    check("<any bytes/%\t>/", &["frame any bytes/%\t"]);
    check("<a>/<b>/<c>/", &["frame a", "frame b", "frame c"]);
}

#[test]
fn commit_blocks() {
    check("<+>/<->/", &["commit Ack", "commit Nak"]);
    check("<a>/<+>/<b>/", &["frame a", "commit Ack", "frame b"]);
    check("<+->/<++>/", &["frame +-", "frame ++"]);
    check("+>/", &["noise +>/"]);
}

#[test]
fn line_ends_between_frames_are_no_noise() {
    check("%<a>/%<b>/%", &["blank %", "frame a", "blank %", "frame b", "blank %"]);
    check("/%/%<a>//<b>/", &["blank /%/%", "frame a", "blank /", "frame b"]);
    check("<%%>/", &["frame %%"]);
}

#[test]
fn noise_between_frames_comes_with_its_bytes() {
    check("GET <a>/", &["noise GET ", "frame a"]);
    check("<a>/xy/%z<b>/end", &["frame a", "noise xy/%z", "frame b", "noise end"]);
    check("%x<a>/", &["blank %", "noise x", "frame a"]);
    check("x\0y", &["noise x\0y"]);
    check(">/>x>/", &["noise >/", "noise >x>/"]);
    check("x><a>/", &["noise x>", "frame a"]);
}

#[test]
fn two_frames_after_junk_that_holds_a_start_block() {
    check("ab<cd<a>/<b>/", &["noise ab", "StartInside <cd", "frame a", "frame b"]);
}

#[test]
fn long_noise_comes_in_pieces() {
    let (full, rest) = ("x".repeat(PIECE), "x".repeat(10));
    let expected = [format!("noise {full}"), format!("noise {full}"), format!("noise {rest}")];
    for size in [1, 100, PIECE, usize::MAX] {
        let input = wire(&format!("{full}{full}{rest}<a>/"));
        let found = decode(STRICT, input.chunks(size));
        assert_eq!(found[..3], expected, "by {size} bytes");
        assert_eq!(found[3..], ["frame a"]);
    }
    let expected = [format!("noise {full}"), "frame a".into()];
    assert_eq!(decode(STRICT, [&wire(&format!("{full}<a>/"))[..]].into_iter()), expected);
    // The end block at the end of a piece, the carriage return in the next.
    let start = "x".repeat(PIECE - 1);
    let expected = [format!("noise {start}>"), "noise /".into(), "blank %".into()];
    assert_eq!(decode(STRICT, [&wire(&format!("{start}>/%"))[..]].into_iter()), expected);
}

#[test]
fn long_runs_of_line_ends_come_in_pieces() {
    let run = "%".repeat(PIECE + 1);
    let found = decode(STRICT, [&wire(&run)[..]].into_iter());
    assert_eq!(found, [format!("blank {}", &run[1..]), "blank %".into()]);
}

#[test]
fn an_end_block_without_its_trailer_is_payload_inside_a_frame() {
    check("<a>b>/", &["frame a>b"]);
    check("<a>>/", &["frame a>"]);
    check("<>%b>/", &["frame >%b"]);
    check_with(MISSING_TRAILER, "<a>b>/", &["frame a>b"]);
}

#[test]
fn a_payload_that_holds_a_whole_end_is_cut_and_the_rest_kept() {
    check("<a>/b>/<c>/", &["frame a", "noise b>/", "frame c"]);
}

#[test]
fn a_start_block_inside_a_frame_starts_another() {
    check("<a<b>/", &["StartInside <a", "frame b"]);
    check("<<a>/", &["StartInside <", "frame a"]);
    check("<a/<b/<c>/", &["StartInside <a/", "StartInside <b/", "frame c"]);
    check_with(START_INSIDE, "<a<b>/<c>/", &["frame a<b", "frame c"]);
    check_with(START_INSIDE, "<a><b>/", &["frame a><b"]);
    check_with(START_INSIDE, "x<a>/", &["noise x", "frame a"]);
}

#[test]
fn a_frame_without_its_trailer() {
    check("<a><b>/", &["NoTrailer <a>", "frame b"]);
    check("<a>", &["NoTrailer <a>"]);
    check_with(MISSING_TRAILER, "<a><b><+>", &["frame a", "frame b", "commit Ack"]);
    check_with(MISSING_TRAILER, "<a>/<b>", &["frame a", "frame b"]);
    check_with(MISSING_TRAILER, "<a<b>/", &["StartInside <a", "frame b"]);
    let both = DecoderOptions { start_inside: true, ..MISSING_TRAILER };
    check_with(both, "<a<b><c>/", &["frame a<b", "frame c"]);
}

#[test]
fn a_message_without_a_start_block() {
    check("MSH|a>/<b>/", &["NoStart MSH|a>/", "frame b"]);
    check("<a>/%MSH|b>/", &["frame a", "blank %", "NoStart MSH|b>/"]);
    check("MSH|a<b>/", &["NoStart MSH|a", "frame b"]);
    check("MSH|a", &["NoStart MSH|a"]);
    check_with(MISSING_START, "MSH|a>/MSH|b>/", &["frame MSH|a", "frame MSH|b"]);
    check_with(
        MISSING_START,
        "<a>/%MSH|b>/<c>/",
        &["frame a", "blank %", "frame MSH|b", "frame c"],
    );
    check_with(MISSING_START, "MSH|a<b>/", &["StartInside MSH|a", "frame b"]);
    check_with(MISSING_START, "MSH|a", &["StreamEnded MSH|a"]);
}

#[test]
fn what_starts_a_message_without_a_start_block() {
    for (input, expected) in [
        ("MSH>/", "frame MSH"),
        ("MSX|>/", "noise MSX|>/"),
        ("MMSH|>/", "noise MMSH|>/"),
        ("PID|>/", "noise PID|>/"),
        ("xMSH|>/", "noise xMSH|>/"),
        ("x/MSH|>/", "noise x/MSH|>/"),
        ("MS", "noise MS"),
        ("M>/", "noise M>/"),
    ] {
        check_with(MISSING_START, input, &[expected]);
    }
    check_with(MISSING_START, "MS<a>/", &["noise MS", "frame a"]);
    // Noise ends where a frame would: it does not swallow the messages behind it.
    check_with(MISSING_START, "x/MSH|a>/MSH|b>/", &["noise x/MSH|a>/", "frame MSH|b"]);
}

#[test]
fn a_message_without_a_start_block_that_is_not_accepted_swallows_no_frame() {
    check_with(START_INSIDE, "MSH|a<b>/", &["NoStart MSH|a", "frame b"]);
    let both = DecoderOptions { start_inside: true, ..MISSING_START };
    check_with(both, "MSH|a<b>/", &["frame MSH|a<b"]);
}

#[test]
fn a_stream_that_ends_inside_a_frame() {
    check("<a>/<b", &["frame a", "StreamEnded <b"]);
    check("<", &["StreamEnded <"]);
    check_with(MISSING_TRAILER, "<b", &["StreamEnded <b"]);
}

#[test]
fn a_frame_over_the_limit_is_skipped_and_reported_once() {
    let options = DecoderOptions { limit: 3, ..STRICT };
    check_with(options, "<abc>/<abcd>/<e>/", &["frame abc", "TooLong <ab of 7", "frame e"]);
    check_with(options, "<abcdefghi<e>/", &["TooLong <ab of 10", "frame e"]);
    check_with(options, "<abcdefghi", &["TooLong <ab of 10"]);
    check_with(options, "<abcd><e>/", &["TooLong <ab of 6", "frame e"]);
    check_with(options, "<ab>>/<ab>c>/", &["frame ab>", "TooLong <ab of 7"]);
    check_with(options, "MSH|>/<e>/", &["TooLong MSH of 6", "frame e"]);
    check_with(options, "long noise", &["noise long noise"]);
    check_with(DecoderOptions { limit: 0, ..STRICT }, "<>/<a>/", &["frame ", "TooLong  of 4"]);
}

#[test]
fn a_frame_far_over_the_limit_takes_no_memory() {
    let mut decoder = Decoder::with_options(DecoderOptions { limit: 1 << 20, ..STRICT });
    let read = vec![b'x'; 64 << 10];
    let mut most = 0;
    assert_eq!(decoder.next_event(&mut &b"\x0bMSH|"[..]), None);
    for _ in 0..1000 {
        assert_eq!(decoder.next_event(&mut &read[..]), None);
        most = most.max(decoder.buffered());
    }
    assert!(most <= 1 << 20, "{most}");
    assert_eq!(decoder.buffered(), PIECE);
    let event = decoder.finish().expect("the frame");
    assert_eq!(event.kind, Kind::Broken(Fault::TooLong));
    assert_eq!((event.raw.len(), event.length), (PIECE, 5 + (1000 << 16)));
    assert!(event.raw.starts_with(b"\x0bMSH|xx"));
}

#[test]
fn other_marks() {
    let framing = |start, end, trailer| Framing::new(start, end, trailer).expect("usable marks");
    let with = |framing| DecoderOptions { framing, ..STRICT };
    check_with(
        with(framing(b'[', b']', b"")),
        "[a]%[b][+]x]",
        &["frame a", "blank %", "frame b", "commit Ack", "noise x]"],
    );
    check_with(with(framing(b'[', b']', b"\r\n")), "[a]/%b]/%", &["frame a", "noise b]/%"]);
    let long = with(framing(b'[', b']', b";;:"));
    check_with(long, "[a];;:[b];];;];;:[c];;", &["frame a", "frame b];];;", "NoTrailer [c];;"]);
    check_with(long, "[a];;[b];;:", &["NoTrailer [a];;", "frame b"]);
    let tolerant = DecoderOptions { missing_trailer: true, ..long };
    check_with(tolerant, "[a];;[b][c];", &["frame a", "frame b", "frame c"]);
}

#[test]
fn marks_that_can_be_read_in_two_ways_are_refused() {
    for (start, end, trailer, expected) in [
        (1, 1, &b"\r"[..], "start block and end block are the same byte"),
        (1, 2, b"\r\x02", "the trailer holds the start block or the end block"),
        (1, 2, b"\x01", "the trailer holds the start block or the end block"),
        (1, 2, b"12345", "the trailer is longer than four bytes"),
    ] {
        let refused = Framing::new(start, end, trailer).expect_err(expected);
        assert_eq!(refused.to_string(), expected);
    }
    assert_eq!(Framing::new(0x0b, 0x1c, b"\r"), Ok(Framing::MLLP));
}

#[test]
fn a_pause_ends_a_frame_that_lacks_its_trailer_only() {
    for (input, options, expected) in [
        ("<a>", MISSING_TRAILER, Some("frame a")),
        ("<a>b", MISSING_TRAILER, None),
        ("<a>/", MISSING_TRAILER, None),
        ("x>", MISSING_TRAILER, None),
        ("", MISSING_TRAILER, None),
        ("<a>", STRICT, None),
    ] {
        let mut decoder = Decoder::with_options(options);
        let bytes = wire(input);
        let mut rest = &bytes[..];
        while decoder.next_event(&mut rest).is_some() {}
        assert_eq!(decoder.pause().map(show).as_deref(), expected, "{input}");
        assert_eq!(decoder.pause(), None);
    }
}

#[test]
fn a_trailer_that_comes_after_the_pause_is_blank() {
    let mut decoder = Decoder::with_options(MISSING_TRAILER);
    assert_eq!(decoder.next_event(&mut &wire("<a>")[..]), None);
    assert_eq!(decoder.pause().map(show).as_deref(), Some("frame a"));
    let bytes = wire("/<b>/");
    let mut rest = &bytes[..];
    assert_eq!(decoder.next_event(&mut rest).map(show).as_deref(), Some("blank /"));
    assert_eq!(decoder.next_event(&mut rest).map(show).as_deref(), Some("frame b"));
}

#[test]
fn a_stream_may_follow_another() {
    let mut decoder = Decoder::with_options(MISSING_START);
    let noise = vec![b'x'; PIECE];
    assert!(decoder.next_event(&mut &noise[..]).is_some());
    assert_eq!(decoder.finish(), None);
    let mut rest = &b"MSH|\x1c\r"[..];
    let event = decoder.next_event(&mut rest).expect("a message");
    assert_eq!((event.kind, event.offset), (Kind::Frame(b"MSH|"), PIECE as u64));
}

#[test]
fn a_caller_that_stops_asking_loses_nothing() {
    let mut decoder = Decoder::new();
    let bytes = wire("<a>/<b>/<c");
    let mut rest = &bytes[..];
    assert_eq!(decoder.next_event(&mut rest).map(show).as_deref(), Some("frame a"));
    assert_eq!(shown(rest), "<b>/<c");
    assert!(!decoder.is_in_frame());
    assert_eq!(decoder.next_event(&mut rest).map(show).as_deref(), Some("frame b"));
    assert_eq!(decoder.next_event(&mut rest), None);
    assert!(decoder.is_in_frame());
    assert_eq!((decoder.buffered(), decoder.position()), (2, 10));
}

#[test]
fn a_frame_that_lies_whole_in_a_read_is_not_copied() {
    let bytes = wire("<a>/");
    let mut decoder = Decoder::new();
    let event = decoder.next_event(&mut &bytes[..]).expect("a frame");
    assert!(std::ptr::eq(event.raw, &bytes[..]));
}

#[test]
fn thousands_of_frames_in_one_read() {
    let input = wire(&"<MSH|a/PID|/>/".repeat(10_000));
    let found = decode(STRICT, [&input[..]].into_iter());
    assert_eq!(found.len(), 10_000);
    assert!(found.iter().all(|event| event == "frame MSH|a/PID|/"));
}

#[test]
fn a_long_frame_byte_by_byte() {
    let payload = "MSH|>x/".repeat(300_000);
    let found = decode(STRICT, wire(&format!("<{payload}>/")).chunks(1));
    assert!(found == [format!("frame {payload}")]);
}

#[test]
fn nothing_shows_the_bytes_of_a_stream() {
    let mut decoder = Decoder::new();
    let bytes = wire("<secret>/secret<secret");
    let mut rest = &bytes[..];
    let mut text = String::new();
    while let Some(event) = decoder.next_event(&mut rest) {
        text += &format!("{event:?} ");
    }
    text += &format!("{decoder:?} ");
    text += &format!("{:?}", decoder.finish());
    assert!(!text.contains("secret") && !text.contains("115"), "{text}");
}
