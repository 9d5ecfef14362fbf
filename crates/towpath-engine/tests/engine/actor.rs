//! A platform engineer with a clone: what they can do, each through the engine as the commands do it.

use jiff::Timestamp;
use towpath_core::plan::{Proposal, Request};
use towpath_core::record::Event;
use towpath_core::version::Version;
use towpath_engine::act::Target;
use towpath_engine::ledger::{self, Entry, LedgerError};
use towpath_engine::ports::{Registry, Repository as _};
use towpath_engine::promote::{Loop, PromoteError, Promoted, View};
use towpath_engine::release::{self, About, ReleaseError};
use towpath_engine::survey::{NoStore, read_commit, survey};
use towpath_testkit::memory::{MemoryRemote, MemoryRepository};
use towpath_testkit::watched::Watched;
use towpath_testkit::world::{self, environment, platform};

pub(crate) struct Actor<'a> {
    pub(crate) git: Watched<MemoryRepository>,
    pub(crate) registry: &'a dyn Registry,
    pub(crate) now: Timestamp,
}

pub(crate) fn version(text: &str) -> Version {
    Version::parse(text).expect("the test names a version")
}

impl<'a> Actor<'a> {
    pub(crate) fn new(remote: &MemoryRemote, who: &str, registry: &'a dyn Registry) -> Self {
        let now = world::at("2026-03-01T09:00:00Z");
        Self { git: Watched::new(world::clone_of(remote, who)), registry, now }
    }

    pub(crate) fn engine(&self) -> Loop<'_> {
        Loop {
            repository: &self.git,
            registry: Some(self.registry),
            store: &NoStore,
            kept: None,
            now: self.now,
            trunk: world::main(),
            clusters: None,
            gauges: None,
        }
    }

    pub(crate) fn plan(&self, to: &Request) -> Result<(View, Proposal), PromoteError> {
        let engine = self.engine();
        let view = engine.look()?;
        let proposal = engine.plan(&view, &environment("production"), &platform(), to)?;
        Ok((view, proposal.expect("production is there")))
    }

    pub(crate) fn promote(&self, to: &Request) -> Result<Promoted, PromoteError> {
        self.promote_to(to, &Target::Trunk)
    }

    pub(crate) fn promote_to(
        &self,
        to: &Request,
        target: &Target,
    ) -> Result<Promoted, PromoteError> {
        let done = self.engine().promote(&environment("production"), &platform(), to, target)?;
        Ok(done.expect("production is there"))
    }

    /// Releases the head of the trunk as this clone knows it.
    pub(crate) fn release(&self, version: &Version) -> Result<(bool, Entry), ReleaseError> {
        let git = &self.git.inner;
        let commit = world::log(git, &world::main())?.remove(0);
        let about = About {
            version: version.clone(),
            commit: commit.id.clone(),
            created: commit.time,
            source: world::URL.to_owned(),
        };
        let files = read_commit(git, &commit.id, &NoStore)?;
        let path = survey(files).expect("the files make a path").resolved.path;
        let component = path.component(&platform()).expect("the platform is a component");
        let matcher = release::matcher(&release::patterns(component));
        let package = release::package(&self.git, &about, &matcher)?;
        let at = world::artifacts();
        release::publish(&self.git, self.registry, &at, component, &about, &package, self.now)
    }

    /// Approves what is planned now, as the command does. `None`: there is no plan.
    pub(crate) fn approve(&self, to: &Request) -> Result<Option<Entry>, PromoteError> {
        let (_, proposal) = self.plan(to)?;
        let (Some(plan), Some(candidate)) = (proposal.hash, proposal.candidate) else {
            return Ok(None);
        };
        let me = self.git.inner.user()?.to_string();
        let event = Event::Approved {
            environment: proposal.environment,
            component: proposal.component,
            version: candidate.version,
            plan: plan.clone(),
        };
        let found = ledger::append_unless(&self.git, self.now, event, |r| {
            r.by == me && matches!(&r.event, Event::Approved { plan: p, .. } if *p == plan)
        });
        found.map(|(entry, _)| Some(entry)).map_err(unrecorded)
    }
}

pub(crate) fn unrecorded(source: LedgerError) -> PromoteError {
    PromoteError::Unrecorded { commit: String::new(), source }
}
