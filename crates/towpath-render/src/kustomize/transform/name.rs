//! What is put before and behind names.

use serde_json::Value;

use super::fieldspec::{Create, FieldSpec, set_scalar};
use crate::Touch;
use crate::kustomize::error::Problem;
use crate::kustomize::read::{plain, scalar_text};
use crate::kustomize::set::Set;

/// On which side a text is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Before,
    Behind,
}

/// Puts `text` at one side of each name.
///
/// # Errors
/// A field holds no scalar.
pub(crate) fn affix(
    set: &mut Set,
    side: Side,
    text: &str,
    specs: &[FieldSpec],
    touch: &Touch,
) -> Result<(), Problem> {
    for resource in set.list_mut() {
        let original = resource.original();
        if keeps_its_name(&original.group, &original.kind) {
            continue;
        }
        for spec in specs.iter().filter(|spec| spec.selects(&original)) {
            if spec.path == "metadata/name" && !text.is_empty() {
                match side {
                    Side::Before => resource.prefixes.push(text.to_owned()),
                    Side::Behind => resource.suffixes.push(text.to_owned()),
                }
                resource.remember();
            }
            let id = resource.identity();
            if !spec.selects(&id) {
                continue;
            }
            let mut put = |value: &mut Value| {
                let old = scalar_text(value);
                let new = match side {
                    Side::Before => format!("{text}{old}"),
                    Side::Behind => format!("{old}{text}"),
                };
                // Kustomize leaves a number unquoted, and so it stays one if it still reads as one.
                let new = if value.is_number() { plain(&new) } else { Value::String(new) };
                set_scalar(value, new)
            };
            let changed = spec
                .visit(&mut resource.value, Create::Scalar, &mut put)
                .map_err(|why| Problem::failed(id.to_string(), why))?;
            if changed {
                resource.touch(touch);
            }
        }
    }
    Ok(())
}

/// Kinds whose names other systems give a meaning to.
fn keeps_its_name(group: &str, kind: &str) -> bool {
    matches!(kind, "CustomResourceDefinition" | "Namespace")
        || (group == "apiregistration.k8s.io" && kind == "APIService")
}
