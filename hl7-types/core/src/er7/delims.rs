//! The delimiters that MSH-1 and MSH-2 declare.

use crate::error::{DecodeError, DecodeErrorKind};

/// Delimiters of one message (section 2.5.4), as bytes. Only the field separator and the component separator must be
/// declared; what is not declared does not separate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Delimiters {
    /// Between fields, MSH-1: `|`.
    pub field: u8,
    /// Between components, first character of MSH-2: `^`.
    pub component: u8,
    /// Between repetitions, second character of MSH-2: `~`.
    pub repetition: Option<u8>,
    /// Around escape sequences, third character of MSH-2: `\`.
    pub escape: Option<u8>,
    /// Between subcomponents, fourth character of MSH-2: `&`.
    pub subcomponent: Option<u8>,
    /// After truncated text, fifth character of MSH-2 from 2.7 on: `#`.
    pub truncation: Option<u8>,
}

impl Delimiters {
    /// The recommended delimiters `|^~\&`, without a truncation character.
    pub const STANDARD: Self = Self {
        field: b'|',
        component: b'^',
        repetition: Some(b'~'),
        escape: Some(b'\\'),
        subcomponent: Some(b'&'),
        truncation: None,
    };

    /// Reads MSH-1 (one byte) and MSH-2.
    ///
    /// A character that stands twice counts once: `^~\\&`, a backslash doubled on its way through another notation,
    /// declares the same as `^~\&`. Characters after the fifth are kept with the field and declare nothing.
    ///
    /// # Errors
    /// When a character cannot separate: a letter, digit, blank, control or non-ASCII character, or none at all.
    pub fn parse(field: u8, encoding: &[u8]) -> Result<Self, DecodeError> {
        let mut distinct = [0_u8; 5];
        let mut count = 0;
        for &byte in encoding {
            if count < distinct.len() && !distinct[..count].contains(&byte) {
                distinct[count] = byte;
                count += 1;
            }
        }
        let declared = &distinct[..count];
        let impossible = |byte: &u8| !byte.is_ascii_punctuation();
        if count == 0
            || declared.contains(&field)
            || impossible(&field)
            || declared.iter().any(impossible)
        {
            return Err(DecodeError::new(DecodeErrorKind::ImpossibleDelimiters));
        }
        let nth = |n: usize| declared.get(n).copied();
        Ok(Self {
            field,
            component: declared[0],
            repetition: nth(1),
            escape: nth(2),
            subcomponent: nth(3),
            truncation: nth(4),
        })
    }

    /// Whether values look the same as under [`Delimiters::STANDARD`]; the truncation character does not matter.
    #[must_use]
    pub fn is_standard(&self) -> bool {
        Self { truncation: None, ..*self } == Self::STANDARD
    }

    /// Whether a byte separates fields, or parts of one.
    pub(crate) fn separates(&self, byte: u8) -> bool {
        byte == self.field
            || byte == self.component
            || Some(byte) == self.repetition
            || Some(byte) == self.subcomponent
    }

    /// A bare `MSH` that declares them.
    pub(crate) fn header(&self) -> Vec<u8> {
        [b"MSH", &[self.field][..], &self.encoding_characters()].concat()
    }

    /// The second field of a header that declares them.
    pub(crate) fn encoding_characters(&self) -> Vec<u8> {
        let Self { component, repetition, escape, subcomponent, truncation, .. } = *self;
        let declared = [Some(component), repetition, escape, subcomponent, truncation];
        declared.into_iter().map_while(|byte| byte).collect()
    }

    /// The character that a one-letter escape stands for: `F`, `S`, `T`, `R`, `E` or `P`.
    pub(crate) fn escaped(&self, letter: u8) -> Option<u8> {
        match letter {
            b'F' => Some(self.field),
            b'S' => Some(self.component),
            b'R' => self.repetition,
            b'E' => self.escape,
            b'T' => self.subcomponent,
            b'P' => self.truncation,
            _ => None,
        }
    }

    /// The escape letter for a character that separates or escapes under these delimiters.
    pub(crate) fn letter(&self, byte: u8) -> Option<u8> {
        b"FSRET".iter().copied().find(|&letter| self.escaped(letter) == Some(byte))
    }
}

impl Default for Delimiters {
    fn default() -> Self {
        Self::STANDARD
    }
}
