//! Prometheus: alerts from the series `ALERTS`, metrics by instant queries.
//!
//! Source of the contract: `prometheus/prometheus:docs/querying/api.md`, `web/api/v1/api.go`. Thanos and its
//! like are told not to leave out what they cannot reach. Must not judge what was counted or measured.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Number;
use towpath_core::source::{
    AlertsQuestion, AlertsSeen, Labels, Matcher, MetricQuestion, MetricSeen, Sampled, Series,
    Source, Stretch,
};
use towpath_engine::gauge::GaugeProblem;

use super::fault::{self, Fault};
use super::http::{Answer, Session};

/// The shortest time between two samples, in seconds: few sources look more often.
const MIN_STEP: u64 = 15;
/// How many samples are asked for at most; Prometheus refuses more than 11,000.
const MAX_SAMPLES: u64 = 10_000;
/// How many samples make the mean of a baseline at most.
const MAX_BASELINE_SAMPLES: u64 = 1_000;

pub(super) async fn alerts(
    session: &Session,
    source: &Source,
    question: &AlertsQuestion,
    now: Timestamp,
) -> Result<AlertsSeen, Fault> {
    let selector = selector(&question.matchers_for(source));
    let fires = query(session, &selector, now).await?;
    let firing = fires.into_iter().map(|series| alert(series.labels)).collect();
    let grid = Grid::of(question.over, now)?;
    let counts = counted(&selector, source.heartbeat(), grid.step);
    let samples = grid.whole(range(session, &counts, &grid).await?)?;
    Ok(match question.over.is_zero() {
        true => AlertsSeen { firing, history: Vec::new() },
        false => AlertsSeen::of(firing, samples),
    })
}

pub(super) async fn metric(
    session: &Session,
    question: &MetricQuestion,
    now: Timestamp,
) -> Result<MetricSeen, Fault> {
    let series = query(session, &question.query, now).await?;
    let baseline = match question.baseline {
        None => None,
        Some(stretch) => {
            let mean = mean(&question.query, stretch)?;
            Some(query(session, &mean, stretch.until).await?)
        }
    };
    Ok(MetricSeen { series, baseline })
}

fn selector(matchers: &[Matcher]) -> String {
    let all: String = matchers.iter().map(|matcher| format!(",{matcher}")).collect();
    format!("ALERTS{{alertstate=\"firing\"{all}}}")
}

/// How many alerts fired, at those times at which the heartbeat was there. An alert that came and went
/// between two samples counts at the later one.
fn counted(selector: &str, heartbeat: &str, step: u64) -> String {
    let between = format!("last_over_time({selector}[{step}s])");
    format!("(count({selector} or {between}) or vector(0)) and on() count({heartbeat}\n)")
}

/// The mean of a query over a stretch of time, to be asked for at its end.
fn mean(query: &str, stretch: Stretch) -> Result<String, Fault> {
    let seconds = stretch.until.duration_since(stretch.from).as_secs();
    let seconds = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0);
    let seconds = seconds.ok_or_else(|| {
        Fault::new(GaugeProblem::Refused, "the baseline ends before it has lasted for a second")
    })?;
    let step = seconds.div_ceil(MAX_BASELINE_SAMPLES).max(MIN_STEP);
    Ok(format!("avg_over_time(({query}\n)[{seconds}s:{step}s])"))
}

/// The labels of an alert, without those that all alerts share.
fn alert(labels: Labels) -> Labels {
    let Labels(mut labels) = labels;
    labels.remove("alertstate");
    Labels(labels)
}

/// The times of the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Grid {
    from: Timestamp,
    until: Timestamp,
    /// In seconds.
    step: u64,
    /// How many samples there are.
    samples: u64,
}

impl Grid {
    /// Samples from at least `over` ago up to and including now.
    fn of(over: Duration, now: Timestamp) -> Result<Self, Fault> {
        let seconds = over.as_secs() + u64::from(over.subsec_nanos() > 0);
        let step = seconds.div_ceil(MAX_SAMPLES).max(MIN_STEP);
        let steps = seconds.div_ceil(step);
        let back = i64::try_from(steps * step).ok().map(SignedDuration::from_secs);
        let from = back.and_then(|back| now.checked_sub(back).ok());
        let from = from
            .ok_or_else(|| Fault::new(GaugeProblem::Refused, "the time asked for is too long"))?;
        Ok(Self { from, until: now, step, samples: steps + 1 })
    }

    /// The samples, if none is missing. Prometheus leaves out those times that have no result.
    fn whole(&self, samples: Vec<Sampled>) -> Result<Vec<Sampled>, Fault> {
        let missing = self.samples.saturating_sub(samples.len() as u64);
        if missing == 0 {
            return Ok(samples);
        }
        let step = SignedDuration::from_secs(i64::try_from(self.step).unwrap_or(i64::MAX));
        let mut first = self.from;
        for sample in &samples {
            // Times go there and back as decimals of a second.
            if sample.at.duration_since(first).abs() >= step / 2 {
                break;
            }
            first = first.checked_add(step).unwrap_or(Timestamp::MAX);
        }
        let first = Timestamp::from_second(first.as_second()).unwrap_or(first);
        let why = format!(
            "it was not at work at {missing} of {} samples, first at {first}",
            self.samples
        );
        Err(Fault::new(GaugeProblem::Partial, why).hint(
            "wait, or give the source a `heartbeat` that has a result whenever it is at work",
        ))
    }
}

/// An answer of the API.
#[derive(Deserialize)]
struct Envelope {
    status: String,
    #[serde(default)]
    data: Option<Data>,
    #[serde(default, rename = "errorType")]
    error_type: String,
    #[serde(default)]
    error: String,
    /// What may be missing from the result. There are `infos` as well, which are about the query and
    /// not about what is missing: a counter whose name does not end as those of counters do.
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Vector(Vec<Vector>),
    Scalar(Point),
    Matrix(Vec<Matrix>),
    String(Point),
}

#[derive(Deserialize)]
struct Vector {
    metric: BTreeMap<String, String>,
    /// A histogram has none.
    value: Option<Point>,
}

#[derive(Deserialize)]
struct Matrix {
    #[serde(default)]
    values: Vec<Point>,
}

/// A time in seconds, and the number as text.
#[derive(Deserialize)]
struct Point(Number, String);

async fn query(session: &Session, query: &str, at: Timestamp) -> Result<Vec<Series>, Fault> {
    let time = seconds(at);
    let pairs = [("query", query), ("time", time.as_str()), ("partial_response", "false")];
    let refused = |what: &str| Fault::new(GaugeProblem::Refused, what);
    match read(session, session.post("/api/v1/query", &pairs).await?)? {
        Data::Vector(all) => all.into_iter().map(Series::try_from).collect(),
        Data::Scalar(Point(_, value)) => Ok(vec![Series { labels: Labels::default(), value }]),
        Data::Matrix(_) => Err(refused("the query gives a range of times and not one value")),
        Data::String(Point(_, text)) => {
            let why = format!("the query gives a text and not a number: {text}");
            Err(refused(&session.secrets.clean(&why)))
        }
    }
}

impl TryFrom<Vector> for Series {
    type Error = Fault;

    fn try_from(vector: Vector) -> Result<Self, Fault> {
        let Vector { mut metric, value } = vector;
        metric.remove("__name__");
        let Some(Point(_, value)) = value else {
            let why = "the query gives histograms and not numbers";
            return Err(Fault::new(GaugeProblem::Refused, why));
        };
        Ok(Series { labels: Labels(metric), value })
    }
}

async fn range(session: &Session, query: &str, grid: &Grid) -> Result<Vec<Sampled>, Fault> {
    let (start, end, step) = (seconds(grid.from), seconds(grid.until), grid.step.to_string());
    let pairs = [
        ("query", query),
        ("start", start.as_str()),
        ("end", end.as_str()),
        ("step", step.as_str()),
        ("partial_response", "false"),
    ];
    let data = read(session, session.post("/api/v1/query_range", &pairs).await?)?;
    let Data::Matrix(series) = data else {
        return Err(fault::unreadable("the answer to a range is none"));
    };
    let points = series.into_iter().flat_map(|series| series.values);
    points
        .map(sampled)
        .collect::<Option<_>>()
        .ok_or_else(|| fault::unreadable("the answer has a time or a count that is none"))
}

fn sampled(Point(at, count): Point) -> Option<Sampled> {
    let at = Timestamp::from_millisecond((at.as_f64()? * 1000.0).round() as i64).ok()?;
    Some(Sampled { at, firing: count.parse().ok()? })
}

/// A time as the API takes it: seconds with a fraction.
fn seconds(at: Timestamp) -> String {
    let millis = at.as_millisecond();
    format!("{}.{:03}", millis.div_euclid(1000), millis.rem_euclid(1000))
}

fn read(session: &Session, answer: Answer) -> Result<Data, Fault> {
    let envelope = match serde_json::from_slice::<Envelope>(&answer.body) {
        Ok(envelope) => envelope,
        Err(_) if answer.status != 200 => {
            let said = session.secrets.clean(&String::from_utf8_lossy(&answer.body));
            return Err(fault::status(answer.status, &said));
        }
        Err(error) => {
            let why = format!("the answer is not understood: {error}");
            return Err(fault::unreadable(session.secrets.clean(&why)));
        }
    };
    let said = session.secrets.clean(&format!("{}: {}", envelope.error_type, envelope.error));
    if envelope.status != "success" {
        return Err(match answer.status {
            200 => Fault::new(GaugeProblem::Refused, said),
            code => fault::status(code, &said),
        });
    }
    if answer.status != 200 {
        return Err(fault::status(answer.status, ""));
    }
    if !envelope.warnings.is_empty() {
        let why = format!("the answer is not whole: {}", envelope.warnings.join("; "));
        return Err(Fault::new(GaugeProblem::Partial, session.secrets.clean(&why)));
    }
    envelope.data.ok_or_else(|| fault::unreadable("the answer has no data"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::constant(second, 0)
    }

    #[test]
    fn grids_reach_back_far_enough_with_few_samples() -> Result<(), Fault> {
        // Seconds asked for; seconds between samples, how many.
        let cases = [
            (0, 15, 1),
            (1, 15, 2),
            (60, 15, 5),
            (3600, 15, 241),
            (150_000, 15, 10_001),
            (150_001, 16, 9_377),
            (30 * 86_400, 260, 9_971),
        ];
        for (over, step, samples) in cases {
            let grid = Grid::of(Duration::from_secs(over), at(1_000_000_000))?;
            assert_eq!((grid.step, grid.samples), (step, samples), "{over}");
            let reaches = grid.until.duration_since(grid.from).as_secs();
            assert_eq!(reaches, i64::try_from(step * (samples - 1)).expect("small"));
            assert!(reaches >= i64::try_from(over).expect("small"), "{over}");
        }
        Ok(())
    }

    #[test]
    fn a_sample_that_is_missing_is_found() -> Result<(), Fault> {
        let grid = Grid::of(Duration::from_secs(60), at(600))?;
        let with = |times: &[i64]| {
            grid.whole(times.iter().map(|t| Sampled { at: at(*t), firing: 0 }).collect())
        };
        assert_eq!(with(&[540, 555, 570, 585, 600])?.len(), 5);
        for (times, first) in [
            (vec![540, 570, 585, 600], "1970-01-01T00:09:15Z"),
            (vec![555, 570, 585, 600], "1970-01-01T00:09:00Z"),
            (vec![540, 555, 570, 585], "1970-01-01T00:10:00Z"),
            (vec![], "1970-01-01T00:09:00Z"),
        ] {
            let fault = with(&times).expect_err("a sample is missing");
            assert!(format!("{fault:?}").contains(&format!("first at {first}")), "{fault:?}");
        }
        Ok(())
    }

    #[test]
    fn times_are_written_as_seconds() {
        assert_eq!(seconds(at(12)), "12.000");
        assert_eq!(seconds(Timestamp::constant(12, 34_567_890)), "12.034");
    }
}
