//! `Cargo.lock` as a graph of names: what could be linked if a crate is a dependency.
//!
//! Versions of one name are taken together and so are the dependencies of all platforms. That can only add edges, so
//! a proof of absence over this graph holds on every platform, without asking the network for anything.

use std::collections::{BTreeMap, BTreeSet};

/// Names of packages and of their direct dependencies.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Lockfile {
    edges: BTreeMap<String, BTreeSet<String>>,
}

impl Lockfile {
    /// Reads the text that Cargo writes, one `[[package]]` after the other.
    pub(crate) fn parse(text: &str) -> Self {
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for package in text.split("[[package]]").skip(1) {
            let mut lines = package.lines().map(str::trim);
            let Some(name) = lines.find_map(|line| quoted(line.strip_prefix("name = ")?)) else {
                continue;
            };
            let dependencies = lines
                .skip_while(|line| *line != "dependencies = [")
                .skip(1)
                .take_while(|line| *line != "]")
                .filter_map(|line| quoted(line.trim_end_matches(',')))
                .filter_map(|entry| entry.split(' ').next())
                .map(str::to_owned);
            edges.entry(name.to_owned()).or_default().extend(dependencies);
        }
        Self { edges }
    }

    /// A way from one of `starts` to `target`, both ends included, if there is one.
    pub(crate) fn way<'a>(
        &'a self,
        starts: impl IntoIterator<Item = &'a str>,
        target: &str,
    ) -> Option<Vec<&'a str>> {
        let mut came_from: BTreeMap<&str, Option<&str>> = BTreeMap::new();
        let mut next: Vec<&str> = Vec::new();
        for start in starts {
            if came_from.insert(start, None).is_none() {
                next.push(start);
            }
        }
        while let Some(name) = next.pop() {
            if name == target {
                let mut way: Vec<&str> =
                    std::iter::successors(Some(name), |name| came_from[*name]).collect();
                way.reverse();
                return Some(way);
            }
            for dependency in self.edges.get(name).into_iter().flatten() {
                if !came_from.contains_key(dependency.as_str()) {
                    came_from.insert(dependency, Some(name));
                    next.push(dependency);
                }
            }
        }
        None
    }
}

fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
version = 4

[[package]]
name = "a"
version = "1.0.0"
dependencies = [
 "b",
 "c 2.0.0",
]

[[package]]
name = "b"
version = "1.0.0"

[[package]]
name = "c"
version = "1.0.0"

[[package]]
name = "c"
version = "2.0.0"
source = "registry+somewhere"
dependencies = [
 "d",
 "a",
]
"#;

    #[test]
    fn the_way_to_a_dependency_is_shown_whole() {
        let lock = Lockfile::parse(TEXT);
        assert_eq!(lock.way(["a"], "d"), Some(vec!["a", "c", "d"]));
        assert_eq!(lock.way(["b"], "d"), None);
        assert_eq!(lock.way(["b", "d"], "d"), Some(vec!["d"]));
    }
}
