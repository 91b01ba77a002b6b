//! A message that came: how it is judged, where it goes, what it is answered.

use std::borrow::Cow;
use std::sync::Arc;

use hl7_core::ack::{
    AckCode, AckMode, Asked, ErrorCode, Fault, Inbound, Kind, Outcome, Owed, Stamp, Supported,
    acknowledge, check_header, judge, owed,
};
use hl7_core::desc::VersionDesc;
use hl7_core::{DecodeOptions, Findings, Header, Path, Rules, Severity, Tree};

use super::exchange::Exchange;
use crate::config::{Check, Config, Source, StoreFailure};
use crate::store::{DedupeKey, Facts, Incoming, Verdict};
use crate::versions::VERSIONS;
use crate::{Digest, Payload};

/// What makes one moment unlike others; the caller has the clock and the counter.
#[derive(Debug, Clone)]
pub struct Moment {
    /// Milliseconds since 1970.
    pub at: i64,
    /// The same as HL7 writes it.
    pub time: String,
    /// The control id of an acknowledgment.
    pub control_id: String,
}

impl Moment {
    /// The moment of one of several messages that came in one frame.
    pub(super) fn part(&self, number: u32) -> Self {
        Self { control_id: format!("{}.{number}", self.control_id), ..self.clone() }
    }
}

/// Receives the messages of one source.
#[derive(Debug)]
pub struct Reception {
    pub(super) config: Arc<Config>,
    /// Which of the sources.
    source: usize,
    /// How messages of each version are read, by the policy of the source.
    options: Vec<(&'static VersionDesc, DecodeOptions)>,
}

/// How a message was judged.
struct Judged {
    verdict: Verdict,
    outcome: Outcome,
    mode: AckMode,
    faults: Vec<Fault>,
    /// What was found and did not matter.
    noted: usize,
}

impl Judged {
    /// The same in a batch that is refused as a whole.
    fn sunk(self) -> Self {
        if self.verdict != Verdict::Accepted {
            return self;
        }
        let fault =
            Fault::new(ErrorCode::Internal).saying("another message of its batch is refused");
        Self { verdict: Verdict::Rejected, outcome: Outcome::Refused, faults: vec![fault], ..self }
    }
}

/// A message that was judged, with its acknowledgments.
pub(super) struct Assessed {
    /// The message, if it is one.
    tree: Option<Tree>,
    pub(super) verdict: Verdict,
    facts: Facts,
    dedupe: Option<DedupeKey>,
    pub(super) owed_acks: Owed,
    pub(super) replies: Vec<Payload>,
    pub(super) not_stored: Vec<Payload>,
    close: bool,
    noted: usize,
}

impl Assessed {
    /// The same without an answer of its own.
    pub(super) fn unanswered(self) -> Self {
        let (replies, not_stored) = (Vec::new(), Vec::new());
        Self { owed_acks: Owed::NOTHING, replies, not_stored, ..self }
    }
}

impl Reception {
    /// For a source by its place in the configuration; `None` where there is none.
    #[must_use]
    pub fn new(config: Arc<Config>, source: usize) -> Option<Self> {
        let of_version = |version: &&'static VersionDesc| {
            let all =
                DecodeOptions { rules: Rules::ALL, versions: VERSIONS, ..DecodeOptions::default() };
            let policy = config.sources.get(source)?.policy.as_ref();
            let options = policy.map_or(all.clone(), |policy| policy.apply(all, version));
            Some((*version, options))
        };
        let options = VERSIONS.iter().map(of_version).collect::<Option<_>>()?;
        Some(Self { config, source, options })
    }

    /// The source.
    #[must_use]
    pub fn source(&self) -> &Source {
        // `new` has looked.
        &self.config.sources[self.source]
    }

    /// Judges a message, routes it, makes its acknowledgments.
    #[must_use]
    pub fn receive(&self, bytes: &[u8], peer: &str, moment: &Moment) -> (Incoming, Exchange) {
        let assessed = self.assess(bytes, moment, false);
        let owed_acks = assessed.owed_acks;
        let (mut incoming, mut exchange) = self.routed(bytes, peer, moment.at, assessed);
        self.await_delivery(&mut incoming, &mut exchange, owed_acks);
        (incoming, exchange)
    }

    /// The start of a message that is longer than the limit: kept, and rejected as well as its header allows.
    #[must_use]
    pub fn receive_too_long(
        &self,
        start: &[u8],
        peer: &str,
        moment: &Moment,
    ) -> (Incoming, Exchange) {
        let assessed = self.assess_broken(start, moment, Verdict::Partial);
        let (incoming, exchange) = self.routed(start, peer, moment.at, assessed);
        let decided = format!("longer than the limit; {}", incoming.decided);
        (Incoming { decided, ..incoming }, exchange)
    }

    /// A frame that was broken off: kept as it came, answered by nothing.
    #[must_use]
    pub fn receive_partial(&self, bytes: &[u8], peer: &str, reason: &str, at: i64) -> Incoming {
        let facts = Header::of(bytes).map(|header| facts_of(&header, None)).unwrap_or_default();
        let incoming = self.incoming(bytes, peer, at, Verdict::Partial, facts);
        let (deliveries, routed) = self.route(None, bytes, peer, Verdict::Partial);
        Incoming { deliveries, decided: format!("{reason}; {routed}; no answer"), ..incoming }
    }

    /// A message that somebody edited, or that is to be routed anew: judged and routed as if it came now, or to destinations
    /// that are named. It is answered by nothing, since its sender has had an answer, and known as no duplicate.
    #[must_use]
    pub fn receive_again(&self, bytes: &[u8], to: &[String], peer: &str, at: i64) -> Incoming {
        let moment = Moment { at, time: String::new(), control_id: String::new() };
        let Assessed { tree, verdict, facts, .. } = self.assess(bytes, &moment, false);
        let (deliveries, routed) = match to {
            [] => self.route(tree.as_ref(), bytes, peer, verdict),
            named => {
                let delivery = |name: &String| self.delivery(name, tree.as_ref(), bytes);
                let deliveries = named.iter().map(delivery).collect();
                (deliveries, format!("by hand to {}", named.join(", ")))
            }
        };
        let decided = format!("{verdict}; {routed}");
        Incoming { deliveries, decided, ..self.incoming(bytes, peer, at, verdict, facts) }
    }

    /// Judges a message and makes its acknowledgments. `sunk` says that the batch that it stays in is refused.
    pub(super) fn assess(&self, bytes: &[u8], moment: &Moment, sunk: bool) -> Assessed {
        let Ok(tree) = Tree::parse(bytes) else {
            return self.assess_broken(bytes, moment, Verdict::Unreadable);
        };
        let Some(inbound) = Inbound::of_tree(&tree) else {
            return self.assess_broken(bytes, moment, Verdict::Unreadable);
        };
        let header = inbound.header();
        let judged = self.judge(&tree, header);
        let judged = if sunk { judged.sunk() } else { judged };
        let kind = Kind::of(&tree);
        let owed_acks = owed(judged.mode, Asked::by(header), kind, judged.outcome);
        let accepted = judged.verdict == Verdict::Accepted;
        Assessed {
            verdict: judged.verdict,
            facts: facts_of(header, Some(&tree)),
            dedupe: self.dedupe_key(&tree, header, moment.at).filter(|_| accepted),
            owed_acks,
            replies: self.replies(&inbound, owed_acks, &judged.faults, moment),
            not_stored: self.not_stored(&inbound, kind, judged.mode, moment),
            close: false,
            noted: judged.noted,
            tree: Some(tree),
        }
    }

    /// What is no message: answered as well as its header allows, and, where it has none, not at all.
    fn assess_broken(&self, bytes: &[u8], moment: &Moment, verdict: Verdict) -> Assessed {
        let nothing = Assessed {
            tree: None,
            verdict,
            facts: Facts::default(),
            dedupe: None,
            owed_acks: Owed::NOTHING,
            replies: Vec::new(),
            not_stored: Vec::new(),
            close: true,
            noted: 0,
        };
        let Some(inbound) = Inbound::of_broken(bytes) else { return nothing };
        let header = inbound.header();
        let mode = self.source().acks.mode;
        let kind = Kind::of_header(header);
        let faults = check_header(header, &Supported::versions(VERSIONS));
        let owed_acks = owed(mode, Asked::by(header), kind, Outcome::Rejected);
        Assessed {
            facts: facts_of(header, None),
            owed_acks,
            replies: self.replies(&inbound, owed_acks, &faults, moment),
            not_stored: self.not_stored(&inbound, kind, mode, moment),
            close: false,
            ..nothing
        }
    }

    /// What was assessed, with where it goes.
    pub(super) fn routed(
        &self,
        bytes: &[u8],
        peer: &str,
        at: i64,
        assessed: Assessed,
    ) -> (Incoming, Exchange) {
        let Assessed { verdict, owed_acks, mut replies, .. } = assessed;
        let (mut deliveries, routed) = self.route(assessed.tree.as_ref(), bytes, peer, verdict);
        self.divert(owed_acks, &mut replies, &mut deliveries);
        let by_routes = self.send_by_routes(peer, &mut replies, &mut deliveries);
        let incoming = Incoming {
            dedupe: assessed.dedupe,
            replies: replies.clone(),
            deliveries,
            decided: decided(&routed, owed_acks, assessed.noted) + &by_routes,
            ..self.incoming(bytes, peer, at, verdict, assessed.facts)
        };
        let Assessed { not_stored, close, .. } = assessed;
        (incoming, Exchange { replies, not_stored, close, awaited: None })
    }

    pub(super) fn incoming(
        &self,
        bytes: &[u8],
        peer: &str,
        at: i64,
        verdict: Verdict,
        facts: Facts,
    ) -> Incoming {
        Incoming {
            at,
            source: self.source().name.clone(),
            peer: peer.to_owned(),
            facts,
            verdict,
            payload: Payload::from(bytes),
            dedupe: None,
            replies: Vec::new(),
            deliveries: Vec::new(),
            decided: String::new(),
        }
    }

    fn judge(&self, tree: &Tree, header: &Header<'_>) -> Judged {
        let source = self.source();
        let accepted = Judged {
            verdict: Verdict::Accepted,
            outcome: Outcome::Accepted,
            mode: source.acks.mode,
            faults: Vec::new(),
            noted: 0,
        };
        let sender = header.component(3, 1).trim_ascii();
        let known = &source.senders;
        if !known.is_empty() && !known.iter().any(|known| known.as_bytes() == sender) {
            let mode = AckMode::Unknown { reject: source.acks.reject_unknown };
            let (verdict, outcome) = (Verdict::Rejected, Outcome::Refused);
            return Judged { verdict, outcome, mode, ..accepted };
        }
        let supported = Supported::versions(VERSIONS);
        let (outcome, faults, noted) = match source.check {
            Check::Off => return accepted,
            Check::Header => judge_header(header, &supported),
            Check::Warn => {
                let findings = self.findings(tree);
                let errors = findings.iter().filter(|found| found.severity == Severity::Error);
                let (outcome, faults, _) = judge_header(header, &supported);
                (outcome, faults, errors.count())
            }
            Check::Reject => {
                let (outcome, faults) = judge(header, &self.findings(tree), &supported);
                (outcome, faults, 0)
            }
        };
        let verdict = match outcome {
            Outcome::Accepted => Verdict::Accepted,
            Outcome::Error => Verdict::Error,
            Outcome::Refused | Outcome::Rejected | Outcome::NotStored => Verdict::Rejected,
        };
        Judged { verdict, outcome, faults, noted, ..accepted }
    }

    fn findings(&self, tree: &Tree) -> Findings {
        let agreed = self.source().policy.as_ref().and_then(|policy| policy.version());
        let version = agreed.or_else(|| tree.version(VERSIONS));
        let of_version = self
            .options
            .iter()
            .find(|(known, _)| version.is_some_and(|version| std::ptr::eq(*known, version)));
        let Some((version, options)) = of_version.or(self.options.last()) else {
            return Findings::default();
        };
        match tree.structure(version) {
            Some(structure) => tree.check(structure, options),
            None => tree.check_segments(version, options),
        }
    }

    /// The text for success or failure, in the static mode.
    pub(super) fn fixed_text(&self, success: bool) -> Option<Payload> {
        let acks = &self.source().acks;
        let text = if success { &acks.success } else { &acks.failure };
        (acks.mode == AckMode::Static).then(|| Payload::from(text.as_bytes()))
    }

    pub(super) fn replies(
        &self,
        inbound: &Inbound<'_>,
        owed_acks: Owed,
        faults: &[Fault],
        moment: &Moment,
    ) -> Vec<Payload> {
        let acks = &self.source().acks;
        if let Owed::Text { success } = owed_acks {
            return self.fixed_text(success).into_iter().collect();
        }
        let build = |(number, code): (u32, AckCode)| {
            let control_id = match number {
                1 => Cow::Borrowed(moment.control_id.as_str()),
                number => Cow::Owned(format!("{}-{number}", moment.control_id)),
            };
            let stamp = Stamp { control_id: &control_id, time: &moment.time };
            let faults = if code.is_positive() { &[][..] } else { faults };
            Payload::from(acknowledge(inbound, code, faults, stamp, &acks.settings))
        };
        (1..).zip(owed_acks.codes()).map(build).collect()
    }

    /// The answer to a message that cannot be stored, where its source wants one.
    fn not_stored(
        &self,
        inbound: &Inbound<'_>,
        kind: Kind,
        mode: AckMode,
        moment: &Moment,
    ) -> Vec<Payload> {
        // What is not stored has no way but the connection, and over that none is wanted.
        let silent = self.source().acks.by_routes;
        if silent || self.source().on_store_failure == StoreFailure::Close {
            return Vec::new();
        }
        let owed_acks = owed(mode, Asked::by(inbound.header()), kind, Outcome::NotStored);
        self.replies(inbound, owed_acks, &[], moment)
    }

    fn dedupe_key(&self, tree: &Tree, header: &Header<'_>, at: i64) -> Option<DedupeKey> {
        let window = self.source().dedupe?;
        let control_id = header.field(10);
        if control_id.is_empty() {
            return None;
        }
        let time = tree.segments().next()?.field(7).map(|field| field.range());
        let (before, behind) = match time {
            Some(time) => (tree.bytes().get(..time.start)?, tree.bytes().get(time.end..)?),
            None => (tree.bytes(), &[][..]),
        };
        Some(DedupeKey {
            sender: [header.field(3), header.field(4)].join(&header.delimiters().field),
            control_id: control_id.to_vec(),
            content: Digest::of_parts([before, behind]),
            since: at.saturating_sub(i64::try_from(window.as_millis()).unwrap_or(i64::MAX)),
        })
    }
}

/// What the header alone comes to, and how many errors in it do not matter: a message without a control id is no less a
/// message, only not known when it comes again.
fn judge_header(header: &Header<'_>, supported: &Supported<'_>) -> (Outcome, Vec<Fault>, usize) {
    match judge(header, &Findings::default(), supported) {
        (Outcome::Error, faults) => (Outcome::Accepted, Vec::new(), faults.len()),
        (outcome, faults) => (outcome, faults, 0),
    }
}

/// What was decided, for the audit.
fn decided(routed: &str, owed_acks: Owed, noted: usize) -> String {
    let answer = match owed_acks {
        Owed::Text { success: true } => "the text for success".to_owned(),
        Owed::Text { success: false } => "the text for failure".to_owned(),
        Owed::Acks { .. } => {
            let codes: Vec<_> = owed_acks.codes().map(|code| code.code()).collect();
            if codes.is_empty() { "nothing".to_owned() } else { codes.join(" and ") }
        }
    };
    let noted = match noted {
        0 => String::new(),
        count => format!("; {count} errors noted"),
    };
    format!("{routed}; answer {answer}{noted}")
}

fn facts_of(header: &Header<'_>, tree: Option<&Tree>) -> Facts {
    let text = |seq| header.text(seq).into_owned();
    let path = Path::of_segment("PID").map(|path| path.with_field(3).with_component(1));
    let patient = path.ok().and_then(|path| tree?.get(&path).map(Cow::into_owned));
    Facts {
        control_id: text(10),
        message_type: text(9),
        sending_application: text(3),
        sending_facility: text(4),
        receiving_application: text(5),
        receiving_facility: text(6),
        version: text(12),
        patient_id: patient.unwrap_or_default(),
    }
}
