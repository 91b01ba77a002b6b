//! A message that came: how it is judged, where it goes, what it is answered.

use std::borrow::Cow;
use std::sync::Arc;

use hl7_core::ack::{
    AckCode, AckMode, Asked, Fault, Inbound, Kind, Outcome, Owed, Stamp, Supported, acknowledge,
    check_header, judge, owed,
};
use hl7_core::desc::VersionDesc;
use hl7_core::{DecodeOptions, Findings, Header, Path, Rules, Severity, Tree};

use super::Subject;
use super::delivered::Awaited;
use super::keyed::lane_of;
use super::late::late_ack;
use crate::config::{Check, Config, Destination, Source, StoreFailure};
use crate::store::{
    Accepted, DedupeKey, Facts, Incoming, LateAck, NewDelivery, StoreError, Verdict,
};
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

/// Receives the messages of one source.
#[derive(Debug)]
pub struct Reception {
    config: Arc<Config>,
    /// Which of the sources.
    source: usize,
    /// How messages of each version are read, by the policy of the source.
    options: Vec<(&'static VersionDesc, DecodeOptions)>,
}

/// A message that was judged and is on its way to the store. Its acknowledgments are in here until the store has answered.
#[derive(Debug)]
pub struct Exchange {
    replies: Vec<Payload>,
    /// The answer to a message that was not stored, where there is to be one.
    not_stored: Vec<Payload>,
    /// Whether whoever sends this is better met by silence.
    close: bool,
    /// What is waited for before the rest of the answer.
    awaited: Option<Awaited>,
}

/// What to do on the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What to send, in order.
    pub replies: Vec<Payload>,
    /// Whether to close the connection behind it.
    pub close: bool,
}

impl Exchange {
    /// Whether the connection is closed behind the answer, whatever the store says.
    #[must_use]
    pub fn closes(&self) -> bool {
        self.close
    }

    /// What is waited for, behind what [`answer`](Self::answer) gives, before the rest of the answer.
    #[must_use]
    pub fn awaited(&self) -> Option<&Awaited> {
        self.awaited.as_ref()
    }

    /// What the sender is told, now that the store has answered. No acknowledgment that says "stored" comes from anywhere
    /// else.
    #[must_use]
    pub fn answer(self, stored: &Result<Accepted, StoreError>) -> Answer {
        match stored {
            Ok(Accepted::New { .. }) => Answer { replies: self.replies, close: self.close },
            Ok(Accepted::Duplicate { replies, .. }) => {
                Answer { replies: replies.clone(), close: self.close }
            }
            Err(_) => Answer { close: self.not_stored.is_empty(), replies: self.not_stored },
        }
    }
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

    /// The message as a late acknowledgment of an application to something that was delivered, if it is one.
    #[must_use]
    pub fn late_ack(&self, bytes: &[u8], at: i64) -> Option<LateAck> {
        late_ack(bytes, &self.config, &self.source().acks_of, at)
    }

    /// Judges a message, routes it, makes its acknowledgments.
    #[must_use]
    pub fn receive(&self, bytes: &[u8], peer: &str, moment: &Moment) -> (Incoming, Exchange) {
        match Tree::parse(bytes) {
            Ok(tree) => match Inbound::of_tree(&tree) {
                Some(inbound) => self.readable(&tree, &inbound, peer, moment),
                None => self.unreadable(bytes, peer, moment, Verdict::Unreadable),
            },
            Err(_) => self.unreadable(bytes, peer, moment, Verdict::Unreadable),
        }
    }

    /// The start of a message that is longer than the limit: kept, and rejected as well as its header allows.
    #[must_use]
    pub fn receive_too_long(
        &self,
        start: &[u8],
        peer: &str,
        moment: &Moment,
    ) -> (Incoming, Exchange) {
        let (incoming, exchange) = self.unreadable(start, peer, moment, Verdict::Partial);
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

    fn readable(
        &self,
        tree: &Tree,
        inbound: &Inbound<'_>,
        peer: &str,
        moment: &Moment,
    ) -> (Incoming, Exchange) {
        let header = inbound.header();
        let judged = self.judge(tree, header);
        let facts = facts_of(header, Some(tree));
        let incoming = self.incoming(tree.bytes(), peer, moment.at, judged.verdict, facts);
        let (mut deliveries, routed) = self.route(Some(tree), tree.bytes(), peer, judged.verdict);
        let asked = Asked::by(header);
        let kind = Kind::of(tree);
        let owed_acks = owed(judged.mode, asked, kind, judged.outcome);
        let mut replies = self.replies(inbound, owed_acks, &judged.faults, moment);
        self.divert(owed_acks, &mut replies, &mut deliveries);
        let incoming = Incoming { deliveries, ..incoming };
        let awaited = self.await_delivery(&incoming, owed_acks, &mut replies);
        let not_stored = self.not_stored(inbound, kind, judged.mode, moment);
        let dedupe = Some(()).filter(|()| judged.verdict == Verdict::Accepted);
        let incoming = Incoming {
            dedupe: dedupe.and_then(|()| self.dedupe_key(tree, header, moment.at)),
            replies: replies.clone(),
            decided: match &awaited {
                Some(awaited) => {
                    format!("{routed}; answer behind {}", awaited.destinations.join(", "))
                }
                None => decided(&routed, owed_acks, judged.noted),
            },
            ..incoming
        };
        (incoming, Exchange { replies, not_stored, close: false, awaited })
    }

    /// What is no message: answered as well as its header allows, and, where it has none, not at all.
    fn unreadable(
        &self,
        bytes: &[u8],
        peer: &str,
        moment: &Moment,
        verdict: Verdict,
    ) -> (Incoming, Exchange) {
        let inbound = Inbound::of_broken(bytes);
        let facts = inbound.as_ref().map(|inbound| facts_of(inbound.header(), None));
        let incoming = self.incoming(bytes, peer, moment.at, verdict, facts.unwrap_or_default());
        let (deliveries, routed) = self.route(None, bytes, peer, verdict);
        let mut exchange =
            Exchange { replies: Vec::new(), not_stored: Vec::new(), close: true, awaited: None };
        let mut owed_acks = Owed::NOTHING;
        if let Some(inbound) = &inbound {
            let header = inbound.header();
            let mode = self.source().acks.mode;
            let kind = Kind::of_header(header);
            let faults = check_header(header, &Supported::versions(VERSIONS));
            owed_acks = owed(mode, Asked::by(header), kind, Outcome::Rejected);
            exchange.replies = self.replies(inbound, owed_acks, &faults, moment);
            exchange.not_stored = self.not_stored(inbound, kind, mode, moment);
            exchange.close = false;
        }
        let incoming = Incoming {
            replies: exchange.replies.clone(),
            deliveries,
            decided: decided(&routed, owed_acks, 0),
            ..incoming
        };
        (incoming, exchange)
    }

    fn incoming(
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
            Check::Header => {
                let (outcome, faults) = judge(header, &Findings::default(), &supported);
                (outcome, faults, 0)
            }
            Check::Warn => {
                let findings = self.findings(tree);
                let errors = findings.iter().filter(|found| found.severity == Severity::Error);
                let (outcome, faults) = judge(header, &Findings::default(), &supported);
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

    /// Where a message goes, and which routes say so. What was refused goes where a route asks for it by name.
    fn route(
        &self,
        tree: Option<&Tree>,
        bytes: &[u8],
        peer: &str,
        verdict: Verdict,
    ) -> (Vec<NewDelivery>, String) {
        let source = self.source().name.as_str();
        let subject = Subject { tree, source, peer, verdict };
        let refused = verdict != Verdict::Accepted;
        let is_from = |from: &[String]| from.is_empty() || from.iter().any(|name| name == source);
        let mut taken: Vec<usize> = Vec::new();
        for (number, route) in self.config.routes.iter().enumerate() {
            let takes = match &route.when {
                Some(when) => (!refused || when.asks_for_refused()) && when.holds(&subject),
                None => !refused && !route.default,
            };
            if takes && is_from(&route.from) {
                taken.push(number);
            }
        }
        if taken.is_empty() && !refused {
            let routes = self.config.routes.iter().enumerate();
            let defaults = routes.filter(|(_, route)| route.default && is_from(&route.from));
            taken.extend(defaults.map(|(number, _)| number));
        }
        let mut names: Vec<&str> = Vec::new();
        for name in taken.iter().flat_map(|&number| &self.config.routes[number].to) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        let numbers: Vec<_> = taken.iter().map(|number| (number + 1).to_string()).collect();
        let routed = match numbers.as_slice() {
            [] => "no route".to_owned(),
            numbers => format!("route {} to {}", numbers.join(", "), names.join(", ")),
        };
        let deliveries = names.into_iter().map(|name| self.delivery(name, tree, bytes)).collect();
        (deliveries, routed)
    }

    /// A delivery with the header that its destination wants.
    fn delivery(&self, name: &str, tree: Option<&Tree>, bytes: &[u8]) -> NewDelivery {
        let changed = |destination: &Destination| destination.set.apply(bytes);
        let destination = self.config.destination(name);
        let outgoing = destination.and_then(changed);
        let outgoing = outgoing.filter(|outgoing| outgoing != bytes).map(Payload::from);
        let lane = destination.map_or(0, |destination| lane_of(tree, &destination.lanes));
        NewDelivery { destination: name.to_owned(), outgoing, lane }
    }

    /// Takes the application acknowledgment behind an accept acknowledgment to the destination that it is to go to.
    fn divert(
        &self,
        owed_acks: Owed,
        replies: &mut Vec<Payload>,
        deliveries: &mut Vec<NewDelivery>,
    ) {
        let Some(destination) = &self.source().acks.application_to else { return };
        if let Owed::Acks { accept: Some(_), application: Some(_) } = owed_acks
            && let Some(application) = replies.pop()
        {
            let outgoing = Some(application);
            deliveries.push(NewDelivery { destination: destination.clone(), outgoing, lane: 0 });
        }
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
            let text = if success { &acks.success } else { &acks.failure };
            return vec![Payload::from(text.as_bytes())];
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
        if self.source().on_store_failure == StoreFailure::Close {
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
