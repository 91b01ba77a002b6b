//! The forms that primitive datatypes must have (chapter 2A), as checks over text.

use crate::date_time::{Date, DateTime, Time};
use crate::desc::Format;
use crate::number::Number;

/// What is wrong with a text of a format, as "expected …"; `None` when it is right.
pub(crate) fn expected(format: Format, text: &str) -> Option<&'static str> {
    let right = match format {
        Format::Sequence => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()),
        Format::Number => Number::parse(text).is_some(),
        Format::Date => Date::parse(text).is_some(),
        Format::Time => Time::parse(text).is_some(),
        Format::DateTime => DateTime::parse(text).is_some(),
        Format::StringNumber => text
            .bytes()
            .enumerate()
            .all(|(at, byte)| byte.is_ascii_digit() || (at == 0 && byte == b'+')),
        Format::Id | Format::Coded => !text.starts_with(' ') && !text.ends_with(' '),
        Format::Telephone => is_telephone(text),
        _ => true,
    };
    (!right).then(|| describe(format))
}

/// `[NN] [(999)]999-9999[X99999][B99999][C any text]` (TN, section 2.8 of 2.1 and 2.2): country, area, number, extension,
/// beeper, comment.
fn is_telephone(text: &str) -> bool {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let country = digits(text);
    let mut rest = match text[country..].strip_prefix(' ') {
        Some(rest) if (1..=3).contains(&country) => rest,
        _ => text,
    };
    if let Some(area) = rest.strip_prefix('(') {
        let length = digits(area);
        let Some(behind) = area[length..].strip_prefix(')').filter(|_| length > 0) else {
            return false;
        };
        rest = behind;
    }
    let Some((exchange, line)) = rest.split_once('-') else { return false };
    if digits(exchange) != 3 || exchange.len() != 3 || digits(line) < 4 {
        return false;
    }
    rest = &line[4..];
    for mark in ['X', 'B'] {
        if let Some(number) = rest.strip_prefix(mark) {
            let length = digits(number);
            if !(1..=5).contains(&length) {
                return false;
            }
            rest = &number[length..];
        }
    }
    rest.is_empty() || rest.starts_with('C')
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

/// The form that a text of a format must have.
pub(crate) fn describe(format: Format) -> &'static str {
    match format {
        Format::Sequence => "a whole number without a sign",
        Format::Number => "a number: an optional sign, digits, an optional decimal point",
        Format::Date => "a date, YYYY[MM[DD]]",
        Format::Time => "a time, HH[MM[SS[.S[S[S[S]]]]]][+/-ZZZZ]",
        Format::DateTime => "a date and time, YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]",
        Format::StringNumber => "digits, with a plus in front if it is an international number",
        Format::Id | Format::Coded => "a code without blanks around it",
        Format::Telephone => "a telephone number, [NN] [(999)]999-9999[X99999][B99999][C any text]",
        _ => "text",
    }
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
        for text in [
            "555-0100",
            "(617)555-0100",
            "1 (617)555-0100",
            "44 555-0100",
            "(617)555-0100X12B345Cafter six | not on Friday",
            "555-0100B12",
            "555-0100C",
        ] {
            assert_eq!(expected(Format::Telephone, text), None, "{text}");
        }
        for text in [
            "",
            "5550100",
            "55-0100",
            "555-010",
            "555-01000",
            "(617 555-0100",
            "()555-0100",
            "1234 555-0100",
            "555-0100X",
            "555-0100X123456",
            "555-0100B1X1",
            "555-0100 ",
            "é55-0100",
        ] {
            assert!(expected(Format::Telephone, text).is_some(), "{text}");
        }
        for format in [Format::Id, Format::Coded] {
            assert_eq!(expected(format, "A B"), None);
            assert!([" A", "A ", " "].iter().all(|text| expected(format, text).is_some()));
        }
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
