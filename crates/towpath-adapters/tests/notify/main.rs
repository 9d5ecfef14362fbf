//! Letters over real sockets: what arrives, what is tried again, and that no secret is told.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use towpath_adapters::notify::{Messenger, Patience};
use towpath_core::id::EnvironmentName;
use towpath_core::notification::{Channel, NotificationName, Occasion};
use towpath_engine::notify::{Happening, Letter};

mod http;
mod mail;

fn letter(channel: Channel) -> Letter {
    Letter {
        to: NotificationName::parse("platform").unwrap(),
        channel,
        happenings: vec![Happening {
            at: "2026-01-05T09:00:00Z".parse().unwrap(),
            occasion: Occasion::Promoted,
            environment: Some(EnvironmentName::parse("production").unwrap()),
            component: None,
            version: None,
            by: Some("Ada <ada@example.com>".to_owned()),
            state: "promoted",
            text: "promote production platform to 1.4.2".to_owned(),
        }],
        more: 0,
    }
}

/// Sends letters, and waits for it; what was complained of. Three tries of this length, without pauses.
fn send(
    letters: Vec<Letter>,
    limit: Duration,
    lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
) -> Vec<String> {
    let complaints: Arc<Mutex<Vec<String>>> = Arc::default();
    let book = Arc::clone(&complaints);
    let patience = Patience { timeout: limit, mail: limit, pauses: vec![Duration::ZERO; 2] };
    let complain = move |why| book.lock().unwrap().push(why);
    let mut messenger = Messenger::new(lookup, complain, patience);
    letters.into_iter().for_each(|letter| messenger.send(letter));
    messenger.finish();
    let complaints = complaints.lock().unwrap();
    complaints.clone()
}
