//! One connection that messages come over: what is read, by which rules and within which time.

mod answering;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hl7_mllp::{Decoder, Event, Fault, Kind};
use tokio::io::AsyncReadExt;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tracing::{debug, info, warn};

use super::budget::Held;
use super::wire::Wire;
use super::{Hub, Stopping};
use crate::config::Link;
use crate::engine::Reception;

/// How much is read at once.
const READ: usize = 16 << 10;
/// Most messages that share a commit.
const AHEAD: usize = 32;
/// How long after its end block a frame without a trailer counts as whole, where that is accepted.
const GAP: Duration = Duration::from_millis(500);
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
        // A start block, and another: each would be a message that is kept, for a byte of noise.
        Kind::Broken(_) if event.raw.iter().all(u8::is_ascii_control) => None,
        Kind::Broken(fault) => Some(Piece::Broken(fault, event.raw.to_vec())),
        Kind::Frame(_) | Kind::Commit(_) | Kind::Blank | Kind::Noise => None,
    }
}
