//! The sections of TLS, and who names them.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::ServerName;

use super::section::{NamedFile, Section};
use super::suggestion;
use crate::tls::{ClientAuth, PemFile, Tls, TlsParts};

/// How a connection that we make is secured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secured {
    /// By what.
    pub tls: Arc<Tls>,
    /// The name that the certificate of the other side must be for.
    pub server_name: ServerName<'static>,
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
        if tls.server().is_none() {
            mistake(format!("whoever listens needs `cert` and `key` in [tls.{}]", tls.name));
        } else if tls.names_nobody() {
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
        if tls.client().is_none() {
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

fn read(name: String, section: Section<'_, '_>, folder: &Path) -> Option<Tls> {
    let files = ["cert", "key", "ca"].map(|key| (key, section.file(key, folder)));
    let client_auth = match section.word("client_auth", &["off", "optional", "required"]) {
        Some(1) => ClientAuth::Optional,
        Some(2) => ClientAuth::Required,
        _ => ClientAuth::Off,
    };
    let names = section.texts("names").unwrap_or_default();
    let names = names.into_iter().map(|(text, _)| text.to_owned()).collect();
    // What cannot be read is said already.
    let is_read = files.iter().all(|(key, file)| file.is_some() == section.get(key).is_some());
    let spans =
        files.each_ref().map(|(key, file)| (*key, file.as_ref().map(|file| file.span.clone())));
    let [cert, key, ca] =
        files.map(|(_, file)| file.map(|NamedFile { path, bytes, .. }| PemFile { path, bytes }));
    let parts = TlsParts { cert, key, ca, client_auth, names };
    let tls = is_read.then(|| Tls::new(name, parts)).and_then(|tls| {
        let note = |error: &crate::tls::TlsError| {
            let span =
                spans.iter().find(|(key, _)| *key == error.part).and_then(|(_, span)| span.clone());
            section.mistake(span.unwrap_or(section.span.clone()), error.part, error.reason.clone());
        };
        tls.inspect_err(note).ok()
    });
    section.finish();
    tls
}
