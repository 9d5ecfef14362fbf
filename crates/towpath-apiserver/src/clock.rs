//! The time of a cluster: that of the machine, or one that a test holds and advances.

use std::sync::{Arc, RwLock};

use jiff::{SignedDuration, Timestamp};

/// What time it is.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// As on this machine.
    #[default]
    Real,
    /// As it was set last.
    Held(Arc<RwLock<Timestamp>>),
}

impl Clock {
    /// A clock that stands still at a time.
    #[must_use]
    pub fn held(at: Timestamp) -> Self {
        Clock::Held(Arc::new(RwLock::new(at)))
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::Real => Timestamp::now(),
            Clock::Held(time) => *time.read().unwrap_or_else(std::sync::PoisonError::into_inner),
        }
    }

    /// Moves a held clock on. A real one moves by itself.
    pub fn advance(&self, by: SignedDuration) {
        if let Clock::Held(time) = self {
            let mut time = time.write().unwrap_or_else(std::sync::PoisonError::into_inner);
            *time = time.checked_add(by).unwrap_or(*time);
        }
    }
}
