//! What starts at the start of a line: a message, a header or a trailer of a batch or file, or nothing of the kind.

/// What a line starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    Message,
    FileHeader,
    BatchHeader,
    BatchTrailer,
    FileTrailer,
}

/// How many bytes of a line decide what it starts: byte order mark, id, field separator, one more.
pub(super) const LOOK: usize = BOM.len() + 5;
/// Byte order mark.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

impl Start {
    /// What a line starts, byte order marks and start-of-block marks left aside. `field` is the field separator of the last
    /// header: a trailer has the same.
    ///
    /// The usual field separator is enough for a header; another is taken for one only where encoding characters follow, so
    /// that `MSH-3` in a text with line breaks starts nothing.
    pub(super) fn of(line: &[u8], field: u8) -> Option<Self> {
        let (id, rest) = line.split_first_chunk::<3>()?;
        let start = match id {
            b"MSH" => Self::Message,
            b"FHS" => Self::FileHeader,
            b"BHS" => Self::BatchHeader,
            b"BTS" => Self::BatchTrailer,
            b"FTS" => Self::FileTrailer,
            _ => return None,
        };
        let ends = |byte: &u8| matches!(byte, b'\r' | b'\n' | 0x1c);
        let is_start = match (start, rest.first(), rest.get(1)) {
            (_, Some(b'|'), _) => true,
            (Self::BatchTrailer | Self::FileTrailer, None, _) => true,
            (Self::BatchTrailer | Self::FileTrailer, Some(byte), _) => ends(byte) || *byte == field,
            (_, Some(separator), Some(next)) => {
                separator.is_ascii_punctuation() && next.is_ascii_punctuation()
            }
            _ => false,
        };
        is_start.then_some(start)
    }
}

#[cfg(test)]
mod tests {
    use super::Start;

    #[test]
    fn what_a_line_starts() {
        for (line, expected) in [
            ("MSH|^~\\&|", Some(Start::Message)),
            ("MSH|", Some(Start::Message)),
            ("MSH||", Some(Start::Message)),
            ("MSH#*~", Some(Start::Message)),
            ("MSH-3 is wrong", None),
            ("MSH", None),
            ("MSHX", None),
            ("MSH\r", None),
            ("BHS|^~", Some(Start::BatchHeader)),
            ("FHS|^~", Some(Start::FileHeader)),
            ("BTS", Some(Start::BatchTrailer)),
            ("BTS\r", Some(Start::BatchTrailer)),
            ("BTS#1", Some(Start::BatchTrailer)),
            ("BTS-1", None),
            ("FTS|1", Some(Start::FileTrailer)),
            ("FTS\u{1c}", Some(Start::FileTrailer)),
            ("PID|1", None),
            ("", None),
        ] {
            assert_eq!(Start::of(line.as_bytes(), b'#'), expected, "{line}");
        }
    }
}
