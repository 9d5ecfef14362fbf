//! Choices out of bytes, so that a world is as cheap as its bytes, and is made smaller by taking bytes away.
//!
//! When no byte is left every choice is the first one, which is the simplest.

/// Bytes that decide.
#[derive(Debug, Clone)]
pub(crate) struct Dice<'a>(pub(crate) &'a [u8]);

impl Dice<'_> {
    /// A number below `sides`.
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                usize::from(*first) % sides
            }
            None => 0,
        }
    }

    /// One of these; the first is the simplest.
    pub(crate) fn pick<T: Clone>(&mut self, among: &[T]) -> T {
        among[self.roll(among.len())].clone()
    }

    /// Yes, once in so many times; never when no byte is left.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.roll(times) == times - 1
    }

    /// Whether there is nothing left to decide by.
    pub(crate) fn is_done(&self) -> bool {
        self.0.is_empty()
    }
}
