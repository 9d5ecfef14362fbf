//! Names and identities that cannot be wrong inside: each is parsed once, at the border, and shared by all copies.
//!
//! A name here can become a folder, a branch or a tag; so none of them can hold a path separator, a
//! control character or a `..`. Must not grow behaviour: these are the words, not the sentences.
//! Next: [`crate::release`], [`crate::path`].

use std::fmt;
use std::sync::Arc;

/// Why a text is not the name or identity it was meant to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {text:?} {problem}")]
pub struct InvalidId {
    /// What was being read, with its article left out: `environment name`, `commit`.
    pub what: &'static str,
    /// The text that was refused.
    pub text: String,
    /// What is wrong with it, as a predicate: `is empty`.
    pub problem: &'static str,
}

fn invalid<T>(what: &'static str, text: &str, problem: &'static str) -> Result<T, InvalidId> {
    let text: String = text.chars().take(80).collect();
    Err(InvalidId { what, text, problem })
}

/// The rule shared by all names: what Kubernetes accepts as a DNS subdomain, capitals and `_` allowed
/// because folders have them, at most 63 characters.
fn check_name(what: &'static str, text: &str) -> Result<(), InvalidId> {
    if text.is_empty() {
        return invalid(what, text, "is empty");
    }
    if text.len() > 63 {
        return invalid(what, text, "is longer than 63 characters");
    }
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        return invalid(what, text, "has a character other than letters, digits, `-`, `_` and `.`");
    }
    if !text.starts_with(|c: char| c.is_ascii_alphanumeric())
        || !text.ends_with(|c: char| c.is_ascii_alphanumeric())
        || text.contains("..")
    {
        return invalid(what, text, "must begin and end with a letter or digit and hold no `..`");
    }
    Ok(())
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Reads the text, or says what is wrong with it.
            ///
            /// # Errors
            /// [`InvalidId`] where the text does not fit the type's rule.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                let check: fn(&'static str, &str) -> Result<(), InvalidId> = $check;
                check($what, text)?;
                Ok(Self(text.into()))
            }

            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }
    };
}

text_id!(
    /// The name of a component: a part of the platform with its own release stream.
    ComponentName, "component name", check_name
);
text_id!(
    /// The name of an environment of the path.
    EnvironmentName, "environment name", check_name
);
text_id!(
    /// The name of a cluster.
    ClusterName, "cluster name", check_name
);
text_id!(
    /// The name of a test that the path states.
    TestName, "test name", check_name
);
text_id!(
    /// The name of a gate as it is shown and overridden: `soak`, `alerts/2`, `test/smoke`.
    GateName, "gate name", |what, text| {
        let (word, rest) = text.split_once('/').unwrap_or((text, "x"));
        check_name(what, word)?;
        check_name(what, rest)
    }
);
text_id!(
    /// The name of a source of alerts or metrics.
    SourceName, "source name", check_name
);
text_id!(
    /// The name of a place that is told of changes.
    NotificationName, "notification name", check_name
);
text_id!(
    /// A commit: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits.
    CommitId, "commit", |what, text| {
        let hex = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        match text.len() {
            40 | 64 if hex => Ok(()),
            _ => invalid(what, text, "is not 40 or 64 lower-case hexadecimal digits"),
        }
    }
);
text_id!(
    /// A content digest, `sha256:` and 64 lower-case hexadecimal digits, as OCI registries name content.
    Digest, "digest", |what, text| {
        match text.strip_prefix("sha256:") {
            Some(h) if h.len() == 64 && h.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) => Ok(()),
            _ => invalid(what, text, "is not `sha256:` and 64 lower-case hexadecimal digits"),
        }
    }
);
text_id!(
    /// A branch name without `refs/heads/`, by the rules of `git check-ref-format --branch`.
    BranchName, "branch name", |what, text| {
        let bad_char = |c: char| c.is_ascii_control() || " ~^:?*[\\\u{7f}".contains(c);
        let bad_part = |p: &str| p.is_empty() || p.starts_with('.') || p.ends_with(".lock") || p.ends_with('.');
        if text.is_empty() {
            return invalid(what, text, "is empty");
        }
        if text.chars().any(bad_char) || text.contains("..") || text.contains("@{") {
            return invalid(what, text, "has characters that Git does not allow");
        }
        if text == "@" || text == "HEAD" || text.starts_with('-') || text.split('/').any(bad_part) {
            return invalid(what, text, "is not a branch name that Git allows");
        }
        Ok(())
    }
);
text_id!(
    /// A path inside a repository: relative, `/` between its parts, no `.` or `..` part, no back slash.
    ///
    /// The root of the repository is not a `RepoPath`; see [`Folder`].
    RepoPath, "path", |what, text| {
        if text.is_empty() {
            return invalid(what, text, "is empty");
        }
        if text.starts_with('/') {
            return invalid(what, text, "is absolute");
        }
        if text.contains('\\') || text.chars().any(char::is_control) {
            return invalid(what, text, "has a back slash or a control character");
        }
        match text.split('/').find(|p| matches!(*p, "" | "." | "..")) {
            Some("..") => invalid(what, text, "leaves its folder by `..`"),
            Some(_) => invalid(what, text, "has an empty or `.` part"),
            None if text.split('/').any(|p| p.eq_ignore_ascii_case(".git")) => {
                invalid(what, text, "names Git's own folder")
            }
            None => Ok(()),
        }
    }
);

impl CommitId {
    /// The first eight digits, as Flux and this project print revisions.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..8]
    }
}

impl Digest {
    /// `sha256:` and the first twelve digits, for tables.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..19]
    }
}

impl RepoPath {
    /// The last part.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The folder the path stands in.
    #[must_use]
    pub fn parent(&self) -> Folder {
        Folder(self.0.rsplit_once('/').map_or("", |(p, _)| p).to_owned())
    }
}

/// A folder of a repository: a [`RepoPath`] or the root, which is the empty text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Folder(String);

impl Folder {
    /// The root of the repository.
    #[must_use]
    pub fn root() -> Self {
        Self(String::new())
    }

    /// Reads a folder as Flux writes it in `spec.path`: `./clusters/a`, `clusters/a/`, `./`, `/clusters/a`.
    ///
    /// # Errors
    /// [`InvalidId`] where the text leaves the repository or is no path.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let mut parts = Vec::new();
        for part in text.split('/') {
            match part {
                "" | "." => {}
                _ => parts.push(part),
            }
        }
        if parts.is_empty() {
            return Ok(Self::root());
        }
        Ok(Self(RepoPath::parse(&parts.join("/"))?.as_str().to_owned()))
    }

    /// The text, without `./`; empty for the root.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the root of the repository.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The last part of the name; empty for the root.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or("")
    }

    /// The folder this one stands in; the root's is the root.
    #[must_use]
    pub fn parent(&self) -> Self {
        Self(self.0.rsplit_once('/').map_or("", |(p, _)| p).to_owned())
    }

    /// A path below this folder.
    ///
    /// # Errors
    /// [`InvalidId`] where `below` is no path inside the folder.
    pub fn join(&self, below: &str) -> Result<RepoPath, InvalidId> {
        if self.is_root() {
            RepoPath::parse(below)
        } else {
            RepoPath::parse(&format!("{}/{below}", self.0))
        }
    }

    /// What of `path` is below this folder; `None` where it is elsewhere or the folder itself.
    #[must_use]
    pub fn strip<'a>(&self, path: &'a str) -> Option<&'a str> {
        if self.is_root() {
            return (!path.is_empty()).then_some(path);
        }
        path.strip_prefix(self.0.as_str())?.strip_prefix('/').filter(|rest| !rest.is_empty())
    }

    /// Whether `path` is below this folder.
    #[must_use]
    pub fn contains(&self, path: &str) -> bool {
        self.strip(path).is_some()
    }

    /// Whether `other` is this folder or below it.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self == other || self.contains(&other.0)
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(if self.is_root() { "." } else { &self.0 })
    }
}

impl fmt::Debug for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_escape_are_refused() {
        for bad in
            ["", "..", "a/b", "../x", "a..b", ".hidden", "-a", "a b", "a\nb", &"x".repeat(64)]
        {
            assert!(EnvironmentName::parse(bad).is_err(), "{bad:?}");
        }
        for good in ["sandbox-a", "production", "eu_west.1", "A", "0"] {
            assert!(EnvironmentName::parse(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn paths_stay_inside() {
        for bad in
            ["", "/etc", "a//b", "./a", "a/../b", "..", "a\\b", "a\0", ".git/config", "x/.GIT/y"]
        {
            assert!(RepoPath::parse(bad).is_err(), "{bad:?}");
        }
        assert!(RepoPath::parse("clusters/a b/ü.yaml").is_ok());
    }

    #[test]
    fn folders_read_as_flux_writes_them() {
        for (text, want) in [
            ("./clusters/a", "clusters/a"),
            ("clusters/a/", "clusters/a"),
            ("./", ""),
            ("", ""),
            ("/x", "x"),
        ] {
            assert_eq!(Folder::parse(text).map(|f| f.as_str().to_owned()), Ok(want.to_owned()));
        }
        assert!(Folder::parse("../x").is_err());
        let folder = Folder::parse("clusters/a").expect("a folder");
        assert_eq!(folder.strip("clusters/a/b.yaml"), Some("b.yaml"));
        assert_eq!(folder.strip("clusters/ab/c.yaml"), None);
    }

    #[test]
    fn branch_names_follow_git() {
        for bad in ["", "a b", "-x", "a..b", "a/.b", "x.lock", "a//b", "HEAD", "a@{1}", "a:b", "a."]
        {
            assert!(BranchName::parse(bad).is_err(), "{bad:?}");
        }
        for good in ["main", "PLAT-123-add-keda", "towpath/ledger"] {
            assert!(BranchName::parse(good).is_ok(), "{good:?}");
        }
    }
}
