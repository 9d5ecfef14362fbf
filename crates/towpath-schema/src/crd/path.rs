//! Paths into schemas and objects, as people write them: `spec.containers[].name`.
//!
//! The root is `.`; items of a list are `[]`, values of a map are `.*`.

const ROOT: &str = ".";

/// The path of a field below `parent`.
pub(super) fn field(parent: &str, name: &str) -> String {
    if parent == ROOT { name.to_owned() } else { format!("{parent}.{name}") }
}

/// The path of the items of a list.
pub(super) fn item(parent: &str) -> String {
    format!("{parent}[]")
}

/// The path of the values of a map.
pub(super) fn entry(parent: &str) -> String {
    field(parent, "*")
}
