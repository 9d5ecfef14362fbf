//! The file by which clients find a cluster and are let in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::identity::Identity;

/// A kubeconfig with one context, named as the cluster. Without an identity there is no TLS and no token.
#[must_use]
pub fn text(name: &str, server: &str, identity: Option<&Identity>) -> String {
    let quoted = serde_json::Value::from(name);
    let mut out = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: {quoted}\nclusters:\n- name: {quoted}\n  cluster:\n    server: {server}\n"
    );
    if let Some(identity) = identity {
        let certificate = STANDARD.encode(identity.certificate());
        out.push_str(&format!("    certificate-authority-data: {certificate}\n"));
    }
    out.push_str(&format!(
        "contexts:\n- name: {quoted}\n  context:\n    cluster: {quoted}\n    user: {quoted}\n    namespace: default\nusers:\n- name: {quoted}\n  user:"
    ));
    match identity {
        Some(identity) => out.push_str(&format!("\n    token: {}\n", identity.token())),
        None => out.push_str(" {}\n"),
    }
    out
}
