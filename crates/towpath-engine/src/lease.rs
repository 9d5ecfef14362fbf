//! The lease of the loop: of several that run at once, which one acts.
//!
//! The rules are those of client-go's leader election (`kubernetes/client-go:tools/leaderelection/leaderelection.go`), so
//! that a lease reads the same as everybody else's. Whoever does not hold the lease takes it when it has stood unchanged
//! for as long as its holder said, by his own steady clock: what is written in it by another clock is never compared with
//! ours. Whoever holds it stops acting when so long has passed since he *sent* the last renewal that was answered, which
//! is less; so two never hold it at once while no clock runs faster than another by the ratio of the two spans. Each write
//! is a compare-and-set on the version that was read.
//!
//! A [`Seat`] is what one process knows of the lease; [`Seat::next`] says what to do, and what came of it is told to the
//! seat. It is pure: time is an argument, a span since a beginning of the process's own. Must not be taken for what keeps a
//! thing from being done twice: that is compare-and-set in Git, which a process holds to that slept through its lease.
//! Next: `towpath_adapters::kubernetes`, which reads and writes the lease of a cluster.

use std::time::Duration;

/// A time on the steady clock of this process: the span since a beginning of its own.
pub type Moment = Duration;

/// How long a lease lasts, unless somebody says otherwise.
pub const DURATION: Duration = Duration::from_secs(15);
/// The shortest lease: it is written in whole seconds, and a renewal must have the time to be tried again.
pub const SHORTEST: Duration = Duration::from_secs(3);

/// The times of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// So long the others wait after the last change.
    pub duration: Duration,
    /// So long the holder acts after the last renewal that was answered.
    pub deadline: Duration,
    /// So long everybody waits between two attempts.
    pub retry: Duration,
}

impl Terms {
    /// A lease of this length, in whole seconds; the other times stand to it as in client-go (15, 10 and 2 seconds).
    /// `None` where it is shorter than [`SHORTEST`] or longer than can be written.
    #[must_use]
    pub fn lasting(duration: Duration) -> Option<Self> {
        let duration = Duration::from_secs(duration.as_secs());
        let is_writable = i32::try_from(duration.as_secs()).is_ok();
        (duration >= SHORTEST && is_writable).then(|| Self {
            duration,
            deadline: duration * 2 / 3,
            retry: duration * 2 / 15,
        })
    }
}

/// A lease as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The version that a write is held against; equal versions are the same state.
    pub version: String,
    /// Who holds it; `None`: nobody.
    pub holder: Option<String>,
    /// How long its holder said that it lasts.
    pub duration: Option<Duration>,
}

/// What is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// There is no lease: make one that we hold.
    Create,
    /// It is free or has run out: we hold it from now on, if it is still at this version.
    Take(String),
    /// We hold it already, and go on to, if it is still at this version.
    Renew(String),
    /// We hold it no more, if it is still at this version.
    Release(String),
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Read the lease, and tell by [`Seat::looked`].
    Look,
    /// Write it, and tell by [`Seat::wrote`] or [`Seat::too_late`].
    Write(Claim),
    /// Nothing before that moment.
    Wait(Moment),
}

/// What one process knows of the lease.
#[derive(Debug, Clone)]
pub struct Seat {
    me: String,
    terms: Terms,
    seen: Option<Seen>,
    /// When the last write that was answered was sent, while the lease is ours.
    renewed: Option<Moment>,
    /// What was read last may still be written on.
    may_write: bool,
    next: Moment,
}

#[derive(Debug, Clone)]
struct Seen {
    lease: Option<Lease>,
    /// When this state was first seen.
    since: Moment,
}

impl Seat {
    /// Nothing is known yet. `me` is a name that no other process has, nor has ever had.
    #[must_use]
    pub fn new(me: String, terms: Terms) -> Self {
        Self { me, terms, seen: None, renewed: None, may_write: false, next: Moment::ZERO }
    }

    /// Who we are in the lease.
    #[must_use]
    pub fn me(&self) -> &str {
        &self.me
    }

    /// Until when we may act, as far as is known; a time that has passed, or `None`: we may not.
    #[must_use]
    pub fn holds_until(&self) -> Option<Moment> {
        self.renewed.map(|sent| sent + self.terms.deadline)
    }

    /// Whether we may act.
    #[must_use]
    pub fn holds(&self, now: Moment) -> bool {
        self.holds_until().is_some_and(|until| now < until)
    }

    /// Who held it when it was seen last.
    #[must_use]
    pub fn holder(&self) -> Option<&str> {
        self.seen.as_ref()?.lease.as_ref()?.holder.as_deref()
    }

    /// When the lease was first seen as it was seen last: whoever held it acted until about then.
    #[must_use]
    pub fn seen_since(&self) -> Option<Moment> {
        self.seen.as_ref().map(|seen| seen.since)
    }

    /// What to do now.
    #[must_use]
    pub fn next(&self, now: Moment) -> Step {
        if now < self.next {
            return Step::Wait(self.next);
        }
        match self.claim(now) {
            Some(claim) if self.may_write => Step::Write(claim),
            _ => Step::Look,
        }
    }

    /// What would give the lease back; `None` where it is not ours.
    #[must_use]
    pub fn release(&self) -> Option<Claim> {
        let lease = self.seen.as_ref()?.lease.as_ref()?;
        let is_ours = lease.holder.as_deref() == Some(&self.me);
        is_ours.then(|| Claim::Release(lease.version.clone()))
    }

    /// The lease was read, and the answer came now; `None`: there is none.
    pub fn looked(&mut self, lease: Option<Lease>, now: Moment) {
        self.learn(lease, now);
        if self.holder() != Some(&self.me) {
            self.renewed = None;
        }
        self.may_write = self.claim(now).is_some();
        self.next = match self.runs_out() {
            _ if self.may_write => now,
            Some(at) => at.min(now + self.terms.retry),
            None => now + self.terms.retry,
        };
    }

    /// The lease was written as the last claim says. The write was sent at the first time, its answer came now.
    pub fn wrote(&mut self, lease: Lease, sent: Moment, now: Moment) {
        let is_ours = lease.holder.as_deref() == Some(&self.me);
        self.learn(Some(lease), now);
        self.renewed = is_ours.then_some(sent);
        self.may_write = is_ours;
        self.next = now.max(sent + self.terms.retry);
    }

    /// The lease was not at the version that the last claim was held against: nothing was written.
    pub fn too_late(&mut self, now: Moment) {
        self.may_write = false;
        self.next = now;
    }

    /// Nobody knows what came of the last step.
    pub fn failed(&mut self, now: Moment) {
        self.may_write = false;
        self.next = now + self.terms.retry;
    }

    fn learn(&mut self, lease: Option<Lease>, now: Moment) {
        let is_known = self.seen.as_ref().is_some_and(|seen| seen.lease == lease);
        if !is_known {
            self.seen = Some(Seen { lease, since: now });
        }
    }

    /// What may be written on the lease as it was seen last.
    fn claim(&self, now: Moment) -> Option<Claim> {
        let Some(lease) = &self.seen.as_ref()?.lease else { return Some(Claim::Create) };
        let version = lease.version.clone();
        match &lease.holder {
            Some(holder) if *holder == self.me => Some(Claim::Renew(version)),
            Some(_) => self.runs_out().is_some_and(|at| at <= now).then_some(Claim::Take(version)),
            None => Some(Claim::Take(version)),
        }
    }

    /// When the lease of somebody else runs out, if it does not change.
    fn runs_out(&self) -> Option<Moment> {
        let seen = self.seen.as_ref()?;
        let lease = seen.lease.as_ref()?;
        lease.holder.as_ref().filter(|holder| **holder != self.me)?;
        Some(seen.since + lease.duration.unwrap_or(self.terms.duration))
    }
}
