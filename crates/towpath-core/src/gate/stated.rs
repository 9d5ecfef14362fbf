//! Gates as a path states them: which condition, with which numbers.
//!
//! Must not judge: what a condition looks at is gathered by `gather`, the verdict is made by `judge`.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::id::{ComponentName, EnvironmentName, GateName, SourceName, TestName};
use crate::source::AlertsQuestion;
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
    /// The gates of an environment, each under its condition's word, a test under `test/` and its name; the second of a
    /// name is `word/2`.
    #[must_use]
    pub fn named(conditions: Vec<Condition>) -> Vec<Self> {
        let mut out: Vec<Self> = Vec::new();
        for condition in conditions {
            let word = condition.word();
            let first = match &condition {
                Condition::Test { name, .. } => format!("test/{name}"),
                _ => word.to_owned(),
            };
            let name = std::iter::once(first)
                .chain((2..).map(|n: usize| format!("{word}/{n}")))
                .map(|text| GateName::parse(&text).expect("a word, or a word and a name"))
                .find(|name| out.iter().all(|gate| gate.name != *name))
                .expect("there are more numbers than gates");
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
    /// No more alerts fire than may, now and at every sample of a stretch of time.
    Alerts {
        /// Which source is asked.
        source: SourceName,
        /// Which alerts; its clusters are those of the environments.
        question: AlertsQuestion,
        /// How many may fire at one time.
        max: usize,
        /// Whose clusters are meant; empty: of the environment itself and of those before.
        environments: Vec<EnvironmentName>,
    },
    /// What a source measures satisfies a condition.
    Metric {
        /// Which source is asked.
        source: SourceName,
        /// The query, in PromQL.
        query: String,
        /// The condition, in CEL.
        condition: String,
        /// How long before the release entered the last environment the baseline is taken.
        baseline: Option<Duration>,
    },
}

impl Condition {
    /// Whether this guards the beginning of a promotion only, and not each of its steps.
    #[must_use]
    pub fn guards_the_beginning(&self) -> bool {
        matches!(
            self,
            Self::Approval { .. }
                | Self::Order { .. }
                | Self::Verified { .. }
                | Self::Soak { .. }
                | Self::Test { .. }
        )
    }
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
            Self::Alerts { .. } => "alerts",
            Self::Metric { .. } => "metric",
        }
    }
}
