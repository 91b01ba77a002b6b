//! Where messages come from.

use std::net::IpAddr;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hl7_core::ack::{AckMode, AckSettings, AckType, Condition, HeaderOverrides};
use hl7_core::batch::WhichAcks;
use hl7_core::policy::Policy;
use hl7_mllp::{DecoderOptions, Encoder, Framing};
use ipnet::IpNet;

use super::destination::overrides;
use super::section::{NamedFile, Section};
use super::suggestion;
use super::tls::{Secured, TlsSections};
use crate::tls::Tls;
use crate::versions::VERSIONS;

/// A source.
#[derive(Debug)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// How it is reached.
    pub link: Link,
    /// What connections that it makes to us are secured by; `None` for plain ones.
    pub tls: Option<Arc<Tls>>,
    /// After which silence the system asks a peer whether it is still there; `None` for never.
    pub keepalive: Option<Duration>,
    /// What frames look like, both ways.
    pub framed: Framed,
    /// Whether each message is answered by a commit block of MLLP Release 2 too, before its acknowledgment.
    pub commits: bool,
    /// How long what may take.
    pub timers: Timers,
    /// Most connections at once.
    pub max_connections: usize,
    /// Most connections at once from one address.
    pub max_per_peer: usize,
    /// The addresses that may connect; empty for all.
    pub allow: Vec<IpNet>,
    /// MSH-3.1 of those who may send; empty for all.
    pub senders: Vec<String>,
    /// The destinations whose applications acknowledge through this source; empty for all that wait for one.
    pub acks_of: Vec<String>,
    pub(super) acks_of_spans: Vec<(String, Range<usize>)>,
    /// How messages are acknowledged.
    pub acks: Acks,
    /// What becomes of a message that is not as it should be.
    pub check: Check,
    /// What is agreed with the partner.
    pub policy: Option<Policy>,
    /// What becomes of a frame with a batch in it.
    pub batches: Batches,
    /// How long a message is remembered, so that the same one is not delivered twice; `None` for not at all.
    pub dedupe: Option<Duration>,
    /// What becomes of the connection when the store fails.
    pub on_store_failure: StoreFailure,
}

impl Source {
    /// Whether an address may connect.
    #[must_use]
    pub fn allows(&self, address: IpAddr) -> bool {
        self.allow.is_empty() || self.allow.iter().any(|network| network.contains(&address))
    }
}

/// How a source is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// It connects to this address of ours.
    Listen(String),
    /// We connect to this address of its, and receive.
    Dial {
        /// Host and port.
        address: String,
        /// The longest pause between two attempts.
        retry: Duration,
        /// How the connection is secured; `None` for a plain one.
        secured: Option<Secured>,
    },
}

/// What frames look like.
#[derive(Debug, Clone, Copy)]
pub struct Framed {
    /// How they are read.
    pub decoder: DecoderOptions,
    /// How they are written.
    pub encoder: Encoder,
}

/// How long what may take.
#[derive(Debug, Clone, Copy)]
pub struct Timers {
    /// From the start of a frame to its end: a peer that sends a byte now and then does not hold a connection for ever.
    pub frame: Duration,
    /// Without a frame; `None` for as long as the connection stays.
    pub idle: Option<Duration>,
    /// For the peer to take an acknowledgment.
    pub write: Duration,
}

/// How messages of a source are acknowledged.
#[derive(Debug)]
pub struct Acks {
    /// By which mode.
    pub mode: AckMode,
    /// What they look like.
    pub settings: AckSettings,
    /// The fixed text for success, in the static mode.
    pub success: String,
    /// The fixed text for failure.
    pub failure: String,
    /// The destination that application acknowledgments go to behind an accept acknowledgment; `None` for back over the
    /// same connection.
    pub application_to: Option<String>,
    /// Whether acknowledgments go where the routes say, as if they were messages, and none comes back over the connection.
    pub by_routes: bool,
    /// Whether a message of an unknown sender is rejected; else it is met by silence. It is kept in both cases.
    pub reject_unknown: bool,
    /// Whose answers are waited for before the application acknowledgment; `None` for nobody's: it says that the message is
    /// stored.
    pub delivered: Option<Delivered>,
    pub(super) delivered_spans: Vec<(String, Range<usize>)>,
    /// How the messages of a batch are answered.
    pub batch: BatchAcks,
    pub(super) destination_span: Option<(String, Range<usize>)>,
}

/// Whose answers a sender waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The destinations.
    pub by: Vec<String>,
    /// Whether the sender gets the very reply of the destination, as for a query; else an acknowledgment with its code.
    pub response: bool,
    /// How long; then the connection is closed without an answer, and the message stays queued.
    pub limit: Duration,
}

/// What becomes of a message that is not as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Nothing is looked at.
    Off,
    /// A message whose MSH-9, MSH-11 or MSH-12 is not supported is refused.
    Header,
    /// As that; errors behind the header are noted, and the message goes on.
    Warn,
    /// Errors refuse the message.
    Reject,
}

/// What becomes of a frame with a batch in it: with FHS, BHS, BTS or FTS, or with several messages one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batches {
    /// A frame is one message, whatever stands in it.
    Off,
    /// Each message is one of its own: judged, routed and answered by its own header.
    Split,
    /// It stays a batch and goes out as one.
    Whole {
        /// Whether a message that is refused is set aside and the others go on; else it refuses its batch.
        set_aside: bool,
    },
}

/// How the messages of a batch are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchAcks {
    /// Each acknowledgment is a frame.
    Each,
    /// By one batch of acknowledgments.
    Batch(WhichAcks),
}

/// What becomes of a connection when its message cannot be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreFailure {
    /// It is closed without an answer: whoever gets none sends again.
    Close,
    /// The message is answered as not stored.
    Nak,
}

/// Reads a source; `None` where it has no link, which is a mistake.
pub(super) fn read(
    name: String,
    section: Section<'_, '_>,
    folder: &Path,
    tls: &TlsSections,
) -> Option<Source> {
    let mllp = section.section("mllp");
    let retry = mllp.time("connect_retry", Duration::from_secs(20));
    let dial = mllp.parsed("connect", address).map(|address| {
        let secured = tls.for_call(&mllp, &address);
        Link::Dial { address, retry, secured }
    });
    let listen = mllp.parsed("listen", address).map(Link::Listen);
    let tls = listen.as_ref().and_then(|_| tls.for_listener(&mllp));
    // Known also where the address is wrong.
    let _ = mllp.get("tls");
    let link = match (listen, dial) {
        (Some(link), None) | (None, Some(link)) => Some(link),
        (None, None) if mllp.get("listen").or(mllp.get("connect")).is_some() => None,
        (found, _) => {
            let which = if found.is_some() { "only one of" } else { "either" };
            mllp.mistake(
                mllp.span.clone(),
                "",
                format!("a source has {which} `listen` or `connect`"),
            );
            None
        }
    };
    let framed = framed(&mllp);
    let timers = Timers {
        frame: mllp.time("frame_timeout", Duration::from_secs(30)),
        idle: mllp.duration("idle_timeout").flatten(),
        write: mllp.time("write_timeout", Duration::from_secs(10)),
    };
    let commits = mllp.flag("commits").unwrap_or(false);
    let keepalive = keepalive(&mllp);
    let max_connections = mllp.number("max_connections", 1, 10_000).unwrap_or(64) as usize;
    let max_per_peer = mllp.number("max_per_peer", 1, 10_000).unwrap_or(8) as usize;
    mllp.finish();
    let acks_of = section.texts("acks_of").unwrap_or_default();
    let acks_of: Vec<_> = acks_of.into_iter().map(|(name, at)| (name.to_owned(), at)).collect();
    let batches = batches(&section);
    let source = Source {
        tls,
        keepalive,
        batches,
        framed,
        commits,
        timers,
        max_connections,
        max_per_peer,
        allow: allowed(&section),
        senders: senders(&section),
        acks_of: acks_of.iter().map(|(name, _)| name.clone()).collect(),
        acks_of_spans: acks_of,
        acks: acks(section.section("ack"), batches),
        check: match section.word("check", &["off", "header", "warn", "reject"]) {
            Some(0) => Check::Off,
            Some(2) => Check::Warn,
            Some(3) => Check::Reject,
            _ => Check::Header,
        },
        policy: policy(&section, folder),
        dedupe: section.duration("dedupe").unwrap_or(Some(Duration::from_secs(7 * 86_400))),
        on_store_failure: match section.word("on_store_failure", &["close", "nak"]) {
            Some(1) => StoreFailure::Nak,
            _ => StoreFailure::Close,
        },
        name,
        link: link.clone().unwrap_or(Link::Listen(String::new())),
    };
    section.finish();
    link.map(|_| source)
}

/// After which silence a peer is asked whether it is still there.
pub(super) fn keepalive(mllp: &Section<'_, '_>) -> Option<Duration> {
    mllp.duration("keepalive").unwrap_or(Some(Duration::from_secs(60)))
}

/// A host and a port.
pub(super) fn address(text: &str) -> Result<String, String> {
    let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    match port.and_then(|(_, port)| port.parse::<u16>().ok()) {
        Some(_) => Ok(text.to_owned()),
        None => Err(format!("`{text}` is no address; write host:port, as in 127.0.0.1:2575")),
    }
}

/// Marks, limit and tolerance.
pub(super) fn framed(mllp: &Section<'_, '_>) -> Framed {
    let byte = |key, default| mllp.number(key, 0, 255).unwrap_or(default) as u8;
    let (start, end) = (byte("start", 0x0b), byte("end", 0x1c));
    let trailer = mllp.number("trailer", 0, 255).map(|byte| byte as u8);
    let without = mllp.flag("no_trailer").unwrap_or(false);
    let trailer = if without { Vec::new() } else { vec![trailer.unwrap_or(0x0d)] };
    let framing = Framing::new(start, end, &trailer).unwrap_or_else(|error| {
        mllp.mistake(mllp.span.clone(), "", format!("these marks cannot be used: {error}"));
        Framing::MLLP
    });
    let strict = DecoderOptions::STRICT;
    let limit = mllp.size("frame_limit").and_then(|limit| usize::try_from(limit).ok());
    Framed {
        decoder: DecoderOptions {
            framing,
            limit: limit.unwrap_or(32 << 20),
            missing_start: mllp.flag("missing_start").unwrap_or(strict.missing_start),
            missing_trailer: mllp.flag("missing_trailer").unwrap_or(strict.missing_trailer),
            start_inside: strict.start_inside,
        },
        encoder: Encoder { framing, ..Encoder::default() },
    }
}

fn allowed(section: &Section<'_, '_>) -> Vec<IpNet> {
    let mut allowed = Vec::new();
    for (text, span) in whom(section, "allow") {
        let network = text.parse::<IpNet>().or_else(|_| text.parse().map(|ip: IpAddr| ip.into()));
        match network {
            Ok(network) => allowed.push(network),
            Err(_) => section.mistake(
                span,
                "allow",
                format!("`{text}` is no address range; write 10.1.2.0/24 or 10.1.2.3"),
            ),
        }
    }
    allowed
}

/// A list of who may do something. One that names nobody would mean everybody, which nobody means.
fn whom<'t>(section: &Section<'t, '_>, key: &'static str) -> Vec<(&'t str, Range<usize>)> {
    let named = section.texts(key);
    if named.as_ref().is_some_and(Vec::is_empty) {
        section.mistake(
            section.span.clone(),
            key,
            "the list is empty; leave the key out to let in everybody",
        );
    }
    named.unwrap_or_default()
}

fn senders(section: &Section<'_, '_>) -> Vec<String> {
    let senders = whom(section, "senders");
    senders.into_iter().map(|(text, _)| text.to_owned()).collect()
}

fn policy(section: &Section<'_, '_>, folder: &Path) -> Option<Policy> {
    let NamedFile { path, bytes, span } = section.file("policy", folder)?;
    let Ok(text) = String::from_utf8(bytes) else {
        section.mistake(span, "policy", format!("{path}: this is no text in UTF-8"));
        return None;
    };
    Policy::parse(&text, VERSIONS)
        .map_err(|errors| {
            for error in errors.list() {
                section.mistake(span.clone(), "policy", format!("{path}: {error}"));
            }
        })
        .ok()
}

fn batches(section: &Section<'_, '_>) -> Batches {
    let word = section.word("batches", &["off", "split", "whole"]);
    let set_aside = section.flag("set_aside");
    if set_aside == Some(true) && word != Some(2) {
        let reason = "only a batch that stays whole has messages that are set aside; write \
                      batches = \"whole\", or leave this out";
        section.mistake(section.span.clone(), "set_aside", reason);
    }
    match word {
        Some(1) => Batches::Split,
        Some(2) => Batches::Whole { set_aside: set_aside.unwrap_or(false) },
        _ => Batches::Off,
    }
}

fn acks(ack: Section<'_, '_>, batches: Batches) -> Acks {
    const MODES: &[&str] = &["original", "enhanced", "deferred", "static", "none"];
    let condition = |key| {
        let codes = Condition::ALL.map(Condition::code);
        ack.word(key, &codes).and_then(|at| Condition::ALL.get(at).copied())
    };
    let (accept, application) = (condition("accept"), condition("application"));
    let mode = match ack.word("mode", MODES) {
        Some(1) => AckMode::Enhanced {
            accept: accept.unwrap_or(Condition::Always),
            application: application.unwrap_or(Condition::Always),
        },
        Some(2) => AckMode::Deferred,
        Some(3) => AckMode::Static,
        Some(4) => AckMode::None,
        _ => AckMode::Original,
    };
    let text = |key| ack.text(key).map(str::to_owned);
    let (success, failure) = (text("success"), text("failure"));
    if mode == AckMode::Static && (success.is_none() || failure.is_none()) {
        ack.mistake(ack.span.clone(), "", "the static mode needs `success` and `failure`");
    }
    let settings = AckSettings {
        ack_type: match ack.word("type", &["version", "code", "event", "structure"]) {
            Some(1) => AckType::Code,
            Some(2) => AckType::Event,
            Some(3) => AckType::Structure,
            _ => AckType::ByVersion,
        },
        overrides: overrides(ack.section("set")),
        ask_accept: condition("ask_accept"),
        help_desk: text("help_desk"),
        deferred: mode == AckMode::Deferred,
        ..AckSettings::default()
    };
    let to = ack.text_at("application_to");
    let (delivered, delivered_spans) = delivered(&ack);
    let by_routes = ack.flag("by_routes").unwrap_or(false);
    if let Some((_, span)) = to.clone().filter(|_| by_routes) {
        let reason =
            "acknowledgments go by the routes; leave out one of `application_to` and `by_routes`";
        ack.mistake(span, "application_to", reason);
    }
    let acks = Acks {
        by_routes,
        mode,
        settings,
        success: success.unwrap_or_default(),
        failure: failure.unwrap_or_default(),
        application_to: to.as_ref().map(|(name, _)| (*name).to_owned()),
        reject_unknown: match ack.word("unknown_sender", &["silence", "reject"]) {
            Some(at) => at == 1,
            None => true,
        },
        delivered,
        delivered_spans,
        batch: match ack.word("batch", &["each", "all", "negative"]) {
            Some(0) => BatchAcks::Each,
            Some(1) => BatchAcks::Batch(WhichAcks::All),
            Some(2) => BatchAcks::Batch(WhichAcks::Negative),
            // As it came, so it is answered.
            _ if matches!(batches, Batches::Whole { .. }) => BatchAcks::Batch(WhichAcks::All),
            _ => BatchAcks::Each,
        },
        destination_span: to.map(|(name, span)| (name.to_owned(), span)),
    };
    ack.finish();
    acks
}

fn delivered(ack: &Section<'_, '_>) -> (Option<Delivered>, Vec<(String, Range<usize>)>) {
    let waits = ack.word("when", &["stored", "delivered"]) == Some(1);
    let by = ack.texts("wait_for").unwrap_or_default();
    let spans: Vec<_> = by.into_iter().map(|(name, span)| (name.to_owned(), span)).collect();
    let by: Vec<_> = spans.iter().map(|(name, _)| name.clone()).collect();
    let response = ack.word("answer", &["code", "response"]) == Some(1);
    let limit = ack.time("wait", Duration::from_secs(30));
    let mistake = |reason: &str| ack.mistake(ack.span.clone(), "", reason);
    match (waits, by.len()) {
        (true, 0) => mistake(
            "`when = \"delivered\"` needs `wait_for`: the destinations that are to have answered",
        ),
        (true, 2..) if response => {
            mistake("a response can come from one destination only: name one in `wait_for`")
        }
        (true, _) if ack.get("application_to").is_some() => {
            mistake(
                "an answer that waits for a destination goes back; `application_to` means nothing with it",
            );
        }
        (false, 1..) => mistake("`wait_for` means nothing without `when = \"delivered\"`"),
        _ => {}
    }
    (waits.then_some(Delivered { by, response, limit }), spans)
}

/// Which fields a header override may name, as `MSH-5`.
pub(super) fn header_field(
    overrides: &mut HeaderOverrides,
    key: &str,
    value: &str,
) -> Result<(), String> {
    let field = key.strip_prefix("MSH-").and_then(|number| number.parse().ok());
    let field = field.ok_or_else(|| {
        let near = suggestion(key, ["MSH-3", "MSH-5", "MSH-9"]);
        format!("`{key}` is no field of the header; write MSH-3 to MSH-30{near}")
    })?;
    overrides.set(field, value).map_err(|error| error.to_string())
}
