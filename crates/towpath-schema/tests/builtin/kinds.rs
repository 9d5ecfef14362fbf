//! The rules of each kind: files of cases, each an object and what is said of it.
//!
//! A case is a document of YAML. Each line `#> ` is something that is said, in any order; without one
//! the object is accepted. Of a line that ends in `...` only the start counts. `# in 30 37` names the
//! minors, where it is not true in 1.22, 1.30 and 1.37 alike.

use towpath_catalog::Catalog;

use crate::{catalog, documents, said};

fn check(file: &str) {
    for case in file.split("\n---\n") {
        let mut expected: Vec<&str> =
            case.lines().filter_map(|line| line.strip_prefix("#> ")).collect();
        let minors = case.lines().find_map(|line| line.strip_prefix("# in "));
        let minors: Vec<u8> = minors.map_or_else(
            || vec![22, 30, 37],
            |minors| minors.split(' ').map(|minor| minor.parse().expect("a minor")).collect(),
        );
        let object = &documents(case)[0];
        for minor in minors {
            let catalog: Catalog = catalog(minor);
            let mut said = said(&catalog, object);
            said.sort();
            expected.sort_unstable();
            let fits = |(said, expected): (&String, &&str)| match expected.strip_suffix("...") {
                Some(start) => said.starts_with(start),
                None => said == expected,
            };
            assert!(
                said.len() == expected.len() && said.iter().zip(&expected).all(fits),
                "{case}\nis said in 1.{minor}:\n{}",
                said.join("\n")
            );
        }
    }
}

#[test]
fn pods() {
    check(include_str!("pods.yaml"));
}

#[test]
fn workloads() {
    check(include_str!("workloads.yaml"));
}

#[test]
fn the_rest() {
    check(include_str!("others.yaml"));
}
