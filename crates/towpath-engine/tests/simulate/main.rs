//! The simulator, on worlds that are small enough to be worked out by hand, and on many that are not.

mod laws;
mod plays;
mod recorded;
mod world;
