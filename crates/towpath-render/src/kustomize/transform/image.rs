//! Names, tags and digests of container images.
//!
//! Source of the contract: `kubernetes-sigs/kustomize:api/filters/imagetag`. Besides the fields of the specifications,
//! every list called `containers` or `initContainers` is looked at, wherever it stands.

use regex::Regex;
use serde_json::Value;

use super::fieldspec::{Create, FieldSpec};
use crate::Touch;
use crate::kustomize::error::Problem;
use crate::kustomize::set::Set;
use crate::kustomize::shape::text;

/// An entry of `images`.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    name: Matcher,
    new_name: String,
    new_tag: String,
    tag_suffix: String,
    digest: String,
}

#[derive(Debug, Clone)]
enum Matcher {
    /// A name without signs of a regular expression.
    Plain(String),
    Regex(Regex),
}

impl Image {
    /// One as a file has it.
    ///
    /// # Errors
    /// Its name is no regular expression.
    pub(crate) fn of(value: &Value) -> Result<Self, Problem> {
        let name = text(value, "name");
        Ok(Self {
            name: Matcher::of(name)?,
            new_name: text(value, "newName"),
            new_tag: text(value, "newTag"),
            tag_suffix: text(value, "tagSuffix"),
            digest: text(value, "digest"),
        })
    }

    /// Changes it wherever it is used.
    ///
    /// # Errors
    /// A field holds no scalar.
    pub(crate) fn apply(
        &self,
        set: &mut Set,
        specs: &[FieldSpec],
        touch: &Touch,
    ) -> Result<(), Problem> {
        for resource in set.inner_mut() {
            let id = resource.identity();
            if id.kind == "CustomResourceDefinition" {
                continue;
            }
            let failed = |why| Problem::failed(id.to_string(), why);
            let mut changed = self.containers(&mut resource.value).map_err(failed)?;
            for spec in specs.iter().filter(|spec| spec.selects(&id)) {
                let put = &mut |value: &mut Value| self.put(value);
                changed |= spec.visit(&mut resource.value, Create::Nothing, put).map_err(failed)?;
            }
            if changed {
                resource.touch(touch);
            }
        }
        Ok(())
    }

    fn containers(&self, value: &mut Value) -> Result<bool, String> {
        let mut changed = false;
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    changed |= self.containers(value)?;
                    if let ("containers" | "initContainers", Value::Array(items)) =
                        (key.as_str(), value)
                    {
                        for item in items {
                            changed |= self.container(item)?;
                        }
                    }
                }
            }
            Value::Array(items) => {
                for item in items {
                    changed |= self.containers(item)?;
                }
            }
            _ => {}
        }
        Ok(changed)
    }

    fn container(&self, item: &mut Value) -> Result<bool, String> {
        match item {
            Value::Null => Ok(false),
            Value::Object(map) => map.get_mut("image").map_or(Ok(false), |image| self.put(image)),
            _ => Err("an item of `containers` is no mapping".to_owned()),
        }
    }

    fn put(&self, value: &mut Value) -> Result<bool, String> {
        let Value::String(image) = value else {
            return match value {
                Value::Object(_) | Value::Array(_) => Err("an image is no text".to_owned()),
                _ => Ok(false),
            };
        };
        if !self.name.matches(image) {
            return Ok(false);
        }
        let new = self.renamed(image);
        let changed = *image != new;
        *image = new;
        Ok(changed)
    }

    fn renamed(&self, image: &str) -> String {
        let (name, tag, digest) = split(image);
        let name = if self.new_name.is_empty() { name } else { &self.new_name };
        let suffixed;
        let (tag, digest) = if !self.new_tag.is_empty() || !self.digest.is_empty() {
            (&*self.new_tag, &*self.digest)
        } else if self.tag_suffix.is_empty() {
            (tag, digest)
        } else {
            suffixed = format!("{tag}{}", self.tag_suffix);
            (&*suffixed, "")
        };
        let mut out = name.to_owned();
        for (sign, part) in [(':', tag), ('@', digest)] {
            if !part.is_empty() {
                out.push(sign);
                out.push_str(part);
            }
        }
        out
    }
}

/// Name, tag and digest of an image; a port belongs to the name.
fn split(image: &str) -> (&str, &str, &str) {
    let (rest, digest) = image.split_once('@').unwrap_or((image, ""));
    let host = rest.find('/').unwrap_or(0);
    match rest[host..].find(':') {
        Some(colon) => (&rest[..host + colon], &rest[host + colon + 1..], digest),
        None => (rest, "", digest),
    }
}

impl Matcher {
    fn of(name: String) -> Result<Self, Problem> {
        const SIGNS: &[char] =
            &['.', '*', '+', '?', '(', ')', '[', ']', '{', '}', '^', '$', '|', '\\'];
        if !name.contains(|sign: char| sign != '.' && SIGNS.contains(&sign)) {
            return Ok(Self::Plain(name));
        }
        let pattern = format!("^{name}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$");
        Regex::new(&pattern).map(Self::Regex).map_err(|_| Problem::BadValue {
            field: "images.name".to_owned(),
            why: format!("`{name}` is no regular expression"),
        })
    }

    fn matches(&self, image: &str) -> bool {
        match self {
            Self::Regex(regex) => regex.is_match(image),
            Self::Plain(name) => starts_with(image, name).is_some_and(|rest| {
                let rest = rest.strip_prefix(':').map_or(rest, after_version);
                rest.is_empty()
                    || rest
                        .strip_prefix("@sha256:")
                        .is_some_and(|rest| after_version(rest).is_empty())
            }),
        }
    }
}

/// What follows the name; a `.` in it stands for any character, as in a regular expression.
fn starts_with<'i>(image: &'i str, name: &str) -> Option<&'i str> {
    let mut rest = image.chars();
    for wanted in name.chars() {
        let found = rest.next()?;
        if found != wanted && (wanted != '.' || found == '\n') {
            return None;
        }
    }
    Some(rest.as_str())
}

fn after_version(text: &str) -> &str {
    text.trim_start_matches(|c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '{' | '}' | '-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn images_are_matched_and_changed() {
        for (entry, before, after) in [
            (json!({"name": "nginx", "newTag": "1.2"}), "nginx", "nginx:1.2"),
            (json!({"name": "nginx", "newTag": "1.2"}), "nginx:1.1@sha256:ab", "nginx:1.2"),
            (json!({"name": "nginx", "newTag": "1.2"}), "nginx2:1", "nginx2:1"),
            (json!({"name": "nginx", "digest": "sha256:x"}), "nginx:1", "nginx@sha256:x"),
            (
                json!({"name": "nginx", "newTag": "2", "digest": "sha256:x"}),
                "nginx:1",
                "nginx:2@sha256:x",
            ),
            (json!({"name": "nginx", "tagSuffix": "-a"}), "nginx:1", "nginx:1-a"),
            (json!({"name": "nginx", "newName": "r:5/n"}), "nginx:1@sha256:d", "r:5/n:1@sha256:d"),
            (json!({"name": "r:5/n", "newTag": "2"}), "r:5/n:1", "r:5/n:2"),
            (json!({"name": "r:5/n", "newTag": "2"}), "r:5/n", "r:5/n:2"),
            (json!({"name": "foo.io/n", "newTag": "2"}), "fooxio/n", "fooxio/n:2"),
            (json!({"name": "(a|b)/n", "newTag": "2"}), "b/n:1", "b/n:2"),
            (json!({"name": "nginx", "newTag": "2"}), "nginx@sha512:ab", "nginx@sha512:ab"),
        ] {
            let mut value = json!(before);
            Image::of(&entry).expect("an image").put(&mut value).expect("it is text");
            assert_eq!(value, json!(after), "{entry}");
        }
    }
}
