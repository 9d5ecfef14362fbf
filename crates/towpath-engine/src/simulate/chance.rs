//! Chance that is the same each time: every draw is named, and depends on the seed and its name alone.
//!
//! So the order in which things are asked does not count, and two policies that are compared meet the same luck. Must
//! not keep any state.

use std::time::Duration;

use towpath_core::scenario::{Between, Share};

/// What is drawn from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chance {
    seed: u64,
}

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// A number for a name: FNV-1a over its parts, then the last steps of SplitMix64.
    pub(super) fn draw(self, name: &[&str]) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ self.seed;
        for part in name {
            // The end of a part counts, so that no two names run together.
            for byte in part.bytes().chain([0xff]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        let mut mixed = hash.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Whether it is one of so many cases.
    pub(super) fn happens(self, share: Share, name: &[&str]) -> bool {
        self.draw(name) % u64::from(Share::ALL.0) < u64::from(share.0)
    }

    /// A duration between two: of whole minutes, so that clusters that are alike report together.
    pub(super) fn between(self, span: Between, name: &[&str]) -> Duration {
        let minutes = span.most.saturating_sub(span.least).as_secs() / 60;
        match minutes {
            0 => span.least,
            most => span.least + Duration::from_secs(60 * (self.draw(name) % (most + 1))),
        }
    }

    /// So many hexadecimal digits.
    pub(super) fn digits(self, count: usize, name: &[&str]) -> String {
        let mut out = String::new();
        for part in 0.. {
            if out.len() >= count {
                break;
            }
            let part = part.to_string();
            let drawn = self.draw(&[name, &[part.as_str()]].concat());
            out.push_str(&format!("{drawn:016x}"));
        }
        out.truncate(count);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_is_of_its_seed_and_name() {
        let (one, other) = (Chance::new(1), Chance::new(2));
        assert_eq!(one.draw(&["a", "b"]), one.draw(&["a", "b"]));
        assert_ne!(one.draw(&["a", "b"]), other.draw(&["a", "b"]));
        assert_ne!(one.draw(&["a", "b"]), one.draw(&["ab"]));
        assert_eq!(one.digits(64, &["a"]).len(), 64);
    }

    #[test]
    fn so_many_cases_happen() {
        let chance = Chance::new(7);
        let of =
            |share| (0..10_000).filter(|i| chance.happens(Share(share), &[&i.to_string()])).count();
        assert_eq!((of(0), of(10_000)), (0, 10_000));
        let tenth = of(1_000);
        assert!((900..1_100).contains(&tenth), "{tenth} of 10000");
    }

    #[test]
    fn durations_are_whole_minutes_between_the_ends() {
        let chance = Chance::new(7);
        let minutes = |m: u64| Duration::from_secs(60 * m);
        let span = Between { least: minutes(2), most: minutes(5) };
        let drawn: std::collections::BTreeSet<u64> =
            (0..100).map(|i| chance.between(span, &[&i.to_string()]).as_secs()).collect();
        assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [120, 180, 240, 300]);
        let long = Duration::from_secs(90);
        assert_eq!(chance.between(Between::exactly(long), &["x"]), long);
    }
}
