//! The engine against the in-memory world: what it promises whatever goes wrong, and what it costs.

mod act;
mod actor;
mod cost;
mod crash;
mod follow;
mod jobs;
mod kept;
mod ledger;
mod observe;
mod promote;
mod release;
mod signatures;
mod simulation;
mod turn;
