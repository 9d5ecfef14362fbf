//! What a window covers: one span of time, or one that comes again by a cron schedule.
//!
//! # When clocks change
//!
//! A schedule is read on the clock of a zone. A window starts at the **first moment at which that clock
//! shows the time of its start or a later one**. So a start in the hour that is left out in spring is the
//! moment after the change, and a start in the hour that comes twice in autumn is the first of the two;
//! no start is lost and none comes twice. Whole days of a length are days of the calendar and end by the
//! same rule; hours and minutes are exact and pass whatever the clock shows. `24h` from a Saturday noon is
//! therefore another moment than `1d`, on two weekends of the year.
//!
//! Schedules have five fields (minute, hour, day of the month, month, day of the week) as in cron: with
//! both kinds of days given, either is enough. Names (`mon`, `jan`), `L`, `W`, `#` and the nicknames
//! (`@daily`) are read as well.
//!
//! Must not read the machine's zones: the database is linked, so that every machine and every replay
//! decides alike.

use std::fmt;

use croner::Cron;
use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp, ToSpan as _};

/// The longest window: longer than that, it is a policy and no window.
const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);

/// How many starts that cover nothing are passed over: those of a day which a zone left out.
const EMPTY_STARTS: usize = 3_000;

/// Why a text is no window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWindow {
    /// The schedule cannot be read.
    #[error("cron schedule {text:?}: {problem}")]
    Cron {
        /// The text.
        text: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The schedule can be read and names no day that exists, such as 30 February.
    #[error("cron schedule {text:?} never comes")]
    NeverComes {
        /// The text.
        text: String,
    },
    /// The length cannot be read, or is out of bounds.
    #[error("length {text:?} {problem}")]
    Length {
        /// The text.
        text: String,
        /// What is wrong with it, as a predicate.
        problem: &'static str,
    },
    /// There is no such zone.
    #[error("time zone {text:?} is not in the IANA database (as `Europe/Berlin` is)")]
    Zone {
        /// The text.
        text: String,
    },
    /// A moment cannot be read.
    #[error("time {text:?} {problem}")]
    Moment {
        /// The text.
        text: String,
        /// What is wrong with it, as a predicate.
        problem: &'static str,
    },
    /// The window ends before it starts, or when it starts.
    #[error("it ends at {until}, which is not after its start at {from}")]
    Empty {
        /// Its start.
        from: Timestamp,
        /// Its end.
        until: Timestamp,
    },
}

/// When a window is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// Again and again.
    Recurring(Recurring),
    /// Once.
    Once(Once),
}

impl Span {
    /// When the span that covers a moment ends; `None` if none does. Spans of one schedule may overlap: it
    /// is the last end.
    #[must_use]
    pub fn covers(&self, at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Recurring(recurring) => recurring.covers(at),
            Self::Once(once) => (once.from <= at && at < once.until).then_some(once.until),
        }
    }

    /// The next start after a moment.
    #[must_use]
    pub fn starts_after(&self, at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Recurring(recurring) => recurring.starts_after(at),
            Self::Once(once) => (at < once.from).then_some(once.from),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recurring(recurring) => write!(f, "{recurring}"),
            Self::Once(once) => write!(f, "{once}"),
        }
    }
}

/// A time zone of the IANA database that is linked in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// Reads the name of a zone.
    ///
    /// # Errors
    /// [`InvalidWindow::Zone`] if there is none of that name.
    pub fn parse(text: &str) -> Result<Self, InvalidWindow> {
        if text == "UTC" {
            return Ok(Self(TimeZone::UTC));
        }
        let zone = TimeZoneDatabase::bundled().get(text);
        zone.map(Self).map_err(|_| InvalidWindow::Zone { text: shortened(text) })
    }

    /// The name of the zone.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The first moment at which the clock of the zone shows a time or a later one.
    fn first(&self, civil: DateTime) -> Option<Timestamp> {
        let ambiguous = self.0.to_ambiguous_timestamp(civil);
        match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(civil).ok(),
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(civil).ok(),
            // By the old offset the time would lie after the change, within the hour that is left out:
            // the last change up to then is the one that leaves it out.
            AmbiguousOffset::Gap { before, .. } => {
                let within = before.to_timestamp(civil).ok()?.checked_add(1.second()).ok()?;
                Some(self.0.preceding(within).next()?.timestamp())
            }
        }
    }

    /// The latest time that the clock of the zone has shown up to a moment, or stands before: in the hour
    /// that comes again it has shown more than it shows.
    fn shown(&self, at: Timestamp) -> DateTime {
        let shows = self.0.to_datetime(at);
        let including = at.checked_add(1.second()).unwrap_or(at);
        let Some(change) = self.0.preceding(including).next() else { return shows };
        let before = change.timestamp().checked_sub(1.second()).unwrap_or(Timestamp::MIN);
        shows.max(self.0.to_offset(before).to_datetime(change.timestamp()))
    }
}

/// How long a window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length {
    days: i32,
    exact: SignedDuration,
}

impl Length {
    /// Reads a length such as `8h`, `1d`, `1d12h`, `2w` or `90m`. Weeks and days are those of the calendar,
    /// all else is exact.
    ///
    /// # Errors
    /// [`InvalidWindow::Length`] if it is none, is not positive, or longer than a year.
    pub fn parse(text: &str) -> Result<Self, InvalidWindow> {
        let invalid = |problem| InvalidWindow::Length { text: shortened(text), problem };
        let span: jiff::Span =
            text.parse().map_err(|_| invalid("is none (such as `8h`, `90m`, `1d12h` or `2w`)"))?;
        if span.get_years() != 0 || span.get_months() != 0 {
            return Err(invalid("has months or years: give days or weeks"));
        }
        let days = span.get_weeks().saturating_mul(7).saturating_add(span.get_days());
        let rest = span.weeks(0).days(0);
        let exact = SignedDuration::try_from(rest).map_err(|_| invalid("is too long"))?;
        let total = SignedDuration::from_hours(i64::from(days) * 24).saturating_add(exact);
        if total <= SignedDuration::ZERO {
            return Err(invalid("is not positive"));
        }
        if total > LONGEST {
            return Err(invalid("is longer than a year"));
        }
        if exact.subsec_nanos() != 0 {
            return Err(invalid("has parts of a second"));
        }
        Ok(Self { days, exact })
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.exact.as_secs();
        let parts = [
            (i64::from(self.days), "d"),
            (seconds / 3600, "h"),
            (seconds / 60 % 60, "m"),
            (seconds % 60, "s"),
        ];
        parts.iter().filter(|(n, _)| *n != 0).try_for_each(|(n, unit)| write!(f, "{n}{unit}"))
    }
}

/// A span that comes by a schedule on the clock of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recurring {
    text: String,
    cron: Box<Cron>,
    length: Length,
    zone: Zone,
}

impl Recurring {
    /// Reads a schedule of five fields, a length and the name of a zone.
    ///
    /// # Errors
    /// [`InvalidWindow`]: what of the three is wrong, and how.
    pub fn parse(cron: &str, length: &str, zone: &str) -> Result<Self, InvalidWindow> {
        let text = cron.trim();
        let invalid = |problem| InvalidWindow::Cron { text: shortened(text), problem };
        let fields = text.split_whitespace().count();
        if fields != 5 && !text.starts_with('@') {
            return Err(invalid(format!("it has {fields} fields and not five")));
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed);
        let cron = parser.build().parse(text).map_err(|error| match error {
            CronError::ComponentError(problem) | CronError::IllegalCharacters(problem) => {
                invalid(problem.trim_end_matches('.').to_lowercase())
            }
            _ => invalid("it is none (such as `0 9 * * mon-fri` or `@daily`)".to_owned()),
        })?;
        let (length, zone) = (Length::parse(length)?, Zone::parse(zone)?);
        // Found out once, so that a plan never searches the whole calendar for a day that is in none.
        let epoch = Date::constant(2000, 1, 1).at(0, 0, 0, 0);
        if cron.find_next_occurrence(&epoch, true).is_err() {
            return Err(InvalidWindow::NeverComes { text: shortened(text) });
        }
        Ok(Self { text: text.to_owned(), cron: Box::new(cron), length, zone })
    }

    /// The schedule, as it was written.
    #[must_use]
    pub fn cron(&self) -> &str {
        &self.text
    }

    /// How long it is.
    #[must_use]
    pub fn length(&self) -> Length {
        self.length
    }

    /// On whose clock.
    #[must_use]
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The end of the span that starts at a time of the schedule.
    fn end(&self, start: DateTime) -> Option<Timestamp> {
        let day = self.zone.first(start.checked_add(self.length.days.days()).ok()?)?;
        day.checked_add(self.length.exact).ok()
    }

    /// Later starts never end earlier, so the last start decides.
    fn covers(&self, at: Timestamp) -> Option<Timestamp> {
        let mut start = self.cron.find_previous_occurrence(&self.zone.shown(at), true).ok()?;
        while self.zone.first(start)? > at {
            start = self.cron.find_previous_occurrence(&start, false).ok()?;
        }
        self.end(start).filter(|end| at < *end)
    }

    fn starts_after(&self, at: Timestamp) -> Option<Timestamp> {
        let mut start = self.cron.find_next_occurrence(&self.zone.shown(at), true).ok()?;
        for _ in 0..EMPTY_STARTS {
            let starts = self.zone.first(start)?;
            if starts > at && starts < self.end(start)? {
                return Some(starts);
            }
            start = self.cron.find_next_occurrence(&start, false).ok()?;
        }
        None
    }
}

impl fmt::Display for Recurring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` for {} in {}", self.text, self.length, self.zone.name())
    }
}

/// A span that comes once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Once {
    from: Timestamp,
    until: Timestamp,
}

impl Once {
    /// A span from a moment (inclusive) until another (exclusive).
    ///
    /// # Errors
    /// [`InvalidWindow::Empty`] if the end is not after the start.
    pub fn new(from: Timestamp, until: Timestamp) -> Result<Self, InvalidWindow> {
        if until <= from {
            return Err(InvalidWindow::Empty { from, until });
        }
        Ok(Self { from, until })
    }

    /// Reads both ends: each a moment with its offset (`2026-12-20T18:00:00Z`), or a date or a date and
    /// time (`2026-12-20`, `2026-12-20T18:00`) on the clock of the zone.
    ///
    /// # Errors
    /// [`InvalidWindow`]: what of the three is wrong, and how.
    pub fn parse(from: &str, until: &str, zone: Option<&str>) -> Result<Self, InvalidWindow> {
        let zone = zone.map(Zone::parse).transpose()?;
        Self::new(moment(from, zone.as_ref())?, moment(until, zone.as_ref())?)
    }

    /// Its first moment.
    #[must_use]
    pub fn from(&self) -> Timestamp {
        self.from
    }

    /// The first moment after it.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        self.until
    }
}

impl fmt::Display for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.from, self.until)
    }
}

/// Reads a moment with its offset (`2026-12-20T18:00:00Z`), or a date or a date and time on the clock of a zone.
///
/// # Errors
/// [`InvalidWindow::Moment`].
pub fn moment(text: &str, zone: Option<&Zone>) -> Result<Timestamp, InvalidWindow> {
    let text = text.trim();
    let invalid = |problem| InvalidWindow::Moment { text: shortened(text), problem };
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let civil: DateTime = text
        .parse()
        .map_err(|_| invalid("is none (such as `2026-12-20T18:00:00Z` or `2026-12-20`)"))?;
    let zone = zone.ok_or_else(|| invalid("has no offset, and no time zone is given"))?;
    zone.first(civil).ok_or_else(|| invalid("is out of range"))
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}
