//! How many pods a workload of some name has.

use serde_json::Value;

use super::fieldspec::{Create, FieldSpec, set_scalar};
use crate::Touch;
use crate::kustomize::error::Problem;
use crate::kustomize::set::Set;

/// Puts `count` into every workload that is or was called `name`.
///
/// # Errors
/// There is none, or a field holds no scalar.
pub(crate) fn set(
    set: &mut Set,
    name: &str,
    count: i64,
    specs: &[FieldSpec],
    touch: &Touch,
) -> Result<(), Problem> {
    let mut found = false;
    for resource in set.inner_mut() {
        let id = resource.identity();
        for spec in specs {
            let called = resource
                .previous()
                .chain([id.clone()])
                .any(|id| id.name == name && spec.selects(&id));
            found |= called;
            if !called || !spec.selects(&id) {
                continue;
            }
            let mut put = |value: &mut Value| set_scalar(value, Value::from(count));
            let changed = spec
                .visit(&mut resource.value, Create::Scalar, &mut put)
                .map_err(|why| Problem::failed(id.to_string(), why))?;
            if changed {
                resource.touch(touch);
            }
        }
    }
    if found {
        return Ok(());
    }
    let kinds: Vec<&str> = specs.iter().map(|spec| &*spec.kind).collect();
    Err(Problem::failed("replicas", format!("no {} is called `{name}`", kinds.join(", "))))
}
