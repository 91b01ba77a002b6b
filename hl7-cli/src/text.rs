//! Text for a terminal: control characters made visible, values hidden, columns counted.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Text without characters that a terminal would act on: they stand as `\t`, `\n`, `\r` or `\x1b`.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    text.chars().for_each(|character| push_printable(&mut out, character));
    Cow::Owned(out)
}

/// Appends a character as [`printable`] shows it.
pub(crate) fn push_printable(out: &mut String, character: char) {
    match character {
        '\t' => out.push_str("\\t"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        _ if is_hidden(character) => {
            let _ = write!(out, "\\x{:02x}", u32::from(character));
        }
        _ => out.push(character),
    }
}

/// How many columns a character takes as [`printable`] shows it.
pub(crate) fn char_width(character: char) -> usize {
    if is_hidden(character) {
        let mut shown = String::new();
        push_printable(&mut shown, character);
        return shown.len();
    }
    character.width().unwrap_or(0)
}

/// Control characters, and marks that change the direction of the text around them.
fn is_hidden(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A character of a value that is hidden: letters and digits are, punctuation stays.
pub(crate) fn redacted(character: char) -> char {
    match character {
        _ if character.is_numeric() => '9',
        _ if character.is_ascii_punctuation() || character.is_whitespace() => character,
        _ => 'x',
    }
}

/// A value that is hidden; its length and punctuation stay.
pub(crate) fn redact(text: &str) -> String {
    text.chars().map(redacted).collect()
}

/// How many columns a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// Blanks that fill a text up to a column.
pub(crate) fn pad(text: &str, column: usize) -> String {
    " ".repeat(column.saturating_sub(width(text)))
}

/// `1 message`, `2 messages`.
pub(crate) fn count(number: usize, one: &str) -> String {
    format!("{number} {one}{}", if number == 1 { "" } else { "s" })
}

/// Bytes as text: UTF-8, or else ISO 8859-1.
pub(crate) fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::{printable, redact};

    #[test]
    fn nothing_reaches_the_terminal_as_a_command() {
        assert_eq!(printable("a\u{1b}[31m\tb\u{9b}c\u{202e}"), "a\\x1b[31m\\tb\\x9bc\\x202e");
        assert_eq!(printable("Müller"), "Müller");
    }

    #[test]
    fn redacting_keeps_the_shape() {
        assert_eq!(redact("Müller^Ann|1961-06-15"), "xxxxxx^xxx|9999-99-99");
    }
}
