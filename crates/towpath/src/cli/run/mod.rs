//! `towpath run`: the loop in the foreground.
//!
//! A turn is the engine's (`towpath_engine::turn`); here is when one is taken, with which eyes, and what is told of it.
//! Whatever wakes the loop only wakes it: the world is read again. Must not decide what moves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use towpath_adapters::interrupt::on_interrupt;
use towpath_core::id::BranchName;
use towpath_core::plan::{Plan, Request};
use towpath_core::rollout::Followed;
use towpath_engine::follow::Look;
use towpath_engine::kept::Kept;
use towpath_engine::ports::Repository as _;
use towpath_engine::promote::{Loop, Reports, View};
use towpath_engine::turn::Turn;

use self::door::Door;
use self::due::Tests;
use self::eyes::Eyes;
use self::kept::KeptRegistry;
use self::lease::{Lease, Role};
use self::mail::Mail;
use self::tell::Teller;
use self::wake::{Cause, Wake};
use super::args::{Global, OutputFormat, RunArgs};
use super::exit;
use super::failure::Failure;
use super::print::Printer;
use super::session::{Session, now};
use super::test::end_with_us;

pub(crate) use self::follow::follow;

mod door;
mod due;
mod eyes;
mod follow;
mod kept;
mod lease;
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
    let lease = Lease::seek(args, &session, &trunk, &wake)?;
    let door = Door::open(args, &wake, lease.leads())?;
    let eyes = Eyes::new(Arc::clone(&wake));
    let registry = KeptRegistry::new(session.online_registry()?);
    let watch = Watch { session: &session, trunk, registry, kept: Kept::default(), eyes };
    let teller = Teller::new(printer, global.output == OutputFormat::Json);
    let tests = Tests::new(args.tests, &wake);
    let groups = tests.groups();
    let mut told = Told { door, teller, tests, mail: None, printer };
    told.teller.started(now()?, &watch.trunk, (!args.once).then_some(args.interval))?;
    if let Some(address) = told.door.address() {
        told.teller.listening(now()?, address)?;
    }
    if args.once {
        end_with_us(&groups)?;
        told.turn(&watch, None, true)?;
        told.finish_tests(&session)?;
        told.finish_mail();
        return Ok(exit::YES);
    }
    let (bell, commands) = (Arc::clone(&wake), groups.clone());
    let mut is_asked = false;
    on_interrupt(move |signal| {
        // Whoever asks a second time means at once. Nothing is lost by it: a turn may be cut off anywhere.
        if std::mem::replace(&mut is_asked, true) {
            let _held = commands.end();
            #[expect(
                clippy::exit,
                reason = "whoever interrupts a program twice wants it to end at once"
            )]
            std::process::exit(128 + signal);
        }
        bell.ring(Cause::Farewell);
    })?;
    let ended = go_on(args.interval, &watch, &mut told, &lease, &wake);
    let _held = groups.end();
    // Also where nobody reads any more what is told.
    lease.release();
    ended?;
    told.finish_mail();
    Ok(exit::YES)
}

/// Looks, and acts where we may, until the process is to end.
fn go_on(
    interval: Duration,
    watch: &Watch<'_>,
    told: &mut Told<'_>,
    lease: &Lease,
    wake: &Wake,
) -> Result<(), Failure> {
    loop {
        let role = lease.role();
        told.teller.role(now()?, &role)?;
        let wakes_at = match role {
            Role::Alone => told.turn(watch, None, false)?,
            Role::Leads { before, .. } => told.turn(watch, before, false)?,
            Role::Follows(_) => told.look(watch)?,
        };
        let mut cause = wake.wait(until(interval, wakes_at, now()?));
        if cause == Cause::Clusters {
            cause = cause.max(wake.calm(SWARM));
        }
        match cause {
            Cause::Farewell => return Ok(()),
            Cause::Clusters | Cause::Tests => {}
            Cause::Time | Cause::Webhook | Cause::Lease => watch.registry.forget(),
        }
    }
}

/// Whoever is told what came of a look.
struct Told<'a> {
    door: Door,
    teller: Teller<'a>,
    tests: Tests,
    /// While we act.
    mail: Option<Mail>,
    printer: &'a Printer,
}

impl Told<'_> {
    /// Takes a turn; when to look again at the latest. Whoever acted before us told what had happened until `before`.
    fn turn(
        &mut self,
        watch: &Watch<'_>,
        before: Option<Timestamp>,
        once: bool,
    ) -> Result<Option<Timestamp>, Failure> {
        self.tests.record(watch.session, &mut self.teller)?;
        let began = now()?;
        let clock = Instant::now();
        let turn = watch.turn(began);
        self.door.turn(turn.as_ref().ok(), clock.elapsed(), now()?);
        let mail = self.mail.get_or_insert_with(|| Mail::since(before.unwrap_or(began)));
        let due = mail.turn(turn.as_ref().ok(), now()?, self.printer);
        let wakes_at = match turn {
            Ok(turn) => {
                self.teller.turn(began, &turn)?;
                watch.session.save_cache();
                self.tests.start(watch.session, &turn, &mut self.teller)?;
                turn.wakes_at
            }
            Err(failure) if once => return Err(failure),
            Err(failure) => {
                self.teller.failed(began, &failure)?;
                None
            }
        };
        Ok(wakes_at.into_iter().chain(due).chain(self.tests.wakes_at()).min())
    }

    /// Only looks, so that clusters are watched, metrics are told and caches are warm when we are to act.
    fn look(&mut self, watch: &Watch<'_>) -> Result<Option<Timestamp>, Failure> {
        // What was held back is ours to tell: whoever acts now does not know of it. What was tested is ours to record.
        self.finish_mail();
        self.tests.record(watch.session, &mut self.teller)?;
        let began = now()?;
        match watch.look(began) {
            Ok((view, plan)) => {
                self.door.look(&view, &plan);
                self.teller.recovered(began)?;
                watch.session.save_cache();
            }
            Err(failure) => self.teller.failed(began, &failure)?,
        }
        Ok(None)
    }

    /// Waits for the tests that were started, and records what came of them.
    fn finish_tests(&mut self, session: &Session) -> Result<(), Failure> {
        self.tests.finish(&mut self.teller)?;
        self.tests.record(session, &mut self.teller)
    }

    fn finish_mail(&mut self) {
        if let Some(mail) = self.mail.take() {
            mail.finish(self.printer);
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

/// All that a turn, or a look at a promotion, looks with.
struct Watch<'a> {
    session: &'a Session,
    trunk: BranchName,
    registry: KeptRegistry<'a>,
    kept: Kept,
    eyes: Eyes,
}

impl Watch<'_> {
    fn turn(&self, now: Timestamp) -> Result<Turn, Failure> {
        Ok(self.engine(now)?.turn()?)
    }

    /// What a turn would look at, and the plan on it; nothing is written.
    fn look(&self, now: Timestamp) -> Result<(View, Plan), Failure> {
        let engine = self.engine(now)?;
        let mut view = engine.look()?;
        let plan = engine.plan_all(&mut view)?;
        Ok((view, plan))
    }

    /// The engine, on what the remote has now.
    fn look_at(
        &self,
        followed: &mut Followed,
        request: &Request,
        now: Timestamp,
    ) -> Result<Option<Look>, Failure> {
        Ok(self.engine(now)?.follow(followed, request)?)
    }

    fn engine(&self, now: Timestamp) -> Result<Loop<'_>, Failure> {
        let git = self.session.git()?;
        git.fetch()?;
        Ok(Loop {
            repository: git,
            registry: Some(&self.registry),
            store: &self.session.cache,
            kept: Some(&self.kept),
            now,
            trunk: self.trunk.clone(),
            clusters: Some(&self.eyes as &dyn Reports),
            gauges: self.session.gauges(),
        })
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
