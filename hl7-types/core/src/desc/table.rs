//! Tables and their codes.

use crate::format;

/// Who maintains a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TableKind {
    /// Fixed by HL7: other codes are not allowed.
    Hl7,
    /// Suggested by HL7: sites add their own.
    User,
    /// From 2.9 on: any other kind (imported, external, concept domain).
    Other,
}

/// One code of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// As sent: `F`.
    pub code: &'static str,
    /// As shown: `Female`.
    pub label: &'static str,
    /// Its first bytes, by which it is looked for.
    start: u64,
}

impl Code {
    /// A code with its label.
    #[must_use]
    pub const fn new(code: &'static str, label: &'static str) -> Self {
        Self { code, label, start: start_of(code) }
    }
}

/// Bytes of a code by which it is looked for.
const START: usize = 8;

/// The first bytes of a code as a number that orders as they do.
const fn start_of(code: &str) -> u64 {
    let (bytes, mut start, mut at) = (code.as_bytes(), 0, 0);
    while at < START {
        start = start << 8 | if at < bytes.len() { bytes[at] as u64 } else { 0 };
        at += 1;
    }
    start
}

/// A table of codes, `0001` for instance.
#[derive(Debug)]
pub struct TableDesc {
    /// Four digits: `0001`.
    pub id: &'static str,
    /// Name: `Administrative Sex`.
    pub name: &'static str,
    /// Who maintains it.
    pub kind: TableKind,
    /// Codes, sorted by `code` (byte order); empty where the standard gives none.
    pub codes: &'static [Code],
    /// Codes of which the standard gives the form only: in `99*` the star is letters or digits, in `HL7#` the number sign
    /// is digits, one at least.
    pub patterns: &'static [Code],
}

impl TableDesc {
    /// Index of a code in [`TableDesc::codes`].
    #[must_use]
    pub fn position(&self, code: &str) -> Option<usize> {
        // Most differ in what goes in a word, which takes no look at the text of any.
        let start = start_of(code);
        let from = self.codes.partition_point(|known| known.start < start);
        let first = self.codes.get(from).filter(|first| first.start == start)?;
        // Of what goes in the word as a whole nothing is left to compare.
        if first.code.len() == code.len() && (code.len() <= START || first.code == code) {
            return Some(from);
        }
        let order = |known: &Code| known.start.cmp(&start).then_with(|| known.code.cmp(code));
        self.codes[from..].binary_search_by(order).ok().map(|at| from + at)
    }

    /// Whether the table says anything about its codes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty() && self.patterns.is_empty()
    }

    /// Whether a code is one of the table's, or has one of its forms.
    #[must_use]
    pub fn has(&self, code: &str) -> bool {
        let fits = |form: &Code| format::fits(form.code.as_bytes(), code.as_bytes());
        self.position(code).is_some() || self.patterns.iter().any(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_and_no_other() {
        static CODES: [Code; 10] = [
            Code::new("A", ""),
            Code::new("A1", ""),
            Code::new("ABNORMAL", ""),
            Code::new("ABNORMAL-1", ""),
            Code::new("ABNORMAL-10", ""),
            Code::new("ABNORMAL-2", ""),
            Code::new("B", ""),
            Code::new("http://a.example/1", ""),
            Code::new("http://b.example/1", ""),
            Code::new("é", ""),
        ];
        let table = TableDesc {
            id: "9999",
            name: "Test",
            kind: TableKind::User,
            codes: &CODES,
            patterns: &[],
        };
        assert!(CODES.is_sorted_by_key(|code| code.code));
        for (at, code) in CODES.iter().enumerate() {
            assert_eq!(table.position(code.code), Some(at), "{}", code.code);
        }
        for other in ["", "a", "A\0", "A2", "ABNORMAL-", "ABNORMAL-11", "ABNORMAM", "http://a", "ü"]
        {
            assert_eq!(table.position(other), None, "{other:?}");
        }
    }
}
