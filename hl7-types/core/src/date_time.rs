//! Dates and times as they are sent (chapter 2A: DT, TM, DTM, TS): stated as far as somebody knew, with the digits of the
//! fraction that were sent, and with a zone or without.

use std::cmp::Ordering;
use std::fmt;

/// A date: `YYYY[MM[DD]]`. Years from 0000 to 9999; a day is one that its month has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Date {
    year: u16,
    month: Option<u8>,
    day: Option<u8>,
}

/// A time of day without a zone: `HH[MM[SS[.S[S[S[S]]]]]]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Clock {
    hour: u8,
    minute: Option<u8>,
    second: Option<u8>,
    fraction: Option<Fraction>,
}

/// A fraction of a second: one to four digits, those behind the last one unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fraction {
    value: u16,
    digits: u8,
}

/// An offset from UTC: `+/-ZZZZ`, hours and minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Zone {
    negative: bool,
    hours: u8,
    minutes: u8,
}

/// A time of day: TM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Time {
    /// The time on the clock.
    pub clock: Clock,
    /// The offset from UTC; without one, local time of the sender.
    pub zone: Option<Zone>,
}

/// A date and time: DTM, and the first component of TS.
///
/// `==` asks whether two say the same in the same way; [`DateTime::compare`] which one is earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DateTime {
    /// The date.
    pub date: Date,
    /// The time of day, if it is stated; only a date with a day has one.
    pub clock: Option<Clock>,
    /// The offset from UTC; without one, local time of the sender.
    pub zone: Option<Zone>,
}

/// Ten-thousandths of a second, the finest that HL7 states.
type Ticks = i64;

const SECOND: Ticks = 10_000;
const MINUTE: Ticks = 60 * SECOND;
const HOUR: Ticks = 60 * MINUTE;
const DAY: Ticks = 24 * HOUR;

impl Date {
    /// A date; `None` when there is no such date, or a day has no month.
    #[must_use]
    pub fn new(year: u16, month: Option<u8>, day: Option<u8>) -> Option<Self> {
        let days = days_of(year, month.unwrap_or(1));
        let right = year <= 9999
            && month.is_none_or(|month| (1..=12).contains(&month))
            && day.is_none_or(|day| month.is_some() && (1..=days).contains(&day));
        right.then_some(Self { year, month, day })
    }

    /// Reads `YYYY[MM[DD]]`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (year, rest) = text.as_bytes().split_at_checked(4)?;
        let year = 100 * u16::from(two(&year[..2])?) + u16::from(two(&year[2..])?);
        let (month, day) = match rest {
            [] => (None, None),
            [_, _] => (Some(two(rest)?), None),
            [_, _, day @ ..] => (Some(two(&rest[..2])?), Some(two(day)?)),
            _ => return None,
        };
        Self::new(year, month, day)
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> u16 {
        self.year
    }

    /// The month from 1, if it is stated.
    #[must_use]
    pub fn month(self) -> Option<u8> {
        self.month
    }

    /// The day of the month from 1, if it is stated.
    #[must_use]
    pub fn day(self) -> Option<u8> {
        self.day
    }

    /// The first day that it may mean.
    #[must_use]
    pub fn earliest(self) -> Self {
        Self { month: self.month.or(Some(1)), day: self.day.or(Some(1)), ..self }
    }

    /// The last day that it may mean.
    #[must_use]
    pub fn latest(self) -> Self {
        let month = self.month.unwrap_or(12);
        let day = self.day.unwrap_or_else(|| days_of(self.year, month));
        Self { month: Some(month), day: Some(day), ..self }
    }

    /// Days since 0000-03-01, of a whole date (the proleptic Gregorian calendar).
    fn number(self) -> i64 {
        let (month, day) = (i64::from(self.month.unwrap_or(1)), i64::from(self.day.unwrap_or(1)));
        // Years begin in March, so that the day that some years have more is their last.
        let (year, month) = match month {
            1 | 2 => (i64::from(self.year) - 1, month + 9),
            _ => (i64::from(self.year), month - 3),
        };
        let leap = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        365 * year + leap + (153 * month + 2) / 5 + day - 1
    }
}

impl Clock {
    /// A time of day; `None` when there is none such, or a part is stated and the one before is not.
    #[must_use]
    pub fn new(
        hour: u8,
        minute: Option<u8>,
        second: Option<u8>,
        fraction: Option<Fraction>,
    ) -> Option<Self> {
        let right = hour <= 23
            && minute.is_none_or(|minute| minute <= 59)
            && second.is_none_or(|second| minute.is_some() && second <= 59)
            && (fraction.is_none() || second.is_some());
        right.then_some(Self { hour, minute, second, fraction })
    }

    /// Reads `HH[MM[SS[.S[S[S[S]]]]]]`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, digits)) => (whole.as_bytes(), Some(Fraction::parse(digits)?)),
            None => (text.as_bytes(), None),
        };
        let (hour, minute, second) = match whole.len() {
            2 => (two(whole)?, None, None),
            4 => (two(&whole[..2])?, Some(two(&whole[2..])?), None),
            6 => (two(&whole[..2])?, Some(two(&whole[2..4])?), Some(two(&whole[4..])?)),
            _ => return None,
        };
        Self::new(hour, minute, second, fraction)
    }

    /// The hour, 0 to 23.
    #[must_use]
    pub fn hour(self) -> u8 {
        self.hour
    }

    /// The minute, if it is stated.
    #[must_use]
    pub fn minute(self) -> Option<u8> {
        self.minute
    }

    /// The second, if it is stated.
    #[must_use]
    pub fn second(self) -> Option<u8> {
        self.second
    }

    /// The fraction of the second, if it is stated.
    #[must_use]
    pub fn fraction(self) -> Option<Fraction> {
        self.fraction
    }

    /// The first moment that it may mean, to the ten-thousandth of a second.
    #[must_use]
    pub fn earliest(self) -> Self {
        let fraction = self.fraction.map_or(0, Fraction::ticks);
        Self {
            hour: self.hour,
            minute: self.minute.or(Some(0)),
            second: self.second.or(Some(0)),
            fraction: Some(Fraction { value: fraction, digits: 4 }),
        }
    }

    /// The last moment that it may mean, to the ten-thousandth of a second.
    #[must_use]
    pub fn latest(self) -> Self {
        let fraction = self.fraction.map_or(9_999, |fraction| fraction.ticks() + fraction.open());
        Self {
            hour: self.hour,
            minute: self.minute.or(Some(59)),
            second: self.second.or(Some(59)),
            fraction: Some(Fraction { value: fraction, digits: 4 }),
        }
    }

    /// Ticks since midnight; what is not stated counts as zero.
    fn ticks(self) -> Ticks {
        Ticks::from(self.hour) * HOUR
            + Ticks::from(self.minute.unwrap_or(0)) * MINUTE
            + Ticks::from(self.second.unwrap_or(0)) * SECOND
            + Ticks::from(self.fraction.map_or(0, Fraction::ticks))
    }
}

impl Fraction {
    /// A fraction by its digits as a number: `(50, 3)` is `.050`. `None` when it has not that many digits, or more than four.
    #[must_use]
    pub fn new(value: u16, digits: u8) -> Option<Self> {
        let right = (1..=4).contains(&digits) && u32::from(value) < 10_u32.pow(digits.into());
        right.then_some(Self { value, digits })
    }

    fn parse(digits: &str) -> Option<Self> {
        let known = digits.bytes().all(|byte| byte.is_ascii_digit());
        let count = u8::try_from(digits.len()).ok()?;
        // More digits than that are none of ours to read as a number.
        Self::new(digits.parse().ok().filter(|_| known && count <= 4)?, count)
    }

    /// How many digits are stated, 1 to 4.
    #[must_use]
    pub fn digits(self) -> u8 {
        self.digits
    }

    /// In nanoseconds; digits that are not stated count as zero.
    #[must_use]
    pub fn nanoseconds(self) -> u32 {
        u32::from(self.ticks()) * 100_000
    }

    fn ticks(self) -> u16 {
        self.value * 10_u16.pow(4 - u32::from(self.digits))
    }

    /// How many ticks the digits that are not stated may add.
    fn open(self) -> u16 {
        10_u16.pow(4 - u32::from(self.digits)) - 1
    }
}

impl Zone {
    /// UTC, `+0000`.
    pub const UTC: Self = Self { negative: false, hours: 0, minutes: 0 };

    /// An offset in minutes, west of Greenwich negative; `None` when it is a day or more.
    #[must_use]
    pub fn of_minutes(minutes: i16) -> Option<Self> {
        let size = minutes.unsigned_abs();
        let hours = u8::try_from(size / 60).ok().filter(|&hours| hours <= 23)?;
        Some(Self { negative: minutes < 0, hours, minutes: u8::try_from(size % 60).ok()? })
    }

    fn parse(negative: bool, text: &str) -> Option<Self> {
        let (hours, minutes) = text.as_bytes().split_at_checked(2)?;
        let (hours, minutes) = (two(hours)?, two(minutes)?);
        (hours <= 23 && minutes <= 59).then_some(Self { negative, hours, minutes })
    }

    /// The offset in minutes, west of Greenwich negative.
    #[must_use]
    pub fn minutes(self) -> i16 {
        let size = 60 * i16::from(self.hours) + i16::from(self.minutes);
        if self.negative { -size } else { size }
    }
}

impl Time {
    /// Reads `HH[MM[SS[.S[S[S[S]]]]]][+/-ZZZZ]`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (clock, zone) = split_zone(text)?;
        Some(Self { clock: Clock::parse(clock)?, zone })
    }
}

impl DateTime {
    /// Reads `YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (stamp, zone) = split_zone(text)?;
        let (date, clock) = stamp.split_at_checked(stamp.len().min(8))?;
        let clock = if clock.is_empty() { None } else { Some(Clock::parse(clock)?) };
        Some(Self { date: Date::parse(date)?, clock, zone })
    }

    /// The same with another zone, or without one. The clock stays as it is.
    #[must_use]
    pub fn with_zone(self, zone: Option<Zone>) -> Self {
        Self { zone, ..self }
    }

    /// The first moment that it may mean, to the ten-thousandth of a second.
    #[must_use]
    pub fn earliest(self) -> Self {
        let clock =
            self.clock.unwrap_or(Clock { hour: 0, minute: None, second: None, fraction: None });
        Self { date: self.date.earliest(), clock: Some(clock.earliest()), ..self }
    }

    /// The last moment that it may mean, to the ten-thousandth of a second.
    #[must_use]
    pub fn latest(self) -> Self {
        let clock =
            self.clock.unwrap_or(Clock { hour: 23, minute: None, second: None, fraction: None });
        Self { date: self.date.latest(), clock: Some(clock.latest()), ..self }
    }

    /// Which one is earlier. `None` is "unknown": one is stated more roughly than the other and covers it, or one has a zone
    /// and the other none and they are less than a day or so apart.
    ///
    /// Two that cover the same span are equal: `20230211120000+0000` and `20230211130000+0100`, `2023` and `2023`. Two without
    /// a zone are taken to be of the same place.
    #[must_use]
    pub fn compare(self, other: Self) -> Option<Ordering> {
        let same_place = self.zone.is_some() == other.zone.is_some();
        let (first, last) = self.span(same_place);
        let (other_first, other_last) = other.span(same_place);
        if last < other_first {
            Some(Ordering::Less)
        } else if other_last < first {
            Some(Ordering::Greater)
        } else {
            let same = same_place && (first, last) == (other_first, other_last);
            same.then_some(Ordering::Equal)
        }
    }

    /// The first and last tick that it may mean, in UTC where there is a zone. A zone that is not known may be any.
    fn span(&self, zone_known: bool) -> (Ticks, Ticks) {
        let ticks =
            |moment: Self| moment.date.number() * DAY + moment.clock.map_or(0, Clock::ticks);
        let (first, last) = (ticks(self.earliest()), ticks(self.latest()));
        match self.zone {
            Some(zone) => {
                let offset = Ticks::from(zone.minutes()) * MINUTE;
                (first - offset, last - offset)
            }
            None if zone_known => (first, last),
            // From UTC+14 (Kiritimati) to UTC-12.
            None => (first - 14 * HOUR, last + 12 * HOUR),
        }
    }
}

impl From<Date> for DateTime {
    fn from(date: Date) -> Self {
        Self { date, clock: None, zone: None }
    }
}

/// The number that two digits make.
fn two(text: &[u8]) -> Option<u8> {
    match text {
        [a, b] if a.is_ascii_digit() && b.is_ascii_digit() => Some((a - b'0') * 10 + (b - b'0')),
        _ => None,
    }
}

/// What stands before the zone, and the zone.
fn split_zone(text: &str) -> Option<(&str, Option<Zone>)> {
    match text.find(['+', '-']) {
        Some(at) => {
            let zone = Zone::parse(text.as_bytes()[at] == b'-', &text[at + 1..])?;
            Some((&text[..at], Some(zone)))
        }
        None => Some((text, None)),
    }
}

fn days_of(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

// Written as sent: no part that was not stated.

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        self.month.map_or(Ok(()), |month| write!(f, "{month:02}"))?;
        self.day.map_or(Ok(()), |day| write!(f, "{day:02}"))
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.hour)?;
        self.minute.map_or(Ok(()), |minute| write!(f, "{minute:02}"))?;
        self.second.map_or(Ok(()), |second| write!(f, "{second:02}"))?;
        self.fraction.map_or(Ok(()), |fraction| write!(f, ".{fraction}"))
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0width$}", self.value, width = usize::from(self.digits))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negative { '-' } else { '+' };
        write!(f, "{sign}{:02}{:02}", self.hours, self.minutes)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.clock.fmt(f)?;
        self.zone.map_or(Ok(()), |zone| zone.fmt(f))
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date.fmt(f)?;
        self.clock.map_or(Ok(()), |clock| clock.fmt(f))?;
        self.zone.map_or(Ok(()), |zone| zone.fmt(f))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(text: &str) -> DateTime {
        DateTime::parse(text).unwrap_or_else(|| panic!("{text} is a date and time"))
    }

    #[test]
    fn what_is_stated_is_kept_and_nothing_else() {
        for text in [
            "2023",
            "202302",
            "20230211",
            "2023021114",
            "202302111401",
            "20230211140114",
            "20230211140114.0",
            "20230211140114.0000+0800",
            "20230211140114.05-0330",
            "2023-0500",
            "20240229",
            "00000101",
            "99991231235959.9999+2359",
            "20230211-0000",
        ] {
            assert_eq!(sent(text).to_string(), text);
        }
        for text in ["00", "2359", "235959.1", "2359+0100"] {
            assert_eq!(Time::parse(text).map(|time| time.to_string()).as_deref(), Some(text));
        }
        let moment = sent("20230211140114.0500+0800");
        let clock = moment.clock.expect("a time of day");
        assert_eq!(
            (moment.date.year(), moment.date.month(), moment.date.day()),
            (2023, Some(2), Some(11))
        );
        assert_eq!((clock.hour(), clock.minute(), clock.second()), (14, Some(1), Some(14)));
        let fraction = clock.fraction().expect("a fraction");
        assert_eq!((fraction.digits(), fraction.nanoseconds()), (4, 50_000_000));
        assert_eq!(moment.zone.map(Zone::minutes), Some(480));
        assert_eq!(sent("2023-0330").zone.map(Zone::minutes), Some(-210));
    }

    #[test]
    fn what_does_not_exist() {
        for text in [
            "",
            "2",
            "202",
            "20231",
            "19561192",
            "20230229",
            "19000229",
            "2023021",
            "ABCD",
            "20231301",
            "20230211240000",
            "2023021114601",
            "20230211140160",
            "20230211140114.",
            "202302111401.5",
            "20230211140114.12345",
            "2023+",
            "2023+24",
            "2023+2400",
            "2023+0060",
            "2023+0100+0100",
            "-2023",
            "+0100",
            "2023٠٢",
            "２０２３",
            "2023021114011400",
        ] {
            assert_eq!(DateTime::parse(text), None, "{text}");
        }
        for (year, month, day) in [
            (10_000, None, None),
            (2023, Some(0), None),
            (2023, None, Some(1)),
            (2023, Some(2), Some(29)),
        ] {
            assert_eq!(Date::new(year, month, day), None);
        }
        assert_eq!(Clock::new(1, None, Some(1), None), None);
        assert_eq!(Clock::new(1, Some(1), None, Fraction::new(1, 1)), None);
        assert_eq!(Fraction::new(10, 1), None);
        assert_eq!(Zone::of_minutes(24 * 60), None);
        assert_eq!(Zone::of_minutes(-210).map(|zone| zone.to_string()).as_deref(), Some("-0330"));
    }

    #[test]
    fn the_span_that_may_be_meant() {
        for (text, earliest, latest) in [
            ("2023", "20230101000000.0000", "20231231235959.9999"),
            ("202402", "20240201000000.0000", "20240229235959.9999"),
            ("2023021114+0100", "20230211140000.0000+0100", "20230211145959.9999+0100"),
            ("20230211140114.05", "20230211140114.0500", "20230211140114.0599"),
            ("20230211140114.0512", "20230211140114.0512", "20230211140114.0512"),
        ] {
            let moment = sent(text);
            assert_eq!(
                (moment.earliest(), moment.latest()),
                (sent(earliest), sent(latest)),
                "{text}"
            );
        }
    }

    #[test]
    fn which_is_earlier_or_unknown() {
        use Ordering::{Equal, Less};
        for (left, right, expected) in [
            ("2022", "2023", Some(Less)),
            ("2023", "2023", Some(Equal)),
            ("2023", "202302", None),
            ("202301", "20230201", Some(Less)),
            ("20230211", "20230211140114", None),
            ("20230211140114", "20230211140114.5", None),
            ("20230211140114", "20230211140115", Some(Less)),
            ("19991231", "20000101", Some(Less)),
            ("20240228", "20240229", Some(Less)),
            // In one place at one time, by different clocks.
            ("20230211120000+0000", "20230211130000+0100", Some(Equal)),
            ("20230211120000+0000", "20230211120000-0100", Some(Less)),
            ("20230211-0000", "20230211+0000", Some(Equal)),
            ("20230211+0000", "20230211+0100", None),
            // One without a zone may be anywhere.
            ("20230211120000", "20230211120000+0000", None),
            ("20230211120000", "20230212000000+0000", None),
            ("20230211120000", "20230212000001+0000", Some(Less)),
            ("20230211115959+0000", "20230212020000", Some(Less)),
        ] {
            let (left, right) = (sent(left), sent(right));
            assert_eq!(left.compare(right), expected, "{left} {right}");
            assert_eq!(right.compare(left), expected.map(Ordering::reverse), "{right} {left}");
        }
    }
}
