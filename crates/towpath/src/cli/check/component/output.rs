//! What a component brings and needs, as JSON. Must not leave out anything.

use towpath_api::output::{
    AddedChartOutput, AddedDefinitionOutput, AddedGroupOutput, AddedImageOutput, AddedPodsOutput,
    AddedRoleOutput, AddedVersionOutput, AddedWebhookOutput, AddsOutput, CannotRunOutput,
    ChartKubernetesOutput, DiligenceOutput, NeededKindOutput, NeededOutput, PresentOutput,
    ReasonOutput, RequiresOutput,
};
use towpath_check::diligence::{
    AddedChart, AddedDefinition, AddedGroup, AddedImage, AddedPods, AddedRole, AddedVersion,
    AddedWebhook, Adds, CannotRun, Diligence, Needed, NeededKind, Present, Reason, Requires,
    RoleGiven, maturity,
};

pub(super) fn output(diligence: &Diligence) -> DiligenceOutput {
    DiligenceOutput {
        adds: adds(&diligence.adds),
        requires: requires(&diligence.requires),
        cannot_run: diligence.cannot_run.iter().map(cannot_run).collect(),
        present: diligence.present.iter().map(present).collect(),
        not_seen: diligence.not_seen.clone(),
    }
}

fn texts<T: ToString>(all: &[T]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}

fn adds(adds: &Adds) -> AddsOutput {
    AddsOutput {
        definitions: adds.definitions.iter().map(definition).collect(),
        groups: adds.groups.iter().map(group).collect(),
        webhooks: adds.webhooks.iter().map(webhook).collect(),
        roles: adds.roles.iter().map(role).collect(),
        pods: adds.pods.iter().map(pods).collect(),
        namespaces: adds.namespaces.clone(),
        charts: adds.charts.iter().map(chart).collect(),
        images: adds.images.iter().map(image).collect(),
    }
}

fn definition(it: &AddedDefinition) -> AddedDefinitionOutput {
    AddedDefinitionOutput {
        name: it.name.clone(),
        group: it.group.clone(),
        kind: it.kind.clone(),
        cluster_wide: it.cluster_wide,
        versions: it.versions.iter().map(version).collect(),
        file: it.at.file.to_string(),
        line: it.at.line,
    }
}

fn version(it: &AddedVersion) -> AddedVersionOutput {
    AddedVersionOutput {
        name: it.name.clone(),
        maturity: maturity(it.stability).to_owned(),
        served: it.served,
        stored: it.stored,
        deprecated: it.deprecated,
    }
}

fn group(it: &AddedGroup) -> AddedGroupOutput {
    AddedGroupOutput {
        name: it.name.clone(),
        maturity: maturity(it.stability).to_owned(),
        aggregated: it.aggregated,
    }
}

fn webhook(it: &AddedWebhook) -> AddedWebhookOutput {
    AddedWebhookOutput {
        configuration: it.configuration.to_string(),
        name: it.name.clone(),
        blocks: it.blocks,
        mutates: it.mutates,
        every_namespace: it.every_namespace,
        resources: it.resources.clone(),
        file: it.at.file.to_string(),
        line: it.at.line,
    }
}

fn role(it: &AddedRole) -> AddedRoleOutput {
    let (scope, within) = match &it.given {
        RoleGiven::Cluster => ("cluster", Vec::new()),
        RoleGiven::Namespaces(names) => ("namespaces", names.clone()),
        RoleGiven::Into(name) => ("aggregated", vec![name.clone()]),
        RoleGiven::Nowhere => ("nowhere", Vec::new()),
    };
    AddedRoleOutput {
        role: it.role.clone(),
        own: it.own,
        scope: scope.to_owned(),
        within,
        to: it.to.clone(),
        powers: it.powers.clone(),
        file: it.at.file.to_string(),
        line: it.at.line,
    }
}

fn pods(it: &AddedPods) -> AddedPodsOutput {
    AddedPodsOutput {
        object: it.object.to_string(),
        powers: texts(&it.powers),
        file: it.at.file.to_string(),
        line: it.at.line,
    }
}

fn chart(it: &AddedChart) -> AddedChartOutput {
    AddedChartOutput {
        release: it.release.to_string(),
        chart: it.chart.clone(),
        version: it.version.clone(),
        moves: it.says.code().to_owned(),
        file: it.at.file.to_string(),
        line: it.at.line,
    }
}

fn image(it: &AddedImage) -> AddedImageOutput {
    AddedImageOutput { image: it.image.clone(), moves: it.says.code().to_owned() }
}

fn requires(requires: &Requires) -> RequiresOutput {
    let (from, from_kinds) = requires.from.clone().unzip();
    let (below, below_kinds) = requires.below.clone().unzip();
    let charts = requires
        .charts
        .iter()
        .map(|it| ChartKubernetesOutput { chart: it.chart.clone(), range: it.range.clone() });
    RequiresOutput {
        kubernetes_from: from.map(|minor| minor.to_string()),
        kubernetes_from_kinds: from_kinds.unwrap_or_default(),
        kubernetes_below: below.map(|minor| minor.to_string()),
        kubernetes_below_kinds: below_kinds.unwrap_or_default(),
        charts: charts.collect(),
        kinds: requires.kinds.iter().map(kind).collect(),
        namespaces: requires.namespaces.iter().map(needed).collect(),
        objects: requires.objects.iter().map(needed).collect(),
    }
}

fn kind(it: &NeededKind) -> NeededKindOutput {
    NeededKindOutput {
        api_version: it.api_version.clone(),
        kind: it.kind.clone(),
        file: it.defined_at.as_ref().map(|at| at.file.to_string()),
        used_by: it.used_by.to_string(),
    }
}

fn needed<T: ToString>(it: &Needed<T>) -> NeededOutput {
    NeededOutput {
        what: it.what.to_string(),
        used_by: it.used_by.to_string(),
        missing: it.missing,
        missing_in: texts(&it.missing_in),
    }
}

fn cannot_run(it: &CannotRun) -> CannotRunOutput {
    CannotRunOutput {
        environment: it.environment.as_ref().map(ToString::to_string),
        reasons: it.reasons.iter().map(reason).collect(),
    }
}

fn reason(it: &Reason) -> ReasonOutput {
    ReasonOutput { reason: it.code().to_owned(), certain: it.is_certain(), message: it.says() }
}

fn present(it: &Present) -> PresentOutput {
    PresentOutput {
        what: it.what.code().to_owned(),
        name: it.what.name(),
        message: it.what.says(),
        file: it.at.file.to_string(),
        line: it.at.line,
        environments: texts(&it.environments),
    }
}
