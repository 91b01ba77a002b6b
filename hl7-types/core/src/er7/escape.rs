//! Escape sequences (section 2.7) and the change from one set of delimiters to another.

use std::borrow::Cow;

use super::Delimiters;
use crate::charset::switched;
use crate::formatted::Command;

/// Bytes that may not stand in a value as themselves: they would end the segment or the MLLP block.
const CONTROL: [u8; 4] = [b'\r', b'\n', 0x0b, 0x1c];

/// Appends `text` as a value under the recommended delimiters: what would separate, escape or end is escaped, nothing
/// else.
pub(crate) fn escape_into(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '|' => out.push_str("\\F\\"),
            '^' => out.push_str("\\S\\"),
            '~' => out.push_str("\\R\\"),
            '\\' => out.push_str("\\E\\"),
            '&' => out.push_str("\\T\\"),
            '\r' => out.push_str("\\X0D\\"),
            '\n' => out.push_str("\\X0A\\"),
            '\u{b}' => out.push_str("\\X0B\\"),
            '\u{1c}' => out.push_str("\\X1C\\"),
            other => out.push(other),
        }
    }
}

/// The text that a value under the recommended delimiters stands for. Formatting commands give what a plain text
/// reader would see (`\.br\` a line end, highlighting nothing); sequences with no such reading stay as they are.
#[inline]
pub(crate) fn unescape(raw: &str) -> Cow<'_, str> {
    if has_escapes(raw.as_bytes()) { Cow::Owned(without_escapes(raw)) } else { Cow::Borrowed(raw) }
}

/// Whether there is an escape character. Most values are so short that looking at words which overlap is faster than a
/// call.
#[inline]
fn has_escapes(raw: &[u8]) -> bool {
    if raw.len() > 16 {
        return memchr::memchr(b'\\', raw).is_some();
    }
    if let (Some(first), Some(last)) = (raw.first_chunk(), raw.last_chunk()) {
        return word_has_escape(*first) | word_has_escape(*last);
    }
    if let (Some(&[a, b, c, d]), Some(&[e, f, g, h])) = (raw.first_chunk(), raw.last_chunk()) {
        return word_has_escape([a, b, c, d, e, f, g, h]);
    }
    raw.contains(&b'\\')
}

/// Whether one of eight bytes is an escape character: where one is zero, taking one from each leaves an upper bit that was
/// not there, first in the lowest of those that are zero.
#[inline]
fn word_has_escape(word: [u8; 8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let zero_at_escapes = u64::from_ne_bytes(word) ^ (ONES * b'\\' as u64);
    zero_at_escapes.wrapping_sub(ONES) & !zero_at_escapes & (ONES << 7) != 0
}

fn without_escapes(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for token in tokens(raw) {
        match token {
            Token::Text(text) => out.push_str(text),
            Token::Character(text) => out.push_str(&text),
            Token::Command(command) => command.write_plain(&mut out),
        }
    }
    out
}

/// As [`unescape`], of a value that may be a text of its own.
pub(crate) fn unescaped(raw: Cow<'_, str>) -> Cow<'_, str> {
    match raw {
        Cow::Borrowed(raw) => unescape(raw),
        Cow::Owned(raw) => Cow::Owned(unescape(&raw).into_owned()),
    }
}

/// A piece of a value: text, a character that was escaped, or something else between two marks.
pub(crate) enum Token<'a> {
    /// As it stands.
    Text(&'a str),
    /// What an escape stands for.
    Character(Cow<'static, str>),
    /// A formatting command, or a sequence that is kept.
    Command(Command<'a>),
}

/// Cuts a value under the recommended delimiters into its tokens. Together they are as long as the value.
pub(crate) fn tokens(raw: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = raw;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(after) = rest.strip_prefix('\\') else {
            let (text, behind) = rest.split_at(rest.find('\\').unwrap_or(rest.len()));
            rest = behind;
            return Some(Token::Text(text));
        };
        let Some((sequence, behind)) = after.split_once('\\') else {
            return Some(Token::Text(std::mem::take(&mut rest)));
        };
        if sequence.starts_with('M')
            && let Some((text, length)) = switched(rest)
        {
            rest = &rest[length..];
            return Some(Token::Character(Cow::Owned(text)));
        }
        if let Some(token) = token(sequence) {
            rest = behind;
            return Some(token);
        }
        // Not a sequence: the opening mark is text, and the closing one may open the next sequence.
        let (text, behind) = rest.split_at(1 + sequence.len());
        rest = behind;
        Some(Token::Text(text))
    })
}

/// What stands between two marks.
fn token(sequence: &str) -> Option<Token<'_>> {
    let character = match sequence {
        "F" => "|",
        "S" => "^",
        "R" => "~",
        "E" => "\\",
        "T" => "&",
        "P" => "#",
        _ => return token_of_many(sequence),
    };
    Some(Token::Character(Cow::Borrowed(character)))
}

fn token_of_many(sequence: &str) -> Option<Token<'_>> {
    if let Some(text) = sequence.strip_prefix('X').and_then(hex) {
        return Some(Token::Character(Cow::Owned(text)));
    }
    let kept = || is_kept(sequence).then_some(Command::Other(sequence));
    Command::parse(sequence).or_else(kept).map(Token::Command)
}

/// Hexadecimal data that is text.
fn hex(digits: &str) -> Option<String> {
    if digits.is_empty() || !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return None;
    }
    let bytes = digits
        .as_bytes()
        .chunks(2)
        .map(|pair| {
            std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())
        })
        .collect::<Option<Vec<u8>>>()?;
    String::from_utf8(bytes).ok()
}

/// Whether text between two escape characters is a sequence of section 2.7, known to us or not.
pub(crate) fn is_sequence(sequence: &str) -> bool {
    token(sequence).is_some()
}

/// Whether text between two escape characters looks like a sequence of section 2.7 that we keep as it is.
fn is_kept(sequence: &str) -> bool {
    matches!(sequence.as_bytes().first(), Some(b'.' | b'C' | b'M' | b'X' | b'Z'))
        && sequence.len() < 80
        && sequence.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether text between two escape characters is one of the sequences of section 2.7, whatever it stands for.
pub(crate) fn is_defined(sequence: &str) -> bool {
    let Some(behind) = sequence.get(1..) else { return false };
    let pairs =
        behind.bytes().all(|byte| byte.is_ascii_hexdigit()) && behind.len().is_multiple_of(2);
    match sequence.as_bytes()[0] {
        b'F' | b'S' | b'R' | b'E' | b'T' | b'P' => behind.is_empty(),
        b'X' => pairs && !behind.is_empty(),
        b'C' => pairs && behind.len() == 4,
        b'M' => pairs && matches!(behind.len(), 4 | 6),
        b'Z' => behind.bytes().all(|byte| byte.is_ascii_graphic()),
        _ => Command::parse(sequence).is_some(),
    }
}

/// Rewrites a piece of ER7 from one set of delimiters to another: separators become separators, characters that
/// separate on one side only are escaped or unescaped. Both callers check that the way back gives the same bytes and
/// keep the original where it does not.
pub(crate) fn translate(piece: &[u8], from: &Delimiters, to: &Delimiters) -> Vec<u8> {
    let mut out = Vec::with_capacity(piece.len() + 8);
    let mut at = 0;
    while at < piece.len() {
        let byte = piece[at];
        at += 1;
        if Some(byte) == from.escape {
            at = translate_escape(piece, at, from, to, &mut out);
        } else {
            match separator(byte, from, to) {
                Some(separator) => out.push(separator),
                None => push_literal(byte, to, &mut out),
            }
        }
    }
    out
}

/// The separator that takes the place of `byte`, if that separates at all.
fn separator(byte: u8, from: &Delimiters, to: &Delimiters) -> Option<u8> {
    if byte == from.field {
        Some(to.field)
    } else if byte == from.component {
        Some(to.component)
    } else if Some(byte) == from.repetition {
        Some(to.repetition.unwrap_or(byte))
    } else if Some(byte) == from.subcomponent {
        Some(to.subcomponent.unwrap_or(byte))
    } else {
        None
    }
}

/// Rewrites the sequence whose opening mark stands before `at`; gives the position behind it.
fn translate_escape(
    piece: &[u8],
    at: usize,
    from: &Delimiters,
    to: &Delimiters,
    out: &mut Vec<u8>,
) -> usize {
    let mark = to.escape.unwrap_or(b'\\');
    let close =
        piece[at..].iter().position(|&byte| Some(byte) == from.escape).map(|length| at + length);
    let Some(close) = close else {
        out.push(mark);
        return at;
    };
    if let [letter] = piece[at..close]
        && let Some(literal) = from.escaped(letter)
    {
        push_literal(literal, to, out);
        return close + 1;
    }
    out.push(mark);
    out.extend_from_slice(&piece[at..close]);
    out.push(mark);
    close + 1
}

/// Without a declared escape character a separator cannot be escaped; the usual mark around it keeps the structure whole.
fn push_literal(byte: u8, to: &Delimiters, out: &mut Vec<u8>) {
    let mark = to.escape.unwrap_or(b'\\');
    match to.letter(byte) {
        Some(letter) => out.extend_from_slice(&[mark, letter, mark]),
        None => out.push(byte),
    }
}

/// Whether text can stand in a value as it is, with nothing to escape.
pub(crate) fn is_plain(text: &str) -> bool {
    !text
        .bytes()
        .any(|byte| matches!(byte, b'|' | b'^' | b'~' | b'\\' | b'&') || CONTROL.contains(&byte))
}
