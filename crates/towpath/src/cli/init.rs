//! `towpath init`: infers the path and writes it down, once.

use std::fmt::Write as _;
use std::io::Write as _;

use towpath_api::output::InitOutput;
use towpath_api::path_file::{FILE_NAME, parse};
use towpath_api::path_text::{self, ComponentNote, EnvironmentNote};
use towpath_core::gate::{Condition, Gate};
use towpath_core::path::Environment;
use towpath_core::pin::NotEditable;
use towpath_core::tracking::{Policy, Tracking};
use towpath_engine::survey::Survey;

use super::Answer;
use super::args::{Global, InitArgs};
use super::failure::Failure;
use super::session::Session;
use super::words::list;

pub(crate) fn run(global: &Global, args: &InitArgs) -> Result<Answer, Failure> {
    let session = Session::open(global)?;
    let target = session.root.join(FILE_NAME);
    if target.exists() && !args.dry_run {
        return Err(Failure::new(format!(
            "{} is already there, and is never overwritten",
            target.display()
        ))
        .hint("edit it, or move it away; `towpath init --dry-run` prints what would be written"));
    }
    let survey = session.survey_here()?;
    let path = &survey.resolved.path;
    let notes: Vec<_> =
        path.environments().iter().filter(|e| !e.sandbox).map(|e| note(&survey, e)).collect();
    let components: Vec<ComponentNote> = survey
        .resolved
        .why
        .components
        .iter()
        .map(|c| ComponentNote { component: c.name.clone(), pins: c.pins.clone() })
        .collect();
    let text = path_text::write(path, &components, &notes);
    // What is written must be read back, or the next command would fail on it.
    parse(FILE_NAME, text.as_bytes())?;
    let environments: Vec<String> = notes.iter().map(|n| n.environment.to_string()).collect();
    let components: Vec<String> = path.components.iter().map(|c| c.name.to_string()).collect();
    let shown = if args.dry_run {
        text
    } else {
        let mut file = tempfile::NamedTempFile::new_in(&session.root)?;
        file.write_all(text.as_bytes())?;
        make_readable(file.as_file())?;
        file.persist_noclobber(&target)?;
        let mut shown = String::new();
        let _ = writeln!(
            shown,
            "wrote {}: {} for {}",
            FILE_NAME,
            environments.join(" -> "),
            list(&components)
        );
        shown
    };
    session.save_cache();
    let output = InitOutput { file: FILE_NAME.to_owned(), environments, components };
    let answer = Answer::new(true, shown, "Init", output)?;
    Ok(if args.dry_run { answer } else { answer.next("read it, commit it, then `towpath status`") })
}

/// A temporary file is the owner's alone; a file of a repository is everybody's to read.
fn make_readable(file: &std::fs::File) -> Result<(), Failure> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}

/// What to state about an environment: production is exact whatever Git has, and wants an approval.
fn note(survey: &Survey, environment: &Environment) -> EnvironmentNote {
    let first = survey.resolved.path.components.iter().find_map(|component| {
        survey
            .resolved
            .pins
            .iter()
            .find(|p| p.environment == environment.name && p.component == component.name)
    });
    let actual: Option<Tracking> = first.map(|p| p.tracking.clone());
    // What holds its own pin cannot be made exact, and stating it would be a wish that nothing grants.
    let own = first.is_some_and(|p| p.splices == Err(NotEditable::OwnSource));
    let tracks = if environment.production && !own {
        Policy::Exact
    } else {
        environment.stated.or(actual.as_ref().map(Tracking::policy)).unwrap_or(Policy::Branch)
    };
    let mut gates = environment.gates.clone();
    if gates.is_empty() && environment.production && !own {
        let approval = Condition::Approval {
            count: 1,
            by: Default::default(),
            valid_for: None,
            signed: false,
        };
        gates = Gate::named(vec![approval]);
    }
    EnvironmentNote { environment: environment.name.clone(), tracks, actual, gates }
}
