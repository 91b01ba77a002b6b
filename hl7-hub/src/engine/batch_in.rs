//! A frame that came, which may hold a batch: into its messages, or on as a whole.

use std::ops::Range;

use hl7_core::ack::AckCode;
use hl7_core::batch::{AckBatch, BatchHeader};
use hl7_core::{Header, Tree};

use super::envelope::{Envelope, rewritten};
use super::{Answer, Exchange, Moment, Reception, Subject, reply};
use crate::config::{BatchAcks, Batches};
use crate::store::{
    Accepted, AcceptedBatch, DedupeKey, Facts, Incoming, IncomingBatch, Member, NewDelivery,
    StoreError, Verdict,
};
use crate::{Digest, Payload};

/// Messages that are named by their numbers; further ones are counted.
const NAMED: usize = 10;

/// A frame that was judged and is on its way to the store.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "it is taken apart at once")]
pub enum Received {
    /// It is one message.
    Message(Incoming, Exchange),
    /// It is a batch.
    Batch(IncomingBatch, BatchExchange),
}

/// A batch on its way to the store, with the acknowledgments of its messages.
#[derive(Debug)]
pub struct BatchExchange {
    answers: Answers,
    /// How they go back.
    bundle: Bundle,
    findings: String,
}

/// Whose acknowledgments count.
#[derive(Debug)]
enum Answers {
    /// The batch's: it is one thing to the store.
    OfBatch(Exchange),
    /// Those of its messages, each of which may have come before.
    OfMessages(Vec<Exchange>),
}

impl BatchExchange {
    /// What is wrong with headers, trailers and counts, without content; empty where nothing is.
    #[must_use]
    pub fn findings(&self) -> &str {
        self.findings.trim_start_matches("; ")
    }

    /// What the sender is told, now that the store has answered. See [`Exchange::answer`].
    #[must_use]
    pub fn answer(self, stored: &Result<AcceptedBatch, StoreError>) -> Answer {
        let of = |accepted: Option<&Accepted>| match (stored, accepted) {
            (Ok(_), Some(accepted)) => Ok(accepted.clone()),
            (Ok(_), None) => Err(StoreError::Unknown("message of the batch")),
            (Err(error), _) => Err(error.clone()),
        };
        match self.answers {
            Answers::OfBatch(exchange) => {
                exchange.answer(&of(stored.as_ref().ok().map(|stored| &stored.batch)))
            }
            Answers::OfMessages(exchanges) => {
                let messages = stored.as_ref().map_or(&[][..], |stored| &stored.messages);
                let mut replies = Vec::new();
                for (number, exchange) in exchanges.into_iter().enumerate() {
                    replies.extend(exchange.answer(&of(messages.get(number))).replies);
                }
                let close = stored.is_err() && replies.is_empty();
                Answer { replies: self.bundle.of(replies), close }
            }
        }
    }
}

/// How acknowledgments of a batch go back.
#[derive(Debug, Clone)]
struct Bundle {
    acks: BatchAcks,
    header: BatchHeader,
}

impl Bundle {
    fn of(&self, replies: Vec<Payload>) -> Vec<Payload> {
        match self.acks {
            BatchAcks::Each => replies,
            // Nobody asked for any: silence, not a batch that says that all is well.
            BatchAcks::Batch(_) if replies.is_empty() => replies,
            BatchAcks::Batch(which) => {
                let bundle = || {
                    let mut batch = AckBatch::begin(Vec::new(), which, &self.header)?;
                    for reply in &replies {
                        batch.ack(code_of(reply), reply.bytes())?;
                    }
                    batch.finish()
                };
                // What is no acknowledgment, a fixed text, cannot be in a batch.
                bundle().map_or_else(|_| replies.clone(), |batch| vec![Payload::from(batch)])
            }
        }
    }
}

/// What an acknowledgment of ours says; of a text without a code it does not matter.
fn code_of(reply: &Payload) -> AckCode {
    let tree = Tree::parse(reply.bytes()).ok();
    tree.as_ref().and_then(reply::code).unwrap_or(AckCode::Ar)
}

/// A message of a batch that stays whole.
struct Part {
    verdict: Verdict,
    replies: Vec<Payload>,
    /// Its application acknowledgment, where that goes by another way.
    diverted: Option<Payload>,
    not_stored: Vec<Payload>,
}

/// What becomes of a batch that stays whole.
struct Fate {
    verdict: Verdict,
    /// The messages that were refused, by their places.
    bad: Vec<usize>,
}

impl Fate {
    /// Bad messages refuse their batch, unless they are set aside and others are left.
    fn of(parts: &[Part], set_aside: bool) -> Self {
        let of_part = |at: &usize| parts[*at].verdict;
        let is_bad = |at: &usize| of_part(at) != Verdict::Accepted;
        let bad: Vec<usize> = (0..parts.len()).filter(is_bad).collect();
        let verdict = if bad.is_empty() || set_aside && bad.len() < parts.len() {
            Verdict::Accepted
        } else if bad.iter().all(|at| of_part(at) == Verdict::Rejected) {
            Verdict::Rejected
        } else {
            Verdict::Error
        };
        Self { verdict, bad }
    }

    fn is_refused(&self) -> bool {
        self.verdict != Verdict::Accepted
    }

    /// What the batch goes on without.
    fn set_aside(&self) -> &[usize] {
        if self.is_refused() { &[] } else { &self.bad }
    }

    fn in_words(&self) -> String {
        let named = numbers(&self.bad);
        match (self.is_refused(), self.bad.is_empty()) {
            (true, _) => format!("is refused for {named}"),
            (false, true) => "as a whole".to_owned(),
            (false, false) => format!("without {named}, set aside"),
        }
    }
}

impl Reception {
    /// Judges what a frame holds: a message, or, where the source takes batches, a batch. Whatever it holds, the store gets
    /// every byte of it.
    #[must_use]
    pub fn receive_frame(&self, frame: &[u8], peer: &str, moment: &Moment) -> Received {
        let message = || self.receive(frame, peer, moment);
        let batches = self.source().batches;
        if batches == Batches::Off {
            let (incoming, exchange) = message();
            let decided = match Header::of(frame).map(|header| header.id()) {
                Some("FHS" | "BHS") if incoming.verdict == Verdict::Unreadable => {
                    format!("a batch, and `batches` is off; {}", incoming.decided)
                }
                _ => incoming.decided,
            };
            return Received::Message(Incoming { decided, ..incoming }, exchange);
        }
        let envelope = Envelope::of(frame);
        if !envelope.is_batch() {
            let (incoming, exchange) = message();
            return Received::Message(incoming, exchange);
        }
        let batch = Batch { reception: self, frame, envelope: &envelope, peer, moment };
        match batches {
            _ if envelope.is_too_long => batch.too_long(),
            Batches::Whole { set_aside } => batch.whole(set_aside),
            Batches::Split | Batches::Off => batch.split(),
        }
    }
}

/// A batch that came.
struct Batch<'b> {
    reception: &'b Reception,
    frame: &'b [u8],
    envelope: &'b Envelope,
    peer: &'b str,
    moment: &'b Moment,
}

impl Batch<'_> {
    /// Each message for itself, and the batch as it came, with nowhere to go.
    fn split(&self) -> Received {
        let (mut messages, mut exchanges) = (Vec::new(), Vec::new());
        for (ordinal, range) in self.messages() {
            let moment = self.moment.part(ordinal);
            let bytes = &self.frame[range];
            let assessed = self.reception.assess(bytes, &moment, false);
            // Without waiting for what destinations say: others in the frame may go elsewhere.
            let (message, exchange) = self.reception.routed(bytes, self.peer, moment.at, assessed);
            messages.push(Member { ordinal, message });
            exchanges.push(exchange);
        }
        let batch = Incoming {
            dedupe: self.dedupe_key(),
            decided: format!("{}{}", self.in_words(), self.envelope.findings()),
            ..self.incoming(Verdict::Batch)
        };
        self.received(batch, messages, Answers::OfMessages(exchanges))
    }

    /// The batch as one thing: all of it goes on, or, without what is set aside, the rest; or it is refused.
    fn whole(&self, set_aside: bool) -> Received {
        let parts = self.parts(false);
        let fate = Fate::of(&parts, set_aside);
        let parts = if fate.is_refused() { self.parts(true) } else { parts };
        let (deliveries, routed) = self.route(fate.verdict, fate.set_aside());
        let mut batch = Incoming {
            dedupe: self.dedupe_key().filter(|_| !fate.is_refused()),
            deliveries,
            ..self.incoming(fate.verdict)
        };
        let exchange = self.exchange(parts, fate.bad.is_empty(), &mut batch.deliveries);
        let (words, what, findings) = (self.in_words(), fate.in_words(), self.envelope.findings());
        let frames = exchange.replies.len();
        batch.decided = format!("{words} {what}; {routed}; {frames} frames of answer{findings}");
        batch.replies.clone_from(&exchange.replies);
        let aside = fate.set_aside().iter().filter_map(|&at| self.set_aside(at)).collect();
        self.received(batch, aside, Answers::OfBatch(exchange))
    }

    /// A message that is set aside goes where refused messages go. It is answered with its batch.
    fn set_aside(&self, at: usize) -> Option<Member> {
        let ordinal = u32::try_from(at + 1).ok()?;
        let bytes = self.frame.get(self.envelope.messages.get(at)?.clone())?;
        let assessed = self.reception.assess(bytes, &self.moment.part(ordinal), false).unanswered();
        let (message, _) = self.reception.routed(bytes, self.peer, self.moment.at, assessed);
        let decided = format!("set aside from its batch; {}", message.decided);
        Some(Member { ordinal, message: Incoming { decided, ..message } })
    }

    /// More messages than may be: kept and refused as one, answered by the header of the first.
    fn too_long(&self) -> Received {
        let first = self.messages().next().map_or(self.frame, |(_, range)| &self.frame[range]);
        let (refused, exchange) = self.reception.receive_too_long(first, self.peer, self.moment);
        let batch = Incoming {
            replies: refused.replies,
            deliveries: self.route(Verdict::Partial, &[]).0,
            decided: format!("a batch with too many messages; {}", refused.decided),
            ..self.incoming(Verdict::Partial)
        };
        self.received(batch, Vec::new(), Answers::OfBatch(exchange))
    }

    fn messages(&self) -> impl Iterator<Item = (u32, Range<usize>)> {
        (1..).zip(self.envelope.messages.iter().cloned())
    }

    /// The messages with their acknowledgments; `sunk` where the batch is refused.
    fn parts(&self, sunk: bool) -> Vec<Part> {
        let part = |(ordinal, range): (u32, Range<usize>)| {
            let moment = self.moment.part(ordinal);
            let mut part = self.reception.assess(&self.frame[range], &moment, sunk);
            let mut diverted = Vec::new();
            self.reception.divert(part.owed_acks, &mut part.replies, &mut diverted);
            Part {
                verdict: part.verdict,
                replies: part.replies,
                diverted: diverted.pop().and_then(|delivery| delivery.outgoing),
                not_stored: part.not_stored,
            }
        };
        self.messages().map(part).collect()
    }

    /// The acknowledgments of a batch that stays whole; those that go by another way are among the deliveries then.
    fn exchange(
        &self,
        parts: Vec<Part>,
        all_well: bool,
        deliveries: &mut Vec<NewDelivery>,
    ) -> Exchange {
        let bundle = self.bundle();
        let (mut replies, mut diverted, mut not_stored) = (Vec::new(), Vec::new(), Vec::new());
        for part in parts {
            replies.extend(part.replies);
            diverted.extend(part.diverted);
            not_stored.extend(part.not_stored);
        }
        if let Some(text) = self.reception.fixed_text(all_well).filter(|_| !replies.is_empty()) {
            replies = vec![text];
        }
        if let Some(destination) = &self.reception.source().acks.application_to {
            for batch in bundle.of(diverted) {
                deliveries.push(self.reception.to(destination, Some(batch), &[], None));
            }
        }
        let (mut replies, not_stored) = (bundle.of(replies), bundle.of(not_stored));
        self.reception.send_by_routes(self.peer, &mut replies, deliveries);
        Exchange { replies, not_stored, close: false, awaited: None }
    }

    /// Where the batch goes, with the headers of its messages as each destination wants them.
    fn route(&self, verdict: Verdict, left_out: &[usize]) -> (Vec<NewDelivery>, String) {
        let tree = self.subject();
        let source = self.reception.source().name.as_str();
        let subject =
            Subject { tree: tree.as_ref(), source, peer: self.peer, verdict, batch: true };
        let (names, routed) = self.reception.destinations(&subject);
        let deliver = |name: &str| {
            if let Some(text) = self.reception.text(name, tree.as_ref()) {
                return self.reception.to(name, Some(text), &[], None);
            }
            let set = self.reception.config.destination(name).map(|destination| &destination.set);
            let set = set.filter(|set| !set.is_empty());
            if set.is_none() && left_out.is_empty() {
                return self.reception.to(name, None, self.frame, None);
            }
            let outgoing = rewritten(self.frame, |number, message| {
                let is_left_out = left_out.binary_search(&number).is_ok();
                let changed = set.and_then(|set| set.apply(message));
                (!is_left_out).then(|| changed.unwrap_or_else(|| message.to_vec()))
            });
            let outgoing = Some(outgoing).filter(|outgoing| outgoing != self.frame);
            // Nobody knows whose messages are in it.
            self.reception.to(name, outgoing.map(Payload::from), self.frame, None)
        };
        (names.into_iter().map(deliver).collect(), routed)
    }

    /// What routes ask about: the first message, with the headers of file and batch as segments behind it.
    fn subject(&self) -> Option<Tree> {
        let first = self.envelope.messages.first()?;
        let mut bytes = self.frame.get(first.clone())?.trim_ascii_end().to_vec();
        for header in [&self.envelope.file, &self.envelope.batch].into_iter().flatten() {
            bytes.push(b'\r');
            bytes.extend_from_slice(self.frame[header.clone()].trim_ascii_end());
        }
        Tree::parse(bytes).ok()
    }

    /// The header that speaks for the batch: of the file, of the batch, or of the first message.
    fn header(&self) -> Option<Header<'_>> {
        let range = self.envelope.header().or(self.envelope.messages.first())?;
        Header::of(self.frame.get(range.clone())?)
    }

    /// The control id of the file, of the batch, or of the first message.
    fn control_id(&self) -> Option<&[u8]> {
        let Envelope { file, batch, messages, .. } = self.envelope;
        let headers = [file.as_ref(), batch.as_ref(), messages.first()].into_iter().flatten();
        let control_id = |range: &Range<usize>| {
            let header = Header::of(self.frame.get(range.clone())?)?;
            Some(header.field(if header.id() == "MSH" { 10 } else { 11 }))
        };
        headers.filter_map(control_id).find(|id| !id.is_empty())
    }

    fn bundle(&self) -> Bundle {
        let Moment { control_id, time, .. } = self.moment;
        let answering = |header: Header<'_>| BatchHeader::answering(&header, control_id, time);
        let header = self.header().map(answering).unwrap_or_default();
        Bundle { acks: self.reception.source().acks.batch, header }
    }

    fn dedupe_key(&self) -> Option<DedupeKey> {
        let window = self.reception.source().dedupe?;
        let header = self.header()?;
        let control_id = self.control_id()?;
        Some(DedupeKey {
            sender: [header.field(3), header.field(4)].join(&header.delimiters().field),
            // Control ids of batches are others than those of messages.
            control_id: [b"batch ", control_id].concat(),
            content: Digest::of_parts([self.frame]),
            since: self
                .moment
                .at
                .saturating_sub(i64::try_from(window.as_millis()).unwrap_or(i64::MAX)),
        })
    }

    fn incoming(&self, verdict: Verdict) -> Incoming {
        let control_id = self.control_id().unwrap_or_default();
        let facts = self.header().map(|header| facts_of(&header, control_id)).unwrap_or_default();
        self.reception.incoming(self.frame, self.peer, self.moment.at, verdict, facts)
    }

    fn in_words(&self) -> String {
        match self.envelope.messages.len() {
            1 => "a batch of 1 message".to_owned(),
            count => format!("a batch of {count} messages"),
        }
    }

    fn received(&self, batch: Incoming, messages: Vec<Member>, answers: Answers) -> Received {
        let findings = self.envelope.findings();
        let exchange = BatchExchange { answers, bundle: self.bundle(), findings };
        Received::Batch(IncomingBatch { batch, messages }, exchange)
    }
}

/// What the header of a batch says.
fn facts_of(header: &Header<'_>, control_id: &[u8]) -> Facts {
    let text = |seq| header.text(seq).into_owned();
    Facts {
        control_id: String::from_utf8_lossy(control_id).into_owned(),
        message_type: "BATCH".to_owned(),
        sending_application: text(3),
        sending_facility: text(4),
        receiving_application: text(5),
        receiving_facility: text(6),
        ..Facts::default()
    }
}

/// Messages by their numbers: `message 7`, `messages 3, 7 and 2 more`; empty for none.
fn numbers(places: &[usize]) -> String {
    let named: Vec<_> = places.iter().take(NAMED).map(|at| (at + 1).to_string()).collect();
    let more = places.len() - named.len();
    match (named.len(), more) {
        (0, _) => String::new(),
        (1, 0) => format!("message {}", named[0]),
        (_, 0) => format!("messages {}", named.join(", ")),
        _ => format!("messages {} and {more} more", named.join(", ")),
    }
}
