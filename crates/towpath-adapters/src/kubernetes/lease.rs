//! The lease of the loop in a cluster: `coordination.k8s.io/v1`, read and written by a thread of its own.
//!
//! What is done when is decided by [`towpath_engine::lease`]; here is the clock, and the requests. A write is a replacement
//! of the object that was read, so that the server holds it against the version of that; labels and whatever else stands
//! in it stay. One request at a time, none of which may take longer than a third of the time for which the holder acts.
//! This is all that is ever written to a cluster that is watched. Must not decide who acts, or what a holder does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1 as kubernetes;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::{Api, PostParams};
use tokio::sync::oneshot;
use towpath_engine::lease::{Claim, Lease, Moment, Seat, Step, Terms};

use super::fault::{ClusterError, Faults, Problem};
use super::{Settings, access};

/// Where a pod finds its namespace, beside the token of its service account.
const POD_NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// Which lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its namespace, which must be there.
    pub namespace: String,
    /// Its name; it is made where it is not there.
    pub name: String,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Where we stand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// Whether we hold the lease and may act.
    pub holds: bool,
    /// Who held it when it was seen last.
    pub holder: Option<String>,
    /// Since when it is as it is: until about then whoever held it before us acted.
    pub before: Option<Timestamp>,
    /// Why the lease could not be asked or written the last time.
    pub trouble: Option<ClusterError>,
}

/// A lease that we hold, or wait for.
pub struct Tenure {
    shared: Arc<Shared>,
    /// Its end is the end of the thread.
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// Says whether we hold the lease, to whoever is asked.
#[derive(Clone)]
pub struct Leads(Arc<Shared>);

struct Shared {
    began: Instant,
    state: Mutex<State>,
    changed: Box<dyn Fn() + Send + Sync>,
}

struct State {
    seat: Seat,
    before: Option<Moment>,
    trouble: Option<ClusterError>,
    /// Whether we held it when that was told last.
    held: bool,
}

impl Tenure {
    /// Waits for a lease in the background, takes it when it is free, and keeps it. `me` is a name that no other process
    /// has or had. `changed` is called when somebody else holds it than before, and when what is wrong changes.
    ///
    /// # Errors
    /// [`ClusterError`] when the access cannot be prepared. That the cluster does not answer is told as trouble.
    pub fn seek(
        place: &Place,
        context: &str,
        settings: &Settings,
        terms: Terms,
        me: String,
        changed: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self, ClusterError> {
        let faults = Faults::of_context(context);
        let patience = terms.deadline / 3;
        let settings = Settings {
            connect_timeout: settings.connect_timeout.min(patience),
            request_timeout: patience,
            ..settings.clone()
        };
        let no_thread =
            |error| Faults::of_context(context).access("the system gives no thread", Some(error));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(no_thread)?;
        let (client, faults) = runtime.block_on(access::client(context, &settings, faults))?;
        let desk = Desk {
            api: Api::namespaced(client, &place.namespace),
            place: place.clone(),
            faults,
            patience,
            terms,
            me: me.clone(),
            known: None,
        };
        let state = State { seat: Seat::new(me, terms), before: None, trouble: None, held: false };
        let shared = Arc::new(Shared {
            began: Instant::now(),
            state: Mutex::new(state),
            changed: Box::new(changed),
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("lease".to_owned());
        let thread = thread
            .spawn(move || runtime.block_on(keep(&of_thread, desk, stopped)))
            .map_err(no_thread)?;
        Ok(Self { shared, stop, thread })
    }

    /// Where we stand now.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let (shared, now) = (&self.shared, self.shared.now());
        let state = shared.state();
        let ago = |before: Moment| {
            let ago = jiff::SignedDuration::try_from(now.saturating_sub(before)).ok()?;
            Timestamp::now().checked_sub(ago).ok()
        };
        Standing {
            holds: state.seat.holds(now),
            holder: state.seat.holder().map(str::to_owned),
            before: state.before.and_then(ago),
            trouble: state.trouble.clone(),
        }
    }

    /// What says whether we hold it.
    #[must_use]
    pub fn leads(&self) -> Leads {
        Leads(Arc::clone(&self.shared))
    }

    /// Gives the lease back, so that nobody has to wait until it runs out. Nothing may be done any more that it is for.
    /// Where it cannot be given back it runs out.
    pub fn release(self) {
        // The thread may have ended by a panic; then there is nobody to tell.
        let _ = self.stop.send(());
        let _ = self.thread.join();
    }
}

impl Leads {
    /// Whether we hold the lease and may act.
    #[must_use]
    pub fn holds(&self) -> bool {
        let now = self.0.now();
        self.0.state().seat.holds(now)
    }
}

impl Shared {
    fn now(&self) -> Moment {
        self.began.elapsed()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whoever panicked left a whole state: each change is one call of the seat.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the seat what came of a step.
    fn tell(&self, told: Told, sent: Moment) {
        let mut state = self.state();
        let now = self.now();
        let holder = state.seat.holder().map(str::to_owned);
        let since = state.seat.seen_since();
        let trouble = match told {
            Told::Read(lease) => {
                state.seat.looked(lease, now);
                None
            }
            Told::Wrote(lease) => {
                if !state.held {
                    state.before = since;
                }
                state.seat.wrote(lease, sent, now);
                None
            }
            Told::TooLate => {
                state.seat.too_late(now);
                state.trouble.clone()
            }
            Told::Failed(error) => {
                state.seat.failed(now);
                Some(error)
            }
        };
        let holds = state.seat.holds(now);
        let is_news = state.seat.holder() != holder.as_deref()
            || state.held != holds
            || state.trouble != trouble;
        state.held = holds;
        state.trouble = trouble;
        drop(state);
        if is_news {
            (self.changed)();
        }
    }
}

/// What came of a step.
enum Told {
    Read(Option<Lease>),
    Wrote(Lease),
    TooLate,
    Failed(ClusterError),
}

/// Does what the seat says until nobody wants the lease any more, and then gives it back.
async fn keep(shared: &Shared, mut desk: Desk, mut stopped: oneshot::Receiver<()>) {
    loop {
        let now = shared.now();
        let step = shared.state().seat.next(now);
        let work = async {
            match step {
                Step::Wait(until) => {
                    tokio::time::sleep(until.saturating_sub(now)).await;
                    None
                }
                Step::Look => Some(desk.look().await),
                Step::Write(claim) => Some(desk.write(&claim).await),
            }
        };
        tokio::select! {
            // Nobody sends more than this, and the other end goes away with whoever wanted the lease.
            _ = &mut stopped => break,
            told = work => {
                if let Some(told) = told {
                    shared.tell(told, now);
                }
            }
        }
    }
    // A renewal that was on its way may have been written: the version is that of the lease as it is now.
    if let Told::Read(lease) = desk.look().await {
        let release = {
            let mut state = shared.state();
            state.seat.looked(lease, shared.now());
            state.seat.release()
        };
        if let Some(claim) = release {
            desk.write(&claim).await;
        }
    }
}

/// Where leases are asked for and written.
struct Desk {
    api: Api<kubernetes::Lease>,
    place: Place,
    faults: Faults,
    patience: Duration,
    terms: Terms,
    me: String,
    /// The object that was read or written last.
    known: Option<kubernetes::Lease>,
}

impl Desk {
    async fn look(&mut self) -> Told {
        let doing = format!("read the lease {} of", self.place);
        match self.bounded(&doing, self.api.get_opt(&self.place.name)).await {
            Ok(found) => {
                self.known = found;
                Told::Read(self.known.as_ref().map(value))
            }
            Err(error) => Told::Failed(error),
        }
    }

    async fn write(&mut self, claim: &Claim) -> Told {
        let doing = format!("write the lease {} of", self.place);
        let lease = self.claimed(claim);
        let how = PostParams::default();
        let written = match claim {
            Claim::Create => self.bounded(&doing, self.api.create(&how, &lease)).await,
            Claim::Take(_) | Claim::Renew(_) | Claim::Release(_) => {
                self.bounded(&doing, self.api.replace(&self.place.name, &how, &lease)).await
            }
        };
        match written {
            Ok(lease) => {
                let told = Told::Wrote(value(&lease));
                self.known = Some(lease);
                told
            }
            // Somebody else was first, or it was removed; a namespace that is not there shows when it is looked for again.
            Err(ClusterError { problem: Problem::Status(409), .. }) => Told::TooLate,
            Err(error) => Told::Failed(error),
        }
    }

    /// The object as it is to be.
    fn claimed(&self, claim: &Claim) -> kubernetes::Lease {
        let now = Some(MicroTime(Timestamp::now()));
        let seconds = |long: Duration| i32::try_from(long.as_secs()).ok();
        let mut lease = match (claim, &self.known) {
            (Claim::Take(_) | Claim::Renew(_) | Claim::Release(_), Some(known)) => known.clone(),
            _ => kubernetes::Lease::default(),
        };
        let metadata = std::mem::take(&mut lease.metadata);
        let version = match claim {
            Claim::Create => None,
            Claim::Take(on) | Claim::Renew(on) | Claim::Release(on) => Some(on.clone()),
        };
        lease.metadata = ObjectMeta {
            name: Some(self.place.name.clone()),
            namespace: Some(self.place.namespace.clone()),
            resource_version: version,
            ..metadata
        };
        let mut spec = lease.spec.take().unwrap_or_default();
        let transitions = spec.lease_transitions.unwrap_or(0);
        spec.renew_time.clone_from(&now);
        match claim {
            Claim::Renew(_) => {}
            Claim::Create => {
                spec.acquire_time.clone_from(&now);
                spec.lease_transitions = Some(0);
            }
            Claim::Take(_) => {
                spec.acquire_time.clone_from(&now);
                spec.lease_transitions = Some(transitions.saturating_add(1));
            }
            // As client-go leaves it.
            Claim::Release(_) => spec.acquire_time.clone_from(&now),
        }
        let is_given_back = matches!(claim, Claim::Release(_));
        spec.holder_identity = (!is_given_back).then(|| self.me.clone());
        spec.lease_duration_seconds =
            if is_given_back { Some(1) } else { seconds(self.terms.duration) };
        lease.spec = Some(spec);
        lease
    }

    async fn bounded<T>(
        &self,
        doing: &str,
        asked: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, ClusterError> {
        match tokio::time::timeout(self.patience, asked).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.faults.of_lease(doing, &error)),
            Err(_) => Err(self.faults.timeout(doing)),
        }
    }
}

fn value(lease: &kubernetes::Lease) -> Lease {
    let spec = lease.spec.as_ref();
    let seconds = spec.and_then(|spec| spec.lease_duration_seconds);
    let seconds = seconds.and_then(|it| u64::try_from(it).ok()).filter(|it| *it > 0);
    Lease {
        version: lease.metadata.resource_version.clone().unwrap_or_default(),
        holder: spec.and_then(|spec| spec.holder_identity.clone()).filter(|it| !it.is_empty()),
        duration: seconds.map(Duration::from_secs),
    }
}

/// A name for a process that no other has or had: that of its machine or pod, and some chance.
///
/// # Panics
/// When the system has no random bits.
#[must_use]
pub fn new_name() -> String {
    let mut bits = [0; 8];
    getrandom::fill(&mut bits).expect("the system has random bits");
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{host}_{:016x}", u64::from_be_bytes(bits))
}

/// The namespace of the pod that this runs in; `None` where it is none with a service account.
#[must_use]
pub fn pod_namespace() -> Option<String> {
    std::env::var_os("KUBERNETES_SERVICE_HOST")?;
    let text = std::fs::read_to_string(POD_NAMESPACE).ok()?;
    Some(text.trim().to_owned()).filter(|namespace| !namespace.is_empty())
}
