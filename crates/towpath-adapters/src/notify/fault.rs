//! Why a letter did not arrive, and whether it is worth another try.
//!
//! Must not hold a secret: it is told.

/// Why a letter did not arrive, in words without a secret.
pub(super) struct Fault {
    pub(super) why: String,
    /// Whether another try may do better.
    pub(super) may_pass: bool,
}

impl Fault {
    pub(super) fn lasting(why: impl Into<String>) -> Self {
        Self { why: why.into(), may_pass: false }
    }

    pub(super) fn passing(why: impl Into<String>) -> Self {
        Self { why: why.into(), may_pass: true }
    }
}
