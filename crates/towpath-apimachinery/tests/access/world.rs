//! A cluster that is asked one request after the other.

use jiff::SignedDuration;
use serde_json::Value;
use towpath_apimachinery::access::{Authority, Credentials, Impersonation, User};
use towpath_apimachinery::request::Method;

use crate::asked::Cluster;

/// The one token that the cluster was given.
pub(crate) const TOKEN: &str = "let-me-in";

pub(crate) struct World {
    pub(crate) cluster: Cluster,
}

/// Who asks.
#[derive(Default)]
pub(crate) struct By<'a> {
    pub(crate) identity: Option<User>,
    pub(crate) authorization: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
}

pub(crate) fn admin() -> By<'static> {
    By { identity: Some(User::named("kubernetes-admin", &["system:masters"])), ..By::default() }
}

pub(crate) fn user(name: &str) -> By<'static> {
    By { identity: Some(User::named(name, &[])), ..By::default() }
}

impl World {
    pub(crate) fn new() -> Self {
        let admin = User::named("root", &["system:masters"]);
        let authority = Authority::default()
            .token(Authority::digest(TOKEN), admin)
            .key([42; 32])
            .certificate("-----BEGIN CERTIFICATE-----\n");
        Self { cluster: Cluster::new(authority) }
    }

    pub(crate) fn later(&mut self, seconds: i64) {
        self.cluster.now += SignedDuration::from_secs(seconds);
    }

    pub(crate) fn ask(
        &mut self,
        by: &By<'_>,
        method: Method,
        path: &str,
        body: &Value,
    ) -> (u16, Value) {
        let impersonation = Impersonation::of(by.headers.iter().copied());
        let credentials = Credentials {
            identity: by.identity.as_ref(),
            authorization: by.authorization,
            impersonation: impersonation.as_ref(),
        };
        let nobody = |_: &_| unreachable!("there are no webhooks");
        let (answer, body) = self.cluster.send(credentials, method, path, body, nobody);
        (answer.code, body)
    }

    pub(crate) fn get(&mut self, by: &By<'_>, path: &str) -> (u16, Value) {
        self.ask(by, Method::Get, path, &Value::Null)
    }

    pub(crate) fn post(&mut self, by: &By<'_>, path: &str, body: &Value) -> (u16, Value) {
        self.ask(by, Method::Post, path, body)
    }

    /// Creates an object as somebody who may do everything.
    pub(crate) fn create(&mut self, path: &str, body: &Value) -> Value {
        let (code, value) = self.post(&admin(), path, body);
        assert_eq!(code, 201, "{path}: {value}");
        value
    }

    /// A role and its binding to users, in a namespace or everywhere.
    pub(crate) fn grant(&mut self, namespace: &str, name: &str, rules: &Value, subjects: &Value) {
        let (prefix, kind) = match namespace {
            "" => (RBAC.to_owned(), "ClusterRole"),
            namespace => (format!("{RBAC}/namespaces/{namespace}"), "Role"),
        };
        let plural = kind.to_lowercase();
        let metadata = serde_json::json!({"name": name});
        self.create(
            &format!("{prefix}/{plural}s"),
            &serde_json::json!({"metadata": metadata, "rules": rules}),
        );
        self.create(
            &format!("{prefix}/{plural}bindings"),
            &serde_json::json!({
                "metadata": metadata,
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name},
                "subjects": subjects,
            }),
        );
    }
}

pub(crate) const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

/// A subject of a binding.
pub(crate) fn named(kind: &str, name: &str) -> Value {
    serde_json::json!({"kind": kind, "name": name, "apiGroup": "rbac.authorization.k8s.io"})
}
