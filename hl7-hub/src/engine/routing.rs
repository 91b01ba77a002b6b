//! Where a message goes, and what goes there.

use hl7_core::Tree;
use hl7_core::ack::Owed;

use super::envelope::begins_batch;
use super::gathering::can_gather;
use super::keyed::lane_of;
use super::{Reception, Subject};
use crate::Payload;
use crate::store::{NewDelivery, Verdict};

impl Reception {
    /// Where a message goes, and which routes say so. What was refused goes where a route asks for it by name.
    pub(super) fn route(
        &self,
        tree: Option<&Tree>,
        bytes: &[u8],
        peer: &str,
        verdict: Verdict,
    ) -> (Vec<NewDelivery>, String) {
        let source = self.source().name.as_str();
        let subject = Subject { tree, source, peer, verdict, batch: false };
        let (names, routed) = self.destinations(&subject);
        (names.into_iter().map(|name| self.delivery(name, tree, bytes)).collect(), routed)
    }

    /// The destinations of all routes that take something.
    pub(super) fn destinations(&self, subject: &Subject<'_>) -> (Vec<&str>, String) {
        let (source, verdict) = (subject.source, subject.verdict);
        let refused = verdict != Verdict::Accepted;
        let is_from = |from: &[String]| from.is_empty() || from.iter().any(|name| name == source);
        let mut taken: Vec<usize> = Vec::new();
        for (number, route) in self.config.routes.iter().enumerate() {
            let takes = match &route.when {
                Some(when) => (!refused || when.asks_for_refused()) && when.holds(subject),
                None => !refused && !route.default,
            };
            if takes && is_from(&route.from) {
                taken.push(number);
            }
        }
        if taken.is_empty() && !refused {
            let routes = self.config.routes.iter().enumerate();
            let defaults = routes.filter(|(_, route)| route.default && is_from(&route.from));
            taken.extend(defaults.map(|(number, _)| number));
        }
        let mut names: Vec<&str> = Vec::new();
        for name in taken.iter().flat_map(|&number| &self.config.routes[number].to) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        let numbers: Vec<_> = taken.iter().map(|number| (number + 1).to_string()).collect();
        let routed = match numbers.as_slice() {
            [] => "no route".to_owned(),
            numbers => format!("route {} to {}", numbers.join(", "), names.join(", ")),
        };
        (names, routed)
    }

    /// A delivery with the header that its destination wants, or of the text that it wants instead.
    pub(super) fn delivery(&self, name: &str, tree: Option<&Tree>, bytes: &[u8]) -> NewDelivery {
        if let Some(text) = self.text(name, tree) {
            return self.to(name, Some(text), bytes, tree);
        }
        let set = self.config.destination(name).map(|destination| &destination.set);
        let outgoing = set.filter(|set| !set.is_empty()).and_then(|set| set.apply(bytes));
        let outgoing = outgoing.filter(|outgoing| outgoing != bytes).map(Payload::from);
        self.to(name, outgoing, bytes, tree)
    }

    /// The text about a message that a destination wants instead of it.
    pub(super) fn text(&self, name: &str, tree: Option<&Tree>) -> Option<Payload> {
        let template = self.config.destination(name)?.text.as_ref()?;
        Some(Payload::from(template.text(tree).into_bytes()))
    }

    /// A delivery of bytes, or of others in their place. It waits for others where those can be in a batch. `tree` is the
    /// message that its lane is told by, where it is one.
    pub(super) fn to(
        &self,
        name: &str,
        outgoing: Option<Payload>,
        bytes: &[u8],
        tree: Option<&Tree>,
    ) -> NewDelivery {
        let destination = self.config.destination(name);
        let takes_batches = destination.is_some_and(|destination| destination.batch.is_some());
        let gather = takes_batches && can_gather(outgoing.as_ref().map_or(bytes, Payload::bytes));
        let lane = destination.map_or(0, |destination| lane_of(tree, &destination.lanes));
        NewDelivery { destination: name.to_owned(), outgoing, gather, lane }
    }

    /// Takes the application acknowledgment behind an accept acknowledgment to the destination that it is to go to.
    pub(super) fn divert(
        &self,
        owed_acks: Owed,
        replies: &mut Vec<Payload>,
        deliveries: &mut Vec<NewDelivery>,
    ) {
        let Some(destination) = &self.source().acks.application_to else { return };
        if let Owed::Acks { accept: Some(_), application: Some(_) } = owed_acks
            && let Some(application) = replies.pop()
        {
            deliveries.push(self.to(destination, Some(application), &[], None));
        }
    }

    /// Takes acknowledgments to where the routes say, as if they were messages of the source, if that is how it wants them.
    /// Which routes took them, for the audit.
    pub(super) fn send_by_routes(
        &self,
        peer: &str,
        replies: &mut Vec<Payload>,
        deliveries: &mut Vec<NewDelivery>,
    ) -> String {
        if !self.source().acks.by_routes {
            return String::new();
        }
        let mut routed = String::new();
        for reply in replies.drain(..) {
            let (tree, source) = (Tree::parse(reply.bytes()).ok(), self.source().name.as_str());
            let batch = begins_batch(reply.bytes());
            let verdict = Verdict::Accepted;
            let subject = Subject { tree: tree.as_ref(), source, peer, verdict, batch };
            let (names, taken) = self.destinations(&subject);
            routed.push_str(&format!(", by {taken}"));
            for name in names {
                let changed = self.delivery(name, tree.as_ref(), reply.bytes()).outgoing;
                deliveries.push(self.to(
                    name,
                    Some(changed.unwrap_or_else(|| reply.clone())),
                    &[],
                    None,
                ));
            }
        }
        routed
    }
}
