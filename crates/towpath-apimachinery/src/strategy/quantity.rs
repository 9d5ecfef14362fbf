//! Amounts such as `500m` and `1.5Gi`, written as a server writes them.
//!
//! Source of the contract: `kubernetes/apimachinery:pkg/api/resource/quantity.go`, `suffix.go`, `math.go`.

/// How an amount was written, and is written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Decimal,
    Binary,
    Exponent,
}

/// `mantissa * 10^scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Amount {
    mantissa: i128,
    scale: i32,
}

const DECIMAL: [(i32, &str); 10] = [
    (-9, "n"),
    (-6, "u"),
    (-3, "m"),
    (0, ""),
    (3, "k"),
    (6, "M"),
    (9, "G"),
    (12, "T"),
    (15, "P"),
    (18, "E"),
];
const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// The finest parts that amounts have, and those of resources.
const NANO: i32 = -9;
const MILLI: i32 = -3;

/// The amount as a server writes it, that of a resource rounded up to thousandths. `None` for what is no amount, and for
/// one so large that no cluster has it.
pub(super) fn canonical(text: &str, is_resource: bool) -> Option<String> {
    let text = text.trim();
    if text == "0" {
        return Some(text.to_owned());
    }
    let parts = Parts::of(text)?;
    let (amount, form, is_written_so) = parts.amount()?;
    let amount = if is_resource { round_up(amount, MILLI)? } else { amount };
    if is_written_so && (!is_resource || parts.exponent_of_last() >= MILLI) {
        return Some(text.to_owned());
    }
    write(amount, form)
}

struct Parts<'a> {
    is_negative: bool,
    whole: &'a str,
    fraction: &'a str,
    base: u8,
    exponent: i32,
    form: Form,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let is_negative = text.starts_with('-');
        let bare = text.strip_prefix(['-', '+']).unwrap_or(text);
        let end = bare.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(bare.len());
        let (number, suffix) = bare.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return None;
        }
        let whole = match whole.trim_start_matches('0') {
            "" => "0",
            whole => whole,
        };
        let (base, exponent, form) = suffix_of(suffix)?;
        Some(Self { is_negative, whole, fraction, base, exponent, form })
    }

    fn exponent_of_last(&self) -> i32 {
        match self.form {
            Form::Binary => 0,
            _ => {
                self.exponent.saturating_sub(i32::try_from(self.fraction.len()).unwrap_or(i32::MAX))
            }
        }
    }

    /// The amount, its form, and whether a server keeps the text.
    fn amount(&self) -> Option<(Amount, Form, bool)> {
        let digits = format!("{}{}", self.whole, self.fraction);
        let value: i128 = digits.parse().ok()?;
        let scale = -i32::try_from(self.fraction.len()).ok()?;
        let (mantissa, scale, is_short) = match self.base {
            2 => {
                let mantissa =
                    value.checked_mul(1i128.checked_shl(self.exponent.unsigned_abs())?)?;
                // A rough count of the digits that the product has.
                let room =
                    14 - i64::try_from(digits.len()).ok()? - i64::from(self.exponent) * 3 / 10;
                (mantissa, scale, self.fraction.is_empty() && room >= 0 && value & 7 != 0)
            }
            _ => {
                let scale = scale.checked_add(self.exponent)?;
                let is_plain =
                    scale % 3 == 0 && !digits.ends_with("000") && !digits.starts_with('0');
                (value, scale, digits.len() <= 18 && scale >= NANO && is_plain)
            }
        };
        let mantissa = if self.is_negative { -mantissa } else { mantissa };
        let amount = round_up(Amount { mantissa, scale }, NANO)?;
        Some((amount, self.form, is_short))
    }
}

fn suffix_of(suffix: &str) -> Option<(u8, i32, Form)> {
    if let Some((exponent, _)) = DECIMAL.iter().find(|(_, text)| *text == suffix) {
        return Some((10, *exponent, Form::Decimal));
    }
    if let Some(at) = BINARY.iter().position(|text| *text == suffix) {
        return Some((2, i32::try_from(at).ok()? * 10, Form::Binary));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    Some((10, exponent, Form::Exponent))
}

/// The least amount with no finer parts that is as large, away from zero.
fn round_up(amount: Amount, scale: i32) -> Option<Amount> {
    if amount.scale >= scale {
        return Some(amount);
    }
    let finer = scale.checked_sub(amount.scale)?.unsigned_abs();
    let Some(unit) = 10i128.checked_pow(finer) else {
        return Some(Amount { mantissa: amount.mantissa.signum(), scale });
    };
    let rest = amount.mantissa % unit;
    let mantissa = amount.mantissa / unit + rest.signum();
    Some(Amount { mantissa, scale })
}

fn write(amount: Amount, form: Form) -> Option<String> {
    if amount.mantissa == 0 {
        return Some("0".to_owned());
    }
    let Amount { mut mantissa, mut scale } = amount;
    while mantissa % 10 == 0 {
        mantissa /= 10;
        scale += 1;
    }
    if form == Form::Binary
        && scale >= 0
        && let Some(mut whole) = mantissa.checked_mul(10i128.checked_pow(scale.unsigned_abs())?)
        && whole.abs() >= 1024
    {
        let mut at = 0;
        while whole % 1024 == 0 && at + 1 < BINARY.len() {
            whole /= 1024;
            at += 1;
        }
        return Some(format!("{whole}{}", BINARY[at]));
    }
    while scale % 3 != 0 {
        mantissa = mantissa.checked_mul(10)?;
        scale -= 1;
    }
    match form {
        Form::Exponent if scale == 0 => Some(mantissa.to_string()),
        Form::Exponent => Some(format!("{mantissa}e{scale}")),
        _ => {
            let (_, suffix) = DECIMAL.iter().find(|(exponent, _)| *exponent == scale)?;
            Some(format!("{mantissa}{suffix}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_as_they_come_back() {
        for (sent, resource, other) in [
            ("1000m", "1", "1"),
            ("0.5", "500m", "500m"),
            ("1024Mi", "1Gi", "1Gi"),
            ("512Mi", "512Mi", "512Mi"),
            ("1.5Gi", "1536Mi", "1536Mi"),
            ("1500m", "1500m", "1500m"),
            ("1.500", "1.500", "1.500"),
            ("1.5", "1500m", "1500m"),
            ("0.1Gi", "107374182400m", "107374182400m"),
            ("0.5Ki", "512", "512"),
            ("2000", "2k", "2k"),
            ("1e3", "1e3", "1e3"),
            ("1000e3", "1e6", "1e6"),
            ("100n", "1m", "100n"),
            ("0Gi", "0", "0"),
            ("0", "0", "0"),
            ("-2000", "-2k", "-2k"),
            ("1000Ki", "1000Ki", "1000Ki"),
            ("2048Ki", "2Mi", "2Mi"),
            (" 1 ", "1", "1"),
        ] {
            assert_eq!(canonical(sent, true).as_deref(), Some(resource), "{sent}");
            assert_eq!(canonical(sent, false).as_deref(), Some(other), "{sent}");
        }
        for bad in ["", "m", "1x", ".", "1.2.3", "1e"] {
            assert_eq!(canonical(bad, true), None, "{bad}");
        }
    }

    fn value(text: &str) -> Amount {
        let (amount, _, _) = Parts::of(text).and_then(|parts| parts.amount()).expect("an amount");
        let mut amount = amount;
        while amount.mantissa != 0 && amount.mantissa % 10 == 0 {
            amount.mantissa /= 10;
            amount.scale += 1;
        }
        if amount.mantissa == 0 { Amount { mantissa: 0, scale: 0 } } else { amount }
    }

    proptest! {
        #[test]
        fn amounts_keep_their_value_and_are_written_once(
            text in "[+-]?[0-9]{1,6}(\\.[0-9]{0,4})?(m|k|M|G|Ki|Mi|Gi|e3|E-3)?"
        ) {
            let once = canonical(&text, false).expect("an amount");
            prop_assert_eq!(value(&once), value(&text));
            prop_assert_eq!(canonical(&once, false), Some(once));
        }
    }
}
