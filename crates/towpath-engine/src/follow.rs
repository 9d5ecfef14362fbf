//! One look at a promotion that somebody follows: record what follows, and move the clusters whose turn it is.
//!
//! It does what the same person would do by promoting the same release again, and nothing else: no other release, no
//! other environment, no way back. It is as safe at any time as [`crate::turn`]. Must not wait: who calls knows when.

use jiff::Timestamp;
use towpath_core::action::Outcome;
use towpath_core::id::{ComponentName, EnvironmentName};
use towpath_core::path::Environment;
use towpath_core::plan::{Plan, Proposal, Request, notes, wakes_at};
use towpath_core::record::Event;
use towpath_core::rollout::{Followed, Standing};

use crate::act::{self, Target};
use crate::ledger::Entry;
use crate::promote::{Loop, PromoteError, View};
use crate::turn::Moved;

/// What came of a look.
#[derive(Debug, Clone)]
pub struct Look {
    /// The world as it was seen last.
    pub view: View,
    /// How the promotion stands.
    pub standing: Standing,
    /// What was recorded of the promotion in this look.
    pub noted: Vec<Entry>,
    /// What was moved in this look.
    pub moved: Option<Moved>,
    /// The plan of the clusters that are left; `None`: there is none of this release.
    pub left: Option<Proposal>,
    /// When time alone can change anything; `None`: never.
    pub wakes_at: Option<Timestamp>,
}

impl Loop<'_> {
    /// Looks once at a promotion. `request` is what was asked for when it began. `None`: its environment is gone.
    ///
    /// # Errors
    /// [`PromoteError`]. What was done before is done, and the next look goes on from there.
    pub fn follow(
        &self,
        followed: &mut Followed,
        request: &Request,
    ) -> Result<Option<Look>, PromoteError> {
        let (mut view, recovered) = self.look_and_catch_up()?;
        let Some(environment) = view.path().environment(&followed.environment).cloned() else {
            return Ok(None);
        };
        let is_mine = |event: &Event| about(event, followed, &environment);
        let mut noted = recovered;
        noted.retain(|entry| is_mine(&entry.record.event));
        let mut events = notes(view.path(), &view.snapshot);
        events.retain(is_mine);
        let new = self.note(&mut view, events)?;
        if !new.is_empty() {
            noted.extend(new);
            view = self.look()?;
        }
        let mut standing = followed.standing(&view.snapshot, &environment);
        let mut left = None;
        let mut moved = None;
        if standing.end.is_none() {
            left = self.left(&view, followed, request)?;
            let action = left.as_ref().and_then(|left| left.action.clone());
            if let (Some(action), Some(proposal)) = (action, &left) {
                // Somebody who was first is no failure: the next look sees what is left then.
                if let Outcome::Done { commit } =
                    act::act(self.repository, &action, &Target::Trunk)?
                {
                    let record = self.record_all(&action, &commit, proposal)?;
                    moved = Some(Moved { proposal: proposal.clone(), record });
                    followed.plan = action.plan.clone();
                    view = self.look()?;
                    standing = followed.standing(&view.snapshot, &environment);
                    left = self.left(&view, followed, request)?;
                }
            }
        }
        let plan = Plan { based_on: None, proposals: left.iter().cloned().collect() };
        let wakes_at = wakes_at(view.path(), &view.snapshot, &plan);
        Ok(Some(Look { view, standing, noted, moved, left, wakes_at }))
    }

    /// The plan for what is left of the promotion: its own, or, where another release than the path's was asked for,
    /// what whoever asks again would get.
    fn left(
        &self,
        view: &View,
        followed: &Followed,
        request: &Request,
    ) -> Result<Option<Proposal>, PromoteError> {
        let Followed { environment, component, version, plan } = followed;
        let is_its = |proposal: &Proposal| {
            proposal.candidate.as_ref().is_some_and(|release| release.version == *version)
        };
        let own = self.plan(view, environment, component, &Request::default())?.filter(is_its);
        let goes_on = |proposal: &Proposal| proposal.hash.as_ref().is_none_or(|hash| hash == plan);
        if let Some(own) = own.filter(goes_on) {
            return Ok(Some(own));
        }
        if request.to.is_none() {
            return Ok(None);
        }
        Ok(self.plan(view, environment, component, request)?.filter(is_its))
    }
}

/// Whether an event is about this promotion, or about a member of its bundle.
fn about(event: &Event, followed: &Followed, environment: &Environment) -> bool {
    let is_its = |name: &EnvironmentName, component: &ComponentName| {
        let bundle = &environment.conduct.bundle;
        *name == followed.environment
            && (*component == followed.component
                || (bundle.contains(component) && bundle.contains(&followed.component)))
    };
    match event {
        Event::Promoted(p) => is_its(&p.environment, &p.component),
        Event::Verified(v) => is_its(&v.release.environment, &v.release.component),
        Event::Failed(of, _) | Event::Aborted(of, _) => is_its(&of.environment, &of.component),
        _ => false,
    }
}
