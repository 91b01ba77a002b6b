//! The way out to a destination, whatever it is.

use std::sync::Arc;

use crate::config::Port;
use crate::engine::{Lost, Sent};
use crate::store::Delivery;

use super::outlet_file::FileOutlet;
use super::outlet_http::HttpOutlet;
use super::outlet_mllp::MllpOutlet;
use super::sessions::Sessions;

/// The way out to one destination.
#[derive(Debug)]
pub(super) enum Outlet {
    Mllp(Box<MllpOutlet>),
    File(FileOutlet),
    Http(Box<HttpOutlet>),
}

impl Outlet {
    pub(super) fn new(port: &Port, hears: bool, sessions: &Arc<Sessions>) -> Self {
        match port {
            Port::Mllp(mllp) => {
                Self::Mllp(Box::new(MllpOutlet::new(mllp.clone(), hears, Arc::clone(sessions))))
            }
            Port::File(file) => Self::File(FileOutlet::new(file.clone())),
            Port::Http(http) => Self::Http(Box::new(HttpOutlet::new(http.clone()))),
        }
    }

    /// Reaches the destination. Why not, if not.
    pub(super) async fn connect(&mut self) -> std::io::Result<()> {
        match self {
            Self::Mllp(mllp) => mllp.connect().await,
            Self::File(file) => file.prepare().await,
            Self::Http(http) => http.connect().await,
        }
    }

    /// Whether the destination is still as it was left, and this is still the one to send to it.
    pub(super) fn is_ready(&mut self) -> bool {
        match self {
            Self::Mllp(mllp) => mllp.is_ready(),
            Self::File(_) => true,
            Self::Http(http) => http.is_ready(),
        }
    }

    /// Whether it takes many deliveries at once.
    pub(super) fn bursts(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// Sends deliveries, more than one only if it [bursts](Self::bursts), and waits for the reply.
    pub(super) async fn send(&mut self, deliveries: &[Delivery]) -> Sent {
        match (self, deliveries) {
            (Self::Mllp(mllp), [delivery]) => mllp.send(delivery.payload.bytes()).await,
            (Self::Http(http), [delivery]) => http.send(delivery).await,
            (Self::Mllp(_) | Self::Http(_), _) => Sent::Lost(Lost::Unsent),
            (Self::File(file), deliveries) => file.write(deliveries).await,
        }
    }

    /// Hears what comes while nothing is under way; for ever, where nothing may come. With nothing to send, it makes room for
    /// others.
    pub(super) async fn hear(&mut self, rests: bool) {
        match self {
            Self::Mllp(mllp) => mllp.hear(rests).await,
            Self::File(_) | Self::Http(_) => std::future::pending().await,
        }
    }

    /// Acknowledgments of applications that came meanwhile.
    pub(super) fn take_late(&mut self) -> Vec<Vec<u8>> {
        match self {
            Self::Mllp(mllp) => mllp.take_late(),
            Self::File(_) | Self::Http(_) => Vec::new(),
        }
    }

    /// Closes the connection, so that no late reply is taken for another.
    pub(super) fn close(&mut self) {
        match self {
            Self::Mllp(mllp) => mllp.close(),
            Self::Http(http) => http.close(),
            Self::File(_) => {}
        }
    }
}
