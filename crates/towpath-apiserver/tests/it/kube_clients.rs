//! kube's own client, reflector, controller and leases, over TLS and in process: the same code for both.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, ListParams, PostParams, WatchEvent, WatchParams};
use kube::runtime::controller::{Action, Controller};
use kube::runtime::{WatchStreamExt as _, reflector, watcher};
use kube::{Api, Client, ResourceExt as _};

use crate::support::{Served, client, cluster, near};

fn config_map(name: &str, value: &str) -> ConfigMap {
    ConfigMap {
        metadata: kube::core::ObjectMeta { name: Some(name.into()), ..Default::default() },
        data: Some(BTreeMap::from([("key".to_owned(), value.to_owned())])),
        ..Default::default()
    }
}

async fn objects_are_created_listed_replaced_and_deleted(client: Client) {
    let api: Api<ConfigMap> = Api::default_namespaced(client);
    let post = PostParams::default();
    let mut made = api.create(&post, &config_map("a", "1")).await.unwrap();
    assert!(made.uid().is_some());
    let stale = made.clone();
    made.data = config_map("a", "2").data;
    let replaced = api.replace("a", &post, &made).await.unwrap();
    assert_ne!(replaced.resource_version(), stale.resource_version());
    let error = api.replace("a", &post, &stale).await.unwrap_err();
    assert!(matches!(&error, kube::Error::Api(status) if status.code == 409), "{error}");
    api.create(&post, &config_map("b", "1")).await.unwrap();
    let page = api.list(&ListParams::default().limit(1)).await.unwrap();
    assert_eq!(page.items.len(), 1);
    let next =
        ListParams::default().limit(1).continue_token(page.metadata.continue_.as_ref().unwrap());
    assert_eq!(api.list(&next).await.unwrap().items[0].name_any(), "b");
    api.delete("a", &DeleteParams::default()).await.unwrap();
    let names: Vec<_> =
        api.list(&ListParams::default()).await.unwrap().iter().map(|o| o.name_any()).collect();
    assert_eq!(names, ["b"]);
}

async fn a_watch_tells_what_happens(client: Client) {
    let api: Api<ConfigMap> = Api::default_namespaced(client);
    let mut events = api.watch(&WatchParams::default(), "0").await.unwrap().boxed();
    let mut made = api.create(&PostParams::default(), &config_map("a", "1")).await.unwrap();
    made.data = config_map("a", "2").data;
    api.replace("a", &PostParams::default(), &made).await.unwrap();
    api.delete("a", &DeleteParams::default()).await.unwrap();
    let mut told = Vec::new();
    while told.len() < 3 {
        told.push(match events.next().await.unwrap().unwrap() {
            WatchEvent::Added(_) => "added",
            WatchEvent::Modified(_) => "modified",
            WatchEvent::Deleted(_) => "deleted",
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(told, ["added", "modified", "deleted"]);
}

async fn a_reflector_sees_all(client: Client, config: watcher::Config) {
    let api: Api<ConfigMap> = Api::default_namespaced(client);
    api.create(&PostParams::default(), &config_map("before", "1")).await.unwrap();
    let (reader, writer) = reflector::store();
    let mut stream = reflector(writer, watcher(api.clone(), config)).applied_objects().boxed();
    assert_eq!(stream.next().await.unwrap().unwrap().name_any(), "before");
    api.create(&PostParams::default(), &config_map("after", "1")).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap().name_any(), "after");
    assert_eq!(reader.len(), 2);
}

/// A controller that copies each object named `from-*`.
async fn a_controller_reconciles(client: Client) {
    let api: Api<ConfigMap> = Api::default_namespaced(client);
    let reconcile = |object: Arc<ConfigMap>, api: Arc<Api<ConfigMap>>| async move {
        if let Some(name) = object.name_any().strip_prefix("from-") {
            let copy = config_map(&format!("to-{name}"), "copied");
            match api.create(&PostParams::default(), &copy).await {
                Err(kube::Error::Api(status)) if status.is_already_exists() => {}
                other => drop(other?),
            }
        }
        Ok::<_, kube::Error>(Action::await_change())
    };
    let failed = |_: Arc<ConfigMap>, _: &kube::Error, _: Arc<Api<ConfigMap>>| {
        Action::requeue(Duration::from_secs(1))
    };
    let mut reconciled = Controller::new(api.clone(), watcher::Config::default())
        .run(reconcile, failed, Arc::new(api.clone()))
        .boxed();
    api.create(&PostParams::default(), &config_map("from-a", "1")).await.unwrap();
    while api.get_opt("to-a").await.unwrap().is_none() {
        reconciled.next().await.unwrap().unwrap();
    }
}

/// Of several that want to lead, one does; when its lease is given up, another one does.
async fn a_lease_has_one_holder(client: Client) {
    let api: Api<Lease> = Api::default_namespaced(client);
    let lease = |holder: &str| Lease {
        metadata: kube::core::ObjectMeta { name: Some("leader".into()), ..Default::default() },
        spec: Some(LeaseSpec { holder_identity: Some(holder.into()), ..Default::default() }),
    };
    let candidates = (0..5).map(|n| {
        let (api, lease) = (api.clone(), lease(&format!("candidate-{n}")));
        async move { api.create(&PostParams::default(), &lease).await.is_ok() }
    });
    let leads = futures_util::future::join_all(candidates).await;
    assert_eq!(leads.iter().filter(|leads| **leads).count(), 1, "{leads:?}");
    let held = api.get("leader").await.unwrap();
    let takers = (0..5).map(|n| {
        let (api, mut held) = (api.clone(), held.clone());
        held.spec = lease(&format!("taker-{n}")).spec;
        async move { api.replace("leader", &PostParams::default(), &held).await.is_ok() }
    });
    let leads = futures_util::future::join_all(takers).await;
    assert_eq!(leads.iter().filter(|leads| **leads).count(), 1, "{leads:?}");
}

/// Each conversation with a cluster of its own, in process and over TLS.
macro_rules! both_ways {
    ($($name:ident: $conversation:expr;)*) => {$(
        mod $name {
            use super::*;

            #[tokio::test]
            async fn in_process() {
                ($conversation)(near(&cluster())).await;
            }

            #[tokio::test]
            async fn over_tls() {
                let served = Served::tls(&cluster()).await;
                ($conversation)(served.client().await).await;
                served.stop().await;
            }
        }
    )*};
}

both_ways! {
    writes: objects_are_created_listed_replaced_and_deleted;
    watches: a_watch_tells_what_happens;
    reflectors: |client| a_reflector_sees_all(client, watcher::Config::default());
    streaming_reflectors: |client| a_reflector_sees_all(client, watcher::Config::default().streaming_lists());
    controllers: a_controller_reconciles;
    leases: a_lease_has_one_holder;
}

#[tokio::test]
async fn whoever_has_no_right_token_is_not_let_in() {
    let served = Served::tls(&cluster()).await;
    for (token, code) in [(Some("wrong"), 401), (None, 403)] {
        let mut kubeconfig = served.kubeconfig();
        let user = kubeconfig.auth_infos[0].auth_info.as_mut().unwrap();
        user.token = token.map(|token| token.to_owned().into());
        let api: Api<ConfigMap> = Api::default_namespaced(client(kubeconfig).await);
        let error = api.list(&ListParams::default()).await.unwrap_err();
        assert!(matches!(&error, kube::Error::Api(status) if status.code == code), "{error}");
    }
    served.stop().await;
}

#[tokio::test]
async fn whoever_is_another_server_is_not_believed() {
    let (served, other) = (Served::tls(&cluster()).await, Served::tls(&cluster()).await);
    let mut kubeconfig = served.kubeconfig();
    let cluster = kubeconfig.clusters[0].cluster.as_mut().unwrap();
    cluster.server = Some(format!("https://{}", other.address));
    let api: Api<ConfigMap> = Api::default_namespaced(client(kubeconfig).await);
    assert!(api.list(&ListParams::default()).await.is_err());
    served.stop().await;
    other.stop().await;
}
