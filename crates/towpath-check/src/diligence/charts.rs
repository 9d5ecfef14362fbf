//! How exactly versions, references and images say which content is meant.

use serde_json::Value;
use towpath_core::version::{Range, Version};

use super::Exactness;
use crate::look;

/// The version of a chart, a range or none (`fluxcd/helm-controller:api/v2/helmrelease_types.go`).
pub(super) fn of_range(text: &str) -> Exactness {
    let Ok(range) = Range::parse(text) else { return Exactness::Unknown };
    if range.is_exact() {
        return Exactness::Exact;
    }
    let takes = |version: String| Version::parse(&version).is_ok_and(|it| range.matches(&it));
    if text.trim().is_empty() || takes(format!("{FAR}.0.0")) {
        return Exactness::Open;
    }
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    let major = numbers.next().unwrap_or("0");
    if takes(format!("{major}.{FAR}.0")) { Exactness::Minor } else { Exactness::Patch }
}

/// A number that no version has reached.
const FAR: u32 = 999_999;

/// What `spec.ref` of a source says, as written and how exactly; the first that Flux looks at
/// (`fluxcd/source-controller:api/v1/ocirepository_types.go`, `gitrepository_types.go`).
pub(super) fn of_reference(source: &Value) -> (String, Exactness) {
    let field = |name: &str| look::text(source, &["spec", "ref", name]);
    if let Some(content) = field("digest").or_else(|| field("commit")) {
        return (content.to_owned(), Exactness::Content);
    }
    if let Some(range) = field("semver") {
        return (range.to_owned(), of_range(range));
    }
    if let Some(tag) = field("tag") {
        return (tag.to_owned(), of_tag(tag));
    }
    if let Some(version) = look::text(source, &["spec", "version"]) {
        return (version.to_owned(), of_range(version));
    }
    let moves = field("name").or_else(|| field("branch")).unwrap_or_default();
    (moves.to_owned(), Exactness::Open)
}

/// An image as a pod names it.
pub(super) fn of_image(image: &str) -> Exactness {
    if image.contains("@sha256:") || image.contains("@sha512:") {
        return Exactness::Content;
    }
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split_once(':').map_or(Exactness::Open, |(_, tag)| of_tag(tag))
}

/// A tag is exact if it is a whole version: `1.27` and `latest` move.
fn of_tag(tag: &str) -> Exactness {
    match Version::parse_loose(tag) {
        Ok(_) if tag.split(['-', '+']).next().unwrap_or(tag).matches('.').count() >= 2 => {
            Exactness::Exact
        }
        Ok(_) if tag.contains('.') => Exactness::Patch,
        Ok(_) => Exactness::Minor,
        Err(_) => Exactness::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_images() {
        for (range, want) in [
            ("2.16.1", Exactness::Exact),
            ("2.16.x", Exactness::Patch),
            ("~2.16.0", Exactness::Patch),
            ("2.x", Exactness::Minor),
            ("^2.16.0", Exactness::Minor),
            (">=2.16.0", Exactness::Open),
            ("*", Exactness::Open),
            ("", Exactness::Open),
            ("two", Exactness::Unknown),
        ] {
            assert_eq!(of_range(range), want, "{range}");
        }
        for (image, want) in [
            ("ghcr.io/kedacore/keda:2.16.1", Exactness::Exact),
            ("registry:5000/keda", Exactness::Open),
            ("nginx:1.27", Exactness::Patch),
            ("nginx:latest", Exactness::Open),
            ("nginx@sha256:00", Exactness::Content),
            ("nginx:1.27.0-alpine", Exactness::Exact),
        ] {
            assert_eq!(of_image(image), want, "{image}");
        }
    }
}
