//! Who asks, and what they may do.
//!
//! From [`Credentials`] comes a [`User`], by the [`Authority`] of a cluster; what is asked for is [`Attributes`]; the
//! roles and bindings that a cluster holds are compiled into a [`Policy`], which says whether one may have the other.
//! Nothing here reads or writes an object: who may hand on which rights is [`escalation`]'s, reviews are answered in
//! `serve/review.rs`.
//!
//! Where to go next: `authority.rs`, `attributes.rs`, `policy.rs`.

mod attributes;
mod authority;
mod credentials;
pub mod escalation;
mod policy;
mod rule;
mod token;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

pub use attributes::{Asked, Attributes, Objects};
pub use authority::{AUDIENCE, Authority, Digest};
pub use credentials::{Credentials, Impersonation, Unnamed};
pub(crate) use policy::CLUSTER_ROLES;
pub use policy::{Missing, Policy, Resolved, Verdict};
pub use rule::Rule;
pub(crate) use token::{Bound, Claims};

/// The group that may do everything.
pub const MASTERS: &str = "system:masters";

/// The group of everybody who said who they are.
pub const AUTHENTICATED: &str = "system:authenticated";

/// The group of everybody who did not.
pub const UNAUTHENTICATED: &str = "system:unauthenticated";

/// The user who did not say who it is.
pub const ANONYMOUS: &str = "system:anonymous";

/// What the names of service accounts begin with, as users.
const ACCOUNT: &str = "system:serviceaccount:";

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct User {
    /// For example `system:serviceaccount:flux-system:kustomize-controller`.
    pub name: String,
    /// Empty where there is none.
    pub uid: String,
    /// For example `system:authenticated`.
    pub groups: Vec<String>,
    /// What the authenticator knows besides.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl User {
    /// Somebody by name, of the group of the authenticated and of others.
    #[must_use]
    pub fn named(name: &str, groups: &[&str]) -> Self {
        let mut groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
        if !groups.iter().any(|group| group == AUTHENTICATED) {
            groups.push(AUTHENTICATED.to_owned());
        }
        Self { name: name.to_owned(), groups, ..Self::default() }
    }

    /// Nobody in particular.
    #[must_use]
    pub fn anonymous() -> Self {
        Self {
            name: ANONYMOUS.to_owned(),
            groups: vec![UNAUTHENTICATED.to_owned()],
            ..Self::default()
        }
    }

    /// A service account.
    #[must_use]
    pub fn account(namespace: &str, name: &str) -> Self {
        Self {
            name: account_name(namespace, name),
            groups: account_groups(namespace),
            ..Self::default()
        }
    }

    /// Whether the user is of a group.
    #[must_use]
    pub fn is_of(&self, group: &str) -> bool {
        self.groups.iter().any(|one| one == group)
    }

    /// As reviews and admission have it: `UserInfo`.
    #[must_use]
    pub fn info(&self) -> Value {
        let mut info = Map::new();
        if !self.name.is_empty() {
            info.insert("username".into(), self.name.clone().into());
        }
        if !self.uid.is_empty() {
            info.insert("uid".into(), self.uid.clone().into());
        }
        if !self.groups.is_empty() {
            info.insert("groups".into(), self.groups.clone().into());
        }
        if !self.extra.is_empty() {
            info.insert("extra".into(), json!(self.extra));
        }
        Value::Object(info)
    }
}

/// What a service account is called as a user.
fn account_name(namespace: &str, name: &str) -> String {
    format!("{ACCOUNT}{namespace}:{name}")
}

/// The groups that a service account is of because it is one.
fn account_groups(namespace: &str) -> Vec<String> {
    vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")]
}

/// The namespace and the name of a service account, if a user's name is that of one.
fn account_of(user: &str) -> Option<(&str, &str)> {
    let (namespace, name) = user.strip_prefix(ACCOUNT)?.split_once(':')?;
    (!namespace.is_empty() && !name.is_empty() && !name.contains(':')).then_some((namespace, name))
}
