//! Values that a party wants to see in the header of what is sent to it.

use crate::er7::Notation;
use crate::header::Header;
use crate::tree::Tree;

/// The last field of a header that can be overridden.
const LAST: usize = 30;

/// Values for fields of MSH, under the recommended delimiters. Only the header changes, never the body.
///
/// ```
/// use hl7_core::ack::HeaderOverrides;
///
/// let mut overrides = HeaderOverrides::default();
/// overrides.set(5, "EHR^2.16.1^ISO")?;
/// overrides.set(8, r"\")?; // a single backslash clears the field
/// let sent = overrides.apply(b"MSH|^~\\&|LAB||OLD|||secret|ADT^A01|1\rPID|1\r");
/// assert_eq!(sent.as_deref(), Some(&b"MSH|^~\\&|LAB||EHR^2.16.1^ISO||||ADT^A01|1\rPID|1\r"[..]));
/// # Ok::<(), hl7_core::ack::OverrideError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeaderOverrides {
    values: Vec<(usize, String)>,
}

/// Why a field of a header cannot be overridden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    /// The field declares the delimiters, is the control id that acknowledgments refer to, or is none of MSH.
    #[error("MSH-{0} cannot be overridden; MSH-3 to MSH-30 can, without the control id MSH-10")]
    Field(usize),
    /// The value has a field separator or line end.
    #[error(
        "the value for MSH-{0} has a field separator or a line end; escape the one as \\F\\, leave out the other"
    )]
    Separator(usize),
}

impl HeaderOverrides {
    /// The value that clears a field.
    pub const CLEAR: &'static str = "\\";

    /// Sets the value of a field: ER7 under the recommended delimiters, [`CLEAR`](Self::CLEAR) to clear it. An empty
    /// value leaves the field as it is.
    ///
    /// # Errors
    /// When the field must not change or the value does not fit into a field.
    pub fn set(&mut self, field: usize, value: &str) -> Result<(), OverrideError> {
        if !(3..=LAST).contains(&field) || field == 10 {
            return Err(OverrideError::Field(field));
        }
        if value.contains(['|', '\r', '\n']) {
            return Err(OverrideError::Separator(field));
        }
        self.values.retain(|&(set, _)| set != field);
        if !value.is_empty() {
            self.values.push((field, value.to_owned()));
        }
        Ok(())
    }

    /// Whether nothing is overridden.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value of a field as a message writes it; `None` leaves it as it is.
    fn value(&self, field: usize, notation: &Notation) -> Option<Vec<u8>> {
        let (_, value) = self.values.iter().find(|&&(set, _)| set == field)?;
        Some(match value.as_str() {
            Self::CLEAR => Vec::new(),
            value => notation.written(value).into_owned(),
        })
    }

    /// Puts the values into the fields of a header, of which the first is MSH-2.
    pub(crate) fn apply_to(&self, fields: &mut Vec<Vec<u8>>, notation: &Notation) {
        for seq in 3..=LAST {
            let Some(value) = self.value(seq, notation) else { continue };
            if fields.len() < seq - 1 && !value.is_empty() {
                fields.resize(seq - 1, Vec::new());
            }
            if let Some(field) = fields.get_mut(seq - 2) {
                *field = value;
            }
        }
    }

    /// The message with its header changed; every byte outside of the fields that change stays. Values are written in the
    /// character set of the message; what that lacks becomes hexadecimal data (`\X..\`). `None` where there is no header.
    #[must_use]
    pub fn apply(&self, message: &[u8]) -> Option<Vec<u8>> {
        let header = Header::of(message)?;
        // Only where it matters is the message indexed: the index knows its character set, and where it hides separators.
        let line = message.get(header.range()).unwrap_or_default();
        let is_plain = line.is_ascii() && !line.contains(&0x1b);
        let values_are_plain = self.values.iter().all(|(_, value)| value.is_ascii());
        let tree = if is_plain && values_are_plain { None } else { Tree::parse(message).ok() };
        let header = tree.as_ref().and_then(Header::of_tree).unwrap_or(header);
        let range = header.range();
        let mut fields: Vec<Vec<u8>> = header.fields().map(<[u8]>::to_vec).collect();
        self.apply_to(&mut fields, &header.notation());
        let fields = fields.join(&header.delimiters().field);
        let head = message.get(..range.start + 4).unwrap_or(message);
        Some([head, &fields, message.get(range.end..).unwrap_or_default()].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overrides(values: &[(usize, &str)]) -> HeaderOverrides {
        let mut overrides = HeaderOverrides::default();
        for (field, value) in values {
            overrides.set(*field, value).expect("a field that can be overridden");
        }
        overrides
    }

    #[track_caller]
    fn check(message: &str, values: &[(usize, &str)], expected: Option<&str>) {
        let found = overrides(values).apply(message.as_bytes());
        let found = found.as_deref().map(String::from_utf8_lossy);
        assert_eq!(found.as_deref(), expected, "{message:?} {values:?}");
    }

    // statement 14
    #[test]
    fn statement_14_overrides_change_the_header_and_no_body_byte() {
        let message =
            "MSH|^~\\&|A|B|C|D|1|sec|ADT^A03|000001|P|2.3.1|||AL|AL\r\nPID|1||MSH|3\r\n\r\n";
        check(message, &[], Some(message));
        check(
            message,
            &[
                (3, "BTAHL7^IE^UUID"),
                (4, ""),
                (5, "HI^System^GUID"),
                (6, "\\"),
                (8, "\\"),
                (9, "ADT^A04"),
                (12, "2.4"),
                (15, "SU"),
                (16, "NE"),
            ],
            Some(
                "MSH|^~\\&|BTAHL7^IE^UUID|B|HI^System^GUID||1||ADT^A04|000001|P|2.4|||SU|NE\r\n\
                 PID|1||MSH|3\r\n\r\n",
            ),
        );
        // Fields that the header does not have are added, and cleared ones are not.
        check("MSH|^~\\&|A\rPID|1", &[(6, "X"), (15, "\\")], Some("MSH|^~\\&|A|||X\rPID|1"));
        check("\u{b}MSH#*~!%#A\r", &[(3, "a^b&c")], Some("\u{b}MSH#*~!%#a*b%c\r"));
        check("PID|1\r", &[(3, "X")], None);
    }

    // statement 22: values are written in the message's own character set.
    #[test]
    fn statement_22_overrides_are_written_in_the_charset_of_the_message() {
        let check = |facility: &[u8], charset: &str, value: &str, expected: &[u8]| {
            let head = [b"MSH|^~\\&|A|", facility, b"|C||1||ADT^A01|1|P|2.5||||||"].concat();
            // The second half of the character behind it is what separates fields elsewhere.
            let message = [&head[..], charset.as_bytes(), b"|\x83|\rPID|1\r"].concat();
            let found = overrides(&[(5, value), (20, "x")]).apply(&message).expect("a header");
            let place = [b"MSH|^~\\&|A|", facility, b"|", expected, b"||1"].concat();
            assert!(found.starts_with(&place), "{charset}: {}", String::from_utf8_lossy(&found));
            let tree = Tree::parse(found).expect("a message");
            let get = |path: &str| tree.get(&path.parse().expect("a path"));
            assert_eq!(get("MSH-5").as_deref(), Some(value), "{charset}");
            if charset == "SHIFT_JIS" {
                assert_eq!(get("MSH-20").as_deref(), Some("x"));
            }
        };
        let (latin, japanese) = ("K\u{d6}LN", "\u{30c6}\u{30b9}\u{30c8}");
        check(b"B", "", latin, latin.as_bytes());
        check(b"B", "UNICODE UTF-8", latin, latin.as_bytes());
        check(b"B", "8859/1", latin, b"K\xd6LN");
        check(b"\xc4", "8859/1", latin, b"K\xd6LN");
        check(b"\x83\x65", "SHIFT_JIS", japanese, b"\x83\x65\x83\x58\x83\x67");
        // What the character set lacks becomes hexadecimal data.
        check(b"B", "8859/1", japanese, b"\\XE38386E382B9E38388\\");
    }

    #[test]
    fn what_cannot_be_overridden() {
        let mut overrides = HeaderOverrides::default();
        for field in [0, 1, 2, 10, 31] {
            assert_eq!(overrides.set(field, "x"), Err(OverrideError::Field(field)));
        }
        for value in ["a|b", "a\rPID", "\n"] {
            assert_eq!(overrides.set(3, value), Err(OverrideError::Separator(3)));
        }
        overrides.set(3, "x").and_then(|()| overrides.set(3, "")).expect("nothing is set");
        assert!(overrides.is_empty());
    }
}
