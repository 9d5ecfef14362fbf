//! Amounts such as `500m` and `1.5Gi`.
//!
//! Source of the contract: `kubernetes/apimachinery:pkg/api/resource/quantity.go` and `suffix.go`.

/// What the server says of a text that looks like no amount at all.
pub(super) const FORM: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/// An amount as nearly as needed to compare two.
pub(crate) fn parse(text: &str) -> Result<f64, &'static str> {
    let (negative, bare) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let end = bare.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(bare.len());
    let (number, suffix) = bare.split_at(end);
    let letters = suffix.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
    let digits = letters.strip_prefix(['-', '+']).unwrap_or(letters);
    if number.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(FORM);
    }
    if number.matches('.').count() > 1 || number == "." {
        return Err(FORM);
    }
    let number: f64 = number.parse().map_err(|_| "unable to parse numeric part of quantity")?;
    let factor = factor(suffix).ok_or("unable to parse quantity's suffix")?;
    Ok(if negative { -number * factor } else { number * factor })
}

fn factor(suffix: &str) -> Option<f64> {
    Some(match suffix {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024f64.powi(2),
        "Gi" => 1024f64.powi(3),
        "Ti" => 1024f64.powi(4),
        "Pi" => 1024f64.powi(5),
        "Ei" => 1024f64.powi(6),
        _ => 10f64.powi(suffix.strip_prefix(['e', 'E'])?.parse().ok()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        for (text, amount) in [
            ("500m", 0.5),
            ("1", 1.0),
            ("1.5Gi", 1.5 * 1024.0 * 1024.0 * 1024.0),
            (".5", 0.5),
            ("1.", 1.0),
            ("1e3", 1000.0),
            ("1E", 1e18),
            ("-2", -2.0),
            ("+2k", 2000.0),
            ("12E-1", 1.2),
        ] {
            let is = parse(text).unwrap_or(f64::NAN);
            assert!((is - amount).abs() <= amount.abs() * 1e-12, "{text}: {is}");
        }
    }

    #[test]
    fn what_is_no_amount() {
        for text in ["", "m", "1 Gi", "500 m", "1GiB", "1x", "one", ".", "1.2.3", "${cpu}"] {
            assert_eq!(parse(text), Err(FORM), "{text}");
        }
        for text in ["1g".to_uppercase() + "M", "1mi".to_owned(), "1K".to_owned(), "1e".to_owned()]
        {
            assert_eq!(parse(&text), Err("unable to parse quantity's suffix"), "{text}");
        }
    }
}
