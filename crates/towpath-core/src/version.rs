//! Versions and ranges as Flux reads them.
//!
//! A [`Version`] is what a release is called; a [`Range`] is what an environment that follows releases admits.
//! Both keep the text they were written with, because that text is the tag in the registry and the value in
//! the file.
//!
//! This module compares and selects; it knows nothing of registries, pins or paths. Flux reads versions with
//! `Masterminds/semver` v3, whose ranges differ from Cargo's and from npm's: the differences are told at
//! [`Range`], and the order of prereleases is that of the `semver` crate. Go on with [`Range::highest`], which
//! answers "which release would this range take".

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

mod range;

pub use range::{Range, RangeError, RangeErrorKind};

/// A semantic version, with the text it was written as.
///
/// Two orders exist. [`Version::cmp_precedence`] is the one of the specification: build metadata and spelling
/// count for nothing. [`Ord`] refines it to a total order (precedence, then build metadata, then the text), and
/// [`Eq`] agrees with it: `v1.2.3` and `1.2.3` are two tags of a registry and may hold different artifacts, so
/// they are two versions of equal precedence.
#[derive(Debug, Clone)]
pub struct Version {
    parsed: semver::Version,
    original: Arc<str>,
}

impl Version {
    /// Reads a tag as Flux does: at least two dots, an optional `v`, leading zeros allowed.
    ///
    /// Flux counts the dots of the whole text before it parses the rest loosely, so `1.2` is no version while
    /// `1.2-beta.5` is `1.2.0-beta.5` (`fluxcd/pkg:version/version.go`, `ParseVersion`).
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        if text.bytes().filter(|byte| *byte == b'.').count() < 2 {
            return Err(VersionError::new(text, VersionErrorKind::MissingParts));
        }
        Self::parse_loose(text)
    }

    /// Reads a version whose minor and patch parts may be missing: `1.2` is `1.2.0`
    /// (`Masterminds/semver:version.go`, `NewVersion`).
    pub fn parse_loose(text: &str) -> Result<Self, VersionError> {
        parse_parts(text)
            .map(|parsed| Self { parsed, original: text.into() })
            .map_err(|kind| VersionError::new(text, kind))
    }

    /// The text this version was read from: the name of its tag.
    pub fn original(&self) -> &str {
        &self.original
    }

    /// The version in its normal form: three numbers, no `v`, no leading zeros.
    pub fn normalized(&self) -> String {
        self.parsed.to_string()
    }

    /// The first number.
    pub fn major(&self) -> u64 {
        self.parsed.major
    }

    /// The second number; 0 where it was not written.
    pub fn minor(&self) -> u64 {
        self.parsed.minor
    }

    /// The third number; 0 where it was not written.
    pub fn patch(&self) -> u64 {
        self.parsed.patch
    }

    /// What follows `-`, without it; empty for a release version.
    pub fn prerelease(&self) -> &str {
        self.parsed.pre.as_str()
    }

    /// What follows `+`, without it.
    pub fn build(&self) -> &str {
        self.parsed.build.as_str()
    }

    /// Whether the version carries a prerelease part.
    pub fn is_prerelease(&self) -> bool {
        !self.parsed.pre.is_empty()
    }

    /// The order of the specification: numbers, then prerelease; build metadata and spelling do not count.
    pub fn cmp_precedence(&self, other: &Self) -> Ordering {
        self.parsed.cmp_precedence(&other.parsed)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.original)
    }
}

impl std::str::FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parsed.cmp(&other.parsed).then_with(|| self.original.cmp(&other.original))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.original == other.original
    }
}

impl Eq for Version {}

impl Hash for Version {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.original.hash(state);
    }
}

/// A text that is not a version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a version: {kind}")]
pub struct VersionError {
    /// What was read.
    pub text: String,
    /// Why it was refused.
    pub kind: VersionErrorKind,
}

impl VersionError {
    fn new(text: &str, kind: VersionErrorKind) -> Self {
        Self { text: text.to_owned(), kind }
    }
}

/// Why a text is not a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VersionErrorKind {
    /// Fewer than three parts where all three are asked for.
    #[error("it does not have the three parts major.minor.patch")]
    MissingParts,
    /// More than three numbers.
    #[error("it has more than three numbers")]
    TooManyParts,
    /// A part that is not a decimal number of 64 bits.
    #[error("a part is not a number of 64 bits")]
    BadNumber,
    /// An empty, badly spelled or zero-padded identifier after `-`.
    #[error("its prerelease part is malformed")]
    BadPrerelease,
    /// An empty or badly spelled identifier after `+`.
    #[error("its build metadata is malformed")]
    BadBuild,
}

fn parse_parts(text: &str) -> Result<semver::Version, VersionErrorKind> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let (text, build) = match text.split_once('+') {
        Some((rest, build)) if !build.is_empty() => (rest, build),
        Some(_) => return Err(VersionErrorKind::BadBuild),
        None => (text, ""),
    };
    let (numbers, pre) = match text.split_once('-') {
        Some((rest, pre)) if !pre.is_empty() => (rest, pre),
        Some(_) => return Err(VersionErrorKind::BadPrerelease),
        None => (text, ""),
    };
    let mut parts = numbers.split('.').map(number);
    let major = parts.next().unwrap_or(Err(VersionErrorKind::BadNumber))?;
    let minor = parts.next().unwrap_or(Ok(0))?;
    let patch = parts.next().unwrap_or(Ok(0))?;
    if parts.next().is_some() {
        return Err(VersionErrorKind::TooManyParts);
    }
    Ok(semver::Version {
        major,
        minor,
        patch,
        pre: semver::Prerelease::new(pre).map_err(|_| VersionErrorKind::BadPrerelease)?,
        build: semver::BuildMetadata::new(build).map_err(|_| VersionErrorKind::BadBuild)?,
    })
}

/// `u64::from_str` would take a leading `+`; a part of a version is digits only.
fn number(text: &str) -> Result<u64, VersionErrorKind> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(VersionErrorKind::BadNumber);
    }
    text.parse().map_err(|_| VersionErrorKind::BadNumber)
}

#[cfg(test)]
mod tests;
