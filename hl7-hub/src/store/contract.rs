//! What every store passes. An implementation calls [`suite!`] with a way to open the same store again and again.

use super::{
    Accepted, AcceptedBatch, AttemptEnd, DedupeKey, DeliveryId, DeliveryState, Facts, Incoming,
    IncomingBatch, Member, MessageId, MessageState, NewDelivery, Query, Settlement, Step, Store,
    StoreError, Verdict, WITHDRAWN,
};
use crate::{Digest, Payload};

/// A store that can be closed and opened again.
pub(super) trait Bench {
    type Store: Store;
    fn open(&self) -> Self::Store;
}

/// The tests, over a bench.
macro_rules! suite {
    ($suite:ident; $bench:expr; $($test:ident)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                $suite::$test(&$bench).await;
            }
        )*
    };
}
pub(super) use suite;

/// A message with a control id, for some destinations.
pub(super) fn incoming(control_id: &str, destinations: &[&str]) -> Incoming {
    let payload = format!("MSH|^~\\&|LAB|H|EHR|H|1||ORU^R01|{control_id}|P|2.5\rPID|1||77\r");
    Incoming {
        at: 1_000,
        source: "lab_in".to_owned(),
        peer: "127.0.0.1".to_owned(),
        facts: Facts {
            control_id: control_id.to_owned(),
            message_type: "ORU^R01".to_owned(),
            patient_id: "77".to_owned(),
            ..Facts::default()
        },
        verdict: Verdict::Accepted,
        dedupe: Some(DedupeKey {
            sender: b"LAB|H".to_vec(),
            control_id: control_id.as_bytes().to_vec(),
            content: Digest::of_parts([payload.as_bytes()]),
            since: 0,
        }),
        payload: Payload::from(payload.into_bytes()),
        replies: vec![Payload::from(format!("MSA|AA|{control_id}\r").into_bytes())],
        deliveries: destinations
            .iter()
            .map(|name| NewDelivery {
                destination: (*name).to_owned(),
                outgoing: None,
                gather: false,
                lane: 0,
            })
            .collect(),
        decided: "route 1; answer AA".to_owned(),
    }
}

pub(super) async fn accept(store: &impl Store, incoming: Incoming) -> MessageId {
    match store.accept(incoming).await {
        Ok(Accepted::New { id, .. }) => id,
        other => panic!("not accepted: {other:?}"),
    }
}

pub(super) fn pending(store: &impl Store, destination: &str) -> Vec<DeliveryId> {
    let found = store.reader().pending(destination, None, 1_000).expect("the store is read");
    found.iter().map(|delivery| delivery.id).collect()
}

pub(super) async fn attempt(
    store: &impl Store,
    delivery: DeliveryId,
    settlement: Settlement,
) -> AttemptEnd {
    let attempt = store.begin_attempt(delivery, 2_000).await.expect("it is queued");
    let reply = Some(Payload::from(*b"MSA|AA|1\r"));
    let end = AttemptEnd {
        attempt,
        at: 2_001,
        outcome: "AA".to_owned(),
        reply,
        settlement,
        sent: None,
        backup: None,
    };
    store.settle(end.clone(), None).await.expect("it is settled");
    end
}

/// A message, its bytes, its acknowledgments and its deliveries come in one commit, and are there when the store is opened
/// again.
pub(super) async fn what_is_accepted_is_there_after_reopening(bench: &impl Bench) {
    let store = bench.open();
    let mut message = incoming("1", &["lab", "archive"]);
    message.deliveries[1].outgoing = Some(Payload::from(*b"MSH|other"));
    let bytes = message.payload.clone();
    let id = accept(&store, message).await;
    drop(store);
    let store = bench.open();
    let reader = store.reader();
    assert_eq!(reader.body(id), Ok(Some(bytes.clone())));
    let lab = reader.pending("lab", None, 10).expect("the store is read");
    let archive = reader.pending("archive", None, 10).expect("the store is read");
    assert_eq!((lab.len(), archive.len()), (1, 1));
    assert_eq!((&lab[0].payload, archive[0].payload.bytes()), (&bytes, &b"MSH|other"[..]));
    assert_eq!((lab[0].attempts, lab[0].maybe_duplicate), (0, false));
    let view = reader.message(id).expect("the store is read").expect("it is there");
    assert_eq!((view.state, view.verdict), (MessageState::Queued, Verdict::Accepted));
    assert_eq!(reader.audit(id).expect("the store is read")[0].action, "received");
}

/// I11: a duplicate has no second delivery, and gets the acknowledgments of the first.
pub(super) async fn a_duplicate_gets_the_stored_acknowledgment(bench: &impl Bench) {
    let store = bench.open();
    let first = accept(&store, incoming("1", &["lab"])).await;
    drop(store);
    let store = bench.open();
    let mut again = incoming("1", &["lab"]);
    again.replies = vec![Payload::from(*b"MSA|AA|made anew\r")];
    let expected = vec![Payload::from(*b"MSA|AA|1\r")];
    let duplicate = Accepted::Duplicate { id: first, replies: expected };
    assert_eq!(store.accept(again).await, Ok(duplicate));
    assert_eq!(pending(&store, "lab").len(), 1);
    // Once the first has fallen out of the window, it is a message like any other.
    let mut late = incoming("1", &["lab"]);
    late.dedupe.as_mut().expect("a key").since = 1_001;
    let second = accept(&store, late).await;
    assert_ne!(second, first);
    assert_eq!(store.reader().verify().expect("the store is read").faults, [""; 0]);
}

/// A control id that comes with other content is another message, and marked.
pub(super) async fn a_reused_control_id_is_accepted_and_marked(bench: &impl Bench) {
    let store = bench.open();
    accept(&store, incoming("1", &["lab"])).await;
    let mut other = incoming("1", &["lab"]);
    other.dedupe.as_mut().expect("a key").content = Digest([9; 32]);
    let accepted = store.accept(other).await;
    let Ok(Accepted::New { reused_control_id: true, .. }) = accepted else {
        panic!("{accepted:?}");
    };
    assert_eq!(pending(&store, "lab").len(), 2);
}

/// I5: the order of a destination is the order of the answers, however many are accepted at once.
pub(super) async fn deliveries_are_numbered_in_the_order_of_commits(bench: &impl Bench) {
    let store = bench.open();
    let mut ids = Vec::new();
    for number in 0..200 {
        // Two at once: they share a commit, and the one that was handed over first comes first.
        let (a, b) = tokio::join!(
            store.accept(incoming(&format!("{number}a"), &["lab"])),
            store.accept(incoming(&format!("{number}b"), &["lab"]))
        );
        for accepted in [a, b] {
            let Ok(Accepted::New { id, .. }) = accepted else { panic!("{accepted:?}") };
            ids.push(id);
        }
    }
    assert!(ids.is_sorted());
    let queued = store.reader().pending("lab", None, 1_000).expect("the store is read");
    let in_order: Vec<_> = queued.iter().map(|delivery| delivery.message).collect();
    assert_eq!(in_order, ids);
    let page = store.reader().pending("lab", Some(queued[99].id), 5).expect("the store is read");
    assert_eq!(page, queued[100..105]);
}

/// Done, once more, dead: what each does to the delivery and the message.
pub(super) async fn attempts_settle_deliveries_and_messages(bench: &impl Bench) {
    let store = bench.open();
    let id = accept(&store, incoming("1", &["lab", "archive"])).await;
    let state = || store.reader().message(id).expect("it is read").expect("it is there").state;
    let (lab, archive) = (pending(&store, "lab")[0], pending(&store, "archive")[0]);
    attempt(&store, lab, Settlement::Retry { due: 9_000, ambiguous: false }).await;
    let again = &store.reader().pending("lab", None, 1).expect("the store is read")[0];
    assert_eq!((again.due, again.attempts, again.maybe_duplicate), (9_000, 1, false));
    attempt(&store, lab, Settlement::Done).await;
    assert_eq!((pending(&store, "lab").len(), state()), (0, MessageState::Queued));
    attempt(&store, archive, Settlement::Dead).await;
    assert_eq!((pending(&store, "archive").len(), state()), (0, MessageState::Dead));
    let views = store.reader().deliveries(id).expect("the store is read");
    let states: Vec<_> = views.iter().map(|view| view.state).collect();
    assert_eq!(states, [DeliveryState::Done, DeliveryState::Dead]);
    assert_eq!(views[0].attempts.len(), 2);
    let second = accept(&store, incoming("2", &["lab"])).await;
    attempt(&store, pending(&store, "lab")[0], Settlement::Done).await;
    let second = store.reader().message(second).expect("it is read").expect("it is there");
    assert_eq!(second.state, MessageState::Completed);
}

/// What is given up goes to the backup with the same bytes, once.
pub(super) async fn what_is_given_up_goes_to_the_backup(bench: &impl Bench) {
    let store = bench.open();
    let mut message = incoming("1", &["lab"]);
    message.deliveries[0].outgoing = Some(Payload::from(*b"MSH|other"));
    let id = accept(&store, message).await;
    for (destination, backup, state) in
        [("lab", "spare", MessageState::Queued), ("spare", "lab", MessageState::Dead)]
    {
        let queued = store.reader().pending(destination, None, 9).expect("it is read");
        assert_eq!((queued.len(), queued[0].payload.bytes()), (1, &b"MSH|other"[..]));
        let attempt = store.begin_attempt(queued[0].id, 2_000).await.expect("it is queued");
        let end = AttemptEnd {
            attempt,
            at: 2_001,
            outcome: "AE".to_owned(),
            reply: None,
            settlement: Settlement::Dead,
            sent: None,
            backup: Some(backup.to_owned()),
        };
        store.settle(end, None).await.expect("it is settled");
        let view = store.reader().message(id).expect("it is read").expect("it is there");
        assert_eq!(view.state, state, "{destination}");
    }
    let views = store.reader().deliveries(id).expect("the store is read");
    let states: Vec<_> = views.iter().map(|view| view.state).collect();
    assert_eq!(states, [DeliveryState::Moved, DeliveryState::Dead]);
    assert_eq!(store.reader().verify().expect("the store is read").faults, [""; 0]);
}

/// I3: an attempt is settled once.
pub(super) async fn settling_twice_changes_nothing(bench: &impl Bench) {
    let store = bench.open();
    accept(&store, incoming("1", &["lab"])).await;
    let lab = pending(&store, "lab")[0];
    let end = attempt(&store, lab, Settlement::Done).await;
    let status = store.reader().status();
    let again = AttemptEnd { settlement: Settlement::Dead, ..end };
    store.settle(again, None).await.expect("nothing to do");
    assert_eq!(store.reader().status(), status);
    assert!(store.begin_attempt(lab, 3_000).await.is_err(), "it is done");
}

/// The end of an attempt and the beginning of the next are one commit; if one cannot be, neither is.
pub(super) async fn the_next_attempt_begins_with_the_end_of_the_last(bench: &impl Bench) {
    let store = bench.open();
    for control_id in ["1", "2"] {
        accept(&store, incoming(control_id, &["lab"])).await;
    }
    let lab = pending(&store, "lab");
    let attempt = store.begin_attempt(lab[0], 2_000).await.expect("it is queued");
    let (outcome, settlement) = ("AA".to_owned(), Settlement::Done);
    let end = AttemptEnd {
        attempt,
        at: 2_001,
        outcome,
        reply: None,
        settlement,
        sent: None,
        backup: None,
    };
    let nothing = store.settle(end.clone(), Some(DeliveryId(99))).await;
    assert!(nothing.is_err());
    assert_eq!(pending(&store, "lab"), lab);
    let next = store.settle(end, Some(lab[1])).await.expect("it is settled");
    assert!(next.is_some_and(|next| next != attempt));
    assert_eq!(pending(&store, "lab"), lab[1..]);
    drop(store);
    let store = bench.open();
    let after = store.reader().pending("lab", None, 10).expect("the store is read");
    assert_eq!((after.len(), after[0].attempts, after[0].maybe_duplicate), (1, 1, true));
}

/// A step settles and begins many at once; what is withdrawn is as if it had not been begun.
pub(super) async fn a_step_is_one_commit_and_what_is_withdrawn_does_not_count(bench: &impl Bench) {
    let store = bench.open();
    for control_id in ["1", "2", "3", "4"] {
        accept(&store, incoming(control_id, &["lab"])).await;
    }
    let lab = pending(&store, "lab");
    let begin = |begin: &[DeliveryId]| Step { ends: Vec::new(), begin: begin.to_vec(), at: 2_000 };
    let began = store.advance(begin(&lab[..3])).await.expect("they are queued");
    assert!(began.len() == 3 && began.is_sorted());
    let end = |attempt, settlement| AttemptEnd {
        attempt,
        at: 2_001,
        outcome: if settlement == Settlement::Withdrawn { WITHDRAWN } else { "so" }.to_owned(),
        reply: None,
        settlement,
        sent: None,
        backup: None,
    };
    let ends = vec![
        end(began[0], Settlement::Done),
        end(began[1], Settlement::Withdrawn),
        end(began[2], Settlement::Withdrawn),
    ];
    // The third is withdrawn and begun again in the same step; the last is not there, so nothing is done.
    let wrong = Step { ends: ends.clone(), begin: vec![lab[2], DeliveryId(99)], at: 2_001 };
    assert!(store.advance(wrong).await.is_err());
    let step = Step { ends, begin: vec![lab[2]], at: 2_001 };
    assert_eq!(store.advance(step).await.expect("it is done").len(), 1);
    let left = store.reader().pending("lab", None, 9).expect("the store is read");
    let attempts: Vec<_> = left.iter().map(|left| (left.id, left.attempts)).collect();
    assert_eq!(attempts, [(lab[1], 0), (lab[2], 1), (lab[3], 0)]);
    let seen = |message| store.reader().deliveries(message).expect("it is read")[0].attempts.len();
    assert_eq!((seen(left[0].message), seen(left[1].message)), (0, 1));
    assert_eq!(store.reader().verify().expect("the store is read").faults, [""; 0]);
}

/// Whoever shares a commit with something that cannot be done has what was promised all the same.
pub(super) async fn what_cannot_be_done_costs_nobody_else(bench: &impl Bench) {
    let store = bench.open();
    for number in 0..20 {
        let (a, wrong, b) = tokio::join!(
            store.accept(incoming(&format!("{number}a"), &["lab"])),
            store.begin_attempt(DeliveryId(9_999), 1),
            store.accept(incoming(&format!("{number}b"), &["lab"])),
        );
        assert!(a.is_ok() && b.is_ok());
        assert_eq!(wrong, Err(StoreError::Unknown("delivery that is queued")));
    }
    assert_eq!(pending(&store, "lab").len(), 40);
    assert_eq!(store.reader().verify().expect("the store is read").faults, [""; 0]);
}

/// What was being sent when the hub ended is queued again, at its place and marked.
pub(super) async fn an_interrupted_attempt_is_ambiguous(bench: &impl Bench) {
    let store = bench.open();
    for control_id in ["1", "2", "3"] {
        accept(&store, incoming(control_id, &["lab"])).await;
    }
    let before = pending(&store, "lab");
    store.begin_attempt(before[0], 2_000).await.expect("it is queued");
    drop(store);
    let store = bench.open();
    let after = store.reader().pending("lab", None, 10).expect("the store is read");
    let marks: Vec<_> = after.iter().map(|delivery| delivery.maybe_duplicate).collect();
    assert_eq!(marks, [true, false, false]);
    assert_eq!(pending(&store, "lab"), before);
    attempt(&store, before[0], Settlement::Done).await;
    assert_eq!(store.reader().verify().expect("the store is read").faults, [""; 0]);
}

/// What no route took and what was refused stays, and is found.
pub(super) async fn messages_without_deliveries_are_found(bench: &impl Bench) {
    let store = bench.open();
    let unrouted = accept(&store, incoming("1", &[])).await;
    let mut message = incoming("2", &[]);
    (message.verdict, message.dedupe) = (Verdict::Unreadable, None);
    let refused = accept(&store, message).await;
    let queued = accept(&store, incoming("3", &["lab"])).await;
    let find = |query: Query| -> Vec<MessageId> {
        let found = store.reader().search(&Query { most: 10, ..query }).expect("it is read");
        found.iter().map(|view| view.id).collect()
    };
    let of_state = |state| find(Query { state: Some(state), ..Query::default() });
    assert_eq!(of_state(MessageState::NoRoute), [unrouted]);
    assert_eq!(of_state(MessageState::Refused), [refused]);
    assert_eq!(of_state(MessageState::Queued), [queued]);
    assert_eq!(find(Query { control_id: Some("3".into()), ..Query::default() }), [queued]);
    assert_eq!(find(Query { patient_id: Some("77".into()), ..Query::default() }).len(), 3);
    assert_eq!(find(Query { message_type: Some("ORU".into()), ..Query::default() }).len(), 3);
    assert_eq!(find(Query { message_type: Some("ADT".into()), ..Query::default() }), []);
    assert_eq!(find(Query { since: Some(1_001), ..Query::default() }), []);
    let status = store.reader().status().expect("the store is read");
    assert_eq!(status.messages.iter().map(|(_, count)| count).sum::<u64>(), 3);
    assert_eq!(status.destinations[0].queued, 1);
    assert_eq!(status.destinations[0].oldest, Some(1_000));
}

/// Messages that are offered together are numbered in their order, and a repeated one among them is known as such.
pub(super) async fn messages_come_together_in_their_order(bench: &impl Bench) {
    let store = bench.open();
    let together: Vec<_> = ["1", "2", "1", "3"].map(|id| incoming(id, &["lab"])).into();
    let accepted = store.accept_all(together.into()).await.expect("they are accepted");
    let ids: Vec<_> = accepted
        .iter()
        .map(|one| match one {
            Accepted::New { id, .. } => (id.0, false),
            Accepted::Duplicate { id, .. } => (id.0, true),
        })
        .collect();
    let first = ids[0].0;
    assert_eq!(ids, [(first, false), (first + 1, false), (first, true), (first + 2, false)]);
    assert_eq!(pending(&store, "lab").len(), 3);
    assert_eq!(store.accept_all(Vec::new().into()).await, Ok(Vec::new()));
}

/// I15: a clock that is set back changes no order.
pub(super) async fn order_is_that_of_commits_whatever_the_clock_says(bench: &impl Bench) {
    let store = bench.open();
    let mut accepted = Vec::new();
    for (id, at) in [("1", 9_000_000), ("2", 5), ("3", 8_000_000), ("4", -1)] {
        accepted.push(accept(&store, Incoming { at, ..incoming(id, &["lab"]) }).await);
    }
    let found = store.reader().pending("lab", None, 10).expect("the store is read");
    assert_eq!(found.iter().map(|delivery| delivery.message).collect::<Vec<_>>(), accepted);
    assert!(found.is_sorted_by_key(|delivery| delivery.id));
}

/// A batch that came, with messages that go to some destinations.
pub(super) fn batch(control_ids: &[&str], destinations: &[&str]) -> IncomingBatch {
    let mut batch = incoming("batch", &[]);
    (batch.verdict, batch.replies) = (Verdict::Batch, Vec::new());
    let message =
        |(ordinal, id): (u32, &&str)| Member { ordinal, message: incoming(id, destinations) };
    IncomingBatch { batch, messages: (1..).zip(control_ids).map(message).collect() }
}

/// A batch and its messages come in one commit; each of them knows where it came from.
pub(super) async fn a_batch_is_stored_with_its_messages(bench: &impl Bench) {
    let store = bench.open();
    let first = accept(&store, incoming("2", &["lab"])).await;
    let AcceptedBatch { batch: stored, messages } =
        store.accept_batch(batch(&["1", "2", "3"], &["lab"])).await.expect("it is accepted");
    // What came before is known inside of a batch too, and gets its first answer.
    let replies = vec![Payload::from(*b"MSA|AA|2\r")];
    assert_eq!(messages[1], Accepted::Duplicate { id: first, replies });
    drop(store);
    let store = bench.open();
    let reader = store.reader();
    let place = |id| reader.message(id).expect("it is read").expect("it is there").batch;
    assert_eq!(place(messages[0].id()), Some((stored.id(), 1)));
    assert_eq!(place(messages[2].id()), Some((stored.id(), 3)));
    assert_eq!((place(first), place(stored.id())), (None, None));
    let of_batch = Query { batch: Some(stored.id()), most: 10, ..Query::default() };
    let found: Vec<_> =
        reader.search(&of_batch).expect("it is read").iter().map(|m| m.id).collect();
    assert_eq!(found, [messages[2].id(), messages[0].id()]);
    let view = reader.message(stored.id()).expect("it is read").expect("it is there");
    assert_eq!((view.state, view.verdict), (MessageState::Split, Verdict::Batch));
    assert_eq!(pending(&store, "lab").len(), 3);
    assert_eq!(reader.verify().expect("it is read").faults, [""; 0]);
    // The same batch once more leaves nothing behind but lines of the audit.
    let again = store.accept_batch(batch(&["1", "2", "3"], &["lab"])).await.expect("it is known");
    assert!(matches!(again.batch, Accepted::Duplicate { id, .. } if id == stored.id()));
    assert!(again.messages.iter().all(|known| matches!(known, Accepted::Duplicate { .. })));
    assert_eq!(pending(&store, "lab").len(), 3);
}

/// A batch that stayed whole comes again: what is set aside from it is refused, so nothing of its own tells that it came.
pub(super) async fn what_is_set_aside_does_not_come_twice(bench: &impl Bench) {
    let store = bench.open();
    let mut whole = batch(&["2"], &["errors"]);
    whole.batch.verdict = Verdict::Accepted;
    (whole.messages[0].message.verdict, whole.messages[0].message.dedupe) =
        (Verdict::Rejected, None);
    store.accept_batch(whole.clone()).await.expect("it is accepted");
    let again = store.accept_batch(whole).await.expect("it is known");
    assert!(matches!(again.batch, Accepted::Duplicate { .. }));
    assert_eq!(pending(&store, "errors").len(), 1);
}
