//! Who somebody is, as Git names people: the address counts, and not the name before it.
//!
//! Approvals, authors and signers are compared by this and by nothing else. Must not know what follows from it.

/// The address in `Name <email>`, or the whole text.
#[must_use]
pub fn email(person: &str) -> &str {
    person.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>')).unwrap_or(person).trim()
}

/// Whether two people are one: by address, in which case does not count.
#[must_use]
pub fn is_same_person(one: &str, other: &str) -> bool {
    email(one).eq_ignore_ascii_case(email(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_an_address() {
        for (one, other, expected) in [
            ("Ann <ann@example.com>", "ann@example.com", true),
            ("Ann <ANN@example.com>", "A. <ann@Example.com>", true),
            ("Ann < ann@example.com >", "ann@example.com", true),
            ("Ann <ann@example.com>", "Ann <bob@example.com>", false),
            ("Ann <bob@example.com> <ann@example.com>", "ann@example.com", true),
            ("Ann <ann@example.com", "ann@example.com", false),
        ] {
            assert_eq!(is_same_person(one, other), expected, "{one} and {other}");
        }
    }
}
