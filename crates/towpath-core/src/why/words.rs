//! The words of every reason. They are the same wherever a reason is shown.

use std::fmt;

use super::{Why, human};
use crate::gate::{SoakState, after};
use crate::id::EnvironmentName;
use crate::version::Version;

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRelease { component } => write!(f, "{component} has no release yet"),
            Self::RegistryUnreachable { location, why } => {
                write!(
                    f,
                    "{location} cannot be reached ({why}): only releases of the ledger are known"
                )
            }
            Self::NotListable { location } => {
                write!(f, "releases at {location} cannot be listed")
            }
            Self::NotAsked => write!(f, "the registry was not asked (offline)"),
            Self::BranchUnknown { branch } => {
                write!(f, "the head of branch {branch} is not known here")
            }
            Self::FollowsBranch { branch } => {
                write!(f, "it follows branch {branch}: a merge moves it")
            }
            Self::NotOnBranch { branch, version, commit } => {
                write!(f, "branch {branch} does not contain {version} (commit {})", commit.short())
            }
            Self::CommitUnknown { version } => {
                write!(f, "the commit of {version} is not known, and so not which branches have it")
            }
            Self::FollowsRange { range } => {
                write!(f, "it follows the range {range}: the next release in it moves it")
            }
            Self::NothingInRange { range } => write!(f, "no known release is in the range {range}"),
            Self::OutsideRange { range, version } => {
                write!(f, "{version} is outside the range {range}")
            }
            Self::NotInPrevious { environment, has, wanted } => {
                write!(
                    f,
                    "{environment}, which comes before it, has {} and not {wanted}",
                    or_nothing(has.as_ref())
                )
            }
            Self::PreviousUnknown { environment } => {
                write!(f, "what {environment}, which comes before it, gets is not known")
            }
            Self::AheadOfPrevious { has, previous } => {
                write!(f, "it has {has}, ahead of {previous} in the environments before it")
            }
            Self::ReadyToPromote { version } => {
                write!(f, "{version} is ready and waits to be promoted")
            }
            Self::AskedFor { version } => {
                write!(f, "{version} was asked for, which is not the newest")
            }
            Self::Downgrade { from, to } => write!(f, "{to} is below {from}, which it has"),
            Self::NotBack { from, to } => {
                write!(f, "{to} is above {from}, which it has: that is no way back")
            }
            Self::UnknownVersion { version } => {
                write!(f, "neither the ledger nor the registry knows {version}")
            }
            Self::NotInRegistry { version } => write!(f, "{version} is not in the registry"),
            Self::DigestDiffers { version } => {
                write!(f, "the registry's {version} is not the content that the ledger recorded")
            }
            Self::NothingToRollBackTo => {
                write!(f, "the ledger records no other version to go back to")
            }
            Self::StatedNotActual { stated, actual } => {
                write!(f, "towpath.yaml states {stated}, Git has {actual}")
            }
            Self::NoPin { component } => write!(f, "it has no pin for {component}"),
            Self::PinNotEditable { at, why } => {
                write!(f, "the pin at {at} cannot be edited: {why}")
            }
            Self::ClustersDiffer { one, other } => {
                write!(
                    f,
                    "its clusters differ: {} has {}, {} has {}",
                    one.0, one.1, other.0, other.1
                )
            }
            Self::Findings { count: 1, rule } => write!(f, "one finding of severity error: {rule}"),
            Self::Findings { count, rule } => {
                write!(f, "{count} findings of severity error, the first {rule}")
            }
            Self::Approvals { have, need, plan, by_author, by_others, unsigned, expired } => {
                write!(f, "{have} of {need} approvals of plan {}", plan.short())?;
                if let Some(who) = by_author {
                    write!(f, "; {who} made the release, so that approval does not count")?;
                }
                if !by_others.is_empty() {
                    let who = by_others.join(", ");
                    write!(f, "; towpath.yaml does not name {who} among those who may approve")?;
                }
                for one in unsigned {
                    write!(f, "; the approval of {} does not count: {}", one.by, one.problem)?;
                }
                if let Some(at) = expired {
                    write!(f, "; the last that counted ended {at}")?;
                }
                Ok(())
            }
            Self::Order { component, range, has } => {
                write!(f, "it has {component} {}, and {range} is needed", or_nothing(has.as_ref()))
            }
            Self::SoakNotObserved { duration, environments } => write!(
                f,
                "soak of {} in {} cannot be seen: no cluster is connected",
                human(*duration),
                names(environments)
            ),
            Self::VerificationNotObserved { environments } => {
                write!(
                    f,
                    "verification in {} cannot be seen: no cluster is connected",
                    names(environments)
                )
            }
            Self::NotVerified { environments } => {
                write!(f, "it is not verified in {} yet", names(environments))
            }
            Self::Soaking { duration, began } => {
                write!(f, "it soaks for {} and began {began}", human(*duration))
            }
            Self::SoakBroken { duration, cluster, state } => {
                write!(f, "the soak of {} has not begun: {cluster} {state}", human(*duration))
            }
            Self::Frozen { environment, by, reason, since } => {
                let what = environment.as_ref().map_or("everything", |name| name.as_str());
                write!(f, "{by} stopped {what} {since}: {reason}")
            }
            Self::FailedIn { version, environment, why } => {
                write!(f, "{version} failed in {environment}: {why}")
            }
            Self::TestNotRun { name, environment } => {
                write!(f, "test {name} has not been run for it in {environment}")
            }
            Self::TestFailed { name, environment, attempts, detail } => {
                let times =
                    if *attempts == 1 { "once".to_owned() } else { format!("{attempts} times") };
                write!(f, "test {name} failed in {environment}, tried {times}: {detail}")
            }
            Self::WindowShut { because, opens_at: Some(at) } => {
                write!(f, "{because}; promotions may start again {at}")
            }
            Self::WindowShut { because, opens_at: None } => {
                write!(f, "{because}; no window opens within two years")
            }
            Self::StatusMissing { name } => write!(f, "nobody has reported {name} for it"),
            Self::StatusFailed { name, by, detail } => {
                write!(f, "{name} is no success, as {by} reported: {detail}")
            }
            Self::SourceNotAsked { source } => write!(f, "nobody asked {source}"),
            // The source is named in its own words already.
            Self::SourceSilent { why, .. } => write!(f, "there is no answer: {why}"),
            Self::AlertsFire { source, count, max, first } => {
                write!(f, "{} at {source}, {}: {first}", fire(*count), may(*max))
            }
            Self::AlertsFired { source, count, max, since, over } => write!(
                f,
                "{} at {source} until {since}, {} within {}: not before {}",
                fired(*count),
                may(*max),
                human(*over),
                after(*since, *over)
            ),
            Self::MetricDoesNotHold { source, condition, seen } => {
                write!(f, "{condition} does not hold: {seen}, says {source}")
            }
            Self::MetricNoData { source, query } => {
                write!(f, "{source} has no data for {query}")
            }
            Self::MetricUnclear { source, condition, why } => {
                write!(f, "{condition} cannot be said of what {source} measured: {why}")
            }
            Self::RollingOut { version, wave, cluster, why, deadline } => {
                write!(f, "{version} is on its way{}: {cluster}: {why}", of_wave(wave.as_deref()))?;
                match deadline {
                    Some(deadline) => write!(f, "; it has until {deadline}"),
                    None => Ok(()),
                }
            }
            Self::Settling { version, wave, until } => {
                write!(
                    f,
                    "{version} is healthy{} and must be until {until}",
                    of_wave(wave.as_deref())
                )
            }
            Self::WaveNotObserved { wave, cluster } => write!(
                f,
                "nobody can see{} whether the next may begin: {cluster} is not connected",
                of_wave(wave.as_deref())
            ),
            Self::RolloutFailed { version, count: 1, cluster, why } => {
                write!(f, "{version} failed on {cluster}: {why}")
            }
            Self::RolloutFailed { version, count, cluster, why } => {
                write!(f, "{version} failed on {count} clusters, the first {cluster}: {why}")
            }
            Self::NotAutomatic => write!(f, "it is not promoted by itself here"),
            Self::FailedBefore { version, why } => {
                write!(f, "{version} failed here before ({why}): only a person tries it again")
            }
            Self::Flapping { rollbacks, since } => {
                write!(f, "it went back {rollbacks} times since {since}: only a person goes on")
            }
            Self::NoVerifiedSet { components, environments } => write!(
                f,
                "no set of {} was verified together in {}",
                components.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
                names(environments)
            ),
            Self::MovesWith { component } => {
                write!(f, "it moves together with {component}, in one commit")
            }
            Self::NothingVerified => {
                write!(f, "no release was verified here that it could go back to")
            }
        }
    }
}

fn of_wave(wave: Option<&str>) -> String {
    wave.map_or_else(String::new, |wave| format!(" in wave {wave}"))
}

impl fmt::Display for SoakState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Healthy { since } => write!(f, "is healthy since {since}"),
            Self::Unwell { why, .. } => write!(f, "is not well: {why}"),
            Self::OtherRevision { revision: Some(revision) } => write!(f, "runs {revision}"),
            Self::OtherRevision { revision: None } => write!(f, "runs no revision as a whole"),
            Self::Lost { since } => write!(f, "has not been reached since {since}"),
            Self::Silent => write!(f, "has said nothing of it yet"),
            Self::NotConnected => write!(f, "is not connected"),
        }
    }
}

fn names(list: &[EnvironmentName]) -> String {
    if list.is_empty() {
        return "the environments before it".to_owned();
    }
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn or_nothing(version: Option<&Version>) -> String {
    version.map_or_else(|| "no known version".to_owned(), ToString::to_string)
}

fn fire(count: usize) -> String {
    if count == 1 { "one alert fires".to_owned() } else { format!("{count} alerts fire") }
}

fn fired(count: usize) -> String {
    if count == 1 { "one alert fired".to_owned() } else { format!("{count} alerts fired") }
}

fn may(max: usize) -> String {
    if max == 0 { "and none may".to_owned() } else { format!("and {max} may") }
}
