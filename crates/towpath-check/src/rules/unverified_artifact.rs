//! Artifacts that a cluster takes without checking who made them.

use std::collections::BTreeSet;

use towpath_core::finding::{Finding, Severity};
use towpath_discovery::facts::{Detail, SourceKind};
use towpath_discovery::inventory::Placed;

use crate::sight::clusters;
use crate::{Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    id: "unverified-artifact",
    severity: Severity::Warning,
    title: "An OCIRepository takes artifacts that nothing verifies",
    why: "\
Whoever can push to the registry can put any content under a tag, and a cluster without `spec.verify`
applies it. Signing releases changes nothing as long as no cluster checks the signature. A warning in
production, for information elsewhere.",
    fix: "\
Sign releases (for example with cosign, keyless or with a key) and add `spec.verify` with the provider and
the identity that signs.",
    example_bad: "\
kind: OCIRepository
spec:
  url: oci://ghcr.io/acme/platform
",
    example_good: "\
kind: OCIRepository
spec:
  url: oci://ghcr.io/acme/platform
  verify:
    provider: cosign
    matchOIDCIdentity:
      - issuer: ^https://token.actions.githubusercontent.com$
        subject: ^https://github.com/acme/fleet.*$
",
    check: Check::Repository(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let inventory = context.inventory;
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    // Production first, so that a file it shares with others is judged by its standard.
    let mut on_path: Vec<_> = clusters(context.resolved).collect();
    on_path.sort_by_key(|(_, environment)| !environment.production);
    for (cluster, environment) in on_path {
        let patched: Vec<Placed<'_>> =
            inventory.objects(&cluster.found.patches).filter(is_verified).collect();
        for placed in inventory.objects(&cluster.found.applied) {
            let Detail::Source(source) = &placed.object.detail else { continue };
            let object = placed.object;
            let by_patch = || patched.iter().any(|p| p.object.name == object.name);
            if source.kind != SourceKind::OciRepository || source.verify || by_patch() {
                continue;
            }
            if !seen.insert(placed.id) {
                continue;
            }
            let production = environment.production;
            let url = source.url.as_ref();
            let at = url.map_or(object.at, |url| url.key).in_file(placed.file);
            found.push(Finding {
                rule: RULE.id,
                severity: if production { RULE.severity } else { Severity::Info },
                environments: vec![environment.name.clone()],
                object: Some(object.reference()),
                field: None,
                at,
                message: format!(
                    "nothing verifies what {} takes from {}",
                    environment.name,
                    url.map_or("its registry", |url| url.value.as_str())
                ),
                fix: "sign releases and add spec.verify".to_owned(),
            });
        }
    }
    found
}

fn is_verified(placed: &Placed<'_>) -> bool {
    matches!(&placed.object.detail, Detail::Source(source) if source.verify)
}
