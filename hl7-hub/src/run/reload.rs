//! Orders to a hub that runs.

use tokio::sync::{mpsc, oneshot};

use super::RunError;
use crate::config::{Changes, LoadError};

/// Orders that wait; whoever comes then waits to wait.
const QUEUE: usize = 8;

/// Gives orders to a running hub. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Control(mpsc::Sender<Order>);

/// What a hub is told while it runs.
#[derive(Debug)]
pub struct Orders {
    control: Control,
    waiting: mpsc::Receiver<Order>,
}

/// One order.
#[derive(Debug)]
pub(super) enum Order {
    /// To read the configuration again.
    Reload {
        /// Who wants it, for the audit.
        by: String,
        /// Why.
        why: String,
        answer: oneshot::Sender<Result<Changes, ReloadError>>,
    },
    /// To look which sources are paused now.
    Gates { answer: oneshot::Sender<Result<(), RunError>> },
}

/// Why a hub goes on with the configuration that it has. Nothing of the new one holds then.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// The configuration did not come from a file.
    #[error("the configuration is not from a file; there is nothing to read again")]
    NoFile,
    /// The file cannot be read, or has mistakes.
    #[error("{0}")]
    Config(#[from] LoadError),
    /// What is new cannot be started.
    #[error("{0}")]
    Start(#[from] RunError),
    /// The hub stops.
    #[error("the hub stops; it takes no orders any more")]
    Stopping,
}

impl Default for Orders {
    fn default() -> Self {
        Self::new()
    }
}

impl Orders {
    /// For a hub that will run.
    #[must_use]
    pub fn new() -> Self {
        let (orders, waiting) = mpsc::channel(QUEUE);
        Self { control: Control(orders), waiting }
    }

    /// The way to give these orders.
    #[must_use]
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// The next order. It never ends: there is a way to give orders in here too.
    pub(super) async fn next(&mut self) -> Option<Order> {
        self.waiting.recv().await
    }
}

impl Control {
    /// Has the hub read its file again and go over to what stands there: all of it or, where there is a mistake in it,
    /// nothing. No connection is closed and no message lost or repeated by that: a message in hand is finished by the rules
    /// that were there before, a delivery in hand gets its reply.
    ///
    /// `by` and `why` say in the audit who wanted it, and why.
    ///
    /// # Errors
    /// When the file cannot be read or has mistakes, what is new in it cannot be started, or the hub stops.
    pub async fn reload(&self, by: &str, why: &str) -> Result<Changes, ReloadError> {
        let (answer, answered) = oneshot::channel();
        let order = Order::Reload { by: by.to_owned(), why: why.to_owned(), answer };
        self.0.send(order).await.map_err(|_| ReloadError::Stopping)?;
        answered.await.unwrap_or(Err(ReloadError::Stopping))
    }

    /// Has the hub look which sources are paused. One that is takes no connections, and closes those that it has behind the
    /// message in hand; one that is not any more listens again.
    pub(crate) async fn go_over_gates(&self) -> Result<(), ReloadError> {
        let (answer, answered) = oneshot::channel();
        self.0.send(Order::Gates { answer }).await.map_err(|_| ReloadError::Stopping)?;
        Ok(answered.await.map_err(|_| ReloadError::Stopping)??)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use tokio::sync::oneshot;

    use super::*;
    use crate::config::Config;
    use crate::run::run;

    /// A hub over a configuration, what it is told by, and what stops it when it is dropped.
    fn start(
        config: Config,
    ) -> (Control, oneshot::Sender<()>, tokio::task::JoinHandle<Result<(), RunError>>) {
        let (orders, (stop, stopped)) = (Orders::new(), oneshot::channel::<()>());
        let control = orders.control();
        let running = tokio::spawn(run(config, orders, async move { drop(stopped.await) }));
        (control, stop, running)
    }

    fn text(source: &str) -> String {
        format!("[source.{source}]\nmllp.listen = \"127.0.0.1:0\"\n")
    }

    fn load(path: &Path) -> Config {
        Config::load(path).unwrap_or_else(|error| panic!("{error}"))
    }

    #[tokio::test]
    async fn whoever_gives_the_order_is_told_what_came_of_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("hub.toml");
        fs::write(&path, text("a")).expect("the configuration");
        let (control, stop, running) = start(load(&path));
        assert_eq!(control.reload("alice", "").await.ok(), Some(Changes::default()));
        fs::write(&path, text("b")).expect("the configuration");
        let changes = control.reload("alice", "").await.expect("it is right");
        assert_eq!(changes.to_string(), "added: source.b; removed: source.a");
        for (wrong, said) in [
            (format!("{}[hub]\nnaem = 1\n", text("b")), "line 4, column 1: hub: there is no key"),
            (text("b").replace("127.0.0.1:0", "192.0.2.1:1"), "cannot listen on 192.0.2.1:1"),
        ] {
            fs::write(&path, wrong).expect("the configuration");
            let failure = control.reload("alice", "").await.expect_err(said).to_string();
            assert!(failure.contains(said), "{failure}");
        }
        fs::remove_file(&path).expect("it was there");
        assert!(matches!(control.reload("alice", "").await, Err(ReloadError::Config(_))));
        drop(stop);
        running.await.expect("it ends").expect("it ends well");
        assert!(matches!(control.reload("alice", "").await, Err(ReloadError::Stopping)));
    }

    #[tokio::test]
    async fn what_came_from_no_file_is_not_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = Config::parse(&text("a"), folder.path()).expect("it is right");
        let (control, stop, running) = start(config);
        assert!(matches!(control.reload("alice", "").await, Err(ReloadError::NoFile)));
        drop(stop);
        running.await.expect("it ends").expect("it ends well");
    }
}
