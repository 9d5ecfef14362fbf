//! Names in other objects follow the objects that they name.
//!
//! Source of the contract: `kubernetes-sigs/kustomize:api/filters/nameref`. An object is found by any name that it had; of
//! several, those of the same prefixes and suffixes are meant. The index makes the work grow with the number of
//! objects: a base below many overlays gives as many objects of one former name as there are overlays.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::config::BackReference;
use super::fieldspec::{FieldSpec, first_step, selects};
use crate::Identity;
use crate::kustomize::error::Problem;
use crate::kustomize::patch::schema::Schema;
use crate::kustomize::patch::target::effective_namespace;
use crate::kustomize::read::scalar_text;
use crate::kustomize::resource::Resource;
use crate::kustomize::set::Set;

/// Corrects every reference.
///
/// # Errors
/// A reference could mean several objects, or a field is not such that it could be one.
pub(crate) fn fix(
    set: &mut Set,
    references: &[BackReference],
    schema: &Schema,
) -> Result<(), Problem> {
    let index = Index::new(set.as_slice(), schema);
    let mut by_kind: HashMap<&str, Steps<'_>> = HashMap::new();
    for reference in references {
        for spec in &reference.referrers {
            if !spec.kind.is_empty() && !index.kinds.contains(&*spec.kind) {
                continue;
            }
            let path = spec.path.strip_prefix('/').unwrap_or(&spec.path);
            by_kind.entry(&spec.kind).or_default().add(Some(path), (reference, spec));
        }
    }
    for resource in set.inner_mut() {
        let original = resource.original();
        for kind in ["", original.kind.as_str()] {
            let Some(steps) = by_kind.get(kind) else { continue };
            let referrer = Referrer::new(&index, resource, schema)
                .map_err(|why| Problem::failed(resource.identity().to_string(), why))?;
            let role = role(&resource.value);
            let found = Found { referrer: &referrer, original: &original, role };
            found
                .visit(&mut resource.value, steps)
                .map_err(|why| Problem::failed(referrer.id.to_string(), why))?;
        }
    }
    Ok(())
}

/// The fields that may hold references, as a tree: most paths of a kind share their beginning.
#[derive(Default)]
struct Steps<'r> {
    below: Vec<(Cow<'r, str>, Steps<'r>)>,
    /// Those whose path ends here.
    here: Vec<(&'r BackReference, &'r FieldSpec)>,
}

impl<'r> Steps<'r> {
    fn add(&mut self, path: Option<&'r str>, field: (&'r BackReference, &'r FieldSpec)) {
        let Some(path) = path else {
            self.here.push(field);
            return;
        };
        let (step, rest) = first_step(path);
        let at = self.below.iter().position(|(known, _)| *known == step).unwrap_or_else(|| {
            self.below.push((step, Steps::default()));
            self.below.len() - 1
        });
        self.below[at].1.add(rest, field);
    }

    /// Whether anything below is for that object.
    fn selects(&self, id: &Identity) -> bool {
        self.here.iter().any(|(_, spec)| spec.selects(id))
            || self.below.iter().any(|(_, steps)| steps.selects(id))
    }

    /// The path of a field below, for an error.
    fn path(&self) -> &str {
        match (self.here.first(), self.below.first()) {
            (Some((_, spec)), _) => &spec.path,
            (None, Some((_, steps))) => steps.path(),
            (None, None) => "",
        }
    }
}

/// An object whose references are looked for.
struct Found<'f> {
    referrer: &'f Referrer<'f>,
    original: &'f Identity,
    role: Option<(String, String)>,
}

impl Found<'_> {
    fn visit(&self, value: &mut Value, steps: &Steps<'_>) -> Result<(), String> {
        for (reference, spec) in &steps.here {
            if spec.selects(self.original) {
                let target = (&*reference.group, &*reference.version, &*reference.kind);
                let role = spec.path.ends_with("roleRef/name").then_some(self.role.as_ref());
                let field = Field { referrer: self.referrer, target, role: role.flatten() };
                field.fix(value).map_err(|why| format!("field `{}`: {why}", spec.path))?;
            }
        }
        if steps.below.is_empty() {
            return Ok(());
        }
        match value {
            Value::Null => Ok(()),
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.below(item, steps)),
            _ => self.below(value, steps),
        }
    }

    /// Goes on below; a list in a list is entered as well.
    fn below(&self, value: &mut Value, steps: &Steps<'_>) -> Result<(), String> {
        match value {
            Value::Null => Ok(()),
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.below(item, steps)),
            Value::Object(map) => steps.below.iter().try_for_each(|(step, steps)| {
                match map.get_mut(step.strip_suffix("[]").unwrap_or(step)) {
                    Some(value) => self.visit(value, steps),
                    None => Ok(()),
                }
            }),
            _ if steps.below.iter().any(|(_, steps)| steps.selects(self.original)) => Err(format!(
                "field `{}`: a scalar stands where a list or mapping should",
                steps.path()
            )),
            _ => Ok(()),
        }
    }
}

/// The namespace of what has none.
const NO_NAMESPACE: &str = "_non_namespaceable_";

/// An object that was called otherwise.
struct Target {
    id: Identity,
    /// The namespace that counts.
    namespace: String,
    /// The one that counted first.
    first: String,
    former: Vec<Identity>,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
}

/// Positions of targets, and which of them got which prefix or suffix last.
#[derive(Default)]
struct Bucket {
    all: Vec<usize>,
    by_prefix: HashMap<Option<String>, Vec<usize>>,
    by_suffix: HashMap<Option<String>, Vec<usize>>,
}

/// Targets of one former kind and name.
#[derive(Default)]
struct Names {
    all: Bucket,
    /// By the namespace that counts now.
    by_namespace: HashMap<String, Bucket>,
}

struct Index {
    targets: Vec<Target>,
    /// By former kind, then by former name.
    names: HashMap<String, HashMap<String, Names>>,
    /// Of every object: the namespace that counted first, and those in which such objects are now.
    moved: HashMap<String, HashSet<String>>,
    /// The kinds that there are.
    kinds: HashSet<String>,
}

impl Bucket {
    fn add(&mut self, at: usize, target: &Target) {
        self.all.push(at);
        self.by_prefix.entry(target.prefixes.last().cloned()).or_default().push(at);
        self.by_suffix.entry(target.suffixes.last().cloned()).or_default().push(at);
    }

    /// Those that may share prefixes and suffixes with an object of these; more than do.
    fn like(&self, prefixes: &[String], suffixes: &[String]) -> impl Iterator<Item = usize> + '_ {
        let (map, last) = match (prefixes.last(), suffixes.last()) {
            (Some(prefix), _) => (&self.by_prefix, prefix),
            (None, Some(suffix)) => (&self.by_suffix, suffix),
            (None, None) => {
                return [Some(&self.all), None].into_iter().flatten().flatten().copied();
            }
        };
        [map.get(&Some(last.clone())), map.get(&None)].into_iter().flatten().flatten().copied()
    }
}

impl Index {
    fn new(resources: &[Resource], schema: &Schema) -> Self {
        let (targets, names, moved, kinds) = Default::default();
        let mut index = Self { targets, names, moved, kinds };
        for resource in resources {
            let id = resource.identity();
            let namespace = effective_namespace(&id, schema).to_owned();
            let first = resource.original();
            if !index.kinds.contains(&first.kind) {
                index.kinds.insert(first.kind.clone());
            }
            let first = effective_namespace(&first, schema);
            if let Some(now) = index.moved.get_mut(first) {
                if !now.contains(&namespace) {
                    now.insert(namespace.clone());
                }
            } else {
                index.moved.insert(first.to_owned(), HashSet::from([namespace.clone()]));
            }
            if resource.former.is_empty() {
                continue;
            }
            let target = Target {
                id,
                namespace,
                first: first.to_owned(),
                former: resource.previous().collect(),
                prefixes: resource.prefixes.clone(),
                suffixes: resource.suffixes.clone(),
            };
            index.add(target);
        }
        index
    }

    fn add(&mut self, target: Target) {
        let at = self.targets.len();
        let kinds = distinct(target.former.iter().map(|id| id.kind.as_str()));
        let names = distinct(target.former.iter().map(|id| id.name.as_str()));
        for kind in kinds {
            let of_kind = entry(&mut self.names, kind);
            for name in &names {
                let entries = entry(of_kind, name);
                entries.all.add(at, &target);
                entry(&mut entries.by_namespace, &target.namespace).add(at, &target);
            }
        }
        self.targets.push(target);
    }
}

/// The entry of `key`, which is copied only when it is new.
fn entry<'m, V: Default>(map: &'m mut HashMap<String, V>, key: &str) -> &'m mut V {
    if !map.contains_key(key) {
        map.insert(key.to_owned(), V::default());
    }
    map.get_mut(key).expect("it was put there just now")
}

fn distinct<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<&'t str> {
    let mut out: Vec<&str> = Vec::new();
    for text in texts {
        if !out.contains(&text) {
            out.push(text);
        }
    }
    out
}

/// An object whose references are corrected, and what it can see.
struct Referrer<'i> {
    index: &'i Index,
    id: Identity,
    namespace: String,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
    /// Namespaces whose service accounts it binds, as written.
    bound: Vec<String>,
}

impl<'i> Referrer<'i> {
    fn new(index: &'i Index, resource: &Resource, schema: &Schema) -> Result<Self, String> {
        let id = resource.identity();
        let namespace = effective_namespace(&id, schema).to_owned();
        let bound = if id.kind == "RoleBinding" { bound(&resource.value)? } else { Vec::new() };
        let (prefixes, suffixes) = (resource.prefixes.clone(), resource.suffixes.clone());
        Ok(Self { index, id, namespace, prefixes, suffixes, bound })
    }

    fn is_cluster(&self) -> bool {
        self.namespace == NO_NAMESPACE
    }

    /// Whether an object in the namespace that counts, or with that one written, can be seen.
    fn sees(&self, namespace: &str, written: &str) -> bool {
        self.is_cluster()
            || namespace == NO_NAMESPACE
            || namespace == self.namespace
            || self.bound.iter().any(|bound| bound == written)
    }

    /// Buckets that hold every object of those names that can be seen.
    fn pools<'n>(&self, names: &'n Names) -> Vec<&'n Bucket> {
        if self.is_cluster() {
            return vec![&names.all];
        }
        let own = [self.namespace.as_str(), NO_NAMESPACE];
        let bound = self.bound.iter().map(String::as_str).filter(|bound| !own.contains(bound));
        distinct(own.into_iter().chain(bound))
            .into_iter()
            .filter_map(|namespace| names.by_namespace.get(namespace))
            .collect()
    }

    /// Whether it can refer to that one.
    fn reaches(&self, target: &Target) -> bool {
        self.is_cluster()
            || target.namespace == NO_NAMESPACE
            || target.namespace == self.namespace
            || (target.id.kind == "ServiceAccount" && self.bound.contains(&target.id.namespace))
    }

    fn affixes_fit(&self, target: &Target, or_none: bool) -> bool {
        let fit = |own: &[String], other: &[String]| {
            (or_none && (own.is_empty() || other.is_empty())) || end_alike(own, other)
        };
        fit(&self.prefixes, &target.prefixes) && fit(&self.suffixes, &target.suffixes)
    }
}

/// Whether the shorter list is the end of the longer one; none is the end of none only.
fn end_alike(a: &[String], b: &[String]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.is_empty() { long.is_empty() } else { long.ends_with(short) }
}

/// Namespaces of the service accounts that are bound.
fn bound(binding: &Value) -> Result<Vec<String>, String> {
    let subjects = binding.get("subjects").and_then(Value::as_array).into_iter().flatten();
    subjects
        .filter(|subject| subject.get("kind").is_some_and(|kind| kind == "ServiceAccount"))
        .filter_map(|subject| subject.get("namespace"))
        .map(|namespace| namespace.as_str().map(str::to_owned))
        .collect::<Option<_>>()
        .ok_or_else(|| "the `namespace` of an account in `subjects` is empty".to_owned())
}

/// Group and kind of the role that a binding names.
fn role(binding: &Value) -> Option<(String, String)> {
    let role = binding.get("roleRef")?;
    Some((scalar_text(role.get("apiGroup")?), scalar_text(role.get("kind")?)))
}

/// A field of a referrer that names objects of one kind.
struct Field<'f> {
    referrer: &'f Referrer<'f>,
    /// Group, version and kind of what is named.
    target: (&'f str, &'f str, &'f str),
    /// Group and kind that stand beside the name of a role.
    role: Option<&'f (String, String)>,
}

impl Field<'_> {
    fn fix(&self, found: &mut Value) -> Result<bool, String> {
        match found {
            Value::Null => Ok(false),
            Value::Object(map) => self.fix_mapping(map),
            Value::Array(items) => {
                let mut changed = false;
                for item in items {
                    changed |= match item {
                        Value::Null => false,
                        Value::Object(map) => self.fix_mapping(map)?,
                        Value::Array(_) => return Err("a list stands in a list".to_owned()),
                        scalar => self.fix_scalar(scalar)?,
                    };
                }
                Ok(changed)
            }
            scalar => self.fix_scalar(scalar),
        }
    }

    fn fix_scalar(&self, scalar: &mut Value) -> Result<bool, String> {
        let text = match &*scalar {
            Value::String(text) => text,
            other => &other.to_string(),
        };
        let Some(target) = self.select(text, |_| true, |a, b| a.id.name == b.id.name)? else {
            return Ok(false);
        };
        if target.id.name == *text {
            return Ok(false);
        }
        *scalar = Value::String(target.id.name.clone());
        Ok(true)
    }

    fn fix_mapping(&self, map: &mut Map<String, Value>) -> Result<bool, String> {
        let Some(name) = map.get("name") else {
            return Err("the field that is configured as a reference has no `name`".to_owned());
        };
        let name = scalar_text(name);
        let same =
            |a: &Target, b: &Target| a.id.name == b.id.name && a.id.namespace == b.id.namespace;
        let target = match map.get("namespace").map(scalar_text) {
            None => self.select(&name, |_| true, same)?,
            Some(namespace) if self.once_in(&namespace) => {
                self.select(&name, |target| target.first == namespace, same)?
            }
            Some(namespace) => self.select(&name, |target| target.namespace == namespace, same)?,
        };
        let Some(target) = target else { return Ok(false) };
        if target.id.name == name && target.id.namespace.is_empty() {
            return Ok(false);
        }
        map.insert("name".to_owned(), Value::String(target.id.name.clone()));
        if !target.id.namespace.is_empty() {
            map.insert("namespace".to_owned(), Value::String(target.id.namespace.clone()));
        }
        Ok(true)
    }

    /// Whether anything that the referrer sees was in that namespace first.
    fn once_in(&self, namespace: &str) -> bool {
        namespace != NO_NAMESPACE
            && self
                .referrer
                .index
                .moved
                .get(namespace)
                .is_some_and(|now| now.iter().any(|now| self.referrer.sees(now, now)))
    }

    /// The one object that `name` means; of several that are the `same`, the first.
    fn select(
        &self,
        name: &str,
        wanted: impl Fn(&Target) -> bool,
        same: impl Fn(&Target, &Target) -> bool,
    ) -> Result<Option<&Target>, String> {
        let index = self.referrer.index;
        let names: Vec<&Names> = if self.target.2.is_empty() {
            index.names.values().filter_map(|of_kind| of_kind.get(name)).collect()
        } else {
            index
                .names
                .get(self.target.2)
                .and_then(|of_kind| of_kind.get(name))
                .into_iter()
                .collect()
        };
        let pools: Vec<&Bucket> =
            names.iter().flat_map(|names| self.referrer.pools(names)).collect();
        let fits = |at: &usize| {
            let target = &index.targets[*at];
            wanted(target) && self.referrer.reaches(target) && self.is_of_kind(target)
        };
        let mut few: Vec<usize> = Vec::new();
        for at in pools.iter().flat_map(|pool| &pool.all).copied().filter(fits) {
            if !few.contains(&at) {
                few.push(at);
            }
            if few.len() > 1 {
                break;
            }
        }
        if few.len() < 2 {
            return Ok(few.first().map(|at| &index.targets[*at]));
        }
        let (prefixes, suffixes) = (&self.referrer.prefixes, &self.referrer.suffixes);
        let mut left: Vec<usize> =
            pools.iter().flat_map(|pool| pool.like(prefixes, suffixes)).filter(fits).collect();
        left.sort_unstable();
        left.dedup();
        left.retain(|at| self.referrer.affixes_fit(&index.targets[*at], true));
        if left.len() > 1 {
            left.retain(|at| self.referrer.affixes_fit(&index.targets[*at], false));
        }
        let left: Vec<&Target> = left.iter().map(|at| &index.targets[*at]).collect();
        match left.split_first() {
            None => Ok(None),
            Some((first, rest)) if rest.iter().all(|other| same(first, other)) => Ok(Some(first)),
            Some(_) => {
                let ids: Vec<String> = left.iter().map(|target| target.id.to_string()).collect();
                Err(format!("`{name}` could mean each of {}", ids.join(", ")))
            }
        }
    }

    fn is_of_kind(&self, target: &Target) -> bool {
        let once = |wanted: (&str, &str, &str)| {
            target.former.iter().any(|id| selects(wanted, (&id.group, &id.version, &id.kind)))
        };
        once(self.target) && self.role.as_ref().is_none_or(|(group, kind)| once((group, "", kind)))
    }
}
