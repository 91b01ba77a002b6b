//! The hub is killed at random moments under load, again and again, some of them while it goes over to another configuration.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hl7_hub::store::{Query, Reader};

use crate::delivery::config;
use crate::hub::Hub;
use crate::receiver::Receiver;
use crate::sender::Sender;
use crate::{adt, eventually, field};

/// Rounds, unless `HUB_KILL_ROUNDS` says otherwise.
const ROUNDS: u64 = 20;
const SENDERS: usize = 3;
/// How many messages the first sender sends ahead; the others wait for each acknowledgment.
const AHEAD: u32 = 8;

/// What a sender knows: which of its messages were acknowledged.
#[derive(Default)]
struct Ledger {
    /// The next number; the message with it was not acknowledged yet, and is sent again.
    next: u32,
    acked: Vec<String>,
}

/// Sends until the connection breaks; the next messages, once those before them are acknowledged.
fn load(
    address: String,
    name: usize,
    ledger: Arc<Mutex<Ledger>>,
    stop: Arc<AtomicBool>,
) -> JoinHandle<()> {
    let ahead = if name == 0 { AHEAD } else { 1 };
    std::thread::spawn(move || {
        let Ok(mut sender) = Sender::try_connect(&address) else { return };
        while !stop.load(Ordering::SeqCst) {
            let next = ledger.lock().expect("the ledger").next;
            let ids: Vec<_> = (next..next + ahead).map(|id| format!("S{name}-{id:06}")).collect();
            let frames = ids.iter().map(|id| format!("\u{b}{}\u{1c}\r", adt(id)));
            if sender.raw(frames.collect::<String>().as_bytes()).is_err() {
                return;
            }
            for id in ids {
                let Ok(Some(reply)) = sender.reply() else { return };
                assert_eq!(
                    (field(&reply, "MSA", 1), field(&reply, "MSA", 2)),
                    ("AA".into(), id.clone())
                );
                let mut ledger = ledger.lock().expect("the ledger");
                ledger.next += 1;
                ledger.acked.push(id);
            }
        }
    })
}

/// The first of each, in the order in which they came.
fn firsts(ids: &[String]) -> Vec<&String> {
    let mut seen = HashSet::new();
    ids.iter().filter(|id| seen.insert(*id)).collect()
}

#[test]
fn statement_9_killed_under_load_nothing_acknowledged_is_lost() {
    let rounds = std::env::var("HUB_KILL_ROUNDS").ok().and_then(|text| text.parse().ok());
    let (lab, ris) = (Receiver::start(), Receiver::start());
    let config = config(lab.address(), ris.address());
    let mut hub = Hub::start(&config);
    let ledgers: Vec<Arc<Mutex<Ledger>>> = (0..SENDERS).map(|_| Arc::default()).collect();
    for round in 0..rounds.unwrap_or(ROUNDS) {
        let stop: Arc<AtomicBool> = Arc::default();
        let address = hub.address("adt");
        let senders: Vec<_> = ledgers
            .iter()
            .enumerate()
            .map(|(name, ledger)| {
                load(address.clone(), name, Arc::clone(ledger), Arc::clone(&stop))
            })
            .collect();
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        sleep(Duration::from_millis(50 + u64::from(clock.subsec_nanos()) % 350));
        if round % 2 == 1 {
            // Of one destination something changes, so that its lane is set up anew.
            let most = format!("\"{}ms\"", 201 + round % 50);
            let other = config.replacen("\"200ms\"", &most, 1);
            hub.begin_reload(&other);
            sleep(Duration::from_millis(u64::from(clock.subsec_nanos()) % 40));
        }
        hub.kill();
        stop.store(true, Ordering::SeqCst);
        senders
            .into_iter()
            .for_each(|sender| sender.join().expect("its acknowledgments are right"));
        // I1: whatever was acknowledged is there, before anything else happens.
        let all = Query { most: usize::MAX >> 1, ..Query::default() };
        let stored = hub.reader().search(&all).expect("it is read");
        let stored: HashSet<_> = stored.into_iter().map(|view| view.facts.control_id).collect();
        for ledger in &ledgers {
            let ledger = ledger.lock().expect("the ledger");
            let lost: Vec<_> = ledger.acked.iter().filter(|id| !stored.contains(*id)).collect();
            assert_eq!(lost, [""; 0], "acknowledged and not stored");
        }
        hub.restart();
    }
    drain(&hub);
    check_deliveries(&hub, &ledgers, &[("lab", lab.control_ids()), ("ris", ris.control_ids())]);
    assert_eq!(hub.reader().verify().expect("it is read").faults, [""; 0]);
    assert!(hub.stop().success());
}

/// Waits until everything is delivered, as long as the queues get shorter.
fn drain(hub: &Hub) {
    let queued = || hub.status().destinations.iter().map(|to| to.queued).sum::<u64>();
    let mut before = queued();
    while before > 0 {
        eventually("something is delivered", || queued() < before);
        before = queued();
    }
}

/// Every message that was acknowledged came to every destination, in order; what came twice is marked.
fn check_deliveries(
    hub: &Hub,
    ledgers: &[Arc<Mutex<Ledger>>],
    destinations: &[(&str, Vec<String>)],
) {
    for (destination, received) in destinations {
        let firsts = firsts(received);
        for (name, ledger) in ledgers.iter().enumerate() {
            let prefix = format!("S{name}-");
            let of_sender: Vec<_> = firsts.iter().filter(|id| id.starts_with(&prefix)).collect();
            assert!(of_sender.is_sorted(), "{destination}: out of order");
            let received: HashSet<&str> = of_sender.iter().map(|id| id.as_str()).collect();
            let ledger = ledger.lock().expect("the ledger");
            assert!(ledger.acked.len() > 1, "there was no load");
            let lost: Vec<_> =
                ledger.acked.iter().filter(|id| !received.contains(id.as_str())).collect();
            assert_eq!(lost, [""; 0], "{destination}: acknowledged and not delivered");
        }
        let mut times: HashMap<&String, u32> = HashMap::new();
        received.iter().for_each(|id| *times.entry(id).or_default() += 1);
        for (id, _) in times.iter().filter(|(_, times)| **times > 1) {
            let query = Query { control_id: Some((*id).clone()), most: 9, ..Query::default() };
            let found = hub.reader().search(&query).expect("it is read");
            assert_eq!(found.len(), 1, "{id} was stored more than once");
            let deliveries = hub.reader().deliveries(found[0].id).expect("it is read");
            let marked =
                deliveries.iter().any(|to| to.destination == *destination && to.maybe_duplicate);
            assert!(marked, "{destination}: {id} came twice and is not marked");
        }
    }
}
