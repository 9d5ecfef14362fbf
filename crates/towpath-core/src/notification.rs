//! Whom to tell when something changes, as `towpath.yaml` states it.
//!
//! Values only; no secret is held: a [`Credential`] says where one is found. What there is to tell is in
//! `towpath_engine::notify`. Next: [`email`].

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use crate::id::EnvironmentName;
use crate::source::{Credential, SourceUrl};

pub mod email;

pub use self::email::Email;
pub use crate::id::NotificationName;

/// A place that is told of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Its name in `towpath.yaml`.
    pub name: NotificationName,
    /// How it is reached.
    pub channel: Channel,
    /// The environments that it is told of; `None`: all but sandboxes.
    pub environments: Option<Vec<EnvironmentName>>,
    /// What it is told of.
    pub on: BTreeSet<Occasion>,
    /// How long news are gathered before they are told as one; `None`: each turn's at once.
    pub digest: Option<Duration>,
}

/// How a place is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Channel {
    /// An incoming webhook as Slack, Mattermost and others have it. Its URL is the secret.
    Slack {
        /// Where the URL is found.
        url: Credential,
    },
    /// A POST of JSON that is signed.
    Webhook {
        /// Where to.
        url: SourceUrl,
        /// Where the secret of the signature is found.
        secret: Credential,
    },
    /// Mail.
    Email(Email),
}

/// What can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Occasion {
    /// A release was promoted.
    Promoted,
    /// A release may not enter yet, and why; also that the why is another one now.
    Waiting,
    /// A promotion failed or was given up.
    Failed,
    /// An environment went back.
    RolledBack,
    /// A release was verified.
    Verified,
    /// An emergency stop begins or ends.
    Frozen,
}

impl Occasion {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Promoted,
        Self::Waiting,
        Self::Failed,
        Self::RolledBack,
        Self::Verified,
        Self::Frozen,
    ];

    /// The word of `towpath.yaml`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Promoted => "promoted",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
            Self::RolledBack => "rolledBack",
            Self::Verified => "verified",
            Self::Frozen => "frozen",
        }
    }
}

impl fmt::Display for Occasion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
