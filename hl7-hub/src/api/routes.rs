//! Which request does what.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Path, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::answer::{Answer, Failure};
use super::auth::{Token, actor};
use super::pages;
use crate::operate::{Again, By, Desk, Edit};
use crate::store::{DeliveryId, MessageId, MessageState, Ordered, Query, Side};

/// The most bytes of a request.
const LIMIT: usize = 64 << 10;
/// The most bytes of one that brings a message.
const MESSAGE_LIMIT: usize = 64 << 20;
/// For a request to come whole, behind its headers.
const BODY: Duration = Duration::from_secs(60);
/// The longest reason.
const LONGEST_WHY: usize = 1_000;
/// Most messages on a page.
const PAGE: usize = 1_000;
/// How long a drain waits unless the request says otherwise.
const DRAIN: u64 = 60;

type Outcome = Result<Answer, Failure>;

/// What every route has.
#[derive(Clone)]
struct Shared {
    desk: Arc<Desk>,
    token: Token,
    open_metrics: bool,
}

/// All routes.
pub(super) fn router(desk: Arc<Desk>, token: Token, open_metrics: bool) -> Router {
    let shared = Shared { desk, token, open_metrics };
    let guarded = Router::new()
        .route("/metrics", get(metrics))
        .route("/api/status", get(status))
        .route("/api/search", post(search))
        .route("/api/messages/{id}", get(show))
        .route("/api/messages/{id}/content", get(content))
        .route("/api/messages/{id}/park", post(park))
        .route("/api/messages/{id}/dismiss", post(dismiss))
        .route(
            "/api/messages/{id}/resubmit",
            post(resubmit).layer(DefaultBodyLimit::max(MESSAGE_LIMIT)),
        )
        .route("/api/pause", post(pause))
        .route("/api/resume", post(resume))
        .route("/api/skip", post(skip))
        .route("/api/send-now", post(send_now))
        .route("/api/drain", post(drain))
        .route("/api/prune", post(prune))
        .route("/api/backup", post(backup))
        .route("/api/reload", post(reload))
        .route_layer(from_fn_with_state(shared.clone(), guard));
    Router::new()
        .route("/", get(pages::page))
        .route("/page.js", get(pages::script))
        .route("/page.css", get(pages::style))
        .route("/health", get(health))
        .merge(guarded)
        .fallback(async || Failure::new(StatusCode::NOT_FOUND, "there is nothing here"))
        .method_not_allowed_fallback(async || {
            Failure::new(StatusCode::METHOD_NOT_ALLOWED, "this is not done by that method")
        })
        .layer(DefaultBodyLimit::max(LIMIT))
        .with_state(shared)
}

/// Nobody goes on without the token.
async fn guard(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let is_open = shared.open_metrics && request.uri().path() == "/metrics";
    if is_open || shared.token.is_in(request.headers()) {
        return next.run(request).await;
    }
    let reason = "the token is missing or another: send it as `Authorization: Bearer TOKEN`";
    Failure::new(StatusCode::UNAUTHORIZED, reason).into_response()
}

/// Who orders something.
struct Who(String);

impl<S: Sync> FromRequestParts<S> for Who {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let failed = |reason| Failure::new(StatusCode::BAD_REQUEST, reason);
        actor(&parts.headers).map(Self).map_err(failed)
    }
}

/// What a request says, as JSON. What is wrong with it is said by its place, as it may hold a message.
struct Said<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Said<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let body = timeout(BODY, Bytes::from_request(request, state)).await.map_err(|_| {
            Failure::new(StatusCode::REQUEST_TIMEOUT, "the request did not come whole in time")
        })?;
        let body = body.map_err(|rejection| {
            let reason = match &rejection {
                BytesRejection::FailedToBufferBody(failure)
                    if failure.status() == StatusCode::PAYLOAD_TOO_LARGE =>
                {
                    "the request is longer than the limit"
                }
                _ => "the request was broken off",
            };
            Failure::new(rejection.status(), reason)
        })?;
        let body: &[u8] = if body.is_empty() { b"{}" } else { &body };
        serde_json::from_slice(body).map(Self).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let what = match error.classify() {
                serde_json::error::Category::Data => "says something that is not expected",
                _ => "is no JSON",
            };
            let reason = format!("the request {what}, at line {line}, column {column}");
            Failure::new(StatusCode::BAD_REQUEST, reason)
        })
    }
}

/// The number of a message, from the path.
struct Id(MessageId);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Path(id) = Path::<i64>::from_request_parts(parts, state)
            .await
            .map_err(|_| Failure::new(StatusCode::NOT_FOUND, "a message is named by its number"))?;
        Ok(Self(MessageId(id)))
    }
}

fn by(Who(who): Who, why: String) -> Result<By, Failure> {
    match why.len() > LONGEST_WHY {
        true => Err(Failure::new(
            StatusCode::BAD_REQUEST,
            format!("`why` is longer than {LONGEST_WHY} bytes"),
        )),
        false => Ok(By { who, why: why.trim().to_owned() }),
    }
}

fn ordered(ordered: &Ordered) -> Value {
    json!({
        "done": ordered.done,
        "audit_line": ordered.line,
        "message": ordered.message.map(|id| id.0),
    })
}

async fn health() -> Answer {
    Answer(json!({ "status": "up" }))
}

async fn metrics(State(shared): State<Shared>) -> Result<Response, Failure> {
    const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let mut response = shared.desk.metrics().await?.into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(KIND));
    Ok(response)
}

async fn status(State(shared): State<Shared>) -> Outcome {
    Ok(Answer(shared.desk.status().await?))
}

/// In the body of a request, so that nothing of a patient is in an address.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Search {
    control_id: Option<String>,
    patient_id: Option<String>,
    #[serde(rename = "type")]
    message_type: Option<String>,
    source: Option<String>,
    state: Option<String>,
    batch: Option<i64>,
    since: Option<String>,
    until: Option<String>,
    below: Option<i64>,
    most: Option<usize>,
}

async fn search(State(shared): State<Shared>, Said(said): Said<Search>) -> Outcome {
    let wrong = |reason: &str| Failure::new(StatusCode::BAD_REQUEST, reason);
    let state = said.state.map(|word| {
        MessageState::of_word(&word).ok_or_else(|| wrong("there is no such state of a message"))
    });
    let time = |text: Option<String>| {
        let parsed = text.map(|text| text.parse::<jiff::Timestamp>());
        let parsed = parsed
            .transpose()
            .map_err(|_| wrong("`since` and `until` are times such as 2026-02-11T14:01:14Z"))?;
        Ok::<_, Failure>(parsed.map(jiff::Timestamp::as_millisecond))
    };
    let query = Query {
        control_id: said.control_id,
        patient_id: said.patient_id,
        message_type: said.message_type,
        source: said.source,
        state: state.transpose()?,
        batch: said.batch.map(MessageId),
        since: time(said.since)?,
        until: time(said.until)?,
        below: said.below.map(MessageId),
        most: said.most.unwrap_or(50).min(PAGE),
    };
    Ok(Answer(shared.desk.search(query).await?))
}

async fn show(State(shared): State<Shared>, Id(id): Id) -> Outcome {
    Ok(Answer(shared.desk.show(id).await?))
}

/// Patient data. Who looks at it is noted, hence the name of somebody for a request that changes nothing.
async fn content(State(shared): State<Shared>, Id(id): Id, who: Who) -> Outcome {
    let content = shared.desk.content(&by(who, String::new())?, id).await?;
    let text = std::str::from_utf8(content.bytes());
    Ok(Answer(json!({
        "message": id.0,
        // What is no UTF-8 is not offered as text, so that nobody sends it back changed.
        "text": text.ok(),
        "base64": BASE64_STANDARD.encode(content.bytes()),
    })))
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Reason {
    why: String,
}

async fn park(
    State(shared): State<Shared>,
    Id(id): Id,
    who: Who,
    Said(said): Said<Reason>,
) -> Outcome {
    Ok(Answer(ordered(&shared.desk.park(&by(who, said.why)?, id).await?)))
}

async fn dismiss(
    State(shared): State<Shared>,
    Id(id): Id,
    who: Who,
    Said(said): Said<Reason>,
) -> Outcome {
    Ok(Answer(ordered(&shared.desk.dismiss(&by(who, said.why)?, id).await?)))
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Resubmit {
    why: String,
    to: Vec<String>,
    all: bool,
    reroute: bool,
    set: BTreeMap<String, String>,
    text: Option<String>,
    base64: Option<String>,
}

async fn resubmit(
    State(shared): State<Shared>,
    Id(id): Id,
    who: Who,
    Said(said): Said<Resubmit>,
) -> Outcome {
    let wrong = |reason: &str| Failure::new(StatusCode::BAD_REQUEST, reason);
    let content = match (said.text, said.base64) {
        (Some(_), Some(_)) => return Err(wrong("either `text` or `base64`, not both")),
        (Some(text), None) => Some(text.into_bytes()),
        (None, Some(coded)) => {
            Some(BASE64_STANDARD.decode(coded).map_err(|_| wrong("`base64` is no base64"))?)
        }
        (None, None) => None,
    };
    let edit = match (content, said.set.is_empty()) {
        (Some(_), false) => return Err(wrong("either `set` or a whole content, not both")),
        (Some(content), true) => Some(Edit::Content(content)),
        (None, false) => Some(Edit::Set(said.set)),
        (None, true) => None,
    };
    let chosen = [!said.to.is_empty(), said.all, said.reroute];
    if chosen.into_iter().filter(|chosen| *chosen).count() > 1 {
        return Err(wrong("only one of `to`, `all` and `reroute`"));
    }
    let by = by(who, said.why)?;
    let done = match edit {
        Some(_) if said.all => return Err(wrong("an edited message is routed anew, or `to` some")),
        Some(edit) => shared.desk.edit(&by, id, said.to, edit).await?,
        None => {
            let again = Again { to: said.to, all: said.all, reroute: said.reroute };
            shared.desk.resubmit(&by, id, again).await?
        }
    };
    Ok(Answer(ordered(&done)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    #[serde(default)]
    why: String,
    side: String,
    names: Vec<String>,
}

impl Named {
    fn side(&self) -> Result<Side, Failure> {
        let wrong =
            || Failure::new(StatusCode::BAD_REQUEST, "`side` is either `source` or `destination`");
        Side::of_word(&self.side).ok_or_else(wrong)
    }
}

async fn pause(State(shared): State<Shared>, who: Who, Said(said): Said<Named>) -> Outcome {
    let side = said.side()?;
    Ok(Answer(ordered(&shared.desk.pause(&by(who, said.why)?, side, said.names).await?)))
}

async fn resume(State(shared): State<Shared>, who: Who, Said(said): Said<Named>) -> Outcome {
    let side = said.side()?;
    Ok(Answer(ordered(&shared.desk.resume(&by(who, said.why)?, side, said.names).await?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Skip {
    #[serde(default)]
    why: String,
    destination: String,
    delivery: Option<i64>,
}

async fn skip(State(shared): State<Shared>, who: Who, Said(said): Said<Skip>) -> Outcome {
    let delivery = said.delivery.map(DeliveryId);
    let done = shared.desk.skip(&by(who, said.why)?, said.destination, delivery).await?;
    Ok(Answer(ordered(&done)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToDestination {
    #[serde(default)]
    why: String,
    destination: String,
}

async fn send_now(
    State(shared): State<Shared>,
    who: Who,
    Said(said): Said<ToDestination>,
) -> Outcome {
    let done = shared.desk.send_now(&by(who, said.why)?, said.destination).await?;
    Ok(Answer(json!({ "done": done })))
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Drain {
    why: String,
    wait_seconds: Option<u64>,
}

async fn drain(State(shared): State<Shared>, who: Who, Said(said): Said<Drain>) -> Outcome {
    let wait = Duration::from_secs(said.wait_seconds.unwrap_or(DRAIN));
    let (done, queued) = shared.desk.drain(&by(who, said.why)?, wait).await?;
    let mut answer = ordered(&done);
    answer["empty"] = json!(queued.is_empty());
    answer["queued"] = json!(queued);
    Ok(Answer(answer))
}

async fn prune(State(shared): State<Shared>, who: Who, Said(said): Said<Reason>) -> Outcome {
    let pruned = shared.desk.prune(&by(who, said.why)?).await?;
    Ok(Answer(json!({
        "contents": pruned.contents,
        "messages": pruned.messages,
        "audit_lines": pruned.lines,
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Backup {
    #[serde(default)]
    why: String,
    file: PathBuf,
}

async fn backup(State(shared): State<Shared>, who: Who, Said(said): Said<Backup>) -> Outcome {
    Ok(Answer(shared.desk.backup(&by(who, said.why)?, said.file).await?))
}

async fn reload(State(shared): State<Shared>, who: Who, Said(said): Said<Reason>) -> Outcome {
    Ok(Answer(json!({ "done": shared.desk.reload(&by(who, said.why)?).await? })))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use axum::body::Body;
    use hyper::body::Frame;

    use super::*;

    /// A body of which nothing comes.
    struct Never;

    impl hyper::body::Body for Never {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_does_not_come_whole_is_not_waited_for() {
        let request = Request::new(Body::new(Never));
        let said = timeout(BODY * 10, Said::<Reason>::from_request(request, &())).await;
        let said = said.expect("it is given up");
        let answer = said.err().expect("it never comes").into_response();
        assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);
    }
}
