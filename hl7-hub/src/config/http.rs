//! Destinations that are reached over HTTP.

use std::fmt;
use std::time::Duration;

use hyper::Uri;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::section::Section;
use super::source::keepalive;
use super::tls::{Secured, TlsSections};
use crate::Digest;

/// What messages are called, unless something else is said.
const CONTENT_TYPE: &str = "x-application/hl7-v2+er7; charset=utf-8";
/// The same where it gets a text about a message.
const TEXT_TYPE: &str = "text/plain; charset=utf-8";

/// An HTTP destination: each message is posted.
#[derive(Clone)]
pub struct HttpOut {
    /// Host and port.
    pub address: String,
    /// How the connection is secured.
    pub secured: Option<Secured>,
    /// After how long a silence the system asks whether the other side is still there.
    pub keepalive: Option<Duration>,
    /// The path, with what stands behind it.
    pub path: String,
    /// What stands in the header, `Host` and `Content-Type` included. `Debug` shows none of it: there are secrets in it.
    pub headers: HeaderMap,
    /// For the connection to be there.
    pub connect_timeout: Duration,
    /// From the request to the last byte of the answer.
    pub timeout: Duration,
}

impl fmt::Debug for HttpOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpOut").field("address", &self.address).finish_non_exhaustive()
    }
}

impl HttpOut {
    /// What the environment and the files of TLS add to what stands in the configuration.
    pub(crate) fn stamp(&self) -> Digest {
        let headers = self.headers.values().map(HeaderValue::as_bytes);
        let tls = self.secured.as_ref().map(|secured| secured.tls.stamp());
        let tls = tls.map(|stamp| stamp.0.to_vec()).unwrap_or_default();
        Digest::of_parts(headers.chain([&tls[..]]))
    }
}

/// What says where a request ends, and whose connection it is. A length that is another cuts the message off.
const FRAMING: [HeaderName; 8] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::EXPECT,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
];

/// Reads an HTTP destination; `None` where it has no address, which is a mistake.
pub(super) fn http_out(
    http: &Section<'_, '_>,
    is_text: bool,
    tls: &TlsSections,
) -> Option<HttpOut> {
    let url = http.parsed("url", url);
    if http.get("url").is_none() {
        http.mistake(http.span.clone(), "", "`url` is missing: where to post to");
    }
    let (connect_timeout, timeout) = (
        http.time("connect_timeout", Duration::from_secs(10)),
        http.time("timeout", Duration::from_secs(30)),
    );
    let keepalive = keepalive(http);
    let usual = if is_text { TEXT_TYPE } else { CONTENT_TYPE };
    let content_type = http.text("content_type").unwrap_or(usual);
    let mut headers = HeaderMap::new();
    let mut add = |name: HeaderName, text: &str| {
        let value = HeaderValue::from_str(text).map(|mut value| {
            value.set_sensitive(true);
            value
        });
        value.is_ok_and(|value| headers.insert(name, value).is_none())
    };
    if !add(header::CONTENT_TYPE, content_type) {
        http.mistake(http.span.clone(), "content_type", "this cannot stand in a header");
    }
    for (name, text) in written(http).into_iter().chain(from_environment(http)) {
        if !add(name.clone(), &text) {
            let reason = format!("`{name}` is there twice, or holds what cannot stand in a header");
            http.mistake(http.span.clone(), "headers", reason);
        }
    }
    let address = url.as_ref().map(|url| url.address.clone()).unwrap_or_default();
    let secured = tls.for_call(http, &address);
    let url = url?;
    match (url.secure, http.get("tls")) {
        (true, None) => {
            let reason = "https needs `tls`: the section `[tls.NAME]` that says whom to trust";
            http.mistake(http.span.clone(), "", reason);
        }
        (false, Some(_)) => {
            http.mistake(http.span.clone(), "", "`tls` needs a url that starts with https://");
        }
        _ => {}
    }
    headers.insert(header::HOST, HeaderValue::from_str(&url.host).ok()?);
    let (address, path) = (url.address, url.path);
    Some(HttpOut { address, secured, keepalive, path, headers, connect_timeout, timeout })
}

/// The parts of a URL.
struct Url {
    secure: bool,
    address: String,
    host: String,
    path: String,
}

fn url(text: &str) -> Result<Url, String> {
    let wrong = |why: &str| format!("{why}; write http://host:port/path or https://host/path");
    let uri: Uri = text.parse().map_err(|_| wrong("this is no URL"))?;
    let secure = match uri.scheme_str() {
        Some("http") => false,
        Some("https") => true,
        _ => return Err(wrong("this is neither http nor https")),
    };
    let authority = uri.authority().ok_or_else(|| wrong("there is no host"))?;
    // It would end up in logs; a header from the environment does not.
    if authority.as_str().contains('@') {
        return Err(wrong("a password has no place in a URL: use `headers_from_env`"));
    }
    let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
    Ok(Url {
        secure,
        address: format!("{}:{port}", authority.host()),
        host: authority.as_str().to_owned(),
        path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
    })
}

/// Headers with what stands in the file.
fn written(http: &Section<'_, '_>) -> Vec<(HeaderName, String)> {
    let section = http.section("headers");
    read(&section, |text| Ok(text.to_owned()))
}

/// Headers with what stands in variables of the environment.
fn from_environment(http: &Section<'_, '_>) -> Vec<(HeaderName, String)> {
    let section = http.section("headers_from_env");
    read(&section, |name| {
        std::env::var(name)
            .map_err(|_| format!("the environment has no `{name}`, or no text in it"))
    })
}

fn read(
    section: &Section<'_, '_>,
    value: impl Fn(&str) -> Result<String, String>,
) -> Vec<(HeaderName, String)> {
    let mut headers = Vec::new();
    for (key, span, found) in section.entries() {
        let name = HeaderName::from_bytes(key.as_bytes());
        let text = found.get_ref().as_str().ok_or_else(|| "expected a text".to_owned());
        match (name, text.and_then(&value)) {
            (Ok(name), _) if FRAMING.contains(&name) => {
                section.mistake(
                    span,
                    key,
                    "this header belongs to the connection; the hub writes it",
                );
            }
            (Ok(name), Ok(text)) => headers.push((name, text)),
            (Err(_), _) => section.mistake(span, key, "this is no name of a header"),
            (_, Err(reason)) => section.mistake(span, key, reason),
        }
    }
    headers
}
