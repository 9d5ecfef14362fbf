//! `towpath diff`: what differs between two sides, object by object and field by field.
//!
//! Reads the sides and asks [`compare`](towpath_render::compare); each form of the answer is a function of its
//! [`Groups`] in a file of its own: [`text`] for people, [`markdown`] for a pull request, [`unified`] as `diff -u`
//! writes, [`json`] for programs. What they share is in [`words`]. None of them ever holds a secret.

mod between;
mod here;
mod input;
mod json;
mod lack;
mod markdown;
mod operand;
#[cfg(test)]
mod tests;
mod text;
mod unified;
mod words;

use std::collections::BTreeSet;

use towpath_core::id::CommitId;
use towpath_core::path::Path as ChangePath;
use towpath_engine::ports::Repository as _;
use towpath_engine::rendered::ClusterDifference;
use towpath_render::Object;
use towpath_render::compare::{self, Grouper, Groups};
use towpath_render::kustomize::patch::schema::Schema;

use super::Answer;
use super::args::{DiffArgs, Global, OutputFormat};
use super::failure::Failure;
use super::print::Printer;
use super::session::{Session, remote_bases};

use here::Here;
use operand::Operand;

pub(super) use between::{each, same_clusters};
pub(super) use json::output;
pub(super) use lack::Lack;
pub(super) use text::{changes, lacking};
pub(super) use words::counts;

/// The two sides as the user named them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sides<'a> {
    pub(super) old: &'a str,
    pub(super) new: &'a str,
    /// What of them could not be compared.
    pub(super) lacks: &'a [Lack],
}

pub(crate) fn run(global: &Global, args: &DiffArgs, printer: &Printer) -> Result<Answer, Failure> {
    if args.old == "-" && args.new == "-" {
        return Err(Failure::new("both sides cannot be standard input"));
    }
    let root = &global.directory;
    let sides = Sides { old: &args.old, new: &args.new, lacks: &[] };
    let plain = || {
        let remotes = remote_bases(global);
        let read = |name| input::objects(&operand::plain(root, name), name, root, &remotes, None);
        let groups = of_objects(&read(&args.old)?, &read(&args.new)?);
        answer(&groups, sides, global.output)
    };
    if operand::is_plain(root, &args.old) && operand::is_plain(root, &args.new) {
        return plain();
    }
    let session = Session::open(global)?;
    let commits = commits(&session, args)?;
    let key: Option<Vec<String>> = commits.as_ref().map(|(was, is)| {
        let format = format!("{:?}", global.output);
        vec![
            "diff".to_owned(),
            format,
            was.to_string(),
            is.to_string(),
            args.old.clone(),
            args.new.clone(),
        ]
    });
    if let Some(known) = key.as_ref().and_then(|key| session.answers.get(key)) {
        return Ok(known);
    }
    let here = match Here::new(&session, commits.as_ref()) {
        Ok(here) => here,
        // Where there is no path, a name can only be a file's.
        Err(_) if [&args.old, &args.new].iter().any(|name| root.join(name).exists()) => {
            return plain();
        }
        Err(failure) => return Err(failure),
    };
    let old = operand::parse(&here, root, &args.old)?;
    let new = operand::parse(&here, root, &args.new)?;
    if old.is_list_beside(&new) || new.is_list_beside(&old) {
        let remotes = session.remotes();
        let read = |side, name: &str| input::objects(side, name, root, remotes, Some(&here));
        let groups = of_objects(&read(&old, &args.old)?, &read(&new, &args.new)?);
        session.save_cache();
        return answer(&groups, sides, global.output);
    }
    refuse_unlike(&old, &new)?;
    let differences = between::differences(&here, &old, &new, printer)?;
    session.builds.save();
    let (groups, lacks) = gather(differences, here.path());
    let answer = answer(&groups, Sides { lacks: &lacks, ..sides }, global.output)?;
    if let Some(key) = key.filter(|_| here.is_of_files_alone()) {
        session.answers.put(&key, &answer);
    }
    // The process is about to end, see `between::each`.
    std::mem::forget((here, groups));
    Ok(answer)
}

/// Both sides, where they can only be commits. Those never change, and the folder has no say.
fn commits(session: &Session, args: &DiffArgs) -> Result<Option<(CommitId, CommitId)>, Failure> {
    let revisions = operand::revision(&args.old).zip(operand::revision(&args.new));
    let (Some((old, new)), Some(git)) = (revisions, &session.git) else { return Ok(None) };
    Ok(git.resolve(old)?.zip(git.resolve(new)?))
}

/// All differences as one answer, the environments in the order of the path.
pub(super) fn gather(
    differences: Vec<ClusterDifference>,
    path: &ChangePath,
) -> (Groups, Vec<Lack>) {
    let mut grouper = Grouper::default();
    let mut not_compared = BTreeSet::new();
    for difference in differences {
        not_compared.extend(difference.not_compared);
        for (place, changes) in difference.places {
            grouper.add(place, changes);
        }
    }
    let mut groups = grouper.finish();
    let order = |name: &str| path.environments().iter().position(|e| e.name.as_str() == name);
    groups.summary.environments.sort_by_key(|environment| order(&environment.name));
    (groups, lack::grouped(not_compared))
}

/// Refuses two sides that answer different questions.
fn refuse_unlike(old: &Operand<'_>, new: &Operand<'_>) -> Result<(), Failure> {
    let unlike = match (old, new) {
        (Operand::Release(..), other) | (other, Operand::Release(..)) => {
            !matches!(other, Operand::Release(..)) && !other.names_clusters()
        }
        (old, new) => !old.is_of_clusters() || !new.is_of_clusters(),
    };
    if !unlike {
        return Ok(());
    }
    Err(Failure::new(format!("{} cannot be compared with {}", old.kind(), new.kind()))
        .hint("two states of the repository or two releases are compared on every cluster")
        .hint("a cluster or an environment is compared with another, a release or a state of the repository")
        .hint("a folder, a file or standard input is compared with another, or with a cluster"))
}

fn of_objects(old: &[Object], new: &[Object]) -> Groups {
    Groups::of_one(compare::objects(old, new, Schema::builtin()))
}

fn answer(groups: &Groups, sides: Sides<'_>, format: OutputFormat) -> Result<Answer, Failure> {
    let text = match format {
        OutputFormat::Markdown => markdown::write(groups, sides, markdown::MOST),
        OutputFormat::Unified => unified::write(groups, sides.lacks),
        OutputFormat::Json | OutputFormat::Yaml => String::new(),
        _ => text::write(groups, sides),
    };
    // Of what could not be compared nobody can say that it is the same.
    let same = groups.is_empty() && sides.lacks.is_empty();
    Answer::new(same, text, "Diff", json::output(groups, sides))
}
