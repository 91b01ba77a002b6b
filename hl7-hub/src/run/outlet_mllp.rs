//! Sending over MLLP: one message, its reply, then the next.

use std::io;
use std::sync::Arc;

use hl7_mllp::{Commit, Decoder, Kind};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use super::sessions::{Session, Sessions};
use super::wire::Wire;
use crate::config::{Commits, MllpOut};
use crate::engine::{Lost, Sent, acknowledged, control_ids};

/// How much is read at once.
const READ: usize = 4 << 10;
/// Most acknowledgments of applications that are kept until somebody takes them.
const LATE: usize = 64;

/// The connection to a destination, if there is one.
#[derive(Debug)]
pub(super) struct MllpOutlet {
    settings: MllpOut,
    sessions: Arc<Sessions>,
    connection: Option<(Wire, Decoder)>,
    /// There for as long as the connection is.
    session: Option<Session>,
    /// Whether applications acknowledge over it later than the reply.
    hears: bool,
    late: Vec<Vec<u8>>,
}

impl MllpOutlet {
    pub(super) fn new(settings: MllpOut, hears: bool, sessions: Arc<Sessions>) -> Self {
        let late = Vec::new();
        Self { settings, sessions, connection: None, session: None, hears, late }
    }

    /// Connects anew, once there is room for another connection to the address.
    pub(super) async fn connect(&mut self) -> io::Result<()> {
        self.close();
        let MllpOut { address, connect_timeout, secured, keepalive, max_connections, .. } =
            &self.settings;
        let session = self.sessions.open(address, *max_connections).await;
        let wire = Wire::call(address, *connect_timeout, secured.as_ref(), *keepalive).await?;
        let decoder = Decoder::with_options(self.settings.framed.decoder);
        self.connection = Some((wire, decoder));
        self.session = Some(session);
        Ok(())
    }

    /// Whether the connection is as it was left, and no other destination is to have it now.
    pub(super) fn is_ready(&mut self) -> bool {
        self.is_open() && !self.session.as_ref().is_some_and(Session::gives_way)
    }

    /// Whether the connection is open and nothing came over it that nobody asked for. Whatever came would be taken for the
    /// reply to the next message.
    fn is_open(&mut self) -> bool {
        let Some((wire, decoder)) = &mut self.connection else { return false };
        let mut buffer = [0; 64];
        loop {
            match wire.read_now(&mut buffer) {
                Err(failure) if failure.kind() == io::ErrorKind::WouldBlock => {
                    return !decoder.is_in_frame();
                }
                Err(_) | Ok(0) => return false,
                Ok(length) => {
                    let mut rest = &buffer[..length];
                    while let Some(event) = decoder.next_event(&mut rest) {
                        if !is_expected(&event.kind, self.hears, &mut self.late) {
                            return false;
                        }
                    }
                }
            }
        }
    }

    pub(super) async fn send(&mut self, payload: &[u8]) -> Sent {
        let mut frame = Vec::with_capacity(payload.len() + 8);
        if self.settings.framed.encoder.encode(payload, &mut frame).is_err() {
            return Sent::Lost(Lost::Unsendable);
        }
        // The peer may have closed since the attempt was begun, or another destination waits for the connection: then it
        // has nothing of it.
        if !self.is_ready() {
            return Sent::Lost(Lost::Unsent);
        }
        let Some((wire, decoder)) = &mut self.connection else {
            return Sent::Lost(Lost::Unsent);
        };
        self.session.iter_mut().for_each(Session::sent);
        let limit = self.settings.ack_timeout;
        let sent = self.hears.then(|| control_ids(payload));
        match timeout(limit, wire.send(&frame)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return Sent::Lost(Lost::NotWritten),
        }
        let commits = self.settings.commits;
        let waiting = Waiting { commits, sent, late: &mut self.late };
        timeout(limit, waiting.reply(wire, decoder)).await.unwrap_or(Sent::Lost(Lost::Timeout))
    }

    /// Hears acknowledgments of applications while nothing is under way; for ever, where none may come. What else comes
    /// ends the connection; so does another destination that waits for it, if this one rests. It may be given up at any time.
    pub(super) async fn hear(&mut self, rests: bool) {
        let Self { connection, session, hears, late, .. } = self;
        let session = session.as_ref().filter(|_| rests);
        let goes_on = tokio::select! {
            is_well = listen(connection.as_mut().filter(|_| *hears), late) => is_well,
            () = wanted(session) => false,
        };
        if !goes_on {
            self.close();
        }
    }

    /// What was heard.
    pub(super) fn take_late(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.late)
    }

    pub(super) fn close(&mut self) {
        self.connection = None;
        self.session = None;
    }
}

/// Hears until there is something to be taken. Whether nothing else came.
async fn listen(connection: Option<&mut (Wire, Decoder)>, late: &mut Vec<Vec<u8>>) -> bool {
    let Some((wire, decoder)) = connection else { return std::future::pending().await };
    let mut buffer = [0; READ];
    loop {
        let length = wire.read(&mut buffer).await.unwrap_or(0);
        let mut rest = &buffer[..length];
        let mut is_well = length > 0;
        while let Some(event) = decoder.next_event(&mut rest) {
            is_well &= is_expected(&event.kind, true, late);
        }
        if !is_well || !late.is_empty() {
            return is_well;
        }
    }
}

/// Waits until another destination waits for a session; for ever, where there is none.
async fn wanted(session: Option<&Session>) {
    match session {
        Some(session) => session.wanted().await,
        None => std::future::pending().await,
    }
}

/// Whether something may come without having been asked for: nothing but blanks, and acknowledgments of applications where
/// they are waited for, which are kept.
fn is_expected(kind: &Kind<'_>, hears: bool, late: &mut Vec<Vec<u8>>) -> bool {
    match kind {
        Kind::Blank => true,
        Kind::Frame(frame) if hears && late.len() < LATE => {
            let is_ack = acknowledged(frame).is_some();
            late.extend(is_ack.then(|| frame.to_vec()));
            is_ack
        }
        _ => false,
    }
}

/// A reply that is waited for.
struct Waiting<'l> {
    commits: Commits,
    /// What was sent, where others' acknowledgments may come meanwhile.
    sent: Option<Vec<Vec<u8>>>,
    late: &'l mut Vec<Vec<u8>>,
}

impl Waiting<'_> {
    /// The next frame that comes, or the commit block that says as much. What stands between frames is no reply.
    async fn reply(self, wire: &mut Wire, decoder: &mut Decoder) -> Sent {
        let mut buffer = [0; READ];
        loop {
            let length = match wire.read(&mut buffer).await {
                Ok(0) | Err(_) => {
                    return match decoder.finish().map(|event| event.kind) {
                        Some(Kind::Frame(reply)) => Sent::Replied(reply.into()),
                        _ => Sent::Lost(Lost::Closed),
                    };
                }
                Ok(length) => length,
            };
            let mut rest = &buffer[..length];
            let mut found = None;
            while let Some(event) = decoder.next_event(&mut rest) {
                match event.kind {
                    Kind::Frame(frame) if self.is_late(frame, found.is_some()) => {
                        self.late.push(frame.to_vec());
                    }
                    Kind::Frame(reply) if found.is_none() => found = Some(reply.into()),
                    // More than one reply, or half of one: nobody knows whose the next will be.
                    Kind::Frame(_) | Kind::Broken(_) => return Sent::Lost(Lost::Closed),
                    Kind::Commit(Commit::Nak) if self.commits != Commits::Off => {
                        return Sent::Lost(Lost::Refused);
                    }
                    Kind::Commit(Commit::Ack) if self.commits == Commits::Only => {
                        return Sent::Taken;
                    }
                    Kind::Blank | Kind::Noise | Kind::Commit(_) => {}
                }
            }
            if let Some(reply) = found {
                return Sent::Replied(reply);
            }
        }
    }

    /// Whether an application acknowledges something else than what was sent; or that too, behind the reply to it.
    fn is_late(&self, frame: &[u8], replied: bool) -> bool {
        let Some(sent) = self.sent.as_ref().filter(|_| self.late.len() < LATE) else {
            return false;
        };
        acknowledged(frame).is_some_and(|control_id| replied || !sent.contains(&control_id))
    }
}
