//! A value put into fields by their path, whole or as one part of a file path.
//!
//! Source of the contract: `kubernetes-sigs/kustomize:api/filters/valueadd`.

use serde_json::{Map, Value};

use super::fieldspec::{first_step, set_scalar};
use crate::kustomize::read::scalar_text;

/// Puts `text` into the field at `path`, which is made where it is missing.
///
/// `position` counts from 1; 0 replaces the whole field.
///
/// # Errors
/// Something that is no mapping stands in the way, or the field holds no scalar.
pub(crate) fn set(
    value: &mut Value,
    path: &str,
    position: usize,
    text: &str,
) -> Result<bool, String> {
    let mut at = value;
    let mut rest = Some(path);
    while let Some(path) = rest {
        let (step, next) = first_step(path);
        rest = next;
        at = match at {
            Value::Object(map) => map.entry(step.into_owned()).or_insert_with(|| match next {
                Some(_) => Value::Object(Map::new()),
                None => Value::String(String::new()),
            }),
            Value::Array(items) => match step.parse::<usize>() {
                Ok(index) if index < items.len() => &mut items[index],
                _ => return Err(format!("`{step}` is no position in a list")),
            },
            _ => return Err(format!("`{step}` stands below something that is no mapping")),
        };
    }
    let new = if position == 0 {
        text.to_owned()
    } else {
        with_part(&scalar_text(at), position - 1, text)
    };
    set_scalar(at, Value::String(new))
}

/// `path` with `part` at the position of its parts, or at its end.
fn with_part(path: &str, position: usize, part: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts.insert(position.min(parts.len()), part);
    format!("{}{}", if absolute { "/" } else { "" }, parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_goes_where_it_is_asked_for() {
        for (path, position, made) in [
            ("/projects/whatever", 0, "/NEW/projects/whatever"),
            ("/projects/whatever", 1, "/projects/NEW/whatever"),
            ("a/b", 9, "a/b/NEW"),
        ] {
            assert_eq!(with_part(path, position, "NEW"), made);
        }
    }
}
