//! `towpath run`: the loop in the foreground.
//!
//! A turn is the engine's (`towpath_engine::turn`); here is when one is taken, with which eyes, and what is told of it.
//! Whatever wakes the loop only wakes it: the world is read again. Must not decide what moves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use towpath_core::id::BranchName;
use towpath_engine::ports::Repository as _;
use towpath_engine::promote::{Loop, Reports};
use towpath_engine::turn::Turn;

use self::door::Door;
use self::eyes::Eyes;
use self::kept::KeptRegistry;
use self::mail::Mail;
use self::tell::Teller;
use self::wake::{Cause, Wake};
use super::args::{Global, OutputFormat, RunArgs};
use super::exit;
use super::failure::Failure;
use super::print::Printer;
use super::session::{Session, now};

mod door;
mod eyes;
mod kept;
mod mail;
mod tell;
mod wake;

/// News of clusters come in swarms: so long after the first one the loop looks.
const SWARM: Duration = Duration::from_secs(2);

pub(crate) fn run(global: &Global, args: &RunArgs, printer: &Printer) -> Result<u8, Failure> {
    if global.offline {
        return Err(Failure::new(
            "the loop moves what a remote has, and --offline forbids to ask it",
        ));
    }
    if args.interval < Duration::from_secs(1) {
        return Err(Failure::new("--interval must be at least one second"));
    }
    let session = Session::open(global)?;
    session.fetch()?;
    let trunk = session.trunk()?;
    let wake = Arc::new(Wake::default());
    let mut door = Door::open(args, &wake)?;
    let eyes = Eyes::new(Arc::clone(&wake));
    let registry = KeptRegistry::new(session.online_registry()?);
    let watch = Watch { session: &session, trunk, registry, eyes };
    let mut teller = Teller::new(printer, global.output == OutputFormat::Json);
    teller.started(now()?, &watch.trunk, (!args.once).then_some(args.interval))?;
    let mut mail = Mail::since(now()?);
    if let Some(address) = door.address() {
        teller.listening(now()?, address)?;
    }
    loop {
        let began = now()?;
        let clock = Instant::now();
        let turn = watch.turn(began);
        door.turn(turn.as_ref().ok(), clock.elapsed(), now()?);
        let due = mail.turn(turn.as_ref().ok(), now()?, printer);
        let wakes_at = match turn {
            Ok(turn) => {
                teller.turn(began, &turn)?;
                session.save_cache();
                turn.wakes_at
            }
            Err(failure) if args.once => return Err(failure),
            Err(failure) => {
                teller.failed(began, &failure)?;
                None
            }
        };
        if args.once {
            mail.finish(printer);
            return Ok(exit::YES);
        }
        let mut cause =
            wake.wait(until(args.interval, wakes_at.into_iter().chain(due).min(), now()?));
        if cause == Cause::Clusters {
            cause = cause.max(wake.calm(SWARM));
        }
        if cause != Cause::Clusters {
            watch.registry.forget();
        }
    }
}

/// How long to sleep: until the next news are asked for, or a time before it at which a gate can open.
fn until(interval: Duration, wakes_at: Option<Timestamp>, now: Timestamp) -> Duration {
    let opening = wakes_at.map(|at| at.duration_since(now));
    let opening = opening.and_then(|left| Duration::try_from(left).ok());
    // A moment that has passed is looked at at once, and never in a circle without a breath.
    opening.map_or(interval, |left| left.clamp(Duration::from_secs(1), interval))
}

/// All that a turn looks with.
struct Watch<'a> {
    session: &'a Session,
    trunk: BranchName,
    registry: KeptRegistry<'a>,
    eyes: Eyes,
}

impl Watch<'_> {
    fn turn(&self, now: Timestamp) -> Result<Turn, Failure> {
        let git = self.session.git()?;
        git.fetch()?;
        let engine = Loop {
            repository: git,
            registry: Some(&self.registry),
            store: &self.session.cache,
            now,
            trunk: self.trunk.clone(),
            clusters: Some(&self.eyes as &dyn Reports),
            gauges: self.session.gauges(),
        };
        Ok(engine.turn()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loop_sleeps_until_something_can_have_changed() {
        let now: Timestamp = "2026-01-05T09:00:00Z".parse().expect("a time");
        let after = |seconds: i64| Some(now + jiff::SignedDuration::from_secs(seconds));
        let minute = Duration::from_secs(60);
        for (wakes_at, expected) in
            [(None, 60), (after(10), 10), (after(90), 60), (after(0), 1), (after(-5), 60)]
        {
            assert_eq!(until(minute, wakes_at, now).as_secs(), expected, "{wakes_at:?}");
        }
    }
}
