//! Where messages go.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hl7_core::ack::{HeaderOverrides, ReplyRules};

use super::http::{HttpOut, http_out};
use super::section::Section;
use super::source::{Framed, address, framed, header_field, keepalive};
use super::tls::{Secured, TlsSections};
use crate::engine::{Backoff, Template};
use crate::store::DeliveryId;

/// How far a lane goes ahead of the store, unless something else is said.
const WINDOW: usize = 16;

/// A destination.
#[derive(Debug)]
pub struct Destination {
    /// Its name.
    pub name: String,
    /// How it is reached.
    pub port: Port,
    /// How what goes there waits for others, to go with them in a batch; `None` for each by itself.
    pub batch: Option<BatchOut>,
    /// What its replies mean.
    pub replies: ReplyRules,
    /// When to try again.
    pub backoff: Backoff,
    /// Attempts without an answer until a delivery is given up; `None` for never.
    pub lost_attempts: Option<u32>,
    /// How its queue is divided.
    pub lanes: Lanes,
    /// Whether a message that would be given up holds up those behind it.
    pub hold: bool,
    /// How long the application's acknowledgment is waited for, behind one that only says "stored".
    pub application: Option<Duration>,
    /// Whether a message is sent again whose application does not acknowledge it in time; else it is given up.
    pub application_retry: bool,
    /// Most deliveries between the commit that says that they begin and the one that says how they ended.
    pub window: usize,
    /// The destination that gets what this one does not take in the end.
    pub backup: Option<String>,
    /// What its headers say instead.
    pub set: HeaderOverrides,
    /// The text that it gets about a message, instead of the message.
    pub text: Option<Template>,
    pub(super) backup_span: Option<(String, Range<usize>)>,
}

/// How the queue of a destination is divided: messages with the same key are sent in order, others side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lanes {
    /// How many lanes there are.
    pub count: usize,
    /// What decides about the lane of a message; `None` for a single lane.
    pub key: Option<hl7_core::Path>,
}

impl Default for Lanes {
    fn default() -> Self {
        Self { count: 1, key: None }
    }
}

impl Lanes {
    /// In a few words, to tell whether it is another than before.
    #[must_use]
    pub fn layout(&self) -> String {
        match &self.key {
            Some(key) => format!("{} by {key}", self.count),
            None => "one".to_owned(),
        }
    }
}

/// How a destination is reached.
#[derive(Debug)]
pub enum Port {
    /// Over MLLP.
    Mllp(MllpOut),
    /// As files in a folder.
    File(FileOut),
    /// Over HTTP.
    Http(HttpOut),
}

/// An MLLP destination.
#[derive(Debug, Clone)]
pub struct MllpOut {
    /// Host and port.
    pub address: String,
    /// How the connection is secured; `None` for a plain one.
    pub secured: Option<Secured>,
    /// After which silence the system asks the peer whether it is still there; `None` for never.
    pub keepalive: Option<Duration>,
    /// Most connections at once to the address, over all destinations that have it: the least that one of them says. `None`
    /// for as many as there are destinations.
    pub max_connections: Option<usize>,
    /// What frames look like.
    pub framed: Framed,
    /// Whether it answers with commit blocks of MLLP Release 2.
    pub commits: Commits,
    /// For the connection to be there.
    pub connect_timeout: Duration,
    /// For the reply to come; then the connection is closed, so that a late one is not taken for another message's.
    pub ack_timeout: Duration,
}

/// What commit blocks of MLLP Release 2 mean. One that says "not stored" always means that it is to be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commits {
    /// Nothing.
    Off,
    /// That an acknowledgment follows.
    Before,
    /// That the message is delivered: no acknowledgment follows.
    Only,
}

/// A folder.
#[derive(Debug, Clone)]
pub struct FileOut {
    /// The folder. It is made if it is not there.
    pub folder: PathBuf,
    /// What names of files start with.
    pub prefix: String,
    /// What they end with, behind a dot.
    pub extension: String,
}

impl FileOut {
    /// The file of a delivery: sorted by name files stand in order, and one that is written again replaces itself.
    #[must_use]
    pub fn file_name(&self, delivery: DeliveryId) -> String {
        format!("{}{:012}.{}", self.prefix, delivery.0, self.extension)
    }
}

/// When a batch goes, and what its headers say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchOut {
    /// Most messages in one.
    pub count: usize,
    /// The longest that the first of them waits; `None` for as long as it takes.
    pub every: Option<Duration>,
    /// Most bytes of messages in one.
    pub size: u64,
    /// FHS-9 and BHS-9.
    pub name: String,
    /// FHS-3 and BHS-3.
    pub sender: String,
    /// FHS-5 and BHS-5.
    pub receiver: String,
}

/// Most messages in a batch, whether it is made or taken: each needs memory beside its bytes until it is stored, and the
/// shortest is a few bytes long.
pub(crate) const MOST_MESSAGES: usize = 50_000;

/// Reads a destination; `None` where it has no port, which is a mistake.
pub(super) fn read(
    name: String,
    section: Section<'_, '_>,
    folder: &Path,
    hub: &str,
    tls: &TlsSections,
) -> Option<Destination> {
    let (mllp, file, http) =
        (section.section("mllp"), section.section("file"), section.section("http"));
    let text = text(&section);
    let batch = [&mllp, &file].into_iter().find_map(|port| batch_out(port, hub, &name));
    if batch.is_some() && text.is_some() {
        let reason = "a text cannot be in a batch; leave out one of `batch` and `text`";
        section.mistake(section.span.clone(), "text", reason);
    }
    let port = match (mllp.is_there(), file.is_there(), http.is_there()) {
        (true, false, false) => mllp_out(&mllp, tls).map(Port::Mllp),
        (false, true, false) => {
            file_out(&file, folder, batch.as_ref(), text.is_some()).map(Port::File)
        }
        (false, false, true) => http_out(&http, text.is_some(), tls).map(Port::Http),
        (mllp, file, http) => {
            let which = if mllp || file || http { "only one of" } else { "either" };
            section.mistake(
                section.span.clone(),
                "",
                format!("a destination has {which} `mllp`, `file` or `http`"),
            );
            None
        }
    };
    mllp.finish();
    file.finish();
    http.finish();
    let replies = replies(&section);
    let (backoff, lost_attempts) = backoff(section.section("retry"));
    let set = overrides(section.section("set"));
    let backup_span = section.text_at("backup").map(|(to, span)| (to.to_owned(), span));
    let backup = backup_span.as_ref().map(|(to, _)| to.clone());
    if let Some((_, span)) = backup_span.clone().filter(|(to, _)| *to == name) {
        section.mistake(span, "backup", "a destination cannot be its own backup");
    }
    let lanes = lanes(section.section("lanes"));
    if lanes.count > 1 && batch.is_some() {
        let reason = "what goes in batches goes in one lane; leave out one of `batch` and `lanes`";
        section.mistake(section.span.clone(), "lanes", reason);
    }
    let hold = section.word("on_refusal", &["pass", "hold"]) == Some(1);
    if let Some((_, span)) = backup_span.clone().filter(|_| hold) {
        let reason = "what a destination refuses is held, or goes to its backup, not both";
        section.mistake(span, "backup", reason);
    }
    let application = section.duration("app_ack_timeout").flatten();
    let application_retry = section.word("on_app_ack_timeout", &["give-up", "retry"]) == Some(1);
    let window = section.number("window", 1, 1_000).map_or(WINDOW, |number| number as usize);
    section.finish();
    Some(Destination {
        lanes,
        hold,
        application,
        application_retry,
        window,
        name,
        port: port?,
        batch,
        replies,
        backoff,
        lost_attempts,
        backup,
        set,
        text,
        backup_span,
    })
}

fn lanes(section: Section<'_, '_>) -> Lanes {
    let count = section.number("n", 1, 64).map_or(1, |number| number as usize);
    let key = section.parsed("key", |text| {
        text.parse::<hl7_core::Path>().map_err(|error| format!("`{text}` is no path: {error}"))
    });
    if count > 1 && section.get("key").is_none() {
        let reason = "several lanes need a `key`, as \"PID-3.1\": messages with the same one keep their order";
        section.mistake(section.span.clone(), "", reason);
    }
    section.finish();
    if count > 1 { Lanes { count, key } } else { Lanes::default() }
}

fn mllp_out(mllp: &Section<'_, '_>, tls: &TlsSections) -> Option<MllpOut> {
    let framed = framed(mllp);
    let connect_timeout = mllp.time("connect_timeout", Duration::from_secs(10));
    let ack_timeout = mllp.time("ack_timeout", Duration::from_secs(30));
    let commits = match mllp.word("commits", &["off", "before", "only"]) {
        Some(1) => Commits::Before,
        Some(2) => Commits::Only,
        _ => Commits::Off,
    };
    let to = mllp.parsed("connect", address);
    if mllp.get("connect").is_none() {
        mllp.mistake(mllp.span.clone(), "", "`connect` is missing: the host:port to send to");
    }
    let keepalive = keepalive(mllp);
    let max_connections = mllp.number("max_connections", 1, 10_000).map(|most| most as usize);
    let secured = tls.for_call(mllp, to.as_deref().unwrap_or_default());
    to.map(|address| MllpOut {
        address,
        secured,
        keepalive,
        max_connections,
        framed,
        commits,
        connect_timeout,
        ack_timeout,
    })
}

fn file_out(
    file: &Section<'_, '_>,
    folder: &Path,
    batch: Option<&BatchOut>,
    is_text: bool,
) -> Option<FileOut> {
    let to = file.text("folder");
    if file.get("folder").is_none() {
        file.mistake(file.span.clone(), "", "`folder` is missing: where the files go");
    }
    let name = batch.map(|batch| batch.name.as_str()).filter(|name| !name.is_empty());
    let prefix = name.map_or_else(String::new, |name| format!("{name}-"));
    let extension = file.parsed("extension", |extension| match is_file_name(extension) {
        true => Ok(extension.to_owned()),
        false => Err(format!("`{extension}` cannot end the name of a file; write hl7 or txt")),
    });
    let extension = extension.unwrap_or_else(|| if is_text { "txt" } else { "hl7" }.to_owned());
    to.map(|to| FileOut { folder: folder.join(to), prefix, extension })
}

/// The text that a destination gets about a message.
fn text(section: &Section<'_, '_>) -> Option<Template> {
    let (text, span) = section.text_at("text")?;
    if section.get("set").is_some() {
        let reason = "a text has no header; leave out one of `set` and `text`";
        section.mistake(span.clone(), "text", reason);
    }
    Template::parse(text)
        .map_err(|error| {
            // Behind the quotation mark; escapes in the text move it by a character or two.
            let at = (span.start + 1 + error.at).min(span.end);
            section.mistake(at..span.end, "text", error.reason);
        })
        .ok()
}

/// When batches go to a port; `None` where each message goes by itself.
fn batch_out(port: &Section<'_, '_>, hub: &str, destination: &str) -> Option<BatchOut> {
    let batch = port.section("batch");
    if !batch.is_there() {
        return None;
    }
    let most = MOST_MESSAGES as u64;
    let (name, sender, receiver) =
        (batch.text_at("name"), batch.text("sender"), batch.text("receiver"));
    if let Some((name, span)) = &name
        && !is_file_name(name)
    {
        let reason = "a name of letters, digits, `_`, `-` and `.`, as files are called by it";
        batch.mistake(span.clone(), "name", format!("found `{name}`, expected {reason}"));
    }
    let out = BatchOut {
        count: batch.number("count", 1, most).map_or(MOST_MESSAGES, |count| count as usize),
        every: batch.duration("every").flatten(),
        size: batch.size("size").unwrap_or(16 << 20),
        name: name.map_or_else(String::new, |(name, _)| name.to_owned()),
        sender: sender.unwrap_or(hub).to_owned(),
        receiver: receiver.unwrap_or(destination).to_owned(),
    };
    batch.finish();
    Some(out)
}

fn is_file_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    name.bytes().all(fits) && !name.starts_with('.') && !name.is_empty()
}

fn replies(section: &Section<'_, '_>) -> ReplyRules {
    const PRESETS: &[&str] = &["hl7", "biztalk", "mirth"];
    let preset = section.word("replies", PRESETS).and_then(|at| PRESETS.get(at));
    let rules = preset.and_then(|name| ReplyRules::preset(name)).unwrap_or_else(ReplyRules::hl7);
    let accepted = section.texts("accepted_codes").unwrap_or_default();
    let accepted: Vec<_> = accepted.into_iter().map(|(code, _)| code).collect();
    let bytes = |key| section.text(key).map(|text| text.as_bytes().to_vec());
    ReplyRules {
        success_text: bytes("success_text"),
        failure_text: bytes("failure_text"),
        ..rules.accepting(&accepted)
    }
}

fn backoff(retry: Section<'_, '_>) -> (Backoff, Option<u32>) {
    let default = Backoff::default();
    let backoff = Backoff {
        first: retry.time("first", default.first),
        most: retry.time("most", default.most),
        jitter: retry.fraction("jitter").unwrap_or(default.jitter),
        attempts: retry.number("attempts", 1, 1_000_000).map_or(default.attempts, |n| n as u32),
    };
    if backoff.most < backoff.first {
        retry.mistake(retry.span.clone(), "", "`most` is shorter than `first`");
    }
    let lost_attempts = retry.number("lost_attempts", 1, 1_000_000).map(|number| number as u32);
    retry.finish();
    (backoff, lost_attempts)
}

/// Fields of the header, as `set = { "MSH-5" = "LAB" }`.
pub(super) fn overrides(set: Section<'_, '_>) -> HeaderOverrides {
    let mut overrides = HeaderOverrides::default();
    for (key, span, value) in set.entries() {
        let outcome = match value.get_ref().as_str() {
            Some(text) => header_field(&mut overrides, key, text),
            None => Err("expected a text".to_owned()),
        };
        if let Err(reason) = outcome {
            set.mistake(span, key, reason);
        }
    }
    overrides
}
