//! What every store does about what waits for others. A part of the contract.

use super::contract::{Bench, accept, attempt, incoming, pending};
use super::{
    AuditEvent, DeliveryState, Incoming, MessageId, MessageState, Query, Release, Settlement,
    Store, StoreError, Verdict,
};

/// A message that waits for others on its way to a destination.
pub(super) fn gathering(control_id: &str, destination: &str) -> Incoming {
    let mut message = incoming(control_id, &[destination]);
    message.deliveries[0].gather = true;
    message
}

/// What has gathered for a destination, as a batch.
pub(super) fn release(store: &impl Store, destination: &str) -> Release {
    let found = store.reader().gathering(destination, None, 100).expect("it is read");
    let mut batch = incoming("batch", &[destination]);
    (batch.verdict, batch.dedupe, batch.replies) = (Verdict::Batch, None, Vec::new());
    let deliveries = found.iter().map(|gathered| gathered.id).collect();
    let destination = destination.to_owned();
    Release { destination, at: 2_000, deliveries, batch: Some(batch), alone: Vec::new() }
}

/// What gathers is not sent until it is in a batch; what becomes of that becomes of all that is in it.
pub(super) async fn what_gathers_goes_with_its_batch(bench: &impl Bench) {
    let store = bench.open();
    for settlement in [Settlement::Done, Settlement::Dead] {
        let dead = settlement == Settlement::Dead;
        let ids = [format!("1{dead}"), format!("2{dead}"), format!("3{dead}")];
        let mut messages = Vec::new();
        for id in &ids {
            messages.push(accept(&store, gathering(id, "archive")).await);
        }
        assert_eq!(pending(&store, "archive"), []);
        let gathered = store.reader().gathering("archive", None, 2).expect("it is read");
        assert_eq!((gathered.len(), gathered[0].at), (2, 1_000));
        let behind =
            store.reader().gathering("archive", Some(gathered[0].id), 9).expect("it is read");
        assert_eq!(behind[0], gathered[1]);
        let mut all = release(&store, "archive");
        all.alone = all.deliveries.split_off(2);
        let alone = all.alone.clone();
        let batch = store.release(all.clone()).await.expect("it is released").expect("a batch");
        assert_eq!(store.release(all).await, Err(StoreError::Unknown("delivery that gathers")));
        // The one that goes by itself is queued anew, behind the batch.
        let sent = pending(&store, "archive");
        assert_eq!(order(&store), [batch, messages[2]]);
        assert!(sent[1] > alone[0], "{sent:?}");
        let state =
            |id| store.reader().message(id).expect("it is read").expect("it is there").state;
        assert_eq!([state(messages[0]), state(batch)], [MessageState::Queued; 2]);
        attempt(&store, sent[0], settlement).await;
        attempt(&store, sent[1], Settlement::Done).await;
        let expected = if dead { MessageState::Dead } else { MessageState::Completed };
        assert_eq!([state(messages[0]), state(messages[1]), state(batch)], [expected; 3]);
        assert_eq!(state(messages[2]), MessageState::Completed);
        let delivery = store.reader().deliveries(messages[1]).expect("it is read").remove(0);
        let expected = if dead { DeliveryState::Dead } else { DeliveryState::Done };
        assert_eq!((delivery.state, delivery.batch), (expected, Some(batch)));
        let of_batch = Query { batch: Some(batch), most: 9, ..Query::default() };
        assert_eq!(store.reader().search(&of_batch).expect("it is read").len(), 2);
        let lines = store.reader().audit(messages[0]).expect("it is read");
        assert!(lines[1].detail.ends_with(&format!("in batch {batch}")), "{lines:?}");
    }
    assert_eq!(store.reader().verify().expect("it is read").faults, [""; 0]);
}

/// What was asked for stays asked for until it has gone, and nothing that came later is.
pub(super) async fn what_is_to_go_now_is_remembered_until_it_has_gone(bench: &impl Bench) {
    let store = bench.open();
    store.send_now("archive", asked()).await.expect("it is noted");
    assert_eq!(store.reader().asked_to_send("archive"), Ok(None), "nothing gathers");
    accept(&store, gathering("1", "archive")).await;
    store.send_now("archive", asked()).await.expect("it is noted");
    accept(&store, gathering("2", "archive")).await;
    drop(store);
    let store = bench.open();
    let found = store.reader().gathering("archive", None, 9).expect("it is read");
    assert_eq!(store.reader().asked_to_send("archive"), Ok(Some(found[0].id)));
    assert_eq!(store.reader().asked_to_send("lab"), Ok(None));
    let status = store.reader().status().expect("it is read");
    assert_eq!((status.destinations[0].gathering, status.destinations[0].queued), (2, 0));
    let mut first = release(&store, "archive");
    first.deliveries.truncate(1);
    store.release(first).await.expect("it is released");
    assert_eq!(store.reader().asked_to_send("archive"), Ok(None));
}

fn asked() -> AuditEvent {
    AuditEvent {
        at: 1_500,
        actor: "ann".to_owned(),
        action: "send now".to_owned(),
        message: None,
        detail: "archive".to_owned(),
    }
}

/// Says whether a destination takes batches.
pub(super) fn is_to_gather<'s>(
    store: &'s impl Store,
    destination: &str,
    gathers: bool,
) -> super::Pending<'s, ()> {
    let (destination, layout) = (destination.to_owned(), "one".to_owned());
    store.announce(vec![super::Plan { destination, layout, gathers }])
}

/// The messages of what is queued, in the order in which it goes.
fn order(store: &impl Store) -> Vec<MessageId> {
    let found = store.reader().pending("archive", None, 100).expect("it is read");
    found.iter().map(|delivery| delivery.message).collect()
}

fn states(store: &impl Store, message: MessageId) -> Vec<DeliveryState> {
    let found = store.reader().deliveries(message).expect("it is read");
    assert!(found.iter().all(|delivery| !delivery.resubmitted));
    found.iter().map(|delivery| delivery.state).collect()
}

/// I5: where a destination takes no batches any more, what gathered goes behind the batches that are queued, and what comes
/// then behind that.
pub(super) async fn i5_what_gathered_goes_behind_the_batches(bench: &impl Bench) {
    let store = bench.open();
    let mut messages = Vec::new();
    for id in ["1", "2", "3", "4"] {
        let mut message = gathering(id, "archive");
        message.deliveries[0].outgoing = Some(id.as_bytes().into());
        messages.push(accept(&store, message).await);
    }
    let mut first = release(&store, "archive");
    first.deliveries.truncate(1);
    messages[0] = store.release(first).await.expect("it is released").expect("a batch");
    let disband = |most| store.disband("archive".to_owned(), 3_000, most);
    assert_eq!(disband(9).await, Ok(0), "it takes batches");
    is_to_gather(&store, "archive", false).await.expect("it is noted");
    is_to_gather(&store, "archive", false).await.expect("it is noted");
    // By the new rules and by the old ones: behind what gathers, as long as something does.
    messages.push(accept(&store, incoming("5", &["archive"])).await);
    messages.push(accept(&store, gathering("6", "archive")).await);
    assert_eq!(order(&store), messages[..1]);
    assert_eq!(disband(2).await, Ok(2));
    drop(store);
    let store = bench.open();
    messages.push(accept(&store, incoming("7", &["archive"])).await);
    assert_eq!(order(&store), messages[..3]);
    let disband = |most| store.disband("archive".to_owned(), 3_000, most);
    assert_eq!((disband(9).await, disband(9).await), (Ok(4), Ok(0)));
    // Nothing gathers any more, by whatever rules it comes.
    messages.push(accept(&store, gathering("8", "archive")).await);
    messages.push(accept(&store, incoming("9", &["archive"])).await);
    assert_eq!(order(&store), messages);
    let sent = store.reader().pending("archive", None, 9).expect("it is read");
    assert_eq!(sent[1].payload.bytes(), b"2", "as it was to be sent");
    assert_eq!(states(&store, messages[1]), [DeliveryState::Moved, DeliveryState::Queued]);
    assert_eq!(states(&store, messages[7]), [DeliveryState::Queued]);
    let lines = store.reader().audit(messages[1]).expect("it is read");
    assert_eq!(
        lines[1].detail, "delivery 2 to archive: moved; delivery 8 to archive: queued",
        "{lines:?}"
    );
    assert_eq!(store.reader().verify().expect("it is read").faults, [""; 0]);
    // And back: it gathers.
    is_to_gather(&store, "archive", true).await.expect("it is noted");
    accept(&store, gathering("10", "archive")).await;
    assert_eq!(order(&store), messages);
    assert_eq!(disband(9).await, Ok(0));
    assert_eq!(store.reader().gathering("archive", None, 9).expect("it is read").len(), 1);
}

/// What was asked for is not asked for any more once it goes alone.
pub(super) async fn what_goes_alone_is_not_asked_for(bench: &impl Bench) {
    let store = bench.open();
    accept(&store, gathering("1", "archive")).await;
    store.send_now("archive", asked()).await.expect("it is noted");
    is_to_gather(&store, "archive", false).await.expect("it is noted");
    assert_eq!(store.disband("archive".to_owned(), 3_000, 9).await, Ok(1));
    assert_eq!(store.reader().asked_to_send("archive"), Ok(None));
}

/// I5: a batch that was being made as the destination was told to take none is not made.
pub(super) async fn i5_no_batch_is_made_for_whoever_takes_none(bench: &impl Bench) {
    let store = bench.open();
    let mut messages = Vec::new();
    for id in ["1", "2", "3"] {
        messages.push(accept(&store, gathering(id, "archive")).await);
    }
    let late = release(&store, "archive");
    is_to_gather(&store, "archive", false).await.expect("it is noted");
    messages.push(accept(&store, incoming("4", &["archive"])).await);
    assert_eq!(store.release(late).await, Ok(None));
    assert_eq!(store.disband("archive".to_owned(), 3_000, 9).await, Ok(4));
    assert_eq!(order(&store), messages);
    assert_eq!(store.reader().verify().expect("it is read").faults, [""; 0]);
}

/// I5: what was judged by settings without batches does not overtake what gathers by those with them, nor what goes alone
/// what stands before it; and a batch waits for nothing.
pub(super) async fn i5_nothing_overtakes_what_gathers(bench: &impl Bench) {
    let store = bench.open();
    let mut messages = vec![accept(&store, gathering("1", "archive")).await];
    messages.push(accept(&store, incoming("2", &["archive"])).await);
    messages.push(accept(&store, gathering("3", "archive")).await);
    assert_eq!(order(&store), []);
    let mut first = release(&store, "archive");
    first.deliveries.truncate(1);
    let second = store.reader().gathering("archive", None, 9).expect("it is read")[1].id;
    first.alone = vec![second];
    messages[0] = store.release(first).await.expect("it is released").expect("a batch");
    assert_eq!(order(&store), messages[..2]);
    messages[2] =
        store.release(release(&store, "archive")).await.expect("it is made").expect("a batch");
    assert_eq!(order(&store), messages);
}

/// I5: what comes while lanes change goes alone, also where they are in the end what they were.
pub(super) async fn i5_what_comes_between_two_layouts_goes_alone(bench: &impl Bench) {
    let store = bench.open();
    let announce = |layout: &str| {
        let (destination, layout) = ("lab".to_owned(), layout.to_owned());
        store.announce(vec![super::Plan { destination, layout, gathers: false }])
    };
    let in_lane = |id: &str, lane| {
        let mut message = incoming(id, &["lab"]);
        message.deliveries[0].lane = lane;
        message
    };
    let of = |lane| -> Vec<MessageId> {
        let found = store.reader().pending_in_lane("lab", lane, None, 9).expect("it is read");
        found.iter().map(|found| found.message).collect()
    };
    let two = "2 by PID-3.1";
    announce(two).await.expect("it is noted");
    store.arrange("lab".to_owned(), two.to_owned(), 2).await.expect("it is noted");
    let slow = accept(&store, in_lane("1", 0)).await;
    announce("one").await.expect("it is noted");
    let between = accept(&store, in_lane("2", 0)).await;
    announce(two).await.expect("it is noted");
    let behind = accept(&store, in_lane("3", 1)).await;
    // The lanes that there are until then send it alone.
    assert_eq!([of(0), of(1)], [vec![slow], vec![]]);
    store.arrange("lab".to_owned(), two.to_owned(), 2).await.expect("it is noted");
    let last = accept(&store, in_lane("4", 1)).await;
    for message in [slow, between, behind] {
        let [next] = of(0)[..] else { panic!("one at a time") };
        assert_eq!((next, of(1)), (message, vec![]));
        let delivery = pending(&store, "lab")[0];
        attempt(&store, delivery, Settlement::Done).await;
    }
    assert_eq!([of(0), of(1)], [vec![], vec![last]]);
}
