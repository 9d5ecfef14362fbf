//! What a component brings and needs, in words for people. Must not leave out anything.

use std::fmt::Write as _;

use towpath_catalog::Stability;
use towpath_core::id::EnvironmentName;

use super::{
    AddedDefinition, AddedRole, AddedVersion, AddedWebhook, Diligence, Needed, Present,
    PresentWhat, RoleGiven,
};
use crate::sight;

/// Five sections; what is empty says so.
#[must_use]
pub fn text(diligence: &Diligence) -> String {
    let mut out = String::new();
    section(&mut out, "adds", adds(diligence));
    section(&mut out, "requires", requires(diligence));
    let mut cannot = Vec::new();
    for place in &diligence.cannot_run {
        let name = place.environment.as_ref().map_or("this Kubernetes", EnvironmentName::as_str);
        for reason in &place.reasons {
            let may = if reason.is_certain() { "" } else { " (maybe)" };
            cannot.push(format!("{name}{may}: {}", reason.says()));
        }
    }
    section(&mut out, "cannot run in", cannot);
    section(&mut out, "already present", diligence.present.iter().map(present).collect());
    section(&mut out, "not seen", diligence.not_seen.clone());
    out
}

fn section(out: &mut String, name: &str, lines: Vec<String>) {
    if !out.is_empty() {
        out.push('\n');
    }
    let _ = writeln!(out, "{name}");
    if lines.is_empty() {
        let _ = writeln!(out, "  nothing");
    }
    for line in lines {
        let _ = writeln!(out, "  {line}");
    }
}

fn adds(diligence: &Diligence) -> Vec<String> {
    let adds = &diligence.adds;
    let mut lines: Vec<String> = adds.definitions.iter().map(definition).collect();
    lines.extend(adds.groups.iter().map(|group| {
        let by = if group.aggregated { ", answered by a server of its own" } else { "" };
        format!("API group {}: {}{by}", group.name, maturity(group.stability))
    }));
    lines.extend(adds.webhooks.iter().map(webhook));
    lines.extend(adds.roles.iter().map(role));
    lines.extend(adds.pods.iter().map(|pods| {
        format!("pods of {} with {} ({})", pods.object, sight::list(&pods.powers), pods.at)
    }));
    lines.extend(adds.namespaces.iter().map(|name| format!("namespace {name}")));
    lines.extend(adds.charts.iter().map(|chart| {
        let version = if chart.version.is_empty() { "without a version" } else { &chart.version };
        let says = chart.says.as_str();
        format!("chart {} {version} by {}: {says} ({})", chart.chart, chart.release, chart.at)
    }));
    lines.extend(
        adds.images.iter().map(|image| format!("image {}: {}", image.image, image.says.as_str())),
    );
    lines
}

fn definition(definition: &AddedDefinition) -> String {
    let version = |version: &AddedVersion| {
        let mut said = vec![maturity(version.stability)];
        for (is, word) in [
            (!version.served, "not served"),
            (version.stored, "stored"),
            (version.deprecated, "deprecated"),
        ] {
            if is {
                said.push(word);
            }
        }
        format!("{} ({})", version.name, said.join(", "))
    };
    let versions: Vec<String> = definition.versions.iter().map(version).collect();
    let scope = if definition.cluster_wide { ", cluster-wide" } else { "" };
    let versions = sight::list(&versions);
    format!(
        "definition {}: {}{scope}, in {versions} ({})",
        definition.name, definition.kind, definition.at
    )
}

/// How far a version has come, in a word.
#[must_use]
pub fn maturity(stability: Stability) -> &'static str {
    match stability {
        Stability::Alpha => "alpha",
        Stability::Beta => "beta",
        Stability::Stable => "stable",
    }
}

fn webhook(webhook: &AddedWebhook) -> String {
    let what = if webhook.mutates { "changes" } else { "judges" };
    let place = if webhook.every_namespace { "every namespace" } else { "some namespaces" };
    let down = if webhook.blocks {
        "refuses them while it is down"
    } else {
        "lets them pass while it is down"
    };
    let resources = sight::list(&webhook.resources);
    format!("webhook {}: {what} {resources} in {place}, {down} ({})", webhook.name, webhook.at)
}

fn role(role: &AddedRole) -> String {
    let given = match &role.given {
        RoleGiven::Cluster => "in the whole cluster".to_owned(),
        RoleGiven::Namespaces(names) => format!("in {}", sight::list(names)),
        RoleGiven::Into(name) => format!("to whoever has the role {name}"),
        RoleGiven::Nowhere => "to nobody by itself".to_owned(),
    };
    let to =
        if role.to.is_empty() { String::new() } else { format!(" to {}", sight::list(&role.to)) };
    let name = if role.own { "ClusterRole" } else { "existing ClusterRole" };
    let powers = match role.powers.as_slice() {
        [] if role.own => ": nothing of note".to_owned(),
        [] => String::new(),
        powers => format!(": {}", sight::list(powers)),
    };
    format!("{name} {}, given {given}{to}{powers} ({})", role.role, role.at)
}

fn requires(diligence: &Diligence) -> Vec<String> {
    let requires = &diligence.requires;
    let mut lines = Vec::new();
    if let Some((minor, kinds)) = &requires.from {
        lines.push(format!("Kubernetes {minor} or newer, for {}", sight::list(kinds)));
    }
    if let Some((minor, kinds)) = &requires.below {
        lines.push(format!("Kubernetes older than {minor}, for {}", sight::list(kinds)));
    }
    for chart in &requires.charts {
        lines.push(format!("Kubernetes {}, says the chart {}", chart.range, chart.chart));
    }
    for kind in &requires.kinds {
        let flux = towpath_discovery::groups::is_built_in(
            kind.api_version.split('/').next().unwrap_or_default(),
        );
        let by = match &kind.defined_at {
            Some(at) => format!("defined in {at}"),
            None if flux => "which Flux brings".to_owned(),
            None => "which nothing that is seen defines".to_owned(),
        };
        lines.push(format!("{} {}, {by}; used by {}", kind.api_version, kind.kind, kind.used_by));
    }
    lines.extend(requires.namespaces.iter().map(|it| needed("namespace ", it)));
    lines.extend(requires.objects.iter().map(|it| needed("", it)));
    lines
}

fn needed<T: std::fmt::Display>(what: &str, needed: &Needed<T>) -> String {
    let names: Vec<&str> = needed.missing_in.iter().map(EnvironmentName::as_str).collect();
    let there = match (needed.missing, names.as_slice()) {
        (true, _) => "not seen anywhere".to_owned(),
        (false, []) => "there".to_owned(),
        (false, names) => format!("not seen in {}", sight::list(names)),
    };
    format!("{what}{}, {there}; used by {}", needed.what, needed.used_by)
}

impl PresentWhat {
    /// In words: a fragment.
    #[must_use]
    pub fn says(&self) -> String {
        match self {
            Self::Definition { name, versions } => {
                format!("definition {name} in {}", sight::list(versions))
            }
            Self::Chart { chart, release } => format!("chart {chart} by {release}"),
            Self::Object(object) => object.to_string(),
            Self::Default { there, own } => {
                format!("{there} is the default, as {own} of the component would be")
            }
        }
    }
}

fn present(present: &Present) -> String {
    let names: Vec<&str> = present.environments.iter().map(EnvironmentName::as_str).collect();
    let place = match names.as_slice() {
        [] => String::new(),
        names => format!(", in {}", sight::list(names)),
    };
    format!("{} ({}){place}", present.what.says(), present.at)
}
