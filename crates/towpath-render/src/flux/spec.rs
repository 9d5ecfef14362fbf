//! The part of a Flux Kustomization that shapes what it renders to, and in which order it is applied.
//!
//! Source of the contract: `fluxcd/kustomize-controller:api/v1/kustomization_types.go`. Fields that only concern the
//! applying (intervals, health) are not read.

use std::collections::BTreeMap;

use crate::Value;

/// Why a Kustomization cannot be read: a field that holds something else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` must be {expected}")]
pub struct SpecError {
    /// The field, as `spec.postBuild.substitute.name`.
    pub field: String,
    /// What it should hold.
    pub expected: &'static str,
}

/// What a Kustomization asks for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Spec {
    /// The folder in the source, as written.
    pub path: String,
    /// Where the files are.
    pub source: SourceRef,
    /// The namespace that every object gets.
    pub target_namespace: Option<String>,
    /// Put before every name.
    pub name_prefix: Option<String>,
    /// Put behind every name.
    pub name_suffix: Option<String>,
    /// Labels and annotations of every object.
    pub common_metadata: Metadata,
    /// Patches, as Kustomize has them.
    pub patches: Vec<Value>,
    /// Strategic merge patches in the form of older versions.
    pub strategic_patches: Vec<Value>,
    /// JSON patches in the form of older versions.
    pub json_patches: Vec<Value>,
    /// Images that are replaced.
    pub images: Vec<Image>,
    /// Folders of components, from the folder of this Kustomization.
    pub components: Vec<String>,
    /// Whether a component that is not there is left out.
    pub ignore_missing_components: bool,
    /// What Kustomize records in the objects.
    pub build_metadata: Vec<String>,
    /// Variables; none where nothing is substituted.
    pub post_build: Option<PostBuild>,
    /// Whether encrypted values are decrypted.
    pub decrypts: bool,
    /// The Kustomizations that must be ready before.
    pub depends_on: Vec<Reference>,
    /// Whether objects that are gone from the source are deleted.
    pub prune: bool,
    /// Whether all objects must be ready before this is.
    pub wait: bool,
    /// Whether nothing is applied at present.
    pub suspended: bool,
    /// Whether the objects go to another cluster.
    pub elsewhere: bool,
}

/// Another object of Flux.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct SourceRef {
    /// `GitRepository`, `OCIRepository`, `Bucket` or `ExternalArtifact`.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Another Kustomization.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Labels and annotations.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Metadata {
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
}

/// How one image is replaced; empty fields change nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Image {
    /// The image as the files name it.
    pub name: String,
    /// What it is called instead.
    pub new_name: String,
    /// Its tag.
    pub new_tag: String,
    /// Its digest.
    pub digest: String,
}

/// `spec.postBuild`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PostBuild {
    /// Variables that stand in the Kustomization itself.
    pub substitute: BTreeMap<String, String>,
    /// Where more variables come from; a later one wins, and all yield to `substitute`.
    pub substitute_from: Vec<SubstituteFrom>,
    /// Whether references are looked for even without any variable.
    pub always: bool,
}

/// A ConfigMap or Secret, in the namespace of the Kustomization, whose data are variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubstituteFrom {
    /// Whether it is a Secret.
    pub secret: bool,
    /// Its name.
    pub name: String,
    /// Whether it may be missing.
    pub optional: bool,
}

impl Spec {
    /// Reads a Kustomization of Flux.
    ///
    /// # Errors
    /// A field that holds something else than Flux takes.
    pub fn parse(kustomization: &Value) -> Result<Self, SpecError> {
        let namespace = kustomization["metadata"]["namespace"].as_str().unwrap_or("default");
        let spec = Field { above: None, step: Step::Key("spec"), value: &kustomization["spec"] };
        spec.mapping()?;
        let source = spec.at("sourceRef");
        let post_build = spec.at("postBuild");
        Ok(Self {
            path: spec.at("path").text()?.unwrap_or_default(),
            source: SourceRef {
                kind: source.at("kind").text()?.unwrap_or_default(),
                namespace: source.at("namespace").text()?.unwrap_or_else(|| namespace.to_owned()),
                name: source.at("name").text()?.unwrap_or_default(),
            },
            target_namespace: spec.at("targetNamespace").text()?,
            name_prefix: spec.at("namePrefix").text()?,
            name_suffix: spec.at("nameSuffix").text()?,
            common_metadata: Metadata {
                labels: spec.at("commonMetadata").at("labels").texts_by_name()?,
                annotations: spec.at("commonMetadata").at("annotations").texts_by_name()?,
            },
            patches: spec.at("patches").mappings()?,
            strategic_patches: spec.at("patchesStrategicMerge").mappings()?,
            json_patches: spec.at("patchesJson6902").mappings()?,
            images: spec.at("images").list()?.iter().map(image).collect::<Result<_, _>>()?,
            components: spec.at("components").texts()?,
            ignore_missing_components: spec.at("ignoreMissingComponents").truth()?,
            build_metadata: spec.at("buildMetadata").texts()?,
            post_build: if post_build.value.is_null() {
                None
            } else {
                Some(read_post_build(&post_build)?)
            },
            decrypts: !spec.at("decryption").value.is_null(),
            depends_on: spec
                .at("dependsOn")
                .list()?
                .iter()
                .map(|item| {
                    let own = || namespace.to_owned();
                    Ok(Reference {
                        namespace: item.at("namespace").text()?.unwrap_or_else(own),
                        name: item.at("name").needed()?,
                    })
                })
                .collect::<Result<_, _>>()?,
            prune: spec.at("prune").truth()?,
            wait: spec.at("wait").truth()?,
            suspended: spec.at("suspend").truth()?,
            elsewhere: !spec.at("kubeConfig").value.is_null(),
        })
    }
}

fn image(item: &Field<'_>) -> Result<Image, SpecError> {
    Ok(Image {
        name: item.at("name").needed()?,
        new_name: item.at("newName").text()?.unwrap_or_default(),
        new_tag: item.at("newTag").text()?.unwrap_or_default(),
        digest: item.at("digest").text()?.unwrap_or_default(),
    })
}

fn read_post_build(field: &Field<'_>) -> Result<PostBuild, SpecError> {
    field.mapping()?;
    let from = |item: &Field<'_>| {
        let kind = item.at("kind");
        Ok(SubstituteFrom {
            secret: match kind.needed()?.as_str() {
                "Secret" => true,
                "ConfigMap" => false,
                _ => return Err(kind.error("ConfigMap or Secret")),
            },
            name: item.at("name").needed()?,
            optional: item.at("optional").truth()?,
        })
    };
    let strategy = field.at("substituteStrategy");
    Ok(PostBuild {
        substitute: field.at("substitute").texts_by_name()?,
        substitute_from: field
            .at("substituteFrom")
            .list()?
            .iter()
            .map(from)
            .collect::<Result<_, SpecError>>()?,
        always: match strategy.text()?.as_deref() {
            None | Some("" | "WithVariables") => false,
            Some("Always") => true,
            Some(_) => return Err(strategy.error("WithVariables or Always")),
        },
    })
}

/// A value, null where there is none, and where it was found.
struct Field<'f> {
    above: Option<&'f Field<'f>>,
    step: Step<'f>,
    value: &'f Value,
}

enum Step<'f> {
    Key(&'f str),
    Item(usize),
}

impl<'f> Field<'f> {
    fn at(&'f self, key: &'f str) -> Field<'f> {
        Field { above: Some(self), step: Step::Key(key), value: &self.value[key] }
    }

    fn name(&self) -> String {
        let above = self.above.map(Field::name);
        match (above, &self.step) {
            (None, Step::Key(key)) => (*key).to_owned(),
            (Some(above), Step::Key(key)) => format!("{above}.{key}"),
            (above, Step::Item(at)) => format!("{}[{at}]", above.unwrap_or_default()),
        }
    }

    fn error(&self, expected: &'static str) -> SpecError {
        SpecError { field: self.name(), expected }
    }

    fn mapping(&self) -> Result<(), SpecError> {
        if self.value.is_object() { Ok(()) } else { Err(self.error("a mapping")) }
    }

    fn text(&self) -> Result<Option<String>, SpecError> {
        match self.value {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.clone())),
            _ => Err(self.error("text")),
        }
    }

    fn needed(&self) -> Result<String, SpecError> {
        self.text()?
            .filter(|text| !text.is_empty())
            .ok_or_else(|| self.error("text, and not empty"))
    }

    fn truth(&self) -> Result<bool, SpecError> {
        match self.value {
            Value::Null => Ok(false),
            Value::Bool(truth) => Ok(*truth),
            _ => Err(self.error("true or false")),
        }
    }

    fn list(&'f self) -> Result<Vec<Field<'f>>, SpecError> {
        let item = |(at, value)| Field { above: Some(self), step: Step::Item(at), value };
        match self.value {
            Value::Null => Ok(Vec::new()),
            Value::Array(list) => Ok(list.iter().enumerate().map(item).collect()),
            _ => Err(self.error("a list")),
        }
    }

    fn mappings(&self) -> Result<Vec<Value>, SpecError> {
        let taken = |item: &Field<'_>| item.mapping().map(|()| item.value.clone());
        self.list()?.iter().map(taken).collect()
    }

    fn texts(&self) -> Result<Vec<String>, SpecError> {
        self.list()?.iter().map(|item| item.text()?.ok_or_else(|| item.error("text"))).collect()
    }

    fn texts_by_name(&self) -> Result<BTreeMap<String, String>, SpecError> {
        match self.value {
            Value::Null => Ok(BTreeMap::new()),
            Value::Object(map) => map
                .keys()
                .map(|key| {
                    let item = self.at(key);
                    Ok((key.clone(), item.text()?.ok_or_else(|| item.error("text"))?))
                })
                .collect(),
            _ => Err(self.error("a mapping of text")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_stay_in_the_namespace_unless_they_say_so() {
        let spec = Spec::parse(&json!({
            "metadata": {"name": "a", "namespace": "apps"},
            "spec": {
                "path": "./x", "prune": true, "sourceRef": {"kind": "GitRepository", "name": "s"},
                "dependsOn": [{"name": "b"}, {"name": "c", "namespace": "d"}],
                "postBuild": {"substitute": {"a": "b"}, "substituteFrom": [{"kind": "Secret", "name": "s", "optional": true}]},
            },
        }))
        .expect("a good Kustomization");
        assert_eq!(spec.source.namespace, "apps");
        let depends: Vec<String> =
            spec.depends_on.iter().map(|on| format!("{}/{}", on.namespace, on.name)).collect();
        assert_eq!(depends, ["apps/b", "d/c"]);
        let from = SubstituteFrom { secret: true, name: "s".to_owned(), optional: true };
        assert_eq!(spec.post_build.map(|post| post.substitute_from), Some(vec![from]));
    }

    #[test]
    fn an_error_names_the_field() {
        let table = [
            (json!({}), "`spec` must be a mapping"),
            (json!({"spec": {"path": 1}}), "`spec.path` must be text"),
            (
                json!({"spec": {"images": [{}]}}),
                "`spec.images[0].name` must be text, and not empty",
            ),
            (json!({"spec": {"patches": ["x"]}}), "`spec.patches[0]` must be a mapping"),
            (
                json!({"spec": {"postBuild": {"substitute": {"port": 80}}}}),
                "`spec.postBuild.substitute.port` must be text",
            ),
            (
                json!({"spec": {"postBuild": {"substituteFrom": [{"kind": "Pod", "name": "x"}]}}}),
                "`spec.postBuild.substituteFrom[0].kind` must be ConfigMap or Secret",
            ),
        ];
        for (kustomization, message) in table {
            let error = Spec::parse(&kustomization).map_err(|error| error.to_string());
            assert_eq!(error, Err(message.to_owned()));
        }
    }
}
