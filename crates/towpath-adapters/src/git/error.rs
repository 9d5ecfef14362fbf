//! From Git's words to a [`RepositoryError`]: what failed, the line that matters, and what to do.
//!
//! Everything that leaves here has passed [`redact`]. Git is run with `LC_ALL=C`, so its words can be
//! matched; where no hint fits, its own line is all there is to say.

use towpath_engine::ports::RepositoryError;

/// The line of Git's that tells why, without its `fatal:`.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct GitSaid(pub(super) String);

/// An error of our own making: there is nothing beneath it.
pub(super) fn refusal(message: impl Into<String>, hint: Option<&str>) -> RepositoryError {
    RepositoryError {
        message: redact(&message.into()),
        hint: hint.map(str::to_owned),
        source: None,
    }
}

/// The error of a Git command that ended badly; `what` is the message.
pub(super) fn failure(what: impl Into<String>, stderr: &[u8]) -> RepositoryError {
    let stderr = redact(&String::from_utf8_lossy(stderr));
    let said = useful_line(&stderr);
    RepositoryError {
        message: redact(&what.into()),
        hint: hint(&stderr),
        source: (!said.is_empty()).then(|| GitSaid(said.to_owned()).into()),
    }
}

/// The error of a commit that was to be signed and is not: then it is not written.
pub(super) fn signing_failure(stderr: &[u8]) -> RepositoryError {
    let said = redact(&String::from_utf8_lossy(stderr));
    let has = |words: &str| said.contains(words);
    let hint = if has("needs to be configured") || has("No secret key") || has("no default secret")
    {
        "tell Git which key is yours: git config gpg.format ssh, and git config user.signingKey ~/.ssh/id_ed25519.pub"
    } else if has("cannot run") || has("cannot exec") {
        "Git did not find the program that signs: `ssh-keygen` comes with OpenSSH, `gpg` with GnuPG"
    } else {
        "see that `git commit -S --allow-empty` works here by itself: the key, its agent, the passphrase"
    };
    // GnuPG speaks in two voices; the one for programs tells people nothing.
    let spoken = said.lines().find_map(|line| line.strip_prefix("gpg: "));
    let why = spoken.map_or_else(|| useful_line(&said).to_owned(), str::to_owned);
    RepositoryError {
        message: "the commit could not be signed, so it was not written".to_owned(),
        hint: Some(hint.to_owned()),
        source: (!why.is_empty()).then(|| GitSaid(why).into()),
    }
}

/// Takes what stands before `@` out of every URL: it may be a password or a token.
pub(super) fn redact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '\'' | '"' | '?' | '#'))
            .unwrap_or(after.len());
        rest = match after[..end].rfind('@') {
            Some(user_end) => {
                out.push_str("***");
                &after[user_end..]
            }
            None => after,
        };
    }
    out.push_str(rest);
    out
}

/// A URL as it may be shown and compared: without a password, and over HTTP without a user.
pub(super) fn public_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let authority_end = rest.find('/').unwrap_or(rest.len());
    let Some(at) = rest[..authority_end].rfind('@') else { return url.to_owned() };
    let host = &rest[at + 1..];
    let user = rest[..at].split(':').next().unwrap_or("");
    if user.is_empty() || scheme.starts_with("http") {
        format!("{scheme}://{host}")
    } else {
        format!("{scheme}://{user}@{host}")
    }
}

/// The first line that is about the failure, without Git's prefix.
fn useful_line(stderr: &str) -> &str {
    const NOISE: [&str; 6] =
        ["warning:", "hint:", "Warning:", "remote:", "To ", "error: failed to push some refs"];
    stderr
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .find(|line| !NOISE.iter().any(|noise| line.starts_with(noise)))
        .or_else(|| stderr.lines().map(str::trim).find(|line| !line.is_empty()))
        .map_or("", |line| {
            ["fatal: ", "error: "].iter().find_map(|p| line.strip_prefix(p)).unwrap_or(line)
        })
}

/// What Git says when it was not let in.
const NOT_LET_IN: [&str; 8] = [
    "Authentication failed",
    "could not read Username",
    "could not read Password",
    "terminal prompts disabled",
    "Permission denied",
    "returned error: 401",
    "returned error: 403",
    "Host key verification failed",
];

/// What Git says when nobody answered at all.
const NOT_REACHED: [&str; 6] = [
    "Could not resolve host",
    "Could not resolve proxy",
    "Name or service not known",
    "Connection refused",
    "Failed to connect to",
    "Network is unreachable",
];

/// Whether the remote cannot have taken anything: it was not reached, or it let nobody in.
pub(super) fn nothing_was_sent(stderr: &[u8]) -> bool {
    let stderr = String::from_utf8_lossy(stderr);
    NOT_LET_IN.iter().chain(&NOT_REACHED).any(|words| stderr.contains(words))
}

/// What to do, where the words are known.
fn hint(stderr: &str) -> Option<String> {
    let has = |words: &str| stderr.contains(words);
    let text = if has("dubious ownership") {
        let folder = stderr.split('\'').nth(1).unwrap_or("FOLDER");
        return Some(format!(
            "somebody else owns the folder; if that is right: git config --global --add safe.directory {folder}"
        ));
    } else if has("Host key verification failed") {
        "the host's key is not known yet: connect once with `ssh`, or add it to known_hosts"
    } else if NOT_LET_IN.iter().any(|words| has(words)) {
        "Git was not let in: see that `git fetch` works here by itself (credential helper, SSH agent, token)"
    } else if NOT_REACHED.iter().any(|words| has(words)) {
        "see that the remote's URL is right and that this machine reaches it"
    } else if has("does not appear to be a git repository") || has("epository not found") {
        "see that the remote's URL is right (`git remote -v`) and that you may read it"
    } else if has("tell me who you are")
        || has("empty ident")
        || has("auto-detect email")
        || has("no email was given")
        || has("no name was given")
    {
        "tell Git who you are: git config --global user.name NAME, and user.email ADDRESS"
    } else if has("does not support --atomic") {
        "this remote cannot move several branches at once: use a server that knows atomic pushes"
    } else if has(".lock': File exists") {
        "another Git command is at work here; if none is, remove the lock file that it names"
    } else if has("refusing to merge unrelated histories") {
        "the two have no common ancestor; in a shallow clone: git fetch --unshallow"
    } else if has("shallow update not allowed") {
        "this clone is shallow: git fetch --unshallow"
    } else {
        return None;
    };
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_never_pass() {
        for (text, want) in [
            ("https://u:tok@h/x.git", "https://***@h/x.git"),
            ("for 'https://tok@h/'", "for 'https://***@h/'"),
            ("https://u:p@ss@h:8/x https://h/y@z", "https://***@h:8/x https://h/y@z"),
            ("no url, a@b", "no url, a@b"),
            ("ends in ://", "ends in ://"),
        ] {
            assert_eq!(redact(text), want);
        }
        for (url, want) in [
            ("https://u:t@h/x", "https://h/x"),
            ("ssh://git:pw@h/x", "ssh://git@h/x"),
            ("git@h:x/y", "git@h:x/y"),
            ("/srv/a@b.git", "/srv/a@b.git"),
            ("https://h/a@b", "https://h/a@b"),
        ] {
            assert_eq!(public_url(url), want);
        }
    }

    #[test]
    fn the_line_that_tells_why_is_found() {
        for (stderr, want) in [
            ("warning: x\nfatal: bad object 1\n", "bad object 1"),
            (
                "git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.",
                "git@h: Permission denied (publickey).",
            ),
            ("error: failed to push some refs to 'x'", "failed to push some refs to 'x'"),
            ("", ""),
        ] {
            assert_eq!(useful_line(stderr), want);
        }
    }

    #[test]
    fn an_owner_that_is_not_us_gets_the_command() {
        let error = failure(
            "cannot open",
            b"fatal: detected dubious ownership in repository at '/srv/x'\nTo add an exception",
        );
        assert!(error.hint.expect("a hint").ends_with("safe.directory /srv/x"));
    }
}
