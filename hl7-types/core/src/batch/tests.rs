use std::io::{self, Read};

use super::*;
use crate::ack::AckCode;
use crate::header::Header;

/// Gives a few bytes at a time, and is interrupted between them.
struct Slow<'a> {
    rest: &'a [u8],
    at_once: usize,
    interrupted: bool,
}

impl Read for Slow<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let count = self.at_once.min(out.len()).min(self.rest.len());
        out[..count].copy_from_slice(&self.rest[..count]);
        self.rest = &self.rest[count..];
        Ok(count)
    }
}

/// Messages and envelopes as `file.batch.ordinal@offset text`, and findings; checks that the pieces are the input.
fn read(input: &[u8], at_once: usize, limit: usize) -> (Vec<String>, Vec<String>) {
    let slow = Slow { rest: input, at_once, interrupted: false };
    let mut reader = BatchReader::with_limit(slow, limit);
    let (mut all, mut pieces, mut findings) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(piece) = reader.next_piece().expect("a stream without errors") {
        assert_eq!(piece.place.offset, all.len() as u64);
        all.extend_from_slice(piece.bytes);
        findings.extend(
            piece
                .findings
                .iter()
                .map(|finding| format!("{}@{}", finding.rule.id(), finding.offset)),
        );
        let text = String::from_utf8_lossy(piece.bytes).replace('\r', "/").replace('\n', "%");
        let Place { file, batch, ordinal, offset, .. } = piece.place;
        match piece.content {
            Content::Message => pieces.push(format!("{file}.{batch}.{ordinal}@{offset} {text}")),
            Content::LongMessage => pieces.push(format!("{file}.{batch}.{ordinal}@{offset} long")),
            Content::Blank | Content::Frame | Content::End => {}
            _ => pieces.push(text),
        }
    }
    assert_eq!(String::from_utf8_lossy(&all), String::from_utf8_lossy(input));
    (pieces, findings)
}

#[track_caller]
fn check(input: &str, pieces: &[&str], findings: &[&str]) {
    for at_once in [usize::MAX, 1, 2, 3, 7] {
        let (found, reported) = read(input.as_bytes(), at_once, 1 << 20);
        assert_eq!(found, pieces, "{at_once} bytes at a time of {input:?}");
        assert_eq!(reported, findings, "{at_once} bytes at a time of {input:?}");
    }
}

const M1: &str = "MSH|^~\\&|A|||||||1/PID|/";

/// A message with a control id, with `/` for the carriage return.
fn message(id: u32) -> String {
    format!("MSH|^~\\&|A|||||||{id}/PID|/")
}

fn input(text: &str) -> String {
    text.replace('/', "\r")
}

#[track_caller]
fn check_lines(text: &str, pieces: &[&str], findings: &[&str]) {
    check(&input(text), pieces, findings);
}

// statement 24
#[test]
fn statement_24_a_file_of_batches() {
    let (one, two, three) = (message(1), message(2), message(3));
    check_lines(
        &format!("FHS|^~\\&|X/BHS|^~\\&|Y/{one}{two}BTS|2/BHS|^~\\&|Z/{three}BTS|1|done/FTS|2/"),
        &[
            "FHS|^~\\&|X/",
            "BHS|^~\\&|Y/",
            &format!("1.1.1@22 {one}"),
            &format!("1.1.2@46 {two}"),
            "BTS|2/",
            "BHS|^~\\&|Z/",
            &format!("1.2.1@87 {three}"),
            "BTS|1|done/",
            "FTS|2/",
        ],
        &[],
    );
}

// statement 24
#[test]
fn statement_24_the_same_messages_without_wrappers() {
    let (one, two) = (message(1), message(2));
    for (between, offset) in [("", 24), ("/", 25), ("%", 25), ("/%/%", 28)] {
        let text = format!("{one}{between}{two}").replace('%', "\n");
        let first = format!("0.0.1@0 {one}{between}");
        check_lines(&text, &[&first, &format!("0.0.2@{offset} {two}")], &[]);
    }
    check("", &[], &[]);
    check("\r\n\r\n", &[], &[]);
}

// statement 24
#[test]
fn statement_24_wrong_counts_and_missing_trailers_are_reported_and_messages_pass() {
    let one = message(1);
    let in_batch = format!("0.1.1@11 {one}");
    let in_file = format!("1.1.1@22 {one}");
    let rows: [(&str, &[&str], &[&str]); 9] = [
        ("BHS|^~\\&|Y/{}BTS|2/", &["BHS|^~\\&|Y/", &in_batch, "BTS|2/"], &["batch-count@35"]),
        ("BHS|^~\\&|Y/{}BTS|x/", &["BHS|^~\\&|Y/", &in_batch, "BTS|x/"], &["not-a-count@35"]),
        ("BHS|^~\\&|Y/{}BTS||2/", &["BHS|^~\\&|Y/", &in_batch, "BTS||2/"], &[]),
        ("BHS|^~\\&|Y/{}BTS/", &["BHS|^~\\&|Y/", &in_batch, "BTS/"], &[]),
        ("BHS|^~\\&|Y/{}", &["BHS|^~\\&|Y/", &in_batch], &["missing-batch-trailer@35"]),
        (
            "FHS|^~\\&|X/BHS|^~\\&|Y/{}FTS|1/",
            &["FHS|^~\\&|X/", "BHS|^~\\&|Y/", &in_file, "FTS|1/"],
            &["missing-batch-trailer@46"],
        ),
        (
            "FHS|^~\\&|X/BHS|^~\\&|Y/{}BTS|1/FTS|7/",
            &["FHS|^~\\&|X/", "BHS|^~\\&|Y/", &in_file, "BTS|1/", "FTS|7/"],
            &["file-count@52"],
        ),
        (
            "FHS|^~\\&|X/BHS|^~\\&|Y/{}BTS|1/",
            &["FHS|^~\\&|X/", "BHS|^~\\&|Y/", &in_file, "BTS|1/"],
            &["missing-file-trailer@52"],
        ),
        (
            "BTS|0/FTS|0/",
            &["BTS|0/", "FTS|0/"],
            &["unexpected-batch-trailer@0", "unexpected-file-trailer@6"],
        ),
    ];
    for (text, pieces, findings) in rows {
        check_lines(&text.replace("{}", &one), pieces, findings);
    }
}

#[test]
fn envelopes_without_some_of_their_parts_are_legal() {
    let one = message(1);
    // A file without batches, whether it counts one or none.
    for count in ["", "|0", "|1"] {
        check_lines(
            &format!("FHS|^~\\&|X/{one}FTS{count}/"),
            &["FHS|^~\\&|X/", &format!("1.0.1@11 {one}"), &format!("FTS{count}/")],
            &[],
        );
    }
    // Nothing to send.
    check_lines("BHS|^~\\&|Y/BTS|0/", &["BHS|^~\\&|Y/", "BTS|0/"], &[]);
    check_lines("FHS|^~\\&/FTS|0", &["FHS|^~\\&/", "FTS|0"], &[]);
}

#[test]
fn mixed_inputs() {
    let (one, two, three) = (message(1), message(2), message(3));
    check_lines(
        &format!("{one}BHS|^~\\&/{two}BTS|1/{three}{one}"),
        &[
            &format!("0.0.1@0 {one}"),
            "BHS|^~\\&/",
            &format!("0.1.1@33 {two}"),
            "BTS|1/",
            &format!("0.1.1@63 {three}"),
            &format!("0.1.2@87 {one}"),
        ],
        &["message-outside@24", "message-outside@63"],
    );
    check_lines(
        &format!("FHS|^~\\&/{one}BHS|^~\\&/{two}BTS|1/{three}FTS|1/FHS|^~\\&/FHS|^~\\&/"),
        &[
            "FHS|^~\\&/",
            &format!("1.0.1@9 {one}"),
            "BHS|^~\\&/",
            &format!("1.1.1@42 {two}"),
            "BTS|1/",
            &format!("1.1.1@72 {three}"),
            "FTS|1/",
            "FHS|^~\\&/",
            "FHS|^~\\&/",
        ],
        &[
            "message-outside@33",
            "message-outside@72",
            "missing-file-trailer@111",
            "missing-file-trailer@120",
        ],
    );
}

#[test]
fn control_ids() {
    let one = message(1);
    let none = "MSH|^~\\&|A/";
    let header = "BHS|^~\\&|||||||||B1/";
    check_lines(
        &format!("{header}{one}{one}{none}BTS|3/{header}{one}BTS|1/"),
        &[
            header,
            &format!("0.1.1@20 {one}"),
            &format!("0.1.2@44 {one}"),
            &format!("0.1.3@68 {none}"),
            "BTS|3/",
            header,
            &format!("0.2.1@105 {one}"),
            "BTS|1/",
        ],
        &["same-control-id@44", "no-control-id@68", "same-control-id@85"],
    );
}

#[test]
fn captures_of_mllp() {
    let (one, two) = (message(1), message(2));
    check_lines(
        &format!("\u{b}{one}\u{1c}/\u{b}{two}\u{1c}/"),
        &[&format!("0.0.1@1 {one}"), &format!("0.0.2@28 {two}")],
        &[],
    );
    // The end of a block without its carriage return; noise between blocks; a last segment without its line end.
    check_lines(
        &format!("\u{b}{one}PV1|2\u{1c}\u{b}{two}\u{1c}noise\u{b}{two}\u{1c}/"),
        &[
            &format!("0.0.1@1 {one}PV1|2"),
            &format!("0.0.2@32 {two}"),
            "noise",
            &format!("0.0.3@63 {two}"),
        ],
        &["stray-text@57", "same-control-id@63"],
    );
    // Blocks without an end.
    check_lines(
        &format!("\u{b}{one}\u{b}{two}"),
        &[&format!("0.0.1@1 {one}"), &format!("0.0.2@26 {two}")],
        &["open-frame@25", "open-frame@50"],
    );
    // A batch in a block.
    check_lines(
        &format!("\u{b}BHS|^~\\&/{one}{two}BTS|2\u{1c}/"),
        &["BHS|^~\\&/", &format!("0.1.1@10 {one}"), &format!("0.1.2@34 {two}"), "BTS|2"],
        &[],
    );
    // Outside of a block its end is a character like any other.
    check_lines(&format!("{one}NTE|\u{1c}x/"), &[&format!("0.0.1@0 {one}NTE|\u{1c}x/")], &[]);
}

// Found by the law that what is found does not depend on the reads.
#[test]
fn a_header_over_the_limit_is_text_wherever_the_reads_end() {
    let text = input("FTS|1FHS|^~\\&|A/ MSH|^~\\&|A|||||||1/");
    for at_once in [usize::MAX, 1, 2, 3, 7] {
        let (_, findings) = read(text.as_bytes(), at_once, 1);
        assert_eq!(findings, ["stray-text@0"], "{at_once} bytes at a time");
    }
}

#[test]
fn what_stands_around_messages() {
    let one = message(1);
    let two = message(2);
    check_lines(
        &format!("\u{feff}{one}\u{feff}{two}"),
        &[&format!("0.0.1@3 {one}"), &format!("0.0.2@30 {two}")],
        &[],
    );
    check_lines(
        &format!("log line/  {one}"),
        &["log line/  MSH|^~\\&|A|||||||1/PID|/"],
        &["stray-text@0"],
    );
    check_lines(
        &format!("log line/{one}"),
        &["log line/", &format!("0.0.1@9 {one}")],
        &["stray-text@0"],
    );
    check_lines(&format!("  /  {one}"), &[&format!("0.0.1@5 {one}")], &[]);
    check_lines(
        &format!("BHS|^~\\&/PID|1//{one}BTS|1/more//BTS|0/"),
        &["BHS|^~\\&/", "PID|1//", &format!("0.1.1@16 {one}"), "BTS|1/", "more//", "BTS|0/"],
        &["stray-text@9", "stray-text@46", "unexpected-batch-trailer@52"],
    );
    check("no message", &["no message"], &["stray-text@0"]);
    check("MSH", &["MSH"], &["stray-text@0"]);
}

#[test]
fn a_line_break_in_a_value_starts_no_message() {
    for text in ["MSH-3 is wrong", "MSHX|", "BTS-1", " MSH|", "msh|"] {
        let whole = format!("MSH|^~\\&|A|||||||1/NTE|a/{text}/");
        check_lines(&whole, &[&format!("0.0.1@0 {whole}")], &[]);
    }
}

#[test]
fn delimiters_of_the_batch() {
    let text = "BHS#*~!%#A/MSH#*~!%#A#######1/BTS#1/BTS-2/";
    check_lines(
        text,
        &["BHS#*~!%#A/", "0.1.1@11 MSH#*~!%#A#######1/", "BTS#1/", "BTS-2/"],
        &["stray-text@36"],
    );
    // Also where only the message says them.
    check_lines(
        "MSH#*~!%#A#######1/BTS#1/",
        &["0.0.1@0 MSH#*~!%#A#######1/", "BTS#1/"],
        &["unexpected-batch-trailer@19"],
    );
    check_lines("BHS||A/BTS|0/", &["BHS||A/", "BTS|0/"], &["broken-header@0"]);
}

#[test]
fn line_feeds_and_a_missing_last_line_end() {
    check(
        "BHS|^~\\&\r\nMSH|^~\\&|A|||||||1\r\nPID|1\r\nBTS|1",
        &["BHS|^~\\&/%", "0.1.1@10 MSH|^~\\&|A|||||||1/%PID|1/%", "BTS|1"],
        &[],
    );
    check(
        "BHS|^~\\&\nMSH|^~\\&|A|||||||1\nPID|",
        &["BHS|^~\\&%", "0.1.1@9 MSH|^~\\&|A|||||||1%PID|"],
        &["missing-batch-trailer@32"],
    );
}

#[test]
fn long_messages_come_in_pieces_and_count() {
    let long = format!("MSH|^~\\&|A|||||||7/NTE|{}/", "x".repeat(200));
    let text = input(&format!("BHS|^~\\&/{}{long}{}BTS|3/", message(1), message(2)));
    for at_once in [1, 10, 64, usize::MAX] {
        let (mut pieces, findings) = read(text.as_bytes(), at_once, 100);
        pieces.retain(|piece| !piece.ends_with("long") || piece.contains("@33 "));
        let expected = [
            "BHS|^~\\&/",
            &format!("0.1.1@9 {M1}"),
            "0.1.2@33 long",
            &format!("0.1.3@257 {}", message(2)),
            "BTS|3/",
        ];
        assert_eq!(
            (pieces.as_slice(), findings.as_slice()),
            (&expected.map(str::to_owned)[..], &["too-long@33".to_owned()][..])
        );
    }
}

#[test]
fn long_messages_are_held_no_longer_than_the_limit() {
    let lines = "NTE|text/".repeat(5_000);
    for body in ["x".repeat(40_000), "/".repeat(40_000), lines] {
        let text = input(&format!("MSH|^~\\&|A|||||||1/{body}/"));
        let slow = Slow { rest: text.as_bytes(), at_once: 100, interrupted: false };
        let mut reader = BatchReader::with_limit(slow, 1_000);
        let (mut pieces, mut longest) = (0, 0);
        while let Some(piece) = reader.next_piece().expect("a stream without errors") {
            assert!(matches!(piece.content, Content::LongMessage | Content::End));
            (pieces, longest) = (pieces + 1, longest.max(piece.bytes.len()));
        }
        assert!(pieces > 20 && longest < 1_200, "{pieces} pieces, the longest {longest}");
    }
}

#[test]
fn an_error_of_the_stream_loses_nothing() {
    /// Fails at every third read.
    struct Failing<'a>(&'a [u8], u32);
    impl Read for Failing<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.1 += 1;
            if self.1.is_multiple_of(3) {
                return Err(io::ErrorKind::TimedOut.into());
            }
            (&mut self.0).take(5).read(out)
        }
    }
    let text = input(&format!("BHS|^~\\&/{}{}BTS|2/", message(1), message(2)));
    let mut reader = BatchReader::new(Failing(text.as_bytes(), 0));
    let (mut all, mut errors, mut findings) = (Vec::new(), 0, 0);
    loop {
        match reader.next_piece() {
            Ok(Some(piece)) => {
                all.extend_from_slice(piece.bytes);
                findings += piece.findings.len();
            }
            Ok(None) => break,
            Err(_) => errors += 1,
        }
    }
    assert_eq!((String::from_utf8_lossy(&all), findings), (text.as_str().into(), 0));
    assert!(errors > 3);
}

// --- writing -------------------------------------------------------------------------------------------------------------

fn header(control_id: &str) -> BatchHeader {
    BatchHeader {
        sending_application: "LAB^1.2^ISO".to_owned(),
        receiving_application: "R\\T\\D".to_owned(),
        time: "20260211".to_owned(),
        control_id: control_id.to_owned(),
        ..BatchHeader::default()
    }
}

// statement 26: the counts of a batch that is created.
#[test]
fn statement_26_a_file_is_written_with_right_counts() {
    let mut writer = BatchWriter::new(Vec::new());
    let messages: Vec<String> = (1..=3).map(|id| input(&message(id))).collect();
    writer.begin_file(&header("F1")).expect("a file");
    writer.begin_batch(&header("B1")).expect("a batch");
    writer.message(messages[0].as_bytes()).expect("a message");
    writer
        .message(format!("\u{b}{}\u{1c}\r", messages[1].trim_end()).as_bytes())
        .expect("a message");
    assert_eq!(writer.messages(), 2);
    writer.end_batch().expect("the end of the batch");
    writer.begin_batch(&header("B2")).expect("a batch");
    writer.message(messages[2].replace('\r', "\n").as_bytes()).expect("a message");
    let written = writer.finish().expect("the end of the file");
    let (pieces, findings) = read(&written, usize::MAX, 1000);
    let expected = [
        "FHS|^~\\&|LAB^1.2^ISO||R\\T\\D||20260211||||F1/",
        "BHS|^~\\&|LAB^1.2^ISO||R\\T\\D||20260211||||B1/",
        "1.1.1@88 MSH|^~\\&|A|||||||1/PID|/",
        "1.1.2@112 MSH|^~\\&|A|||||||2/PID|/",
        "BTS|2/",
        "BHS|^~\\&|LAB^1.2^ISO||R\\T\\D||20260211||||B2/",
        "1.2.1@186 MSH|^~\\&|A|||||||3%PID|%",
        "BTS|1/",
        "FTS|2/",
    ];
    assert_eq!((pieces, findings), (expected.map(str::to_owned).to_vec(), Vec::new()));
}

#[test]
fn what_cannot_be_written() {
    let mut writer = BatchWriter::new(Vec::new());
    for text in [
        "",
        "PID|1",
        "BHS|^~\\&/",
        "MSH|^~\\&|A/MSH|^~\\&|B/",
        "MSH|^~\\&|A/BTS|1/",
        "x/MSH|^~\\&|A/",
        "MSH|^~\\&|\u{1c}x",
        "MSH#*~!%#A/BTS#1/",
    ] {
        let written = writer.message(input(text).as_bytes());
        assert!(matches!(written, Err(BatchError::NotOneMessage)), "{text}");
    }
    assert!(matches!(writer.end_batch(), Err(BatchError::NotOpen(_))));
    assert!(matches!(writer.end_file(), Err(BatchError::NotOpen(_))));
    writer.begin_file(&header("1")).expect("a file");
    assert!(matches!(writer.begin_file(&header("2")), Err(BatchError::Open(_))));
    writer.begin_batch(&header("1")).expect("a batch");
    assert!(matches!(writer.begin_batch(&header("2")), Err(BatchError::Open(_))));
    assert!(matches!(writer.end_file(), Err(BatchError::Open(_))));
    assert!(matches!(writer.begin_file(&header("2")), Err(BatchError::Open(_))));
}

// statement 26: a batch of acknowledgments.
#[test]
fn statement_26_a_batch_of_acknowledgments() {
    let asked = Header::of(b"BHS|^~\\&|LAB^1&2|LF|EHR|EF|1||||B7").expect("a header");
    let answer = BatchHeader::answering(&asked, "B8", "20260212");
    let written = |which| {
        let mut batch = AckBatch::begin(Vec::new(), which, &answer).expect("a batch");
        for (code, id) in [(AckCode::Aa, 1), (AckCode::Ae, 2), (AckCode::Ca, 3), (AckCode::Cr, 4)] {
            let ack = format!("MSH|^~\\&|EHR|||||||{id}\rMSA|{code}|{id}\r");
            batch.ack(code, ack.as_bytes()).expect("an acknowledgment");
        }
        String::from_utf8(batch.finish().expect("the end")).expect("text")
    };
    let head = "BHS|^~\\&|EHR|EF|LAB^1&2|LF|20260212||||B8|B7\r";
    assert_eq!(
        written(WhichAcks::Negative),
        format!("{head}MSH|^~\\&|EHR|||||||2\rMSA|AE|2\rMSH|^~\\&|EHR|||||||4\rMSA|CR|4\rBTS|2\r")
    );
    assert!(written(WhichAcks::All).ends_with("\rMSA|CR|4\rBTS|4\r"));
    let of_message = Header::of(b"MSH|^~\\&|LAB||EHR||1||ADT^A01|1|P").expect("a header");
    let answer_to_message = BatchHeader::answering(&of_message, "B8", "20260212");
    assert_eq!(
        (answer_to_message.sending_application.as_str(), answer_to_message.reference.as_str()),
        ("EHR", "")
    );
    let none = AckBatch::begin(Vec::new(), WhichAcks::Negative, &answer).expect("a batch");
    assert_eq!(none.finish().expect("the end"), format!("{head}BTS|0\r").into_bytes());
}
