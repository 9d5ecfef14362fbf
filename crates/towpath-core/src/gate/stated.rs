//! Gates as a path states them: which condition, with which numbers.
//!
//! Must not judge: what a condition looks at is gathered by `gather`, the verdict is made by `judge`.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::id::{ComponentName, EnvironmentName, GateName, TestName};
use crate::version::Range;
use crate::window::Window;

/// A condition on entering an environment, under the name that is shown, overridden and recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// Its name: the word of its condition, with a number or a name where an environment has several of a kind.
    pub name: GateName,
    /// What must hold.
    pub condition: Condition,
}

impl Gate {
    /// The gates of an environment, each under its condition's word; the second of a kind is `word/2`.
    #[must_use]
    pub fn named(conditions: Vec<Condition>) -> Vec<Self> {
        let mut out: Vec<Self> = Vec::new();
        for condition in conditions {
            let same = out.iter().filter(|g| g.condition.word() == condition.word()).count();
            let text = match (&condition, same) {
                (Condition::Test { name, .. }, 0) => format!("test/{name}"),
                (_, 0) => condition.word().to_owned(),
                (_, n) => format!("{}/{}", condition.word(), n + 1),
            };
            let name = GateName::parse(&text).expect("a word, or a word and a name");
            out.push(Self { name, condition });
        }
        out
    }
}

/// What must hold before a release may enter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Approvals of the plan's hash.
    Approval {
        /// How many.
        count: u32,
        /// By whom (e-mail addresses); empty: anybody but the author.
        by: BTreeSet<String>,
        /// How long one counts; `None`: until the plan changes.
        valid_for: Option<Duration>,
        /// Whether only those count whose commit carries a signature that was verified.
        signed: bool,
    },
    /// Another component's release in this environment satisfies a range.
    Order {
        /// Which component.
        component: ComponentName,
        /// The range.
        range: Range,
    },
    /// The release was verified in these environments.
    Verified {
        /// Which.
        from: Vec<EnvironmentName>,
        /// Whether one of them is enough.
        any: bool,
    },
    /// Contiguous healthy time of the exact release in the previous environments.
    Soak {
        /// How long.
        duration: Duration,
    },
    /// A test passed for this release.
    Test {
        /// Which test of the path.
        name: TestName,
        /// In which environments; empty: in all that come before.
        environments: Vec<EnvironmentName>,
    },
    /// Windows in which promotions may start, and those in which they may not.
    Window {
        /// Which.
        windows: Vec<Window>,
    },
    /// A status that somebody outside reports of the release's commit is success.
    Status {
        /// Its name (context).
        name: String,
    },
}

impl Condition {
    /// The condition's word in `towpath.yaml`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Approval { .. } => "approval",
            Self::Order { .. } => "order",
            Self::Verified { .. } => "verified",
            Self::Soak { .. } => "soak",
            Self::Test { .. } => "test",
            Self::Window { .. } => "window",
            Self::Status { .. } => "status",
        }
    }
}
