//! The loop as a whole, played by seeds: two instances, clusters, a registry and people, with crashes between any two
//! effects, lost and repeated webhooks, stale reads and clusters that are not reached.
//!
//! Each world is one seed and some thousand steps; each step is one event. Fixed seeds, so that a run is the same
//! everywhere; a failure names its seed and tells its last steps. `TOWPATH_SIMULATION_SEED=N` plays that one alone and
//! tells all of it, `TOWPATH_SIMULATION_WORLDS=N` plays more worlds of other seeds. Next: `world` for what happens, `laws`
//! and `judge` for what must hold.

mod cluster;
mod dice;
mod end;
mod judge;
mod laws;
mod layout;
mod life;
mod people;
mod seen;
mod stage;
mod world;

use world::{Tally, World};

/// How many steps a world goes through before its end.
const STEPS: u64 = 2_500;
/// How many worlds a test plays.
const WORLDS: u64 = 25;
/// How many tests there are: they run at the same time.
const TESTS: u64 = 16;

const _: () = assert!(STEPS * WORLDS * TESTS >= 1_000_000, "a million steps were promised");

/// How many of its last steps a failure tells.
const TOLD: usize = 60;

fn play(seed: u64, has_words: bool) -> Result<Tally, (String, Vec<String>)> {
    let mut world = World::new(seed, has_words).map_err(|why| (why, Vec::new()))?;
    let all = |world: &mut World| {
        while world.tally.steps < STEPS {
            world.step()?;
        }
        world.finish()
    };
    match all(&mut world) {
        Ok(()) => Ok(world.tally),
        Err(why) => Err((why, world.told)),
    }
}

/// Plays a world. Words cost time, so they are made when somebody wants them: it is the same world again.
fn hold(seed: u64) -> Tally {
    match play(seed, false) {
        Ok(tally) => tally,
        Err((why, _)) => {
            let told = play(seed, true).err().map(|(_, told)| told).unwrap_or_default();
            let last = told[told.len().saturating_sub(TOLD)..].join("\n  ");
            panic!("seed {seed}: {why}\nthe last steps of {}:\n  {last}", told.len());
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "whoever looks into a failure says which seed")]
fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Plays the worlds of one test.
fn worlds(test: u64) {
    if asked("TOWPATH_SIMULATION_SEED").is_some() {
        return;
    }
    let mut all = Tally::default();
    for seed in test * WORLDS..(test + 1) * WORLDS {
        let tally = hold(seed);
        all.add(&tally);
    }
    assert!(all.steps >= STEPS * WORLDS, "{all:?}");
    assert!(all.promotions > 25 * WORLDS && all.ways_back > WORLDS, "{all:?}");
    assert!(
        all.crashes > 5 * WORLDS && all.meanwhile > 10 * WORLDS && all.lost_reports > 50 * WORLDS,
        "{all:?}"
    );
    print(&format!("test {test}: {all:?}"));
}

#[expect(clippy::print_stdout, reason = "how many steps were played is told")]
fn print(text: &str) {
    println!("{text}");
}

#[test]
fn the_seed_that_somebody_asks_for_is_played() {
    if let Some(seed) = asked("TOWPATH_SIMULATION_SEED") {
        match play(seed, true) {
            Ok(tally) => print(&format!("seed {seed}: {tally:?}")),
            Err((why, told)) => panic!("seed {seed}: {why}\n  {}", told.join("\n  ")),
        }
    }
}

#[test]
fn more_worlds_are_played_where_somebody_asks_for_them() {
    for seed in (1_000_000..)
        .take(usize::try_from(asked("TOWPATH_SIMULATION_WORLDS").unwrap_or(0)).unwrap_or(0))
    {
        hold(seed);
    }
}

#[test]
fn a_seed_is_the_same_world_again() {
    assert_eq!(hold(7), hold(7));
}

macro_rules! tests {
    ($($name:ident $number:literal)*) => {
        $(#[test]
        fn $name() {
            worlds($number);
        })*
    };
}

tests! {
    nothing_is_lost_or_doubled_00 0
    nothing_is_lost_or_doubled_01 1
    nothing_is_lost_or_doubled_02 2
    nothing_is_lost_or_doubled_03 3
    nothing_is_lost_or_doubled_04 4
    nothing_is_lost_or_doubled_05 5
    nothing_is_lost_or_doubled_06 6
    nothing_is_lost_or_doubled_07 7
    nothing_is_lost_or_doubled_08 8
    nothing_is_lost_or_doubled_09 9
    nothing_is_lost_or_doubled_10 10
    nothing_is_lost_or_doubled_11 11
    nothing_is_lost_or_doubled_12 12
    nothing_is_lost_or_doubled_13 13
    nothing_is_lost_or_doubled_14 14
    nothing_is_lost_or_doubled_15 15
}
