//! One kind of a cluster, for as long as somebody listens: all of it, and then each change
//! (`kubernetes/apimachinery:pkg/apis/meta/v1/watch.go`).
//!
//! A watch that ends is taken up where it was; one that the server has forgotten (410) begins with a list again, and so
//! does one that ends at once time and again, as behind a proxy that passes no streams: then lists have to do. What
//! cannot be reached any more is told once and is the end: whoever listens decides what becomes of the cluster. Must not
//! judge objects. Next: `connected`, and `events` for what a watch is.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep};
use towpath_engine::running::objects::{KindName, ObjectId, essence};

use super::discovery::Resource;
use super::events::{Event, Events};
use super::fault::ClusterError;
use super::list::{self, Listing};
use super::session::Session;

/// How long a server is asked to go on with one watch. The transport must wait longer for a word.
pub(super) const WATCH: Duration = Duration::from_secs(290);
/// A watch that ends sooner is not taken up at once.
const SHORT: Duration = Duration::from_secs(1);
/// After so many of those in a row nobody knows whether anything would have been told: the kind is listed again.
const SHORT_IN_A_ROW: u32 = 3;
/// When a kind that is refused is asked for again.
const REFUSED: Duration = Duration::from_secs(300);
/// What is told of a kind.
pub(super) enum Told {
    /// All objects of a kind.
    Whole(KindName, Vec<Value>),
    /// An object is new or changed.
    There(Value),
    /// An object is gone.
    Gone(ObjectId),
    /// The kind is not told of; why.
    Refused(KindName, String),
    /// The cluster cannot be reached, or makes no sense.
    Lost(ClusterError),
}

/// How a watch ended.
enum End {
    /// As watches do.
    Over,
    /// Nobody listens.
    Unheard,
}

/// Tells of a kind until nobody listens or the cluster cannot be reached. `lists` bounds how many lists are read at once.
pub(super) async fn tell(
    session: Session,
    resource: Resource,
    lists: Arc<Semaphore>,
    to: mpsc::Sender<Told>,
) {
    let kind = KindName::new(&resource.group, &resource.kind);
    loop {
        match told(&session, &resource, &lists, &to).await {
            Ok(()) => return,
            Err(error) if error.is_about_kind() => {
                if to.send(Told::Refused(kind.clone(), error.why)).await.is_err() {
                    return;
                }
                sleep(REFUSED).await;
            }
            Err(error) => {
                // Nobody who listens is no fault.
                let _ = to.send(Told::Lost(error)).await;
                return;
            }
        }
    }
}

async fn told(
    session: &Session,
    resource: &Resource,
    lists: &Semaphore,
    to: &mpsc::Sender<Told>,
) -> Result<(), ClusterError> {
    let kind = KindName::new(&resource.group, &resource.kind);
    let mut short = 0_u32;
    loop {
        let (objects, mut version) = {
            let _turn = lists.acquire().await;
            list::one(session, &Listing::all(resource.clone()), essence).await?
        };
        if to.send(Told::Whole(kind.clone(), objects)).await.is_err() {
            return Ok(());
        }
        let mut is_second = false;
        loop {
            let begun = Instant::now();
            match watch(session, resource, &mut version, to).await {
                Ok(End::Unheard) => return Ok(()),
                Ok(End::Over) => is_second = false,
                Err(error) if error.is_gone() => break,
                // A connection may break while the cluster is well: the second time it is not.
                Err(error) if is_second || error.is_about_kind() => return Err(error),
                Err(_) => is_second = true,
            }
            if begun.elapsed() >= SHORT {
                short = 0;
                continue;
            }
            short = short.saturating_add(1);
            let wait = session.settings.retry_wait.saturating_mul(1 << short.min(6));
            sleep(wait.min(session.settings.heartbeat)).await;
            if short.is_multiple_of(SHORT_IN_A_ROW) {
                break;
            }
        }
        sleep(session.settings.retry_wait).await;
    }
}

/// Follows one watch to its end; `version` is where the next one goes on.
async fn watch(
    session: &Session,
    resource: &Resource,
    version: &mut String,
    to: &mpsc::Sender<Told>,
) -> Result<End, ClusterError> {
    let doing = format!("watch {} on", resource.name());
    let mut path =
        format!("{}/{}?watch=true&allowWatchBookmarks=true", resource.root(), resource.plural);
    let _ = write!(path, "&timeoutSeconds={}", WATCH.as_secs());
    if !version.is_empty() {
        let _ = write!(path, "&resourceVersion={}", list::escaped(version));
    }
    let mut events = Events::open(session, &path, &doing).await?;
    while let Some(Event { what, object }) = events.next().await? {
        let object = list::whole(object, resource);
        let at = object.pointer("/metadata/resourceVersion").and_then(Value::as_str);
        if let Some(at) = at.filter(|at| !at.is_empty()) {
            at.clone_into(version);
        }
        let told = match what.as_str() {
            "ADDED" | "MODIFIED" => Told::There(essence(object)),
            "DELETED" => Told::Gone(ObjectId::of(&object)),
            "BOOKMARK" => continue,
            _ => return Err(session.faults.garbage(&doing)),
        };
        if to.send(told).await.is_err() {
            return Ok(End::Unheard);
        }
    }
    Ok(End::Over)
}
