//! Webhooks that answer over TLS, each on a socket of its own.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;
use towpath_apiserver::{Cluster, Identity};

use crate::support::cluster;

const API: &str = "/apis/admissionregistration.k8s.io/v1";
const MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// What a webhook does with the request of a review: a response of HTTP whose body is the response of the review.
type Hook = Arc<dyn Fn(&Value) -> (u16, Value) + Send + Sync>;

struct Served {
    address: SocketAddr,
    identity: Identity,
}

/// Serves a webhook for as long as the test lives.
async fn serve(hook: Hook) -> Served {
    let now = jiff::Timestamp::now();
    let identity = Identity::new(now).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(identity.server(address.ip(), now).unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, hook) = (acceptor.clone(), Arc::clone(&hook));
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = service_fn(|request| answer(request, Arc::clone(&hook)));
                let http = hyper::server::conn::http1::Builder::new();
                let _ = http.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    Served { address, identity }
}

async fn answer(
    request: Request<hyper::body::Incoming>,
    hook: Hook,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let mut review: Value = serde_json::from_slice(&body).unwrap();
    // The hook may ask the cluster, which must not be in the way of the runtime.
    let asked = review["request"].take();
    let (code, mut response) = tokio::task::spawn_blocking({
        let asked = asked.clone();
        move || hook(&asked)
    })
    .await
    .unwrap();
    response["uid"] = asked["uid"].clone();
    review["response"] = response;
    let mut answer = Response::new(Full::new(Bytes::from(review.to_string())));
    *answer.status_mut() = http::StatusCode::from_u16(code).unwrap();
    Ok(answer)
}

async fn ask(cluster: &Cluster, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(
            "content-type",
            match method {
                "PATCH" => "application/merge-patch+json",
                _ => "application/json",
            },
        )
        .body(Full::new(Bytes::from(body.to_string())))
        .unwrap();
    let response = cluster.clone().call(request).await.unwrap();
    let code = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (code, serde_json::from_slice(&body).unwrap())
}

/// A configuration with one webhook for ConfigMaps, which is known by an authority.
async fn configure(cluster: &Cluster, kind: &str, served: &Served, known_by: &Identity) {
    let bundle = STANDARD.encode(known_by.certificate());
    let url = format!("https://{}/check", served.address);
    let body = json!({"metadata": {"name": kind}, "webhooks": [{
        "name": "w.hooks.example",
        "clientConfig": {"url": url, "caBundle": bundle},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["CREATE", "UPDATE"]}],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }]});
    let path = format!("{API}/{kind}webhookconfigurations");
    let (code, answer) = ask(cluster, "POST", &path, &body).await;
    assert_eq!(code, 201, "{answer}");
}

fn map() -> Value {
    json!({"metadata": {"name": "m"}, "data": {"a": "1"}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_judge_and_change_over_tls() {
    let cluster = cluster();
    let patch = json!([{"op": "add", "path": "/data/b", "value": "2"}]);
    let patch = STANDARD.encode(patch.to_string());
    let changes: Hook = Arc::new(move |_| {
        (200, json!({"allowed": true, "patchType": "JSONPatch", "patch": patch}))
    });
    let judges: Hook = Arc::new(|request| {
        let is_good = request["object"]["data"] == json!({"a": "1", "b": "2"});
        (200, json!({"allowed": is_good, "status": {"code": 403, "message": "wrong data"}}))
    });
    let (changes, judges) = (serve(changes).await, serve(judges).await);
    configure(&cluster, "mutating", &changes, &changes.identity).await;
    configure(&cluster, "validating", &judges, &judges.identity).await;
    let (code, made) = ask(&cluster, "POST", MAPS, &map()).await;
    assert_eq!((code, &made["data"]), (201, &json!({"a": "1", "b": "2"})));
    let change = json!({"data": {"a": "3"}});
    let (code, refused) = ask(&cluster, "PATCH", &format!("{MAPS}/m"), &change).await;
    let wanted = "admission webhook \"w.hooks.example\" denied the request: wrong data";
    assert_eq!((code, &refused["message"]), (403, &json!(wanted)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_answer_is_a_failure() {
    let allows: Hook = Arc::new(|_| (200, json!({"allowed": true})));
    let moved: Hook = Arc::new(|_| (302, json!({"allowed": true})));
    let broken: Hook = Arc::new(|_| (404, json!({"allowed": true})));
    let other = Identity::new(jiff::Timestamp::now()).unwrap();
    for (hook, is_known, wanted) in [
        (Arc::clone(&allows), true, None),
        (
            allows,
            false,
            Some(
                "tls: failed to verify certificate: x509: certificate signed by unknown authority",
            ),
        ),
        (
            moved,
            true,
            Some(
                "the server responded with the status code 302 but did not return more information",
            ),
        ),
        (broken, true, Some("the server could not find the requested resource")),
    ] {
        let (cluster, served) = (cluster(), serve(hook).await);
        let known_by = if is_known { &served.identity } else { &other };
        configure(&cluster, "validating", &served, known_by).await;
        let (code, told) = ask(&cluster, "POST", MAPS, &map()).await;
        let message = told["message"].as_str().unwrap_or_default();
        match wanted {
            None => assert_eq!(code, 201, "{told}"),
            Some(why) => {
                assert_eq!(code, 500);
                let begin = "Internal error occurred: failed calling webhook \"w.hooks.example\": failed to call webhook: ";
                assert!(message.starts_with(begin) && message.ends_with(why), "{message}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_changes_the_world_is_asked_again() {
    let cluster = cluster();
    let (code, _) = ask(&cluster, "POST", MAPS, &map()).await;
    assert_eq!(code, 201);
    let calls = Arc::new(AtomicUsize::new(0));
    let (counted, inside) = (Arc::clone(&calls), cluster.clone());
    let runtime = tokio::runtime::Handle::current();
    let hook: Hook = Arc::new(move |request| {
        let by = &request["object"]["metadata"]["labels"]["by"];
        if by != "hook" && counted.fetch_add(1, Ordering::SeqCst) == 0 {
            let change = json!({"metadata": {"labels": {"by": "hook"}}});
            let path = format!("{MAPS}/m");
            let (code, _) = runtime.block_on(ask(&inside, "PATCH", &path, &change));
            assert_eq!(code, 200);
        } else {
            counted.fetch_add(1, Ordering::SeqCst);
        }
        (200, json!({"allowed": true}))
    });
    let served = serve(hook).await;
    configure(&cluster, "validating", &served, &served.identity).await;
    let change = json!({"data": {"a": "2"}});
    let (code, made) = ask(&cluster, "PATCH", &format!("{MAPS}/m"), &change).await;
    assert_eq!(code, 200, "{made}");
    assert_eq!(
        (&made["data"]["a"], &made["metadata"]["labels"]["by"]),
        (&json!("2"), &json!("hook"))
    );
    // Asked about the change, about its own, and about the change of what it changed.
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}
