//! The objects of one kustomization: what it names, makes and changes, in Kustomize's order.
//!
//! Source of the contract: `kubernetes-sigs/kustomize:api/internal/target/kusttarget.go`. References, hashes and the order
//! of objects are no business of a folder on the way: `build.rs` settles them once at the end.
//!
//! Where to go next: `fields.rs` runs the built-in transformers and generators.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use super::build::Options;
use super::error::{Error, Place, Problem, Warning};
use super::kustomization::{Item, Kustomization};
use super::load::{Folder, Named, Source};
use super::patch::schema::Schema;
use super::provenance::{Maker, ORIGIN, Provenance, annotate};
use super::read::{self, Read};
use super::resource::Resource;
use super::set::Set;
use super::shape::Misfit;
use super::shared::part_annotations;
use super::transform::config::Config;
use super::transform::{crds, defaults};
use super::vars::{self, Var, VarError};
use crate::{Origin, Touch};

/// What holds for a whole build, and what it has read and built already.
pub(crate) struct Context<'b, 't> {
    pub(crate) options: &'b Options<'b>,
    /// The first schema that a kustomization names counts for all.
    schema: OnceCell<Schema>,
    pub(crate) warnings: RefCell<Vec<Warning>>,
    defaults: Rc<Config>,
    files: RefCell<HashMap<Key, Rc<Vec<Read>>>>,
    kustomizations: RefCell<HashMap<Key, Rc<Kustomization>>>,
    built: RefCell<HashMap<(Key, Option<Provenance>), Built>>,
    /// Keeps remote trees alive, and with them the keys of what was read from them.
    sources: RefCell<Vec<Rc<Source<'t>>>>,
}

/// A path in one of the trees of a build.
type Key = (*const Source<'static>, String);

/// A folder that was built before.
enum Built {
    /// Once. A second time shows that it is shared, and worth keeping.
    Once,
    Kept(Rc<Accumulated>),
}

/// What a folder comes to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Accumulated {
    pub(crate) set: Set,
    pub(crate) config: Rc<Config>,
    pub(crate) vars: Vec<(Item<Value>, Var)>,
    /// The folders that were built on the way, of the tree of this one.
    visited: Vec<String>,
}

/// A kustomization that is being built.
pub(crate) struct Target<'c, 'b, 't> {
    pub(crate) context: &'c Context<'b, 't>,
    pub(crate) folder: Rc<Folder<'t>>,
    pub(crate) kustomization: Rc<Kustomization>,
    /// The name of its file in its folder.
    pub(crate) file_name: &'static str,
    /// What Kustomize records, if `buildMetadata` asks for anything.
    pub(crate) provenance: Option<Provenance>,
}

impl<'b, 't> Context<'b, 't> {
    pub(crate) fn new(options: &'b Options<'b>) -> Self {
        Self {
            options,
            schema: OnceCell::new(),
            warnings: RefCell::default(),
            defaults: Rc::new(defaults::CONFIG.clone()),
            files: RefCell::default(),
            kustomizations: RefCell::default(),
            built: RefCell::default(),
            sources: RefCell::default(),
        }
    }

    /// What is known of the fields of objects.
    pub(crate) fn schema(&self) -> &Schema {
        self.schema.get().unwrap_or(Schema::builtin())
    }

    fn key(&self, folder: &Folder<'t>, path: String) -> Key {
        let mut sources = self.sources.borrow_mut();
        if !sources.iter().any(|source| Rc::ptr_eq(source, &folder.source)) {
            sources.push(Rc::clone(&folder.source));
        }
        (Rc::as_ptr(&folder.source).cast(), path)
    }

    /// The objects in a file that may be read.
    fn objects(&self, folder: &Folder<'t>, full: &str) -> Result<Rc<Vec<Read>>, Error> {
        let key = self.key(folder, full.to_owned());
        if let Some(objects) = self.files.borrow().get(&key) {
            return Ok(Rc::clone(objects));
        }
        let name = folder.source.name(full);
        let bytes = folder.bytes(full).map_err(|problem| problem.at(Place::file(&name)))?;
        let objects = Rc::new(read::objects(&name, &bytes)?);
        self.files.borrow_mut().insert(key, Rc::clone(&objects));
        Ok(objects)
    }
}

impl<'c, 'b, 't> Target<'c, 'b, 't> {
    /// Reads the kustomization of a folder.
    pub(crate) fn load(
        context: &'c Context<'b, 't>,
        folder: Rc<Folder<'t>>,
        provenance: Option<Provenance>,
    ) -> Result<Self, Error> {
        let (file_name, bytes) =
            folder.kustomization().map_err(|problem| problem.at(folder.place()))?;
        let full = super::load::join(&folder.path, file_name);
        let key = context.key(&folder, full.clone());
        let known = context.kustomizations.borrow().get(&key).cloned();
        let kustomization = match known {
            Some(known) => known,
            None => {
                let file = folder.source.name(&full);
                let mut warnings = context.warnings.borrow_mut();
                let read = Rc::new(Kustomization::parse(&file, &bytes, &mut warnings)?);
                context.kustomizations.borrow_mut().insert(key, Rc::clone(&read));
                read
            }
        };
        drop(bytes);
        let target = Self { context, folder, kustomization, file_name, provenance };
        target.set_schema()?;
        Ok(target)
    }

    fn set_schema(&self) -> Result<(), Error> {
        let Kustomization { openapi_path, openapi_version, .. } = &*self.kustomization;
        if self.context.schema.get().is_some() {
            return Ok(());
        }
        let schema = match (openapi_path, openapi_version) {
            (Some(path), Some(_)) => {
                return Err(self.bad(path, "a path and a version exclude one another"));
            }
            (None, None) => return Ok(()),
            (None, Some(version)) => {
                if !matches!(version.value.as_str(), "" | "v1.21.2") {
                    return Err(self.bad(version, "only the schema of version v1.21.2 is built in"));
                }
                Schema::builtin().clone()
            }
            (Some(path), None) => {
                let (file, value) = self.value(path)?;
                Schema::with_openapi(&value)
                    .map_err(|error| Problem::Yaml(error.to_string()).at(Place::file(&file)))?
            }
        };
        // Nothing else can have set it since it was looked at.
        let _ = self.context.schema.set(schema);
        Ok(())
    }

    fn bad<T>(&self, item: &Item<T>, why: &str) -> Error {
        Problem::BadValue { field: item.field.to_string(), why: why.to_owned() }
            .at(self.kustomization.place(item))
    }

    /// Puts a problem at an item of the kustomization.
    pub(crate) fn at<T>(&self, item: &Item<T>) -> impl Fn(Problem) -> Error {
        let place = self.kustomization.place(item);
        move |problem| problem.at(place.clone())
    }

    /// Puts a problem at a field of the kustomization.
    pub(crate) fn at_field(&self, field: &str) -> impl Fn(Problem) -> Error {
        let place = Place::line(&self.kustomization.file, self.kustomization.line(field));
        move |problem| problem.at(place.clone())
    }

    /// What is noted in objects that `field` changes.
    pub(crate) fn touch(&self, field: &str) -> Touch {
        Touch { file: Arc::clone(&self.kustomization.file), field: field.into() }
    }

    /// The first document of a file that an item names.
    fn value(&self, item: &Item<String>) -> Result<(Arc<str>, Value), Error> {
        let full = self.folder.file(&item.value).map_err(self.at(item))?;
        let name = self.folder.source.name(&full);
        let bytes = self.folder.bytes(&full).map_err(self.at(item))?;
        let documents =
            towpath_yaml::parse(&bytes).map_err(|error| read::syntax(&name, &bytes, &error))?;
        let value = documents.first().map_or(Value::Null, |document| document.root.to_json());
        Ok((name, value))
    }

    /// Adds what this kustomization names and makes to `all`, and changes it as it asks.
    pub(crate) fn accumulate(&self, all: &mut Accumulated) -> Result<(), Error> {
        let kustomization = &*self.kustomization;
        all.visited.push(self.folder.path.clone());
        self.resources(all, &kustomization.resources)?;
        self.configure(all)?;
        self.generate(all)?;
        for item in &kustomization.components {
            self.component(all, item)?;
        }
        self.transform(all)?;
        self.validate(all)?;
        for var in &kustomization.vars {
            self.define(all, var)?;
        }
        Ok(())
    }

    /// Adds the objects in files and folders.
    pub(crate) fn resources(
        &self,
        all: &mut Accumulated,
        items: &[Item<String>],
    ) -> Result<(), Error> {
        for item in items {
            let named = self
                .folder
                .named(&item.value, self.context.options.remotes)
                .map_err(self.at(item))?;
            match named {
                Named::File(full) => self.file(all, item, &full)?,
                Named::Folder(folder) => {
                    let provenance = self.provenance.as_ref().map(|own| own.append(&item.value));
                    let below = self.below(folder, provenance, item)?;
                    self.merge(all, below, item)?;
                }
            }
        }
        Ok(())
    }

    fn file(&self, all: &mut Accumulated, item: &Item<String>, full: &str) -> Result<(), Error> {
        let annotation = self.provenance.as_ref().map(|own| own.append(&item.value).annotation());
        let file = self.folder.source.name(full);
        for object in self.context.objects(&self.folder, full)?.iter() {
            let origin = Origin { file: Arc::clone(&file), line: object.line, touched: Vec::new() };
            let mut resource = Resource::new(object.value.clone(), origin);
            if let Some(text) = &annotation {
                annotate(&mut resource.value, ORIGIN, text.clone());
            }
            all.set
                .append(resource, self.context.schema())
                .map_err(|problem| problem.at(Place::line(&file, object.line)))?;
        }
        Ok(())
    }

    /// What a folder comes to; one that is shared is built no more than twice.
    fn below(
        &self,
        folder: Rc<Folder<'t>>,
        provenance: Option<Provenance>,
        item: &Item<String>,
    ) -> Result<Accumulated, Error> {
        let key = (self.context.key(&folder, folder.path.clone()), provenance.clone());
        let kept = match self.context.built.borrow().get(&key) {
            Some(Built::Kept(kept)) if !self.folder.repeats(&kept.visited) => Some(Rc::clone(kept)),
            _ => None,
        };
        if let Some(kept) = kept {
            return Ok(Accumulated::clone(&kept));
        }
        let target = Target::load(self.context, folder, provenance)?;
        if target.kustomization.component {
            return Err(self.at(item)(Problem::UnexpectedComponent(item.value.clone())));
        }
        let mut below = Accumulated::default();
        target.accumulate(&mut below)?;
        let mut built = self.context.built.borrow_mut();
        let again = built.contains_key(&key);
        let entry = if again { Built::Kept(Rc::new(below.clone())) } else { Built::Once };
        built.insert(key, entry);
        Ok(below)
    }

    fn merge(
        &self,
        all: &mut Accumulated,
        mut below: Accumulated,
        item: &Item<String>,
    ) -> Result<(), Error> {
        for resource in below.set.take() {
            all.set.append(resource, self.context.schema()).map_err(self.at(item))?;
        }
        self.add_config(all, &below.config).map_err(self.at(item))?;
        for var in below.vars {
            self.add_var(all, var)?;
        }
        all.visited.append(&mut below.visited);
        Ok(())
    }

    fn add_config(&self, all: &mut Accumulated, config: &Rc<Config>) -> Result<(), Problem> {
        let defaults = Rc::ptr_eq(config, &self.context.defaults);
        all.config = if defaults && *all.config == Config::default() {
            // They say nothing twice, and most kustomizations have no others.
            Rc::clone(config)
        } else {
            Config::merged(&all.config, config)
                .map_err(|why| Problem::failed("configurations", why))?
        };
        Ok(())
    }

    /// Adds a variable, and notes which object has its value now that its names are known.
    fn define(&self, all: &mut Accumulated, item: &Item<Value>) -> Result<(), Error> {
        let wrong = |error: VarError| {
            self.at(item)(Problem::failed(&*item.field, super::fields::chain(&error)))
        };
        let var = Var::from_value(&item.value).map_err(wrong)?;
        let owner = vars::owner(&var, all.set.as_slice(), self.context.schema()).map_err(wrong)?;
        if let Some(at) = owner {
            all.set.inner_mut()[at].variables.push(var.name.clone());
        }
        self.add_var(all, (item.clone(), var))
    }

    fn add_var(&self, all: &mut Accumulated, var: (Item<Value>, Var)) -> Result<(), Error> {
        let name = &var.1.name;
        if all.vars.iter().any(|(_, known)| known.name == *name) {
            return Err(self.bad(&var.0, &format!("a variable `{name}` is there already")));
        }
        all.vars.push(var);
        Ok(())
    }

    fn component(&self, all: &mut Accumulated, item: &Item<String>) -> Result<(), Error> {
        let folder = self
            .folder
            .component(&item.value, self.context.options.remotes)
            .map_err(self.at(item))?;
        let provenance = self.provenance.as_ref().map(|own| own.append(&item.value));
        let target = Target::load(self.context, folder, provenance)?;
        if !target.kustomization.component {
            return Err(self.at(item)(Problem::NotAComponent(item.value.clone())));
        }
        target.accumulate(all)
    }

    /// Adds the defaults, and what `configurations` and `crds` say, to the fields that are changed.
    fn configure(&self, all: &mut Accumulated) -> Result<(), Error> {
        let kustomization = &*self.kustomization;
        let mut config = Rc::clone(&self.context.defaults);
        for item in &kustomization.configurations {
            let (file, value) = self.value(item)?;
            let more = Config::of(&value).map_err(|misfit| misfit_at(&file, &misfit))?;
            config = Config::merged(&config, &Rc::new(more))
                .map_err(|why| Problem::failed("configurations", why).at(Place::file(&file)))?;
        }
        let last = kustomization.configurations.last();
        let place =
            last.map_or_else(|| Place::file(&kustomization.file), |item| kustomization.place(item));
        self.add_config(all, &config).map_err(|problem| problem.at(place))?;
        for item in &kustomization.crds {
            let (file, value) = self.value(item)?;
            let more = crds::config(&value)
                .map_err(|why| Problem::failed("crds", why).at(Place::file(&file)))?;
            self.add_config(all, &Rc::new(more)).map_err(self.at(item))?;
        }
        Ok(())
    }

    /// Records that a built-in transformer went over all objects.
    pub(crate) fn stamp(&self, set: &mut Set, kind: &str) {
        if let Some(provenance) = &self.provenance {
            stamp(set, &provenance.builtin(self.file_name, kind));
        }
    }
}

/// Records that `maker` went over all objects.
pub(crate) fn stamp(set: &mut Set, maker: &Maker) {
    for resource in set.inner_mut() {
        maker.stamp(&mut resource.value);
        part_annotations(resource);
    }
}

/// A misfit of a file whose lines are not at hand.
pub(crate) fn misfit_at(file: &Arc<str>, misfit: &Misfit) -> Error {
    let field = misfit.field();
    let problem = match misfit.expected {
        Some(expected) => Problem::WrongType { field, expected },
        None => Problem::UnknownField(field),
    };
    problem.at(Place::file(file))
}
