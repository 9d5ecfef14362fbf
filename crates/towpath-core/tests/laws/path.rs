//! Laws of paths, over graphs with and without cycles.

use crate::world::{component, environment, read};
use proptest::collection::vec;
use proptest::prelude::*;
use towpath_core::gate::{Condition, Gate};
use towpath_core::id::EnvironmentName;
use towpath_core::path::{Environment, Path, PathError};
use towpath_core::version::Range;

/// Up to six environments, each after any of the others or itself.
fn graph() -> impl Strategy<Value = Vec<Vec<usize>>> {
    (1usize..7).prop_flat_map(|n| vec(vec(0..n, 0..3), n))
}

fn name(index: usize) -> EnvironmentName {
    read(&format!("e{index}"))
}

fn build(graph: &[Vec<usize>]) -> Result<Path, PathError> {
    let environments = graph
        .iter()
        .enumerate()
        .map(|(i, after)| environment(&format!("e{i}"), after.iter().map(|a| name(*a)).collect()));
    Path::new(read("main"), vec![component("apps")], environments.collect())
}

/// Which environments each one waits for, however far away.
fn reaches_itself(graph: &[Vec<usize>]) -> bool {
    (0..graph.len()).any(|start| {
        let mut seen = vec![false; graph.len()];
        let mut ask = graph[start].clone();
        while let Some(next) = ask.pop() {
            if !std::mem::replace(&mut seen[next], true) {
                ask.extend(&graph[next]);
            }
        }
        seen[start]
    })
}

proptest! {
    #[test]
    fn an_environment_stands_after_those_it_waits_for_or_a_cycle_is_named(graph in graph()) {
        match build(&graph) {
            Ok(path) => {
                prop_assert!(!reaches_itself(&graph));
                let order: Vec<&Environment> = path.environments().iter().collect();
                prop_assert_eq!(order.len(), graph.len());
                for (i, environment) in order.iter().enumerate() {
                    let before: Vec<_> = order[..i].iter().map(|e| &e.name).collect();
                    prop_assert!(environment.after.iter().all(|a| before.contains(&a)));
                }
            }
            Err(PathError::Cycle(walk)) => {
                prop_assert!(walk.len() >= 2 && walk.first() == walk.last(), "{:?}", walk);
                for pair in walk.windows(2) {
                    let at = (0..graph.len()).find(|i| name(*i) == pair[0]).expect("it is there");
                    prop_assert!(graph[at].iter().any(|a| name(*a) == pair[1]), "{:?}", walk);
                }
                let mut once = walk[1..].to_vec();
                once.sort();
                once.dedup();
                prop_assert_eq!(once.len(), walk.len() - 1);
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn those_in_any_order_keep_theirs(n in 1usize..7) {
        let path = build(&vec![Vec::new(); n]).expect("nothing waits");
        let names: Vec<_> = path.environments().iter().map(|e| e.name.clone()).collect();
        prop_assert_eq!(names, (0..n).map(name).collect::<Vec<_>>());
    }
}

#[test]
fn what_is_no_path_says_why() {
    let order = Condition::Order {
        component: read("crds"),
        range: Range::parse(">=1.0.0").expect("a range"),
    };
    let gated = |condition| Environment {
        gates: Gate::named(vec![condition]),
        ..environment("e0", Vec::new())
    };
    for (environments, want) in [
        (
            vec![environment("e0", vec![read("e1")]), environment("e1", vec![read("e0")])],
            "environments wait for each other: e0 -> e1 -> e0",
        ),
        (
            vec![environment("e0", vec![read("moon")])],
            "environment e0 names moon, which is not on the path",
        ),
        (
            vec![gated(Condition::Verified { from: vec![read("moon")], any: false })],
            "environment e0 names moon, which is not on the path",
        ),
        (
            vec![gated(order)],
            "a gate of environment e0 names component crds, which is not on the path",
        ),
        (
            vec![environment("e0", Vec::new()), environment("e0", Vec::new())],
            "environment e0 is there twice",
        ),
    ] {
        let answer = Path::new(read("main"), vec![component("apps")], environments);
        assert_eq!(answer.map_err(|e| e.to_string()), Err(want.to_owned()));
    }
}
