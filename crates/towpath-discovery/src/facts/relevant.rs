//! Which files discovery reads at all, by path alone. Must not look inside a file.

/// Whether discovery reads the file at `path`, relative to the root of the repository.
///
/// It reads `*.yaml`, `*.yml` and files named `Kustomization`, except:
///
/// - in hidden folders (`.github`, `.git`) and hidden files (`.gitlab-ci.yml`, `.sops.yaml`): Flux's
///   own archives leave them out or nothing in a cluster comes from them;
/// - under `charts/NAME/templates/`: templates of Helm charts are text in the Go template language,
///   not YAML. Charts elsewhere are known by their `Chart.yaml`, which a path cannot show:
///   [`Inventory::build`](crate::inventory::Inventory::build) leaves their templates out.
#[must_use]
pub fn is_relevant(path: &str) -> bool {
    let mut parts: Vec<&str> = path.split('/').collect();
    let Some(name) = parts.pop() else { return false };
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    if !matches!(extension, "yaml" | "yml") && name != "Kustomization" {
        return false;
    }
    let hidden = |part: &str| part.starts_with('.');
    if hidden(name) || parts.iter().any(|part| hidden(part)) {
        return false;
    }
    !parts.windows(3).any(|three| three[0] == "charts" && three[2] == "templates")
}

#[cfg(test)]
mod tests {
    use super::is_relevant;

    #[test]
    fn only_yaml_that_can_reach_a_cluster() {
        for (path, want) in [
            ("clusters/a/platform.yaml", true),
            ("mkdocs.yml", true),
            ("apps/Kustomization", true),
            ("README.md", false),
            ("yaml", false),
            (".github/workflows/publish.yaml", false),
            ("a/.hidden/b.yaml", false),
            (".gitlab-ci.yml", false),
            ("charts/podinfo/templates/deployment.yaml", false),
            ("charts/podinfo/charts/redis/templates/x/y.yaml", false),
            ("charts/podinfo/values.yaml", true),
            ("templates/cluster.yaml", true),
        ] {
            assert_eq!(is_relevant(path), want, "{path}");
        }
    }
}
