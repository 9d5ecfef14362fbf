//! Carrying out an action: every byte as it was planned, or nothing at all.

use towpath_core::action::{Action, Outcome};
use towpath_core::plan::Request;
use towpath_engine::act::{ActError, Target, act, edited_files};
use towpath_engine::ports::{FileMode, Repository as _, TreeChange};
use towpath_testkit::contract::{put, remove};
use towpath_testkit::memory::MemoryRemote;
use towpath_testkit::memory_registry::MemoryRegistry;
use towpath_testkit::world::{self, clone_of};

use crate::actor::{Actor, version};

type Outcomes = Result<(), Box<dyn std::error::Error>>;

const PIN: &str = "clusters/production/platform.yaml";

/// An action that is ready on the trunk.
fn ready() -> Result<(MemoryRemote, Action), Box<dyn std::error::Error>> {
    let registry = MemoryRegistry::new();
    let remote = world::remote();
    let ada = Actor::new(&remote, "Ada", &registry);
    ada.release(&version("0.0.1"))?;
    let bo = Actor::new(&remote, "Bo", &registry);
    bo.approve(&Request::default())?;
    let action = bo.plan(&Request::default())?.1.action.expect("it is approved");
    Ok((remote, action))
}

#[test]
fn one_value_changes_and_nothing_beside_it() -> Outcomes {
    let (remote, action) = ready()?;
    let clone = clone_of(&remote, "Ada");
    let Outcome::Done { commit } = act(&clone, &action, &Target::Trunk)? else {
        panic!("nobody else is here");
    };
    let before = world::text(&clone, &action.parent, PIN)?.expect("it is there");
    let after = world::text(&clone, &commit, PIN)?.expect("it is there");
    assert_eq!(after, before.replace("semver: 0.0.x # follows", "tag: 0.0.1 # follows"));
    let names = |id| {
        clone.entries(id).map(|all| all.into_iter().map(|e| (e.path, e.mode)).collect::<Vec<_>>())
    };
    assert_eq!(names(&commit)?, names(&action.parent)?);
    let again = act(&clone, &action, &Target::Trunk)?;
    assert_eq!(again, Outcome::Stale { found: Some(commit) }, "the second time it is stale");
    Ok(())
}

#[test]
fn a_file_that_is_gone_or_says_something_else_is_not_edited() -> Outcomes {
    let (remote, mut action) = ready()?;
    let clone = clone_of(&remote, "Ada");
    let text = world::text(&clone, &action.parent, PIN)?.expect("it is there");
    let cases = [
        (vec![remove(PIN)], "FileGone"),
        (vec![put(PIN, text.replace("0.0.x", "0.1.x"))], "BytesDiffer"),
        (vec![put(PIN, format!("# one more line\n{text}"))], "BytesDiffer"),
        (vec![put(PIN, "")], "BytesDiffer"),
    ];
    for (changes, want) in cases {
        let commit =
            towpath_testkit::contract::commit_on(&clone, Some(&action.parent), "by hand", changes)?;
        let error = edited_files(&clone, &commit, &action.edits).expect_err("it is refused");
        assert!(format!("{error:?}").starts_with(want), "{error:?}");
    }
    // An edit that would change the meaning of what stands beside it.
    action.edits[0].new = "tag: 0.0.1\n  suspend: true".to_owned();
    let before = clone.tip(&world::main())?;
    let error = act(&clone, &action, &Target::Trunk).expect_err("it is refused");
    assert!(matches!(error, ActError::Edit { .. }), "{error:?}");
    clone.fetch()?;
    assert_eq!(clone.tip(&world::main())?, before, "no branch has moved");
    Ok(())
}

#[test]
fn an_edited_file_keeps_its_mode() -> Outcomes {
    let (remote, action) = ready()?;
    let clone = clone_of(&remote, "Ada");
    let bytes = world::text(&clone, &action.parent, PIN)?.expect("it is there").into_bytes();
    let path = towpath_core::id::RepoPath::parse(PIN)?;
    let change = TreeChange::Put { path, mode: FileMode::Executable, bytes };
    let commit =
        towpath_testkit::contract::commit_on(&clone, Some(&action.parent), "x", vec![change])?;
    let edited = edited_files(&clone, &commit, &action.edits)?;
    assert!(matches!(edited[..], [TreeChange::Put { mode: FileMode::Executable, .. }]));
    Ok(())
}
