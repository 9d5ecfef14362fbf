//! A cluster as a tower `Service`: what a client in the same process talks to, and what the listener hands on to.
//!
//! Who is known to ask is in the request's extensions, as a [`Caller`]; a client in the same process puts nothing there
//! and is the administrator, unless it brings a token.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use http_body_util::{BodyExt as _, Limited};
use tokio::time::timeout;
use towpath_apimachinery::refusal::Refusal;

use crate::access::{Access, Caller};
use crate::body::Body;
use crate::cluster::Cluster;

/// The largest body that is read, in bytes; whether it is too large for its purpose is decided behind.
const MAX_BODY: usize = 4 << 20;

/// How long a client may take to send a body.
const SLOWEST_BODY: Duration = Duration::from_secs(60);

impl<B> tower_service::Service<Request<B>> for Cluster
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let cluster = self.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let caller = parts.extensions.remove::<Caller>();
            let Caller(user) = caller.unwrap_or_else(|| Access::Open.caller(&parts.headers));
            let body = match timeout(SLOWEST_BODY, Limited::new(body, MAX_BODY).collect()).await {
                Ok(Ok(body)) => body.to_bytes(),
                Ok(Err(error)) => return Ok(crate::cluster::unreadable(error)),
                Err(_) => return Ok(crate::cluster::refused(&too_slow())),
            };
            Ok(cluster.answer(&parts, &body, user.as_ref()).await)
        })
    }
}

fn too_slow() -> Refusal {
    let mut refusal = Refusal::internal("Timeout: the body of the request did not come in time");
    refusal.code = 408;
    refusal.reason = "Timeout";
    refusal
}
