//! Messages posted over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use hl7_hub::store::Reader;

use crate::certificates::Authority;
use crate::hub::Hub;
use crate::sender::Sender;
use crate::{adt, eventually, field};

/// A request as it came: its head, and its body.
type Request = (String, Vec<u8>);

/// An HTTP server that a test plays. It ends with the process: its threads wait for what does not come.
struct Server {
    address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

/// What a test answers, by the number of the request, from one, and its control id: with the lines of a head, and a body.
type Answer = Arc<dyn Fn(usize, &str) -> (String, String) + Send + Sync>;

impl Server {
    fn answering(answer: impl Fn(usize, &str) -> (String, String) + Send + Sync + 'static) -> Self {
        Self::start(None, Arc::new(answer))
    }

    fn start(tls: Option<Arc<ServerConfig>>, answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let taken = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (taken, answer, tls) = (Arc::clone(&taken), Arc::clone(&answer), tls.clone());
                std::thread::spawn(move || match tls {
                    Some(tls) => {
                        let connection = ServerConnection::new(tls).expect("a connection");
                        serve(StreamOwned::new(connection, stream), &taken, &answer);
                    }
                    None => serve(stream, &taken, &answer),
                });
            }
        });
        Self { address, requests }
    }

    fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("the requests").clone()
    }
}

fn serve(stream: impl Read + Write, taken: &Mutex<Vec<Request>>, answer: &Answer) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        let id = field(&request.1, "MSH", 10);
        let number = {
            let mut taken = taken.lock().expect("the requests");
            taken.push(request);
            taken.len()
        };
        let (head, body) = answer(number, &id);
        let length = body.len();
        let answer = format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\n\r\n{body}");
        let stream = reader.get_mut();
        if stream.write_all(answer.as_bytes()).and_then(|()| stream.flush()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let lower = head.to_ascii_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length:"))?;
    let mut body = vec![0; length.trim().parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}

fn config(server: &Server, settings: &str) -> String {
    format!(
        r#"
        [source.adt]
        mllp = {{ listen = "127.0.0.1:0" }}
        [destination.web]
        http = {{ url = "http://{}/hl7/in?x=1", {settings} }}
        retry = {{ first = "50ms", most = "200ms", attempts = 3 }}
        [[route]]
        to = "web"
        "#,
        server.address
    )
}

fn ack(code: &str, id: &str) -> String {
    format!("MSH|^~\\&|WEB||HUB||1||ACK|R|P|2.5.1\rMSA|{code}|{id}\r")
}

#[test]
fn messages_are_posted_in_order_and_acknowledgments_count() {
    let server = Server::answering(|number, id| match number {
        // Not now; then it is there, or refused, whatever the status says beside the acknowledgment.
        2 => ("503 Later\r\nRetry-After: 0".into(), String::new()),
        4 => ("500 No".into(), ack("AE", id)),
        5 => ("204 Fine".into(), String::new()),
        6 => ("404 Gone".into(), "no such path".into()),
        7 => ("302 Elsewhere\r\nLocation: http://127.0.0.1:9/".into(), String::new()),
        _ => ("200 OK".into(), ack("AA", id)),
    });
    let settings =
        "headers = { X-Site = \"north\" }, headers_from_env = { Authorization = \"PATH\" }";
    let mut hub = Hub::start(&config(&server, settings));
    let mut sender = Sender::connect(&hub.address("adt"));
    for number in 1..=6 {
        assert_eq!(sender.code(&adt(&format!("M{number}"))), "AA");
    }
    eventually("all are settled", || hub.is_drained());
    let requests = server.requests();
    let ids: Vec<_> = requests.iter().map(|(_, body)| field(body, "MSH", 10)).collect();
    assert_eq!(ids, ["M1", "M2", "M2", "M3", "M4", "M5", "M6", "M6"]);
    let (head, body) = &requests[0];
    assert_eq!(*body, adt("M1").into_bytes());
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("post /hl7/in?x=1 http/1.1\r\n"), "{head}");
    for line in [
        format!("host: {}", server.address),
        "content-type: x-application/hl7-v2+er7; charset=utf-8".to_owned(),
        "x-site: north".to_owned(),
        format!("authorization: {}", std::env::var("PATH").expect("a path").to_ascii_lowercase()),
    ] {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{line}: {head}");
    }
    let status = hub.status();
    assert_eq!((status.destinations[0].done, status.destinations[0].dead), (4, 2));
    assert_eq!(hub.reader().verify().expect("it is read").faults, [""; 0]);
    let path = std::env::var("PATH").expect("a path");
    assert!(!hub.logged(&path), "what is in the environment is in no log");
    assert!(hub.stop().success());
}

/// What is too long is not kept, but a no at its start is heard.
#[test]
fn of_an_answer_without_end_the_start_counts() {
    let server = Server::answering(|_, id| {
        let code = if id == "M1" { "AE" } else { "AA" };
        ("200 OK".into(), ack(code, id) + "NTE|1||" + &"x".repeat(20 << 20))
    });
    let hub = Hub::start(&config(&server, ""));
    let mut sender = Sender::connect(&hub.address("adt"));
    for id in ["M1", "M2"] {
        assert_eq!(sender.code(&adt(id)), "AA");
    }
    eventually("both are settled", || hub.is_drained());
    let ids: Vec<_> = server.requests().iter().map(|(_, body)| field(body, "MSH", 10)).collect();
    assert_eq!(ids, ["M1", "M2"]);
    let status = hub.status();
    assert_eq!((status.destinations[0].dead, status.destinations[0].done), (1, 1));
}

#[test]
fn a_server_that_does_not_answer_gets_it_again_and_it_is_marked() {
    let server = Server::answering(|number, id| {
        if number == 1 {
            std::thread::sleep(std::time::Duration::from_secs(2));
        }
        ("200 OK".into(), ack("AA", id))
    });
    let hub = Hub::start(&config(&server, "timeout = \"200ms\""));
    assert_eq!(Sender::connect(&hub.address("adt")).code(&adt("M1")), "AA");
    eventually("it is delivered", || hub.is_drained() && hub.status().destinations[0].done == 1);
    let found = hub.reader().search(&hl7_hub::store::Query { most: 1, ..Default::default() });
    let id = found.expect("it is read")[0].id;
    let delivery = hub.reader().deliveries(id).expect("it is read").remove(0);
    assert!(delivery.maybe_duplicate);
    assert_eq!(delivery.attempts[0].outcome.as_deref(), Some("timeout"));
    assert!(server.requests().len() >= 2);
}

#[test]
fn over_https_it_is_posted_to_whom_is_trusted_and_to_nobody_else() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let answer: Answer = Arc::new(|_, id| ("200 OK".to_owned(), ack("AA", id)));
    let server = Server::start(Some(ours.issue(&["127.0.0.1"]).server()), answer);
    let text = config(&server, "tls = \"main\"").replacen("http://", "https://", 1);
    let mut hub = Hub::configure(&format!("{text}\n[tls.main]\nca = \"ca.pem\"\n"));
    let trust = |hub: &Hub, authority: &Authority| {
        std::fs::write(hub.path().join("ca.pem"), authority.pem()).expect("a file");
    };
    trust(&hub, &theirs);
    hub.restart();
    assert_eq!(Sender::connect(&hub.address("adt")).code(&adt("M1")), "AA");
    eventually("it is noticed", || hub.logged("cannot be reached"));
    assert_eq!(server.requests(), []);
    trust(&hub, &ours);
    hub.restart();
    eventually("it is delivered", || hub.is_drained());
    assert_eq!(server.requests()[0].1, adt("M1").into_bytes());
    assert!(hub.stop().success());
}

#[test]
fn what_is_wanted_is_posted_as_a_text() {
    let server = Server::answering(|_, _| ("200 OK".into(), "thanks".into()));
    let text = "text = \"{MSH-9.2} of {MSH-10}\"\nretry =";
    let mut hub = Hub::start(&config(&server, "").replacen("retry =", text, 1));
    let mut sender = Sender::connect(&hub.address("adt"));
    for id in ["M1", "M2"] {
        assert_eq!(sender.code(&adt(id)), "AA");
    }
    eventually("all is delivered", || hub.is_drained());
    let requests = server.requests();
    let bodies: Vec<_> = requests.iter().map(|(_, body)| String::from_utf8_lossy(body)).collect();
    assert_eq!(bodies, ["A01 of M1", "A01 of M2"]);
    let head = requests[0].0.to_ascii_lowercase();
    assert!(head.contains("\r\ncontent-type: text/plain; charset=utf-8\r\n"), "{head}");
    assert_eq!(hub.status().destinations[0].done, 2);
    assert!(hub.stop().success());
}
