//! The words of letters: for people in a chat, and for programs as JSON. Those of mail are in the module beside it.
//!
//! Whoever could put a name into a path must not be able to put a link or a mention into a chat: what is not ours is
//! escaped. Must not choose what is told.

use towpath_api::output::{NotificationOutput, NotifiedOutput, Output};
use towpath_core::notification::{Channel, NotificationName};
use towpath_core::record::Event;

use super::Happening;
use crate::ledger;

/// The longest line of one happening, in characters: a wave can name thousands of clusters.
const LONGEST: usize = 600;

/// What one notification is told at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Which notification.
    pub to: NotificationName,
    /// How it is reached.
    pub channel: Channel,
    /// What there is to tell, in the order in which it happened; at least one.
    pub happenings: Vec<Happening>,
    /// How many more there were.
    pub more: usize,
}

impl Letter {
    /// A line for each, as plain text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        for happening in &self.happenings {
            out.push_str(&format!("{} {}", happening.at, line(&happening.text)));
            if let Some(by) = &happening.by {
                out.push_str(&format!(" ({by})"));
            }
            out.push('\n');
        }
        if self.more > 0 {
            out.push_str(&format!("and {} more: see `towpath history`\n", self.more));
        }
        out
    }

    /// The JSON that Slack's incoming webhooks take (`slackapi/slack-github-action:docs`): `text` alone, in which
    /// `&`, `<` and `>` are escaped so that nothing in it is a link or a mention.
    #[must_use]
    pub fn slack(&self) -> Vec<u8> {
        let text = self.text();
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        serde_json::json!({ "text": text.trim_end() }).to_string().into_bytes()
    }

    /// The JSON for programs; its schema is `docs/schemas/notification.json`.
    #[must_use]
    pub fn json(&self) -> Vec<u8> {
        let told = |it: &Happening| NotifiedOutput {
            at: it.at.to_string(),
            on: it.occasion.as_str(),
            environment: it.environment.as_ref().map(ToString::to_string),
            component: it.component.as_ref().map(ToString::to_string),
            version: it.version.as_ref().map(ToString::to_string),
            by: it.by.clone(),
            message: line(&it.text),
        };
        let content = NotificationOutput {
            name: self.to.to_string(),
            changes: self.happenings.iter().map(told).collect(),
            more: self.more,
        };
        let json = serde_json::to_vec(&Output::new("Notification", content));
        json.expect("texts and numbers are JSON")
    }
}

/// What a record tells, in the ledger's words.
pub(super) fn recorded(event: &Event) -> String {
    ledger::title(event)
}

/// A text as one line, and not a long one.
pub(super) fn line(text: &str) -> String {
    let words = text.split(|c: char| c.is_control() || c.is_whitespace());
    let text = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text,
    }
}
