//! The order of nodes: first by what has to be gone before what, then by class, then by name.
//!
//! Must not know facts or files. The same nodes always give the same order.

use std::collections::{BTreeMap, BTreeSet};

use towpath_core::pin::ObjectRef;
use towpath_discovery::facts::ResourceType;

use super::needs::{Class, Node};
use super::{Because, named};

/// A node in its place.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) node: usize,
    /// From 0.
    pub(super) layer: usize,
    pub(super) because: Because,
}

/// For each node, which nodes have to be gone before it.
struct Before {
    /// Because they depend on it.
    dependents: Vec<BTreeSet<usize>>,
    /// Because they use what it provides or may provide.
    users: Vec<BTreeSet<usize>>,
}

/// Puts nodes, which are sorted by name, in order.
pub(super) fn order(nodes: &[Node]) -> Vec<Placed> {
    let before = Before::new(nodes);
    let class = before.classes(nodes);
    let mut left: BTreeSet<usize> = (0..nodes.len()).collect();
    let mut out = Vec::new();
    let mut layer = 0;
    while !left.is_empty() {
        let ready: Vec<usize> =
            left.iter().copied().filter(|node| before.of(*node).is_disjoint(&left)).collect();
        match ready.iter().map(|node| class[*node]).min() {
            Some(first) => {
                for node in ready.into_iter().filter(|node| class[*node] == first) {
                    out.push(Placed { node, layer, because: before.because(nodes, node) });
                }
            }
            None => {
                let cycle = before.cycle(&left);
                let Some(node) = cycle.first().copied() else { break };
                out.push(Placed { node, layer, because: Because::Cycle(named(nodes, cycle)) });
            }
        }
        out.iter().rev().take_while(|placed| placed.layer == layer).for_each(|placed| {
            left.remove(&placed.node);
        });
        layer += 1;
    }
    out
}

impl Before {
    fn new(nodes: &[Node]) -> Self {
        let by_name: BTreeMap<&ObjectRef, usize> =
            nodes.iter().enumerate().map(|(position, node)| (&node.object, position)).collect();
        let mut dependents = vec![BTreeSet::new(); nodes.len()];
        for (position, node) in nodes.iter().enumerate() {
            for on in node.depends_on.iter().filter_map(|on| by_name.get(on)) {
                dependents[*on].insert(position);
            }
        }
        let mut before = Self { dependents, users: vec![BTreeSet::new(); nodes.len()] };
        for (user, node) in nodes.iter().enumerate().filter(|(_, node)| !node.uses.is_empty()) {
            for provider in providers(nodes, user, &node.uses) {
                // What is written wins over what is guessed: a provider that depends on the user goes first.
                if !before.reaches(provider, user) {
                    before.users[provider].insert(user);
                }
            }
        }
        before
    }

    fn of(&self, node: usize) -> BTreeSet<usize> {
        self.dependents[node].union(&self.users[node]).copied().collect()
    }

    /// Whether `first` has to be gone before `second` because of dependencies alone.
    fn reaches(&self, first: usize, second: usize) -> bool {
        let mut seen = BTreeSet::new();
        let mut todo = vec![second];
        while let Some(node) = todo.pop() {
            for dependent in &self.dependents[node] {
                if *dependent == first {
                    return true;
                }
                if seen.insert(*dependent) {
                    todo.push(*dependent);
                }
            }
        }
        false
    }

    /// Each node's class, or the first class of those that wait for it.
    fn classes(&self, nodes: &[Node]) -> Vec<Class> {
        let mut class: Vec<Class> = nodes.iter().map(|node| node.class).collect();
        let mut todo: Vec<usize> = (0..nodes.len()).collect();
        while let Some(node) = todo.pop() {
            for earlier in self.of(node) {
                if class[node] < class[earlier] {
                    class[earlier] = class[node];
                    todo.push(earlier);
                }
            }
        }
        class
    }

    /// Nodes that wait for each other, in order of name. Every node of `left` waits for another of it,
    /// so walking along must come back.
    fn cycle(&self, left: &BTreeSet<usize>) -> Vec<usize> {
        let mut walk: Vec<usize> = left.iter().copied().take(1).collect();
        while let Some(node) = walk.last().copied() {
            let Some(next) = self.of(node).into_iter().find(|n| left.contains(n)) else { break };
            if let Some(first) = walk.iter().position(|n| *n == next) {
                walk.drain(..first);
                break;
            }
            walk.push(next);
        }
        walk.sort_unstable();
        walk
    }

    fn because(&self, nodes: &[Node], position: usize) -> Because {
        let node = &nodes[position];
        let later = |before: &[BTreeSet<usize>]| {
            let waits = before.iter().enumerate().filter(|(_, set)| set.contains(&position));
            named(nodes, waits.map(|(other, _)| other))
        };
        let (users, dependents) = (&self.users[position], &self.dependents[position]);
        let types: Vec<ResourceType> = node.uses.iter().cloned().collect();
        let providers = later(&self.users);
        let depends_on = later(&self.dependents);
        match node.class {
            Class::Source => Because::Source,
            Class::Namespace => Because::Namespace,
            Class::User if !providers.is_empty() => Because::Uses { types, providers },
            _ if !depends_on.is_empty() => Because::DependsOn(depends_on),
            Class::User => Because::UsesUnknown { types },
            Class::Provider => {
                let gone = users.iter().chain(dependents).copied();
                Because::Provides { users: named(nodes, gone) }
            }
            Class::Rest | Class::Plain if !dependents.is_empty() => {
                Because::DependedOn(named(nodes, dependents.iter().copied()))
            }
            Class::Rest | Class::Plain => Because::Left,
        }
    }
}

/// What provides the types, and where nobody is known to provide one, what may.
fn providers(nodes: &[Node], user: usize, types: &BTreeSet<ResourceType>) -> BTreeSet<usize> {
    let others = || nodes.iter().enumerate().filter(|(position, _)| *position != user);
    let mut found = BTreeSet::new();
    for used in types {
        let known: Vec<usize> =
            others().filter(|(_, n)| n.provides.contains(used)).map(|(p, _)| p).collect();
        if known.is_empty() {
            // Of two that use what neither shows, neither is taken for the other's provider.
            let opaque = others().filter(|(_, n)| n.opaque && n.uses.is_empty());
            found.extend(opaque.map(|(position, _)| position));
        } else {
            found.extend(known);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;
    use towpath_core::id::RepoPath;
    use towpath_core::pin::Location;

    use super::*;

    /// Nodes as numbers: what each depends on, uses and provides, and whether it holds a chart.
    fn nodes() -> impl Strategy<Value = Vec<Node>> {
        let numbers = |up_to: u8| btree_set(0..up_to, 0..3);
        vec((numbers(9), numbers(4), numbers(4), any::<bool>()), 0..9).prop_map(|all| {
            let node = |(at, (depends_on, uses, provides, opaque))| {
                node(at, depends_on, uses, provides, opaque)
            };
            (0..).zip(all).map(node).collect()
        })
    }

    fn node(
        at: u8,
        depends_on: BTreeSet<u8>,
        uses: BTreeSet<u8>,
        provides: BTreeSet<u8>,
        opaque: bool,
    ) -> Node {
        let object = |name: u8| ObjectRef {
            kind: "Kustomization".to_owned(),
            namespace: String::new(),
            name: name.to_string(),
        };
        let types = |numbers: BTreeSet<u8>| -> BTreeSet<ResourceType> {
            let all = numbers.into_iter();
            all.map(|n| ResourceType { group: "g".to_owned(), kind: n.to_string() }).collect()
        };
        let (provides, mut uses) = (types(provides), types(uses));
        uses.retain(|used| !provides.contains(used));
        let class = match () {
            () if !uses.is_empty() => Class::User,
            () if opaque || !provides.is_empty() => Class::Provider,
            () => Class::Rest,
        };
        let file = RepoPath::parse("a.yaml").expect("a path");
        Node {
            object: object(at),
            at: Location { file, line: 1, column: 1 },
            class,
            uses,
            provides,
            opaque,
            depends_on: depends_on.into_iter().map(object).collect(),
        }
    }

    proptest! {
        #[test]
        fn everything_goes_once_and_dependents_first(nodes in nodes()) {
            let placed = order(&nodes);
            let mut layers = vec![None; nodes.len()];
            let mut last = 0;
            for Placed { node, layer, .. } in &placed {
                prop_assert!(layers[*node].replace(*layer).is_none());
                prop_assert!(*layer == last || *layer == last + 1);
                last = *layer;
            }
            prop_assert!(layers.iter().all(Option::is_some));
            if placed.iter().any(|p| matches!(p.because, Because::Cycle(_))) {
                return Ok(());
            }
            for (first, node) in nodes.iter().enumerate() {
                for on in &node.depends_on {
                    if let Some(second) = nodes.iter().position(|n| n.object == *on) {
                        prop_assert!(layers[first] < layers[second]);
                    }
                }
            }
        }

        #[test]
        fn without_dependencies_no_provider_goes_before_its_users(mut nodes in nodes()) {
            nodes.iter_mut().for_each(|node| node.depends_on.clear());
            let placed = order(&nodes);
            let layer = |of: usize| placed.iter().find(|p| p.node == of).map(|p| p.layer);
            let circle = placed.iter().any(|p| matches!(p.because, Because::Cycle(_)));
            for (user, uses) in nodes.iter().enumerate() {
                for (provider, provides) in nodes.iter().enumerate() {
                    if !circle && user != provider && !uses.uses.is_disjoint(&provides.provides) {
                        prop_assert!(layer(user) < layer(provider));
                    }
                }
            }
        }
    }
}
