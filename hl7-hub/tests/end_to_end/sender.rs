//! A source that a test plays.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use hl7_mllp::{Commit, Decoder, Encoder, Kind};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::{PATIENCE, field};

fn tcp(address: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// What bytes go over.
trait Stream: Read + Write + Send {}

impl<S: Read + Write + Send> Stream for S {}

/// A connection to the hub.
pub(crate) struct Sender {
    stream: Box<dyn Stream>,
    decoder: Decoder,
    replies: Vec<Vec<u8>>,
    /// Commit blocks that came.
    pub(crate) commits: Vec<Commit>,
}

impl Sender {
    pub(crate) fn connect(address: &str) -> Self {
        Self::try_connect(address).expect("a connection")
    }

    pub(crate) fn try_connect(address: &str) -> io::Result<Self> {
        Ok(Self::over(tcp(address)?))
    }

    /// Connects with TLS; the certificate of the hub must be for a name.
    pub(crate) fn secured(
        address: &str,
        client: Arc<ClientConfig>,
        name: &str,
    ) -> io::Result<Self> {
        let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
        let connection = ClientConnection::new(client, name).map_err(io::Error::other)?;
        Ok(Self::over(StreamOwned::new(connection, tcp(address)?)))
    }

    fn over(stream: impl Stream + 'static) -> Self {
        let stream = Box::new(stream);
        Self { stream, decoder: Decoder::new(), replies: Vec::new(), commits: Vec::new() }
    }

    /// Sends bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// The next reply; `None` when the hub closes the connection instead.
    pub(crate) fn reply(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut buffer = [0; 4096];
        while self.replies.is_empty() {
            let length = self.stream.read(&mut buffer)?;
            if length == 0 {
                return Ok(None);
            }
            let mut rest = &buffer[..length];
            while let Some(event) = self.decoder.next_event(&mut rest) {
                match event.kind {
                    Kind::Frame(reply) => self.replies.push(reply.to_vec()),
                    Kind::Commit(commit) => self.commits.push(commit),
                    _ => {}
                }
            }
        }
        Ok(Some(self.replies.remove(0)))
    }

    /// Sends a message and waits for its reply.
    pub(crate) fn try_send(&mut self, message: &str) -> io::Result<Option<Vec<u8>>> {
        let mut frame = Vec::new();
        Encoder::default().encode(message.as_bytes(), &mut frame).map_err(io::Error::other)?;
        self.raw(&frame)?;
        self.reply()
    }

    pub(crate) fn send(&mut self, message: &str) -> Vec<u8> {
        self.try_send(message).expect("the connection holds").expect("a reply")
    }

    /// Sends a message and gives the code of its reply, which must be for it.
    pub(crate) fn code(&mut self, message: &str) -> String {
        let reply = self.send(message);
        assert_eq!(field(&reply, "MSA", 2), field(message.as_bytes(), "MSH", 10));
        field(&reply, "MSA", 1)
    }

    /// The code of the next reply.
    pub(crate) fn next_code(&mut self) -> String {
        let reply = self.reply().expect("the connection holds").expect("a reply");
        field(&reply, "MSA", 1)
    }

    /// Whether the hub closes the connection without another reply.
    pub(crate) fn is_closed(&mut self) -> bool {
        matches!(self.reply(), Ok(None) | Err(_))
    }
}
