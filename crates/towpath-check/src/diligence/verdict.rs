//! Where a component could not run, and why.
//!
//! What follows from versions is certain. That a kind is defined nowhere is not, where a chart may define it that is not
//! seen.

use std::collections::BTreeMap;

use towpath_catalog::{Lifecycle, Minor, Phase, Release, crd_span, lifecycle};
use towpath_core::id::EnvironmentName;
use towpath_core::version::{Range, Version};
use towpath_discovery::groups;

use super::ChartKubernetes;
use super::view::View;
use crate::look;
use crate::subject::{Head, Target, TargetId};

/// An environment that could not run a component, or may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CannotRun {
    /// The environment; `None` where there is no path.
    pub environment: Option<EnvironmentName>,
    /// Why, at least once.
    pub reasons: Vec<Reason>,
}

/// Why an environment could not run a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Its Kubernetes does not have a kind.
    NotServed {
        /// `policy/v1beta1 PodDisruptionBudget`.
        kind: String,
        /// The Kubernetes.
        kubernetes: Minor,
        /// Whether nobody said so: it is the newest that is known.
        assumed: bool,
        /// The first Kubernetes that has it.
        first: Minor,
        /// The first that no longer has it.
        gone: Option<Minor>,
    },
    /// Its Kubernetes has a kind only where somebody switched it on.
    NotByDefault {
        /// `resource.k8s.io/v1beta1 ResourceClaim`.
        kind: String,
        /// The Kubernetes.
        kubernetes: Minor,
    },
    /// Nothing that is seen defines a kind.
    NotDefined {
        /// `cert-manager.io/v1 Certificate`.
        kind: String,
        /// Whether a chart may that is not seen.
        may_be: bool,
    },
    /// A kind is defined without the version.
    NotInDefinition {
        /// `keda.sh/v1 ScaledObject`.
        kind: String,
        /// The versions that are served.
        served: Vec<String>,
    },
    /// The release of a project that it has does not serve the version.
    NotInRelease {
        /// `helm.toolkit.fluxcd.io/v2beta1 HelmRelease`.
        kind: String,
        /// `fluxcd/helm-controller`.
        project: &'static str,
        /// The release.
        release: Release,
    },
    /// A chart says that it does not run on its Kubernetes.
    ChartRefuses {
        /// The chart.
        chart: String,
        /// What it says.
        range: String,
        /// The Kubernetes.
        kubernetes: Minor,
    },
}

impl Reason {
    /// Its name in JSON.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotServed { .. } => "not-served",
            Self::NotByDefault { .. } => "not-by-default",
            Self::NotDefined { .. } => "not-defined",
            Self::NotInDefinition { .. } => "not-in-definition",
            Self::NotInRelease { .. } => "not-in-release",
            Self::ChartRefuses { .. } => "chart-refuses",
        }
    }

    /// Whether it is certain that the component cannot run.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        match self {
            Self::NotServed { assumed, .. } => !assumed,
            Self::NotDefined { may_be, .. } => !may_be,
            Self::NotByDefault { .. } => false,
            Self::NotInDefinition { .. }
            | Self::NotInRelease { .. }
            | Self::ChartRefuses { .. } => true,
        }
    }

    /// In words: a sentence without a full stop.
    #[must_use]
    pub fn says(&self) -> String {
        match self {
            Self::NotServed { kind, kubernetes, assumed, first, gone } => {
                let when = match gone {
                    Some(gone) if gone <= kubernetes => format!("was removed in {gone}"),
                    _ => format!("came in {first}"),
                };
                let assumed = if *assumed { " (assumed)" } else { "" };
                format!("Kubernetes {kubernetes}{assumed} does not have {kind}, which {when}")
            }
            Self::NotByDefault { kind, kubernetes } => {
                format!("Kubernetes {kubernetes} has {kind} only where it is switched on")
            }
            Self::NotDefined { kind, may_be: true } => {
                format!("nothing that is seen defines {kind}; a chart that is not rendered may")
            }
            Self::NotDefined { kind, may_be: false } => format!("nothing defines {kind}"),
            Self::NotInDefinition { kind, served } => {
                let served = crate::sight::list(served);
                format!("{kind} is not served: its definition serves {served}")
            }
            Self::NotInRelease { kind, project, release } => {
                let project = project.rsplit('/').next().unwrap_or(project);
                format!("{project} {release} does not serve {kind}")
            }
            Self::ChartRefuses { chart, range, kubernetes } => {
                format!("the chart {chart} wants Kubernetes {range}, and this is {kubernetes}")
            }
        }
    }
}

/// The environments that could not run a component, or may not, in the order of the path.
pub(super) fn cannot_run(view: &View<'_>, charts: &[ChartKubernetes]) -> Vec<CannotRun> {
    let mut heads: BTreeMap<(&str, &str), &Head> = BTreeMap::new();
    for subject in view.component {
        let head = &subject.head;
        heads.entry((&head.api_version, &head.kind)).or_insert(head);
    }
    let mut found: Vec<CannotRun> = Vec::new();
    for (id, target) in (0..).map(TargetId).zip(&view.given.targets) {
        let kinds = heads.values().filter_map(|head| kind(view, id, target, head));
        let mut reasons: Vec<Reason> = kinds.collect();
        reasons.extend(charts.iter().filter_map(|chart| refuses(chart, target)));
        if reasons.is_empty() {
            continue;
        }
        let environment = target.environment();
        match found.iter_mut().find(|it| it.environment.as_ref() == environment) {
            Some(known) => {
                reasons.retain(|reason| !known.reasons.contains(reason));
                known.reasons.append(&mut reasons);
            }
            None => found.push(CannotRun { environment: environment.cloned(), reasons }),
        }
    }
    found
}

/// Why a target could not take an object of a kind.
fn kind(view: &View<'_>, id: TargetId, target: &Target, head: &Head) -> Option<Reason> {
    let of = head.gvk();
    let kind = of.to_string();
    if let Some(life) = lifecycle(&of) {
        return built_in(&life, target, kind);
    }
    let own = view.own.get(&(of.group, of.kind));
    let served: Vec<&str> = match own {
        Some(own) => own.clone(),
        None => view.served(&of, id),
    };
    if served.contains(&of.version) {
        return None;
    }
    if !served.is_empty() || own.is_some() {
        let served = served.into_iter().map(str::to_owned).collect();
        return Some(Reason::NotInDefinition { kind, served });
    }
    if let Some(span) = crd_span(&of)
        && let Some(release) = target.projects.get(span.project).copied()
    {
        let gone = span.removed().is_some_and(|removed| removed <= release);
        let reason = Reason::NotInRelease { kind, project: span.project, release };
        return (gone || release < span.first).then_some(reason);
    }
    // Flux brings its own; its release is not known.
    if groups::is_built_in(of.group) {
        return None;
    }
    let mut others = view.others().chain(view.component);
    let may_be = others.any(|it| {
        let is_own = view.component.iter().any(|own| std::ptr::eq(own, it));
        look::is_helm_release(&it.head) && (is_own || view.has(id, &it.head))
    });
    Some(Reason::NotDefined { kind, may_be })
}

fn built_in(life: &Lifecycle, target: &Target, kind: String) -> Option<Reason> {
    let kubernetes = target.kubernetes.minor;
    match life.phase(kubernetes) {
        Phase::Unborn | Phase::Removed => Some(Reason::NotServed {
            kind,
            kubernetes,
            assumed: target.kubernetes.assumed,
            first: life.first,
            gone: life.gone,
        }),
        Phase::Current | Phase::Deprecated => (!life.is_served_by_default(kubernetes))
            .then_some(Reason::NotByDefault { kind, kubernetes }),
    }
}

/// Whether no patch of a target's Kubernetes is in the range that a chart wants.
fn refuses(chart: &ChartKubernetes, target: &Target) -> Option<Reason> {
    let range = Range::parse(&chart.range).ok()?;
    let kubernetes = target.kubernetes.minor;
    let takes = |patch: u32| {
        Version::parse(&format!("{kubernetes}.{patch}"))
            .is_ok_and(|version| range.matches(&version))
    };
    let none = !(0..MOST_PATCHES).any(takes) && !target.kubernetes.assumed;
    none.then(|| Reason::ChartRefuses {
        chart: chart.chart.clone(),
        range: chart.range.clone(),
        kubernetes,
    })
}

/// No minor of Kubernetes has had as many patches.
const MOST_PATCHES: u32 = 64;
