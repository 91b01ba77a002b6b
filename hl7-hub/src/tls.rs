//! TLS: certificates, keys, and whom to trust.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::client::{ClientConfig, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use rustls::{RootCertStore, SupportedProtocolVersion};
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

use crate::Digest;

/// The versions that are spoken.
const VERSIONS: &[&SupportedProtocolVersion] = rustls::DEFAULT_VERSIONS;

/// How connections are secured: a section `[tls.NAME]` of the configuration with the content of its files. Two of them are
/// equal if they say the same. `Debug` shows the name only.
#[derive(Clone)]
pub struct Tls {
    /// Its name.
    pub name: String,
    /// When its own certificate ends, in seconds since 1970; `None` where it has none.
    pub expires: Option<i64>,
    /// Names of which the other side's certificate must have one; empty for any.
    names: Vec<String>,
    client_auth: ClientAuth,
    server: Option<Arc<ServerConfig>>,
    client: Option<Arc<ClientConfig>>,
    clients: Option<Arc<dyn ClientCertVerifier>>,
    servers: Option<Arc<dyn ServerCertVerifier>>,
    stamp: Digest,
}

/// Whether a listener asks whoever connects for a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// Nobody is asked.
    Off,
    /// Who has one must have one that is trusted.
    Optional,
    /// Who has none is refused.
    Required,
}

/// The content of a file in PEM, and what it is called in a message.
#[derive(Clone)]
pub struct PemFile {
    /// What it is called.
    pub path: String,
    /// What stands in it.
    pub bytes: Vec<u8>,
}

/// Shows nothing of the content: it may be a key.
impl fmt::Debug for PemFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PemFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// What TLS is made of.
#[derive(Debug, Clone)]
pub struct TlsParts {
    /// The certificate, followed by those above it.
    pub cert: Option<PemFile>,
    /// Its key.
    pub key: Option<PemFile>,
    /// Whose certificates are trusted.
    pub ca: Option<PemFile>,
    /// Whether a listener asks for certificates.
    pub client_auth: ClientAuth,
    /// Names of which the other side's certificate must have one; empty for any.
    pub names: Vec<String>,
}

/// What is wrong with one of the parts. Nothing of a key is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct TlsError {
    /// The part, as its key in the configuration: `cert`, `key` or `ca`; empty where they do not go together.
    pub part: &'static str,
    /// What is wrong, and what would be right.
    pub reason: String,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PartialEq for Tls {
    fn eq(&self, other: &Self) -> bool {
        self.stamp == other.stamp
    }
}

impl Eq for Tls {}

impl Tls {
    /// Out of its parts.
    ///
    /// # Errors
    /// When a certificate or key cannot be read, or they do not go together.
    pub fn new(name: String, parts: TlsParts) -> Result<Self, TlsError> {
        let stamp = parts.stamp();
        let TlsParts { cert, key, ca, client_auth, names } = parts;
        if client_auth != ClientAuth::Off && ca.is_none() {
            return Err(together("`client_auth` needs `ca`: whose certificates are trusted"));
        }
        let identity = match (cert, key) {
            (Some(cert), Some(key)) => Some(identity(&cert, &key)?),
            (None, None) => None,
            _ => return Err(together("`cert` and `key` belong together; one of them is missing")),
        };
        let trusted = ca.as_ref().map(trusted).transpose()?;
        let built = build(identity, trusted, client_auth).map_err(together)?;
        let Built { server, client, clients, servers, expires } = built;
        Ok(Self { name, expires, names, client_auth, server, client, clients, servers, stamp })
    }

    /// For a connection that comes; `None` where there is no certificate of our own.
    #[must_use]
    pub fn server(&self) -> Option<Arc<ServerConfig>> {
        self.server.clone()
    }

    /// For a connection that we make; `None` where nobody is trusted.
    #[must_use]
    pub fn client(&self) -> Option<Arc<ClientConfig>> {
        self.client.clone()
    }

    /// Whether who connects must have a name, and nobody is asked for it.
    pub(crate) fn names_nobody(&self) -> bool {
        !self.names.is_empty() && self.client_auth == ClientAuth::Off
    }

    /// What it is, in few bytes.
    pub(crate) fn stamp(&self) -> Digest {
        self.stamp
    }

    /// Whether who connected may stay, by what is agreed now: with this certificate, or with none. Why not, if not.
    pub(crate) fn admits_client(&self, chain: &[CertificateDer<'_>]) -> Result<(), String> {
        match (&self.clients, chain.split_first(), self.client_auth) {
            (None, _, _) | (_, None, ClientAuth::Off | ClientAuth::Optional) => Ok(()),
            (_, None, ClientAuth::Required) => Err("there is no certificate".to_owned()),
            (Some(clients), Some((first, rest)), _) => {
                let verified = clients.verify_client_cert(first, rest, UnixTime::now());
                verified.map_err(|error| error.to_string())?;
                self.admits_name(first)
            }
        }
    }

    /// As [`Tls::admits_client`], for whom we connected to.
    pub(crate) fn admits_server(
        &self,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
    ) -> Result<(), String> {
        let (Some(servers), Some((first, rest))) = (&self.servers, chain.split_first()) else {
            return Err("there is no certificate".to_owned());
        };
        let verified = servers.verify_server_cert(first, rest, name, &[], UnixTime::now());
        verified.map_err(|error| error.to_string())?;
        self.admits_name(first)
    }

    fn admits_name(&self, certificate: &CertificateDer<'_>) -> Result<(), String> {
        let found = names_in(certificate);
        let is_found = |name: &String| found.iter().any(|found| found.eq_ignore_ascii_case(name));
        if self.names.is_empty() || self.names.iter().any(is_found) {
            return Ok(());
        }
        let (found, expected) = (found.join(", "), self.names.join(", "));
        Err(format!("its certificate is for `{found}`, expected one of {expected}"))
    }
}

/// The host names that a certificate is for; its common name, where it has none, as old ones do.
fn names_in(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok((_, certificate)) = parse_x509_certificate(certificate) else { return Vec::new() };
    let alternatives = certificate.subject_alternative_name().ok().flatten();
    let alternatives = alternatives.map(|extension| &extension.value.general_names);
    let hosts = alternatives.into_iter().flatten().filter_map(|name| match name {
        GeneralName::DNSName(host) => Some((*host).to_owned()),
        _ => None,
    });
    let hosts: Vec<_> = hosts.collect();
    match hosts.is_empty() {
        true => {
            let common = certificate.subject().iter_common_name();
            common.filter_map(|name| name.as_str().ok().map(str::to_owned)).collect()
        }
        false => hosts,
    }
}

/// Whose certificate it is, and the key to it.
type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

impl TlsParts {
    fn stamp(&self) -> Digest {
        let content = |file: &Option<PemFile>| file.as_ref().map(|file| file.bytes.clone());
        let files = [&self.cert, &self.key, &self.ca].map(|file| content(file).unwrap_or_default());
        let settings = format!("{:?} {:?}", self.client_auth, self.names);
        Digest::of_parts(files.iter().map(Vec::as_slice).chain([settings.as_bytes()]))
    }
}

fn together(reason: impl Into<String>) -> TlsError {
    TlsError { part: "", reason: reason.into() }
}

/// The certificates of a file.
fn certificates(
    part: &'static str,
    file: &PemFile,
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&file.bytes).collect();
    let is_whole = |found: &Vec<CertificateDer<'_>>| {
        !found.is_empty() && found.iter().all(|one| parse_x509_certificate(one).is_ok())
    };
    read.ok().filter(is_whole).ok_or_else(|| {
        let reason = format!(
            "{}: there is no certificate in it, or one that cannot be read; expected PEM, from \
             -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----",
            file.path
        );
        TlsError { part, reason }
    })
}

fn identity(cert: &PemFile, key: &PemFile) -> Result<Identity, TlsError> {
    let wrong =
        |reason: String| TlsError { part: "key", reason: format!("{}: {reason}", key.path) };
    let chain = certificates("cert", cert)?;
    // What is wrong with a key is not quoted: it is a key.
    let secret = PrivateKeyDer::from_pem_slice(&key.bytes)
        .ok()
        .filter(|secret| provider().key_provider.load_private_key(secret.clone_key()).is_ok());
    let secret = secret.ok_or_else(|| {
        let expected = "expected PEM without a password";
        wrong(format!("there is no private key in it that can be used; {expected}"))
    })?;
    server_config(ClientAuth::Off, None, (chain.clone(), secret.clone_key()))
        .map_err(|reason| wrong(format!("does not belong to the certificate: {reason}")))?;
    Ok((chain, secret))
}

fn trusted(ca: &PemFile) -> Result<Arc<RootCertStore>, TlsError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates("ca", ca)? {
        store.add(certificate).map_err(|error| TlsError {
            part: "ca",
            reason: format!("{}: cannot be trusted: {error}", ca.path),
        })?;
    }
    Ok(Arc::new(store))
}

/// What rustls wants, made once for all connections.
#[derive(Default)]
struct Built {
    server: Option<Arc<ServerConfig>>,
    client: Option<Arc<ClientConfig>>,
    clients: Option<Arc<dyn ClientCertVerifier>>,
    servers: Option<Arc<dyn ServerCertVerifier>>,
    expires: Option<i64>,
}

fn build(
    identity: Option<Identity>,
    trusted: Option<Arc<RootCertStore>>,
    client_auth: ClientAuth,
) -> Result<Built, String> {
    let mut built = Built::default();
    if let Some(trusted) = &trusted {
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::clone(trusted), provider());
        let clients = match client_auth {
            ClientAuth::Required => clients,
            ClientAuth::Off | ClientAuth::Optional => clients.allow_unauthenticated(),
        };
        built.clients = Some(clients.build().map_err(|error| error.to_string())?);
        let servers = WebPkiServerVerifier::builder_with_provider(Arc::clone(trusted), provider());
        built.servers = Some(servers.build().map_err(|error| error.to_string())?);
        let client = client_config(Arc::clone(trusted), identity.as_ref())?;
        built.client = Some(Arc::new(client));
    }
    if let Some((chain, key)) = identity {
        let first = chain.first().and_then(|first| parse_x509_certificate(first).ok());
        built.expires = first.map(|(_, first)| first.validity().not_after.timestamp());
        let server = server_config(client_auth, built.clients.clone(), (chain, key))?;
        built.server = Some(Arc::new(server));
    }
    Ok(built)
}

fn server_config(
    client_auth: ClientAuth,
    clients: Option<Arc<dyn ClientCertVerifier>>,
    (chain, key): Identity,
) -> Result<ServerConfig, String> {
    let builder = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(VERSIONS)
        .map_err(|error| error.to_string())?;
    let builder = match clients.filter(|_| client_auth != ClientAuth::Off) {
        Some(clients) => builder.with_client_cert_verifier(clients),
        None => builder.with_no_client_auth(),
    };
    builder.with_single_cert(chain, key).map_err(|error| error.to_string())
}

fn client_config(
    trusted: Arc<RootCertStore>,
    identity: Option<&Identity>,
) -> Result<ClientConfig, String> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(VERSIONS)
        .map_err(|error| error.to_string())?
        .with_root_certificates(trusted);
    match identity {
        Some((chain, key)) => builder
            .with_client_auth_cert(chain.clone(), key.clone_key())
            .map_err(|error| error.to_string()),
        None => Ok(builder.with_no_client_auth()),
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
