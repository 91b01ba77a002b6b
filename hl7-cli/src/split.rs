//! Finds the messages in an input. Every byte of the input belongs to a message or to an envelope line.

use std::ops::Range;

/// Segments that stand around messages, not in them.
const ENVELOPE: [&[u8; 3]; 4] = [b"FHS", b"BHS", b"BTS", b"FTS"];
/// Byte order mark.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// What a stretch of an input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Message,
    Envelope,
}

/// The messages of an input, as ranges of its bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Messages {
    /// In order. An input without any has one that is the whole input, so that reading it says what is wrong.
    pub(crate) ranges: Vec<Range<usize>>,
    /// How many lines are headers or trailers of a file or batch.
    pub(crate) envelope_lines: usize,
}

/// Splits an input. A message starts at a line with `MSH` and a separator; what stands before the first belongs to it.
pub(crate) fn split(input: &[u8]) -> Messages {
    let mut starts: Vec<(usize, Kind)> =
        line_starts(input).filter_map(|at| Some((at, kind_at(input, at)?))).collect();
    // The marks of an MLLP block and the byte order mark are part of what they introduce.
    if let Some(first) = starts.first_mut() {
        first.0 = 0;
    }
    let envelope_lines = starts.iter().filter(|(_, kind)| *kind == Kind::Envelope).count();
    let ends = starts.iter().skip(1).map(|&(at, _)| at).chain([input.len()]);
    let mut ranges: Vec<_> = starts
        .iter()
        .zip(ends)
        .filter(|((_, kind), _)| *kind == Kind::Message)
        .map(|(&(start, _), end)| start..end)
        .collect();
    if ranges.is_empty() {
        ranges.push(0..input.len());
    }
    Messages { ranges, envelope_lines }
}

/// Where `MSH` stands in an input that does not start with it.
pub(crate) fn header_behind(message: &[u8]) -> Option<usize> {
    line_starts(message).find(|&at| kind_at(message, at) == Some(Kind::Message))
}

/// The first byte of each line: of the input, behind CR or LF, or a start-of-block mark.
fn line_starts(input: &[u8]) -> impl Iterator<Item = usize> + '_ {
    std::iter::once(0).chain((1..input.len()).filter(|&at| {
        let block = input[at] == 0x0b;
        let line = matches!(input[at - 1], b'\r' | b'\n');
        // A mark at the start of a line counts once.
        block || line && input[at] != 0x0b
    }))
}

/// What starts at the start of a line, after a start-of-block mark, a byte order mark, and at the start of the input
/// after blanks.
fn kind_at(input: &[u8], at: usize) -> Option<Kind> {
    let line = input.get(at..)?;
    let line = line.strip_prefix(b"\x0b").unwrap_or(line);
    let line = line.strip_prefix(BOM).unwrap_or(line);
    let blanks = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let line = if at == 0 { &line[blanks..] } else { line };
    let (id, rest) = line.split_first_chunk::<3>()?;
    let separator = rest.first().copied();
    if id == b"MSH" {
        return separator
            .is_some_and(|byte| !byte.is_ascii_alphanumeric())
            .then_some(Kind::Message);
    }
    let ends = separator.is_none_or(|byte| !byte.is_ascii_alphanumeric());
    (ENVELOPE.contains(&id) && ends).then_some(Kind::Envelope)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[track_caller]
    fn check(input: &str, messages: &[&str], envelope_lines: usize) {
        let found = split(input.as_bytes());
        let texts: Vec<_> = found.ranges.iter().map(|range| &input[range.clone()]).collect();
        assert_eq!((texts.as_slice(), found.envelope_lines), (messages, envelope_lines));
    }

    #[test]
    fn one_message_is_passed_on_whole() {
        for whole in [
            "MSH|^~\\&\rPID|1\r",
            "\u{feff}MSH|^~\\&\rPID|1",
            "\r\n\r\nMSH|^~\\&\rPID|1\r\n\r\n",
            "\u{b}MSH|^~\\&\rPID|1\r\u{1c}\r",
            "noise\rMSH|^~\\&\r",
            "\u{feff}  \tMSH|^~\\&\r",
            "",
            "no message",
            "MSH",
        ] {
            check(whole, &[whole], 0);
        }
    }

    #[test]
    fn every_byte_belongs_to_a_message() {
        check(
            "\r\nMSH|1\r\nPID|1\r\n\r\nMSH|2\n\nMSH|3",
            &["\r\nMSH|1\r\nPID|1\r\n\r\n", "MSH|2\n\n", "MSH|3"],
            0,
        );
        check(
            "\u{b}MSH|1\r\u{1c}\r\u{b}MSH|2\r\u{1c}\r",
            &["\u{b}MSH|1\r\u{1c}\r", "\u{b}MSH|2\r\u{1c}\r"],
            0,
        );
        check("MSH|1\r\u{1c}\u{b}MSH|2\r", &["MSH|1\r\u{1c}", "\u{b}MSH|2\r"], 0);
        check("MSH|1\r\n\u{feff}MSH|2\r", &["MSH|1\r\n", "\u{feff}MSH|2\r"], 0);
    }

    #[test]
    fn envelope_lines_belong_to_no_message() {
        check(
            "FHS|^~\\&\rBHS|^~\\&\rMSH|1\rPID|1\rMSH|2\rBTS|2\rFTS|1\r",
            &["MSH|1\rPID|1\r", "MSH|2\r"],
            4,
        );
        check("BHS|^~\\&\rMSH|1\rBTS", &["MSH|1\r"], 2);
        check("FHS|^~\\&\r", &["FHS|^~\\&\r"], 1);
    }

    #[test]
    fn an_id_is_more_than_three_letters_at_the_start_of_a_line() {
        check(
            "MSH|1\rNTE|1||MSH|2\rMSHX|3\r BHS|4\r",
            &["MSH|1\rNTE|1||MSH|2\rMSHX|3\r BHS|4\r"],
            0,
        );
    }
}
