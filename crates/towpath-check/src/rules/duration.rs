//! Durations as Flux takes them.

use std::time::Duration;

use serde_json::Value;

use super::object::text;

/// The duration at a path, where it is one.
pub(super) fn duration(value: &Value, path: &str) -> Option<Duration> {
    parse_duration(text(value, path)?)
}

/// A duration as Go writes and Flux takes them: `1h30m`, `1.5s`. `None` for any other text, and for what is negative.
fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut seconds = 0.0_f64;
    loop {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        // Before `m`, of which `ms` begins.
        let units = [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3)];
        let units = units.into_iter().chain([("s", 1.0), ("m", 60.0), ("h", 3600.0)]);
        let (unit, each) = units.into_iter().find(|(unit, _)| rest.starts_with(unit))?;
        seconds += number * each;
        rest = &rest[unit.len()..];
        if rest.is_empty() {
            return Duration::try_from_secs_f64(seconds).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go() {
        for (text, want) in [
            ("1m0s", Some(60_000)),
            ("1h30m", Some(5_400_000)),
            ("1.5s", Some(1_500)),
            ("250ms", Some(250)),
            ("0", Some(0)),
            ("8760h", Some(31_536_000_000)),
            ("5", None),
            ("5d", None),
            ("m", None),
            ("", None),
            ("-1m", None),
            ("${interval}", None),
        ] {
            let want = want.map(Duration::from_millis);
            assert_eq!(parse_duration(text), want, "{text}");
        }
    }
}
