//! A promotion that has begun and is not at its end goes on, before anything else is thought of.
//!
//! Must not choose a release: it goes on with its own, or, where that failed, goes back.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::enter::{Entry, Rolled, enter, why_not_now};
use super::{Planner, Proposal, Request, bundle};
use crate::candidate::recorded;
use crate::conduct::OnFailure;
use crate::id::{ClusterName, ComponentName};
use crate::placed::Placed;
use crate::record::Promotion;
use crate::release::Release;
use crate::rollout::{Batch, Ended, Last, Rollout, last_promotion};
use crate::why::Why;

/// Whether a promotion goes on.
pub(super) enum Going {
    /// It does, or it failed and its failure is what there is to say.
    On(Box<Proposal>),
    /// None has begun that is not at its end, or somebody asks for something else. How the last one stands, where that
    /// was looked at.
    Not(Option<Rolled>),
}

impl<'a> Planner<'a, '_> {
    /// Whether a promotion of components that move together goes on.
    pub(super) fn going_on(
        &self,
        proposal: &Proposal,
        members: &[(&ComponentName, Vec<Placed<'a>>)],
    ) -> Going {
        if self.request.rollback || self.request.to.is_some() {
            return Going::Not(None);
        }
        let last = last_promotion(self.snapshot, self.environment, self.component);
        // A pull request that is not merged has begun nothing.
        let Some(mut last) = last.filter(|last| last.promotion.branch == self.path.trunk) else {
            return Going::Not(None);
        };
        if members.len() > 1 && last.ended.is_none() {
            last.ended = self.ended_with(&last, members);
        }
        let Some(moves) = self.moves_of(&last, members) else {
            let left = self.on_its_way(&last, members).filter(|_| last.ended.is_none());
            return match left {
                Some((release, rolled)) => self.waiting_for(proposal, release, rolled),
                None => Going::Not(None),
            };
        };
        let mut entry = Entry { moves, begun: Some(last), rolled: None };
        let rolled = Rolled::of(self, &entry.moves);
        let has_failed = match (&last.ended, &rolled.rollout.next) {
            (Some(Ended::Aborted), _) | (None, Batch::Done) => return Going::Not(Some(rolled)),
            (Some(Ended::Failed), _) | (None, Batch::Failed { .. }) => true,
            // Where every cluster was moved at once, one that is behind now is another promotion's, but not before
            // the others have come through this one.
            (None, Batch::Move { .. })
                if last.promotion.rollback || last.promotion.clusters.is_empty() =>
            {
                let (release, _) = entry.moves.swap_remove(0);
                return self.waiting_for(proposal, release, rolled);
            }
            (None, _) => false,
        };
        let mut proposal = proposal.clone();
        proposal.waiting.retain(|why| !matches!(why, Why::ClustersDiffer { .. }));
        if !has_failed {
            entry.rolled = Some(rolled);
            return Going::On(Box::new(enter(self, proposal, entry)));
        }
        let goes_back =
            self.environment.conduct.on_failure == OnFailure::Rollback && !last.promotion.rollback;
        let failed = entry.moves.first().and_then(|(release, _)| failed(release, &rolled.rollout));
        if goes_back {
            let back = Request { rollback: true, automatic: true, ..Request::default() };
            let mut back = Planner { request: &back, ..*self }.propose();
            back.waiting.splice(0..0, failed);
            return Going::On(Box::new(back));
        }
        // What failed and was recorded stands in nobody's way any more; what has just failed does.
        if last.ended.is_some() {
            return Going::Not(Some(rolled));
        }
        proposal.waiting.extend(failed);
        proposal.candidate = entry.moves.into_iter().next().map(|(release, _)| release);
        proposal.rollout = Some(rolled.rollout);
        Going::On(Box::new(proposal))
    }

    /// Nothing else is begun while a cluster is on its way to a release.
    fn waiting_for(&self, proposal: &Proposal, release: Release, rolled: Rolled) -> Going {
        let busy = rolled.rollout.busy(self.environment);
        let Some(why) = busy.and_then(|busy| why_not_now(&release.version, &busy)) else {
            return Going::Not(Some(rolled));
        };
        let mut proposal = proposal.clone();
        proposal.waiting.push(why);
        // Of a bundle it may be another member's.
        proposal.candidate = Some(release).filter(|r| r.component == *self.component);
        proposal.rollout = Some(rolled.rollout);
        Going::On(Box::new(proposal))
    }

    /// Of components that moved together and were taken apart since: the first that clusters are still on their way
    /// with.
    fn on_its_way(
        &self,
        last: &Last<'a>,
        members: &[(&ComponentName, Vec<Placed<'a>>)],
    ) -> Option<(Release, Rolled)> {
        members.iter().find_map(|(component, pins)| {
            let of = last_promotion(self.snapshot, self.environment, component)?;
            let release = self.released(of.promotion);
            let has_it = |p: &&Placed<'_>| p.version == Some(&release.version);
            let theirs: Vec<_> = pins.iter().filter(has_it).cloned().collect();
            let moves = [(release, theirs)];
            let rolled = Rolled::of(self, &moves);
            let [(release, _)] = moves;
            let is_theirs = of.promotion.plan == last.promotion.plan;
            let is_busy = rolled.rollout.busy(self.environment).is_some();
            (is_theirs && is_busy).then_some((release, rolled))
        })
    }

    /// How a promotion ended for one of several components that moved together: for all of them.
    fn ended_with(
        &self,
        last: &Last<'a>,
        members: &[(&ComponentName, Vec<Placed<'a>>)],
    ) -> Option<Ended> {
        let each = members
            .iter()
            .filter_map(|(member, _)| last_promotion(self.snapshot, self.environment, member));
        each.filter(|of| of.promotion.plan == last.promotion.plan).find_map(|of| of.ended)
    }

    /// What the last promotion moves: each member's release, with the pins that are this promotion's to move. `None`:
    /// its members were moved apart since, or nobody has it any more.
    fn moves_of(
        &self,
        last: &Last<'a>,
        members: &[(&ComponentName, Vec<Placed<'a>>)],
    ) -> Option<Vec<(Release, Vec<Placed<'a>>)>> {
        let moved = OnceCell::new();
        let mut moves = Vec::new();
        for (component, pins) in members {
            let of = last_promotion(self.snapshot, self.environment, component)?;
            if of.promotion.plan != last.promotion.plan {
                return None;
            }
            let release = self.released(of.promotion);
            let to = &release.version;
            let mut mine: Vec<Placed<'a>> = Vec::new();
            for placed in pins {
                if placed.version == Some(to) {
                    mine.push(placed.clone());
                } else if members.len() > 1 || !placed.is_above(to) {
                    // What this promotion has moved once and somebody else has moved since is theirs.
                    let moved = moved.get_or_init(|| self.moved_by(last.promotion));
                    mine.extend(placed.on(|cluster| !moved.contains(cluster)));
                }
            }
            if mine.iter().all(|placed| placed.version != Some(to)) {
                return None;
            }
            moves.push((release, mine));
        }
        if members.len() > 1 {
            bundle::leave_ahead(&mut moves);
        }
        Some(moves)
    }

    /// The clusters that the plan of a promotion has moved.
    fn moved_by(&self, promotion: &'a Promotion) -> BTreeSet<&'a ClusterName> {
        let history = &self.snapshot.history;
        let of = history.promotions(&self.environment.name, self.component);
        of.filter(|(_, p)| p.plan == promotion.plan).flat_map(|(_, p)| &p.clusters).collect()
    }

    /// The release that a promotion moved to, as it is known now.
    fn released(&self, promotion: &Promotion) -> Release {
        // Of a bundle, each member's own.
        let component = &promotion.component;
        let known = self.snapshot.releases.get(component);
        known.and_then(|r| r.find(&promotion.version)).cloned().unwrap_or_else(|| {
            let name = &self.environment.name;
            recorded(self.snapshot, name, component, promotion.version.clone())
        })
    }
}

fn failed(release: &Release, rollout: &Rollout) -> Option<Why> {
    let Batch::Failed { clusters, .. } = &rollout.next else { return None };
    let (cluster, why) = clusters.first()?.clone();
    let version = release.version.clone();
    Some(Why::RolloutFailed { version, count: clusters.len(), cluster, why })
}
