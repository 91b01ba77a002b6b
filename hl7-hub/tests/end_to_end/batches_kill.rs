//! The hub is killed at random moments while batches come in and batches are made.

use std::collections::HashSet;
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hl7_hub::store::{MessageState, Query, Reader};

use crate::hub::Hub;
use crate::sender::Sender;
use crate::{adt, eventually, field};

/// Rounds, unless `HUB_KILL_ROUNDS` says otherwise.
const ROUNDS: u64 = 5;
/// Messages in a batch that comes, and in one that is made: batches that are made begin anywhere in those that came.
const IN: usize = 5;
const OUT: usize = 7;

/// Sends batches, each when the one before it is answered, until the connection breaks. Gives the numbers of those that were
/// answered, from `next` on.
fn load(address: &str, next: usize) -> Vec<usize> {
    let Ok(mut sender) = Sender::try_connect(address) else { return Vec::new() };
    let mut answered = Vec::new();
    for number in next.. {
        let messages: String = (0..IN).map(|at| adt(&format!("B{number}-{at}"))).collect();
        let batch = format!("\u{b}BHS|^~\\&|A||||||||B{number}\r{messages}BTS|{IN}\r\u{1c}\r");
        if sender.raw(batch.as_bytes()).is_err() {
            break;
        }
        for at in 0..IN {
            let Ok(Some(reply)) = sender.reply() else { return answered };
            assert_eq!(field(&reply, "MSA", 2), format!("B{number}-{at}"));
        }
        answered.push(number);
    }
    answered
}

#[test]
fn statement_24_and_26_killed_under_load_no_batch_is_torn_and_none_repeated() {
    let rounds = std::env::var("HUB_KILL_ROUNDS").ok().and_then(|text| text.parse().ok());
    let mut hub = Hub::start(&format!(
        r#"
        [source.adt]
        mllp = {{ listen = "127.0.0.1:0" }}
        batches = "split"
        [destination.day]
        file = {{ folder = "day", batch = {{ count = {OUT} }} }}
        [[route]]
        to = "day"
        "#
    ));
    let all = |state| Query { most: usize::MAX >> 1, state, ..Query::default() };
    let (mut next, mut answered) = (0, 0);
    for _ in 0..rounds.unwrap_or(ROUNDS) {
        let address = hub.address("adt");
        let load = std::thread::spawn(move || load(&address, next));
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        sleep(Duration::from_millis(50 + u64::from(clock.subsec_nanos()) % 350));
        hub.kill();
        let of_round = load.join().expect("its acknowledgments are right");
        answered += of_round.len();
        // The one that was under way may be stored or not; it is sent again.
        next = of_round.last().map_or(next, |last| last + 1);
        let reader = hub.reader();
        let batches = reader.search(&all(Some(MessageState::Split))).expect("it is read");
        assert!(batches.len() >= answered, "answered and not stored");
        for batch in &batches {
            let inside = Query { batch: Some(batch.id), ..all(None) };
            assert_eq!(reader.search(&inside).expect("it is read").len(), IN, "a torn batch");
        }
        hub.restart();
    }
    assert!(answered > 0, "there was no load");
    let stored =
        IN * hub.reader().search(&all(Some(MessageState::Split))).expect("it is read").len();
    eventually("all full batches are written", || {
        hub.files("day").len() == stored / OUT && hub.is_drained()
    });
    let status = hub.status();
    assert_eq!(status.destinations[0].gathering as usize, stored % OUT);
    // Each message once, in the order in which they came.
    let mut ids = Vec::new();
    for file in hub.files("day") {
        let text = std::fs::read_to_string(file).expect("a file");
        assert!(text.ends_with(&format!("BTS|{OUT}\rFTS|1\r")), "{text}");
        let lines = text.split('\r').filter(|line| line.starts_with("MSH"));
        ids.extend(lines.map(|line| field(line.as_bytes(), "MSH", 10)));
    }
    assert_eq!(ids.len(), ids.iter().collect::<HashSet<_>>().len(), "a message came twice");
    let numbers: Vec<(usize, usize)> = ids
        .iter()
        .map(|id| {
            let (batch, at) = id[1..].split_once('-').expect("of ours");
            (batch.parse().expect("a number"), at.parse().expect("a number"))
        })
        .collect();
    assert!(numbers.is_sorted(), "out of order");
    assert_eq!(hub.reader().verify().expect("it is read").faults, [""; 0]);
}
