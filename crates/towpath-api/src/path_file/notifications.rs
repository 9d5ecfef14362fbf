//! Whom the loop tells of changes, in `towpath.yaml`.
//!
//! No secret is written here: a URL that is one, passwords and keys of signatures are named by where they are found.
//! Must not say what is told; that is `towpath_engine::notify`. Next: `towpath_core::notification`.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use towpath_core::notification::{Channel, Notification, NotificationName, Occasion};
use towpath_core::source::SourceUrl;

use super::email::EmailSpec;
use super::mistake::{Wrong, wrong};
use super::sources::{CredentialSpec, InvalidValue, invalid};
use super::{duration, environments};

/// A place that is told: one of `slack`, `webhook` and `email`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NotificationSpec {
    /// Its name, by which the loop says that it could not be reached.
    pub name: String,
    /// An incoming webhook of Slack, or of what takes the same.
    pub slack: Option<SlackSpec>,
    /// A POST of signed JSON.
    pub webhook: Option<WebhookSpec>,
    /// Mail.
    pub email: Option<EmailSpec>,
    /// The environments that it is told of. Left out: all but sandboxes.
    pub environments: Option<Vec<String>>,
    /// What it is told of. Left out: everything.
    pub on: Option<Vec<OccasionSpec>>,
    /// How long news are gathered and then told as one: `1h`. Left out: what one look brings is told at once.
    pub digest: Option<String>,
}

/// An incoming webhook of Slack.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SlackSpec {
    /// Where its URL is found; whoever knows it can write.
    pub url: CredentialSpec,
}

/// A POST of signed JSON.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WebhookSpec {
    /// The URL that is posted to.
    pub url: String,
    /// Where the secret is found that `X-Towpath-Signature` is made with.
    pub secret: CredentialSpec,
}

/// What can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OccasionSpec {
    /// A release was promoted.
    Promoted,
    /// A release begins to wait, or its reasons are others.
    Waiting,
    /// A promotion failed or was given up.
    Failed,
    /// An environment went back.
    RolledBack,
    /// A release was verified.
    Verified,
    /// An emergency stop begins or ends.
    Frozen,
}

/// The notification at place `i` of the file; those before it have other names.
pub(super) fn convert(
    i: usize,
    spec: &NotificationSpec,
    before: &[Notification],
) -> Result<Notification, Wrong> {
    let at = |keys: &[String], message: &str| {
        let mut all: Vec<&dyn std::fmt::Display> = vec![&"notifications", &i];
        all.extend(keys.iter().map(|key| key as &dyn std::fmt::Display));
        wrong(&all, message)
    };
    let mut notification = spec.convert().map_err(|e| at(&e.at, &e.message))?;
    let named = spec.environments.as_deref();
    let named = named.map(|list| environments(list, &[&"notifications", &i, &"environments"]));
    notification.environments = named.transpose()?;
    if before.iter().any(|other| other.name == notification.name) {
        let message = format!("there is a notification {} before", notification.name);
        return Err(at(&["name".to_owned()], &message));
    }
    Ok(notification)
}

impl NotificationSpec {
    /// All but the environments.
    fn convert(&self) -> Result<Notification, InvalidValue> {
        let channel = match (&self.slack, &self.webhook, &self.email) {
            (Some(slack), None, None) => {
                Channel::Slack { url: slack.url.convert(&["slack", "url"])? }
            }
            (None, None, Some(email)) => Channel::Email(email.convert()?),
            (None, Some(webhook), None) => Channel::Webhook {
                url: SourceUrl::parse(&webhook.url).map_err(|e| invalid(&["webhook", "url"], e))?,
                secret: webhook.secret.convert(&["webhook", "secret"])?,
            },
            _ => {
                let message = "a notification has one of `slack`, `webhook` and `email`";
                return Err(invalid(&[], message));
            }
        };
        let on = match &self.on {
            None => Occasion::ALL.into_iter().collect(),
            Some(list) if list.is_empty() => {
                return Err(invalid(&["on"], "it is told of nothing: leave the notification out"));
            }
            Some(list) => list.iter().map(|it| it.convert()).collect::<BTreeSet<_>>(),
        };
        let digest = self.digest.as_deref().map(duration).transpose();
        Ok(Notification {
            name: NotificationName::parse(&self.name).map_err(|e| invalid(&["name"], e))?,
            channel,
            environments: None,
            on,
            digest: digest.map_err(|e| invalid(&["digest"], e))?.filter(|it| !it.is_zero()),
        })
    }
}

impl OccasionSpec {
    fn convert(self) -> Occasion {
        match self {
            Self::Promoted => Occasion::Promoted,
            Self::Waiting => Occasion::Waiting,
            Self::Failed => Occasion::Failed,
            Self::RolledBack => Occasion::RolledBack,
            Self::Verified => Occasion::Verified,
            Self::Frozen => Occasion::Frozen,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use towpath_core::source::Credential;

    use super::*;

    fn read(spec: Json) -> Result<Notification, String> {
        let spec: NotificationSpec = serde_json::from_value(spec).map_err(|e| e.to_string())?;
        convert(0, &spec, &[]).map_err(|e| format!("{}: {}", e.at.join("."), e.message))
    }

    #[test]
    fn each_kind_has_what_it_needs_and_defaults() {
        let slack = read(json!({ "name": "a", "slack": { "url": { "env": "SLACK" } } }));
        let slack = slack.expect("right");
        assert_eq!(slack.channel, Channel::Slack { url: Credential::Variable("SLACK".to_owned()) });
        assert_eq!((slack.on.len(), slack.digest, slack.environments), (6, None, None));

        let webhook = read(json!({
            "name": "a", "on": ["failed", "rolledBack"], "digest": "1h",
            "environments": ["production"],
            "webhook": { "url": "https://bus.example/in", "secret": { "file": "/run/key" } },
        }));
        let webhook = webhook.expect("right");
        assert_eq!(webhook.on, [Occasion::Failed, Occasion::RolledBack].into_iter().collect());
        assert_eq!(webhook.digest.map(|it| it.as_secs()), Some(3600));
        assert_eq!(webhook.environments.map(|it| it.len()), Some(1));

        let email = read(json!({ "name": "a", "email": {
            "server": { "host": "localhost" }, "from": "a@example.com", "to": ["b@example.com"],
        } }));
        assert!(matches!(email.expect("right").channel, Channel::Email(_)));
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let slack = json!({ "url": { "env": "SLACK" } });
        let at = "spec.notifications.0";
        let cases = [
            (json!({ "name": "a" }), format!("{at}: a notification has one of `slack`")),
            (json!({ "name": "a/b", "slack": slack }), format!("{at}.name: ")),
            (json!({ "name": "a", "slack": slack, "on": [] }), format!("{at}.on: ")),
            (json!({ "name": "a", "slack": slack, "on": ["x"] }), "unknown variant".to_owned()),
            (json!({ "name": "a", "slack": slack, "digest": "x" }), format!("{at}.digest: ")),
            (
                json!({ "name": "a", "slack": slack, "webhook": { "url": "http://a", "secret": { "env": "A" } } }),
                format!("{at}: a notification has one of `slack`"),
            ),
            (
                json!({ "name": "a", "email": { "server": { "host": "a" }, "from": "a@b", "to": [] } }),
                format!("{at}.email.to: "),
            ),
            (
                json!({ "name": "a", "slack": slack, "environments": ["a", "/"] }),
                format!("{at}.environments.1: "),
            ),
            (
                json!({ "name": "a", "slack": { "url": { "env": "https://hooks" } } }),
                format!("{at}.slack.url.env: it is no name of an environment variable"),
            ),
            (
                json!({ "name": "a", "webhook": { "url": "x", "secret": { "env": "A" } } }),
                format!("{at}.webhook.url: "),
            ),
        ];
        for (spec, expected) in cases {
            let error = read(spec.clone()).expect_err("it is wrong");
            assert!(error.starts_with(&expected), "{spec}: {error}");
        }
    }
}
