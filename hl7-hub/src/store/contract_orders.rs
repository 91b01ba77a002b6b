//! What every store does about what people order. A part of the contract.

use super::contract::{Bench, accept, attempt, incoming, pending};
use super::{
    Act, DeliveryId, DeliveryState, MessageId, MessageState, Order, Ordered, Outgoing, Query,
    Requeued, Settlement, Side, Store, StoreError, Verdict,
};
use crate::Payload;

fn order(act: Act) -> Order {
    Order { at: 3_000, who: "ann".to_owned(), why: "the lab asked; why: so".to_owned(), act }
}

async fn carried_out(store: &impl Store, act: Act) -> Ordered {
    store.order(order(act)).await.expect("it is done")
}

/// Why an order was refused; and that it changed nothing.
async fn refusal(store: &impl Store, act: Act) -> String {
    let before = store.reader().status();
    match store.order(order(act)).await {
        Err(StoreError::Refused(reason)) => {
            assert_eq!(store.reader().status(), before, "{reason}");
            reason.to_string()
        }
        other => panic!("not refused: {other:?}"),
    }
}

fn state(store: &impl Store, id: MessageId) -> MessageState {
    store.reader().message(id).expect("it is read").expect("it is there").state
}

fn deliveries(store: &impl Store, id: MessageId) -> Vec<(String, DeliveryState)> {
    let found = store.reader().deliveries(id).expect("it is read");
    found.into_iter().map(|delivery| (delivery.destination, delivery.state)).collect()
}

fn again(destination: &str, outgoing: Outgoing) -> Vec<Requeued> {
    vec![Requeued { destination: destination.to_owned(), outgoing }]
}

/// I12: each order is one line of the audit with who and why; and the audit holds.
fn check_line(store: &impl Store, before: u64, ordered: &Ordered, action: &str) {
    let status = store.reader().status().expect("it is read");
    assert_eq!(status.audit_lines, before + 1, "one line for {action}");
    assert_eq!(ordered.line as u64, status.audit_lines);
    if let Some(message) = ordered.message {
        let lines = store.reader().audit(message).expect("it is read");
        let last = lines.last().expect("a line");
        assert_eq!((last.actor.as_str(), last.action.as_str()), ("ann", action));
        assert_eq!(last.detail, format!("{}; why: the lab asked; why: so", ordered.done));
    }
    assert_eq!(store.reader().verify().expect("it is read").faults, [""; 0], "{action}");
}

/// I10: what is paused is paused over a restart, with who, when and why.
pub(super) async fn a_pause_outlives_a_restart(bench: &impl Bench) {
    let store = bench.open();
    let names = vec!["lab".to_owned(), "archive".to_owned()];
    let side = Side::Destination;
    let paused = carried_out(&store, Act::Pause { side, names: names.clone() }).await;
    check_line(&store, 0, &paused, "pause");
    drop(store);
    let store = bench.open();
    let found = store.reader().paused().expect("it is read");
    let found: Vec<_> = found.iter().map(|it| (it.name.as_str(), it.who.as_str(), it.at)).collect();
    assert_eq!(found, [("archive", "ann", 3_000), ("lab", "ann", 3_000)]);
    let again = refusal(&store, Act::Pause { side, names: names.clone() }).await;
    assert_eq!(again, "destination lab, archive is paused already");
    let resumed = carried_out(&store, Act::Resume { side, names: names.clone() }).await;
    check_line(&store, 1, &resumed, "resume");
    assert_eq!(store.reader().paused(), Ok(Vec::new()));
    refusal(&store, Act::Resume { side, names }).await;
    refusal(&store, Act::Resume { side: Side::Source, names: vec!["lab".to_owned()] }).await;
}

/// The head of a queue is cancelled; nothing else, and not while it is being sent.
pub(super) async fn the_head_of_a_queue_can_be_skipped(bench: &impl Bench) {
    let store = bench.open();
    let first = accept(&store, incoming("1", &["lab", "archive"])).await;
    let second = accept(&store, incoming("2", &["lab"])).await;
    let lab = pending(&store, "lab");
    let skip = |delivery| Act::Skip { destination: "lab".to_owned(), delivery };
    let other = refusal(&store, skip(Some(lab[1]))).await;
    assert!(other.starts_with("delivery 1 is the next one now"), "{other}");
    let skipped = carried_out(&store, skip(Some(lab[0]))).await;
    check_line(&store, 2, &skipped, "skip");
    assert_eq!((skipped.message, skipped.destinations), (Some(first), vec!["lab".to_owned()]));
    assert_eq!(pending(&store, "lab"), lab[1..]);
    assert_eq!(state(&store, first), MessageState::Queued, "the archive has not got it");
    assert!(store.begin_attempt(lab[0], 1).await.is_err(), "it is not sent any more");
    store.begin_attempt(lab[1], 2_000).await.expect("it is queued");
    let sending = refusal(&store, skip(None)).await;
    assert!(sending.starts_with("delivery 3 is being sent to lab"), "{sending}");
    drop(store);
    let store = bench.open();
    carried_out(&store, skip(None)).await;
    assert_eq!(state(&store, second), MessageState::Resolved);
    assert_eq!(refusal(&store, skip(None)).await, "nothing is queued for lab");
    assert_eq!(store.reader().verify().expect("it is read").faults, [""; 0]);
}

/// A parked message is in no queue and is found; it can be sent after all, or dismissed.
pub(super) async fn statement_36_what_is_parked_waits_for_somebody(bench: &impl Bench) {
    let store = bench.open();
    let id = accept(&store, incoming("1", &["lab", "archive"])).await;
    let other = accept(&store, incoming("2", &["lab"])).await;
    let parked = carried_out(&store, Act::Park(id)).await;
    check_line(&store, 2, &parked, "park");
    assert_eq!((state(&store, id), pending(&store, "lab").len()), (MessageState::Parked, 1));
    let status = store.reader().status().expect("it is read");
    assert_eq!(status.destinations.iter().map(|to| to.parked).collect::<Vec<_>>(), [1, 1]);
    let query = Query { state: Some(MessageState::Parked), most: 9, ..Query::default() };
    assert_eq!(store.reader().search(&query).expect("it is read")[0].id, id);
    assert!(refusal(&store, Act::Park(id)).await.starts_with("message 1 is parked; only what is"));
    // To one of the two, and the other is dismissed.
    let deliveries_of = Act::Requeue { message: id, deliveries: again("lab", Outgoing::AsItCame) };
    let sent = carried_out(&store, deliveries_of).await;
    assert_eq!(sent.done, "delivery 1 to lab: moved; delivery 4 to lab: queued");
    check_line(&store, 3, &sent, "resubmit");
    assert_eq!(state(&store, id), MessageState::Queued);
    let dismissed = carried_out(&store, Act::Dismiss(id)).await;
    check_line(&store, 4, &dismissed, "dismiss");
    assert_eq!(pending(&store, "lab").len(), 2, "behind what was there: its order is that of now");
    attempt(&store, DeliveryId(4), Settlement::Done).await;
    assert_eq!(state(&store, id), MessageState::Completed);
    refusal(&store, Act::Dismiss(id)).await;
    refusal(&store, Act::Dismiss(other)).await;
    assert_eq!(
        store.order(order(Act::Park(MessageId(9)))).await,
        Err(StoreError::Unknown("message"))
    );
    assert_eq!(store.reader().verify().expect("it is read").faults, [""; 0]);
}

/// What is dead goes out again with the same bytes, as a delivery of its own; what was done can go again too.
pub(super) async fn statement_36_what_is_dead_is_resubmitted(bench: &impl Bench) {
    let store = bench.open();
    let mut message = incoming("1", &["lab"]);
    message.deliveries[0].outgoing = Some(Payload::from(*b"MSH|other"));
    let id = accept(&store, message).await;
    let dead = pending(&store, "lab")[0];
    let resubmit =
        || Act::Requeue { message: id, deliveries: again("lab", Outgoing::As(DeliveryId(1))) };
    assert_eq!(refusal(&store, resubmit()).await, "delivery 1 to lab is queued already");
    attempt(&store, dead, Settlement::Dead).await;
    let sent = carried_out(&store, resubmit()).await;
    check_line(&store, 2, &sent, "resubmit");
    let queued = store.reader().pending("lab", None, 9).expect("it is read");
    assert_eq!((queued.len(), queued[0].payload.bytes()), (1, &b"MSH|other"[..]));
    attempt(&store, queued[0].id, Settlement::Done).await;
    assert_eq!(
        deliveries(&store, id),
        [("lab".to_owned(), DeliveryState::Moved), ("lab".to_owned(), DeliveryState::Done)]
    );
    assert!(store.reader().deliveries(id).expect("it is read")[1].resubmitted);
    assert_eq!(state(&store, id), MessageState::Completed);
    let anew = Outgoing::Anew(Payload::from(*b"MSH|anew"));
    let more = Act::Requeue { message: id, deliveries: again("spare", anew) };
    carried_out(&store, more).await;
    let spare = store.reader().pending("spare", None, 9).expect("it is read");
    assert_eq!(spare[0].payload.bytes(), b"MSH|anew");
    assert_eq!(store.reader().verify().expect("it is read").faults, [""; 0]);
}

/// An edited message is another one with a link to the first, which stays as it came.
pub(super) async fn statement_36_an_edited_message_is_a_new_one(bench: &impl Bench) {
    let store = bench.open();
    let unrouted = accept(&store, incoming("1", &[])).await;
    let parked = accept(&store, incoming("2", &["lab"])).await;
    let edit = |parent, id: &str| {
        let edited = incoming(id, &["lab"]);
        Act::Edit { parent, edited: Box::new(super::Incoming { dedupe: None, ..edited }) }
    };
    assert!(refusal(&store, edit(parked, "2")).await.contains("park it first"));
    carried_out(&store, Act::Park(parked)).await;
    for (parent, line) in [(unrouted, 3), (parked, 4)] {
        let before = store.reader().body(parent);
        let edited = carried_out(&store, edit(parent, "1e")).await;
        check_line(&store, line, &edited, "edit");
        let child = edited.message.expect("a message");
        assert_eq!(store.reader().body(parent), before);
        assert_eq!(
            (state(&store, parent), state(&store, child)),
            (MessageState::Resolved, MessageState::Queued)
        );
        let view = store.reader().message(child).expect("it is read").expect("it is there");
        assert_eq!((view.parent, view.facts.control_id.as_str()), (Some(parent), "1e"));
        assert_eq!(store.reader().edits(parent), Ok(vec![child]));
        let lines = store.reader().audit(parent).expect("it is read");
        assert_eq!(
            lines.last().expect("a line").action,
            "edit",
            "the first shows what became of it"
        );
    }
    assert_eq!(pending(&store, "lab").len(), 2);
}

/// Whoever has no route or was refused can be dismissed, or sent by hand.
pub(super) async fn statement_36_what_has_no_route_is_dismissed_or_sent(bench: &impl Bench) {
    let store = bench.open();
    let unrouted = accept(&store, incoming("1", &[])).await;
    let mut message = incoming("2", &[]);
    (message.verdict, message.dedupe) = (Verdict::Unreadable, None);
    let refused = accept(&store, message).await;
    let dismissed = carried_out(&store, Act::Dismiss(refused)).await;
    check_line(&store, 2, &dismissed, "dismiss");
    assert_eq!(dismissed.done, "message 2: resolved");
    let by_hand = Act::Requeue { message: unrouted, deliveries: again("lab", Outgoing::AsItCame) };
    let sent = carried_out(&store, by_hand).await;
    check_line(&store, 3, &sent, "resubmit");
    assert_eq!(
        (state(&store, unrouted), state(&store, refused)),
        (MessageState::Queued, MessageState::Resolved)
    );
    let nowhere = Act::Requeue { message: unrouted, deliveries: Vec::new() };
    assert_eq!(refusal(&store, nowhere).await, "no destination is named");
    let note = Act::Note { action: "viewed", message: Some(unrouted), detail: String::new() };
    let viewed = store.order(Order { why: String::new(), ..order(note) }).await.expect("noted");
    assert_eq!((viewed.line, viewed.done.as_str()), (5, ""));
}

/// What went in a batch stands where the batch stands, unless somebody decided about it alone.
pub(super) async fn what_is_in_a_batch_follows_it(bench: &impl Bench) {
    let store = bench.open();
    let mut ids = Vec::new();
    for id in ["1", "2", "3"] {
        let mut message = incoming(id, &["lab"]);
        message.deliveries[0].gather = true;
        ids.push(accept(&store, message).await);
    }
    // One is parked while it gathers; the others go in a batch, which is dead in the end.
    carried_out(&store, Act::Park(ids[2])).await;
    let verdict = Verdict::Batch;
    let batch = super::Incoming { dedupe: None, verdict, ..incoming("B", &["lab"]) };
    let release = super::Release {
        destination: "lab".to_owned(),
        at: 2_000,
        deliveries: vec![DeliveryId(1), DeliveryId(2)],
        batch: Some(batch),
        alone: Vec::new(),
    };
    let batch = store.release(release).await.expect("it is made").expect("a batch");
    assert!(refusal(&store, Act::Park(ids[0])).await.contains("is in a batch; decide about"));
    attempt(&store, pending(&store, "lab")[0], Settlement::Dead).await;
    let states = |store: &_| [ids[0], ids[1], batch].map(|id| state(store, id));
    assert_eq!(states(&store), [MessageState::Dead; 3]);
    carried_out(&store, Act::Dismiss(ids[0])).await;
    let again = Act::Requeue { message: batch, deliveries: again("lab", Outgoing::AsItCame) };
    carried_out(&store, again).await;
    let (queued, resolved) = (MessageState::Queued, MessageState::Resolved);
    assert_eq!(states(&store), [resolved, queued, queued]);
    assert_eq!(store.reader().verify().expect("it is read").faults, [""; 0]);
    carried_out(&store, Act::Skip { destination: "lab".to_owned(), delivery: None }).await;
    assert_eq!(states(&store), [resolved; 3]);
    carried_out(&store, Act::Dismiss(ids[2])).await;
    assert_eq!(store.reader().verify().expect("it is read").faults, [""; 0]);
}
