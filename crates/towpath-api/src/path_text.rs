//! Writes `towpath.yaml` for `towpath init`: what was inferred, with comments that explain it.
//!
//! The text reads back as the path it was made from. Must not look at the repository.

use std::fmt::Write as _;

use towpath_core::gate::{Condition, Gate};
use towpath_core::id::{ComponentName, EnvironmentName};
use towpath_core::path::{Environment, Path, ReleaseStream};
use towpath_core::tracking::{Policy, Tracking};
use towpath_core::why::human;
use towpath_yaml::quote;

use crate::API_VERSION;
use crate::path_file::WindowsSpec;

/// What to say about an environment besides what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentNote {
    /// Which environment.
    pub environment: EnvironmentName,
    /// The policy to state.
    pub tracks: Policy,
    /// What Git has, where something is tracked.
    pub actual: Option<Tracking>,
    /// Gates to propose.
    pub gates: Vec<Gate>,
}

/// What to say about a component besides what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentNote {
    /// Which component.
    pub component: ComponentName,
    /// What to state under `pins`.
    pub pins: Vec<String>,
}

/// The text of `towpath.yaml` for a path. Sandboxes are left out: they come and go.
#[must_use]
pub fn write(path: &Path, component_notes: &[ComponentNote], notes: &[EnvironmentNote]) -> String {
    let mut out = String::new();
    let _ = write!(
        out,
        "# The path of this platform, as `towpath init` inferred it from the repository.\n\
         # Everything here is optional: delete a line, and it is inferred again; what is stated wins.\n\
         # `towpath status` shows the path; `towpath plan ENV` what entering an environment would change.\n\
         apiVersion: {API_VERSION}\n\
         kind: Path\n\
         spec:\n\
         \x20 # The branch that environments are defined on and that changes are merged to.\n\
         \x20 trunk: {}\n",
        quote(path.trunk.as_str())
    );
    components(&mut out, path, component_notes);
    out.push_str(
        "\n  # The environments that a change travels. `tracks` says how each follows releases:\n\
         \x20 #   branch  takes every commit of a branch\n\
         \x20 #   semver  takes the highest release in a range\n\
         \x20 #   exact   stays on one version until `towpath promote` moves it\n\
         \x20 # `after` is the order: a release enters an environment when those named there have it.\n\
         \x20 environments:\n",
    );
    for environment in path.environments().iter().filter(|e| !e.sandbox) {
        let note = notes.iter().find(|n| n.environment == environment.name);
        environment_text(&mut out, environment, note);
    }
    out.push_str(
        "\n  # Where to look for artifacts instead of where the clusters look, for example:\n\
         \x20 # registries:\n\
         \x20 # - from: oci://registry.example.com/platform\n\
         \x20 #   to: oci-layout:../artifacts\n",
    );
    let gates = notes.iter().flat_map(|note| &note.gates);
    signers(&mut out, gates.map(|gate| &gate.condition).any(is_signed));
    out
}

fn is_signed(condition: &Condition) -> bool {
    matches!(condition, Condition::Approval { signed: true, .. })
}

/// Where the keys are of those who sign; as an example, where no gate asks for signatures.
fn signers(out: &mut String, needed: bool) {
    out.push_str(
        "\n  # Whose signatures count where an approval must be signed (`approval: {signed: true}`). A line of the\n\
         \x20 # file is an address and a public SSH key; it counts once it is on the trunk:\n",
    );
    let sign = if needed { "" } else { "# " };
    let _ = writeln!(out, "  {sign}signers:\n  {sign}  ssh: .towpath/allowed_signers");
}

fn components(out: &mut String, path: &Path, notes: &[ComponentNote]) {
    out.push_str(
        "\n  # The parts of the platform with release streams of their own, the most important first.\n\
         \x20 # `pins` are the Flux sources and HelmReleases whose versions move together: one component\n\
         \x20 # for everything, one for each HelmRelease, or any grouping between.\n\
         \x20 components:\n",
    );
    for component in &path.components {
        let _ = writeln!(out, "  - name: {}", quote(component.name.as_str()));
        if !component.paths.is_empty() {
            let paths: Vec<_> =
                component.paths.iter().map(|p| quote(&p.to_string()).into_owned()).collect();
            let _ = writeln!(out, "    # the folders that its releases hold");
            let _ = writeln!(out, "    paths: [{}]", paths.join(", "));
        }
        if let Some(ignore) = &component.ignore {
            let _ = writeln!(out, "    ignore: {}", quote(ignore));
        }
        match &component.releases {
            ReleaseStream::Oci { url, .. } => {
                let _ = writeln!(out, "    releases: {}", quote(url));
            }
            ReleaseStream::GitTags => {
                let _ = writeln!(out, "    # its releases are tags of this repository");
            }
            ReleaseStream::Elsewhere { location } => {
                let _ = writeln!(out, "    # its releases are at {}", one_line(location));
            }
        }
        let pins = notes.iter().find(|n| n.component == component.name).map(|n| n.pins.as_slice());
        if let Some(pins) = pins.filter(|pins| !pins.is_empty()) {
            let pins: Vec<_> = pins.iter().map(|p| quote(p).into_owned()).collect();
            let _ = writeln!(out, "    pins: [{}]", pins.join(", "));
        }
    }
}

fn environment_text(out: &mut String, environment: &Environment, note: Option<&EnvironmentNote>) {
    let _ = writeln!(out, "  - name: {}", quote(environment.name.as_str()));
    if let Some(note) = note {
        match &note.actual {
            Some(actual) if actual.policy() == note.tracks => {
                let _ = writeln!(out, "    # in Git: {}", one_line(&actual.value()));
            }
            Some(actual) => {
                let _ = writeln!(
                    out,
                    "    # Git has {} {}. Production must be on an exact version, so that is stated here;\n\
                     \x20   # the difference is a finding until the first `towpath promote {}` closes it.",
                    actual.policy(),
                    one_line(&actual.value()),
                    environment.name
                );
            }
            None => {
                let _ = writeln!(out, "    # nothing in it is tracked yet");
            }
        }
        if note.actual.is_some() {
            let _ = writeln!(out, "    tracks: {}", note.tracks);
        }
    }
    let after: Vec<_> = environment.after.iter().map(|n| quote(n.as_str()).into_owned()).collect();
    let _ = writeln!(out, "    after: [{}]", after.join(", "));
    if environment.production {
        let _ = writeln!(out, "    production: true");
    }
    out.push_str("    clusters:\n");
    for cluster in &environment.clusters {
        let _ = writeln!(out, "    - name: {}", quote(cluster.name.as_str()));
        let _ = writeln!(out, "      path: {}", quote(&cluster.folder.to_string()));
    }
    let gates = note.map(|n| n.gates.as_slice()).unwrap_or_default();
    if gates.is_empty() {
        return;
    }
    out.push_str(
        "    # Conditions on entering; all must be open. `checks` is always among them.\n    gates:\n",
    );
    for gate in gates {
        write_gate(out, environment, &gate.condition);
    }
    out.push_str("    # with clusters connected, add for example: - soak: 48h\n");
}

fn write_gate(out: &mut String, environment: &Environment, condition: &Condition) {
    let list = |names: &[EnvironmentName]| -> String {
        names.iter().map(|n| quote(n.as_str()).into_owned()).collect::<Vec<_>>().join(", ")
    };
    let _ = match condition {
        Condition::Approval { count, by, valid_for, signed } => {
            if by.is_empty() {
                let _ = writeln!(
                    out,
                    "    # approvals of the plan's hash (`towpath approve {}`); who made the release does not count",
                    environment.name
                );
            }
            let _ = writeln!(out, "    - approval:\n        count: {count}");
            if !by.is_empty() {
                let by: Vec<_> = by.iter().map(|b| quote(b).into_owned()).collect();
                let _ = writeln!(out, "        by: [{}]", by.join(", "));
            }
            if let Some(long) = valid_for {
                let _ = writeln!(out, "        validFor: {}", human(*long));
            }
            if *signed {
                let _ = writeln!(out, "        signed: true");
            }
            Ok(())
        }
        Condition::Order { component, range } => writeln!(
            out,
            "    - order:\n        component: {}\n        range: {}",
            quote(component.as_str()),
            quote(&range.to_string())
        ),
        Condition::Verified { from, any: false } => {
            writeln!(out, "    - verified: [{}]", list(from))
        }
        Condition::Verified { from, any: true } => {
            writeln!(out, "    - verifiedInAny: [{}]", list(from))
        }
        Condition::Soak { duration } => writeln!(out, "    - soak: {}", human(*duration)),
        Condition::Test { name, environments } => writeln!(
            out,
            "    - test:\n        name: {}\n        in: [{}]",
            quote(name.as_str()),
            list(environments)
        ),
        Condition::Window { windows } => {
            let _ = writeln!(out, "    - window:");
            let spec = WindowsSpec::of(windows);
            for (kind, list) in [("allow", &spec.allow), ("deny", &spec.deny)] {
                if !list.is_empty() {
                    let _ = writeln!(out, "        {kind}:");
                }
                for window in list {
                    let fields = [
                        ("cron", &window.cron),
                        ("for", &window.r#for),
                        ("from", &window.from),
                        ("until", &window.until),
                        ("zone", &window.zone),
                        ("reason", &window.reason),
                    ];
                    let told = fields.iter().filter_map(|(key, value)| {
                        Some(format!("{key}: {}", quote(value.as_deref()?)))
                    });
                    let _ = writeln!(out, "        - {{{}}}", told.collect::<Vec<_>>().join(", "));
                }
            }
            Ok(())
        }
        Condition::Status { name } => writeln!(out, "    - status: {}", quote(name)),
        Condition::Alerts { source, question, max, environments } => {
            let _ = writeln!(out, "    - alerts:\n        source: {}", quote(source.as_str()));
            if !question.matchers.is_empty() {
                let matchers: Vec<_> = question.matchers.iter().map(ToString::to_string).collect();
                let matchers: Vec<_> = matchers.iter().map(|m| quote(m)).collect();
                let _ = writeln!(out, "        matchers: [{}]", matchers.join(", "));
            }
            if *max > 0 {
                let _ = writeln!(out, "        max: {max}");
            }
            if !question.over.is_zero() {
                let _ = writeln!(out, "        over: {}", human(question.over));
            }
            if question.count_silenced {
                let _ = writeln!(out, "        countSilenced: true");
            }
            if !environments.is_empty() {
                let _ = writeln!(out, "        in: [{}]", list(environments));
            }
            Ok(())
        }
        Condition::Metric { source, query, condition, baseline } => {
            let _ = writeln!(
                out,
                "    - metric:\n        source: {}\n        query: {}\n        condition: {}",
                quote(source.as_str()),
                quote(query),
                quote(condition)
            );
            if let Some(baseline) = baseline {
                let _ = writeln!(out, "        baseline: {}", human(*baseline));
            }
            Ok(())
        }
    };
}

/// A text that cannot end the comment it stands in.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
