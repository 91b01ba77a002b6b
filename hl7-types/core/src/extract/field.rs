//! What a path found, and the types that it can be read as.

use std::borrow::Cow;

use crate::date_time::{Date, DateTime, Time};
use crate::desc::Format;
use crate::er7::unescape;
use crate::format::describe;
use crate::number::Number;
use crate::primitives::{Coded, Dt, Dtm, Ft, Gts, Id, Is, Nm, Si, Snm, St, Table, Tm, Tn, Tx};
use crate::reading::ValueError;
use crate::tree::Piece;
use crate::value::{Presence, Value};

use super::error::FieldError;

/// What a path found in a message: nothing, a null, a value, or a piece with parts.
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "a view of patient data")]
pub struct Found<'a> {
    /// Escaped, under the recommended delimiters.
    raw: Cow<'a, str>,
    /// Whether it has no parts.
    is_leaf: bool,
}

impl<'a> Found<'a> {
    pub(super) const NOTHING: Found<'static> = Found { raw: Cow::Borrowed(""), is_leaf: true };

    pub(super) fn new(piece: Piece<'a>) -> Self {
        if piece.is_blank() {
            return Self::NOTHING;
        }
        Self { raw: piece.standard(), is_leaf: piece.is_leaf() }
    }

    /// What MSH-1 and MSH-2 declare, and the MSH that declares it: it stands under no other delimiters than its own.
    pub(super) fn verbatim(piece: Piece<'a>) -> Self {
        Self { raw: piece.unread(), is_leaf: false }
    }

    /// Whether there is nothing, or separators only.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.raw.is_empty()
    }

    /// Whether there is an explicit null, `""`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.raw == "\"\""
    }

    /// As it was sent, escapes included, under the recommended delimiters. Empty where there is nothing.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// What it says: the text of a leaf without escapes, a piece with parts as it was sent.
    ///
    /// # Errors
    /// When there is nothing, or a null.
    pub fn text(&self) -> Result<Cow<'_, str>, FieldError> {
        if self.is_absent() {
            Err(FieldError::Absent)
        } else if self.is_null() {
            Err(FieldError::Null)
        } else if self.is_leaf {
            Ok(unescape(&self.raw))
        } else {
            Ok(Cow::Borrowed(&self.raw))
        }
    }

    /// The error that it is not what was expected: `a number of our laboratory`.
    #[must_use]
    pub fn expected(&self, expected: &'static str) -> FieldError {
        match self.text() {
            Ok(text) => ValueError::new(expected, &text).into(),
            Err(error) => error,
        }
    }

    pub(super) fn parse<T>(
        &self,
        expected: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, FieldError> {
        parse(&self.text()?).ok_or_else(|| self.expected(expected))
    }
}

/// A type that what a path names can be read as.
///
/// It is there for `String`, numbers, `bool`, dates and times, tables and the primitive datatypes, and with the features of
/// these names for the types of jiff and rust_decimal. `Option<T>` is `None` where there is nothing or a null,
/// [`Presence`] tells the two apart, and `Result<T, FieldError>` keeps what is wrong with a field instead of failing for
/// all of them. A type of one's own:
///
/// ```
/// use hl7_core::extract::{FieldError, Found, FromField};
///
/// struct OrderNumber(u32);
///
/// impl FromField for OrderNumber {
///     fn from_field(found: &Found<'_>) -> Result<Self, FieldError> {
///         let text = found.text()?; // absent and null are errors
///         let digits = text.strip_prefix("A-").and_then(|digits| digits.parse().ok());
///         digits.map(Self).ok_or_else(|| found.expected("an order number, A-1234"))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a path",
    label = "not the type of a value",
    note = "a path is read as `String`, a number, `bool`, `Date`, `Time`, `DateTime`, a table, `Value`, or an `Option<_>` of one; a path with `[*]` as a `Vec<_>` of these",
    note = "a struct that derives `FromHl7` is read from a group or segment: `#[hl7(group = \"ORDER\")]`, `#[hl7(segment = \"NTE\")]`"
)]
pub trait FromField: Sized {
    /// Reads what was found.
    ///
    /// # Errors
    /// When it is not of the type's form; for most types also when there is nothing.
    fn from_field(found: &Found<'_>) -> Result<Self, FieldError>;
}

// Each of these is `#[inline]`: whoever reads a type compiles it, and the versions do not wait for it.

impl FromField for String {
    #[inline]
    fn from_field(found: &Found<'_>) -> Result<Self, FieldError> {
        Ok(found.text()?.into_owned())
    }
}

/// Absent and null are values of it, so that they are no errors.
impl FromField for Value {
    #[inline]
    fn from_field(found: &Found<'_>) -> Result<Self, FieldError> {
        Ok(Self::from_raw(found.raw()))
    }
}

/// Absent and null are values of it, so that they are no errors.
impl FromField for Presence<'static> {
    #[inline]
    fn from_field(found: &Found<'_>) -> Result<Self, FieldError> {
        Ok(match found.text() {
            Ok(text) => Presence::Value(Cow::Owned(text.into_owned())),
            Err(FieldError::Null) => Presence::Null,
            Err(_) => Presence::Absent,
        })
    }
}

/// `None` where there is nothing or a null. What is wrong stays an error.
impl<T: FromField> FromField for Option<T> {
    #[inline]
    fn from_field(found: &Found<'_>) -> Result<Self, FieldError> {
        if found.is_absent() || found.is_null() {
            return Ok(None);
        }
        T::from_field(found).map(Some)
    }
}

/// The value, or what is wrong with it: for fields without which the rest is of use.
impl<T: FromField> FromField for Result<T, FieldError> {
    #[inline]
    fn from_field(found: &Found<'_>) -> Result<Self, FieldError> {
        Ok(T::from_field(found))
    }
}

/// A code that the table has. For one that other codes do not fail, too, take `Coded<_>`.
#[diagnostic::do_not_recommend]
impl<T: Table> FromField for T {
    #[inline]
    fn from_field(found: &Found<'_>) -> Result<Self, FieldError> {
        found.parse("a code of the table", T::of_code)
    }
}

/// `Y` or `N` (HL7 table 0136).
impl FromField for bool {
    #[inline]
    fn from_field(found: &Found<'_>) -> Result<Self, FieldError> {
        found.parse("Y or N", |text| match text {
            "Y" => Some(true),
            "N" => Some(false),
            _ => None,
        })
    }
}

/// The nearest binary fraction, which most decimal fractions are not exactly; [`Nm`] keeps the digits.
impl FromField for f64 {
    #[inline]
    fn from_field(found: &Found<'_>) -> Result<Self, FieldError> {
        found.parse(describe(Format::Number), |text| Number::parse(text).map(Number::to_f64))
    }
}

/// Whole numbers: what is not whole or beyond the type is an error.
macro_rules! whole {
    ($($type:ty)*) => {$(
        impl FromField for $type {
            #[inline]
            fn from_field(found: &Found<'_>) -> Result<Self, FieldError> {
                let whole = |text: &str| Number::parse(text)?.whole()?.try_into().ok();
                found.parse(concat!("a whole number within ", stringify!($type)), whole)
            }
        }
    )*};
}

whole! { i8 i16 i32 i64 u8 u16 u32 u64 usize }

/// The day of a date, or of a date and time.
impl FromField for Date {
    #[inline]
    fn from_field(found: &Found<'_>) -> Result<Self, FieldError> {
        let date = |text: &str| DateTime::parse(text).map(|stamp| stamp.date);
        found.parse(describe(Format::Date), date)
    }
}

impl FromField for Time {
    #[inline]
    fn from_field(found: &Found<'_>) -> Result<Self, FieldError> {
        found.parse(describe(Format::Time), Time::parse)
    }
}

impl FromField for DateTime {
    #[inline]
    fn from_field(found: &Found<'_>) -> Result<Self, FieldError> {
        found.parse(describe(Format::DateTime), DateTime::parse)
    }
}

/// Absent and null are values of it, so that they are no errors.
impl<T: Table> FromField for Coded<T> {
    #[inline]
    fn from_field(found: &Found<'_>) -> Result<Self, FieldError> {
        Value::from_field(found).map(Self::from)
    }
}

/// Leaves that hold any text, also none.
macro_rules! leaves {
    ($($type:ty)*) => {$(
        /// Absent and null are values of it, so that they are no errors.
        impl FromField for $type {
            #[inline]
            fn from_field(found: &Found<'_>) -> Result<Self, FieldError> {
                Value::from_field(found).map(Self::from)
            }
        }
    )*};
}

leaves! { St Tx Ft Si Nm Id Is Dt Tm Dtm Gts Tn Snm }
