//! Which bytes of a message separate, many at a time.

use super::Delimiters;
use super::scan::Class;

/// How many bytes are compared at a time: as many as there are bits in a word.
pub(super) const BLOCK: usize = 64;

/// As many bytes as are compared with one instruction.
const LANE: usize = 16;

/// The bytes that separate.
#[derive(Debug, Clone)]
pub(super) struct Needles {
    /// Each of them, as often as there are bytes that it is compared with. The place of a delimiter that is not declared is
    /// taken by the carriage return once more.
    lanes: [[u8; LANE]; 6],
    /// What each byte separates, a [`Class`].
    classes: [u8; 256],
}

impl Needles {
    pub(super) fn new(delimiters: &Delimiters) -> Self {
        let bytes = [
            Some(b'\r'),
            Some(b'\n'),
            Some(delimiters.field),
            Some(delimiters.component),
            delimiters.repetition,
            delimiters.subcomponent,
        ];
        let bytes = bytes.map(|byte| byte.unwrap_or(b'\r'));
        let mut classes = [Class::Text as u8; 256];
        for byte in bytes {
            classes[usize::from(byte)] = class(delimiters, byte) as u8;
        }
        Self { lanes: bytes.map(|byte| [byte; LANE]), classes }
    }

    /// What a byte separates.
    #[inline]
    pub(super) fn class(&self, byte: u8) -> u8 {
        self.classes[usize::from(byte)]
    }

    /// The block that `bytes` starts with, and where something separates in it, a bit for each byte. At the end of a message
    /// it is made up in `room`.
    #[inline]
    pub(super) fn block<'b>(
        &self,
        bytes: &'b [u8],
        room: &'b mut [u8; BLOCK],
    ) -> (&'b [u8; BLOCK], u64) {
        if let Some(block) = bytes.first_chunk() {
            return (block, places(block, &self.lanes));
        }
        room[..bytes.len()].copy_from_slice(bytes);
        // What stands behind it may be a delimiter.
        let places = places(room, &self.lanes) & ((1 << bytes.len()) - 1);
        (room, places)
    }

    /// How many bytes at the start of `rest` nothing separates: what looks for three bytes at once is several times as fast
    /// as looking at all of them, but slow where they are near. What is looked at twice is in the fastest memory then.
    pub(super) fn text_ahead(&self, rest: &[u8]) -> usize {
        let [a, b, c, d, e, f] = self.lanes.map(|[needle, ..]| needle);
        let (mut ahead, mut most) = (0, 1 << 10);
        loop {
            let window = &rest[ahead..];
            let window = &window[..window.len().min(most)];
            let text = memchr::memchr3(a, b, c, window).unwrap_or(window.len());
            let text = memchr::memchr3(d, e, f, &window[..text]).unwrap_or(text);
            ahead += text;
            // The end of the text, or of the message.
            if text < most {
                return ahead;
            }
            most = (most * 2).min(1 << 14);
        }
    }
}

/// A bit for each byte of a block that is one of the needles.
#[cfg(target_arch = "x86_64")]
#[inline]
fn places(block: &[u8; BLOCK], needles: &[[u8; LANE]; 6]) -> u64 {
    use safe_arch::{bitor_m128i, cmp_eq_mask_i8_m128i, m128i, move_mask_i8_m128i};

    let mut places = 0;
    for (lane, at) in block.as_chunks::<LANE>().0.iter().zip((0..).step_by(LANE)) {
        let lane = m128i::from(*lane);
        let found = needles.map(|needle| cmp_eq_mask_i8_m128i(lane, m128i::from(needle)));
        let found = found.into_iter().fold(m128i::default(), bitor_m128i);
        places |= u64::from(move_mask_i8_m128i(found).cast_unsigned()) << at;
    }
    places
}

/// The same, where the compiler has to find the instructions for it.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn places_anywhere(block: &[u8; BLOCK], needles: &[[u8; LANE]; 6]) -> u64 {
    let mut places = 0;
    for (bytes, at) in block.as_chunks::<8>().0.iter().zip((0..).step_by(8)) {
        let found = bytes.map(|byte| u8::from(needles.iter().any(|[needle, ..]| byte == *needle)));
        // A one at the bottom of each byte that is one; then all of them in the highest byte.
        let ones = u64::from_le_bytes(found).wrapping_mul(0x0102_0408_1020_4080);
        places |= (ones >> 56) << at;
    }
    places
}

#[cfg(not(target_arch = "x86_64"))]
use places_anywhere as places;

/// What a byte separates.
fn class(delimiters: &Delimiters, byte: u8) -> Class {
    if byte == b'\r' || byte == b'\n' {
        Class::Segment
    } else if byte == delimiters.field {
        Class::Field
    } else if byte == delimiters.component {
        Class::Component
    } else if Some(byte) == delimiters.repetition {
        Class::Repetition
    } else if Some(byte) == delimiters.subcomponent {
        Class::Subcomponent
    } else {
        Class::Text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_separator_has_its_place_and_nothing_else(
            bytes in prop::collection::vec(prop::sample::select(&b"|^~\\&#\r\n\0A\xff"[..]), 0..=BLOCK),
            msh_2 in prop::sample::select(&["^~\\&", "^~\\&#", "^", "|^~\\"][..]),
            field in prop::sample::select(&b"|\0A"[..]),
        ) {
            let delimiters = Delimiters::parse(field, msh_2.as_bytes());
            prop_assume!(delimiters.is_ok());
            let delimiters = delimiters.expect("possible delimiters");
            let needles = Needles::new(&delimiters);
            let is_one = |byte: u8| class(&delimiters, byte) != Class::Text;
            let expected = bytes.iter().rev().fold(0, |places, &byte| places << 1 | u64::from(is_one(byte)));
            let mut room = [0; BLOCK];
            let (block, places) = needles.block(&bytes, &mut room);
            prop_assert_eq!((&block[..bytes.len()], places), (&bytes[..], expected));
            for &byte in &bytes {
                prop_assert_eq!(needles.class(byte), class(&delimiters, byte) as u8);
            }
            if let Some(block) = bytes.first_chunk() {
                prop_assert_eq!(places_anywhere(block, &needles.lanes), expected);
            }
        }
    }
}
