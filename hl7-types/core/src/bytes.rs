//! The bytes of a message that is kept: which are text, if somebody looked.

use std::ops::{Deref, Range};

/// Up to so many bytes somebody looks. What is longer is for the most part one value, a document, which may never be read.
const MOST_CHECKED: usize = 1 << 16;

/// The bytes of a message. Where they are known to be text, reading a value is taking a slice.
#[derive(Clone)]
pub(crate) enum Bytes {
    /// Text.
    Text(String),
    /// No text, or nobody looked.
    Any(Vec<u8>),
}

impl Bytes {
    /// Looks whether they are text, unless they are many.
    pub(crate) fn looked_at(self) -> Self {
        match self {
            Self::Any(bytes) if bytes.len() <= MOST_CHECKED => String::from_utf8(bytes)
                .map_or_else(|error| Self::Any(error.into_bytes()), Self::Text),
            known => known,
        }
    }

    /// A piece of them, if it is text.
    #[inline]
    pub(crate) fn text(&self, range: Range<usize>) -> Option<&str> {
        match self {
            Self::Text(text) => text.get(range),
            Self::Any(bytes) => std::str::from_utf8(bytes.get(range)?).ok(),
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Any(bytes) => bytes,
        }
    }
}

impl From<Bytes> for Vec<u8> {
    fn from(bytes: Bytes) -> Self {
        match bytes {
            Bytes::Text(text) => text.into_bytes(),
            Bytes::Any(bytes) => bytes,
        }
    }
}

/// What is known of them makes no difference.
impl PartialEq for Bytes {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Bytes {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_text_is_told_alike_whoever_looks() {
        let check = |bytes: &[u8], range: Range<usize>, expected: Option<&str>| {
            let any = Bytes::Any(bytes.to_vec());
            for held in [any.clone(), any.looked_at()] {
                assert_eq!(held.text(range.clone()), expected, "{bytes:?} {range:?}");
                assert_eq!(Vec::from(held), bytes);
            }
        };

        check(b"abc", 1..3, Some("bc"));
        check(b"abc", 3..3, Some(""));
        check(b"abc", 3..4, None);
        check("a\u{e4}b".as_bytes(), 1..3, Some("\u{e4}"));
        // Half of a character.
        check("a\u{e4}b".as_bytes(), 0..2, None);
        check("a\u{e4}b".as_bytes(), 2..4, None);
        check(b"a\xe4b", 0..1, Some("a"));
        check(b"a\xe4b", 0..2, None);
        check(&[b'x'; MOST_CHECKED + 1], 0..1, Some("x"));
    }

    #[test]
    fn the_same_bytes_are_equal_whatever_is_known_of_them() {
        let abc = Bytes::Any(b"abc".to_vec());
        assert!(abc.clone().looked_at() == abc);
        assert!(abc.looked_at() != Bytes::Any(b"abd".to_vec()));
    }
}
