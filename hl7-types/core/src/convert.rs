//! Dates, times and numbers as the types of jiff and rust_decimal, behind the features of these names.
//!
//! These types know no "not stated". What they need and a sender left out is an error that says what; fill it in on purpose,
//! with [`DateTime::earliest`], [`DateTime::latest`] or [`DateTime::with_zone`].

#[cfg(feature = "jiff")]
mod to_jiff {
    use jiff::Timestamp;
    use jiff::civil;
    use jiff::tz::{Offset, TimeZone};

    use crate::date_time::{Clock, Date, DateTime, Fraction, Zone};

    /// Why a date or time has no counterpart. Holds nothing of it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
    #[non_exhaustive]
    pub enum ConvertError {
        /// It leaves something open that the other type needs.
        #[error("{0} is not stated; fill it in with `earliest`, `latest` or `with_zone`")]
        NotStated(&'static str),
        /// In UTC it is before the first or after the last moment of the other type.
        #[error("the moment is beyond what a timestamp holds")]
        OutOfRange,
    }

    use ConvertError::NotStated;

    impl TryFrom<Date> for civil::Date {
        type Error = ConvertError;

        fn try_from(date: Date) -> Result<Self, ConvertError> {
            let month = date.month().ok_or(NotStated("the month"))?;
            let day = date.day().ok_or(NotStated("the day"))?;
            // Every date that `Date` holds is one of the same calendar here.
            let same = |number: u8| number.cast_signed();
            Ok(civil::date(date.year().cast_signed(), same(month), same(day)))
        }
    }

    impl TryFrom<Clock> for civil::Time {
        type Error = ConvertError;

        /// A second or fraction that is not stated counts as zero.
        fn try_from(clock: Clock) -> Result<Self, ConvertError> {
            let minute = clock.minute().ok_or(NotStated("the minute"))?;
            let second = clock.second().unwrap_or(0);
            let nanoseconds = clock.fraction().map_or(0, Fraction::nanoseconds);
            let same = |number: u8| number.cast_signed();
            Ok(civil::time(
                same(clock.hour()),
                same(minute),
                same(second),
                nanoseconds.cast_signed(),
            ))
        }
    }

    impl TryFrom<DateTime> for civil::DateTime {
        type Error = ConvertError;

        /// Date and time of the clock, whatever the zone.
        fn try_from(moment: DateTime) -> Result<Self, ConvertError> {
            let date = civil::Date::try_from(moment.date)?;
            let clock = moment.clock.ok_or(NotStated("the time of day"))?;
            Ok(date.to_datetime(clock.try_into()?))
        }
    }

    impl TryFrom<DateTime> for Timestamp {
        type Error = ConvertError;

        fn try_from(moment: DateTime) -> Result<Self, ConvertError> {
            let zone = moment.zone.ok_or(NotStated("the zone"))?;
            let civil = civil::DateTime::try_from(moment)?;
            let offset = Offset::from_seconds(60 * i32::from(zone.minutes()));
            let beyond = |_| ConvertError::OutOfRange;
            offset.and_then(|offset| offset.to_timestamp(civil)).map_err(beyond)
        }
    }

    impl TryFrom<DateTime> for jiff::Zoned {
        type Error = ConvertError;

        /// In the zone with that fixed offset, which knows no daylight saving time.
        fn try_from(moment: DateTime) -> Result<Self, ConvertError> {
            let stamp = Timestamp::try_from(moment)?;
            let zone = moment.zone.map_or(0, Zone::minutes);
            let offset = Offset::from_seconds(60 * i32::from(zone)).unwrap_or(Offset::UTC);
            Ok(stamp.to_zoned(TimeZone::fixed(offset)))
        }
    }

    impl Date {
        /// The same date; `None` before the year 0.
        #[must_use]
        pub fn from_jiff(date: civil::Date) -> Option<Self> {
            let number = |number: i8| u8::try_from(number).ok();
            Self::new(u16::try_from(date.year()).ok()?, number(date.month()), number(date.day()))
        }
    }

    impl DateTime {
        /// Date, time to four digits of the fraction, without a zone; `None` before the year 0.
        #[must_use]
        pub fn from_civil(moment: civil::DateTime) -> Option<Self> {
            let number = |number: i8| u8::try_from(number).ok();
            let ticks = u16::try_from(moment.subsec_nanosecond() / 100_000).ok()?;
            let clock = Clock::new(
                number(moment.hour())?,
                number(moment.minute()),
                number(moment.second()),
                Fraction::new(ticks, 4),
            )?;
            let date = Date::from_jiff(moment.date())?;
            Some(Self { date, clock: Some(clock), zone: None })
        }

        /// Date, time to four digits of the fraction, and the offset in whole minutes; `None` before the year 0.
        #[must_use]
        pub fn from_zoned(moment: &jiff::Zoned) -> Option<Self> {
            let minutes = i16::try_from(moment.offset().seconds() / 60).ok()?;
            Some(Self::from_civil(moment.datetime())?.with_zone(Zone::of_minutes(minutes)))
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn sent(text: &str) -> DateTime {
            DateTime::parse(text).unwrap_or_else(|| panic!("{text} is a date and time"))
        }

        #[test]
        fn what_is_stated_converts() {
            let zoned =
                jiff::Zoned::try_from(sent("20230211140114.0500+0800")).expect("all is stated");
            assert_eq!(zoned.to_string(), "2023-02-11T14:01:14.05+08:00[+08:00]");
            assert_eq!(DateTime::from_zoned(&zoned), Some(sent("20230211140114.0500+0800")));
            let stamp = Timestamp::try_from(sent("202302111401-0330")).expect("all is stated");
            assert_eq!(stamp.to_string(), "2023-02-11T17:31:00Z");
            let civil = civil::DateTime::try_from(sent("20240229235959")).expect("all is stated");
            assert_eq!(civil.to_string(), "2024-02-29T23:59:59");
            assert_eq!(DateTime::from_civil(civil), Some(sent("20240229235959.0000")));
            let beyond = Timestamp::try_from(sent("99991231235959-2359"));
            assert_eq!(beyond, Err(ConvertError::OutOfRange));
            assert!(Timestamp::try_from(sent("00000101000000+2359")).is_ok());
        }

        #[test]
        fn what_is_not_stated_is_named() {
            let civil =
                |text| civil::DateTime::try_from(sent(text)).expect_err("not stated").to_string();
            assert!(civil("2023").starts_with("the month is not stated"));
            assert!(civil("202302").starts_with("the day is not stated"));
            assert!(civil("20230211").starts_with("the time of day is not stated"));
            assert!(civil("2023021114").starts_with("the minute is not stated"));
            let zone = Timestamp::try_from(sent("202302111401")).expect_err("no zone").to_string();
            assert!(zone.starts_with("the zone is not stated"));
            let filled = civil::DateTime::try_from(sent("202302").latest()).expect("filled in");
            assert_eq!(filled.to_string(), "2023-02-28T23:59:59.9999");
        }
    }
}

#[cfg(feature = "jiff")]
pub use to_jiff::ConvertError;

#[cfg(feature = "rust_decimal")]
mod to_decimal {
    use rust_decimal::Decimal;

    use crate::number::Number;

    impl Number<'_> {
        /// The same number with the same digits behind the point; `None` beyond 28 digits.
        #[must_use]
        pub fn to_decimal(self) -> Option<Decimal> {
            let digits = self.as_str().trim_start_matches(['+', '-']);
            let mut decimal = Decimal::from_str_exact(digits.trim_end_matches('.')).ok()?;
            decimal.set_sign_negative(self.is_negative());
            Some(decimal)
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn decimals_keep_their_digits() {
            for (text, decimal) in [
                ("+1.50", Some("1.50")),
                ("-0", Some("-0")),
                (".5", Some("0.5")),
                ("5.", Some("5")),
                ("1234567890123456789012345678", Some("1234567890123456789012345678")),
                ("123456789012345678901234567890.5", None),
            ] {
                let number = Number::parse(text).expect("a number");
                let found = number.to_decimal().map(|decimal| decimal.to_string());
                assert_eq!(found.as_deref(), decimal, "{text}");
            }
        }
    }
}
