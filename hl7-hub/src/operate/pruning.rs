//! Pruning, by the clock and by command.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tracing::{info, warn};

use super::{By, Desk, Outcome};
use crate::store::{Clocks, PruneFrom, Pruned};

/// Between two steps, so that messages that come have the store for themselves most of the time.
const BREATH: Duration = Duration::from_millis(20);
/// How long after a start the first round begins.
const FIRST: Duration = Duration::from_secs(60);

/// Prunes again and again until the hub stops.
pub(crate) async fn keep_pruned(desk: Arc<Desk>) {
    let mut stopping = desk.stopping();
    let mut pause = FIRST;
    loop {
        let every = desk.hub.config().keep.every;
        tokio::select! {
            () = sleep(pause.min(every)) => {}
            () = stopping.wait() => return,
        }
        pause = every;
        if let Err(failure) = desk.prune_round().await {
            warn!(%failure, "nothing more is pruned for now");
        }
    }
}

impl Desk {
    /// Takes away what is old enough, now.
    pub(crate) async fn prune(&self, by: &By) -> Outcome<Pruned> {
        self.note(by, "prune", None, String::new()).await?;
        self.prune_round().await
    }

    async fn prune_round(&self) -> Outcome<Pruned> {
        let _turn = self.pruning.lock().await;
        let mut sum = Pruned::default();
        let mut from = Some(PruneFrom::default());
        let clocks = self.clocks();
        let stopping = self.hub.stopping();
        while let Some(here) = from.filter(|_| !stopping.is_now()) {
            let step = self.hub.store.prune(self.hub.clock.now(), clocks, here).await;
            let step = step.inspect_err(|failure| self.hub.note_failure(failure))?;
            sum.contents += step.contents;
            sum.messages += step.messages;
            sum.lines += step.lines;
            from = step.next;
            sleep(BREATH).await;
        }
        if (sum.contents, sum.messages, sum.lines) != (0, 0, 0) {
            info!(
                contents = sum.contents,
                messages = sum.messages,
                audit_lines = sum.lines,
                "pruned what is old"
            );
        }
        Ok(sum)
    }

    /// What the configuration says, as times.
    fn clocks(&self) -> Clocks {
        let config = self.hub.config();
        let now = self.hub.clock.now();
        let before =
            |age: Duration| now.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
        let keep = &config.keep;
        let dedupe = config.sources.iter().filter_map(|source| source.dedupe).max();
        Clocks {
            content: keep.content.map(before),
            metadata: keep.metadata.map(before),
            audit: keep.audit.map(before),
            dedupe: Some(before(dedupe.unwrap_or_default())),
        }
    }
}
