//! Who a cluster believes: the tokens it was given, the tokens it signs, and whom the edge vouches for.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/kubeapiserver/authenticator/config.go`,
//! `pkg/serviceaccount/claims.go`, `kubernetes/apiserver:pkg/endpoints/filters/impersonation.go`.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::token::{Claims, is_same, sign, verify};
use super::{
    ANONYMOUS, AUTHENTICATED, Attributes, Credentials, Impersonation, Objects, UNAUTHENTICATED,
    User, account_groups, account_of,
};
use crate::machine::Machine;
use crate::refusal::Refusal;

/// Whom tokens are for that are for nobody else, and who signs them.
pub const AUDIENCE: &str = "https://kubernetes.default.svc.cluster.local";

/// The group of what can be impersonated besides users, groups and accounts.
const IDENTITIES: &str = "authentication.k8s.io";

/// The hash of a token, by which a cluster knows it again.
pub type Digest = [u8; 32];

/// Whom a cluster believes.
#[derive(Clone, Default)]
pub struct Authority {
    tokens: Vec<(Digest, User)>,
    key: Option<[u8; 32]>,
    certificate: Option<Box<str>>,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("tokens", &self.tokens.len()).finish_non_exhaustive()
    }
}

impl Authority {
    /// The hash by which a token is known again.
    #[must_use]
    pub fn digest(token: &str) -> Digest {
        Sha256::digest(token).into()
    }

    /// Believes whoever has a token of this hash to be `user`.
    #[must_use]
    pub fn token(mut self, digest: Digest, user: User) -> Self {
        self.tokens.push((digest, user));
        self
    }

    /// Signs tokens of service accounts with a key. Without one, there are none.
    #[must_use]
    pub fn key(mut self, key: [u8; 32]) -> Self {
        self.key = Some(key);
        self
    }

    /// Tells every namespace in a `ConfigMap` by which certificate authority the cluster is to be known, in PEM.
    #[must_use]
    pub fn certificate(mut self, pem: &str) -> Self {
        self.certificate = Some(pem.into());
        self
    }

    /// The certificate authority, in PEM.
    #[must_use]
    pub fn pem(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// A token of a service account; `None` without a key.
    pub(crate) fn sign(&self, claims: &Claims) -> Option<String> {
        Some(sign(self.key.as_ref()?, AUDIENCE, claims))
    }

    /// The user that a token is of, and for whom of `audiences` it is. `None` for a token that is wrong, spent or for
    /// others.
    pub(crate) fn holder<'a>(
        &'a self,
        machine: &Machine,
        token: &str,
        audiences: &[&str],
        now: Timestamp,
    ) -> Option<(Cow<'a, User>, Vec<String>)> {
        let digest = Self::digest(token);
        // Every hash is looked at, so that the time it takes does not tell which came near.
        let mut known = None;
        for (own, user) in &self.tokens {
            if is_same(own, &digest) {
                known = Some(user);
            }
        }
        if let Some(user) = known {
            let is_meant = audiences.contains(&AUDIENCE);
            return is_meant.then(|| (Cow::Borrowed(user), vec![AUDIENCE.to_owned()]));
        }
        let claims = verify(self.key.as_ref()?, AUDIENCE, token)?;
        let second = now.as_second();
        if claims.expires.is_some_and(|expires| second > expires) || second < claims.issued {
            return None;
        }
        let meant = |one: &&String| audiences.contains(&one.as_str());
        let meant: Vec<String> = claims.audiences.iter().filter(meant).cloned().collect();
        if meant.is_empty() {
            return None;
        }
        let state = machine.state();
        let lives = |resource: &str, name: &str, uid: &str| {
            let found = state.find(resource, &claims.namespace, name);
            found.is_some_and(|found| *found.head.uid == *uid)
        };
        if !lives("serviceaccounts", &claims.name, &claims.uid) {
            return None;
        }
        if let Some(bound) = &claims.bound {
            let is_there = match bound.kind.as_str() {
                "Pod" => lives("pods", &bound.name, &bound.uid),
                "Secret" => lives("secrets", &bound.name, &bound.uid),
                _ => {
                    let node = state.find("nodes", "", &bound.name);
                    node.is_some_and(|node| *node.head.uid == *bound.uid)
                }
            };
            if !is_there {
                return None;
            }
        }
        let mut user = User::account(&claims.namespace, &claims.name);
        user.uid = claims.uid;
        user.groups.push(AUTHENTICATED.to_owned());
        let id = format!("JTI={}", claims.id);
        user.extra.insert("authentication.kubernetes.io/credential-id".into(), vec![id]);
        Some((Cow::Owned(user), meant))
    }

    /// Who asks, and for whom.
    ///
    /// # Errors
    ///
    /// 401 for a wrong token, 403 for an impersonation that is not allowed.
    pub(crate) fn authenticate<'a>(
        &'a self,
        machine: &Machine,
        credentials: &Credentials<'a>,
        now: Timestamp,
    ) -> Result<Cow<'a, User>, Refusal> {
        let user = match (credentials.identity, credentials.bearer()) {
            (Some(user), _) => Cow::Borrowed(user),
            (None, Some(token)) => {
                let holder = self.holder(machine, token, &[AUDIENCE], now);
                holder.ok_or_else(Refusal::unauthorized)?.0
            }
            (None, None) => Cow::Owned(User::anonymous()),
        };
        match credentials.impersonation {
            None => Ok(user),
            Some(wanted) => impersonate(machine, &user, wanted).map(Cow::Owned),
        }
    }
}

/// Somebody else, if `user` may be them.
fn impersonate(machine: &Machine, user: &User, wanted: &Impersonation) -> Result<User, Refusal> {
    if wanted.user.is_empty() {
        return Err(Refusal::internal("impersonation without a user"));
    }
    let may = |group, resource, subresource, namespace, name: &str| {
        let name = Cow::Borrowed(name);
        let objects = Objects { group, resource, subresource, namespace, name };
        machine.permit(user, &Attributes::objects("impersonate", objects))
    };
    let mut groups = wanted.groups.clone();
    match account_of(&wanted.user) {
        Some((namespace, name)) => {
            may("", "serviceaccounts", "", namespace, name)?;
            if groups.is_empty() {
                groups = account_groups(namespace);
            }
        }
        None => may("", "users", "", "", &wanted.user)?,
    }
    for group in &wanted.groups {
        may("", "groups", "", "", group)?;
    }
    for (key, values) in &wanted.extra {
        for value in values {
            may(IDENTITIES, "userextras", key, "", value)?;
        }
    }
    if !wanted.uid.is_empty() {
        may(IDENTITIES, "uids", "", "", &wanted.uid)?;
    }
    let is_of = |group: &str| groups.iter().any(|one| one == group);
    if wanted.user == ANONYMOUS {
        if !is_of(UNAUTHENTICATED) {
            groups.push(UNAUTHENTICATED.to_owned());
        }
    } else if !is_of(AUTHENTICATED) && !is_of(UNAUTHENTICATED) {
        groups.push(AUTHENTICATED.to_owned());
    }
    Ok(User {
        name: wanted.user.clone(),
        uid: wanted.uid.clone(),
        groups,
        extra: wanted.extra.clone(),
    })
}
