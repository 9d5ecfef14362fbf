//! Ages and lists, as tables write them.
//!
//! Source of the contract: `kubernetes/apimachinery:pkg/util/duration/duration.go`.

use jiff::Timestamp;

/// How long ago a time was.
#[must_use]
pub fn age(time: &str, now: Timestamp) -> String {
    match time.parse::<Timestamp>() {
        Ok(then) => duration(now.as_second() - then.as_second()),
        Err(_) if time.is_empty() => "<unknown>".to_owned(),
        Err(_) => "<invalid>".to_owned(),
    }
}

/// A length of time in two units at most.
#[must_use]
pub(super) fn duration(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;
    let two = |seconds: i64, large: i64, small: i64, names: [&str; 2]| {
        let (first, rest) = (seconds / large, seconds % large / small);
        if rest == 0 {
            format!("{first}{}", names[0])
        } else {
            format!("{first}{}{rest}{}", names[0], names[1])
        }
    };
    match seconds {
        // Clocks differ by a second.
        -1 => "0s".to_owned(),
        ..-1 => "<invalid>".to_owned(),
        _ if seconds < 2 * MINUTE => format!("{seconds}s"),
        _ if seconds < 10 * MINUTE => two(seconds, MINUTE, 1, ["m", "s"]),
        _ if seconds < 3 * HOUR => format!("{}m", seconds / MINUTE),
        _ if seconds < 8 * HOUR => two(seconds, HOUR, MINUTE, ["h", "m"]),
        _ if seconds < 2 * DAY => format!("{}h", seconds / HOUR),
        _ if seconds < 8 * DAY => two(seconds, DAY, HOUR, ["d", "h"]),
        _ if seconds < 2 * YEAR => format!("{}d", seconds / DAY),
        _ if seconds < 8 * YEAR => two(seconds, YEAR, DAY, ["y", "d"]),
        _ => format!("{}y", seconds / YEAR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_two_units_at_most() {
        for (seconds, expected) in [
            (-5, "<invalid>"),
            (-1, "0s"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (125, "2m5s"),
            (600, "10m"),
            (3 * 3600 - 1, "179m"),
            (3 * 3600, "3h"),
            (3 * 3600 + 60, "3h1m"),
            (9 * 3600, "9h"),
            (2 * 86400 + 3600, "2d1h"),
            (9 * 86400, "9d"),
            (2 * 365 * 86400, "2y"),
            (2 * 365 * 86400 + 86400, "2y1d"),
        ] {
            assert_eq!(duration(seconds), expected, "{seconds}");
        }
    }
}
