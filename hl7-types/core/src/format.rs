//! The forms that primitive datatypes must have (chapter 2A), as checks over text.

use crate::desc::Format;

/// What is wrong with a text of a format, as "expected …"; `None` when it is right.
pub(crate) fn expected(format: Format, raw: &str) -> Option<&'static str> {
    let text = raw.as_bytes();
    let right = match format {
        Format::Sequence => !text.is_empty() && text.iter().all(u8::is_ascii_digit),
        Format::Number => is_number(text),
        Format::Date => matches!(text.len(), 4 | 6 | 8) && is_date(text),
        Format::Time => {
            let (clock, zone) = split_zone(text);
            is_clock(clock) && zone.is_none_or(is_zone)
        }
        Format::DateTime => is_date_time(text),
        Format::StringNumber => text
            .iter()
            .enumerate()
            .all(|(at, byte)| byte.is_ascii_digit() || (at == 0 && *byte == b'+')),
        _ => true,
    };
    (!right).then(|| describe(format))
}

/// Whether a code has a form: `#` stands for digits, `*` for letters or digits, one at least.
pub(crate) fn fits(form: &[u8], code: &[u8]) -> bool {
    let Some((&sign, rest)) = form.split_first() else { return code.is_empty() };
    let allowed = |byte: &&u8| match sign {
        b'#' => byte.is_ascii_digit(),
        _ => byte.is_ascii_alphanumeric(),
    };
    match sign {
        b'#' | b'*' => {
            let most = code.iter().take_while(allowed).count();
            (1..=most).rev().any(|length| fits(rest, &code[length..]))
        }
        _ => code.first() == Some(&sign) && fits(rest, &code[1..]),
    }
}

fn describe(format: Format) -> &'static str {
    match format {
        Format::Sequence => "a whole number without a sign",
        Format::Number => "a number: an optional sign, digits, an optional decimal point",
        Format::Date => "a date, YYYY[MM[DD]]",
        Format::Time => "a time, HH[MM[SS[.S[S[S[S]]]]]][+/-ZZZZ]",
        Format::DateTime => "a date and time, YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]",
        Format::StringNumber => "digits, with a plus in front if it is an international number",
        _ => "text",
    }
}

fn is_number(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"+").or_else(|| text.strip_prefix(b"-")).unwrap_or(text);
    let points = digits.iter().filter(|&&byte| byte == b'.').count();
    points <= 1
        && digits.len() > points
        && digits.iter().all(|&byte| byte.is_ascii_digit() || byte == b'.')
}

/// The number that two digits make.
fn two(text: &[u8]) -> Option<u8> {
    match text {
        [a, b] if a.is_ascii_digit() && b.is_ascii_digit() => Some((a - b'0') * 10 + (b - b'0')),
        _ => None,
    }
}

fn in_range(text: &[u8], range: std::ops::RangeInclusive<u8>) -> bool {
    two(text).is_some_and(|number| range.contains(&number))
}

/// Year, or year and month, or all three; the day must exist.
fn is_date(text: &[u8]) -> bool {
    let Some((year, rest)) = text.split_at_checked(4) else { return false };
    if !year.iter().all(u8::is_ascii_digit) {
        return false;
    }
    match rest {
        [] => true,
        [_, _] => in_range(rest, 1..=12),
        [_, _, day @ ..] => {
            in_range(&rest[..2], 1..=12) && in_range(day, 1..=days(year, &rest[..2]))
        }
        _ => false,
    }
}

fn days(year: &[u8], month: &[u8]) -> u8 {
    let year = year.iter().fold(0_u32, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    match two(month) {
        Some(4 | 6 | 9 | 11) => 30,
        Some(2)
            if year.is_multiple_of(4)
                && (!year.is_multiple_of(100) || year.is_multiple_of(400)) =>
        {
            29
        }
        Some(2) => 28,
        _ => 31,
    }
}

/// Hours, minutes, seconds and up to four digits of a fraction.
fn is_clock(text: &[u8]) -> bool {
    let (whole, fraction) = match text.iter().position(|&byte| byte == b'.') {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let fraction_ok = fraction.is_none_or(|digits| {
        whole.len() == 6 && (1..=4).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
    });
    let limits = [23, 59, 59];
    matches!(whole.len(), 2 | 4 | 6)
        && fraction_ok
        && whole.chunks(2).zip(limits).all(|(pair, limit)| in_range(pair, 0..=limit))
}

fn split_zone(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|&byte| byte == b'+' || byte == b'-') {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

fn is_zone(text: &[u8]) -> bool {
    text.len() == 4 && in_range(&text[..2], 0..=23) && in_range(&text[2..], 0..=59)
}

fn is_date_time(text: &[u8]) -> bool {
    let (stamp, zone) = split_zone(text);
    let (date, clock) = stamp.split_at(stamp.len().min(8));
    let date_ok = matches!(date.len(), 4 | 6 | 8) && is_date(date);
    date_ok && (clock.is_empty() || is_clock(clock)) && zone.is_none_or(is_zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_primitives() {
        let right = [
            (Format::Number, "0 -0 +1.50 .5 5. 12345"),
            (Format::Sequence, "0 1 9999"),
            (Format::Date, "2023 202302 20240229 19000228"),
            (Format::Time, "00 2359 235959 235959.1 235959.1234 2359+0100"),
            (
                Format::DateTime,
                "2023 202302 20230211 2023021114 20230211140114.0000+0800 2023-0500",
            ),
            (Format::StringNumber, "+491234 5551234"),
        ];
        let wrong = [
            (Format::Number, "1e5 - + . 1.2.3 1,5 <5"),
            (Format::Sequence, "-1 1.0 A"),
            (Format::Date, "19561192 20230229 19000229 2023021 20231 ABCD 202302111401"),
            (Format::Time, "24 2360 235960 2359.1 235959. 235959.12345 2359+24 2359+9999"),
            (Format::DateTime, "20230211140114.0000+08 202302111 20231301 20230211240000 2023+"),
            (Format::StringNumber, "555-1234 12+3"),
        ];
        for (format, texts) in right {
            for text in texts.split(' ') {
                assert_eq!(expected(format, text), None, "{format:?} {text}");
            }
        }
        for (format, texts) in wrong {
            for text in texts.split(' ') {
                assert!(expected(format, text).is_some(), "{format:?} {text}");
            }
        }
    }

    #[test]
    fn forms_of_codes() {
        for (form, code, want) in [
            ("99*", "99ABC", true),
            ("99*", "99", false),
            ("99*", "99-A", false),
            ("HL7#", "HL70078", true),
            ("HL7#", "HL7", false),
            ("HL7#", "HL7A", false),
            ("Q#J#", "Q2J15", true),
            ("Q#J#", "Q2J", false),
            ("*A", "AAA", true),
            ("L", "L", true),
            ("L", "LL", false),
        ] {
            assert_eq!(fits(form.as_bytes(), code.as_bytes()), want, "{form} {code}");
        }
    }
}
