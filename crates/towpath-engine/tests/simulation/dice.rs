//! What a seed decides: the same on every machine, and the same whatever else was drawn before where it is said so.

/// SplitMix64.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The dice of a seed and of what they are thrown for.
    pub(crate) fn of(seed: u64, what: &[u64]) -> Self {
        let mut dice = Self(seed);
        for one in what {
            dice.0 = dice.next() ^ one;
        }
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Other dice, so that who draws more from them disturbs nobody.
    pub(crate) fn split(&mut self) -> Self {
        Self(self.next())
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub(crate) fn index(&mut self, limit: usize) -> usize {
        usize::try_from(self.below(limit as u64)).expect("below a length")
    }

    pub(crate) fn one_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }

    pub(crate) fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.index(of.len())].clone()
    }

    /// Seconds from one number of them to another.
    pub(crate) fn seconds(&mut self, from: u64, to: u64) -> jiff::SignedDuration {
        let drawn = from + self.below(to - from + 1);
        jiff::SignedDuration::from_secs(i64::try_from(drawn).expect("a few days at most"))
    }
}
