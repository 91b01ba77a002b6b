//! Sources that are answered when destinations have answered.

use hl7_core::Tree;
use hl7_core::ack::{
    AckCode, AckMode, Asked, Fault, Inbound, Kind, Outcome, Owed, owed, read_faults,
};

use super::{Exchange, Moment, Reception, reply};
use crate::Payload;
use crate::config::Delivered;
use crate::store::{DeliveryState, DeliveryView, Incoming, Verdict};

/// A message whose sender waits for what destinations say.
#[derive(Debug, Clone)]
pub struct Awaited {
    /// The message as it came.
    pub message: Payload,
    /// The destinations.
    pub destinations: Vec<String>,
    /// How long to wait at most.
    pub limit: std::time::Duration,
}

impl Reception {
    /// Takes out of the acknowledgments those that wait for destinations. An accept acknowledgment does not: it says
    /// "stored". Messages of batches are answered as they are stored.
    pub(super) fn await_delivery(
        &self,
        incoming: &mut Incoming,
        exchange: &mut Exchange,
        owed_acks: Owed,
    ) {
        let acks = &self.source().acks;
        let Some(Delivered { by, limit, .. }) = &acks.delivered else { return };
        let goes_to = |name: &&String| {
            incoming.deliveries.iter().any(|delivery| delivery.destination == **name)
        };
        let destinations: Vec<_> = by.iter().filter(goes_to).cloned().collect();
        let is_answered = incoming.verdict == Verdict::Accepted && acks.mode != AckMode::None;
        if destinations.is_empty() || !is_answered {
            return;
        }
        let at_once = matches!(owed_acks, Owed::Acks { accept: Some(_), .. });
        exchange.replies.truncate(usize::from(at_once));
        incoming.replies.clone_from(&exchange.replies);
        incoming.decided = format!("{}, behind {}", incoming.decided, destinations.join(", "));
        let message = incoming.payload.clone();
        exchange.awaited = Some(Awaited { message, destinations, limit: *limit });
    }

    /// What the sender is told now that a message stands so with its destinations; `None` while one of them has not
    /// answered.
    #[must_use]
    pub fn delivered(
        &self,
        awaited: &Awaited,
        deliveries: &[DeliveryView],
        moment: &Moment,
    ) -> Option<Vec<Payload>> {
        let of = |name: &String| last_in_place(deliveries, name);
        let views: Vec<_> = awaited.destinations.iter().filter_map(of).collect();
        if !views.iter().all(|view| has_answered(view.state)) {
            return None;
        }
        let tree = Tree::parse(awaited.message.bytes()).ok()?;
        let inbound = Inbound::of_tree(&tree)?;
        let acks = &self.source().acks;
        if acks.delivered.as_ref().is_some_and(|delivered| delivered.response) {
            let reply = views.first().and_then(|view| reply_of(view));
            if let Some(reply) = reply.filter(|reply| Tree::parse(reply.bytes()).is_ok()) {
                return Some(vec![reply.clone()]);
            }
        }
        let refusal = views.iter().find_map(|view| refusal(view));
        let (outcome, faults) = refusal.unwrap_or((Outcome::Accepted, Vec::new()));
        let asked = Asked::by(inbound.header());
        let owed_acks = match owed(acks.mode, asked, Kind::of(&tree), outcome) {
            Owed::Acks { application, .. } => Owed::Acks { accept: None, application },
            text => text,
        };
        Some(self.replies(&inbound, owed_acks, &faults, moment))
    }
}

/// The delivery to a destination; where another has taken its place, to a backup or anew, that one.
fn last_in_place<'v>(deliveries: &'v [DeliveryView], name: &str) -> Option<&'v DeliveryView> {
    let mut deliveries = deliveries.iter();
    let mut last = deliveries.find(|delivery| delivery.destination == name)?;
    // Numbers go up, so what takes a place stands behind what it takes it from.
    for next in deliveries {
        let is_for_it = match next.replaces {
            Some(given_up) => given_up == last.id,
            None => next.destination == last.destination,
        };
        if last.state == DeliveryState::Moved && is_for_it {
            last = next;
        }
    }
    Some(last)
}

/// Whether a destination has answered for good, or nobody knows when it will. One whose application is still to acknowledge,
/// or that gets the message in a batch to come, has not.
fn has_answered(state: DeliveryState) -> bool {
    use DeliveryState::{Awaiting, Batched, Gathering, Queued, Sending};
    !matches!(state, Awaiting | Batched | Gathering | Queued | Sending)
}

/// What a destination said last.
fn reply_of(view: &DeliveryView) -> Option<&Payload> {
    view.attempts.iter().rev().find_map(|attempt| attempt.reply.as_ref())
}

/// What a delivery that was not taken comes to, with what its destination says is wrong; `None` for one that was.
fn refusal(view: &DeliveryView) -> Option<(Outcome, Vec<Fault>)> {
    if view.state == DeliveryState::Done {
        return None;
    }
    let tree = reply_of(view).and_then(|reply| Tree::parse(reply.bytes()).ok());
    let outcome = match tree.as_ref().and_then(reply::code) {
        Some(AckCode::Ar | AckCode::Cr) => Outcome::Rejected,
        _ => Outcome::Error,
    };
    Some((outcome, tree.map(|tree| read_faults(&tree)).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::DeliveryId;

    fn view(id: i64, destination: &str, replaces: Option<i64>, moved: bool) -> DeliveryView {
        DeliveryView {
            id: DeliveryId(id),
            destination: destination.to_owned(),
            state: if moved { DeliveryState::Moved } else { DeliveryState::Done },
            maybe_duplicate: false,
            resubmitted: false,
            replaces: replaces.map(DeliveryId),
            batch: None,
            attempts: Vec::new(),
        }
    }

    #[test]
    fn what_takes_the_place_of_a_delivery_counts_and_nothing_else() {
        let each_others = [
            view(1, "bak", None, true),
            view(2, "his", None, true),
            view(3, "bak", Some(2), false),
            view(4, "his", Some(1), false),
        ];
        let anew = [view(1, "a", None, true), view(2, "a", None, true), view(5, "a", None, false)];
        let given_up = [view(1, "a", None, true), view(2, "b", None, false)];
        for (views, name, expected) in [
            (&each_others[..], "bak", Some(4)),
            (&each_others, "his", Some(3)),
            (&anew, "a", Some(5)),
            (&given_up, "a", Some(1)),
            (&given_up, "c", None),
        ] {
            assert_eq!(last_in_place(views, name).map(|view| view.id.0), expected, "{name}");
        }
    }
}
