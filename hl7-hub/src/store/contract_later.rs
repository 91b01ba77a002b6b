//! The contract, second part: what is settled by something else than the end of an attempt, and lanes.

use super::contract::{Bench, accept, incoming, pending};
use super::contract_gather::gathering;
use super::{
    Act, AttemptEnd, DeliveryId, DeliveryState, EVERY_LANE, LateAck, LateRule, MessageState, Order,
    Release, SentAs, Settlement, Side, Store,
};
use crate::Payload;

/// Brings a delivery to where an attempt leaves it.
async fn leave(store: &impl Store, delivery: DeliveryId, settlement: Settlement) {
    let attempt = store.begin_attempt(delivery, 2_000).await.expect("it is queued");
    let receiver = format!("TO{}", delivery.0).into_bytes();
    let end = AttemptEnd {
        attempt,
        at: 2_001,
        outcome: "so".to_owned(),
        reply: None,
        settlement,
        sent: Some(SentAs { control_id: b"1".to_vec(), receiver }),
        backup: None,
    };
    store.settle(end, None).await.expect("it is settled");
}

fn rule(destination: &str, settlement: Settlement) -> LateRule {
    let (destination, backup) = (destination.to_owned(), Some("spare".to_owned()));
    LateRule { destination, settlement, given_up: Settlement::Dead, attempts: 3, backup }
}

fn late(receiver: &str, rules: Vec<LateRule>) -> LateAck {
    let receiver = receiver.as_bytes().to_vec();
    LateAck {
        of: SentAs { control_id: b"1".to_vec(), receiver },
        rules,
        outcome: "AA of the application".to_owned(),
        reply: Payload::from(*b"MSA|AA|1\r"),
        at: 3_000,
    }
}

/// One control id went to two destinations; each answers for itself, and one does not.
pub(super) async fn an_application_acknowledges_later_or_not_at_all(bench: &impl Bench) {
    let store = bench.open();
    let id = accept(&store, incoming("1", &["lab", "ris"])).await;
    let (lab, ris) = (pending(&store, "lab")[0], pending(&store, "ris")[0]);
    for delivery in [lab, ris] {
        leave(&store, delivery, Settlement::Awaiting { until: 9_000 }).await;
    }
    assert_eq!(pending(&store, "lab"), [], "what is behind it goes out");
    drop(store);
    let store = bench.open();
    let state = || store.reader().message(id).expect("it is read").expect("it is there").state;
    let status = store.reader().status().expect("it is read");
    assert_eq!((state(), status.destinations[0].awaiting), (MessageState::Queued, 1));
    let both = || vec![rule("lab", Settlement::Done), rule("ris", Settlement::Done)];
    let nobody = store.acknowledge_late(late("ELSE", both())).await.expect("it is looked for");
    assert_eq!(nobody, None, "two wait, and neither was sent to it");
    let only_ris = vec![rule("archive", Settlement::Done)];
    assert_eq!(store.acknowledge_late(late("TO1", only_ris)).await, Ok(None));
    let receiver = format!("TO{}", lab.0);
    let settled = store.acknowledge_late(late(&receiver, both())).await.expect("it is settled");
    let settled = settled.expect("it is to one of them");
    assert_eq!((settled.delivery, settled.state), (lab, DeliveryState::Done));
    let again = store.acknowledge_late(late(&receiver, vec![rule("lab", Settlement::Done)])).await;
    assert_eq!(again, Ok(None), "it is settled once");
    let given_up = || rule("ris", Settlement::Dead);
    assert_eq!(store.expire(8_999, given_up()).await, Ok(Vec::new()));
    assert_eq!(store.expire(9_000, rule("lab", Settlement::Dead)).await, Ok(Vec::new()));
    let expired = store.expire(9_000, given_up()).await.expect("it is settled");
    assert_eq!((expired[0].delivery, expired[0].state), (ris, DeliveryState::Moved));
    assert_eq!(pending(&store, "spare").len(), 1);
    let views = store.reader().deliveries(id).expect("it is read");
    assert_eq!(views[0].attempts[1].reply, Some(Payload::from(*b"MSA|AA|1\r")));
    assert_eq!(store.reader().verify().expect("it is read").faults, [""; 0]);
}

/// An application that says "later" again and again is given up like a destination that does.
pub(super) async fn an_application_is_asked_again_so_often(bench: &impl Bench) {
    let store = bench.open();
    accept(&store, incoming("1", &["lab"])).await;
    let lab = pending(&store, "lab")[0];
    for expected in [DeliveryState::Queued, DeliveryState::Queued, DeliveryState::Moved] {
        leave(&store, lab, Settlement::Awaiting { until: 9_000 }).await;
        let again = rule("lab", Settlement::Retry { due: 4_000, ambiguous: false });
        let settled =
            store.acknowledge_late(late("any", vec![again])).await.expect("it is settled");
        assert_eq!(settled.expect("it waits").state, expected);
    }
    assert_eq!(store.reader().verify().expect("it is read").faults, [""; 0]);
}

/// What is held stays at its place until somebody lets it go or gives it up.
pub(super) async fn what_is_held_waits_for_somebody(bench: &impl Bench) {
    let store = bench.open();
    let ids = [
        accept(&store, incoming("1", &["lab"])).await,
        accept(&store, incoming("2", &["lab"])).await,
    ];
    let lab = pending(&store, "lab");
    leave(&store, lab[0], Settlement::Held).await;
    drop(store);
    let store = bench.open();
    let held = |store: &_| {
        let found = Store::reader(store).pending("lab", None, 9).expect("it is read");
        found.iter().map(|found| found.held).collect::<Vec<_>>()
    };
    assert_eq!(held(&store), [true, false]);
    let status = store.reader().status().expect("it is read");
    assert_eq!((status.destinations[0].held, status.destinations[0].queued), (1, 1));
    assert!(store.begin_attempt(lab[0], 3_000).await.is_err(), "it is held");
    let order = |act| {
        let (who, why) = ("kim".to_owned(), "seen to".to_owned());
        store.order(Order { at: 4_000, who, why, act })
    };
    let resume = || Act::Resume { side: Side::Destination, names: vec!["lab".to_owned()] };
    let resumed = order(resume()).await.expect("it is done");
    assert_eq!(resumed.destinations, ["lab"]);
    assert_eq!(held(&store), [false, false]);
    assert_eq!(store.reader().verify().expect("it is read").faults, [""; 0]);
    assert!(order(resume()).await.is_err(), "nothing is held");
    leave(&store, lab[0], Settlement::Held).await;
    assert_eq!(store.reader().verify().expect("it is read").faults, [""; 0]);
    let skip = Act::Skip { destination: "lab".to_owned(), delivery: Some(lab[0]) };
    order(skip).await.expect("it is done");
    assert_eq!(pending(&store, "lab"), lab[1..]);
    let state = store.reader().message(ids[0]).expect("it is read").expect("it is there").state;
    assert_eq!(state, MessageState::Resolved);
    assert_eq!(store.reader().verify().expect("it is read").faults, [""; 0]);
}

/// Each lane has its own; what all wait for comes when all before it is settled, and nothing behind it before it is.
pub(super) async fn lanes_share_what_all_wait_for(bench: &impl Bench) {
    let store = bench.open();
    for (number, lane) in [0, 1, EVERY_LANE, 1, 0].into_iter().enumerate() {
        let mut message = incoming(&number.to_string(), &["lab"]);
        message.deliveries[0].lane = lane;
        accept(&store, message).await;
    }
    let all = pending(&store, "lab");
    let of = |lane| -> Vec<DeliveryId> {
        let found = store.reader().pending_in_lane("lab", lane, None, 9).expect("it is read");
        found.iter().map(|found| found.id).collect()
    };
    assert_eq!([of(0), of(1)], [vec![all[0]], vec![all[1]]]);
    leave(&store, all[0], Settlement::Done).await;
    assert_eq!([of(0), of(1)], [vec![], vec![all[1]]], "lane 1 has one before it");
    leave(&store, all[1], Settlement::Done).await;
    assert_eq!([of(0), of(1)], [vec![all[2]], vec![]]);
    leave(&store, all[2], Settlement::Retry { due: 0, ambiguous: true }).await;
    assert_eq!([of(0), of(1)], [vec![all[2]], vec![]], "it is not settled");
    leave(&store, all[2], Settlement::Done).await;
    assert_eq!([of(0), of(1)], [vec![all[4]], vec![all[3]]]);
    // Divided in another way: what is queued goes first, one after the other.
    let arrange = |layout: &str, lanes| store.arrange("lab".to_owned(), layout.to_owned(), lanes);
    arrange("2 by PID-3.1", 2).await.expect("it is noted");
    assert_eq!([of(0), of(1)], [vec![all[3]], vec![]]);
    arrange("one", 1).await.expect("it is noted");
    assert_eq!(of(0), [all[3], all[4]]);
    arrange("one", 1).await.expect("it is noted");
    assert_eq!(of(0), [all[3], all[4]]);
    // Read by a layout that is not there any more.
    let mut message = incoming("late", &["lab"]);
    message.deliveries[0].lane = 1;
    accept(&store, message).await;
    leave(&store, all[3], Settlement::Done).await;
    leave(&store, all[4], Settlement::Done).await;
    assert_eq!(of(0), pending(&store, "lab"));
    // What waits for others is divided with what is queued, wherever it goes then.
    accept(&store, gathering("gathers", "lab")).await;
    arrange("2 by PID-3.1", 2).await.expect("it is noted");
    let alone = store.reader().gathering("lab", None, 9).expect("it is read").remove(0).id;
    let release = Release {
        destination: "lab".to_owned(),
        at: 5_000,
        deliveries: Vec::new(),
        batch: None,
        alone: vec![alone],
    };
    assert_eq!(store.release(release).await, Ok(None));
    leave(&store, of(0)[0], Settlement::Done).await;
    let alone = pending(&store, "lab");
    assert_eq!([of(0), of(1)], [alone, vec![]], "all lanes wait for it");
}
