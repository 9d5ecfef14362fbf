//! Why an object is affected: what is said of it, and what to do. Must not look for anything.

use towpath_core::pin::ObjectRef;

use crate::sight;
use towpath_schema::crd::Fails;

/// Why an object is affected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Its API is not served any more: a finding of `removed-api`.
    RemovedApi {
        /// The finding's message.
        message: String,
        /// The finding's advice.
        fix: String,
    },
    /// Its API will go: a finding of `deprecated-api`.
    DeprecatedApi {
        /// The finding's message.
        message: String,
        /// The finding's advice.
        fix: String,
    },
    /// The changed definition of its kind does not take it as it is.
    Rejected {
        /// `widgets.example.com`.
        definition: String,
        /// Where in the object; empty for the whole.
        path: String,
        /// What the API server says behind the path.
        message: String,
        /// What fails.
        fails: Fails,
    },
    /// The definition of its kind takes less than before, and still takes the object.
    Definition {
        /// `widgets.example.com`.
        definition: String,
        /// What is tightened, one line each.
        changes: Vec<String>,
    },
    /// The definition of its kind goes, and every object of it.
    DefinitionRemoved {
        /// `widgets.example.com`.
        definition: String,
    },
    /// A policy that may match it came, changed or went.
    Policy {
        /// The policy.
        policy: ObjectRef,
        /// What became of it.
        how: How,
    },
    /// The release is of another chart, or of another version of it.
    Chart {
        /// Before: `ingress-nginx 4.11.0`.
        was: String,
        /// After.
        is: String,
    },
    /// What the chart is taken from changed.
    ChartFrom {
        /// The source.
        object: ObjectRef,
        /// What became of it.
        how: How,
    },
    /// The release has other values.
    Values {
        /// Which: `spec.values.replicas`.
        paths: Vec<String>,
    },
    /// What values are taken from changed.
    ValuesFrom {
        /// The ConfigMap or Secret.
        object: ObjectRef,
        /// What became of it.
        how: How,
    },
    /// The release is taken away.
    ReleaseRemoved,
    /// Somebody plans to remove what it uses.
    PlannedRemoval {
        /// What is to go, as it is shown.
        what: String,
        /// What to write in its stead, where that is known.
        instead: Option<String>,
    },
}

/// What became of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// It is new.
    Added,
    /// It is not what it was.
    Changed {
        /// Where.
        paths: Vec<String>,
    },
    /// It is gone.
    Removed,
}

/// How many paths are named before the rest is counted.
const NAMED: usize = 3;

impl How {
    fn says(&self) -> String {
        match self {
            Self::Added => "is new".to_owned(),
            Self::Changed { paths } => format!("changes in {}", some(paths)),
            Self::Removed => "is removed".to_owned(),
        }
    }
}

/// The first of many, and how many more there are.
fn some(all: &[String]) -> String {
    match all.len().checked_sub(NAMED) {
        None | Some(0) => sight::list(all),
        Some(more) => format!("{} and {more} more", all[..NAMED].join(", ")),
    }
}

impl Cause {
    /// Its name in JSON.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::RemovedApi { .. } => "removed-api",
            Self::DeprecatedApi { .. } => "deprecated-api",
            Self::Rejected { .. } => "rejected",
            Self::Definition { .. } => "definition",
            Self::DefinitionRemoved { .. } => "definition-removed",
            Self::Policy { .. } => "policy",
            Self::Chart { .. } => "chart",
            Self::ChartFrom { .. } => "chart-from",
            Self::Values { .. } => "values",
            Self::ValuesFrom { .. } => "values-from",
            Self::ReleaseRemoved => "release-removed",
            Self::PlannedRemoval { .. } => "planned-removal",
        }
    }

    /// Whether it certainly concerns the object; else it may.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        match self {
            Self::Policy { .. } | Self::Definition { .. } => false,
            Self::Rejected { fails, .. } => *fails != Fails::Unknown,
            _ => true,
        }
    }

    /// What it says: a sentence without a full stop.
    #[must_use]
    pub fn says(&self) -> String {
        match self {
            Self::RemovedApi { message, .. } | Self::DeprecatedApi { message, .. } => {
                message.clone()
            }
            Self::Rejected { definition, path, message, fails } => {
                let at = if path.is_empty() { String::new() } else { format!("{path}: ") };
                format!("{definition} changes: {at}{message}; {}", failing(fails))
            }
            Self::Definition { definition, changes } => {
                format!(
                    "{definition} takes less than before ({}); the object as it is still fits",
                    some(changes)
                )
            }
            Self::DefinitionRemoved { definition } => {
                format!("{definition} is removed, and with it every object of that kind")
            }
            Self::Policy { policy, how } => format!("{policy} {}, and may apply to it", how.says()),
            Self::Chart { was, is } => format!("the chart changes from {was} to {is}"),
            Self::ChartFrom { object, how } => {
                format!("{object}, which the chart comes from, {}", how.says())
            }
            Self::Values { paths } => format!("what the chart is given changes in {}", some(paths)),
            Self::ValuesFrom { object, how } => {
                format!("{object}, which values come from, {}", how.says())
            }
            Self::ReleaseRemoved => "the release is removed, and what it installed".to_owned(),
            Self::PlannedRemoval { what, .. } => format!("it uses {what}, which is to be removed"),
        }
    }

    /// What to do: a sentence without a full stop, in lower case.
    #[must_use]
    pub fn todo(&self) -> String {
        let fixed = match self {
            Self::RemovedApi { fix, .. } | Self::DeprecatedApi { fix, .. } => return fix.clone(),
            Self::Rejected { fails: Fails::Unknown, .. } => {
                "try the object against the new definition"
            }
            Self::Rejected { .. } => "write the object so that both definitions take it",
            Self::Definition { .. } => "keep to the new definition with the next edit",
            Self::DefinitionRemoved { .. } => {
                "move what you need to something else, and say if you cannot"
            }
            Self::Policy { .. } => "see whether what you run keeps to the policy",
            Self::Chart { .. } | Self::ChartFrom { .. } => "read the notes of the new version",
            Self::Values { .. } | Self::ValuesFrom { .. } => "see whether the new values suit you",
            Self::ReleaseRemoved => "say if you still need it",
            Self::PlannedRemoval { instead: Some(instead), .. } => {
                return format!("write {instead}");
            }
            Self::PlannedRemoval { .. } => "move to something else, or say that you still need it",
        };
        fixed.to_owned()
    }
}

fn failing(fails: &Fails) -> String {
    match fails {
        Fails::Creating { changing: None } => "creating it fails".to_owned(),
        Fails::Creating { changing: Some(path) } => {
            format!("creating it fails, and so does changing {path}")
        }
        Fails::Writing => "every write of it fails".to_owned(),
        Fails::Strict => "strict requests fail, others lose the field".to_owned(),
        Fails::Unknown => "whether it fits is not known".to_owned(),
    }
}
