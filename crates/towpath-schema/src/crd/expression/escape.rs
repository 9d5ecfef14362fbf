//! Names of fields that are no names in expressions: `__dot__` and the like.
//!
//! Source of the contract: `kubernetes/apiserver:pkg/cel/escaping.go`.

const RESERVED: &[&str] = &[
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

const SIGNS: &[(&str, &str)] =
    &[("__", "__underscores__"), (".", "__dot__"), ("-", "__dash__"), ("/", "__slash__")];

/// The name that expressions use for a field; [`None`] if no name can stand for it, or it needs none.
pub(in crate::crd) fn escape(name: &str) -> Option<String> {
    if RESERVED.contains(&name) {
        return Some(format!("__{name}__"));
    }
    if !name.contains("__") && !name.contains(['.', '-', '/']) {
        return None;
    }
    let mut out = String::with_capacity(name.len() + 16);
    let mut rest = name;
    while let Some(c) = rest.chars().next() {
        let sign = SIGNS.iter().find(|(plain, _)| rest.starts_with(plain));
        match sign {
            Some((plain, escaped)) => {
                out.push_str(escaped);
                rest = &rest[plain.len()..];
            }
            None => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    Some(out)
}

/// The name that expressions use for a field; [`None`] if they cannot name it.
pub(super) fn name(name: &str) -> Option<String> {
    let is_letter = |b: u8| b.is_ascii_alphanumeric() || b"_.-/".contains(&b);
    let starts_well = name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
    (starts_well && name.bytes().all(is_letter))
        .then(|| escape(name).unwrap_or_else(|| name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_none_are_escaped() {
        for (name, escaped) in [
            ("namespace", "__namespace__"),
            ("my-field", "my__dash__field"),
            ("a.b/c", "a__dot__b__slash__c"),
            ("a__b", "a__underscores__b"),
        ] {
            assert_eq!(escape(name).as_deref(), Some(escaped));
        }
        assert_eq!(escape("plain_name"), None);
    }
}
