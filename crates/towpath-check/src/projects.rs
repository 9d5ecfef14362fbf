//! Which release of well-known projects a cluster has, by what it is given.
//!
//! Only what says so itself counts: labels of Flux's own manifests, the version that a `FluxInstance` asks for, the
//! chart of a `HelmRelease` whose versions are those of the project. Where nothing says so, it is not known.

use std::collections::BTreeMap;

use serde_json::Value;
use towpath_catalog::{Release, flux_controllers};

use crate::look::text;
use crate::subject::Subject;

/// Charts that are released together with their project under the same version: chart and project.
const CHARTS: [(&str, &str); 4] = [
    ("cert-manager", "cert-manager/cert-manager"),
    ("external-secrets", "external-secrets/external-secrets"),
    ("gatekeeper", "open-policy-agent/gatekeeper"),
    ("istiod", "istio/api"),
];

/// The releases that the objects of one cluster tell of, by project. Where two objects contradict each other, the older
/// release counts: an object must work with both.
#[must_use]
pub fn projects<'s>(objects: impl Iterator<Item = &'s Subject>) -> BTreeMap<&'static str, Release> {
    let mut found: BTreeMap<&'static str, Release> = BTreeMap::new();
    let mut add = |project: &'static str, release: Release| {
        let known = found.entry(project).or_insert(release);
        *known = release.min(*known);
    };
    for subject in objects {
        if let Some(flux) = flux(subject) {
            flux_controllers(flux).for_each(|(project, release)| add(project, release));
        }
        if let Some((project, release)) = chart(subject) {
            add(project, release);
        }
    }
    found
}

/// The release of Flux that an object belongs to or asks for.
fn flux(subject: &Subject) -> Option<Release> {
    let value = &subject.value;
    let kind = subject.head.gvk();
    if (kind.group, kind.kind) == ("fluxcd.controlplane.io", "FluxInstance") {
        return release(text(value, &["spec", "distribution", "version"])?);
    }
    let labels = value.get("metadata")?.get("labels")?;
    let label = |name: &str| labels.get(name).and_then(Value::as_str);
    // `flux install` labels everything; a namespace alone is in every one of its manifests.
    let is_flux = kind.kind == "Namespace" && label("app.kubernetes.io/part-of") == Some("flux");
    if is_flux { release(label("app.kubernetes.io/version")?) } else { None }
}

/// The project and release of a chart that is pinned to one minor.
fn chart(subject: &Subject) -> Option<(&'static str, Release)> {
    let kind = subject.head.gvk();
    if (kind.group, kind.kind) != ("helm.toolkit.fluxcd.io", "HelmRelease") {
        return None;
    }
    let spec = |key: &str| text(&subject.value, &["spec", "chart", "spec", key]);
    let (_, project) = CHARTS.into_iter().find(|(chart, _)| spec("chart") == Some(chart))?;
    Some((project, release(spec("version")?)?))
}

/// The minor that a version or a range stays within: `v2.0.0-rc.5`, `1.14.x`, `~1.14.2`. `>=1.2` is none.
fn release(text: &str) -> Option<Release> {
    let text = text.trim().trim_start_matches('~').trim_start_matches(['v', '=']);
    let mut parts = text.split(['.', '-', '+']);
    let (major, minor) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some(Release { major, minor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_known_only_where_the_text_stays_within_it() {
        for (text, want) in [
            ("v2.0.0-rc.5", Some((2, 0))),
            ("1.14.x", Some((1, 14))),
            ("~1.14.2", Some((1, 14))),
            ("2.8.3", Some((2, 8))),
            (">=1.2.0", None),
            ("^1.2.0", None),
            ("1.x", None),
            ("*", None),
            ("", None),
        ] {
            let want = want.map(|(major, minor)| Release { major, minor });
            assert_eq!(release(text), want, "{text}");
        }
    }
}
