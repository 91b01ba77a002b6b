//! Laws over any bytes in any reads.

use hl7_mllp::{Commit, Decoder, DecoderOptions, Encoder, Event, Fault, Framing, Kind, PIECE};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// An event that outlives the read it came from.
#[derive(Debug, PartialEq)]
struct Owned {
    kind: String,
    payload: Option<Vec<u8>>,
    raw: Vec<u8>,
    offset: u64,
    length: u64,
}

impl From<Event<'_>> for Owned {
    fn from(event: Event<'_>) -> Self {
        let payload = match event.kind {
            Kind::Frame(payload) => Some(payload.to_vec()),
            _ => None,
        };
        let kind = format!("{:?}", event.kind);
        Self { kind, payload, raw: event.raw.to_vec(), offset: event.offset, length: event.length }
    }
}

fn decode(options: DecoderOptions, input: &[u8], cuts: &[Index]) -> Vec<Owned> {
    let mut decoder = Decoder::with_options(options);
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
    cuts.push(input.len());
    cuts.sort_unstable();
    let (mut events, mut start) = (Vec::new(), 0);
    for end in cuts {
        let mut rest = &input[start..end];
        while let Some(event) = decoder.next_event(&mut rest) {
            events.push(event.into());
        }
        assert!(rest.is_empty(), "what was handed in is used");
        assert!(
            decoder.buffered() <= options.limit.saturating_add(6).max(PIECE),
            "memory is bounded"
        );
        start = end;
    }
    events.extend(decoder.finish().map(Owned::from));
    events
}

fn framings() -> impl Strategy<Value = Framing> {
    let other =
        |start, end, trailer: &[u8]| Framing::new(start, end, trailer).expect("usable marks");
    prop_oneof![
        4 => Just(Framing::MLLP),
        1 => Just(other(b'[', b']', b"")),
        1 => Just(other(b'[', b']', b"\r\n")),
        1 => Just(other(b'M', b'\r', b"SSH")),
    ]
}

fn options() -> impl Strategy<Value = DecoderOptions> {
    let limit = prop_oneof![0..20_usize, Just(16 << 20), Just(usize::MAX)];
    (framings(), limit, any::<[bool; 3]>()).prop_map(|(framing, limit, on)| DecoderOptions {
        framing,
        limit,
        missing_start: on[0],
        missing_trailer: on[1],
        start_inside: on[2],
    })
}

/// Bytes of which many mean something, some are long runs, and the rest is anything.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        20 => prop::sample::select(b"\x0b\x1c\r\n\x06\x15MSH|[]x".to_vec()).prop_map(|byte| vec![byte]),
        4 => Just(b"\x1c\r".to_vec()),
        4 => Just(b"MSH|".to_vec()),
        4 => vec(any::<u8>(), 0..40),
        1 => (any::<u8>(), 0..2 * PIECE).prop_map(|(byte, count)| vec![byte; count]),
    ];
    vec(token, 0..60).prop_map(|tokens| tokens.concat())
}

fn cuts() -> impl Strategy<Value = Vec<Index>> {
    vec(any::<Index>(), 0..20)
}

proptest! {
    #[test]
    fn what_the_encoder_accepts_the_decoder_gives_back(
        framing in framings(),
        payloads in vec(streams(), 0..6),
        cuts in cuts(),
    ) {
        let encoder = Encoder { framing, ..Encoder::default() };
        let (mut stream, mut sent) = (Vec::new(), Vec::new());
        for payload in payloads {
            if Commit::of(&payload).is_none() && encoder.encode(&payload, &mut stream).is_ok() {
                sent.push(Some(payload));
            }
        }
        let events = decode(DecoderOptions { framing, ..DecoderOptions::STRICT }, &stream, &cuts);
        let received: Vec<_> = events.into_iter().map(|event| event.payload).collect();
        prop_assert_eq!(received, sent);
    }

    #[test]
    fn events_do_not_depend_on_the_reads(options in options(), input in streams(), cuts in cuts()) {
        prop_assert_eq!(decode(options, &input, &cuts), decode(options, &input, &[]));
    }

    #[test]
    fn every_byte_is_in_an_event(options in options(), input in streams(), cuts in cuts()) {
        let events = decode(options, &input, &cuts);
        let mut position = 0;
        for event in &events {
            prop_assert_eq!(event.offset, position as u64);
            prop_assert!(event.length > 0);
            let end = position + event.length as usize;
            if event.kind == format!("Broken({:?})", Fault::TooLong) {
                prop_assert_eq!(event.raw.len(), PIECE.min(options.limit));
                prop_assert!(end - position > options.limit);
                prop_assert!(input[position..end].starts_with(&event.raw));
            } else {
                prop_assert_eq!(&input[position..end], &event.raw[..]);
            }
            position = end;
        }
        prop_assert_eq!(position, input.len());
    }

    #[test]
    fn a_pause_anywhere_loses_nothing(options in options(), input in streams(), at in any::<Index>()) {
        let mut decoder = Decoder::with_options(options);
        let (mut length, at) = (0, at.index(input.len() + 1));
        for mut rest in [&input[..at], &input[at..]] {
            while let Some(event) = decoder.next_event(&mut rest) {
                length += event.length;
            }
            length += decoder.pause().map_or(0, |event| event.length);
        }
        length += decoder.finish().map_or(0, |event| event.length);
        prop_assert_eq!(length, input.len() as u64);
    }
}
