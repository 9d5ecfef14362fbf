//! Clusters that are watched in the background: what they have now, and since when they do not answer.
//!
//! One thread serves all clusters. Of each, the kinds of Flux are followed, and those kinds that its inventories name and
//! that say how they are; each kind by one watch. What is published is whole: while a kind is still being listed,
//! the state before it stands. A cluster that is lost begins anew with lists when it is back, because nobody knows what
//! was missed, and its kubeconfig is read again. Watches are made here of `kube`'s client and not by its runtime: a list is
//! cut down page by page, so that no Secret or manifest is ever held, and the end of contact is what matters most here.
//!
//! Must not judge objects; the kinds that matter are `towpath_engine::running`'s to say. Next: `watch`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};
use towpath_core::id::ClusterName;
use towpath_core::running::Contact;
use towpath_engine::ports::clusters::{Clusters, Sight};
use towpath_engine::running::flux;
use towpath_engine::running::objects::{KindName, Listed, Objects};

use super::discovery::{self, Discovered, Resource};
use super::fault::{ClusterError, Faults};
use super::session::Session;
use super::watch::{self, Told, WATCH};
use super::{CONCURRENT_LISTS, Settings, access};

/// What is told and not yet heard of one cluster; more has to wait.
const UNHEARD: usize = 256;
/// The longest wait before a lost cluster is tried again.
const LONGEST: Duration = Duration::from_secs(60);
/// After so many heartbeats a cluster that lacks a kind is asked again for what it serves.
const REDISCOVER: u32 = 30;

/// Clusters that are watched. The watches end when this is dropped.
pub struct Connected {
    shared: Arc<Shared>,
    /// Its end is the end of the thread.
    _stop: oneshot::Sender<()>,
}

impl std::fmt::Debug for Connected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connected").field("clusters", &self.names()).finish_non_exhaustive()
    }
}

impl Connected {
    /// Watches clusters, each by a context of the kubeconfigs; [`super::IN_CLUSTER`] is that of the pod that this runs
    /// in. Does not wait for any answer; what is wrong with a context is told as the loss of its cluster.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn watch(
        contexts: impl IntoIterator<Item = (ClusterName, String)>,
        settings: &Settings,
    ) -> std::io::Result<Self> {
        let contexts: Vec<_> = contexts.into_iter().collect();
        let now = Timestamp::now();
        let unasked = || {
            let contact = Contact::Lost { since: now, why: "it has not answered yet".to_owned() };
            Known { sight: Sight { contact, objects: Objects::default() }, is_settled: false }
        };
        let known = contexts.iter().map(|(name, _)| (name.clone(), unasked())).collect();
        let state = Mutex::new(State { known, changes: 0 });
        let shared = Arc::new(Shared { state, changed: Condvar::new() });
        let (stop, stopped) = oneshot::channel::<()>();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (of_thread, settings) = (Arc::clone(&shared), settings.clone());
        let thread = std::thread::Builder::new().name("clusters".to_owned());
        thread.spawn(move || {
            runtime.block_on(async {
                let mut tasks = JoinSet::new();
                for (name, context) in contexts {
                    tasks.spawn(keep(Arc::clone(&of_thread), name, context, settings.clone()));
                }
                // Nobody sends: the other end goes away.
                let _ = stopped.await;
            });
            runtime.shutdown_background();
        })?;
        Ok(Self { shared, _stop: stop })
    }

    /// Waits until each cluster has been seen as a whole or was asked in vain, but no longer than this; whether all have.
    pub fn settle(&self, no_longer_than: Duration) -> bool {
        let state = self.shared.state();
        let unsettled = |state: &mut State| state.known.values().any(|known| !known.is_settled);
        let waited = self.shared.changed.wait_timeout_while(state, no_longer_than, unsettled);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !unsettled(&mut state)
    }
}

impl Clusters for Connected {
    fn names(&self) -> Vec<ClusterName> {
        self.shared.state().known.keys().cloned().collect()
    }

    fn look(&self, cluster: &ClusterName) -> Option<Sight> {
        self.shared.state().known.get(cluster).map(|known| known.sight.clone())
    }

    fn changes(&self) -> u64 {
        self.shared.state().changes
    }

    fn wait(&self, seen: u64, no_longer_than: Duration) -> u64 {
        let state = self.shared.state();
        let same = |state: &mut State| state.changes <= seen;
        let waited = self.shared.changed.wait_timeout_while(state, no_longer_than, same);
        waited.unwrap_or_else(PoisonError::into_inner).0.changes
    }
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    known: BTreeMap<ClusterName, Known>,
    changes: u64,
}

struct Known {
    sight: Sight,
    is_settled: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Whoever panicked left a whole state: each change is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, name: &ClusterName, objects: &Objects) {
        let sight = Sight { contact: Contact::Connected, objects: objects.clone() };
        self.change(name, |known| known.sight = sight);
    }

    /// Contact is lost: since its last word, or since it was first asked in vain.
    fn lose(&self, name: &ClusterName, last: Option<Timestamp>, error: &ClusterError) {
        self.change(name, |known| {
            let since = match (&known.sight.contact, last) {
                (_, Some(last)) => last,
                (Contact::Lost { since, .. }, None) => *since,
                (Contact::Connected, None) => Timestamp::now(),
            };
            known.sight.contact = Contact::Lost { since, why: error.why.clone() };
        });
    }

    fn change(&self, name: &ClusterName, change: impl FnOnce(&mut Known)) {
        let mut state = self.state();
        let Some(known) = state.known.get_mut(name) else { return };
        let before = known.sight.contact.clone();
        change(known);
        let is_first = !std::mem::replace(&mut known.is_settled, true);
        // To be lost for the same reason once more is no news.
        let is_news =
            is_first || known.sight.contact == Contact::Connected || known.sight.contact != before;
        if is_news {
            state.changes += 1;
            self.changed.notify_all();
        }
    }
}

/// Keeps contact with a cluster, for ever.
async fn keep(shared: Arc<Shared>, name: ClusterName, context: String, settings: Settings) {
    let mut wait = settings.retry_wait;
    loop {
        let mut last = None;
        let error = match session(&context, &settings).await {
            Ok(session) => Attention::pay(session, &shared, &name, &mut last).await,
            Err(error) => error,
        };
        if last.is_some() {
            wait = settings.retry_wait;
        }
        shared.lose(&name, last, &error);
        sleep(wait).await;
        wait = wait.saturating_mul(2).clamp(Duration::from_millis(10), LONGEST);
    }
}

/// The access to the cluster of a context, for watches, too.
pub(super) async fn session(context: &str, settings: &Settings) -> Result<Session, ClusterError> {
    // A watch may say nothing for as long as it goes on.
    let patient =
        Settings { request_timeout: WATCH + settings.request_timeout, ..settings.clone() };
    let (client, faults) = access::client(context, &patient, Faults::of_context(context)).await?;
    Ok(Session { client, faults: Arc::new(faults), settings: Arc::new(settings.clone()) })
}

/// What is being followed of one cluster while it answers.
struct Attention<'a> {
    session: Session,
    shared: &'a Shared,
    name: &'a ClusterName,
    objects: Objects,
    served: Discovered,
    watched: BTreeMap<KindName, AbortHandle>,
    /// Kinds that were asked for and have not answered.
    awaited: BTreeSet<KindName>,
    /// Ends what it holds when it is dropped.
    tasks: JoinSet<()>,
    lists: Arc<Semaphore>,
    to: mpsc::Sender<Told>,
}

impl<'a> Attention<'a> {
    /// Follows a cluster until it is lost; why. `last` is when it was last heard.
    async fn pay(
        session: Session,
        shared: &'a Shared,
        name: &'a ClusterName,
        last: &mut Option<Timestamp>,
    ) -> ClusterError {
        let (to, mut from) = mpsc::channel(UNHEARD);
        let served = match discovery::discover(&session).await {
            Ok(served) => served,
            Err(error) => return error,
        };
        let mut this = Self {
            session,
            shared,
            name,
            objects: Objects::default(),
            served,
            watched: BTreeMap::new(),
            awaited: BTreeSet::new(),
            tasks: JoinSet::new(),
            lists: Arc::new(Semaphore::new(CONCURRENT_LISTS)),
            to,
        };
        this.follow();
        this.settled(last);
        let every = this.session.settings.heartbeat.max(Duration::from_millis(1));
        let mut heartbeat = interval_at(Instant::now() + every, every);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut beats = 0_u32;
        loop {
            tokio::select! {
                told = from.recv() => {
                    let Some(told) = told else { continue };
                    if let Err(error) = this.hear(told, &mut from) {
                        return error;
                    }
                    this.settled(last);
                }
                _ = heartbeat.tick() => {
                    beats = beats.wrapping_add(1);
                    let again = beats.is_multiple_of(REDISCOVER) && !this.lacking().is_empty();
                    if let Err(error) = this.beat(again).await {
                        return error;
                    }
                    if last.is_some() {
                        *last = Some(Timestamp::now());
                    }
                }
            }
        }
    }

    /// Asks whether the cluster is there, and where it lacks a kind, what it serves by now.
    async fn beat(&mut self, again: bool) -> Result<(), ClusterError> {
        if again {
            self.served = discovery::discover(&self.session).await?;
            self.follow();
            return Ok(());
        }
        self.session.get::<serde_json::Value>("/version", "ask for the version of").await.map(drop)
    }

    /// Takes in what was told, and all that waits behind it.
    fn hear(&mut self, told: Told, from: &mut mpsc::Receiver<Told>) -> Result<(), ClusterError> {
        let mut told = Some(told);
        while let Some(one) = told {
            match one {
                // The last words of a watch that is over.
                Told::Whole(kind, _) | Told::Refused(kind, _)
                    if !self.watched.contains_key(&kind) => {}
                Told::Whole(kind, objects) => {
                    self.awaited.remove(&kind);
                    self.objects.set_whole(kind, objects);
                }
                Told::Refused(kind, why) => {
                    self.awaited.remove(&kind);
                    self.objects.set(kind, Listed::Refused(why));
                }
                Told::There(object) => self.objects.put(object),
                Told::Gone(id) => self.objects.remove(&id),
                Told::Lost(error) => return Err(error),
            }
            told = from.try_recv().ok();
        }
        self.follow();
        Ok(())
    }

    /// Publishes what is known, once all that was asked for has answered.
    fn settled(&self, last: &mut Option<Timestamp>) {
        if self.awaited.is_empty() {
            *last = Some(Timestamp::now());
            self.shared.publish(self.name, &self.objects);
        }
    }

    fn wanted(&self) -> BTreeSet<KindName> {
        flux::kinds().chain(self.objects.named_kinds()).collect()
    }

    fn lacking(&self) -> Vec<KindName> {
        self.wanted().into_iter().filter(|kind| self.served_as(kind).is_none()).collect()
    }

    fn served_as(&self, kind: &KindName) -> Option<&Resource> {
        let is_it = |it: &&Resource| {
            it.group == kind.group && it.kind == kind.kind && !it.plural.contains('/')
        };
        let mut all = self.served.resources.iter().filter(is_it);
        all.find(|it| it.is_listable() && it.verbs.iter().any(|verb| verb == "watch"))
    }

    /// Begins to watch the kinds that matter by now, and ends the watches of those that no longer do.
    fn follow(&mut self) {
        let wanted = self.wanted();
        let over: Vec<KindName> =
            self.watched.keys().filter(|kind| !wanted.contains(kind)).cloned().collect();
        for kind in over {
            if let Some(task) = self.watched.remove(&kind) {
                task.abort();
            }
            self.awaited.remove(&kind);
            self.objects.forget(&kind);
        }
        for kind in wanted {
            if self.watched.contains_key(&kind) {
                continue;
            }
            let Some(resource) = self.served_as(&kind).cloned() else { continue };
            let task = watch::tell(
                self.session.clone(),
                resource,
                Arc::clone(&self.lists),
                self.to.clone(),
            );
            self.watched.insert(kind.clone(), self.tasks.spawn(task));
            self.awaited.insert(kind);
        }
    }
}
