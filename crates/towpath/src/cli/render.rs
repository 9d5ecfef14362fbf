//! `towpath render`: the objects that a cluster is given, or that a folder builds to.
//!
//! What the objects are is decided in `towpath-render`; here they are printed, or written into a folder.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use towpath_api::output::{Output, RenderFinding, RenderOutput, RenderedObject, TouchOutput};
use towpath_core::path::{Cluster, Environment, Path as ChangePath};
use towpath_engine::rendered::Side;
use towpath_render::compare::Masked;
use towpath_render::flux::{self, Trouble, TroubleKind, Walk};
use towpath_render::{Object, kustomize};

use super::args::{Global, OutputFormat, RenderArgs};
use super::built;
use super::exit;
use super::failure::Failure;
use super::print::Printer;
use super::session::{Session, remote_bases};
use super::words::{count, list};

/// Clusters that are named where another name was asked for.
const MOST_NAMES: usize = 10;

pub(crate) fn run(global: &Global, args: &RenderArgs, printer: &Printer) -> Result<u8, Failure> {
    if let Some(folder) = &args.kustomize {
        return build(global, folder, printer);
    }
    let session = Session::open(global)?;
    let name = args.cluster.as_deref();
    let survey = session.survey_here()?;
    let (environment, cluster) = cluster_named(&survey.resolved.path, name)?;
    let snapshot = session.unchecked_snapshot_here(&survey)?;
    let side = Side { survey: &survey, snapshot: &snapshot, base: session.base_here()? };
    let mut rendering = session.rendering();
    let sources = rendering.sources(&side);
    let mut walk = rendering.cluster(&sources, cluster);
    session.save_cache();
    if !args.show_secrets {
        hide_secrets(&mut walk);
    }
    let complete = walk.troubles.is_empty();
    for trouble in walk.troubles.iter().filter(|trouble| !is_unknown(trouble)) {
        printer.note(&format!("finding: {trouble}"));
    }
    for unknown in unknown(&walk) {
        printer.note(&format!("unknown: {unknown}"));
    }
    if let Some(folder) = &args.to {
        let files = write(&walk, &global.directory.join(folder))?;
        printer.note(&format!("wrote {} below {}", count(files, "file"), folder.display()));
        return Ok(if complete { exit::YES } else { exit::NO });
    }
    match global.output {
        OutputFormat::Json | OutputFormat::Yaml => {
            let output = output(environment, cluster, &walk);
            print(&output, global.output, printer)?;
        }
        _ => printer.raw(&text(&walk))?,
    }
    Ok(if complete { exit::YES } else { exit::NO })
}

/// The cluster that a user means by `CLUSTER`, `ENVIRONMENT/CLUSTER`, an environment that has only one, or by nothing
/// where there is only one.
fn cluster_named<'p>(
    path: &'p ChangePath,
    name: Option<&str>,
) -> Result<(&'p Environment, &'p Cluster), Failure> {
    let all = || path.environments().iter().flat_map(|e| e.clusters.iter().map(move |c| (e, c)));
    let whole = |(e, c): &(&Environment, &Cluster)| format!("{}/{}", e.name, c.name);
    let found: Vec<_> = match name {
        None => all().collect(),
        Some(name) => {
            let is_it = |both: &(&Environment, &Cluster)| {
                whole(both) == name || both.1.name.as_str() == name
            };
            let found: Vec<_> = all().filter(is_it).collect();
            let has_it = |both: &(&Environment, &Cluster)| both.0.name.as_str() == name;
            if found.is_empty() { all().filter(has_it).collect() } else { found }
        }
    };
    let name = name.unwrap_or("the path");
    let names = |found: &[(&Environment, &Cluster)]| {
        let mut names: Vec<String> = found.iter().take(MOST_NAMES).map(whole).collect();
        if found.len() > MOST_NAMES {
            names.push(format!("{} more", found.len() - MOST_NAMES));
        }
        list(&names)
    };
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(Failure::new(format!("{name} is no cluster and no environment"))
            .hint(format!("there are: {}", names(&all().collect::<Vec<_>>())))),
        many => Err(Failure::new(format!("{name} has {}", count(many.len(), "cluster")))
            .hint(format!("name one of them: {}", names(many)))),
    }
}

/// Whether nothing is wrong, but something is not at hand.
fn is_unknown(trouble: &Trouble) -> bool {
    matches!(trouble.kind, TroubleKind::UnknownSource { .. })
}

/// What is not at hand: sources, each once with all that would come from it, and values of variables.
fn unknown(walk: &Walk) -> Vec<String> {
    let mut sources: BTreeMap<String, Vec<&flux::Id>> = BTreeMap::new();
    for trouble in walk.troubles.iter().filter(|trouble| is_unknown(trouble)) {
        sources.entry(trouble.kind.to_string()).or_default().push(&trouble.kustomization);
    }
    let mut said: Vec<String> = sources
        .into_iter()
        .map(|(why, kustomizations)| format!("the objects of {}: {why}", list(&kustomizations)))
        .collect();
    for walked in &walk.kustomizations {
        let Some(rendered) = &walked.rendered else { continue };
        let names: Vec<&String> = rendered.unknown_variables.iter().collect();
        if !names.is_empty() {
            said.push(format!("the values of {} in the objects of {}", list(&names), walked.id));
        }
    }
    said
}

/// Takes out what nobody should read on a screen, as a difference does; what SOPS has sealed is named so.
fn hide_secrets(walk: &mut Walk) {
    for rendered in walk.kustomizations.iter_mut().filter_map(|walked| walked.rendered.as_mut()) {
        for object in &mut Arc::make_mut(rendered).objects {
            let masked = Masked::object(&object.value);
            let Some(mut shown) = masked.value().cloned() else { continue };
            for path in flux::sealed_paths(&object.value) {
                if let Some(value) = shown.pointer_mut(&path) {
                    *value = "sealed".into();
                }
            }
            object.value = shown.into();
        }
    }
}

/// Every object with what applies it, in the order in which they are applied.
fn objects(walk: &Walk) -> impl Iterator<Item = (String, &Object)> {
    walk.kustomizations.iter().flat_map(|walked| {
        let owner = walked.id.to_string();
        let objects = walked.rendered.iter().flat_map(|rendered| &rendered.objects);
        objects.map(move |object| (owner.clone(), object))
    })
}

fn text(walk: &Walk) -> String {
    let mut out = String::new();
    for (owner, object) in objects(walk) {
        let (file, line) = (&object.origin.file, object.origin.line);
        let _ = writeln!(out, "---\n# {file}:{line}, applied by {owner}");
        out.push_str(&towpath_yaml::write(&object.value));
    }
    out
}

/// Writes each object into a file of its own; the folder must be new or empty.
fn write(walk: &Walk, folder: &Path) -> Result<usize, Failure> {
    let taken = match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => {
            return Err(Failure::new(format!("{} cannot be read", folder.display())).because(error));
        }
    };
    if taken {
        return Err(Failure::new(format!("{} is not empty", folder.display()))
            .hint("name a new folder: nothing is overwritten"));
    }
    let parent = folder.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent)?;
    let temporary = tempfile::Builder::new().prefix(".towpath-render-").tempdir_in(parent)?;
    // A folder of its own has the permissions that new folders have, which a temporary one has not.
    let whole = temporary.path().join("objects");
    std::fs::create_dir(&whole)?;
    let mut files = 0;
    for (owner, object) in objects(walk) {
        let identity = object.identity();
        let below = whole.join(file_name(&owner.replace('/', "_")));
        std::fs::create_dir_all(&below)?;
        let parts = [&identity.kind, &identity.group, &identity.namespace, &identity.name];
        let parts: Vec<&str> =
            parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        let mut name = file_name(&parts.join("_").to_lowercase());
        while below.join(format!("{name}.yaml")).exists() {
            name.push('_');
        }
        std::fs::write(below.join(format!("{name}.yaml")), towpath_yaml::write(&object.value))?;
        files += 1;
    }
    if folder.exists() {
        std::fs::remove_dir(folder)?;
    }
    std::fs::rename(whole, folder)?;
    Ok(files)
}

/// A name that is one name on every file system: what else it holds becomes `-`.
fn file_name(text: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let name: String = text.chars().map(|c| if safe(c) { c } else { '-' }).collect();
    // Neither `.` nor `..` nor a hidden file.
    if name.starts_with('.') { format!("-{name}") } else { name }
}

fn output(environment: &Environment, cluster: &Cluster, walk: &Walk) -> RenderOutput {
    let findings = walk.troubles.iter().filter(|trouble| !is_unknown(trouble));
    RenderOutput {
        cluster: Some(format!("{}/{}", environment.name, cluster.name)),
        objects: objects(walk)
            .map(|(owner, object)| rendered(Some(&owner), object.clone()))
            .collect(),
        findings: findings.map(finding).collect(),
        unknown: unknown(walk),
    }
}

fn finding(trouble: &Trouble) -> RenderFinding {
    let code = match &trouble.kind {
        TroubleKind::Cycle(_) => "dependency-cycle",
        TroubleKind::MissingDependency(_) => "missing-dependency",
        TroubleKind::MissingPath(_) => "missing-path",
        TroubleKind::CannotRender(_) => "cannot-render",
        TroubleKind::TwoOwners { .. } => "two-owners",
        TroubleKind::BeforeNamespace { .. } => "before-namespace",
        TroubleKind::BeforeDefinition { .. } => "before-definition",
        _ => "other",
    };
    RenderFinding {
        code: code.to_owned(),
        file: trouble.file.to_string(),
        line: trouble.line,
        message: format!("Kustomization {}: {}", trouble.kustomization, trouble.kind),
    }
}

/// Builds a folder as `kustomize build` does.
fn build(global: &Global, folder: &Path, printer: &Printer) -> Result<u8, Failure> {
    let remotes = remote_bases(global);
    let options = kustomize::Options { remotes: Some(&remotes), ..kustomize::Options::default() };
    let built = built::build(&global.directory, &folder.to_string_lossy(), &options)?;
    for warning in &built.warnings {
        printer.note(&format!("warning: {warning}"));
    }
    match global.output {
        OutputFormat::Json | OutputFormat::Yaml => {
            let objects = built.objects.into_iter().map(|object| rendered(None, object)).collect();
            let output =
                RenderOutput { cluster: None, objects, findings: Vec::new(), unknown: Vec::new() };
            print(&output, global.output, printer)?;
        }
        _ => printer.raw(&kustomize::print(&built.objects))?,
    }
    Ok(exit::YES)
}

fn print(output: &RenderOutput, format: OutputFormat, printer: &Printer) -> Result<(), Failure> {
    let json = serde_json::to_value(Output::new("Render", output))?;
    printer.raw(&match format {
        OutputFormat::Yaml => towpath_yaml::emit(&json),
        _ => serde_json::to_string_pretty(&json)? + "\n",
    })
}

fn rendered(owner: Option<&str>, object: Object) -> RenderedObject {
    let touched = object
        .origin
        .touched
        .iter()
        .map(|touch| TouchOutput { file: touch.file.to_string(), field: touch.field.to_string() });
    RenderedObject {
        owner: owner.map(str::to_owned),
        file: object.origin.file.to_string(),
        line: object.origin.line,
        touched: touched.collect(),
        object: Arc::unwrap_or_clone(object.value),
    }
}
