//! Which messages go where.

use std::ops::Range;

use super::section::Section;
use crate::engine::Condition;

/// A rule: what comes from here and is like this goes there.
#[derive(Debug)]
pub struct Route {
    /// The sources that it is for; empty for all.
    pub from: Vec<String>,
    /// What must hold.
    pub when: Option<Condition>,
    /// Where the messages go.
    pub to: Vec<String>,
    /// Whether it is only for messages that no other route takes.
    pub default: bool,
    pub(super) from_spans: Vec<(String, Range<usize>)>,
    pub(super) to_spans: Vec<(String, Range<usize>)>,
}

/// Reads a route.
pub(super) fn read(section: Section<'_, '_>) -> Route {
    let named = |key| -> Vec<(String, Range<usize>)> {
        let texts = section.texts(key).unwrap_or_default();
        texts.into_iter().map(|(text, span)| (text.to_owned(), span)).collect()
    };
    let (from, to) = (named("from"), named("to"));
    if to.is_empty() {
        section.mistake(section.span.clone(), "to", "a route needs a destination at least");
    }
    let when = section.text_at("when").and_then(|(text, span)| {
        Condition::parse(text)
            .map_err(|error| {
                // Behind the quotation mark; escapes in the text move it by a character or two.
                let at = (span.start + 1 + error.at).min(span.end);
                section.mistake(at..span.end, "when", error.reason);
            })
            .ok()
    });
    let default = section.flag("default").unwrap_or(false);
    if default && when.is_some() {
        let reason = "a default route takes what no other takes; it cannot have `when` too";
        section.mistake(section.span.clone(), "", reason);
    }
    section.finish();
    let names =
        |spans: &[(String, Range<usize>)]| spans.iter().map(|(name, _)| name.clone()).collect();
    Route { from: names(&from), when, to: names(&to), default, from_spans: from, to_spans: to }
}
