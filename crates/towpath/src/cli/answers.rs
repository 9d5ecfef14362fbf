//! Answers that were given before, kept beside the repository: for questions whose answer is a function of commits.
//!
//! Whoever asks says what the answer depends on, all of it; the program itself is part of every key. Deleting any of it
//! loses nothing but time, and what cannot be read or written is no error.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Answer;

/// So many answers are kept; of more, the oldest go.
const MOST: usize = 64;

/// The answers of one repository.
pub(crate) struct Answers {
    folder: Option<PathBuf>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    yes: bool,
    text: String,
    json: serde_json::Value,
}

impl Answers {
    /// Answers that are kept in a folder of `parent`; none where there is no parent.
    pub(crate) fn below(parent: Option<&Path>) -> Self {
        Self { folder: parent.map(|parent| parent.join("answers")) }
    }

    fn file(&self, key: &[String]) -> Option<PathBuf> {
        let mut digest = Sha256::new();
        for part in [program()].iter().chain(key) {
            digest.update(part.len().to_le_bytes());
            digest.update(part);
        }
        let digest = digest.finalize();
        let name: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        Some(self.folder.as_ref()?.join(name))
    }

    /// The answer to a question that was asked before.
    pub(crate) fn get(&self, key: &[String]) -> Option<Answer> {
        let Kept { yes, text, json } =
            serde_json::from_slice(&fs::read(self.file(key)?).ok()?).ok()?;
        Some(Answer { yes, text, json, next: Vec::new() })
    }

    /// Keeps an answer.
    pub(crate) fn put(&self, key: &[String], answer: &Answer) {
        let _ = self.write(key, answer);
    }

    fn write(&self, key: &[String], answer: &Answer) -> Option<()> {
        let file = self.file(key)?;
        let folder = file.parent()?;
        fs::create_dir_all(folder).ok()?;
        let (yes, text, json) = (answer.yes, answer.text.clone(), answer.json.clone());
        let bytes = serde_json::to_vec(&Kept { yes, text, json }).ok()?;
        let mut temporary = tempfile::NamedTempFile::new_in(folder).ok()?;
        temporary.write_all(&bytes).ok()?;
        temporary.persist(&file).ok()?;
        let mut kept: Vec<_> = fs::read_dir(folder)
            .ok()?
            .filter_map(|entry| {
                let entry = entry.ok()?;
                Some((entry.metadata().ok()?.modified().ok()?, entry.path()))
            })
            .collect();
        kept.sort_unstable();
        for (_, path) in kept.iter().take(kept.len().saturating_sub(MOST)) {
            fs::remove_file(path).ok()?;
        }
        Some(())
    }
}

/// What tells this program from an older or newer one: answers of others do not count.
pub(crate) fn program() -> String {
    let stamp = || {
        let meta = fs::metadata(std::env::current_exe().ok()?).ok()?;
        let modified = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(format!("{} {}", meta.len(), modified.as_nanos()))
    };
    format!("{} {}", env!("CARGO_PKG_VERSION"), stamp().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use serde_json::json;

    use super::*;

    fn key(parts: &[&str]) -> Vec<String> {
        parts.iter().map(|part| (*part).to_owned()).collect()
    }

    fn answer(text: &str) -> Answer {
        let json = json!({"kind": "diff", "items": [1, null, text]});
        Answer { yes: false, text: text.to_owned(), json, next: Vec::new() }
    }

    fn text(answers: &Answers, key: &[String]) -> Option<String> {
        answers.get(key).map(|answer| answer.text)
    }

    #[test]
    fn an_answer_is_given_again_to_its_question_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let answers = Answers::below(Some(folder.path()));
        let asked = key(&["ab", "c"]);
        assert!(answers.get(&asked).is_none());
        answers.put(&asked, &answer("first"));
        answers.put(&asked, &answer("said ä\n"));
        let Answer { yes, text, json, next } = answers.get(&asked).expect("it was put");
        let put = answer("said ä\n");
        assert_eq!((yes, text, json, next), (put.yes, put.text, put.json, put.next));
        for other in [&["a", "bc"][..], &["abc"], &["ab"], &["ab", "c", ""], &["c", "ab"], &[]] {
            assert!(answers.get(&key(other)).is_none(), "{other:?}");
        }
        let nowhere = Answers::below(None);
        nowhere.put(&asked, &answer("nowhere"));
        assert!(nowhere.get(&asked).is_none());
    }

    #[test]
    fn of_many_answers_the_oldest_go() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let answers = Answers::below(Some(folder.path()));
        let keys: Vec<Vec<String>> = (0..MOST + 2).map(|n| key(&[&n.to_string()])).collect();
        let (late, first) = keys.split_at(2);
        // What is put later may be older: the times of the files count.
        for (asked, age) in first.iter().zip((1000_u64..).step_by(10)) {
            answers.put(asked, &answer("old"));
            let file = answers.file(asked).expect("answers that have a folder have files");
            let then = SystemTime::now() - Duration::from_secs(age);
            let file = fs::File::options().write(true).open(file).expect("it was put");
            file.set_modified(then).expect("times can be set");
        }
        assert!(first.iter().all(|asked| answers.get(asked).is_some()));
        for (n, asked) in late.iter().enumerate() {
            answers.put(asked, &answer("new"));
            let oldest = first.len() - n - 1;
            assert_eq!(text(&answers, asked).as_deref(), Some("new"));
            let left: Vec<bool> = first.iter().map(|asked| answers.get(asked).is_some()).collect();
            let expected: Vec<bool> = (0..first.len()).map(|at| at < oldest).collect();
            assert_eq!(left, expected);
        }
    }

    #[test]
    fn what_cannot_be_read_is_no_answer() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let answers = Answers::below(Some(folder.path()));
        let asked = key(&["question"]);
        answers.put(&asked, &answer("said"));
        let file = answers.file(&asked).expect("answers that have a folder have files");
        let whole = fs::read(&file).expect("it was put");
        for bytes in [&whole[..whole.len() - 1], b"", b"{}", b"\xff"] {
            fs::write(&file, bytes).expect("the folder can be written");
            assert!(answers.get(&asked).is_none());
        }
        answers.put(&asked, &answer("said"));
        assert!(answers.get(&asked).is_some());
        // Nothing can be written where a file stands for the folder, and that is no error.
        let blocked = Answers::below(Some(&file));
        blocked.put(&asked, &answer("said"));
        assert!(blocked.get(&asked).is_none());
    }
}
