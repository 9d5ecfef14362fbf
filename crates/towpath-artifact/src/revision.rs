//! Revisions: which commit an artifact was made of.
//!
//! The annotation is free text that Flux does not check, and its documented form has changed over time
//! (`fluxcd/flux2:rfcs/0005-artifact-revision-and-digest`). All forms that are found in the wild are read; one is
//! written. Which commit a branch points to is for Git to say.

use std::fmt;

/// A commit, and the branch, tag or reference under which it was found.
///
/// | text | pointer |
/// | --- | --- |
/// | `main@sha1:…`, `refs/heads/main@sha1:…` | `main`, `refs/heads/main` |
/// | `sha1:…`, `@sha1:…` | none |
/// | `main/…` (before Flux 2.0) | `main` |
/// | `…`, the bare hash | none |
///
/// [`Display`](fmt::Display) prints the first or second form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RevisionRef {
    /// The branch, tag or reference.
    pub pointer: Option<String>,
    /// The whole hash, in lower case: 40 digits of SHA-1 or 64 of SHA-256.
    pub commit: String,
}

impl RevisionRef {
    /// Reads a revision. A shortened hash is refused, as it names no commit for good.
    pub fn parse(text: &str) -> Result<Self, RevisionError> {
        let error = || RevisionError(text.to_owned());
        let (pointer, algorithm, hash) = match text.rsplit_once(':') {
            Some((head, hash)) => {
                let (pointer, algorithm) = head.rsplit_once('@').unwrap_or(("", head));
                (pointer, Some(algorithm), hash)
            }
            None => {
                let (pointer, hash) = text.rsplit_once('/').unwrap_or(("", text));
                (pointer, None, hash)
            }
        };
        let found = algorithm_of(hash).ok_or_else(error)?;
        if algorithm.is_some_and(|stated| stated != found) {
            return Err(error());
        }
        let pointer = (!pointer.is_empty()).then(|| pointer.to_owned());
        Ok(Self { pointer, commit: hash.to_ascii_lowercase() })
    }
}

impl fmt::Display for RevisionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(pointer) = &self.pointer {
            write!(f, "{pointer}@")?;
        }
        let algorithm = algorithm_of(&self.commit).unwrap_or("sha1");
        write!(f, "{algorithm}:{}", self.commit)
    }
}

impl std::str::FromStr for RevisionRef {
    type Err = RevisionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// Git tells its hash functions apart by length.
fn algorithm_of(hash: &str) -> Option<&'static str> {
    let is_hex = hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    match hash.len() {
        40 if is_hex => Some("sha1"),
        64 if is_hex => Some("sha256"),
        _ => None,
    }
}

/// A text that names no commit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a revision such as `main@sha1:<40 digits>`")]
pub struct RevisionError(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    const SHA1: &str = "2226c2b3000000000000000000000000000000ab";

    #[test]
    fn every_form_is_read_and_one_is_written() {
        let sha256 = "0".repeat(64);
        let table = [
            (SHA1.to_owned(), None, format!("sha1:{SHA1}")),
            (SHA1.to_uppercase(), None, format!("sha1:{SHA1}")),
            (format!("sha1:{SHA1}"), None, format!("sha1:{SHA1}")),
            (format!("@sha1:{SHA1}"), None, format!("sha1:{SHA1}")),
            (format!("main@sha1:{SHA1}"), Some("main"), format!("main@sha1:{SHA1}")),
            (format!("a/b@c@sha1:{SHA1}"), Some("a/b@c"), format!("a/b@c@sha1:{SHA1}")),
            (
                format!("refs/tags/1@sha1:{SHA1}"),
                Some("refs/tags/1"),
                format!("refs/tags/1@sha1:{SHA1}"),
            ),
            (format!("feat/x/{SHA1}"), Some("feat/x"), format!("feat/x@sha1:{SHA1}")),
            (format!("0.0.7@sha256:{sha256}"), Some("0.0.7"), format!("0.0.7@sha256:{sha256}")),
        ];
        for (text, pointer, written) in table {
            let revision = RevisionRef::parse(&text).expect(&text);
            assert_eq!(revision.pointer.as_deref(), pointer, "{text}");
            assert_eq!(revision.to_string(), written);
            assert_eq!(RevisionRef::parse(&written), Ok(revision));
        }
    }

    #[test]
    fn what_names_no_commit_is_refused() {
        let texts = [
            "".to_owned(),
            "main".to_owned(),
            "2226c2b".to_owned(),
            "main@sha1:2226c2b".to_owned(),
            format!("main@sha256:{SHA1}"),
            format!("main@md5:{SHA1}"),
            format!("main:{SHA1}"),
            format!("main@sha1:{}g", &SHA1[1..]),
            format!("{SHA1}/"),
        ];
        for text in texts {
            assert_eq!(RevisionRef::parse(&text), Err(RevisionError(text)));
        }
    }
}
