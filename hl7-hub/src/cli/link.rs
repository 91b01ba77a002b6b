//! A connection of a command, plain or secured by TLS.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hl7_hub::tls::{ClientAuth, PemFile, Tls, TlsParts};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection, StreamOwned};

use super::Failure;

/// How the connection is secured.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct TlsArgs {
    /// Secure the connection by TLS
    #[arg(long, help_heading = "TLS")]
    tls: bool,

    /// Whose certificates are trusted, in PEM. Who listens then refuses whoever has none of them
    #[arg(long, value_name = "FILE", requires = "tls", help_heading = "TLS")]
    ca: Option<PathBuf>,

    /// The certificate of this side, in PEM
    #[arg(long, value_name = "FILE", requires = "key", help_heading = "TLS")]
    cert: Option<PathBuf>,

    /// Its key, in PEM without a password
    #[arg(long, value_name = "FILE", requires = "cert", help_heading = "TLS")]
    key: Option<PathBuf>,
}

/// What bytes go over.
pub(super) trait Link: Read + Write + Send {}

impl<S: Read + Write + Send> Link for S {}

/// What whoever connects needs for TLS.
#[derive(Debug, Clone)]
pub(super) struct Calling {
    client: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl TlsArgs {
    /// For a connection to an address, whose certificate must be for its host or another name; `None` for a plain one.
    pub(super) fn calling(
        &self,
        address: &str,
        name: Option<&str>,
    ) -> Result<Option<Calling>, Failure> {
        if !self.tls {
            return Ok(None);
        }
        let client = self.read(ClientAuth::Off)?.client();
        let client = client.ok_or_else(|| Failure("--tls needs --ca: whom to trust".to_owned()))?;
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let name = name.unwrap_or(host.trim_matches(['[', ']'])).to_owned();
        let wrong = format!("`{name}` is no name that a certificate can be for");
        let name = ServerName::try_from(name).map_err(|_| Failure(wrong))?;
        Ok(Some(Calling { client, name }))
    }

    /// For connections that come; `None` for plain ones.
    pub(super) fn listening(&self) -> Result<Option<Arc<ServerConfig>>, Failure> {
        if !self.tls {
            return Ok(None);
        }
        let asks = if self.ca.is_some() { ClientAuth::Required } else { ClientAuth::Off };
        let server = self.read(asks)?.server();
        let missing = || Failure("--tls needs --cert and --key of this side".to_owned());
        server.map(Some).ok_or_else(missing)
    }

    fn read(&self, client_auth: ClientAuth) -> Result<Tls, Failure> {
        let file = |path: &Option<PathBuf>| path.as_deref().map(pem).transpose();
        let (cert, key, ca) = (file(&self.cert)?, file(&self.key)?, file(&self.ca)?);
        let parts = TlsParts { cert, key, ca, client_auth, names: Vec::new() };
        Ok(Tls::new(String::new(), parts)?)
    }
}

fn pem(path: &Path) -> Result<PemFile, Failure> {
    let named = path.display().to_string();
    let unreadable = |error| Failure(format!("{named}: cannot be read: {error}"));
    let bytes = fs::read(path).map_err(unreadable)?;
    Ok(PemFile { path: named, bytes })
}

/// A connection that was made.
pub(super) fn call(stream: TcpStream, tls: Option<&Calling>) -> Result<Box<dyn Link>, Failure> {
    let Some(Calling { client, name }) = tls else { return Ok(Box::new(stream)) };
    let connection = ClientConnection::new(Arc::clone(client), name.clone())?;
    let mut stream = StreamOwned::new(connection, stream);
    // The handshake, so that who is refused is told before anything is sent.
    let refused = |error| Failure(format!("the connection cannot be secured: {error}"));
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).map_err(refused)?;
    }
    Ok(Box::new(stream))
}

/// A connection that came.
pub(super) fn take(
    stream: TcpStream,
    tls: Option<&Arc<ServerConfig>>,
) -> Result<Box<dyn Link>, Failure> {
    let Some(server) = tls else { return Ok(Box::new(stream)) };
    let connection = ServerConnection::new(Arc::clone(server))?;
    Ok(Box::new(StreamOwned::new(connection, stream)))
}
