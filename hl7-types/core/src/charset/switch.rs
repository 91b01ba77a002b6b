//! Text that switches its character set on its way: escape sequences of ISO 2022, as themselves or as `\C..\` and `\M..\`.

use std::borrow::Cow;
use std::ops::Range;

use encoding_rs::{EUC_JP, EUC_KR, Encoding, GBK, SHIFT_JIS};

use super::{Base, Charset};
use crate::er7::{Delimiters, is_sequence};

const ESCAPE: u8 = 0x1b;
/// The most bytes of an escape sequence of HL7, its closing mark included.
const LONGEST: usize = 81;

/// What bytes below 128 mean.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Low {
    Ascii,
    /// A pair is a character of an encoding that has it with both high bits set, behind a prefix.
    Pairs(&'static Encoding, &'static [u8]),
    /// One byte is a syllable of half width.
    Syllables,
}

/// What an escape sequence designates.
enum Designated {
    Low(Low),
    High(&'static Encoding),
}

const JAPANESE: Low = Low::Pairs(EUC_JP, b"");

/// The sequences, behind the escape character.
fn designated(sequence: &[u8]) -> Option<(Designated, usize)> {
    use Designated::{High, Low as To};
    let table: [(&[u8], Designated); 16] = [
        (b"(B", To(Low::Ascii)),
        (b"(J", To(Low::Ascii)),
        (b"(I", To(Low::Syllables)),
        (b"$@", To(JAPANESE)),
        (b"$B", To(JAPANESE)),
        (b"$(@", To(JAPANESE)),
        (b"$(B", To(JAPANESE)),
        (b"$(D", To(Low::Pairs(EUC_JP, b"\x8f"))),
        (b"$(C", To(Low::Pairs(EUC_KR, b""))),
        (b"$(A", To(Low::Pairs(GBK, b""))),
        (b"$A", To(Low::Pairs(GBK, b""))),
        (b"$)B", High(EUC_JP)),
        (b"$)C", High(EUC_KR)),
        (b"$)A", High(GBK)),
        (b")I", High(SHIFT_JIS)),
        (b")J", High(SHIFT_JIS)),
    ];
    table
        .into_iter()
        .find_map(|(known, to)| sequence.starts_with(known).then_some((to, known.len())))
}

/// One step through text.
pub(super) enum Step {
    /// A character, or several.
    Text(Cow<'static, str>),
    /// An escape sequence that was obeyed.
    Switch,
    /// A byte by itself; whether it is text.
    Byte(bool),
}

/// Walks through text, step by step; each step has its range of the bytes.
pub(super) struct Walker<'a> {
    bytes: &'a [u8],
    at: usize,
    low: Low,
    high: Base,
    charset: Charset,
    /// Whether escape sequences of ISO 2022 are obeyed as they are; those of HL7 are in any case.
    raw: bool,
    /// Where the last sequence stands that switches back to ASCII. Before it, separators are halves of characters like any
    /// other byte; behind it, they are what text should have been switched back for.
    last_back: usize,
    /// Of the message: an escape character for `\C..\` and `\M..\`, and separators, before which text has to switch back.
    delimiters: Option<&'a Delimiters>,
}

impl<'a> Walker<'a> {
    pub(super) fn new(
        bytes: &'a [u8],
        charset: Charset,
        delimiters: Option<&'a Delimiters>,
    ) -> Self {
        let last_back = if charset.switches { last_switch_back(bytes) } else { 0 };
        Self::until(last_back, bytes, charset, delimiters)
    }

    fn until(
        last_back: usize,
        bytes: &'a [u8],
        charset: Charset,
        delimiters: Option<&'a Delimiters>,
    ) -> Self {
        Self {
            bytes,
            at: 0,
            low: Low::Ascii,
            high: charset.base,
            charset,
            raw: charset.switches,
            last_back,
            delimiters,
        }
    }

    /// A walker through a piece in which nothing separates.
    pub(super) fn of_leaf(bytes: &'a [u8], charset: Charset, delimiters: &'a Delimiters) -> Self {
        Self::until(bytes.len(), bytes, charset, Some(delimiters))
    }

    fn separates(&self, byte: u8) -> bool {
        self.delimiters.is_some_and(|declared| declared.separates(byte))
    }

    fn is_mark(&self, byte: u8) -> bool {
        self.delimiters.is_some_and(|declared| declared.escape == Some(byte))
    }

    /// The length of an escape sequence that is none of those that switch: its closing mark opens no other.
    fn sequence(&self, rest: &[u8]) -> Option<usize> {
        let (&mark, rest) = rest.split_first()?;
        let close = rest.iter().take(LONGEST).position(|&byte| byte == mark)?;
        let sequence = std::str::from_utf8(&rest[..close]).ok()?;
        (self.low == Low::Ascii && self.is_mark(mark) && is_sequence(sequence)).then_some(close + 2)
    }

    /// Obeys an escape sequence; gives its length.
    fn switch(&mut self, rest: &[u8]) -> Option<usize> {
        let (to, length) = match *rest {
            [ESCAPE, ref sequence @ ..] if self.raw => {
                let (to, length) = designated(sequence)?;
                (to, 1 + length)
            }
            [mark, b'C' | b'M', ref hex @ ..] if self.is_mark(mark) => {
                let close = hex.iter().take(9).position(|&byte| byte == mark)?;
                let sequence = unhex(&hex[..close])?;
                let (to, length) = designated(&sequence)?;
                (length == sequence.len()).then_some((to, close + 3))?
            }
            _ => return None,
        };
        match to {
            Designated::Low(low) => self.low = low,
            Designated::High(encoding) => self.high = Base::Of(encoding),
        }
        Some(length)
    }

    /// The character at the start of `rest` and its length.
    fn character(&self, rest: &[u8]) -> Option<(Cow<'static, str>, usize)> {
        let first = *rest.first()?;
        if first >= 0x80 {
            return self.high_character(rest);
        }
        let low = |byte: u8| (0x21..0x7f).contains(&byte);
        match self.low {
            Low::Pairs(encoding, prefix) => {
                let &[first, second] =
                    rest.first_chunk::<2>().filter(|pair| pair.iter().all(|&byte| low(byte)))?;
                if self.at > self.last_back && (self.separates(first) || self.separates(second)) {
                    return None;
                }
                let bytes = [prefix, &[first | 0x80, second | 0x80]].concat();
                Some((one(encoding, &bytes)?, 2))
            }
            Low::Syllables if (0x21..0x60).contains(&first) => {
                Some((one(SHIFT_JIS, &[first | 0x80])?, 1))
            }
            _ => None,
        }
    }

    fn high_character(&self, rest: &[u8]) -> Option<(Cow<'static, str>, usize)> {
        let mut lengths = 1..=4.min(rest.len());
        match self.high {
            Base::Ascii => None,
            Base::Utf8 => lengths.find_map(|length| {
                let text = std::str::from_utf8(&rest[..length]).ok()?;
                Some((Cow::Owned(text.to_owned()), length))
            }),
            Base::Of(encoding) => {
                lengths.find_map(|length| Some((one(encoding, &rest[..length])?, length)))
            }
        }
    }
}

/// Where the last escape sequence stands that switches back to ASCII; zero where there is none.
fn last_switch_back(bytes: &[u8]) -> usize {
    let back: [&[u8]; 4] = [b"\x1b(B", b"\x1b(J", b"C2842", b"C284A"];
    back.iter().filter_map(|back| memchr::memmem::rfind(bytes, back)).max().unwrap_or(0)
}

/// The character that bytes are.
fn one(encoding: &'static Encoding, bytes: &[u8]) -> Option<Cow<'static, str>> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
    Some(Cow::Owned(text.into_owned()))
}

fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let digits =
        std::str::from_utf8(digits).ok().filter(|digits| digits.len().is_multiple_of(2))?;
    let pairs = (0..digits.len()).step_by(2).map(|at| digits.get(at..at + 2));
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

impl Iterator for Walker<'_> {
    type Item = (Range<usize>, Step);

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at;
        let rest = self.bytes.get(start..)?;
        let first = *rest.first()?;
        let (step, length) = if self.charset.switches
            && let Some(length) = self.switch(rest)
        {
            (Step::Switch, length)
        } else if let Some((text, length)) = self.character(rest) {
            (Step::Text(text), length)
        } else if let Some(length) = self.sequence(rest) {
            (Step::Byte(true), length)
        } else {
            if self.separates(first) {
                (self.low, self.high) = (Low::Ascii, self.charset.base);
            }
            (Step::Byte(first < 0x80), 1)
        };
        self.at += length;
        Some((start..self.at, step))
    }
}

/// Calls `hidden` with the ranges of a segment that are halves of characters or escape sequences, so that no byte in
/// them separates.
pub(crate) fn trails(
    segment: &[u8],
    charset: Charset,
    delimiters: &Delimiters,
    hidden: &mut dyn FnMut(Range<usize>),
) {
    for (range, step) in Walker::new(segment, charset, Some(delimiters)) {
        if range.len() > 1 && !matches!(step, Step::Byte(_)) {
            hidden(range);
        }
    }
}

/// The text that a value switches to with `\M..\` at its start, and how long that is, up to where it switches back to
/// ASCII; `None` where it does not switch to anything that we know.
pub(crate) fn switched(raw: &str) -> Option<(String, usize)> {
    if !raw.starts_with("\\M") {
        return None;
    }
    let charset = Charset { base: Base::Utf8, switches: true, japanese: false };
    // A value is a leaf. Looking for where it switches back would go through all of it for every `\M`.
    let mut walker =
        Walker { raw: false, ..Walker::of_leaf(raw.as_bytes(), charset, &Delimiters::STANDARD) };
    let mut text = String::new();
    let mut end = 0;
    while let Some((range, step)) = walker.next() {
        match step {
            Step::Text(piece) => text.push_str(&piece),
            Step::Switch => {}
            Step::Byte(_) if range.start == 0 => return None,
            Step::Byte(_) => text.push_str(raw.get(range.clone())?),
        }
        end = range.end;
        if walker.low == Low::Ascii {
            break;
        }
    }
    Some((text, end))
}
