//! Reading one object, or what lies below it.

use super::Call;
use crate::decision::Decision;
use crate::refusal::Refusal;
use crate::scale;

/// Answers with one object.
pub(super) fn get(call: &Call<'_>) -> Result<Decision, Refusal> {
    let stored = call.stored()?;
    let answer = match call.subresource.as_deref() {
        None | Some("status") => call.render().stored(200, stored),
        Some("scale") => {
            let scale = scale::of(&call.resource, &call.value(stored));
            call.render().value(200, scale)
        }
        // Nothing runs in a sandbox, so there is nothing to read from it.
        Some("log") => crate::decision::Answer::text(200, ""),
        Some(_) => return Err(Refusal::no_such_resource()),
    };
    Ok(call.answer(answer))
}

/// Whether a request is for a connection into the containers of a pod, by whichever verb clients open it.
pub(super) fn is_into_containers(call: &Call<'_>) -> bool {
    &*call.resource.id == "pods"
        && matches!(call.subresource.as_deref(), Some("exec" | "attach" | "portforward"))
}

/// Why there is no such connection: there is no such pod, or nothing runs in it.
pub(super) fn no_containers(call: &Call<'_>) -> Refusal {
    match call.stored() {
        Err(refusal) => refusal,
        Ok(stored) => Refusal::bad_request(format!(
            "pod {} is in a sandbox cluster, which runs no containers",
            stored.head.name
        )),
    }
}
