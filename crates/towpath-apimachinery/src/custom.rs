//! Custom resources: what the definitions that a cluster holds add to what it serves.
//!
//! The registry follows the definitions, commit by commit. Whether a definition is accepted, and the conditions it
//! gets, is decided where definitions are written.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use towpath_catalog::{Scope, Verb, Verbs};
use towpath_schema::crd::schema::Schema;
use towpath_schema::crd::{self, Definition};

use crate::machine::Machine;
use crate::object;
use crate::refusal::Cause;
use crate::resource::{
    Column, CustomVersion, Resource, Scale, Subresource, api_version, qualified,
};
use crate::store::{Event, Happened, State, Stored, TypeMeta};
use crate::surface::{Group, Version, preference};

/// What the store calls definitions.
pub const DEFINITIONS: &str = "customresourcedefinitions.apiextensions.k8s.io";

/// Holds a definition until its objects are gone.
pub const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// Custom resources that are served.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    /// What each definition adds, by its name.
    definitions: BTreeMap<Box<str>, Vec<Arc<Resource>>>,
    groups: Vec<Group>,
}

impl Registry {
    /// What the definitions of a state add.
    #[must_use]
    pub fn of(state: &State) -> Self {
        let mut registry = Self::default();
        for object in state.list(DEFINITIONS, None) {
            registry.read(object);
        }
        registry.group();
        registry
    }

    /// Follows what happened.
    pub fn follow(&mut self, event: &Event) {
        if &*event.key.resource != DEFINITIONS {
            return;
        }
        if event.happened == Happened::Deleted {
            self.definitions.remove(&event.key.name);
        } else {
            self.read(&event.object);
        }
        self.group();
    }

    /// Groups by name.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The resource that the store calls by this name, in the version that is stored.
    #[must_use]
    pub fn stored(&self, id: &str) -> Option<&Arc<Resource>> {
        // A definition is named as its resource is.
        let served = self.definitions.get(id)?;
        served.iter().find(|resource| !resource.is_converted()).or_else(|| served.first())
    }

    fn read(&mut self, stored: &Stored) {
        let meta =
            TypeMeta { api_version: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" };
        let served = resources(&stored.value(Some(meta)));
        self.definitions.insert(stored.head.name.clone(), served);
    }

    fn group(&mut self) {
        let mut groups: BTreeMap<&str, BTreeMap<&str, Version>> = BTreeMap::new();
        for resource in self.definitions.values().flatten() {
            let versions = groups.entry(&resource.group).or_default();
            let version = versions.entry(&resource.version).or_insert_with(|| Version {
                name: resource.version.clone(),
                ..Version::default()
            });
            version.resources.insert(resource.plural.clone(), resource.clone());
        }
        let groups = groups.into_iter().map(|(name, versions)| {
            let mut versions: Vec<Version> = versions.into_values().collect();
            versions.sort_by(|a, b| preference(&a.name).cmp(&preference(&b.name)));
            Group { name: name.into(), versions }
        });
        self.groups = groups.collect();
    }
}

/// What a definition serves; nothing until it is established.
fn resources(definition: &Value) -> Vec<Arc<Resource>> {
    if !is_established(definition) {
        return Vec::new();
    }
    let Ok(parsed) = Definition::parse(definition) else { return Vec::new() };
    let versions = object::at(definition, &["spec", "versions"]).and_then(Value::as_array);
    let versions = versions.into_iter().flatten();
    let storage = versions.clone().find(|version| flag(version, "storage"));
    let storage = storage.and_then(|version| object::text(version, &["name"])).unwrap_or_default();
    versions
        .filter(|version| flag(version, "served"))
        .filter_map(|version| resource(definition, &parsed, version, storage))
        .map(Arc::new)
        .collect()
}

fn is_established(definition: &Value) -> bool {
    let conditions = object::at(definition, &["status", "conditions"]).and_then(Value::as_array);
    conditions.into_iter().flatten().any(|condition| {
        object::text(condition, &["type"]) == Some("Established")
            && object::text(condition, &["status"]) == Some("True")
    })
}

fn flag(value: &Value, name: &str) -> bool {
    value.get(name) == Some(&Value::Bool(true))
}

/// A subresource of a custom resource can be read, replaced and patched.
const BELOW: [Verb; 3] = [Verb::Get, Verb::Patch, Verb::Update];

fn resource(
    definition: &Value,
    parsed: &Definition,
    version: &Value,
    storage: &str,
) -> Option<Resource> {
    let spec = definition.get("spec")?;
    let names = object::at(definition, &["status", "acceptedNames"])?;
    let text = |value: &Value, field: &str| -> Box<str> {
        object::text(value, &[field]).unwrap_or_default().into()
    };
    let texts = |value: &Value, field: &str| -> Vec<Box<str>> {
        let texts = value.get(field).and_then(Value::as_array).into_iter().flatten();
        texts.filter_map(|text| Some(text.as_str()?.into())).collect()
    };
    let (group, plural, kind) = (text(spec, "group"), text(names, "plural"), text(names, "kind"));
    let name = text(version, "name");
    let open_api = object::at(version, &["schema", "openAPIV3Schema"]).and_then(Value::as_object);
    let below = version.get("subresources");
    let has_status = below.and_then(|below| below.get("status")).is_some_and(Value::is_object);
    let scale = below.and_then(|below| below.get("scale")).map(|scale| Scale {
        spec_replicas: text(scale, "specReplicasPath"),
        status_replicas: text(scale, "statusReplicasPath"),
        selector: object::text(scale, &["labelSelectorPath"]).map(Into::into),
    });
    let mut subresources = Vec::new();
    if scale.is_some() {
        subresources.push(Subresource {
            name: "scale".into(),
            group: "autoscaling".into(),
            version: "v1".into(),
            kind: "Scale".into(),
            verbs: BELOW.into_iter().collect(),
        });
    }
    if has_status {
        subresources.push(Subresource {
            name: "status".into(),
            group: group.clone(),
            version: name.clone(),
            kind: kind.clone(),
            verbs: BELOW.into_iter().collect(),
        });
    }
    let selectable = version.get("selectableFields").and_then(Value::as_array);
    let selectable = selectable.into_iter().flatten().filter_map(|field| {
        let path = object::text(field, &["jsonPath"])?.strip_prefix('.')?;
        Some(path.split('.').map(Into::into).collect())
    });
    let api_version: Box<str> = api_version(&group, &name).into();
    let deprecation = flag(version, "deprecated").then(|| {
        let default = format!("{api_version} {kind} is deprecated");
        object::text(version, &["deprecationWarning"]).map_or(default, str::to_owned).into()
    });
    Some(Resource {
        id: qualified(&plural, &group).into(),
        api_version,
        singular: text(names, "singular"),
        list_kind: text(names, "listKind"),
        scope: match object::text(spec, &["scope"]) {
            Some("Cluster") => Scope::Cluster,
            _ => Scope::Namespaced,
        },
        verbs: Verb::ALL.into_iter().collect::<Verbs>(),
        short_names: texts(names, "shortNames"),
        categories: texts(names, "categories"),
        subresources,
        storage_group: group.clone(),
        storage_version: storage.into(),
        selectable: selectable.collect(),
        deprecation,
        custom: Some(Arc::new(CustomVersion {
            open_api: open_api.cloned().unwrap_or_default(),
            schema: Schema::of(parsed, parsed.version(&name)?),
            columns: columns(version),
            scale,
            has_status,
        })),
        group,
        version: name,
        plural,
        kind,
    })
}

fn columns(version: &Value) -> Vec<Column> {
    let columns = version.get("additionalPrinterColumns").and_then(Value::as_array);
    let text = |column: &Value, field: &str| -> Box<str> {
        object::text(column, &[field]).unwrap_or_default().into()
    };
    let columns: Vec<Column> = columns
        .into_iter()
        .flatten()
        .map(|column| Column {
            name: text(column, "name"),
            of_type: text(column, "type"),
            format: text(column, "format"),
            description: text(column, "description"),
            priority: column.get("priority").and_then(Value::as_i64).unwrap_or_default(),
            path: text(column, "jsonPath"),
        })
        .collect();
    if !columns.is_empty() {
        return columns;
    }
    let description = "CreationTimestamp is a timestamp representing the server time when this object was created";
    vec![Column {
        name: "Age".into(),
        of_type: "date".into(),
        format: "".into(),
        description: description.into(),
        priority: 0,
        path: ".metadata.creationTimestamp".into(),
    }]
}

/// Gives a definition the names that it asks for, and says that it is served.
pub fn establish(machine: &Machine, definition: &mut Value, time: &str) {
    let name = object::name(definition).to_owned();
    let names = object::at(definition, &["spec", "names"]).cloned().unwrap_or_else(|| json!({}));
    let conflict = conflict(machine, definition, &name, &names);
    let versions = object::at(definition, &["spec", "versions"]).and_then(Value::as_array);
    let storage = versions.into_iter().flatten().find(|version| flag(version, "storage"));
    let storage = storage.and_then(|version| version.get("name")).cloned();
    let status = object::child(object::map(definition), "status");
    match conflict {
        None => {
            status.insert("acceptedNames".into(), names);
            condition(status, "NamesAccepted", "True", "NoConflicts", "no conflicts found", time);
            let said = "the initial names have been accepted";
            condition(status, "Established", "True", "InitialNamesAccepted", said, time);
        }
        Some(said) => {
            status.entry("acceptedNames").or_insert_with(|| json!({"plural": "", "kind": ""}));
            condition(status, "NamesAccepted", "False", "NamesConflict", &said, time);
            if !is_true(status, "Established") {
                let said = "not all names are accepted";
                condition(status, "Established", "False", "NotAccepted", said, time);
            }
        }
    }
    let stored = list(status, "storedVersions");
    if let Some(storage) = storage.filter(|storage| !stored.contains(storage)) {
        stored.push(storage);
    }
}

/// The list in a field, made if there is none.
fn list<'a>(fields: &'a mut Map<String, Value>, name: &str) -> &'a mut Vec<Value> {
    let field = fields.entry(name).or_insert(Value::Null);
    if !field.is_array() {
        *field = json!([]);
    }
    field.as_array_mut().expect("it has just been made one")
}

/// Says that a definition is about to go, and its objects before it.
pub fn terminate(definition: &mut Value, time: &str) {
    let status = object::child(object::map(definition), "status");
    let said =
        "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
    condition(status, "Terminating", "True", "InstanceDeletionPending", said, time);
}

/// The name that another resource of the group has.
fn conflict(machine: &Machine, definition: &Value, name: &str, names: &Value) -> Option<String> {
    let group = object::text(definition, &["spec", "group"])?;
    let others = machine.registry().definitions.iter().filter(|(other, _)| ***other != *name);
    let others = others.flat_map(|(_, served)| served).filter(|other| *other.group == *group);
    let texts = |field: &str| object::text(names, &[field]);
    for other in others {
        for (field, taken) in [
            ("plural", &other.plural),
            ("singular", &other.singular),
            ("kind", &other.kind),
            ("listKind", &other.list_kind),
        ] {
            if texts(field) == Some(taken) {
                return Some(format!("{taken:?} is already in use"));
            }
        }
    }
    None
}

fn is_true(status: &Map<String, Value>, of_type: &str) -> bool {
    let conditions = status.get("conditions").and_then(Value::as_array);
    conditions.into_iter().flatten().any(|condition| {
        object::text(condition, &["type"]) == Some(of_type)
            && object::text(condition, &["status"]) == Some("True")
    })
}

/// Sets a condition; its time changes only with its status.
fn condition(
    status: &mut Map<String, Value>,
    of_type: &str,
    is: &str,
    reason: &str,
    message: &str,
    time: &str,
) {
    let conditions = list(status, "conditions");
    let found = conditions.iter_mut().find(|one| object::text(one, &["type"]) == Some(of_type));
    let since = found.as_ref().filter(|one| object::text(one, &["status"]) == Some(is));
    let since = since.and_then(|one| object::text(one, &["lastTransitionTime"])).unwrap_or(time);
    let new = json!({
        "type": of_type,
        "status": is,
        "lastTransitionTime": since,
        "reason": reason,
        "message": message,
    });
    match found {
        Some(old) => *old = new,
        None => conditions.push(new),
    }
}

/// What is refused of a definition that is created, or that takes the place of `old`.
#[must_use]
pub fn refusals(definition: &Value, old: Option<&Value>) -> Vec<Cause> {
    let found = match old {
        Some(old) => crd::refusals_of_update(definition, old),
        None => crd::refusals(definition),
    };
    let causes = found.into_iter().map(|one| Cause {
        reason: one.kind.reason(),
        message: one.message,
        field: one.path,
    });
    causes.collect()
}

/// What a writer of a custom resource may not change: status and the rest have different doors.
pub fn prepare_update(version: &CustomVersion, old: &Value, new: &mut Value, below: Option<&str>) {
    let managed = new.pointer("/metadata/managedFields").cloned();
    if version.has_status && below == Some("status") {
        let status = new.get("status").cloned();
        *new = old.clone();
        put(object::map(new), "status", status);
        put(object::metadata(new), "managedFields", managed);
        return;
    }
    if version.has_status {
        put(object::map(new), "status", old.get("status").cloned());
    }
    let counted = |value: &Value| -> Map<String, Value> {
        let fields = value.as_object().into_iter().flatten();
        let counts = |name: &str| name != "metadata" && !(version.has_status && name == "status");
        fields.filter(|(name, _)| counts(name)).map(|(n, v)| (n.clone(), v.clone())).collect()
    };
    if counted(old) != counted(new) {
        let generation = old.pointer("/metadata/generation").and_then(Value::as_i64);
        let next = generation.unwrap_or_default() + 1;
        object::metadata(new).insert("generation".into(), next.into());
    }
}

fn put(fields: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    match value {
        Some(value) => {
            fields.insert(name.into(), value);
        }
        None => {
            fields.shift_remove(name);
        }
    }
}
