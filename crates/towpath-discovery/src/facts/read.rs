//! From the YAML tree of a file to its facts. Each function reads one kind and gives what is there;
//! what is missing or of another type is left out, because judging schemas is not done here.

use towpath_core::id::RepoPath;
use towpath_yaml::{Entry, Node, Span};

use super::{
    Detail, FactsError, Field, FileFacts, FluxInstance, HelmRelease, InstanceSync, Kustomization,
    KustomizeFile, Mark, Object, PathEntry, Promise, Reference, ResourceType, Source, SourceKind,
    SourceReference, Style,
};

/// Reads what a file says.
///
/// Files that are YAML but not Kubernetes (`mkdocs.yml`, `values.yaml`) have no facts, which is no
/// error.
///
/// # Errors
/// [`FactsError`] where the bytes are not YAML.
pub fn facts(path: &RepoPath, bytes: &[u8]) -> Result<FileFacts, FactsError> {
    let documents =
        towpath_yaml::parse(bytes).map_err(|source| FactsError { file: path.clone(), source })?;
    // The parser admits UTF-8 only, so this cannot fail; an empty text would only leave `written` out.
    let source = std::str::from_utf8(bytes).unwrap_or_default();
    let mut facts = FileFacts::default();
    let names_kustomization =
        matches!(path.file_name(), "kustomization.yaml" | "kustomization.yml" | "Kustomization");
    if names_kustomization
        && let Some(first) = documents.first()
        && !text(&first.root, "apiVersion").starts_with("kustomize.toolkit.fluxcd.io/")
    {
        facts.kustomize = Some(kustomize(&first.root));
        return Ok(facts);
    }
    for document in &documents {
        objects(&document.root, source, false, &mut facts.objects);
    }
    Ok(facts)
}

/// Adds an object, or the items of a list of objects as Flux flattens them
/// (`fluxcd/pkg:ssa/utils/reader.go`).
fn objects(node: &Node, source: &str, shared: bool, into: &mut Vec<Object>) {
    let (api_version, kind) = (text(node, "apiVersion"), text(node, "kind"));
    if api_version.is_empty() || kind.is_empty() {
        return;
    }
    if kind.ends_with("List")
        && let Some(items) = node.get("items").and_then(Node::as_seq)
    {
        let shared = shared || hides(node);
        items.iter().for_each(|item| objects(item, source, shared, into));
        return;
    }
    let Some(metadata) = node.get("metadata") else { return };
    let name = text(metadata, "name");
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    if name.is_empty() || group == "kustomize.config.k8s.io" {
        return;
    }
    let top = Place { node, source, shared: shared || hides(node) };
    into.push(Object {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        namespace: text(metadata, "namespace").to_owned(),
        name: name.to_owned(),
        at: mark(node.span),
        detail: detail(group, kind, top),
    });
}

fn detail(group: &str, kind: &str, top: Place<'_>) -> Detail {
    let spec = top.below("spec");
    match (group, kind) {
        ("source.toolkit.fluxcd.io", _) => {
            let kind = match kind {
                "GitRepository" => SourceKind::GitRepository,
                "OCIRepository" => SourceKind::OciRepository,
                "HelmRepository" => SourceKind::HelmRepository,
                "Bucket" => SourceKind::Bucket,
                _ => return Detail::None,
            };
            Detail::Source(Box::new(source(kind, spec)))
        }
        ("kustomize.toolkit.fluxcd.io", "Kustomization") => {
            Detail::Kustomization(Box::new(kustomization(spec)))
        }
        ("helm.toolkit.fluxcd.io", "HelmRelease") => {
            Detail::HelmRelease(Box::new(helm_release(spec)))
        }
        ("fluxcd.controlplane.io", "FluxInstance") => {
            let sync = spec.and_then(|s| s.below("sync")).map(|sync| InstanceSync {
                kind: sync.string("kind").unwrap_or_default(),
                name: sync.string("name"),
                url: sync.field("url"),
                reference: sync.field("ref"),
                path: sync.field("path"),
            });
            Detail::FluxInstance(Box::new(FluxInstance { sync }))
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            spec.and_then(resource_type).map_or(Detail::None, Detail::Crd)
        }
        ("platform.kratix.io", "Promise") => Detail::Promise(Promise {
            version: top
                .below("metadata")
                .and_then(|m| m.below("labels"))
                .and_then(|l| l.field("kratix.io/promise-version")),
            api: spec
                .and_then(|s| s.below("api"))
                .and_then(|a| a.below("spec"))
                .and_then(resource_type),
        }),
        _ => Detail::None,
    }
}

fn source(kind: SourceKind, spec: Option<Place<'_>>) -> Source {
    let reference = spec.and_then(|s| s.below("ref"));
    let field = |key| reference.and_then(|r| r.field(key));
    Source {
        kind,
        url: spec.and_then(|s| s.field("url")),
        reference: SourceReference {
            at: reference.map(|r| mark(r.node.span)),
            branch: field("branch"),
            tag: field("tag"),
            semver: field("semver"),
            name: field("name"),
            commit: field("commit"),
            digest: field("digest"),
            tag_key: reference.is_some_and(|r| r.node.entry("tag").is_some()),
        },
        verify: spec.and_then(|s| s.below("verify")).is_some_and(|v| v.node.as_map().is_some()),
        insecure: spec.is_some_and(|s| s.is_true("insecure")),
        suspend: spec.is_some_and(|s| s.is_true("suspend")),
        secret: spec.and_then(|s| s.below("secretRef")).and_then(|r| r.string("name")),
    }
}

fn kustomization(spec: Option<Place<'_>>) -> Kustomization {
    let lists = |key| {
        spec.and_then(|s| s.node.get(key)).and_then(Node::as_seq).is_some_and(|l| !l.is_empty())
    };
    let is_true = |key| spec.is_some_and(|s| s.is_true(key));
    let strings = |key| {
        let list = spec.and_then(|s| s.node.get(key)).and_then(Node::as_seq).unwrap_or_default();
        list.iter().filter_map(Node::text).map(str::to_owned).collect()
    };
    Kustomization {
        path: spec.and_then(|s| s.field("path")),
        source: spec.and_then(|s| s.below("sourceRef")).and_then(|r| reference(r.node)),
        depends_on: depends_on(spec),
        depends_on_at: spec.and_then(|s| s.node.entry("dependsOn")).map(|e| mark(e.key.span)),
        components: strings("components"),
        wait: is_true("wait"),
        health_checks: lists("healthChecks"),
        health_check_exprs: lists("healthCheckExprs"),
        prune: is_true("prune"),
        suspend: is_true("suspend"),
        target_namespace: spec.and_then(|s| s.string("targetNamespace")),
        remote: spec.is_some_and(|s| s.below("kubeConfig").is_some()),
    }
}

fn helm_release(spec: Option<Place<'_>>) -> HelmRelease {
    let chart = spec.and_then(|s| s.below("chart")).and_then(|c| c.below("spec"));
    let remedied = |action| {
        let action = spec.and_then(|s| s.node.get(action));
        let retries = action.and_then(|a| a.at(&["remediation", "retries"])).and_then(Node::as_i64);
        let strategy = action.and_then(|a| a.at(&["strategy", "name"])).and_then(Node::as_str);
        retries.is_some_and(|r| r != 0) || strategy == Some("RetryOnFailure")
    };
    HelmRelease {
        chart: chart.and_then(|c| c.field("chart")),
        version: chart.and_then(|c| c.field("version")),
        source: chart.and_then(|c| c.below("sourceRef")).and_then(|r| reference(r.node)),
        chart_ref: spec.and_then(|s| s.below("chartRef")).and_then(|r| reference(r.node)),
        depends_on: depends_on(spec),
        target_namespace: spec.and_then(|s| s.string("targetNamespace")),
        remediation: remedied("install") || remedied("upgrade"),
        suspend: spec.is_some_and(|s| s.is_true("suspend")),
    }
}

fn depends_on(spec: Option<Place<'_>>) -> Vec<Reference> {
    let list = spec.and_then(|s| s.node.get("dependsOn")).and_then(Node::as_seq);
    list.unwrap_or_default().iter().filter_map(reference).collect()
}

fn reference(node: &Node) -> Option<Reference> {
    let name = node.get("name").and_then(Node::text)?.to_owned();
    let namespace = text(node, "namespace");
    Some(Reference {
        kind: text(node, "kind").to_owned(),
        namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
        name,
        at: mark(node.span),
    })
}

fn resource_type(spec: Place<'_>) -> Option<ResourceType> {
    let kind = spec.below("names")?.string("kind")?;
    Some(ResourceType { group: spec.string("group")?, kind })
}

fn kustomize(root: &Node) -> KustomizeFile {
    let entries = |key| root.get(key).and_then(Node::as_seq).unwrap_or_default().iter();
    let paths = |key| entries(key).filter_map(path_entry).collect::<Vec<_>>();
    let mut resources = paths("resources");
    resources.extend(paths("bases"));
    let mut file = KustomizeFile {
        component: text(root, "kind") == "Component",
        resources,
        components: paths("components"),
        ..KustomizeFile::default()
    };
    for patch in entries("patches").chain(entries("patchesJson6902")) {
        match patch.get("path").and_then(path_entry) {
            Some(path) => file.patches.push(path),
            None => file.inline_patches = true,
        }
    }
    for patch in entries("patchesStrategicMerge") {
        match path_entry(patch) {
            Some(path) if !path.text.contains('\n') => file.patches.push(path),
            _ => file.inline_patches = true,
        }
    }
    file
}

fn path_entry(node: &Node) -> Option<PathEntry> {
    Some(PathEntry { text: node.text()?.to_owned(), at: mark(node.span) })
}

/// A node of an object, with what is needed to tell whether its bytes are its own.
#[derive(Clone, Copy)]
struct Place<'a> {
    node: &'a Node,
    source: &'a str,
    shared: bool,
}

impl<'a> Place<'a> {
    fn below(self, key: &str) -> Option<Self> {
        let entry = self.node.entry(key)?;
        let shared = self.shared || entry.key.aliased || hides(&entry.value);
        Some(Self { node: &entry.value, shared, ..self })
    }

    fn string(self, key: &str) -> Option<String> {
        let found = text(self.node, key);
        (!found.is_empty()).then(|| found.to_owned())
    }

    fn is_true(self, key: &str) -> bool {
        self.node.get(key).and_then(Node::as_bool) == Some(true)
    }

    /// The entry of `key` with its bytes; `None` where the value is empty or no scalar, which Flux
    /// takes as not being there.
    fn field(self, key: &str) -> Option<Field> {
        let Entry { key, value } = self.node.entry(key)?;
        let text = value.text().filter(|text| !text.is_empty())?;
        let shared = self.shared || key.aliased || hides(value);
        let own = !value.aliased && !key.aliased && key.span.end <= value.span.start;
        let end = if own { value.span.end } else { key.span.end };
        Some(Field {
            value: text.to_owned(),
            written: self.source.get(key.span.start..end).unwrap_or_default().to_owned(),
            key_len: key.span.end - key.span.start,
            value_at: if own { value.span.start } else { end } - key.span.start,
            start: key.span.start,
            key: mark(key.span),
            at: mark(if own { value.span } else { key.span }),
            style: style(value),
            shared,
        })
    }
}

/// Whether an edit below this node could show elsewhere.
fn hides(node: &Node) -> bool {
    node.aliased || node.anchored
}

fn style(node: &Node) -> Style {
    match node.style {
        _ if node.tagged => Style::Other,
        towpath_yaml::Style::Plain => Style::Plain,
        towpath_yaml::Style::SingleQuoted => Style::Single,
        towpath_yaml::Style::DoubleQuoted => Style::Double,
        _ => Style::Other,
    }
}

fn text<'a>(node: &'a Node, key: &str) -> &'a str {
    node.get(key).and_then(Node::text).unwrap_or_default()
}

fn mark(span: Span) -> Mark {
    Mark { line: span.line, column: span.column }
}
