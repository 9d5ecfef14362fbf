//! What wakes the loop: time, clusters, tests that end, the lease, and whoever rings.
//!
//! A ring says that something may have changed, and nothing else. Rings that come while nobody sleeps are not lost.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Why the loop looks again, the most telling last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// It is time.
    Time,
    /// A cluster reports something new.
    Clusters,
    /// A test has ended.
    Tests,
    /// A webhook came: Git or a registry may have news.
    Webhook,
    /// The lease is somebody else's than before.
    Lease,
    /// The process is to end.
    Farewell,
}

/// A bell.
#[derive(Debug, Default)]
pub(crate) struct Wake {
    rung: Mutex<Option<Cause>>,
    changed: Condvar,
}

impl Wake {
    /// Rings. Of several causes the most telling one is heard.
    pub(crate) fn ring(&self, cause: Cause) {
        let mut rung = self.rung();
        *rung = (*rung).max(Some(cause));
        drop(rung);
        self.changed.notify_all();
    }

    /// Sleeps until somebody rings, or has since the last sleep, but no longer than this.
    pub(crate) fn wait(&self, no_longer_than: Duration) -> Cause {
        let silent = |rung: &mut Option<Cause>| rung.is_none();
        let waited = self.changed.wait_timeout_while(self.rung(), no_longer_than, silent);
        let (mut rung, _) = waited.unwrap_or_else(PoisonError::into_inner);
        rung.take().unwrap_or(Cause::Time)
    }

    /// Lets others ring for so long, too, and takes it all for one ring: the most telling.
    pub(crate) fn calm(&self, long: Duration) -> Cause {
        let end = Instant::now() + long;
        let mut cause = Cause::Time;
        while let Some(left) = end.checked_duration_since(Instant::now()).filter(|l| !l.is_zero()) {
            cause = match self.wait(left) {
                Cause::Time => return cause,
                rung => cause.max(rung),
            };
        }
        cause
    }

    fn rung(&self) -> MutexGuard<'_, Option<Cause>> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_before_the_sleep_is_heard_once() {
        let wake = Wake::default();
        wake.ring(Cause::Clusters);
        wake.ring(Cause::Clusters);
        assert_eq!(wake.wait(Duration::ZERO), Cause::Clusters);
        assert_eq!(wake.wait(Duration::ZERO), Cause::Time);
    }

    #[test]
    fn a_webhook_is_heard_among_clusters() {
        let wake = Wake::default();
        for order in [[Cause::Clusters, Cause::Webhook], [Cause::Webhook, Cause::Clusters]] {
            order.into_iter().for_each(|cause| wake.ring(cause));
            assert_eq!(wake.wait(Duration::ZERO), Cause::Webhook);
        }
        wake.ring(Cause::Webhook);
        assert_eq!(wake.calm(Duration::from_millis(1)), Cause::Webhook);
    }
}
