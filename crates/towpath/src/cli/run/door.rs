//! What stands at the door of the loop: webhooks that wake it, and its metrics.
//!
//! Must not tell a person anything; that is `tell`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use towpath_adapters::kubernetes::Leads;
use towpath_adapters::listener::{self, Limits, Listener};
use towpath_adapters::metrics::Metrics;
use towpath_core::plan::Plan;
use towpath_core::source::Credential;
use towpath_engine::measure::{Turns, measure};
use towpath_engine::promote::View;
use towpath_engine::turn::Turn;

use super::super::args::RunArgs;
use super::super::failure::Failure;
use super::wake::{Cause, Wake};

/// The listener, where one is asked for, and what it tells.
pub(super) struct Door {
    listener: Option<Listener>,
    metrics: Metrics,
    turns: Turns,
}

impl Door {
    /// Opens it, where a flag says where.
    pub(super) fn open(
        args: &RunArgs,
        wake: &Arc<Wake>,
        leads: Option<Leads>,
    ) -> Result<Self, Failure> {
        let metrics = Metrics::default();
        let listener = args.listen.map(|address| {
            let (bell, told) = (Arc::clone(wake), metrics.clone());
            let door = listener::Door {
                secret: secret(args)?,
                ring: Box::new(move |_| bell.ring(Cause::Webhook)),
                metrics: Box::new(move || told.text(leads.as_ref().map(Leads::holds))),
            };
            Listener::start(address, door, Limits::default()).map_err(|error| {
                Failure::new("webhooks and metrics cannot be served").because(error)
            })
        });
        Ok(Self { listener: listener.transpose()?, metrics, turns: Turns::default() })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.listener.as_ref().map(Listener::address)
    }

    /// Somebody who does not act looked: the metrics tell what was seen.
    pub(super) fn look(&mut self, view: &View, plan: &Plan) {
        if self.listener.is_some() {
            self.metrics.set(measure(view.path(), &view.snapshot, plan), self.turns);
        }
    }

    /// A turn was taken, or broke off: the metrics tell it from now on.
    pub(super) fn turn(&mut self, turn: Option<&Turn>, took: Duration, at: Timestamp) {
        self.turns.count(turn.is_some(), took, at);
        match turn {
            None => self.metrics.set_turns(self.turns),
            Some(_) if self.listener.is_none() => {}
            Some(Turn { view, plan, .. }) => {
                self.metrics.set(measure(view.path(), &view.snapshot, plan), self.turns);
            }
        }
    }
}

/// Where the secret of webhooks is found.
fn secret(args: &RunArgs) -> Result<Option<Credential>, Failure> {
    let file = args.webhook_secret_file.as_ref().map(|file| match file.to_str() {
        Some(file) => Ok(Credential::File(file.to_owned())),
        None => Err(Failure::new("the name of the file with the secret is not UTF-8")),
    });
    let variable = || args.webhook_secret_env.clone().map(Credential::Variable);
    Ok(file.transpose()?.or_else(variable))
}
