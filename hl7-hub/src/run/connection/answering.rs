//! What becomes of what was read: it is judged, stored, and answered when the store has.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use hl7_mllp::{Commit, Fault};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::{block_in_place, spawn_blocking};
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{info, warn};

use super::{Connection, Ended, Piece};
use crate::engine::{Answer, Awaited, BatchExchange, Exchange, Received, codes};
use crate::store::{
    Accepted, AuditEvent, Incoming, IncomingBatch, LateAck, MessageId, StoreError, Verdict,
};

/// A frame of which the judging takes long enough to be noticed by others.
const HEAVY: usize = 256 << 10;

/// What is owed for a message: the answer, and what a commit block says once it is stored.
type Owed = (Exchange, Commit);

/// What the store said of a message, and what is owed for it.
type Stored = (Result<Accepted, StoreError>, Option<Owed>);

/// A piece that was judged.
enum Judged {
    /// A message or what is left of one, what is owed for it, and what it acknowledges itself.
    One(Incoming, Option<Owed>, Option<LateAck>),
    /// Several in one frame.
    Batch(IncomingBatch, BatchExchange),
}

/// What goes to the peer at once.
#[derive(Default)]
struct Sending {
    frames: Vec<u8>,
    /// The codes of the acknowledgments in there.
    codes: Vec<&'static str>,
    /// What is answered by that.
    messages: Vec<MessageId>,
}

impl Connection<'_> {
    /// Stores pieces and answers them, in their order.
    pub(super) async fn deal_with(&mut self, pieces: Vec<Piece>) -> Result<(), Ended> {
        let mut pieces = pieces.into_iter();
        let mut outcome = Ok(());
        while outcome.is_ok() && pieces.len() > 0 {
            outcome = self.deal_with_some(&mut pieces).await;
        }
        self.last_message = Instant::now();
        outcome
    }

    /// The next pieces, as many as may share a commit: what is in a batch has one of its own. Behind one that closes the
    /// connection nothing is taken: whoever sent it sends it again. Behind one whose answer waits for destinations, others wait.
    async fn deal_with_some(
        &mut self,
        pieces: &mut std::vec::IntoIter<Piece>,
    ) -> Result<(), Ended> {
        let (mut incoming, mut owed, mut batch) = (Vec::new(), Vec::new(), None);
        let mut settled = Ok(());
        for piece in pieces {
            let (message, answer, late) = match self.judge(piece) {
                Judged::One(message, answer, late) => (message, answer, late),
                Judged::Batch(incoming, exchange) => {
                    batch = Some((incoming, exchange));
                    break;
                }
            };
            settled = self.settle_late(late.as_slice()).await;
            if settled.is_err() {
                break;
            }
            let is_last = answer
                .as_ref()
                .is_some_and(|(exchange, _)| exchange.closes() || exchange.awaited().is_some());
            incoming.push(message);
            owed.push(answer);
            if is_last {
                break;
            }
        }
        self.store(incoming.into(), owed).await.and(settled)?;
        match batch {
            Some((incoming, exchange)) => {
                self.settle_late(&self.reception.late_acks(&incoming)).await?;
                self.store_batch(incoming, exchange).await
            }
            None => Ok(()),
        }
    }

    fn judge(&self, piece: Piece) -> Judged {
        let moment = self.hub.clock.moment();
        match piece {
            Piece::Message(bytes) => {
                let receive = || self.reception.receive_frame(&bytes, self.peer, &moment);
                match heavy(bytes.len(), receive) {
                    Received::Message(incoming, exchange) => {
                        let late = Some(()).filter(|()| incoming.verdict == Verdict::Accepted);
                        let late = late.and_then(|()| self.reception.late_ack(&bytes, moment.at));
                        Judged::One(incoming, Some((exchange, Commit::Ack)), late)
                    }
                    Received::Batch(incoming, exchange) => Judged::Batch(incoming, exchange),
                }
            }
            Piece::Broken(Fault::TooLong, start) => {
                let (incoming, exchange) =
                    self.reception.receive_too_long(&start, self.peer, &moment);
                Judged::One(incoming, Some((exchange, Commit::Nak)), None)
            }
            Piece::Broken(fault, bytes) => {
                let (source, reason) = (&self.reception.source().name, fault.to_string());
                let peer = self.peer;
                warn!(source, peer, bytes = bytes.len(), reason, "a broken frame is kept");
                let incoming = self.reception.receive_partial(&bytes, peer, &reason, moment.at);
                Judged::One(incoming, None, None)
            }
        }
    }

    /// Settles what a message acknowledges for an application, before it is answered itself. Whoever gets no answer sends it
    /// again, which then settles nothing more.
    async fn settle_late(&self, late: &[LateAck]) -> Result<(), Ended> {
        for ack in late {
            self.hub.acknowledge_late(ack.clone()).await.map_err(|_| Ended::Unanswered)?;
        }
        Ok(())
    }

    /// Stores messages, then answers them. There is no other way to an answer.
    async fn store(
        &mut self,
        incoming: Arc<[Incoming]>,
        owed: Vec<Option<Owed>>,
    ) -> Result<(), Ended> {
        if incoming.is_empty() {
            return Ok(());
        }
        let accepted = self.timed(self.hub.store.accept_all(Arc::clone(&incoming))).await;
        match accepted {
            Ok(accepted) => {
                let stored = accepted.into_iter().map(Ok).zip(owed).collect();
                return self.answer(&incoming, stored).await;
            }
            Err(failure) if owed.len() == 1 => {
                let stored = owed.into_iter().map(|owed| (Err(failure.clone()), owed)).collect();
                return self.answer(&incoming, stored).await;
            }
            // One of them is at fault, or it is all of them: each for itself, up to the first that closes.
            Err(failure) => self.hub.note_failure(&failure),
        }
        for (message, owed) in incoming.iter().zip(owed) {
            let stored = self.timed(self.hub.store.accept(message.clone())).await;
            self.answer(std::slice::from_ref(message), vec![(stored, owed)]).await?;
        }
        Ok(())
    }

    /// Waits for a commit, and notes for whoever counts them how long it took.
    async fn timed<T>(&self, commit: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let committed = commit.await;
        self.hub.metrics.committed(began.elapsed());
        committed
    }

    /// Answers messages, now that the store has.
    async fn answer(&mut self, incoming: &[Incoming], stored: Vec<Stored>) -> Result<(), Ended> {
        let mut sending = Sending::default();
        let (mut outcome, mut awaited) = (Ok(()), None);
        for (message, (stored, owed)) in incoming.iter().zip(stored) {
            let id = self.note_stored(message, &stored);
            sending.messages.extend(id);
            let Some((exchange, commit)) = owed else { continue };
            awaited = exchange.awaited().cloned().zip(id);
            let commit = if stored.is_ok() { commit } else { Commit::Nak };
            outcome = self.add_answer(&exchange.answer(&stored), Some(commit), &mut sending);
            if outcome.is_err() {
                break;
            }
        }
        let outcome = self.send(&sending, outcome).await;
        match awaited.filter(|_| outcome.is_ok()) {
            Some((awaited, id)) => self.answer_delivered(&awaited, id).await,
            None => outcome,
        }
    }

    /// Stores a batch, all of it in one commit, then answers it.
    async fn store_batch(
        &mut self,
        incoming: IncomingBatch,
        exchange: BatchExchange,
    ) -> Result<(), Ended> {
        let messages = incoming.messages.iter().map(|member| &member.message);
        let all = messages.chain([&incoming.batch]);
        let came = all.clone().flat_map(|message| &message.deliveries);
        let came: BTreeSet<(String, bool)> =
            came.map(|to| (to.destination.clone(), to.gather)).collect();
        all.clone().for_each(|message| self.note_unnamed(message));
        let counted: Vec<_> =
            all.map(|message| (message.verdict, message.payload.bytes().len())).collect();
        let stored = self.timed(self.hub.store.accept_batch(incoming)).await;
        for (at, (verdict, bytes)) in counted.into_iter().enumerate() {
            let stored = stored.as_ref().map(|all| all.messages.get(at).unwrap_or(&all.batch));
            self.count(verdict, bytes, &stored);
        }
        let source = &self.reception.source().name;
        match &stored {
            Ok(accepted) => {
                self.hub.wake_for(came.iter().map(|(name, gathers)| (name.as_str(), *gathers)));
                let (message_id, findings) = (accepted.batch.id().0, exchange.findings());
                if !findings.is_empty() {
                    warn!(source, message_id, findings, "a batch is not in order");
                }
            }
            Err(failure) => {
                warn!(source, %failure, "a batch was not stored");
                self.hub.note_failure(failure);
            }
        }
        let commit = if stored.is_ok() { Commit::Ack } else { Commit::Nak };
        let messages = stored.iter().map(|accepted| accepted.batch.id()).collect();
        let mut sending = Sending { messages, ..Sending::default() };
        let outcome = self.add_answer(&exchange.answer(&stored), Some(commit), &mut sending);
        self.send(&sending, outcome).await
    }

    /// Sends what is answered to messages, and notes where that cannot be done.
    async fn send(&mut self, sending: &Sending, outcome: Result<(), Ended>) -> Result<(), Ended> {
        let written = self.write(&sending.frames).await;
        if written.is_ok() {
            let source = &self.reception.source().name;
            sending.codes.iter().for_each(|code| self.hub.metrics.acknowledged(source, code));
        }
        let outcome = written.map_err(Ended::Failed).and(outcome);
        if let Err(Ended::Failed(failure)) = &outcome {
            for id in &sending.messages {
                let event = self.hub.event("answer not sent", failure.to_string());
                self.hub.record(AuditEvent { message: Some(*id), ..event }).await;
            }
        }
        outcome
    }

    /// Waits until destinations have answered, and passes on what they say. Nothing is lost where they do not in time: the
    /// message is queued, and whoever sends it again waits for the same.
    async fn answer_delivered(&mut self, awaited: &Awaited, id: MessageId) -> Result<(), Ended> {
        let hub = self.hub;
        let mut stopping = hub.stopping();
        let deadline = Instant::now() + awaited.limit;
        let watch = hub.outcomes.watch(id);
        let replies = loop {
            let store = Arc::clone(&hub.store);
            let found = spawn_blocking(move || store.reader().deliveries(id)).await;
            let Ok(Ok(deliveries)) = found else { return Err(Ended::Unanswered) };
            let moment = hub.clock.moment();
            if let Some(replies) = self.reception.delivered(awaited, &deliveries, &moment) {
                break replies;
            }
            tokio::select! {
                () = watch.settled() => {}
                () = sleep_until(deadline) => return Err(Ended::Unanswered),
                () = stopping.wait() => return Err(Ended::Stopping),
            }
        };
        let detail = format!("behind {}", awaited.destinations.join(", "));
        hub.record(AuditEvent { message: Some(id), ..hub.event("answered", detail) }).await;
        let mut sending = Sending { messages: vec![id], ..Sending::default() };
        let outcome = self.add_answer(&Answer { replies, close: false }, None, &mut sending);
        self.send(&sending, outcome).await
    }

    /// Wakes whoever is to send a message, and says in the log what became of it. Its number, if it has one.
    fn note_stored(
        &self,
        message: &Incoming,
        stored: &Result<Accepted, StoreError>,
    ) -> Option<MessageId> {
        let source = &self.reception.source().name;
        self.count(message.verdict, message.payload.bytes().len(), stored);
        self.note_unnamed(message);
        match stored {
            Ok(Accepted::New { id, .. }) => {
                let came = message.deliveries.iter();
                self.hub.wake_for(came.map(|to| (to.destination.as_str(), to.gather)));
                Some(*id)
            }
            Ok(Accepted::Duplicate { id, .. }) => {
                info!(source, message_id = id.0, "came again; it gets the same answer");
                Some(*id)
            }
            Err(failure) => {
                warn!(source, %failure, "a message was not stored");
                self.hub.note_failure(failure);
                None
            }
        }
    }

    /// Says in the log, where the source knows messages that come again, that this one will not be.
    fn note_unnamed(&self, message: &Incoming) {
        let source = self.reception.source();
        let is_unknown = message.facts.control_id.is_empty() && source.dedupe.is_some();
        if is_unknown && message.verdict == Verdict::Accepted {
            self.hub.unnamed.note(&source.name, self.peer);
        }
    }

    /// Counts a message that came.
    fn count<A: Borrow<Accepted>, E>(&self, verdict: Verdict, bytes: usize, stored: &Result<A, E>) {
        let source = &self.reception.source().name;
        self.hub.metrics.came(source, became(verdict, stored), bytes, self.hub.clock.now());
    }

    /// Adds the answer to a message to what is sent.
    fn add_answer(
        &self,
        answer: &Answer,
        commit: Option<Commit>,
        to: &mut Sending,
    ) -> Result<(), Ended> {
        let source = self.reception.source();
        let encoder = &source.framed.encoder;
        if let Some(commit) = commit.filter(|_| source.commits) {
            encoder.commit(commit, &mut to.frames);
        }
        for reply in &answer.replies {
            encoder
                .encode(reply.bytes(), &mut to.frames)
                .map_err(|failure| Ended::Failed(io::Error::other(failure)))?;
            to.codes.extend(codes(reply.bytes()));
        }
        if answer.close { Err(Ended::Unanswered) } else { Ok(()) }
    }

    async fn write(&mut self, frame: &[u8]) -> io::Result<()> {
        let limit = self.reception.source().timers.write;
        let written = timeout(limit, self.wire.send(frame)).await;
        written.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

/// Does what takes long for so many bytes, without keeping others waiting that share the thread.
fn heavy<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    let others = Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread;
    if others && bytes >= HEAVY { block_in_place(work) } else { work() }
}

/// What became of a message, for whoever counts them.
fn became<A: Borrow<Accepted>, E>(verdict: Verdict, stored: &Result<A, E>) -> &'static str {
    match stored.as_ref().map(Borrow::borrow) {
        Ok(Accepted::New { .. }) => verdict.word(),
        Ok(Accepted::Duplicate { .. }) => "duplicate",
        Err(_) => "not-stored",
    }
}
