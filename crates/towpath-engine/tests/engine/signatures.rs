//! Approvals that must be signed: by whom they say they are, with a key that the trunk lists.

use towpath_core::plan::{Outcome, Request};
use towpath_core::record::{Event, PlanHash};
use towpath_engine::ledger;
use towpath_engine::ports::{Person, Repository as _};
use towpath_testkit::contract::{put, remove};
use towpath_testkit::memory::MemoryRemote;
use towpath_testkit::memory_registry::MemoryRegistry;
use towpath_testkit::world::{self, environment, platform};

use crate::actor::{Actor, version};

type Outcomes = Result<(), Box<dyn std::error::Error>>;

const FILE: &str = ".towpath/allowed_signers";
const BOS_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBoBoBoBoBoBoBoBo";
const EVES_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEveEveEveEveEveEve";

/// A platform whose production asks for one signed approval, with 0.0.1 released.
struct Stage {
    remote: MemoryRemote,
    registry: MemoryRegistry,
}

impl Stage {
    fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let stage = Self { remote: world::remote(), registry: MemoryRegistry::new() };
        let path = world::PATH_FILE.replace("count: 1\n", "count: 1\n        signed: true\n")
            + "  signers:\n    ssh: .towpath/allowed_signers\n";
        stage.put("towpath.yaml", &path)?;
        stage.put(FILE, "# nobody yet\n")?;
        stage.actor("Ada").release(&version("0.0.1"))?;
        Ok(stage)
    }

    fn actor(&self, who: &str) -> Actor<'_> {
        Actor::new(&self.remote, who, &self.registry)
    }

    /// Changes a file of the trunk.
    fn put(&self, path: &str, text: &str) -> Outcomes {
        world::commit(&self.actor("Ada").git.inner, "a change", vec![put(path, text)])?;
        Ok(())
    }

    /// Approves what is planned now, in a new record, signed with a key or not.
    fn approve(&self, who: &str, key: Option<&str>) -> Outcomes {
        let actor = self.actor(who);
        actor.git.inner.set_signing_key(key);
        let (_, proposal) = actor.plan(&Request::default())?;
        let event = approval(proposal.hash.expect("there is a plan"));
        ledger::append(&actor.git, actor.now, event)?;
        Ok(())
    }

    /// What the gate says to somebody who has just cloned.
    fn gate(&self) -> Result<String, Box<dyn std::error::Error>> {
        let (_, proposal) = self.actor("Cy").plan(&Request::default())?;
        let gate = proposal.gates.iter().find(|gate| gate.gate.as_str() == "approval");
        let gate = gate.expect("there is such a gate");
        assert_eq!(gate.passes(), proposal.outcome == Outcome::Ready);
        Ok(match gate.why() {
            Some(why) => why.to_string().split_once("; ").map_or("", |(_, why)| why).to_owned(),
            None => format!("{}: {}", gate.word(), gate.overridden.is_some()),
        })
    }
}

fn approval(plan: PlanHash) -> Event {
    let (environment, component) = (environment("production"), platform());
    Event::Approved { environment, component, version: version("0.0.1"), plan }
}

#[test]
fn an_approval_counts_once_the_trunk_lists_the_key_that_signed_it() -> Outcomes {
    let stage = Stage::new()?;
    stage.approve("Bo", None)?;
    let bos = "the approval of Bo <bo@example.org> does not count: ";
    assert_eq!(stage.gate()?, format!("{bos}it is not signed"));

    stage.approve("Bo", Some(BOS_KEY))?;
    let not_listed = format!("{bos}{FILE} does not list the key");
    assert!(stage.gate()?.ends_with(&not_listed), "{}", stage.gate()?);

    stage.put(FILE, &format!("bo@example.org {BOS_KEY}\n"))?;
    assert_eq!(stage.gate()?, "open: false");

    stage.put(FILE, &format!("eve@example.org {EVES_KEY}\n"))?;
    assert!(stage.gate()?.ends_with(&not_listed), "{}", stage.gate()?);
    Ok(())
}

/// Whoever may push to the ledger can write a commit in anybody's name, and sign it with a key that is listed.
#[test]
fn nobody_approves_in_somebody_elses_name() -> Outcomes {
    let stage = Stage::new()?;
    stage.put(FILE, &format!("bo@example.org {BOS_KEY}\neve@example.org {EVES_KEY}\n"))?;
    let eve = stage.actor("Eve");
    eve.git.inner.set_signing_key(Some(EVES_KEY));
    let (_, proposal) = eve.plan(&Request::default())?;
    let bo = Person { name: "Bo".to_owned(), email: "bo@example.org".to_owned() };
    eve.git.inner.set_user(Some(bo));
    ledger::append(&eve.git, eve.now, approval(proposal.hash.expect("there is a plan")))?;
    assert_eq!(
        stage.gate()?,
        "the approval of Bo <bo@example.org> does not count: it is signed by eve@example.org, and the record is by \
         bo@example.org"
    );
    Ok(())
}

#[test]
fn a_key_that_is_over_opens_no_gate() -> Outcomes {
    let stage = Stage::new()?;
    // A commit says itself when it was made: this one, that it was long ago.
    for (until, expected) in [("20260301090000", "open: false"), ("20260301085959", "only")] {
        stage.put(FILE, &format!("bo@example.org valid-before=\"{until}\" {BOS_KEY}\n"))?;
        stage.approve("Bo", Some(BOS_KEY))?;
        assert!(stage.gate()?.ends_with(expected), "{}", stage.gate()?);
    }
    Ok(())
}

#[test]
fn keys_that_cannot_be_told_open_no_gate() -> Outcomes {
    let stage = Stage::new()?;
    stage.approve("Bo", Some(BOS_KEY))?;
    let line = format!("bo@example.org {BOS_KEY}");
    for (text, problem) in [
        (format!("{line}\nbo@example.org ssh-ed25519\n"), "line 2: there is no public key"),
        (format!("{line}\nbo {line}\n"), "line 2: \"bo@example.org\" is neither a kind of key"),
    ] {
        stage.put(FILE, &text)?;
        let gate = stage.gate()?;
        assert!(gate.contains(&format!("it cannot be checked: {FILE}: {problem}")), "{gate}");
    }
    world::commit(&stage.actor("Ada").git.inner, "no file", vec![remove(FILE)])?;
    let gate = stage.gate()?;
    assert!(gate.contains(&format!("towpath.yaml names {FILE} for the keys of signers")), "{gate}");
    Ok(())
}

/// Or an unsigned word would stand for the signed ones.
#[test]
fn an_override_of_signed_approvals_is_signed() -> Outcomes {
    let stage = Stage::new()?;
    stage.put(FILE, &format!("bo@example.org {BOS_KEY}\n"))?;
    for (key, expected) in [(None, ""), (Some(EVES_KEY), ""), (Some(BOS_KEY), "waiting: true")] {
        let bo = stage.actor("Bo");
        bo.git.inner.set_signing_key(key);
        let (_, proposal) = bo.plan(&Request::default())?;
        let event = Event::Overridden {
            environment: environment("production"),
            component: platform(),
            gate: "approval".to_owned(),
            plan: proposal.hash.expect("there is a plan"),
            reason: "an outage".to_owned(),
            expires: bo.now.checked_add(jiff::Span::new().hours(1))?,
        };
        ledger::append(&bo.git, bo.now, event)?;
        let (_, proposal) = stage.actor("Cy").plan(&Request::default())?;
        assert_eq!(proposal.outcome == Outcome::Ready, !expected.is_empty(), "{key:?}");
    }
    Ok(())
}

/// A signature costs a process: a ledger of many approvals costs what this plan's do.
#[test]
fn only_what_was_said_of_this_plan_is_checked() -> Outcomes {
    let stage = Stage::new()?;
    let bo = stage.actor("Bo");
    bo.git.inner.set_signing_key(Some(BOS_KEY));
    for n in 0..50_u32 {
        ledger::append(&bo.git, bo.now, approval(PlanHash::parse(&format!("{n:064x}"))?))?;
    }
    stage.approve("Bo", Some(BOS_KEY))?;
    stage.approve("Eve", None)?;
    bo.git.fetch()?;
    bo.git.forget();
    bo.plan(&Request::default())?;
    assert_eq!((bo.git.calls("signatures"), bo.git.items("signatures")), (1, 2));
    Ok(())
}
