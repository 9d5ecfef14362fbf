//! Folders that were built before, kept beside the repository.
//!
//! A record holds what the build asked the tree and what came of it; whether the answers are still the same is for
//! `towpath-render` to say. Deleting any of it loses nothing but time, and what cannot be read or written is no error.
//! A folder has one build, the last. Where to go next: `pack.rs` for the file.

use std::borrow::Cow;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use towpath_render::flux::{Rendered, Store};
use towpath_render::{Object, Origin, Question, Touch, Trace};

use super::answers;
use super::pack::{Key, Pack};

/// The builds of one repository.
pub(crate) struct Builds {
    pack: Option<Pack>,
}

#[derive(Serialize, Deserialize)]
struct Kept<'k> {
    /// `r`, `e` or `l`, the path, and the answer.
    trace: Vec<(char, Cow<'k, str>, Cow<'k, str>)>,
    objects: Vec<KeptObject<'k>>,
    warnings: Cow<'k, [String]>,
}

#[derive(Serialize, Deserialize)]
struct KeptObject<'k> {
    file: Cow<'k, str>,
    line: usize,
    touched: Vec<(Cow<'k, str>, Cow<'k, str>)>,
    value: Cow<'k, Value>,
}

impl Builds {
    /// Builds that are kept below `parent`; none where there is no parent.
    pub(crate) fn below(parent: Option<&Path>) -> Self {
        let program: String =
            key_of(&answers::program()).iter().map(|byte| format!("{byte:02x}")).collect();
        Self { pack: parent.map(|parent| Pack::new(parent.join("builds").join(program))) }
    }

    /// Keeps what was built for the next command.
    pub(crate) fn save(&self) {
        let _ = self.pack.as_ref().and_then(Pack::save);
    }
}

/// What stands for a text of any length.
fn key_of(text: &str) -> Key {
    let mut key = Key::default();
    key.copy_from_slice(&Sha256::digest(text)[..16]);
    key
}

impl Store for Builds {
    fn get(&self, key: &str) -> Option<(Trace, Rendered)> {
        let content = self.pack.as_ref()?.get(&key_of(key))?;
        let kept: Kept<'_> = serde_json::from_slice(&content).ok()?;
        let trace: Option<Trace> = kept
            .trace
            .into_iter()
            .map(|(kind, path, answer)| {
                let (path, answer) = (path.into_owned(), answer.into_owned());
                match kind {
                    'r' => Some((Question::Read(path), answer)),
                    'e' => Some((Question::Entry(path), answer)),
                    'l' => Some((Question::List(path), answer)),
                    _ => None,
                }
            })
            .collect();
        let objects = kept.objects.into_iter().map(|kept| {
            let touched = kept
                .touched
                .into_iter()
                .map(|(file, field)| Touch { file: (&*file).into(), field: (&*field).into() });
            let origin =
                Origin { file: (&*kept.file).into(), line: kept.line, touched: touched.collect() };
            Object { value: kept.value.into_owned().into(), origin }
        });
        let rendered = Rendered {
            objects: objects.collect(),
            warnings: kept.warnings.into_owned(),
            ..Rendered::default()
        };
        Some((trace?, rendered))
    }

    fn put(&self, key: &str, trace: &Trace, built: &Rendered) {
        let Some(pack) = &self.pack else { return };
        let trace = trace.iter().map(|(question, answer)| {
            let (kind, path) = match question {
                Question::Read(path) => ('r', path),
                Question::Entry(path) => ('e', path),
                Question::List(path) => ('l', path),
            };
            (kind, path.into(), answer.into())
        });
        let objects = built.objects.iter().map(|object| KeptObject {
            file: (&*object.origin.file).into(),
            line: object.origin.line,
            touched: object
                .origin
                .touched
                .iter()
                .map(|touch| ((&*touch.file).into(), (&*touch.field).into()))
                .collect(),
            value: Cow::Borrowed(&*object.value),
        });
        let kept = Kept {
            trace: trace.collect(),
            objects: objects.collect(),
            warnings: built.warnings.as_slice().into(),
        };
        if let Ok(content) = serde_json::to_vec(&kept) {
            pack.add(&key_of(key), &content);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Object {
        let touch =
            |field: &str| Touch { file: "o/kustomization.yaml".into(), field: field.into() };
        let touched = vec![touch("namePrefix"), touch("patches[2]")];
        Object {
            value: value.into(),
            origin: Origin { file: "base/ä b.yaml".into(), line: 7, touched },
        }
    }

    fn build() -> (Trace, Rendered) {
        let trace = vec![
            (Question::Read("a.yaml".to_owned()), "0123".to_owned()),
            (Question::Read("none.yaml".to_owned()), String::new()),
            (Question::Entry("a".to_owned()), "Some(Folder)".to_owned()),
            (Question::List("a".to_owned()), "b/\0c.yaml".to_owned()),
        ];
        // The order of keys is that of the source, and counts.
        let value = json!({
            "kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "x", "labels": null},
            "z": [true, "1", "", "\u{0}ü\n"], "a": [i64::MIN, u64::MAX, {}],
        });
        let objects =
            vec![object(value), Object { origin: Origin::default(), ..object(json!({})) }];
        let warnings = vec!["a.yaml:1: `bases` is deprecated".to_owned()];
        (trace, Rendered { objects, warnings, ..Rendered::default() })
    }

    /// Builds and keeps, as one command does.
    fn put(parent: &Path, key: &str, (trace, built): &(Trace, Rendered)) {
        let builds = Builds::below(Some(parent));
        builds.put(key, trace, built);
        builds.save();
    }

    fn get(parent: &Path, key: &str) -> Option<(Trace, Rendered)> {
        Builds::below(Some(parent)).get(key)
    }

    #[test]
    fn what_is_put_is_got_back_under_its_key_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        put(folder.path(), "key", &build());
        let (trace, built) = get(folder.path(), "key").expect("it was put");
        assert_eq!((&trace, &built), (&build().0, &build().1));
        // Values are equal in whatever order their keys are.
        let text = |built: &Rendered| built.objects[0].value.to_string();
        assert_eq!(text(&built), text(&build().1));
        assert!(get(folder.path(), "another key").is_none());
        let nowhere = Builds::below(None);
        nowhere.put("key", &trace, &built);
        nowhere.save();
        assert!(nowhere.get("key").is_none());
    }

    #[test]
    fn a_number_is_got_back_to_its_last_digit() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let number = |n: i32| f64::from(n) / 7.0 * 10_f64.powi(n % 60 - 30);
        let numbers = (1..500).map(number).chain([f64::MAX, f64::MIN_POSITIVE, 5e-324, -0.0, 1e23]);
        let objects = numbers.map(|number| object(json!(number))).collect();
        let built = Rendered { objects, ..Rendered::default() };
        put(folder.path(), "key", &(Trace::new(), built.clone()));
        let (_, got) = get(folder.path(), "key").expect("it was put");
        let other = got.objects.iter().zip(&built.objects).find(|(got, put)| got != put);
        assert_eq!((got.objects.len(), other), (built.objects.len(), None));
    }

    #[test]
    fn the_last_build_of_a_key_counts() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (trace, built) = build();
        put(folder.path(), "key", &(trace.clone(), built));
        put(folder.path(), "key", &(trace.clone(), Rendered::default()));
        assert_eq!(get(folder.path(), "key"), Some((trace, Rendered::default())));
    }

    #[test]
    fn what_cannot_be_read_is_as_if_it_were_not_there() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let builds = Builds::below(Some(folder.path()));
        let unknown_question = br#"{"trace":[["x","a","b"]],"objects":[],"warnings":[]}"#;
        let foreign = [b"[]".as_slice(), b"{}", b"\xff\xfe", unknown_question];
        let pack = builds.pack.as_ref().expect("there is a folder");
        for (number, content) in foreign.into_iter().enumerate() {
            pack.add(&key_of(&number.to_string()), content);
        }
        builds.save();
        for number in 0..foreign.len() {
            assert!(get(folder.path(), &number.to_string()).is_none());
        }
    }
}
