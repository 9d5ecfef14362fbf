//! Whether commits are signed by whom they must be: Git asks `ssh-keygen` and `gpg`, with the given keys and no others.
//!
//! For each address there is a file of allowed signers and a home of GnuPG of its own, in a temporary folder, with the
//! keys of that address only. So a good signature is one of that address, whatever else the key may sign for; the
//! user's keyring, allowed signers and programs have no say. Must not decide whose signature is wanted.
//! Next: `verdicts`, for those that were good before; `towpath_engine::signers`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest as _, Sha256};
use towpath_core::chain;
use towpath_core::id::CommitId;
use towpath_core::record::Signature;
use towpath_engine::ports::{RepositoryError, SignedBy};
use towpath_engine::signers::{Keys, ssh};

use super::command::cannot_run;
use super::verdicts::{Name, Verdicts, name};
use super::{Git, error, objects};

const WHAT: &str = "cannot check signatures";

/// So many commits are given to one Git; more of them are checked side by side.
const AT_ONCE: usize = 16;

/// What a commit carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Nothing,
    Ssh,
    OpenPgp,
    /// Of a kind that no keys can be stated for.
    Other,
}

/// What Git is asked: `name`, verdict, time, signer, key, and what is between is a NUL.
const FORMAT: &str = "--format=%H%x00%G?%x00%ct%x00%GS%x00%GK";

/// What Git says of a commit's signature.
#[derive(Debug, Clone)]
struct Said {
    verdict: String,
    time: jiff::Timestamp,
    signer: String,
    key: String,
    /// Which program was not there to be asked.
    cannot: Option<String>,
}

impl Said {
    /// Of a signature that no key makes good.
    fn unfit(&self) -> Signature {
        bad(self.cannot.as_deref().unwrap_or("the signature does not fit the commit"))
    }
}

/// The signers of one address, where Git finds them.
struct Place {
    folder: PathBuf,
    /// Why its OpenPGP keys cannot be used.
    no_openpgp: Option<String>,
}

pub(super) fn signatures(
    git: &Git,
    asked: &[SignedBy],
    keys: &Keys,
) -> Result<Vec<Signature>, RepositoryError> {
    let mut verdicts = Verdicts::of(&git.git_dir);
    let mut lines: BTreeMap<&str, String> = BTreeMap::new();
    let names: Vec<Name> = asked
        .iter()
        .map(|SignedBy { commit, email }| {
            let lines = lines.entry(email).or_insert_with(|| allowed(email, keys));
            name(commit, email, lines)
        })
        .collect();
    let good = |SignedBy { email, .. }: &SignedBy| Signature::Good { by: email.clone() };
    let mut found: Vec<Option<Signature>> = asked
        .iter()
        .zip(&names)
        .map(|(it, name)| verdicts.is_good(*name).then(|| good(it)))
        .collect();
    let unknown: Vec<usize> = (0..asked.len()).filter(|i| found[*i].is_none()).collect();
    let rest: Vec<SignedBy> = unknown.iter().map(|i| asked[*i].clone()).collect();
    for (i, (kind, signature)) in unknown.into_iter().zip(check(git, &rest, keys)?) {
        if kind == Kind::Ssh && matches!(signature, Signature::Good { .. }) {
            verdicts.keep(names[i]);
        }
        found[i] = Some(signature);
    }
    verdicts.save();
    Ok(found.into_iter().flatten().collect())
}

/// The lines of allowed signers that an address has.
fn allowed(email: &str, keys: &Keys) -> String {
    keys.ssh_of(email).map(|line| line.written_for(email)).collect()
}

/// Asks Git, with what each commit carries.
fn check(
    git: &Git,
    asked: &[SignedBy],
    keys: &Keys,
) -> Result<Vec<(Kind, Signature)>, RepositoryError> {
    let kinds = kinds(git, asked)?;
    let signed = || asked.iter().zip(&kinds).filter(|(_, kind)| **kind != Kind::Nothing);
    if signed().next().is_none() {
        return Ok(vec![(Kind::Nothing, Signature::Missing); asked.len()]);
    }
    let scratch = tempfile::Builder::new()
        .prefix("towpath-")
        .tempdir()
        .map_err(|source| cannot_run("cannot make a temporary folder", source))?;
    let mut wanted: BTreeMap<&str, (BTreeSet<&CommitId>, bool)> = BTreeMap::new();
    for (SignedBy { commit, email }, kind) in signed() {
        let (commits, openpgp) = wanted.entry(email).or_default();
        commits.insert(commit);
        *openpgp |= *kind == Kind::OpenPgp;
    }
    let mut places = BTreeMap::new();
    let mut jobs = Vec::new();
    for (number, (email, (commits, openpgp))) in wanted.into_iter().enumerate() {
        let folder = scratch.path().join(number.to_string());
        places.insert(email, place(git, folder, email, openpgp, keys)?);
        let commits: Vec<&CommitId> = commits.into_iter().collect();
        jobs.extend(commits.chunks(AT_ONCE).map(|some| (email, some.to_vec())));
    }
    let said = side_by_side(&jobs, |(email, commits)| {
        let found = ask(git, &places[email], commits)?;
        Ok(found.into_iter().map(|(commit, said)| ((*email, commit), said)).collect::<Vec<_>>())
    })?;
    let said: BTreeMap<(&str, String), Said> = said.into_iter().flatten().collect();
    let verdict = |(SignedBy { commit, email }, kind): (&SignedBy, &Kind)| {
        let said = said.get(&(email.as_str(), commit.to_string()));
        let no_openpgp = places.get(email.as_str()).and_then(|place| place.no_openpgp.clone());
        let signature = match (kind, said, no_openpgp) {
            (Kind::Nothing, ..) => Signature::Missing,
            (Kind::OpenPgp, _, Some(why)) => Signature::Bad { why },
            (Kind::OpenPgp, Some(said), None) => openpgp_verdict(said, email, keys),
            (Kind::Ssh, Some(said), _) => ssh_verdict(said, email, keys),
            _ => bad("its signature is neither of SSH nor of OpenPGP"),
        };
        (*kind, signature)
    };
    Ok(asked.iter().zip(&kinds).map(verdict).collect())
}

fn bad(why: impl Into<String>) -> Signature {
    Signature::Bad { why: why.into() }
}

/// What each commit carries, without a look at whether it is good.
fn kinds(git: &Git, asked: &[SignedBy]) -> Result<Vec<Kind>, RepositoryError> {
    let names: Vec<String> = asked.iter().map(|asked| asked.commit.to_string()).collect();
    let mut kinds = Vec::with_capacity(names.len());
    if !names.is_empty() {
        objects::each_object(git, &names, "commit", WHAT, &mut |content| {
            kinds.push(kind(&content));
        })?;
    }
    Ok(kinds)
}

fn kind(commit: &[u8]) -> Kind {
    for line in commit.split(|b| *b == b'\n').take_while(|line| !line.is_empty()) {
        let value = line.strip_prefix(b"gpgsig ").or_else(|| line.strip_prefix(b"gpgsig-sha256 "));
        match value {
            Some(b"-----BEGIN SSH SIGNATURE-----") => return Kind::Ssh,
            Some(b"-----BEGIN PGP SIGNATURE-----" | b"-----BEGIN PGP MESSAGE-----") => {
                return Kind::OpenPgp;
            }
            Some(_) => return Kind::Other,
            None => {}
        }
    }
    Kind::Nothing
}

/// Writes what Git needs to check signatures of one address.
fn place(
    git: &Git,
    folder: PathBuf,
    email: &str,
    openpgp: bool,
    keys: &Keys,
) -> Result<Place, RepositoryError> {
    let home = folder.join("gnupg");
    let files = || {
        std::fs::create_dir_all(&home)?;
        make_private(&home)?;
        std::fs::write(folder.join("allowed_signers"), allowed(email, keys))?;
        // Nothing is revoked here: a key that counts no more is not listed.
        std::fs::write(folder.join("revoked"), "")?;
        // Whose a key is was decided by whoever reviewed its name; nobody is asked for more of them.
        std::fs::write(home.join("gpg.conf"), "trust-model always\nno-auto-key-retrieve\n")?;
        // No daemon is to outlive the folder.
        std::fs::write(home.join("common.conf"), "no-autostart\n")?;
        let mut exports = Vec::new();
        for (number, keys) in keys.openpgp_of(email).enumerate() {
            let file = folder.join(format!("{number}.key"));
            std::fs::write(&file, &keys.bytes)?;
            exports.push((file, keys));
        }
        Ok(exports)
    };
    let exports =
        files().map_err(|source| cannot_run("cannot write a temporary folder", source))?;
    let mut no_openpgp = None;
    if openpgp {
        no_openpgp = match &keys.openpgp_folder {
            None => Some(
                "it is signed with an OpenPGP key, and towpath.yaml names no folder of them"
                    .to_owned(),
            ),
            Some(at) if exports.is_empty() => Some(format!("{at} holds no key of {email}")),
            Some(_) => None,
        };
        for (file, keys) in exports {
            no_openpgp = no_openpgp.or_else(|| match import(git, &home, &file) {
                Ok(true) => None,
                Ok(false) => Some(format!("{} is no exported OpenPGP key", keys.file)),
                Err(error) => Some(format!("it cannot be checked here: {}", chain(&error))),
            });
        }
    }
    Ok(Place { folder, no_openpgp })
}

/// GnuPG warns of a home that others can read.
fn make_private(folder: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    }
    let _ = folder;
    Ok(())
}

/// Takes keys into a home. Whether they are keys.
fn import(git: &Git, home: &Path, file: &Path) -> Result<bool, RepositoryError> {
    let call = git.program.gpg(["--batch", "--quiet", "--import"]);
    Ok(call.args([file]).env("GNUPGHOME", home).finish(WHAT)?.status.success())
}

/// Asks Git for its verdicts.
fn ask(
    git: &Git,
    place: &Place,
    commits: &[&CommitId],
) -> Result<Vec<(String, Said)>, RepositoryError> {
    let set = |name: &str, file: &str| {
        let mut text = std::ffi::OsString::from(format!("{name}="));
        text.push(place.folder.join(file));
        text
    };
    let names: String = commits.iter().map(|commit| format!("{commit}\n")).collect();
    let output = git
        .program
        .call(["-c", "gpg.program=gpg", "-c", "gpg.openpgp.program=gpg"])
        .args(["-c", "gpg.ssh.program=ssh-keygen", "-c", "gpg.minTrustLevel=undefined"])
        .args(["-c".into(), set("gpg.ssh.allowedSignersFile", "allowed_signers")])
        .args(["-c".into(), set("gpg.ssh.revocationFile", "revoked")])
        .args(["log", "--no-walk=unsorted", "--no-show-signature", "--no-patch", "-z", FORMAT])
        .args(["--stdin"])
        .input(names)
        .env("GNUPGHOME", place.folder.join("gnupg"))
        // Times of allowed signers are written in it.
        .env("TZ", "UTC")
        .finish(WHAT)?;
    if !output.status.success() {
        return Err(error::failure(WHAT, &output.stderr));
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let cannot = stderr.lines().find_map(|line| line.strip_prefix("error: cannot run "));
    let cannot = cannot.map(|program| format!("it cannot be checked here: cannot run {program}"));
    let text = String::from_utf8_lossy(&output.stdout);
    let fields: Vec<&str> = text.split('\0').collect();
    let mut out = Vec::new();
    for said in fields.chunks_exact(5) {
        let [name, verdict, time, signer, key] = said else { continue };
        let seconds = time.parse().unwrap_or(0);
        let said = Said {
            verdict: (*verdict).to_owned(),
            time: jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH),
            signer: (*signer).to_owned(),
            key: (*key).to_owned(),
            cannot: cannot.clone(),
        };
        out.push(((*name).to_owned(), said));
    }
    Ok(out)
}

fn ssh_verdict(said: &Said, email: &str, keys: &Keys) -> Signature {
    match said.verdict.as_str() {
        "G" if said.signer == email => Signature::Good { by: email.to_owned() },
        // Good by itself, and of a key that this address may not sign with.
        "G" | "U" => {
            let is_it = |line: &ssh::Line| fingerprint(&line.key) == said.key;
            bad(keys.why_not(email, &said.key, &is_it, said.time))
        }
        _ => said.unfit(),
    }
}

fn openpgp_verdict(said: &Said, email: &str, keys: &Keys) -> Signature {
    let key = if said.key.is_empty() { "a key" } else { &said.key };
    match said.verdict.as_str() {
        // Its home holds no key but those of this address.
        "G" | "U" => Signature::Good { by: email.to_owned() },
        "X" => bad("the signature has expired"),
        "Y" => bad(format!("key {key} has expired")),
        "R" => bad(format!("key {key} was revoked")),
        "E" => {
            let folder = keys.openpgp_folder.as_ref().map(ToString::to_string).unwrap_or_default();
            bad(format!("it is signed with {key}, which is no key of {email} in {folder}"))
        }
        _ => said.unfit(),
    }
}

/// What `ssh-keygen` calls a key.
fn fingerprint(key: &str) -> String {
    let digest = STANDARD.decode(key).map(Sha256::digest);
    digest.map(|digest| format!("SHA256:{}", STANDARD_NO_PAD.encode(digest))).unwrap_or_default()
}

/// Does independent pieces of work on as many threads as there are processors; the answers in their order.
fn side_by_side<J: Sync, R: Send>(
    jobs: &[J],
    work: impl Fn(&J) -> Result<R, RepositoryError> + Sync,
) -> Result<Vec<R>, RepositoryError> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        while let Some((at, job)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            jobs.get(at).map(|job| (at, job))
        } {
            done.push((at, work(job)));
        }
        done
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(jobs.len());
    let mut done: Vec<(usize, Result<R, RepositoryError>)> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        let ended = running.into_iter().map(|thread| thread.join());
        ended
            .flat_map(|done| done.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, done)| done).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_commit_carries() {
        for (header, expected) in [
            ("", Kind::Nothing),
            ("gpgsig -----BEGIN SSH SIGNATURE-----\n x\n -----END\n", Kind::Ssh),
            ("gpgsig-sha256 -----BEGIN PGP SIGNATURE-----\n x\n", Kind::OpenPgp),
            ("gpgsig -----BEGIN SIGNED MESSAGE-----\n x\n", Kind::Other),
        ] {
            let commit =
                format!("tree x\nauthor a\n{header}\ngpgsig -----BEGIN SSH SIGNATURE-----\n");
            assert_eq!(kind(commit.as_bytes()), expected, "{header}");
        }
    }

    #[test]
    fn a_key_has_the_name_that_ssh_keygen_gives_it() {
        let key = "AAAAC3NzaC1lZDI1NTE5AAAAIHOxB0yXyPjnRX6+Y/9a7Wy30X3kw5N6GoAxAjPGZgJq";
        assert_eq!(fingerprint(key), "SHA256:D04t2VdE3oowxVIN2VbDX4wZAkA++VSYAelCQFlXtcw");
        assert_eq!(fingerprint("no base 64"), "");
    }
}
