//! What a path found, as the types of jiff and rust_decimal, behind the features of these names.

#[cfg(feature = "jiff")]
mod to_jiff {
    use jiff::{Timestamp, Zoned, civil};

    use crate::date_time::{DateTime, Time};
    use crate::extract::{FieldError, Found, FromField};

    impl FromField for civil::Time {
        #[inline]
        fn from_field(found: &Found<'_>) -> Result<Self, FieldError> {
            let clock = |text: &str| Time::parse(text)?.clock.try_into().ok();
            found.parse("a time with its minute, HHMM[SS[.S[S[S[S]]]]][+/-ZZZZ]", clock)
        }
    }

    impl FromField for civil::Date {
        #[inline]
        fn from_field(found: &Found<'_>) -> Result<Self, FieldError> {
            let day = |text: &str| DateTime::parse(text)?.date.try_into().ok();
            found.parse("a date with month and day, YYYYMMDD", day)
        }
    }

    /// Dates and times, as exact as the type needs.
    macro_rules! moments {
        ($($type:ty = $expected:literal;)*) => {$(
            impl FromField for $type {
                #[inline]
                fn from_field(found: &Found<'_>) -> Result<Self, FieldError> {
                    found.parse($expected, |text| DateTime::parse(text)?.try_into().ok())
                }
            }
        )*};
    }

    moments! {
        civil::DateTime = "a date and time with its minute, YYYYMMDDHHMM[SS[.S[S[S[S]]]]][+/-ZZZZ]";
        Timestamp = "a date and time with its zone, YYYYMMDDHHMM[SS[.S[S[S[S]]]]]+/-ZZZZ";
        Zoned = "a date and time with its zone, YYYYMMDDHHMM[SS[.S[S[S[S]]]]]+/-ZZZZ";
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::extract::tests::value;

        #[test]
        fn what_a_type_needs_must_be_stated() {
            fn check<T: FromField>(text: &str, expected: bool) {
                let found = value::<T>(&format!("PID|{text}"), "PID-1");
                assert_eq!(found.is_ok(), expected, "{text}");
            }
            check::<civil::Date>("19610615", true);
            check::<civil::Date>("196106150930", true);
            check::<civil::Date>("196106", false);
            check::<civil::Time>("0930", true);
            check::<civil::Time>("09", false);
            check::<civil::DateTime>("196106150930", true);
            check::<civil::DateTime>("19610615", false);
            check::<Timestamp>("196106150930+0100", true);
            check::<Timestamp>("196106150930", false);
            check::<Zoned>("196106150930-0500", true);
            check::<Option<Zoned>>("", true);
            let day: civil::Date = value("PID|19610615", "PID-1").expect("a day");
            assert_eq!(day, civil::date(1961, 6, 15));
        }
    }
}

#[cfg(feature = "rust_decimal")]
mod to_decimal {
    use rust_decimal::Decimal;

    use crate::extract::{FieldError, Found, FromField};
    use crate::number::Number;

    /// With the digits that were sent.
    impl FromField for Decimal {
        #[inline]
        fn from_field(found: &Found<'_>) -> Result<Self, FieldError> {
            found.parse("a number with no more digits than a decimal holds", |text| {
                Number::parse(text)?.to_decimal()
            })
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::extract::tests::value;

        #[test]
        fn decimals_keep_their_digits() {
            let found: Decimal = value("PID|+1.50", "PID-1").expect("a number");
            assert_eq!(found.to_string(), "1.50");
            let wrong = value::<Decimal>("PID|1e5", "PID-1").expect_err("no number");
            assert_eq!(
                wrong.problem().to_string(),
                "expected a number with no more digits than a decimal holds, found `9x9`"
            );
        }
    }
}
