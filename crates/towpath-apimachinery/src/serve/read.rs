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
