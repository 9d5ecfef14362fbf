//! What rules over objects look at, gathered from walks through the clusters of a path.
//!
//! Rendering is in `towpath-render`, judging in `towpath-check`; here the one is handed to the other, and what several
//! clusters share is handed over once. Must not decide what a finding means for a promotion.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use towpath_catalog::Minor;
use towpath_check::given::Given;
use towpath_check::projects::projects;
use towpath_check::subject::{Head, Kubernetes, Source, Subject, Target, TargetId};
use towpath_core::finding::{Finding, Severity};
use towpath_core::id::RepoPath;
use towpath_core::path::{Cluster, Environment, Path};
use towpath_core::pin::{Location, ObjectRef};
use towpath_render::Object;
use towpath_render::flux::{Rendered, SourceRef, Trouble, TroubleKind, Walk};

/// The objects of a path's clusters, and what was met on the way.
#[derive(Debug, Default)]
pub struct Judged {
    /// What rules over objects look at.
    pub given: Given,
    /// What cannot work in the order of delivery.
    pub findings: Vec<Finding>,
    /// What could not be rendered because it is not at hand: one line each.
    pub not_at_hand: BTreeSet<String>,
    /// The files that objects were read from.
    pub files: BTreeSet<RepoPath>,
}

/// The clusters of a path in its order, as they are judged: for the Kubernetes that somebody asks about, else for the
/// stated one, else for the newest that is known.
#[must_use]
pub fn targets(path: &Path, asked: Option<Minor>) -> Vec<Target> {
    clusters(path)
        .map(|(environment, cluster)| {
            let stated = cluster.kubernetes.or(environment.kubernetes);
            let minor = asked.or(stated.map(|stated| Minor::new(stated.0)));
            Target {
                place: Some((environment.name.clone(), cluster.name.clone())),
                production: environment.production,
                sandbox: environment.sandbox,
                kubernetes: Kubernetes {
                    minor: minor.unwrap_or(Minor::NEWEST),
                    assumed: minor.is_none(),
                },
                projects: BTreeMap::new(),
                whole: false,
            }
        })
        .collect()
}

/// The clusters of a path, in the order of [`targets`].
pub fn clusters(path: &Path) -> impl Iterator<Item = (&Environment, &Cluster)> {
    path.environments().iter().flat_map(|e| e.clusters.iter().map(move |cluster| (e, cluster)))
}

/// Gathers what is judged. `walks`: one for each of `targets`, in their order.
#[must_use]
pub fn gather(targets: Vec<Target>, walks: &[Walk]) -> Judged {
    let mut judged = Judged::default();
    // Equal only if it is the same piece of memory: what was rendered once for several clusters.
    let mut shared: BTreeMap<*const Rendered, usize> = BTreeMap::new();
    let mut groups: Vec<(Arc<Rendered>, Vec<TargetId>)> = Vec::new();
    for (number, walk) in (0..).zip(walks) {
        let rendered = walk.kustomizations.iter().filter_map(|walked| walked.rendered.as_ref());
        for rendered in rendered {
            let group = *shared.entry(Arc::as_ptr(rendered)).or_insert_with(|| {
                groups.push((Arc::clone(rendered), Vec::new()));
                groups.len() - 1
            });
            groups[group].1.push(TargetId(number));
        }
        if let Some(target) = targets.get(number as usize) {
            judged.troubles(target, walk);
        }
    }
    let subjects = once(&groups);
    judged.files = subjects.iter().map(|subject| subject.head.at.file.clone()).collect();
    let mut given = Given::new(targets, subjects);
    for (number, walk) in (0..).zip(walks) {
        // Of a target that is given nothing, nothing is known.
        if given.of_target(TargetId(number)).next().is_none() {
            continue;
        }
        let whole = is_whole(walk, &given, TargetId(number));
        let projects = projects(given.of_target(TargetId(number)));
        if let Some(target) = given.targets.get_mut(number as usize) {
            (target.whole, target.projects) = (whole, projects);
        }
    }
    judged.given = given;
    judged
}

/// Whether everything of a walk was rendered but what comes from a source that nothing creates: that is nothing.
fn is_whole(walk: &Walk, given: &Given, target: TargetId) -> bool {
    let is_given = |source: &SourceRef| {
        given.of_target(target).any(|subject| {
            let head = &subject.head;
            (&head.kind, &head.namespace, &head.name)
                == (&source.kind, &source.namespace, &source.name)
        })
    };
    walk.troubles.iter().all(|trouble| match &trouble.kind {
        TroubleKind::UnknownSource { source_ref, .. } => !is_given(source_ref),
        TroubleKind::CannotRender(_) | TroubleKind::MissingPath(_) => false,
        _ => true,
    })
}

/// The objects of renderings, those once that several clusters are given alike. Which rendering made them does not count:
/// clusters are rendered by several threads, and what one of them knows already is chance.
fn once(groups: &[(Arc<Rendered>, Vec<TargetId>)]) -> Vec<Subject> {
    let mut kept: Vec<(&Object, Vec<TargetId>)> = Vec::new();
    let mut places: BTreeMap<(&str, usize), Place> = BTreeMap::new();
    for (rendered, of) in groups {
        for object in &rendered.objects {
            let at = (&*object.origin.file, object.origin.line);
            let place = places.entry(at).or_default();
            match place.known(object, &kept) {
                Some(known) => kept[known].1.extend(of),
                None => {
                    place.add(object, kept.len());
                    kept.push((object, of.clone()));
                }
            }
        }
    }
    let mut last: Arc<[TargetId]> = Arc::from([]);
    let subjects = kept.into_iter().filter_map(|(object, mut targets)| {
        targets.sort_unstable();
        targets.dedup();
        if *last != *targets {
            last = targets.into();
        }
        subject(object, &last)
    });
    subjects.collect()
}

/// What is known of one place in a file. A thousand clusters may each make another object of it, so all but the first are
/// found by what is in them.
#[derive(Default)]
struct Place {
    first: Option<usize>,
    others: BTreeMap<u64, Vec<usize>>,
}

impl Place {
    /// Which of those that are kept is the same object.
    fn known(&self, object: &Object, kept: &[(&Object, Vec<TargetId>)]) -> Option<usize> {
        let is_same = |at: &usize| kept.get(*at).is_some_and(|(k, _)| k.value == object.value);
        let first = self.first.filter(is_same);
        if first.is_some() || self.others.is_empty() {
            return first;
        }
        self.others.get(&print(object))?.iter().copied().find(is_same)
    }

    fn add(&mut self, object: &Object, at: usize) {
        match self.first {
            None => self.first = Some(at),
            Some(_) => self.others.entry(print(object)).or_default().push(at),
        }
    }
}

/// A number that equal objects have in common, and hardly any others.
fn print(object: &Object) -> u64 {
    let mut hasher = DefaultHasher::new();
    object.value.hash(&mut hasher);
    hasher.finish()
}

fn subject(object: &Object, targets: &Arc<[TargetId]>) -> Option<Subject> {
    let at = Location {
        file: RepoPath::parse(&object.origin.file).ok()?,
        line: u32::try_from(object.origin.line).unwrap_or(u32::MAX).max(1),
        column: 1,
    };
    let mut head = Head::of_value(&object.value, at)?;
    head.source = Source::Rendered;
    head.targets = Arc::clone(targets);
    Some(Subject { head, value: Arc::clone(&object.value) })
}

impl Judged {
    fn troubles(&mut self, target: &Target, walk: &Walk) {
        for trouble in &walk.troubles {
            match rule(&trouble.kind) {
                Some(rule) => match finding(rule, target, trouble) {
                    Some(finding) => self.findings.push(finding),
                    // It stands in no file of the repository; it is told all the same.
                    None => drop(self.not_at_hand.insert(trouble.to_string())),
                },
                None => drop(self.not_at_hand.insert(trouble.kind.to_string())),
            }
        }
        for walked in &walk.kustomizations {
            let Some(rendered) = &walked.rendered else { continue };
            for name in &rendered.unknown_variables {
                self.not_at_hand.insert(format!(
                    "the value of {name} in the objects of Kustomization {} is not known",
                    walked.id
                ));
            }
        }
    }
}

/// The rule that a trouble breaks; `None` where nothing is wrong, but something is not at hand.
fn rule(kind: &TroubleKind) -> Option<(&'static str, Severity)> {
    Some(match kind {
        TroubleKind::Cycle(_) => ("dependency-cycle", Severity::Error),
        TroubleKind::MissingDependency(_) => ("missing-dependency", Severity::Error),
        TroubleKind::MissingPath(_) => ("missing-path", Severity::Error),
        TroubleKind::TwoOwners { .. } => ("two-owners", Severity::Error),
        TroubleKind::BeforeNamespace { .. } => ("before-namespace", Severity::Warning),
        TroubleKind::BeforeDefinition { .. } => ("before-definition", Severity::Warning),
        TroubleKind::UnknownSource { .. } => return None,
        _ => ("cannot-render", Severity::Error),
    })
}

fn finding(
    (rule, severity): (&'static str, Severity),
    target: &Target,
    trouble: &Trouble,
) -> Option<Finding> {
    let fix = match rule {
        "dependency-cycle" => "take one of the dependencies out",
        "missing-dependency" => {
            "add the Kustomization that is depended on, or take the dependency out"
        }
        "missing-path" => "mend `spec.path`, or add the folder",
        "two-owners" => "leave the object in one of the two folders",
        "before-namespace" | "before-definition" => {
            "add a `dependsOn` with `wait: true` on the provider"
        }
        _ => "mend what the message names; `towpath render` shows the same",
    };
    Some(Finding {
        rule,
        severity,
        environments: target.environment().cloned().into_iter().collect(),
        object: Some(ObjectRef {
            kind: "Kustomization".to_owned(),
            namespace: trouble.kustomization.namespace.clone(),
            name: trouble.kustomization.name.clone(),
        }),
        field: None,
        at: Location {
            file: RepoPath::parse(&trouble.file).ok()?,
            line: u32::try_from(trouble.line).unwrap_or(u32::MAX).max(1),
            column: 1,
        },
        message: trouble.kind.to_string(),
        fix: fix.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use towpath_render::flux::{self, Depth, Inputs, Memo, Source as Files, Sources, Start};
    use towpath_render::{MemoryTree, Origin};

    use super::*;

    /// The files of `flux-system`; what any other source holds is not at hand.
    struct Repository(Arc<MemoryTree>);

    impl Sources for Repository {
        fn tree(&self, source: &SourceRef, _: Option<&Value>) -> Files<'_> {
            if source.name == "flux-system" {
                Files::Tree { id: "files".into(), tree: Arc::clone(&self.0) as _ }
            } else {
                Files::Unknown("it is elsewhere".to_owned())
            }
        }
    }

    const STEP: &str = "\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: step, namespace: flux-system}
spec: {interval: 10m, path: ./step, prune: true, sourceRef: {kind: GitRepository, name: NAME}}
";

    fn is_whole(source: &str, other: Option<(&str, &str)>) -> bool {
        let step = STEP.replace("NAME", source);
        let map =
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map, namespace: web}\n".to_owned();
        let mut files = vec![("cluster/step.yaml", step), ("step/map.yaml", map)];
        files.extend(other.map(|(path, text)| (path, text.to_owned())));
        let repository = Repository(Arc::new(MemoryTree::new(files)));
        let (start, inputs) = (Start::Path("./cluster".to_owned()), Inputs::default());
        let walk = flux::walk(&start, &repository, &inputs, &mut Memo::default(), Depth::Whole);
        let kubernetes = Kubernetes { minor: Minor::NEWEST, assumed: true };
        let target = Target {
            place: None,
            production: false,
            sandbox: false,
            kubernetes,
            projects: BTreeMap::new(),
            whole: false,
        };
        gather(vec![target], &[walk]).given.targets.iter().all(|target| target.whole)
    }

    #[test]
    fn what_clusters_are_given_alike_is_judged_once_for_all_of_them() {
        let object = |line, text: &str| Object {
            value: Arc::new(serde_json::json!({
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "map"}, "data": {"text": text}
            })),
            origin: Origin { file: "map.yaml".into(), line, ..Origin::default() },
        };
        let group = |id, objects| {
            let rendered =
                Rendered { objects, unknown_variables: BTreeSet::new(), warnings: Vec::new() };
            (Arc::new(rendered), vec![TargetId(id)])
        };
        let groups = [
            group(0, vec![object(1, "a"), object(9, "a")]),
            group(1, vec![object(1, "b")]),
            group(2, vec![object(1, "c"), object(1, "a")]),
            group(4, vec![object(1, "c")]),
            group(3, vec![object(1, "b")]),
            group(3, vec![object(1, "c")]),
        ];
        let told: Vec<_> = once(&groups)
            .into_iter()
            .map(|subject| {
                let targets: Vec<u32> = subject.head.targets.iter().map(|id| id.0).collect();
                (subject.head.at.line, subject.value["data"]["text"].clone(), targets)
            })
            .collect();
        assert_eq!(
            told,
            [
                (1, "a".into(), vec![0, 2]),
                (9, "a".into(), vec![0]),
                (1, "b".into(), vec![1, 3]),
                (1, "c".into(), vec![2, 3, 4]),
            ]
        );
    }

    #[test]
    fn a_cluster_is_whole_unless_something_of_it_is_not_at_hand() {
        assert!(is_whole("flux-system", None));
        // What nothing creates gives nothing.
        assert!(is_whole("misspelt", None));
        let elsewhere = "\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: elsewhere, namespace: flux-system}
spec: {interval: 10m, url: https://git.example.com/elsewhere}
";
        assert!(!is_whole("elsewhere", Some(("cluster/source.yaml", elsewhere))));
        let broken = "resources: [missing.yaml]\n";
        assert!(!is_whole("flux-system", Some(("step/kustomization.yaml", broken))));
    }
}
