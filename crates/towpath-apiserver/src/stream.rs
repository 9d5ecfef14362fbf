//! Watches: waiting for what happens, and telling it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::unfold;
use http::{HeaderValue, Response, header};
use tokio::time::{Instant, sleep_until};
use towpath_apimachinery::request::{Encoding, Form, View};
use towpath_apimachinery::store::Stored;
use towpath_apimachinery::watch::Watch;

use crate::body::Body;
use crate::cluster::{Shared, warn};

/// How long a watch lasts whose client does not say.
const LONGEST: Duration = Duration::from_secs(3600);

/// How often a client that wants to know how far it is, is told.
const BOOKMARKS: Duration = Duration::from_secs(60);

/// How many objects of the beginning are written at once, so that a large one is never in memory as a whole.
const PIECE: usize = 500;

struct State {
    shared: Arc<Shared>,
    watch: Watch,
    told: tokio::sync::watch::Receiver<u64>,
    closed: tokio::sync::watch::Receiver<bool>,
    /// Everything up to here has been told.
    cursor: u64,
    ends: Instant,
    bookmark: Instant,
    is_begun: bool,
    is_over: bool,
}

pub(crate) fn response(shared: &Arc<Shared>, watch: Watch) -> Response<Body> {
    let content_type = match watch.form.encoding {
        Encoding::Json => "application/json",
        Encoding::Yaml => "application/yaml",
    };
    let warnings = watch.warnings.clone();
    let now = Instant::now();
    let state = State {
        told: shared.progress().told(),
        closed: shared.closed(),
        shared: Arc::clone(shared),
        cursor: watch.from,
        ends: now + watch.timeout.map_or(LONGEST, Duration::from_secs).min(LONGEST * 24),
        bookmark: now + BOOKMARKS,
        is_begun: false,
        is_over: false,
        watch,
    };
    let mut response = Response::new(Body::events(unfold(state, next)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    warn(headers, &warnings);
    response
}

async fn next(mut state: State) -> Option<(Bytes, State)> {
    loop {
        if state.is_over {
            return None;
        }
        let told = *state.told.borrow_and_update();
        if *state.closed.borrow() || state.shared.progress().broken().is_some() {
            return None;
        }
        let out = state.collect(told);
        if !out.is_empty() {
            return Some((out.into(), state));
        }
        tokio::select! {
            changed = state.told.changed() => state.is_over = changed.is_err(),
            changed = state.closed.changed() => state.is_over = changed.is_err(),
            () = sleep_until(state.ends) => state.is_over = true,
            () = sleep_until(state.bookmark), if state.watch.has_bookmarks => {
                state.bookmark = Instant::now() + BOOKMARKS;
                let mut out = Vec::new();
                state.watch.bookmark(state.cursor, false, &mut out);
                return Some((out.into(), state));
            }
        }
    }
}

/// Takes off what a beginning has too much for one piece. A table is told whole: its columns come once.
fn behind_first(initial: &mut Vec<Arc<Stored>>, form: Form) -> Vec<Arc<Stored>> {
    if initial.len() <= PIECE || form.view != View::Whole {
        return Vec::new();
    }
    initial.split_off(PIECE)
}

impl State {
    /// What has happened since the client was told last, up to what may be told. It is written when nobody waits for the
    /// machine any more.
    fn collect(&mut self, told: u64) -> Vec<u8> {
        let now = self.shared.clock().now();
        let watch = &mut self.watch;
        let mut out = Vec::new();
        if !self.is_begun {
            let rest = behind_first(&mut watch.initial, watch.form);
            let tells_end = watch.tells_end_of_initial;
            watch.tells_end_of_initial = tells_end && rest.is_empty();
            out = watch.beginning(now);
            watch.tells_end_of_initial = tells_end;
            watch.initial = rest;
            if !watch.initial.is_empty() {
                return out;
            }
            self.is_begun = true;
        }
        let cursor = self.cursor;
        let events = self.shared.read(|machine| -> Result<Vec<_>, _> {
            let events = machine.state().history().since(cursor)?;
            let events = events.take_while(|event| event.revision <= told);
            Ok(events.filter(|event| watch.concerns(event)).cloned().collect())
        });
        match events {
            Ok(events) => {
                for event in events {
                    watch.tell(now, &event, &mut out);
                }
                self.cursor = told.max(cursor);
            }
            Err(error) => {
                watch.too_old(&error, &mut out);
                self.is_over = true;
            }
        }
        out
    }
}
