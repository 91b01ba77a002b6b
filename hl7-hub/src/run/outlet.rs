//! The way out to a destination, whatever it is.

use std::sync::Arc;

use crate::config::Port;
use crate::engine::Lost;
use crate::store::Delivery;

use super::outlet_file::FileOutlet;
use super::outlet_mllp::MllpOutlet;
use super::sessions::Sessions;

/// The way out to one destination.
#[derive(Debug)]
pub(super) enum Outlet {
    Mllp(Box<MllpOutlet>),
    File(FileOutlet),
}

/// What came of sending.
#[derive(Debug)]
pub(super) enum Sent {
    /// A reply.
    Replied(Vec<u8>),
    /// It is there, and there will be no reply.
    Taken,
    /// Neither.
    Lost(Lost),
}

impl Outlet {
    pub(super) fn new(port: &Port, sessions: &Arc<Sessions>) -> Self {
        match port {
            Port::Mllp(mllp) => {
                Self::Mllp(Box::new(MllpOutlet::new(mllp.clone(), Arc::clone(sessions))))
            }
            Port::File(file) => Self::File(FileOutlet::new(file.clone())),
        }
    }

    /// Reaches the destination. Why not, if not.
    pub(super) async fn connect(&mut self) -> std::io::Result<()> {
        match self {
            Self::Mllp(mllp) => mllp.connect().await,
            Self::File(file) => file.prepare().await,
        }
    }

    /// Whether the destination is still as it was left, and this is still the one to send to it.
    pub(super) fn is_ready(&mut self) -> bool {
        match self {
            Self::Mllp(mllp) => mllp.is_ready(),
            Self::File(_) => true,
        }
    }

    /// Waits until another destination waits for the connection that is open here.
    pub(super) async fn wanted(&self) {
        match self {
            Self::Mllp(mllp) => mllp.wanted().await,
            Self::File(_) => std::future::pending().await,
        }
    }

    /// Sends a delivery and waits for the reply.
    pub(super) async fn send(&mut self, delivery: &Delivery) -> Sent {
        match self {
            Self::Mllp(mllp) => mllp.send(delivery.payload.bytes()).await,
            Self::File(file) => file.write(delivery).await,
        }
    }

    /// Closes the connection, so that no late reply is taken for another.
    pub(super) fn close(&mut self) {
        if let Self::Mllp(mllp) = self {
            mllp.close();
        }
    }
}
