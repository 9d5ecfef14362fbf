//! Letters on their way: to incoming webhooks of a chat, as signed JSON to programs, and as mail.
//!
//! The loop never waits for one: each notification has a thread and a bounded queue of its own. A place that does not
//! answer is tried again, with longer pauses; then the letter is given up, and whoever asked is told why in words
//! without a secret. Must not choose what is told; that is [`towpath_engine::notify`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use towpath_core::notification::{Channel, NotificationName};
use towpath_engine::notify::Letter;

use self::fault::Fault;
use crate::credential::{self, Lookup};

mod fault;
mod mail;
mod post;

/// How many letters of one notification wait at most.
const QUEUE: usize = 64;

/// How patient delivery is.
#[derive(Debug, Clone)]
pub struct Patience {
    /// How long one try over HTTP may take.
    pub timeout: Duration,
    /// How long one try over SMTP may take: servers of mail let strangers wait on purpose.
    pub mail: Duration,
    /// The pauses after tries that failed; after the last one it is tried once more.
    pub pauses: Vec<Duration>,
}

impl Default for Patience {
    fn default() -> Self {
        let pauses = [1, 5, 25, 120].map(Duration::from_secs).to_vec();
        Self { timeout: Duration::from_secs(10), mail: Duration::from_secs(30), pauses }
    }
}

/// Is told why a letter was given up, in one line.
type Complain = dyn Fn(String) + Send + Sync;

/// Delivers letters, each notification's in their order.
pub struct Messenger {
    lookup: Arc<Lookup>,
    complain: Arc<Complain>,
    patience: Patience,
    queues: BTreeMap<NotificationName, (SyncSender<Letter>, JoinHandle<()>)>,
}

impl std::fmt::Debug for Messenger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Messenger").finish_non_exhaustive()
    }
}

impl Messenger {
    /// One whose secrets may be in the variables that `lookup` knows, and who complains to `complain`.
    pub fn new(
        lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
        complain: impl Fn(String) + Send + Sync + 'static,
        patience: Patience,
    ) -> Self {
        let (lookup, complain) = (Arc::new(lookup), Arc::new(complain));
        Self { lookup, complain, patience, queues: BTreeMap::new() }
    }

    /// One whose secrets may be in the variables of this process.
    pub fn for_user(complain: impl Fn(String) + Send + Sync + 'static) -> Self {
        Self::new(credential::variable, complain, Patience::default())
    }

    /// Takes a letter on its way and does not wait for it.
    pub fn send(&mut self, letter: Letter) {
        let name = letter.to.clone();
        if !self.queues.contains_key(&name) {
            match self.start(&name) {
                Ok(queue) => self.queues.insert(name.clone(), queue),
                Err(error) => {
                    (self.complain)(format!("notification {name} cannot be sent: {error}"));
                    return;
                }
            };
        }
        let Some((queue, _)) = self.queues.get(&name) else { return };
        match queue.try_send(letter) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                (self.complain)(format!("notification {name} was dropped: others still wait"));
            }
        }
    }

    /// Waits until every letter was delivered or given up.
    pub fn finish(self) {
        for (queue, thread) in self.queues.into_values() {
            drop(queue);
            let _ = thread.join();
        }
    }

    fn start(
        &self,
        name: &NotificationName,
    ) -> std::io::Result<(SyncSender<Letter>, JoinHandle<()>)> {
        let (queue, letters) = sync_channel(QUEUE);
        let (lookup, complain) = (Arc::clone(&self.lookup), Arc::clone(&self.complain));
        let patience = self.patience.clone();
        let work = move || deliver_all(&letters, &*lookup, &*complain, &patience);
        let thread = std::thread::Builder::new().name(format!("notify {name}")).spawn(work)?;
        Ok((queue, thread))
    }
}

fn deliver_all(
    letters: &Receiver<Letter>,
    lookup: &Lookup,
    complain: &Complain,
    patience: &Patience,
) {
    for letter in letters {
        let limit = patience.timeout;
        let delivered = match &letter.channel {
            Channel::Slack { url } => patience.tries(|| post::slack(&letter, url, lookup, limit)),
            Channel::Webhook { url, secret } => {
                patience.tries(|| post::webhook(&letter, url, secret, lookup, limit))
            }
            Channel::Email(email) => mail::Sending::new(&letter, email).and_then(|mut sending| {
                let delivered = patience.tries(|| sending.deliver(lookup, patience.mail));
                for refused in &sending.refused {
                    complain(format!("notification {} did not reach {refused}", letter.to));
                }
                delivered
            }),
        };
        if let Err(fault) = delivered {
            complain(format!("notification {} was not sent: {}", letter.to, fault.why));
        }
    }
}

impl Patience {
    /// Tries until it is done, cannot be done, or has been tried often enough.
    fn tries(&self, mut one: impl FnMut() -> Result<(), Fault>) -> Result<(), Fault> {
        for pause in &self.pauses {
            match one() {
                Err(fault) if fault.may_pass => std::thread::sleep(*pause),
                done => return done,
            }
        }
        one()
    }
}
