//! A cluster as a tower `Service`: what a client in the same process talks to, and what the listener hands on to.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body_util::{BodyExt as _, Limited};
use towpath_apimachinery::access::User;

use crate::body::Body;
use crate::cluster::Cluster;

/// The largest body that is read, in bytes; whether it is too large for its purpose is decided behind.
const MAX_BODY: usize = 4 << 20;

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
            let (parts, body) = request.into_parts();
            let user = User {
                name: "kubernetes-admin".into(),
                groups: vec!["system:masters".into(), "system:authenticated".into()],
                ..User::default()
            };
            let body = match Limited::new(body, MAX_BODY).collect().await {
                Ok(body) => body.to_bytes(),
                Err(error) => return Ok(crate::cluster::unreadable(error)),
            };
            // Whoever brings a token is who the token says.
            let is_named = parts.headers.contains_key(http::header::AUTHORIZATION);
            Ok(cluster.answer(&parts, &body, (!is_named).then_some(&user)))
        })
    }
}
