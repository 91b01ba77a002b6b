//! The HTTP API: what commands, the web page and monitoring use to talk to a hub that runs.
//!
//! It listens on loopback unless the configuration says otherwise. Whoever has the token sends it as `Authorization: Bearer
//! TOKEN` and may do everything; whoever does something says who they are in the header `X-Hub-Actor` (UTF-8 in percent
//! encoding), and that is noted with `why`, which each order may give. Requests and answers are JSON, but for the page and the
//! metrics; an answer that is not 200 says `{"error": "…"}`, and never anything of a message.
//!
//! | request | says | does |
//! |---|---|---|
//! | `GET /` | | the web page; without the token |
//! | `GET /health` | | whether the hub is up; without the token |
//! | `GET /metrics` | | metrics for Prometheus |
//! | `GET /api/status` | | how things stand |
//! | `POST /api/search` | `control_id`, `patient_id`, `type`, `source`, `state`, `batch`, `since`, `until`, `below`, `most` | messages, the newest first |
//! | `GET /api/messages/N` | | everything that is known of a message but its content |
//! | `GET /api/messages/N/content` | | its content; who looked at it is noted |
//! | `POST /api/messages/N/resubmit` | `to`, `all` or `reroute`; `set`, `text` or `base64` | sends it once more, as it is or edited |
//! | `POST /api/messages/N/park` | | takes it out of its queues |
//! | `POST /api/messages/N/dismiss` | | decides that it needs nothing more |
//! | `POST /api/pause`, `/api/resume` | `side`: `source` or `destination`; `names` | pauses, or resumes |
//! | `POST /api/skip` | `destination`, `delivery` | cancels what it is to get next |
//! | `POST /api/send-now` | `destination` | has it send what it has gathered |
//! | `POST /api/drain` | `wait_seconds` | pauses all sources and waits until nothing is queued |
//! | `POST /api/prune` | | takes away what is old |
//! | `POST /api/backup` | `file`, an absolute path | copies the store, and verifies the copy |
//! | `POST /api/reload` | | has the hub read its configuration again |

mod answer;
mod auth;
mod pages;
mod routes;

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_io_timeout::TimeoutWriter;
use tracing::{debug, info, warn};

use crate::config::Config;
use crate::operate::Desk;
use auth::Token;

/// Connections at once; whoever comes then waits to be taken.
const CONNECTIONS: usize = 64;
/// From the first byte of a request to the last of its headers.
const HEADERS: Duration = Duration::from_secs(10);
/// For a peer to take something of an answer: connections are few, and one that is never read would take a place for ever.
const TAKEN: Duration = Duration::from_secs(30);
/// How long to wait when the system has no more sockets.
const BREATH: Duration = Duration::from_millis(100);
/// In the data folder: where the hub that runs listens, which its configuration may leave to the system.
const ADDRESS: &str = "api.address";

/// Why the API cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// It cannot listen.
    #[error("the API cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// The token cannot be read or made.
    #[error("the token of the API, {path}: {reason}")]
    Token {
        /// Its file.
        path: String,
        /// Why.
        reason: String,
    },
}

/// An API that is open and serves nobody yet.
pub(crate) struct Api {
    listener: TcpListener,
    router: Router,
    desk: Arc<Desk>,
    address_file: PathBuf,
}

impl Api {
    /// Listens, if the configuration says so. The token is made if it is not there.
    pub(crate) async fn open(config: &Config, desk: Arc<Desk>) -> Result<Option<Self>, ApiError> {
        let Some(settings) = &config.api else { return Ok(None) };
        let token = match &settings.token_file {
            Some(file) => Token::read(file)?,
            None => Token::read_or_make(&config.data.join(auth::FILE))?,
        };
        let failed = |error| ApiError::Listen { address: settings.listen, error };
        let listener = TcpListener::bind(settings.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let address_file = config.data.join(ADDRESS);
        // Without it commands go to the address of the configuration, which is right unless the system chose the port.
        if let Err(failure) = fs::write(&address_file, address.to_string()) {
            warn!(%failure, "the address of the API is not noted");
        }
        info!(%address, "the API listens");
        let router = routes::router(Arc::clone(&desk), token, settings.open_metrics);
        Ok(Some(Self { listener, router, desk, address_file }))
    }

    /// Serves until the hub stops.
    pub(crate) async fn serve(self) {
        let mut stopping = self.desk.stopping();
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let place = Arc::clone(&places).acquire_owned();
            let accepted = tokio::select! {
                accepted = async {
                    // A semaphore that is never closed always gives a place in the end.
                    let place = place.await.map_err(io::Error::other)?;
                    Ok::<_, io::Error>((self.listener.accept().await?.0, place))
                } => accepted,
                () = stopping.wait() => break,
            };
            match accepted {
                Ok((stream, place)) => {
                    let serving = serve(stream, self.router.clone());
                    connections.spawn(async move {
                        serving.await;
                        drop(place);
                    });
                }
                Err(failure) => {
                    warn!(%failure, "the API cannot take connections");
                    sleep(BREATH).await;
                }
            }
        }
        let _ = fs::remove_file(&self.address_file);
    }
}

async fn serve(stream: TcpStream, router: Router) {
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(TAKEN));
    let stream = Box::pin(stream);
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .await;
    if let Err(failure) = served {
        debug!(%failure, "a connection of the API failed");
    }
}

/// Where the API of a hub listens, and the token that it wants; `None` where its configuration has none.
///
/// # Errors
/// When the token cannot be read.
pub fn access(config: &Config) -> Result<Option<(SocketAddr, String)>, ApiError> {
    let Some(settings) = &config.api else { return Ok(None) };
    let file = settings.token_file.clone().unwrap_or_else(|| config.data.join(auth::FILE));
    let token = Token::read(&file)?;
    Ok(Some((noted_address(&config.data).unwrap_or(settings.listen), token.text().to_owned())))
}

fn noted_address(data: &Path) -> Option<SocketAddr> {
    fs::read_to_string(data.join(ADDRESS)).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::AsyncWriteExt;
    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_never_reads_answers_does_not_keep_a_place() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let address = listener.local_addr().expect("an address");
        let mut client = TcpStream::connect(address).await.expect("a connection");
        let (stream, _) = listener.accept().await.expect("a connection");
        let page = "x".repeat(8 << 20);
        let router = Router::new().route("/", get(async move || page.clone()));
        client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("it is sent");
        let ended = timeout(TAKEN * 10, serve(stream, router)).await;
        assert!(ended.is_ok(), "it goes on for ever");
    }
}
