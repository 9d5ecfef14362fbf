//! URLs of remote trees, and the port that supplies what they name.
//!
//! Source of the contract: `kubernetes-sigs/kustomize:api/internal/git/repospec.go`. Nothing here fetches.

use std::sync::Arc;
use std::time::Duration;

use crate::Tree;

/// Supplies the trees that remote resources name.
pub trait Remotes: Sync {
    /// The tree of the repository at the reference: its whole root, whatever the path in the URL.
    ///
    /// # Errors
    /// Why it cannot be had, as a lower-case fragment.
    fn tree(&self, url: &RemoteUrl) -> Result<Arc<dyn Tree + Send + Sync>, String>;
}

/// A URL that names a folder of a Git repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteUrl {
    /// What Git clones: `https://github.com/owner/name`, `git@host:owner/name.git`.
    pub repo: String,
    /// A branch, tag or commit; empty for the default branch.
    pub reference: String,
    /// The folder in the repository; empty for its root.
    pub path: String,
    /// How long one conversation with the remote may take.
    pub timeout: Duration,
}

/// The `timeout` of a URL that states none.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(27);

const SCHEMES: [&str; 4] = ["ssh://", "https://", "http://", "file://"];

impl RemoteUrl {
    /// Reads `text` as Kustomize does; `None` where it would look for a local folder instead.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.starts_with('/') {
            return None;
        }
        let (address, query) = text.split_once('?').unwrap_or((text, ""));
        let (host, rest) = host(address)?;
        let (repo, path) = repository(rest, host.starts_with("file://"))?;
        let path = path.trim_start_matches('/').trim_end_matches('/');
        if repo.is_empty() || leaves(path) {
            return None;
        }
        let query = Query::read(query);
        let reference = query.first("ref").or_else(|| query.first("version"));
        Some(Self {
            repo: format!("{host}{repo}"),
            reference: reference.unwrap_or_default().to_owned(),
            path: path.to_owned(),
            timeout: query.first("timeout").and_then(duration).unwrap_or(DEFAULT_TIMEOUT),
        })
    }

    /// Whether the reference is a whole commit id: what it names never changes.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        matches!(self.reference.len(), 40 | 64)
            && self.reference.bytes().all(|byte| byte.is_ascii_hexdigit())
    }
}

/// A URL as it may be shown: what stands before the host may be a password or a token.
pub(crate) fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rsplit_once('@') {
        // Over SSH a name is part of the address, and no secret.
        Some((user, _)) if scheme.ends_with("ssh") && !user.contains(':') => url.to_owned(),
        Some((user, _)) => format!("{scheme}://***{}", &rest[user.len()..]),
        None => url.to_owned(),
    }
}

/// Whether `path` is a file on the web.
pub(crate) fn is_web_file(path: &str) -> bool {
    strip_prefix(path, "https://").or_else(|| strip_prefix(path, "http://")).is_some()
}

fn strip_prefix<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

/// What follows `?`, decoded.
struct Query(Vec<(String, String)>);

impl Query {
    /// Nothing where any of it cannot be read: then Kustomize, too, goes by its defaults.
    fn read(text: &str) -> Self {
        let pair = |pair: &str| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decoded(key)?, decoded(value)?))
        };
        let pairs = text.split('&').filter(|text| !text.is_empty()).map(pair);
        Self(pairs.collect::<Option<_>>().unwrap_or_default())
    }

    /// The first value of the name; `None` where that is empty.
    fn first(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        (!value.is_empty()).then_some(value)
    }
}

/// Reads `%2F` and `+`; `None` where that makes no text.
fn decoded(text: &str) -> Option<String> {
    if text.contains(';') {
        return None;
    }
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(out).ok()
}

/// Reads whole seconds, or what Go writes: `90s`, `1m30s`, `1.5h`. `None` where that is no time above zero.
fn duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, f64); 7] = [
        ("ns", 1e-9),
        ("us", 1e-6),
        ("\u{b5}s", 1e-6),
        ("ms", 1e-3),
        ("s", 1.0),
        ("m", 60.0),
        ("h", 3600.0),
    ];
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut seconds = 0.0;
    if let Ok(whole) = rest.parse::<u32>() {
        seconds = f64::from(whole);
        rest = "";
    }
    while !rest.is_empty() {
        let is_number = |c: char| c.is_ascii_digit() || c == '.';
        let (number, after) = rest.split_at(rest.find(|c| !is_number(c))?);
        let (unit, next) = after.split_at(after.find(is_number).unwrap_or(after.len()));
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
        seconds += number.parse::<f64>().ok()? * factor;
        rest = next;
    }
    Duration::try_from_secs_f64(seconds).ok().filter(|time| !time.is_zero())
}

/// The host with scheme and user, up to and with its separator, and what follows.
fn host(address: &str) -> Option<(String, &str)> {
    let address = strip_prefix(address, "git::").unwrap_or(address);
    let (scheme, rest) = SCHEMES
        .iter()
        .find_map(|scheme| Some((*scheme, strip_prefix(address, scheme)?)))
        .unwrap_or(("", address));
    let (user, rest) = match rest.split_once('@') {
        Some((user, after)) if is_user(user) => (&rest[..=user.len()], after),
        _ => ("", rest),
    };
    let github = strip_prefix(rest, "github.com/").or_else(|| strip_prefix(rest, "github.com:"));
    let scp = scheme.is_empty() && (!user.is_empty() || github.is_some());
    if scheme.is_empty() && !scp {
        return None;
    }
    if scheme == "file://" {
        return Some((scheme.to_owned(), rest));
    }
    let slash = rest.find('/');
    let colon = if scp { rest.find(':') } else { None };
    let end = match (slash, colon) {
        (Some(slash), Some(colon)) if colon > 0 => Some(slash.min(colon)),
        (None, colon) => colon,
        (slash, _) => slash,
    };
    let (host, path) = end.map_or((rest, ""), |end| rest.split_at(end + 1));
    if github.is_some() {
        let ssh = scheme == "ssh://" || !user.is_empty();
        return Some(if ssh {
            (format!("{user}github.com:"), path)
        } else {
            ("https://github.com/".to_owned(), path)
        });
    }
    (!host.is_empty()).then(|| (format!("{scheme}{user}{host}"), path))
}

fn is_user(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The repository and the folder in it.
fn repository(rest: &str, whole: bool) -> Option<(&str, &str)> {
    if let Some(at) = rest.find("_git/") {
        let start = at + "_git/".len();
        let end = rest[start..].find('/').map_or(rest.len(), |slash| start + slash);
        return Some((&rest[..end], &rest[end..]));
    }
    if let Some(at) = rest.find("//") {
        return Some((&rest[..at], &rest[at + 2..]));
    }
    if let Some(at) = rest.find(".git") {
        return Some(rest.split_at(at + ".git".len()));
    }
    if whole {
        return Some((rest, ""));
    }
    let first = rest.find('/')?;
    let second = rest[first + 1..].find('/').map_or(rest.len(), |slash| first + 1 + slash);
    Some(rest.split_at(second))
}

fn leaves(path: &str) -> bool {
    let mut depth = 0_i32;
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." => depth -= 1,
            _ => depth += 1,
        }
        if depth < 0 {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_as_kustomize_reads_them() {
        for (text, repo, path, reference) in [
            ("github.com/o/r", "https://github.com/o/r", "", ""),
            ("github.com/o/r/deep/er?ref=v1", "https://github.com/o/r", "deep/er", "v1"),
            ("https://github.com/o/r//sub?ref=v1&timeout=9", "https://github.com/o/r", "sub", "v1"),
            ("git@github.com:o/r.git//a/b?ref=x", "git@github.com:o/r.git", "a/b", "x"),
            ("git@host.org:o/r.git", "git@host.org:o/r.git", "", ""),
            ("ssh://git@github.com/o/r?version=2", "git@github.com:o/r", "", "2"),
            ("https://dev.org/o/p/_git/r/sub", "https://dev.org/o/p/_git/r", "sub", ""),
            ("https://host.org/o/r.git/sub", "https://host.org/o/r.git", "sub", ""),
        ] {
            let url = RemoteUrl::parse(text).expect(text);
            assert_eq!(
                (&*url.repo, &*url.path, &*url.reference),
                (repo, path, reference),
                "{text}"
            );
        }
        for local in
            ["../base", "./x", "base", "/abs", "github.com", "a/b@c", "https://host/o/r/../.."]
        {
            assert_eq!(RemoteUrl::parse(local), None, "{local}");
        }
    }

    #[test]
    fn references_are_decoded_and_timeouts_read() {
        let whole = "a".repeat(40);
        for (query, reference, millis) in [
            ("ref=release%2F1.2", "release/1.2", 27_000),
            ("version=a+b", "a b", 27_000),
            ("ref=v1&timeout=61", "v1", 61_000),
            ("timeout=1m0.5s", "", 60_500),
            ("timeout=250ms&ref=v2", "v2", 250),
            ("ref=x&timeout=0", "x", 27_000),
            ("ref=x&timeout=-3s", "x", 27_000),
            ("ref=x&timeout=1y", "x", 27_000),
            // What cannot be read leaves nothing of the query.
            ("ref=x&more=%zz", "", 27_000),
            (&format!("ref={whole}"), &whole, 27_000),
        ] {
            let url = RemoteUrl::parse(&format!("https://h/o/r?{query}")).expect(query);
            let time = Duration::from_millis(millis);
            assert_eq!((&*url.reference, url.timeout), (reference, time), "{query}");
            assert_eq!(url.is_pinned(), reference == whole, "{query}");
        }
    }

    #[test]
    fn what_is_shown_holds_no_secret() {
        for (url, want) in [
            ("https://u:tok@h/x@y", "https://***@h/x@y"),
            ("git::https://tok@h?ref=a", "git::https://***@h?ref=a"),
            ("ssh://git@h/x", "ssh://git@h/x"),
            ("ssh://git:pw@h/x", "ssh://***@h/x"),
            ("git@h:x/y", "git@h:x/y"),
            ("https://h/a@b", "https://h/a@b"),
            ("../base", "../base"),
        ] {
            assert_eq!(shown(url), want);
        }
    }
}
