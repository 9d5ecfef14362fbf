//! Webhooks: which of them are asked about a request, what, and what becomes of it without an answer.
//!
//! A webhook at a URL is asked. Behind a Service nothing runs in a sandbox: where the Service is healthy the webhook
//! lets pass, which its client is told; where it is not, the failure policy decides, as it would for a while in any
//! cluster. A Service with an external name is asked there.
//!
//! Source of the contract, words included: `kubernetes/apiserver:pkg/admission/plugin/webhook`,
//! `pkg/util/webhook/client.go`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::about::About;
use super::ask::{Ask, Asked};
use super::matching::Criteria;
use super::policy::{Condition, Given, NAMES, are_met, conditions};
use super::review::{self, Response};
use crate::object;
use crate::refusal::Refusal;
use crate::serve::uid;

/// What the store calls what lies behind a Service.
const SLICES: &str = "endpointslices.discovery.k8s.io";

/// What a slice says of the Service that it is of.
const SERVICE: &str = "kubernetes.io/service-name";

/// A webhook.
#[derive(Debug)]
pub(crate) struct Hook {
    configuration: Box<str>,
    name: Box<str>,
    /// Its place in the configuration; names need not differ.
    index: usize,
    criteria: Criteria,
    conditions: Vec<Condition>,
    /// Whether a request is refused where the webhook cannot be asked.
    fails_closed: bool,
    /// Whether it does nothing when a write is only tried.
    is_harmless: bool,
    /// Whether it is asked again when others changed what it had seen.
    pub(crate) is_reinvoked: bool,
    client: Client,
    authorities: Vec<u8>,
    timeout: u32,
    /// The version of reviews that it reads, if it is one that is spoken here.
    version: Option<&'static str>,
}

#[derive(Debug)]
enum Client {
    Url(Box<str>),
    Service { namespace: Box<str>, name: Box<str>, path: Box<str>, port: u16 },
}

/// Whether a webhook may change what it is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum May {
    Change,
    Judge,
}

/// What came of a webhook.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It has nothing to say.
    Passes,
    /// The same, and its client should know.
    Warns(Vec<String>),
    /// What it makes of the object.
    Changes(Vec<String>, Value),
    /// It has to be asked.
    Ask(Ask),
}

/// What tells one question of a request from the others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round<'a> {
    /// Answers that there are.
    pub(crate) asked: &'a [Asked],
    /// Bits of the request.
    pub(crate) entropy: u128,
    /// Whether webhooks are asked once more.
    pub(crate) is_again: bool,
}

/// Where to ask.
struct At {
    url: String,
    connect: Option<String>,
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    object::text(value, &[field]).unwrap_or_default()
}

impl Hook {
    /// The webhooks of a configuration.
    pub(super) fn list(configuration: &str, value: &Value) -> Vec<Hook> {
        let hooks = value.get("webhooks").and_then(Value::as_array).into_iter().flatten();
        let hooks = hooks.enumerate().map(|(index, one)| Hook::read(configuration, index, one));
        hooks.filter(|hook| !hook.criteria.has_no_rules()).collect()
    }

    fn read(configuration: &str, index: usize, value: &Value) -> Self {
        let names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
        let client = value.get("clientConfig").unwrap_or(&Value::Null);
        let bundle = STANDARD.decode(text(client, "caBundle")).unwrap_or_default();
        let number = |value: &Value, field: &str| value.get(field).and_then(Value::as_u64);
        let service = client.get("service").filter(|service| service.is_object());
        let spoken = value.get("admissionReviewVersions").and_then(Value::as_array);
        let spoken = spoken.into_iter().flatten().filter_map(Value::as_str);
        Self {
            configuration: configuration.into(),
            name: text(value, "name").into(),
            index,
            criteria: Criteria::read(value, "rules"),
            conditions: conditions(value, &names),
            fails_closed: text(value, "failurePolicy") != "Ignore",
            is_harmless: matches!(text(value, "sideEffects"), "None" | "NoneOnDryRun"),
            is_reinvoked: text(value, "reinvocationPolicy") == "IfNeeded",
            client: match service {
                Some(service) => Client::Service {
                    namespace: text(service, "namespace").into(),
                    name: text(service, "name").into(),
                    path: text(service, "path").into(),
                    port: number(service, "port")
                        .and_then(|port| u16::try_from(port).ok())
                        .unwrap_or(443),
                },
                None => Client::Url(text(client, "url").into()),
            },
            authorities: bundle,
            timeout: number(value, "timeoutSeconds")
                .and_then(|seconds| u32::try_from(seconds).ok())
                .unwrap_or(10),
            version: spoken
                .filter_map(|version| ["v1", "v1beta1"].into_iter().find(|one| *one == version))
                .next(),
        }
    }

    /// Whether it is asked at a Service.
    pub(super) fn is_at(&self, namespace: &str, service: &str) -> bool {
        matches!(&self.client, Client::Service { namespace: of, name, .. }
            if **of == *namespace && **name == *service)
    }

    /// What comes of the webhook for a request.
    pub(crate) fn call(
        &self,
        about: &About<'_>,
        may: May,
        round: Round<'_>,
    ) -> Result<Outcome, Refusal> {
        let Some(meant) = self.criteria.matches(about) else { return Ok(Outcome::Passes) };
        let resource = meant.resource(about);
        if !self.conditions.is_empty() {
            match are_met(&self.conditions, &Given::of(about, resource).scope()) {
                Ok(true) => {}
                Ok(false) => return Ok(Outcome::Passes),
                Err(error) if self.fails_closed => return Err(about.forbidden(&error)),
                Err(_) => return Ok(Outcome::Passes),
            }
        }
        if about.is_dry && !self.is_harmless {
            let why = format!("admission webhook {:?} does not support dry run", self.name);
            return Err(Refusal::bad_request(why));
        }
        let Some(version) = self.version else {
            return self.fail("could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)");
        };
        let at = match self.reach(about) {
            Ok(Some(at)) => at,
            Ok(None) => {
                let why = format!(
                    "admission webhook {:?} was not asked: nothing runs behind a Service of a sandbox",
                    self.name
                );
                return Ok(Outcome::Warns(vec![why]));
            }
            Err(why) => return self.fail(&format!("failed to call webhook: {why}")),
        };
        let uid = self.uid(round, may);
        let body = review::request(about, resource, version, &uid);
        let id = self.digest(&body);
        let Some(answer) = round.asked.iter().find(|asked| asked.id == id) else {
            return Ok(Outcome::Ask(Ask {
                id,
                webhook: self.name.to_string(),
                url: at.url,
                connect: at.connect,
                authorities: self.authorities.clone(),
                timeout: self.timeout,
                body,
            }));
        };
        let said = answer.said.as_ref().map_err(|why| format!("failed to call webhook: {why}"));
        let response = said
            .and_then(|said| review::response(said, &self.name, version, &uid, may == May::Change));
        match response {
            Err(why) => self.fail(&why),
            Ok(Response { refusal: Some(refusal), .. }) => Err(refusal),
            Ok(Response { warnings, patch: None, .. }) => Ok(Outcome::Warns(warnings)),
            Ok(Response { warnings, patch: Some(patch), .. }) => {
                let Some(object) = about.object else {
                    return Err(Refusal::failed(format!(
                        "admission webhook {:?} attempted to modify the object, which is not supported for this operation",
                        self.name
                    )));
                };
                let object = about.at_version(object, resource);
                let patched = crate::patch::json(&object, &patch)
                    .map_err(|error| Refusal::failed(error.message))?;
                Ok(Outcome::Changes(warnings, about.back_from(patched, resource)))
            }
        }
    }

    fn fail(&self, why: &str) -> Result<Outcome, Refusal> {
        if !self.fails_closed {
            return Ok(Outcome::Passes);
        }
        Err(Refusal::failed(format!("failed calling webhook {:?}: {why}", self.name)))
    }

    /// Where the webhook is to be asked; nowhere, if it is healthy and nothing runs there.
    fn reach(&self, about: &About<'_>) -> Result<Option<At>, String> {
        let machine = about.machine;
        let script = machine.script();
        let is_down = script.is_some_and(|script| {
            script.webhooks_down.iter().any(|down| **down == *self.configuration)
        });
        let refused = |url: &str, address: &str| {
            format!("Post {url:?}: dial tcp {address}: connect: connection refused")
        };
        match &self.client {
            Client::Url(base) => {
                let url = with_timeout(base, self.timeout);
                if is_down {
                    let host = base.split("://").nth(1).unwrap_or(base).split(['/', '?']).next();
                    return Err(refused(&url, host.unwrap_or_default()));
                }
                Ok(Some(At { url, connect: None }))
            }
            Client::Service { namespace, name, path, port } => {
                let path = path.strip_prefix('/').unwrap_or(path);
                let base = format!("https://{name}.{namespace}.svc:{port}/{path}");
                let url = with_timeout(&base, self.timeout);
                let stored = machine.state().find("services", namespace, name);
                let Some(stored) = stored else {
                    return Err(format!("Post {url:?}: service {name:?} not found"));
                };
                let service = stored.value(None);
                let field =
                    |field: &str| object::text(&service, &["spec", field]).unwrap_or_default();
                let address = match field("type") {
                    "ExternalName" => format!("{}:{port}", field("externalName")),
                    _ => format!("{}:{port}", field("clusterIP")),
                };
                if is_down {
                    return Err(refused(&url, &address));
                }
                if field("type") == "ExternalName" {
                    return Ok(Some(At { url, connect: Some(address) }));
                }
                if is_healthy(about, namespace, name) {
                    Ok(None)
                } else {
                    Err(refused(&url, &address))
                }
            }
        }
    }

    /// Bits that no other question has.
    fn uid(&self, round: Round<'_>, may: May) -> String {
        let mut seed = Sha256::new();
        seed.update(round.entropy.to_be_bytes());
        seed.update([u8::from(round.is_again), u8::from(may == May::Change)]);
        seed.update(self.digest(&[]));
        let mut bits = [0; 16];
        bits.copy_from_slice(&seed.finalize()[..16]);
        uid(u128::from_be_bytes(bits))
    }

    fn digest(&self, body: &[u8]) -> [u8; 32] {
        let mut digest = Sha256::new();
        let who = format!("{}/{}/{}\n", self.configuration, self.index, self.name);
        digest.update(who);
        digest.update(body);
        digest.finalize().into()
    }
}

fn with_timeout(url: &str, seconds: u32) -> String {
    let sign = if url.contains('?') { '&' } else { '?' };
    format!("{url}{sign}timeout={seconds}s")
}

/// Whether something that is ready would be behind a Service.
fn is_healthy(about: &About<'_>, namespace: &str, name: &str) -> bool {
    let slices = about.machine.state().list(SLICES, Some(namespace));
    let mut slices = slices.filter(|slice| slice.head.label(SERVICE) == Some(name));
    slices.any(|slice| {
        let slice = slice.value(None);
        let endpoints = slice.get("endpoints").and_then(Value::as_array).into_iter().flatten();
        endpoints.into_iter().any(|one| {
            one.pointer("/conditions/ready").is_none_or(|ready| ready != &Value::Bool(false))
        })
    })
}
