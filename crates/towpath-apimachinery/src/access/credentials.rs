//! What a request brings to show who asks.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::User;

/// What a request brings to show who asks. The edge has checked certificates; tokens are checked here.
#[derive(Debug, Clone, Copy, Default)]
pub struct Credentials<'a> {
    /// Who the edge vouches for: the subject of a client certificate, or a client in the same process. Wins over a
    /// token, as it does with a server.
    pub identity: Option<&'a User>,
    /// The header `Authorization`, as it was sent; empty if there is none.
    pub authorization: &'a str,
    /// For whom the request is to be made.
    pub impersonation: Option<&'a Impersonation>,
}

impl<'a> Credentials<'a> {
    /// Somebody whom the edge vouches for, as they are.
    #[must_use]
    pub fn identity(user: &'a User) -> Self {
        Self { identity: Some(user), ..Self::default() }
    }

    /// The bearer token, if one was sent.
    #[must_use]
    pub fn bearer(&self) -> Option<&'a str> {
        let (scheme, token) = self.authorization.trim().split_once(' ')?;
        let token = token.trim().split(' ').next().unwrap_or_default();
        (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
    }
}

/// Somebody for whom a request is to be made: the headers `Impersonate-*`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Impersonation {
    /// `Impersonate-User`.
    pub user: String,
    /// `Impersonate-Uid`.
    pub uid: String,
    /// `Impersonate-Group`, one for each header.
    pub groups: Vec<String>,
    /// `Impersonate-Extra-KEY`: by key, in small letters.
    pub extra: BTreeMap<String, Vec<String>>,
}

/// The headers name groups or more, and no user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("impersonation without a user")]
pub struct Unnamed;

impl Impersonation {
    /// Reads the headers of a request: names in any letters, and values.
    #[must_use]
    pub fn of<'h>(headers: impl IntoIterator<Item = (&'h str, &'h str)>) -> Option<Self> {
        const EXTRA: &str = "impersonate-extra-";
        let mut found = Self::default();
        let mut is_any = false;
        for (name, value) in headers {
            let name = name.to_ascii_lowercase();
            match name.as_str() {
                "impersonate-user" => value.clone_into(&mut found.user),
                "impersonate-uid" => value.clone_into(&mut found.uid),
                "impersonate-group" => found.groups.push(value.to_owned()),
                other => {
                    let Some(key) = other.strip_prefix(EXTRA) else { continue };
                    let key = percent_decode_str(key).decode_utf8_lossy().to_lowercase();
                    found.extra.entry(key).or_default().push(value.to_owned());
                }
            }
            is_any = true;
        }
        is_any.then_some(found)
    }
}
