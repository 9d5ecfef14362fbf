//! Cases of windows, and judging against a minute-by-minute reading of the clock.

use jiff::civil::{DateTime, Weekday, date};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().expect("a moment of a test")
}

fn window(kind: Kind, span: Span) -> Window {
    Window { kind, reason: None, span }
}

fn recurring(kind: Kind, cron: &str, length: &str, zone: &str) -> Window {
    let span = Recurring::parse(cron, length, zone).expect("a window of a test");
    window(kind, Span::Recurring(span))
}

fn once(kind: Kind, from: &str, until: &str) -> Window {
    let span = Once::parse(from, until, None).expect("a window of a test");
    window(kind, Span::Once(span))
}

/// `open until T`, `open`, `shut until T` or `shut`.
fn said(windows: &[Window], now: &str) -> String {
    let (word, until) = match judge(windows, at(now)) {
        Openness::Open { until } => ("open", until),
        Openness::Shut { opens_at, .. } => ("shut", opens_at),
    };
    match until {
        Some(until) => format!("{word} until {until}"),
        None => word.to_owned(),
    }
}

fn check(windows: &[Window], table: &[(&str, &str)]) {
    for (now, expected) in table {
        assert_eq!(said(windows, now), *expected, "at {now}");
    }
}

#[test]
fn without_windows_all_is_open() {
    check(&[], &[("2026-03-01T00:00:00Z", "open")]);
}

#[test]
fn starts_are_inside_and_ends_outside() {
    let office = recurring(Kind::Allow, "0 9 * * mon-fri", "8h", "UTC");
    check(
        &[office],
        &[
            ("2026-03-02T08:59:59.999999999Z", "shut until 2026-03-02T09:00:00Z"),
            ("2026-03-02T09:00:00Z", "open until 2026-03-02T17:00:00Z"),
            ("2026-03-02T16:59:59.999999999Z", "open until 2026-03-02T17:00:00Z"),
            ("2026-03-02T17:00:00Z", "shut until 2026-03-03T09:00:00Z"),
            // Friday evening, the weekend, Monday.
            ("2026-03-06T17:00:00Z", "shut until 2026-03-09T09:00:00Z"),
        ],
    );
}

#[test]
fn a_one_off_window_comes_once() {
    let freeze = once(Kind::Deny, "2026-12-20T00:00:00Z", "2027-01-04T00:00:00Z");
    check(
        &[freeze],
        &[
            ("2026-12-19T23:59:59Z", "open until 2026-12-20T00:00:00Z"),
            ("2026-12-20T00:00:00Z", "shut until 2027-01-04T00:00:00Z"),
            ("2027-01-04T00:00:00Z", "open"),
        ],
    );
    let chance = once(Kind::Allow, "2026-12-20T00:00:00Z", "2027-01-04T00:00:00Z");
    check(
        &[chance],
        &[
            ("2026-12-19T23:59:59Z", "shut until 2026-12-20T00:00:00Z"),
            ("2026-12-20T00:00:00Z", "open until 2027-01-04T00:00:00Z"),
            ("2027-01-04T00:00:00Z", "shut"),
        ],
    );
}

#[test]
fn a_start_inside_a_deny_window_opens_nothing() {
    let windows = [
        recurring(Kind::Allow, "0 9 * * *", "8h", "UTC"),
        once(Kind::Deny, "2026-03-02T00:00:00Z", "2026-03-04T12:00:00Z"),
    ];
    check(
        &windows,
        &[
            ("2026-03-01T10:00:00Z", "open until 2026-03-01T17:00:00Z"),
            ("2026-03-01T18:00:00Z", "shut until 2026-03-04T12:00:00Z"),
            ("2026-03-02T10:00:00Z", "shut until 2026-03-04T12:00:00Z"),
            ("2026-03-04T11:00:00Z", "shut until 2026-03-04T12:00:00Z"),
        ],
    );
    let Openness::Shut { because, .. } = judge(&windows, at("2026-03-02T10:00:00Z")) else {
        panic!("a denied moment is shut");
    };
    let ends = at("2026-03-04T12:00:00Z");
    let window = "2026-03-02T00:00:00Z to 2026-03-04T12:00:00Z".to_owned();
    assert_eq!(because, Because::Denied { window, ends });
}

#[test]
fn deny_inside_allow_cuts_it() {
    let windows = [
        recurring(Kind::Allow, "0 9 * * *", "8h", "UTC"),
        recurring(Kind::Deny, "0 12 * * *", "1h", "UTC"),
    ];
    check(
        &windows,
        &[
            ("2026-03-01T10:00:00Z", "open until 2026-03-01T12:00:00Z"),
            ("2026-03-01T12:00:00Z", "shut until 2026-03-01T13:00:00Z"),
            ("2026-03-01T13:00:00Z", "open until 2026-03-01T17:00:00Z"),
        ],
    );
}

#[test]
fn adjoining_windows_are_one_opening() {
    let windows = [
        recurring(Kind::Allow, "0 9 * * *", "4h", "UTC"),
        recurring(Kind::Allow, "0 13 * * *", "4h", "UTC"),
    ];
    check(&windows, &[("2026-03-01T10:00:00Z", "open until 2026-03-01T17:00:00Z")]);
    let always = [recurring(Kind::Allow, "@daily", "1d", "Europe/Berlin")];
    check(&always, &[("2026-03-01T10:00:00Z", "open")]);
    let never = [recurring(Kind::Deny, "@daily", "1d", "Europe/Berlin")];
    check(&never, &[("2026-03-01T10:00:00Z", "shut")]);
}

#[test]
fn a_window_over_midnight_covers_the_morning_and_the_new_year() {
    let nights = [recurring(Kind::Allow, "0 22 * * *", "8h", "Europe/Berlin")];
    check(
        &nights,
        &[
            ("2026-12-31T23:30:00Z", "open until 2027-01-01T05:00:00Z"),
            ("2027-01-01T04:59:59Z", "open until 2027-01-01T05:00:00Z"),
            ("2027-01-01T05:00:00Z", "shut until 2027-01-01T21:00:00Z"),
        ],
    );
}

#[test]
fn a_leap_day_is_waited_for_as_far_as_can_be_planned() {
    let windows = [recurring(Kind::Allow, "0 0 29 2 *", "1d", "UTC")];
    check(
        &windows,
        &[
            ("2027-03-01T00:00:00Z", "shut until 2028-02-29T00:00:00Z"),
            ("2028-02-29T12:00:00Z", "open until 2028-03-01T00:00:00Z"),
            ("2028-03-01T00:00:00Z", "shut"),
        ],
    );
}

#[test]
fn the_clock_of_berlin_is_put_forward_and_back() {
    // 2026-03-29 02:00 becomes 03:00; 2026-10-25 03:00 becomes 02:00.
    let windows = [recurring(Kind::Allow, "30 2 * * *", "1h", "Europe/Berlin")];
    check(
        &windows,
        &[
            ("2026-03-28T02:00:00Z", "open until 2026-03-28T02:30:00Z"),
            // The start is left out: the window starts with the first moment that is there.
            ("2026-03-28T02:30:00Z", "shut until 2026-03-29T01:00:00Z"),
            ("2026-03-29T01:00:00Z", "open until 2026-03-29T02:00:00Z"),
            ("2026-03-29T02:00:00Z", "shut until 2026-03-30T00:30:00Z"),
            // The start comes twice: the first counts.
            ("2026-10-24T23:00:00Z", "shut until 2026-10-25T00:30:00Z"),
            ("2026-10-25T00:30:00Z", "open until 2026-10-25T01:30:00Z"),
            ("2026-10-25T01:00:00Z", "open until 2026-10-25T01:30:00Z"),
            ("2026-10-25T01:30:00Z", "shut until 2026-10-26T01:30:00Z"),
        ],
    );
}

#[test]
fn the_clock_of_new_york_is_put_forward_and_back() {
    // 2026-03-08 02:00 becomes 03:00; 2026-11-01 02:00 becomes 01:00.
    let windows = [recurring(Kind::Deny, "0 2 * * sun", "2h", "America/New_York")];
    check(
        &windows,
        &[
            ("2026-03-08T06:59:59Z", "open until 2026-03-08T07:00:00Z"),
            ("2026-03-08T07:00:00Z", "shut until 2026-03-08T09:00:00Z"),
            ("2026-10-31T12:00:00Z", "open until 2026-11-01T07:00:00Z"),
            ("2026-11-01T06:30:00Z", "open until 2026-11-01T07:00:00Z"),
            ("2026-11-01T07:00:00Z", "shut until 2026-11-01T09:00:00Z"),
        ],
    );
}

#[test]
fn days_are_of_the_calendar_and_hours_exact() {
    let days = [recurring(Kind::Allow, "0 12 * * sat", "1d", "Europe/Berlin")];
    let hours = [recurring(Kind::Allow, "0 12 * * sat", "24h", "Europe/Berlin")];
    check(&days, &[("2026-03-28T12:00:00Z", "open until 2026-03-29T10:00:00Z")]);
    check(&hours, &[("2026-03-28T12:00:00Z", "open until 2026-03-29T11:00:00Z")]);
    check(&days, &[("2026-10-24T12:00:00Z", "open until 2026-10-25T11:00:00Z")]);
    check(&hours, &[("2026-10-24T12:00:00Z", "open until 2026-10-25T10:00:00Z")]);
}

#[test]
fn last_and_nth_days_are_read() {
    let last = [recurring(Kind::Deny, "0 0 L * *", "1d", "UTC")];
    check(&last, &[("2028-02-01T00:00:00Z", "open until 2028-02-29T00:00:00Z")]);
    let patch_tuesday = [recurring(Kind::Deny, "0 0 * * tue#2", "1d", "UTC")];
    check(&patch_tuesday, &[("2026-03-01T00:00:00Z", "open until 2026-03-10T00:00:00Z")]);
    let either = [recurring(Kind::Allow, "0 0 13 * fri", "1d", "UTC")];
    check(&either, &[("2026-03-07T00:00:00Z", "shut until 2026-03-13T00:00:00Z")]);
}

#[test]
fn moments_without_offset_are_of_the_zone() -> Result<(), InvalidWindow> {
    let zone = Some("Europe/Berlin");
    let once = Once::parse("2026-03-29T02:30", "2026-12-24", zone)?;
    assert_eq!(once.to_string(), "2026-03-29T01:00:00Z to 2026-12-23T23:00:00Z");
    let once = Once::parse("2026-03-29T02:30:00Z", "2026-03-29T02:30:00-01:00", zone)?;
    assert_eq!(once.to_string(), "2026-03-29T02:30:00Z to 2026-03-29T03:30:00Z");
    Ok(())
}

#[test]
fn what_is_no_window_is_refused_with_what_is_wrong() {
    let recurring = |cron, length, zone| {
        Recurring::parse(cron, length, zone).expect_err("it is no window").to_string()
    };
    let once = |from, until, zone| {
        Once::parse(from, until, zone).expect_err("it is no window").to_string()
    };
    let errors = [
        recurring("", "1h", "UTC"),
        recurring("0 9 * *", "1h", "UTC"),
        recurring("0 0 9 * * *", "1h", "UTC"),
        recurring("0 25 * * *", "1h", "UTC"),
        recurring("@reboot", "1h", "UTC"),
        recurring("0 0 30 2 *", "1h", "UTC"),
        recurring("0 9 * * *", "soon", "UTC"),
        recurring("0 9 * * *", "0h", "UTC"),
        recurring("0 9 * * *", "-1h", "UTC"),
        recurring("0 9 * * *", "1mo", "UTC"),
        recurring("0 9 * * *", "400d", "UTC"),
        recurring("0 9 * * *", "9000000h", "UTC"),
        recurring("0 9 * * *", "1500ms", "UTC"),
        recurring("0 9 * * *", "1h", "Berlin"),
        recurring("0 9 * * *", "1h", "../etc/passwd"),
        once("2026-12-20T00:00:00Z", "2026-12-20T00:00:00Z", None),
        once("yesterday", "2026-12-20T00:00:00Z", None),
        once("2026-12-20", "2026-12-21T00:00:00Z", None),
    ];
    let expected = [
        "cron schedule \"\": it has 0 fields and not five",
        "cron schedule \"0 9 * *\": it has 4 fields and not five",
        "cron schedule \"0 0 9 * * *\": it has 6 fields and not five",
        "cron schedule \"0 25 * * *\": number out of bounds",
        "cron schedule \"@reboot\": it is none (such as `0 9 * * mon-fri` or `@daily`)",
        "cron schedule \"0 0 30 2 *\" never comes",
        "length \"soon\" is none (such as `8h`, `90m`, `1d12h` or `2w`)",
        "length \"0h\" is not positive",
        "length \"-1h\" is not positive",
        "length \"1mo\" has months or years: give days or weeks",
        "length \"400d\" is longer than a year",
        "length \"9000000h\" is longer than a year",
        "length \"1500ms\" has parts of a second",
        "time zone \"Berlin\" is not in the IANA database (as `Europe/Berlin` is)",
        "time zone \"../etc/passwd\" is not in the IANA database (as `Europe/Berlin` is)",
        "it ends at 2026-12-20T00:00:00Z, which is not after its start at 2026-12-20T00:00:00Z",
        "time \"yesterday\" is none (such as `2026-12-20T18:00:00Z` or `2026-12-20`)",
        "time \"2026-12-20\" has no offset, and no time zone is given",
    ];
    assert_eq!(errors.each_ref().map(String::as_str), expected);
}

#[test]
fn windows_are_shown_as_declared() {
    let mut office = recurring(Kind::Allow, "0 9 * * mon-fri", "1d8h30m", "Europe/Berlin");
    assert_eq!(office.to_string(), "`0 9 * * mon-fri` for 1d8h30m in Europe/Berlin");
    office.reason = Some("office hours".to_owned());
    assert_eq!(office.to_string(), "office hours (`0 9 * * mon-fri` for 1d8h30m in Europe/Berlin)");
}

/// Around what a generated case is judged: a zone and a day near which its clock changes.
const PLACES: [(&str, i16, i8, i8); 7] = [
    ("UTC", 2026, 12, 31),
    ("Europe/Berlin", 2026, 3, 29),
    ("Europe/Berlin", 2026, 10, 25),
    ("America/New_York", 2026, 11, 1),
    ("Australia/Lord_Howe", 2026, 4, 5),
    ("Pacific/Apia", 2011, 12, 30),
    ("America/Santiago", 2026, 9, 6),
];

const DAYS: i32 = 8;

/// A schedule whose meaning is known without reading cron.
#[derive(Debug, Clone)]
struct Plain {
    kind: Kind,
    minute: i8,
    hours: Vec<i8>,
    weekdays: Vec<i8>,
    days: i32,
    minutes: i64,
}

impl Plain {
    fn window(&self, zone: &str) -> Window {
        let list = |of: &[i8]| of.iter().map(i8::to_string).collect::<Vec<_>>().join(",");
        let cron = format!("{} {} * * {}", self.minute, list(&self.hours), list(&self.weekdays));
        let length = format!("{}d{}m", self.days, self.minutes);
        recurring(self.kind, &cron, &length, zone)
    }

    fn starts(&self, civil: DateTime) -> bool {
        civil.minute() == self.minute
            && self.hours.contains(&civil.hour())
            && self.weekdays.contains(&civil.weekday().to_sunday_zero_offset())
    }
}

fn plain() -> impl Strategy<Value = Plain> {
    let kind = prop_oneof![2 => Just(Kind::Allow), 1 => Just(Kind::Deny)];
    let hours = proptest::collection::btree_set(0..24i8, 1..4);
    let weekdays = proptest::collection::btree_set(0..7i8, 1..6);
    (kind, 0..60i8, hours, weekdays, 0..2i32, 1..900i64).prop_map(
        |(kind, minute, hours, weekdays, days, minutes)| Plain {
            kind,
            minute,
            hours: hours.into_iter().collect(),
            weekdays: weekdays.into_iter().collect(),
            days,
            minutes,
        },
    )
}

/// Which of the minutes from a moment on are open, found by looking at the clock each minute.
struct Oracle {
    origin: Timestamp,
    open: Vec<bool>,
}

impl Oracle {
    fn look(zone: &TimeZone, middle: DateTime, windows: &[Plain]) -> Option<Self> {
        // Windows that started before the first judged day are seen as well.
        let first = middle.checked_sub((DAYS + 4).days()).ok()?;
        let origin = zone.to_ambiguous_timestamp(first).compatible().ok()?;
        let minutes = usize::try_from((2 * DAYS + 4) * 24 * 60).ok()?;
        let mut shown = Vec::with_capacity(minutes);
        let mut latest = DateTime::MIN;
        for minute in 0..minutes {
            latest = latest.max(zone.to_datetime(moment(origin, minute)?));
            shown.push(latest);
        }
        let find = |civil: DateTime| shown.partition_point(|shown| *shown < civil);
        let mut covered = [vec![false; minutes], vec![windows.is_empty(); minutes]];
        let allows = windows.iter().any(|window| window.kind == Kind::Allow);
        let mut civil = shown.first().copied()?;
        while civil < *shown.last()? {
            for window in windows.iter().filter(|window| window.starts(civil)) {
                let end = find(civil.checked_add(window.days.days()).ok()?)
                    + usize::try_from(window.minutes).ok()?;
                let (start, end) = (find(civil), end.min(minutes));
                if start < end {
                    covered[usize::from(window.kind == Kind::Allow)][start..end].fill(true);
                }
            }
            civil = civil.checked_add(1.minute()).ok()?;
        }
        let [denied, allowed] = covered;
        let open =
            denied.iter().zip(allowed).map(|(denied, allowed)| !denied && (allowed || !allows));
        Some(Self { origin, open: open.collect() })
    }
}

fn moment(origin: Timestamp, minute: usize) -> Option<Timestamp> {
    origin.checked_add(SignedDuration::from_mins(i64::try_from(minute).ok()?)).ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn judging_is_looking_at_the_clock_each_minute(
        place in 0..PLACES.len(),
        windows in proptest::collection::vec(plain(), 0..4),
        picks in proptest::collection::vec(0.0..1.0f64, 24),
    ) {
        let (name, year, month, day) = PLACES[place];
        let zone = TimeZoneDatabase::bundled().get(name).expect("a zone of the table");
        let oracle = Oracle::look(&zone, date(year, month, day).at(0, 0, 0, 0), &windows)
            .expect("the table's days are in range");
        let declared: Vec<_> = windows.iter().map(|window| window.window(name)).collect();
        // From when all that could cover it has been seen, to well before the end of what has been.
        let (first, last) = (5 * 24 * 60, oracle.open.len() - 24 * 60);
        for pick in picks {
            let minute = first + ((last - first) as f64 * pick) as usize;
            let now = moment(oracle.origin, minute).expect("in range");
            let is_open = oracle.open[minute];
            let change = oracle.open[minute..].iter().position(|open| *open != is_open);
            let change = change.and_then(|after| moment(oracle.origin, minute + after));
            let (said, changes) = match judge(&declared, now) {
                Openness::Open { until } => (true, until),
                Openness::Shut { opens_at, .. } => (false, opens_at),
            };
            prop_assert_eq!(said, is_open, "at {} in {}", now, name);
            let seen = moment(oracle.origin, oracle.open.len()).expect("in range");
            prop_assert_eq!(changes.filter(|at| *at < seen), change, "from {} in {}", now, name);
        }
    }

    #[test]
    fn no_text_makes_reading_panic(cron in "[0-9*/,#LW@a-z -]{0,24}", length in "[-0-9dhmwsPT ]{0,8}") {
        let _ = Recurring::parse(&cron, "1h", "UTC");
        let _ = Length::parse(&length);
    }
}

#[test]
fn the_oracle_reads_a_week_as_people_do() {
    let monday = Plain {
        kind: Kind::Allow,
        minute: 0,
        hours: vec![9],
        weekdays: vec![Weekday::Monday.to_sunday_zero_offset()],
        days: 0,
        minutes: 60,
    };
    let oracle =
        Oracle::look(&TimeZone::UTC, date(2026, 3, 1).at(0, 0, 0, 0), &[monday]).expect("in range");
    // Two Mondays from a Tuesday on, in twenty days, an hour each.
    assert_eq!(oracle.open.iter().filter(|open| **open).count(), 2 * 60);
}
