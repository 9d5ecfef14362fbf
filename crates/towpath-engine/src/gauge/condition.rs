//! Conditions on what was measured: CEL over `value`, `values`, `baseline` and `change`.
//!
//! - `value` is the result of the query, if it is one series, as a double.
//! - `values` are the values of all series, in the order of their labels.
//! - `baseline` is the mean over the time of the baseline, `change` how many per cent `value` is away from
//!   it: `change < 10.0` is less than a tenth more.
//!
//! What is not there is never guessed: no series and `NaN` are no data, and no data never holds, not even
//! for `values.all(v, v < 1.0)`. A condition is compiled where it is written, so that a mistake is
//! found before anything waits for it. Must not know where the numbers come from.

use serde_json::{Number, Value as Json};
use towpath_core::source::{Met, MetricSeen, Series};
use towpath_schema::cel::{Answer, Compile, Program, Scope, Steps};

const VALUE: &str = "value";
const VALUES: &str = "values";
const BASELINE: &str = "baseline";
const CHANGE: &str = "change";

/// A condition, compiled.
#[derive(Debug)]
pub struct Condition {
    program: Program,
}

/// Why a text is no condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCondition {
    /// It is no expression of CEL, or names what is not there.
    #[error("{0}")]
    Compile(#[from] Compile),
    /// It reads nothing that was measured, so it says the same always.
    #[error("it reads none of `value`, `values`, `baseline`, `change`")]
    Constant,
    /// It compares with a baseline that nobody asks for.
    #[error("it reads `{0}`, and no `baseline` is declared")]
    NoBaseline(&'static str),
    /// It is no yes or no.
    #[error("it is not a question that is answered by yes or no")]
    NotBool,
}

/// Why there is no value for a variable.
enum Missing {
    NoData,
    CannotTell(String),
}

impl From<Missing> for Met {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::NoData => Met::NoData,
            Missing::CannotTell(why) => Met::CannotTell(why),
        }
    }
}

impl Condition {
    /// Compiles a condition. `has_baseline` says whether a baseline is asked for with the query.
    ///
    /// # Errors
    /// [`InvalidCondition`]; where the text is no CEL, with line and column.
    pub fn compile(text: &str, has_baseline: bool) -> Result<Self, InvalidCondition> {
        let program = Program::compile(text, &[VALUE, VALUES, BASELINE, CHANGE])?;
        if ![VALUE, VALUES, BASELINE, CHANGE].iter().any(|name| program.reads(name)) {
            return Err(InvalidCondition::Constant);
        }
        let named = [BASELINE, CHANGE].into_iter().find(|name| program.reads(name));
        if let Some(name) = named.filter(|_| !has_baseline) {
            return Err(InvalidCondition::NoBaseline(name));
        }
        let condition = Self { program };
        // The language says what an expression is only when it is evaluated: so it is, once.
        match condition.say(Some(1.0), &[1.0], Some(1.0)) {
            Ok(Answer::Bool(_)) | Err(_) => Ok(condition),
            Ok(_) => Err(InvalidCondition::NotBool),
        }
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        self.program.text()
    }

    /// What it says of what was measured.
    #[must_use]
    pub fn judge(&self, seen: &MetricSeen) -> Met {
        self.judged(seen).unwrap_or_else(Met::from)
    }

    fn judged(&self, seen: &MetricSeen) -> Result<Met, Missing> {
        let values = numbers(&seen.series)?;
        if values.is_empty() {
            return Err(Missing::NoData);
        }
        let (reads_baseline, reads_change) =
            (self.program.reads(BASELINE), self.program.reads(CHANGE));
        let one = |values: &[f64], of: &str| match values {
            [] => Err(Missing::NoData),
            [value] => Ok(*value),
            more => {
                Err(Missing::CannotTell(format!("the {of} is {} series and not one", more.len())))
            }
        };
        let value = match self.program.reads(VALUE) || reads_change {
            true => Some(one(&values, "result")?),
            false => None,
        };
        let baseline = match reads_baseline || reads_change {
            true => Some(one(&numbers(seen.baseline.as_deref().unwrap_or_default())?, "baseline")?),
            false => None,
        };
        if reads_change && baseline == Some(0.0) && value != Some(0.0) {
            let why = "the baseline is 0, of which nothing is a percentage";
            return Err(Missing::CannotTell(why.to_owned()));
        }
        Ok(match self.say(value, &values, baseline) {
            Ok(Answer::Bool(true)) => Met::Holds,
            Ok(Answer::Bool(false)) => Met::DoesNot,
            Ok(_) => Met::CannotTell("the condition is neither true nor false".to_owned()),
            Err(why) => Met::CannotTell(why),
        })
    }

    fn say(
        &self,
        value: Option<f64>,
        values: &[f64],
        baseline: Option<f64>,
    ) -> Result<Answer, String> {
        let mut scope = Scope::default();
        let change = value.zip(baseline).map(|(value, baseline)| change(value, baseline));
        for (name, number) in [(VALUE, value), (BASELINE, baseline), (CHANGE, change)] {
            if let Some(number) = number {
                scope.set(name, &double(number)?);
            }
        }
        let all: Result<Vec<Json>, String> = values.iter().copied().map(double).collect();
        scope.set(VALUES, &Json::Array(all?));
        self.program.evaluate(&scope, &mut Steps::default()).map_err(|error| error.to_string())
    }
}

/// How many per cent a value is away from a baseline.
fn change(value: f64, baseline: f64) -> f64 {
    if value == baseline { 0.0 } else { (value - baseline) / baseline.abs() * 100.0 }
}

fn double(number: f64) -> Result<Json, String> {
    Number::from_f64(number)
        .map(Json::Number)
        .ok_or_else(|| "a number is larger than can be compared".to_owned())
}

/// The numbers of series that have one, in the order of their labels.
fn numbers(series: &[Series]) -> Result<Vec<f64>, Missing> {
    let mut sorted: Vec<&Series> = series.iter().collect();
    sorted.sort();
    let mut numbers = Vec::with_capacity(sorted.len());
    for one in sorted {
        let number: f64 = one
            .value
            .parse()
            .map_err(|_| Missing::CannotTell(format!("{:?} is no number", one.value)))?;
        if number.is_infinite() {
            return Err(Missing::CannotTell(format!("{one} is infinite")));
        }
        if !number.is_nan() {
            numbers.push(number);
        }
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Values = &'static [&'static str];

    fn series(values: &[&str]) -> Vec<Series> {
        let named = values.iter().enumerate();
        named
            .map(|(n, value)| Series {
                labels: [("pod", format!("pod-{n}"))].into_iter().collect(),
                value: (*value).to_owned(),
            })
            .collect()
    }

    fn judge(text: &str, now: &[&str], before: Option<&[&str]>) -> Met {
        let seen = MetricSeen { series: series(now), baseline: before.map(series) };
        Condition::compile(text, before.is_some()).expect("a condition of a test").judge(&seen)
    }

    #[test]
    fn a_condition_holds_or_does_not() {
        let cases: [(&str, Values, Option<Values>, bool); 15] = [
            ("value < 0.01", &["0.005"], None, true),
            ("value < 0.01", &["0.01"], None, false),
            ("value < 0.01", &["1e-05"], None, true),
            ("value > 5", &["6"], None, true),
            ("value > 5", &["5"], None, false),
            ("value == 0", &["0"], None, true),
            ("value >= 1 && value <= 3", &["2"], None, true),
            ("values.all(v, v < 0.5)", &["0.1", "0.2"], None, true),
            ("values.all(v, v < 0.5)", &["0.1", "0.6"], None, false),
            ("values.exists(v, v > 1)", &["1", "2"], None, true),
            ("size(values) == 2", &["1", "2", "NaN"], None, true),
            ("change < 10", &["109"], Some(&["100"]), true),
            ("change < 10", &["110"], Some(&["100"]), false),
            ("change > -1 && change < 1", &["0"], Some(&["0"]), true),
            ("value <= baseline * 2.0", &["-1"], Some(&["4"]), true),
        ];
        for (text, now, before, holds) in cases {
            let expected = if holds { Met::Holds } else { Met::DoesNot };
            assert_eq!(judge(text, now, before), expected, "{text} {now:?} {before:?}");
        }
    }

    #[test]
    fn no_data_never_holds() {
        let cases: [(&str, Values, Option<Values>); 6] = [
            ("value < 1", &[], None),
            ("value < 1", &["NaN"], None),
            ("values.all(v, v < 1)", &[], None),
            ("size(values) == 0", &[], None),
            ("change < 1", &["1"], Some(&[])),
            ("change < 1", &["1"], Some(&["NaN"])),
        ];
        for (text, now, before) in cases {
            assert_eq!(judge(text, now, before), Met::NoData, "{text} {now:?} {before:?}");
        }
    }

    #[test]
    fn what_cannot_be_told_says_why() {
        let cases: [(&str, Values, Option<Values>, &str); 6] = [
            ("value < 1", &["0", "0"], None, "the result is 2 series and not one"),
            ("value < 1", &["+Inf"], None, "{pod=\"pod-0\"} +Inf is infinite"),
            ("value < 1", &["many"], None, "\"many\" is no number"),
            ("change < 1", &["1"], Some(&["1", "2"]), "the baseline is 2 series and not one"),
            (
                "change < 1",
                &["1"],
                Some(&["0"]),
                "the baseline is 0, of which nothing is a percentage",
            ),
            ("values[3] < 1", &["1"], None, "index out of bounds: 3"),
        ];
        for (text, now, before, why) in cases {
            assert_eq!(judge(text, now, before), Met::CannotTell(why.to_owned()), "{text} {now:?}");
        }
    }

    #[test]
    fn what_is_no_condition_is_refused_where_it_is_written() {
        let compile = |text| Condition::compile(text, false).map(|_| ()).map_err(|e| e.to_string());
        let cases = [
            ("value <", "ERROR: <input>:1:8: Syntax error"),
            ("valu < 1", "ERROR: <input>:1:1: undeclared reference to 'valu'"),
            ("true", "it reads none of"),
            ("value + 1.0", "it is not a question"),
            ("change < 1", "it reads `change`, and no `baseline` is declared"),
            ("value < baseline", "it reads `baseline`, and no `baseline` is declared"),
        ];
        for (text, expected) in cases {
            let error = compile(text).expect_err("it is no condition");
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn a_bound_is_compared_as_numbers_are(value in -1e9..1e9f64, bound in -1_000_000i32..1_000_000) {
            let whole = judge(&format!("value < {bound}"), &[&value.to_string()], None);
            let double = judge(&format!("value < {bound}.0"), &[&value.to_string()], None);
            let expected = if value < f64::from(bound) { Met::Holds } else { Met::DoesNot };
            prop_assert_eq!((&whole, &double), (&expected, &expected));
        }
    }
}
