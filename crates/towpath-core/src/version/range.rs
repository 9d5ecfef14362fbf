//! Ranges: which versions an environment that follows releases admits.
//!
//! The reader is a hand-written scanner over the grammar of `Masterminds/semver:constraints.go`; it accepts what
//! Flux accepts and refuses what Flux refuses, because a range that only Towpath understands would make a
//! promise that the cluster does not keep. Nothing here decides about tracking policies.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;

use super::{Version, parse_parts};

/// A set of versions, as `Masterminds/semver` v3 reads it (the library that Flux links).
///
/// Alternatives are separated by `||`; an alternative is comparators separated by spaces or commas, all of which
/// must hold. A comparator is an operator (`=`, `!=`, `>`, `<`, `>=` or `=>`, `<=` or `=<`, `~` or `~>`, `^`, or
/// none) and a version whose parts may be missing or `x`, `X`, `*`; `1.1 - 2` with spaces stands for
/// `>=1.1, <=2`. What differs from Cargo's and npm's ranges:
///
/// - No operator, or `=`, on an incomplete version is `~`: `1.2` is any `1.2.z`, `1` any `1.y.z`.
/// - `>11` begins at 12, `>11.1` at 11.2; `<1.x` compares with 1.0.0; `<=2.x` is `<3`; `!=4.x` excludes all of 4.
/// - A prerelease is admitted only where some comparator of the same alternative has a prerelease, and then it
///   is compared like any version: `>=1.0.0-0` admits `1.2.0-rc.1`.
/// - `~0.0.0` admits every version; `^*` only 0.0.0.
///
/// Build metadata counts for nothing. [`Display`](fmt::Display) prints the text as written, trimmed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Range {
    source: String,
    alternatives: Vec<Alternative>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Alternative {
    comparators: Vec<Comparator>,
    admits_prerelease: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Comparator {
    op: Op,
    bound: semver::Version,
    written: Written,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Op {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterEqual,
    LessEqual,
    Tilde,
    Caret,
}

/// How much of the version was written before the first missing or wildcard part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Written {
    Nothing,
    Major,
    MajorMinor,
    Full,
}

impl Range {
    /// Reads a range. An empty text is `*`.
    pub fn parse(text: &str) -> Result<Self, RangeError> {
        let source = text.trim_matches(is_space);
        let error = |kind| RangeError { text: source.to_owned(), kind };
        let alternatives = if source.is_empty() {
            Ok(vec![parse_alternative("*").map_err(error)?])
        } else {
            source.split("||").map(parse_alternative).collect::<Result<_, _>>().map_err(error)
        }?;
        Ok(Self { source: source.to_owned(), alternatives })
    }

    /// Whether the range admits the version.
    pub fn matches(&self, version: &Version) -> bool {
        self.matches_with(version, false)
    }

    /// Like [`Range::matches`]; `include_prerelease` admits prereleases to every alternative, whether or not one
    /// of its comparators asks for them.
    pub fn matches_with(&self, version: &Version, include_prerelease: bool) -> bool {
        self.alternatives.iter().any(|alternative| {
            (!version.is_prerelease() || include_prerelease || alternative.admits_prerelease)
                && alternative
                    .comparators
                    .iter()
                    .all(|comparator| comparator.holds(&version.parsed))
        })
    }

    /// The highest admitted version, whatever order they come in. Versions of equal precedence, among which Flux
    /// leaves its choice open, are told apart by [`Version`]'s total order.
    pub fn highest<'a>(
        &self,
        versions: impl IntoIterator<Item = &'a Version>,
    ) -> Option<&'a Version> {
        versions.into_iter().filter(|version| self.matches(version)).max()
    }

    /// The first version of a further major that the range admits beside versions of a lower one; `None` where all
    /// that it admits is of one major.
    ///
    /// `>=1.2` admits 2.0.0, `1.x || 3.x` admits 3.0.0, and `>=1.0.0-0 <2.0.0` admits 2.0.0-0, because a prerelease comes
    /// before its release. `>1 <3` admits nothing but 2.
    pub fn further_major(&self) -> Option<Version> {
        let bounds = || {
            let comparators = self.alternatives.iter().flat_map(|a| &a.comparators);
            comparators.map(|comparator| &comparator.bound)
        };
        // Within a major, what an alternative admits begins at the major's first version or beside a bound, and where it
        // only leaves versions out, the last one is as good as any.
        let mut candidates: BTreeSet<semver::Version> = BTreeSet::new();
        let mut add = |version| candidates.insert(version);
        for major in [0, 1].into_iter().chain(bounds().map(|bound| bound.major)) {
            for major in [Some(major), major.checked_add(1), major.checked_add(2)] {
                let Some(major) = major else { continue };
                add(first_prerelease(major, 0, 0));
                add(semver::Version::new(major, 0, 0));
                add(semver::Version::new(major, u64::MAX, u64::MAX));
            }
        }
        for bound in bounds() {
            let semver::Version { major, minor, patch, .. } = *bound;
            add(semver::Version { build: semver::BuildMetadata::EMPTY, ..bound.clone() });
            add(semver::Version::new(major, minor, patch));
            add(first_prerelease(major, minor, patch));
            if !bound.pre.is_empty()
                && let Ok(pre) = semver::Prerelease::new(&format!("{}.0", bound.pre))
            {
                add(semver::Version { pre, ..semver::Version::new(major, minor, patch) });
            }
            if let Some(patch) = patch.checked_add(1) {
                add(first_prerelease(major, minor, patch));
                add(semver::Version::new(major, minor, patch));
            }
            if let Some(minor) = minor.checked_add(1) {
                add(first_prerelease(major, minor, 0));
                add(semver::Version::new(major, minor, 0));
            }
        }
        let mut admitted = candidates
            .into_iter()
            .map(|parsed| Version { original: parsed.to_string().into(), parsed })
            .filter(|version| self.matches(version));
        let lowest = admitted.next()?;
        admitted.find(|version| version.major() > lowest.major())
    }

    /// Whether the range names one version alone: three numbers with no operator or with `=`. Such a range is a
    /// pin, not a policy.
    pub fn is_exact(&self) -> bool {
        match self.alternatives.as_slice() {
            [alternative] => match alternative.comparators.as_slice() {
                [only] => only.op == Op::Equal && only.written == Written::Full,
                _ => false,
            },
            _ => false,
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.source)
    }
}

impl std::str::FromStr for Range {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// A text that is not a range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a version range: {kind}")]
pub struct RangeError {
    /// What was read, trimmed.
    pub text: String,
    /// Why it was refused.
    pub kind: RangeErrorKind,
}

/// Why a text is not a range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RangeErrorKind {
    /// Nothing between two `||`, or beside one.
    #[error("an alternative of `||` is empty")]
    EmptyAlternative,
    /// An operator or a separator with no version after it, or a text that cannot begin one.
    #[error("expected a version at `{0}`")]
    ExpectedVersion(String),
    /// Two comparators that touch.
    #[error("expected a space or a comma before `{0}`")]
    ExpectedSeparator(String),
    /// A version with a part that is neither a number nor a wildcard, or a malformed prerelease.
    #[error("`{0}` is not a version")]
    BadVersion(String),
}

impl Comparator {
    fn holds(&self, version: &semver::Version) -> bool {
        let bound = &self.bound;
        let order = version.cmp_precedence(bound);
        match self.op {
            Op::Equal if self.written == Written::Full => order == Ordering::Equal,
            Op::Equal | Op::Tilde => order != Ordering::Less && self.within_tilde(version),
            Op::NotEqual => self.excludes_not(version, order),
            Op::Greater => match self.written {
                Written::Major => version.major > bound.major,
                Written::MajorMinor => (version.major, version.minor) > (bound.major, bound.minor),
                Written::Nothing | Written::Full => order == Ordering::Greater,
            },
            Op::Less => order == Ordering::Less,
            Op::GreaterEqual => order != Ordering::Less,
            Op::LessEqual => match self.written {
                Written::Full => order != Ordering::Greater,
                Written::Major => version.major <= bound.major,
                Written::Nothing | Written::MajorMinor => {
                    (version.major, version.minor) <= (bound.major, bound.minor)
                }
            },
            Op::Caret => order != Ordering::Less && self.within_caret(version),
        }
    }

    fn within_tilde(&self, version: &semver::Version) -> bool {
        let bound = &self.bound;
        match self.written {
            Written::Nothing => true,
            Written::Full if (bound.major, bound.minor, bound.patch) == (0, 0, 0) => true,
            Written::Major => version.major == bound.major,
            Written::MajorMinor | Written::Full => {
                (version.major, version.minor) == (bound.major, bound.minor)
            }
        }
    }

    fn within_caret(&self, version: &semver::Version) -> bool {
        let bound = &self.bound;
        if bound.major > 0 || self.written == Written::Major {
            version.major == bound.major
        } else if bound.minor > 0 || self.written == Written::MajorMinor {
            (version.major, version.minor) == (0, bound.minor)
        } else {
            (version.major, version.minor, version.patch) == (0, 0, bound.patch)
        }
    }

    fn excludes_not(&self, version: &semver::Version, order: Ordering) -> bool {
        let bound = &self.bound;
        match self.written {
            Written::Major => version.major != bound.major,
            Written::MajorMinor => {
                (version.major, version.minor) != (bound.major, bound.minor)
                    || version.pre != bound.pre
            }
            Written::Nothing | Written::Full => order != Ordering::Equal,
        }
    }
}

/// `1.2.3-0`, which comes before everything else of `1.2.3`.
fn first_prerelease(major: u64, minor: u64, patch: u64) -> semver::Version {
    let pre = semver::Prerelease::new("0").unwrap_or(semver::Prerelease::EMPTY);
    semver::Version { pre, ..semver::Version::new(major, minor, patch) }
}

fn parse_alternative(text: &str) -> Result<Alternative, RangeErrorKind> {
    let mut rest = skip_space(text);
    if rest.is_empty() {
        return Err(RangeErrorKind::EmptyAlternative);
    }
    let mut comparators = Vec::new();
    let mut gap = Gap::Start;
    loop {
        let start = rest;
        let (op, after_op) = take_op(rest);
        let (word, after_word) = take_version(skip_space(after_op));
        if word.is_empty() {
            return Err(RangeErrorKind::ExpectedVersion(start.to_owned()));
        }
        let upper = if after_op.len() == start.len() { take_hyphen(after_word) } else { None };
        let closed_by_hyphen = upper.is_some();
        rest = match upper {
            Some((upper, after_upper)) => {
                // The hyphen form swallows the space before it, so a comparator written before it touches it.
                if gap == Gap::Space {
                    return Err(RangeErrorKind::ExpectedSeparator(start.to_owned()));
                }
                comparators.push(comparator(Op::GreaterEqual, word)?);
                comparators.push(comparator(Op::LessEqual, upper)?);
                after_upper
            }
            None => {
                comparators.push(comparator(op, word)?);
                after_word
            }
        };
        let after_space = skip_space(rest);
        if after_space.is_empty() {
            break;
        }
        gap = if let Some(after_comma) = after_space.strip_prefix(',') {
            rest = skip_space(after_comma);
            Gap::Comma
        } else if closed_by_hyphen {
            rest = after_space;
            Gap::Comma
        } else if after_space.len() < rest.len() {
            rest = after_space;
            Gap::Space
        } else {
            return Err(RangeErrorKind::ExpectedSeparator(rest.to_owned()));
        };
    }
    let admits_prerelease = comparators.iter().any(|comparator| !comparator.bound.pre.is_empty());
    Ok(Alternative { comparators, admits_prerelease })
}

/// What stands between a comparator and the one before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    Start,
    Space,
    Comma,
}

/// White space as the contract's regular expressions have it.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c')
}

fn skip_space(text: &str) -> &str {
    text.trim_start_matches(is_space)
}

fn take_op(text: &str) -> (Op, &str) {
    const OPS: [(&str, Op); 11] = [
        ("!=", Op::NotEqual),
        (">=", Op::GreaterEqual),
        ("=>", Op::GreaterEqual),
        ("<=", Op::LessEqual),
        ("=<", Op::LessEqual),
        ("~>", Op::Tilde),
        ("~", Op::Tilde),
        ("^", Op::Caret),
        (">", Op::Greater),
        ("<", Op::Less),
        ("=", Op::Equal),
    ];
    OPS.iter()
        .find_map(|(sign, op)| text.strip_prefix(sign).map(|rest| (*op, rest)))
        .unwrap_or((Op::Equal, text))
}

/// Splits the longest text that has the shape of a version off the front. It may be empty, and its parts may
/// still be no numbers.
fn take_version(text: &str) -> (&str, &str) {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, 'x' | 'X' | '*' | '|');
    let is_identifier = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let run = |text: &str, accepts: &dyn Fn(char) -> bool| {
        text.find(|c| !accepts(c)).unwrap_or(text.len())
    };
    let prefix = usize::from(text.starts_with('v'));
    let mut end = prefix + run(&text[prefix..], &is_part);
    if end == prefix {
        return ("", text);
    }
    for _ in 0..2 {
        if let Some(part) = text[end..].strip_prefix('.')
            && let length @ 1.. = run(part, &is_part)
        {
            end += 1 + length;
        } else {
            break;
        }
    }
    for sign in ['-', '+'] {
        if let Some(identifiers) = text[end..].strip_prefix(sign)
            && let length @ 1.. = run(identifiers, &is_identifier)
        {
            end += 1 + length;
            while let Some(identifier) = text[end..].strip_prefix('.')
                && let length @ 1.. = run(identifier, &is_identifier)
            {
                end += 1 + length;
            }
        }
    }
    text.split_at(end)
}

/// The upper bound of `lower - upper`, where `text` begins after `lower`.
fn take_hyphen(text: &str) -> Option<(&str, &str)> {
    let dash = skip_space(text);
    let after_dash = dash.strip_prefix('-')?;
    let upper = skip_space(after_dash);
    let (word, rest) = take_version(upper);
    (dash.len() < text.len() && upper.len() < after_dash.len() && !word.is_empty())
        .then_some((word, rest))
}

fn comparator(op: Op, word: &str) -> Result<Comparator, RangeErrorKind> {
    let text = word.strip_prefix('v').unwrap_or(word);
    let numbers_end = text.find(['-', '+']).unwrap_or(text.len());
    let (numbers, tail) = text.split_at(numbers_end);
    let parts: Vec<&str> = numbers.split('.').collect();
    let known = parts.iter().take_while(|part| !matches!(**part, "x" | "X" | "*")).count();
    let (written, zeros) = match known {
        0 => (Written::Nothing, "0.0.0"),
        1 => (Written::Major, ".0.0"),
        2 => (Written::MajorMinor, ".0"),
        _ => (Written::Full, ""),
    };
    let bound = if written == Written::Full {
        parse_parts(text)
    } else {
        // Of an incomplete version, only the prerelease counts beside the numbers.
        let pre = tail.split('+').next().unwrap_or_default();
        parse_parts(&format!("{}{zeros}{pre}", parts[..known].join(".")))
    }
    .map_err(|_| RangeErrorKind::BadVersion(word.to_owned()))?;
    Ok(Comparator { op, bound, written })
}
