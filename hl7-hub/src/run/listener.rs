//! Takes connections, as many as may be and from whoever may connect.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{debug, error};

use super::refusals::Refusals;
use super::wire::Wire;
use super::{Hub, Stopping, connection};
use crate::engine::Reception;

/// How long to wait when the system has no more sockets.
const BREATH: Duration = Duration::from_millis(100);

/// Takes connections until it is to stop, then waits for those that are there.
pub(super) async fn run(
    hub: Arc<Hub>,
    rules: watch::Receiver<Arc<Reception>>,
    listener: Arc<TcpListener>,
    mut stopping: Stopping,
) {
    let mut full = hub.full.subscribe();
    let mut connections = JoinSet::new();
    let places = Arc::new(Places::default());
    let refusals = Arc::new(Refusals::default());
    loop {
        let accepted = tokio::select! {
            // Nobody is taken who would only be let go again.
            biased;
            () = stopping.wait() => break,
            accepted = accept(&listener, &mut full) => accepted,
            Some(ended) = connections.join_next() => {
                note(ended);
                continue;
            }
        };
        let reception = Arc::clone(&rules.borrow());
        let source = &reception.source().name;
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(failure) => {
                error!(source, %failure, "cannot take connections");
                sleep(BREATH).await;
                continue;
            }
        };
        let peer = address.ip().to_canonical();
        let place = match admit(&reception, &places, peer) {
            Ok(place) => place,
            Err(reason) => {
                let (hub, refusals) = (Arc::clone(&hub), Arc::clone(&refusals));
                let source = source.clone();
                connections.spawn(async move { refusals.note(&hub, &source, peer, reason).await });
                continue;
            }
        };
        let (hub, rules, stopping) = (Arc::clone(&hub), rules.clone(), stopping.clone());
        let refusals = Arc::clone(&refusals);
        connections.spawn(async move {
            let peer = place.peer.to_string();
            match secure(&reception, stream, stopping.clone()).await {
                Some(Ok(wire)) => connection::serve(&hub, rules, wire, &peer, stopping).await,
                // As a load balancer does to see whether somebody is there.
                Some(Err(failure)) if failure.kind() == ErrorKind::UnexpectedEof => {
                    debug!(peer, "closed by the peer");
                }
                Some(Err(failure)) => {
                    let source = &reception.source().name;
                    let reason = format!("it is not secured: {failure}");
                    refusals.note(&hub, source, place.peer, &reason).await;
                }
                None => {}
            }
        });
    }
    drop(listener);
    while let Some(ended) = connections.join_next().await {
        note(ended);
    }
}

/// A task that ended by a panic costs its connection; whoever sent gets no answer and sends again.
fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(failure) = ended
        && failure.is_panic()
    {
        error!("a connection failed by a fault of the hub");
    }
}

/// The next connection, once the store has room for what comes over it.
async fn accept(
    listener: &TcpListener,
    full: &mut watch::Receiver<bool>,
) -> std::io::Result<(TcpStream, SocketAddr)> {
    // An error means that the hub is gone, which ends this task.
    let _ = full.wait_for(|full| !full).await;
    listener.accept().await
}

/// Does the handshake of TLS, where the source wants one; `None` where the source stops meanwhile.
async fn secure(
    reception: &Reception,
    stream: TcpStream,
    mut stopping: Stopping,
) -> Option<std::io::Result<Wire>> {
    let source = reception.source();
    tokio::select! {
        accepted = Wire::accept(stream, source.tls.as_ref(), source.keepalive) => Some(accepted),
        () = stopping.wait() => None,
    }
}

/// A place for a connection, if it may have one; why not, if not. One that may not is closed at once.
fn admit(reception: &Reception, places: &Arc<Places>, peer: IpAddr) -> Result<Place, &'static str> {
    let source = reception.source();
    if !source.allows(peer) {
        return Err("the address is not allowed");
    }
    let place = places.take(peer, source.max_connections, source.max_per_peer);
    place.ok_or("there are as many connections as may be")
}

/// How many connections each address has.
#[derive(Debug, Default)]
struct Places(Mutex<HashMap<IpAddr, usize>>);

/// A connection's place; given back when it is dropped.
#[derive(Debug)]
struct Place {
    peer: IpAddr,
    places: Arc<Places>,
}

impl Places {
    fn take(self: &Arc<Self>, peer: IpAddr, most: usize, most_per_peer: usize) -> Option<Place> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.values().sum::<usize>() >= most {
            return None;
        }
        let of_peer = taken.entry(peer).or_default();
        if *of_peer >= most_per_peer {
            return None;
        }
        *of_peer += 1;
        Some(Place { peer, places: Arc::clone(self) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_peer) = taken.get_mut(&self.peer) {
            *of_peer = of_peer.saturating_sub(1);
            if *of_peer == 0 {
                taken.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statement_28_places_are_limited_and_given_back() {
        let places = Arc::new(Places::default());
        let peer = |last| IpAddr::from([127, 0, 0, last]);
        let first = places.take(peer(1), 3, 2);
        let second = places.take(peer(1), 3, 2);
        assert!(first.is_some() && second.is_some());
        assert!(places.take(peer(1), 3, 2).is_none(), "two are the most for one address");
        let third = places.take(peer(2), 3, 2);
        assert!(third.is_some() && places.take(peer(3), 3, 2).is_none(), "three are the most");
        drop(first);
        assert!(places.take(peer(1), 3, 2).is_some());
    }
}
