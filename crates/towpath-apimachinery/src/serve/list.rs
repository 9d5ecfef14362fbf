//! Lists, page by page, and the beginning of watches.
//!
//! Source of the contract: `kubernetes/apiserver:pkg/storage/cacher/cacher.go`,
//! `pkg/apis/meta/internalversion/validation/validation.go`.

use super::Call;
use crate::decision::{Decision, Listing};
use crate::refusal::{Cause, Refusal, Subject};
use crate::selector::Selector;
use crate::store::{Stored, Token};
use crate::watch::Watch;

/// A list.
pub(super) fn list(call: Call<'_>) -> Result<Decision, Refusal> {
    let state = call.machine.state();
    let options = &call.options;
    let selector =
        Selector::parse(&options.label_selector, &options.field_selector, &call.resource)?;
    let token = match options.continue_token.as_str() {
        "" => as_of(&call)?,
        text => Some(Token::parse(text).map_err(|error| Refusal::bad_request(error.to_string()))?),
    };
    if let Some(token) = token.as_ref().filter(|token| token.revision > state.revision()) {
        return Err(too_new(token.revision, state.revision()));
    }
    let limit = options.limit.unwrap_or(usize::MAX);
    let page = state
        .page(&call.resource.id, call.namespace.as_deref(), token.as_ref(), limit, |object: &Stored| {
            selector.matches(object)
        })
        .map_err(|_| {
            Refusal::expired(
                "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
            )
        })?;
    // How many come behind is not known where some of them do not match.
    Ok(Decision::List(Listing {
        tells_remaining: selector.is_everything(),
        form: call.form,
        now: call.request.now,
        resource: call.resource,
        page,
        warnings: call.warnings,
    }))
}

/// The revision that a list is asked for, if it is asked for exactly.
fn as_of(call: &Call<'_>) -> Result<Option<Token>, Refusal> {
    let revision = revision(&call.options.resource_version)?;
    let newest = call.machine.state().revision();
    if revision > newest {
        return Err(too_new(revision, newest));
    }
    let is_exact = call.options.resource_version_match == "Exact" && revision > 0;
    Ok(is_exact.then(|| Token { revision, after: ("".into(), "".into()), behind: 0 }))
}

/// A resource version as a client sends it; 0 for none.
pub(super) fn revision(text: &str) -> Result<u64, Refusal> {
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|_| {
        Refusal::internal(format!(
            "resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
        ))
    })
}

fn too_new(asked: u64, newest: u64) -> Refusal {
    let mut refusal = Refusal::internal(format!(
        "Timeout: Too large resource version: {asked}, current: {newest}"
    ));
    refusal.code = 504;
    refusal.reason = "Timeout";
    refusal.details = Some(Box::new(crate::refusal::Details {
        causes: vec![Cause {
            reason: "ResourceVersionTooLarge",
            message: "Too large resource version".into(),
            field: String::new(),
        }],
        retry_after: Some(1),
        ..Default::default()
    }));
    refusal
}

/// The beginning of a watch.
pub(super) fn watch(call: Call<'_>) -> Result<Decision, Refusal> {
    let state = call.machine.state();
    let options = &call.options;
    let selector =
        Selector::parse(&options.label_selector, &options.field_selector, &call.resource)?;
    let asked = revision(&options.resource_version)?;
    if options.send_initial_events.is_some() && options.resource_version_match != "NotOlderThan" {
        let subject = Subject { group: "meta.k8s.io", resource: "", kind: "ListOptions", name: "" };
        let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        return Err(Refusal::invalid(
            &subject,
            vec![Cause::forbidden("resourceVersionMatch", why)],
        ));
    }
    let begins_with_all = match options.send_initial_events {
        Some(wanted) => wanted,
        None => asked == 0,
    };
    let newest = state.revision();
    if asked > newest {
        return Err(too_new(asked, newest));
    }
    let is_meant = |object: &&std::sync::Arc<Stored>| {
        call.name.as_ref().is_none_or(|name| *name == object.head.name) && selector.matches(object)
    };
    let initial = if begins_with_all {
        state.list(&call.resource.id, call.namespace.as_deref()).filter(is_meant).cloned().collect()
    } else {
        Vec::new()
    };
    let from = if begins_with_all || asked == 0 { newest } else { asked };
    Ok(Decision::Watch(Watch {
        tells_end_of_initial: options.send_initial_events == Some(true)
            && options.allow_watch_bookmarks,
        has_bookmarks: options.allow_watch_bookmarks,
        timeout: options.timeout,
        resource: call.resource,
        namespace: call.namespace,
        name: call.name,
        selector,
        form: call.form,
        from,
        initial,
        has_columns: false,
        warnings: call.warnings,
    }))
}
