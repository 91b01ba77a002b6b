//! Sending a message once more: as it is, routed anew, or edited.

use std::collections::BTreeMap;
use std::sync::Arc;

use hl7_core::{Path, Tree};

use super::{By, Desk, Outcome, Refusal};
use crate::Payload;
use crate::config::Config;
use crate::engine::Reception;
use crate::store::{
    Act, DeliveryState, DeliveryView, MessageId, MessageView, Ordered, Outgoing, Requeued, Verdict,
};

/// Where to a message goes once more.
#[derive(Debug, Clone, Default)]
pub(crate) struct Again {
    /// These destinations; none for those that have not got it.
    pub(crate) to: Vec<String>,
    /// All destinations that it was for.
    pub(crate) all: bool,
    /// Wherever the routes send it now, with the headers that destinations want now.
    pub(crate) reroute: bool,
}

/// What another message says instead.
#[derive(Clone)]
pub(crate) enum Edit {
    /// Leaves by their paths.
    Set(BTreeMap<String, String>),
    /// All of it.
    Content(Vec<u8>),
}

/// What is known of a message that goes out once more.
struct Subject {
    view: MessageView,
    deliveries: Vec<DeliveryView>,
    body: Payload,
}

impl Desk {
    /// Sends a message once more as it is.
    pub(crate) async fn resubmit(&self, by: &By, id: MessageId, again: Again) -> Outcome<Ordered> {
        let subject = self.subject(id).await?;
        let config = self.hub.config();
        check_names(&config, &again.to)?;
        let deliveries = if again.reroute {
            let incoming =
                self.receive_again(&config, &subject, subject.body.bytes(), &again.to)?;
            let outgoing = |made: Option<Payload>| made.map_or(Outgoing::AsItCame, Outgoing::Anew);
            let requeued = |to: crate::store::NewDelivery| Requeued {
                destination: to.destination,
                outgoing: outgoing(to.outgoing),
            };
            incoming.deliveries.into_iter().map(requeued).collect()
        } else {
            let names = destinations(&subject, &again)?;
            check_names(&config, &names)?;
            let requeued = |name| self.requeued(&config, &subject, name);
            names.into_iter().map(requeued).collect::<Outcome<Vec<_>>>()?
        };
        if deliveries.is_empty() {
            return Err(Refusal::Conflict(format!("no route takes message {id} now")));
        }
        self.order(by, Act::Requeue { message: id, deliveries }).await
    }

    /// Sends an edited message in the place of another.
    pub(crate) async fn edit(
        &self,
        by: &By,
        id: MessageId,
        to: Vec<String>,
        edit: Edit,
    ) -> Outcome<Ordered> {
        let subject = self.subject(id).await?;
        let config = self.hub.config();
        check_names(&config, &to)?;
        let bytes = match edit {
            Edit::Content(bytes) => bytes,
            Edit::Set(leaves) => set(subject.body.bytes(), leaves)?,
        };
        let edited = self.receive_again(&config, &subject, &bytes, &to)?;
        if to.is_empty() && edited.verdict != Verdict::Accepted {
            return Err(Refusal::Conflict(format!(
                "as it is edited, source {} judges it: {}; mend that, or name destinations that are to \
                 get it all the same",
                edited.source, edited.verdict
            )));
        }
        if edited.deliveries.is_empty() {
            let reason = "no route takes it as it is edited; name destinations".to_owned();
            return Err(Refusal::Conflict(reason));
        }
        self.order(by, Act::Edit { parent: id, edited: Box::new(edited) }).await
    }

    async fn subject(&self, id: MessageId) -> Outcome<Subject> {
        let found = self
            .read(move |reader| Ok((reader.message(id)?, reader.deliveries(id)?, reader.body(id)?)))
            .await?;
        match found {
            (None, ..) => Err(Refusal::NotThere(format!("message {id}"))),
            (_, _, None) => {
                Err(Refusal::Conflict(format!("the content of message {id} has been pruned")))
            }
            (Some(view), deliveries, Some(body)) => Ok(Subject { view, deliveries, body }),
        }
    }

    /// The bytes that a destination was to get before; where there were none, the message as it wants it now.
    fn requeued(
        &self,
        config: &Arc<Config>,
        subject: &Subject,
        destination: String,
    ) -> Outcome<Requeued> {
        let before = subject.deliveries.iter().rev().find(|it| it.destination == destination);
        let outgoing = match before {
            Some(before) => Outgoing::As(before.id),
            None => {
                let to = std::slice::from_ref(&destination);
                let mut made =
                    self.receive_again(config, subject, subject.body.bytes(), to)?.deliveries;
                let made = made.pop().and_then(|delivery| delivery.outgoing);
                made.map_or(Outgoing::AsItCame, Outgoing::Anew)
            }
        };
        Ok(Requeued { outgoing, destination })
    }

    /// A message as its source takes it now.
    fn receive_again(
        &self,
        config: &Arc<Config>,
        subject: &Subject,
        bytes: &[u8],
        to: &[String],
    ) -> Outcome<crate::store::Incoming> {
        let MessageView { source, peer, .. } = &subject.view;
        let index = config.sources.iter().position(|known| known.name == *source);
        let reception = index.and_then(|index| Reception::new(Arc::clone(config), index));
        let reception = reception.ok_or_else(|| {
            let reason = format!("its source {source} is not configured any more");
            Refusal::Conflict(reason)
        })?;
        Ok(reception.receive_again(bytes, to, peer, self.hub.clock.now()))
    }
}

/// The destinations that are meant.
fn destinations(subject: &Subject, again: &Again) -> Outcome<Vec<String>> {
    if !again.to.is_empty() {
        return Ok(again.to.clone());
    }
    // The last delivery to each tells whether it has the message.
    let mut last: BTreeMap<&str, DeliveryState> = BTreeMap::new();
    for delivery in &subject.deliveries {
        last.insert(&delivery.destination, delivery.state);
    }
    let lacks = |state: &DeliveryState| {
        matches!(state, DeliveryState::Dead | DeliveryState::Parked | DeliveryState::Cancelled)
    };
    let meant = last.iter().filter(|(_, state)| again.all || lacks(state));
    let names: Vec<_> = meant.map(|(name, _)| (*name).to_owned()).collect();
    if names.is_empty() {
        let id = subject.view.id;
        let reason = match last.is_empty() {
            true => format!("message {id} had no destination; name some, or route it anew"),
            false => format!(
                "no destination lacks message {id}; name some, or say that all are to get it again"
            ),
        };
        return Err(Refusal::Conflict(reason));
    }
    Ok(names)
}

fn check_names(config: &Config, names: &[String]) -> Outcome<()> {
    match names.iter().find(|name| config.destination(name).is_none()) {
        Some(name) => Err(Refusal::NotThere(format!("destination `{name}`"))),
        None => Ok(()),
    }
}

/// A message with other leaves. What is wrong is said by its path, never by a value.
fn set(message: &[u8], leaves: BTreeMap<String, String>) -> Outcome<Vec<u8>> {
    let mut tree = Tree::parse(message).map_err(|_| {
        let reason = "it cannot be read as HL7, so no path leads into it; give its whole content";
        Refusal::Conflict(reason.to_owned())
    })?;
    for (written, value) in leaves {
        let path: Path = written.parse().map_err(|_| {
            Refusal::Wrong(format!("`{}` is no path, such as PID-3.1", written.escape_debug()))
        })?;
        tree.set(&path, &value).map_err(|error| Refusal::Wrong(error.to_string()))?;
    }
    Ok(tree.bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_are_set_and_nothing_else_changes() {
        let message = b"MSH|^~\\&|A|B|C|D|1||ADT^A01|7|P|2.5\rPID|1||77^^^H\r";
        let set_one = |path: &str, value: &str| {
            set(message, BTreeMap::from([(path.to_owned(), value.to_owned())]))
        };
        let edited = set_one("PID-3.1", "7&8").expect("it is set");
        assert_eq!(edited, b"MSH|^~\\&|A|B|C|D|1||ADT^A01|7|P|2.5\rPID|1||7\\T\\8^^^H\r");
        for (path, reason) in [("PID3", "is no path"), ("OBX-5", "OBX-5")] {
            let error = set_one(path, "CANARY").expect_err("it cannot be set").to_string();
            assert!(error.contains(reason) && !error.contains("CANARY"), "{error}");
        }
        let unreadable = set(b"nothing", BTreeMap::new()).expect_err("no HL7").to_string();
        assert!(unreadable.contains("whole content"), "{unreadable}");
    }
}
