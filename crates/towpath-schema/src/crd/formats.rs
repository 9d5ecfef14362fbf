//! The formats that Kubernetes checks. Any other name is ignored by the API server, and here.
//!
//! Where the original leans on the standard library of Go, the answer here is the same for what people
//! write, and yes in doubt: `email` and `uri` are looked at less closely, and characters outside of
//! ASCII count as letters of a `hostname`.
//!
//! Source of the contract: `kubernetes/apiextensions-apiserver:pkg/apiserver/validation/formats.go`,
//! `kubernetes/kube-openapi:pkg/validation/strfmt`.

use std::net::Ipv6Addr;

use serde_json::{Map, Value};

use super::codes::{credit_card, hex_colour, isbn10, isbn13, rgb_colour, ssn};

/// A format that is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Int32,
    Int64,
    Float,
    Double,
    Password,
    /// Any other, by its name without dashes.
    Text(&'static str),
}

impl Format {
    /// Whether a string has the format; numbers are judged by their range, elsewhere.
    pub(super) fn accepts(self, value: &str) -> bool {
        match self {
            Format::Text(name) => text(name).is_none_or(|(_, accepts)| accepts(value)),
            _ => true,
        }
    }
}

/// The format of a schema, as far as it is checked.
pub(super) fn of(schema: &Map<String, Value>) -> Option<Format> {
    let format = schema.get("format")?.as_str()?;
    match (schema.get("type").and_then(Value::as_str), format) {
        (None | Some("string"), "password") => Some(Format::Password),
        (None | Some("string"), format) => {
            text(&format.replace('-', "")).map(|(name, _)| Format::Text(name))
        }
        (Some("integer"), "int32") => Some(Format::Int32),
        (Some("integer"), "int64") => Some(Format::Int64),
        (Some("number"), "float") => Some(Format::Float),
        (Some("number"), "double") => Some(Format::Double),
        _ => None,
    }
}

/// A name, and what accepts a value.
type Named = (&'static str, fn(&str) -> bool);

const TEXT: &[Named] = &[
    ("bsonobjectid", |s| s.len() == 24 && s.bytes().all(|b| b.is_ascii_hexdigit())),
    ("uri", uri),
    ("email", email),
    ("hostname", hostname),
    ("ipv4", |s| s.contains('.') && ip(s)),
    ("ipv6", |s| s.contains(':') && s.parse::<Ipv6Addr>().is_ok()),
    ("cidr", cidr),
    ("mac", mac),
    ("uuid", |s| uuid(s, None)),
    ("uuid3", |s| uuid(s, Some(b'3'))),
    ("uuid4", |s| uuid(s, Some(b'4'))),
    ("uuid5", |s| uuid(s, Some(b'5'))),
    ("isbn", |s| isbn10(s) || isbn13(s)),
    ("isbn10", isbn10),
    ("isbn13", isbn13),
    ("creditcard", credit_card),
    ("ssn", ssn),
    ("hexcolor", hex_colour),
    ("rgbcolor", rgb_colour),
    ("byte", base64),
    ("date", date),
    ("datetime", date_time),
    ("duration", duration),
    ("k8sshortname", |s| s.len() <= 63 && label(s)),
    ("k8slongname", |s| s.len() <= 253 && s.split('.').all(label)),
];

fn text(name: &str) -> Option<Named> {
    TEXT.iter().copied().find(|(known, _)| *known == name)
}

pub(super) fn digits(s: &str) -> bool {
    !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit())
}

fn label(s: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !s.is_empty() && s.bytes().all(inner) && !s.starts_with('-') && !s.ends_with('-')
}

fn uri(s: &str) -> bool {
    if s.bytes().any(|b| b < 0x20 || b == 0x7f) {
        return false;
    }
    let scheme = s.split_once(':').map_or("", |(scheme, _)| scheme);
    let inner = |b: u8| b.is_ascii_alphanumeric() || b"+-.".contains(&b);
    let has_scheme =
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.bytes().all(inner);
    let escaped = s
        .split('%')
        .skip(1)
        .all(|rest| rest.get(..2).is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit())));
    (s.starts_with('/') || has_scheme) && escaped
}

fn email(s: &str) -> bool {
    let address = match s.trim().strip_suffix('>') {
        Some(named) => named.rsplit_once('<').map_or("", |(_, address)| address),
        None => s.trim(),
    };
    let Some((local, domain)) = address.rsplit_once('@') else { return false };
    let quoted = local.starts_with('"') && local.ends_with('"') && local.len() > 1;
    let plain = !local.contains([' ', '@', '<', '>', ',', '(', ')']) && !local.starts_with('.');
    !local.is_empty()
        && (quoted || plain)
        && !domain.is_empty()
        && !domain.contains([' ', '<', '>', ','])
}

fn hostname(s: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || !c.is_ascii();
    let inner = |c: char| letter(c) || c == '-';
    let fits = s.len() <= 255 && s.split('.').all(|part| part.len() <= 63);
    let Some((most, last)) = s.rsplit_once('.') else {
        // A name without a dot has at most one dash, and that in the second place.
        let mut rest = s.chars();
        let first = rest.next().is_some_and(letter);
        let rest = rest.as_str();
        return fits && first && rest.strip_prefix('-').unwrap_or(rest).chars().all(letter);
    };
    let part =
        |part: &str| part.chars().all(inner) && part.starts_with(letter) && part.ends_with(letter);
    let top =
        last.chars().count() >= 2 && last.chars().all(|c| c.is_ascii_alphabetic() || !c.is_ascii());
    fits && top && most.split('.').all(part)
}

/// An address as older versions of Go read it: leading zeros are no octal numbers.
fn ip(s: &str) -> bool {
    ipv4_sloppy(s) || s.parse::<Ipv6Addr>().is_ok()
}

fn ipv4_sloppy(s: &str) -> bool {
    let part = |part: &str| digits(part) && part.parse::<u32>().is_ok_and(|n| n <= 255);
    s.split('.').count() == 4 && s.split('.').all(part)
}

pub(crate) fn cidr(s: &str) -> bool {
    let Some((address, length)) = s.split_once('/') else { return false };
    let most = if ipv4_sloppy(address) { 32 } else { 128 };
    ip(address) && digits(length) && length.parse::<u32>().is_ok_and(|n| n <= most)
}

fn mac(s: &str) -> bool {
    let (separator, width) = match s.as_bytes().get(2) {
        Some(b':') => (':', 2),
        Some(b'-') => ('-', 2),
        _ => ('.', 4),
    };
    let parts: Vec<&str> = s.split(separator).collect();
    let octets = parts.len() * width / 2;
    let hex = |part: &&str| part.len() == width && part.bytes().all(|b| b.is_ascii_hexdigit());
    [6, 8, 20].contains(&octets) && parts.iter().all(hex)
}

fn uuid(s: &str, version: Option<u8>) -> bool {
    // Dashes may be left out one by one.
    let mut hex = Vec::with_capacity(32);
    for byte in s.bytes() {
        match byte {
            b'-' if s.len() > 32 && [8, 12, 16, 20].contains(&hex.len()) => {}
            _ if byte.is_ascii_hexdigit() => hex.push(byte),
            _ => return false,
        }
    }
    let variant = |byte: u8| b"89abAB".contains(&byte);
    let is = |version: u8| hex[12] == version && (version == b'3' || variant(hex[16]));
    hex.len() == 32 && !s.contains("--") && version.is_none_or(is)
}

fn base64(s: &str) -> bool {
    let bare = s.strip_suffix("==").or_else(|| s.strip_suffix('=')).unwrap_or(s);
    let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    !s.is_empty() && s.len().is_multiple_of(4) && bare.bytes().all(inner)
}

fn date(s: &str) -> bool {
    let b = s.as_bytes();
    if !s.is_ascii() || b.len() != 10 || b[4] != b'-' || b[7] != b'-' {
        return false;
    }
    let number = |text: &str| text.parse::<u32>().ok().filter(|_| digits(text));
    let (Some(year), Some(month), Some(day)) = (number(&s[..4]), number(&s[5..7]), number(&s[8..]))
    else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

pub(crate) fn date_time(s: &str) -> bool {
    let lower = s.to_ascii_lowercase();
    let Some((day, time)) = lower.split_once('t') else { return false };
    let two = |at: usize, most: u32| {
        let part = time.get(at..at + 2).filter(|part| digits(part));
        part.and_then(|part| part.parse::<u32>().ok()).is_some_and(|n| n <= most)
    };
    let colons = time.get(2..3) == Some(":") && time.get(5..6) == Some(":");
    let Some(rest) = time.get(8..) else { return false };
    let zone = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let fraction = &rest[..rest.len() - zone.len()];
    let fraction = fraction.is_empty() || fraction.strip_prefix('.').is_some_and(digits);
    let offset = zone.strip_prefix(['+', '-']).and_then(|offset| offset.split_once(':'));
    let offset =
        offset.is_some_and(|(h, m)| h.len() == 2 && m.len() == 2 && digits(h) && digits(m));
    date(day)
        && colons
        && two(0, 23)
        && two(3, 59)
        && two(6, 59)
        && fraction
        && (zone == "z" || offset)
}

/// A duration of Go, or anything with a number and a unit in it.
fn duration(s: &str) -> bool {
    const UNITS: [&[&str]; 8] = [
        &["ns", "nano"],
        &["us", "µs", "micro"],
        &["ms", "milli"],
        &["s", "sec"],
        &["m", "min"],
        &["h", "hr", "hour"],
        &["d", "day"],
        &["w", "wk", "week"],
    ];
    let is_unit = |unit: &str| {
        let unit = unit.to_lowercase();
        UNITS.iter().any(|names| {
            names.contains(&unit.as_str())
                || names.last().is_some_and(|last| unit.starts_with(last))
        })
    };
    if s.trim_start_matches(['+', '-']) == "0" {
        return true;
    }
    let mut rest = s;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let tail = rest[start..].trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
        let letters = |c: char| c.is_ascii_alphabetic() || c == 'µ';
        let end = tail.find(|c: char| !letters(c)).unwrap_or(tail.len());
        if is_unit(&tail[..end]) {
            return true;
        }
        rest = &tail[end..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_accept_and_refuse() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            (
                "datetime",
                &["2024-02-29T23:59:59Z", "2024-01-01T00:00:00.123+01:00"],
                &[
                    "2024-02-30T00:00:00Z",
                    "2024-01-01",
                    "2024-01-01T24:00:00Z",
                    "2024-01-01T00:00:00",
                ],
            ),
            ("date", &["2024-02-29"], &["2023-02-29", "2024-1-1", "x"]),
            ("duration", &["5m", "1h30m", "22 ns", "0", "1.5h", "3 days"], &["", "5", "soon"]),
            ("ipv4", &["10.0.0.1", "010.0.0.1"], &["10.0.0", "256.0.0.1", "::1"]),
            ("ipv6", &["::1", "fe80::1"], &["10.0.0.1", "x::"]),
            ("cidr", &["10.0.0.0/8", "fd00::/8"], &["10.0.0.0", "10.0.0.0/33", "10.0.0.0/x"]),
            (
                "mac",
                &["00:00:5e:00:53:01", "0000.5e00.5301"],
                &["00:00:5e:00:53", "zz:00:5e:00:53:01"],
            ),
            (
                "uuid",
                &["123e4567-e89b-12d3-a456-426614174000", "123e4567e89b12d3a456426614174000"],
                &["123e4567", "x23e4567-e89b-12d3-a456-426614174000"],
            ),
            (
                "uuid4",
                &["123e4567-e89b-42d3-a456-426614174000"],
                &["123e4567-e89b-12d3-a456-426614174000"],
            ),
            (
                "hostname",
                &["a", "example.com", "a-b.example.com", "1.example.com"],
                &["", "-a", "a.b-.com", "example.c", "my-host", "a_b.com"],
            ),
            (
                "uri",
                &["https://example.com/a?b=c", "/a/b", "mailto:a@example.com"],
                &["", "example.com", "https://example.com/%zz"],
            ),
            (
                "email",
                &["a@example.com", "A B <a@example.com>"],
                &["a", "@example.com", "a b@example.com"],
            ),
            ("byte", &["aGVsbG8=", "YQ=="], &["", "a", "a*b="]),
            ("isbn", &["0321751043", "978-0321751041"], &["0321751044", "1"]),
            ("creditcard", &["4111 1111 1111 1111"], &["4111 1111 1111 1112", "1"]),
            ("ssn", &["111-22-3333", "111223333"], &["111-22-333", "x"]),
            ("hexcolor", &["#FFF", "00ff00"], &["#FFFF", "green"]),
            ("rgbcolor", &["rgb(0, 10,255)"], &["rgb(0,0,256)", "rgb(1,2)"]),
            ("bsonobjectid", &["507f1f77bcf86cd799439011"], &["507f1f77"]),
            ("k8sshortname", &["a-b"], &["A", "-a", ""]),
        ];
        for (name, good, bad) in cases {
            let accepts = |value| text(name).is_some_and(|(_, accepts)| accepts(value));
            for one in *good {
                assert!(accepts(one), "{name} accepts {one:?}");
            }
            for one in *bad {
                assert!(!accepts(one), "{name} refuses {one:?}");
            }
        }
    }
}
