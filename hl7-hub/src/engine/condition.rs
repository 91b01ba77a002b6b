//! What a route asks of a message.

use std::borrow::Cow;
use std::cmp::Ordering;

use hl7_core::{Path, Tree};

use super::lexer::{Word, words};
use crate::store::Verdict;

/// How deep conditions may be nested.
const DEPTH: usize = 64;

/// A condition over a message: comparisons of values with texts, joined by `and`, `or`, `not` and parentheses.
///
/// A value is a path (`MSH-9.1`, `PID-3[2].1`), `source`, `peer`, `verdict`, `parse_error`, which is `true` for a message that
/// was refused, or `batch`, which is `true` for a batch that goes on as a whole: paths name what stands in its first message,
/// and in its headers (`FHS-3`, `BHS-4`). A value that is not there is the empty text. `<` and its kin compare numbers as numbers, anything else
/// as texts.
///
/// ```
/// use hl7_core::Tree;
/// use hl7_hub::engine::{Condition, Subject};
/// use hl7_hub::store::Verdict;
///
/// let condition = Condition::parse(
///     r#"MSH-9.1 == "ADT" and MSH-9.2 in ["A01", "A04"] and not (exists PV1-2 and PV1-2 != "E")"#,
/// )?;
/// let tree = Tree::parse(b"MSH|^~\\&|ADT1||||1||ADT^A04|1|P|2.5\rPV1||E\r")?;
/// let (tree, source, peer) = (Some(&tree), "adt_in", "10.1.2.3");
/// let subject = Subject { tree, source, peer, verdict: Verdict::Accepted, batch: false };
/// assert!(condition.holds(&subject));
///
/// let error = Condition::parse("MSH-9.1 = 'ADT'").expect_err("`=` is no comparison");
/// assert_eq!((error.at, &*error.reason), (8, "`=` has no meaning here"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    root: Node,
    asks_for_refused: bool,
}

/// Why a text is no condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ConditionError {
    /// Byte of the text.
    pub at: usize,
    /// What is wrong.
    pub reason: String,
}

/// What a condition looks at.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "a view of patient data")]
pub struct Subject<'a> {
    /// The message, where it can be read.
    pub tree: Option<&'a Tree>,
    /// The source it came through.
    pub source: &'a str,
    /// The address it came from.
    pub peer: &'a str,
    /// How it was judged.
    pub verdict: Verdict,
    /// Whether it is a batch that goes on as a whole.
    pub batch: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Exists(Value),
    Compare(Value, Sign, String),
    In(Value, Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    Path(Path),
    Source,
    Peer,
    Verdict,
    ParseError,
    Batch,
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// When it is none, with where and why.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        let words = words(text)?;
        let mut parser = Parser { words: &words, end: text.len(), asks_for_refused: false };
        let root = parser.any(0)?;
        match parser.words.first() {
            None => Ok(Self { root, asks_for_refused: parser.asks_for_refused }),
            Some(_) => Err(parser.unexpected("`and`, `or` or the end")),
        }
    }

    /// Whether it names `parse_error` or `verdict`: only then is it asked about messages that were refused.
    #[must_use]
    pub fn asks_for_refused(&self) -> bool {
        self.asks_for_refused
    }

    /// Whether it holds.
    #[must_use]
    pub fn holds(&self, subject: &Subject<'_>) -> bool {
        self.root.holds(subject)
    }
}

impl Node {
    fn holds(&self, subject: &Subject<'_>) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(|node| node.holds(subject)),
            Self::Any(nodes) => nodes.iter().any(|node| node.holds(subject)),
            Self::Not(node) => !node.holds(subject),
            Self::Exists(value) => !value.of(subject).is_empty(),
            Self::Compare(value, sign, text) => sign.holds(&value.of(subject), text),
            Self::In(value, texts) => texts.iter().any(|text| *text == value.of(subject)),
        }
    }
}

impl Sign {
    fn holds(self, left: &str, right: &str) -> bool {
        let ordering = || match (left.trim().parse::<f64>(), right.trim().parse::<f64>()) {
            (Ok(left), Ok(right)) => left.partial_cmp(&right).unwrap_or(Ordering::Equal),
            _ => left.cmp(right),
        };
        match self {
            Self::Equal => left == right,
            Self::Unequal => left != right,
            Self::Less => ordering().is_lt(),
            Self::LessOrEqual => ordering().is_le(),
            Self::Greater => ordering().is_gt(),
            Self::GreaterOrEqual => ordering().is_ge(),
        }
    }
}

impl Value {
    fn of<'a>(self, subject: &Subject<'a>) -> Cow<'a, str> {
        match self {
            Self::Path(path) => {
                subject.tree.and_then(|tree| tree.get(&path)).unwrap_or(Cow::Borrowed(""))
            }
            Self::Source => subject.source.into(),
            Self::Peer => subject.peer.into(),
            Self::Verdict => subject.verdict.word().into(),
            Self::ParseError => match subject.verdict {
                Verdict::Accepted => "false".into(),
                _ => "true".into(),
            },
            Self::Batch => if subject.batch { "true" } else { "false" }.into(),
        }
    }
}

struct Parser<'w> {
    words: &'w [(usize, Word)],
    end: usize,
    asks_for_refused: bool,
}

impl Parser<'_> {
    fn any(&mut self, depth: usize) -> Result<Node, ConditionError> {
        let mut nodes = vec![self.all(depth)?];
        while self.takes_name("or") {
            nodes.push(self.all(depth)?);
        }
        Ok(Node::Any(nodes))
    }

    fn all(&mut self, depth: usize) -> Result<Node, ConditionError> {
        let mut nodes = vec![self.one(depth)?];
        while self.takes_name("and") {
            nodes.push(self.one(depth)?);
        }
        Ok(Node::All(nodes))
    }

    fn one(&mut self, depth: usize) -> Result<Node, ConditionError> {
        if depth > DEPTH {
            return Err(self.error(format!("more than {DEPTH} conditions inside each other")));
        }
        if self.takes_name("not") {
            return Ok(Node::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.takes_sign("(") {
            let inside = self.any(depth + 1)?;
            return if self.takes_sign(")") { Ok(inside) } else { Err(self.unexpected("`)`")) };
        }
        if self.takes_name("exists") {
            return Ok(Node::Exists(self.value()?));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Node, ConditionError> {
        const SIGNS: [(&str, Sign); 6] = [
            ("==", Sign::Equal),
            ("!=", Sign::Unequal),
            ("<", Sign::Less),
            ("<=", Sign::LessOrEqual),
            (">", Sign::Greater),
            (">=", Sign::GreaterOrEqual),
        ];
        let value = self.value()?;
        if self.takes_name("in") {
            return Ok(Node::In(value, self.texts()?));
        }
        match SIGNS.into_iter().find(|(sign, _)| self.takes_sign(sign)) {
            Some((_, sign)) => Ok(Node::Compare(value, sign, self.text()?)),
            None => Err(self.unexpected("==, !=, <, <=, >, >= or `in`")),
        }
    }

    fn value(&mut self) -> Result<Value, ConditionError> {
        let Some((_, Word::Name(name))) = self.words.first() else {
            return Err(self.unexpected(
                "a path such as MSH-9.1, or `source`, `peer`, `verdict`, `parse_error`, `batch`",
            ));
        };
        let value = match name.as_str() {
            "source" => Value::Source,
            "peer" => Value::Peer,
            "verdict" => Value::Verdict,
            "parse_error" => Value::ParseError,
            "batch" => Value::Batch,
            path => Value::Path(path.parse().map_err(|error| self.error(format!("{error}")))?),
        };
        self.asks_for_refused |= matches!(value, Value::Verdict | Value::ParseError);
        self.words = &self.words[1..];
        Ok(value)
    }

    fn text(&mut self) -> Result<String, ConditionError> {
        let text = match self.words.first() {
            Some((_, Word::Text(text))) => text.clone(),
            Some((_, Word::Name(name))) if matches!(name.as_str(), "true" | "false") => {
                name.clone()
            }
            _ => return Err(self.unexpected("a text in quotation marks, a number, true or false")),
        };
        self.words = &self.words[1..];
        Ok(text)
    }

    fn texts(&mut self) -> Result<Vec<String>, ConditionError> {
        if !self.takes_sign("[") {
            return Err(self.unexpected("a list, as in [\"A01\", \"A04\"]"));
        }
        let mut texts = vec![self.text()?];
        while self.takes_sign(",") {
            texts.push(self.text()?);
        }
        if self.takes_sign("]") { Ok(texts) } else { Err(self.unexpected("`,` or `]`")) }
    }

    fn takes_name(&mut self, name: &str) -> bool {
        let takes = matches!(self.words.first(), Some((_, Word::Name(found))) if found == name);
        self.words = &self.words[usize::from(takes)..];
        takes
    }

    fn takes_sign(&mut self, sign: &str) -> bool {
        let takes = matches!(self.words.first(), Some((_, Word::Sign(found))) if *found == sign);
        self.words = &self.words[usize::from(takes)..];
        takes
    }

    fn error(&self, reason: String) -> ConditionError {
        ConditionError { at: self.words.first().map_or(self.end, |(at, _)| *at), reason }
    }

    fn unexpected(&self, expected: &str) -> ConditionError {
        let found = match self.words.first() {
            None => "the end".to_owned(),
            Some((_, Word::Name(word) | Word::Text(word))) => format!("`{word}`"),
            Some((_, Word::Sign(sign))) => format!("`{sign}`"),
        };
        self.error(format!("found {found}, expected {expected}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: bool) {
        let message = b"MSH|^~\\&|ADT1||||1||ADT^A04|1|P|2.5\rPID|1||7~8|||||F\rOBX|1||||5.50\r";
        let tree = Tree::parse(message).expect("a message");
        let verdict = Verdict::Accepted;
        let subject =
            Subject { tree: Some(&tree), source: "adt", peer: "10.0.0.1", verdict, batch: false };
        let condition = Condition::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(condition.holds(&subject), expected, "{text}");
    }

    #[test]
    fn statement_34_comparisons_and_groups() {
        check("MSH-9.1 == 'ADT'", true);
        check("MSH-9.1 != 'ADT'", false);
        check("MSH-9.2 in ['A01', 'A04']", true);
        check("MSH-9.2 in ['A01']", false);
        check("PID-3[2].1 == '8'", true);
        check("exists PID-3 and not exists PID-5", true);
        check("exists ZPV-1", false);
        check("OBX-5 > 5", true);
        check("OBX-5 >= 5.5", true);
        check("OBX-5 < 40", true);
        check("OBX-5 <= 5.49", false);
        check("PID-8 < 'M'", true);
        check("source == 'adt' and peer == '10.0.0.1'", true);
        check("parse_error == true", false);
        check("batch == true", false);
        check("verdict == 'accepted'", true);
        check("MSH-9.1 == 'X' or MSH-9.1 == 'ADT' and PID-8 == 'F'", true);
        check("(MSH-9.1 == 'X' or MSH-9.1 == 'ADT') and PID-8 == 'M'", false);
        check("not (MSH-9.1 == 'X')", true);
    }

    #[test]
    fn a_message_that_cannot_be_read_has_no_values() {
        let verdict = Verdict::Unreadable;
        let subject = Subject { tree: None, source: "a", peer: "b", verdict, batch: false };
        let holds = |text| Condition::parse(text).expect("a condition").holds(&subject);
        assert!(holds("parse_error == true") && holds("MSH-9 == ''") && !holds("exists MSH-9"));
    }

    #[test]
    fn only_those_that_name_it_are_asked_about_what_was_refused() {
        let asks = |text| Condition::parse(text).expect("a condition").asks_for_refused();
        assert!(asks("parse_error == true") && asks("verdict != 'accepted'"));
        assert!(!asks("source == 'adt'"));
    }

    #[test]
    fn what_is_no_condition_is_said_with_its_place() {
        for (text, at) in [
            ("", 0),
            ("MSH-9", 5),
            ("MSH-9 == ", 9),
            ("MSH-9 == 'A", 9),
            ("MSH-9 = 'A'", 6),
            ("MSH9 == 'A'", 0),
            ("(MSH-9 == 'A'", 13),
            ("MSH-9 in 'A'", 9),
            ("MSH-9 in ['A'", 13),
            ("MSH-9 == 'A' MSH-9", 13),
            ("and", 0),
            ("MSH-9 == 'ä' & ", 14),
        ] {
            let error = Condition::parse(text).expect_err(text);
            assert_eq!(error.at, at, "{text}: {error}");
        }
        assert!(Condition::parse(&"(".repeat(100_000)).is_err());
        assert!(Condition::parse(&"not ".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_a_condition_or_an_error(text in ".{0,60}") {
            let _ = Condition::parse(&text);
        }

        #[test]
        fn any_words_are_a_condition_or_an_error(
            words in prop::collection::vec(
                prop::sample::select(vec!["MSH-9", "==", "'A'", "(", ")", "not", "and", "in", "[", "]", ","]),
                0..20,
            )
        ) {
            let _ = Condition::parse(&words.join(" "));
        }
    }
}
