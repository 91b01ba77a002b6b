//! What gathers for a destination, when it goes, and the batch that is made of it.

use std::time::Duration;

use hl7_core::batch::{BatchError, BatchHeader, BatchWriter};

use super::Moment;
use crate::Payload;
use crate::config::BatchOut;
use crate::store::{DeliveryId, Facts, Gathered, Incoming, NewDelivery, Release, Verdict};

/// Watches what gathers for one destination.
///
/// It is told of each delivery in order ([`note`](Self::note)) and says what to do next. What goes is what gathered first, at
/// most as much as a batch may hold.
#[derive(Debug)]
pub struct Gathering {
    rules: BatchOut,
    destination: String,
    waiting: Vec<Gathered>,
    bytes: u64,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// Make a batch of these.
    Now(Vec<DeliveryId>, Reason),
    /// Nothing for so long, unless something arrives or is asked for.
    In(Duration),
    /// Nothing, unless something arrives or is asked for.
    Later,
}

/// Why a batch goes now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// There are as many messages as go in one.
    Count,
    /// There is as much of them as goes in one.
    Size,
    /// The first has waited for as long as may be.
    Age,
    /// Somebody asked for it.
    Asked,
}

impl Reason {
    fn words(self) -> &'static str {
        match self {
            Self::Count => "as many as go in one",
            Self::Size => "as large as one may be",
            Self::Age => "the first has waited long enough",
            Self::Asked => "asked for",
        }
    }
}

impl Gathering {
    /// For a destination, with nothing waiting yet.
    #[must_use]
    pub fn new(destination: &str, rules: BatchOut) -> Self {
        Self { rules, destination: destination.to_owned(), waiting: Vec::new(), bytes: 0 }
    }

    /// The last delivery that it was told of and that still waits.
    #[must_use]
    pub fn last(&self) -> Option<DeliveryId> {
        self.waiting.last().map(|waiting| waiting.id)
    }

    /// Whether it knows of enough to make a batch: what gathered behind that need not be looked at yet.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.waiting.len() >= self.rules.count || self.bytes >= self.rules.size
    }

    /// A delivery that waits, behind all others.
    pub fn note(&mut self, waiting: Gathered) {
        self.bytes = self.bytes.saturating_add(waiting.bytes);
        self.waiting.push(waiting);
    }

    /// Forgets what it was told: it is read anew.
    pub fn forget(&mut self) {
        self.waiting.clear();
        self.bytes = 0;
    }

    /// What to do now, in milliseconds since 1970. `asked` is the last delivery that somebody wants to go.
    #[must_use]
    pub fn due(&self, now: i64, asked: Option<DeliveryId>) -> Due {
        let Some(first) = self.waiting.first() else { return Due::Later };
        let left = self.rules.every.map(|every| {
            let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX);
            // A clock that was set back makes nobody wait longer than is said.
            first.at.saturating_add(every).saturating_sub(now).min(every)
        });
        let reason = if self.waiting.len() >= self.rules.count {
            Reason::Count
        } else if self.bytes >= self.rules.size {
            Reason::Size
        } else if asked.is_some_and(|asked| first.id <= asked) {
            Reason::Asked
        } else if left.is_some_and(|left| left <= 0) {
            Reason::Age
        } else {
            return match left.and_then(|left| u64::try_from(left).ok()) {
                Some(left) => Due::In(Duration::from_millis(left)),
                None => Due::Later,
            };
        };
        Due::Now(self.first_batch(), reason)
    }

    /// As many as go in one, and one at least.
    fn first_batch(&self) -> Vec<DeliveryId> {
        let mut bytes = 0_u64;
        let fits = |waiting: &&Gathered| {
            let is_first = bytes == 0;
            bytes = bytes.saturating_add(waiting.bytes.max(1));
            is_first || bytes <= self.rules.size
        };
        let first = self.waiting.iter().take(self.rules.count).take_while(fits);
        first.map(|waiting| waiting.id).collect()
    }

    /// The batch of some deliveries with what each sends: a file with one batch in it, counts right.
    #[must_use]
    pub fn release(
        &self,
        deliveries: &[(DeliveryId, Payload)],
        reason: Reason,
        moment: &Moment,
    ) -> Release {
        let mut writer = BatchWriter::new(Vec::new());
        let header = self.header(moment);
        let (mut inside, mut alone) = (Vec::new(), Vec::new());
        // Writing to memory does not fail; what cannot be in a batch goes by itself.
        let begun = writer.begin_file(&header).and_then(|()| writer.begin_batch(&header));
        for (id, payload) in deliveries {
            // What stands behind one that goes alone goes with the next batch.
            if !alone.is_empty() && can_gather(payload.bytes()) {
                break;
            }
            match writer.message(payload.bytes()) {
                Ok(()) if begun.is_ok() => inside.push(*id),
                _ => alone.push(*id),
            }
        }
        let batch = writer.finish().ok().filter(|_| !inside.is_empty());
        let batch = batch.map(|bytes| self.batch(bytes, inside.len(), &header, reason, moment));
        let destination = self.destination.clone();
        Release { destination, at: moment.at, deliveries: inside, batch, alone }
    }

    fn batch(
        &self,
        bytes: Vec<u8>,
        count: usize,
        header: &BatchHeader,
        reason: Reason,
        moment: &Moment,
    ) -> Incoming {
        let delivery = NewDelivery {
            destination: self.destination.clone(),
            outgoing: None,
            gather: false,
            lane: 0,
        };
        Incoming {
            at: moment.at,
            source: self.destination.clone(),
            peer: "the hub".to_owned(),
            facts: Facts {
                control_id: header.control_id.clone(),
                message_type: "BATCH".to_owned(),
                sending_application: header.sending_application.clone(),
                receiving_application: header.receiving_application.clone(),
                ..Facts::default()
            },
            verdict: Verdict::Batch,
            payload: Payload::from(bytes),
            dedupe: None,
            replies: Vec::new(),
            deliveries: vec![delivery],
            decided: format!("{count} messages to {}: {}", self.destination, reason.words()),
        }
    }

    fn header(&self, moment: &Moment) -> BatchHeader {
        BatchHeader {
            sending_application: self.rules.sender.clone(),
            receiving_application: self.rules.receiver.clone(),
            time: moment.time.clone(),
            name: self.rules.name.clone(),
            control_id: moment.control_id.clone(),
            ..BatchHeader::default()
        }
    }
}

/// Whether bytes can be in a batch: they are one message.
pub(super) fn can_gather(bytes: &[u8]) -> bool {
    let written: Result<(), BatchError> = BatchWriter::new(std::io::sink()).message(bytes);
    written.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn gathering(count: usize, every: Option<i64>, size: u64) -> Gathering {
        let every = every.map(|every| Duration::from_millis(every.unsigned_abs()));
        let (name, sender, receiver) = ("day".into(), "HUB^1.2^ISO".into(), "lab".into());
        Gathering::new("lab", BatchOut { count, every, size, name, sender, receiver })
    }

    fn noted(mut gathering: Gathering, waiting: &[(i64, i64, u64)]) -> Gathering {
        for &(id, at, bytes) in waiting {
            gathering.note(Gathered { id: DeliveryId(id), at, bytes });
        }
        gathering
    }

    #[track_caller]
    fn check(
        gathering: &Gathering,
        now: i64,
        asked: Option<i64>,
        expected: &[i64],
        reason: Reason,
    ) {
        let ids = expected.iter().map(|&id| DeliveryId(id)).collect();
        assert_eq!(gathering.due(now, asked.map(DeliveryId)), Due::Now(ids, reason));
    }

    #[test]
    fn statement_26_a_batch_goes_by_count_size_age_and_when_asked_for() {
        let three = [(1, 0, 10), (3, 5, 10), (4, 9, 10)];
        check(&noted(gathering(3, None, 1_000), &three), 10, None, &[1, 3, 4], Reason::Count);
        check(&noted(gathering(2, None, 1_000), &three), 10, None, &[1, 3], Reason::Count);
        check(&noted(gathering(9, None, 25), &three), 10, None, &[1, 3], Reason::Size);
        check(&noted(gathering(9, None, 5), &three), 10, None, &[1], Reason::Size);
        let hourly = noted(gathering(9, Some(HOUR), 1_000), &three);
        assert_eq!(hourly.due(10, None), Due::In(Duration::from_millis(3_599_990)));
        check(&hourly, HOUR, None, &[1, 3, 4], Reason::Age);
        check(&hourly, 10, Some(1), &[1, 3, 4], Reason::Asked);
        assert_eq!(hourly.due(10, Some(DeliveryId(0))), hourly.due(10, None));
        // The clock was set back by a day: nobody waits for a day.
        let late = noted(gathering(9, Some(HOUR), 1_000), &[(1, 24 * HOUR, 10)]);
        assert_eq!(late.due(0, None), Due::In(Duration::from_millis(3_600_000)));
        let by_hand = noted(gathering(9, None, 1_000), &three);
        assert_eq!(by_hand.due(i64::MAX, None), Due::Later);
        assert_eq!(gathering(1, Some(HOUR), 1).due(9 * HOUR, Some(DeliveryId(9))), Due::Later);
    }

    #[test]
    fn statement_26_counts_are_right_and_what_is_no_message_goes_alone() {
        let moment = Moment { at: 7, time: "20260211140114+0000".into(), control_id: "H1".into() };
        let of = |id: i64, text: &str| (DeliveryId(id), Payload::from(text.as_bytes()));
        let deliveries =
            [of(1, "MSH|^~\\&|A|||||||1\rPID|1"), of(3, "MSH|^~\\&|A|||||||2\r"), of(4, "hello")];
        // What stands behind that goes with the next one.
        let deliveries = [&deliveries[..], &[of(5, "MSH|^~\\&|A|||||||3\r")]].concat();
        let release = gathering(9, None, 99).release(&deliveries, Reason::Age, &moment);
        assert_eq!(
            (release.deliveries, release.alone),
            (vec![DeliveryId(1), DeliveryId(3)], vec![DeliveryId(4)])
        );
        let batch = release.batch.expect("a batch");
        let head = "|^~\\&|HUB^1.2^ISO||lab||20260211140114+0000||day||H1\r";
        let expected = format!(
            "FHS{head}BHS{head}MSH|^~\\&|A|||||||1\rPID|1\rMSH|^~\\&|A|||||||2\rBTS|2\rFTS|1\r"
        );
        assert_eq!(String::from_utf8_lossy(batch.payload.bytes()), expected);
        assert_eq!(batch.decided, "2 messages to lab: the first has waited long enough");
        let none = gathering(9, None, 99).release(&deliveries[2..], Reason::Age, &moment);
        assert!(none.batch.is_none() && none.alone == [DeliveryId(4)]);
        assert!(can_gather(b"MSH|^~\\&|A\r") && !can_gather(b"MSH|^~\\&|A\rMSH|^~\\&|B\r"));
    }
}
