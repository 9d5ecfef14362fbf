//! The files of the example: `examples/platform` and `examples/change`, as they are in the repository.
//! A test proves that none is forgotten.

macro_rules! example {
    ($path:literal) => {
        ($path, include_str!(concat!("../../../../../examples/platform/", $path)))
    };
}

/// The platform repository, by path.
pub(super) const PLATFORM: &[(&str, &str)] = &[
    example!("README.md"),
    example!("clusters/development/flux-system/gotk-sync.yaml"),
    example!("clusters/development/flux-system/kustomization.yaml"),
    example!("clusters/development/platform.yaml"),
    example!("clusters/production/flux-system/gotk-sync.yaml"),
    example!("clusters/production/flux-system/kustomization.yaml"),
    example!("clusters/production/platform.yaml"),
    example!("clusters/staging/flux-system/gotk-sync.yaml"),
    example!("clusters/staging/flux-system/kustomization.yaml"),
    example!("clusters/staging/platform.yaml"),
    example!("platform/configs/priority-classes.yaml"),
    example!("platform/service-configs/require-team.yaml"),
    example!("platform/services/kyverno.yaml"),
    example!("platform/services/metrics-server.yaml"),
];

/// The change that the demo carries to production.
pub(super) const KEDA: &str = include_str!("../../../../../examples/change/keda.yaml");

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("the examples are there") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { walk(&path, found) } else { found.push(path) }
        }
    }

    #[test]
    fn every_file_of_the_example_is_in_the_demo() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/platform");
        let mut found = Vec::new();
        walk(&root, &mut found);
        let mut found: Vec<String> = found
            .iter()
            .map(|p| p.strip_prefix(&root).expect("below the root").display().to_string())
            .collect();
        found.sort();
        let known: Vec<&str> = super::PLATFORM.iter().map(|(path, _)| *path).collect();
        assert_eq!(found, known);
    }
}
