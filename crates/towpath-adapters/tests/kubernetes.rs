//! Clusters as they are asked: all pages, what is refused, and what comes of a server that misbehaves.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::json;
use tempfile::TempDir;
use towpath_adapters::kubernetes::{Cluster, ClusterError, Listing, Problem, Settings};
use towpath_testkit::api_server::{ApiServer, Served, TOKEN, refusal};
use towpath_testkit::faulty_registry::{Answer, Rule};

struct World {
    server: ApiServer,
    folder: TempDir,
}

impl World {
    fn new(served: &[Served], instead: impl Into<Vec<Rule>>) -> Result<Self> {
        let server = ApiServer::start("29+", served, instead.into())?;
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("config"), server.kubeconfig("prod"))?;
        Ok(Self { server, folder })
    }

    fn settings(&self) -> Settings {
        settings(vec![self.folder.path().join("config")])
    }

    fn cluster(&self) -> Result<Cluster> {
        Ok(Cluster::connect("prod", &self.settings())?)
    }
}

fn settings(kubeconfigs: Vec<PathBuf>) -> Settings {
    Settings { kubeconfigs, retry_wait: Duration::ZERO, ..Settings::for_user(|_| None) }
}

fn maps(count: usize) -> Served {
    let map =
        |n| json!({"metadata": {"name": format!("map-{n}"), "managedFields": [{"manager": "me"}]}});
    Served::new("v1", "ConfigMap", "configmaps").with((0..count).map(map))
}

/// What a cluster answers to a list of all that it serves.
fn listed(cluster: &Cluster) -> Result<Vec<Result<Vec<String>, ClusterError>>> {
    let wanted: Vec<Listing> =
        cluster.resources()?.resources.into_iter().map(Listing::all).collect();
    let name = |object: &serde_json::Value| {
        let text =
            |path: &str| object.pointer(path).and_then(|it| it.as_str()).unwrap_or("?").to_owned();
        format!("{} {} {}", text("/apiVersion"), text("/kind"), text("/metadata/name"))
    };
    let answers = cluster.list(&wanted).into_iter();
    Ok(answers.map(|answer| answer.map(|all| all.iter().map(name).collect())).collect())
}

fn refused<T: std::fmt::Debug, E: std::fmt::Debug>(answer: Result<T, E>) -> E {
    answer.expect_err("it must not succeed")
}

#[test]
fn all_pages_of_all_kinds_come_and_nothing_is_written() -> Result<()> {
    let served = [
        maps(5),
        Served::new("apps/v1", "Deployment", "deployments")
            .with([json!({"metadata": {"name": "web"}})]),
        Served::new("example.com/v2", "Widget", "widgets"),
    ];
    let world = World::new(&served, [])?;
    let cluster = world.cluster()?;
    assert_eq!(cluster.version()?.0, 29);
    let answers = listed(&cluster)?.into_iter().collect::<Result<Vec<_>, _>>()?;
    let maps: Vec<String> = (0..5).map(|n| format!("v1 ConfigMap map-{n}")).collect();
    assert_eq!(answers, [maps, vec!["apps/v1 Deployment web".to_owned()], Vec::new()]);
    for seen in world.server.seen() {
        assert!(seen.line.starts_with("GET "), "{}", seen.line);
        assert_eq!(seen.header("authorization"), Some(&*format!("Bearer {TOKEN}")));
    }
    Ok(())
}

#[test]
fn managed_fields_are_part_of_what_comes() -> Result<()> {
    let world = World::new(&[maps(1)], [])?;
    let cluster = world.cluster()?;
    let wanted: Vec<Listing> =
        cluster.resources()?.resources.into_iter().map(Listing::all).collect();
    let answer = cluster.list(&wanted).pop().context("there is a kind")??;
    assert_eq!(answer[0]["metadata"]["managedFields"][0]["manager"], "me");
    Ok(())
}

#[test]
fn a_list_that_grew_too_old_begins_anew() -> Result<()> {
    let second = "GET /api/v1/configmaps?limit=500&continue=page-1";
    let page = json!({"metadata": {}, "items": [{"metadata": {"name": "last"}}]}).to_string();
    let gone = Rule::new(second, [refusal(410, "too old"), Answer::ok(page)]);
    let world = World::new(&[maps(4)], [gone])?;
    let answers = listed(&world.cluster()?)?.into_iter().collect::<Result<Vec<_>, _>>()?;
    let want = ["map-0", "map-1", "last"].map(|name| format!("v1 ConfigMap {name}"));
    assert_eq!(answers, [want]);
    // One that is always too old is not read for ever.
    let world = World::new(&[maps(4)], [Rule::new(second, [refusal(410, "too old")])])?;
    let error = refused(listed(&world.cluster()?)?.remove(0));
    assert_eq!(error.problem, Problem::Status(410));
    Ok(())
}

#[test]
fn one_kind_that_is_refused_takes_no_other_with_it() -> Result<()> {
    let served = [maps(1), Served::new("v1", "Secret", "secrets")];
    let said = "secrets is forbidden: User \"ada\" cannot list resource \"secrets\"";
    let world = World::new(&served, [Rule::new("GET /api/v1/secrets", [refusal(403, said)])])?;
    let mut answers = listed(&world.cluster()?)?;
    let error = refused(answers.remove(1));
    assert_eq!(error.problem, Problem::Status(403));
    let server = world.server.host();
    let want = format!("cannot list secrets on cluster prod (http://{server}): 403, {said}");
    assert_eq!(error.to_string(), want);
    assert!(error.hint.is_some());
    assert!(answers.remove(0).is_ok());
    Ok(())
}

#[test]
fn a_fault_that_passes_is_no_answer() -> Result<()> {
    let page = json!({"items": []}).to_string();
    let busy = Rule::new("GET /api/v1/configmaps", [refusal(429, "busy"), Answer::ok(page)]);
    let world = World::new(&[maps(1)], [busy])?;
    assert!(listed(&world.cluster()?)?.remove(0).is_ok());
    Ok(())
}

#[test]
fn a_group_that_does_not_answer_is_told() -> Result<()> {
    let group = |name: &str, freshness: &str| {
        let resource = json!({
            "resource": "things", "responseKind": {"kind": "Thing"}, "scope": "Cluster", "verbs": ["list"],
        });
        let version = json!({"version": "v1", "freshness": freshness, "resources": [resource]});
        json!({"metadata": {"name": name}, "versions": [version]})
    };
    let groups = json!({
        "kind": "APIGroupDiscoveryList",
        "items": [group("sound.example.com", "Current"), group("down.example.com", "Stale")],
    });
    let apis = Rule::new("GET /apis", [Answer::ok(groups.to_string())]);
    let found = World::new(&[maps(0)], [apis])?.cluster()?.resources()?;
    let names: Vec<String> = found.resources.iter().map(|it| it.name()).collect();
    assert_eq!(names, ["configmaps", "things.sound.example.com"]);
    assert_eq!(found.unreachable.len(), 1);
    assert_eq!(found.unreachable[0].api_version, "down.example.com/v1");
    Ok(())
}

#[test]
fn a_server_that_knows_only_the_older_discovery_is_asked_group_by_group() -> Result<()> {
    let rule = |address: &str, answer: serde_json::Value| {
        Rule::new(address, [Answer::ok(answer.to_string())])
    };
    let resource = |name: &str, kind: &str| json!({"name": name, "kind": kind, "verbs": ["list"]});
    let scripts = [
        rule(
            "GET /api/v1",
            json!({"resources": [resource("pods", "Pod"), resource("pods/log", "Pod")]}),
        ),
        rule(
            "GET /apis/a.example.com/v1beta1",
            json!({"resources": [resource("olds", "Old"), resource("as", "A")]}),
        ),
        rule("GET /apis/a.example.com/v1", json!({"resources": [resource("as", "A")]})),
        Rule::new("GET /apis/b.example.com/v1", [refusal(500, "no endpoints available")]),
        rule(
            "GET /apis",
            json!({"kind": "APIGroupList", "groups": [
                {"name": "a.example.com", "preferredVersion": {"version": "v1"},
                 "versions": [{"version": "v1beta1"}, {"version": "v1"}]},
                {"name": "b.example.com", "versions": [{"version": "v1"}]},
            ]}),
        ),
        rule("GET /api", json!({"kind": "APIVersions", "versions": ["v1"]})),
    ];
    let found = World::new(&[], scripts)?.cluster()?.resources()?;
    let all: Vec<String> =
        found.resources.iter().map(|it| format!("{} {}", it.api_version(), it.plural)).collect();
    assert_eq!(all, ["v1 pods", "a.example.com/v1 as", "a.example.com/v1beta1 olds"]);
    assert_eq!(found.unreachable[0].why, "500, no endpoints available");
    Ok(())
}

#[test]
fn what_is_no_api_server_is_told_from_one() -> Result<()> {
    for answer in [Answer::ok("<html>log in</html>"), Answer::ok("{}"), Answer::ok("[1]")] {
        let world = World::new(&[], [Rule::new("GET /", [answer])])?;
        assert_eq!(refused(world.cluster()?.version()).problem, Problem::Garbage);
        let error = refused(world.cluster()?.resources());
        assert_eq!(error.problem, Problem::Garbage, "{error}");
    }
    for answer in [Answer::HangUp, Answer::Half(b"{\"major\": \"1\"}".to_vec())] {
        let world = World::new(&[], [Rule::new("GET /", [answer])])?;
        let error = refused(world.cluster()?.version());
        assert_eq!(error.problem, Problem::Unreachable, "{error}");
    }
    Ok(())
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for() -> Result<()> {
    let world = World::new(&[], [Rule::new("GET /", [Answer::Silence])])?;
    let settings = Settings { request_timeout: Duration::from_millis(50), ..world.settings() };
    let error = refused(Cluster::connect("prod", &settings)?.version());
    assert_eq!(error.problem, Problem::Unreachable);
    assert!(error.to_string().contains("cluster prod (http://127.0.0.1:"), "{error}");
    Ok(())
}

#[test]
fn no_error_holds_a_credential_even_if_the_cluster_repeats_it() -> Result<()> {
    let echo = refusal(401, &format!("you sent Bearer {TOKEN}"));
    let world = World::new(&[], [Rule::new("GET /", [echo])])?;
    let error = refused(world.cluster()?.version());
    assert_eq!(error.problem, Problem::Unauthorized);
    assert!(error.to_string().contains("you sent Bearer ***"), "{error}");
    assert!(!format!("{error:?}").contains(TOKEN), "{error:?}");
    // A kubeconfig that cannot be parsed is not quoted.
    let file = world.folder.path().join("broken");
    std::fs::write(&file, format!("users:\n- name: a\n  user: {{token: {TOKEN}, exec: [}}\n"))?;
    let error = refused(Cluster::connect("prod", &settings(vec![file])));
    assert!(!format!("{error} {error:?}").contains(TOKEN), "{error:?}");
    Ok(())
}

#[test]
fn contexts_are_found_in_all_kubeconfigs() -> Result<()> {
    let world = World::new(&[], [])?;
    let missing = world.folder.path().join("missing");
    let both = settings(vec![missing.clone(), world.folder.path().join("config")]);
    assert_eq!(Cluster::connect("prod", &both)?.version()?.0, 29);
    let error = refused(Cluster::connect("staging", &both));
    assert_eq!(error.hint.as_deref(), Some("there are: prod"));
    let error = refused(Cluster::connect("prod", &settings(vec![missing])));
    assert_eq!(error.problem, Problem::Access);
    let dangling = world.folder.path().join("dangling");
    std::fs::write(&dangling, "contexts: [{name: prod, context: {cluster: gone}}]\n")?;
    let error = refused(Cluster::connect("prod", &settings(vec![dangling])));
    assert!(error.to_string().contains("the cluster gone"), "{error}");
    Ok(())
}
