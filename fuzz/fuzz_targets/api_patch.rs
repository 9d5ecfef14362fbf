//! Patches of every kind onto objects of built-in and custom kinds: each is answered, a dry run changes nothing and is
//! told the same, and what a patch that says only what fields are to be has made, the same patch makes no other.
//!
//! The input is a letter for the object, one for the kind of patch, and the patch.
#![no_main]

use libfuzzer_sys::fuzz_target;
use towpath_apimachinery::request::Method;
use towpath_fuzz::{APPS, CORE, WIDGETS, World};

const KINDS: [&str; 4] = [
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
];

fuzz_target!(|data: &[u8]| {
    let [object, kind, patch @ ..] = data else { return };
    let paths = [
        format!("{APPS}/deployments/web"),
        format!("{WIDGETS}/w"),
        format!("{CORE}/services/web"),
        format!("{CORE}/configmaps/one"),
        format!("{CORE}/configmaps/two"),
        format!("{CORE}/pods/p"),
        format!("{APPS}/deployments/web/scale"),
        format!("{APPS}/deployments/web/status"),
        format!("{WIDGETS}/w/scale"),
        format!("{WIDGETS}/w/status"),
        format!("{CORE}/configmaps/new"),
        "/api/v1/namespaces/shop".to_owned(),
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com".to_owned(),
    ];
    let path = &paths[usize::from(*object) % paths.len()];
    let kind = KINDS[usize::from(*kind) % KINDS.len()];
    let query = if kind == KINDS[3] { "fieldManager=f&force=true" } else { "fieldManager=f" };
    let mut world = World::holding();

    let before = world.tails();
    let dry = world.ask(Method::Patch, &format!("{path}?{query}&dryRun=All"), kind, patch);
    assert!(before == world.tails(), "a dry run has changed something");

    let wet = world.ask(Method::Patch, &format!("{path}?{query}"), kind, patch);
    assert_eq!(dry.code, wet.code, "{}", String::from_utf8_lossy(&wet.body));
    if wet.code >= 400 || kind == KINDS[0] || kind == KINDS[2] {
        return;
    }
    let read = world.ask(Method::Get, path, "", b"");
    assert!(read.code == 200 || read.code == 404);
    let revision = world.machine.state().revision();
    let again = world.ask(Method::Patch, &format!("{path}?{query}"), kind, patch);
    if again.code == 200 {
        assert_eq!(
            revision,
            world.machine.state().revision(),
            "{}",
            String::from_utf8_lossy(&again.body)
        );
    }
});
