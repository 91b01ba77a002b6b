//! What is paused now, and who is to know.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::store::{Paused, Side};

/// A gate for each source and destination, by name.
#[derive(Debug, Default)]
pub(crate) struct Gates(Mutex<HashMap<(Side, String), Arc<Gate>>>);

/// Whether a source takes messages, or a destination gets them.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    closed: AtomicBool,
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
        self.closed.store(closed, Ordering::Release);
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.closed.load(Ordering::Acquire)
    }
}
