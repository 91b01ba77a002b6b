//! A message in another character set.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{Charset, FIELD, switched};
use crate::decode::{DecodeOptions, hint};
use crate::er7::{Class, Mark, Scan, is_sequence};
use crate::finding::{Finding, Findings, Rule};
use crate::path::Path;
use crate::tree::Tree;

impl Tree {
    /// The message in another character set, which MSH-18 then declares, and what could not be converted well: bytes that
    /// are no text in the character set of the message (read as ISO 8859-1), and text that the new one lacks (written as
    /// hexadecimal data). Separators, line ends and what stands before the message stay.
    ///
    /// ```
    /// use hl7_core::{Charset, Tree};
    ///
    /// let latin = Tree::parse(b"MSH|^~\\&|A||||||ACK|1|P|2.5.1||||||8859/1\rMSA|AA|1|f\xfcr\r")?;
    /// let (utf8, findings) = latin.to_charset(Charset::UTF_8);
    /// assert!(findings.is_empty());
    /// let expected = "MSH|^~\\&|A||||||ACK|1|P|2.5.1||||||UNICODE UTF-8\rMSA|AA|1|für\r";
    /// assert_eq!(utf8.bytes(), expected.as_bytes());
    /// # Ok::<(), hl7_core::DecodeError>(())
    /// ```
    #[must_use]
    pub fn to_charset(&self, charset: Charset) -> (Self, Findings) {
        let scan = self.scan();
        let mut conversion = Conversion {
            bytes: self.bytes(),
            scan,
            to: charset,
            out: self.bytes()[..scan.start as usize].to_vec(),
            findings: Findings::default(),
            seen: HashMap::new(),
        };
        for index in 0..scan.segments.len() {
            conversion.segment(index);
        }
        let Conversion { out, findings, .. } = conversion;
        let scan = Scan::of_any_length(&out);
        // The header is the one that was read before, with another MSH-18.
        (scan.map_or_else(|_| self.clone(), |scan| Self::from_parts(out, scan)), findings)
    }
}

struct Conversion<'a> {
    bytes: &'a [u8],
    scan: &'a Scan,
    to: Charset,
    out: Vec<u8>,
    findings: Findings,
    /// How many segments with the first three bytes of each there were, the one being converted included.
    seen: HashMap<&'a [u8], u32>,
}

impl<'a> Conversion<'a> {
    /// What a segment starts with.
    fn id(&self, segment: usize) -> &'a [u8] {
        self.bytes[self.scan.segments[segment].range()].get(..3).unwrap_or_default()
    }

    fn segment(&mut self, index: usize) {
        let segment = self.scan.segments[index];
        *self.seen.entry(self.id(index)).or_default() += 1;
        let separator = self.scan.delimiters.field;
        let is_message_header = index == 0;
        // The first piece is the id; of the header, the delimiters too.
        let mut field = if is_message_header { 2 } else { 0 };
        let mut start = segment.start as usize;
        for &mark in self.scan.marks_to_end(index) {
            let end = mark.at() as usize;
            if is_message_header && field == FIELD {
                self.declaration(mark);
            } else {
                self.piece(index, field, start, end);
            }
            if mark.is(Class::Segment) {
                break;
            }
            field += u32::from(mark.is(Class::Field));
            if !(is_message_header && field == FIELD && !mark.is(Class::Field)) {
                self.out.push(self.bytes[end]);
            }
            start = end + 1;
        }
        if is_message_header && field < FIELD {
            self.out.extend(std::iter::repeat_n(separator, (FIELD - field) as usize));
            self.out.extend_from_slice(self.to.name().as_bytes());
        }
        let gap = self.scan.gap_end(index, self.bytes.len());
        self.out.extend_from_slice(&self.bytes[segment.end as usize..gap]);
    }

    /// Writes MSH-18 where it ends.
    fn declaration(&mut self, mark: Mark) {
        if mark.ends(Class::Field) {
            self.out.extend_from_slice(self.to.name().as_bytes());
        }
    }

    fn piece(&mut self, segment: usize, field: u32, start: usize, end: usize) {
        let escape = self.scan.delimiters.escape;
        let bytes = &self.bytes[start..end];
        let from = self.scan.charset;
        let (text, valid) = from.decode_leaf(bytes, &self.scan.delimiters);
        let text = if escape == Some(b'\\') { without_switches(text) } else { text };
        if !valid {
            let message = format!("the bytes are not {}; read as ISO 8859-1", from.name());
            self.report(segment, field, start..end, message);
        }
        if self.to.lacks(&text) {
            let message =
                format!("{} lacks a character; written as hexadecimal data", self.to.name());
            self.report(segment, field, start..end, message);
        }
        let written = self.to.encode_within(&text, escape);
        self.out.extend_from_slice(&written);
    }

    fn report(
        &mut self,
        segment: usize,
        field: u32,
        span: std::ops::Range<usize>,
        message: String,
    ) {
        let id = self.id(segment);
        let occurrence = self.seen.get(id).copied().unwrap_or(1);
        let number = |number| u32::try_from(number).unwrap_or(u32::MAX);
        let finding = Finding {
            rule: Rule::InvalidText,
            severity: Rule::InvalidText.severity(),
            path: Path::at(id, occurrence).with_field(field),
            segment: number(segment + 1),
            span: number(span.start)..number(span.end),
            message,
            allowed: None,
            hint: hint(Rule::InvalidText),
        };
        self.findings.push(finding, DecodeOptions::default().limits.findings);
    }
}

/// Text with what it switches to by `\M..\` as text.
fn without_switches(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains("\\M") {
        return text;
    }
    let mut out = String::new();
    let mut rest = text.as_ref();
    while let Some(at) = rest.find('\\') {
        let (before, found) = rest.split_at(at);
        out.push_str(before);
        // A mark that closes one sequence opens no other.
        let sequence = found[1..].split_once('\\').map(|(sequence, _)| sequence);
        let known = sequence.filter(|sequence| is_sequence(sequence));
        let length = known.map_or(1, |sequence| sequence.len() + 2);
        let (piece, length) =
            switched(found).unwrap_or_else(|| (found[..length].to_owned(), length));
        out.push_str(&piece);
        rest = &found[length..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}
