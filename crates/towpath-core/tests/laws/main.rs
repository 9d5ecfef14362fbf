//! Laws of the core: properties over generated paths, worlds and ledgers, and the tables beside them.
//!
//! What a single case means is told in `stories/`. One binary, so that it is linked once.

mod dice;
mod history;
mod journey;
mod loops;
mod one;
mod path;
mod plans;
mod snapshot;
mod status;
mod world;
