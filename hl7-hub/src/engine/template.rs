//! A text with values of a message in it.

use hl7_core::{Path, Tree};

/// A text in which paths in braces stand for what a message has there: `Result for {PID-3.1}, {OBX-5} {OBX-6}`. A brace that is
/// meant as such is written twice.
///
/// ```
/// use hl7_core::Tree;
/// use hl7_hub::engine::Template;
///
/// let template = Template::parse("{{{PID-5.2} {PID-5.1}}}")?;
/// let tree = Tree::parse(b"MSH|^~\\&|A\rPID|1||77||EVERYMAN^ADAM\r")?;
/// assert_eq!(template.text(Some(&tree)), "{ADAM EVERYMAN}");
/// assert_eq!(template.text(None), "{ }");
///
/// let error = Template::parse("{PID-5.2").expect_err("a brace is open");
/// assert_eq!((error.at, &*error.reason), (0, "this brace is not closed; a brace by itself is written twice"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(String),
    Value(Path),
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct TemplateError {
    /// Byte of the text.
    pub at: usize,
    /// What is wrong.
    pub reason: String,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// When a brace stands alone, or what is in braces is no path.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let fail = |at, reason: String| Err(TemplateError { at, reason });
        let (mut parts, mut plain) = (Vec::new(), String::new());
        let mut at = 0;
        while let Some(next) = text[at..].chars().next() {
            let rest = &text[at..];
            if rest.starts_with("{{") || rest.starts_with("}}") {
                plain.push(next);
                at += 2;
            } else if let Some(inside) = rest.strip_prefix('{') {
                let Some(length) =
                    inside.find(['{', '}']).filter(|&end| inside[end..].starts_with('}'))
                else {
                    let reason = "this brace is not closed; a brace by itself is written twice";
                    return fail(at, reason.to_owned());
                };
                match inside[..length].trim().parse() {
                    Ok(path) => {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                        parts.push(Part::Value(path));
                    }
                    Err(error) => return fail(at + 1, format!("{error}")),
                }
                at += length + 2;
            } else if next == '}' {
                let reason = "this brace closes nothing; a brace by itself is written twice";
                return fail(at, reason.to_owned());
            } else {
                plain.push(next);
                at += next.len_utf8();
            }
        }
        parts.push(Part::Text(plain));
        Ok(Self { parts })
    }

    /// The text for a message, in which what is not there is empty. Line breaks of values are kept.
    #[must_use]
    pub fn text(&self, message: Option<&Tree>) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Value(path) => {
                    text.push_str(&message.and_then(|tree| tree.get(path)).unwrap_or_default());
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Template;

    #[test]
    fn what_is_no_template_is_said_with_its_place() {
        for (text, at) in [
            ("{", 0),
            ("a {PID-3", 2),
            ("a {PID-3 {PID-5}", 2),
            ("ä } b", 3),
            ("{}", 1),
            ("{PID3}", 1),
            ("{{ {x} }}", 4),
        ] {
            let error = Template::parse(text).expect_err(text);
            assert_eq!(error.at, at, "{text}: {error}");
        }
        for text in ["", "no value", "{{}}", "{PID-3.1}{PID-5[2].1} {OBX[2]-5}"] {
            assert!(Template::parse(text).is_ok(), "{text}");
        }
    }
}
