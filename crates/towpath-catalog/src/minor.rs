//! A minor version of Kubernetes, and nothing finer: patch releases add no kinds and remove none.
//!
//! Any minor of Kubernetes 1 can be named, because deprecations lie before the catalog's oldest and planned removals
//! behind its newest; which ones have data is said by [`Minor::all`].

use std::fmt;
use std::str::FromStr;

/// A minor version of Kubernetes, for example 1.36.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minor(u8);

impl Minor {
    /// The oldest minor with kinds and schemas.
    pub const OLDEST: Self = Self(19);
    /// The newest minor with kinds and schemas.
    pub const NEWEST: Self = Self(37);

    /// Kubernetes 1.`number`.
    #[must_use]
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    /// What follows `1.`
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Every minor with kinds and schemas, the oldest first.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator {
        (Self::OLDEST.0..=Self::NEWEST.0).map(Self)
    }

    /// Whether [`crate::Catalog::load`] has data of this minor.
    #[must_use]
    pub const fn is_known(self) -> bool {
        Self::OLDEST.0 <= self.0 && self.0 <= Self::NEWEST.0
    }

    /// The bit of this minor in a set of minors, as in [`crate::format`]; none if there is no data of it.
    #[must_use]
    pub const fn bit(self) -> u32 {
        if self.is_known() { 1 << (self.0 - Self::OLDEST.0) } else { 0 }
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.0)
    }
}

/// A text that names no minor of Kubernetes 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no version of Kubernetes such as 1.36 or v1.36.2")]
pub struct NoMinor(pub String);

impl FromStr for Minor {
    type Err = NoMinor;

    /// Reads `1.36`, `v1.36.2`, and what providers make of it: `v1.36.2-gke.100`, `1.36.2+k3s1`, `1.36+`.
    fn from_str(text: &str) -> Result<Self, NoMinor> {
        parse(text).map(Self).ok_or_else(|| NoMinor(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<u8> {
    let version = text.strip_prefix('v').unwrap_or(text).strip_prefix("1.")?;
    // What follows a hyphen or a plus names a build and can hold anything.
    let version = version.split(['-', '+']).next()?;
    let mut parts = version.split('.');
    let minor = number(parts.next()?)?;
    if let Some(patch) = parts.next() {
        number(patch)?;
    }
    parts.next().is_none().then(|| u8::try_from(minor).ok())?
}

fn number(digits: &str) -> Option<u32> {
    let decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (decimal && (digits == "0" || !digits.starts_with('0'))).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn versions_as_people_and_clusters_write_them() {
        for text in
            ["1.36", "v1.36", "1.36.2", "v1.36.2", "1.36+", "v1.36.2-gke.100", "1.36.0+k3s1"]
        {
            assert_eq!(text.parse(), Ok(Minor::new(36)), "{text}");
        }
        for text in [
            "", "1", "v1", "1.", "2.36", "1.x", "1.036", "1.36.x", "1.36.2.1", "1.300", "1.-1",
            " 1.36",
        ] {
            assert_eq!(text.parse::<Minor>(), Err(NoMinor(text.to_owned())));
        }
    }

    #[test]
    fn the_order_is_that_of_numbers() {
        assert!(Minor::new(9) < Minor::new(10));
        assert_eq!(Minor::all().len(), 19);
        assert!(Minor::all().all(Minor::is_known));
        assert!(!Minor::new(18).is_known() && !Minor::new(38).is_known());
    }

    proptest! {
        #[test]
        fn what_is_shown_can_be_read(number: u8) {
            let minor = Minor::new(number);
            prop_assert_eq!(minor.to_string().parse(), Ok(minor));
        }

        #[test]
        fn no_text_is_too_strange(text: String) {
            let _ = text.parse::<Minor>();
        }
    }
}
