//! A connection, plain or secured by TLS.

use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::coop::unconstrained;
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use crate::config::Secured;
use crate::tls::Tls;

/// For a TLS handshake. Whoever connects and says nothing does not hold a place for longer.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// For the other side to hear that nothing follows.
const FAREWELL: Duration = Duration::from_secs(1);
/// Between two questions whether a silent peer is still there; the system asks a few times before it gives up.
const PROBE: Duration = Duration::from_secs(10);

/// A connection.
#[derive(Debug)]
pub(super) enum Wire {
    Plain(TcpStream),
    Secured(Box<TlsStream<TcpStream>>),
}

impl Wire {
    /// A connection that came, by the rules of its source.
    pub(super) async fn accept(
        stream: TcpStream,
        tls: Option<&Arc<Tls>>,
        keepalive: Option<Duration>,
    ) -> io::Result<Self> {
        set_up(&stream, keepalive)?;
        let Some(tls) = tls else { return Ok(Self::Plain(stream)) };
        let server = tls.server().ok_or_else(|| io::Error::other("there is no certificate"))?;
        let stream = within(HANDSHAKE, TlsAcceptor::from(server).accept(stream)).await?;
        let wire = Self::Secured(Box::new(stream.into()));
        tls.admits_client(wire.certificates()).map_err(io::Error::other)?;
        Ok(wire)
    }

    /// Connects. The name is looked up each time.
    pub(super) async fn call(
        address: &str,
        limit: Duration,
        secured: Option<&Secured>,
        keepalive: Option<Duration>,
    ) -> io::Result<Self> {
        let stream = within(limit, TcpStream::connect(address)).await?;
        set_up(&stream, keepalive)?;
        let Some(Secured { tls, server_name }) = secured else { return Ok(Self::Plain(stream)) };
        let client = tls.client().ok_or_else(|| io::Error::other("nobody is trusted"))?;
        let connecting = TlsConnector::from(client).connect(server_name.clone(), stream);
        let stream = within(HANDSHAKE.min(limit), connecting).await?;
        let wire = Self::Secured(Box::new(stream.into()));
        tls.admits_server(wire.certificates(), server_name).map_err(io::Error::other)?;
        Ok(wire)
    }

    /// The certificates that the other side showed.
    pub(super) fn certificates(&self) -> &[CertificateDer<'static>] {
        match self {
            Self::Plain(_) => &[],
            Self::Secured(stream) => stream.get_ref().1.peer_certificates().unwrap_or_default(),
        }
    }

    pub(super) fn is_secured(&self) -> bool {
        matches!(self, Self::Secured(_))
    }

    pub(super) fn peer(&self) -> io::Result<IpAddr> {
        let stream = match self {
            Self::Plain(stream) => stream,
            Self::Secured(stream) => stream.get_ref().0,
        };
        Ok(stream.peer_addr()?.ip().to_canonical())
    }

    /// Reads what is there already; an error of the kind `WouldBlock` where nothing is.
    pub(super) fn read_now(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Nobody is woken later: whoever reads then asks anew. And a task that was busy for long gets a true answer too.
        let read = pin!(unconstrained(self.read(buffer)));
        match read.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(read) => read,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Writes all of it to where the other side can read it.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes).await?;
        self.flush().await
    }

    /// Closes it in order: with TLS the other side can tell an end from a connection that was cut.
    pub(super) async fn close(mut self) {
        let _ = timeout(FAREWELL, self.shutdown()).await;
    }
}

async fn within<T>(limit: Duration, what: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(limit, what).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Small packets go out at once; a peer that is gone without a word is noticed.
fn set_up(stream: &TcpStream, keepalive: Option<Duration>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match keepalive {
        Some(idle) => {
            let keepalive = TcpKeepalive::new().with_time(idle).with_interval(PROBE.min(idle));
            SockRef::from(stream).set_tcp_keepalive(&keepalive)
        }
        None => Ok(()),
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Secured(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Secured(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Secured(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Secured(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// Two ends of a connection.
    async fn ends(keepalive: Option<Duration>) -> (Wire, Wire) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let calling = Wire::call(&address, HANDSHAKE, None, keepalive);
        let (called, accepted) = tokio::join!(calling, listener.accept());
        let stream = accepted.expect("a connection").0;
        let accepted = Wire::accept(stream, None, keepalive).await.expect("a connection");
        (called.expect("a connection"), accepted)
    }

    #[tokio::test]
    async fn a_silent_peer_is_asked_whether_it_is_there() {
        for keepalive in [Some(Duration::from_secs(77)), None] {
            let (called, accepted) = ends(keepalive).await;
            for wire in [called, accepted] {
                let Wire::Plain(stream) = wire else { panic!("it is secured") };
                let socket = SockRef::from(&stream);
                assert_eq!(socket.keepalive().expect("a setting"), keepalive.is_some());
                assert!(stream.nodelay().expect("a setting"));
            }
        }
    }

    #[tokio::test]
    async fn what_is_there_is_read_at_once_and_an_end_is_seen() {
        let (mut here, mut there) = ends(None).await;
        let mut buffer = [0; 8];
        let nothing = here.read_now(&mut buffer).map_err(|error| error.kind());
        assert_eq!(nothing, Err(io::ErrorKind::WouldBlock));
        there.send(b"late").await.expect("it is sent");
        let soon = || tokio::time::sleep(Duration::from_millis(20));
        let read = loop {
            match here.read_now(&mut buffer) {
                Ok(length) => break length,
                Err(_) => soon().await,
            }
        };
        assert_eq!(&buffer[..read], b"late");
        there.close().await;
        while here.read_now(&mut buffer).is_err() {
            soon().await;
        }
        assert_eq!(here.read_now(&mut buffer).expect("an end"), 0);
    }
}
