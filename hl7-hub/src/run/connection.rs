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

use super::wire::Wire;
use super::{Hub, Stopping};
use crate::Payload;
use crate::config::Link;
use crate::engine::{Answer, Awaited, BatchExchange, Exchange, Received, Reception};
use crate::store::{Accepted, AuditEvent, Incoming, IncomingBatch, MessageId, Verdict};

/// How much is read at once.
const READ: usize = 16 << 10;
/// How long after its end block a frame without a trailer counts as whole, where that is accepted.
const GAP: Duration = Duration::from_millis(500);
/// A frame of which the judging takes long enough to be noticed by others.
const HEAVY: usize = 256 << 10;
/// What time limits lie in when there is none.
const LONG: Duration = Duration::from_secs(365 * 86_400);

/// Receives messages until the peer closes, a time limit is reached, or it is to stop. The next message is read when the
/// one before it is answered. Rules that change hold from the next message on.
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
        rules,
        reception,
        wire,
        peer,
        frame_began: None,
        last_read: Instant::now(),
        last_message: Instant::now(),
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
    /// When the frame began that has not ended.
    frame_began: Option<Instant>,
    last_read: Instant,
    /// When the last message was answered: noise does not keep an idle connection open.
    last_message: Instant,
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

    /// Goes over to the rules that hold now. Nothing of a message is in hand.
    fn take_new_rules(&mut self) -> Result<(), Ended> {
        self.reception = Arc::clone(&self.rules.borrow_and_update());
        let source = self.reception.source();
        self.decoder = Decoder::with_options(source.framed.decoder);
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
            return self.deal_with(piece).await;
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

    /// Deals with what was read, frame by frame.
    async fn take(&mut self, bytes: &[u8]) -> Result<(), Ended> {
        let mut rest = bytes;
        while let Some(event) = self.decoder.next_event(&mut rest) {
            self.frame_began = None;
            let source = &self.reception.source().name;
            if matches!(event.kind, Kind::Noise | Kind::Commit(_)) {
                debug!(source, bytes = event.length, "ignored what is no message");
            }
            if let Some(piece) = piece(event) {
                self.deal_with(piece).await?;
            }
        }
        match self.decoder.is_in_frame() {
            true => self.frame_began = self.frame_began.or(Some(Instant::now())),
            false => self.frame_began = None,
        }
        Ok(())
    }

    async fn deal_with(&mut self, piece: Piece) -> Result<(), Ended> {
        let moment = self.hub.clock.moment();
        let outcome = match piece {
            Piece::Message(bytes) => {
                let receive = || self.reception.receive_frame(&bytes, self.peer, &moment);
                match heavy(bytes.len(), receive) {
                    Received::Message(incoming, exchange) => {
                        if incoming.verdict == Verdict::Accepted {
                            self.settle_late(&bytes, moment.at).await?;
                        }
                        self.store(incoming, exchange, Commit::Ack).await
                    }
                    Received::Batch(incoming, exchange) => {
                        drop(bytes);
                        self.store_batch(incoming, exchange).await
                    }
                }
            }
            Piece::Broken(Fault::TooLong, start) => {
                let (incoming, exchange) =
                    self.reception.receive_too_long(&start, self.peer, &moment);
                self.store(incoming, exchange, Commit::Nak).await
            }
            Piece::Broken(fault, bytes) => {
                self.park(&bytes, &fault.to_string()).await;
                Ok(())
            }
        };
        self.last_message = Instant::now();
        outcome
    }

    /// Settles what a message acknowledges for an application, before it is answered itself. Whoever gets no answer sends it
    /// again, which then settles nothing more.
    async fn settle_late(&self, bytes: &[u8], at: i64) -> Result<(), Ended> {
        match self.reception.late_ack(bytes, at) {
            Some(ack) => {
                self.hub.acknowledge_late(ack).await.map(|_| ()).map_err(|_| Ended::Unanswered)
            }
            None => Ok(()),
        }
    }

    /// Stores a message, then answers it. There is no other way to an answer.
    /// `commit` is what a commit block says once it is stored.
    async fn store(
        &mut self,
        incoming: Incoming,
        exchange: Exchange,
        commit: Commit,
    ) -> Result<(), Ended> {
        let lanes: Vec<_> =
            incoming.deliveries.iter().map(|delivery| delivery.destination.clone()).collect();
        let source = &self.reception.source().name;
        let (verdict, bytes) = (incoming.verdict, incoming.payload.bytes().len());
        let began = Instant::now();
        let stored = self.hub.store.accept(incoming).await;
        self.hub.metrics.committed(began.elapsed());
        self.hub.metrics.came(source, became(verdict, &stored), bytes, self.hub.clock.now());
        let id = match &stored {
            Ok(Accepted::New { id, .. }) => {
                self.hub.wake(&lanes);
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
        };
        let commit = if stored.is_ok() { commit } else { Commit::Nak };
        let awaited = exchange.awaited().cloned();
        self.answer(exchange.answer(&stored), Some(commit), id).await?;
        match awaited.zip(id) {
            Some((awaited, id)) => self.answer_delivered(&awaited, id).await,
            None => Ok(()),
        }
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
        self.answer(Answer { replies, close: false }, None, Some(id)).await
    }

    /// The same for a batch: all of it in one commit, then the answers.
    async fn store_batch(
        &mut self,
        incoming: IncomingBatch,
        exchange: BatchExchange,
    ) -> Result<(), Ended> {
        let messages = incoming.messages.iter().map(|member| &member.message);
        let deliveries = messages.chain([&incoming.batch]).flat_map(|message| &message.deliveries);
        let lanes: BTreeSet<String> = deliveries.map(|to| to.destination.clone()).collect();
        let source = &self.reception.source().name;
        let all = incoming.messages.iter().map(|member| &member.message).chain([&incoming.batch]);
        let all: Vec<_> =
            all.map(|message| (message.verdict, message.payload.bytes().len())).collect();
        let began = Instant::now();
        let stored = self.hub.store.accept_batch(incoming).await;
        self.hub.metrics.committed(began.elapsed());
        for (at, (verdict, bytes)) in all.into_iter().enumerate() {
            let stored = stored.as_ref().map(|all| all.messages.get(at).unwrap_or(&all.batch));
            self.hub.metrics.came(source, became(verdict, &stored), bytes, self.hub.clock.now());
        }
        match &stored {
            Ok(accepted) => {
                self.hub.wake(&lanes);
                if !exchange.findings().is_empty() {
                    let findings = exchange.findings();
                    warn!(
                        source,
                        message_id = accepted.batch.id().0,
                        findings,
                        "a batch is not in order"
                    );
                }
            }
            Err(failure) => {
                warn!(source, %failure, "a batch was not stored");
                self.hub.note_failure(failure);
            }
        }
        let commit = if stored.is_ok() { Commit::Ack } else { Commit::Nak };
        let id = stored.as_ref().ok().map(|accepted| accepted.batch.id());
        self.answer(exchange.answer(&stored), Some(commit), id).await
    }

    async fn answer(
        &mut self,
        answer: Answer,
        commit: Option<Commit>,
        message: Option<MessageId>,
    ) -> Result<(), Ended> {
        let source = self.reception.source();
        let mut frames = Vec::new();
        if let Some(commit) = commit.filter(|_| source.commits) {
            let mut block = Vec::new();
            source.framed.encoder.commit(commit, &mut block);
            frames.push(Ok(block));
        }
        frames.extend(answer.replies.iter().map(|reply| self.frame(reply)));
        for frame in frames {
            let written = match frame {
                Ok(frame) => self.write(&frame).await,
                Err(failure) => Err(failure),
            };
            if let Err(failure) = written {
                let event = self.hub.event("answer not sent", failure.to_string());
                self.hub.record(AuditEvent { message, ..event }).await;
                return Err(Ended::Failed(failure));
            }
        }
        for code in answer.replies.iter().flat_map(codes) {
            self.hub.metrics.acknowledged(&self.reception.source().name, code);
        }
        if answer.close { Err(Ended::Unanswered) } else { Ok(()) }
    }

    fn frame(&self, reply: &Payload) -> io::Result<Vec<u8>> {
        let encoder = &self.reception.source().framed.encoder;
        let mut frame = Vec::with_capacity(reply.bytes().len() + 8);
        encoder.encode(reply.bytes(), &mut frame).map_err(io::Error::other)?;
        Ok(frame)
    }

    async fn write(&mut self, frame: &[u8]) -> io::Result<()> {
        let limit = self.reception.source().timers.write;
        let written = timeout(limit, self.wire.send(frame)).await;
        written.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// The stream has ended: what was not complete is kept, or is a message after all where no trailer is needed.
    async fn park_rest(&mut self) {
        let rest = self.decoder.finish().and_then(piece);
        match rest {
            Some(Piece::Broken(fault, bytes)) => self.park(&bytes, &fault.to_string()).await,
            Some(whole) => {
                let _ = self.deal_with(whole).await;
            }
            None => {}
        }
    }

    /// Keeps a broken frame for somebody to look at.
    async fn park(&mut self, bytes: &[u8], reason: &str) {
        let source = &self.reception.source().name;
        warn!(source, peer = self.peer, bytes = bytes.len(), reason, "a broken frame is kept");
        let at = self.hub.clock.now();
        let incoming = self.reception.receive_partial(bytes, self.peer, reason, at);
        let lanes: Vec<_> = incoming.deliveries.iter().map(|to| to.destination.clone()).collect();
        let stored = self.hub.store.accept(incoming).await;
        self.hub.metrics.came(source, became(Verdict::Partial, &stored), bytes.len(), at);
        match stored {
            Ok(_) => self.hub.wake(&lanes),
            Err(failure) => {
                self.hub.note_failure(&failure);
                warn!(source, %failure, "a broken frame was not kept");
            }
        }
    }
}

/// Does what takes long for so many bytes, without keeping others waiting that share the thread.
fn heavy<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    let others = Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread;
    if others && bytes >= HEAVY { block_in_place(work) } else { work() }
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
