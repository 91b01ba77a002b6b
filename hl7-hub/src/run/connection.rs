//! One connection that messages come over.

use std::io;
use std::time::Duration;

use hl7_mllp::{Commit, Decoder, Event, Fault, Kind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{debug, info, warn};

use super::Hub;
use crate::Payload;
use crate::engine::{Answer, Exchange, Reception};
use crate::store::{Accepted, AuditEvent, Incoming, MessageId, Verdict};

/// How much is read at once.
const READ: usize = 16 << 10;
/// How long after its end block a frame without a trailer counts as whole, where that is accepted.
const GAP: Duration = Duration::from_millis(500);
/// What time limits lie in when there is none.
const LONG: Duration = Duration::from_secs(365 * 86_400);

/// Receives messages until the peer closes, a time limit is reached, or the hub stops. The next message is read when the
/// one before it is answered.
pub(super) async fn serve(hub: &Hub, reception: &Reception, stream: TcpStream, peer: &str) {
    let source = &reception.source().name;
    debug!(source, peer, "connected");
    let connection = Connection {
        hub,
        reception,
        stream,
        peer,
        decoder: Decoder::with_options(reception.source().framed.decoder),
        frame_began: None,
        last_read: Instant::now(),
        last_message: Instant::now(),
    };
    let ended = connection.run().await;
    match ended {
        Ended::Closed => debug!(source, peer, "closed by the peer"),
        Ended::Stopping => debug!(source, peer, "closed, as the hub stops"),
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
    Idle,
    Slow,
    Unanswered,
    Failed(io::Error),
}

/// What came, or did not.
enum Came {
    Bytes(usize),
    TimeOut,
    Stop,
}

struct Connection<'h> {
    hub: &'h Hub,
    reception: &'h Reception,
    stream: TcpStream,
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
    async fn run(mut self) -> Ended {
        let mut stopping = self.hub.stopping();
        let mut buffer = vec![0; READ];
        loop {
            let (in_frame, limit) = (self.decoder.is_in_frame(), self.limit());
            let came = tokio::select! {
                read = self.stream.read(&mut buffer) => match read {
                    Ok(length) => Came::Bytes(length),
                    Err(failure) => {
                        self.park_rest().await;
                        return Ended::Failed(failure);
                    }
                },
                () = sleep_until(limit) => Came::TimeOut,
                // A frame in hand is finished, within its time limit.
                () = stopping.wait(), if !in_frame => Came::Stop,
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
                Came::Stop => Err(Ended::Stopping),
            };
            if let Err(ended) = outcome {
                return ended;
            }
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
                let (incoming, exchange) = self.reception.receive(&bytes, self.peer, &moment);
                if incoming.verdict == Verdict::Accepted {
                    self.settle_late(&bytes, moment.at).await?;
                }
                self.store(incoming, exchange, Commit::Ack).await
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
        let lanes: Vec<_> = incoming
            .deliveries
            .iter()
            .filter_map(|delivery| self.hub.wake.get(&delivery.destination).cloned())
            .collect();
        let source = &self.reception.source().name;
        let stored = self.hub.store.accept(incoming).await;
        let id = match &stored {
            Ok(Accepted::New { id, .. }) => {
                lanes.iter().for_each(|lane| lane.notify_one());
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
        self.answer(exchange.answer(&stored), commit, id).await
    }

    async fn answer(
        &mut self,
        answer: Answer,
        commit: Commit,
        message: Option<MessageId>,
    ) -> Result<(), Ended> {
        let source = self.reception.source();
        let mut frames = Vec::new();
        if source.commits {
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
        let written = timeout(limit, self.stream.write_all(frame)).await;
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
        match self.hub.store.accept(incoming).await {
            Ok(_) => lanes
                .iter()
                .filter_map(|name| self.hub.wake.get(name))
                .for_each(|lane| lane.notify_one()),
            Err(failure) => {
                self.hub.note_failure(&failure);
                warn!(source, %failure, "a broken frame was not kept");
            }
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
