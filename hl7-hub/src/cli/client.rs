//! Talking to the hub that runs.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use hl7_hub::api;
use hl7_hub::config::Config;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use ureq::Agent;

use super::{Failure, Of};

/// The most bytes of an answer.
const LIMIT: u64 = 256 << 20;

/// Who orders something, and why
#[derive(Debug, clap::Args)]
pub(super) struct By {
    #[command(flatten)]
    of: Of,

    /// Who you are, for the audit; else the user of the system
    #[arg(long, value_name = "NAME")]
    who: Option<String>,

    /// Why, for the audit
    #[arg(long, value_name = "TEXT", default_value = "")]
    why: String,
}

impl By {
    /// Sends an order to the hub that runs and gives its answer. `what` gets the reason added.
    pub(super) fn order(&self, path: &str, mut what: Value) -> Result<Value, Failure> {
        what["why"] = json!(self.why);
        let config = Config::load(&self.of.config)?;
        let Some((address, token)) = api::access(&config)? else {
            return Err(Failure(format!(
                "{} has no [api], so nobody can tell the hub anything; add it and start the hub again",
                self.of.config.display()
            )));
        };
        let who = self.who.clone().unwrap_or_else(user);
        let who = utf8_percent_encode(&who, NON_ALPHANUMERIC).to_string();
        let answer = agent(None)
            .post(format!("http://{address}/api/{path}"))
            .header("authorization", format!("Bearer {token}"))
            .header("x-hub-actor", who)
            .send(what.to_string().as_bytes());
        read(answer).map_err(|failure| failure.unwrap_or_else(|| not_there(&address.to_string())))
    }
}

/// What the hub that runs says of itself; `None` where none does, or it has no API.
pub(super) fn running(config: &Config) -> Option<Value> {
    let (address, token) = api::access(config).ok().flatten()?;
    let answer = agent(Some(Duration::from_secs(5)))
        .get(format!("http://{address}/api/status"))
        .header("authorization", format!("Bearer {token}"))
        .call();
    read(answer).ok()?.get("running").cloned()
}

fn agent(limit: Option<Duration>) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(Duration::from_secs(5)))
        .timeout_global(limit)
        // The hub is on this machine, whatever the environment says of proxies.
        .proxy(None)
        .build()
        .into()
}

fn not_there(address: &str) -> Failure {
    Failure(format!("no hub answers at {address}; this needs one that runs"))
}

/// The answer as JSON, or the reason that it gives; `None` where nobody answered.
fn read(
    answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<Value, Option<Failure>> {
    let mut answer = match answer {
        Ok(answer) => answer,
        Err(ureq::Error::Io(_) | ureq::Error::ConnectionFailed) => return Err(None),
        Err(error) => return Err(Some(error.into())),
    };
    let text = answer.body_mut().with_config().limit(LIMIT).read_to_string();
    let value: Value = text
        .map_err(|error| Some(error.into()))
        .and_then(|text| serde_json::from_str(&text).map_err(|error| Some(error.into())))?;
    match (answer.status().is_success(), value["error"].as_str()) {
        (true, _) => Ok(value),
        (false, Some(reason)) => Err(Some(Failure(reason.to_owned()))),
        (false, None) => Err(Some(Failure(format!("the hub answered {}", answer.status())))),
    }
}

/// The user of the system, by name where there is one.
fn user() -> String {
    let named = ["USER", "LOGNAME"].into_iter().filter_map(|name| env::var(name).ok());
    let named = named.map(|name| name.trim().to_owned()).find(|name| !name.is_empty());
    let number = || fs::metadata("/proc/self").map_or(0, |process| process.uid());
    named.unwrap_or_else(|| format!("user {}", number()))
}
