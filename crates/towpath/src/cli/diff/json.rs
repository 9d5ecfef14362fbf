//! A difference for programs: the wire types of what was compared.

use serde_json::Value;
use towpath_api::output::{
    DiffClusterOutput, DiffCountsOutput, DiffEnvironmentOutput, DiffGroupOutput, DiffOutput,
    DiffPlaceOutput, DiffSummaryOutput, FieldChangeOutput, NotComparedOutput, ObjectChangeOutput,
    ObjectNameOutput, SideOutput, StepOutput,
};
use towpath_render::Identity;
use towpath_render::compare::{
    Change, Counts, EnvironmentSummary, FieldChange, Group, Groups, Item, Kind, Masked, Side, Step,
    What,
};

use super::Sides;
use super::lack::Lack;

/// The whole answer.
pub(in crate::cli) fn output(groups: &Groups, sides: Sides<'_>) -> DiffOutput {
    DiffOutput {
        old: sides.old.to_owned(),
        new: sides.new.to_owned(),
        summary: DiffSummaryOutput {
            total: counts(groups.summary.total),
            environments: groups.summary.environments.iter().map(environment).collect(),
        },
        groups: groups.groups.iter().map(group).collect(),
        not_compared: sides.lacks.iter().map(lack).collect(),
    }
}

fn lack(lack: &Lack) -> NotComparedOutput {
    NotComparedOutput {
        why: lack.why.clone(),
        kustomizations: lack.kustomizations.iter().cloned().collect(),
        clusters: lack.clusters.iter().map(|(e, c)| format!("{e}/{c}")).collect(),
    }
}

fn counts(counts: Counts) -> DiffCountsOutput {
    let Counts { added, changed, removed, following } = counts;
    DiffCountsOutput { added, changed, removed, following }
}

fn environment(environment: &EnvironmentSummary) -> DiffEnvironmentOutput {
    let clusters = environment.clusters.iter().map(|cluster| DiffClusterOutput {
        name: cluster.name.clone(),
        counts: counts(cluster.counts),
    });
    DiffEnvironmentOutput {
        name: environment.name.clone(),
        counts: counts(environment.counts),
        clusters: clusters.collect(),
    }
}

fn group(group: &Group) -> DiffGroupOutput {
    let places = group.places.iter().map(|place| DiffPlaceOutput {
        environment: place.environment.clone(),
        cluster: place.cluster.clone(),
        kustomization: place.kustomization.clone(),
    });
    DiffGroupOutput {
        places: places.collect(),
        changes: group.changes.iter().map(change).collect(),
    }
}

fn change(change: &Change) -> ObjectChangeOutput {
    let (word, renamed_from) = match &change.kind {
        Kind::Added(_) => ("added", None),
        Kind::Removed(_) => ("removed", None),
        Kind::Changed { renamed_from, .. } => ("changed", renamed_from.clone()),
    };
    ObjectChangeOutput {
        object: name(&change.identity),
        change: word,
        renamed_from,
        only_follows: change.only_follows(),
        fields: change.fields().iter().map(field).collect(),
        old: change.before().map(side),
        new: change.after().map(side),
    }
}

fn name(identity: &Identity) -> ObjectNameOutput {
    let Identity { group, version, kind, namespace, name } = identity.clone();
    ObjectNameOutput { group, version, kind, namespace, name }
}

fn side(side: &Side) -> SideOutput {
    let touched =
        side.origin.touched.iter().map(|touch| format!("{}: {}", touch.file, touch.field));
    SideOutput {
        file: side.origin.file.to_string(),
        line: side.origin.line,
        touched: touched.collect(),
        object: side.object.value().cloned().unwrap_or_default(),
    }
}

fn field(field: &FieldChange) -> FieldChangeOutput {
    let value = |masked: &Masked| masked.value().cloned();
    let order = |items: &[Item]| {
        Some(Value::Array(items.iter().map(|item| Value::Object(fields_of(item))).collect()))
    };
    let (word, masked, old, new, at) = match &field.what {
        What::Added { new, at } => ("added", new.value().is_none(), None, value(new), *at),
        What::Removed { old } => ("removed", old.value().is_none(), value(old), None, None),
        What::Changed { old, new } => {
            ("changed", old.value().is_none(), value(old), value(new), None)
        }
        What::Reordered { old, new } => ("reordered", false, order(old), order(new), None),
    };
    FieldChangeOutput {
        path: field.path.to_string(),
        steps: field.path.0.iter().map(step).collect(),
        change: word,
        masked,
        old,
        new,
        at,
        follows: field.follows.as_ref().map(name),
    }
}

fn step(step: &Step) -> StepOutput {
    match step {
        Step::Key(key) => StepOutput::Key(key.clone()),
        Step::Index { old, new } => StepOutput::Index { old: *old, new: *new },
        Step::Item(item) => StepOutput::Item(fields_of(item)),
    }
}

fn fields_of(item: &Item) -> serde_json::Map<String, Value> {
    item.0.iter().cloned().collect()
}
