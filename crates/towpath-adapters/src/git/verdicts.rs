//! Good signatures that were checked before: each check is two processes, and what makes a signature good does not change.
//!
//! Kept are hashes, each of a commit, the address that must have signed it, and the lines of allowed signers that this
//! address had: whatever differs is another hash, and is checked. So only what is good for ever is kept: a good signature
//! by SSH, which `ssh-keygen` holds against the commit's own time. Bad ones are not, because a program may have been
//! missing, and none of OpenPGP, whose keys end while nobody touches them. The file lies in the repository of this
//! machine, where whoever can write can have Git run any program; it is written beside its place and renamed, and one that
//! makes no sense is none. Must not judge. Next: `signatures`.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use towpath_core::id::CommitId;

/// What a file begins with; another way to name verdicts is another word here.
const WORD: &[u8; 16] = b"towpath-signed-1";

/// So many are kept; then those that were not asked for are forgotten.
const MOST: usize = 50_000;

/// The name of a good verdict.
pub(super) type Name = [u8; 32];

/// The name of the verdict that an address signed a commit, by these lines of allowed signers.
pub(super) fn name(commit: &CommitId, email: &str, lines: &str) -> Name {
    let mut hash = Sha256::new();
    for part in [commit.as_str(), email, lines] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// The good signatures of one repository.
pub(super) struct Verdicts {
    file: PathBuf,
    known: BTreeSet<Name>,
    asked: BTreeSet<Name>,
    has_news: bool,
}

impl Verdicts {
    /// Those that are kept in the folder of a repository.
    pub(super) fn of(git_dir: &Path) -> Self {
        let file = git_dir.join("towpath").join("signatures");
        let known = std::fs::read(&file).ok().and_then(|bytes| read(&bytes)).unwrap_or_default();
        Self { file, known, asked: BTreeSet::new(), has_news: false }
    }

    /// Whether this signature is known to be good.
    pub(super) fn is_good(&mut self, name: Name) -> bool {
        self.asked.insert(name);
        self.known.contains(&name)
    }

    /// This signature is good, for ever.
    pub(super) fn keep(&mut self, name: Name) {
        self.has_news |= self.known.insert(name);
    }

    /// Writes what is new. What cannot be written is checked again.
    pub(super) fn save(mut self) {
        if !self.has_news {
            return;
        }
        if self.known.len() > MOST {
            self.known.retain(|name| self.asked.contains(name));
        }
        let _ = self.write();
    }

    fn write(&self) -> std::io::Result<()> {
        let Some(folder) = self.file.parent() else { return Ok(()) };
        std::fs::create_dir_all(folder)?;
        let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
        let mut bytes = WORD.to_vec();
        self.known.iter().for_each(|name| bytes.extend(name));
        temporary.write_all(&bytes)?;
        temporary.persist(&self.file)?;
        Ok(())
    }
}

fn read(bytes: &[u8]) -> Option<BTreeSet<Name>> {
    let (names, rest) = bytes.strip_prefix(WORD)?.as_chunks::<32>();
    rest.is_empty().then(|| names.iter().copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(digit: char) -> CommitId {
        CommitId::parse(&digit.to_string().repeat(40)).expect("a commit")
    }

    #[test]
    fn a_verdict_is_of_one_commit_one_address_and_its_lines() {
        let one = name(&commit('1'), "ann@example.org", "ann@example.org ssh-ed25519 A\n");
        for other in [
            name(&commit('2'), "ann@example.org", "ann@example.org ssh-ed25519 A\n"),
            name(&commit('1'), "Ann@example.org", "ann@example.org ssh-ed25519 A\n"),
            name(&commit('1'), "ann@example.org", "ann@example.org ssh-ed25519 B\n"),
            // No boundary can be moved.
            name(&commit('1'), "ann@example.orga", "nn@example.org ssh-ed25519 A\n"),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn what_is_kept_is_found_and_what_makes_no_sense_is_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let one = name(&commit('1'), "ann@example.org", "");
        let mut verdicts = Verdicts::of(folder.path());
        assert!(!verdicts.is_good(one));
        verdicts.keep(one);
        verdicts.save();
        let file = folder.path().join("towpath/signatures");
        let good = std::fs::read(&file).expect("it is written");
        assert!(Verdicts::of(folder.path()).is_good(one));
        for bad in [&good[..good.len() - 1], &good[1..], b"", b"towpath-signed-2"] {
            std::fs::write(&file, bad).expect("it is written");
            assert!(!Verdicts::of(folder.path()).is_good(one), "{bad:?}");
        }
    }

    #[test]
    fn only_so_many_are_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut verdicts = Verdicts::of(folder.path());
        let many = |n: usize| name(&commit('1'), &n.to_string(), "");
        (0..=MOST).for_each(|n| verdicts.keep(many(n)));
        assert!(verdicts.is_good(many(7)));
        verdicts.save();
        let mut verdicts = Verdicts::of(folder.path());
        assert!(verdicts.is_good(many(7)) && !verdicts.is_good(many(8)));
    }
}
