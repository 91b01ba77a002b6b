//! What every store takes away, and what it never does. A part of the contract.

use super::contract::{Bench, accept, attempt, incoming, pending};
use super::{
    Act, Clocks, DeliveryId, Incoming, MessageId, Order, Outgoing, PruneFrom, Pruned, Requeued,
    Settlement, Store,
};

/// Prunes until nothing more is old enough. The sums.
async fn prune(store: &impl Store, clocks: Clocks) -> Pruned {
    let mut sum = Pruned::default();
    let mut from = Some(PruneFrom::default());
    while let Some(here) = from {
        let step = store.prune(9_000, clocks, here).await.expect("it is pruned");
        sum.contents += step.contents;
        sum.messages += step.messages;
        sum.lines += step.lines;
        from = step.next;
    }
    sum
}

fn came_at(at: i64, message: Incoming) -> Incoming {
    Incoming { at, ..message }
}

/// A message in each state, and a young one that is done. All but the last came at 1000.
async fn one_of_each(store: &impl Store) -> Vec<MessageId> {
    let mut ids = Vec::new();
    for (id, to) in [
        ("done", &["lab"][..]),
        ("queued", &["slow"]),
        ("dead", &["bad"]),
        ("cancelled", &["skipped"]),
        ("dismissed", &["bad2"]),
        ("parked", &["parked"]),
        ("unrouted", &[]),
    ] {
        ids.push(accept(store, incoming(id, to)).await);
    }
    ids.push(accept(store, came_at(8_000, incoming("young", &["lab"]))).await);
    for (destination, settlement) in [
        ("lab", Settlement::Done),
        ("lab", Settlement::Done),
        ("bad", Settlement::Dead),
        ("bad2", Settlement::Dead),
    ] {
        attempt(store, pending(store, destination)[0], settlement).await;
    }
    for act in [
        Act::Skip { destination: "skipped".to_owned(), delivery: None },
        Act::Dismiss(ids[4]),
        Act::Park(ids[5]),
    ] {
        let (who, why) = ("ann".to_owned(), String::new());
        store.order(Order { at: 3_000, who, why, act }).await.expect("it is done");
    }
    ids
}

/// I7: only what is done, cancelled or resolved goes, by age; and the audit holds, and tells.
pub(super) async fn only_what_is_done_is_pruned(bench: &impl Bench) {
    let store = bench.open();
    let ids = one_of_each(&store).await;
    let kept = |at: usize| store.reader().body(ids[at]).expect("it is read").is_some();
    let there = |at: usize| store.reader().message(ids[at]).expect("it is read").is_some();
    assert_eq!(
        prune(&store, Clocks { content: Some(1_000), ..Clocks::default() }).await,
        Pruned::default()
    );
    let contents = Clocks { content: Some(5_000), ..Clocks::default() };
    assert_eq!(prune(&store, contents).await.contents, 3);
    let all: Vec<usize> = (0..ids.len()).collect();
    let with_content: Vec<usize> = all.iter().copied().filter(|&at| kept(at)).collect();
    assert_eq!(with_content, [1, 2, 5, 6, 7]);
    assert!(all.iter().all(|&at| there(at)));
    let reply = store.reader().deliveries(ids[0]).expect("it is read")[0].attempts[0].reply.clone();
    assert_eq!(reply, None);
    assert_eq!(store.reader().verify().expect("it is read").faults, [""; 0]);
    assert_eq!(prune(&store, contents).await, Pruned::default(), "once is enough");
    // What has no content any more is not sent again, though somebody saw it a moment before.
    let again = Requeued { destination: "lab".to_owned(), outgoing: Outgoing::AsItCame };
    let act = Act::Requeue { message: ids[0], deliveries: vec![again] };
    let refused =
        store.order(Order { at: 3_000, who: "ann".into(), why: String::new(), act }).await;
    let refused = refused.expect_err("there is nothing to send").to_string();
    assert!(refused.contains("has been pruned"), "{refused}");

    let messages = Clocks { metadata: Some(5_000), ..contents };
    assert_eq!(prune(&store, messages).await.messages, 2, "and one that has the last attempt");
    let left: Vec<usize> = all.iter().copied().filter(|&at| there(at)).collect();
    assert_eq!(left, [1, 2, 4, 5, 6, 7]);
    assert_eq!(store.reader().verify().expect("it is read").faults, [""; 0]);
    drop(store);
    let store = bench.open();
    assert_eq!(store.reader().pending("slow", None, 9).expect("it is read").len(), 1);
    // Numbers go on where they were.
    assert_eq!(accept(&store, incoming("next", &[])).await, MessageId(9));
    assert_eq!(store.reader().verify().expect("it is read").faults, [""; 0]);
}

/// Lines of the audit go from its start only, and not while what they are about is there.
pub(super) async fn the_audit_is_pruned_from_its_start(bench: &impl Bench) {
    let store = bench.open();
    for id in 0..20 {
        accept(&store, incoming(&id.to_string(), &["lab"])).await;
        attempt(&store, DeliveryId(id + 1), Settlement::Done).await;
    }
    let all = Clocks {
        content: Some(5_000),
        metadata: Some(5_000),
        audit: Some(5_000),
        dedupe: Some(5_000),
    };
    let before = store.reader().verify().expect("it is read").lines;
    let pruned = prune(&store, all).await;
    assert_eq!((pruned.contents, pruned.messages), (20, 19), "the last of the numbers stays");
    assert_eq!(pruned.lines, 38, "all but those about the last message");
    let verified = store.reader().verify().expect("it is read");
    assert_eq!(verified.faults, [""; 0]);
    // What stays is the last message's lines, and those that say what went.
    assert_eq!(verified.lines, before - 38 + 3);
    drop(store);
    let store = bench.open();
    accept(&store, incoming("1", &["lab"])).await;
    assert_eq!(store.reader().verify().expect("it is read").faults, [""; 0]);
}

/// What is pruned is not only out of sight: more than a step at a time.
pub(super) async fn many_messages_are_pruned_in_steps(bench: &impl Bench) {
    let store = bench.open();
    for id in 0..1_200 {
        let message = Incoming { dedupe: None, ..incoming(&id.to_string(), &["lab"]) };
        accept(&store, message).await;
    }
    let mut next = None;
    for delivery in 1..=1_200 {
        let attempt = match next {
            Some(attempt) => attempt,
            None => store.begin_attempt(DeliveryId(delivery), 1).await.expect("it is queued"),
        };
        let end = super::AttemptEnd {
            attempt,
            at: 2,
            outcome: "AA".to_owned(),
            reply: None,
            settlement: Settlement::Done,
            sent: None,
            backup: None,
        };
        let behind = Some(DeliveryId(delivery + 1)).filter(|next| next.0 <= 1_200);
        next = store.settle(end, behind).await.expect("it is settled");
    }
    let clocks = Clocks { content: Some(5_000), metadata: Some(5_000), ..Clocks::default() };
    let step = store.prune(9_000, clocks, PruneFrom::default()).await.expect("it is pruned");
    assert!(step.contents < 1_200 && step.next.is_some(), "{step:?}");
    let pruned = prune(&store, clocks).await;
    assert_eq!((step.contents + pruned.contents, pruned.messages), (1_200, 1_199));
    assert_eq!(store.reader().verify().expect("it is read").faults, [""; 0]);
}
