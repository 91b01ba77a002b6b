//! Character sets (MSH-18, table 0211): bytes to text and back, through `encoding_rs`.
//!
//! What a message was sent in is told from what it declares and from its bytes, because senders declare one thing and
//! send another. Text that a character set cannot say is read byte by byte as ISO 8859-1 and kept as it came; text that it
//! cannot write becomes hexadecimal data (`\X..\`), which reads as the same text again.

mod convert;
mod names;
mod switch;

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;

use encoding_rs::{Encoding, ISO_2022_JP, SHIFT_JIS};

use crate::er7::Delimiters;
pub(crate) use names::{FIELD, declared, of_message};
use switch::{Step, Walker};
pub(crate) use switch::{switched, trails};

/// A character set that a message can be in: one for what is not ASCII, and whether the text may switch to others on its
/// way (section 2.14.9.19 and ISO 2022).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Charset {
    base: Base,
    /// Whether escape sequences of ISO 2022 stand in the text.
    switches: bool,
    /// Whether one of them is for the Japanese set, so that Japanese can be written.
    japanese: bool,
}

/// What bytes above 127 mean.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Base {
    Utf8,
    /// Nothing.
    Ascii,
    Of(&'static Encoding),
}

impl fmt::Debug for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Charset({})", self.name())
    }
}

impl Charset {
    /// UTF-8: what a message is read in and written in that declares nothing.
    pub const UTF_8: Self = Self { base: Base::Utf8, switches: false, japanese: false };
    /// ASCII.
    pub const ASCII: Self = Self { base: Base::Ascii, switches: false, japanese: false };

    /// Whether text needs no conversion.
    #[must_use]
    pub fn is_utf8(self) -> bool {
        self == Self::UTF_8
    }

    /// Whether a separator may be the second half of a character.
    pub(crate) fn hides_separators(self) -> bool {
        self.switches || matches!(self.base, Base::Of(encoding) if names::has_low_trails(encoding))
    }

    /// The text of bytes. Bytes that are no text in this character set are read as ISO 8859-1 one by one; then it is
    /// `false` that all of it was text.
    ///
    /// ```
    /// use hl7_core::Charset;
    ///
    /// let latin = Charset::named("8859/1").expect("of table 0211");
    /// assert_eq!(latin.decode(b"M\xdcLLER"), ("MÜLLER".into(), true));
    /// assert_eq!(latin.encode("MÜLLER").as_ref(), b"M\xdcLLER");
    /// assert_eq!(Charset::UTF_8.decode(b"M\xdcLLER"), ("MÜLLER".into(), false));
    /// ```
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> (Cow<'_, str>, bool) {
        self.decode_within(bytes, None)
    }

    /// The characters of a piece of a message, each with how many bytes it takes; what switches the character set
    /// belongs to the character behind it.
    #[must_use]
    pub fn characters(self, bytes: &[u8]) -> Vec<(char, usize)> {
        let mut characters = Vec::with_capacity(bytes.len());
        if self.is_utf8() {
            let (text, valid) = self.decode(bytes);
            characters
                .extend(text.chars().map(|next| (next, if valid { next.len_utf8() } else { 1 })));
            return characters;
        }
        let mut before = 0;
        for (range, step) in Walker::new(bytes, self, None) {
            let mut length = before + range.len();
            before = 0;
            match step {
                Step::Switch => before = length,
                Step::Byte(_) => characters.push((char::from(bytes[range.start]), length)),
                Step::Text(text) => {
                    for next in text.chars() {
                        characters.push((next, std::mem::take(&mut length)));
                    }
                }
            }
        }
        characters
    }

    /// As [`Charset::decode`]; with the delimiters of a message, `\C..\` and `\M..\` switch too.
    pub(crate) fn decode_within<'b>(
        self,
        bytes: &'b [u8],
        delimiters: Option<&Delimiters>,
    ) -> (Cow<'b, str>, bool) {
        self.decode_walked(bytes, || Walker::new(bytes, self, delimiters))
    }

    /// As [`Charset::decode_within`], of a piece in which nothing separates: what looks like it is half of a character.
    pub(crate) fn decode_leaf<'b>(
        self,
        bytes: &'b [u8],
        delimiters: &Delimiters,
    ) -> (Cow<'b, str>, bool) {
        self.decode_walked(bytes, || Walker::of_leaf(bytes, self, delimiters))
    }

    fn decode_walked<'b, 'd>(
        self,
        bytes: &'b [u8],
        walker: impl FnOnce() -> Walker<'d>,
    ) -> (Cow<'b, str>, bool) {
        if !self.switches {
            let whole = match self.base {
                Base::Utf8 => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
                Base::Ascii => {
                    std::str::from_utf8(bytes).ok().filter(|_| bytes.is_ascii()).map(Cow::Borrowed)
                }
                Base::Of(encoding) => {
                    encoding.decode_without_bom_handling_and_without_replacement(bytes)
                }
            };
            if let Some(text) = whole {
                return (text, true);
            }
            if matches!(self.base, Base::Utf8 | Base::Ascii) {
                return (bytes.iter().copied().map(char::from).collect(), false);
            }
        }
        let mut text = String::with_capacity(bytes.len());
        let mut valid = true;
        for (range, step) in walker() {
            match step {
                Step::Text(piece) => text.push_str(&piece),
                Step::Switch => {}
                Step::Byte(is_text) => {
                    valid &= is_text;
                    text.extend(bytes[range].iter().copied().map(char::from));
                }
            }
        }
        (Cow::Owned(text), valid)
    }

    /// The bytes of text; what this character set lacks becomes hexadecimal data in marks of `\`.
    #[must_use]
    pub fn encode(self, text: &str) -> Cow<'_, [u8]> {
        self.encode_within(text, Some(b'\\'))
    }

    /// As [`Charset::encode`], with the escape character of a message. Where there is none, what the character set lacks
    /// is written in UTF-8.
    pub(crate) fn encode_within(self, text: &str, escape: Option<u8>) -> Cow<'_, [u8]> {
        let plain = text.is_ascii() && !(self.switches && text.contains(ESCAPE));
        if self.base == Base::Utf8 || plain {
            return Cow::Borrowed(text.as_bytes());
        }
        if let Base::Of(encoding) = self.base
            && !self.switches
            && let (bytes, _, false) = encoding.encode(text)
        {
            return bytes;
        }
        let mut out = Vec::with_capacity(text.len() + 16);
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let way = self.way(first);
            let end = rest.find(|next| self.way(next) != way).unwrap_or(rest.len());
            let (piece, behind) = rest.split_at(end);
            match (way, escape) {
                (Way::In(encoding), _) => out.extend_from_slice(&encoding.encode(piece).0),
                (Way::Hexadecimal, Some(mark)) => write_hexadecimal(piece, mark, &mut out),
                (Way::AsItIs, _) | (Way::Hexadecimal, None) => {
                    out.extend_from_slice(piece.as_bytes())
                }
            }
            rest = behind;
        }
        Cow::Owned(out)
    }

    /// Whether something of a text has to be written as hexadecimal data.
    pub(crate) fn lacks(self, text: &str) -> bool {
        self.base != Base::Utf8
            && text.chars().any(|character| self.way(character) == Way::Hexadecimal)
    }

    /// How a character is written.
    fn way(self, character: char) -> Way {
        let narrow = HALF_WIDTH.contains(&character);
        match self.base {
            // It would be taken for one that switches.
            _ if self.switches && character == ESCAPE => Way::Hexadecimal,
            _ if character.is_ascii() => Way::AsItIs,
            // Of the Japanese sets the one for single bytes has the syllables of half width only.
            Base::Of(encoding) if self.switches && encoding == SHIFT_JIS && !narrow => {
                self.switched_way(character)
            }
            Base::Of(encoding) if has(encoding, character) => Way::In(encoding),
            _ => self.switched_way(character),
        }
    }

    fn switched_way(self, character: char) -> Way {
        // Syllables of half width would come back as wide ones.
        let japanese =
            self.japanese && !HALF_WIDTH.contains(&character) && has(ISO_2022_JP, character);
        if japanese { Way::In(ISO_2022_JP) } else { Way::Hexadecimal }
    }
}

/// How a character is written.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    AsItIs,
    In(&'static Encoding),
    Hexadecimal,
}

const ESCAPE: char = '\u{1b}';
const HALF_WIDTH: RangeInclusive<char> = '\u{ff61}'..='\u{ff9f}';

fn has(encoding: &'static Encoding, character: char) -> bool {
    !encoding.encode(character.encode_utf8(&mut [0; 4])).2
}

fn write_hexadecimal(text: &str, mark: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&[mark, b'X']);
    out.extend(text.bytes().flat_map(|byte| format!("{byte:02X}").into_bytes()));
    out.push(mark);
}
