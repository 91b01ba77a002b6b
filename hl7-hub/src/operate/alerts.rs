//! Alerts: looked at now and then, said once when they begin and once when they end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tracing::{info, warn};

use super::{Desk, Outcome};
use crate::config::{Alert, AlertRule};
use crate::store::{DestinationStatus, Status};

/// How often it is looked whether anything is not as it should be.
const EVERY: Duration = Duration::from_secs(5);

/// Looks again and again until the hub stops.
pub(crate) async fn keep_watch(desk: Arc<Desk>) {
    let mut stopping = desk.stopping();
    let mut raised = BTreeSet::new();
    loop {
        if !desk.hub.config().alerts.is_empty() || !raised.is_empty() {
            match desk.look_for_alerts(&raised).await {
                Ok(now) => raised = now,
                Err(failure) => warn!(%failure, "alerts cannot be looked at"),
            }
        }
        tokio::select! {
            () = sleep(EVERY) => {}
            () = stopping.wait() => return,
        }
    }
}

impl Desk {
    /// The names of alerts that are raised now. What is not as it was before is said.
    async fn look_for_alerts(&self, before: &BTreeSet<String>) -> Outcome<BTreeSet<String>> {
        let status = self.read(|reader| reader.status()).await?;
        let config = self.hub.config();
        let now = self.hub.clock.now();
        let heard = |source: &str| self.hub.metrics.last_heard(source);
        let is_raised = |alert: &&Alert| is_raised(&alert.rule, &status, heard, now);
        let raised: BTreeSet<_> =
            config.alerts.iter().filter(is_raised).map(|alert| alert.name.clone()).collect();
        let names = config.alerts.iter().map(|alert| alert.name.as_str());
        self.hub.metrics.set_alerts(names.map(|name| (name, raised.contains(name))));
        for alert in raised.difference(before) {
            warn!(alert, "an alert begins");
        }
        for alert in before.difference(&raised) {
            info!(alert, "an alert is over");
        }
        Ok(raised)
    }
}

/// Whether a rule holds. `heard` says when a source last sent something, or the hub was started.
fn is_raised(rule: &AlertRule, status: &Status, heard: impl Fn(&str) -> i64, now: i64) -> bool {
    let of = |name: &str| status.destinations.iter().find(|known| known.name == *name);
    let count = |name: &str, count: fn(&DestinationStatus) -> u64| of(name).map_or(0, count);
    let is_longer = |since: i64, limit: Duration| {
        u64::try_from(now.saturating_sub(since))
            .is_ok_and(|age| u128::from(age) > limit.as_millis())
    };
    match rule {
        AlertRule::Oldest(name, limit) => {
            of(name).and_then(|known| known.oldest).is_some_and(|oldest| is_longer(oldest, *limit))
        }
        AlertRule::Queued(name, limit) => count(name, |known| known.queued) > *limit,
        AlertRule::Dead(name, limit) => count(name, |known| known.dead) > *limit,
        AlertRule::Silent(name, limit) => is_longer(heard(name), *limit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_raised_behind_their_limits() {
        let lab = DestinationStatus {
            name: "lab".to_owned(),
            gathering: 0,
            queued: 5,
            done: 0,
            dead: 1,
            parked: 0,
            oldest: Some(10_000),
            ..DestinationStatus::default()
        };
        let status = Status { destinations: vec![lab], ..Status::default() };
        let seconds = Duration::from_secs;
        let lab = || "lab".to_owned();
        for (rule, expected) in [
            (AlertRule::Oldest(lab(), seconds(9)), true),
            (AlertRule::Oldest(lab(), seconds(10)), false),
            (AlertRule::Oldest("other".to_owned(), seconds(1)), false),
            (AlertRule::Queued(lab(), 4), true),
            (AlertRule::Queued(lab(), 5), false),
            (AlertRule::Dead(lab(), 0), true),
            (AlertRule::Dead(lab(), 1), false),
            (AlertRule::Silent("adt".to_owned(), seconds(14)), true),
            (AlertRule::Silent("adt".to_owned(), seconds(15)), false),
        ] {
            assert_eq!(is_raised(&rule, &status, |_| 5_000, 20_000), expected, "{rule:?}");
        }
        // A clock that was set back raises nothing.
        assert!(!is_raised(&AlertRule::Oldest(lab(), seconds(1)), &status, |_| 0, 5_000));
    }
}
