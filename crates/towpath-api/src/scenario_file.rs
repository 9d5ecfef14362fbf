//! A scenario file: what a team wants to see played on its path by `towpath simulate`. Everything in it is optional.
//!
//! Reads the file into [`Scenario`] with every mistake placed at its line. Unknown keys are mistakes. Must not play it;
//! that is `towpath_engine::simulate`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use towpath_core::id::{ClusterName, ComponentName, EnvironmentName, SourceName};
use towpath_core::scenario::{
    Arrivals, Between, Bump, Delivery, Failing, Failures, Firing, Freeze, Ill, People, Scenario,
    Share, Tests, Trouble, When,
};
use towpath_core::version::Version;
use towpath_core::window::{Kind, Recurring, Span, Window, Zone};
use towpath_yaml::Node;

use crate::API_VERSION;
use crate::path_file::duration;
use crate::path_file::mistake::{Wrong, deepest, locate, report, tidy, without_nulls, wrong};

mod hours;

/// How long a scenario is where its file does not say.
const LONG: Duration = Duration::from_secs(90 * 86_400);

/// The whole file.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "Scenario")]
pub struct ScenarioFile {
    /// `towpath.dev/v1alpha1`.
    pub api_version: String,
    /// `Scenario`.
    pub kind: String,
    /// What happens.
    #[serde(default)]
    pub spec: ScenarioSpec,
}

/// What happens. Times are `2026-03-02T10:00:00Z`, or `2026-03-02` and `2026-03-02T10:00` on the clock of `zone`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScenarioSpec {
    /// When it begins. Left out: now.
    pub start: Option<String>,
    /// When it ends. Left out: `for` says so.
    pub end: Option<String>,
    /// How long it is: `30d`. Left out, with no `end`: 90 days.
    pub r#for: Option<String>,
    /// The IANA time zone of times and schedules. Left out: UTC.
    pub zone: Option<String>,
    /// What chance is drawn by. Left out: 0.
    #[serde(default)]
    pub seed: u64,
    /// The releases that appear. Left out: one of each component, each week.
    pub releases: Option<Vec<ReleasesSpec>>,
    /// Which releases fail by chance. Left out: none.
    #[serde(default)]
    pub failures: Vec<FailuresSpec>,
    /// How long clusters take to deliver. Left out: five minutes. The last that fits counts.
    #[serde(default)]
    pub delivery: Vec<DeliverySpec>,
    /// Clusters that do not answer for a while.
    #[serde(default)]
    pub lost: Vec<TroubleSpec>,
    /// Clusters on which nothing is healthy for a while.
    #[serde(default)]
    pub broken: Vec<TroubleSpec>,
    /// Alerts that fire for a while.
    #[serde(default)]
    pub alerts: Vec<FiringSpec>,
    /// Who approves, and when. Left out: whom the gates name, at any time, two hours after they are asked.
    pub approvals: Option<PeopleSpec>,
    /// Who promotes where an environment is not `auto`. Left out: nobody.
    pub promotions: Option<PeopleSpec>,
    /// How tests and outside statuses go. Left out: they pass after ten minutes.
    pub tests: Option<TestsSpec>,
    /// Emergency stops.
    #[serde(default)]
    pub freezes: Vec<FreezeSpec>,
}

/// Releases that appear: once (`at`), again and again (`every`), or by a schedule (`cron`).
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReleasesSpec {
    /// Of which components. Left out: of each.
    #[serde(default)]
    pub components: Vec<String>,
    /// When one appears.
    pub at: Option<String>,
    /// How often one appears: `2d`.
    pub every: Option<String>,
    /// When one appears, as in cron: `0 10 * * tue,thu`.
    pub cron: Option<String>,
    /// Which version; only with `at`. Left out: the one after the newest.
    pub version: Option<String>,
    /// What is counted up where no version is stated. Left out: `patch`.
    pub bump: Option<BumpSpec>,
    /// Who makes them: `Name <email>`. Nobody approves their own.
    pub by: Option<String>,
    /// How each of them fails.
    #[serde(default)]
    pub fails: Vec<FailingSpec>,
}

/// Which part of a version is counted up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum BumpSpec {
    /// The last one.
    Patch,
    /// The middle one.
    Minor,
    /// The first one.
    Major,
}

/// How a release fails.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FailingSpec {
    /// In which environments. Left out: wherever it comes.
    #[serde(default)]
    pub r#in: Vec<String>,
    /// On which clusters. Left out: on all.
    #[serde(default)]
    pub clusters: Vec<String>,
    /// For how long a cluster runs it before that shows: `30m`, or `1h..72h` to be drawn. Left out: it never becomes
    /// healthy.
    pub after: Option<String>,
    /// How long it lasts: `2h`. Left out: until another release comes.
    pub r#for: Option<String>,
}

/// Releases that fail by chance.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FailuresSpec {
    /// Of which components. Left out: of each.
    #[serde(default)]
    pub components: Vec<String>,
    /// How many: `10%`.
    pub chance: String,
    /// In which environments. Left out: wherever they come.
    #[serde(default)]
    pub r#in: Vec<String>,
    /// On which clusters. Left out: on all.
    #[serde(default)]
    pub clusters: Vec<String>,
    /// For how long a cluster runs one before that shows: `30m`, or `1h..72h` to be drawn. Left out: it never becomes
    /// healthy.
    pub after: Option<String>,
    /// How long it lasts. Left out: until another release comes.
    pub r#for: Option<String>,
}

/// How long clusters take to deliver.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeliverySpec {
    /// In which environments. Left out: in each.
    #[serde(default)]
    pub r#in: Vec<String>,
    /// How long: `5m`, or `2m..20m` to be drawn.
    pub takes: String,
}

/// What befalls clusters for a while.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TroubleSpec {
    /// Which clusters.
    pub clusters: Vec<String>,
    /// From when.
    pub from: String,
    /// Until when. Left out: to the end.
    pub until: Option<String>,
}

/// An alert that fires for a while.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FiringSpec {
    /// Which source of the path says so. Left out: each.
    pub source: Option<String>,
    /// Its labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// On which clusters. Left out: on all.
    #[serde(default)]
    pub clusters: Vec<String>,
    /// From when.
    pub from: String,
    /// Until when. Left out: to the end.
    pub until: Option<String>,
}

/// People who do what Towpath waits for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PeopleSpec {
    /// Who: `Name <email>`. Left out: whom the gate names, or somebody.
    #[serde(default)]
    pub by: Vec<String>,
    /// When they are at work: `Mon-Fri 09:00-17:00 Europe/Berlin`; without a zone on the clock of `zone`. Left out:
    /// always.
    pub office_hours: Option<String>,
    /// How long after they are asked they answer: `2h`, which it is when left out.
    pub after: Option<String>,
}

/// How tests and outside statuses go.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TestsSpec {
    /// How long after all clusters run a release a test ends, and after its release a status is reported: `10m`, or
    /// `5m..1h` to be drawn. Left out: ten minutes.
    pub takes: Option<String>,
    /// How many fail: `5%`. Left out: none.
    pub fail: Option<String>,
}

/// An emergency stop.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FreezeSpec {
    /// Of which environment. Left out: of all.
    pub environment: Option<String>,
    /// From when.
    pub from: String,
    /// Until when. Left out: to the end.
    pub until: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// A mistake in a scenario file, with its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{report}")]
pub struct ScenarioFileError {
    /// File, line, column, what is wrong, and the line itself.
    pub report: String,
}

/// Reads a scenario file. `now` is when a scenario begins that does not say so.
///
/// # Errors
/// [`ScenarioFileError`] with file, line, column and the line, for malformed YAML, unknown keys, wrong types, and values
/// that are none.
pub fn parse(file: &str, source: &[u8], now: Timestamp) -> Result<Scenario, ScenarioFileError> {
    let documents = towpath_yaml::parse(source)
        .map_err(|e| ScenarioFileError { report: e.report(file, source) })?;
    let place = |node: Option<&Node>, message: &str| ScenarioFileError {
        report: report(file, source, node.map(|node| node.span).as_ref(), message),
    };
    let [document] = documents.as_slice() else {
        let second = documents.get(1).map(|d| &d.root);
        return Err(place(second, "a scenario is stated in exactly one YAML document"));
    };
    if document.root.as_map().is_none() {
        let message = "a scenario is a mapping: apiVersion, kind and spec";
        return Err(place(Some(&document.root), message));
    }
    let json = without_nulls(document.root.to_json());
    let parsed: ScenarioFile = serde_path_to_error::deserialize(&json).map_err(|e| {
        let keys: Vec<String> = e.path().iter().map(|s| s.to_string()).collect();
        let message = e.inner().to_string();
        let at = locate(document, &keys, &message);
        ScenarioFileError { report: report(file, source, Some(&at), &tidy(&message)) }
    })?;
    if parsed.kind != "Scenario" {
        return Err(place(document.root.get("kind"), "kind must be `Scenario`"));
    }
    if parsed.api_version != API_VERSION {
        let message = format!("apiVersion must be `{API_VERSION}`");
        return Err(place(document.root.get("apiVersion"), &message));
    }
    convert(&parsed.spec, now)
        .map_err(|wrong| place(Some(deepest(&document.root, &wrong.at)), &wrong.message))
}

/// The scenario of a file that states nothing.
///
/// # Panics
/// Never: what is left out is right.
#[must_use]
pub fn without_file(now: Timestamp) -> Scenario {
    let scenario = convert(&ScenarioSpec::default(), now).map_err(|wrong| wrong.message);
    scenario.expect("what is left out is right")
}

/// What the values of a file are read with.
struct Reader {
    zone: String,
    clock: Option<Zone>,
}

fn convert(spec: &ScenarioSpec, now: Timestamp) -> Result<Scenario, Wrong> {
    let zone = spec.zone.clone().unwrap_or_else(|| "UTC".to_owned());
    let clock = Zone::parse(&zone).map_err(|e| wrong(&[&"zone"], e))?;
    let reader = Reader { zone, clock: Some(clock) };
    let start = spec.start.as_deref().map(|text| reader.time(text, &[&"start"]));
    let start = start.transpose()?.unwrap_or(now);
    let end = match (&spec.end, &spec.r#for) {
        (Some(_), Some(_)) => return Err(wrong(&[&"for"], "`end` says when it ends already")),
        (Some(end), None) => reader.time(end, &[&"end"])?,
        (None, long) => {
            let long = long.as_deref().map_or(Ok(LONG), duration);
            let long = long.map_err(|e| wrong(&[&"for"], e))?;
            start.checked_add(long).map_err(|_| wrong(&[&"for"], "it ends beyond all time"))?
        }
    };
    if end <= start {
        let at: &[&dyn Display] = if spec.end.is_some() { &[&"end"] } else { &[&"for"] };
        return Err(wrong(at, format!("it ends at {end}, which is not after its start, {start}")));
    }
    let weekly = [ReleasesSpec { every: Some("7d".to_owned()), ..ReleasesSpec::default() }];
    let releases = spec.releases.as_deref().unwrap_or(&weekly);
    Ok(Scenario {
        start,
        end,
        seed: spec.seed,
        releases: each(releases, |i, one| reader.releases(i, one))?,
        failures: each(&spec.failures, |i, one| {
            let below: [&dyn Display; 2] = [&"failures", &i];
            let how = FailingSpec {
                r#in: one.r#in.clone(),
                clusters: one.clusters.clone(),
                after: one.after.clone(),
                r#for: one.r#for.clone(),
            };
            Ok(Failures {
                components: components(&one.components, &below)?,
                chance: share(&one.chance, &join(&below, &[&"chance"]))?,
                how: failing(&how, &below)?,
            })
        })?,
        deliveries: each(&spec.delivery, |i, one| {
            let below: [&dyn Display; 2] = [&"delivery", &i];
            Ok(Delivery {
                environments: environments(&one.r#in, &below)?,
                takes: between(&one.takes, &join(&below, &[&"takes"]))?,
            })
        })?,
        troubles: [(&spec.lost, "lost", Ill::Lost), (&spec.broken, "broken", Ill::Broken)]
            .into_iter()
            .map(|(list, key, what)| each(list, |i, one| reader.trouble(key, i, one, what)))
            .collect::<Result<Vec<_>, _>>()?
            .concat(),
        alerts: each(&spec.alerts, |i, one| reader.alert(i, one))?,
        approvals: reader.people("approvals", &spec.approvals.clone().unwrap_or_default())?,
        promotions: spec
            .promotions
            .as_ref()
            .map(|people| reader.people("promotions", people))
            .transpose()?,
        tests: tests(&spec.tests.clone().unwrap_or_default())?,
        freezes: each(&spec.freezes, |i, one| reader.freeze(i, one))?,
    })
}

impl Reader {
    fn time(&self, text: &str, at: &[&dyn Display]) -> Result<Timestamp, Wrong> {
        towpath_core::window::span::moment(text, self.clock.as_ref()).map_err(|e| wrong(at, e))
    }

    fn span(
        &self,
        (from, until): (&str, Option<&str>),
        below: &[&dyn Display],
    ) -> Result<(Timestamp, Option<Timestamp>), Wrong> {
        let from = self.time(from, &join(below, &[&"from"]))?;
        let at = join(below, &[&"until"]);
        let until = until.map(|text| self.time(text, &at)).transpose()?;
        if until.is_some_and(|until| until <= from) {
            return Err(wrong(&at, "it ends before it begins"));
        }
        Ok((from, until))
    }

    fn releases(&self, i: usize, spec: &ReleasesSpec) -> Result<Arrivals, Wrong> {
        let below: [&dyn Display; 2] = [&"releases", &i];
        let when = match (&spec.at, &spec.every, &spec.cron) {
            (Some(at), None, None) => When::At(self.time(at, &join(&below, &[&"at"]))?),
            (None, Some(every), None) => {
                let at = join(&below, &[&"every"]);
                let every = duration(every).map_err(|e| wrong(&at, e))?;
                if every < Duration::from_secs(60) {
                    return Err(wrong(&at, "releases are at least a minute apart"));
                }
                When::Every(every)
            }
            (None, None, Some(cron)) => {
                let schedule = Recurring::parse(cron, "1m", &self.zone);
                When::Schedule(schedule.map_err(|e| wrong(&join(&below, &[&"cron"]), e))?)
            }
            _ => {
                return Err(wrong(&below, "releases have one of `at`, `every` and `cron`"));
            }
        };
        let version =
            match &spec.version {
                Some(_) if !matches!(when, When::At(_)) => {
                    let message = "a version appears once: give it `at` which time";
                    return Err(wrong(&join(&below, &[&"version"]), message));
                }
                Some(text) => {
                    let version = Version::parse(text);
                    Some(version.map_err(|e| {
                        wrong(&join(&below, &[&"version"]), towpath_core::chain(&e))
                    })?)
                }
                None => None,
            };
        let fails = each(&spec.fails, |j, one| failing(one, &join(&below, &[&"fails", &j])))?;
        Ok(Arrivals {
            components: components(&spec.components, &below)?,
            when,
            version,
            bump: match spec.bump {
                None | Some(BumpSpec::Patch) => Bump::Patch,
                Some(BumpSpec::Minor) => Bump::Minor,
                Some(BumpSpec::Major) => Bump::Major,
            },
            by: spec.by.clone().unwrap_or_else(|| "Releaser <releaser@example.com>".to_owned()),
            fails,
        })
    }

    fn trouble(
        &self,
        key: &str,
        i: usize,
        spec: &TroubleSpec,
        what: Ill,
    ) -> Result<Trouble, Wrong> {
        let below: [&dyn Display; 2] = [&key, &i];
        let (from, until) = self.span((&spec.from, spec.until.as_deref()), &below)?;
        Ok(Trouble { clusters: clusters(&spec.clusters, &below)?, what, from, until })
    }

    fn alert(&self, i: usize, spec: &FiringSpec) -> Result<Firing, Wrong> {
        let below: [&dyn Display; 2] = [&"alerts", &i];
        let (from, until) = self.span((&spec.from, spec.until.as_deref()), &below)?;
        let source = spec.source.as_deref().map(SourceName::parse).transpose();
        let source = source.map_err(|e| wrong(&join(&below, &[&"source"]), e))?;
        let (labels, clusters) = (spec.labels.clone(), clusters(&spec.clusters, &below)?);
        Ok(Firing { source, labels, clusters, from, until })
    }

    fn people(&self, key: &str, spec: &PeopleSpec) -> Result<People, Wrong> {
        let hours = spec.office_hours.as_deref().map(|text| hours::parse(text, &self.zone));
        let hours = hours.transpose().map_err(|e| wrong(&[&key, &"officeHours"], e))?;
        let after = spec.after.as_deref().unwrap_or("2h");
        Ok(People {
            by: spec.by.clone(),
            hours: hours
                .into_iter()
                .map(|span| Window { kind: Kind::Allow, reason: None, span: Span::Recurring(span) })
                .collect(),
            after: duration(after).map_err(|e| wrong(&[&key, &"after"], e))?,
            known: Vec::new(),
        })
    }

    fn freeze(&self, i: usize, spec: &FreezeSpec) -> Result<Freeze, Wrong> {
        let below: [&dyn Display; 2] = [&"freezes", &i];
        let (from, until) = self.span((&spec.from, spec.until.as_deref()), &below)?;
        let environment = spec.environment.as_deref().map(EnvironmentName::parse).transpose();
        Ok(Freeze {
            environment: environment.map_err(|e| wrong(&join(&below, &[&"environment"]), e))?,
            from,
            until,
            by: "Freezer <freezer@example.com>".to_owned(),
            reason: spec.reason.clone().unwrap_or_else(|| "so says the scenario".to_owned()),
        })
    }
}

fn tests(spec: &TestsSpec) -> Result<Tests, Wrong> {
    let takes = spec.takes.as_deref().unwrap_or("10m");
    Ok(Tests {
        takes: between(takes, &[&"tests", &"takes"])?,
        fail: spec.fail.as_deref().map_or(Ok(Share::NONE), |f| share(f, &[&"tests", &"fail"]))?,
        known_to_fail: Vec::new(),
    })
}

fn failing(spec: &FailingSpec, below: &[&dyn Display]) -> Result<Failing, Wrong> {
    let after = spec.after.as_deref().map(|text| between(text, &join(below, &[&"after"])));
    let lasts = spec.r#for.as_deref().map(duration).transpose();
    Ok(Failing {
        environments: environments(&spec.r#in, below)?,
        clusters: clusters(&spec.clusters, below)?,
        after: after.transpose()?.unwrap_or(Between::exactly(Duration::ZERO)),
        lasts: lasts.map_err(|e| wrong(&join(below, &[&"for"]), e))?,
    })
}

fn between(text: &str, at: &[&dyn Display]) -> Result<Between, Wrong> {
    let read = |text: &str| duration(text.trim()).map_err(|e| wrong(at, e));
    match text.split_once("..") {
        None => Ok(Between::exactly(read(text)?)),
        Some((least, most)) => {
            let (least, most) = (read(least)?, read(most)?);
            match least <= most {
                true => Ok(Between { least, most }),
                false => Err(wrong(at, format!("{text:?} goes down"))),
            }
        }
    }
}

fn share(text: &str, at: &[&dyn Display]) -> Result<Share, Wrong> {
    let none = || wrong(at, format!("{text:?} is no share; write `10%` or `0.5%`"));
    let number = text.trim().strip_suffix('%').ok_or_else(none)?;
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(part) || part.len() > 2 {
        return Err(none());
    }
    let hundredths = format!("{whole}{part:0<2}").parse::<u16>().map_err(|_| none())?;
    (hundredths <= Share::ALL.0).then_some(Share(hundredths)).ok_or_else(none)
}

fn environments(list: &[String], below: &[&dyn Display]) -> Result<Vec<EnvironmentName>, Wrong> {
    each(list, |i, name| {
        EnvironmentName::parse(name).map_err(|e| wrong(&join(below, &[&"in", &i]), e))
    })
}

fn clusters(list: &[String], below: &[&dyn Display]) -> Result<Vec<ClusterName>, Wrong> {
    each(list, |i, name| {
        ClusterName::parse(name).map_err(|e| wrong(&join(below, &[&"clusters", &i]), e))
    })
}

fn components(list: &[String], below: &[&dyn Display]) -> Result<Vec<ComponentName>, Wrong> {
    each(list, |i, name| {
        ComponentName::parse(name).map_err(|e| wrong(&join(below, &[&"components", &i]), e))
    })
}

fn each<T, U>(
    list: &[T],
    convert: impl Fn(usize, &T) -> Result<U, Wrong>,
) -> Result<Vec<U>, Wrong> {
    list.iter().enumerate().map(|(i, one)| convert(i, one)).collect()
}

fn join<'a>(below: &[&'a dyn Display], keys: &[&'a dyn Display]) -> Vec<&'a dyn Display> {
    [below, keys].concat()
}
