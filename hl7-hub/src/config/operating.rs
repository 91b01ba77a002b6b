//! How the hub is operated: its API, its log, what it keeps.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tracing::Level;

use super::Source;
use super::section::Section;

/// The HTTP API that commands, the web page and monitoring use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// Where it listens.
    pub listen: SocketAddr,
    /// A file that holds the token; `None` for one in the data folder, made at the first start.
    pub token_file: Option<PathBuf>,
    /// Whether metrics are shown without the token.
    pub open_metrics: bool,
}

/// How long what is not needed any more is kept; `None` for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Content: what came, what was sent, what was answered.
    pub content: Option<Duration>,
    /// Whatever else is known of messages.
    pub metadata: Option<Duration>,
    /// Lines of the audit.
    pub audit: Option<Duration>,
    /// How often the hub looks for what is old enough.
    pub every: Duration,
}

/// What the hub logs, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// What a line looks like.
    pub format: LogFormat,
    /// How much.
    pub level: Level,
    /// The file that lines are added to; `None` for standard error.
    pub file: Option<PathBuf>,
}

/// What a line of the log looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// An object of JSON a line.
    Json,
}

/// Reads the API; `None` where there is none.
pub(super) fn api(section: Section<'_, '_>, folder: &Path) -> Option<Api> {
    let remote = section.flag("allow_remote").unwrap_or(false);
    let listen = section.parsed("listen", |text| {
        let address: SocketAddr = text.parse().map_err(|_| {
            format!("`{text}` is no address; write one with its port, as in 127.0.0.1:2580")
        })?;
        match remote || address.ip().is_loopback() {
            true => Ok(address),
            false => Err(format!(
                "`{text}` can be reached from other machines, over connections that are not encrypted; \
                 write 127.0.0.1, or `allow_remote = true` if that is meant"
            )),
        }
    });
    let token_file = section.text("token_file").map(|file| folder.join(file));
    let open_metrics = section.flag("open_metrics").unwrap_or(false);
    let is_there = section.is_there();
    if is_there && section.get("listen").is_none() {
        section.mistake(section.span.clone(), "", "`listen` is missing: where the API listens");
    }
    section.finish();
    Some(Api { listen: listen.filter(|_| is_there)?, token_file, open_metrics })
}

/// Reads how long what is kept. What a source looks for to know a duplicate is not pruned before.
pub(super) fn keep(section: Section<'_, '_>, sources: &[Source]) -> Keep {
    let keep = Keep {
        content: section.duration("content").flatten(),
        metadata: section.duration("metadata").flatten(),
        audit: section.duration("audit").flatten(),
        every: section.time("every", Duration::from_secs(3_600)),
    };
    let longest = sources.iter().filter_map(|source| Some((source.dedupe?, &source.name))).max();
    let clocks = [("content", keep.content), ("metadata", keep.metadata)];
    if let Some((key, _)) = clocks.iter().find(|(_, clock)| {
        longest.is_some_and(|(dedupe, _)| clock.is_some_and(|clock| clock < dedupe))
    }) {
        let name = longest.map_or("", |(_, name)| name);
        let reason = format!(
            "shorter than `dedupe` of source {name}, which answers duplicates with what is kept"
        );
        section.mistake(section.span.clone(), key, reason);
    }
    // None is for ever.
    let longer = |a: Option<Duration>, b: Option<Duration>| match (a, b) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(a), Some(b)) => a > b,
    };
    if longer(keep.content, keep.metadata) {
        section.mistake(section.span.clone(), "metadata", "shorter than `content`");
    }
    if longer(keep.metadata, keep.audit) {
        section.mistake(section.span.clone(), "audit", "shorter than `metadata`");
    }
    section.finish();
    keep
}

/// Reads how the hub logs.
pub(super) fn log(section: Section<'_, '_>, folder: &Path) -> Log {
    const LEVELS: [(&str, Level); 5] = [
        ("error", Level::ERROR),
        ("warn", Level::WARN),
        ("info", Level::INFO),
        ("debug", Level::DEBUG),
        ("trace", Level::TRACE),
    ];
    let format = match section.word("format", &["text", "json"]) {
        Some(1) => LogFormat::Json,
        _ => LogFormat::Text,
    };
    let level = section.word("level", &LEVELS.map(|(word, _)| word)).and_then(|at| LEVELS.get(at));
    let file = section.text("file").map(|file| folder.join(file));
    section.finish();
    Log { format, level: level.map_or(Level::INFO, |(_, level)| *level), file }
}
