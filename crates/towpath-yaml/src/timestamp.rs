//! Dates and times as go-yaml knows them (`go-yaml/yaml:resolve.go`, `parseTimestamp`).
//!
//! A date never becomes a value of its own: a v2 reader keeps the text, and a v3 reader's date is
//! text again as soon as it is JSON. There is no clock here.

use std::fmt::Write as _;

struct Cursor<'t>(&'t [u8]);

impl Cursor<'_> {
    fn literal(&mut self, byte: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(())
    }

    /// A number of at least `least` and at most `most` digits.
    fn digits(&mut self, least: usize, most: usize) -> Option<u32> {
        let count = self.0.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        if count < least {
            return None;
        }
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        Some(digits.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')))
    }

    fn within(&mut self, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
        self.digits(1, 2).filter(|number| range.contains(number))
    }

    /// A dot or a comma and digits, of which nine count; without the zeros at its end.
    fn fraction(&mut self) -> &[u8] {
        let [b'.' | b',', rest @ ..] = self.0 else { return &[] };
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return &[];
        }
        self.0 = &rest[count..];
        let kept = &rest[..count.min(9)];
        let zeros = kept.iter().rev().take_while(|byte| **byte == b'0').count();
        &kept[..kept.len() - zeros]
    }

    /// `Z`, or hours and minutes from it, in minutes.
    fn zone(&mut self) -> Option<i32> {
        if self.literal(b'Z').is_some() {
            return Some(0);
        }
        let sign = match self.0.first()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        self.0 = &self.0[1..];
        let hours = self.digits(2, 2).filter(|hours| *hours <= 24)?;
        self.literal(b':')?;
        let minutes = self.digits(2, 2).filter(|minutes| *minutes <= 60)?;
        Some(sign * i32::try_from(hours * 60 + minutes).ok()?)
    }
}

/// The time that `text` is, in full; `None` if it is none.
pub(crate) fn canonical(text: &str) -> Option<String> {
    let mut at = Cursor(text.as_bytes());
    let year = at.digits(4, 4)?;
    at.literal(b'-')?;
    let month = at.within(1..=12)?;
    at.literal(b'-')?;
    let day = at.within(1..=days(year, month))?;
    let mut out = format!("{year:04}-{month:02}-{day:02}T");
    let Some((between, rest)) = at.0.split_first() else {
        out.push_str("00:00:00Z");
        return Some(out);
    };
    at.0 = rest;
    let zoned = match between {
        b'T' | b't' => true,
        b' ' => {
            at.0 = at.0.trim_ascii_start();
            false
        }
        _ => return None,
    };
    let hour = at.within(0..=23)?;
    at.literal(b':')?;
    let minute = at.within(0..=59)?;
    at.literal(b':')?;
    let second = at.within(0..=59)?;
    let _ = write!(out, "{hour:02}:{minute:02}:{second:02}");
    let fraction = at.fraction();
    if !fraction.is_empty() {
        out.push('.');
        out.extend(fraction.iter().map(|digit| char::from(*digit)));
    }
    let zone = if zoned { at.zone()? } else { 0 };
    if !at.0.is_empty() {
        return None;
    }
    if zone == 0 {
        out.push('Z');
    } else {
        let sign = if zone < 0 { '-' } else { '+' };
        let _ = write!(out, "{sign}{:02}:{:02}", zone.abs() / 60, zone.abs() % 60);
    }
    Some(out)
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn a_time_is_written_in_full() {
        let table = [
            ("2026-11-21", Some("2026-11-21T00:00:00Z")),
            ("2026-1-2", Some("2026-01-02T00:00:00Z")),
            ("2024-02-29", Some("2024-02-29T00:00:00Z")),
            ("2026-02-29", None),
            ("2026-13-01", None),
            ("2026-11-21T10:00:00Z", Some("2026-11-21T10:00:00Z")),
            ("2026-11-21t1:2:3.1200+02:00", Some("2026-11-21T01:02:03.12+02:00")),
            ("2026-11-21T10:00:00+00:00", Some("2026-11-21T10:00:00Z")),
            ("2026-11-21T10:00:00-00:30", Some("2026-11-21T10:00:00-00:30")),
            ("2026-11-21 10:00:00.5", Some("2026-11-21T10:00:00.5Z")),
            ("2026-11-21 10:00:00Z", None),
            ("2026-11-21T10:00:00", None),
            ("2026-11-21T24:00:00Z", None),
            ("2026-11-21T10:00Z", None),
            ("12026-11-21", None),
            ("2026-11-21 ", None),
            ("2026", None),
        ];
        for (text, time) in table {
            assert_eq!(canonical(text).as_deref(), time, "{text}");
        }
    }
}
