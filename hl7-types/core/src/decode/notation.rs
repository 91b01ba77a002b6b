//! How a message is written, whatever its segments say: separators with no value behind them, and escape characters that
//! begin no sequence.
//!
//! Both are about bytes and separators only, so they are looked at in one walk over the index, in segments without a
//! definition, too.

use crate::er7::{Class, Mark, is_defined, is_header};
use crate::finding::Rule;

use super::{Reader, Stretch};

impl Reader<'_> {
    /// Looks at the separators and the escape characters of all segments.
    pub(super) fn check_notation(&mut self) {
        let trailing = self.options.rules.contains(Rule::TrailingDelimiters);
        let escape =
            self.scan.delimiters.escape.filter(|_| self.options.rules.contains(Rule::BadEscape));
        if !trailing && escape.is_none() {
            return;
        }
        for index in 0..self.scan.segments.len() {
            let marks = self.scan.marks_to_end(index);
            let trailing = trailing && marks.windows(2).any(ends_empty);
            let text = self.line(index).get(4..).unwrap_or_default();
            let escaped = escape.is_some_and(|escape| memchr::memchr(escape, text).is_some());
            if (trailing || escaped) && self.id(index).is_some() {
                self.segment = index;
                let outermost = if trailing { outermost(marks) } else { Vec::new() };
                self.check_pieces(marks, &outermost, if escaped { escape } else { None });
            }
        }
    }

    /// Walks a segment from separator to separator. `outermost` is empty where no separator is to be looked at.
    fn check_pieces(&mut self, marks: &[Mark], outermost: &[u32], escape: Option<u8>) {
        let header = is_header(self.line(self.segment), self.scan.delimiters.field);
        self.at_piece(if header { 2 } else { 0 }, 0, 0, 0);
        // What stands before the first separator is the id, or the declaration of the delimiters.
        let mut start = marks.first().map_or(0, |first| first.at());
        let mut looked = 0;
        for (at, &mark) in marks.iter().enumerate() {
            if let Some(escape) = escape.filter(|_| start < mark.at()) {
                self.check_escapes(Stretch { start, end: mark.at() }, mark, escape);
            }
            let is_trailing = outermost.get(at).is_some_and(|outer| *outer > mark.rank());
            if is_trailing && mark.at() >= looked {
                let behind = marks[at..].iter().find(|other| other.rank() > mark.rank());
                looked = behind.map_or(mark.at() + 1, |behind| behind.at());
                self.report_trailing(mark, looked);
            }
            self.step_behind(mark);
            start = mark.at() + 1;
        }
    }

    fn at_piece(&mut self, field: u32, repetition: u32, component: u32, subcomponent: u32) {
        (self.field, self.repetition) = (field, repetition);
        (self.component, self.subcomponent) = (component, subcomponent);
    }

    /// Goes on to the piece behind a separator.
    fn step_behind(&mut self, mark: Mark) {
        let (field, repetition, component) = (self.field, self.repetition, self.component);
        if mark.is(Class::Field) {
            self.at_piece(field + 1, 1, 1, 1);
        } else if mark.is(Class::Repetition) {
            self.at_piece(field, repetition + 1, 1, 1);
        } else if mark.is(Class::Component) {
            self.at_piece(field, repetition, component + 1, 1);
        } else {
            self.subcomponent += 1;
        }
    }

    /// Reports separators with no value behind them at the piece that they end: those between fields at the segment.
    fn report_trailing(&mut self, mark: Mark, end: u32) {
        let here = (self.field, self.repetition, self.component, self.subcomponent);
        let (field, repetition, component, _) = here;
        let what = if mark.is(Class::Field) {
            self.at_piece(0, 0, 0, 0);
            "field"
        } else if mark.is(Class::Repetition) {
            self.at_piece(field, 0, 0, 0);
            "repetition"
        } else if mark.is(Class::Component) {
            self.at_piece(field, repetition, 0, 0);
            "component"
        } else {
            self.at_piece(field, repetition, component, 0);
            "subcomponent"
        };
        let start = mark.at();
        self.report(Rule::TrailingDelimiters, start..end, || {
            let count = end - start;
            let (s, follow) = if count == 1 { ("", "follows") } else { ("s", "follow") };
            format!("{count} separator{s} {follow} the last {what} that has a value")
        });
        self.at_piece(here.0, here.1, here.2, here.3);
    }

    /// Looks for the first escape character in a piece that begins no sequence; `next` is the separator behind the piece.
    fn check_escapes(&mut self, piece: Stretch, next: Mark, escape: u8) {
        if memchr::memchr(escape, self.slice(piece)).is_none() {
            return;
        }
        let Some(text) = self.text_of(piece) else { return };
        if !has_bad_escape(&text, escape) {
            return;
        }
        // A leaf is named as deep as separators go.
        let (component, subcomponent) = (self.component, self.subcomponent);
        let divided = subcomponent > 1 || next.is(Class::Subcomponent);
        if !divided {
            self.subcomponent = 0;
            if component == 1 && !next.is(Class::Component) {
                self.component = 0;
            }
        }
        self.report(Rule::BadEscape, piece, || {
            "an escape character begins none of the sequences that the standard has".to_owned()
        });
        (self.component, self.subcomponent) = (component, subcomponent);
    }
}

/// Whether a separator stands directly before one that separates more.
fn ends_empty(pair: &[Mark]) -> bool {
    pair[0].rank() < pair[1].rank() && pair[0].at() + 1 == pair[1].at()
}

/// For each separator, how much those directly behind it separate at most.
fn outermost(marks: &[Mark]) -> Vec<u32> {
    let mut outermost = vec![0; marks.len()];
    for at in (1..marks.len()).rev() {
        if marks[at - 1].at() + 1 == marks[at].at() {
            outermost[at - 1] = outermost[at].max(marks[at].rank());
        }
    }
    outermost
}

/// Whether an escape character in a text begins nothing that section 2.7 defines.
fn has_bad_escape(text: &str, escape: u8) -> bool {
    let mut parts = text.split(char::from(escape)).skip(1);
    while let Some(sequence) = parts.next() {
        // The text behind the sequence, up to the escape character that begins the next.
        if !is_defined(sequence) || parts.next().is_none() {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::has_bad_escape;
    use crate::decode::DecodeOptions;
    use crate::finding::{Rule, Rules};
    use crate::tree::Tree;

    #[test]
    fn escapes_of_the_standard() {
        for text in [
            "",
            "a",
            r"\F\",
            r"\T\\S\",
            r"x\.br\y\.sp2\\.in+4\\.ce\",
            r"\H\x\N\",
            r"\X0D0A\",
            r"\C2842\\M244221\",
            r"\Zsite\",
            r"\E\\E\",
            r"\P\",
        ] {
            assert!(!has_bad_escape(text, b'\\'), "{text}");
        }
        for text in [
            r"\", r"C:\dir", r"a\b\c", r"\\", r"\F", r"\F\\", r"\FF\", r"\X\", r"\X0\", r"\XZZ\",
            r"\.xx\", r"\f\", r"\C28\", r"\É\",
        ] {
            assert!(has_bad_escape(text, b'\\'), "{text}");
        }
    }

    /// The findings in a segment `ZZ1`, of which nobody knows what it is, under a message's delimiters.
    fn findings(declared: &str, segment: &str) -> Vec<String> {
        let message = format!("MSH{declared}\rZZ1{segment}\r");
        let rules = Rules::NONE.with(Rule::TrailingDelimiters).with(Rule::BadEscape);
        let options = DecodeOptions { rules, ..DecodeOptions::default() };
        let tree = Tree::parse(message.as_bytes()).expect("a message");
        let findings = crate::decode::read(tree.bytes(), tree.scan(), None, None, None, &options);
        let show = |finding: &crate::Finding| {
            let piece = &message[finding.range()];
            format!("{} {} {piece}", finding.rule.id(), finding.path)
        };
        findings.iter().map(show).collect()
    }

    #[test]
    fn separators_behind_the_last_value() {
        let check = |segment: &str, expected: &[&str]| {
            let found = findings("|^~\\&|A", segment);
            let expected: Vec<_> =
                expected.iter().map(|rest| format!("trailing-delimiters {rest}")).collect();
            assert_eq!(found, expected, "{segment}");
        };
        for clean in ["", "|a", "|a|b", "||b", "|^b", "|~b", "|&b", "|^&b~^c", "|a^&b^c", "|^^&^b"]
        {
            let inner = usize::from(clean == "|^^&^b");
            assert_eq!(findings("|^~\\&|A", clean).len(), inner, "{clean}");
        }
        check("|", &["ZZ1 |"]);
        check("|||", &["ZZ1 |||"]);
        check("|a||", &["ZZ1 ||"]);
        check("|a^|b", &["ZZ1-1 ^"]);
        check("|a^^~b|b", &["ZZ1-1 ^^"]);
        check("|a~b^^|b", &["ZZ1-1[2] ^^"]);
        check("|a~|b", &["ZZ1-1 ~"]);
        check("|a~^&~|b", &["ZZ1-1 ~^&~"]);
        check("|^^^|b", &["ZZ1-1 ^^^"]);
        check("|a&^b", &["ZZ1-1.1 &"]);
        check("|a^b&&^c", &["ZZ1-1.2 &&"]);
        check("|a^&|b", &["ZZ1-1 ^&"]);
        check("|a&^~|", &["ZZ1-1.1 &", "ZZ1-1 ^", "ZZ1-1 ~", "ZZ1 |"]);
        check("|x|^^||", &["ZZ1 |^^||"]);
    }

    #[test]
    fn escape_characters_that_begin_nothing() {
        let check = |declared: &str, segment: &str, expected: &[&str]| {
            let expected: Vec<_> =
                expected.iter().map(|rest| format!("bad-escape {rest}")).collect();
            assert_eq!(findings(declared, segment), expected, "{segment}");
        };
        check("|^~\\&|A", r"|\F\|a\b|\x\^b&\", &[r"ZZ1-2 a\b", r"ZZ1-3.1 \x\", r"ZZ1-3.2.2 \"]);
        check("|^~\\&|A", r"|a~b\", &[r"ZZ1-1[2] b\"]);
        // Another escape character, and none.
        check("|^~!&|A", r"|a\b|!T!|x!y", &["ZZ1-3 x!y"]);
        check("|^~|A", r"|a\b", &[]);
    }
}
