//! What every namespace has: the account `default`, and the certificate authority by which the cluster is known; and
//! the tokens of accounts that lie in secrets.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/controller/serviceaccount`,
//! `pkg/controller/certificates/rootcacertpublisher`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::value;
use crate::access::{AUDIENCE, Bound, Claims};
use crate::deletion::{self, NAMESPACES};
use crate::fields::{self, Writer};
use crate::machine::Machine;
use crate::object;
use crate::store::{Change, Draft, Event, Expected, Happened, Key, Stored, What};

const ACCOUNTS: &str = "serviceaccounts";
const SECRETS: &str = "secrets";
const CONFIG_MAPS: &str = "configmaps";
/// The account that every namespace has.
const DEFAULT: &str = "default";
/// The certificate authority that every namespace is told of.
const ROOT: &str = "kube-root-ca.crt";
/// The type of secrets that hold a token.
const TOKEN: &str = "kubernetes.io/service-account-token";
/// Names the account of such a secret.
const ACCOUNT: &str = "kubernetes.io/service-account.name";
/// Says of which of all accounts of the name it is.
const UID: &str = "kubernetes.io/service-account.uid";

pub(super) fn react(machine: &Machine, event: &Event, now: Timestamp, todo: &mut Vec<Vec<Change>>) {
    let is_gone = event.happened == Happened::Deleted;
    let head = &event.object.head;
    match &*event.key.resource {
        NAMESPACES if !is_gone => furnish(machine, &event.object, now, todo),
        ACCOUNTS if is_gone => {
            if &*head.name == DEFAULT {
                furnish_by_name(machine, &head.namespace, now, todo);
            }
            for secret in machine.state().list(SECRETS, Some(&head.namespace)) {
                fill(machine, secret, now, todo);
            }
        }
        CONFIG_MAPS if &*head.name == ROOT => {
            furnish_by_name(machine, &head.namespace, now, todo);
        }
        SECRETS if !is_gone => fill(machine, &event.object, now, todo),
        _ => {}
    }
}

pub(super) fn look(
    machine: &Machine,
    resource: &str,
    stored: &Stored,
    now: Timestamp,
    todo: &mut Vec<Vec<Change>>,
) {
    match resource {
        NAMESPACES => furnish(machine, stored, now, todo),
        SECRETS => fill(machine, stored, now, todo),
        _ => {}
    }
}

fn furnish_by_name(machine: &Machine, name: &str, now: Timestamp, todo: &mut Vec<Vec<Change>>) {
    if let Some(namespace) = machine.state().find(NAMESPACES, "", name) {
        furnish(machine, namespace, now, todo);
    }
}

/// Gives a namespace what every namespace has.
pub(super) fn furnish(
    machine: &Machine,
    namespace: &Stored,
    now: Timestamp,
    todo: &mut Vec<Vec<Change>>,
) {
    if namespace.head.is_deleted {
        return;
    }
    let name = &*namespace.head.name;
    if machine.state().find(ACCOUNTS, name, DEFAULT).is_none() {
        let account = json!({"metadata": {"name": DEFAULT}});
        todo.extend(create(machine, ACCOUNTS, namespace, account, now));
    }
    let Some(pem) = machine.authority().pem() else { return };
    let data = json!({"ca.crt": pem});
    let Some(stored) = machine.state().find(CONFIG_MAPS, name, ROOT) else {
        let about = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";
        let map = json!({
            "metadata": {"name": ROOT, "annotations": {"kubernetes.io/description": about}},
            "data": data,
        });
        todo.extend(create(machine, CONFIG_MAPS, namespace, map, now));
        return;
    };
    if !stored.tail().contains(&data.to_string()) {
        todo.extend(update(machine, CONFIG_MAPS, stored, now, |map| {
            object::map(map).insert("data".into(), data);
        }));
    }
}

/// Puts a token into a secret that is there for one; a secret whose account is gone goes as well.
fn fill(machine: &Machine, stored: &Stored, now: Timestamp, todo: &mut Vec<Vec<Change>>) {
    if stored.head.field("type") != TOKEN || stored.head.is_deleted {
        return;
    }
    let Some(resource) = machine.stored(SECRETS) else { return };
    let secret = value(resource, stored);
    let annotation =
        |name: &str| object::text(&secret, &["metadata", "annotations", name]).unwrap_or_default();
    let namespace = &*stored.head.namespace;
    let (name, uid) = (annotation(ACCOUNT), annotation(UID));
    let account = machine.state().find(ACCOUNTS, namespace, name);
    let account = account.filter(|account| uid.is_empty() || *uid == *account.head.uid);
    let Some(account) = account else {
        todo.push(vec![deletion::remove(deletion::key(resource, stored), stored)]);
        return;
    };
    let has =
        |field: &str| object::text(&secret, &["data", field]).is_some_and(|it| !it.is_empty());
    let pem = machine.authority().pem();
    if has("token") && has("namespace") && (pem.is_none() || has("ca.crt")) && !uid.is_empty() {
        return;
    }
    let claims = Claims {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        uid: account.head.uid.to_string(),
        audiences: vec![AUDIENCE.to_owned()],
        issued: now.as_second(),
        expires: None,
        id: stored.head.uid.to_string(),
        bound: Some(Bound {
            kind: "Secret".to_owned(),
            name: stored.head.name.to_string(),
            uid: stored.head.uid.to_string(),
        }),
    };
    let Some(token) = machine.authority().sign(&claims) else { return };
    let uid = account.head.uid.to_string();
    todo.extend(update(machine, SECRETS, stored, now, |secret| {
        let annotations = object::child(object::metadata(secret), "annotations");
        annotations.insert(UID.into(), uid.into());
        let data = object::child(object::map(secret), "data");
        let texts = [("ca.crt", pem), ("namespace", Some(namespace)), ("token", Some(&*token))];
        for (field, text) in texts {
            if let Some(text) = text {
                data.entry(field).or_insert_with(|| STANDARD.encode(text).into());
            }
        }
    }));
}

/// The change that creates an object in a namespace. Its uid follows from those of the namespace and of the cluster's
/// history, so that a cluster that is given the same requests has the same.
fn create(
    machine: &Machine,
    resource: &str,
    namespace: &Stored,
    mut object: Value,
    now: Timestamp,
) -> Option<Vec<Change>> {
    let resource = machine.stored(resource)?;
    let name = object::name(&object).to_owned();
    let time = deletion::time(now);
    let mut bits = [0; 16];
    let revision = machine.state().revision();
    let seed = format!("{}/{}/{name}/{revision}", namespace.head.uid, resource.id);
    bits.copy_from_slice(&Sha256::digest(seed)[..16]);
    let metadata = object::metadata(&mut object);
    metadata.insert("namespace".into(), (*namespace.head.name).into());
    metadata.insert("uid".into(), crate::serve::uid(u128::from_be_bytes(bits)).into());
    metadata.insert("creationTimestamp".into(), time.as_str().into());
    fields::update(None, &mut object, &machine.shape(resource), &writer(resource, &time));
    Some(vec![Change {
        key: Key::new(&resource.id, &namespace.head.name, &name),
        expected: Expected::Absent,
        what: What::Put(Draft::of(&object, &resource.selectable)),
    }])
}

/// The change that alters an object.
fn update(
    machine: &Machine,
    resource: &str,
    stored: &Stored,
    now: Timestamp,
    alter: impl FnOnce(&mut Value),
) -> Option<Vec<Change>> {
    let resource = machine.stored(resource)?;
    let old = value(resource, stored);
    let mut new = old.clone();
    alter(&mut new);
    let time = deletion::time(now);
    fields::update(Some(&old), &mut new, &machine.shape(resource), &writer(resource, &time));
    Some(vec![deletion::replace(resource, stored, new)])
}

fn writer<'a>(resource: &'a crate::resource::Resource, time: &'a str) -> Writer<'a> {
    Writer {
        manager: "kube-controller-manager",
        api_version: &resource.api_version,
        subresource: "",
        time,
        ignored: &[],
    }
}
