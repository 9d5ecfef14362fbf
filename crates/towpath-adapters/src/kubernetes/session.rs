//! One request to a cluster: sent, bounded in time, tried again while its fault may pass, and read.
//!
//! Must not know what is asked. Next: `fault`.

use std::sync::Arc;

use http::Request;
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
        let bytes = self.retrying(path, accept, doing).await?;
        serde_json::from_slice(&bytes).map_err(|_| self.faults.garbage(doing))
    }

    /// Asks for an answer that goes on. Only its beginning is bounded in time, and it is not tried again.
    pub(super) async fn open(&self, path: &str, doing: &str) -> Result<Body, ClusterError> {
        let beginning = async {
            let request = self.request(path, "application/json", doing)?;
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

    fn request(
        &self,
        path: &str,
        accept: &str,
        doing: &str,
    ) -> Result<Request<Body>, ClusterError> {
        Request::get(path)
            .header("Accept", accept)
            .header("User-Agent", concat!("towpath/", env!("CARGO_PKG_VERSION")))
            .body(Body::empty())
            .map_err(|_| self.faults.garbage(doing))
    }

    async fn retrying(
        &self,
        path: &str,
        accept: &str,
        doing: &str,
    ) -> Result<Vec<u8>, ClusterError> {
        let mut wait = self.settings.retry_wait;
        for _ in 1..self.settings.attempts {
            match self.once(path, accept, doing).await {
                Err(error) if error.may_pass() => {}
                answer => return answer,
            }
            tokio::time::sleep(wait).await;
            wait = wait.saturating_mul(2);
        }
        self.once(path, accept, doing).await
    }

    async fn once(&self, path: &str, accept: &str, doing: &str) -> Result<Vec<u8>, ClusterError> {
        let answer = async {
            let request = self.request(path, accept, doing)?;
            let client = |error| self.faults.client(doing, &error);
            let answer = self.client.send(request).await.map_err(client)?;
            let status = answer.status().as_u16();
            let body = answer.into_body().collect_bytes().await.map_err(client)?;
            match status {
                200 => Ok(Vec::from(body)),
                status => Err(self.faults.status(doing, status, &body)),
            }
        };
        match tokio::time::timeout(self.settings.request_timeout, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(self.faults.timeout(doing)),
        }
    }
}
