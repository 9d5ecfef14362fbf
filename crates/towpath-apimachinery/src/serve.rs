//! From a request to a decision: the way that every request takes.
//!
//! [`serve`] finds what the path names and hands on to one file for each verb below `serve/`. Each of them reads; what
//! is to be written is part of the decision.

mod admit;
mod call;
mod create;
mod decode;
mod delete;
mod evict;
mod list;
mod read;
mod review;
mod token;
mod update;
mod write;

use std::borrow::Cow;
use std::sync::Arc;

use towpath_catalog::Verb;

use crate::access::{Attributes, User};
use crate::admission::Asked;
use crate::decision::{Answer, Decision};
use crate::discovery;
use crate::machine::Machine;
use crate::refusal::Refusal;
use crate::request::{
    Address, Below, Body, Method, Options, Request, address, form, object_of, patch_of,
};

pub(crate) use call::Call;
pub(crate) use create::uid;

/// What a request comes to.
pub(crate) fn serve(
    machine: &Machine,
    request: &Request<'_>,
    asked: &[Asked],
) -> Result<Decision, Refusal> {
    let authority = machine.authority();
    let user = authority.authenticate(machine, &request.credentials, request.now)?;
    let address = address(request.path);
    match &address {
        // Whoever asks whether a server lives is told.
        Address::Health => {}
        Address::Objects(below) => {
            machine.permit(&user, &Attributes::of(request.method, request.query, below))?;
        }
        _ => machine.permit(&user, &Attributes::path(request.method, request.path))?,
    }
    let answer = match address {
        Address::Objects(below) => return objects(machine, request, asked, user, &below),
        Address::Health => Answer::text(200, "ok"),
        _ if request.method != Method::Get => return Err(Refusal::method_not_allowed()),
        other => discovery::answer(machine, request, &other)?,
    };
    Ok(Decision::Answer(answer))
}

/// There is nothing at an address that the API does not have.
pub(crate) fn nothing() -> Answer {
    Answer::text(404, "404 page not found\n")
}

fn objects(
    machine: &Machine,
    request: &Request<'_>,
    asked: &[Asked],
    user: Cow<'_, User>,
    below: &Below<'_>,
) -> Result<Decision, Refusal> {
    let Some(group) = machine.group(&below.group) else { return Ok(Decision::Answer(nothing())) };
    let version = group.version(&below.version).ok_or_else(Refusal::no_such_resource)?;
    let resource = version.resources.get(&*below.resource).ok_or_else(Refusal::no_such_resource)?;
    let mut call = call(machine, request, user, below, Arc::clone(resource))?;
    call.asked = asked;
    if resource.is_namespaced() != call.namespace.is_some() {
        // Lists and watches reach over all namespaces; nothing else does.
        let is_all = resource.is_namespaced() && call.name.is_none();
        if !is_all {
            return Err(Refusal::no_such_resource());
        }
        if request.method != Method::Get {
            return Err(Refusal::method_not_allowed());
        }
    }
    if let Some(name) = &call.subresource {
        let subresource = resource.subresource(name).ok_or_else(Refusal::no_such_resource)?;
        if !subresource.verbs.contains(verb(request, &call)) {
            return Err(Refusal::method_not_allowed());
        }
    } else if !resource.allows(verb(request, &call)) {
        return Err(Refusal::method_not_allowed());
    }
    match (request.method, call.name.is_some()) {
        _ if read::is_into_containers(&call) => Err(read::no_containers(&call)),
        (Method::Get, _) if call.options.watch => list::watch(call),
        (Method::Get, true) => read::get(&call),
        (Method::Get, false) => list::list(call),
        (Method::Post, _) if review::is_one(&call.resource) => review::answer(call),
        (Method::Post, true) if token::is_asked(&call) => token::answer(call),
        (Method::Post, _) => create::create(call),
        (Method::Put, true) => update::replace(call),
        (Method::Patch, true) => update::patch(call),
        (Method::Delete, true) => delete::delete(call),
        (Method::Delete, false) => delete::collection(call),
        (Method::Put | Method::Patch, false) => Err(Refusal::method_not_allowed()),
    }
}

/// What a request does, as roles say it.
fn verb(request: &Request<'_>, call: &Call<'_>) -> Verb {
    match (request.method, call.name.is_some()) {
        (Method::Get, _) if call.options.watch => Verb::Watch,
        (Method::Get, true) => Verb::Get,
        (Method::Get, false) => Verb::List,
        (Method::Post, _) => Verb::Create,
        (Method::Put, _) => Verb::Update,
        (Method::Patch, _) => Verb::Patch,
        (Method::Delete, true) => Verb::Delete,
        (Method::Delete, false) => Verb::DeleteCollection,
    }
}

fn call<'a>(
    machine: &'a Machine,
    request: &'a Request<'a>,
    user: Cow<'a, User>,
    below: &Below<'_>,
    resource: Arc<crate::resource::Resource>,
) -> Result<Call<'a>, Refusal> {
    let form = form(request.accept)?;
    let body = match request.method {
        Method::Patch => {
            let patches: &[Body] =
                if resource.custom.is_some() { &Body::CUSTOM } else { &Body::BUILT_IN };
            patch_of(request.content_type, patches)?
        }
        Method::Post | Method::Put => object_of(request.content_type, resource.custom.is_none())?,
        // What is sent with a deletion is of a built-in kind, whatever is deleted.
        Method::Get | Method::Delete => object_of(request.content_type, true).unwrap_or(Body::Json),
    };
    let options = Options::parse(request.query, request.method, body == Body::Apply)?;
    let warnings = resource.deprecation.iter().map(|text| text.to_string()).collect();
    Ok(Call {
        machine,
        request,
        user,
        resource,
        namespace: below.namespace.as_deref().map(Into::into),
        name: below.name.as_deref().map(Into::into),
        subresource: below.subresource.as_deref().map(Into::into),
        options,
        form,
        body,
        is_applied: false,
        asked: &[],
        sent: None,
        warnings,
    })
}
