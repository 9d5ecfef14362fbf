//! Base64 as `!!binary` holds it. Knows nothing of YAML.

/// The bytes of standard base64 with padding, line breaks left out; `None` if it is no such text.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    if !digits.len().is_multiple_of(4) {
        return None;
    }
    let padding = digits.iter().rev().take_while(|byte| **byte == b'=').count();
    let (digits, filling) = digits.split_at(digits.len() - padding);
    if filling.len() > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for group in digits.chunks(4) {
        let bits = group.iter().try_fold(0_u32, |bits, digit| Some(bits << 6 | six(*digit)?))?;
        let word = (bits << (6 * (4 - group.len()))).to_be_bytes();
        bytes.extend_from_slice(word.get(1..group.len())?);
    }
    Some(bytes)
}

fn six(digit: u8) -> Option<u32> {
    Some(u32::from(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn only_padded_standard_base64_is_read() {
        let table: [(&str, Option<&[u8]>); 9] = [
            ("", Some(b"")),
            ("aGVsbG8=", Some(b"hello")),
            ("aGVs\nbG8=", Some(b"hello")),
            ("/w==", Some(b"\xff")),
            ("+/+/", Some(b"\xfb\xff\xbf")),
            ("aGVsbG8", None),
            ("a===", None),
            ("-_==", None),
            ("a=b=", None),
        ];
        for (text, bytes) in table {
            assert_eq!(decode(text).as_deref(), bytes, "{text}");
        }
    }
}
