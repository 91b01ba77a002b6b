//! The HTTP API and the page.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::hub::Hub;
use crate::sender::Sender;
use crate::{CANARY, PATIENCE, adt, eventually};

/// A hub with an API, a destination for everything but `M2`, and one that nobody routes to.
pub(crate) const CONFIG: &str = "[api]\nlisten = \"127.0.0.1:0\"\n\
     [source.adt]\nmllp = { listen = \"127.0.0.1:0\" }\n\
     [destination.archive]\nfile = { folder = \"archive\" }\n\
     [destination.spare]\nfile = { folder = \"spare\" }\n\
     [[route]]\nwhen = \"MSH-10 != 'M2'\"\nto = \"archive\"\n";

/// Somebody who uses the API of a hub.
pub(crate) struct Api {
    address: String,
    pub(crate) token: String,
    pub(crate) who: Option<&'static str>,
}

impl Api {
    pub(crate) fn of(hub: &Hub) -> Self {
        let read = |name: &str| std::fs::read_to_string(hub.path().join("data").join(name));
        let address = read("api.address").expect("the hub has an API");
        let token = read("api.token").expect("a token").trim().to_owned();
        Self { address, token, who: Some("J%C3%BCrgen") }
    }

    /// Sends a request and gives the status, the headers and the body of the answer.
    pub(crate) fn raw(&self, method: &str, path: &str, body: &[u8]) -> (u16, String, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).expect("the API listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a setting");
        let who = self.who.map_or_else(String::new, |who| format!("X-Hub-Actor: {who}\r\n"));
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\
             Authorization: Bearer {}\r\n{who}Content-Length: {}\r\n\r\n",
            self.token,
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("it is sent");
        // A request that is too long is answered before it is read.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer");
        let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.expect("a status"), head, answer[end + 4..].to_vec())
    }

    pub(crate) fn text(&self, path: &str) -> String {
        let (status, _, body) = self.raw("GET", path, b"");
        assert_eq!(status, 200, "{path}");
        String::from_utf8(body).expect("a text")
    }

    fn of_json((status, head, body): (u16, String, Vec<u8>)) -> (u16, Value) {
        assert!(head.contains("content-type: application/json"), "{head}");
        (status, serde_json::from_slice(&body).expect("JSON"))
    }

    pub(crate) fn get(&self, path: &str) -> (u16, Value) {
        Self::of_json(self.raw("GET", path, b""))
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        Self::of_json(self.raw("POST", path, body.to_string().as_bytes()))
    }

    /// An order that is carried out.
    #[track_caller]
    pub(crate) fn order(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.post(path, body);
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }
}

#[test]
fn nobody_without_the_token_gets_anything() {
    let hub = Hub::start(CONFIG);
    Sender::connect(&hub.address("adt")).code(&adt("M1"));
    let mut api = Api::of(&hub);
    let guarded = [
        ("GET", "/metrics"),
        ("GET", "/api/status"),
        ("GET", "/api/messages/1"),
        ("GET", "/api/messages/1/content"),
        ("POST", "/api/search"),
        ("POST", "/api/messages/1/park"),
        ("POST", "/api/messages/1/dismiss"),
        ("POST", "/api/messages/1/resubmit"),
        ("POST", "/api/pause"),
        ("POST", "/api/resume"),
        ("POST", "/api/skip"),
        ("POST", "/api/send-now"),
        ("POST", "/api/drain"),
        ("POST", "/api/prune"),
        ("POST", "/api/backup"),
        ("POST", "/api/reload"),
    ];
    let right = api.token.clone();
    for wrong in ["", "x", &right[1..], &format!("{right}0")] {
        wrong.clone_into(&mut api.token);
        for (method, path) in guarded {
            let (status, answer) = Api::of_json(api.raw(method, path, b"{}"));
            assert_eq!(status, 401, "{method} {path} {answer}");
        }
    }
    let lines = hub.status().audit_lines;
    api.token = right;
    assert_eq!(api.get("/api/status").0, 200);
    assert_eq!(hub.status().audit_lines, lines, "reading is no order");
    // Whoever orders something, or looks at a patient's data, says who they are.
    api.who = None;
    for (method, path) in guarded.iter().filter(|(_, path)| *path != "/api/search") {
        let (status, answer) = Api::of_json_or_metrics(api.raw(method, path, b"{}"));
        let needs = *method == "POST" || path.ends_with("content");
        assert_eq!(status == 400, needs, "{method} {path} {answer}");
    }
    assert_eq!(hub.status().audit_lines, lines);
}

impl Api {
    fn of_json_or_metrics(answer: (u16, String, Vec<u8>)) -> (u16, Value) {
        match answer.1.contains("openmetrics") {
            true => (answer.0, Value::Null),
            false => Self::of_json(answer),
        }
    }
}

/// I13: whatever is wrong with a request, the answer shows nothing of what it brought.
#[test]
fn errors_are_json_and_show_nothing_of_a_message() {
    let mut hub = Hub::start_logging(CONFIG, "trace");
    Sender::connect(&hub.address("adt")).code(&adt("M2"));
    let api = Api::of(&hub);
    let set = |path: &str| json!({ "set": { path: CANARY } });
    for (status, path, body) in [
        (400, "/api/messages/1/resubmit", format!("{{\"text\": \"{CANARY}")),
        (400, "/api/messages/1/resubmit", json!({ "text": [CANARY] }).to_string()),
        (400, "/api/messages/1/resubmit", json!({ "txet": CANARY }).to_string()),
        (400, "/api/messages/1/resubmit", json!({ CANARY: 1 }).to_string()),
        (400, "/api/messages/1/resubmit", json!({ "base64": CANARY, "text": "" }).to_string()),
        (400, "/api/messages/1/resubmit", json!({ "base64": "=" }).to_string()),
        (400, "/api/messages/1/resubmit", json!({ "all": true, "to": ["spare"] }).to_string()),
        (400, "/api/messages/1/resubmit", set("PID").to_string()),
        (400, "/api/messages/1/resubmit", set("OBX-5").to_string()),
        (409, "/api/messages/1/resubmit", json!({ "text": CANARY }).to_string()),
        (404, "/api/messages/1/resubmit", json!({ "to": ["nowhere"] }).to_string()),
        (409, "/api/messages/1/resubmit", "{}".to_owned()),
        (404, "/api/messages/9/resubmit", "{}".to_owned()),
        (404, "/api/messages/x/park", "{}".to_owned()),
        (409, "/api/messages/1/park", "{}".to_owned()),
        (400, "/api/search", json!({ "patient_id": [CANARY] }).to_string()),
        (400, "/api/search", json!({ "state": CANARY }).to_string()),
        (400, "/api/search", json!({ "since": CANARY }).to_string()),
        (404, "/api/pause", json!({ "side": "source", "names": ["nobody"] }).to_string()),
        (400, "/api/pause", json!({ "side": "source", "names": [] }).to_string()),
        (400, "/api/resume", json!({ "side": "source", "names": [] }).to_string()),
        (404, "/api/skip", json!({ "destination": "nobody" }).to_string()),
        (400, "/api/pause", json!({ "side": "top", "names": ["adt"] }).to_string()),
        (409, "/api/resume", json!({ "side": "source", "names": ["adt"] }).to_string()),
        (409, "/api/skip", json!({ "destination": "archive" }).to_string()),
        (409, "/api/send-now", json!({ "destination": "archive" }).to_string()),
        (404, "/api/send-now", json!({ "destination": "nowhere" }).to_string()),
        (400, "/api/backup", json!({ "file": "relative" }).to_string()),
        (400, "/api/prune", json!({ "why": CANARY.repeat(200) }).to_string()),
        (413, "/api/search", json!({ "patient_id": CANARY.repeat(10_000) }).to_string()),
        (404, "/api/nothing", CANARY.to_owned()),
        (405, "/api/status", CANARY.to_owned()),
    ] {
        let (found, answer) = Api::of_json(api.raw("POST", path, body.as_bytes()));
        assert_eq!(found, status, "{path}: {answer}");
        let reason = answer["error"].as_str().expect("a reason");
        assert!(reason.len() > 10 && !reason.contains(CANARY), "{reason}");
    }
    // Ending it looks for the canary in the log.
    assert!(hub.stop().success());
}

#[test]
fn the_page_is_all_in_the_hub_and_puts_nothing_into_markup() {
    let hub = Hub::start(CONFIG);
    let mut api = Api::of(&hub);
    (api.token, api.who) = (String::new(), None);
    let (status, head, page) = api.raw("GET", "/", b"");
    assert_eq!(status, 200);
    for part in [
        "content-type: text/html",
        "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'",
        "frame-ancestors 'none'",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
    ] {
        assert!(head.contains(part), "{part}: {head}");
    }
    let page = String::from_utf8(page).expect("a text");
    let script = api.text("/page.js");
    let style = api.text("/page.css");
    for (text, files) in [(&page, 2), (&script, 0), (&style, 0)] {
        assert!(!text.contains("http:") && !text.contains("https:"), "nothing from elsewhere");
        assert_eq!(text.matches("=\"/page.").count(), files);
    }
    assert!(!page.contains("style=") && !page.contains("onclick="), "nothing inline");
    for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
        assert!(!script.contains(way), "{way}");
    }
    assert_eq!(api.get("/health"), (200, json!({ "status": "up" })));
}

#[test]
fn a_token_file_of_ones_own_and_open_metrics() {
    let config = CONFIG.replace("[source", "token_file = \"mine\"\nopen_metrics = true\n[source");
    let mut hub = Hub::configure(&config);
    let ran = hub.run(&["run"]);
    assert_eq!(ran.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&ran.stderr).contains("the token of the API"));
    let token = hub.path().join("mine");
    std::fs::write(&token, "0123456789abcdef\n").expect("a file");
    let others = hub.run(&["run"]);
    assert_eq!(others.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&others.stderr).contains("chmod 600"));
    let only_mine = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&token, only_mine).expect("a setting");
    hub.restart();
    let address = std::fs::read_to_string(hub.path().join("data/api.address")).expect("an API");
    let mut api = Api { address, token: String::new(), who: None };
    assert!(api.text("/metrics").contains("hl7_hub_build_info"));
    assert_eq!(api.get("/api/status").0, 401);
    "0123456789abcdef".clone_into(&mut api.token);
    assert_eq!(api.get("/api/status").0, 200);
    assert!(hub.run(&["pause", "destination", "spare"]).status.success());
    let taken = CONFIG.replace("127.0.0.1:0\"\n[source", &format!("{}\"\n[source", api.address));
    let second = Hub::configure(&taken);
    let second = second.run(&["run"]);
    assert_eq!(second.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&second.stderr).contains("the API cannot listen on"));
}

#[test]
fn statement_36_messages_are_listed_and_read_by_the_api() {
    let hub = Hub::start(CONFIG);
    let mut sender = Sender::connect(&hub.address("adt"));
    for id in ["M1", "M2", "M3"] {
        assert_eq!(sender.code(&adt(id)), "AA");
    }
    eventually("they are delivered", || hub.is_drained());
    let api = Api::of(&hub);
    let find = |query: Value| -> Vec<i64> {
        let found = api.order("/api/search", &query);
        assert!(!found.to_string().contains(CANARY), "patient data only where it is asked for");
        let messages = found["messages"].as_array().expect("a list").iter();
        messages.map(|message| message["message"].as_i64().expect("a number")).collect()
    };
    assert_eq!(find(json!({})), [3, 2, 1]);
    assert_eq!(find(json!({ "most": 1, "below": 3 })), [2]);
    assert_eq!(find(json!({ "state": "no-route" })), [2]);
    assert_eq!(find(json!({ "patient_id": CANARY, "control_id": "M3" })), [3]);
    assert_eq!(find(json!({ "since": "2999-01-01T00:00:00Z" })), [0; 0]);
    let (_, shown) = api.get("/api/messages/1");
    assert_eq!(shown["deliveries"][0]["state"], "done");
    assert_eq!(shown["deliveries"][0]["attempts"][0]["outcome"], "taken");
    assert_eq!(shown["audit"][0]["action"], "received");
    assert!(!shown.to_string().contains(CANARY), "{shown}");
    assert_eq!(api.get("/api/messages/9").0, 404);
    // Who looked at the content stands in the history of the message.
    assert_eq!(api.get("/api/messages/1/content").1["text"], adt("M1"));
    let (_, shown) = api.get("/api/messages/1");
    let last = shown["audit"].as_array().and_then(|lines| lines.last()).expect("a line");
    assert_eq!((&last["action"], &last["who"]), (&json!("view"), &json!("Jürgen")));
    let (_, status) = api.get("/api/status");
    assert_eq!(status["messages"], json!({ "completed": 2, "no-route": 1 }));
    assert_eq!(status["running"]["sources"][0]["connections"], 1);
    assert_eq!(status["running"]["destinations"][0]["connected"], true);
}
