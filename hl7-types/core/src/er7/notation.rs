//! How a message writes what a value holds.

use std::borrow::Cow;

use super::{Delimiters, translate};
use crate::charset::Charset;

/// The delimiters and the character set of a message. Values are kept under [`Notation::STANDARD`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Notation {
    pub(crate) delimiters: Delimiters,
    pub(crate) charset: Charset,
}

impl Notation {
    /// The recommended delimiters and UTF-8.
    pub(crate) const STANDARD: Self =
        Self { delimiters: Delimiters::STANDARD, charset: Charset::UTF_8 };

    /// Whether what is written this way is what values hold.
    pub(crate) fn is_standard(&self) -> bool {
        self.delimiters.is_standard() && self.charset.is_utf8()
    }

    /// A piece of a message under [`Notation::STANDARD`], and whether writing it gives the same bytes again.
    pub(crate) fn read<'b>(&self, bytes: &'b [u8]) -> (Cow<'b, str>, bool) {
        self.decoded(bytes, self.charset.decode_within(bytes, Some(&self.delimiters)))
    }

    /// As [`Notation::read`], of a piece in which nothing separates.
    pub(crate) fn read_leaf<'b>(&self, bytes: &'b [u8]) -> (Cow<'b, str>, bool) {
        self.decoded(bytes, self.charset.decode_leaf(bytes, &self.delimiters))
    }

    fn decoded<'b>(&self, bytes: &[u8], text: (Cow<'b, str>, bool)) -> (Cow<'b, str>, bool) {
        if self.is_standard() {
            return text;
        }
        let (text, _) = text;
        let text = if self.delimiters.is_standard() {
            text
        } else {
            let standard = translate(text.as_bytes(), &self.delimiters, &Delimiters::STANDARD);
            String::from_utf8(standard).map_or(text, Cow::Owned)
        };
        let same = *self.written(&text) == *bytes;
        (text, same)
    }

    /// The bytes of a piece under [`Notation::STANDARD`].
    pub(crate) fn written<'r>(&self, raw: &'r str) -> Cow<'r, [u8]> {
        if self.delimiters.is_standard() {
            return self.charset.encode_within(raw, self.delimiters.escape);
        }
        let translated = translate(raw.as_bytes(), &Delimiters::STANDARD, &self.delimiters);
        match String::from_utf8(translated) {
            Ok(text) => {
                Cow::Owned(self.charset.encode_within(&text, self.delimiters.escape).into_owned())
            }
            Err(error) => Cow::Owned(error.into_bytes()),
        }
    }
}
