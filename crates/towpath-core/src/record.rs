//! Records of the ledger, and the state that they fold to.
//!
//! A record says what happened, by whom and when. The wire form is in `towpath-api`; the chain of
//! commits that holds records is kept by `towpath-engine`. Folding is the only way to read state from
//! them, so replaying the ledger always gives the same answer.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::id::InvalidId;

pub use self::event::{
    Event, GateEvidence, OfRelease, Promotion, Sandbox, SetMember, Tested, Verified,
};
pub use self::history::{History, Override};
pub use self::person::{email, is_same_person};

mod event;
mod history;
mod index;
mod person;

/// The hash of a plan: what an approval is bound to. 64 hexadecimal digits of SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlanHash(Arc<str>);

impl PlanHash {
    /// Reads a whole hash.
    ///
    /// # Errors
    /// [`InvalidId`] where the text is not 64 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        if text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Ok(Self(text.into()));
        }
        Err(InvalidId {
            what: "plan hash",
            text: text.chars().take(80).collect(),
            problem: "is not 64 lower-case hexadecimal digits",
        })
    }

    /// All 64 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve digits, enough to type.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..12]
    }

    /// Whether `text`, of at least eight digits, is the beginning of this hash.
    #[must_use]
    pub fn begins_with(&self, text: &str) -> bool {
        text.len() >= 8 && self.0.starts_with(text)
    }
}

impl fmt::Display for PlanHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One entry of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// When it was written, by the clock of the writer.
    pub at: Timestamp,
    /// Who: `Name <email>`, as Git knows the writer.
    pub by: String,
    /// What happened.
    pub event: Event,
    /// Who signed the commit that holds it.
    pub signature: Signature,
}

/// The signature of the commit that holds a record, as it was checked against the keys that the path allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signature {
    /// Nobody looked.
    NotChecked,
    /// There is none.
    Missing,
    /// It is good.
    Good {
        /// The identity that the key is allowed to.
        by: String,
    },
    /// It is not good, or of a key that nobody allowed.
    Bad {
        /// Why, in one line.
        why: String,
    },
}

impl Signature {
    /// What there is to say of it, in one line; `None` where nobody looked.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        match self {
            Self::NotChecked => None,
            Self::Missing => Some("not signed".to_owned()),
            Self::Good { by } => Some(format!("signed by {by}")),
            Self::Bad { why } => Some(format!("signature is bad: {why}")),
        }
    }
}
