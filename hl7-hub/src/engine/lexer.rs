//! A condition's text to its words.

use super::condition::ConditionError;

/// A word of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// A name or a path.
    Name(String),
    /// A value in quotes, or a number.
    Text(String),
    /// An operator, a bracket or a comma.
    Sign(&'static str),
}

/// Longer ones first.
const SIGNS: [&str; 11] = ["==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", ","];

/// The words with where each starts.
pub(super) fn words(text: &str) -> Result<Vec<(usize, Word)>, ConditionError> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (word, length) = if matches!(first, '"' | '\'') {
            let closed = rest[1..].find(first).ok_or_else(|| ConditionError {
                at,
                reason: "this text has no closing quotation mark".to_owned(),
            })?;
            (Word::Text(rest[1..=closed].to_owned()), closed + 2)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Word::Sign(sign), sign.len())
        } else if first.is_ascii_digit() || first == '-' {
            let length = length_while(rest, |c| c.is_ascii_digit() || matches!(c, '-' | '.'));
            (Word::Text(rest[..length].to_owned()), length)
        } else if first.is_ascii_alphabetic() {
            let length = length_of_name(rest);
            (Word::Name(rest[..length].to_owned()), length)
        } else {
            return Err(ConditionError { at, reason: format!("`{first}` has no meaning here") });
        };
        words.push((at, word));
        at += length;
    }
    Ok(words)
}

fn length_while(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// A name goes on over the brackets of a path, `PID-3[2].1`, and not over those of a list.
fn length_of_name(text: &str) -> usize {
    let mut length = 0;
    loop {
        let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        length += length_while(&text[length..], part);
        let Some(inside) = text[length..].strip_prefix('[') else { return length };
        let digits = length_while(inside, |c| c.is_ascii_digit());
        if digits == 0 || !inside[digits..].starts_with(']') {
            return length;
        }
        length += digits + 2;
    }
}
