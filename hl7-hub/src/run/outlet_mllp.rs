//! Sending over MLLP: one message, its reply, then the next.

use std::io;
use std::sync::Arc;

use hl7_mllp::{Commit, Decoder, Kind};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use super::outlet::Sent;
use super::sessions::{Session, Sessions};
use super::wire::Wire;
use crate::config::{Commits, MllpOut};
use crate::engine::Lost;

/// How much is read at once.
const READ: usize = 4 << 10;

/// The connection to a destination, if there is one.
#[derive(Debug)]
pub(super) struct MllpOutlet {
    settings: MllpOut,
    sessions: Arc<Sessions>,
    connection: Option<(Wire, Decoder)>,
    /// There for as long as the connection is.
    session: Option<Session>,
}

impl MllpOutlet {
    pub(super) fn new(settings: MllpOut, sessions: Arc<Sessions>) -> Self {
        Self { settings, sessions, connection: None, session: None }
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

    /// Waits until another destination waits for this connection.
    pub(super) async fn wanted(&self) {
        match &self.session {
            Some(session) => session.wanted().await,
            None => std::future::pending().await,
        }
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
                        if event.kind != Kind::Blank {
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
        // The peer may have closed since the attempt was begun; then it has nothing of it.
        if !self.is_open() {
            return Sent::Lost(Lost::Unsent);
        }
        let Some((wire, decoder)) = &mut self.connection else {
            return Sent::Lost(Lost::Unsent);
        };
        self.session.iter_mut().for_each(Session::sent);
        let limit = self.settings.ack_timeout;
        match timeout(limit, wire.send(&frame)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return Sent::Lost(Lost::NotWritten),
        }
        let commits = self.settings.commits;
        timeout(limit, reply(wire, decoder, commits)).await.unwrap_or(Sent::Lost(Lost::Timeout))
    }

    pub(super) fn close(&mut self) {
        self.connection = None;
        self.session = None;
    }
}

/// The next frame that comes, or the commit block that says as much. What stands between frames is no reply.
async fn reply(wire: &mut Wire, decoder: &mut Decoder, commits: Commits) -> Sent {
    let mut buffer = [0; READ];
    loop {
        let length = match wire.read(&mut buffer).await {
            Ok(0) | Err(_) => {
                return match decoder.finish().map(|event| event.kind) {
                    Some(Kind::Frame(reply)) => Sent::Replied(reply.to_vec()),
                    _ => Sent::Lost(Lost::Closed),
                };
            }
            Ok(length) => length,
        };
        let mut rest = &buffer[..length];
        let mut found = None;
        while let Some(event) = decoder.next_event(&mut rest) {
            match event.kind {
                Kind::Frame(reply) if found.is_none() => found = Some(reply.to_vec()),
                // More than one reply, or half of one: nobody knows whose the next will be.
                Kind::Frame(_) | Kind::Broken(_) => return Sent::Lost(Lost::Closed),
                Kind::Commit(Commit::Nak) if commits != Commits::Off => {
                    return Sent::Lost(Lost::Refused);
                }
                Kind::Commit(Commit::Ack) if commits == Commits::Only => return Sent::Taken,
                Kind::Blank | Kind::Noise | Kind::Commit(_) => {}
            }
        }
        if let Some(reply) = found {
            return Sent::Replied(reply);
        }
    }
}
