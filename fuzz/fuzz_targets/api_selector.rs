//! Queries, selectors and tokens: a list has nothing but what a cluster holds, its pages are the whole of it, and
//! whatever is read of a token is written as it was.
//!
//! The input is a letter for the resource and a query, which is tried as a selector of labels, a selector of fields
//! and a token as well.
#![no_main]

use libfuzzer_sys::fuzz_target;
use towpath_apimachinery::request::Method;
use towpath_apimachinery::selector::Selector;
use towpath_apimachinery::store::Token;
use towpath_fuzz::World;

const RESOURCES: [(&str, &str, &str); 6] = [
    ("", "v1", "configmaps"),
    ("", "v1", "pods"),
    ("", "v1", "events"),
    ("apps", "v1", "deployments"),
    ("rbac.authorization.k8s.io", "v1", "clusterroles"),
    ("example.com", "v1", "widgets"),
];

fuzz_target!(|data: &[u8]| {
    let [which, text @ ..] = data else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let mut world = World::holding();
    let (group, version, plural) = RESOURCES[usize::from(*which) % RESOURCES.len()];
    let path = match group {
        "" => format!("/api/{version}/{plural}"),
        group => format!("/apis/{group}/{version}/{plural}"),
    };
    let _ = world.ask(Method::Get, &format!("{path}?{text}"), "", b"");
    let _ = world.ask(Method::Get, &format!("/api/v1/namespaces/shop/configmaps?{text}"), "", b"");
    let _ = world.ask(Method::Delete, &format!("/api/v1/namespaces/shop/secrets?{text}"), "", b"");

    let machine = &world.machine;
    let resource = machine.resource(group, version, plural).expect("the cluster serves it");
    let state = machine.state();
    let token = Token::parse(text);
    if let Ok(token) = &token {
        assert_eq!(Token::parse(&token.text()).as_ref(), Ok(token));
        let _ = state.page(&resource.id, None, Some(token), 2, |_| true);
        let _ = state.page(&resource.id, Some("shop"), Some(token), 2, |_| true);
    }
    for selector in [Selector::parse(text, "", resource), Selector::parse("", text, resource)] {
        let Ok(selector) = selector else { continue };
        let wanted: Vec<_> =
            state.list(&resource.id, None).filter(|one| selector.matches(one)).cloned().collect();
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let page =
                state.page(&resource.id, None, token.as_ref(), 2, |one| selector.matches(one));
            let page = page.expect("nothing is forgotten");
            found.extend(page.objects);
            let Some(next) = page.next else { break };
            assert_eq!(Token::parse(&next.text()).as_ref(), Ok(&next));
            token = Some(next);
        }
        assert!(wanted.iter().map(|one| &one.head).eq(found.iter().map(|one| &one.head)));
    }
});
