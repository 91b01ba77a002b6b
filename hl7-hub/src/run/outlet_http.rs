//! Posting messages over HTTP/1.1: one message, its answer, then the next.

use std::fmt;
use std::io;
use std::time::Duration;

use hl7_core::Tree;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{HeaderMap, RETRY_AFTER};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::task::{AbortHandle, spawn};
use tokio::time::timeout;

use super::outlet::Sent;
use super::wire::Wire;
use crate::config::HttpOut;
use crate::engine::{Lost, msa};
use crate::store::Delivery;

/// The longest answer that is read.
const ANSWER: usize = 1 << 20;

/// The connection to a destination, if there is one.
pub(super) struct HttpOutlet {
    settings: HttpOut,
    connection: Option<Connection>,
}

/// A connection, with the task that reads and writes; it ends with it.
struct Connection {
    requests: SendRequest<Full<Bytes>>,
    task: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for HttpOutlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpOutlet").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl HttpOutlet {
    pub(super) fn new(settings: HttpOut) -> Self {
        Self { settings, connection: None }
    }

    /// Connects anew.
    pub(super) async fn connect(&mut self) -> io::Result<()> {
        self.close();
        let HttpOut { address, connect_timeout, secured, keepalive, .. } = &self.settings;
        let wire = Wire::call(address, *connect_timeout, secured.as_ref(), *keepalive).await?;
        let (requests, connection) =
            handshake(TokioIo::new(wire)).await.map_err(io::Error::other)?;
        // How it ends is told to whoever waits for an answer.
        let task = spawn(async move { drop(connection.await) }).abort_handle();
        self.connection = Some(Connection { requests, task });
        Ok(())
    }

    /// Whether the connection is open. What comes over it unasked has ended it.
    pub(super) fn is_ready(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| !connection.requests.is_closed())
    }

    pub(super) async fn send(&mut self, delivery: &Delivery) -> Sent {
        let Some(connection) = &mut self.connection else { return Sent::Lost(Lost::Unsent) };
        let body = Full::new(Bytes::copy_from_slice(delivery.payload.bytes()));
        let request = Request::builder().method(Method::POST).uri(&self.settings.path).body(body);
        let Ok(mut request) = request else { return Sent::Lost(Lost::Unsent) };
        *request.headers_mut() = self.settings.headers.clone();
        let answered = timeout(self.settings.timeout, answer(connection, request)).await;
        let sent = answered.unwrap_or(Sent::Lost(Lost::Timeout));
        // Behind an answer that is not whole nobody knows what comes next.
        if matches!(sent, Sent::Lost(Lost::Timeout | Lost::Closed | Lost::Unsent)) {
            self.close();
        }
        sent
    }

    pub(super) fn close(&mut self) {
        self.connection = None;
    }
}

async fn answer(connection: &mut Connection, request: Request<Full<Bytes>>) -> Sent {
    if connection.requests.ready().await.is_err() {
        return Sent::Lost(Lost::Unsent);
    }
    match connection.requests.send_request(request).await {
        Ok(response) => read(response).await,
        // The connection ended before it took the request.
        Err(failure) if failure.is_canceled() => Sent::Lost(Lost::Unsent),
        Err(_) => Sent::Lost(Lost::Closed),
    }
}

async fn read(response: Response<Incoming>) -> Sent {
    let status = response.status();
    let after = retry_after(response.headers());
    // An answer that is too long is no acknowledgment; its status stands.
    let body = Limited::new(response.into_body(), ANSWER).collect().await;
    let body = match body {
        Ok(body) => body.to_bytes(),
        Err(failure) if failure.is::<http_body_util::LengthLimitError>() => Bytes::new(),
        Err(_) => return Sent::Lost(Lost::Closed),
    };
    judge(status, after, &body)
}

/// What an answer means: an acknowledgment in it counts, but none that says yes where the status says no.
fn judge(status: StatusCode, after: Option<Duration>, body: &[u8]) -> Sent {
    let positive = acknowledges(body);
    match (status.is_success(), positive) {
        (true, Some(_)) | (false, Some(false)) => Sent::Replied(body.to_vec()),
        (true, None) => Sent::Taken,
        (false, Some(true) | None) => Sent::Lost(Lost::Status { status: status.as_u16(), after }),
    }
}

/// Whether a body is an acknowledgment, and one that says yes.
fn acknowledges(body: &[u8]) -> Option<bool> {
    let tree = Tree::parse(body.trim_ascii_start()).ok()?;
    let code = msa(&tree)?.field(1).filter(|code| !code.is_empty())?;
    Some(matches!(code.raw(), b"AA" | b"CA"))
}

/// How long the other side asks for, in seconds; a date is as good as nothing.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_answers_mean() {
        let ack = |code: &str| format!("MSH|^~\\&|A\rMSA|{code}|1\r");
        let status = |status, after| format!("{:?}", Sent::Lost(Lost::Status { status, after }));
        for (code, body, expected) in [
            (200, String::new(), "Taken".to_owned()),
            (204, String::new(), "Taken".to_owned()),
            (200, "<html>fine</html>".to_owned(), "Taken".to_owned()),
            (200, ack("AE"), "Replied".to_owned()),
            (200, ack("AA"), "Replied".to_owned()),
            (500, ack("AE"), "Replied".to_owned()),
            (500, ack("AA"), status(500, None)),
            (302, String::new(), status(302, None)),
            (404, "gone".to_owned(), status(404, None)),
        ] {
            let code = StatusCode::from_u16(code).expect("a status");
            let found = format!("{:?}", judge(code, None, body.as_bytes()));
            assert!(found.starts_with(&expected), "{code} {body:?}: {found}");
        }
    }

    #[test]
    fn how_long_to_wait() {
        let of = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().expect("a value"));
            retry_after(&headers)
        };
        assert_eq!(of("120"), Some(Duration::from_secs(120)));
        assert_eq!(of("Fri, 31 Dec 1999 23:59:59 GMT"), None);
        assert_eq!(of("-1"), None);
    }
}
