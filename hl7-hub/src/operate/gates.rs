//! What is paused now, and who is to know.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, watch};

use crate::store::{Paused, Side};

/// A gate for each source and destination, by name.
#[derive(Debug, Default)]
pub(crate) struct Gates(Mutex<HashMap<(Side, String), Arc<Gate>>>);

/// Whether a source takes messages, or a destination gets them.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    closed: watch::Sender<bool>,
    /// Told when somebody changed what is queued for the destination.
    changed: Notify,
}

impl Gates {
    /// With what was paused when the hub ended.
    pub(crate) fn of(paused: &[Paused]) -> Self {
        let gates = Self::default();
        for pause in paused {
            gates.gate(pause.side, &pause.name).set_closed(true);
        }
        gates
    }

    /// The gate of a name. One that nobody asked for before is open.
    pub(crate) fn gate(&self, side: Side, name: &str) -> Arc<Gate> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry((side, name.to_owned())).or_default())
    }
}

impl Gate {
    pub(crate) fn set_closed(&self, closed: bool) {
        self.closed.send_replace(closed);
    }

    pub(crate) fn is_open(&self) -> bool {
        !*self.closed.borrow()
    }

    /// Waits until it is closed, where it was open, or the other way round.
    pub(crate) async fn turned(&self, was_open: bool) {
        let _ = self.closed.subscribe().wait_for(|closed| *closed == was_open).await;
    }

    /// Says that what is queued is not what it was.
    pub(crate) fn note_change(&self) {
        self.changed.notify_one();
    }

    /// Waits until somebody says so.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }
}
