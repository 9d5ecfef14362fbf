//! What one Flux Kustomization renders to: the build of its folder, decryption left out, variables put in.
//!
//! Source of the contract: `fluxcd/kustomize-controller:internal/controller/kustomization_controller.go`. The steps are
//! Flux's, in its order; nothing is applied and no cluster is asked.
//!
//! Where to go next: `generate.rs` before the build, `substitute.rs` after it, `walk.rs` for all of a cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::generate::{GenerateError, generate};
use super::labels::add_metadata;
use super::sealed;
use super::spec::{Metadata, PostBuild, Spec, SpecError, SubstituteFrom};
use super::substitute::{Strictness, SubstituteError, Variables};
use crate::kustomize::{self, Options, Remotes, Restrictions, Warning};
use crate::{Identity, Object, Tree, Value};

/// What holds variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KindOfSource {
    /// A ConfigMap.
    ConfigMap,
    /// A Secret.
    Secret,
}

/// What is known of a ConfigMap or Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Its data, as text.
    Values(BTreeMap<String, String>),
    /// There is none.
    Missing,
    /// There may be one, and nobody here knows what it holds.
    Unknown,
}

/// Where the data of ConfigMaps and Secrets come from.
pub trait Sources {
    /// What the object holds.
    fn find(&self, kind: KindOfSource, namespace: &str, name: &str) -> Found;
}

/// What a render needs beside the files.
#[derive(Clone, Copy, Default)]
pub struct Inputs<'i> {
    /// The data of ConfigMaps and Secrets; without it they are unknown.
    pub variables: Option<&'i dyn Sources>,
    /// What a variable means that nothing sets.
    pub strictness: Strictness,
    /// Supplies remote bases; without it they are refused.
    pub remotes: Option<&'i dyn Remotes>,
}

/// What a Kustomization renders to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rendered {
    /// The objects, in the order of the build.
    pub objects: Vec<Object>,
    /// Variables whose values are not known: their references stand in the objects as written.
    pub unknown_variables: BTreeSet<String>,
    /// What should not be left as it is: one line each.
    pub warnings: Vec<String>,
}

/// Why a Kustomization cannot be rendered.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<RenderError>);

/// What is wrong with a Kustomization.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// Its own fields.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// No kustomization can be made of it.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// The build fails.
    #[error(transparent)]
    Build(#[from] kustomize::Error),
    /// What holds its variables is not there.
    #[error("the {kind} `{name}` of `substituteFrom` does not exist")]
    NoVariables {
        /// `ConfigMap` or `Secret`.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// A variable of its own.
    #[error("`spec.postBuild`: {0}")]
    Variables(SubstituteError),
    /// An object cannot be substituted.
    #[error("{file}:{line}: {object}: {why}")]
    Substitute {
        /// The file of the object.
        file: String,
        /// The line of its document.
        line: usize,
        /// What it is called.
        object: Identity,
        /// Why not.
        why: SubstituteError,
    },
}

impl Error {
    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &RenderError {
        &self.0
    }
}

impl<E: Into<RenderError>> From<E> for Error {
    fn from(error: E) -> Self {
        Self(Box::new(error.into()))
    }
}

/// Renders `kustomization` from `tree`, the root of its source.
///
/// Owner labels are not put in: what shares a path shares its objects. [`super::own`] puts them in.
///
/// # Errors
/// Flux would fail, or would need the network or a cluster to go on.
pub fn render(
    tree: &dyn Tree,
    kustomization: &Value,
    inputs: &Inputs<'_>,
) -> Result<Rendered, Error> {
    let spec = Spec::parse(kustomization)?;
    let namespace = kustomization["metadata"]["namespace"].as_str().unwrap_or("default");
    let variables = variables(spec.post_build.as_ref(), namespace, inputs.variables)?;
    render_spec(tree, &spec, variables.as_ref(), inputs)
}

/// The variables of a Kustomization; none where it substitutes nothing.
pub(super) fn variables(
    post_build: Option<&PostBuild>,
    namespace: &str,
    sources: Option<&dyn Sources>,
) -> Result<Option<Variables>, Error> {
    let Some(post_build) = post_build else { return Ok(None) };
    let mut variables = Variables::default();
    if post_build.always {
        variables.always();
    }
    for SubstituteFrom { secret, name, optional } in &post_build.substitute_from {
        let kind = if *secret { KindOfSource::Secret } else { KindOfSource::ConfigMap };
        match sources.map_or(Found::Unknown, |sources| sources.find(kind, namespace, name)) {
            Found::Values(values) => {
                for (name, value) in values {
                    if sealed::is_sealed(&value) {
                        variables.forget(&name);
                    } else {
                        variables.set(name, &value);
                    }
                }
            }
            Found::Missing if *optional => {}
            Found::Missing => {
                let kind = if *secret { "Secret" } else { "ConfigMap" };
                return Err(RenderError::NoVariables { kind, name: name.clone() }.into());
            }
            Found::Unknown => variables.open(),
        }
    }
    for (name, value) in &post_build.substitute {
        variables.set(name.clone(), value);
    }
    variables.check().map_err(RenderError::Variables)?;
    Ok(Some(variables))
}

fn render_spec(
    tree: &dyn Tree,
    spec: &Spec,
    variables: Option<&Variables>,
    inputs: &Inputs<'_>,
) -> Result<Rendered, Error> {
    finish(build(tree, spec, inputs)?, spec, variables, inputs)
}

/// The first half: what the folder builds to. It depends on the files and the spec alone.
pub(super) fn build(tree: &dyn Tree, spec: &Spec, inputs: &Inputs<'_>) -> Result<Rendered, Error> {
    let (overlay, folder) = generate(tree, spec)?;
    let options = Options { restrictions: Restrictions::None, remotes: inputs.remotes };
    let build = kustomize::build(&overlay, &folder, &options)?;
    let mut built = Rendered {
        objects: build.objects,
        unknown_variables: BTreeSet::new(),
        warnings: build.warnings.iter().map(Warning::to_string).collect(),
    };
    // Flux drops kustomizations that a folder without one swept up as if they were objects.
    built.objects.retain(|object| object.identity().group != "kustomize.config.k8s.io");
    Ok(built)
}

/// Whether the second half would leave everything as it is.
pub(super) fn is_finished(built: &Rendered, spec: &Spec, variables: Option<&Variables>) -> bool {
    variables.is_none()
        && !spec.decrypts
        && spec.common_metadata == Metadata::default()
        && !built.objects.iter().any(|object| sealed::is_encrypted(&object.value))
}

/// The second half: sealed values, variables, common metadata.
pub(super) fn finish(
    built: Rendered,
    spec: &Spec,
    variables: Option<&Variables>,
    inputs: &Inputs<'_>,
) -> Result<Rendered, Error> {
    let mut rendered = built;
    for object in &mut rendered.objects {
        unseal(object, spec, &mut rendered.warnings);
        let Some(variables) = variables else { continue };
        let substituted =
            variables.substitute(&object.value, inputs.strictness).map_err(|why| {
                RenderError::Substitute {
                    file: object.origin.file.to_string(),
                    line: object.origin.line,
                    object: object.identity(),
                    why,
                }
            })?;
        if let Some((value, unknown)) = substituted {
            object.value = value.into();
            rendered.unknown_variables.extend(unknown);
        }
    }
    add_metadata(&mut rendered.objects, &spec.common_metadata);
    Ok(rendered)
}

/// Takes the records of SOPS away where Flux would decrypt, and says so where it would not, or where the name of a
/// generated object tells of its sealed content.
fn unseal(object: &mut Object, spec: &Spec, warnings: &mut Vec<String>) {
    let encrypted = sealed::is_encrypted(&object.value);
    let message = match (spec.decrypts, encrypted) {
        (true, _) if !sealed::drop_records(Arc::make_mut(&mut object.value)) || encrypted => return,
        (true, _) => "is made of an encrypted file: a hash in its name is that of the ciphertext",
        (false, true) => "is encrypted, and its Kustomization has no `spec.decryption`",
        (false, false) => return,
    };
    let (file, line, identity) = (&object.origin.file, object.origin.line, object.identity());
    warnings.push(format!("{file}:{line}: {identity} {message}"));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::MemoryTree;

    struct Config(Found);

    impl Sources for Config {
        fn find(&self, kind: KindOfSource, namespace: &str, name: &str) -> Found {
            let asked =
                (kind, namespace, name) == (KindOfSource::ConfigMap, "flux-system", "cluster");
            if asked { self.0.clone() } else { Found::Missing }
        }
    }

    const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  name: ${cluster}\n  size: \"${size:=3}\"\n";

    fn rendered(files: &[(&str, &str)], spec: Value, found: Found) -> Result<Rendered, String> {
        let tree = MemoryTree::new(files.iter().map(|(path, text)| (*path, *text)));
        let kustomization =
            json!({"metadata": {"name": "k", "namespace": "flux-system"}, "spec": spec});
        let config = Config(found);
        let inputs = Inputs { variables: Some(&config), ..Inputs::default() };
        render(&tree, &kustomization, &inputs).map_err(|error| error.to_string())
    }

    #[test]
    fn a_folder_is_built_and_substituted() {
        let spec = json!({
            "path": "./a", "targetNamespace": "apps", "commonMetadata": {"labels": {"team": "x"}},
            "postBuild": {
                "substitute": {"cluster": "of-its-own"},
                "substituteFrom": [
                    {"kind": "ConfigMap", "name": "cluster"},
                    {"kind": "Secret", "name": "none", "optional": true},
                ],
            },
        });
        let values = [("cluster", "of-the-map"), ("size", "5")];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let rendered = rendered(&[("a/x.yaml", CONFIG)], spec, Found::Values(values));
        let rendered = rendered.expect("it can be rendered");
        let expected = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "a", "namespace": "apps", "labels": {"team": "x"}},
            "data": {"name": "of-its-own", "size": 5},
        });
        assert_eq!(*rendered.objects[0].value, expected);
        assert_eq!(&*rendered.objects[0].origin.file, "a/x.yaml");
        assert!(rendered.unknown_variables.is_empty());
    }

    #[test]
    fn what_is_not_known_is_named_and_what_is_missing_is_an_error() {
        let spec = |optional| {
            let from = json!({"kind": "ConfigMap", "name": "cluster", "optional": optional});
            json!({"path": "a", "postBuild": {"substituteFrom": [from], "substituteStrategy": "Always"}})
        };
        let files = [("a/x.yaml", CONFIG)];
        let unknown = rendered(&files, spec(false), Found::Unknown).expect("it can be rendered");
        assert_eq!(unknown.objects[0].value["data"]["name"], "${cluster}");
        assert_eq!(Vec::from_iter(&unknown.unknown_variables), ["cluster", "size"]);
        let missing = rendered(&files, spec(false), Found::Missing).map(|_| ());
        assert_eq!(
            missing,
            Err("the ConfigMap `cluster` of `substituteFrom` does not exist".to_owned())
        );
        let unset = rendered(&files, spec(true), Found::Missing).map(|_| ());
        assert_eq!(unset, Err("a/x.yaml:1: ConfigMap a: variable `cluster` is not set".to_owned()));
        let nothing =
            rendered(&files, json!({"path": "a"}), Found::Missing).expect("nothing is substituted");
        assert_eq!(nothing.objects[0].value["data"]["name"], "${cluster}");
    }

    #[test]
    fn an_encrypted_object_stays_sealed() {
        let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  p: ENC[AES256_GCM,data:x]\nsops:\n  mac: ENC[AES256_GCM,data:y]\n";
        let files = [("s.yaml", secret)];
        let spec = json!({"decryption": {"provider": "sops"}});
        let opened = rendered(&files, spec, Found::Missing).expect("it can be rendered");
        assert_eq!(opened.objects[0].value.get("sops"), None);
        assert_eq!(sealed::sealed_paths(&opened.objects[0].value), ["/stringData/p"]);
        assert_eq!(opened.warnings, [] as [String; 0]);
        let closed = rendered(&files, json!({}), Found::Missing).expect("it can be rendered");
        assert_eq!(closed.warnings.len(), 1);

        let generated = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\ndata:\n  A: RU5DW0FFUzI1Nl9HQ00sZA==\n  sops_mac: RU5DW0FFUzI1Nl9HQ00sZQ==\n";
        let spec = json!({"decryption": {"provider": "sops"}});
        let made =
            rendered(&[("s.yaml", generated)], spec, Found::Missing).expect("it can be rendered");
        assert_eq!(sealed::sealed_paths(&made.objects[0].value), ["/data/A"]);
        assert_eq!(made.warnings.len(), 1, "{:?}", made.warnings);
    }
}
