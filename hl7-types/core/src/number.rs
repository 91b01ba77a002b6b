//! Numbers as they are sent (chapter 2A: NM), with the sign and the digits that were sent.

use std::cmp::Ordering;
use std::fmt;

/// A decimal number: an optional sign, digits, an optional decimal point.
///
/// `==` and the order are of numbers: `+1.50` equals `1.5`, and nothing is rounded. What is shown is what was sent.
#[derive(Debug, Clone, Copy)]
pub struct Number<'a> {
    text: &'a str,
}

impl<'a> Number<'a> {
    /// Reads a number. There is no exponent, and one digit at least.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        let points = digits.bytes().filter(|&byte| byte == b'.').count();
        let right = points <= 1
            && digits.len() > points
            && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        right.then_some(Self { text })
    }

    /// As it was sent.
    #[must_use]
    pub fn as_str(self) -> &'a str {
        self.text
    }

    /// Whether there is a minus sign; `-0` has one.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.text.starts_with('-')
    }

    /// How many digits stand behind the point: the precision that was stated.
    #[must_use]
    pub fn fraction_digits(self) -> usize {
        self.text.split_once('.').map_or(0, |(_, fraction)| fraction.len())
    }

    /// As a whole number; `None` when it has a fraction other than zeros, or is beyond the type.
    #[must_use]
    pub fn to_i64(self) -> Option<i64> {
        self.whole()?.try_into().ok()
    }

    /// As a whole number of the widest type, so that each other is within it.
    pub(crate) fn whole(self) -> Option<i128> {
        let (whole, fraction) = self.parts();
        if !fraction.is_empty() {
            return None;
        }
        let sign = if self.is_negative() { -1 } else { 1 };
        // Digits behind the sign, so that the least number of the type can be said, too.
        whole.bytes().try_fold(0_i128, |sum, digit| {
            sum.checked_mul(10)?.checked_add(sign * i128::from(digit - b'0'))
        })
    }

    /// As the nearest binary fraction, which most decimal fractions are not exactly.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.text.parse().unwrap_or(f64::NAN)
    }

    /// The digits before and behind the point that say something: no zeros in front, none at the end.
    fn parts(self) -> (&'a str, &'a str) {
        let digits = self.text.strip_prefix(['+', '-']).unwrap_or(self.text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        (whole.trim_start_matches('0'), fraction.trim_end_matches('0'))
    }
}

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let (whole, fraction) = self.parts();
        let (other_whole, other_fraction) = other.parts();
        let zero = |whole: &str, fraction: &str| whole.is_empty() && fraction.is_empty();
        let below = self.is_negative() && !zero(whole, fraction);
        let other_below = other.is_negative() && !zero(other_whole, other_fraction);
        let size =
            (whole.len(), whole, fraction).cmp(&(other_whole.len(), other_whole, other_fraction));
        match (below, other_below) {
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (true, true) => size.reverse(),
            (false, false) => size,
        }
    }
}

impl PartialOrd for Number<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number<'_> {}

impl fmt::Display for Number<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number<'_> {
        Number::parse(text).unwrap_or_else(|| panic!("{text} is a number"))
    }

    #[test]
    fn what_is_a_number() {
        for text in ["0", "-0", "+1.50", ".5", "5.", "007", "12345678901234567890.1"] {
            assert_eq!(number(text).to_string(), text);
        }
        for text in ["", "+", ".", "-.", "1e5", "1,5", "1.2.3", "--1", "1-", "<5", " 1", "١"] {
            assert!(Number::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn what_it_says() {
        for (text, negative, digits, whole, float) in [
            ("0", false, 0, Some(0), 0.0),
            ("-0", true, 0, Some(0), 0.0),
            ("+1.50", false, 2, None, 1.5),
            ("-7.00", true, 2, Some(-7), -7.0),
            (".5", false, 1, None, 0.5),
            ("5.", false, 0, Some(5), 5.0),
            ("9223372036854775807", false, 0, Some(i64::MAX), 9_223_372_036_854_775_807.0),
            ("-9223372036854775808", true, 0, Some(i64::MIN), -9_223_372_036_854_775_808.0),
            ("9223372036854775808", false, 0, None, 9_223_372_036_854_775_808.0),
        ] {
            let number = number(text);
            assert_eq!(number.is_negative(), negative, "{text}");
            assert_eq!(number.fraction_digits(), digits, "{text}");
            assert_eq!(number.to_i64(), whole, "{text}");
            assert!((number.to_f64() - float).abs() < f64::EPSILON, "{text}");
        }
    }

    #[test]
    fn which_is_greater() {
        let ascending = [
            "-10",
            "-9.99",
            "-0.5",
            "0",
            "0.049",
            "0.05",
            "0.5",
            "1",
            "1.5",
            "9",
            "10",
            "99999999999999999999",
        ];
        for (at, left) in ascending.iter().enumerate() {
            for (other, right) in ascending.iter().enumerate() {
                assert_eq!(number(left).cmp(&number(right)), at.cmp(&other), "{left} {right}");
            }
        }
        for (left, right) in
            [("+1.50", "1.5"), ("-0", "0"), ("007", "7."), (".50", "0.5"), ("-1.0", "-1")]
        {
            assert_eq!(number(left), number(right), "{left} {right}");
        }
    }
}
