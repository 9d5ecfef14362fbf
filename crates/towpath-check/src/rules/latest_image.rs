//! Containers whose image is `latest`, by name or by leaving the tag out.

use std::collections::BTreeSet;

use serde_json::Value;
use towpath_core::finding::{Finding, Severity};

use super::object::{self, Fault};
use crate::given::Given;
use crate::subject::Subject;
use crate::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "latest-image",
    severity: Severity::Warning,
    title: "A container takes whatever image was pushed last",
    why: "\
Without a tag an image is `latest`, and both name something else tomorrow. Pods of one Deployment then run different
code, a node that restarts brings a release that nobody promoted, and going back is not possible because Git does not say
what ran before. An image that a Kustomization gives a tag or a digest is none of these; nor is one of a Knative Service,
which takes the digest when it makes a revision.",
    fix: "\
Name a release (`image: ghcr.io/acme/web:1.2.3`) or a digest, here or with `images` of the Kustomization.",
    example_bad: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers: [{name: web, image: 'ghcr.io/acme/web:latest'}]
",
    example_good: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers: [{name: web, image: 'ghcr.io/acme/web:1.2.3'}]
",
    check: Check::Objects(check),
};

fn check(given: &Given) -> Vec<Finding> {
    let replaced = replaced(given);
    given.subjects.iter().flat_map(|subject| containers(subject, &replaced, given)).collect()
}

fn containers(subject: &Subject, replaced: &BTreeSet<&str>, given: &Given) -> Vec<Finding> {
    if subject.head.gvk().group == "serving.knative.dev" {
        return Vec::new();
    }
    let Some((path, template)) = object::template(subject) else { return Vec::new() };
    let mut found = Vec::new();
    for field in ["initContainers", "containers", "ephemeralContainers"] {
        let containers = object::list(template, &format!("spec.{field}"));
        for (number, container) in containers.iter().enumerate() {
            let Some(image) = container.get("image").and_then(Value::as_str) else { continue };
            let Some(latest) = latest(image) else { continue };
            if replaced.contains(latest.name) {
                continue;
            }
            let name = container.get("name").and_then(Value::as_str).unwrap_or("without a name");
            let by = if latest.is_named { "by the tag latest" } else { "without a tag" };
            let dot = if path.is_empty() { "" } else { "." };
            found.push(
                Fault {
                    rule: RULE.id,
                    severity: RULE.severity,
                    head: &subject.head,
                    field: Some(format!("{path}{dot}spec.{field}[{number}].image")),
                    message: format!(
                        "container {name} of {} takes {} {by}",
                        subject.head.reference(),
                        latest.name
                    ),
                    fix: "name a release or a digest",
                }
                .finding(given),
            );
        }
    }
    found
}

/// An image that is `latest`.
#[derive(Debug, PartialEq)]
struct Latest<'i> {
    /// Registry and repository.
    name: &'i str,
    /// Whether the tag is written.
    is_named: bool,
}

/// The image, if it is `latest`. A port is no tag, and what a variable stands for is not known.
/// Source of the grammar: `distribution/reference:reference.go`.
fn latest(image: &str) -> Option<Latest<'_>> {
    let last = image.rfind('/').map_or(0, |slash| slash + 1);
    let (repository, is_named) = match image.get(last..)?.rfind(':') {
        _ if image.contains('@') => return None,
        Some(colon) if &image[last + colon + 1..] == "latest" => (&image[..last + colon], true),
        Some(_) => return None,
        None => (image, false),
    };
    // What Istio puts its proxy in the place of.
    if image == "auto" {
        return None;
    }
    let is_known = !repository[last..].is_empty() && !repository[last..].contains(['$', '{', '<']);
    is_known.then_some(Latest { name: repository, is_named })
}

/// The images that a Kustomization of the files, or one of Flux, gives another name, a tag or a digest.
fn replaced(given: &Given) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for subject in &given.subjects {
        let kind = subject.head.gvk();
        let images = match (kind.group, kind.kind) {
            ("kustomize.config.k8s.io", "Kustomization" | "Component") => "images",
            ("kustomize.toolkit.fluxcd.io", "Kustomization") => "spec.images",
            _ => continue,
        };
        for image in object::list(&subject.value, images) {
            if ["newName", "newTag", "digest", "tagSuffix"]
                .iter()
                .any(|key| image.get(key).is_some())
                && let Some(name) = image.get("name").and_then(Value::as_str)
            {
                found.insert(name);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Latest, latest};

    #[test]
    fn ports_digests_and_variables_are_told_from_tags() {
        let named = |name| Some(Latest { name, is_named: true });
        let bare = |name| Some(Latest { name, is_named: false });
        for (image, want) in [
            ("nginx", bare("nginx")),
            ("nginx:latest", named("nginx")),
            ("nginx:1.27", None),
            ("localhost:5000/web", bare("localhost:5000/web")),
            ("localhost:5000/web:latest", named("localhost:5000/web")),
            ("localhost:5000/web:1", None),
            ("ghcr.io/acme/web@sha256:00", None),
            ("ghcr.io/acme/web:latest@sha256:00", None),
            ("ghcr.io/acme/web:latest-arm64", None),
            ("${REGISTRY}/web", bare("${REGISTRY}/web")),
            ("${REGISTRY}/${IMAGE}", None),
            ("${IMAGE}", None),
            ("web:${TAG}", None),
            ("web:${TAG:=latest}", None),
            ("${IMAGE:=web}:latest", None),
            ("auto", None),
            ("", None),
            ("ghcr.io/", None),
        ] {
            assert_eq!(latest(image), want, "{image}");
        }
    }
}
