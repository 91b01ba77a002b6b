//! A destination that a test plays.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use hl7_mllp::{Commit, Decoder, Encoder, Kind};

use crate::field;

/// How often it looks whether it is to stop.
const TICK: Duration = Duration::from_millis(20);

/// What it does with a message.
#[derive(Debug, Clone)]
pub(crate) enum Reaction {
    /// Answers with a code, for this message.
    Code(&'static str),
    /// Answers with a code, for another control id.
    CodeFor(&'static str, &'static str),
    /// Sends several replies at once: a code, and the control id that it is for.
    Codes(Vec<(&'static str, String)>),
    /// Answers with a message.
    Reply(String),
    /// Sends a commit block.
    Commit(Commit),
    /// Says nothing.
    Silence,
    /// Closes the connection.
    Close,
}

type React = Arc<dyn Fn(usize, &str) -> Reaction + Send + Sync>;

/// It takes connections until it is dropped.
pub(crate) struct Receiver {
    address: String,
    received: Arc<Mutex<Vec<Vec<u8>>>>,
    /// How often somebody connected, how many are connected, and how many were at most.
    connections: Arc<[AtomicUsize; 3]>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Receiver {
    /// Answers every message with AA.
    pub(crate) fn start() -> Self {
        Self::reacting("127.0.0.1:0", |_, _| Reaction::Code("AA"))
    }

    /// Reacts by the number of the message, from one, and its control id.
    pub(crate) fn reacting(
        address: &str,
        react: impl Fn(usize, &str) -> Reaction + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).expect("a port");
        listener.set_nonblocking(true).expect("a setting");
        let address = listener.local_addr().expect("an address").to_string();
        let received: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let stop: Arc<AtomicBool> = Arc::default();
        let (messages, stopped, react) =
            (Arc::clone(&received), Arc::clone(&stop), Arc::new(react) as React);
        let connections: Arc<[AtomicUsize; 3]> = Arc::default();
        let counted = Arc::clone(&connections);
        let thread = std::thread::spawn(move || {
            let mut connections = Vec::new();
            while !stopped.load(Ordering::SeqCst) {
                match listener.accept() {
                    Ok((stream, _)) => {
                        let counted = Arc::clone(&counted);
                        counted[0].fetch_add(1, Ordering::SeqCst);
                        let open = counted[1].fetch_add(1, Ordering::SeqCst) + 1;
                        counted[2].fetch_max(open, Ordering::SeqCst);
                        let (messages, stopped, react) =
                            (Arc::clone(&messages), Arc::clone(&stopped), Arc::clone(&react));
                        connections.push(std::thread::spawn(move || {
                            serve(&stream, &messages, &stopped, &react);
                            // Before the other side can notice that it is closed.
                            counted[1].fetch_sub(1, Ordering::SeqCst);
                        }));
                    }
                    Err(_) => std::thread::sleep(Duration::from_millis(2)),
                }
            }
            connections.into_iter().for_each(|connection| drop(connection.join()));
        });
        Self { address, received, connections, stop, thread: Some(thread) }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// How often somebody connected.
    pub(crate) fn connections(&self) -> usize {
        self.connections[0].load(Ordering::SeqCst)
    }

    /// How many were connected at once, at most.
    pub(crate) fn most_connected(&self) -> usize {
        self.connections[2].load(Ordering::SeqCst)
    }

    /// The messages as they came.
    pub(crate) fn messages(&self) -> Vec<Vec<u8>> {
        self.received.lock().expect("the messages").clone()
    }

    /// Their control ids.
    pub(crate) fn control_ids(&self) -> Vec<String> {
        self.messages().iter().map(|message| field(message, "MSH", 10)).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(mut stream: &TcpStream, messages: &Mutex<Vec<Vec<u8>>>, stop: &AtomicBool, react: &React) {
    stream.set_nonblocking(false).expect("a setting");
    stream.set_read_timeout(Some(TICK)).expect("a setting");
    stream.set_nodelay(true).expect("a setting");
    let mut decoder = Decoder::new();
    let mut buffer = [0; 4096];
    while !stop.load(Ordering::SeqCst) {
        let length = match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(length) => length,
            Err(failure)
                if matches!(failure.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
            {
                continue;
            }
            Err(_) => return,
        };
        let mut rest = &buffer[..length];
        while let Some(event) = decoder.next_event(&mut rest) {
            let Kind::Frame(message) = event.kind else { continue };
            let control_id = field(message, "MSH", 10);
            let number = {
                let mut messages = messages.lock().expect("the messages");
                messages.push(message.to_vec());
                messages.len()
            };
            let codes = match react(number, &control_id) {
                Reaction::Code(code) => vec![(code, control_id)],
                Reaction::CodeFor(code, of) => vec![(code, of.to_owned())],
                Reaction::Codes(codes) => codes,
                Reaction::Commit(commit) => {
                    let mut block = Vec::new();
                    Encoder::default().commit(commit, &mut block);
                    if stream.write_all(&block).is_err() {
                        return;
                    }
                    continue;
                }
                Reaction::Reply(reply) => {
                    let mut frame = Vec::new();
                    Encoder::default().encode(reply.as_bytes(), &mut frame).expect("a frame");
                    if stream.write_all(&frame).is_err() {
                        return;
                    }
                    continue;
                }
                Reaction::Silence => continue,
                Reaction::Close => return,
            };
            let mut frame = Vec::new();
            for (code, of) in codes {
                let reply =
                    format!("MSH|^~\\&|LAB||HUB||1||ACK|R{number}|P|2.5.1\rMSA|{code}|{of}\r");
                Encoder::default().encode(reply.as_bytes(), &mut frame).expect("a frame");
            }
            if stream.write_all(&frame).is_err() {
                return;
            }
        }
    }
}
