//! Posting messages over HTTP/1.1: one message, its answer, then the next.

use std::fmt;
use std::io;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{HeaderMap, RETRY_AFTER};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::task::{AbortHandle, spawn};
use tokio::time::timeout;

use super::wire::Wire;
use crate::config::HttpOut;
use crate::engine::{HttpAnswer, Lost, Sent};
use crate::store::Delivery;

/// As much of an answer is read as of one over MLLP.
const ANSWER: usize = 16 << 20;

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
        let answered = answered.unwrap_or(Err(Lost::Timeout));
        // Behind an answer that is not whole nobody knows what comes next.
        if !answered.as_ref().is_ok_and(|answer| answer.is_whole) {
            self.close();
        }
        answered.map_or_else(Sent::Lost, HttpAnswer::meaning)
    }

    pub(super) fn close(&mut self) {
        self.connection = None;
    }
}

async fn answer(
    connection: &mut Connection,
    request: Request<Full<Bytes>>,
) -> Result<HttpAnswer, Lost> {
    if connection.requests.ready().await.is_err() {
        return Err(Lost::Unsent);
    }
    match connection.requests.send_request(request).await {
        Ok(response) => read(response).await,
        // The connection ended before it took the request.
        Err(failure) if failure.is_canceled() => Err(Lost::Unsent),
        Err(_) => Err(Lost::Closed),
    }
}

async fn read(response: Response<Incoming>) -> Result<HttpAnswer, Lost> {
    let status = response.status().as_u16();
    let after = retry_after(response.headers());
    let mut coming = response.into_body();
    let (mut body, mut is_whole) = (Vec::new(), true);
    while is_whole && let Some(frame) = coming.frame().await {
        let Ok(data) = frame.map_err(|_| Lost::Closed)?.into_data() else { continue };
        let room = ANSWER - body.len();
        is_whole = data.len() <= room;
        body.extend_from_slice(data.get(..room).unwrap_or(&data));
    }
    Ok(HttpAnswer { status, after, body: body.into(), is_whole })
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
