//! The configuration: one TOML file, read as a whole, every mistake said with its line and column.
//!
//! ```
//! use hl7_hub::config::Config;
//!
//! let text = "[source.adt]\nmllp = { listn = \"127.0.0.1:2575\" }\n";
//! let errors = Config::parse(text, std::path::Path::new(".")).expect_err("a key is misspelt");
//! assert_eq!(
//!     errors.list()[1].to_string(),
//!     "line 2, column 10: source.adt.mllp: there is no key `listn` here; did you mean `listen`?"
//! );
//! ```

mod alert;
mod changes;
mod destination;
mod http;
mod mistake;
mod operating;
mod route;
mod section;
mod source;
#[cfg(test)]
mod tests;
mod tls;
mod units;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::DeTable;

use crate::Digest;
use crate::tls::Tls;

pub use alert::{Alert, AlertRule};
pub use changes::Changes;
pub(crate) use destination::MOST_MESSAGES;
pub use destination::{BatchOut, Commits, Destination, FileOut, Lanes, MllpOut, Port};
pub use http::HttpOut;
pub use mistake::{ConfigError, ConfigErrors};
pub use operating::{Api, Keep, Log, LogFormat};
pub use route::Route;
pub use source::{
    Acks, BatchAcks, Batches, Check, Delivered, Framed, Link, Source, StoreFailure, Timers,
};
pub use tls::Secured;

use changes::{Parts, parts};
use mistake::{Mistake, located, suggestion};
use section::{Notes, Section};
use tls::TlsSections;

/// The example that `hl7-hub init` writes: every key with what it does.
pub const EXAMPLE: &str = include_str!("example.toml");

/// What a hub does.
#[derive(Debug)]
pub struct Config {
    /// The file that it was read from, to be read again; `None` where it is from a text.
    pub file: Option<PathBuf>,
    /// What it calls itself.
    pub name: String,
    /// Where its store is.
    pub data: PathBuf,
    /// The most bytes of the store.
    pub store_limit: Option<u64>,
    /// The most bytes of messages, of all connections together, that are held before they are complete. What is over it is
    /// not read until there is room, but for one message; the first 16 KiB of each do not count.
    pub buffer_limit: usize,
    /// How long what is under way may take when the hub is asked to stop.
    pub shutdown: Duration,
    /// The HTTP API, if there is one.
    pub api: Option<Api>,
    /// What is logged.
    pub log: Log,
    /// How long what is not needed any more is kept.
    pub keep: Keep,
    /// What somebody is to be told of.
    pub alerts: Vec<Alert>,
    /// Where messages come from.
    pub sources: Vec<Source>,
    /// Where messages go.
    pub destinations: Vec<Destination>,
    /// Which go where.
    pub routes: Vec<Route>,
    parts: Parts,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("{path}: cannot be read: {error}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// There are mistakes in it.
    #[error("{path}:\n{errors}")]
    Wrong {
        /// The file.
        path: String,
        /// The mistakes.
        errors: ConfigErrors,
    },
}

impl Config {
    /// Reads a file. Paths in it are relative to its folder.
    ///
    /// # Errors
    /// When it cannot be read, or has mistakes.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        let named = path.display().to_string();
        let text = fs::read_to_string(path)
            .map_err(|error| LoadError::Unreadable { path: named.clone(), error })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let config = Self::parse(&text, folder)
            .map_err(|errors| LoadError::Wrong { path: named, errors })?;
        Ok(Self { file: Some(path.to_owned()), ..config })
    }

    /// Reads a text. Paths in it are relative to a folder.
    ///
    /// # Errors
    /// All mistakes, in the order of the file.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, ConfigErrors> {
        let (root, mut errors) = DeTable::parse_recoverable(text);
        errors.sort_by_key(|error| error.span().map(|span| span.start));
        // What is never closed makes mistakes of all that follows.
        let open = errors.iter().position(|error| error.message().starts_with("unclosed"));
        let told = |at: usize| open.is_none_or(|open| at == 0 || at == open);
        let broken: Vec<_> = errors
            .iter()
            .enumerate()
            .filter(|(at, _)| told(*at))
            .map(|(_, error)| Mistake {
                span: error.span().unwrap_or(0..0),
                place: String::new(),
                reason: format!("this is no TOML: {}", error.message()),
            })
            .collect();
        if !broken.is_empty() {
            return Err(located(text, broken));
        }
        let notes = Notes::default();
        let mut config =
            Self::read(Section::new(root.get_ref(), String::new(), 0..0, &notes), folder);
        config.parts = parts(root.get_ref(), &notes.files.into_inner());
        match notes.mistakes.into_inner() {
            none if none.is_empty() => Ok(config),
            mistakes => Err(located(text, mistakes)),
        }
    }

    fn read(root: Section<'_, '_>, folder: &Path) -> Self {
        let hub = root.section("hub");
        let tls = TlsSections::read(&root, folder);
        let mut sources = Vec::new();
        for (name, section) in root.named("source") {
            sources.extend(source::read(name, section, folder, &tls));
        }
        let mut config = Self {
            file: None,
            name: hub.text("name").unwrap_or("hub").to_owned(),
            data: folder.join(hub.text("data").unwrap_or("data")),
            store_limit: hub.size("store_limit"),
            buffer_limit: hub
                .size("buffer_limit")
                .and_then(|limit| usize::try_from(limit).ok())
                .unwrap_or(256 << 20),
            shutdown: hub.time("shutdown", Duration::from_secs(10)),
            api: operating::api(root.section("api"), folder),
            log: operating::log(root.section("log"), folder),
            keep: operating::keep(root.section("keep"), &sources),
            alerts: Vec::new(),
            sources,
            destinations: Vec::new(),
            routes: Vec::new(),
            parts: Parts::new(),
        };
        hub.finish();
        let hub_name = config.name.clone();
        for (name, section) in root.named("destination") {
            let read = destination::read(name, section, folder, &hub_name, &tls);
            config.destinations.extend(read);
        }
        for (name, section) in root.named("alert") {
            config.alerts.extend(alert::read(name, section));
        }
        config.routes = root.list("route").into_iter().map(route::read).collect();
        config.check_names(&root);
        config.share_addresses();
        check_listeners(&root);
        root.finish();
        config
    }

    /// What one destination says of how many connections its address takes holds for all that have it.
    fn share_addresses(&mut self) {
        let of_mllp = |destination: &Destination| match &destination.port {
            Port::Mllp(mllp) => Some((mllp.address.clone(), mllp.max_connections?)),
            Port::Http(_) | Port::File(_) => None,
        };
        let said: Vec<_> = self.destinations.iter().filter_map(of_mllp).collect();
        for destination in &mut self.destinations {
            let Port::Mllp(mllp) = &mut destination.port else { continue };
            let same = said.iter().filter(|(address, _)| *address == mllp.address);
            mllp.max_connections = same.map(|(_, most)| *most).min();
        }
    }

    /// Every name that a route or source uses is one that there is.
    fn check_names(&mut self, root: &Section<'_, '_>) {
        // Names of sections that have mistakes of their own are known all the same.
        let names =
            |key| -> Vec<String> { root.named(key).into_iter().map(|(name, _)| name).collect() };
        let (sources, destinations) = (names("source"), names("destination"));
        let check = |uses: &[(String, std::ops::Range<usize>)], known: &[String], what: &str| {
            for (name, span) in uses {
                if !known.contains(name) {
                    let near = suggestion(name, known.iter().map(String::as_str));
                    let reason = format!("there is no {what} `{name}`{near}");
                    root.mistake(span.clone(), "", reason);
                }
            }
        };
        for route in &mut self.routes {
            check(&std::mem::take(&mut route.from_spans), &sources, "source");
            check(&std::mem::take(&mut route.to_spans), &destinations, "destination");
        }
        for destination in &self.destinations {
            check(destination.backup_span.as_slice(), &destinations, "destination");
        }
        for source in &self.sources {
            check(source.acks.destination_span.as_slice(), &destinations, "destination");
            check(&source.acks_of_spans, &destinations, "destination");
            check(&source.acks.delivered_spans, &destinations, "destination");
            let gathers = |(name, _): &&(String, _)| {
                self.destination(name).is_some_and(|destination| destination.batch.is_some())
            };
            for (_, span) in source.acks.delivered_spans.iter().filter(gathers) {
                let place = format!("source.{}.ack.wait_for", source.name);
                let reason = "nobody can be kept waiting for this destination: with `batch`, messages wait there for others";
                root.mistake(span.clone(), &place, reason);
            }
        }
        for alert in &self.alerts {
            match alert.rule.is_of_source() {
                true => check(alert.uses.as_slice(), &sources, "source"),
                false => check(alert.uses.as_slice(), &destinations, "destination"),
            }
        }
        if sources.is_empty() {
            root.mistake(
                0..0,
                "",
                "there is no source; a hub needs one at least, as `[source.NAME]`",
            );
        }
    }

    /// What is different in a configuration that came later.
    #[must_use]
    pub fn changes(&self, later: &Self) -> Changes {
        let mut changes = Changes::between(&self.parts, &later.parts);
        if self.data != later.data {
            changes.at_restart.push("hub.data".to_owned());
        }
        for (key, differs) in [("api", self.api != later.api), ("log", self.log != later.log)] {
            if differs {
                changes.at_restart.push(key.to_owned());
            }
        }
        changes
    }

    /// What a destination is set up by: two configurations that say the same of it have the same. `None` where there is no
    /// destination with that name.
    pub(crate) fn settings_of_destination(&self, name: &str) -> Option<Digest> {
        let destination = self.destination(name)?;
        // What stands elsewhere in the file and holds for this one too: batches come from the hub by its name.
        let sender = destination.batch.as_ref().map_or("", |batch| batch.sender.as_str());
        let part = self.parts.get(&format!("destination.{name}"))?;
        let part = Digest::of_parts([&part.0[..], sender.as_bytes()]);
        match &destination.port {
            Port::Mllp(mllp) => {
                let most = mllp.max_connections.unwrap_or_default().to_be_bytes();
                let secured = mllp.secured.as_ref().map(|secured| secured.tls.stamp());
                let secured = secured.as_ref().map(|stamp| &stamp.0[..]);
                Some(Digest::of_parts([&part.0[..], &most, secured.unwrap_or_default()]))
            }
            Port::Http(http) => Some(Digest::of_parts([&part.0[..], &http.stamp().0])),
            Port::File(_) => Some(part),
        }
    }

    /// The sections of TLS that are in use, each with who uses it.
    pub(crate) fn secured(&self) -> impl Iterator<Item = (&str, &Tls)> {
        let sources = self.sources.iter().filter_map(|source| {
            let tls = match &source.link {
                Link::Listen(_) => source.tls.as_deref(),
                Link::Dial { secured, .. } => secured.as_ref().map(|secured| &*secured.tls),
            };
            tls.map(|tls| (source.name.as_str(), tls))
        });
        let destinations = self.destinations.iter().filter_map(|destination| {
            let secured = match &destination.port {
                Port::Mllp(mllp) => mllp.secured.as_ref(),
                Port::Http(http) => http.secured.as_ref(),
                Port::File(_) => None,
            };
            secured.map(|secured| (destination.name.as_str(), &*secured.tls))
        });
        sources.chain(destinations)
    }

    /// The source with a name.
    #[must_use]
    pub fn source(&self, name: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.name == name)
    }

    /// The destination with a name.
    #[must_use]
    pub fn destination(&self, name: &str) -> Option<&Destination> {
        self.destinations.iter().find(|destination| destination.name == name)
    }
}

/// No two sources listen on one address; but for port 0, which is another port each time.
fn check_listeners(root: &Section<'_, '_>) {
    let mut taken: Vec<(&str, String)> = Vec::new();
    for (name, section) in root.named("source") {
        let Some((address, span)) = section.text_below(["mllp", "listen"]) else { continue };
        match taken.iter().find(|(known, _)| *known == address && !address.ends_with(":0")) {
            Some((_, other)) => {
                let reason = format!("source `{other}` listens on {address} already");
                section.mistake(span, "mllp.listen", reason);
            }
            None => taken.push((address, name)),
        }
    }
}
