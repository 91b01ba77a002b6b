//! What a primitive says, as numbers, dates and times. Reading is on demand: the text stays what it is.

use std::fmt;

use crate::date_time::{Date, DateTime, Time};
use crate::desc::Format;
use crate::format::describe;
use crate::number::Number;
use crate::primitives::{Dt, Dtm, Nm, Si, Tm};
use crate::value::Value;

/// A value that is not of the form its datatype has.
///
/// It shows what was expected, and of what was found the shape only: letters as `x`, digits as `9`. The text itself is a
/// patient's; it is in [`Value::text`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {shape}")]
pub struct ValueError {
    expected: &'static str,
    shape: Shape,
}

impl ValueError {
    pub(crate) fn new(expected: &'static str, found: &str) -> Self {
        Self { expected, shape: Shape::of(found) }
    }
}

/// The most characters of a shape that are shown.
const SHOWN: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Shape(String);

impl Shape {
    fn of(text: &str) -> Self {
        let hidden = |letter: char| match letter {
            letter if letter.is_alphabetic() => 'x',
            digit if digit.is_numeric() => '9',
            sign if sign.is_control() => '?',
            sign => sign,
        };
        let mut shape: String = text.chars().take(SHOWN).map(hidden).collect();
        if text.chars().nth(SHOWN).is_some() {
            shape.push('…');
        }
        Self(shape)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

/// Reads a value; what is absent or null says nothing.
fn read<'a, T>(
    value: &'a Value,
    format: Format,
    parse: impl Fn(&'a str) -> Option<T>,
) -> Result<Option<T>, ValueError> {
    if value.is_empty() || value.is_null() {
        return Ok(None);
    }
    let wrong = || ValueError::new(describe(format), &value.text());
    parse(value.raw()).map(Some).ok_or_else(wrong)
}

impl Nm {
    /// The number; `None` when it is absent or null.
    ///
    /// # Errors
    /// When it is no number: `<15`, `1e5`.
    pub fn number(&self) -> Result<Option<Number<'_>>, ValueError> {
        read(self, Format::Number, Number::parse)
    }
}

impl Si {
    /// The number; `None` when it is absent or null.
    ///
    /// # Errors
    /// When it is no whole number from 0 to 4,294,967,295.
    pub fn number(&self) -> Result<Option<u32>, ValueError> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        read(self, Format::Sequence, |text| text.parse().ok().filter(|_| digits(text)))
    }
}

impl Dt {
    /// The date, as exact as it is stated; `None` when it is absent or null.
    ///
    /// # Errors
    /// When it is no date that exists: `19561192`.
    pub fn date(&self) -> Result<Option<Date>, ValueError> {
        read(self, Format::Date, Date::parse)
    }
}

impl Tm {
    /// The time of day, as exact as it is stated; `None` when it is absent or null.
    ///
    /// # Errors
    /// When it is no time of day: `2460`.
    pub fn time(&self) -> Result<Option<Time>, ValueError> {
        read(self, Format::Time, Time::parse)
    }
}

impl Dtm {
    /// The date and time, as exact as they are stated; `None` when they are absent or null.
    ///
    /// ```
    /// use hl7_core::primitives::Dtm;
    ///
    /// let sent = Dtm::from("20230211140114.0000+0800").date_time()?.expect("a value");
    /// assert_eq!(sent.date.day(), Some(11));
    /// assert_eq!(sent.clock.and_then(|clock| clock.fraction()).map(|fraction| fraction.digits()), Some(4));
    /// assert_eq!(sent.zone.map(|zone| zone.minutes()), Some(8 * 60));
    /// assert_eq!(sent.to_string(), "20230211140114.0000+0800");
    ///
    /// let wrong = Dtm::from("19561192").date_time().unwrap_err().to_string();
    /// assert!(wrong.ends_with("found `99999999`"));
    /// # Ok::<(), hl7_core::ValueError>(())
    /// ```
    ///
    /// # Errors
    /// When it is no date and time that exists.
    pub fn date_time(&self) -> Result<Option<DateTime>, ValueError> {
        read(self, Format::DateTime, DateTime::parse)
    }
}

/// A leaf from what it says.
macro_rules! from {
    ($($of:ty => $leaf:ident),*) => {$(
        impl From<$of> for $leaf {
            fn from(value: $of) -> Self {
                Self::from(value.to_string())
            }
        }
    )*};
}

from! { Date => Dt, Time => Tm, DateTime => Dtm, Date => Dtm, u32 => Si, u32 => Nm, i64 => Nm, Number<'_> => Nm }
