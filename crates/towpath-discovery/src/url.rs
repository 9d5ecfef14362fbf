//! Repository URLs: whether two of them, however written, are one repository. Must not contact it.

/// The URL as `host/path`, so that the same repository reads the same over any protocol.
///
/// `git@host:a/b.git`, `ssh://git@host:22/a/b`, `https://user@host/a/b.git/` are all `host/a/b`. A
/// port other than the protocol's own stays: another port may be another server.
#[must_use]
pub fn normalise(url: &str) -> String {
    let url = url.trim();
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest.to_owned()),
        None => match url.split_once(':') {
            Some((host, path)) if !host.contains('/') => {
                ("ssh".to_owned(), format!("{host}/{path}"))
            }
            _ => (String::new(), url.to_owned()),
        },
    };
    let (host, path) = rest.split_once('/').unwrap_or((&rest, ""));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host).to_ascii_lowercase();
    let usual = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        "ssh" => ":22",
        _ => "",
    };
    let host = host.strip_suffix(usual).unwrap_or(&host);
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path).trim_matches('/');
    format!("{host}/{path}")
}

/// The URL without a user name and password, which are not for anybody to see. The user of an SSH URL
/// is no secret and stays.
#[must_use]
pub fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match host.rsplit_once('@') {
        Some((user, host)) if scheme != "ssh" || user.contains(':') => {
            format!("{scheme}://{host}{path}")
        }
        _ => url.to_owned(),
    }
}

/// The last part of a repository's URL, without `.git`.
#[must_use]
pub fn last_part(url: &str) -> String {
    let normal = normalise(url);
    normal.rsplit('/').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{last_part, normalise, without_credentials};

    #[test]
    fn one_repository_reads_the_same() {
        for url in [
            "https://github.com/acme/fleet",
            "https://GitHub.com/acme/fleet.git",
            "https://token@github.com:443/acme/fleet.git/",
            "ssh://git@github.com/acme/fleet",
            "ssh://git@github.com:22/acme/fleet.git",
            "git@github.com:acme/fleet.git",
            "http://github.com/acme/fleet",
        ] {
            assert_eq!(normalise(url), "github.com/acme/fleet", "{url}");
        }
        assert_eq!(last_part("git@github.com:acme/fleet.git"), "fleet");
    }

    #[test]
    fn credentials_go() {
        for (url, want) in [
            ("https://me:secret@host/a", "https://host/a"),
            ("https://token@host/a@b", "https://host/a@b"),
            ("ssh://git@host/a", "ssh://git@host/a"),
            ("git@host:a", "git@host:a"),
            ("oci://host", "oci://host"),
        ] {
            assert_eq!(without_credentials(url), want);
        }
    }

    #[test]
    fn other_repositories_do_not() {
        for url in
            ["https://github.com/acme/fleet2", "https://github.com:8443/acme/fleet", "/acme/fleet"]
        {
            assert_ne!(normalise(url), "github.com/acme/fleet", "{url}");
        }
    }
}
