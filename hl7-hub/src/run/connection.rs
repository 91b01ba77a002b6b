//! One connection that messages come over.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hl7_core::ack::AckCode;
use hl7_mllp::{Commit, Decoder, Event, Fault, Kind};
use tokio::io::AsyncReadExt;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::watch;
use tokio::task::{block_in_place, spawn_blocking};
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{debug, info, warn};

use super::budget::Held;
use super::wire::Wire;
use super::{Hub, Stopping};
use crate::Payload;
use crate::config::Link;
use crate::engine::{Answer, Awaited, BatchExchange, Exchange, Received, Reception};
use crate::store::{
    Accepted, AuditEvent, Incoming, IncomingBatch, LateAck, MessageId, StoreError, Verdict,
};

/// How much is read at once.
const READ: usize = 16 << 10;
/// Most messages that share a commit.
const AHEAD: usize = 32;
/// How long after its end block a frame without a trailer counts as whole, where that is accepted.
const GAP: Duration = Duration::from_millis(500);
/// So many bytes are looked at on a thread of their own.
const HEAVY: usize = 256 << 10;
/// What time limits lie in when there is none.
const LONG: Duration = Duration::from_secs(365 * 86_400);

/// Receives messages until the peer closes, a time limit is reached, or it is to stop. More is read when what was read is
/// answered: messages that a sender has sent ahead share a commit, and are answered in their order. Rules that change hold from the next message on.
pub(super) async fn serve(
    hub: &Hub,
    mut rules: watch::Receiver<Arc<Reception>>,
    wire: Wire,
    peer: &str,
    stopping: Stopping,
) {
    let reception = Arc::clone(&rules.borrow_and_update());
    let source = &reception.source().name.clone();
    debug!(source, peer, "connected");
    let _counted = hub.metrics.connection(source);
    let connection = Connection {
        hub,
        decoder: Decoder::with_options(reception.source().framed.decoder),
        held: Held::nothing(Arc::clone(&hub.budget)),
        rules,
        reception,
        wire,
        peer,
        frame_began: None,
        last_read: Instant::now(),
        last_message: Instant::now(),
        codes: Vec::new(),
    };
    let ended = connection.run(stopping).await;
    match ended {
        Ended::Closed => debug!(source, peer, "closed by the peer"),
        Ended::Stopping => debug!(source, peer, "closed, as the hub or the source stops"),
        Ended::NotWanted(reason) => info!(source, peer, reason, "closed by the new rules"),
        Ended::Idle => info!(source, peer, "closed: no message for too long"),
        Ended::Slow => warn!(source, peer, "closed: a message took too long"),
        Ended::Unanswered => warn!(source, peer, "closed without an answer"),
        Ended::Failed(failure) => info!(source, peer, %failure, "the connection failed"),
    }
}

/// Why a connection ended.
enum Ended {
    Closed,
    Stopping,
    /// By the rules that hold now; why.
    NotWanted(String),
    Idle,
    Slow,
    Unanswered,
    Failed(io::Error),
}

/// What came, or did not.
enum Came {
    Bytes(usize),
    TimeOut,
    NewRules,
    Stop,
}

struct Connection<'h> {
    hub: &'h Hub,
    rules: watch::Receiver<Arc<Reception>>,
    /// The rules that the message in hand is received by.
    reception: Arc<Reception>,
    wire: Wire,
    peer: &'h str,
    decoder: Decoder,
    /// The part of a long frame that is there.
    held: Held,
    /// When the frame began that has not ended.
    frame_began: Option<Instant>,
    last_read: Instant,
    /// When the last message was answered: noise does not keep an idle connection open.
    last_message: Instant,
    /// Of acknowledgments that are about to be sent.
    codes: Vec<&'static str>,
}

/// What is owed for a message: the answer, and what a commit block says once it is stored.
type Owed = (Exchange, Commit);

/// What the store said of a message, and what is owed for it.
type Stored = (Result<Accepted, StoreError>, Option<Owed>);

/// What a piece comes to.
enum Judged {
    One(Incoming, Option<Owed>, Option<LateAck>),
    Batch(IncomingBatch, BatchExchange),
}

/// A piece of the stream that is to be dealt with.
enum Piece {
    Message(Vec<u8>),
    Broken(Fault, Vec<u8>),
}

impl Connection<'_> {
    async fn run(mut self, stopping: Stopping) -> Ended {
        let ended = self.receive(stopping).await;
        self.wire.close().await;
        ended
    }

    async fn receive(&mut self, mut stopping: Stopping) -> Ended {
        let mut buffer = vec![0; READ];
        loop {
            self.hold().await;
            let (in_frame, limit) = (self.decoder.is_in_frame(), self.limit());
            let came = tokio::select! {
                // In this order: what comes behind a change of the rules is received by the new ones.
                biased;
                // A frame in hand is finished, within its time limit.
                () = stopping.wait(), if !in_frame => Came::Stop,
                Ok(()) = self.rules.changed(), if !in_frame => Came::NewRules,
                () = sleep_until(limit) => Came::TimeOut,
                read = self.wire.read(&mut buffer) => match read {
                    Ok(length) => Came::Bytes(length),
                    // An end that TLS was not told of, as some peers make it.
                    Err(failure) if failure.kind() == io::ErrorKind::UnexpectedEof => Came::Bytes(0),
                    Err(failure) => {
                        self.park_rest().await;
                        return Ended::Failed(failure);
                    }
                },
            };
            let outcome = match came {
                Came::Bytes(0) => {
                    self.park_rest().await;
                    return Ended::Closed;
                }
                Came::Bytes(length) => {
                    self.last_read = Instant::now();
                    self.take(&buffer[..length]).await
                }
                Came::TimeOut => self.time_out().await,
                Came::NewRules => self.take_new_rules(),
                Came::Stop => Err(Ended::Stopping),
            };
            if let Err(ended) = outcome {
                return ended;
            }
        }
    }

    /// Waits until what is there of a frame may be held, before more of it is read.
    async fn hold(&mut self) {
        let buffered = self.decoder.buffered();
        if buffered <= READ {
            return;
        }
        let began = Instant::now();
        self.held.hold(buffered).await;
        // The time that it was kept waiting is not the peer's.
        if let Some(frame_began) = &mut self.frame_began {
            *frame_began += began.elapsed();
        }
    }

    /// Goes over to the rules that hold now. Nothing of a message is in hand.
    fn take_new_rules(&mut self) -> Result<(), Ended> {
        let before = self.reception.source().framed.decoder;
        self.reception = Arc::clone(&self.rules.borrow_and_update());
        let now = self.reception.source().framed.decoder;
        // The one that is there may hold what could be the start of a message.
        if before != now {
            self.decoder = Decoder::with_options(now);
        }
        self.may_stay().map_err(Ended::NotWanted)
    }

    /// Whether this connection would be taken by the rules that hold now. Why not, if not.
    fn may_stay(&self) -> Result<(), String> {
        let source = self.reception.source();
        let Link::Listen(_) = source.link else { return Ok(()) };
        let address = self.peer.parse();
        if address.is_ok_and(|address| !source.allows(address)) {
            return Err("the address is not allowed any more".to_owned());
        }
        match (&source.tls, self.wire.is_secured()) {
            (Some(tls), true) => tls.admits_client(self.wire.certificates()),
            (None, false) => Ok(()),
            (Some(_), false) => Err("it is not secured".to_owned()),
            (None, true) => Err("it is secured, and is not to be any more".to_owned()),
        }
    }

    /// Until when to wait for bytes: inside a frame from its start, so that a byte now and then does not keep it open.
    fn limit(&self) -> Instant {
        let timers = &self.reception.source().timers;
        let gap = self.reception.source().framed.decoder.missing_trailer.then_some(GAP);
        match self.frame_began {
            Some(began) => {
                let limit = began + timers.frame;
                gap.map_or(limit, |gap| limit.min(self.last_read + gap))
            }
            None => self.last_message + timers.idle.unwrap_or(LONG),
        }
    }

    async fn time_out(&mut self) -> Result<(), Ended> {
        let whole = self.decoder.pause().and_then(piece);
        if let Some(piece) = whole {
            self.frame_began = None;
            return self.deal_with(vec![piece]).await;
        }
        match self.frame_began {
            Some(began) if Instant::now() < began + self.reception.source().timers.frame => {
                // A gap inside a frame; it may go on.
                self.last_read = Instant::now();
                Ok(())
            }
            Some(_) => {
                self.park_rest().await;
                Err(Ended::Slow)
            }
            None => Err(Ended::Idle),
        }
    }

    /// Deals with what was read.
    async fn take(&mut self, bytes: &[u8]) -> Result<(), Ended> {
        let mut rest = bytes;
        loop {
            let pieces = self.pieces(&mut rest);
            if pieces.is_empty() {
                break;
            }
            self.deal_with(pieces).await?;
        }
        match self.decoder.is_in_frame() {
            true => self.frame_began = self.frame_began.or(Some(Instant::now())),
            false => {
                self.frame_began = None;
                self.held.release();
            }
        }
        Ok(())
    }

    /// What is complete of what was read, as much as is dealt with at once.
    fn pieces(&mut self, rest: &mut &[u8]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        while pieces.len() < AHEAD
            && let Some(event) = self.decoder.next_event(rest)
        {
            self.frame_began = None;
            if matches!(event.kind, Kind::Noise | Kind::Commit(_)) {
                let source = &self.reception.source().name;
                debug!(source, bytes = event.length, "ignored what is no message");
            }
            pieces.extend(piece(event));
        }
        pieces
    }

    /// Stores pieces and answers them, in their order.
    async fn deal_with(&mut self, pieces: Vec<Piece>) -> Result<(), Ended> {
        let mut pieces = pieces.into_iter();
        let mut outcome = Ok(());
        while outcome.is_ok() && pieces.len() > 0 {
            // Behind one that closes the connection nothing is taken: whoever sent it sends it again. Behind one whose answer
            // waits for destinations, others wait.
            let (mut incoming, mut owed) = (Vec::new(), Vec::new());
            let (mut settled, mut batch) = (Ok(()), None);
            for piece in pieces.by_ref() {
                let (message, answer, late) = match self.judge(piece) {
                    Judged::One(message, answer, late) => (message, answer, late),
                    Judged::Batch(incoming, exchange) => {
                        batch = Some((incoming, exchange));
                        break;
                    }
                };
                settled = self.settle_late(late).await;
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
            outcome = self.store(incoming.into(), owed).await.and(settled);
            if outcome.is_ok()
                && let Some((incoming, exchange)) = batch
            {
                outcome = self.store_batch(incoming, exchange).await;
            }
        }
        self.last_message = Instant::now();
        outcome
    }

    fn judge(&self, piece: Piece) -> Judged {
        let moment = self.hub.clock.moment();
        match piece {
            Piece::Message(bytes) => {
                let receive = || self.reception.receive_frame(&bytes, self.peer, &moment);
                let (incoming, exchange) = match heavy(bytes.len(), receive) {
                    Received::Message(incoming, exchange) => (incoming, exchange),
                    Received::Batch(incoming, exchange) => {
                        return Judged::Batch(incoming, exchange);
                    }
                };
                let late = Some(()).filter(|()| incoming.verdict == Verdict::Accepted);
                let late = late.and_then(|()| self.reception.late_ack(&bytes, moment.at));
                Judged::One(incoming, Some((exchange, Commit::Ack)), late)
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
                let kept = self.reception.receive_partial(&bytes, peer, &reason, moment.at);
                Judged::One(kept, None, None)
            }
        }
    }

    /// Settles what a message acknowledges for an application, before it is answered itself. Whoever gets no answer sends it
    /// again, which then settles nothing more.
    async fn settle_late(&self, late: Option<LateAck>) -> Result<(), Ended> {
        match late {
            Some(ack) => {
                self.hub.acknowledge_late(ack).await.map(|_| ()).map_err(|_| Ended::Unanswered)
            }
            None => Ok(()),
        }
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
        let began = Instant::now();
        let all = self.hub.store.accept_all(Arc::clone(&incoming)).await;
        self.hub.metrics.committed(began.elapsed());
        match all {
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
            let stored = self.hub.store.accept(message.clone()).await;
            self.answer(std::slice::from_ref(message), vec![(stored, owed)]).await?;
        }
        Ok(())
    }

    /// The same for a batch: all of it in one commit, then the answers.
    async fn store_batch(
        &mut self,
        incoming: IncomingBatch,
        exchange: BatchExchange,
    ) -> Result<(), Ended> {
        let all =
            || incoming.messages.iter().map(|member| &member.message).chain([&incoming.batch]);
        let deliveries = all().flat_map(|message| &message.deliveries);
        let lanes: BTreeSet<String> = deliveries.map(|to| to.destination.clone()).collect();
        let source = &self.reception.source().name;
        let counted: Vec<_> =
            all().map(|message| (message.verdict, message.payload.bytes().len())).collect();
        let began = Instant::now();
        let stored = self.hub.store.accept_batch(incoming).await;
        self.hub.metrics.committed(began.elapsed());
        for (at, (verdict, bytes)) in counted.into_iter().enumerate() {
            let stored = stored.as_ref().map(|all| all.messages.get(at).unwrap_or(&all.batch));
            self.hub.metrics.came(source, became(verdict, &stored), bytes, self.hub.clock.now());
        }
        match &stored {
            Ok(accepted) => {
                self.hub.wake(&lanes);
                if !exchange.findings().is_empty() {
                    let findings = exchange.findings();
                    let message_id = accepted.batch.id().0;
                    warn!(source, message_id, findings, "a batch is not in order");
                }
            }
            Err(failure) => {
                warn!(source, %failure, "a batch was not stored");
                self.hub.note_failure(failure);
            }
        }
        let commit = if stored.is_ok() { Commit::Ack } else { Commit::Nak };
        let ids: Vec<_> = stored.as_ref().map(|accepted| accepted.batch.id()).into_iter().collect();
        let answer = exchange.answer(&stored);
        let mut frames = Vec::new();
        let mut outcome =
            self.write_frames(&answer, Some(commit), &mut frames).map_err(Ended::Failed);
        if outcome.is_ok() && answer.close {
            outcome = Err(Ended::Unanswered);
        }
        self.send(&frames, outcome, &ids).await
    }

    /// Answers messages, now that the store has.
    async fn answer(&mut self, incoming: &[Incoming], stored: Vec<Stored>) -> Result<(), Ended> {
        let (mut frames, mut ids) = (Vec::new(), Vec::new());
        let (mut outcome, mut awaited) = (Ok(()), None);
        for (message, (stored, owed)) in incoming.iter().zip(stored) {
            let id = self.note_stored(message, &stored);
            ids.extend(id);
            let Some((exchange, commit)) = owed else { continue };
            awaited = exchange.awaited().cloned().zip(id);
            let commit = if stored.is_ok() { commit } else { Commit::Nak };
            let answer = exchange.answer(&stored);
            outcome = self.write_frames(&answer, Some(commit), &mut frames).map_err(Ended::Failed);
            if outcome.is_ok() && answer.close {
                outcome = Err(Ended::Unanswered);
            }
            if outcome.is_err() {
                break;
            }
        }
        let outcome = self.send(&frames, outcome, &ids).await;
        match awaited.filter(|_| outcome.is_ok()) {
            Some((awaited, id)) => self.answer_delivered(&awaited, id).await,
            None => outcome,
        }
    }

    /// Sends what is answered to messages, and notes where that cannot be done.
    async fn send(
        &mut self,
        frames: &[u8],
        outcome: Result<(), Ended>,
        ids: &[MessageId],
    ) -> Result<(), Ended> {
        let written = self.write(frames).await;
        for code in std::mem::take(&mut self.codes) {
            if written.is_ok() {
                self.hub.metrics.acknowledged(&self.reception.source().name, code);
            }
        }
        let outcome = written.map_err(Ended::Failed).and(outcome);
        if let Err(Ended::Failed(failure)) = &outcome {
            for id in ids {
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
                _ = stopping.wait_for(|stop| *stop) => return Err(Ended::Stopping),
            }
        };
        let detail = format!("behind {}", awaited.destinations.join(", "));
        hub.record(AuditEvent { message: Some(id), ..hub.event("answered", detail) }).await;
        let mut frames = Vec::new();
        let answer = Answer { replies, close: false };
        let outcome = self.write_frames(&answer, None, &mut frames).map_err(Ended::Failed);
        self.send(&frames, outcome, &[id]).await
    }

    /// Wakes whoever is to send a message, and says in the log what became of it. Its number, if it has one.
    fn note_stored(
        &self,
        message: &Incoming,
        stored: &Result<Accepted, StoreError>,
    ) -> Option<MessageId> {
        let source = &self.reception.source().name;
        let (verdict, bytes) = (message.verdict, message.payload.bytes().len());
        self.hub.metrics.came(source, became(verdict, stored), bytes, self.hub.clock.now());
        match stored {
            Ok(Accepted::New { id, .. }) => {
                self.hub.wake(message.deliveries.iter().map(|delivery| &delivery.destination));
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

    fn write_frames(
        &mut self,
        answer: &Answer,
        commit: Option<Commit>,
        to: &mut Vec<u8>,
    ) -> io::Result<()> {
        self.codes.extend(answer.replies.iter().flat_map(codes));
        let source = self.reception.source();
        let encoder = &source.framed.encoder;
        if let Some(commit) = commit.filter(|_| source.commits) {
            encoder.commit(commit, to);
        }
        let mut replies = answer.replies.iter();
        replies.try_for_each(|reply| encoder.encode(reply.bytes(), to)).map_err(io::Error::other)
    }

    async fn write(&mut self, frame: &[u8]) -> io::Result<()> {
        let limit = self.reception.source().timers.write;
        let written = timeout(limit, self.wire.send(frame)).await;
        written.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// The stream has ended: what was not complete is kept, or is a message after all where no trailer is needed.
    async fn park_rest(&mut self) {
        let rest = self.decoder.finish().and_then(piece);
        if let Some(piece) = rest {
            let _ = self.deal_with(vec![piece]).await;
        }
    }
}

/// What of a stream is dealt with: messages and broken frames; not what is between them, nor frames with nothing in them.
fn piece(event: Event<'_>) -> Option<Piece> {
    match event.kind {
        Kind::Frame(payload) if !payload.trim_ascii().is_empty() => {
            Some(Piece::Message(payload.to_vec()))
        }
        Kind::Broken(fault) => Some(Piece::Broken(fault, event.raw.to_vec())),
        Kind::Frame(_) | Kind::Commit(_) | Kind::Blank | Kind::Noise => None,
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

/// The codes of an acknowledgment, or of all that are in a batch; a text of the site's own has none.
fn codes(reply: &Payload) -> Vec<&'static str> {
    let of_segment = |segment: &[u8]| {
        let code = segment.strip_prefix(b"MSA")?.get(1..3)?;
        let known = AckCode::ALL.into_iter().find(|known| known.code().as_bytes() == code);
        Some(known.map_or("other", AckCode::code))
    };
    let codes: Vec<_> = reply.bytes().split(|&byte| byte == b'\r').filter_map(of_segment).collect();
    if codes.is_empty() { vec!["text"] } else { codes }
}
