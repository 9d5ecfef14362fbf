//! Laws of the store as a state machine, over any sequence of requests: revisions only grow, a watch tells exactly what
//! two lists differ in, pages are as of one revision, and what is refused changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use towpath_apimachinery::access::{Credentials, User};
use towpath_apimachinery::control;
use towpath_apimachinery::decision::{Answer, Decision};
use towpath_apimachinery::machine::Machine;
use towpath_apimachinery::refusal::Refusal;
use towpath_apimachinery::request::{Method, Request};
use towpath_apimachinery::store::{Happened, State};
use towpath_apimachinery::surface::Surface;
use towpath_catalog::Minor;

/// A cluster that is asked one thing after the other.
struct World {
    machine: Machine,
    asked: u128,
}

impl World {
    fn new() -> Self {
        thread_local! {
            static SURFACE: Arc<Surface> =
                Arc::new(Surface::load(Minor::NEWEST).expect("the newest minor is known"));
        }
        let machine = Machine::new(SURFACE.with(Arc::clone), State::new(1));
        let mut world = World { machine, asked: 0 };
        let namespace = json!({"metadata": {"name": "n"}});
        world.ask(Method::Post, "/api/v1/namespaces", "", &namespace).expect("it is new");
        world
    }

    fn ask(
        &mut self,
        method: Method,
        path: &str,
        query: &str,
        body: &Value,
    ) -> Result<Answer, Refusal> {
        self.asked += 1;
        let user = User::named("admin", &["system:masters"]);
        let credentials = Credentials::identity(&user);
        let text = body.to_string();
        let request = Request {
            method,
            path,
            query,
            content_type: if method == Method::Patch { "application/merge-patch+json" } else { "" },
            accept: "",
            agent: "test",
            credentials,
            body: text.as_bytes(),
            now: Timestamp::from_second(1_800_000_000 + self.asked as i64).expect("a time"),
            entropy: self.asked << 64 | self.asked,
        };
        match self.machine.decide(&request)? {
            Decision::Answer(answer) => Ok(answer),
            Decision::List(list) => Ok(list.answer()),
            Decision::Write { changes, reply } => {
                let mut events = self.machine.commit(changes).expect("nobody else writes");
                let answer = reply.answer(&self.machine, &events);
                while let Some(event) = events.pop() {
                    for changes in control::react(&self.machine, &event, request.now) {
                        events.extend(self.machine.commit(changes).unwrap_or_default());
                    }
                }
                Ok(answer)
            }
            Decision::Watch(_) | Decision::Ask(_) => {
                unreachable!("nothing is watched, nobody asked")
            }
        }
    }

    /// All objects of the kind that is written: their text by name.
    fn all(&self) -> BTreeMap<String, (u64, String)> {
        let objects = self.machine.state().list("configmaps", Some("n"));
        objects
            .map(|object| {
                (object.head.name.to_string(), (object.revision, object.tail().to_owned()))
            })
            .collect()
    }
}

/// Something that a client does with one of a few objects.
#[derive(Debug, Clone)]
enum Step {
    Create(u8, u8),
    Replace(u8, u8),
    Patch(u8, u8),
    Delete(u8),
    Hold(u8),
    LetGo(u8),
    OwnedBy(u8, u8),
    Clear,
}

fn step() -> impl Strategy<Value = Step> {
    let one = 0..5u8;
    prop_oneof![
        (one.clone(), 0..3u8).prop_map(|(name, value)| Step::Create(name, value)),
        (one.clone(), 0..3u8).prop_map(|(name, value)| Step::Replace(name, value)),
        (one.clone(), 0..3u8).prop_map(|(name, value)| Step::Patch(name, value)),
        one.clone().prop_map(Step::Delete),
        one.clone().prop_map(Step::Hold),
        one.clone().prop_map(Step::LetGo),
        (one.clone(), one).prop_map(|(name, owner)| Step::OwnedBy(name, owner)),
        Just(Step::Clear),
    ]
}

const ALL: &str = "/api/v1/namespaces/n/configmaps";

impl World {
    fn walk(&mut self, step: &Step) -> Result<Answer, Refusal> {
        let name = |number: &u8| format!("c{number}");
        let path = |number: &u8| format!("{ALL}/c{number}");
        let object = |number: &u8, value: &u8| {
            let kind = if *value == 0 { json!({}) } else { json!({"k": value.to_string()}) };
            json!({"metadata": {"name": name(number)}, "data": kind})
        };
        match step {
            Step::Create(number, value) => self.ask(Method::Post, ALL, "", &object(number, value)),
            Step::Replace(number, value) => {
                self.ask(Method::Put, &path(number), "", &object(number, value))
            }
            Step::Patch(number, value) => {
                let patch = json!({"data": {"p": value.to_string()}});
                self.ask(Method::Patch, &path(number), "", &patch)
            }
            Step::Delete(number) => self.ask(Method::Delete, &path(number), "", &json!({})),
            Step::Hold(number) => {
                let patch = json!({"metadata": {"finalizers": ["example.com/hold"]}});
                self.ask(Method::Patch, &path(number), "", &patch)
            }
            Step::LetGo(number) => {
                let patch = json!({"metadata": {"finalizers": null}});
                self.ask(Method::Patch, &path(number), "", &patch)
            }
            Step::OwnedBy(number, owner) => {
                let found = self.machine.state().find("configmaps", "n", &name(owner));
                let uid = found.map_or("none", |owner| &*owner.head.uid).to_owned();
                let owner = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": name(owner), "uid": uid});
                let patch = json!({"metadata": {"ownerReferences": [owner]}});
                self.ask(Method::Patch, &path(number), "", &patch)
            }
            Step::Clear => self.ask(Method::Delete, ALL, "", &json!({})),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_watch_tells_what_two_lists_differ_in(steps in prop::collection::vec(step(), 1..40), from in 0..40usize) {
        let mut world = World::new();
        for step in steps.iter().take(from) {
            let _ = world.walk(step);
        }
        let (before, start) = (world.all(), world.machine.state().revision());
        for step in steps.iter().skip(from) {
            let _ = world.walk(step);
        }
        let mut told = before;
        let mut last = start;
        let events = world.machine.state().history().since(start).expect("nothing is forgotten");
        for event in events {
            prop_assert!(event.revision > last, "revisions grow");
            last = event.revision;
            if &*event.key.resource != "configmaps" {
                continue;
            }
            let name = event.key.name.to_string();
            let was_there = told.contains_key(&name);
            prop_assert_eq!(event.previous.is_some(), was_there);
            match event.happened {
                Happened::Added => prop_assert!(!was_there),
                Happened::Modified | Happened::Deleted => prop_assert!(was_there),
            }
            if event.happened == Happened::Deleted {
                told.remove(&name);
            } else {
                told.insert(name, (event.object.revision, event.object.tail().to_owned()));
            }
        }
        prop_assert_eq!(told, world.all());
    }

    #[test]
    fn what_is_refused_or_only_tried_changes_nothing(steps in prop::collection::vec(step(), 1..30)) {
        let mut world = World::new();
        for step in &steps {
            let (before, revision) = (world.all(), world.machine.state().revision());
            if world.walk(step).is_err() {
                prop_assert_eq!(before, world.all());
                prop_assert_eq!(revision, world.machine.state().revision());
            } else {
                prop_assert!(world.machine.state().revision() >= revision);
            }
        }
    }

    #[test]
    fn nothing_outlives_its_owners(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        for step in &steps {
            let _ = world.walk(step);
        }
        let state = world.machine.state();
        let uids: Vec<&str> = state.list("configmaps", Some("n")).map(|o| &*o.head.uid).collect();
        for object in state.list("configmaps", Some("n")) {
            let is_orphan = !object.head.owners.is_empty()
                && object.head.owners.iter().all(|owner| !uids.contains(&&**owner));
            prop_assert!(!is_orphan || object.head.is_deleted, "{:?}", object.head);
        }
    }

    #[test]
    fn pages_are_as_of_one_revision(
        steps in prop::collection::vec(step(), 1..20),
        meanwhile in prop::collection::vec(step(), 0..20),
        limit in 1..4usize,
    ) {
        let mut world = World::new();
        for step in &steps {
            let _ = world.walk(step);
        }
        let whole = world.all();
        let mut found = Vec::new();
        let mut meanwhile = meanwhile.iter();
        let mut token = None;
        loop {
            let state = world.machine.state();
            let page = state
                .page("configmaps", Some("n"), token.as_ref(), limit, |_| true)
                .expect("nothing is forgotten");
            found.extend(page.objects.iter().map(|object| {
                (object.head.name.to_string(), (object.revision, object.tail().to_owned()))
            }));
            let left = if page.next.is_some() { whole.len() - found.len() } else { 0 };
            prop_assert_eq!(page.remaining, left, "what comes behind is counted");
            let Some(next) = page.next else { break };
            prop_assert_eq!(page.objects.len(), limit);
            let read = towpath_apimachinery::store::Token::parse(&next.text());
            prop_assert_eq!(read.as_ref(), Ok(&next), "a token is read as it is written");
            token = Some(next);
            if let Some(step) = meanwhile.next() {
                let _ = world.walk(step);
            }
        }
        prop_assert_eq!(found, whole.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn a_selector_is_read_or_refused(text in "[a-c =!,()<>.inot\\-]{0,24}") {
        let mut world = World::new();
        let query: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("labelSelector", &text)
            .append_pair("fieldSelector", &text)
            .finish();
        if let Err(refusal) = world.ask(Method::Get, ALL, &query, &Value::Null) {
            prop_assert_eq!(refusal.code, 400);
        }
    }
}
