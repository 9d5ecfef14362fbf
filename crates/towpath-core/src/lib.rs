//! The pure centre of Towpath: what a platform change is, how it travels, and why it waits.
//!
//! Here are values and functions of values. Nothing in this crate reads a clock, a file, an
//! environment variable or a network; nothing is serialised (wire types are in `towpath-api`), nothing
//! is async. So every decision can be tested by the thousand, replayed and simulated.
//!
//! # The one way through: a release appears, production runs it
//!
//! Eight steps, the same in `docs/architecture.md` and in `stories/01-a-release-reaches-production.md`:
//!
//! 1. **Wake.** Something says "now look": a command, later a webhook or timer. What it said is dropped
//!    and the world is read again.
//! 2. **Observe** Git, registries, clusters and the ledger: a [`snapshot::Snapshot`], in which every part
//!    says what is not known (`towpath_engine::observe`).
//! 3. **Plan**: [`plan::plan`] makes of the [`path::Path`] and the snapshot a [`plan::Plan`], whose
//!    proposals hold the exact bytes to change, all gates as judged ([`gate`]), and every reason to wait
//!    ([`why::Why`]).
//! 4. **Try**: what each target would become is compared and checked; findings ([`finding`]) and
//!    evidence are part of the next snapshot.
//! 5. **Check** the plan against the [`invariant`]s: the answer must be empty.
//! 6. **Act**: an [`action::Action`] is one commit on one parent; the push is the compare-and-set
//!    (`towpath_engine::act`).
//! 7. **Record** what happened in the ledger: a [`record::Record`] (`towpath_engine::ledger`).
//! 8. **Show**: one view model, [`status::Status`], for the command line, JSON and every page.
//!
//! Start reading at [`path`], then [`tracking`] and [`pin`], then [`plan`].

pub mod action;
mod candidate;
mod chain;
pub mod conduct;
pub mod finding;
pub mod forecast;
pub mod gate;
pub mod id;
pub mod invariant;
pub mod notification;
pub mod path;
pub mod pin;
mod placed;
pub mod plan;
pub mod record;
pub mod release;
pub mod rollout;
mod roster;
pub mod running;
pub mod scenario;
pub mod snapshot;
pub mod source;
pub mod stated;
pub mod status;
pub mod tracking;
pub mod version;
pub mod why;
pub mod window;

pub use chain::chain;
