//! Formats of numbers and colours with rules of their own; `formats.rs` names them.

use super::formats::digits;

fn compact(s: &str) -> String {
    s.chars().filter(|c| !c.is_whitespace() && *c != '-').collect()
}

pub(super) fn isbn10(s: &str) -> bool {
    let s = compact(s);
    let value = |(place, b): (usize, u8)| match b {
        b'0'..=b'9' => Some(u32::from(b - b'0') * (place as u32 + 1)),
        b'X' if place == 9 => Some(100),
        _ => None,
    };
    let sum: Option<u32> = s.bytes().enumerate().map(value).sum();
    s.len() == 10 && sum.is_some_and(|sum| sum.is_multiple_of(11))
}

pub(super) fn isbn13(s: &str) -> bool {
    let s = compact(s);
    let value = |(place, b): (usize, u8)| u32::from(b - b'0') * if place % 2 == 0 { 1 } else { 3 };
    s.len() == 13 && digits(&s) && s.bytes().enumerate().map(value).sum::<u32>().is_multiple_of(10)
}

pub(super) fn credit_card(s: &str) -> bool {
    let s: String = s.chars().filter(char::is_ascii_digit).collect();
    let from_right = s.bytes().rev().map(|b| u32::from(b - b'0')).enumerate();
    let luhn: u32 = from_right
        .map(|(place, digit)| match digit * 2 {
            _ if place % 2 == 0 => digit,
            twice if twice > 9 => twice - 9,
            twice => twice,
        })
        .sum();
    let issued = s.starts_with(['3', '4', '5', '6', '2', '1']) && (13..=16).contains(&s.len());
    issued && luhn.is_multiple_of(10)
}

pub(super) fn ssn(s: &str) -> bool {
    let bare: String = s.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    let b = s.as_bytes();
    let three = b.len() >= 9 && digits(&s[..s.len().min(3)]);
    three && bare.len() == 9 && digits(&bare) && b.len() <= 11 && digits(&s[b.len() - 4..])
}

pub(super) fn hex_colour(s: &str) -> bool {
    let s = s.strip_prefix('#').unwrap_or(s);
    matches!(s.len(), 3 | 6) && s.bytes().all(|b| b.is_ascii_hexdigit())
}

pub(super) fn rgb_colour(s: &str) -> bool {
    let Some(inner) = s.strip_prefix("rgb(").and_then(|s| s.strip_suffix(')')) else {
        return false;
    };
    let part = |part: &str| {
        let part = part.trim();
        digits(part) && part.parse::<u32>().is_ok_and(|n| n <= 255 && n.to_string() == part)
    };
    inner.split(',').count() == 3 && inner.split(',').all(part)
}
