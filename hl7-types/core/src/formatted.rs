//! Formatted text (section 2.7.6): text with commands for lines, spaces, indents and highlighting.

use crate::er7::{Token, tokens};
use crate::value::Value;

/// A piece of formatted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Formatted<'a> {
    /// Text, without escapes.
    Text(String),
    /// A command.
    Command(Command<'a>),
}

/// A formatting command, without its marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Command<'a> {
    /// `.br`: a new line, at the indent that was set.
    Break,
    /// `.sp<n>`: ends the line and skips lines; one where no number stands.
    Space(u8),
    /// `.sk<n>`: skips spaces to the right.
    Skip(u8),
    /// `.ce`: ends the line and centres the next.
    Center,
    /// `.fi`: lines are filled, words wrap. This is how a text begins.
    Fill,
    /// `.nf`: lines stay as they are.
    NoFill,
    /// `.in<+|-n>`: indents from here on by that many more or fewer spaces.
    Indent(i8),
    /// `.ti<+|-n>`: the same, for the next line only.
    TemporaryIndent(i8),
    /// `H`: highlighting begins.
    Highlight,
    /// `N`: highlighting ends.
    Normal,
    /// A sequence that is none of these and no text: a change of the character set (`C2842`, `M2442`), one of a site (`Z1`),
    /// hexadecimal data.
    Other(&'a str),
}

impl Command<'_> {
    /// Reads a command other than [`Command::Other`].
    pub(crate) fn parse(sequence: &str) -> Option<Self> {
        Some(match sequence {
            "H" => Self::Highlight,
            "N" => Self::Normal,
            ".br" => Self::Break,
            ".sp" => Self::Space(1),
            ".ce" => Self::Center,
            ".fi" => Self::Fill,
            ".nf" => Self::NoFill,
            _ => {
                // Behind `.sp` and its like stands a number, which nobody means to be a page of spaces.
                let (name, number) = sequence.split_at_checked(3)?;
                let (sign, digits) = match number.strip_prefix(['+', '-']) {
                    Some(digits) => (if number.starts_with('-') { -1 } else { 1 }, digits),
                    None => (1, number),
                };
                let short = (1..=2).contains(&digits.len());
                let known = short && digits.bytes().all(|byte| byte.is_ascii_digit());
                let size: i8 = digits.parse().ok().filter(|_| known)?;
                match name {
                    ".sp" if sign > 0 => Self::Space(size.unsigned_abs()),
                    ".sk" if sign > 0 => Self::Skip(size.unsigned_abs()),
                    ".in" => Self::Indent(sign * size),
                    ".ti" => Self::TemporaryIndent(sign * size),
                    _ => return None,
                }
            }
        })
    }

    /// What a plain text has in its place.
    pub(crate) fn write_plain(self, out: &mut String) {
        match self {
            Self::Break | Self::Center => out.push('\n'),
            Self::Space(lines) => out.extend(std::iter::repeat_n('\n', lines.into())),
            Self::Skip(spaces) => out.extend(std::iter::repeat_n(' ', spaces.into())),
            Self::Other(sequence) => {
                out.push('\\');
                out.push_str(sequence);
                out.push('\\');
            }
            _ => {}
        }
    }
}

impl Value {
    /// The value as formatted text: texts and commands in their order. Two texts never follow each other.
    ///
    /// ```
    /// use hl7_core::Value;
    /// use hl7_core::formatted::{Command, Formatted};
    ///
    /// let report = Value::from_raw("\\H\\Impression\\N\\\\.br\\No fracture \\T\\ no effusion.");
    /// let text = |text: &str| Formatted::Text(text.to_owned());
    /// assert_eq!(report.formatted(), [
    ///     Formatted::Command(Command::Highlight),
    ///     text("Impression"),
    ///     Formatted::Command(Command::Normal),
    ///     Formatted::Command(Command::Break),
    ///     text("No fracture & no effusion."),
    /// ]);
    /// assert_eq!(report.text(), "Impression\nNo fracture & no effusion.");
    /// ```
    #[must_use]
    pub fn formatted(&self) -> Vec<Formatted<'_>> {
        let mut pieces = Vec::new();
        for token in tokens(self.raw()) {
            let text = match &token {
                Token::Text(text) => text,
                Token::Character(text) => text.as_ref(),
                Token::Command(command) => {
                    pieces.push(Formatted::Command(*command));
                    continue;
                }
            };
            match pieces.last_mut() {
                Some(Formatted::Text(before)) => before.push_str(text),
                _ => pieces.push(Formatted::Text(text.to_owned())),
            }
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, expected: &[Formatted<'_>], plain: &str) {
        let value = Value::from_raw(raw);
        assert_eq!(value.formatted(), expected, "{raw}");
        assert_eq!(value.text(), plain, "{raw}");
    }

    fn text(text: &str) -> Formatted<'_> {
        Formatted::Text(text.to_owned())
    }

    fn command(command: Command<'_>) -> Formatted<'_> {
        Formatted::Command(command)
    }

    #[test]
    fn commands_of_the_standard() {
        use Command::*;
        for (raw, expected, plain) in [
            (".br", Break, "\n"),
            (".sp", Space(1), "\n"),
            (".sp3", Space(3), "\n\n\n"),
            (".sp+2", Space(2), "\n\n"),
            (".sk4", Skip(4), "    "),
            (".ce", Center, "\n"),
            (".fi", Fill, ""),
            (".nf", NoFill, ""),
            (".in+4", Indent(4), ""),
            (".in-4", Indent(-4), ""),
            (".ti10", TemporaryIndent(10), ""),
            ("H", Highlight, ""),
            ("N", Normal, ""),
        ] {
            check(&format!("\\{raw}\\"), &[command(expected)], plain);
        }
    }

    #[test]
    fn what_is_none_of_them_stays() {
        for raw in [".sp999", ".sp-1", ".in", ".xx1", "C2842", "M2442FF", "Zab", "XFF", "X1"] {
            let whole = format!("\\{raw}\\");
            check(&whole, &[command(Command::Other(raw))], &whole);
        }
        // No sequences at all: text.
        for raw in ["\\", "a\\b", "\\.br", "\\q\\", "\\\\", "\\ F\\", "\\f\\"] {
            check(raw, &[text(raw)], raw);
        }
        check("", &[], "");
    }

    #[test]
    fn text_between() {
        check("a\\F\\b\\X0D0A\\c", &[text("a|b\r\nc")], "a|b\r\nc");
        check(
            "C:\\dir\\.br\\x\\E\\\\H\\y",
            &[
                text("C:\\dir"),
                command(Command::Break),
                text("x\\"),
                command(Command::Highlight),
                text("y"),
            ],
            "C:\\dir\nx\\y",
        );
    }
}
