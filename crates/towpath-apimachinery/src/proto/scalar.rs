//! Times, lengths of time and numbers as Go writes them to JSON.
//!
//! Source of the contract: `kubernetes/apimachinery:pkg/apis/meta/v1/time.go`, `micro_time.go`, `duration.go` and the
//! `_proto.go` files beside them.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::{Number, Value};

use super::fault::Fault;

/// What is no UTF-8 is replaced, as Go does where it writes JSON.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// A time of whole seconds.
pub(super) fn time(seconds: i64) -> Result<Value, Fault> {
    let time = Timestamp::from_second(seconds).map_err(|_| Fault::Time)?;
    Ok(time.to_string().into())
}

/// A time with six digits behind the point, always.
pub(super) fn micro_time(seconds: i64, nanos: i64) -> Result<Value, Fault> {
    let nanos = i32::try_from(nanos / 1000 * 1000).map_err(|_| Fault::Time)?;
    let time = Timestamp::new(seconds, nanos).map_err(|_| Fault::Time)?;
    Ok(time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string().into())
}

/// A length of time such as `1h0m2.5s`.
pub(super) fn duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let left = nanos.unsigned_abs();
    let short = |unit: u64, name: &str| {
        let (whole, part) = (left / unit, left % unit);
        format!("{sign}{whole}{}{name}", fraction(part, unit))
    };
    match left {
        0 => "0s".to_owned(),
        1..1_000 => format!("{sign}{left}ns"),
        1_000..1_000_000 => short(1_000, "µs"),
        1_000_000..1_000_000_000 => short(1_000_000, "ms"),
        _ => {
            let (seconds, part) = (left / 1_000_000_000, left % 1_000_000_000);
            let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
            let seconds = format!("{}{}s", seconds % 60, fraction(part, 1_000_000_000));
            match (hours, minutes) {
                (0, 0) => format!("{sign}{seconds}"),
                (0, _) => format!("{sign}{minutes}m{seconds}"),
                _ => format!("{sign}{hours}h{minutes}m{seconds}"),
            }
        }
    }
}

/// What follows the point, with it, of `part` of a power of ten.
fn fraction(part: u64, unit: u64) -> String {
    if part == 0 {
        return String::new();
    }
    let digits = unit.ilog10() as usize;
    format!(".{part:0digits$}").trim_end_matches('0').to_owned()
}

/// A float: what is whole is written without a point.
pub(super) fn double(number: f64) -> Result<Value, Fault> {
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < WHOLE {
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
        return Ok((number as i64).into());
    }
    Number::from_f64(number).map(Value::Number).ok_or(Fault::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_those_of_go() {
        for (nanos, expected) in [
            (0, "0s"),
            (1, "1ns"),
            (1_500, "1.5µs"),
            (-2_000_000, "-2ms"),
            (90_000_000_000, "1m30s"),
            (3_600_000_000_000, "1h0m0s"),
            (3_602_500_000_000, "1h0m2.5s"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ] {
            assert_eq!(duration(nanos), expected);
        }
    }

    #[test]
    fn times_have_their_digits() -> Result<(), Fault> {
        assert_eq!(time(0)?, "1970-01-01T00:00:00Z");
        assert_eq!(time(1_700_000_000)?, "2023-11-14T22:13:20Z");
        assert_eq!(time(i64::MAX), Err(Fault::Time));
        assert_eq!(micro_time(1_700_000_000, 1_234_567)?, "2023-11-14T22:13:20.001234Z");
        assert_eq!(micro_time(0, 0)?, "1970-01-01T00:00:00.000000Z");
        Ok(())
    }

    #[test]
    fn whole_floats_have_no_point() -> Result<(), Fault> {
        for (number, expected) in [(10.0, "10"), (-0.5, "-0.5"), (1e300, "1e+300")] {
            assert_eq!(double(number)?.to_string(), expected);
        }
        assert_eq!(double(f64::NAN), Err(Fault::Number));
        Ok(())
    }
}
