//! What somebody is to be told of.

use std::ops::Range;
use std::time::Duration;

use super::section::Section;

/// Something that is not as it should be, by a name of the site's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Its name.
    pub name: String,
    /// What is looked at.
    pub rule: AlertRule,
    /// Where the names stand that it uses.
    pub(super) uses: Option<(String, Range<usize>)>,
}

/// When an alert is raised; it is over when that does not hold any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertRule {
    /// A destination has not got a message for so long.
    Oldest(String, Duration),
    /// More than so many messages are queued for a destination.
    Queued(String, u64),
    /// More than so many messages are dead at a destination.
    Dead(String, u64),
    /// A source has sent nothing for so long.
    Silent(String, Duration),
}

impl AlertRule {
    /// Whether it is about a source.
    pub(super) fn is_of_source(&self) -> bool {
        matches!(self, Self::Silent(..))
    }
}

/// Reads an alert; `None` where it has no rule, which is a mistake.
pub(super) fn read(name: String, section: Section<'_, '_>) -> Option<Alert> {
    const KINDS: [&str; 4] = ["oldest", "queued", "dead", "silent"];
    let parts = KINDS.map(|kind| (kind, section.section(kind)));
    let given = parts.iter().filter(|(_, part)| part.is_there()).count();
    if given != 1 {
        let reason = format!("an alert has one of {}", KINDS.join(", "));
        section.mistake(section.span.clone(), "", reason);
    }
    let mut alert = None;
    for (kind, part) in parts {
        if part.is_there() {
            let whose = if kind == "silent" { "source" } else { "destination" };
            let of = part.text_at(whose).map(|(of, span)| (of.to_owned(), span));
            if of.is_none() && part.get(whose).is_none() {
                part.mistake(part.span.clone(), "", format!("`{whose}` is missing"));
            }
            if part.get("over").is_none() {
                part.mistake(
                    part.span.clone(),
                    "",
                    "`over` is missing: from where on it is too much",
                );
            }
            let rule = of.as_ref().and_then(|(of, _)| rule(kind, of.clone(), &part));
            alert = rule.map(|rule| Alert { name: name.clone(), rule, uses: of });
        }
        part.finish();
    }
    section.finish();
    alert.filter(|_| given == 1)
}

fn rule(kind: &str, of: String, part: &Section<'_, '_>) -> Option<AlertRule> {
    let count = || part.number("over", 0, 1_000_000_000);
    let time = || part.duration("over").flatten();
    match kind {
        "oldest" => Some(AlertRule::Oldest(of, time()?)),
        "silent" => Some(AlertRule::Silent(of, time()?)),
        "queued" => Some(AlertRule::Queued(of, count()?)),
        _ => Some(AlertRule::Dead(of, count()?)),
    }
}
