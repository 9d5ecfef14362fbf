//! A cluster that is kept: what was answered is there after its process was killed, whole, and nothing is half there.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, ResourceExt as _};
use tempfile::TempDir;
use towpath_apiserver::journal::JournalError;
use towpath_apiserver::journal::disk::Disk;
use towpath_apiserver::{Clock, Cluster, Identity};
use towpath_catalog::Minor;

use crate::support::{kept, near, surface};

/// Where the writer that is killed finds its cluster.
const FOLDER: &str = "TOWPATH_TEST_CRASH_FOLDER";

/// How many write at once.
const WRITERS: usize = 8;

/// After how many answers the writer is killed, one start after the other.
const KILLS: [usize; 8] = [1, 0, 13, 2, 57, 150, 0, 31];

fn config_map(name: &str, text: &str) -> ConfigMap {
    let twice = [("one", text), ("other", text)].map(|(k, v)| (k.to_owned(), v.to_owned()));
    ConfigMap {
        metadata: kube::core::ObjectMeta { name: Some(name.into()), ..Default::default() },
        data: Some(BTreeMap::from(twice)),
        ..Default::default()
    }
}

/// Says what was answered: a name, and its text or a minus if it is gone.
fn tell(name: &str, text: &str, revision: Option<String>) {
    let revision = revision.unwrap_or_default();
    // One write, so that a line is told whole or not at all.
    std::io::stderr().write_all(format!("answered {name} {text} {revision}\n").as_bytes()).unwrap();
}

async fn write(api: Api<ConfigMap>, writer: usize, start: u32) {
    let post = PostParams::default();
    for number in 0.. {
        let name = format!("w{writer}-{start}-{number}");
        let mut made = api.create(&post, &config_map(&name, "made")).await.unwrap();
        tell(&name, "made", made.resource_version());
        if number % 3 == 0 {
            made.data = config_map(&name, "replaced").data;
            let replaced = api.replace(&name, &post, &made).await.unwrap();
            tell(&name, "replaced", replaced.resource_version());
        }
        if number % 5 == 0 {
            api.delete(&name, &DeleteParams::default()).await.unwrap();
            tell(&name, "-", None);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "never ends: it is killed by the test below"]
async fn a_writer_that_is_killed() {
    let cluster = kept(Path::new(&std::env::var_os(FOLDER).unwrap()));
    let api: Api<ConfigMap> = Api::default_namespaced(near(&cluster));
    let start = std::process::id();
    let writers = (0..WRITERS).map(|writer| tokio::spawn(write(api.clone(), writer, start)));
    futures_util::future::join_all(writers).await;
}

/// Starts the writer, kills it after some answers, and gives all answers that it told.
fn answers_until_killed(folder: &Path, kill_after: usize) -> Vec<(String, String, u64)> {
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::a_writer_that_is_killed", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut answers = Vec::new();
    for line in BufReader::new(writer.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        let mut words = line.split(' ');
        if words.next() == Some("answered") {
            let mut word = || words.next().unwrap().to_owned();
            let (name, text, revision) = (word(), word(), word());
            answers.push((name, text, revision.parse().unwrap_or_default()));
        }
        // What comes behind was in the pipe already, so it was answered too.
        if answers.len() >= kill_after {
            writer.kill().unwrap();
        }
    }
    writer.wait().unwrap();
    answers
}

async fn all(cluster: &Cluster) -> (BTreeMap<String, ConfigMap>, u64) {
    let api: Api<ConfigMap> = Api::default_namespaced(near(cluster));
    let list = api.list(&ListParams::default()).await.unwrap();
    let revision = list.metadata.resource_version.unwrap().parse().unwrap();
    (list.items.into_iter().map(|object| (object.name_any(), object)).collect(), revision)
}

#[tokio::test]
async fn what_was_answered_outlives_the_process() {
    let folder = TempDir::new().unwrap();
    let mut expected: BTreeMap<String, (String, u64)> = BTreeMap::new();
    let mut newest = 0;
    for kill_after in KILLS {
        for (name, text, revision) in answers_until_killed(folder.path(), kill_after) {
            newest = newest.max(revision);
            match text.as_str() {
                "-" => drop(expected.insert(name, (text, 0))),
                _ => drop(expected.insert(name, (text, revision))),
            }
        }
        let cluster = kept(folder.path());
        let (found, revision) = all(&cluster).await;
        assert!(revision >= newest, "{revision} is before {newest}");
        for (name, (text, revision)) in &expected {
            // What was under way may have gone one step further than was answered.
            let may_be_gone = text == "-" || name.ends_with(['0', '5']);
            let Some(object) = found.get(name) else {
                assert!(may_be_gone, "{name} is lost");
                continue;
            };
            assert_ne!(text, "-", "{name} is back");
            let at: u64 = object.resource_version().unwrap().parse().unwrap();
            assert!(at >= *revision, "{name} is as it was at {at}, before {revision}");
        }
        for (name, object) in &found {
            let data = object.data.as_ref().unwrap();
            assert_eq!(data["one"], data["other"], "{name} is half written");
        }
        // What was seen now may not be lost by the next kill either.
        newest = revision;
        expected.retain(|name, _| found.contains_key(name));
        cluster.close();
    }
}

#[tokio::test]
async fn a_cluster_goes_on_as_it_was() {
    let folder = TempDir::new().unwrap();
    let cluster = kept(folder.path());
    let api: Api<ConfigMap> = Api::default_namespaced(near(&cluster));
    let made = api.create(&PostParams::default(), &config_map("a", "made")).await.unwrap();
    let before = all(&cluster).await;
    cluster.close();
    let cluster = kept(folder.path());
    assert_eq!(all(&cluster).await, before);
    let api: Api<ConfigMap> = Api::default_namespaced(near(&cluster));
    assert_eq!(api.get("a").await.unwrap(), made);
    let error = api.create(&PostParams::default(), &config_map("a", "made")).await.unwrap_err();
    assert!(matches!(&error, kube::Error::Api(status) if status.code == 409), "{error}");
}

#[test]
fn a_folder_is_of_one_process_and_of_one_version() {
    let folder = TempDir::new().unwrap();
    let cluster = kept(folder.path());
    let error = Cluster::open(surface(), Clock::Real, folder.path()).unwrap_err();
    assert!(matches!(error, JournalError::InUse(_)), "{error}");
    cluster.close();
    let error = Disk::open(folder.path(), &Minor::new(35).to_string()).unwrap_err();
    let text = error.to_string();
    assert!(text.ends_with("holds a cluster of Kubernetes 1.36, not 1.35"), "{text}");
}

#[test]
fn a_cluster_that_is_kept_keeps_who_it_is() {
    let folder = TempDir::new().unwrap();
    let now = jiff::Timestamp::now();
    let made = Identity::of_folder(folder.path(), now).unwrap();
    let again = Identity::of_folder(folder.path(), now).unwrap();
    assert_eq!((made.token(), made.certificate()), (again.token(), again.certificate()));
    assert_ne!(made.token(), Identity::new(now).unwrap().token());
    std::fs::write(folder.path().join("identity.json"), "{").unwrap();
    assert!(Identity::of_folder(folder.path(), now).is_err());
}

#[tokio::test]
async fn damage_is_told_or_does_no_harm() {
    let folder = TempDir::new().unwrap();
    let cluster = kept(folder.path());
    let api: Api<ConfigMap> = Api::default_namespaced(near(&cluster));
    for number in 0..50 {
        let object = config_map(&format!("a-{number}"), &"text ".repeat(100));
        api.create(&PostParams::default(), &object).await.unwrap();
    }
    let before = all(&cluster).await;
    cluster.close();
    let file = folder.path().join("cluster.redb");
    let whole = std::fs::read(&file).unwrap();
    let used = whole.len() - whole.iter().rev().take_while(|byte| **byte == 0).count();
    let mut told = 0;
    // The first page is how the store finds its newest state. If it is damaged, an older one is found.
    for at in (4096..used).step_by(1 + used / 150) {
        std::fs::write(&file, &whole).unwrap();
        let opened = std::fs::File::options().write(true).open(&file).unwrap();
        opened.write_all_at(&[!whole[at]], at as u64).unwrap();
        match Cluster::open(surface(), Clock::Real, folder.path()) {
            Ok(cluster) => {
                assert!(all(&cluster).await == before, "byte {at} was lost silently");
                cluster.close();
            }
            Err(error) => {
                told += 1;
                assert!(error.to_string().contains("cluster.redb"), "{error}");
            }
        }
    }
    assert!(told > 0, "nothing of {used} bytes was noticed");
}
