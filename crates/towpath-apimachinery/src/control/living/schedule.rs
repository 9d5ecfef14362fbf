//! When a CronJob is due: schedules of five fields or by name, on the clock of a time zone.
//!
//! Source of the contract: `robfig/cron:parser.go`, `spec.go`, `constantdelay.go`.

use jiff::civil::{Date, DateTime};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::script::parse_duration;

/// When something is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Schedule {
    when: When,
    zone: TimeZone,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum When {
    Every(SignedDuration),
    /// Minutes, hours, days of the month, months, days of the week; a bit for each.
    Fields {
        sets: [u64; 5],
        is_any_day: bool,
    },
}

const BOUNDS: [(u32, u32, &[&str]); 5] = [
    (0, 59, &[]),
    (0, 23, &[]),
    (1, 31, &[]),
    (1, 12, &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
    (0, 6, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
];

/// How far ahead something may be due, in days.
const HORIZON: i64 = 5 * 366;

/// How far back is looked for the last time, in hours: first a little, then more.
const WINDOWS: [i64; 4] = [1, 24, 24 * 32, 24 * 366 * 5];

impl Schedule {
    /// Reads a schedule. `None` if it is none, or if there is no such zone; the API refuses both.
    pub(super) fn read(text: &str, zone: Option<&str>) -> Option<Self> {
        let (named, text) = match text.strip_prefix("CRON_TZ=").or(text.strip_prefix("TZ=")) {
            Some(rest) => {
                let (zone, rest) = rest.split_once(' ')?;
                (Some(zone), rest.trim())
            }
            None => (None, text.trim()),
        };
        let zone = match zone.or(named) {
            None | Some("UTC") => TimeZone::UTC,
            // Zones are linked, so that every machine has the same.
            Some(name) => TimeZoneDatabase::bundled().get(name).ok()?,
        };
        let text = match text {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            text => text,
        };
        if let Some(every) = text.strip_prefix("@every ") {
            let every = parse_duration(every)?.max(SignedDuration::from_secs(1));
            return Some(Self { when: When::Every(every), zone });
        }
        let fields: Vec<&str> = text.split_whitespace().collect();
        let fields: [&str; 5] = fields.try_into().ok()?;
        let mut sets = [0; 5];
        for ((set, field), bounds) in sets.iter_mut().zip(fields).zip(BOUNDS) {
            for part in field.split(',').filter(|part| !part.is_empty()) {
                *set |= bits(part, bounds)?;
            }
        }
        let is_star = |field: &str| field.starts_with(['*', '?']);
        let is_any_day = is_star(fields[2]) || is_star(fields[4]);
        Some(Self { when: When::Fields { sets, is_any_day }, zone })
    }

    /// When it is due next after an instant.
    pub(super) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.when {
            When::Every(every) => after.checked_add(*every).ok(),
            When::Fields { sets, is_any_day } => self.next_of(sets, *is_any_day, after),
        }
    }

    /// When it was due last up to an instant, if that was after another.
    pub(super) fn last(&self, after: Timestamp, until: Timestamp) -> Option<Timestamp> {
        if let When::Every(every) = &self.when {
            let passed = until.duration_since(after).as_secs() / every.as_secs().max(1);
            let due = after.checked_add(every.checked_mul(i32::try_from(passed).ok()?)?).ok()?;
            return (passed > 0).then_some(due);
        }
        for hours in WINDOWS {
            let start = until.checked_sub(SignedDuration::from_hours(hours)).unwrap_or(after);
            let mut found = None;
            let mut at = start.max(after);
            while let Some(next) = self.next(at).filter(|next| *next <= until) {
                found = Some(next);
                at = next;
            }
            if found.is_some() || start <= after {
                return found;
            }
        }
        None
    }

    fn next_of(&self, sets: &[u64; 5], is_any_day: bool, after: Timestamp) -> Option<Timestamp> {
        let has = |set: usize, number: i8| sets[set] >> number & 1 == 1;
        let start = after.to_zoned(self.zone.clone()).datetime();
        let start = start.checked_add(1.minute()).ok()?;
        let mut date = start.date();
        let last = date.checked_add(HORIZON.days()).ok()?;
        while date <= last {
            if !has(3, date.month()) {
                date = date.last_of_month().tomorrow().ok()?;
                continue;
            }
            let (of_month, of_week) =
                (has(2, date.day()), has(4, date.weekday().to_sunday_zero_offset()));
            let is_day = if is_any_day { of_month && of_week } else { of_month || of_week };
            if is_day && let Some(found) = self.on(sets, date, start, after) {
                return Some(found);
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    /// The first time of a day that is after an instant.
    fn on(
        &self,
        sets: &[u64; 5],
        date: Date,
        start: DateTime,
        after: Timestamp,
    ) -> Option<Timestamp> {
        let has = |set: usize, number: i8| sets[set] >> number & 1 == 1;
        for hour in (0..24).filter(|hour| has(1, *hour)) {
            for minute in (0..60).filter(|minute| has(0, *minute)) {
                let time = date.at(hour, minute, 0, 0);
                // An hour that comes twice may be looked at from within.
                if time < start.checked_sub(2.hours()).unwrap_or(start) {
                    continue;
                }
                let Ok(found) = self.zone.to_ambiguous_zoned(time).compatible() else { continue };
                // A time that a day does not have is none.
                if found.datetime() == time && found.timestamp() > after {
                    return Some(found.timestamp());
                }
            }
        }
        None
    }
}

fn bits(part: &str, (least, most, names): (u32, u32, &[&str])) -> Option<u64> {
    let number = |text: &str| -> Option<u32> {
        let lower = text.to_ascii_lowercase();
        match names.iter().position(|name| *name == lower) {
            Some(at) => Some(least + u32::try_from(at).ok()?),
            None => text.parse().ok(),
        }
    };
    let (span, step) = match part.split_once('/') {
        Some((span, step)) => (span, Some(step.parse::<u32>().ok()?)),
        None => (part, None),
    };
    let (start, end) = match span.split_once('-') {
        _ if span == "*" || span == "?" => (least, most),
        Some((start, end)) => (number(start)?, number(end)?),
        None => {
            let start = number(span)?;
            (start, if step.is_some() { most } else { start })
        }
    };
    if start < least || end > most || start > end || step == Some(0) {
        return None;
    }
    Some((start..=end).step_by(step.unwrap_or(1) as usize).fold(0, |set, number| set | 1 << number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_times() {
        for (text, zone, after, next) in [
            ("*/5 * * * *", None, "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z"),
            ("*/5 * * * *", None, "2026-01-01T00:04:59Z", "2026-01-01T00:05:00Z"),
            ("0 3 * * 6", None, "2026-01-01T00:00:00Z", "2026-01-03T03:00:00Z"),
            ("0 0 13 * fri", None, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
            ("0 0 29 2 *", None, "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("@monthly", None, "2026-01-31T12:00:00Z", "2026-02-01T00:00:00Z"),
            ("@every 90s", None, "2026-01-01T00:00:00Z", "2026-01-01T00:01:30Z"),
            ("0 9 * * *", Some("Europe/Berlin"), "2026-01-01T00:00:00Z", "2026-01-01T08:00:00Z"),
            ("0 9 * * *", Some("Europe/Berlin"), "2026-07-01T08:00:00Z", "2026-07-02T07:00:00Z"),
            ("30 2 * * *", Some("Europe/Berlin"), "2026-03-28T02:00:00Z", "2026-03-30T00:30:00Z"),
            ("TZ=Asia/Tokyo 0 0 * * *", None, "2026-01-01T00:00:00Z", "2026-01-01T15:00:00Z"),
        ] {
            let schedule = Schedule::read(text, zone).expect(text);
            let after: Timestamp = after.parse().expect("an instant");
            let wanted: Timestamp = next.parse().expect("an instant");
            assert_eq!(schedule.next(after), Some(wanted), "{text} {zone:?}");
        }
    }

    #[test]
    fn the_last_time_is_found_however_long_ago() {
        let after: Timestamp = "2020-01-01T00:00:00Z".parse().expect("an instant");
        let now: Timestamp = "2026-06-15T10:30:30Z".parse().expect("an instant");
        for (text, last) in [
            ("* * * * *", "2026-06-15T10:30:00Z"),
            ("0 0 * * *", "2026-06-15T00:00:00Z"),
            ("0 0 1 1 *", "2026-01-01T00:00:00Z"),
        ] {
            let schedule = Schedule::read(text, None).expect(text);
            assert_eq!(
                schedule.last(after, now).map(|last| last.to_string()).as_deref(),
                Some(last)
            );
        }
        assert_eq!(Schedule::read("@daily", None).and_then(|it| it.last(now, now)), None);
    }

    #[test]
    fn what_is_no_schedule() {
        for text in ["", "* * * *", "60 * * * *", "*/0 * * * *", "@soon", "TZ=Nowhere * * * * *"] {
            assert_eq!(Schedule::read(text, None), None, "{text}");
        }
    }
}
