//! Gates: each a pure function of what it looked at.
//!
//! A gate is stated ([`Gate`]), looks at the snapshot (`gather`), and is judged on nothing but what it saw ([`judge`]):
//! so a verdict can be recorded with its inputs and judged again, offline. Unknown input is waiting, never open. All
//! gates are judged, not just the first that fails. An override is counted after judging, so that both are shown.

use jiff::Timestamp;

use crate::id::GateName;
use crate::why::Why;

pub(crate) use self::gather::{Context, always, stated};
pub use self::inputs::{
    FailedIn, Frozen, Given, Inputs, Reported, SoakState, Soaking, TestRun, VerifiedIn,
};
pub(crate) use self::judge::after;
pub use self::judge::judge;
pub use self::stated::{Condition, Gate};

mod gather;
mod inputs;
mod judge;
mod stated;

/// What a gate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It lets pass, and because of what.
    Open(String),
    /// Not yet; `opens_at` where that can be known.
    Waiting {
        /// Why.
        why: Why,
        /// The earliest time at which it can open.
        opens_at: Option<Timestamp>,
    },
    /// No, and time alone will not change that.
    Closed(Why),
}

/// A gate with its verdict on one plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// `checks`, `path`, `release`, `freeze`, or the name of a stated gate.
    pub gate: GateName,
    /// What it looked at.
    pub inputs: Inputs,
    /// What it says.
    pub verdict: Verdict,
    /// Who lets the promotion pass all the same, why and until when.
    pub overridden: Option<Overridden>,
}

/// An override that counts for a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overridden {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires: Timestamp,
}

impl Judged {
    /// Whether the promotion may pass.
    #[must_use]
    pub fn passes(&self) -> bool {
        matches!(self.verdict, Verdict::Open(_)) || self.overridden.is_some()
    }

    /// Why it does not pass by itself.
    #[must_use]
    pub fn why(&self) -> Option<&Why> {
        match &self.verdict {
            Verdict::Open(_) => None,
            Verdict::Waiting { why, .. } | Verdict::Closed(why) => Some(why),
        }
    }

    /// `open`, `waiting` or `closed`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.verdict {
            Verdict::Open(_) => "open",
            Verdict::Waiting { .. } => "waiting",
            Verdict::Closed(_) => "closed",
        }
    }
}

/// Whether a gate can be overridden at all. A release whose content is in doubt never passes, nor does a finding of
/// severity error; an emergency stop is ended and not overridden.
#[must_use]
pub fn can_override(gate: &GateName) -> bool {
    !matches!(gate.as_str(), "release" | "checks" | "freeze")
}
