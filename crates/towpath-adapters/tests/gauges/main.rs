//! Sources of alerts and metrics against a real Prometheus, a real Alertmanager, and servers that
//! misbehave. One binary, so that it is linked once.

mod alertmanager;
mod faults;
mod prometheus;

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use towpath_adapters::gauges::HttpGauges;
use towpath_core::source::{
    AlertsQuestion, AlertsSeen, Auth, Matcher, Source, SourceKind, SourceName, SourceUrl,
};

/// Sources whose credentials may be in these environment variables.
fn gauges(variables: &'static [(&'static str, &'static str)]) -> HttpGauges {
    HttpGauges::new(move |name| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

fn source(kind: SourceKind, url: &str) -> Result<Source> {
    Ok(Source {
        name: SourceName::parse("test")?,
        kind,
        url: SourceUrl::parse(url)?,
        auth: Auth::None,
        ca_file: None,
        timeout: Duration::from_secs(60),
        cluster_label: Some("cluster".to_owned()),
        heartbeat: None,
        warm_up: towpath_core::source::DEFAULT_WARM_UP,
    })
}

fn question(matchers: &[&str], over: u64, clusters: &[&str]) -> Result<AlertsQuestion> {
    let matchers: Result<Vec<_>, _> = matchers.iter().map(|text| Matcher::parse(text)).collect();
    Ok(AlertsQuestion {
        matchers: matchers?,
        over: Duration::from_secs(over),
        count_silenced: false,
        clusters: clusters.iter().map(|&name| name.to_owned()).collect(),
    })
}

/// The alerts by their names.
fn names(seen: &AlertsSeen) -> BTreeSet<&str> {
    seen.firing.iter().filter_map(|labels| labels.get("alertname")).collect()
}
