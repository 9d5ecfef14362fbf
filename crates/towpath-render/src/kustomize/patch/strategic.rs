//! Strategic merge: a patch that looks like the object, laid over it.
//!
//! Kustomize's reading of it (`kubernetes-sigs/kustomize:kyaml/yaml/{merge2,walk}`), which is not the API server's:
//! lists merge only where the schema says so, new items go first, and of the directives only `$patch` means anything;
//! `$retainKeys`, `$setElementOrder` and `$deleteFromPrimitiveList` stay as fields. It knows nothing of which object a
//! patch is for, nor of what may change in an object's name.
//!
//! Where to go next: `sequence.rs` merges lists, `schema.rs` says which.

use super::kind_of;
use super::schema::{ListKeys, Place, Schema};
use super::sequence;
use crate::Value;
use crate::kustomize::read::plain;
use serde_json::Map;
use std::borrow::Cow;

/// What became of the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is patched.
    Patched,
    /// The patch says `$patch: delete` at its root: the object is to go.
    Deleted,
}

/// Why a patch cannot be laid over an object. `at` is the place in the object, as `spec.template`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// One is a mapping where the other is none, or the like.
    #[error("at {}: the object has {found}, the patch has {patch}", place(.at))]
    Kinds {
        /// Where.
        at: Vec<String>,
        /// What the object has there.
        found: &'static str,
        /// What the patch has there.
        patch: &'static str,
    },
    /// `$patch` says something else than `merge`, `replace` or `delete`.
    #[error("at {}: unknown patch strategy '{strategy}'; there are merge, replace and delete", place(.at))]
    Strategy {
        /// Where.
        at: Vec<String>,
        /// What it says.
        strategy: String,
    },
}

fn place(at: &[String]) -> String {
    if at.is_empty() {
        "the root".to_owned()
    } else {
        at.iter().rev().map(String::as_str).collect::<Vec<_>>().join(".")
    }
}

impl MergeError {
    fn below(mut self, step: &str) -> Self {
        let (Self::Kinds { at, .. } | Self::Strategy { at, .. }) = &mut self;
        at.push(step.to_owned());
        self
    }

    pub(super) fn kinds(found: &Value, patch: &Value) -> Self {
        Self::Kinds { at: Vec::new(), found: kind_of(found), patch: kind_of(patch) }
    }

    fn strategy(strategy: &str) -> Self {
        Self::Strategy { at: Vec::new(), strategy: strategy.to_owned() }
    }
}

/// Lays `patch` over `target`.
///
/// # Errors
/// The two do not fit; `target` is then in a state that nobody should use.
pub fn merge(target: &mut Value, patch: &Value, schema: &Schema) -> Result<Outcome, MergeError> {
    Ok(match (Walk { schema }).merge(target, Some(patch), None)? {
        Merged::Gone => Outcome::Deleted,
        // `$patch: replace` at the root has no effect: kustomize keeps the object that it has.
        Merged::Kept | Merged::New(_) => Outcome::Patched,
    })
}

/// One merge on its way down two trees.
#[derive(Clone, Copy)]
pub(super) struct Walk<'s> {
    pub(super) schema: &'s Schema,
}

/// What became of a value.
pub(super) enum Merged {
    /// It stays where it is, changed in place.
    Kept,
    /// It goes.
    Gone,
    /// This takes its place.
    New(Value),
}

/// What `$patch` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Directive {
    Merge,
    Replace,
    Delete,
}

impl Directive {
    /// What a text after `$patch` asks for.
    pub(super) fn read(text: &str) -> Result<Self, MergeError> {
        match text {
            "merge" => Ok(Self::Merge),
            "replace" => Ok(Self::Replace),
            "delete" => Ok(Self::Delete),
            other => Err(MergeError::strategy(other)),
        }
    }

    fn of(patch: &Map<String, Value>) -> Result<Self, MergeError> {
        patch.get(DIRECTIVE).map_or(Ok(Self::Merge), |text| Self::read(&text_of(text)))
    }
}

/// The field that holds a directive.
pub(super) const DIRECTIVE: &str = "$patch";

/// A value as it compares with others: kustomize compares what is written, so `80` and `"80"` are the same key.
/// Mappings and lists are the empty text.
pub(in crate::kustomize) fn text_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        Value::Null => Cow::Borrowed("null"),
        Value::Number(number) => Cow::Owned(number.to_string()),
        Value::Array(_) | Value::Object(_) => Cow::Borrowed(""),
    }
}

impl<'s> Walk<'s> {
    /// Merges `patch` into `target`; without a patch, only what merging does to any object: lists lose double items.
    pub(super) fn merge(
        self,
        target: &mut Value,
        patch: Option<&Value>,
        place: Option<Place<'s>>,
    ) -> Result<Merged, MergeError> {
        let place = place.or_else(|| self.schema.of(target)).or_else(|| self.schema.of(patch?));
        match (target, patch) {
            (Value::Null, None) => Ok(Merged::Kept),
            (Value::Null, Some(patch)) => {
                Ok(self.add(patch, place, Newness::Whole)?.map_or(Merged::Gone, Merged::New))
            }
            (_, Some(Value::Null)) => Ok(Merged::Gone),
            (Value::Object(target), None) => self.untouched(target, place),
            (Value::Object(target), Some(Value::Object(patch))) => {
                self.mapping(target, patch, place)
            }
            (Value::Array(target), None) => match place.map_or(ListKeys::Whole, Place::keys) {
                ListKeys::Whole => Ok(Merged::Kept),
                keys => {
                    sequence::merge(self, target, None, &keys, place)?;
                    Ok(Merged::Kept)
                }
            },
            (Value::Array(target), Some(Value::Array(patch))) => self.list(target, patch, place),
            (target, Some(patch)) if is_scalar(target) && is_scalar(patch) => {
                Ok(Merged::New(scalar(target, patch)))
            }
            (_, None) => Ok(Merged::Kept),
            (target, Some(patch)) => Err(MergeError::kinds(target, patch)),
        }
    }

    fn untouched(
        self,
        target: &mut Map<String, Value>,
        place: Option<Place<'s>>,
    ) -> Result<Merged, MergeError> {
        if place.is_some_and(Place::is_plain) {
            return Ok(Merged::Kept);
        }
        for (name, value) in target.iter_mut() {
            if value.is_object() || value.is_array() {
                let below = place.and_then(|place| place.field(name));
                self.merge(value, None, below).map_err(|error| error.below(name))?;
            }
        }
        Ok(Merged::Kept)
    }

    fn mapping(
        self,
        target: &mut Map<String, Value>,
        patch: &Map<String, Value>,
        place: Option<Place<'s>>,
    ) -> Result<Merged, MergeError> {
        match Directive::of(patch)? {
            Directive::Delete => return Ok(Merged::Gone),
            Directive::Replace => {
                return Ok(Merged::New(Value::Object(self.fields(patch, place)?)));
            }
            Directive::Merge => {}
        }
        if !place.is_some_and(Place::is_plain) {
            for (name, value) in target.iter_mut().filter(|(name, _)| !patch.contains_key(*name)) {
                if value.is_object() || value.is_array() {
                    let below = place.and_then(|place| place.field(name));
                    self.merge(value, None, below).map_err(|error| error.below(name))?;
                }
            }
        }
        for (name, value) in patch.iter().filter(|(name, _)| *name != DIRECTIVE) {
            let below = place.and_then(|place| place.field(name));
            let merged = match target.get_mut(name) {
                Some(old) => self.merge(old, Some(value), below),
                None => self
                    .add(value, below, Newness::Whole)
                    .map(|new| new.map_or(Merged::Gone, Merged::New)),
            };
            match merged.map_err(|error| error.below(name))? {
                Merged::Kept => {}
                Merged::Gone => {
                    target.shift_remove(name);
                }
                Merged::New(new) => {
                    target.insert(name.clone(), new);
                }
            }
        }
        Ok(Merged::Kept)
    }

    fn list(
        self,
        target: &mut Vec<Value>,
        patch: &[Value],
        place: Option<Place<'s>>,
    ) -> Result<Merged, MergeError> {
        let keys = match place.map_or(ListKeys::Whole, Place::keys) {
            ListKeys::Whole => return Ok(Merged::New(Value::Array(patch.to_vec()))),
            keys => keys,
        };
        let (directive, patch) = sequence::directive(patch)?;
        match directive {
            Directive::Delete => Ok(Merged::Gone),
            Directive::Replace => {
                let mut new = patch.into_owned();
                sequence::add(self, &mut new, &keys, place)?;
                Ok(Merged::New(Value::Array(new)))
            }
            Directive::Merge => {
                sequence::merge(self, target, Some(&patch), &keys, place)?;
                Ok(Merged::Kept)
            }
        }
    }

    /// What `patch` becomes where the object has nothing: nulls and what is to be deleted are left out.
    pub(super) fn add(
        self,
        patch: &Value,
        place: Option<Place<'s>>,
        newness: Newness,
    ) -> Result<Option<Value>, MergeError> {
        let place = place.or_else(|| self.schema.of(patch));
        match patch {
            Value::Null => Ok(None),
            Value::Object(fields) => match (Directive::of(fields), newness) {
                (Ok(Directive::Delete), _) => Ok(None),
                (Ok(_), _) => Ok(Some(Value::Object(self.fields(fields, place)?))),
                (Err(error), Newness::Part) => Err(error),
                (Err(_), Newness::Whole) => {
                    let mut new = self.fields(fields, place)?;
                    new.insert(DIRECTIVE.to_owned(), fields[DIRECTIVE].clone());
                    Ok(Some(Value::Object(new)))
                }
            },
            Value::Array(items) => {
                let keys = match place.map_or(ListKeys::Whole, Place::keys) {
                    ListKeys::Whole => return Ok(Some(patch.clone())),
                    keys => keys,
                };
                let mut new = match newness {
                    Newness::Whole => items.clone(),
                    Newness::Part => match sequence::directive(items)? {
                        (Directive::Delete, _) => return Ok(None),
                        (_, items) => items.into_owned(),
                    },
                };
                sequence::add(self, &mut new, &keys, place)?;
                Ok(Some(Value::Array(new)))
            }
            scalar => Ok(Some(scalar.clone())),
        }
    }

    fn fields(
        self,
        patch: &Map<String, Value>,
        place: Option<Place<'s>>,
    ) -> Result<Map<String, Value>, MergeError> {
        let mut new = Map::new();
        for (name, value) in patch.iter().filter(|(name, _)| *name != DIRECTIVE) {
            let below = place.and_then(|place| place.field(name));
            if let Some(value) =
                self.add(value, below, Newness::Part).map_err(|error| error.below(name))?
            {
                new.insert(name.clone(), value);
            }
        }
        Ok(new)
    }
}

/// Whether a value that is new is all of what is new there, or part of something that is.
///
/// Kustomize looks for directives in the parts, but at the top of what is new it takes only `$patch: delete` for one
/// in a mapping, and none at all in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Newness {
    Whole,
    Part,
}

fn is_scalar(value: &Value) -> bool {
    matches!(value, Value::Bool(_) | Value::Number(_) | Value::String(_))
}

/// A plain value in place of another. Kustomize keeps the quotes of the old one, so a number or bool that replaces
/// quoted text is text itself. Only text that cannot do without quotes is known to have had some.
fn scalar(old: &Value, new: &Value) -> Value {
    match (old, new) {
        (Value::String(text), Value::Number(_) | Value::Bool(_)) if needs_quotes(text) => {
            Value::String(text_of(new).into_owned())
        }
        _ => new.clone(),
    }
}

fn needs_quotes(text: &str) -> bool {
    text.is_empty() || text.contains('\n') || plain(text) != Value::String(text.to_owned())
}

#[cfg(test)]
mod tests;
