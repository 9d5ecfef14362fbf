//! Office hours as people write them: `Mon-Fri 09:00-17:00 Europe/Berlin`.
//!
//! Must not judge a moment; that is `towpath_core::window`.

use towpath_core::window::Recurring;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Reads days, hours and a zone; `zone` where there is none.
///
/// # Errors
/// What is wrong, as a sentence.
pub(super) fn parse(text: &str, zone: &str) -> Result<Recurring, String> {
    let wrong = || {
        format!(
            "{text:?} are no office hours; write `Mon-Fri 09:00-17:00` or with a zone behind it"
        )
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    let (days, hours, zone) = match words.as_slice() {
        [days, hours] => (*days, *hours, zone),
        [days, hours, zone] => (*days, *hours, *zone),
        _ => return Err(wrong()),
    };
    let days = days.to_ascii_lowercase();
    let known = |day: &str| DAYS.contains(&day);
    if !days.split([',', '-']).all(known) {
        return Err(wrong());
    }
    let (from, until) = hours.split_once('-').ok_or_else(wrong)?;
    let minutes = |text: &str| -> Option<u32> {
        let (hour, minute) = text.split_once(':')?;
        let (hour, minute) = (hour.parse::<u32>().ok()?, minute.parse::<u32>().ok()?);
        (minute < 60 && hour * 60 + minute <= 24 * 60).then_some(hour * 60 + minute)
    };
    let (from, until) = minutes(from).zip(minutes(until)).ok_or_else(wrong)?;
    if until <= from {
        return Err(format!("{text:?}: the hours end before they begin"));
    }
    let cron = format!("{} {} * * {days}", from % 60, from / 60);
    Recurring::parse(&cron, &format!("{}m", until - from), zone).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_a_schedule() {
        let read = |text: &str| parse(text, "UTC").map(|r| r.to_string());
        assert_eq!(
            read("Mon-Fri 09:00-17:00 Europe/Berlin"),
            Ok("`0 9 * * mon-fri` for 8h in Europe/Berlin".to_owned())
        );
        assert_eq!(
            read("tue,thu 8:30-24:00"),
            Ok("`30 8 * * tue,thu` for 15h30m in UTC".to_owned())
        );
        for text in
            ["", "Mon-Fri", "Mon-Fri 9-17", "Mon 17:00-09:00", "Foo 09:00-17:00", "Mon 09:00-25:00"]
        {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read("Mon 09:00-17:00 Berlin").is_err());
    }
}
