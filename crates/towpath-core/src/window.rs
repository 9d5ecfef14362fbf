//! Windows: spans of time in which a promotion may, or may not, start.
//!
//! A moment is open when no deny window covers it and, if any allow window is declared, at least one
//! covers it. A window covers its start and not its end. The next opening is looked for across both
//! kinds: the start of an allow window inside a deny window opens nothing.
//!
//! Must not read a clock or a zone from the machine: the zones are linked in ([`span`]). Next: [`span`]
//! for what a window covers, and what it does when clocks change; [`crate::gate`] for who asks.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

pub mod span;
#[cfg(test)]
mod tests;

pub use span::{InvalidWindow, Length, Once, Recurring, Span, Zone};

/// How far ahead an opening or a closing is looked for: beyond it there is none that could be planned
/// with.
pub const HORIZON: SignedDuration = SignedDuration::from_hours(731 * 24);

/// How many windows in a row are looked through for an opening or a closing, so that windows of a minute
/// cannot hold up a plan.
const STEPS: usize = 20_000;

/// Whether a window lets promotions start or keeps them from starting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Promotions may start in it, and outside all of its kind they may not.
    Allow,
    /// Promotions may not start in it, whatever is allowed.
    Deny,
}

impl Kind {
    /// `allow` or `deny`: the words of `towpath.yaml`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

/// A span of time with what it means for promotions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Whether it allows or denies.
    pub kind: Kind,
    /// Why it is there, in the words of whoever declared it.
    pub reason: Option<String>,
    /// When it is.
    pub span: Span,
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Some(reason) => write!(f, "{reason} ({})", self.span),
            None => write!(f, "{}", self.span),
        }
    }
}

/// What the windows say of a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Openness {
    /// A promotion may start.
    Open {
        /// The first moment after it that is not open; `None` if there is none within [`HORIZON`].
        until: Option<Timestamp>,
    },
    /// A promotion may not start.
    Shut {
        /// Why not.
        because: Because,
        /// The first open moment after it; `None` if there is none within [`HORIZON`].
        opens_at: Option<Timestamp>,
    },
}

/// Why a moment is not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// A deny window covers it.
    Denied {
        /// The window, as shown to people; of several, the one that ends last.
        window: String,
        /// When that window ends, which need not be when the next moment is open.
        ends: Timestamp,
    },
    /// Allow windows are declared, and none of them covers it.
    NotAllowed {
        /// How many are declared.
        declared: usize,
    },
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied { window, ends } => write!(f, "denied until {ends}: {window}"),
            Self::NotAllowed { declared: 1 } => f.write_str("outside the allow window"),
            Self::NotAllowed { declared } => write!(f, "outside all {declared} allow windows"),
        }
    }
}

/// Whether a promotion may start now, and when that changes.
#[must_use]
pub fn judge(windows: &[Window], now: Timestamp) -> Openness {
    let windows = Windows::of(windows);
    match windows.denied(now) {
        Some((window, ends)) => Openness::Shut {
            because: Because::Denied { window: window.to_string(), ends },
            opens_at: windows.opening(now),
        },
        None if !windows.allowed(now) => Openness::Shut {
            because: Because::NotAllowed { declared: windows.allow.len() },
            opens_at: windows.opening(now),
        },
        None => Openness::Open { until: windows.closing(now) },
    }
}

/// The windows by kind.
struct Windows<'a> {
    allow: Vec<&'a Window>,
    deny: Vec<&'a Window>,
}

impl<'a> Windows<'a> {
    fn of(windows: &'a [Window]) -> Self {
        let (allow, deny) = windows.iter().partition(|window| window.kind == Kind::Allow);
        Self { allow, deny }
    }

    /// The deny window that covers a moment and ends last, with its end.
    fn denied(&self, at: Timestamp) -> Option<(&'a Window, Timestamp)> {
        let covering = self.deny.iter().filter_map(|w| Some((*w, w.span.covers(at)?)));
        covering.max_by_key(|(_, ends)| *ends)
    }

    fn allowed(&self, at: Timestamp) -> bool {
        self.allow.is_empty() || self.allow.iter().any(|w| w.span.covers(at).is_some())
    }

    /// The first open moment from one that is not. Each step goes to where something changes and nothing
    /// before it can be open: the end of a deny window, or the next start of an allow window.
    fn opening(&self, from: Timestamp) -> Option<Timestamp> {
        let horizon = horizon(from);
        let mut at = from;
        for _ in 0..STEPS {
            at = match self.denied(at) {
                Some((_, ends)) => ends,
                None if self.allowed(at) => return Some(at),
                None => self.allow.iter().filter_map(|w| w.span.starts_after(at)).min()?,
            };
            if at > horizon {
                return None;
            }
        }
        None
    }

    /// The first moment after an open one that is not: a deny window starts, or the allow windows, which
    /// may follow upon each other without a break, end.
    fn closing(&self, from: Timestamp) -> Option<Timestamp> {
        let horizon = horizon(from);
        let denied = self.deny.iter().filter_map(|w| w.span.starts_after(from)).min();
        let denied = denied.filter(|at| *at <= horizon);
        let limit = denied.unwrap_or(horizon);
        let mut reached = from;
        for _ in 0..STEPS {
            match self.allow.iter().filter_map(|w| w.span.covers(reached)).max() {
                Some(ends) => reached = ends,
                None if self.allow.is_empty() => return denied,
                None => return Some(reached),
            }
            if reached >= limit {
                return denied;
            }
        }
        denied
    }
}

fn horizon(from: Timestamp) -> Timestamp {
    from.checked_add(HORIZON).unwrap_or(Timestamp::MAX)
}
