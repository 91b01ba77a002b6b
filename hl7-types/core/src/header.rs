//! The header of a message, batch or file (MSH, BHS, FHS) as it stands, also where the message as a whole cannot be read.

use std::borrow::Cow;
use std::ops::Range;

use crate::charset::Charset;
use crate::er7::{Delimiters, Notation, escape_into, unescaped};
use crate::tree::{Tree, TreeSegment};

/// The recommended encoding characters, then others to take where one of them separates fields.
const FALLBACK: &[u8] = b"^~\\&#@!*%";

/// One header segment, by its fields.
///
/// ```
/// use hl7_core::Header;
///
/// let header = Header::of(b"MSH||LAB|HARBOUR|||20260211||ORU^R01|77").expect("a header");
/// assert!(!header.is_sound()); // MSH-2 is empty, and the fields are found all the same
/// assert_eq!(header.field(10), b"77");
/// assert_eq!(header.component(9, 2), b"R01");
/// ```
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "a view of patient data")]
pub struct Header<'a> {
    line: &'a [u8],
    start: usize,
    delimiters: Delimiters,
    sound: bool,
    /// The segment of an index, which knows where a separator is half of a character.
    segment: Option<TreeSegment<'a>>,
    /// What its message is in, as far as that is known.
    charset: Charset,
}

impl<'a> Header<'a> {
    /// The first header in the bytes: at the start, else at the start of any line. `None` where there is none.
    #[must_use]
    pub fn of(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        loop {
            let line = rest.strip_prefix(b"\xef\xbb\xbf").unwrap_or(rest);
            let blank = line.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == 0x0b);
            let line = &line[blank.count()..];
            let length = memchr::memchr2(b'\r', b'\n', line).unwrap_or(line.len());
            if let Some(header) = Self::of_line(&line[..length], bytes.len() - line.len()) {
                return Some(header);
            }
            rest = &line[length..];
            if rest.is_empty() {
                return None;
            }
        }
    }

    /// The header of a message that was indexed.
    #[must_use]
    pub fn of_tree(tree: &'a Tree) -> Option<Self> {
        let segment = tree.segments().next()?;
        let header = Self::of_line(segment.raw(), segment.range().start)?;
        Some(Self { segment: Some(segment), charset: tree.charset(), ..header })
    }

    /// A line that is a header.
    fn of_line(line: &'a [u8], start: usize) -> Option<Self> {
        let (id, rest) = line.split_first_chunk::<3>()?;
        let separator = rest.first().copied().unwrap_or(b'|');
        if !matches!(id, b"MSH" | b"BHS" | b"FHS") || separator.is_ascii_alphanumeric() {
            return None;
        }
        let encoding = rest.get(1..).unwrap_or_default();
        let length = encoding.iter().take_while(|&&byte| byte != separator).count();
        let declared = Delimiters::parse(separator, &encoding[..length]);
        let sound = declared.is_ok();
        let delimiters = declared.unwrap_or_else(|_| usual(separator));
        Some(Self { line, start, delimiters, sound, segment: None, charset: Charset::UTF_8 })
    }

    /// Where it stands in the bytes that it was found in, without its line end.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.start..self.start + self.line.len()
    }

    /// `MSH`, `BHS` or `FHS`.
    #[must_use]
    pub fn id(&self) -> &'a str {
        self.line.get(..3).and_then(|id| std::str::from_utf8(id).ok()).unwrap_or_default()
    }

    /// What fields 1 and 2 declare; the recommended delimiters where they declare nothing of use.
    #[must_use]
    pub fn delimiters(&self) -> &Delimiters {
        &self.delimiters
    }

    /// Whether fields 1 and 2 declare delimiters.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.sound
    }

    /// A field as it stands, from one; empty where the header does not reach that far.
    #[must_use]
    pub fn field(&self, seq: usize) -> &'a [u8] {
        if let Some(segment) = self.segment {
            return segment.field(seq).map_or(b"", |field| field.raw());
        }
        match seq {
            0 => b"",
            1 => self.line.get(3..4).unwrap_or_default(),
            _ => self.split().nth(seq - 2).unwrap_or_default(),
        }
    }

    /// The fields from the second on, as they stand.
    pub fn fields(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let indexed = self.segment.map(|segment| segment.fields().skip(1).map(|field| field.raw()));
        let split = if indexed.is_none() { Some(self.split()) } else { None };
        indexed.into_iter().flatten().chain(split.into_iter().flatten())
    }

    /// The same without an index.
    fn split(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let separator = self.delimiters.field;
        self.line.get(4..).unwrap_or_default().split(move |&byte| byte == separator)
    }

    /// How an answer is written: its delimiters, and the character set of the message, as far as that is known.
    pub(crate) fn reply_notation(&self) -> Notation {
        Notation { delimiters: self.reply_delimiters(), charset: self.charset }
    }

    /// How the message is written.
    pub(crate) fn notation(&self) -> Notation {
        Notation { delimiters: self.delimiters, charset: self.charset }
    }

    /// A component of a field's first repetition as it stands, both from one.
    #[must_use]
    pub fn component(&self, seq: usize, number: usize) -> &'a [u8] {
        let Delimiters { component, repetition, .. } = self.delimiters;
        let mut repetitions = self.field(seq).split(|&byte| Some(byte) == repetition);
        let first = repetitions.next().unwrap_or_default();
        let mut components = first.split(|&byte| byte == component);
        components.nth(number.saturating_sub(1)).unwrap_or_default()
    }

    /// The text of a field that has no parts, without escapes.
    #[must_use]
    pub fn text(&self, seq: usize) -> Cow<'a, str> {
        unescaped(self.notation().read_leaf(self.field(seq)).0)
    }

    /// The delimiters of an answer: those of this header, completed where it declares fewer than four.
    #[must_use]
    pub fn reply_delimiters(&self) -> Delimiters {
        let mut complete = self.delimiters;
        complete.repetition = complete.repetition.or_else(|| free(&complete, b'~'));
        complete.escape = complete.escape.or_else(|| free(&complete, b'\\'));
        complete.subcomponent = complete.subcomponent.or_else(|| free(&complete, b'&'));
        complete
    }
}

/// The recommended delimiters around a field separator.
fn usual(field: u8) -> Delimiters {
    let field = if field.is_ascii_punctuation() { field } else { b'|' };
    let mut usual = Delimiters { field, ..Delimiters::STANDARD };
    (usual.component, usual.repetition) = (field, None);
    (usual.escape, usual.subcomponent) = (None, None);
    usual.component = free(&usual, b'^').unwrap_or(b'^');
    usual.repetition = free(&usual, b'~');
    usual.escape = free(&usual, b'\\');
    usual.subcomponent = free(&usual, b'&');
    usual
}

/// The character wanted, or another that separates nothing yet.
fn free(taken: &Delimiters, wanted: u8) -> Option<u8> {
    let is_free = |byte: &u8| {
        let declared = [taken.repetition, taken.escape, taken.subcomponent, taken.truncation];
        *byte != taken.field && *byte != taken.component && !declared.contains(&Some(*byte))
    };
    Some(wanted).filter(is_free).or_else(|| FALLBACK.iter().copied().find(is_free))
}

/// How a header is read by itself, whose character set is not known.
fn notation(delimiters: &Delimiters) -> Notation {
    Notation { delimiters: *delimiters, charset: Charset::UTF_8 }
}

/// The text of a leaf under some delimiters, without escapes. Bytes that are not UTF-8 are read as ISO 8859-1.
pub(crate) fn text_of<'a>(raw: &'a [u8], delimiters: &Delimiters) -> Cow<'a, str> {
    unescaped(notation(delimiters).read_leaf(raw).0)
}

/// A text as a leaf under some delimiters.
pub(crate) fn leaf(text: &str, delimiters: &Delimiters) -> Vec<u8> {
    leaf_in(text, &notation(delimiters))
}

/// A text as a leaf of a message.
pub(crate) fn leaf_in(text: &str, notation: &Notation) -> Vec<u8> {
    let mut raw = String::with_capacity(text.len());
    escape_into(&mut raw, text);
    notation.written(&raw).into_owned()
}

/// Writes a segment: its id and its fields, without empty fields at the end, and a carriage return. For a header the
/// first field is the second of the standard.
pub(crate) fn write_segment(out: &mut Vec<u8>, id: &[u8], fields: &[Vec<u8>], separator: u8) {
    let last = fields.iter().rposition(|field| !field.is_empty()).map_or(0, |last| last + 1);
    out.extend_from_slice(id);
    for field in &fields[..last] {
        out.push(separator);
        out.extend_from_slice(field);
    }
    out.push(b'\r');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &str, control_id: Option<&str>, sound: bool) {
        let header = Header::of(bytes.as_bytes());
        let found = header.map(|header| String::from_utf8_lossy(header.field(10)).into_owned());
        assert_eq!(found.as_deref(), control_id, "{bytes:?}");
        assert_eq!(header.is_some_and(|header| header.is_sound()), sound, "{bytes:?}");
    }

    #[test]
    fn the_header_is_found_where_it_stands() {
        check("MSH|^~\\&|A|B|C|D|1||ADT^A01|42|P|2.5\rPID|1\r", Some("42"), true);
        check("\u{feff}\r\n\u{b}MSH|^~\\&|A|B|C|D|1||ADT^A01|42\rPID|1\r", Some("42"), true);
        check("log line\rMSH|^~\\&|A|B|C|D|1||ADT^A01|42\r", Some("42"), true);
        check("MSH||A|B|C|D|1||ADT^A01|42", Some("42"), false);
        check("MSH|abc|A|B|C|D|1||ADT^A01|42", Some("42"), false);
        check("MSH#^~\\&#A#B#C#D#1##ADT^A01#4|2#P", Some("4|2"), true);
        check("MSH|^~\\&|A\r", Some(""), true);
        check("MSH", Some(""), false);
        check("MSHX|^~\\&|A", None, false);
        check("PID|1\r\n\r\n", None, false);
        check("", None, false);
    }

    #[test]
    fn an_indexed_header_is_read_by_its_index() {
        let text = "MSH|^~\\&|A|B|C||1||ADT^A01|42";
        let tree = Tree::parse(format!("\u{b}{text}\rPID|1\r")).expect("a message");
        let (indexed, found) = (Header::of_tree(&tree), Header::of(tree.bytes()));
        let (indexed, found) = (indexed.expect("a header"), found.expect("a header"));
        assert_eq!(indexed.range(), found.range());
        for seq in 0..15 {
            assert_eq!(indexed.field(seq), found.field(seq), "{seq}");
        }
        // The second byte of this character is a field separator elsewhere.
        let japanese = *b"MSH|^~\\&|A||B||||ADT^A01|42|P|2.5||||||SHIFT_JIS|\x83|A|B\rPID|1\r";
        let tree = Tree::parse(japanese).expect("a message");
        let header = Header::of_tree(&tree).expect("a header");
        assert_eq!((header.field(19), header.field(20)), (&b"\x83|A"[..], &b"B"[..]));
        assert_eq!(header.fields().nth(17), Some(&b"\x83|A"[..]));
        // So it is in front of the field that says what it is.
        let japanese =
            *b"MSH|^~\\&|\x83||\x8c|\x83||B||||ADT^A01|42|P|2.5||||||SHIFT_JIS\rPID|1|\x83|\r";
        let tree = Tree::parse(japanese).expect("a message");
        let header = Header::of_tree(&tree).expect("a header");
        assert_eq!((header.field(4), header.field(10)), (&b"\x8c|\x83|"[..], &b"42"[..]));
        assert_eq!(header.text(4), "\u{82b8}\u{30dd}");
        assert_eq!(tree.get(&"PID-2".parse().expect("a path")).as_deref(), Some("\u{30dd}"));
        let switched =
            *b"MSH|^~\\&|A|\x1b$B\x30|\x1b(B|B||||ADT^A01|42|P|2.5||||||~ISO IR87\rPID|1\r";
        let tree = Tree::parse(switched).expect("a message");
        let header = Header::of_tree(&tree).expect("a header");
        assert_eq!((header.field(5), header.field(10)), (&b"B"[..], &b"42"[..]));
        // Where that does not come out, a separator separates.
        for named in ["SHIFT_JI", "8859/1", ""] {
            let other = String::from_utf8_lossy(b"MSH|^~\\&|\xe4||||||ADT^A01|42|P|2.5|||||||")
                .into_owned();
            let tree = Tree::parse(other + named + "\r").expect("a message");
            assert_eq!(Header::of_tree(&tree).expect("a header").field(9), b"ADT^A01", "{named}");
        }
    }

    #[test]
    fn an_answer_has_all_delimiters() {
        for (declared, expected) in [
            ("^~\\&", "^~\\&"),
            ("^~", "^~\\&"),
            ("^", "^~\\&"),
            ("&", "&~\\^"),
            ("^~\\&#", "^~\\&#"),
            ("^~\\\\&", "^~\\&"),
            ("", "^~\\&"),
        ] {
            let line = format!("MSH|{declared}|A");
            let header = Header::of(line.as_bytes()).expect("a header");
            let complete = header.reply_delimiters().encoding_characters();
            assert_eq!(String::from_utf8_lossy(&complete), expected, "{declared}");
        }
        let odd = Header::of(b"MSH^^~\\&^A").expect("a header");
        assert_eq!(odd.reply_delimiters().encoding_characters(), b"~\\&#");
    }

    #[test]
    fn texts_come_without_escapes() {
        let header = Header::of(b"MSH|^~\\&|R\\T\\D").expect("a header");
        assert_eq!(header.text(3), "R&D");
        let header = Header::of(b"MSH#*~!&#R!T!D^x").expect("a header");
        assert_eq!(header.text(3), "R&D^x");
    }
}
