//! Windows in `towpath.yaml`: when promotions may start, and when not.
//!
//! Must not judge them. Next: `towpath_core::window`, which says what happens when clocks change.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use towpath_core::window::{InvalidWindow, Kind, Once, Recurring, Span, Window};

use super::sources::{InvalidValue, invalid};

/// When promotions may start: in one of the windows of `allow`, if there are any, and in none of `deny`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WindowsSpec {
    /// Windows in which promotions may start.
    #[serde(default)]
    pub allow: Vec<WindowSpec>,
    /// Windows in which promotions may not start, whatever is allowed.
    #[serde(default)]
    pub deny: Vec<WindowSpec>,
}

/// A window that comes again (`cron`, `for`, `zone`), or one that comes once (`from`, `until`, and `zone` where a time has no
/// offset). It covers its start and not its end.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WindowSpec {
    /// When it starts: minute, hour, day of the month, month, day of the week, as in cron: `0 9 * * mon-fri`.
    pub cron: Option<String>,
    /// How long it is: `8h`; weeks and days (`1d`) are those of the calendar.
    pub r#for: Option<String>,
    /// Its start: `2026-12-20`, `2026-12-20T18:00`, `2026-12-20T18:00:00Z`.
    pub from: Option<String>,
    /// Its end, which it does not cover.
    pub until: Option<String>,
    /// The IANA time zone of its times: `Europe/Berlin`.
    pub zone: Option<String>,
    /// Why it is there; shown wherever it keeps something waiting.
    pub reason: Option<String>,
}

impl WindowsSpec {
    /// The windows that are stated, those of `allow` first.
    ///
    /// # Errors
    /// [`InvalidValue`].
    pub fn convert(&self) -> Result<Vec<Window>, InvalidValue> {
        if self.allow.is_empty() && self.deny.is_empty() {
            return Err(invalid(&[], "windows have at least one of `allow` and `deny`"));
        }
        let kinds = [(Kind::Allow, &self.allow), (Kind::Deny, &self.deny)];
        let mut windows = Vec::new();
        for (kind, list) in kinds {
            for (i, window) in list.iter().enumerate() {
                let span = window.span().map_err(|(key, message)| {
                    let (i, key) = (i.to_string(), key.into_iter());
                    let at: Vec<&str> = [kind.as_str(), &i].into_iter().chain(key).collect();
                    invalid(&at, message)
                })?;
                windows.push(Window { kind, reason: window.reason.clone(), span });
            }
        }
        Ok(windows)
    }
}

impl WindowsSpec {
    /// As these windows are written.
    #[must_use]
    pub fn of(windows: &[Window]) -> Self {
        let of = |kind| windows.iter().filter(|w| w.kind == kind).map(WindowSpec::of).collect();
        Self { allow: of(Kind::Allow), deny: of(Kind::Deny) }
    }
}

impl WindowSpec {
    /// As a window is written.
    pub(crate) fn of(window: &Window) -> Self {
        let reason = window.reason.clone();
        match &window.span {
            Span::Recurring(recurring) => Self {
                cron: Some(recurring.cron().to_owned()),
                r#for: Some(recurring.length().to_string()),
                zone: Some(recurring.zone().name().to_owned()),
                reason,
                ..Self::default()
            },
            Span::Once(once) => Self {
                from: Some(once.from().to_string()),
                until: Some(once.until().to_string()),
                reason,
                ..Self::default()
            },
        }
    }

    /// The span that is meant, or which key is wrong, and how.
    pub(crate) fn span(&self) -> Result<Span, (Option<&'static str>, String)> {
        let told = |error: InvalidWindow| {
            let key = match &error {
                InvalidWindow::Cron { .. } | InvalidWindow::NeverComes { .. } => "cron",
                InvalidWindow::Length { .. } => "for",
                InvalidWindow::Zone { .. } => "zone",
                InvalidWindow::Moment { text, .. } if self.from.as_deref() == Some(text) => "from",
                InvalidWindow::Moment { .. } | InvalidWindow::Empty { .. } => "until",
            };
            (Some(key), error.to_string())
        };
        match (&self.cron, &self.r#for, &self.from, &self.until) {
            (Some(cron), Some(length), None, None) => {
                let Some(zone) = &self.zone else {
                    let message = "a schedule is read on a clock: give its `zone`, such as `UTC`";
                    return Err((None, message.to_owned()));
                };
                Recurring::parse(cron, length, zone).map(Span::Recurring).map_err(told)
            }
            (None, None, Some(from), Some(until)) => {
                Once::parse(from, until, self.zone.as_deref()).map(Span::Once).map_err(told)
            }
            _ => {
                let message = "a window has `cron`, `for` and `zone`, or `from` and `until`";
                Err((None, message.to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn windows(spec: &Json) -> Result<Vec<String>, String> {
        let spec: WindowsSpec = serde_json::from_value(spec.clone()).map_err(|e| e.to_string())?;
        let windows = spec.convert().map_err(|e| format!("{}: {e}", e.at.join(".")))?;
        let shown = windows.iter().map(|window| format!("{} {window}", window.kind.as_str()));
        Ok(shown.collect())
    }

    #[test]
    fn windows_come_again_or_once() {
        let read = windows(&json!({
            "allow": [{ "cron": "0 9 * * mon-fri", "for": "8h", "zone": "Europe/Berlin" }],
            "deny": [
                { "from": "2026-12-20", "until": "2027-01-04", "zone": "Europe/Berlin", "reason": "holidays" },
                { "from": "2026-07-01T00:00:00Z", "until": "2026-07-02T00:00:00Z" },
            ],
        }));
        let expected = [
            "allow `0 9 * * mon-fri` for 8h in Europe/Berlin",
            "deny holidays (2026-12-19T23:00:00Z to 2027-01-03T23:00:00Z)",
            "deny 2026-07-01T00:00:00Z to 2026-07-02T00:00:00Z",
        ];
        assert_eq!(read, Ok(expected.map(str::to_owned).to_vec()));
    }

    #[test]
    fn a_mistake_is_placed_at_its_key() {
        let again = |cron: &str, length: &str, zone: &str| json!({ "allow": [{ "cron": cron, "for": length, "zone": zone }] });
        let once = |from: &str, until: &str| json!({ "deny": [{ "from": from, "until": until }] });
        let cases = [
            (json!({}), ": windows have at least one"),
            (json!({ "deny": [{}] }), "deny.0: a window has `cron`"),
            (json!({ "deny": [{ "cron": "@daily", "for": "1d" }] }), "deny.0: a schedule is read"),
            (
                json!({ "deny": [{ "cron": "@daily", "from": "2026-01-01", "zone": "UTC" }] }),
                "deny.0: a window has `cron`",
            ),
            (again("0 9 * *", "8h", "UTC"), "allow.0.cron: cron schedule \"0 9 * *\": it has 4"),
            (again("0 0 30 2 *", "8h", "UTC"), "allow.0.cron: cron schedule \"0 0 30 2 *\" never"),
            (again("0 9 * * *", "8", "UTC"), "allow.0.for: length \"8\" is none"),
            (again("0 9 * * *", "8h", "Berlin"), "allow.0.zone: time zone \"Berlin\""),
            (once("now", "2026-12-20T00:00:00Z"), "deny.0.from: time \"now\" is none"),
            (
                once("2026-12-20T00:00:00Z", "2026-12-21"),
                "deny.0.until: time \"2026-12-21\" has no",
            ),
            (once("2026-12-20T00:00:00Z", "2026-12-19T00:00:00Z"), "deny.0.until: it ends at"),
        ];
        for (spec, expected) in cases {
            let error = windows(&spec).expect_err("it is no window");
            assert!(error.starts_with(expected), "{spec}: {error}");
        }
    }
}
