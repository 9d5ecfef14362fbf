//! One request to a cluster: sent, bounded in time, tried again while its fault may pass, and read.
//!
//! Must not know what is asked. Next: `fault`.

use std::sync::Arc;

use http::{Method, Request};
use kube::Client;
use kube::client::Body;
use serde::de::DeserializeOwned;

use super::Settings;
use super::fault::{ClusterError, Faults};

/// What a request needs.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) client: Client,
    pub(super) faults: Arc<Faults>,
    pub(super) settings: Arc<Settings>,
}

impl Session {
    /// Asks for JSON. `doing` stands between "cannot" and the cluster.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        doing: &str,
    ) -> Result<T, ClusterError> {
        self.get_as(path, "application/json", doing).await
    }

    /// Asks for JSON in one of some forms.
    pub(super) async fn get_as<T: DeserializeOwned>(
        &self,
        path: &str,
        accept: &str,
        doing: &str,
    ) -> Result<T, ClusterError> {
        let bytes = self.retrying(&Sent::get(path, accept), doing).await?;
        serde_json::from_slice(&bytes).map_err(|_| self.faults.garbage(doing))
    }

    /// Asks for a text.
    pub(super) async fn text(&self, path: &str, doing: &str) -> Result<String, ClusterError> {
        let bytes = self.retrying(&Sent::get(path, "*/*"), doing).await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Sends JSON, for what comes to the same however often it arrives.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: &serde_json::Value,
        doing: &str,
    ) -> Result<(), ClusterError> {
        let body = serde_json::to_vec(body).map_err(|_| self.faults.garbage(doing))?;
        let sent = Sent { method, path, accept: "application/json", body };
        self.retrying(&sent, doing).await.map(drop)
    }

    /// Asks for an answer that goes on. Only its beginning is bounded in time, and it is not tried again.
    pub(super) async fn open(&self, path: &str, doing: &str) -> Result<Body, ClusterError> {
        let beginning = async {
            let request = self.request(&Sent::get(path, "application/json"), doing)?;
            let client = |error| self.faults.client(doing, &error);
            let answer = self.client.send(request).await.map_err(client)?;
            match answer.status().as_u16() {
                200 => Ok(answer.into_body()),
                status => {
                    let said = answer.into_body().collect_bytes().await.map_err(client)?;
                    Err(self.faults.status(doing, status, &said))
                }
            }
        };
        match tokio::time::timeout(self.settings.request_timeout, beginning).await {
            Ok(answer) => answer,
            Err(_) => Err(self.faults.timeout(doing)),
        }
    }

    fn request(&self, sent: &Sent<'_>, doing: &str) -> Result<Request<Body>, ClusterError> {
        let mut request = Request::builder()
            .method(sent.method.clone())
            .uri(sent.path)
            .header("Accept", sent.accept)
            .header("User-Agent", concat!("towpath/", env!("CARGO_PKG_VERSION")));
        let body = match sent.body.as_slice() {
            [] => Body::empty(),
            body => {
                request = request.header("Content-Type", "application/json");
                Body::from(body.to_vec())
            }
        };
        request.body(body).map_err(|_| self.faults.garbage(doing))
    }

    async fn retrying(&self, sent: &Sent<'_>, doing: &str) -> Result<Vec<u8>, ClusterError> {
        let mut wait = self.settings.retry_wait;
        for _ in 1..self.settings.attempts {
            match self.once(sent, doing).await {
                Err(error) if error.may_pass() => {}
                answer => return answer,
            }
            tokio::time::sleep(wait).await;
            wait = wait.saturating_mul(2);
        }
        self.once(sent, doing).await
    }

    async fn once(&self, sent: &Sent<'_>, doing: &str) -> Result<Vec<u8>, ClusterError> {
        let answer = async {
            let request = self.request(sent, doing)?;
            let client = |error| self.faults.client(doing, &error);
            let answer = self.client.send(request).await.map_err(client)?;
            let status = answer.status().as_u16();
            let body = answer.into_body().collect_bytes().await.map_err(client)?;
            match status {
                200..=202 => Ok(Vec::from(body)),
                status => Err(self.faults.status(doing, status, &body)),
            }
        };
        match tokio::time::timeout(self.settings.request_timeout, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(self.faults.timeout(doing)),
        }
    }
}

/// What is sent.
struct Sent<'a> {
    method: Method,
    path: &'a str,
    accept: &'a str,
    body: Vec<u8>,
}

impl<'a> Sent<'a> {
    fn get(path: &'a str, accept: &'a str) -> Self {
        Self { method: Method::GET, path, accept, body: Vec::new() }
    }
}
