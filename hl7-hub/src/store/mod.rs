//! The store: what the hub has promised to deliver, and the record of what became of it.
//!
//! [`Store`] is what the rest of the hub sees; [`SqliteStore`] is the one that is there. Another (a database that several hubs
//! share) is right when it passes `contract.rs` and those beside it, the tests that this one passes.
//!
//! What a store promises:
//!
//! - **An answer is given behind the commit.** `Ok` means: on stable storage. Whatever one call writes, it writes in one
//!   transaction: a message, its route decision, its deliveries, its acknowledgments and its lines of the audit are all there
//!   or none is.
//! - **A commit that fails answers everybody who was in it with the error.** Nobody is left waiting, nothing is half there.
//! - **Order is the order of commits.** Deliveries to one destination are numbered in it; clocks play no part.
//! - **A duplicate has no deliveries of its own**, and gets the acknowledgments of the first.
//! - **An attempt that was begun and not settled is ambiguous** when the store is opened again: the delivery is queued
//!   once more and marked, because the other side may have it.
//! - **What a person orders is one commit with one line of the audit**, which says who and why.
//! - **The audit only grows**, each line is chained to the one before, and lines cover what they are about. Pruning takes
//!   content and leaves its hash, takes messages and says so in the audit, and takes lines of the audit from its start only.

#[cfg(test)]
mod contract;
#[cfg(test)]
mod contract_gather;
#[cfg(test)]
mod contract_later;
#[cfg(test)]
mod contract_orders;
#[cfg(test)]
mod contract_prune;
mod orders;
mod settling;
mod sqlite;
mod types;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

pub use orders::{
    Act, Clocks, Order, Ordered, Outgoing, Paused, PruneFrom, Pruned, Requeued, Side,
};
pub use settling::{AttemptEnd, LateAck, LateRule, SentAs, Settled, Settlement, Step};
pub use sqlite::{SqliteOptions, SqliteReader, SqliteStore};
pub use types::{
    Accepted, AcceptedBatch, AttemptId, AttemptView, AuditEvent, AuditView, DedupeKey, Delivery,
    DeliveryId, DeliveryState, DeliveryView, DestinationStatus, EVERY_LANE, Facts, Gathered,
    Incoming, IncomingBatch, Member, MessageId, MessageState, MessageView, NewDelivery, Plan,
    Query, Release, Status, StoreError, Verdict, Verified,
};

/// How many bytes of messages [`Reader::pending`] gives at once before it stops, whatever their number.
pub const PENDING_BYTES: usize = 4 << 20;

/// The outcome of an attempt that was begun and taken back before a byte was sent. It has a line in the audit; as an attempt to
/// send nobody sees it.
pub const WITHDRAWN: &str = "withdrawn";

/// An answer that comes when what was asked for is on stable storage.
pub type Pending<'s, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 's>>;

/// Where messages are kept until they are delivered, and what is known of them after that. See the [module](self) for what
/// every implementation promises.
///
/// Nothing happens before a [`Pending`] is awaited. One that is dropped while it waits may have happened or not.
pub trait Store: Send + Sync + 'static {
    /// Takes a message with all that was decided about it.
    fn accept(&self, incoming: Incoming) -> Pending<'_, Accepted>;

    /// Takes messages in this order, all of them or none.
    fn accept_all(&self, incoming: Arc<[Incoming]>) -> Pending<'_, Vec<Accepted>>;

    /// Takes a batch and messages of it, all of them in one commit.
    fn accept_batch(&self, incoming: IncomingBatch) -> Pending<'_, AcceptedBatch>;

    /// Notes how attempts ended and what becomes of their deliveries; and, in the same commit, that the attempts to send
    /// others begin, before the first byte of any of them is on the wire. Gives the attempts that begin, in their order.
    /// Settling an attempt twice changes nothing the second time.
    fn advance(&self, step: Step) -> Pending<'_, Vec<AttemptId>>;

    /// Notes that a delivery is about to be sent.
    fn begin_attempt(&self, delivery: DeliveryId, at: i64) -> Pending<'_, AttemptId> {
        let began = self.advance(Step { ends: Vec::new(), begin: vec![delivery], at });
        Box::pin(async move { began.await?.pop().ok_or(StoreError::Unknown("attempt")) })
    }

    /// Notes how an attempt ended; and, in the same commit, that the attempt to send another one begins, if one is named.
    fn settle(&self, end: AttemptEnd, next: Option<DeliveryId>) -> Pending<'_, Option<AttemptId>> {
        let at = end.at;
        let began = self.advance(Step { ends: vec![end], begin: next.into_iter().collect(), at });
        Box::pin(async move { Ok(began.await?.pop()) })
    }

    /// Settles the delivery that a late acknowledgment is to, if exactly one waits for it: of those with its control id, where
    /// there are several, the one that was sent to whom it comes from.
    fn acknowledge_late(&self, ack: LateAck) -> Pending<'_, Option<Settled>>;

    /// Settles deliveries of a destination whose application acknowledgment did not come in time. Some of them, the oldest
    /// first.
    fn expire(&self, now: i64, rule: LateRule) -> Pending<'_, Vec<Settled>>;

    /// Says how the queue of a destination is divided into lanes from now on. If that is new, all that is queued goes out
    /// in order, one after the other, before anything that comes later.
    fn arrange(&self, destination: String, layout: String, lanes: usize) -> Pending<'_, ()>;

    /// Says what destinations take from now on; to be done before a message comes that is judged by that. For one that takes
    /// no batches nothing gathers any more; but as long as something does from before, what comes stands behind it, until all
    /// of it has gone by [`disband`](Self::disband). For one with another layout, all that comes goes out in order, one after
    /// the other, until it is [arranged](Self::arrange).
    fn announce(&self, plans: Vec<Plan>) -> Pending<'_, ()>;

    /// Queues one by one what gathered first for a destination that takes no batches, so many at most, behind the batches that
    /// are queued. How many they were: none means that nothing gathers, or that the destination takes batches.
    fn disband(&self, destination: String, at: i64, most: usize) -> Pending<'_, usize>;

    /// Makes a batch of what has gathered: the batch and where everything in it stands, in one commit. Fails where any of it
    /// does not gather any more. Gives the number of the batch; where the destination takes none any more, nothing is done.
    fn release(&self, release: Release) -> Pending<'_, Option<MessageId>>;

    /// Asks that what has gathered for a destination so far goes now, whatever it waits for; `event` is the line of the audit
    /// that says who asks. It is asked for until it is done, over restarts too.
    fn send_now(&self, destination: &str, event: AuditEvent) -> Pending<'_, ()>;

    /// Notes something that is neither an arrival nor an attempt.
    fn record(&self, event: AuditEvent) -> Pending<'_, ()>;

    /// Does what a person ordered, with a line in the audit that says who and why. Where it does not fit how things stand,
    /// nothing is done: [`StoreError::Refused`].
    fn order(&self, order: Order) -> Pending<'_, Ordered>;

    /// Takes away some of what is old enough and needs nothing more, a step that keeps nobody waiting for long. Whatever is
    /// not done, cancelled or resolved stays, however old it is.
    fn prune(&self, at: i64, clocks: Clocks, from: PruneFrom) -> Pending<'_, Pruned>;

    /// Sets the most bytes that the store may take; `None` for as many as there are. What is there already stays.
    fn limit(&self, bytes: Option<u64>) -> Pending<'_, ()>;

    /// How to look at what is there.
    fn reader(&self) -> &dyn Reader;
}

/// Looks at a store. These calls block for as long as the disk takes, never for a writer.
pub trait Reader: Send + Sync {
    /// Deliveries to a destination that are not settled, in their order, behind one of them: so many at most, and no more
    /// behind the one with which they come to [`PENDING_BYTES`].
    ///
    /// # Errors
    /// When the store cannot be read.
    fn pending(
        &self,
        destination: &str,
        behind: Option<DeliveryId>,
        most: usize,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// The same for one of the lanes of a destination. What all lanes wait for is the first one's, once all before it is settled;
    /// until it is settled itself, nothing behind it is anybody's.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn pending_in_lane(
        &self,
        destination: &str,
        lane: usize,
        behind: Option<DeliveryId>,
        most: usize,
    ) -> Result<Vec<Delivery>, StoreError>;
    /// Deliveries that gather for a destination, in their order, behind one of them.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn gathering(
        &self,
        destination: &str,
        behind: Option<DeliveryId>,
        most: usize,
    ) -> Result<Vec<Gathered>, StoreError>;

    /// The last of those that were asked to go now; `None` where nobody asks.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn asked_to_send(&self, destination: &str) -> Result<Option<DeliveryId>, StoreError>;

    /// What deliveries send, in the order of their numbers.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn payloads(&self, deliveries: &[DeliveryId]) -> Result<Vec<crate::Payload>, StoreError>;

    /// Counts of everything.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn status(&self) -> Result<Status, StoreError>;

    /// Messages that answer a query, the newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn search(&self, query: &Query) -> Result<Vec<MessageView>, StoreError>;

    /// One message with everything that is known of it; `None` where there is none with that number.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn message(&self, id: MessageId) -> Result<Option<MessageView>, StoreError>;

    /// The bytes of a message as they came.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn body(&self, id: MessageId) -> Result<Option<crate::Payload>, StoreError>;

    /// Deliveries of a message in the order in which they were queued.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn deliveries(&self, id: MessageId) -> Result<Vec<DeliveryView>, StoreError>;

    /// Lines of the audit about a message, the oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn audit(&self, id: MessageId) -> Result<Vec<AuditView>, StoreError>;

    /// Messages that are edited copies of one.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn edits(&self, id: MessageId) -> Result<Vec<MessageId>, StoreError>;

    /// What is paused.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn paused(&self) -> Result<Vec<Paused>, StoreError>;

    /// How many bytes the store takes on its disk.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn size(&self) -> Result<u64, StoreError>;

    /// Copies the store as it is at one moment into a file that is not there yet, and goes over the copy.
    ///
    /// # Errors
    /// When the store cannot be read or the file cannot be written. What is wrong with the copy is said in [`Verified`].
    fn copy_to(&self, file: &std::path::Path) -> Result<Verified, StoreError>;

    /// Goes over the whole audit and all that it covers.
    ///
    /// # Errors
    /// When the store cannot be read. What was tampered with is no error but said in [`Verified`].
    fn verify(&self) -> Result<Verified, StoreError>;
}
