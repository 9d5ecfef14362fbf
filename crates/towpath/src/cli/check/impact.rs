//! `towpath check --impact` and `--removing`: whom a change or a planned removal concerns.
//!
//! Must not decide who that is: that is `towpath_check::impact`. Silenced findings count: that a finding is accepted
//! does not take the object from its owner.

use std::collections::BTreeSet;

use towpath_api::output::{AffectedOutput, BecauseOutput, ImpactOutput, MessageOutput};
use towpath_check::impact::{
    self, Affected, Because, Impact, Message, Owner, Owners, RULES, Removal,
};
use towpath_check::judge::{self, Chosen};
use towpath_check::live;
use towpath_check::subject::Source;
use towpath_core::finding::Finding;

use super::super::args::{CheckArgs, Global};
use super::super::exit;
use super::super::failure::Failure;
use super::super::print::Printer;
use super::answer::{Answer, has_format};
use super::seen::{Seen, seen};
use super::{Question, judged};

pub(super) fn run(
    global: &Global,
    args: &CheckArgs,
    mut question: Question,
    printer: &Printer,
) -> Result<u8, Failure> {
    has_format(global, if args.removing.is_some() { "--removing" } else { "--impact" })?;
    let removal =
        args.removing.as_deref().map(str::parse::<Removal>).transpose().map_err(|error| {
            Failure::new("what is to be removed is not understood").because(error)
        })?;
    question.chosen = Chosen::where_id(|id| RULES.contains(&id));
    let seen = seen(global, &args.paths, &question)?;
    let owners = match &seen.checks.owners {
        Some(labels) => Owners { labels: labels.clone() },
        None => Owners::default(),
    };
    let mut found = match &removal {
        Some(removal) => impact::users_of(&seen.given, removal, &owners),
        None => {
            let before = seen.before.as_ref().map(|before| &before.given);
            impact::impact(&seen.given, before, &findings(&question, &seen), &owners)
        }
    };
    let not_seen: BTreeSet<String> = found.not_seen.drain(..).chain(seen.not_seen).collect();
    found.not_seen = not_seen.into_iter().collect();
    let answer = Answer {
        kind: "Impact",
        text: if args.messages { impact::text(&found) } else { impact::table(&found) },
        markdown: impact::markdown(&found),
        content: output(&found),
    };
    answer.print(global.output, printer)?;
    Ok(if found.affected.is_empty() { exit::YES } else { exit::NO })
}

/// What the change brings: what was found before is none of it. A rule that is off finds nothing.
fn findings(question: &Question, seen: &Seen) -> Vec<Finding> {
    let mut found = judge::arranged(judged(question, &seen.given));
    found.retain(|finding| seen.checks.severities.get(finding.rule) != Some(&None));
    match &seen.before {
        Some(before) => {
            // What a connected cluster has is nothing that the change brings.
            found.retain(|finding| live::cluster(&finding.at.file).is_none());
            judge::new_since(&before.findings, found)
        }
        None => found,
    }
}

fn output(impact: &Impact) -> ImpactOutput {
    let message =
        |message: Message| MessageOutput { to: message.to.to_string(), text: message.text };
    ImpactOutput {
        environments: impact.environments.iter().map(ToString::to_string).collect(),
        affected: impact.affected.iter().map(affected).collect(),
        messages: impact::messages(impact).into_iter().map(message).collect(),
        not_seen: impact.not_seen.clone(),
    }
}

fn affected(affected: &Affected) -> AffectedOutput {
    let (owner, owner_known_by) = match &affected.owner {
        Owner::Named(name) => (Some(name.clone()), "label"),
        Owner::Namespace(name) => (Some(name.clone()), "namespace"),
        Owner::Nobody => (None, "none"),
    };
    let (known_by, said_by) = match &affected.source {
        Source::File | Source::Rendered => ("file", None),
        Source::HelmRelease { release } => ("helm-release", Some(release.clone())),
        Source::Served => ("cluster", None),
        Source::Live { said_by } => ("cluster", Some(said_by.clone())),
    };
    AffectedOutput {
        owner,
        owner_known_by: owner_known_by.to_owned(),
        namespace: affected.namespace.clone(),
        api_version: affected.api_version.clone(),
        object: affected.object.to_string(),
        known_by: known_by.to_owned(),
        said_by,
        file: affected.at.file.to_string(),
        line: affected.at.line,
        column: affected.at.column,
        environments: affected.environments.iter().map(ToString::to_string).collect(),
        because: affected.because.iter().map(because).collect(),
    }
}

fn because(because: &Because) -> BecauseOutput {
    BecauseOutput {
        cause: because.cause.code().to_owned(),
        certain: because.cause.is_certain(),
        message: because.cause.says(),
        fix: because.cause.todo(),
        environments: because.environments.iter().map(ToString::to_string).collect(),
    }
}
