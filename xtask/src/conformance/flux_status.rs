//! What Flux objects say in every phase that real controllers took them through.
//!
//! A state is healthy if and only if `Ready` is true, with nothing on its way, for the generation that is there and for
//! the revision that is told as applied: judged here from the recording alone. At the end of each step, what is reported
//! of a source that is pinned may be healthy only if every `Kustomization` that delivers it is.

use std::path::Path;

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use towpath_core::id::{ClusterName, ComponentName, EnvironmentName, RepoPath};
use towpath_core::pin::{Location, ObjectRef, Pin};
use towpath_core::running::Health;
use towpath_core::tracking::{Exact, Tracking};
use towpath_engine::running::flux::{self, Kustomization, Source};
use towpath_engine::running::objects::{Objects, essence};
use towpath_engine::running::report;

use super::{Suite, Tally};

const FOLDER: &str = "cases/flux-delivery";

pub(super) const SUITE: Suite = Suite { name: "flux-status", needs: &[FOLDER], run };

/// What stands for every time of the recordings.
const TIME: &str = "2026-11-21T12:00:00Z";

fn run(dir: &Path) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut healthy = 0;
    let entries = std::fs::read_dir(dir.join(FOLDER))?.collect::<std::io::Result<Vec<_>>>()?;
    let mut files: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|it| it == "json")) {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let text = std::fs::read_to_string(file)?;
        let recording: Value = serde_json::from_str(&spelled(&text))?;
        let steps =
            recording["steps"].as_array().with_context(|| format!("{name} has no steps"))?;
        for (number, step) in (1..).zip(steps) {
            let place = format!("{name} step {number}");
            let then = &step["then"];
            for state in then["transitions"].as_array().into_iter().flatten() {
                healthy += usize::from(transition(&mut tally, &place, state));
            }
            let objects = then["objects"].as_array().into_iter().flatten().cloned();
            end(&mut tally, &place, objects.collect());
        }
    }
    tally.note = Some(format!("{healthy} of the states are healthy"));
    Ok(tally)
}

/// The recording with identities in place of the letters that stand for them.
fn spelled(text: &str) -> String {
    let mut text = text.replace("\"TIME\"", &format!("\"{TIME}\""));
    // The later ones first, as the first letters begin their names.
    for number in (0..26 * 27_u32).rev() {
        let letter = |n: u32| char::from(b'a' + u8::try_from(n % 26).unwrap_or_default());
        let name = match number {
            0..26 => letter(number).to_string(),
            _ => format!("{}{}", letter(number / 26 - 1), letter(number)),
        };
        for (prefix, digits) in [("SHA1-", 40), ("DIGEST-", 64)] {
            let written = format!("{prefix}{name}");
            if text.contains(&written) {
                text = text.replace(&written, &format!("{number:0digits$x}"));
            }
        }
    }
    text
}

/// One state of one object; whether it is healthy.
fn transition(tally: &mut Tally, place: &str, state: &Value) -> bool {
    let name = state["object"].as_str().unwrap_or_default();
    let kind = name.rsplit_once('|').map_or(name, |(_, name)| name).split('/').next();
    let (Some(kind), true) = (kind, state["gone"].is_null()) else { return false };
    let conditions = state["conditions"].as_array().into_iter().flatten().map(|condition| {
        let mut condition = condition.clone();
        condition["lastTransitionTime"] = TIME.into();
        condition
    });
    let mut status = Map::new();
    status.insert("conditions".to_owned(), conditions.collect());
    for key in ["observedGeneration", "lastAppliedRevision", "lastAttemptedRevision"] {
        status.extend(state.get(key).map(|value| (key.to_owned(), value.clone())));
    }
    let mut metadata = json!({"name": "it", "generation": state["generation"]});
    if !state["deleting"].is_null() {
        metadata["deletionTimestamp"] = TIME.into();
    }
    let object = json!({"kind": kind, "metadata": metadata, "status": status});
    let expected = is_healthy(&object);
    let ours = match kind {
        "Kustomization" => Kustomization::of(&object).head.ready,
        _ => Source::of(&object).head.ready,
    };
    tally.count((ours.health == Health::Healthy) == expected, || {
        format!("{place}: {name} is {} ({}): {state}", ours.health.word(), ours.why)
    });
    expected
}

/// Whether a whole object is as it should be, by the recording alone.
fn is_healthy(object: &Value) -> bool {
    let (metadata, status) = (&object["metadata"], &object["status"]);
    let is_true = |kind: &str| {
        let mut all = status["conditions"].as_array().into_iter().flatten();
        all.any(|it| it["type"] == kind && it["status"] == "True")
    };
    let message = status["conditions"].as_array().into_iter().flatten().find_map(|it| {
        let message = it["message"].as_str().filter(|_| it["type"] == "Ready")?;
        message.strip_prefix("Applied revision: ")
    });
    let is_of_revision = object["kind"] != "Kustomization"
        || (status["lastAppliedRevision"].is_string()
            && status["lastAppliedRevision"] == status["lastAttemptedRevision"]
            && message.is_none_or(|message| status["lastAppliedRevision"] == message));
    metadata["deletionTimestamp"].is_null()
        && metadata["generation"].is_i64()
        && metadata["generation"] == status["observedGeneration"]
        && is_true("Ready")
        && !is_true("Reconciling")
        && !is_true("Stalled")
        && is_of_revision
}

/// The whole of a cluster at the end of a step.
fn end(tally: &mut Tally, place: &str, all: Vec<Value>) {
    let mut objects = Objects::default();
    flux::kinds().for_each(|kind| objects.set_whole(kind, []));
    let (sources, others): (Vec<Value>, Vec<Value>) = all
        .into_iter()
        .filter(|object| object["absent"].is_null())
        .partition(|object| object["apiVersion"] == "source.toolkit.fluxcd.io/v1");
    sources.iter().chain(&others).for_each(|object| objects.put(object.clone()));
    for source in sources {
        let name = |object: &Value, at: &str| {
            object.pointer(at).and_then(Value::as_str).map(str::to_owned)
        };
        let of = |at: &str| name(&source, at).unwrap_or_default();
        let (namespace, called) = (of("/metadata/namespace"), of("/metadata/name"));
        let mut delivering = others.iter().filter(|other| {
            let at =
                name(other, "/spec/sourceRef/namespace").or(name(other, "/metadata/namespace"));
            other["kind"] == "Kustomization"
                && other["spec"]["sourceRef"]["kind"] == source["kind"]
                && other["spec"]["sourceRef"]["name"] == source["metadata"]["name"]
                && at.as_ref() == Some(&namespace)
        });
        let fetched = &source["status"]["artifact"]["revision"];
        let is_well = |it: &Value| {
            is_healthy(it)
                && (it["spec"]["suspend"] == true
                    || source["spec"]["suspend"] == true
                    || it["status"]["lastAppliedRevision"] == *fetched)
        };
        let any = delivering.clone().next().is_some();
        let well = any && delivering.all(|it| is_well(&essence(it.clone())));
        let pin = pin(of("/kind"), namespace, called);
        let running = report(&objects, [&pin], Timestamp::UNIX_EPOCH).into_values().next();
        let healthy = running.as_ref().is_some_and(|it| it.health == Health::Healthy);
        tally.count(!healthy || well, || format!("{place}: {} is told as healthy", pin.object));
    }
}

fn pin(kind: String, namespace: String, name: String) -> Pin {
    let known = "the name is right";
    Pin {
        component: ComponentName::parse("platform").expect(known),
        environment: EnvironmentName::parse("recorded").expect(known),
        cluster: ClusterName::parse("recorded").expect(known),
        object: ObjectRef { kind, namespace, name }.into(),
        field: "spec.ref".to_owned(),
        at: Location { file: RepoPath::parse("recorded.yaml").expect(known), line: 1, column: 1 },
        tracking: Tracking::Exact(Exact::default()),
        splices: Ok(Vec::new()),
    }
}
