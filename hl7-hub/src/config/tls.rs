//! TLS: certificates, keys, and whom to trust.

use std::fmt;
use std::ops::Range;
use std::path::Path;
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

use super::section::{NamedFile, Section};
use super::suggestion;
use crate::Digest;

/// The versions that are spoken.
const VERSIONS: &[&SupportedProtocolVersion] = rustls::DEFAULT_VERSIONS;

/// A section `[tls.NAME]`, with the files that it names as they were when it was read. Two of them are equal if they say
/// the same, files included. `Debug` shows the name only.
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
enum ClientAuth {
    Off,
    Optional,
    Required,
}

/// How a connection that we make is secured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secured {
    /// By what.
    pub tls: Arc<Tls>,
    /// The name that the certificate of the other side must be for.
    pub server_name: ServerName<'static>,
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
    /// For a connection that comes; `None` where there is no certificate of our own.
    pub(crate) fn server(&self) -> Option<Arc<ServerConfig>> {
        self.server.clone()
    }

    /// For a connection that we make; `None` where nobody is trusted.
    pub(crate) fn client(&self) -> Option<Arc<ClientConfig>> {
        self.client.clone()
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

/// The `[tls.NAME]` sections of a file; `None` for one with mistakes.
pub(super) struct TlsSections(Vec<(String, Option<Arc<Tls>>)>);

impl TlsSections {
    pub(super) fn read(root: &Section<'_, '_>, folder: &Path) -> Self {
        let read = |(name, section): (String, _)| {
            let tls = read(name.clone(), section, folder).map(Arc::new);
            (name, tls)
        };
        Self(root.named("tls").into_iter().map(read).collect())
    }

    /// The one that a link names, and where.
    fn named(&self, mllp: &Section<'_, '_>) -> Option<(Arc<Tls>, Range<usize>)> {
        let (name, span) = mllp.text_at("tls")?;
        match self.0.iter().find(|(known, _)| known == name) {
            Some((_, tls)) => tls.clone().map(|tls| (tls, span)),
            None => {
                let near = suggestion(name, self.0.iter().map(|(known, _)| known.as_str()));
                mllp.mistake(span, "tls", format!("there is no section `[tls.{name}]`{near}"));
                None
            }
        }
    }

    /// For a link that listens.
    pub(super) fn for_listener(&self, mllp: &Section<'_, '_>) -> Option<Arc<Tls>> {
        let (tls, span) = self.named(mllp)?;
        let mistake = |reason: String| mllp.mistake(span.clone(), "tls", reason);
        if tls.server.is_none() {
            mistake(format!("whoever listens needs `cert` and `key` in [tls.{}]", tls.name));
        } else if !tls.names.is_empty() && tls.client_auth == ClientAuth::Off {
            mistake(format!(
                "[tls.{}] has `names`, but `client_auth` is off: nobody is asked for a certificate",
                tls.name
            ));
        }
        Some(tls)
    }

    /// For a link that connects to an address.
    pub(super) fn for_call(&self, mllp: &Section<'_, '_>, address: &str) -> Option<Secured> {
        let named = self.named(mllp);
        let server_name = mllp.text_at("server_name");
        if let Some((_, span)) = &server_name
            && mllp.get("tls").is_none()
        {
            mllp.mistake(span.clone(), "server_name", "means nothing without `tls`");
        }
        let (tls, span) = named?;
        if tls.client.is_none() {
            let reason =
                format!("whoever connects needs `ca` in [tls.{}]: whom to trust", tls.name);
            mllp.mistake(span.clone(), "tls", reason);
        }
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let (name, span) = server_name.unwrap_or((host, span));
        match ServerName::try_from(name.to_owned()) {
            Ok(server_name) => Some(Secured { tls, server_name }),
            Err(_) => {
                let reason = format!("`{name}` is no name that a certificate can be for");
                mllp.mistake(span, "server_name", reason);
                None
            }
        }
    }
}

/// Whose certificate it is, and the key to it.
type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn read(name: String, section: Section<'_, '_>, folder: &Path) -> Option<Tls> {
    let (cert, key) = (section.file("cert", folder), section.file("key", folder));
    let ca = section.file("ca", folder);
    let client_auth = match section.word("client_auth", &["off", "optional", "required"]) {
        Some(1) => ClientAuth::Optional,
        Some(2) => ClientAuth::Required,
        _ => ClientAuth::Off,
    };
    let names = section.texts("names").unwrap_or_default();
    let names: Vec<_> = names.into_iter().map(|(text, _)| text.to_owned()).collect();
    if client_auth != ClientAuth::Off && section.get("ca").is_none() {
        let reason = "`client_auth` needs `ca`: whose certificates are trusted";
        section.mistake(section.span.clone(), "", reason);
    }
    let content = |file: &Option<NamedFile>| file.as_ref().map(|file| file.bytes.clone());
    let parts = [content(&cert), content(&key), content(&ca)].map(Option::unwrap_or_default);
    let settings = format!("{client_auth:?} {names:?}");
    let stamp = parts.iter().map(Vec::as_slice).chain([settings.as_bytes()]);
    let stamp = Digest::of_parts(stamp);
    let whole = (section.get("cert").is_some(), section.get("key").is_some());
    let (identity, whole) = match (cert, key, whole) {
        (Some(cert), Some(key), _) => {
            let identity = identity(&section, &cert, &key);
            let whole = identity.is_some();
            (identity, whole)
        }
        (None, None, (false, false)) => (None, true),
        (_, _, (cert, key)) => {
            if cert != key {
                let reason = "`cert` and `key` belong together; one of them is missing";
                section.mistake(section.span.clone(), "", reason);
            }
            (None, false)
        }
    };
    let trusted_is_whole = section.get("ca").is_none() || ca.is_some();
    let trusted = ca.and_then(|ca| trusted(&section, &ca));
    let built = build(identity, trusted, client_auth);
    let built = built.map_err(|reason| section.mistake(section.span.clone(), "", reason)).ok();
    section.finish();
    let Built { server, client, clients, servers, expires } = built?;
    let tls = Tls { name, expires, names, client_auth, server, client, clients, servers, stamp };
    Some(tls).filter(|_| whole && trusted_is_whole)
}

/// The certificates of a file.
fn certificates(
    section: &Section<'_, '_>,
    key: &'static str,
    file: &NamedFile,
) -> Option<Vec<CertificateDer<'static>>> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&file.bytes).collect();
    let whole = read.ok().filter(|certificates| {
        !certificates.is_empty()
            && certificates.iter().all(|one| parse_x509_certificate(one).is_ok())
    });
    if whole.is_none() {
        let reason = format!(
            "{}: there is no certificate in it, or one that cannot be read; expected PEM, from \
             -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----",
            file.path
        );
        section.mistake(file.span.clone(), key, reason);
    }
    whole
}

fn identity(section: &Section<'_, '_>, cert: &NamedFile, key: &NamedFile) -> Option<Identity> {
    let chain = certificates(section, "cert", cert);
    // What is wrong with a key is not quoted: it is a key.
    let secret = PrivateKeyDer::from_pem_slice(&key.bytes);
    let secret = secret
        .ok()
        .filter(|secret| provider().key_provider.load_private_key(secret.clone_key()).is_ok());
    if secret.is_none() {
        let reason = format!(
            "{}: there is no private key in it that can be used; expected PEM without a password",
            key.path
        );
        section.mistake(key.span.clone(), "key", reason);
    }
    let (chain, secret) = (chain?, secret?);
    let fits = server_config(ClientAuth::Off, None, (chain.clone(), secret.clone_key()));
    if let Err(reason) = fits {
        let reason = format!("{}: does not belong to the certificate: {reason}", key.path);
        section.mistake(key.span.clone(), "key", reason);
        return None;
    }
    Some((chain, secret))
}

fn trusted(section: &Section<'_, '_>, ca: &NamedFile) -> Option<Arc<RootCertStore>> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(section, "ca", ca)? {
        if let Err(error) = store.add(certificate) {
            let reason = format!("{}: cannot be trusted: {error}", ca.path);
            section.mistake(ca.span.clone(), "ca", reason);
            return None;
        }
    }
    Some(Arc::new(store))
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
