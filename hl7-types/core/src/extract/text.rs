//! Text that is put together while a program is compiled.

/// The longest text; what is behind is cut off.
const MOST: usize = 512;

/// A text being put together.
#[derive(Clone, Copy)]
pub(super) struct Text {
    bytes: [u8; MOST],
    len: usize,
}

impl Text {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; MOST], len: 0 }
    }

    /// Appends a text.
    pub(super) const fn str(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    /// Appends what is text as bytes.
    pub(super) const fn bytes(mut self, text: &[u8]) -> Self {
        let mut at = 0;
        while at < text.len() && self.len < MOST {
            self.bytes[self.len] = text[at];
            self.len += 1;
            at += 1;
        }
        self
    }

    /// Appends a segment id.
    pub(super) const fn id(self, id: [u8; 3]) -> Self {
        self.bytes(&id)
    }

    /// Appends a number.
    pub(super) const fn number(self, number: u32) -> Self {
        let next = if number > 9 { self.number(number / 10) } else { self };
        next.bytes(&[b'0' + (number % 10) as u8])
    }

    pub(super) const fn as_str(&self) -> &str {
        let (text, _) = self.bytes.split_at(self.len);
        match core::str::from_utf8(text) {
            Ok(text) => text,
            Err(error) => {
                // Cut off within a character, or put together from what was no text.
                let (text, _) = text.split_at(error.valid_up_to());
                match core::str::from_utf8(text) {
                    Ok(text) => text,
                    Err(_) => "",
                }
            }
        }
    }
}
