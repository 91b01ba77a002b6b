//! The paths that a struct names: as [`Path`]s, and with `*` for each repetition. Read when the struct is compiled.

use super::text::Text;
use crate::path::Path;

/// What a field of a struct names: `PID-5.1`, `PID-3[*].1` for each repetition, `OBX[*]-5` for each segment.
///
/// A pattern is a constant, so that a mistake in it is one of compiling:
///
/// ```compile_fail
/// const ID: hl7_core::extract::Pattern = hl7_core::extract::Pattern::new("PID-3.");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Pattern {
    pub(super) text: &'static str,
    /// The path; a number that is `*` is 1 in it.
    pub(super) path: Path,
    pub(super) each_segment: bool,
    pub(super) each_repetition: bool,
    pub(super) direct: bool,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Panics
    /// When the text is none; in a constant, that is an error of compiling.
    #[must_use]
    #[track_caller]
    pub const fn new(text: &'static str) -> Self {
        let mut reader = Reader { text: text.as_bytes(), at: 0, wrong: None };
        let mut path = Path {
            segment: reader.id(),
            occurrence: 1,
            field: 0,
            repetition: 0,
            component: 0,
            subcomponent: 0,
        };
        let (each_segment, occurrence) = reader.bracket();
        if occurrence > 0 {
            path.occurrence = occurrence;
        }
        let mut each_repetition = false;
        if reader.take(b'-') {
            path.field = reader.number();
            (each_repetition, path.repetition) = reader.bracket();
            if reader.take(b'.') {
                path.component = reader.number();
                if reader.take(b'.') {
                    path.subcomponent = reader.number();
                }
            }
        }
        if reader.at < reader.text.len() {
            reader.fail("there is text left behind the position");
        }
        if let Some(wrong) = reader.wrong {
            let message = Text::new().str("`").str(text).str("` is not a path: ").str(wrong);
            let message = message.str("; write it as in PID-5.1.1, PID-3[2].1 or PID-3[*].1");
            panic!("{}", message.as_str());
        }
        Self { text, path, each_segment, each_repetition, direct: false }
    }

    /// The same, without the segments that stand in a group of the group or message that is looked at.
    #[must_use]
    pub const fn direct(mut self) -> Self {
        self.direct = true;
        self
    }

    /// The pattern as it was written.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        self.text
    }
}

/// Reads a pattern piece by piece; the first mistake is kept.
struct Reader {
    text: &'static [u8],
    at: usize,
    wrong: Option<&'static str>,
}

impl Reader {
    const fn fail(&mut self, what: &'static str) {
        if self.wrong.is_none() {
            self.wrong = Some(what);
        }
        self.at = self.text.len();
    }

    const fn take(&mut self, mark: u8) -> bool {
        let there = self.at < self.text.len() && self.text[self.at] == mark;
        if there {
            self.at += 1;
        }
        there
    }

    const fn id(&mut self) -> [u8; 3] {
        let mut id = *b"???";
        while self.at < 3 {
            let right = self.at < self.text.len()
                && (self.text[self.at].is_ascii_uppercase()
                    || self.at > 0 && self.text[self.at].is_ascii_digit());
            if !right {
                self.fail(
                    "it does not start with a segment id (an upper-case letter, two upper-case letters or digits)",
                );
                return *b"???";
            }
            id[self.at] = self.text[self.at];
            self.at += 1;
        }
        id
    }

    const fn number(&mut self) -> u32 {
        let mut number: u32 = 0;
        let from = self.at;
        while self.at < self.text.len() && self.text[self.at].is_ascii_digit() {
            if number > 100_000 {
                self.fail("the number is too large");
                return 0;
            }
            number = 10 * number + (self.text[self.at] - b'0') as u32;
            self.at += 1;
        }
        if self.at == from {
            self.fail("expected a number");
        } else if number == 0 {
            self.fail("positions count from 1");
        }
        number
    }

    /// `[3]` or `[*]`, whose number is 1; zero where there is none.
    const fn bracket(&mut self) -> (bool, u32) {
        if !self.take(b'[') {
            return (false, 0);
        }
        let each = self.take(b'*');
        let number = if each { 1 } else { self.number() };
        if !self.take(b']') {
            self.fail("a `[` is not closed");
        }
        (each, number)
    }
}
