//! Gates that a real Prometheus and a real Alertmanager open and close.

use std::error::Error;

use serde_json::json;
use towpath_testkit::gauges::{Setup, TestAlertmanager, TestPrometheus};

use crate::support::{PATH_FILE, World, assert_transcript};

/// What fired two seconds ago: a command asks as of the second in which it began.
const FIRING: &str = "ALERTS{alertstate=%22firing%22}%20offset%202s";

fn rule(expression: &str) -> Vec<(String, String)> {
    vec![("Broken".to_owned(), expression.to_owned())]
}

/// A path whose production asks both, and an address at which nobody listens.
fn path_file(prometheus: &str, alertmanager: &str) -> String {
    let gates = concat!(
        "    - alerts: {source: prometheus, matchers: ['alertname=\"Broken\"']}\n",
        "    - alerts: {source: alertmanager, in: [staging]}\n",
        "    - metric: {source: prometheus, query: 'count(up)', condition: value == 1.0}\n",
    );
    let sources = format!(
        "  sources:\n  - {{name: prometheus, prometheus: {prometheus:?}}}\n  \
         - {{name: alertmanager, alertmanager: {alertmanager:?}, clusterLabel: cluster}}\n"
    );
    with(gates, &sources)
}

/// What a team states, with these gates before production.
fn with(gates: &str, sources: &str) -> String {
    let after = "    after: [staging]\n";
    let text = PATH_FILE.replace(after, &format!("{after}    gates:\n{gates}"));
    format!("{text}{sources}")
}

fn host(url: &str) -> &str {
    url.trim_start_matches("http://")
}

#[test]
fn sources_open_and_close_a_gate() -> Result<(), Box<dyn Error>> {
    let setup = Setup { alerts: rule("vector(1)"), ..Setup::default() };
    let prometheus = TestPrometheus::start(&setup)?;
    let alertmanager = TestAlertmanager::start()?;
    prometheus.until_series("up%20offset%202s", 1)?;
    prometheus.until_series(FIRING, 1)?;
    let world = World::two_releases_with(&path_file(&prometheus.url(), &alertmanager.url()));
    world.hide(host(&prometheus.url()));
    world.hide(host(&alertmanager.url()));

    world.say("# an alert fires at prometheus");
    assert_eq!(world.run(&["plan", "production"]), 1);
    assert_eq!(world.run(&["status"]), 0);
    assert_eq!(world.run(&["promote", "production"]), 1);

    world.say("# it fires no more; the alertmanager has just begun and may not have heard of all");
    prometheus.rewrite(&rule("vector(0) > 0"))?;
    prometheus.until_series(FIRING, 0)?;
    assert_eq!(world.run(&["explain", "production"]), 1);

    world.say("# nobody is asked");
    assert_eq!(world.run(&["explain", "production", "--offline"]), 1);

    world.say("# somebody takes it upon them");
    let reason = "the alertmanager was moved";
    assert_eq!(world.run(&["override", "production", "alerts/2", "--reason", reason]), 0);
    assert_eq!(world.run(&["promote", "production"]), 0);

    world.say("# a source that is gone opens nothing");
    world.ok(&["release", "0.0.9"]);
    drop(prometheus);
    assert_eq!(world.run(&["explain", "production"]), 1);
    assert_transcript!(world);
    Ok(())
}

#[test]
fn an_alertmanager_closes_a_gate_and_opens_it() -> Result<(), Box<dyn Error>> {
    let alertmanager = TestAlertmanager::start()?;
    let gate = "    - alerts: {source: alertmanager, in: [staging, production]}\n";
    // It is told of everything by this test, so nothing has to be waited for.
    let source = format!(
        "  sources:\n  - {{name: alertmanager, alertmanager: {:?}, clusterLabel: cluster, warmUp: 0s}}\n",
        alertmanager.url()
    );
    let world = World::two_releases_with(&with(gate, &source));
    world.hide(host(&alertmanager.url()));
    let alert =
        |cluster| json!({"alertname": "Broken", "severity": "critical", "cluster": cluster});

    world.say(
        "an alert fires on a cluster of staging, and one on a cluster that is none of the path's",
    );
    alertmanager.fire(&alert("staging"))?;
    alertmanager.fire(&alert("elsewhere"))?;
    alertmanager.until_alerts("active=true", 2)?;
    assert_eq!(world.run(&["promote", "production"]), 1);

    world.say("it fires no more");
    alertmanager.resolve(&alert("staging"))?;
    alertmanager.until_alerts("active=true", 1)?;
    assert_eq!(world.run(&["promote", "production"]), 0);

    world.say("the next release finds it closed again, until somebody silences the alert");
    world.ok(&["release", "0.0.9"]);
    alertmanager.fire(&alert("production"))?;
    alertmanager.until_alerts("active=true", 2)?;
    assert_eq!(world.run(&["explain", "production"]), 1);
    alertmanager.silence("Broken")?;
    alertmanager.until_alerts("silenced=false", 0)?;
    assert_eq!(world.run(&["plan", "production"]), 0);
    assert_transcript!(world);
    Ok(())
}

#[test]
fn what_no_source_can_answer_is_refused_where_it_is_written() {
    let world = World::stated();
    let source =
        "sources: [{name: a, alertmanager: 'http://a'}, {name: p, prometheus: 'http://p'}]";
    for gate in [
        "alerts: {source: nobody}",
        "alerts: {source: a, over: 1h}",
        "alerts: {source: p, matchers: [x]}",
        "alerts: {source: p, in: [moon moon]}",
        "metric: {source: a, query: up, condition: value > 0.0}",
        "metric: {source: p, query: up, condition: value >}",
        "metric: {source: p, query: up, condition: change < 10.0}",
        "metric: {source: p, query: '', condition: value > 0.0}",
    ] {
        let text = with(&format!("    - {gate}\n"), &format!("  {source}\n"));
        world.push_file("towpath.yaml", &text, "another gate");
        world.refused(&["status"]);
    }
    assert_transcript!(world);
}
