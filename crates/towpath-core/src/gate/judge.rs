//! The verdict of a gate on what it looked at: a pure function of [`Inputs`], here and when it is replayed.
//!
//! Unknown input is waiting, never open. Must not look at anything but its inputs.

mod gauges;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::Verdict;
use super::inputs::{Given, Inputs, SoakState, Soaking, TestRun, VerifiedIn};
use crate::candidate::is_as_long;
use crate::id::EnvironmentName;
use crate::record::{Signature, is_same_person};
use crate::release::{Reach, Seen};
use crate::version::Version;
use crate::why::{Unsigned, Why, human};
use crate::window::{self, Openness};

/// The verdict on these inputs.
#[must_use]
pub fn judge(inputs: &Inputs) -> Verdict {
    match inputs {
        Inputs::Checks { errors: 0, .. } => open("no finding of severity error"),
        Inputs::Checks { errors, first } => Verdict::Closed(Why::Findings {
            count: *errors,
            rule: first.clone().unwrap_or_default(),
        }),
        Inputs::Release { version, seen, reach, unknown_allowed } => {
            release(version, *seen, reach.as_ref(), *unknown_allowed)
        }
        Inputs::Freeze { freezes } => match freezes.last() {
            None => open("nothing is frozen"),
            Some(last) => Verdict::Closed(Why::Frozen {
                environment: last.environment.clone(),
                by: last.by.clone(),
                reason: last.reason.clone(),
                since: last.since,
            }),
        },
        Inputs::Path { wanted, previous, failed } => match failed.last() {
            Some(last) => Verdict::Closed(Why::FailedIn {
                version: wanted.clone(),
                environment: last.environment.clone(),
                why: last.why.clone(),
            }),
            None => path(wanted, previous),
        },
        Inputs::Approval { .. } => approval(inputs),
        Inputs::Order { component, range, itself, has } => {
            if *itself {
                return Verdict::Open(format!("{component} does not wait for itself"));
            }
            let why = |has: Option<&Version>| {
                waiting(Why::Order {
                    component: component.clone(),
                    range: range.clone(),
                    has: has.cloned(),
                })
            };
            let fits = |v: &&Option<Version>| v.as_ref().is_some_and(|v| range.matches(v));
            match (has.iter().find(|v| !fits(v)), has.last()) {
                (Some(other), _) => why(other.as_ref()),
                (None, Some(Some(version))) => {
                    Verdict::Open(format!("{component} {version} satisfies {range}"))
                }
                (None, _) => why(None),
            }
        }
        Inputs::Verified { from, any } => verified(from, *any),
        Inputs::Soak { need, environments, clusters, recorded, now } => {
            soak(*need, environments, clusters, *recorded, *now)
        }
        Inputs::Test { name, environments, runs } => test(name.as_str(), environments, runs),
        Inputs::Begun { at } => Verdict::Open(format!("passed when the promotion began, {at}")),
        Inputs::Window { windows, now } => match window::judge(windows, *now) {
            Openness::Open { until: Some(until) } => {
                Verdict::Open(format!("promotions may start until {until}"))
            }
            Openness::Open { until: None } => open("promotions may start at any time"),
            Openness::Shut { because, opens_at } => {
                Verdict::Waiting { why: Why::WindowShut { because, opens_at }, opens_at }
            }
        },
        Inputs::Status { name, last } => match last {
            Some(report) if report.success => {
                Verdict::Open(format!("{name} is success, as {} reported", report.by))
            }
            Some(report) => Verdict::Closed(Why::StatusFailed {
                name: name.clone(),
                by: report.by.clone(),
                detail: report.detail.clone(),
            }),
            None => waiting(Why::StatusMissing { name: name.clone() }),
        },
        Inputs::Alerts { source, question, max, answer } => {
            gauges::alerts(source, question, *max, answer.as_ref())
        }
        Inputs::Metric { source, question, condition, measured } => {
            gauges::metric(source, question, condition, measured.as_ref())
        }
    }
}

fn open(because: &str) -> Verdict {
    Verdict::Open(because.to_owned())
}

fn waiting(why: Why) -> Verdict {
    Verdict::Waiting { why, opens_at: None }
}

/// The release is there, and is what the ledger recorded.
fn release(version: &Version, seen: Seen, reach: Option<&Reach>, unknown_allowed: bool) -> Verdict {
    let version = version.clone();
    if seen.differs {
        return Verdict::Closed(Why::DigestDiffers { version });
    }
    match (reach, seen.source, seen.ledger) {
        (_, true, true) => open("in the registry as the ledger recorded it"),
        (_, true, false) => open("in the registry; the ledger does not know it"),
        (Some(Reach::Reached), false, true) => Verdict::Closed(Why::NotInRegistry { version }),
        (Some(Reach::Unreachable { location, .. }), false, true) => {
            Verdict::Open(format!("recorded in the ledger; {location} could not be asked"))
        }
        (_, false, true) => open("recorded in the ledger; the registry was not asked"),
        (_, false, false) if unknown_allowed => {
            open("nobody knows this version; it was asked for all the same")
        }
        (_, false, false) => Verdict::Closed(Why::UnknownVersion { version }),
    }
}

/// Every environment before has the release or a newer one.
fn path(wanted: &Version, previous: &[(EnvironmentName, Option<Version>)]) -> Verdict {
    let behind = previous.iter().find(|(_, has)| has.as_ref().is_none_or(|v| v < wanted));
    if let Some((environment, has)) = behind {
        return waiting(Why::NotInPrevious {
            environment: environment.clone(),
            has: has.clone(),
            wanted: wanted.clone(),
        });
    }
    let names: Vec<String> = previous.iter().map(|(name, _)| name.to_string()).collect();
    Verdict::Open(match names.as_slice() {
        [] => "nothing comes before it".to_owned(),
        [one] => format!("{one} has it"),
        all => format!("{} have it", all.join(" and ")),
    })
}

/// A person counts once, whatever name stands before the address.
fn approval(inputs: &Inputs) -> Verdict {
    let Inputs::Approval { need, by, valid_for, signed, plan, authors, given, now } = inputs else {
        unreachable!("called with approvals only")
    };
    let mut approvers: Vec<Given> = Vec::new();
    let (mut by_author, mut by_others, mut unsigned) = (None, Vec::new(), Vec::new());
    let mut expired = None;
    for one in given {
        let who = one.by.as_str();
        if authors.iter().any(|author| is_same_person(author, who)) {
            by_author.get_or_insert_with(|| who.to_owned());
        } else if !by.is_empty() && !by.iter().any(|allowed| is_same_person(allowed, who)) {
            if !by_others.contains(&one.by) {
                by_others.push(one.by.clone());
            }
        } else if let Some(problem) = signed.then(|| unverified(one)).flatten() {
            let problem = Unsigned { by: one.by.clone(), problem };
            if !unsigned.contains(&problem) {
                unsigned.push(problem);
            }
        } else if let Some(until) = ends(one, *valid_for).filter(|until| until <= now) {
            expired = expired.max(Some(until));
        } else if let Some(known) =
            approvers.iter_mut().find(|other| is_same_person(&other.by, who))
        {
            known.at = known.at.max(one.at);
        } else {
            approvers.push(one.clone());
        }
    }
    if approvers.len() < *need as usize {
        return waiting(Why::Approvals {
            have: approvers.len(),
            need: *need,
            plan: plan.clone(),
            by_author,
            by_others,
            unsigned,
            expired,
        });
    }
    let names: Vec<&str> = approvers.iter().map(|one| one.by.as_str()).collect();
    let until = approvers.iter().filter_map(|one| ends(one, *valid_for)).min();
    Verdict::Open(match (names.as_slice(), until) {
        ([], _) => "no approval is needed".to_owned(),
        (all, None) => format!("approved by {}", all.join(", ")),
        (all, Some(until)) => format!("approved by {}, until {until}", all.join(", ")),
    })
}

/// What speaks against the signature of an approval that must have one.
fn unverified(given: &Given) -> Option<String> {
    match &given.signature {
        Signature::Good { by } if is_same_person(by, &given.by) => None,
        Signature::Good { by } => Some(format!("it is signed by {by}")),
        Signature::Bad { why } => Some(why.clone()),
        Signature::Missing => Some("it is not signed".to_owned()),
        Signature::NotChecked => Some("its signature was not checked".to_owned()),
    }
}

fn ends(given: &Given, valid_for: Option<Duration>) -> Option<Timestamp> {
    valid_for.map(|long| after(given.at, long))
}

/// `long` after a time, or the end of time.
pub(crate) fn after(time: Timestamp, long: Duration) -> Timestamp {
    time.checked_add(long).unwrap_or(Timestamp::MAX)
}

fn verified(from: &[VerifiedIn], any: bool) -> Verdict {
    let missing: Vec<&VerifiedIn> = from.iter().filter(|v| v.since.is_none()).collect();
    let enough = if any { missing.len() < from.len() } else { missing.is_empty() };
    if enough || from.is_empty() {
        let told: Vec<String> = from
            .iter()
            .filter_map(|v| v.since.map(|since| format!("{} at {since}", v.environment)))
            .collect();
        return Verdict::Open(match told.as_slice() {
            [] => "no environment is named".to_owned(),
            told => format!("verified in {}", told.join(", ")),
        });
    }
    let environments = missing.iter().map(|v| v.environment.clone()).collect();
    waiting(match missing.iter().any(|v| v.observed) {
        true => Why::NotVerified { environments },
        false => Why::VerificationNotObserved { environments },
    })
}

/// The soak begins when the last cluster says that it is healthy with the release; a clock ahead of ours counts nothing.
fn soak(
    need: Duration,
    environments: &[EnvironmentName],
    clusters: &[Soaking],
    recorded: Option<(Timestamp, Timestamp)>,
    now: Timestamp,
) -> Verdict {
    if let Some((since, until)) = recorded
        && is_as_long((since, until), need)
    {
        return Verdict::Open(format!(
            "healthy from {since} to {until}, as the ledger recorded it"
        ));
    }
    if environments.is_empty() {
        return open("nothing comes before it");
    }
    let all_unseen = clusters.iter().all(|c| c.state == SoakState::NotConnected);
    if all_unseen {
        return waiting(Why::SoakNotObserved {
            duration: need,
            environments: environments.to_vec(),
        });
    }
    let mut began = Timestamp::MIN;
    for soaking in clusters {
        match &soaking.state {
            SoakState::Healthy { since } => began = began.max(*since),
            state => {
                return waiting(Why::SoakBroken {
                    duration: need,
                    cluster: soaking.cluster.clone(),
                    state: state.clone(),
                });
            }
        }
    }
    let opens_at = after(began, need);
    if opens_at <= now {
        return Verdict::Open(format!(
            "healthy on {} for {}, since {began}",
            clusters_of(clusters.len()),
            human(Duration::from_secs(now.duration_since(began).unsigned_abs().as_secs())),
        ));
    }
    Verdict::Waiting { why: Why::Soaking { duration: need, began }, opens_at: Some(opens_at) }
}

fn clusters_of(count: usize) -> String {
    if count == 1 { "one cluster".to_owned() } else { format!("all {count} clusters") }
}

fn test(name: &str, environments: &[EnvironmentName], runs: &[TestRun]) -> Verdict {
    let of = |environment: &EnvironmentName| runs.iter().find(|r| r.environment == *environment);
    for environment in environments {
        match of(environment) {
            Some(run) if run.passed => {}
            Some(run) => {
                return Verdict::Closed(Why::TestFailed {
                    name: name.to_owned(),
                    environment: environment.clone(),
                    attempts: run.attempts,
                    detail: run.detail.clone(),
                });
            }
            None => {
                return waiting(Why::TestNotRun {
                    name: name.to_owned(),
                    environment: environment.clone(),
                });
            }
        }
    }
    let told: BTreeSet<String> = environments
        .iter()
        .filter_map(of)
        .map(|run| match run.attempts {
            0 | 1 => format!("in {}", run.environment),
            2 => format!("in {} after one retry", run.environment),
            more => format!("in {} after {} retries", run.environment, more - 1),
        })
        .collect();
    Verdict::Open(match told.len() {
        0 => "nothing comes before it".to_owned(),
        _ => format!("passed {}", told.into_iter().collect::<Vec<_>>().join(" and ")),
    })
}
