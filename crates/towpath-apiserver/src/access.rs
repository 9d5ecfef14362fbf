//! Who a request on a socket is from.
//!
//! A client in the same process is the administrator: it could reach into the cluster's memory as well. A client on a
//! socket is who its token says. What anybody may do is not decided here.

use std::sync::Arc;

use http::{HeaderMap, header};
use towpath_apimachinery::access::User;

use crate::identity::Identity;

/// Whose requests are taken.
#[derive(Debug, Clone)]
pub enum Access {
    /// Everybody's, as the administrator's: for tests on a socket that nobody else reaches.
    Open,
    /// Those with the token of an identity, as the administrator's; and those whom the cluster knows.
    Token(Arc<Identity>),
}

/// The administrator.
#[must_use]
pub fn administrator() -> User {
    User {
        name: "kubernetes-admin".into(),
        groups: vec!["system:masters".into(), "system:authenticated".into()],
        ..User::default()
    }
}

/// Who a request is known to be from, before its headers are asked; `None` if they have to say it.
#[derive(Debug, Clone)]
pub struct Caller(pub Option<User>);

impl Access {
    /// Who sends these headers. Tokens of service accounts, wrong ones and none are the cluster's to judge.
    #[must_use]
    pub fn caller(&self, headers: &HeaderMap) -> Caller {
        let is_administrator = match (self, headers.get(header::AUTHORIZATION)) {
            (Self::Open, found) => found.is_none(),
            (Self::Token(_), None) => false,
            (Self::Token(identity), Some(value)) => {
                let token = value.as_bytes().split_first_chunk::<7>();
                let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"bearer "));
                token.is_some_and(|(_, token)| is_same(token, identity.token().as_bytes()))
            }
        };
        Caller(is_administrator.then(administrator))
    }
}

/// Compares in a time that says nothing about where two texts differ.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}
