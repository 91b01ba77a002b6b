//! What goes into a store and comes out of it.

use std::fmt;
use std::sync::Arc;

use super::Paused;
use crate::{Digest, Payload};

/// The number of a message: they go up in the order in which messages were accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(pub i64);

/// The number of a delivery: they go up in the order in which a destination gets them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryId(pub i64);

/// The number of an attempt to send a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttemptId(pub i64);

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An enum whose values are kept as words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$item:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$item])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word for it, in the store and on the command line.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// The one that a word says.
            #[must_use]
            pub fn of_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.word() == word)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        }
    };
}

words! {
    /// How a message was judged when it came.
    Verdict {
        /// In order, or what is wrong with it does not matter to its source.
        Accepted = "accepted",
        /// Something in it is wrong; it was answered as such.
        Error = "error",
        /// MSH-9, MSH-11 or MSH-12 is not supported.
        Rejected = "rejected",
        /// No HL7 message.
        Unreadable = "unreadable",
        /// A frame that was broken off.
        Partial = "partial",
        /// A batch, each message of which was judged for itself.
        Batch = "batch",
    }
}

words! {
    /// Where a message stands, from its deliveries.
    MessageState {
        /// Some delivery is not settled.
        Queued = "queued",
        /// Every delivery is done.
        Completed = "completed",
        /// Nothing is queued any more, and some delivery is dead.
        Dead = "dead",
        /// No route took it.
        NoRoute = "no-route",
        /// It was refused, and nobody asked for refused messages.
        Refused = "refused",
        /// A batch; its messages go their own ways.
        Split = "split",
        /// Somebody took it out of its queues; it waits for them.
        Parked = "parked",
        /// Somebody decided that nothing more is to be done.
        Resolved = "resolved",
    }
}

impl MessageState {
    /// Whether nothing more is to be done about it, so that it may be pruned once it is old.
    #[must_use]
    pub fn may_go(self) -> bool {
        matches!(self, Self::Completed | Self::Resolved | Self::Split)
    }
}

words! {
    /// Where a delivery stands.
    DeliveryState {
        /// Waits for others, to go with them in a batch.
        Gathering = "gathering",
        /// In a batch, which is a message with a delivery of its own.
        Batched = "batched",
        /// To be sent.
        Queued = "queued",
        /// Being sent: an attempt was begun and is not settled.
        Sending = "sending",
        /// The destination has stored it; the acknowledgment of its application is to come.
        Awaiting = "awaiting",
        /// Refused, and nothing behind it goes out before somebody has looked.
        Held = "held",
        /// Taken by the destination.
        Done = "done",
        /// Given up; somebody must look at it.
        Dead = "dead",
        /// Another takes its place: to the backup of the destination, because somebody resubmitted or edited it, or because it
        /// gathered and goes alone.
        Moved = "moved",
        /// Somebody took it out of its queue and will resubmit or dismiss it.
        Parked = "parked",
        /// Somebody decided that it is not to be sent.
        Cancelled = "cancelled",
    }
}

impl DeliveryState {
    /// Whether it will not change by itself any more.
    #[must_use]
    pub fn is_settled(self) -> bool {
        !matches!(self, Self::Queued | Self::Sending)
    }
}

/// What a message's header says, for people to search by. `Debug` shows none of it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// MSH-10.
    pub control_id: String,
    /// MSH-9 as it stands.
    pub message_type: String,
    /// MSH-3.
    pub sending_application: String,
    /// MSH-4.
    pub sending_facility: String,
    /// MSH-5.
    pub receiving_application: String,
    /// MSH-6.
    pub receiving_facility: String,
    /// MSH-12.
    pub version: String,
    /// PID-3.1.
    pub patient_id: String,
}

impl Facts {
    /// All of them, in the order of the struct.
    pub(crate) fn texts(&self) -> [&str; 8] {
        [
            &self.control_id,
            &self.message_type,
            &self.sending_application,
            &self.sending_facility,
            &self.receiving_application,
            &self.receiving_facility,
            &self.version,
            &self.patient_id,
        ]
    }
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Facts(..)")
    }
}

/// By what a message is known to have come before. `Debug` shows the digest only.
#[derive(Clone, PartialEq, Eq)]
pub struct DedupeKey {
    /// MSH-3 and MSH-4 with what separates them.
    pub sender: Vec<u8>,
    /// MSH-10; not empty.
    pub control_id: Vec<u8>,
    /// Of the message without MSH-7, which a sender may set anew.
    pub content: Digest,
    /// What came before this time, in milliseconds since 1970, is not looked at.
    pub since: i64,
}

impl fmt::Debug for DedupeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DedupeKey").field("content", &self.content).finish_non_exhaustive()
    }
}

/// A destination for a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// Its name.
    pub destination: String,
    /// What to send, where that is not the message as it came. It is made once: each attempt sends the same bytes.
    pub outgoing: Option<Payload>,
    /// Which of the destination's lanes sends it; [`EVERY_LANE`] where all of them wait for it.
    pub lane: i64,
    /// Whether it waits there for others, to go with them in a batch.
    pub gather: bool,
}

/// The lane of what nothing else may overtake, and what overtakes nothing.
pub const EVERY_LANE: i64 = -1;

/// A message with everything that was decided about it when it came.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// When it came, in milliseconds since 1970.
    pub at: i64,
    /// The source that it came through.
    pub source: String,
    /// The address that it came from.
    pub peer: String,
    /// What its header says.
    pub facts: Facts,
    /// How it was judged.
    pub verdict: Verdict,
    /// The message as it came.
    pub payload: Payload,
    /// By what a duplicate of it is known; `None` where that is not looked for.
    pub dedupe: Option<DedupeKey>,
    /// The acknowledgments that will be sent once it is stored, kept for duplicates of it.
    pub replies: Vec<Payload>,
    /// Where it goes.
    pub deliveries: Vec<NewDelivery>,
    /// Which routes took it and what it is answered, for the audit; without content.
    pub decided: String,
}

/// A batch that came, with messages of it that are messages of their own.
#[derive(Debug, Clone)]
pub struct IncomingBatch {
    /// The batch itself, byte for byte.
    pub batch: Incoming,
    /// Messages of it.
    pub messages: Vec<Member>,
}

/// A message of a batch.
#[derive(Debug, Clone)]
pub struct Member {
    /// Which message of the batch, from one.
    pub ordinal: u32,
    /// The message.
    pub message: Incoming,
}

/// What became of a batch that was offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedBatch {
    /// Of the batch itself.
    pub batch: Accepted,
    /// Of its messages, in the order in which they were offered.
    pub messages: Vec<Accepted>,
}

/// What became of a message that was offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// It was stored.
    New {
        /// Its number.
        id: MessageId,
        /// Whether its control id came before with other content.
        reused_control_id: bool,
    },
    /// It was there before; nothing was stored but a line of the audit.
    Duplicate {
        /// The number of the first.
        id: MessageId,
        /// The acknowledgments of the first.
        replies: Vec<Payload>,
    },
}

impl Accepted {
    /// The number of the message: its own, or that of the first.
    #[must_use]
    pub fn id(&self) -> MessageId {
        match self {
            Self::New { id, .. } | Self::Duplicate { id, .. } => *id,
        }
    }
}

/// A delivery that waits for others, to go with them in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gathered {
    /// Its number.
    pub id: DeliveryId,
    /// When its message came, in milliseconds since 1970.
    pub at: i64,
    /// How long it is.
    pub bytes: u64,
}

/// What a destination takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its name.
    pub destination: String,
    /// How its queue is divided into lanes, in a few words.
    pub layout: String,
    /// Whether it takes batches.
    pub gathers: bool,
}

/// Deliveries that have gathered and go now.
#[derive(Debug, Clone)]
pub struct Release {
    /// The destination.
    pub destination: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Those that go in a batch, in order.
    pub deliveries: Vec<DeliveryId>,
    /// The batch, a message with a delivery to the destination.
    pub batch: Option<Incoming>,
    /// Those behind them that cannot be in one: each goes by itself, behind the batch.
    pub alone: Vec<DeliveryId>,
}

/// A delivery to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its number.
    pub id: DeliveryId,
    /// The message.
    pub message: MessageId,
    /// What to send.
    pub payload: Payload,
    /// Attempts so far.
    pub attempts: u32,
    /// When the next one is due, in milliseconds since 1970; zero for at once.
    pub due: i64,
    /// Whether the destination may have it: an attempt's end is not known.
    pub maybe_duplicate: bool,
    /// Whether it was refused and waits for somebody to look.
    pub held: bool,
}

/// A line for the audit.
#[derive(Debug, Clone)]
pub struct AuditEvent {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Who: `hub`, or a person.
    pub actor: String,
    /// What, in a word: `started`.
    pub action: String,
    /// About which message.
    pub message: Option<MessageId>,
    /// More, without content of messages.
    pub detail: String,
}

/// Why a store did not do what it was asked for. Shows no content of messages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no room.
    #[error("the store is full: free space on its disk, or raise its limit")]
    Full,
    /// The folder or the file cannot be written.
    #[error("the store cannot be written: {0}; check the permissions of the data folder")]
    ReadOnly(Arc<str>),
    /// Another hub has it.
    #[error(
        "another hub uses the data folder; stop it first, or give this one a folder of its own"
    )]
    InUse,
    /// A promise of the database that the hub needs is not kept.
    #[error("the store does not hold what it must: {0}")]
    NotDurable(Arc<str>),
    /// It was written by a later hub.
    #[error("the store has schema version {found}, this hub knows {known}; use a later hub")]
    TooNew {
        /// The version of the store.
        found: i64,
        /// The latest that this hub knows.
        known: i64,
    },
    /// It was written by an earlier hub, and none has brought it up to date yet.
    #[error("the store has schema version {found}, this hub reads {known}; start this hub once")]
    TooOld {
        /// The version of the store.
        found: i64,
        /// The version that this hub reads.
        known: i64,
    },
    /// What is in its place is something else.
    #[error("{0} is not a store of a hub; name another data folder, or move the file away")]
    Foreign(Arc<str>),
    /// No store is there to be looked at.
    #[error("there is no store at {0}; start the hub once, or name another configuration")]
    Missing(Arc<str>),
    /// The store was closed, or gave up after a failure that left its state unknown.
    #[error("the store has stopped: {0}")]
    Stopped(Arc<str>),
    /// What was named is not there.
    #[error("there is no such {0}")]
    Unknown(&'static str),
    /// What was ordered does not fit how things stand.
    #[error("{0}")]
    Refused(Arc<str>),
    /// Anything else.
    #[error("the store failed: {0}")]
    Failed(Arc<str>),
}

/// What to search for; all that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// MSH-10.
    pub control_id: Option<String>,
    /// PID-3.1.
    pub patient_id: Option<String>,
    /// The start of MSH-9: `ADT` or `ADT^A01`.
    pub message_type: Option<String>,
    /// The source.
    pub source: Option<String>,
    /// The state.
    pub state: Option<MessageState>,
    /// Came in this batch, or went out in it.
    pub batch: Option<MessageId>,
    /// Came at this time or later, in milliseconds since 1970.
    pub since: Option<i64>,
    /// Came before this time.
    pub until: Option<i64>,
    /// Has a lower number: the page behind one that ended with it.
    pub below: Option<MessageId>,
    /// So many at most.
    pub most: usize,
}

/// A message as a reader sees it, without its bytes.
#[derive(Debug, Clone)]
pub struct MessageView {
    /// Its number.
    pub id: MessageId,
    /// When it came, in milliseconds since 1970.
    pub at: i64,
    /// Through which source.
    pub source: String,
    /// From where.
    pub peer: String,
    /// What its header says.
    pub facts: Facts,
    /// How it was judged.
    pub verdict: Verdict,
    /// Where it stands.
    pub state: MessageState,
    /// How long it is.
    pub bytes: u64,
    /// The message that it is an edited copy of.
    pub parent: Option<MessageId>,
    /// The batch that it came in, and which message of it, from one.
    pub batch: Option<(MessageId, u32)>,
}

/// A delivery as a reader sees it.
#[derive(Debug, Clone)]
pub struct DeliveryView {
    /// Its number.
    pub id: DeliveryId,
    /// Where to.
    pub destination: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// Whether the destination may have got it more than once.
    pub maybe_duplicate: bool,
    /// Whether somebody resubmitted the message to make it.
    pub resubmitted: bool,
    /// The delivery that was given up and that this one takes the place of, to a backup.
    pub replaces: Option<DeliveryId>,
    /// The batch that it went in.
    pub batch: Option<MessageId>,
    /// Each attempt.
    pub attempts: Vec<AttemptView>,
}

/// An attempt as a reader sees it.
#[derive(Debug, Clone)]
pub struct AttemptView {
    /// When it was begun.
    pub began: i64,
    /// When it ended; `None` while it has not.
    pub ended: Option<i64>,
    /// How.
    pub outcome: Option<String>,
    /// What was answered.
    pub reply: Option<Payload>,
}

/// A line of the audit.
#[derive(Debug, Clone)]
pub struct AuditView {
    /// When.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// More.
    pub detail: String,
}

/// Counts of everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Messages by state.
    pub messages: Vec<(MessageState, u64)>,
    /// Each destination that ever had a delivery.
    pub destinations: Vec<DestinationStatus>,
    /// Lines of the audit, those included that were pruned.
    pub audit_lines: u64,
    /// What is paused.
    pub paused: Vec<Paused>,
}

/// Counts of a destination.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DestinationStatus {
    /// Its name.
    pub name: String,
    /// Deliveries that wait for others, to go with them in a batch.
    pub gathering: u64,
    /// Deliveries to be sent, or being sent; without those that are held.
    pub queued: u64,
    /// Deliveries taken.
    pub done: u64,
    /// Deliveries whose application acknowledgment is waited for.
    pub awaiting: u64,
    /// Deliveries that were refused and hold up those behind them.
    pub held: u64,
    /// Deliveries given up, and not taken over by a backup.
    pub dead: u64,
    /// Deliveries that somebody took out of the queue.
    pub parked: u64,
    /// When the message of the oldest queued one came, in milliseconds since 1970.
    pub oldest: Option<i64>,
}

/// What going over the audit found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Lines that were looked at.
    pub lines: u64,
    /// Messages whose bytes and header facts were looked at.
    pub messages: u64,
    /// Attempts that were looked at.
    pub attempts: u64,
    /// The hash of the last line. Whoever notes it elsewhere can tell later whether lines were taken from the end.
    pub tip: Digest,
    /// What is not as it was written.
    pub faults: Vec<String>,
}
