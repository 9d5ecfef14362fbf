//! What was played, for programs. Must not compute: every number comes from the engine.

use std::time::Duration;

use towpath_api::output::{
    SimulateOutput, SimulatedEnvironmentOutput, SimulatedMomentOutput, SimulatedPolicyOutput,
    SimulatedReleaseOutput, SimulatedStayOutput, SimulatedWaitOutput,
};
use towpath_engine::simulate::{Journey, Lead, Moment, Tally, Waited};

use super::Played;
use super::text::detail;

pub(super) fn output(played: &[&Played], same: Option<bool>) -> SimulateOutput {
    let time = |at: fn(&Played) -> jiff::Timestamp| {
        played.first().map(|p| at(p).to_string()).unwrap_or_default()
    };
    SimulateOutput {
        start: time(|p| p.simulation.start),
        end: time(|p| p.simulation.end),
        policies: played.iter().map(|p| policy(p)).collect(),
        same,
    }
}

fn policy(played: &Played) -> SimulatedPolicyOutput {
    let simulation = &played.simulation;
    SimulatedPolicyOutput {
        file: played.file.clone(),
        environments: simulation.tallies().iter().map(environment).collect(),
        failed_in_production: simulation.failed_in_production(),
        releases: simulation.journeys.iter().map(release).collect(),
        timeline: simulation.moments.iter().map(moment).collect(),
        assumptions: simulation.assumptions.clone(),
    }
}

fn environment(tally: &Tally) -> SimulatedEnvironmentOutput {
    let lead = |of: fn(Lead) -> Duration| tally.lead.map(|lead| of(lead).as_secs());
    SimulatedEnvironmentOutput {
        environment: tally.environment.to_string(),
        production: tally.production,
        released: tally.released,
        arrived: tally.arrived,
        skipped: tally.skipped,
        failed: tally.failed,
        promotions: tally.promotions,
        rollbacks: tally.rollbacks,
        lead_median_seconds: lead(|l| l.median),
        lead_p90_seconds: lead(|l| l.p90),
        waited: tally.waited.iter().map(waited).collect(),
    }
}

fn waited(waited: &Waited) -> SimulatedWaitOutput {
    SimulatedWaitOutput {
        what: waited.what.to_string(),
        seconds: waited.time.as_secs(),
        alone_seconds: waited.alone.as_secs(),
    }
}

fn release(journey: &Journey) -> SimulatedReleaseOutput {
    let stays = journey.stays.iter().map(|stay| SimulatedStayOutput {
        environment: stay.environment.to_string(),
        entered: stay.entered.map(|at| at.to_string()),
        arrived: stay.arrived.map(|at| at.to_string()),
        lead_seconds: journey.lead(stay).map(|lead| lead.as_secs()),
        failed: stay.failed.map(|at| at.to_string()),
        skipped: stay.skipped,
        waited: stay.waited.iter().map(waited).collect(),
    });
    SimulatedReleaseOutput {
        component: journey.component.to_string(),
        version: journey.version.to_string(),
        released: journey.released.to_string(),
        environments: stays.collect(),
    }
}

fn moment(moment: &Moment) -> SimulatedMomentOutput {
    SimulatedMomentOutput {
        at: moment.at.to_string(),
        what: moment.what.word().to_owned(),
        environment: moment.environment.as_ref().map(ToString::to_string),
        component: moment.component.as_ref().map(ToString::to_string),
        version: moment.version.as_ref().map(ToString::to_string),
        detail: detail(&moment.what),
    }
}
