//! The leaf: one piece of text, escaped as it travels, read on demand.

use std::borrow::Cow;
use std::fmt;

use compact_str::CompactString;

use crate::encode::write_field;
use crate::er7::{Delimiters, escape_into, is_plain, unescape};
use crate::extra::Extra;
use crate::node::Slot;

/// One leaf of a message: a primitive field, a component or a subcomponent.
///
/// It keeps the escaped text under the recommended delimiters (`|^~\&`), whatever delimiters the message used, so a
/// value can move between messages. Up to 24 bytes need no allocation.
///
/// `Debug` shows the length only: values are patient data. Ask for [`Value::text`] or [`Value::raw`] by name.
// Text in it is never empty: most values are, and `None` is told by one byte, where a length takes a dozen instructions.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Value(Option<CompactString>);

/// The three states of a field (section 2.10.1): nothing sent, an explicit null, a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence<'a> {
    /// Nothing was sent: the receiver keeps what it has.
    Absent,
    /// `""` was sent: the receiver clears what it has.
    Null,
    /// A value was sent.
    Value(Cow<'a, str>),
}

impl Slot<'_> {
    /// Whether a field, as the struct holds it, was not sent, is an explicit null, or has a value (section 2.10.1): of a
    /// composite and of all repetitions together.
    ///
    /// It is absent if no part of it says anything, and null if its first part is `""` and there is no other. The text of
    /// a value with parts is its ER7 under the recommended delimiters.
    ///
    /// ```
    /// use hl7_core::node::Field;
    /// use hl7_core::primitives::St;
    /// use hl7_core::{Presence, Value};
    ///
    /// let mut names: Vec<St> = Vec::new();
    /// assert_eq!(names.slot().presence(), Presence::Absent);
    /// names.push(St::from(Value::null()));
    /// assert_eq!(names.slot().presence(), Presence::Null);
    /// names.push("EVE".into());
    /// assert_eq!(names.slot().presence(), Presence::Value("\"\"~EVE".into()));
    /// ```
    #[must_use]
    pub fn presence(self) -> Presence<'static> {
        let bytes = write_field(self, &Extra::NONE, 0);
        match Sent::of(&bytes) {
            Sent::Nothing => Presence::Absent,
            Sent::Null => Presence::Null,
            Sent::Value => {
                let text = String::from_utf8_lossy(&bytes);
                let is_leaf = !bytes.iter().any(|&byte| Delimiters::STANDARD.separates(byte));
                Presence::Value(Cow::Owned(if is_leaf {
                    unescape(&text).into_owned()
                } else {
                    text.into_owned()
                }))
            }
        }
    }
}

/// What a piece of ER7 under the recommended delimiters says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// Separators at most.
    Nothing,
    /// `""`.
    Null,
    /// Anything else.
    Value,
}

impl Sent {
    pub(crate) fn of(piece: &[u8]) -> Self {
        if piece.iter().all(|&byte| Delimiters::STANDARD.separates(byte)) {
            Sent::Nothing
        } else if piece == b"\"\"" {
            Sent::Null
        } else {
            Sent::Value
        }
    }
}

impl Presence<'_> {
    /// The same, with a text of its own.
    #[must_use]
    pub fn into_owned(self) -> Presence<'static> {
        match self {
            Presence::Absent => Presence::Absent,
            Presence::Null => Presence::Null,
            Presence::Value(text) => Presence::Value(Cow::Owned(text.into_owned())),
        }
    }
}

impl Value {
    /// Nothing.
    pub const EMPTY: Self = Self(None);

    /// Takes text that is already escaped under the recommended delimiters.
    #[must_use]
    #[inline]
    pub fn from_raw(raw: impl Into<CompactString>) -> Self {
        let raw = raw.into();
        Self((!raw.is_empty()).then_some(raw))
    }

    /// The same, of text that is not in a string of its own.
    #[inline]
    pub(crate) fn of_raw(raw: &str) -> Self {
        if raw.is_empty() { Self::EMPTY } else { Self(Some(CompactString::new(raw))) }
    }

    /// An explicit null, `""`.
    #[must_use]
    pub fn null() -> Self {
        Self(Some(CompactString::const_new("\"\"")))
    }

    /// The escaped text.
    #[must_use]
    #[inline]
    pub fn raw(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// The text without escapes; borrowed where there are none.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        unescape(self.raw())
    }

    /// Sets the text; what must be escaped is escaped.
    pub fn set(&mut self, text: impl AsRef<str>) {
        *self = Self::from(text.as_ref());
    }

    /// Whether nothing was sent.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Whether an explicit null was sent.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.raw() == "\"\""
    }

    /// Absent, null or value.
    #[must_use]
    pub fn presence(&self) -> Presence<'_> {
        match self.raw() {
            "" => Presence::Absent,
            "\"\"" => Presence::Null,
            raw => Presence::Value(unescape(raw)),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        if is_plain(text) {
            return Self::of_raw(text);
        }
        let mut raw = String::with_capacity(text.len() + 8);
        escape_into(&mut raw, text);
        Self::from_raw(raw)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        if is_plain(&text) { Self::from_raw(text) } else { Self::from(text.as_str()) }
    }
}

impl PartialEq<str> for Value {
    fn eq(&self, other: &str) -> bool {
        self.text() == other
    }
}

impl PartialEq<&str> for Value {
    fn eq(&self, other: &&str) -> bool {
        self.text() == *other
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.raw() {
            "" => f.write_str("absent"),
            "\"\"" => f.write_str("null"),
            raw => write!(f, "{} bytes", raw.len()),
        }
    }
}
