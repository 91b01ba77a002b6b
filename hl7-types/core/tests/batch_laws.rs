//! Laws of batches and acknowledgments, over generated inputs.

use std::io::Read;

use hl7_core::ack::{
    AckCode, AckSettings, Decision, Fault, Inbound, Progress, Reassembler, ReplyRules, Stamp,
    acknowledge, fragment,
};
use hl7_core::batch::{BatchHeader, BatchReader, BatchWriter, Content};
use hl7_core::{Header, Tree};
use proptest::collection::vec;
use proptest::prelude::*;

/// Gives some bytes at a time.
struct Slow<'a> {
    rest: &'a [u8],
    sizes: std::iter::Cycle<std::vec::IntoIter<usize>>,
}

impl<'a> Slow<'a> {
    fn new(rest: &'a [u8], sizes: Vec<usize>) -> Self {
        Self { rest, sizes: sizes.into_iter().cycle() }
    }
}

impl Read for Slow<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let count = self.sizes.next().unwrap_or(1).min(out.len()).min(self.rest.len());
        out[..count].copy_from_slice(&self.rest[..count]);
        self.rest = &self.rest[count..];
        Ok(count)
    }
}

/// What a reader found: the input put together again, messages and envelopes with their places, findings.
#[derive(Debug, PartialEq)]
struct Read1 {
    all: Vec<u8>,
    pieces: Vec<(Content, Vec<u8>, u64, u64, u64)>,
    findings: Vec<String>,
}

fn read(source: impl Read, limit: usize) -> Read1 {
    let mut reader = BatchReader::with_limit(source, limit);
    let mut found = Read1 { all: Vec::new(), pieces: Vec::new(), findings: Vec::new() };
    while let Some(piece) = reader.next_piece().expect("memory does not fail") {
        assert_eq!(piece.place.offset, found.all.len() as u64);
        assert!(piece.content == Content::End || !piece.bytes.is_empty());
        found.all.extend_from_slice(piece.bytes);
        found.findings.extend(piece.findings.iter().map(ToString::to_string));
        let place = piece.place;
        if !matches!(piece.content, Content::Text | Content::Blank | Content::LongMessage) {
            let bytes = piece.bytes.to_vec();
            found.pieces.push((piece.content, bytes, place.batch, place.ordinal, place.message));
        }
    }
    assert!(reader.next_piece().expect("memory does not fail").is_none());
    found
}

/// What inputs are made of.
fn token() -> impl Strategy<Value = Vec<u8>> {
    let fixed = |text: &'static str| Just(text.as_bytes().to_vec());
    prop_oneof![
        4 => fixed("MSH|^~\\&|A|||||||1|P|2.5\rPID|1\r"),
        2 => fixed("MSH#*~!%#A#######2\rPV1#1\r"),
        2 => fixed("FHS|^~\\&|A\r"),
        2 => fixed("BHS|^~\\&|A\r"),
        2 => fixed("BTS|1\r"),
        2 => fixed("FTS|1\r\n"),
        1 => fixed("MSH"),
        1 => fixed("MSH|"),
        1 => fixed("BTS"),
        2 => fixed("\u{b}"),
        2 => fixed("\u{1c}\r"),
        1 => fixed("\u{1c}"),
        2 => fixed("\r"),
        2 => fixed("\n"),
        1 => fixed("\r\n \r\n"),
        1 => fixed("\u{feff}"),
        1 => fixed("text"),
        1 => fixed(" "),
        1 => vec(any::<u8>(), 0..12),
    ]
}

fn soup() -> impl Strategy<Value = Vec<u8>> {
    vec(token(), 0..24).prop_map(|tokens| tokens.concat())
}

/// A message of segments that end in carriage returns.
fn message() -> impl Strategy<Value = Vec<u8>> {
    vec("[A-Y][A-Z0-9]{2}\\|[a-zA-Z0-9|^~& \u{fc}]{0,80}", 0..12)
        .prop_map(|lines| {
            let lines = lines.iter().filter(|line| !["MSH", "ADD", "DSC"].contains(&&line[..3]));
            let starts = |line: &&String| ["BHS", "FHS", "BTS", "FTS"].contains(&&line[..3]);
            let body: Vec<&str> = lines.filter(|line| !starts(line)).map(String::as_str).collect();
            format!("MSH|^~\\&|A||B||1||ORU^R01|7|P|2.5\r{}", body.join("\r")).trim_end().to_owned()
                + "\r"
        })
        .prop_map(String::into_bytes)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_pieces_are_the_input(input in soup(), sizes in vec(1_usize..40, 1..8), limit in 1_usize..200) {
        let found = read(Slow::new(&input, sizes), limit);
        prop_assert_eq!(found.all, input);
    }

    #[test]
    fn what_is_found_does_not_depend_on_how_it_is_read(
        input in soup(),
        sizes in vec(1_usize..40, 1..8),
        // Below it, headers and trailers are too long as well.
        limit in prop_oneof![Just(1 << 20), 1_usize..60],
    ) {
        prop_assert_eq!(read(Slow::new(&input, sizes), limit), read(&input[..], limit));
    }

    #[test]
    fn what_is_written_is_read_without_findings(
        batches in vec(vec(message(), 0..4), 0..4),
        in_file in any::<bool>(),
    ) {
        let mut writer = BatchWriter::new(Vec::new());
        if in_file {
            writer.begin_file(&BatchHeader::default()).expect("a file");
        }
        for batch in &batches {
            writer.begin_batch(&BatchHeader::default()).expect("a batch");
            for message in batch {
                writer.message(message).expect("a message");
            }
            writer.end_batch().expect("its end");
        }
        let written = writer.finish().expect("the end");
        let found = read(&written[..], 1 << 20);
        let messages: Vec<_> = found.pieces.into_iter().filter(|piece| piece.0 == Content::Message).map(|piece| piece.1).collect();
        prop_assert_eq!(messages, batches.concat());
        // All messages have the same control id.
        let other = found.findings.iter().filter(|finding| !finding.contains("same-control-id"));
        prop_assert_eq!(other.count(), 0);
    }

    #[test]
    fn whatever_has_a_header_can_be_answered(input in soup(), code in 0_usize..6) {
        let tree = Tree::parse(input.clone()).ok();
        let inbound = tree.as_ref().and_then(Inbound::of_tree).or_else(|| Inbound::of_broken(&input));
        if let Some(inbound) = inbound {
            let stamp = Stamp { control_id: "900", time: "2026" };
            let faults = [Fault::at("PID", 3, hl7_core::ack::ErrorCode::RequiredField)];
            let ack = acknowledge(&inbound, AckCode::ALL[code], &faults, stamp, &AckSettings::default());
            let read = Tree::parse(ack.clone()).expect("an acknowledgment is a message");
            let id = inbound.header().field(10);
            if !id.contains(&b'\n') {
                let msa = read.segments().find(|segment| segment.id() == Some("MSA")).expect("MSA");
                prop_assert_eq!(msa.field(2).map_or(&b""[..], |field| field.raw()), id);
                // The one who sent the message takes it for the answer.
                let reply = ReplyRules::hl7().classify(&ack, inbound.header());
                prop_assert_eq!(reply.correlated, Some(true));
            }
        }
    }

    #[test]
    fn only_an_acknowledgment_accepts(reply in soup(), markup in vec("<|>|MSA.1|/|AA|&|;|!--|-->", 0..20)) {
        let sent = Header::of(b"MSH|^~\\&|A|||||||1").expect("a header");
        let markup = format!("<{}", markup.concat());
        for preset in ["hl7", "biztalk", "mirth"] {
            let accepts = |reply: &[u8]| {
                let rules = ReplyRules::preset(preset).expect("a preset");
                rules.classify(reply, &sent).decision == Decision::Accepted
            };
            prop_assert!(!accepts(&reply));
            prop_assert!(!accepts(markup.as_bytes()) || markup.contains("<MSA.1>AA<"));
        }
    }

    #[test]
    fn fragments_come_together_again(message in message(), limit in 90_usize..400) {
        let tree = Tree::parse(message.clone()).expect("a message");
        let fragments = fragment(&tree, limit, |number| format!("P{number}")).expect("fragments");
        prop_assert!(fragments.iter().all(|fragment| fragment.len() <= limit));
        let mut reassembler = Reassembler::new(1 << 20, 1_000);
        let mut progress = Progress::More;
        for fragment in fragments {
            prop_assert_eq!(&progress, &Progress::More);
            let fragment = Tree::parse(fragment).expect("a fragment is a message");
            progress = reassembler.push(&fragment).expect("it follows");
        }
        prop_assert_eq!(progress, Progress::Complete(message));
    }

    #[test]
    fn any_fragments_are_taken_or_refused(fragments in vec(soup(), 0..6)) {
        let mut reassembler = Reassembler::new(200, 3);
        for fragment in fragments {
            if let Ok(tree) = Tree::parse(fragment)
                && let Ok(Progress::Complete(message)) = reassembler.push(&tree)
            {
                prop_assert!(message.len() <= 200);
            }
        }
    }
}
